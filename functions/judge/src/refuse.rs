//! The transactions that end an attempt without a commit.

use chimera_domain::ports::HandleError;
use chimera_domain::{TaskEvent, Transaction};
use chimera_policy::money::over_budget_reason;
use tracing::error;

use crate::occasion::End;
use crate::proposal::Proposal;
use crate::reasons::WAY_OUT;

/// Characters of a reason that a row keeps: a line for people, not a log.
const REASON_CHARS: usize = 240;

impl Proposal<'_> {
    /// Back to the planner with feedback; `tries` is 0 where the attempt is not held against the task.
    pub(crate) fn reject(&self, reasons: &[String], tries: u32) -> Result<Transaction, HandleError> {
        let mut task = self.task_after(TaskEvent::Reject)?;
        task.tries += tries;
        task.feedback.extend_from_slice(reasons);
        self.write(End::Reject, task)
    }

    /// For good: no further attempt can help.
    pub(crate) fn fail(&self, reason: &str) -> Result<Transaction, HandleError> {
        let mut task = self.task_after(TaskEvent::Fail)?;
        task.reason = Some(reason.chars().take(REASON_CHARS).collect());
        self.write(End::Fail, task)
    }

    /// [M-5] For good, and an operator is told.
    pub(crate) fn over_budget(&self, limit: &str) -> Result<Transaction, HandleError> {
        let (task, trace) = (&self.task.row, &self.rules.campaign.trace);
        error!(tenant = %task.tenant, campaign.id = %task.campaign, trace_id = %trace, task.id = %task.id, limit,
            "over budget: a task has failed; {WAY_OUT}, then retry the task");
        self.fail(&over_budget_reason(limit))
    }
}
