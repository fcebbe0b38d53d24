//! Water to the horizon, and what sails on it.

use super::super::shapes::{Point, at, rounded, sine, stroke};
use super::super::stage::Stage;

/// Bands of waves, from far to near.
const WAVES: usize = 7;
const HORIZON: f32 = 0.5;

pub(super) fn draw(stage: &mut Stage) {
    stage.sky(HORIZON);
    let size = stage.unit * stage.dice.between(8.0, 13.0);
    stage.light.y = stage.height * stage.dice.between(0.24, 0.46);
    stage.sun(size);
    stage.clouds(4, 0.4);
    islands(stage);
    let sail_at = 1 + stage.dice.below(3);
    for wave in 0..WAVES {
        let near = wave as f32 / (WAVES - 1) as f32;
        band(stage, near);
        glitter(stage, near, size);
        if wave == sail_at {
            sail(stage, near);
        }
    }
}

fn islands(stage: &mut Stage) {
    let outline: Vec<Point> = stage.ridge(HORIZON + 0.06, 0.26, 3.0);
    let (colour, mist) = (stage.palette.depth(0.1), stage.palette.low);
    stage.land(&outline, colour, mist);
}

/// One crest, which comes nearer by a whole wave in each loop.
fn band(stage: &mut Stage, near: f32) {
    let crest = stage.height * (HORIZON + 0.5 * near * near * 0.9 + 0.05 * near);
    let waves = 3.0 + (7.0 - 5.0 * near).floor();
    let (tall, start) = (stage.unit * (0.25 + 1.5 * near), stage.dice.unit());
    let step = (stage.unit * 0.8).max(2.0);
    let line: Vec<Point> = (0..=(stage.width / step) as usize + 2)
        .map(|index| index as f32 * step)
        .map(|x| {
            let turn = x / stage.width * waves + start + stage.phase;
            at(x, crest + tall * (sine(turn) + 0.4 * sine(turn * 2.0 + 0.3)))
        })
        .collect();
    let mut outline = line.clone();
    outline.extend([at(stage.width + step * 2.0, stage.height + 1.0), at(0.0, stage.height + 1.0)]);
    let colour = stage.palette.top.to(stage.palette.near, 0.15 + 0.75 * near);
    let mist = stage.palette.low;
    stage.land(&outline, colour, mist);
    let foam = stage.palette.low.lighter(0.5);
    let half = stage.unit * (0.08 + 0.3 * near);
    stage.veil(&stroke(&line, |along| half * (1.0 + sine(along * waves * 2.0))), foam, 0.5);
}

/// The sun on the water.
fn glitter(stage: &mut Stage, near: f32, size: f32) {
    let sun = stage.palette.sun;
    for _ in 0..7 {
        let start = stage.dice.unit();
        let down = stage.height * (HORIZON + 0.46 * near * near + 0.05 * stage.dice.unit() + 0.01);
        let across = stage.light.x + size * (0.5 + 1.3 * near) * stage.dice.between(-1.0, 1.0);
        let across = across + stage.unit * 0.8 * stage.sway(start);
        let long = stage.unit * stage.dice.between(1.5, 6.0) * (0.5 + near);
        let line = [at(across - long, down), at(across, down), at(across + long, down)];
        let half = stage.unit * (0.15 + 0.25 * near);
        stage.veil(&stroke(&line, |along| half * 4.0 * along * (1.0 - along)), sun, 0.55);
    }
}

fn sail(stage: &mut Stage, near: f32) {
    let size = stage.unit * (5.0 + 9.0 * near);
    let foot = at(
        stage.width * stage.dice.between(0.4, 0.6) + stage.unit * stage.sway(0.0),
        stage.height * (HORIZON + 0.46 * near * near + 0.05 * near) + stage.unit * 0.4 * stage.sway(0.4),
    );
    let (hull, cloth, second) = (stage.palette.near, stage.palette.accent, stage.palette.second);
    let outline = [
        foot.by(-size * 0.5, -size * 0.12),
        foot.by(size * 0.6, -size * 0.12),
        foot.by(size * 0.3, size * 0.12),
        foot.by(-size * 0.35, size * 0.12),
    ];
    stage.area(
        &[foot.by(0.0, -size * 1.3), foot.by(size * 0.55, -size * 0.2), foot.by(0.04 * size, -size * 0.2)],
        cloth,
    );
    stage.area(
        &[
            foot.by(-size * 0.05, -size * 1.1),
            foot.by(-size * 0.05, -size * 0.2),
            foot.by(-size * 0.42, -size * 0.2),
        ],
        second,
    );
    stage.area(&rounded(&outline), hull);
}
