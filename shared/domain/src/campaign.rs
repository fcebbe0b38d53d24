//! A campaign.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::transition::status;
use crate::{AgentId, Brief, CampaignId, Currency, Digest, IllegalTransition, TenantId};

status! {
    /// Where a campaign stands.
    CampaignStatus ("campaign") {
        /// Accepted; the planner has not yet opened a plan.
        Planning = "planning",
        /// A plan waits for the operator's approval.
        AwaitingApproval = "awaiting_approval",
        /// Work goes on.
        Active = "active",
        /// Nothing is dispatched or claimed; results in flight still commit.
        Paused = "paused",
        /// Ended by an operator; approved effects are voided.
        Cancelled = "cancelled",
        /// Every task and effect is final.
        Finished = "finished",
        /// Ended by a limit.
        Stopped = "stopped",
    }
    /// What may happen to a campaign.
    CampaignEvent {
        /// The planner opened the first plan.
        Open = "be opened": { Planning => Active, AwaitingApproval => Active },
        /// The planner drew a plan that an operator must approve.
        Propose = "propose a plan": { Planning => AwaitingApproval },
        /// An operator wants another plan than the proposed one.
        Redraw = "be planned again": { AwaitingApproval => Planning },
        /// An operator pauses it.
        Pause = "be paused": { Active => Paused },
        /// An operator resumes it.
        Resume = "be resumed": { Paused => Active },
        /// An operator cancels it.
        Cancel = "be cancelled": { Planning => Cancelled, AwaitingApproval => Cancelled, Active => Cancelled, Paused => Cancelled },
        /// The planner saw that all is final.
        Finish = "be finished": { Active => Finished },
        /// An operator asks for a task of it again.
        Reopen = "be reopened": { Finished => Active, Stopped => Active },
        /// A limit was reached or no plan could be made.
        Stop = "be stopped": { Planning => Stopped, Active => Stopped },
    }
}

impl CampaignStatus {
    /// Whether nothing will happen any more, once cancelled work has been cleared away.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Cancelled | Self::Finished | Self::Stopped)
    }
}

/// A campaign (row `META`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id.
    pub id: CampaignId,
    /// The agent that works for it.
    pub agent: AgentId,
    /// What was asked.
    pub brief: Brief,
    /// Digest of the request that made it, to tell a replay from a clash.
    pub request: Digest,
    /// Where it stands.
    pub status: CampaignStatus,
    /// Raised by every re-plan.
    pub revision: u32,
    /// The newest plan's number; 0 before the first.
    pub plan: u32,
    /// W3C trace id that everything done for it is found under: 32 hex digits.
    pub trace: String,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// When the clock looks at it next; none while paused and when over. While a plan waits for approval it is the
    /// deadline.
    pub due_at: Option<Timestamp>,
    /// When the clock last swept its rows.
    pub swept_at: Timestamp,
    /// Why it was stopped or cancelled, for people.
    pub reason: Option<String>,
}

impl Campaign {
    /// The currency it is budgeted in.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.brief.budget.currency()
    }

    /// [PE-13] Until when it watches the world, where it reacts to anything there.
    #[must_use]
    pub fn watches_until(&self) -> Option<Timestamp> {
        let react = self.brief.react.as_ref()?;
        Some(self.created_at + Duration::from_secs(react.for_s.into()))
    }

    /// [P-11] The campaign in which there is something to do again: at work where it had ended, and due unless it is
    /// paused.
    ///
    /// # Errors
    /// [`IllegalTransition`] where it was cancelled.
    pub fn taken_up(&self, now: Timestamp) -> Result<Self, IllegalTransition> {
        let mut taken = self.clone();
        if self.status.is_over() {
            taken.status = self.status.next(CampaignEvent::Reopen)?;
            taken.finished_at = None;
            taken.reason = None;
        }
        taken.due_at = (taken.status != CampaignStatus::Paused).then_some(now);
        Ok(taken)
    }
}
