//! What waits for a human, and the decisions about it.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::transition::status;
use crate::{
    CampaignId, Digest, EffectId, Flag, IllegalTransition, Intent, Money, OperatorId, ResultId, ReviewId,
    RowKey, Rung, TaskId, TenantId, Usage, Verdict, WorkOutcome,
};

status! {
    /// Where a review stands.
    ReviewStatus ("review") {
        /// Waits for a human.
        Open = "open",
        /// A human decided; the Judge has yet to act on it.
        Decided = "decided",
        /// The last deadline passed: denied.
        Expired = "expired",
        /// The plan moved on; nobody need answer.
        Superseded = "superseded",
        /// The Judge has acted on the decision.
        Closed = "closed",
    }
    /// What may happen to a review.
    ReviewEvent {
        /// A reviewer decides.
        Decide = "be decided": { Open => Decided },
        /// Nobody answered.
        Expire = "expire": { Open => Expired },
        /// A re-plan or cancel makes it moot.
        Supersede = "be superseded": { Open => Superseded, Decided => Superseded },
        /// The Judge acted on the decision.
        Close = "be closed": { Decided => Closed },
    }
}

/// What a reviewer may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// As it is.
    Approve,
    /// With another text, which is judged again.
    Edit,
    /// Not at all; counts as a try.
    Reject,
    /// A comment for the planner, who tries again.
    Respond,
}

impl DecisionKind {
    /// As API and rows spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Edit => "edit",
            Self::Reject => "reject",
            Self::Respond => "respond",
        }
    }
}

/// A reviewer's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What.
    pub kind: DecisionKind,
    /// Digest of what the reviewer saw.
    pub digest: Digest,
    /// Who, from the verified token.
    pub reviewer: OperatorId,
    /// Why; required to reject and respond.
    pub comment: Option<String>,
    /// The new text of an edit.
    pub text: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// A decision's row in its own table, which only the `api` may write: the authority behind a review's status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionRow {
    /// Whose.
    pub tenant: TenantId,
    /// Which campaign.
    pub campaign: CampaignId,
    /// Which review.
    pub review: ReviewId,
    /// The answer.
    pub decision: Decision,
}

impl DecisionRow {
    /// Where the decision on a review is. One key per review: one decision wins.
    #[must_use]
    pub fn key(tenant: &TenantId, campaign: &CampaignId, review: &ReviewId) -> RowKey {
        RowKey { pk: format!("T#{tenant}#C#{campaign}"), sk: format!("DECISION#{review}") }
    }
}

/// A Step Functions task token. Never printed, logged, shown or audited.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskToken(String);

impl TaskToken {
    /// Wraps a token.
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }

    /// The token itself, for `SendTaskSuccess` alone.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TaskToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TaskToken(…)")
    }
}

/// What a review is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "subject", rename_all = "snake_case")]
pub enum Subject {
    /// A task's result, held before it commits.
    Task {
        /// The task.
        task: TaskId,
        /// Its attempt.
        attempt: u32,
        /// The answer that is held.
        result: ResultId,
    },
    /// An approved effect whose second judgement raised something new.
    Rejudged {
        /// The effect.
        effect: EffectId,
        /// The task it came from.
        task: TaskId,
    },
    /// An effect of which nobody knows whether it happened: approve = it happened, reject = it did not.
    Unconfirmed {
        /// The effect.
        effect: EffectId,
        /// The task it came from.
        task: TaskId,
    },
    /// An effect that was published before anybody looked: approve = it stays, reject = it is taken back.
    Published {
        /// The effect.
        effect: EffectId,
        /// The task it came from.
        task: TaskId,
    },
}

impl Subject {
    /// The task behind it.
    #[must_use]
    pub fn task(&self) -> &TaskId {
        match self {
            Self::Task { task, .. }
            | Self::Rejudged { task, .. }
            | Self::Unconfirmed { task, .. }
            | Self::Published { task, .. } => task,
        }
    }

    /// The effect it asks about, where it asks about one.
    #[must_use]
    pub fn effect(&self) -> Option<&EffectId> {
        match self {
            Self::Task { .. } => None,
            Self::Rejudged { effect, .. }
            | Self::Unconfirmed { effect, .. }
            | Self::Published { effect, .. } => Some(effect),
        }
    }

    /// What a reviewer may answer: only a text can be edited, an effect that was approved once has no planner to comment
    /// to, and another attempt at an ordered payment, or at what is to be remembered, could propose nothing else.
    #[must_use]
    pub fn allows(&self, content: &Content) -> Vec<DecisionKind> {
        use DecisionKind::{Approve, Edit, Reject, Respond};
        let intent = content.intent();
        let is_fixed = intent.is_some_and(|intent| intent.payment().is_some() || intent.is_of_memory());
        match (self, intent.and_then(Intent::text)) {
            (Self::Task { .. }, _) if is_fixed => vec![Approve, Reject],
            (Self::Task { .. }, Some(_)) => vec![Approve, Edit, Reject, Respond],
            (Self::Task { .. }, None) => vec![Approve, Reject, Respond],
            (Self::Rejudged { .. } | Self::Unconfirmed { .. } | Self::Published { .. }, _) => {
                vec![Approve, Reject]
            }
        }
    }
}

/// What the reviewer is shown and approves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The held outcome, whole.
    pub outcome: WorkOutcome,
    /// What it used to make.
    pub usage: Option<Usage>,
    /// What acting on it would cost at most.
    pub max_cost: Option<Money>,
    /// The title and link of what it cites.
    pub source: Option<(String, String)>,
}

impl Content {
    /// The intent inside, if it is one.
    #[must_use]
    pub fn intent(&self) -> Option<&Intent> {
        match &self.outcome {
            WorkOutcome::Intent { intent } => Some(intent),
            _ => None,
        }
    }
}

/// A review (row `REVIEW#<id>`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Whose.
    pub tenant: TenantId,
    /// Which campaign.
    pub campaign: CampaignId,
    /// Its id.
    pub id: ReviewId,
    /// What it is about.
    pub subject: Subject,
    /// Where it stands.
    pub status: ReviewStatus,
    /// What is shown.
    pub content: Content,
    /// Digest of the bytes an approval binds.
    pub digest: Digest,
    /// What the Judge found.
    pub verdict: Verdict,
    /// Flags an approval covers.
    pub flags: BTreeSet<Flag>,
    /// Answers that are allowed.
    pub allowed: Vec<DecisionKind>,
    /// Who is asked, in turn.
    pub ladder: Vec<Rung>,
    /// The present rung, from 0.
    pub rung: u32,
    /// How often this rung's workflow was started.
    pub start: u32,
    /// The workflow's token for (rung, start), parked by `escalation`.
    pub token: Option<TaskToken>,
    /// Which (rung, start) the token belongs to.
    pub token_of: Option<(u32, u32)>,
    /// While open, when the present rung's time is up; once decided, when the clock looks whether the Judge has acted.
    pub due_at: Option<Timestamp>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The winner, once decided; the `decisions` row is the authority.
    pub decided_by: Option<OperatorId>,
    /// The winner's answer.
    pub decided: Option<DecisionKind>,
}

/// What a review is opened with; the rest follows from it.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Whose.
    pub tenant: TenantId,
    /// Which campaign.
    pub campaign: CampaignId,
    /// Its id.
    pub id: ReviewId,
    /// What it is about.
    pub subject: Subject,
    /// What is shown; an approval binds its digest.
    pub content: Content,
    /// What was found; an approval covers its flags.
    pub verdict: Verdict,
    /// Who is asked, in turn.
    pub ladder: Vec<Rung>,
}

impl Review {
    /// The open review that asks it, on its first rung.
    #[must_use]
    pub fn opened(opening: Opening, now: Timestamp) -> Self {
        let Opening { tenant, campaign, id, subject, content, verdict, ladder } = opening;
        let wait_s = ladder.first().map_or(0, |rung| rung.wait_s);
        Self {
            tenant,
            campaign,
            id,
            allowed: subject.allows(&content),
            subject,
            status: ReviewStatus::Open,
            digest: content.outcome.digest(),
            content,
            flags: verdict.flags.clone(),
            verdict,
            ladder,
            rung: 0,
            start: 0,
            token: None,
            token_of: None,
            due_at: Some(now + Duration::from_secs(u64::from(wait_s))),
            opened_at: now,
            ended_at: None,
            decided_by: None,
            decided: None,
        }
    }

    /// The id of the question about an effect that goes out before it is answered: one for each effect.
    #[must_use]
    pub fn id_after(effect: &EffectId) -> ReviewId {
        ReviewId::of(effect.as_str(), "p")
    }

    /// Whether an answer is still to be given, or to be acted on.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        matches!(self.status, ReviewStatus::Open | ReviewStatus::Decided)
    }

    /// The review as it ends: nothing is due any more. A review that was decided ended then, whenever it is acted on.
    ///
    /// # Errors
    /// [`IllegalTransition`] when its status does not allow the event.
    pub fn ended(&self, event: ReviewEvent, now: Timestamp) -> Result<Self, IllegalTransition> {
        Ok(Self {
            status: self.status.next(event)?,
            due_at: None,
            ended_at: self.ended_at.or(Some(now)),
            ..self.clone()
        })
    }

    /// The reviewers of the present rung.
    #[must_use]
    pub fn present_rung(&self) -> Option<&Rung> {
        self.ladder.get(usize::try_from(self.rung).unwrap_or(usize::MAX))
    }

    /// Whether a later rung exists.
    #[must_use]
    pub fn has_next_rung(&self) -> bool {
        usize::try_from(self.rung).is_ok_and(|rung| rung + 1 < self.ladder.len())
    }
}
