//! Stems, leaves and flowers.

use super::super::shapes::{Point, at, circle, leaf, sine, stroke};
use super::super::stage::Stage;

/// Rows of plants, from far to near.
const ROWS: usize = 3;

pub(super) fn draw(stage: &mut Stage) {
    stage.sky(1.0);
    let size = stage.unit * stage.dice.between(15.0, 24.0);
    stage.light.y = stage.height * 0.38;
    stage.sun(size);
    stage.clouds(2, 0.3);
    for row in 0..ROWS {
        let near = row as f32 / (ROWS - 1) as f32;
        let mist = stage.palette.low;
        let outline = stage.ridge(0.74 + 0.14 * near, 0.12, 2.5);
        let colour = stage.palette.depth(0.25 + 0.55 * near);
        stage.land(&outline, colour, mist);
        let plants = (stage.width / stage.unit / 9.0) as usize;
        for plant in 0..plants {
            let across = (plant as f32 + stage.dice.unit()) / plants as f32;
            grow(stage, across, near);
        }
    }
}

fn grow(stage: &mut Stage, across: f32, near: f32) {
    let tall = stage.unit * stage.dice.between(20.0, 52.0) * (0.55 + 0.45 * near);
    let foot = stage.at(across, 0.86 + 0.16 * near);
    let lean = tall * stage.dice.between(-0.22, 0.22);
    let start = stage.dice.unit();
    // Some plants of the nearest row: what moves is what a clip's bytes are spent on.
    let is_moved = near == 1.0 && start < 0.18;
    let wind = if is_moved { tall * 0.03 * stage.sway(start) } else { 0.0 };
    let bend = stage.dice.between(-0.06, 0.06) * tall;
    let line: Vec<Point> = (0..=16)
        .map(|step| step as f32 / 16.0)
        .map(|up| foot.by((lean + wind * up) * up * up + bend * sine(up * 0.5), -tall * up))
        .collect();
    let green = stage.palette.depth(0.45 + 0.5 * near);
    let half = stage.unit * (0.25 + 0.3 * near);
    stage.area(&stroke(&line, |up| half * (1.15 - up)), green);
    leaves(stage, &line, tall, near);
    if let Some(tip) = line.last().copied() {
        flower(stage, tip, tall, near);
    }
}

fn leaves(stage: &mut Stage, line: &[Point], tall: f32, near: f32) {
    for (index, joint) in line.iter().enumerate().skip(3).step_by(2) {
        let up = index as f32 / line.len() as f32;
        let side = if index % 4 == 1 { 0.0 } else { 0.5 };
        let rise = if side == 0.0 { -0.09 } else { 0.09 };
        let long = tall * 0.26 * (1.1 - up);
        let tip = joint.towards(side + rise + 0.03 * stage.dice.between(-1.0, 1.0), long);
        let green = stage.palette.depth(0.35 + 0.5 * near + 0.12 * stage.dice.unit());
        stage.area(&leaf(*joint, tip, long * 0.2), green);
        let vein = [*joint, joint.to(tip, 0.8)];
        let half = stage.unit * 0.08;
        stage.veil(&stroke(&vein, |_| half), stage.palette.low, 0.35);
    }
}

fn flower(stage: &mut Stage, tip: Point, tall: f32, near: f32) {
    let kind = stage.dice.below(4);
    let share = stage.dice.unit();
    let size = tall * 0.085 + stage.unit * 1.2;
    let turn = stage.dice.unit();
    let colour = stage.palette.bright(share).to(stage.palette.low, 0.3 * (1.0 - near));
    match kind {
        0 | 1 => {
            let petals = 5 + kind * 3;
            for petal in 0..petals {
                let end = tip.towards(turn + petal as f32 / petals as f32, size * 1.25);
                stage.area(&leaf(tip, end, size * 0.5), colour);
            }
            stage.area(&circle(tip, size * 0.32), stage.palette.sun);
        }
        2 => {
            for ball in 0..7 {
                let place = tip.by(size * 0.3 * sine(ball as f32 * 0.37), size * (0.9 - 0.3 * ball as f32));
                stage.area(
                    &circle(place, size * (0.42 - 0.035 * ball as f32)),
                    colour.lighter(0.05 * ball as f32),
                );
            }
        }
        _ => {
            let cup = [
                tip.by(-size * 0.6, -size),
                tip.by(-size * 0.2, -size * 0.7),
                tip.by(0.0, -size * 1.15),
                tip.by(size * 0.2, -size * 0.7),
                tip.by(size * 0.6, -size),
                at(tip.x + size * 0.45, tip.y),
                at(tip.x, tip.y + size * 0.25),
                at(tip.x - size * 0.45, tip.y),
            ];
            stage.area(&cup, colour);
        }
    }
}
