//! Ribbons in a wind.

use super::super::dice::Noise;
use super::super::shapes::{Point, at, circle, cosine, sine, stroke};
use super::super::stage::Stage;

/// Enough to cover, few enough to follow each with the eye.
const RIBBONS: usize = 90;
/// Steps of a ribbon at most.
const STEPS: usize = 44;

pub(super) fn draw(stage: &mut Stage) {
    stage.sky(1.0);
    let size = stage.unit * stage.dice.between(16.0, 26.0);
    stage.sun(size);
    let wind = Noise::of(&mut stage.dice);
    // The wind walks once round a small circle, so that the loop closes.
    let (dx, dy) = (0.05 * cosine(stage.phase), 0.05 * sine(stage.phase));
    let main = stage.dice.between(-0.12, 0.12);
    for ribbon in 0..RIBBONS {
        let near = ribbon as f32 / RIBBONS as f32;
        let start = at(
            stage.width * stage.dice.between(-0.15, 1.0),
            stage.height * (0.1 + 0.95 * (near * 0.6 + 0.4 * stage.dice.unit())),
        );
        // Most lie still: what moves is what a clip's bytes are spent on.
        let drift = if ribbon % 11 == 0 { (dx, dy) } else { (0.0, 0.0) };
        let line = blown(stage, wind, start, main, drift);
        let half = stage.unit * stage.dice.between(0.3, 1.5);
        let colour = match stage.dice.below(10) {
            0..3 => stage.palette.accent,
            3..5 => stage.palette.second,
            5 => stage.palette.sun,
            _ => stage.palette.depth(near),
        };
        stage.area(&stroke(&line, |along| half * 4.0 * along * (1.0 - along)), colour);
    }
    confetti(stage);
}

fn blown(stage: &Stage, wind: Noise, start: Point, main: f32, (dx, dy): (f32, f32)) -> Vec<Point> {
    let scale = stage.unit * 55.0;
    let pace = stage.unit * 1.6;
    let mut line = vec![start];
    let mut place = start;
    for _ in 0..STEPS {
        let turn = wind.plane(place.x / scale + dx, place.y / scale + dy);
        place = place.towards(main + (turn - 0.5) * 0.9, pace);
        line.push(place);
    }
    line
}

fn confetti(stage: &mut Stage) {
    for _ in 0..40 {
        let start = stage.dice.unit();
        let place = stage.somewhere((0.0, 1.0), (0.0, 1.0));
        let place = place.by(0.0, stage.unit * stage.sway(start));
        let (size, share) = (stage.unit * stage.dice.between(0.3, 1.0), stage.dice.unit());
        let colour = stage.palette.bright(share).lighter(0.25);
        stage.veil(&circle(place, size), colour, 0.85);
    }
}
