//! What is unusual about a payment, seen from what the agent paid before. Nothing here refuses: a finding is a question
//! to a human. Whatever a human has let pass becomes a habit.
//!
//! Amounts are compared as ratios of integers, which is what median and median deviation of their logarithms come to.

use chimera_domain::{Flag, Money};
use jiff::{SignedDuration, Timestamp};

/// Payments within this time are counted as one burst, with the count below which nothing is one.
const BURSTS: [(SignedDuration, usize); 2] =
    [(SignedDuration::from_hours(1), 4), (SignedDuration::from_hours(24), 8)];
/// A burst has more than this many times as many payments as any before.
const BURST_FACTOR: usize = 2;
/// Payments that together may be one that was split.
const SPLIT_WINDOW: SignedDuration = SignedDuration::from_hours(24);
/// An amount up to this many times the usual is never unusual, in thousandths: prices, hours and seasons vary.
const LEAST_FACTOR: u128 = 3_000;
/// One beyond this many times the usual always is, in thousandths, unless about as much was paid before.
const MOST_FACTOR: u128 = 10_000;
/// Payments from which on their spread says something.
const FEW: usize = 3;

/// A payment that was made, or is proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub recipient: String,
    /// How much.
    pub amount: Money,
}

/// How a payment may be unusual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Anomaly {
    /// The agent never paid this recipient.
    NewRecipient,
    /// More payments within a short time than the agent ever made.
    Burst,
    /// Together with others it pays more than a single payment could without a question.
    Splitting,
    /// It is far above what the agent pays.
    Amount,
}

impl Anomaly {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::NewRecipient, Self::Burst, Self::Splitting, Self::Amount];

    /// As flags spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NewRecipient => "new_recipient",
            Self::Burst => "burst",
            Self::Splitting => "splitting",
            Self::Amount => "amount",
        }
    }

    /// The flag that brings it before a human.
    #[must_use]
    pub fn flag(self) -> Flag {
        Flag::new(format!("anomaly:{}", self.name()))
    }
}

/// Something unusual, with what shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub anomaly: Anomaly,
    /// The evidence, for people.
    pub seen: String,
}

/// [M-9] What is unusual about `proposed` beside the `earlier` payments, in any order. `single` is the most that one
/// payment may be, if there is a limit: several that pass it together are one that was split.
#[must_use]
pub fn anomalies(proposed: &Paid, earlier: &[Paid], single: Option<Money>) -> Vec<Finding> {
    let earlier: Vec<&Paid> = earlier
        .iter()
        .filter(|paid| paid.at <= proposed.at && paid.amount.currency() == proposed.amount.currency())
        .collect();
    let rules = [
        (Anomaly::NewRecipient, new_recipient(proposed, &earlier)),
        (Anomaly::Burst, burst(proposed, &earlier)),
        (Anomaly::Splitting, splitting(proposed, &earlier, single)),
        (Anomaly::Amount, amount(proposed, &earlier)),
    ];
    let found = rules.into_iter().filter_map(|(anomaly, seen)| seen.map(|seen| Finding { anomaly, seen }));
    found.collect()
}

/// Whether two spellings name one recipient: addresses of a chain are written with capitals or without.
#[must_use]
pub fn is_same_recipient(one: &str, other: &str) -> bool {
    one == other || (is_address(one) && is_address(other) && one.eq_ignore_ascii_case(other))
}

fn new_recipient(proposed: &Paid, earlier: &[&Paid]) -> Option<String> {
    let is_known = earlier.iter().any(|paid| is_same_recipient(&paid.recipient, &proposed.recipient));
    (!is_known).then(|| format!("{} was never paid before", proposed.recipient))
}

fn burst(proposed: &Paid, earlier: &[&Paid]) -> Option<String> {
    BURSTS.into_iter().find_map(|(window, least)| {
        let (recent, older) = split_at(earlier, proposed.at - window);
        let now = recent.len() + 1;
        let before = windows(&older, window).map(<[_]>::len).max().unwrap_or(0);
        let is_burst = now >= least && now > BURST_FACTOR * before;
        is_burst
            .then(|| format!("{now} payments within {} hours, at most {before} before", window.as_hours()))
    })
}

fn splitting(proposed: &Paid, earlier: &[&Paid], single: Option<Money>) -> Option<String> {
    let (recent, older) = split_at(earlier, proposed.at - SPLIT_WINDOW);
    let is_fresh = |recipient: &str| !older.iter().any(|paid| is_same_recipient(&paid.recipient, recipient));
    // Several recipients whom nobody paid before this day may be one person.
    let is_of_it = |paid: &&Paid| {
        are_related(&paid.recipient, &proposed.recipient)
            || (is_fresh(&paid.recipient) && is_fresh(&proposed.recipient))
    };
    let parts: Vec<&Paid> = recent.iter().copied().filter(is_of_it).collect();
    if parts.is_empty() {
        return None;
    }
    let own: Vec<&Paid> =
        older.iter().copied().filter(|paid| are_related(&paid.recipient, &proposed.recipient)).collect();
    let usual = usual_at_most(&minors(&own), &minors(&older));
    let bound = usual.into_iter().chain(single.map(Money::minor)).min()?;
    let together = sum(&parts).saturating_add(proposed.amount.minor());
    let habit = windows(&own, SPLIT_WINDOW).map(sum).max().unwrap_or(0);
    let is_split = together > bound && together > half_again(habit);
    is_split.then(|| {
        let zero = Money::zero(proposed.amount.currency());
        let [together, bound] =
            [together, bound].map(|minor| Money::new(minor, zero.currency()).unwrap_or(zero));
        format!(
            "{} payments of {together} in all within a day, where one is at most {bound}",
            parts.len() + 1
        )
    })
}

fn amount(proposed: &Paid, earlier: &[&Paid]) -> Option<String> {
    let to_it =
        earlier.iter().copied().filter(|paid| is_same_recipient(&paid.recipient, &proposed.recipient));
    let own: Vec<&Paid> = to_it.collect();
    let most = usual_at_most(&minors(&own), &minors(earlier))?;
    let most = Money::new(most, proposed.amount.currency()).ok()?;
    let is_far = proposed.amount.minor() > most.minor();
    is_far.then(|| format!("{}, where {most} is the most that is usual", proposed.amount))
}

/// The most that is usual for a recipient who was paid `own`, by an agent that paid `all`; none where it paid nobody.
/// A recipient paid a few times only may get what the agent usually pays.
fn usual_at_most(own: &[i64], all: &[i64]) -> Option<i64> {
    if own.is_empty() {
        return spread_at_most(all);
    }
    let agents = if own.len() < FEW && all.len() >= FEW { median(all) } else { None };
    spread_at_most(own).into_iter().chain(agents).max()
}

/// The median times a factor that grows with the spread, or a quarter above the largest, whichever is more.
fn spread_at_most(amounts: &[i64]) -> Option<i64> {
    let middle = median(amounts)?;
    let factor = if amounts.len() < FEW { LEAST_FACTOR } else { factor(amounts, middle) };
    let usual = u128::try_from(middle).unwrap_or(0) * factor / 1_000;
    let largest = amounts.iter().copied().max().unwrap_or(0);
    Some(i64::try_from(usual).unwrap_or(i64::MAX).max(largest.saturating_add(largest / 4)))
}

/// In thousandths: the fourth power of the median ratio to the median, which is about 2.7 standard deviations of the
/// logarithms.
fn factor(amounts: &[i64], middle: i64) -> u128 {
    let ratio = |amount: &i64| {
        let (low, high) = ((*amount).min(middle).max(1), (*amount).max(middle).max(1));
        i64::try_from(i128::from(high) * 1_000 / i128::from(low)).unwrap_or(i64::MAX)
    };
    let ratios: Vec<i64> = amounts.iter().map(ratio).collect();
    let ratio =
        median(&ratios).and_then(|ratio| u128::try_from(ratio).ok()).unwrap_or(1_000).min(MOST_FACTOR);
    (ratio.pow(4) / 1_000_000_000).clamp(LEAST_FACTOR, MOST_FACTOR)
}

/// The upper of two middle ones.
fn median(values: &[i64]) -> Option<i64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

fn minors(paid: &[&Paid]) -> Vec<i64> {
    paid.iter().map(|paid| paid.amount.minor()).collect()
}

fn sum(paid: &[&Paid]) -> i64 {
    paid.iter().fold(0, |sum: i64, paid| sum.saturating_add(paid.amount.minor()))
}

fn half_again(minor: i64) -> i64 {
    minor.saturating_add(minor / 2)
}

/// The payments after `since`, and those up to it in order of time.
fn split_at<'a>(paid: &[&'a Paid], since: Timestamp) -> (Vec<&'a Paid>, Vec<&'a Paid>) {
    let (recent, mut older): (Vec<&Paid>, Vec<&Paid>) =
        paid.iter().copied().partition(|paid| paid.at > since);
    older.sort_by_key(|paid| paid.at);
    (recent, older)
}

/// For each payment, those within `window` up to it; `paid` is in order of time.
fn windows<'s, 'a>(paid: &'s [&'a Paid], window: SignedDuration) -> impl Iterator<Item = &'s [&'a Paid]> {
    let mut start = 0;
    (0..paid.len()).map(move |end| {
        while paid[start].at <= paid[end].at - window {
            start += 1;
        }
        &paid[start..=end]
    })
}

/// Whether two recipients may be one: the same name but for case, marks, a number at the end or a `+tag`; addresses that
/// begin and end alike.
fn are_related(one: &str, other: &str) -> bool {
    if is_address(one) && is_address(other) {
        let (one, other) = (one.to_ascii_lowercase(), other.to_ascii_lowercase());
        return one[..6] == other[..6] && one[one.len() - 4..] == other[other.len() - 4..];
    }
    let (one, other) = (stem(one), stem(other));
    one.chars().count() >= 3 && one == other
}

fn stem(recipient: &str) -> String {
    let lower = recipient.to_lowercase();
    let (name, host) = lower.split_once('@').unwrap_or((&lower, ""));
    let name = name.split('+').next().unwrap_or_default();
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let name = letters(name);
    format!("{}{}", name.trim_end_matches(|c: char| c.is_ascii_digit()), letters(host))
}

/// An address of a chain: `0x` and at least eight hexadecimal digits.
fn is_address(recipient: &str) -> bool {
    let digits = recipient.strip_prefix("0x").or_else(|| recipient.strip_prefix("0X"));
    digits.is_some_and(|digits| digits.len() >= 8 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_recipient_may_be_written_in_several_ways() {
        for (one, other) in [
            ("ines@pay.example", "ines+2@pay.example"),
            ("hugo-studio", "Hugo Studio 3"),
            ("0x12345678aaaa9999", "0x1234bbbbcccc9999"),
        ] {
            assert!(are_related(one, other), "{one} {other}");
            assert!(!is_same_recipient(one, other), "{one} {other}");
        }
        assert!(is_same_recipient("0xABCDEF0123", "0xabcdef0123"));
        assert!(!are_related("ines@pay.example", "marek@pay.example"));
        assert!(!are_related("1", "2"), "numbers are no names");
    }

    #[test]
    fn what_is_usual_grows_with_the_spread_and_never_falls_below_what_was_paid() {
        assert_eq!(usual_at_most(&[], &[]), None);
        assert_eq!(usual_at_most(&[100], &[100]), Some(300));
        assert_eq!(usual_at_most(&[100, 100, 100], &[100, 100, 100]), Some(300));
        assert_eq!(usual_at_most(&[100, 200, 400, 800], &[]), Some(4_000));
        assert_eq!(usual_at_most(&[100, 100, 100, 4_000], &[]), Some(5_000));
        assert_eq!(usual_at_most(&[1], &[500, 500, 500, 1]), Some(500), "a first test says little");
    }
}
