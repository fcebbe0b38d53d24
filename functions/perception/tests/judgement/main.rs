//! What perception judges, on labelled cases: `corpus/README.md` says how they came about. The bars are held on the part that
//! nothing was tuned on; the figures of both parts are printed.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod clusters;
mod questions;
mod relevance;

use std::fmt;

use serde::de::DeserializeOwned;

/// Which part of a corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Split {
    /// What the rules were made with.
    Dev,
    /// What they were not.
    HeldOut,
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Dev { "dev" } else { "held_out" })
    }
}

/// The lines of a corpus.
fn read<T: DeserializeOwned>(lines: &str) -> Vec<T> {
    let lines = lines.lines().filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What was found of what there is.
#[derive(Debug, Clone, Copy, Default)]
struct Figures {
    found: usize,
    wrong: usize,
    missed: usize,
    cases: usize,
}

impl Figures {
    fn count(&mut self, is: bool, judged: bool) {
        self.cases += 1;
        self.found += usize::from(is && judged);
        self.wrong += usize::from(!is && judged);
        self.missed += usize::from(is && !judged);
    }

    fn precision(&self) -> f64 {
        share(self.found, self.found + self.wrong)
    }

    fn recall(&self) -> f64 {
        share(self.found, self.found + self.missed)
    }

    fn f1(&self) -> f64 {
        let (precision, recall) = (self.precision(), self.recall());
        2.0 * precision * recall / (precision + recall).max(f64::EPSILON)
    }

    /// Whether about half of the cases are ones to be found: figures of a lopsided corpus say little.
    fn is_balanced(&self) -> bool {
        let share = share(self.found + self.missed, self.cases);
        (0.40..=0.60).contains(&share)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { found, wrong, missed, cases } = self;
        let (precision, recall) = (self.precision(), self.recall());
        write!(
            f,
            "precision {precision:.2} recall {recall:.2} ({cases} cases, {found} found, {wrong} wrong, {missed} missed)"
        )
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
