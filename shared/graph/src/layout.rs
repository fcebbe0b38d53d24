//! Where each task stands: in a layer by the longest path to it, in an order by barycentre, wide layers in several rows.

use std::collections::VecDeque;

use crate::model::Link;

/// Boxes beside each other at most: what a screen shows at a size that can be read.
pub(crate) const COLUMNS: usize = 5;
/// Columns at least: the heading needs their room.
const COLUMNS_LEAST: usize = 3;
/// Sweeps down and up that look for a better order: small graphs settle within a few.
const SWEEPS: usize = 8;
/// One place in the fractions that barycentres are made of. Integers, so that every machine draws the same.
const UNIT: usize = 1_000_000;

/// A task's cell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) row: usize,
    pub(crate) column: usize,
}

/// Every task's cell on a grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    pub(crate) layers: usize,
    /// By the task's place.
    pub(crate) spots: Vec<Spot>,
}

impl Layout {
    /// [PL-22] Places so many tasks with these links among them.
    pub(crate) fn of(tasks: usize, links: &[Link]) -> Self {
        let order = order(&layers(tasks, links), links);
        let rows: Vec<&[usize]> = order.iter().flat_map(|layer| wrap(layer)).collect();
        let widest = rows.iter().map(|row| row.len()).max().unwrap_or_default();
        let columns = widest.clamp(COLUMNS_LEAST, COLUMNS);
        let parents = neighbours(tasks, links, |link| (link.to, link.from));
        let mut spots = vec![Spot::default(); tasks];
        for (at, row) in rows.iter().enumerate() {
            let first = first_column(row, columns, &parents, &spots);
            for (place, task) in row.iter().enumerate() {
                spots[*task] = Spot { row: at, column: first + place };
            }
        }
        Self { columns, rows: rows.len(), layers: order.len(), spots }
    }

    /// Whether no box stands in the column between two rows.
    pub(crate) fn is_free(&self, column: usize, above: usize, below: usize) -> bool {
        let stands = |spot: &Spot| spot.column == column && (above + 1..below).contains(&spot.row);
        !self.spots.iter().any(stands)
    }
}

/// The column in which a row begins, so that its tasks stand nearest below their parents; of equals the most central.
fn first_column(row: &[usize], columns: usize, parents: &[Vec<usize>], spots: &[Spot]) -> usize {
    let away = |first: &usize| {
        let of_task = |(place, task): (usize, &usize)| -> usize {
            let above = parents[*task].iter().map(|parent| spots[*parent].column);
            above.map(|column| column.abs_diff(first + place)).sum()
        };
        let far: usize = row.iter().enumerate().map(of_task).sum();
        (far, (2 * first + row.len()).abs_diff(columns))
    };
    (0..=columns.saturating_sub(row.len())).min_by_key(away).unwrap_or_default()
}

/// A layer in rows of about equal length.
fn wrap(layer: &[usize]) -> impl Iterator<Item = &[usize]> {
    let rows = layer.len().div_ceil(COLUMNS).max(1);
    layer.chunks(layer.len().div_ceil(rows).max(1))
}

/// Each task's layer: the longest path that leads to it. Tasks that wait for themselves, which no plan has, come last.
fn layers(tasks: usize, links: &[Link]) -> Vec<usize> {
    let mut waits_for = vec![0_usize; tasks];
    for link in links {
        waits_for[link.to] += 1;
    }
    let children = neighbours(tasks, links, |link| (link.from, link.to));
    let mut ready: VecDeque<usize> = (0..tasks).filter(|task| waits_for[*task] == 0).collect();
    let mut layers: Vec<Option<usize>> = vec![None; tasks];
    let mut least = vec![0_usize; tasks];
    while let Some(task) = ready.pop_front() {
        layers[task] = Some(least[task]);
        for child in &children[task] {
            least[*child] = least[*child].max(least[task] + 1);
            waits_for[*child] -= 1;
            if waits_for[*child] == 0 {
                ready.push_back(*child);
            }
        }
    }
    let beyond = layers.iter().flatten().max().map_or(0, |last| last + 1);
    layers.into_iter().map(|layer| layer.unwrap_or(beyond)).collect()
}

/// For each task the tasks that a link leads it to, as `ends` names them.
fn neighbours(tasks: usize, links: &[Link], ends: impl Fn(&Link) -> (usize, usize)) -> Vec<Vec<usize>> {
    let mut found = vec![Vec::new(); tasks];
    for (of, neighbour) in links.iter().map(ends) {
        found[of].push(neighbour);
    }
    found
}

/// The layers with their tasks in an order that crosses few links: the best of what the sweeps came to.
fn order(layers: &[usize], links: &[Link]) -> Vec<Vec<usize>> {
    let mut order = vec![Vec::new(); layers.iter().max().map_or(0, |last| last + 1)];
    for (task, layer) in layers.iter().enumerate() {
        order[*layer].push(task);
    }
    let parents = neighbours(layers.len(), links, |link| (link.to, link.from));
    let children = neighbours(layers.len(), links, |link| (link.from, link.to));
    let mut best = (crossings(&order, layers, links), order.clone());
    for sweep in 0..SWEEPS {
        if best.0 == 0 {
            break;
        }
        let is_downwards = sweep % 2 == 0;
        let around = if is_downwards { &parents } else { &children };
        for step in 0..order.len() {
            let layer = if is_downwards { step } else { order.len() - 1 - step };
            let places = places(&order, layers.len());
            order[layer].sort_by_key(|task| barycentre(&places, *task, &around[*task]));
        }
        let crossed = crossings(&order, layers, links);
        if crossed < best.0 {
            best = (crossed, order.clone());
        }
    }
    best.1
}

/// How far along its layer each task stands, in units.
fn places(order: &[Vec<usize>], tasks: usize) -> Vec<usize> {
    let mut places = vec![0; tasks];
    for layer in order {
        for (at, task) in layer.iter().enumerate() {
            places[*task] = (2 * at + 1) * UNIT / (2 * layer.len());
        }
    }
    places
}

/// Where the task would like to stand: in the middle of its neighbours, or where it is.
fn barycentre(places: &[usize], task: usize, around: &[usize]) -> usize {
    match around.len() {
        0 => places[task],
        count => around.iter().map(|neighbour| places[*neighbour]).sum::<usize>() / count,
    }
}

/// How many pairs of links between the same two layers cross each other.
fn crossings(order: &[Vec<usize>], layers: &[usize], links: &[Link]) -> usize {
    let mut at = vec![0_usize; layers.len()];
    for layer in order {
        for (place, task) in layer.iter().enumerate() {
            at[*task] = place;
        }
    }
    let mut ends: Vec<[usize; 4]> =
        links.iter().map(|link| [layers[link.from], layers[link.to], at[link.from], at[link.to]]).collect();
    ends.sort_unstable();
    let between = ends.chunk_by(|a, b| a[..2] == b[..2]);
    between.map(|links| inversions(links.iter().map(|link| link[3]), layers.len())).sum()
}

/// How many pairs stand in the wrong order.
fn inversions(places: impl Iterator<Item = usize>, bound: usize) -> usize {
    let mut seen = vec![0_usize; bound + 1];
    let mut wrong = 0;
    for place in places {
        wrong += seen[place + 1..].iter().sum::<usize>();
        seen[place] += 1;
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EdgeKind;

    fn links(pairs: &[(usize, usize)]) -> Vec<Link> {
        pairs.iter().map(|(from, to)| Link { from: *from, to: *to, kind: EdgeKind::Wait }).collect()
    }

    #[test]
    fn a_task_stands_below_everything_that_it_waits_for() {
        // 3 waits for 0 directly, and by way of 1 and 2.
        assert_eq!(layers(5, &links(&[(0, 1), (1, 2), (2, 3), (0, 3)])), [0, 1, 2, 3, 0]);
    }

    #[test]
    fn tasks_that_wait_for_themselves_are_shown_all_the_same() {
        assert_eq!(layers(4, &links(&[(0, 1), (2, 3), (3, 2)])), [0, 1, 2, 2]);
        assert_eq!(Layout::of(2, &links(&[(0, 1), (1, 0)])).spots.len(), 2);
    }

    #[test]
    fn the_order_of_a_layer_follows_its_parents() {
        let crossed = links(&[(0, 5), (1, 4), (2, 3)]);
        let of_layers = layers(6, &crossed);
        let (before, after) = (vec![vec![0, 1, 2], vec![3, 4, 5]], order(&of_layers, &crossed));
        assert_eq!(crossings(&before, &of_layers, &crossed), 3);
        assert_eq!(crossings(&after, &of_layers, &crossed), 0);
    }

    /// [PL-22]
    #[test]
    fn a_wide_layer_stands_in_rows_and_no_two_tasks_in_one_cell() {
        let fan: Vec<(usize, usize)> = (1..200).map(|task| (0, task)).collect();
        let layout = Layout::of(200, &links(&fan));
        assert_eq!(
            (layout.columns, layout.layers, layout.rows),
            (COLUMNS, 2, 1 + 199_usize.div_ceil(COLUMNS))
        );
        let mut cells: Vec<(usize, usize)> =
            layout.spots.iter().map(|spot| (spot.row, spot.column)).collect();
        cells.sort_unstable();
        cells.dedup();
        assert_eq!(cells.len(), 200);
        assert!(layout.spots.iter().all(|spot| spot.column < COLUMNS));
    }

    #[test]
    fn a_short_row_stands_below_its_parents() {
        // Four that wait for nothing, and one that waits for the last of them.
        let layout = Layout::of(5, &links(&[(3, 4)]));
        assert_eq!(layout.spots[4], Spot { row: 1, column: layout.spots[3].column });
        let alone = Layout::of(1, &[]);
        assert_eq!((alone.columns, alone.spots[0].column), (3, 1), "else in the middle");
    }

    #[test]
    fn six_tasks_stand_in_two_rows_of_three() {
        let layout = Layout::of(6, &[]);
        assert_eq!((layout.columns, layout.rows), (3, 2));
        assert_eq!(Layout::of(0, &[]).rows, 0);
    }

    #[test]
    fn inversions_are_counted() {
        assert_eq!(inversions([0, 1, 2].into_iter(), 3), 0);
        assert_eq!(inversions([2, 1, 0].into_iter(), 3), 3);
        assert_eq!(inversions([1, 1, 0].into_iter(), 3), 2);
    }
}
