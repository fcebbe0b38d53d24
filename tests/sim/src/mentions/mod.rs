//! How long somebody who asks an agent what it is waits for an answer, on the world's clock, with the latencies that AWS and
//! others have published.
//!
//! Perception, planner, dispatcher, worker, Judge and publisher are the real ones. `latency.rs` says what each hop takes
//! and where that is published, `timed.rs` puts it behind every port, and `run.rs` hands what is there to as many invocations
//! as `template.yaml` allows each event source at first.

mod latency;
mod run;
mod swarm;
mod timed;
mod voices;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use chimera_domain::ports::{Clock as _, StateWriter as _};
use chimera_domain::{
    Agent, AgentId, Campaign, CampaignId, Confidence, Priority, Row, Seen, StoreError, Task, TaskKind,
    TaskStatus, Thresholds, Timestamp, Transaction, Watch, WriterId,
};
use chimera_policy::honesty::discloses;
use chimera_testkit::builders::{FEED, a_campaign, a_policy, a_policy_row, a_tenant, an_agent, cents};
use chimera_testkit::{Feed, Post, Queue};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use run::Runner;
use swarm::Swarm;
use voices::Voice;

/// How long the world may take to be full of work, and to answer what was asked last.
const PATIENCE: Duration = Duration::from_secs(20 * 60);
/// Longer than any trial.
const WATCHES_S: u32 = 24 * 60 * 60;

/// One run; the same for the same values.
#[derive(Debug, Clone)]
pub struct MentionTrial {
    /// What everything is drawn from.
    pub seed: u64,
    /// Campaigns, each of an agent of its own.
    pub campaigns: usize,
    /// Mentions, dealt round the agents.
    pub mentions: usize,
    /// Ordinary tasks that wait when the first mention comes, dealt round the campaigns.
    pub waiting: usize,
    /// Over how long the mentions come.
    pub stretch: Duration,
    /// `PerceptionSeconds`: how long after one look at the world for an agent the next one is due.
    pub look: Duration,
    /// Invocations of the worker for ordinary tasks at the same time.
    pub workers: usize,
    /// Confidence from which an answer goes out without a human. Those to the same question resemble each other, and under
    /// the standard policy an agent's later ones wait for somebody who says that this is well.
    pub approve_from: Confidence,
}

/// Waits, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waits {
    /// Half of them are no longer.
    pub p50: i64,
    /// Ninety-nine of a hundred are no longer.
    pub p99: i64,
    /// None is longer.
    pub max: i64,
}

impl Waits {
    fn of(mut waits: Vec<i64>) -> Self {
        waits.sort_unstable();
        let at = |share: usize| {
            let at = (waits.len() * share).div_ceil(100).saturating_sub(1);
            waits.get(at).copied().unwrap_or_default()
        };
        Self { p50: at(50), p99: at(99), max: at(100) }
    }
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p50 {} ms, p99 {} ms, max {} ms", self.p50, self.p99, self.max)
    }
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MentionReport {
    /// Mentions that were said.
    pub mentions: usize,
    /// Those of them that have an answer on the platform.
    pub answered: usize,
    /// Answers that say plainly what the agent is.
    pub disclosed: usize,
    /// Mentions that were answered more than once.
    pub twice: usize,
    /// Answers whose task went through the queue for what comes first.
    pub first: usize,
    /// Ordinary tasks that waited when the first and when the last mention was said.
    pub waiting: (usize, usize),
    /// Answers that wait for a human.
    pub held: usize,
    /// Questions that were put to the model at the same time, at most.
    pub at_once: usize,
    /// From when it was said on the platform to when the answer stood there.
    pub from_said: Waits,
    /// From when it was perceived to when the answer stood there.
    pub from_heard: Waits,
}

impl MentionReport {
    /// Whether every mention was answered once, honestly, and through the queue for what comes first.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let all = [self.answered, self.disclosed, self.first];
        self.mentions > 0 && self.twice == 0 && all.iter().all(|count| *count == self.mentions)
    }
}

/// Lets ordinary work pile up, has people ask, and waits until they are answered.
///
/// # Errors
/// [`StoreError`] when the world cannot be set up.
pub async fn mention_trial(trial: &MentionTrial) -> Result<MentionReport, StoreError> {
    let swarm = Swarm::new(trial.seed, trial.look);
    let agents = set_up(&swarm, trial).await?;
    let mut runner = Runner::new(&swarm);
    fill(&swarm, &mut runner, trial).await;
    let asked = ask(&swarm, trial, &agents);
    runner.let_go(Queue::Task, trial.workers);
    let first = swarm.cloud.waiting(Queue::Task);
    let (start_ms, stretch_ms) = (swarm.clock.now_ms(), millis(trial.stretch));
    let is_answered = |swarm: &Swarm| answers(swarm).len() >= trial.mentions;
    runner.run_until(start_ms + stretch_ms, |_| false).await;
    let last = swarm.cloud.waiting(Queue::Task);
    runner.run_until(start_ms + stretch_ms + millis(PATIENCE), is_answered).await;
    Ok(report(&swarm, &asked, (first, last), runner.handed.get(&Queue::TaskHigh).copied().unwrap_or(0)))
}

/// A policy under which people are answered, and each campaign with its agent and what that agent watches.
async fn set_up(swarm: &Swarm, trial: &MentionTrial) -> Result<Vec<AgentId>, StoreError> {
    let mut policy = a_policy();
    policy.topics.clear();
    policy.ai_replies_approved = true;
    policy.caps.per_agent_day = Some(cents(1_000_000));
    let Thresholds { hold, .. } = policy.thresholds;
    policy.thresholds = Thresholds { approve: trial.approve_from, hold: hold.min(trial.approve_from) };
    swarm.cloud.force(a_policy_row(policy))?;
    let posts = trial.waiting.div_ceil(trial.campaigns.max(1));
    swarm.platform.serve(FEED, Feed::gazette(posts));
    let mut agents = Vec::new();
    for nth in 1..=trial.campaigns {
        let defect = |error: chimera_domain::InvalidId| StoreError::Unavailable(error.into());
        let agent = AgentId::new(format!("mira-{nth}")).map_err(defect)?;
        let id = CampaignId::new(format!("c-{nth}")).map_err(defect)?;
        swarm.cloud.force(Agent { id: agent.clone(), ..an_agent() })?;
        let campaign = campaign(nth, &id, &agent, posts, swarm.clock.now(), trial);
        let watch = Watch::new(a_tenant(), agent.clone()).for_campaign(id, swarm.clock.now());
        let accepted =
            Transaction::by(WriterId::new(format!("request-{nth}"))).insert(campaign)?.insert(watch)?;
        swarm.cloud.as_function("api").write(&accepted).await?;
        agents.push(agent);
    }
    Ok(agents)
}

fn campaign(
    nth: usize,
    id: &CampaignId,
    agent: &AgentId,
    posts: usize,
    now: Timestamp,
    trial: &MentionTrial,
) -> Campaign {
    let posts = u32::try_from(posts).unwrap_or(u32::MAX);
    let mentions = u32::try_from(trial.mentions.div_ceil(trial.campaigns.max(1))).unwrap_or(u32::MAX);
    let seed = trial.seed.wrapping_mul(31).wrapping_add(u64::try_from(nth).unwrap_or(0));
    let asked = a_campaign().posts(posts).budget(1_000_000).seed(seed).reacts(mentions, 0);
    let mut campaign = Campaign { id: id.clone(), agent: agent.clone(), ..asked.accepted_at(now).build() };
    if let Some(react) = &mut campaign.brief.react {
        // What bears on the goal is another matter: here everybody is heard.
        (react.for_s, react.relevance_min) = (WATCHES_S, Confidence::ZERO);
    }
    campaign
}

/// Runs until the ordinary tasks wait: the sources are read, and nothing is written yet.
async fn fill(swarm: &Swarm, runner: &mut Runner<'_>, trial: &MentionTrial) {
    runner.hold_back(Queue::Task, trial.campaigns);
    let end_ms = swarm.clock.now_ms() + millis(PATIENCE);
    let is_full = |swarm: &Swarm| swarm.cloud.waiting(Queue::Task) >= trial.waiting;
    runner.run_until(end_ms, is_full).await;
}

/// Has people ask from now on, each agent in turn, at random times; by the platform's id.
fn ask(swarm: &Swarm, trial: &MentionTrial, agents: &[AgentId]) -> BTreeMap<String, Timestamp> {
    let mut rng = StdRng::seed_from_u64(trial.seed.wrapping_add(1));
    let mut times: Vec<u64> =
        (0..trial.mentions).map(|_| rng.random_range(0..=millis(trial.stretch).unsigned_abs())).collect();
    times.sort_unstable();
    let now = swarm.clock.now();
    let mut asked = BTreeMap::new();
    for ((id, after_ms), agent) in (1_000_u64..).zip(times).zip(agents.iter().cycle()) {
        let at = now + Duration::from_millis(after_ms);
        asked.insert(id.to_string(), at);
        swarm.voices.will_say(Voice { id, agent: agent.clone(), at });
    }
    asked
}

/// The answers on the platform, each with what it answers.
fn answers(swarm: &Swarm) -> Vec<(String, Post)> {
    let posts = swarm.platform.posts().into_iter();
    posts.filter_map(|post| Some((post.in_reply_to.clone()?, post))).collect()
}

fn report(
    swarm: &Swarm,
    asked: &BTreeMap<String, Timestamp>,
    waiting: (usize, usize),
    handed: usize,
) -> MentionReport {
    let heard = heard(swarm);
    let mut by_mention: BTreeMap<String, Vec<Post>> = BTreeMap::new();
    for (mention, post) in answers(swarm) {
        by_mention.entry(mention).or_default().push(post);
    }
    let since = |from: &BTreeMap<String, Timestamp>| -> Waits {
        let waits = by_mention.iter().filter_map(|(mention, posts)| {
            let until = posts.first()?.created_at;
            Some(until.as_millisecond() - from.get(mention)?.as_millisecond())
        });
        Waits::of(waits.collect())
    };
    let is_honest = |posts: &&Vec<Post>| posts.iter().all(|post| discloses(&post.text));
    let tasks = swarm.tasks();
    let count = |is_such: fn(&Task) -> bool| {
        tasks.iter().filter(|task| task.kind == TaskKind::Reply).filter(|task| is_such(task)).count()
    };
    MentionReport {
        mentions: asked.len(),
        answered: by_mention.keys().filter(|mention| asked.contains_key(*mention)).count(),
        disclosed: by_mention.values().filter(is_honest).count(),
        twice: by_mention.values().filter(|posts| posts.len() > 1).count(),
        first: count(|task| task.priority == Priority::High).min(handed),
        waiting,
        held: count(|task| task.status == TaskStatus::Held),
        at_once: swarm.model.most_at_once(),
        from_said: since(asked),
        from_heard: since(&heard),
    }
}

/// When each mention was perceived.
fn heard(swarm: &Swarm) -> BTreeMap<String, Timestamp> {
    let rows = swarm.cloud.rows().unwrap_or_default().into_iter();
    let signals = rows.filter_map(|stored| Row::into_signal(stored.row));
    signals
        .filter_map(|signal| match signal.seen {
            Seen::Mention { mention, .. } => Some((mention.id, signal.seen_at)),
            Seen::Trend { .. } => None,
        })
        .collect()
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 2)
}
