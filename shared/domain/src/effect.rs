//! An effect: an approved intent, attempted once.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::transition::status;
use crate::{
    AgentId, Bucket, CampaignId, Digest, EffectId, Flag, Intent, Money, Reservation, ReviewId, SignedGrant,
    TaskId, TenantId, limits,
};

status! {
    /// Where an effect stands (design §8).
    EffectStatus ("effect") {
        /// Approved; waits for the publisher.
        Approved = "approved",
        /// Claimed: the call may be under way.
        Dispatching = "dispatching",
        /// It happened.
        Done = "done",
        /// It did not happen and will not.
        Failed = "failed",
        /// Nobody knows yet whether it happened.
        Unconfirmed = "unconfirmed",
        /// Its grant is void or stale: the Judge looks again.
        Rejudge = "rejudge",
        /// The second look raised something new: a human is asked.
        Held = "held",
        /// A re-plan no longer wants it; the publisher voids it.
        Withdrawn = "withdrawn",
        /// It never happened and never can.
        Void = "void",
    }
    /// What may happen to an effect.
    EffectEvent {
        /// The publisher takes it.
        Claim = "be claimed": { Approved => Dispatching },
        /// The call provably never left.
        Unsent = "be put back": { Dispatching => Approved },
        /// The tool says it happened, now or later.
        Confirm = "be confirmed": { Dispatching => Done, Unconfirmed => Done, Void => Done, Failed => Done, Rejudge => Done },
        /// The tool refused for good.
        Refuse = "be refused": { Dispatching => Failed, Unconfirmed => Failed },
        /// The outcome is unknown.
        Lose = "lose its outcome": { Dispatching => Unconfirmed },
        /// The grant is proved void, or too old to use.
        Rejudge = "be judged again": { Approved => Rejudge, Unconfirmed => Rejudge, Dispatching => Rejudge },
        /// The Judge signs again.
        Reapprove = "be approved again": { Rejudge => Approved, Held => Approved },
        /// The Judge asks a human.
        Hold = "be held": { Rejudge => Held },
        /// A re-plan drops it before it was claimed.
        Withdraw = "be withdrawn": { Approved => Withdrawn, Rejudge => Withdrawn, Held => Withdrawn },
        /// It is over without having happened.
        Void = "be voided": { Approved => Void, Withdrawn => Void, Rejudge => Void, Held => Void, Unconfirmed => Void },
    }
}

impl EffectStatus {
    /// Whether nothing more is called for.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Void)
    }
}

/// The publisher's hold on an effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The claim's id.
    pub id: Uuid,
    /// Until when its call may still be under way: longer than the publisher's and the write server's timeouts.
    pub lease_until: Timestamp,
}

/// What the world answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The platform's id of what was made.
    pub external_id: String,
    /// Where it can be seen, if anywhere.
    pub url: Option<String>,
    /// What it cost.
    pub cost: Money,
}

/// Why the platform refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// Short stable word, see `docs/ERRORS.md`.
    pub code: String,
    /// For people.
    pub message: String,
    /// Whether a new grant may do better, such as after a rate limit.
    pub retryable: bool,
}

impl Refusal {
    /// The code of an effect of which nobody ever said whether it happened.
    pub const UNCONFIRMED: &'static str = "unconfirmed";

    /// Whether what was refused may have happened all the same.
    #[must_use]
    pub fn leaves_open(&self) -> bool {
        self.code == Self::UNCONFIRMED
    }
}

/// An effect (row `EFFECT#<id>`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// Whose.
    pub tenant: TenantId,
    /// Which campaign.
    pub campaign: CampaignId,
    /// Its id.
    pub id: EffectId,
    /// Who acts.
    pub agent: AgentId,
    /// The task it came from.
    pub task: TaskId,
    /// That task's attempt.
    pub attempt: u32,
    /// Where it stands.
    pub status: EffectStatus,
    /// Exactly what is done.
    pub intent: Intent,
    /// Its digest.
    pub digest: Digest,
    /// The present grant.
    pub grant: SignedGrant,
    /// Key the platform de-duplicates on, made at approval.
    pub idempotency_key: Uuid,
    /// Flags seen when it was approved.
    pub flags: BTreeSet<Flag>,
    /// The review whose decision approved it, if a human did.
    pub review: Option<ReviewId>,
    /// Money reserved for it.
    pub reservation: Reservation,
    /// Uniqueness keys it holds.
    pub unique: Vec<String>,
    /// How often the Judge signed again, for whatever reason.
    pub rejudged: u32,
    /// Grants of it that were proved void or definitely refused after a claim: bounded, where waiting is not.
    #[serde(default)]
    pub struck: u32,
    /// Not before this; set by pacing, quiet hours and back-off.
    pub not_before: Option<Timestamp>,
    /// When the clock looks at it next.
    pub due_at: Option<Timestamp>,
    /// The publisher's hold.
    pub claim: Option<Claim>,
    /// Read-backs done while unconfirmed.
    pub read_backs: u32,
    /// Unsent claims so far, for the back-off.
    pub unsent: u32,
    /// A human was asked whether it happened.
    pub asked: Option<ReviewId>,
    /// What came of it.
    pub outcome: Option<Outcome>,
    /// Why it was refused.
    pub refusal: Option<Refusal>,
    /// When it was approved.
    pub approved_at: Timestamp,
    /// When it became final.
    pub ended_at: Option<Timestamp>,
    /// What it may cost at most.
    pub max_cost: Money,
    /// The UTC day of its first approval, which places it in its agent's history.
    pub history_day: String,
    /// The effect that it takes back, if it does.
    #[serde(default)]
    pub undoes: Option<EffectId>,
}

/// What an approval says beside its grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approving {
    /// The task it came from.
    pub task: TaskId,
    /// That task's attempt.
    pub attempt: u32,
    /// Exactly what is done.
    pub intent: Intent,
    /// Key the platform de-duplicates on.
    pub idempotency_key: Uuid,
    /// Flags seen.
    pub flags: BTreeSet<Flag>,
    /// The review whose decision approved it, if a human did.
    pub review: Option<ReviewId>,
    /// Uniqueness keys it takes.
    pub unique: Vec<String>,
    /// Where its money counts.
    pub buckets: Vec<Bucket>,
    /// The effect that it takes back, if it does.
    pub undoes: Option<EffectId>,
}

impl Effect {
    /// An effect as its first approval makes it, its money not yet set aside.
    #[must_use]
    pub fn approved(grant: SignedGrant, approving: Approving, now: Timestamp) -> Self {
        let Approving { task, attempt, intent, idempotency_key, flags, review, unique, buckets, undoes } =
            approving;
        let (of, day) = (&grant.grant, Bucket::day(now));
        Self {
            tenant: of.tenant.clone(),
            campaign: of.campaign.clone(),
            id: of.effect.clone(),
            agent: of.agent.clone(),
            max_cost: of.max_cost,
            reservation: Reservation { number: 1, amount: of.max_cost, day: day.clone(), buckets },
            status: EffectStatus::Approved,
            digest: intent.digest(),
            rejudged: 0,
            struck: 0,
            not_before: None,
            due_at: Some(now + limits::FOLLOW_UP_AFTER),
            claim: None,
            read_backs: 0,
            unsent: 0,
            asked: None,
            outcome: None,
            refusal: None,
            approved_at: now,
            ended_at: None,
            history_day: day,
            task,
            attempt,
            intent,
            grant,
            idempotency_key,
            flags,
            review,
            unique,
            undoes,
        }
    }

    /// Whether it is over without having happened, as far as anybody can know.
    #[must_use]
    pub fn never_happened(&self) -> bool {
        let may_be_there = self.refusal.as_ref().is_some_and(Refusal::leaves_open);
        matches!(self.status, EffectStatus::Failed | EffectStatus::Void) && !may_be_there
    }
}
