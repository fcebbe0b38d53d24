//! Hills behind hills, with trees on the nearest.

use super::super::shapes::{Point, at, smooth, stroke};
use super::super::stage::Stage;

/// Ridges, from far to near.
const RIDGES: usize = 6;

pub(super) fn draw(stage: &mut Stage) {
    stage.sky(0.75);
    let size = stage.unit * stage.dice.between(6.0, 11.0);
    stage.sun(size);
    stage.clouds(3, 0.4);
    birds(stage);
    let mist = stage.palette.low;
    for ridge in 0..RIDGES {
        let near = ridge as f32 / (RIDGES - 1) as f32;
        let rough = 0.34 - 0.2 * near;
        let hills = 2.0 + 2.5 * near + stage.dice.unit();
        let outline = stage.ridge(0.48 + 0.4 * near, rough, hills);
        let colour = stage.palette.depth(near * near * 0.9 + 0.1 * near);
        if ridge >= RIDGES - 2 {
            trees(stage, &outline, near);
        }
        stage.land(&outline, colour, mist);
    }
}

/// Firs whose feet are on a crest.
fn trees(stage: &mut Stage, crest: &[Point], near: f32) {
    let colour = stage.palette.depth(0.75 + 0.2 * near);
    for _ in 0..26 {
        let Some(foot) = crest.get(stage.dice.below(crest.len().saturating_sub(2))).copied() else {
            continue;
        };
        let tall = stage.unit * stage.dice.between(3.5, 8.0) * near;
        let bend = stage.sway(foot.x / stage.width) * tall * 0.03;
        for tier in 0..3 {
            let low = foot.y + stage.unit - tall * 0.26 * tier as f32;
            let wide = tall * (0.24 - 0.055 * tier as f32);
            let tip = at(foot.x + bend * (tier + 1) as f32, low - tall * 0.5);
            stage.area(&[tip, at(foot.x + wide, low), at(foot.x - wide, low)], colour);
        }
    }
}

fn birds(stage: &mut Stage) {
    let colour = stage.palette.near;
    let flock = stage.somewhere((0.2, 0.8), (0.1, 0.3));
    for bird in 0..stage.dice.below(7) {
        let place = flock.by(
            stage.unit * (stage.dice.between(-12.0, 12.0) + 2.0 * stage.sway(0.0)),
            stage.unit * stage.dice.between(-6.0, 8.0),
        );
        let size = stage.unit * stage.dice.between(0.9, 1.7);
        let beat = 0.35 + 0.3 * super::super::shapes::sine(stage.phase * 2.0 + bird as f32 * 0.23);
        let wings = [
            place.by(-size, -size * beat),
            place.by(-size * 0.4, -size * beat),
            place,
            place.by(size * 0.4, -size * beat),
            place.by(size, -size * beat),
        ];
        let half = stage.unit * 0.22;
        stage.area(&stroke(&smooth(&wings), |along| half * (0.3 + 3.0 * along * (1.0 - along))), colour);
    }
}
