//! Confidence in basis points, so that 0.90 is exactly 9 000.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How sure the Judge is, 0..=10 000 basis points (NFR1.0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Confidence(u16);

/// The largest confidence: certainty.
const FULL: u16 = 10_000;

impl Confidence {
    /// No confidence at all.
    pub const ZERO: Self = Self(0);
    /// Certainty.
    pub const FULL: Self = Self(FULL);

    /// A confidence of `basis_points`; `None` above 10 000.
    #[must_use]
    pub fn new(basis_points: u16) -> Option<Self> {
        (basis_points <= FULL).then_some(Self(basis_points))
    }

    /// The share `part` of `whole` in basis points, rounded down; certainty when there was nothing to meet.
    #[must_use]
    pub fn share(part: usize, whole: usize) -> Self {
        if whole == 0 {
            return Self::FULL;
        }
        let points = part.min(whole).saturating_mul(usize::from(FULL)) / whole;
        Self(u16::try_from(points).unwrap_or(FULL))
    }

    /// In basis points.
    #[must_use]
    pub fn basis_points(self) -> u16 {
        self.0
    }

    /// The lower of the two: an opinion may lower confidence, never raise it.
    #[must_use]
    pub fn lowered_to(self, other: Self) -> Self {
        self.min(other)
    }
}

impl TryFrom<u16> for Confidence {
    type Error = &'static str;
    fn try_from(points: u16) -> Result<Self, Self::Error> {
        Self::new(points).ok_or("confidence is 0 to 10000 basis points")
    }
}

impl From<Confidence> for u16 {
    fn from(confidence: Confidence) -> Self {
        confidence.0
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_multiple_of(100) {
            write!(f, "{}.{:02}", self.0 / FULL, self.0 % FULL / 100)
        } else {
            write!(f, "{}.{:04}", self.0 / FULL, self.0 % FULL)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ninety_percent_is_exactly_nine_thousand() {
        assert_eq!(Confidence::share(9, 10).basis_points(), 9_000);
        assert_eq!(Confidence::share(9, 10).to_string(), "0.90");
        assert_eq!(Confidence::new(9_001).unwrap().to_string(), "0.9001");
        assert_eq!(Confidence::new(10_001), None);
        assert_eq!(Confidence::share(0, 0), Confidence::FULL);
    }
}
