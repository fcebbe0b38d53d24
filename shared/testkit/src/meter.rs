//! What the functions used, as a bill would count it.

use std::collections::BTreeMap;

/// Bytes one write unit covers.
const WRITE_UNIT_BYTES: usize = 1_024;
/// Bytes one consistent read unit covers.
const READ_UNIT_BYTES: usize = 4_096;

/// What one function used of one operation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls.
    pub calls: u64,
    /// Read units: one per 4 KB begun.
    pub read_units: u64,
    /// Write units: one per 1 KB begun, twice that in a transaction.
    pub write_units: u64,
}

/// Tallies by (function, operation).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meter(BTreeMap<(String, &'static str), Tally>);

impl Meter {
    /// What `function` used of `operation`.
    #[must_use]
    pub fn of(&self, function: &str, operation: &'static str) -> Tally {
        self.0.get(&(function.to_owned(), operation)).copied().unwrap_or_default()
    }

    /// Every tally, by function and operation.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'static str, Tally)> {
        self.0.iter().map(|((function, operation), tally)| (function.as_str(), *operation, *tally))
    }

    pub(crate) fn call(&mut self, function: &str, operation: &'static str) {
        self.entry(function, operation).calls += 1;
    }

    pub(crate) fn read(&mut self, function: &str, operation: &'static str, sizes: &[usize]) {
        // A query is billed by the sum of what it reads; nothing found still costs one unit.
        let units = sizes.iter().sum::<usize>().div_ceil(READ_UNIT_BYTES).max(1);
        self.entry(function, operation).read_units += units as u64;
    }

    pub(crate) fn write(&mut self, function: &str, operation: &'static str, sizes: &[usize]) {
        let units: usize = sizes.iter().map(|size| size.div_ceil(WRITE_UNIT_BYTES).max(1)).sum();
        let factor = if sizes.len() > 1 { 2 } else { 1 };
        self.entry(function, operation).write_units += (units * factor) as u64;
    }

    fn entry(&mut self, function: &str, operation: &'static str) -> &mut Tally {
        self.0.entry((function.to_owned(), operation)).or_default()
    }
}
