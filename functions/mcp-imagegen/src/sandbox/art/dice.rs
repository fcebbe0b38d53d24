//! Chance that is none: the same texts give the same throws on every machine.

/// Steps of a throw between 0 and 1: what an `f32` holds exactly.
const STEPS: f32 = 16_777_216.0;

/// Dice that always fall the same way for the same texts.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    /// Dice for these texts, in this order.
    pub(super) fn of(texts: &[&str]) -> Self {
        // FNV-1a, with a separator that no text contains.
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        let bytes = texts.iter().flat_map(|text| text.bytes().chain([0xff]));
        Self(mixed(bytes.fold(0xcbf2_9ce4_8422_2325, step)))
    }

    /// The next throw, all bits of it.
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    /// From 0 to 1, without 1.
    pub(super) fn unit(&mut self) -> f32 {
        unit_of(self.bits())
    }

    /// From `low` to `high`.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// One of so many, from 0.
    pub(super) fn below(&mut self, count: usize) -> usize {
        let count = u64::try_from(count.max(1)).unwrap_or(1);
        usize::try_from(self.bits() % count).unwrap_or_default()
    }

    /// Whether something of this likelihood happens.
    pub(super) fn happens(&mut self, likelihood: f32) -> bool {
        self.unit() < likelihood
    }
}

/// A landscape of chance: smooth, between 0 and 1, without end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noise(u64);

impl Noise {
    /// Another landscape for each throw.
    pub(super) fn of(dice: &mut Dice) -> Self {
        Self(dice.bits())
    }

    /// Along a line; one hill or so per unit.
    pub(super) fn line(self, x: f32) -> f32 {
        self.plane(x, 0.5)
    }

    /// Along a line, with smaller hills on the hills.
    pub(super) fn rough(self, x: f32) -> f32 {
        (self.line(x) * 4.0 + self.line(x * 2.1 + 31.0) * 2.0 + self.line(x * 4.3 + 77.0)) / 7.0
    }

    /// On a plane.
    pub(super) fn plane(self, x: f32, y: f32) -> f32 {
        let (column, row) = (x.floor(), y.floor());
        let (right, down) = (eased(x - column), eased(y - row));
        let at = |dx: f32, dy: f32| self.corner(column + dx, row + dy);
        let top = at(0.0, 0.0) + (at(1.0, 0.0) - at(0.0, 0.0)) * right;
        let bottom = at(0.0, 1.0) + (at(1.0, 1.0) - at(0.0, 1.0)) * right;
        top + (bottom - top) * down
    }

    fn corner(self, column: f32, row: f32) -> f32 {
        // Corners are whole numbers far below 2^24.
        let place =
            (column as i64 as u64).wrapping_mul(0x8da6_b343) ^ (row as i64 as u64).wrapping_mul(0xd816_3841);
        unit_of(mixed(self.0 ^ mixed(place)))
    }
}

fn eased(x: f32) -> f32 {
    x * x * (3.0 - 2.0 * x)
}

fn unit_of(bits: u64) -> f32 {
    (bits >> 40) as f32 / STEPS
}

/// Every bit of the input moves every bit of the output.
fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
