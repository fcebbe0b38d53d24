//! The lines between boxes: straight where nothing is in the way, else with elbows through channels and gutters, which no box
//! ever stands in.

use crate::grid::{BOX_HEIGHT, Grid};
use crate::layout::{Layout, Spot};
use crate::model::Link;

/// Draws lines over one layout.
pub(crate) struct Router<'a> {
    layout: &'a Layout,
    grid: Grid,
    /// By task: how many lines leave it, and how many enter it.
    leave: Vec<usize>,
    enter: Vec<usize>,
}

impl<'a> Router<'a> {
    pub(crate) fn new(layout: &'a Layout, grid: Grid, links: &[Link]) -> Self {
        let tasks = layout.spots.len();
        let (mut leave, mut enter) = (vec![0; tasks], vec![0; tasks]);
        for link in links {
            leave[link.from] += 1;
            enter[link.to] += 1;
        }
        Self { layout, grid, leave, enter }
    }

    /// The line's path, as SVG spells one.
    pub(crate) fn path(&self, link: &Link) -> String {
        let (from, to) = (self.layout.spots[link.from], self.layout.spots[link.to]);
        let grid = self.grid;
        let (start, end) = (grid.y(from.row) + BOX_HEIGHT, grid.y(to.row));
        let is_below = to.row > from.row;
        if is_below && from.column == to.column && self.layout.is_free(from.column, from.row, to.row) {
            return format!("M{} {start}V{end}", grid.middle(from.column));
        }
        let (exit, entry) = (grid.exit(from.column), grid.entry(to.column));
        // Lines that belong together run upon each other: all that leave one task, or all that enter one.
        let bundle = if self.leave[link.from] >= self.enter[link.to] { from } else { to };
        let out = grid.channel(from.row + 1, bundle.column);
        if is_below && self.layout.is_free(to.column, from.row, to.row) {
            return format!("M{exit} {start}V{out}H{entry}V{end}");
        }
        let beside = grid.gutter(gutter(from, to), bundle.row + bundle.column);
        let back = grid.channel(to.row, bundle.column);
        format!("M{exit} {start}V{out}H{beside}V{back}H{entry}V{end}")
    }
}

/// The gutter beside the column that is gone to, on the side that is come from.
fn gutter(from: Spot, to: Spot) -> usize {
    if from.column > to.column { to.column + 1 } else { to.column }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::BOX_WIDTH;
    use crate::model::EdgeKind;

    fn links(pairs: &[(usize, usize)]) -> Vec<Link> {
        pairs.iter().map(|(from, to)| Link { from: *from, to: *to, kind: EdgeKind::Wait }).collect()
    }

    /// The points of a path of this module's own: M, V and H, all absolute.
    fn points(path: &str) -> Vec<(usize, usize)> {
        let mut at = (0, 0);
        let mut points = Vec::new();
        for step in path.split_inclusive(|c: char| c.is_ascii_alphabetic()).collect::<Vec<_>>().windows(2) {
            let command = step[0].chars().last().unwrap();
            let value = step[1].trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim();
            match command {
                'M' => {
                    let (x, y) = value.split_once(' ').unwrap();
                    at = (x.parse().unwrap(), y.parse().unwrap());
                }
                'V' => at.1 = value.parse().unwrap(),
                'H' => at.0 = value.parse().unwrap(),
                other => panic!("{other} in {path}"),
            }
            points.push(at);
        }
        points
    }

    /// Whether a stretch of a line goes through the inside of a box.
    fn cuts(grid: Grid, spot: Spot, a: (usize, usize), b: (usize, usize)) -> bool {
        let (left, upper) = (grid.x(spot.column), grid.y(spot.row));
        let across = a.0.min(b.0) < left + BOX_WIDTH && a.0.max(b.0) > left;
        let along = a.1.min(b.1) < upper + BOX_HEIGHT && a.1.max(b.1) > upper;
        across && along
    }

    /// [PL-22]
    #[test]
    fn no_line_goes_through_a_box() {
        // A feed, ninety posts of which thirty wait for pictures, and one task that waits for all posts.
        let mut pairs: Vec<(usize, usize)> = (1..=120).map(|task| (0, task)).collect();
        pairs.extend((1..=30).map(|picture| (picture, picture + 30)));
        pairs.extend((31..=120).map(|post| (post, 121)));
        let links = links(&pairs);
        let layout = Layout::of(122, &links);
        let grid = Grid { columns: layout.columns, rows: layout.rows, top: 100 };
        let router = Router::new(&layout, grid, &links);
        for link in &links {
            let points = points(&router.path(link));
            let (from, to) = (layout.spots[link.from], layout.spots[link.to]);
            assert_eq!(points[0].1, grid.y(from.row) + BOX_HEIGHT, "begins at the bottom of its box");
            assert_eq!(points.last().unwrap().1, grid.y(to.row), "ends at the top of its box");
            for stretch in points.windows(2) {
                let cut = layout.spots.iter().find(|spot| cuts(grid, **spot, stretch[0], stretch[1]));
                assert_eq!(cut, None, "{link:?} by {points:?}");
            }
            assert!(
                points.iter().all(|point| point.0 < grid.width() && point.1 < grid.bottom()),
                "{points:?}"
            );
        }
    }
}
