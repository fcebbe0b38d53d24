//! Cells as points of a picture. All lengths are pixels at full size.

/// A box: its id and its goal stand in it in letters of 12 pixels.
pub(crate) const BOX_WIDTH: usize = 240;
/// A box: five lines.
pub(crate) const BOX_HEIGHT: usize = 94;
/// Between two columns: room for the lines that pass a row.
const GUTTER: usize = 36;
/// Between two rows: room for the lines that end there.
pub(crate) const GAP: usize = 46;
/// Around everything.
pub(crate) const MARGIN: usize = 20;
/// From a box, or from a gutter's edge, to the first line beside it.
const FIRST_LANE: usize = 8;
/// Between two lines that run side by side.
const LANE: usize = 4;
/// Lines side by side; the next run upon the first again.
const LANES: usize = 6;
/// How far from its middle a line leaves or enters a box: so far that an end is no beginning.
const PORT: usize = 12;

/// Where cells are, once it is known how high the heading is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    /// Where the first row's channel begins.
    pub(crate) top: usize,
}

impl Grid {
    pub(crate) fn width(self) -> usize {
        2 * MARGIN + self.columns * (BOX_WIDTH + GUTTER) + GUTTER
    }

    /// Below the last row.
    pub(crate) fn bottom(self) -> usize {
        self.top + self.rows * (BOX_HEIGHT + GAP) + GAP
    }

    /// A column's left edge.
    pub(crate) fn x(self, column: usize) -> usize {
        MARGIN + GUTTER + column * (BOX_WIDTH + GUTTER)
    }

    /// A row's upper edge.
    pub(crate) fn y(self, row: usize) -> usize {
        self.top + GAP + row * (BOX_HEIGHT + GAP)
    }

    pub(crate) fn middle(self, column: usize) -> usize {
        self.x(column) + BOX_WIDTH / 2
    }

    /// Where lines enter a column's boxes.
    pub(crate) fn entry(self, column: usize) -> usize {
        self.middle(column) - PORT
    }

    /// Where lines leave a column's boxes.
    pub(crate) fn exit(self, column: usize) -> usize {
        self.middle(column) + PORT
    }

    /// A lane of the channel above a row; that below the last row has the number of a further one.
    pub(crate) fn channel(self, row: usize, lane: usize) -> usize {
        self.y(row) - GAP + FIRST_LANE + (lane % LANES) * LANE
    }

    /// A lane of the gutter to the left of a column; that to the right of the last has the number of a further one.
    pub(crate) fn gutter(self, column: usize, lane: usize) -> usize {
        self.x(column) - GUTTER + FIRST_LANE + (lane % LANES) * LANE
    }
}
