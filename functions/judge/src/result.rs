//! A worker's answer: admitted by the task's row, judged, committed.

use chimera_domain::ports::{Clock, GrantSigner, HandleError, Ids};
use chimera_domain::{
    Committed, Content, Money, Row, RowKey, StoreError, Stored, Subject, Task, TaskResult, TaskStatus,
    VerdictKind, WorkOutcome, WriterId,
};
use chimera_policy::Judgement;
use tracing::{info, warn};

use crate::approve::Approval;
use crate::batch::{Batch, Rules};
use crate::facts::Facts;
use crate::hold::{Asking, hold_task};
use crate::refuse::Refusing;
use crate::{Judge, JudgeStore, Landed};

/// How often a commit is tried when the task's row moved on without losing its fence.
const COMMIT_TRIES: u32 = 3;

impl<S: JudgeStore, G: GrantSigner + Send, C: Clock + Send, I: Ids + Send> Judge<S, G, C, I> {
    /// [P-9] Judges a worker's answer. What no open task waits for is dropped: the row is the authority.
    pub(crate) async fn judge_answer(&self, result: &TaskResult, batch: &Batch) -> Result<(), HandleError> {
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
            if self.commit(&task, result, &rules).await? == Landed::Done {
                return Ok(());
            }
            let row = self.store.get(&key).await?.and_then(|row| row.narrow(Row::into_task));
            let Some(row) = row else { return Ok(()) };
            if row.writer.as_str() == result.id.as_str() {
                return Ok(());
            }
            task = row;
        }
        Err(StoreError::Contention.into())
    }

    async fn commit(
        &self,
        task: &Stored<Task>,
        result: &TaskResult,
        rules: &Rules,
    ) -> Result<Landed, HandleError> {
        let answer = Answer { task, result, rules, cost: cost_with(&task.row, result) };
        if let WorkOutcome::Failure { code, message, retryable: false } = &result.outcome {
            let reason = format!("worker {code}: {message}");
            return self.write(&answer.refusing().fail(&reason)?).await;
        }
        let facts = self.facts(&task.row).await?;
        let judgement = facts.judge(&task.row, &result.outcome, rules, result.confidence, None);
        log(&task.row, &judgement);
        match self.carry_out(&answer, &judgement, &facts).await {
            // The answer fits a message, but not a row beside what the row already holds.
            Err(HandleError::Store(StoreError::TooLarge(bytes))) => {
                let reason = format!("size: {bytes} bytes are more than a row may have");
                self.write(&answer.refusing().reject(&[reason], 1)?).await
            }
            landed => landed,
        }
    }

    async fn carry_out(
        &self,
        answer: &Answer<'_>,
        judgement: &Judgement,
        facts: &Facts,
    ) -> Result<Landed, HandleError> {
        let refusing = answer.refusing();
        match judgement.verdict.kind {
            VerdictKind::Reject => match &judgement.over_limit {
                Some(limit) => self.write(&refusing.over_budget(limit)?).await,
                None => self.write(&refusing.reject(&judgement.verdict.reasons, 1)?).await,
            },
            VerdictKind::Escalate => self.hold_answer(answer, judgement, facts).await,
            VerdictKind::Approve => {
                let approval = answer.approval(judgement);
                match self.approve(&approval, judgement.max_cost).await? {
                    Landed::TextTaken => {
                        let reason = "unique: identical text was published before".to_owned();
                        self.write(&refusing.reject(&[reason], 1)?).await
                    }
                    Landed::OverBudget(bucket) => self.write(&refusing.over_budget(&bucket)?).await,
                    landed => Ok(landed),
                }
            }
        }
    }

    async fn hold_answer(
        &self,
        answer: &Answer<'_>,
        judgement: &Judgement,
        facts: &Facts,
    ) -> Result<Landed, HandleError> {
        let (task, result) = (answer.task, answer.result);
        let subject =
            Subject::Task { task: task.row.id.clone(), attempt: task.row.attempt, result: result.id.clone() };
        let content = Content {
            outcome: result.outcome.clone(),
            usage: Some(result.usage.clone()),
            max_cost: judgement.max_cost,
            source: facts.source.as_ref().map(|source| (source.title.clone(), source.url.clone())),
        };
        let review = self.review_of(Asking {
            task: &task.row,
            subject,
            cause: task.row.attempt.to_string(),
            content,
            verdict: &judgement.verdict,
            rules: answer.rules,
            after: None,
        });
        let transaction = hold_task(task, review, answer.cost, answer.writer())?;
        self.write(&transaction).await
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

fn log(task: &Task, judgement: &Judgement) {
    let verdict = &judgement.verdict;
    info!(campaign.id = %task.campaign, task.id = %task.id, attempt = task.attempt, verdict = ?verdict.kind,
        confidence = %verdict.confidence, flags = verdict.flags.len(), "a result was judged");
}

/// An admitted answer.
struct Answer<'a> {
    task: &'a Stored<Task>,
    result: &'a TaskResult,
    rules: &'a Rules,
    cost: Money,
}

impl Answer<'_> {
    fn writer(&self) -> WriterId {
        WriterId::new(self.result.id.as_str())
    }

    fn refusing(&self) -> Refusing<'_> {
        Refusing { task: self.task, review: None, cost: self.cost, writer: self.writer() }
    }

    fn approval(&self, judgement: &Judgement) -> Approval<'_> {
        Approval {
            task: self.task,
            rules: self.rules,
            committed: Committed {
                result: self.result.id.clone(),
                outcome: self.result.outcome.clone(),
                digest: self.result.outcome.digest(),
                verdict: judgement.verdict.clone(),
            },
            flags: judgement.verdict.flags.clone(),
            review: None,
            cost: self.cost,
            writer: self.writer(),
        }
    }
}
