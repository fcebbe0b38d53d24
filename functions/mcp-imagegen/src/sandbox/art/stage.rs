//! Where a scene is set: the canvas with its measures, its colours and its light.

use super::Subject;
use super::canvas::{Canvas, Paint};
use super::colour::Colour;
use super::dice::{Dice, Noise};
use super::palette::Palette;
use super::shapes::{Point, at, circle, sine};

/// A canvas that is being drawn on.
pub(super) struct Stage {
    pub(super) canvas: Canvas,
    pub(super) palette: Palette,
    pub(super) dice: Dice,
    /// The moment of the loop, from 0 to 1.
    pub(super) phase: f32,
    /// Where the light comes from.
    pub(super) light: Point,
    /// Pixels across and down.
    pub(super) width: f32,
    pub(super) height: f32,
    /// What sizes are measured by: a hundredth of the shorter side.
    pub(super) unit: f32,
}

impl Stage {
    /// An empty one.
    pub(super) fn of(subject: &Subject, phase: f32) -> Self {
        let seed = subject.seed.to_string();
        let mut dice = Dice::of(&["scene", &subject.prompt, &subject.without, &seed]);
        let palette = Palette::of(subject, &mut dice);
        let (width, height) = (subject.width as f32, subject.height as f32);
        let light = at(width * dice.between(0.2, 0.8), height * dice.between(0.18, 0.4));
        let canvas = Canvas::new(subject.width, subject.height);
        Self { canvas, palette, dice, phase, light, width, height, unit: width.min(height) / 100.0 }
    }

    /// A place by shares of width and height.
    pub(super) fn at(&self, across: f32, down: f32) -> Point {
        at(self.width * across, self.height * down)
    }

    /// Any place between these shares of width and height.
    pub(super) fn somewhere(&mut self, across: (f32, f32), down: (f32, f32)) -> Point {
        let (across, down) = (self.dice.between(across.0, across.1), self.dice.between(down.0, down.1));
        self.at(across, down)
    }

    /// Fills an area with one colour.
    pub(super) fn area(&mut self, outline: &[Point], colour: Colour) {
        self.canvas.fill(outline, Paint::Flat(colour), 1.0);
    }

    /// Fills an area with one colour through which something still shows.
    pub(super) fn veil(&mut self, outline: &[Point], colour: Colour, cover: f32) {
        self.canvas.fill(outline, Paint::Flat(colour), cover);
    }

    /// Goes back and forth once in a loop, between -1 and 1; `start` is where it begins, in turns.
    pub(super) fn sway(&self, start: f32) -> f32 {
        sine(self.phase + start)
    }

    /// The sky, down to the horizon.
    pub(super) fn sky(&mut self, horizon: f32) {
        let Palette { top, low, .. } = self.palette;
        self.canvas.flood(Paint::Down((0.0, top), (self.height * horizon, low)));
        if self.palette.is_dark {
            self.stars(70, horizon);
        }
    }

    /// Stars, each with its own twinkle.
    pub(super) fn stars(&mut self, count: usize, horizon: f32) {
        for _ in 0..count {
            let place = self.somewhere((0.0, 1.0), (0.0, horizon));
            let size = self.unit * self.dice.between(0.12, 0.42);
            let start = self.dice.unit();
            let bright = 0.55 + 0.4 * self.sway(start);
            let colour = self.palette.sun.lighter(0.5);
            self.veil(&circle(place, size), colour, bright);
        }
    }

    /// The sun or the moon, in its halo.
    pub(super) fn sun(&mut self, size: f32) {
        let (light, sun) = (self.light, self.palette.sun);
        self.canvas.glow(light, size * 4.2, sun, 0.5);
        self.area(&circle(light, size), sun);
        if self.palette.is_dark {
            let crater = sun.darker(0.08);
            self.area(&circle(light.by(-size * 0.3, -size * 0.2), size * 0.22), crater);
            self.area(&circle(light.by(size * 0.28, size * 0.3), size * 0.3), crater);
        } else {
            self.veil(&circle(light, size * 0.72), sun.lighter(0.45), 0.5);
        }
    }

    /// Long flat clouds that drift a little.
    pub(super) fn clouds(&mut self, count: usize, lowest: f32) {
        let colour = self.palette.low.lighter(if self.palette.is_dark { 0.12 } else { 0.6 });
        for _ in 0..count {
            let start = self.dice.unit();
            let drift = self.sway(start) * self.unit * 1.5;
            let place = self.somewhere((0.0, 1.0), (0.0, lowest)).by(drift, 0.0);
            let length = self.unit * self.dice.between(10.0, 26.0);
            for _ in 0..4 {
                let part =
                    place.by(length * self.dice.between(-0.5, 0.5), self.unit * self.dice.between(-1.2, 1.2));
                let (across, down) =
                    (length * self.dice.between(0.25, 0.6), self.unit * self.dice.between(0.6, 1.5));
                self.veil(&super::shapes::ellipse(part, across, down), colour, 0.4);
            }
        }
    }

    /// The outline of land whose crest is at `crest` of the height and as rough as `rough` of it.
    pub(super) fn ridge(&mut self, crest: f32, rough: f32, hills: f32) -> Vec<Point> {
        let noise = Noise::of(&mut self.dice);
        let step = (self.unit * 0.6).max(2.0);
        let steps = (self.width / step) as usize + 2;
        let height = |x: f32| crest + rough * (0.5 - noise.rough(x / self.width * hills));
        let mut outline: Vec<Point> =
            (0..=steps).map(|index| index as f32 * step).map(|x| at(x, self.height * height(x))).collect();
        outline.extend([at(self.width + step, self.height + 1.0), at(0.0, self.height + 1.0)]);
        outline
    }

    /// Fills land, lighter at its crest.
    pub(super) fn land(&mut self, outline: &[Point], colour: Colour, mist: Colour) {
        let top = outline.iter().map(|point| point.y).fold(self.height, f32::min);
        let paint = Paint::Down((top, colour.to(mist, 0.35)), (top + self.height * 0.3, colour.darker(0.12)));
        self.canvas.fill(outline, paint, 1.0);
    }
}
