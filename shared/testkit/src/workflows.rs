//! Review workflows: an execution per (review, rung, start) waits for its token, then wakes the Judge.

use std::collections::BTreeMap;
use std::time::Duration;

use chimera_domain::{CampaignId, Review, ReviewId, ReviewMessage, TaskToken, TenantId, Timestamp};

/// The state machine's own backstop: an execution nobody completes ends after this, and wakes the Judge.
pub const WORKFLOW_TIMEOUT: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// One execution, as `escalation` is called for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// Its name: one per (review, rung, start).
    pub name: String,
    /// Whose.
    pub tenant: TenantId,
    /// Which campaign.
    pub campaign: CampaignId,
    /// Which review.
    pub review: ReviewId,
    /// Which rung.
    pub rung: u32,
    /// Which start of it.
    pub start: u32,
    /// The token it waits on.
    pub token: TaskToken,
    started_ms: i64,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Started,
    Waiting,
    Ended,
}

impl Execution {
    fn wake_up(&self) -> ReviewMessage {
        ReviewMessage::Review {
            tenant: self.tenant.clone(),
            campaign: self.campaign.clone(),
            review: self.review.clone(),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Machines {
    executions: BTreeMap<String, Execution>,
    tokens: u64,
}

impl Machines {
    /// Starts the execution of the review's present (rung, start). One of that name is success.
    pub(crate) fn start(&mut self, review: &Review, now: Timestamp) {
        let name = format!("{}-{}-{}-{}", review.campaign, review.id, review.rung, review.start);
        if self.executions.contains_key(&name) {
            return;
        }
        self.tokens += 1;
        let execution = Execution {
            name: name.clone(),
            tenant: review.tenant.clone(),
            campaign: review.campaign.clone(),
            review: review.id.clone(),
            rung: review.rung,
            start: review.start,
            token: TaskToken::new(format!("token-{:04}", self.tokens)),
            started_ms: now.as_millisecond(),
            phase: Phase::Started,
        };
        self.executions.insert(name, execution);
    }

    /// An execution whose first state, `escalation`, has yet to succeed.
    pub(crate) fn next_started(&self) -> Option<Execution> {
        self.executions.values().find(|execution| execution.phase == Phase::Started).cloned()
    }

    pub(crate) fn started(&self) -> usize {
        self.executions.values().filter(|execution| execution.phase == Phase::Started).count()
    }

    /// `escalation` succeeded: the execution waits for its token. A token that was completed meanwhile stays completed.
    pub(crate) fn wait(&mut self, name: &str) {
        if let Some(execution) = self.executions.get_mut(name)
            && execution.phase == Phase::Started
        {
            execution.phase = Phase::Waiting;
        }
    }

    /// Ends the execution that waits on the token. None: unknown, used or timed out.
    pub(crate) fn complete(&mut self, token: &TaskToken) -> Option<ReviewMessage> {
        let is_it = |execution: &&mut Execution| execution.token == *token && execution.phase != Phase::Ended;
        let execution = self.executions.values_mut().find(is_it)?;
        execution.phase = Phase::Ended;
        Some(execution.wake_up())
    }

    /// Ends every execution that has waited too long.
    pub(crate) fn time_out(&mut self, now: Timestamp) -> Vec<ReviewMessage> {
        let timeout_ms = i64::try_from(WORKFLOW_TIMEOUT.as_millis()).unwrap_or(i64::MAX / 2);
        let is_late = |execution: &&mut Execution| {
            execution.phase != Phase::Ended && execution.started_ms + timeout_ms <= now.as_millisecond()
        };
        let late = self.executions.values_mut().filter(is_late);
        late.map(|execution| {
            execution.phase = Phase::Ended;
            execution.wake_up()
        })
        .collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.executions.len()
    }
}
