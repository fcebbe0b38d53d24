//! A platform to post on, with the write server in front of it, and feeds to read.
//!
//! What it has posted is the oracle of every test: no row of the house can say that something was published, only this.

mod server;
mod tools;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chimera_domain::ports::{Burn, Clock as _, WriteCall};
use chimera_domain::{AgentId, Digest, EffectId, Refusal, Timestamp};
use ed25519_dalek::VerifyingKey;
use uuid::Uuid;

use crate::{Faults, Feed, MemorySigner, VirtualClock};

/// How the write server behaves at one call to `execute`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// As it should.
    Normal,
    /// It burns the grant and dies before it calls the platform: never posted, no outcome.
    NeverPosted,
    /// It burns the grant, posts, and dies before it stores the outcome.
    CrashBeforeOutcome,
    /// It posts and stores the outcome; only the reply is lost.
    ReplyLost,
    /// The call provably never reaches it.
    Unsent,
    /// The answer takes this many seconds; the caller has given up by then.
    Slow(u32),
    /// The platform refuses with this code, retryable or not.
    Refuse(&'static str, bool),
}

/// One post as the platform has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// The platform's id.
    pub post_id: String,
    /// Whose account.
    pub account: AgentId,
    /// What it says.
    pub text: String,
    /// Digest of the granted arguments.
    pub arguments: Digest,
    /// The effect whose grant it was posted under.
    pub effect: EffectId,
    /// The key it was posted under.
    pub idempotency_key: Uuid,
    /// When.
    pub created_at: Timestamp,
}

/// A call whose answer is still under way.
#[derive(Debug)]
struct Late {
    due_ms: i64,
    call: WriteCall,
}

#[derive(Debug)]
struct Inner {
    keys: BTreeMap<String, VerifyingKey>,
    burns: BTreeMap<String, Burn>,
    keys_used: BTreeMap<Uuid, String>,
    posts: Vec<Post>,
    late: Vec<Late>,
    next: VecDeque<Mode>,
    always: Mode,
    feeds: BTreeMap<String, Feed>,
    refused: Vec<Refusal>,
    executes: u32,
    takes_repeats: bool,
    burns_grants: bool,
}

/// The sandbox platform. Clones share everything; [`SandboxPlatform::as_function`] says whose calls a handle's are.
#[derive(Debug, Clone)]
pub struct SandboxPlatform {
    inner: Arc<Mutex<Inner>>,
    clock: VirtualClock,
    faults: Faults,
    function: Arc<str>,
}

impl SandboxPlatform {
    /// An empty platform that trusts the signer's keys.
    #[must_use]
    pub fn new(signer: &MemorySigner, clock: VirtualClock, faults: Faults) -> Self {
        let inner = Inner {
            keys: signer.public_keys(),
            burns: BTreeMap::new(),
            keys_used: BTreeMap::new(),
            posts: Vec::new(),
            late: Vec::new(),
            next: VecDeque::new(),
            always: Mode::Normal,
            feeds: BTreeMap::new(),
            refused: Vec::new(),
            executes: 0,
            takes_repeats: false,
            burns_grants: true,
        };
        Self { inner: Arc::new(Mutex::new(inner)), clock, faults, function: Arc::from("test") }
    }

    /// A handle whose calls are `function`'s, and subject to the faults aimed at it.
    #[must_use]
    pub fn as_function(&self, function: &str) -> Self {
        Self { function: Arc::from(function), ..self.clone() }
    }

    /// The next call behaves so; calls queue up.
    pub fn next(&self, mode: Mode) {
        self.lock().next.push_back(mode);
    }

    /// Every call that is not told otherwise behaves so from now on.
    pub fn always(&self, mode: Mode) {
        self.lock().always = mode;
    }

    /// From now on the platform takes the same text of an account again: what most platforms do.
    pub fn take_repeats(&self) {
        self.lock().takes_repeats = true;
    }

    /// Serves a feed under a URL.
    pub fn serve(&self, url: &str, feed: Feed) {
        self.lock().feeds.insert(url.to_owned(), feed);
    }

    /// What was posted, oldest first.
    #[must_use]
    pub fn posts(&self) -> Vec<Post> {
        let mut inner = self.lock();
        inner.settle_late(self.clock.now());
        inner.posts.clone()
    }

    /// What the write server knows of a grant.
    #[must_use]
    pub fn burn(&self, grant: &str) -> Option<Burn> {
        self.lock().burns.get(grant).cloned()
    }

    /// What the write server refused before it burnt anything: forged, expired, altered.
    #[must_use]
    pub fn refused(&self) -> Vec<Refusal> {
        self.lock().refused.clone()
    }

    /// How often `execute` reached the write server.
    #[must_use]
    pub fn executes(&self) -> u32 {
        self.lock().executes
    }

    /// Whether an answer is still under way.
    #[must_use]
    pub fn has_late_answers(&self) -> bool {
        !self.lock().late.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn mode(&mut self) -> Mode {
        self.next.pop_front().unwrap_or(self.always)
    }

    fn delay(&mut self, call: &WriteCall, now: Timestamp, by: Duration) {
        let by_ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX / 2);
        self.late.push(Late { due_ms: now.as_millisecond() + by_ms, call: call.clone() });
    }

    /// Lets calls that were slow come back, whoever has given up on them.
    fn settle_late(&mut self, now: Timestamp) {
        let is_due = |late: &Late| late.due_ms <= now.as_millisecond();
        let (due, late) = std::mem::take(&mut self.late).into_iter().partition::<Vec<_>, _>(is_due);
        self.late = late;
        for Late { call, .. } in due {
            self.post_and_store(&call, now);
        }
    }
}
