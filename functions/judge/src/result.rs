//! A worker's answer: admitted by the task's row, judged, committed.

use chimera_domain::ports::{Clock, GrantSigner, HandleError, Ids};
use chimera_domain::{
    EffectId, Money, Row, RowKey, StoreError, Stored, Task, TaskResult, TaskStatus, WorkOutcome,
};
use chimera_policy::Judgement;
use tracing::{info, warn};

use crate::batch::{Batch, Rules};
use crate::joint::Seat;
use crate::occasion::Occasion;
use crate::proposal::Proposal;
use crate::{Judge, JudgeStore, Landed};

/// How often a commit is tried when the task's row moved on without losing its fence.
const COMMIT_TRIES: u32 = 3;

impl<S: JudgeStore, G: GrantSigner + Send, C: Clock + Send, I: Ids + Send> Judge<S, G, C, I> {
    /// [P-9] Judges a worker's answer. What no open task waits for is dropped: the row is the authority.
    pub(crate) async fn judge_answer(
        &self,
        result: &TaskResult,
        batch: &Batch,
        seat: &Seat<'_>,
    ) -> Result<(), HandleError> {
        let key = RowKey::task(&result.tenant, &result.campaign, &result.task);
        let rules = batch.rules(&result.tenant, &result.campaign);
        let (Some(mut task), Some(rules)) = (batch.task(&key), rules) else {
            warn!(campaign.id = %result.campaign, task.id = %result.task, "a result for an unknown task is dropped");
            return Ok(());
        };
        for _ in 0..COMMIT_TRIES {
            if !is_fenced(&task.row, result) {
                info!(campaign.id = %result.campaign, task.id = %result.task, attempt = result.attempt,
                    status = task.row.status.name(), "a stale result is dropped");
                return Ok(());
            }
            if self.commit(&task, result, &rules, seat).await? == Landed::Done {
                return Ok(());
            }
            let row = self.store.get(&key).await?.and_then(|row| row.narrow(Row::into_task));
            let Some(row) = row else { return Ok(()) };
            task = row;
        }
        Err(StoreError::Contention.into())
    }

    async fn commit(
        &self,
        task: &Stored<Task>,
        result: &TaskResult,
        rules: &Rules,
        seat: &Seat<'_>,
    ) -> Result<Landed, HandleError> {
        let proposal = Proposal {
            task,
            rules,
            result: &result.id,
            outcome: &result.outcome,
            usage: Some(&result.usage),
            cost: cost_with(&task.row, result),
            review: None,
            occasion: Occasion::answer(result),
            seat,
        };
        if let WorkOutcome::Failure { code, message, retryable: false } = &result.outcome {
            return self.write(&proposal.fail(&format!("worker {code}: {message}"))?).await;
        }
        let own = EffectId::of(&task.row.id, task.row.attempt);
        let facts = self.facts(&task.row, &own, &result.outcome, rules).await?;
        let judgement = facts.judge(&task.row, &result.outcome, rules, result.confidence, None);
        log(&task.row, rules, &judgement);
        self.carry_out(&proposal, &judgement, &facts).await
    }
}

/// [P-3] [P-4] The fence, and nothing about the campaign: this agent's answer to the open attempt.
fn is_fenced(task: &Task, result: &TaskResult) -> bool {
    task.status == TaskStatus::Open && task.attempt == result.attempt && task.agent == result.agent
}

/// The task's operating cost with the result's added. An amount in another currency is not the campaign's: it counts as
/// nothing, and a person should look at the worker.
fn cost_with(task: &Task, result: &TaskResult) -> Money {
    task.cost.plus(result.usage.cost).unwrap_or_else(|error| {
        warn!(task.id = %task.id, error = %error, "a result's cost cannot be added and counts as nothing");
        task.cost
    })
}

fn log(task: &Task, rules: &Rules, judgement: &Judgement) {
    let verdict = &judgement.verdict;
    info!(campaign.id = %task.campaign, trace_id = %rules.campaign.trace, task.id = %task.id, attempt = task.attempt, verdict = ?verdict.kind,
        confidence = %verdict.confidence, flags = verdict.flags.len(), "a result was judged");
}
