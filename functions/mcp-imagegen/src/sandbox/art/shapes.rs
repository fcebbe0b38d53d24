//! Outlines. Sines come from a polynomial: those of a processor or a library differ in the last bit.

/// A place on the canvas, in pixels from its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) x: f32,
    pub(super) y: f32,
}

/// A place.
pub(super) fn at(x: f32, y: f32) -> Point {
    Point { x, y }
}

impl Point {
    /// Moved.
    pub(super) fn by(self, dx: f32, dy: f32) -> Self {
        at(self.x + dx, self.y + dy)
    }

    /// So far in a direction, in turns from the right, clockwise.
    pub(super) fn towards(self, turns: f32, distance: f32) -> Self {
        self.by(cosine(turns) * distance, sine(turns) * distance)
    }

    /// So much of the way to another.
    pub(super) fn to(self, other: Self, share: f32) -> Self {
        self.by((other.x - self.x) * share, (other.y - self.y) * share)
    }

    /// The distance to another.
    pub(super) fn distance(self, other: Self) -> f32 {
        let (dx, dy) = (other.x - self.x, other.y - self.y);
        // IEEE 754 rounds roots exactly.
        (dx * dx + dy * dy).sqrt()
    }
}

/// The sine of an angle in turns, to a thousandth.
pub(super) fn sine(turns: f32) -> f32 {
    let turns = turns - (turns + 0.5).floor();
    let bow = turns * (8.0 - 16.0 * turns.abs());
    bow + 0.225 * (bow * bow.abs() - bow)
}

/// The cosine of an angle in turns.
pub(super) fn cosine(turns: f32) -> f32 {
    sine(turns + 0.25)
}

/// An ellipse.
pub(super) fn ellipse(centre: Point, across: f32, down: f32) -> Vec<Point> {
    let corners = (12.0 + across.max(down)).min(96.0) as usize;
    (0..corners)
        .map(|corner| corner as f32 / corners as f32)
        .map(|turn| centre.by(cosine(turn) * across, sine(turn) * down))
        .collect()
}

/// A circle.
pub(super) fn circle(centre: Point, radius: f32) -> Vec<Point> {
    ellipse(centre, radius, radius)
}

/// A box between two corners.
pub(super) fn block(from: Point, to: Point) -> Vec<Point> {
    vec![from, at(to.x, from.y), to, at(from.x, to.y)]
}

/// A star, or a polygon where both radii are equal; the first tip points in `turn`.
pub(super) fn star(centre: Point, tips: usize, outer: f32, inner: f32, turn: f32) -> Vec<Point> {
    let corners = tips.max(2) * 2;
    (0..corners)
        .map(|corner| {
            let radius = if corner % 2 == 0 { outer } else { inner };
            centre.towards(turn + corner as f32 / corners as f32, radius)
        })
        .collect()
}

/// A closed outline with its corners cut until they are round.
pub(super) fn rounded(corners: &[Point]) -> Vec<Point> {
    (0..3).fold(corners.to_vec(), |outline, _| {
        let ends = outline.iter().skip(1).chain(outline.first());
        outline.iter().zip(ends).flat_map(|(one, two)| [one.to(*two, 0.25), one.to(*two, 0.75)]).collect()
    })
}

/// An open line with its corners cut; its ends stay.
pub(super) fn smooth(line: &[Point]) -> Vec<Point> {
    (0..3).fold(line.to_vec(), |line, _| {
        let cut = line.windows(2).flat_map(|pair| match pair {
            [one, two] => vec![one.to(*two, 0.25), one.to(*two, 0.75)],
            _ => Vec::new(),
        });
        line.first().copied().into_iter().chain(cut).chain(line.last().copied()).collect()
    })
}

/// A stroke along a line: `width` tells half its width at a share of its length.
pub(super) fn stroke(line: &[Point], width: impl Fn(f32) -> f32) -> Vec<Point> {
    let steps = line.len().saturating_sub(1).max(1) as f32;
    let (mut left, mut right) = (Vec::with_capacity(line.len() * 2), Vec::with_capacity(line.len()));
    for (index, point) in line.iter().enumerate() {
        let before = line.get(index.saturating_sub(1)).unwrap_or(point);
        let after = line.get(index + 1).unwrap_or(point);
        let length = before.distance(*after).max(0.001);
        let half = width(index as f32 / steps) / length;
        let (dx, dy) = ((after.y - before.y) * half, (before.x - after.x) * half);
        left.push(point.by(dx, dy));
        right.push(point.by(-dx, -dy));
    }
    left.extend(right.into_iter().rev());
    left
}

/// A leaf from its stem to its tip, `belly` wide.
pub(super) fn leaf(stem: Point, tip: Point, belly: f32) -> Vec<Point> {
    let line: Vec<Point> = (0..=12).map(|step| stem.to(tip, step as f32 / 12.0)).collect();
    // Widest a little below the middle, as leaves are.
    stroke(&line, |along| belly * 3.0 * along * (1.0 - along) * (1.4 - along))
}
