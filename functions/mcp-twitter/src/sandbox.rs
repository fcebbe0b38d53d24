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

use std::num::NonZeroU32;

use crate::Faults;

/// A deterministic platform over a post store.
#[derive(Debug)]
pub struct Sandbox<P, C> {
    posts: P,
    clock: C,
    faults: Faults,
    people: People,
}

/// The people of the platform: who they are, and how fast they are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct People {
    /// Other seeds are other people.
    pub(crate) seed: u64,
    /// How many times faster than in life they answer and look.
    pub(crate) speed: u32,
}

impl<P, C> Sandbox<P, C> {
    /// A platform over a store, with the seed 0, at life's own speed.
    pub fn new(posts: P, clock: C, faults: Faults) -> Self {
        Self { posts, clock, faults, people: People { seed: 0, speed: 1 } }
    }

    /// The same with another seed: other people say other things, and posts do otherwise.
    #[must_use]
    pub fn seeded(self, seed: u64) -> Self {
        Self { people: People { seed, ..self.people }, ..self }
    }

    /// The same whose people answer and look so many times faster.
    #[must_use]
    pub fn faster(self, speed: NonZeroU32) -> Self {
        Self { people: People { speed: speed.get(), ..self.people }, ..self }
    }
}
