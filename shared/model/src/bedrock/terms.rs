//! What a model costs and takes, as configured: providers tell neither.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde::Deserialize;

/// Tokens of an answer where the table names no other number: every model can give so many.
const MAX_TOKENS: NonZeroU32 = NonZeroU32::MIN.saturating_add(4_095);
/// Millionths in a cent: prices are cents per million tokens, so that tokens times price are millionths of a cent.
const MILLIONTHS: u64 = 1_000_000;
/// Bytes of a request that are one token at least. Text that was made to be expensive has fewer; what it costs beyond
/// what was expected counts in full.
const TOKEN_BYTES: u64 = 2;
/// Tokens that a provider adds to a question with a tool.
const TOOL_TOKENS: u64 = 1_000;
/// Fewer tokens are no answer to anything: a round that could afford no more is not begun.
const LEAST_TOKENS: u64 = 256;

/// [M-1] What one model costs, in US cents per million tokens, rounded up by whoever wrote the table, and what it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// What it reads.
    pub input: u32,
    /// What it writes.
    pub output: u32,
    /// Most tokens of an answer.
    #[serde(default = "max_tokens")]
    pub max_tokens: NonZeroU32,
    /// Whether it takes a temperature, which is 0 then. Some refuse a request that names one.
    #[serde(default = "yes")]
    pub temperature: bool,
    /// Whether it takes a `seed` beside the common parameters.
    #[serde(default)]
    pub seed: bool,
}

/// The terms of each model by its id or ARN.
pub type TermsTable = BTreeMap<String, Terms>;

fn max_tokens() -> NonZeroU32 {
    MAX_TOKENS
}

fn yes() -> bool {
    true
}

/// Tokens of one round, as the provider counted them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tokens {
    pub(super) read: u64,
    pub(super) written: u64,
    /// Read from a cache, and priced like what is read anew: more than it costs anywhere.
    pub(super) cached: u64,
    /// Written to a cache, and priced at twice what is read: what the dearest costs.
    pub(super) caching: u64,
}

impl Tokens {
    pub(super) fn all(self) -> u64 {
        self.read.saturating_add(self.written).saturating_add(self.cached).saturating_add(self.caching)
    }
}

/// Money in millionths of a cent. It is rounded once, at the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Millionths(u64);

impl Millionths {
    pub(super) fn of_cents(cents: i64) -> Self {
        Self(u64::try_from(cents).unwrap_or(0).saturating_mul(MILLIONTHS))
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    pub(super) fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// [M-1] Whole cents, rounded up.
    pub(super) fn cents(self) -> i64 {
        i64::try_from(self.0.div_ceil(MILLIONTHS)).unwrap_or(i64::MAX)
    }
}

/// What a round may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowance {
    /// Most tokens that the answer may have.
    pub(super) max_tokens: u64,
    /// What the round is expected to cost at most.
    pub(super) at_most: Millionths,
}

impl Terms {
    /// [B-4] What these tokens cost.
    pub(super) fn price(&self, tokens: Tokens) -> Millionths {
        let read = tokens.read.saturating_add(tokens.cached).saturating_add(tokens.caching.saturating_mul(2));
        let (input, output) = (u64::from(self.input), u64::from(self.output));
        Millionths(read.saturating_mul(input).saturating_add(tokens.written.saturating_mul(output)))
    }

    /// [B-5] What a round whose request has so many bytes may take of what is left: nothing where it could not afford an
    /// answer.
    pub(super) fn allow(&self, request_bytes: usize, left: Millionths) -> Option<Allowance> {
        let bytes = u64::try_from(request_bytes).unwrap_or(u64::MAX);
        let read = bytes.div_ceil(TOKEN_BYTES).saturating_add(TOOL_TOKENS);
        let reading = self.price(Tokens { read, ..Tokens::default() });
        if reading > left {
            return None;
        }
        let most = u64::from(self.max_tokens.get());
        let affordable = left.less(reading).0.checked_div(u64::from(self.output)).unwrap_or(most);
        let max_tokens = most.min(affordable);
        if max_tokens < LEAST_TOKENS.min(most) {
            return None;
        }
        let at_most = self.price(Tokens { read, written: max_tokens, ..Tokens::default() });
        Some(Allowance { max_tokens, at_most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(json: &str) -> Terms {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_table_says_what_is_needed_and_nothing_unknown() {
        let plain = terms(r#"{"input": 6, "output": 24}"#);
        let expected = Terms { input: 6, output: 24, max_tokens: MAX_TOKENS, temperature: true, seed: false };
        assert_eq!(plain, expected);
        for wrong in [
            r#"{"input": 6}"#,
            r#"{"input": -1, "output": 1}"#,
            r#"{"input": 0.5, "output": 1}"#,
            r#"{"input": 1, "output": 1, "max_tokens": 0}"#,
            r#"{"input": 1, "output": 1, "currency": "EUR"}"#,
        ] {
            assert!(serde_json::from_str::<Terms>(wrong).is_err(), "{wrong}");
        }
    }

    /// [B-4] [M-1]
    #[test]
    fn what_tokens_cost_is_rounded_up_once() {
        let terms = terms(r#"{"input": 300, "output": 1500}"#);
        let price = |read, written| terms.price(Tokens { read, written, ..Tokens::default() });
        assert_eq!(price(0, 0).cents(), 0);
        assert_eq!(price(1, 0).cents(), 1);
        assert_eq!(price(10_000, 2_000).cents(), 6);
        assert_eq!(price(10_000, 2_001).cents(), 7);
        assert_eq!(
            price(1_000, 100).plus(price(1_000, 100)).cents(),
            1,
            "halves of a cent are not two cents"
        );
        let cache = Tokens { cached: 10_000, caching: 10_000, ..Tokens::default() };
        assert_eq!(terms.price(cache).cents(), 9);
        assert_eq!(cache.all(), 20_000);
        assert_eq!(price(u64::MAX, u64::MAX).cents(), i64::try_from(u64::MAX.div_ceil(MILLIONTHS)).unwrap());
    }

    /// [B-5]
    #[test]
    fn a_round_never_may_take_more_than_is_left() {
        let terms = terms(r#"{"input": 100, "output": 500, "max_tokens": 4096}"#);
        for bytes in [0, 1_000, 10_000, 50_000, 90_000, 98_000, 1_000_000] {
            for cents in 0..=6 {
                let left = Millionths::of_cents(cents);
                if let Some(allowed) = terms.allow(bytes, left) {
                    assert!(allowed.at_most <= left, "{bytes} bytes of {cents} cents: {allowed:?}");
                    assert!((256..=4_096).contains(&allowed.max_tokens));
                }
            }
        }
        let five = Millionths::of_cents(5);
        assert_eq!(terms.allow(10_000, five).unwrap().max_tokens, 4_096);
        assert_eq!(terms.allow(80_000, five).unwrap().max_tokens, 1_800);
        assert_eq!(terms.allow(100_000, five), None);
        assert_eq!(terms.allow(10_000, Millionths::default()), None);
    }

    #[test]
    fn what_costs_nothing_is_always_allowed() {
        let free = terms(r#"{"input": 0, "output": 0}"#);
        assert_eq!(free.allow(usize::MAX, Millionths::default()).unwrap().max_tokens, 4_096);
    }
}
