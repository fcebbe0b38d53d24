//! The world: what it holds, and what one may look at.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chimera_domain::{
    Agent, Bucket, Campaign, CampaignStatus, Effect, EffectStatus, LedgerEntry, Plan, Policy, Review,
    ReviewStatus, Row, Signal, Stored, Table, Task, TaskStatus, TenantId, Watch,
};
use chimera_testkit::builders::{FEED, a_policy, a_tenant, an_agent};
use chimera_testkit::{
    Faults, Feed, MemoryCloud, MemorySigner, Post, Queue, RecordingNotifier, SandboxPlatform, SeededIds,
    VirtualClock,
};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::functions::Functions;
use crate::outside::{Memories, Others, Outside, Studio, Wallet};
use crate::workers::{PacedModel, WorkTimes};

/// What the loop remembers between runs.
pub(crate) struct Pace {
    pub(crate) rng: StdRng,
    pub(crate) next_tick_ms: i64,
    /// Streams, workflows and dead letters that failed come again at this time.
    pub(crate) blocked_until_ms: BTreeMap<String, i64>,
}

/// The whole swarm over memory adapters. Dropping it fails the test when a message is left on a queue.
pub struct SwarmWorld {
    /// Tables, queues, streams, workflows.
    pub cloud: MemoryCloud,
    /// Where posts go, and the feeds.
    pub platform: SandboxPlatform,
    /// The server of the agents' wallets.
    pub wallet: Wallet,
    /// The server that makes pictures and keeps them.
    pub studio: Studio,
    /// The server of what agents remember.
    pub memories: Memories,
    /// Somebody else's servers, which a brief may name.
    pub others: Others,
    /// The time.
    pub clock: VirtualClock,
    /// What goes wrong.
    pub faults: Faults,
    /// Who was told of what.
    pub notifier: RecordingNotifier,
    /// Ids, shared by all functions and the operator.
    pub ids: SeededIds,
    pub(crate) functions: Functions,
    pub(crate) outside: Outside,
    pub(crate) pace: Mutex<Pace>,
    pub(crate) policy: Mutex<Policy>,
    pub(crate) work_times: PacedModel,
    is_abandoned: bool,
}

impl SwarmWorld {
    /// A world with an agent, the standard policy and a feed about small tools, in which nothing goes wrong.
    #[must_use]
    pub fn new() -> Self {
        Self::with(1, Faults::none())
    }

    /// The same under these faults; everything left to chance comes from `seed`.
    #[must_use]
    pub fn with(seed: u64, faults: Faults) -> Self {
        Self::over(seed, faults, |outside, _, _| outside)
    }

    /// The same whose posts go to our own server of posts, as it is deployed; the stand-in still serves the feeds.
    pub(crate) fn on_our_posts(seed: u64, faults: Faults) -> Self {
        Self::over(seed, faults, Outside::on_our_posts)
    }

    fn over(
        seed: u64,
        faults: Faults,
        change: impl FnOnce(Outside, &MemorySigner, &VirtualClock) -> Outside,
    ) -> Self {
        let clock = VirtualClock::default();
        let ids = SeededIds::new(seed);
        let signer = MemorySigner::default();
        let cloud = MemoryCloud::new(clock.clone(), faults.clone());
        let platform = SandboxPlatform::new(&signer, clock.clone(), faults.clone());
        let notifier = RecordingNotifier::default();
        let work_times = PacedModel::new(clock.clone());
        let outside = change(Outside::new(platform, &signer, &clock, faults.clone()), &signer, &clock);
        let functions =
            Functions::over(&cloud, &outside, signer, &clock, &ids, &notifier, work_times.clone());
        let pace = Pace {
            rng: StdRng::seed_from_u64(seed),
            next_tick_ms: clock.now_ms(),
            blocked_until_ms: BTreeMap::new(),
        };
        let world = Self {
            cloud,
            platform: outside.platform.clone(),
            wallet: outside.wallet.clone(),
            studio: outside.studio.clone(),
            memories: outside.memories.clone(),
            others: outside.others.clone(),
            clock,
            faults,
            notifier,
            ids,
            functions,
            outside,
            pace: Mutex::new(pace),
            policy: Mutex::new(a_policy()),
            work_times,
            is_abandoned: false,
        };
        world.platform.serve(FEED, Feed::small_tools());
        world.put_agent(an_agent());
        world
    }

    /// From now on workers need time; run it with [`SwarmWorld::run_with_workers`].
    pub fn work_takes(&self, times: WorkTimes) {
        self.work_times.take(times);
    }

    /// From now on each answer of a worker's model costs this, in cents.
    pub fn answers_cost(&self, minor: i64) {
        self.work_times.cost(minor);
    }

    /// Puts an agent.
    pub fn put_agent(&self, agent: Agent) {
        self.force(agent);
    }

    /// What was published and is still there, oldest first: the platform's word, not ours.
    #[must_use]
    pub fn published(&self) -> Vec<Post> {
        self.platform.posts()
    }

    /// What was ever published, deleted or not, oldest first.
    #[must_use]
    pub fn ever_published(&self) -> Vec<Post> {
        self.platform.ever_posted()
    }

    /// The texts of what was published, sorted.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        let mut texts: Vec<String> = self.published().into_iter().map(|post| post.text).collect();
        texts.sort();
        texts
    }

    /// Every campaign.
    #[must_use]
    pub fn campaigns(&self) -> Vec<Campaign> {
        self.rows(Row::into_campaign).into_iter().map(|stored| stored.row).collect()
    }

    /// The status of the first campaign.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn status(&self) -> CampaignStatus {
        let first = self.campaigns().into_iter().next();
        assert!(first.is_some(), "no campaign was started");
        first.map_or(CampaignStatus::Planning, |campaign| campaign.status)
    }

    /// Every task.
    #[must_use]
    pub fn tasks(&self) -> Vec<Task> {
        self.rows(Row::into_task).into_iter().map(|stored| stored.row).collect()
    }

    /// The tasks in this status.
    #[must_use]
    pub fn tasks_in(&self, status: TaskStatus) -> Vec<Task> {
        self.tasks().into_iter().filter(|task| task.status == status).collect()
    }

    /// Every effect.
    #[must_use]
    pub fn effects(&self) -> Vec<Effect> {
        self.rows(Row::into_effect).into_iter().map(|stored| stored.row).collect()
    }

    /// The effects in this status.
    #[must_use]
    pub fn effects_in(&self, status: EffectStatus) -> Vec<Effect> {
        self.effects().into_iter().filter(|effect| effect.status == status).collect()
    }

    /// Every plan version.
    #[must_use]
    pub fn plans(&self) -> Vec<Plan> {
        self.rows(Row::into_plan).into_iter().map(|stored| stored.row).collect()
    }

    /// What agents watch.
    #[must_use]
    pub fn watches(&self) -> Vec<Watch> {
        self.rows(Row::into_watch).into_iter().map(|stored| stored.row).collect()
    }

    /// Every signal.
    #[must_use]
    pub fn signals(&self) -> Vec<Signal> {
        self.rows(Row::into_signal).into_iter().map(|stored| stored.row).collect()
    }

    /// Every review.
    #[must_use]
    pub fn reviews(&self) -> Vec<Review> {
        self.rows(Row::into_review).into_iter().map(|stored| stored.row).collect()
    }

    /// The reviews that wait for a human, as they are now.
    #[must_use]
    pub fn open_reviews(&self) -> Vec<Stored<Review>> {
        let reviews = self.rows(Row::into_review).into_iter();
        reviews.filter(|stored| stored.row.status == ReviewStatus::Open).collect()
    }

    /// Every ledger entry.
    #[must_use]
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        let items = self.cloud.items(Table::Ledger).into_iter();
        items.filter_map(|(_, item)| serde_json::from_value(item).ok()).collect()
    }

    /// Every ledger entry of a tenant.
    #[must_use]
    pub fn ledger_of(&self, tenant: &TenantId) -> Vec<LedgerEntry> {
        let own = format!("T#{tenant}#");
        let items = self.cloud.items(Table::Ledger).into_iter().filter(|(key, _)| key.pk.starts_with(&own));
        items.filter_map(|(_, item)| serde_json::from_value(item).ok()).collect()
    }

    /// What is reserved and spent in a bucket, in minor units.
    #[must_use]
    pub fn used(&self, tenant: &TenantId, bucket: &Bucket) -> i64 {
        let key = bucket.key(tenant);
        let items = self.cloud.items(Table::Ledger).into_iter();
        let item = items.into_iter().find(|(found, _)| *found == key).map(|(_, item)| item);
        item.and_then(|item| item.get("used").and_then(serde_json::Value::as_i64)).unwrap_or(0)
    }

    /// What is reserved and spent for the first campaign, in minor units.
    #[must_use]
    pub fn campaign_used(&self) -> i64 {
        let first = self.campaigns().into_iter().next();
        first.map_or(0, |campaign| self.used(&a_tenant(), &Bucket::Campaign { campaign: campaign.id }))
    }

    /// Dead letters' rows.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<chimera_domain::DeadLetter> {
        self.rows(Row::into_dead).into_iter().map(|stored| stored.row).collect()
    }

    /// One line per event, for tests that fail.
    #[must_use]
    pub fn story(&self) -> String {
        self.cloud.story()
    }

    /// The test ends here whatever is left on the queues.
    pub fn abandon(mut self) {
        self.is_abandoned = true;
    }

    /// The rows of one kind.
    pub(crate) fn rows<R>(&self, pick: impl Fn(Row) -> Option<R>) -> Vec<Stored<R>> {
        let rows = self.cloud.rows();
        assert!(rows.is_ok(), "a row cannot be read: {:?}", rows.err());
        rows.into_iter().flatten().filter_map(|stored| stored.narrow(&pick)).collect()
    }

    /// Puts a row as it is, whatever was there.
    pub fn force(&self, row: impl Into<Row>) {
        let forced = self.cloud.force(row);
        assert!(forced.is_ok(), "a row has no stored form: {:?}", forced.err());
    }

    pub(crate) fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for SwarmWorld {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for SwarmWorld {
    fn drop(&mut self) {
        if self.is_abandoned || std::thread::panicking() {
            return;
        }
        for queue in Queue::ALL {
            let left = self.cloud.waiting(queue) + self.cloud.dead_letters(queue);
            assert!(left == 0, "{left} message(s) left on {}\n{}", queue.name(), self.story());
        }
    }
}
