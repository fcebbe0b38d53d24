//! The canvas: areas are filled with smooth edges, one over the other.

use super::colour::Colour;
use super::shapes::Point;

/// Lines per row on which an area's edges are looked for: the steps of its edges' smoothness.
const LINES: i32 = 5;

/// A picture, row by row.
#[derive(Debug, Clone)]
pub(crate) struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 3]>,
}

/// What an area is filled with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Paint {
    /// One colour.
    Flat(Colour),
    /// From one colour at a height to another at a lower one.
    Down((f32, Colour), (f32, Colour)),
}

impl Paint {
    fn at(self, y: f32) -> Colour {
        match self {
            Self::Flat(colour) => colour,
            Self::Down((top, from), (bottom, to)) => {
                from.to(to, ((y - top) / (bottom - top).max(1.0)).clamp(0.0, 1.0))
            }
        }
    }
}

/// Where a line of an area's edge crosses a line of the canvas.
struct Crossing {
    line: i32,
    x: f32,
    /// Whether the edge goes down there, or up.
    turn: i32,
}

impl Canvas {
    pub(super) fn new(width: u32, height: u32) -> Self {
        let (width, height) = (width as usize, height as usize);
        Self { width, height, pixels: vec![[0; 3]; width * height] }
    }

    /// The bytes: red, green, blue of each pixel, row by row.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.pixels.as_flattened()
    }

    /// The pixels, row by row.
    pub(crate) fn pixels(&self) -> &[[u8; 3]] {
        &self.pixels
    }

    /// Fills all of it.
    pub(super) fn flood(&mut self, paint: Paint) {
        for (y, row) in self.pixels.chunks_mut(self.width).enumerate() {
            row.fill(paint.at(y as f32).pixel());
        }
    }

    /// Fills the inside of a closed outline. `cover` is 1 for paint that hides what is under it.
    pub(super) fn fill(&mut self, outline: &[Point], paint: Paint, cover: f32) {
        let crossings = self.crossings(outline);
        let mut coverage = vec![0.0_f32; self.width + 1];
        let mut rest = crossings.as_slice();
        while let Some(first) = rest.first() {
            let row = first.line.div_euclid(LINES);
            let length = rest.iter().take_while(|crossing| crossing.line.div_euclid(LINES) == row).count();
            let (of_row, later) = rest.split_at(length);
            rest = later;
            if let Some((from, to)) = cover_row(of_row, &mut coverage, self.width) {
                let colour = paint.at(row as f32);
                self.blend(row, from, &mut coverage[from..to], colour, cover);
            }
        }
    }

    /// Light from a point, fading to nothing at a distance.
    pub(super) fn glow(&mut self, centre: Point, reach: f32, colour: Colour, strength: f32) {
        let clip = |from: f32, to: usize| from.clamp(0.0, to as f32) as usize;
        let rows = clip(centre.y - reach, self.height)..clip(centre.y + reach + 1.0, self.height);
        for y in rows {
            for x in clip(centre.x - reach, self.width)..clip(centre.x + reach + 1.0, self.width) {
                let (dx, dy) = ((x as f32 - centre.x) / reach, (y as f32 - centre.y) / reach);
                let near = (1.0 - dx * dx - dy * dy).max(0.0);
                let share = near * near * strength;
                if let Some(pixel) = self.pixels.get_mut(y * self.width + x) {
                    *pixel = over(*pixel, colour, share);
                }
            }
        }
    }

    fn crossings(&self, outline: &[Point]) -> Vec<Crossing> {
        let mut crossings = Vec::new();
        let last_line = self.height as i32 * LINES;
        let ends = outline.iter().skip(1).chain(outline.first());
        for (&from, &to) in outline.iter().zip(ends) {
            let (high, low, turn) = if from.y < to.y { (from, to, 1) } else { (to, from, -1) };
            let line_of = |y: f32| (y * LINES as f32 + 0.5).floor() as i32;
            let slope = (low.x - high.x) / (low.y - high.y).max(f32::EPSILON);
            for line in line_of(high.y).max(0)..line_of(low.y).min(last_line) {
                let y = (line as f32 + 0.5) / LINES as f32;
                crossings.push(Crossing { line, x: high.x + (y - high.y) * slope, turn });
            }
        }
        crossings.sort_by(|one, two| (one.line.cmp(&two.line)).then(one.x.total_cmp(&two.x)));
        crossings
    }

    fn blend(&mut self, row: i32, from: usize, coverage: &mut [f32], colour: Colour, cover: f32) {
        let start = row as usize * self.width + from;
        for (pixel, share) in self.pixels.iter_mut().skip(start).zip(coverage) {
            *pixel = over(*pixel, colour, share.min(1.0) * cover);
            *share = 0.0;
        }
    }
}

/// How much of each pixel of a row is inside; gives the first pixel that is touched and the one after the last.
fn cover_row(crossings: &[Crossing], coverage: &mut [f32], width: usize) -> Option<(usize, usize)> {
    let (mut first, mut end) = (width, 0);
    let mut inside = 0;
    for pair in crossings.windows(2) {
        let [one, two] = pair else { continue };
        inside += one.turn;
        if one.line != two.line {
            inside = 0;
            continue;
        }
        let (from, to) = (one.x.clamp(0.0, width as f32), two.x.clamp(0.0, width as f32));
        if inside != 0 && from < to {
            cover_span(from, to, coverage);
            first = first.min(from as usize);
            end = end.max(to.ceil() as usize);
        }
    }
    (first < end).then_some((first, end.min(width)))
}

fn cover_span(from: f32, to: f32, coverage: &mut [f32]) {
    let share = 1.0 / LINES as f32;
    let (first, last) = (from as usize, to as usize);
    for (x, covered) in coverage.iter_mut().enumerate().take(last + 1).skip(first) {
        let x = x as f32;
        *covered += (to.min(x + 1.0) - from.max(x)).max(0.0) * share;
    }
}

fn over(pixel: [u8; 3], colour: Colour, share: f32) -> [u8; 3] {
    let [red, green, blue] = pixel.map(|byte| f32::from(byte) / 255.0);
    Colour { red, green, blue }.to(colour, share).pixel()
}
