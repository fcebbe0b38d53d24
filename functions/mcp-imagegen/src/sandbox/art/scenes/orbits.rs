//! A planet and what circles it.

use super::super::dice::Noise;
use super::super::shapes::{Point, at, circle, cosine, sine, stroke};
use super::super::stage::Stage;

pub(super) fn draw(stage: &mut Stage) {
    let top = stage.palette.top.darker(0.75);
    let low = stage.palette.top.to(stage.palette.near, 0.45);
    stage.canvas.flood(super::super::canvas::Paint::Down((0.0, top), (stage.height, low)));
    nebula(stage);
    stage.stars(110, 1.0);
    let centre = stage.somewhere((0.42, 0.58), (0.4, 0.48));
    let size = stage.unit * stage.dice.between(17.0, 24.0);
    let tilt = stage.dice.between(-0.07, 0.07);
    let rings: Vec<f32> = (0..4).map(|ring| size * (1.55 + 0.42 * ring as f32)).collect();
    for (ring, radius) in rings.iter().enumerate() {
        orbit(stage, centre, *radius, tilt, (0.5, 1.0));
        moon(stage, centre, *radius, tilt, ring, true);
    }
    planet(stage, centre, size, tilt);
    for (ring, radius) in rings.iter().enumerate() {
        orbit(stage, centre, *radius, tilt, (0.0, 0.5));
        moon(stage, centre, *radius, tilt, ring, false);
    }
}

fn nebula(stage: &mut Stage) {
    for _ in 0..6 {
        let place = stage.somewhere((0.0, 1.0), (0.0, 1.0));
        let share = stage.dice.unit();
        let reach = stage.unit * stage.dice.between(22.0, 55.0);
        let colour = stage.palette.far.to(stage.palette.accent, share * 0.35);
        stage.canvas.glow(place, reach, colour, 0.4);
    }
}

/// A place on an orbit, seen from the side.
fn on_orbit(centre: Point, radius: f32, tilt: f32, turn: f32) -> Point {
    let (along, across) = (cosine(turn) * radius, sine(turn) * radius * 0.3);
    centre.by(along * cosine(tilt) - across * sine(tilt), along * sine(tilt) + across * cosine(tilt))
}

fn orbit(stage: &mut Stage, centre: Point, radius: f32, tilt: f32, (from, to): (f32, f32)) {
    let line: Vec<Point> = (0..=48)
        .map(|step| from + (to - from) * step as f32 / 48.0)
        .map(|turn| on_orbit(centre, radius, tilt, turn))
        .collect();
    let (half, colour) = (stage.unit * 0.16, stage.palette.sun);
    stage.veil(&stroke(&line, |_| half), colour, 0.6);
}

/// Each goes round once in a loop, some the other way.
fn moon(stage: &mut Stage, centre: Point, radius: f32, tilt: f32, ring: usize, behind: bool) {
    let mut dice = stage.dice.clone();
    let start = (0..=ring).map(|_| dice.unit()).last().unwrap_or_default();
    let turn = start + if ring.is_multiple_of(2) { stage.phase } else { -stage.phase };
    let is_behind = sine(turn) < 0.0;
    if is_behind != behind {
        return;
    }
    let place = on_orbit(centre, radius, tilt, turn);
    let size = stage.unit * (1.3 + 0.9 * start + 0.5 * sine(turn));
    let colour = stage.palette.bright(start);
    stage.canvas.glow(place, size * 4.0, colour, 0.5);
    stage.area(&circle(place, size), colour);
    stage.veil(&circle(place.by(-size * 0.25, -size * 0.25), size * 0.5), colour.lighter(0.6), 0.7);
}

/// A ball with weather: bands whose edges wind, lit from one side.
fn planet(stage: &mut Stage, centre: Point, size: f32, tilt: f32) {
    let accent = stage.palette.accent;
    stage.canvas.glow(centre, size * 1.7, accent, 0.45);
    stage.area(&circle(centre, size), stage.palette.bright(0.4));
    let noise = Noise::of(&mut stage.dice);
    let bands = 5 + stage.dice.below(4);
    for band in 0..bands {
        let high = -1.0 + 2.0 * band as f32 / bands as f32;
        let low = high + stage.dice.between(0.12, 0.3);
        let (share, depth) = (stage.dice.unit(), 0.55 * stage.dice.unit());
        let colour = stage.palette.bright(share).to(stage.palette.near, depth);
        let edge = |down: f32, step: usize| {
            let across = -1.0 + step as f32 / 20.0;
            let down = down + 0.12 * (noise.line(across * 2.0 + down * 9.0) - 0.5);
            on_ball(centre, size, across, down, tilt)
        };
        let upper = (0..=40).map(|step| edge(high, step));
        let lower = (0..=40).rev().map(|step| edge(low, step));
        stage.area(&upper.chain(lower).collect::<Vec<_>>(), colour);
    }
    shade(stage, centre, size);
}

/// A place of the disc; what would be beside it is on its edge.
fn on_ball(centre: Point, size: f32, across: f32, down: f32, tilt: f32) -> Point {
    let (x, y) = (across * cosine(tilt) - down * sine(tilt), across * sine(tilt) + down * cosine(tilt));
    let away = (x * x + y * y).sqrt().max(1.0);
    centre.by(x * size / away, y * size / away)
}

/// The night side: a crescent.
fn shade(stage: &mut Stage, centre: Point, size: f32) {
    let side = if stage.light.x > centre.x { 0.5 } else { 0.0 };
    let rim = (0..=32).map(|step| centre.towards(side - 0.25 + step as f32 / 64.0, size));
    let bow = (0..=32).rev().map(|step| {
        let place = centre.towards(side - 0.25 + step as f32 / 64.0, size);
        at(centre.x + (place.x - centre.x) * 0.35, place.y)
    });
    let outline: Vec<Point> = rim.chain(bow).collect();
    let night = stage.palette.near.darker(0.6);
    stage.veil(&outline, night, 0.62);
}
