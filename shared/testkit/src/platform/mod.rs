//! A platform to post on, with the write server in front of it, and feeds to read.
//!
//! What it has posted is the oracle of every test: no row of the house can say that something was published, only this.

mod heard;
mod media;
mod server;
mod tools;
mod upstream;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chimera_domain::ports::{Burn, Clock as _, WriteCall};
use chimera_domain::{AgentId, CampaignId, Digest, EffectId, Refusal, TenantId, Timestamp};
use ed25519_dalek::VerifyingKey;
use uuid::Uuid;

pub use media::PostedMedium;

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
    /// The platform takes no more for now, and says after how many seconds it will.
    Limited(u32),
}

/// One post as the platform has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Whose.
    pub tenant: TenantId,
    /// The platform's id.
    pub post_id: String,
    /// Whose account.
    pub account: AgentId,
    /// What it says.
    pub text: String,
    /// What it answers, if it is a reply.
    pub in_reply_to: Option<String>,
    /// Whether it is labelled as paid for.
    pub paid_partnership: bool,
    /// The pictures that it carries, as they were uploaded.
    pub media: Vec<PostedMedium>,
    /// Digest of the granted arguments.
    pub arguments: Digest,
    /// The effect whose grant it was posted under, with its campaign; none where the account's owner posted it by hand.
    pub effect: Option<(CampaignId, EffectId)>,
    /// The key it was posted under.
    pub idempotency_key: Uuid,
    /// When.
    pub created_at: Timestamp,
}

/// The deletion of a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// The post as it was.
    pub post: Post,
    /// The effect whose grant it was deleted under, with its campaign; none where the account's owner did it by hand.
    pub effect: Option<(CampaignId, EffectId)>,
    /// When.
    pub at: Timestamp,
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
    burns: BTreeMap<(TenantId, String), Burn>,
    keys_used: BTreeMap<(TenantId, Uuid), String>,
    posts: Vec<Post>,
    deletions: Vec<Deletion>,
    late: Vec<Late>,
    next: VecDeque<Mode>,
    always: Mode,
    feeds: BTreeMap<String, Feed>,
    refused: Vec<Refusal>,
    executes: u32,
    takes_repeats: bool,
    burns_grants: bool,
    hides_keys: bool,
    mentions: Vec<heard::Mention>,
    reports: Vec<heard::Report>,
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
            deletions: Vec::new(),
            late: Vec::new(),
            next: VecDeque::new(),
            always: Mode::Normal,
            feeds: BTreeMap::new(),
            refused: Vec::new(),
            executes: 0,
            takes_repeats: false,
            burns_grants: true,
            hides_keys: false,
            mentions: Vec::new(),
            reports: Vec::new(),
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

    /// From now on the platform tells nobody the keys that posts were made with: what most platforms do.
    pub fn hide_keys(&self) {
        self.lock().hides_keys = true;
    }

    /// Somebody posts on the account by other means than ours, under a key of their own; the post's id.
    pub fn post_by_hand(&self, tenant: &TenantId, account: &AgentId, text: &str) -> String {
        let now = self.clock.now();
        self.lock().post_by_hand(tenant, account, text, now)
    }

    /// The account's owner deletes a post by hand.
    pub fn delete_by_hand(&self, post_id: &str) {
        let now = self.clock.now();
        self.lock().delete(post_id, None, now);
    }

    /// Serves a feed under a URL.
    pub fn serve(&self, url: &str, feed: Feed) {
        self.lock().feeds.insert(url.to_owned(), feed);
    }

    /// What was posted and is still there, of every tenant, oldest first. Replies are posts.
    #[must_use]
    pub fn posts(&self) -> Vec<Post> {
        let mut inner = self.lock();
        inner.settle_late(self.clock.now());
        inner.visible().cloned().collect()
    }

    /// The same of one tenant.
    #[must_use]
    pub fn posts_of(&self, tenant: &TenantId) -> Vec<Post> {
        self.posts().into_iter().filter(|post| post.tenant == *tenant).collect()
    }

    /// Every post that ever was there, deleted ones among them, oldest first.
    #[must_use]
    pub fn ever_posted(&self) -> Vec<Post> {
        let mut inner = self.lock();
        inner.settle_late(self.clock.now());
        inner.posts.clone()
    }

    /// What was deleted, in that order.
    #[must_use]
    pub fn deleted(&self) -> Vec<Deletion> {
        let mut inner = self.lock();
        inner.settle_late(self.clock.now());
        inner.deletions.clone()
    }

    /// What the write server knows of a grant, by its id alone: ids of grants do not repeat.
    #[must_use]
    pub fn burn(&self, grant: &str) -> Option<Burn> {
        self.lock().burns.iter().find(|((_, id), _)| id == grant).map(|(_, burn)| burn.clone())
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
            self.act_and_store(&call, now);
        }
    }
}
