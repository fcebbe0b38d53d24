//! The sandbox: the platform's behaviour without the platform. Everything it tells depends on what was posted, on the clock
//! and on one seed, so that the same story is told again.

pub(crate) mod chatter;
pub(crate) mod dice;
pub(crate) mod engagement;
pub(crate) mod faults;
pub(crate) mod outlet;
pub(crate) mod posts;
pub(crate) mod posts_dynamo;
pub(crate) mod query;
pub(crate) mod quota;
pub(crate) mod timeline;
pub(crate) mod topics;

use crate::Faults;

/// A deterministic platform over a post store.
#[derive(Debug)]
pub struct Sandbox<P, C> {
    posts: P,
    clock: C,
    faults: Faults,
    seed: u64,
}

impl<P, C> Sandbox<P, C> {
    /// A platform over a store, with the seed 0.
    pub fn new(posts: P, clock: C, faults: Faults) -> Self {
        Self { posts, clock, faults, seed: 0 }
    }

    /// The same with another seed: other people say other things, and posts do otherwise.
    #[must_use]
    pub fn seeded(self, seed: u64) -> Self {
        Self { seed, ..self }
    }
}
