//! Houses behind houses, with lit windows.

use super::super::shapes::{Point, at, block};
use super::super::stage::Stage;

/// Rows of houses, from far to near.
const ROWS: usize = 4;

pub(super) fn draw(stage: &mut Stage) {
    stage.sky(0.85);
    let size = stage.unit * stage.dice.between(7.0, 12.0);
    stage.sun(size);
    stage.clouds(4, 0.45);
    for row in 0..ROWS {
        houses(stage, row as f32 / (ROWS - 1) as f32);
        if row < ROWS - 1 {
            let haze = stage.at(0.5, 0.95);
            let (reach, low) = (stage.height * 0.5, stage.palette.low);
            stage.canvas.glow(haze, reach, low, 0.25);
        }
    }
}

fn houses(stage: &mut Stage, near: f32) {
    let colour = stage.palette.depth(0.2 + 0.75 * near);
    let mut left = -stage.unit * 4.0 * stage.dice.unit();
    while left < stage.width {
        let wide = stage.unit * stage.dice.between(6.0, 13.0) * (0.7 + 0.6 * near);
        let tall = stage.height * (stage.dice.between(0.3, 0.66) - 0.26 * near);
        let top = at(left, stage.height * 1.0 - tall);
        stage.area(&block(top, at(left + wide, stage.height)), colour);
        roof(stage, top, wide, colour);
        windows(stage, top, wide, near);
        left += wide + stage.unit * stage.dice.between(-0.4, 2.0);
    }
}

fn roof(stage: &mut Stage, top: Point, wide: f32, colour: super::super::colour::Colour) {
    let middle = top.x + wide / 2.0;
    let unit = stage.unit;
    match stage.dice.below(5) {
        0 => stage.area(&[at(middle, top.y - wide * 0.4), at(top.x + wide, top.y), top], colour),
        1 => {
            stage.area(
                &block(at(middle - wide * 0.25, top.y - wide * 0.3), at(middle + wide * 0.25, top.y)),
                colour,
            );
            stage.area(
                &block(at(middle - unit * 0.25, top.y - wide * 0.8), at(middle + unit * 0.25, top.y)),
                colour,
            );
            let lamp = stage.palette.accent;
            let bright = 0.5 + 0.5 * stage.sway(top.x / stage.width);
            stage.veil(
                &super::super::shapes::circle(at(middle, top.y - wide * 0.8), unit * 0.6),
                lamp,
                bright,
            );
        }
        2 => stage
            .area(&block(at(top.x + wide * 0.1, top.y - wide * 0.16), at(top.x + wide * 0.6, top.y)), colour),
        _ => {}
    }
}

fn windows(stage: &mut Stage, top: Point, wide: f32, near: f32) {
    let size = stage.unit * (0.7 + 0.7 * near);
    let columns = (wide / (size * 2.2)) as usize;
    let rows = ((stage.height - top.y) / (size * 2.8)) as usize;
    let margin = (wide - columns as f32 * size * 2.2 + size * 1.2) / 2.0;
    let lit = if stage.palette.is_dark { 0.55 } else { 0.3 };
    for row in 0..rows {
        for column in 0..columns {
            let (is_lit, share, start) = (stage.dice.happens(lit), stage.dice.unit(), stage.dice.unit());
            // One in twelve goes off for a part of the loop.
            let is_on = start > 0.08 || stage.sway(share) < 0.3;
            if !(is_lit && is_on) {
                continue;
            }
            let place = top.by(margin + column as f32 * size * 2.2, size * 1.6 + row as f32 * size * 2.8);
            let light = stage.palette.sun.to(stage.palette.bright(share), 0.35);
            stage.veil(&block(place, place.by(size, size * 1.5)), light, 0.35 + 0.55 * near);
        }
    }
}
