//! Rows as the tables hold them: keys, kinds, versions.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::{
    AgentId, Campaign, CampaignId, Digest, Effect, EffectId, Money, Payment, Persona, Plan, Policy, Review,
    ReviewId, ReviewStatus, Signal, SignalId, Task, TaskId, TenantId, Watch, WriterId,
};

/// Sort key of what an agent watches.
const WATCH: &str = "WATCH";

/// A row's address. The tenant is always part of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RowKey {
    /// Partition.
    pub pk: String,
    /// Sort key.
    pub sk: String,
}

impl RowKey {
    fn in_campaign(tenant: &TenantId, campaign: &CampaignId, sk: String) -> Self {
        Self { pk: Self::campaign_partition(tenant, campaign), sk }
    }

    /// The partition that holds all rows of a campaign.
    #[must_use]
    pub fn campaign_partition(tenant: &TenantId, campaign: &CampaignId) -> String {
        format!("T#{tenant}#C#{campaign}")
    }

    /// A campaign's own row.
    #[must_use]
    pub fn campaign(tenant: &TenantId, campaign: &CampaignId) -> Self {
        Self::in_campaign(tenant, campaign, "META".to_owned())
    }

    /// A plan version's row.
    #[must_use]
    pub fn plan(tenant: &TenantId, campaign: &CampaignId, number: u32) -> Self {
        Self::in_campaign(tenant, campaign, format!("PLAN#{number:05}"))
    }

    /// A task's row.
    #[must_use]
    pub fn task(tenant: &TenantId, campaign: &CampaignId, task: &TaskId) -> Self {
        Self::in_campaign(tenant, campaign, format!("TASK#{task}"))
    }

    /// A review's row.
    #[must_use]
    pub fn review(tenant: &TenantId, campaign: &CampaignId, review: &ReviewId) -> Self {
        Self::in_campaign(tenant, campaign, format!("REVIEW#{review}"))
    }

    /// A signal's row.
    #[must_use]
    pub fn signal(tenant: &TenantId, campaign: &CampaignId, signal: &SignalId) -> Self {
        Self::in_campaign(tenant, campaign, format!("SIGNAL#{signal}"))
    }

    /// An effect's row.
    #[must_use]
    pub fn effect(tenant: &TenantId, campaign: &CampaignId, effect: &EffectId) -> Self {
        Self::in_campaign(tenant, campaign, format!("EFFECT#{effect}"))
    }

    /// An agent's row.
    #[must_use]
    pub fn agent(tenant: &TenantId, agent: &AgentId) -> Self {
        Self { pk: format!("T#{tenant}#A#{agent}"), sk: "META".to_owned() }
    }

    /// The row of what an agent watches.
    #[must_use]
    pub fn watch(tenant: &TenantId, agent: &AgentId) -> Self {
        Self { pk: format!("T#{tenant}#A#{agent}"), sk: WATCH.to_owned() }
    }

    /// Whether it is the row of what some agent watches.
    #[must_use]
    pub fn is_watch(&self) -> bool {
        self.sk == WATCH
    }

    /// The row that says when an agent's account may act next.
    #[must_use]
    pub fn slot(tenant: &TenantId, agent: &AgentId) -> Self {
        Self { pk: format!("T#{tenant}#A#{agent}"), sk: "SLOT".to_owned() }
    }

    /// The row that keeps one text or one reply unique for an agent; `name` such as `TEXT#<digest>`.
    #[must_use]
    pub fn unique(tenant: &TenantId, agent: &AgentId, name: &str) -> Self {
        Self { pk: format!("T#{tenant}#A#{agent}"), sk: format!("UNIQUE#{name}") }
    }

    /// What an agent did on one UTC day (`YYYY-MM-DD`) by one effect.
    #[must_use]
    pub fn history(
        tenant: &TenantId,
        agent: &AgentId,
        day: &str,
        campaign: &CampaignId,
        effect: &EffectId,
    ) -> Self {
        Self { pk: format!("T#{tenant}#A#{agent}"), sk: format!("HISTORY#{day}#{campaign}#{effect}") }
    }

    /// Where the deeds of an agent on one UTC day begin.
    #[must_use]
    pub fn history_day(tenant: &TenantId, agent: &AgentId, day: &str) -> Self {
        Self { pk: format!("T#{tenant}#A#{agent}"), sk: format!("HISTORY#{day}") }
    }

    /// A tenant's policy row.
    #[must_use]
    pub fn policy(tenant: &TenantId) -> Self {
        Self { pk: format!("T#{tenant}#POLICY"), sk: "META".to_owned() }
    }

    /// The row that remembers an `Idempotency-Key`, by its digest.
    #[must_use]
    pub fn replay(tenant: &TenantId, key: &Digest) -> Self {
        Self { pk: format!("T#{tenant}#REPLAY"), sk: key.as_str().to_owned() }
    }

    /// A dead letter's row: in its campaign where that could be read, else under `SYSTEM`.
    #[must_use]
    pub fn dead(owner: Option<(&TenantId, &CampaignId)>, id: &str) -> Self {
        Self {
            pk: owner.map_or_else(
                || "SYSTEM".to_owned(),
                |(tenant, campaign)| Self::campaign_partition(tenant, campaign),
            ),
            sk: format!("DEAD#{id}"),
        }
    }
}

/// An influencer: persona, under an id that campaigns name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Whose.
    pub tenant: TenantId,
    /// Its id.
    pub id: AgentId,
    /// Who it is.
    pub persona: Persona,
    /// When it was last put.
    pub put_at: Timestamp,
}

/// When an account may act next. Taken in the claim's own transaction, so that pace is a row, not a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacingSlot {
    /// Whose.
    pub tenant: TenantId,
    /// Whose account.
    pub agent: AgentId,
    /// Not before this.
    pub next_at: Timestamp,
}

/// Whether a uniqueness row is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UniqueState {
    /// By the effect it names.
    Taken,
    /// Its effect failed or was voided.
    Free,
}

/// One text, or one reply to one mention, of one agent. No such row is ever deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unique {
    /// Whose.
    pub tenant: TenantId,
    /// Whose account.
    pub agent: AgentId,
    /// What is unique.
    pub name: String,
    /// The campaign of the effect that holds it.
    pub campaign: CampaignId,
    /// The effect that holds it.
    pub effect: EffectId,
    /// Whether it does.
    pub status: UniqueState,
}

/// What an agent did by one effect, beside its other deeds by day: what novelty and the CFO compare with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// Whose.
    pub tenant: TenantId,
    /// Which agent.
    pub agent: AgentId,
    /// The UTC day of the approval, `YYYY-MM-DD`.
    pub day: String,
    /// The effect's campaign.
    pub campaign: CampaignId,
    /// The effect.
    pub effect: EffectId,
    /// When it was approved.
    pub at: Timestamp,
    /// What it published, if it did.
    pub text: Option<String>,
    /// What it paid, if it did.
    pub payment: Option<Payment>,
    /// What was reserved for it.
    pub cost: Money,
    /// Whether it counts: one that failed or was voided does not.
    pub status: UniqueState,
}

/// A remembered `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// Whose.
    pub tenant: TenantId,
    /// Digest of the `Idempotency-Key`.
    pub key: Digest,
    /// The campaign it made.
    pub campaign: CampaignId,
    /// Digest of the request's body.
    pub request: Digest,
}

/// A message that could not be handled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its id: the queue's message id, or a digest of a stream record.
    pub id: String,
    /// Whose, if body or owner attribute tell and the campaign is there; else it is nobody's.
    pub tenant: Option<TenantId>,
    /// Which campaign, under the same condition.
    pub campaign: Option<CampaignId>,
    /// Which task, if they tell and it is there.
    pub task: Option<TaskId>,
    /// Which queue or stream it came from.
    pub origin: String,
    /// Its body, cut at 64 KB.
    pub body: String,
    /// How long the whole body is.
    pub bytes: usize,
    /// Digest of the whole body.
    pub digest: Digest,
    /// Why, for people.
    pub reason: String,
    /// How often it was delivered as its queue counted, if it came from one.
    pub receives: Option<u32>,
    /// When it was found.
    pub at: Timestamp,
    /// When an operator sent its work again.
    pub redriven_at: Option<Timestamp>,
}

/// Every kind of row of the state table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Row {
    /// A campaign.
    Campaign(Box<Campaign>),
    /// A plan version.
    Plan(Box<Plan>),
    /// A task.
    Task(Box<Task>),
    /// A review.
    Review(Box<Review>),
    /// A signal.
    Signal(Box<Signal>),
    /// An effect.
    Effect(Box<Effect>),
    /// A dead letter.
    Dead(Box<DeadLetter>),
    /// An agent.
    Agent(Box<Agent>),
    /// A policy.
    Policy(PolicyRow),
    /// What an agent watches.
    Watch(Box<Watch>),
    /// An account's pace.
    Slot(PacingSlot),
    /// A uniqueness row.
    Unique(Unique),
    /// A deed of an agent.
    History(History),
    /// A remembered request.
    Replay(Replay),
}

/// A policy with the tenant it rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRow {
    /// Whose.
    pub tenant: TenantId,
    /// The rules.
    pub policy: Policy,
}

/// A row that cannot be read. A defect or foreign data: page.
#[derive(Debug, Error)]
pub enum RowError {
    /// Not what any version of Chimera writes.
    #[error("row {pk} {sk} cannot be read")]
    Unreadable {
        /// Its partition.
        pk: String,
        /// Its sort key.
        sk: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// No key, version or writer.
    #[error("a row without {0}")]
    Without(&'static str),
}

/// A row as it was read: with the version its next write must name and the writer that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored<R = Row> {
    /// The row.
    pub row: R,
    /// Raised by one with every write, from 1.
    pub version: u64,
    /// Who wrote this version.
    pub writer: WriterId,
}

impl Row {
    /// Where it is kept.
    #[must_use]
    pub fn key(&self) -> RowKey {
        match self {
            Self::Campaign(c) => RowKey::campaign(&c.tenant, &c.id),
            Self::Plan(p) => RowKey::plan(&p.tenant, &p.campaign, p.number),
            Self::Task(t) => RowKey::task(&t.tenant, &t.campaign, &t.id),
            Self::Review(r) => RowKey::review(&r.tenant, &r.campaign, &r.id),
            Self::Signal(s) => RowKey::signal(&s.tenant, &s.campaign, &s.id),
            Self::Effect(e) => RowKey::effect(&e.tenant, &e.campaign, &e.id),
            Self::Dead(d) => RowKey::dead(d.tenant.as_ref().zip(d.campaign.as_ref()), &d.id),
            Self::Agent(a) => RowKey::agent(&a.tenant, &a.id),
            Self::Policy(p) => RowKey::policy(&p.tenant),
            Self::Watch(w) => RowKey::watch(&w.tenant, &w.agent),
            Self::Slot(s) => RowKey::slot(&s.tenant, &s.agent),
            Self::Unique(u) => RowKey::unique(&u.tenant, &u.agent, &u.name),
            Self::History(h) => RowKey::history(&h.tenant, &h.agent, &h.day, &h.campaign, &h.effect),
            Self::Replay(r) => RowKey::replay(&r.tenant, &r.key),
        }
    }

    /// [F-5] When the clock must look at it, if it waits for time or progress.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        match self {
            Self::Campaign(c) => c.due_at,
            Self::Review(r) => r.due_at,
            Self::Effect(e) => e.due_at,
            Self::Watch(w) => w.due_at,
            _ => None,
        }
    }

    /// The list it appears in (`T#<tenant>#<kind>`) and its place there. Lists are read from the last place to the first:
    /// campaigns and dead letters are placed by their age, so that the newest come first; open reviews by their deadline
    /// counted backwards, so that the most urgent come first. Reviews leave the list when they are no longer open.
    #[must_use]
    pub fn listing(&self) -> Option<(String, String)> {
        match self {
            Self::Campaign(c) => {
                Some((format!("T#{}#campaigns", c.tenant), place(c.created_at, c.id.as_str())))
            }
            Self::Review(r) if r.status == ReviewStatus::Open => Some((
                format!("T#{}#reviews", r.tenant),
                place_backwards(r.due_at.unwrap_or(r.opened_at), &format!("{}#{}", r.campaign, r.id)),
            )),
            Self::Dead(d) => Some((
                d.tenant.as_ref().map_or_else(|| "SYSTEM#dead".to_owned(), |t| format!("T#{t}#dead")),
                place(d.at, &d.id),
            )),
            _ => None,
        }
    }

    /// The status by name, for rows that have one: what conditions across rows look at.
    #[must_use]
    pub fn status(&self) -> Option<&'static str> {
        match self {
            Self::Campaign(c) => Some(c.status.name()),
            Self::Plan(p) => Some(p.status.name()),
            Self::Task(t) => Some(t.status.name()),
            Self::Review(r) => Some(r.status.name()),
            Self::Effect(e) => Some(e.status.name()),
            Self::Signal(s) => Some(s.status.name()),
            _ => None,
        }
    }

    /// The stored form: the row's fields beside `pk`, `sk`, `version`, `writer` and the index columns `due`, `due_at_ms`,
    /// `listing`, `listed_at`.
    ///
    /// # Errors
    /// [`RowError::Unreadable`] when the row has no JSON form; a defect.
    pub fn to_item(&self, version: u64, writer: &WriterId) -> Result<Value, RowError> {
        let mut item = stored_form(self, &self.key())?;
        if let Some(fields) = item.as_object_mut() {
            if let Some(due_at) = self.due_at() {
                fields.insert("due".to_owned(), Value::from("due"));
                fields.insert("due_at_ms".to_owned(), Value::from(due_at.as_millisecond()));
            }
            if let Some((listing, listed_at)) = self.listing() {
                fields.insert("listing".to_owned(), Value::from(listing));
                fields.insert("listed_at".to_owned(), Value::from(listed_at));
            }
            fields.insert("version".to_owned(), Value::from(version));
            fields.insert("writer".to_owned(), Value::from(writer.as_str()));
        }
        Ok(item)
    }
}

/// The fields of what is kept under `key`, with the key beside them.
///
/// # Errors
/// [`RowError::Unreadable`] when it has no JSON form; a defect.
pub(crate) fn stored_form(value: &impl Serialize, key: &RowKey) -> Result<Value, RowError> {
    let mut item = serde_json::to_value(value).map_err(|source| RowError::Unreadable {
        pk: key.pk.clone(),
        sk: key.sk.clone(),
        source,
    })?;
    if let Some(fields) = item.as_object_mut() {
        // An absent value and a null are the same to a reader; a row is cheaper and clearer without nulls.
        fields.retain(|_, value| !value.is_null());
        fields.insert("pk".to_owned(), Value::from(key.pk.as_str()));
        fields.insert("sk".to_owned(), Value::from(key.sk.as_str()));
    }
    Ok(item)
}

/// Sortable text of a time and an id: digits of fixed width, so that text order is time order.
fn place(at: Timestamp, id: &str) -> String {
    format!("{:015}#{id}", at.as_millisecond())
}

/// The latest time that has a place: fifteen digits of milliseconds reach past the year 30,000.
const LAST_MS: i64 = 999_999_999_999_999;

/// The same, counted backwards from the latest time: text order is the reverse of time order. The id must be unique in
/// the list, not only beside others of one campaign.
fn place_backwards(at: Timestamp, id: &str) -> String {
    format!("{:015}#{id}", LAST_MS - at.as_millisecond().max(0))
}

impl Stored<Row> {
    /// Reads the stored form.
    ///
    /// # Errors
    /// [`RowError`] when it is none that Chimera writes.
    pub fn from_item(item: Value) -> Result<Self, RowError> {
        let text = |name: &'static str| item.get(name).and_then(Value::as_str).ok_or(RowError::Without(name));
        let (pk, sk) = (text("pk")?.to_owned(), text("sk")?.to_owned());
        let writer = WriterId::new(text("writer")?);
        let version = item.get("version").and_then(Value::as_u64).ok_or(RowError::Without("version"))?;
        let row = serde_json::from_value(item).map_err(|source| RowError::Unreadable { pk, sk, source })?;
        Ok(Self { row, version, writer })
    }

    /// The row as one kind, where it is that kind.
    pub fn narrow<R>(self, pick: impl FnOnce(Row) -> Option<R>) -> Option<Stored<R>> {
        let (version, writer) = (self.version, self.writer);
        pick(self.row).map(|row| Stored { row, version, writer })
    }
}

macro_rules! narrow {
    ($($(#[$doc:meta])* $name:ident => $variant:ident($kind:ty)),+ $(,)?) => {
        impl Row {
            $($(#[$doc])*
            #[must_use]
            pub fn $name(self) -> Option<$kind> {
                match self { Self::$variant(row) => Some(*Box::from(row)), _ => None }
            })+
        }
        $(impl From<$kind> for Row {
            fn from(row: $kind) -> Self { Self::$variant(row.into()) }
        })+
    };
}

narrow! {
    /// The campaign, if it is one.
    into_campaign => Campaign(Campaign),
    /// The plan, if it is one.
    into_plan => Plan(Plan),
    /// The task, if it is one.
    into_task => Task(Task),
    /// The review, if it is one.
    into_review => Review(Review),
    /// The signal, if it is one.
    into_signal => Signal(Signal),
    /// What is watched, if it is that.
    into_watch => Watch(Watch),
    /// The effect, if it is one.
    into_effect => Effect(Effect),
    /// The dead letter, if it is one.
    into_dead => Dead(DeadLetter),
    /// The agent, if it is one.
    into_agent => Agent(Agent),
    /// The deed, if it is one.
    into_history => History(History),
    /// The policy, if it is one.
    into_policy => Policy(PolicyRow),
    /// The pacing slot, if it is one.
    into_slot => Slot(PacingSlot),
    /// The uniqueness row, if it is one.
    into_unique => Unique(Unique),
    /// The remembered request, if it is one.
    into_replay => Replay(Replay),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_sort_by_time_and_backwards_against_it() {
        let times = [0, 1, 999, 1_000_000_000_000, 253_000_000_000_000];
        let times: Vec<Timestamp> =
            times.into_iter().map(|ms| Timestamp::from_millisecond(ms).unwrap()).collect();
        let forwards: Vec<String> = times.iter().map(|at| place(*at, "x")).collect();
        let backwards: Vec<String> = times.iter().map(|at| place_backwards(*at, "x")).collect();
        assert!(forwards.is_sorted(), "{forwards:?}");
        assert!(backwards.iter().rev().is_sorted(), "{backwards:?}");
        assert!(forwards.iter().chain(&backwards).all(|place| place.len() == "000000000000000#x".len()));
    }
}
