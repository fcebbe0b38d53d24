//! Workers and the Judge by lot: what becomes of a task is drawn, and written by the house's own transitions and fences.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chimera_domain::ports::{Clock as _, HandleError, Ids as _, StateReader as _, StateWriter as _};
use chimera_domain::{
    Applied, Approving, CampaignId, Committed, Content, DecisionKind, Digest, Effect, EffectEvent, EffectId,
    EffectStatus, Grant, Intent, Opening, ResultId, Review, ReviewEvent, ReviewId, ReviewMessage,
    ReviewStatus, Row, RowKey, Rung, SignedGrant, StoreError, Stored, Subject, Task, TaskEvent, TaskMessage,
    TaskStatus, TenantId, Transaction, Verdict, WorkOutcome, WriterId, limits,
};
use chimera_testkit::builders::{a_verdict, cents};
use chimera_testkit::{MemoryCloud, SeededIds, VirtualClock};
use rand::Rng as _;
use rand::rngs::StdRng;

use super::outcomes::outcome_of;

/// What becomes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Approve,
    /// Refused; whether it counts as a try.
    Reject(bool),
    Fail,
    Hold,
}

/// How often what happens, in a hundred.
#[derive(Debug, Clone, Copy)]
struct Odds {
    reject: u32,
    fail: u32,
    hold: u32,
    dies: u32,
    twice: u32,
}

/// A worker's answer that the Judge has yet to look at.
#[derive(Debug, Clone)]
struct Answer {
    /// The task as the worker got it.
    task: Task,
    end: End,
    result: ResultId,
    outcome: WorkOutcome,
    cost: i64,
}

/// What was done so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Done {
    /// Tasks that workers took.
    pub(super) taken: u64,
    /// Answers that ended an attempt.
    pub(super) landed: u64,
    /// Answers that no open task waited for any more.
    pub(super) stale: u64,
}

#[derive(Debug)]
struct Desk {
    rng: StdRng,
    answers: Vec<Answer>,
    done: Done,
}

/// Workers and Judge.
#[derive(Debug)]
pub(super) struct Lots {
    store: MemoryCloud,
    clock: VirtualClock,
    ids: SeededIds,
    verdict: Verdict,
    ladder: Vec<Rung>,
    odds: Odds,
    desk: Mutex<Desk>,
}

impl Lots {
    pub(super) fn new(
        cloud: &MemoryCloud,
        clock: &VirtualClock,
        ids: &SeededIds,
        ladder: Vec<Rung>,
        mut rng: StdRng,
    ) -> Self {
        let odds = Odds {
            reject: rng.random_range(0..=20),
            fail: rng.random_range(0..=10),
            hold: rng.random_range(0..=15),
            dies: rng.random_range(0..=5),
            twice: rng.random_range(0..=8),
        };
        let desk = Desk { rng, answers: Vec::new(), done: Done::default() };
        Self {
            store: cloud.as_function("judge"),
            clock: clock.clone(),
            ids: ids.clone(),
            verdict: a_verdict(),
            ladder,
            odds,
            desk: Mutex::new(desk),
        }
    }

    pub(super) fn done(&self) -> Done {
        self.desk().done
    }

    /// Answers that have yet to land.
    pub(super) fn waiting(&self) -> usize {
        self.desk().answers.len()
    }

    /// A worker takes the task; an error where it dies with it.
    pub(super) fn work(&self, message: TaskMessage) -> Result<(), HandleError> {
        let task = message.task;
        let fresh = || ResultId::new(self.ids.fresh().to_string());
        let (first, second) = match (fresh(), fresh()) {
            (Ok(first), Ok(second)) => (first, second),
            (Err(error), _) | (_, Err(error)) => return Err(HandleError::Defect(error.to_string())),
        };
        let mut desk = self.desk();
        desk.done.taken += 1;
        if desk.rng.random_ratio(self.odds.dies, 100) {
            return Err(StoreError::Contention.into());
        }
        let answers =
            [first].into_iter().chain(desk.rng.random_ratio(self.odds.twice, 100).then_some(second));
        for result in answers {
            let (end, outcome) = (self.end(&mut desk.rng), outcome_of(&task, &mut desk.rng));
            let cost = desk.rng.random_range(0..=task.attempt_cost());
            desk.answers.push(Answer { task: task.clone(), end, result, outcome, cost });
        }
        Ok(())
    }

    fn end(&self, rng: &mut StdRng) -> End {
        let Odds { reject, fail, hold, .. } = self.odds;
        match rng.random_range(0..100) {
            lot if lot < reject => End::Reject(rng.random_bool(0.8)),
            lot if lot < reject + fail => End::Fail,
            lot if lot < reject + fail + hold => End::Hold,
            _ => End::Approve,
        }
    }

    /// The Judge looks at one of the answers; it stays until it has landed, so that one who dies looks again.
    pub(super) async fn judge_one(&self) -> Result<(), HandleError> {
        let Some(answer) = self.any() else { return Ok(()) };
        let has_landed = self.land(&answer).await?;
        let mut desk = self.desk();
        let before = desk.answers.len();
        desk.answers.retain(|other| other.result != answer.result);
        // Two Judges may have had the same one before them.
        if desk.answers.len() < before {
            desk.done.landed += u64::from(has_landed);
            desk.done.stale += u64::from(!has_landed);
        }
        Ok(())
    }

    fn any(&self) -> Option<Answer> {
        let mut desk = self.desk();
        let len = desk.answers.len();
        let at = if len > 0 { desk.rng.random_range(0..len) } else { 0 };
        desk.answers.get(at).cloned()
    }

    /// [P-3] Door 1: the fence of the task's own row and nothing else; false where it is stale.
    async fn land(&self, answer: &Answer) -> Result<bool, HandleError> {
        let Task { tenant, campaign, id, attempt, .. } = &answer.task;
        let row = self.store.get(&RowKey::task(tenant, campaign, id)).await?;
        let row = row.and_then(|row| row.narrow(Row::into_task));
        let is_fenced =
            |row: &Stored<Task>| row.row.status == TaskStatus::Open && row.row.attempt == *attempt;
        let Some(row) = row.filter(is_fenced) else { return Ok(false) };
        let writer = WriterId::new(format!("result-{}", answer.result.as_str()));
        let spent = row.row.cost.plus(cents(answer.cost)).unwrap_or(row.row.cost);
        let row = Stored { row: Task { cost: spent, ..row.row }, ..row };
        let transaction = match answer.end {
            End::Approve => self.approving(writer, &row, &answer.result, &answer.outcome)?,
            // [J-7] Nothing comes after it: a human decides.
            End::Reject(true) if row.row.last_resort => self.holding(writer, &row, answer)?,
            End::Reject(counts) => rejecting(writer, &row, u32::from(counts), "not like this".to_owned())?,
            End::Fail => failing(writer, &row, "worker unlucky: it drew the short straw")?,
            End::Hold => self.holding(writer, &row, answer)?,
        };
        self.write(&transaction).await.map(|()| true)
    }

    /// A review was decided, or ran out; an effect is to be judged again.
    pub(super) async fn act(&self, message: ReviewMessage) -> Result<(), HandleError> {
        match message {
            ReviewMessage::Result(_) => Ok(()),
            ReviewMessage::Review { tenant, campaign, review } => {
                self.act_on_review(&tenant, &campaign, &review).await
            }
            ReviewMessage::Rejudge { tenant, campaign, effect } => {
                self.rejudge(&RowKey::effect(&tenant, &campaign, &effect)).await
            }
        }
    }

    async fn act_on_review(
        &self,
        tenant: &TenantId,
        campaign: &CampaignId,
        id: &ReviewId,
    ) -> Result<(), HandleError> {
        let review = self.store.get(&RowKey::review(tenant, campaign, id)).await?;
        let Some(review) = review.and_then(|row| row.narrow(Row::into_review)) else { return Ok(()) };
        let now = self.clock.now();
        let is_late = review.row.due_at.is_some_and(|due_at| due_at <= now) && !review.row.has_next_rung();
        let decided = match review.row.status {
            ReviewStatus::Decided => review.row.decided,
            ReviewStatus::Open if is_late => None,
            _ => return Ok(()),
        };
        let end = if decided.is_some() { ReviewEvent::Close } else { ReviewEvent::Expire };
        let writer = WriterId::new(format!("review-{}", self.ids.fresh()));
        let task = self.store.get(&RowKey::task(tenant, campaign, review.row.subject.task())).await?;
        let task = task.and_then(|row| row.narrow(Row::into_task));
        let holds = |task: &Stored<Task>| {
            task.row.status == TaskStatus::Held && task.row.review.as_ref() == Some(&review.row.id)
        };
        let Some(task) = task.filter(holds) else {
            let moot = review.row.ended(ReviewEvent::Supersede, now)?;
            return self.write(&Transaction::by(writer).replace(&review, moot)?).await;
        };
        let transaction = match (decided, &review.row.subject) {
            (None, _) => failing(writer, &task, "nobody answered")?,
            (Some(DecisionKind::Approve), Subject::Task { result, .. }) => {
                self.approving(writer, &task, result, &review.row.content.outcome)?
            }
            (decided, _) => {
                let tries = u32::from(decided == Some(DecisionKind::Reject));
                rejecting(writer, &task, tries, Task::said_by_reviewer(None))?
            }
        };
        self.write(&transaction.replace(&review, review.row.ended(end, now)?)?).await
    }

    /// Signed again, or over.
    async fn rejudge(&self, key: &RowKey) -> Result<(), HandleError> {
        let effect = self.store.get(key).await?.and_then(|row| row.narrow(Row::into_effect));
        let Some(old) = effect.filter(|effect| effect.row.status == EffectStatus::Rejudge) else {
            return Ok(());
        };
        let now = self.clock.now();
        let again = old.row.rejudged < limits::REJUDGES_PER_EFFECT && self.desk().rng.random_bool(0.8);
        let new = if again {
            let status = old.row.status.next(EffectEvent::Reapprove)?;
            let due_at = Some(now + limits::FOLLOW_UP_AFTER);
            Effect { status, rejudged: old.row.rejudged + 1, due_at, not_before: None, ..old.row.clone() }
        } else {
            let status = old.row.status.next(EffectEvent::Void)?;
            Effect { status, due_at: None, not_before: None, ended_at: Some(now), ..old.row.clone() }
        };
        let writer = WriterId::new(format!("rejudge-{}", self.ids.fresh()));
        self.write(&Transaction::by(writer).replace(&old, new)?).await
    }

    fn approving(
        &self,
        writer: WriterId,
        task: &Stored<Task>,
        result: &ResultId,
        outcome: &WorkOutcome,
    ) -> Result<Transaction, HandleError> {
        let effect = match outcome {
            WorkOutcome::Intent { intent } => Some(self.effect(&task.row, intent)),
            _ => None,
        };
        let committed = Committed {
            result: result.clone(),
            outcome: outcome.clone(),
            digest: outcome.digest(),
            verdict: self.verdict.clone(),
            usage: None,
        };
        let approved = Task {
            status: task.row.status.next(TaskEvent::Approve)?,
            committed: Some(committed),
            effect: effect.as_ref().map(|effect| effect.id.clone()).or_else(|| task.row.effect.clone()),
            ..task.row.clone()
        };
        let transaction = Transaction::by(writer).replace(task, approved)?;
        Ok(match effect {
            Some(effect) => transaction.insert(effect)?,
            None => transaction,
        })
    }

    fn holding(
        &self,
        writer: WriterId,
        task: &Stored<Task>,
        answer: &Answer,
    ) -> Result<Transaction, HandleError> {
        let Task { tenant, campaign, id, attempt, .. } = &task.row;
        let review = ReviewId::of(id.as_str(), &attempt.to_string());
        let opening = Opening {
            tenant: tenant.clone(),
            campaign: campaign.clone(),
            id: review.clone(),
            subject: Subject::Task { task: id.clone(), attempt: *attempt, result: answer.result.clone() },
            content: Content { outcome: answer.outcome.clone(), usage: None, max_cost: None, source: None },
            verdict: self.verdict.clone(),
            ladder: self.ladder.clone(),
        };
        let status = task.row.status.next(TaskEvent::Hold)?;
        let held = Task { status, review: Some(review), ..task.row.clone() };
        let transaction = Transaction::by(writer).replace(task, held)?;
        Ok(transaction.insert(Review::opened(opening, self.clock.now()))?)
    }

    /// The effect of an approval. Nobody verifies grants here: this one is not signed.
    fn effect(&self, task: &Task, intent: &Intent) -> Effect {
        let (now, id) = (self.clock.now(), EffectId::of(&task.id, task.attempt));
        let grant = Grant {
            id: self.ids.fresh().to_string(),
            key: "none".to_owned(),
            tenant: task.tenant.clone(),
            agent: task.agent.clone(),
            campaign: task.campaign.clone(),
            effect: id,
            audience: intent.server.clone(),
            tool: intent.tool.clone(),
            arguments: Digest::of_json(&intent.arguments),
            max_cost: cents(1),
            policy_version: 1,
            expires_at: now + limits::GRANT_LIFETIME,
        };
        let approving = Approving {
            task: task.id.clone(),
            attempt: task.attempt,
            intent: intent.clone(),
            idempotency_key: self.ids.fresh(),
            flags: self.verdict.flags.clone(),
            review: None,
            unique: Vec::new(),
            buckets: Vec::new(),
            undoes: None,
        };
        Effect::approved(SignedGrant { grant, signature: String::new() }, approving, now)
    }

    /// Where somebody wrote first, the message comes again and the fence decides.
    async fn write(&self, transaction: &Transaction) -> Result<(), HandleError> {
        match self.store.write(transaction).await {
            Ok(Applied::Now | Applied::Before) => Ok(()),
            Err(StoreError::Refused(_)) => Err(StoreError::Contention.into()),
            Err(failed) => Err(failed.into()),
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn rejecting(
    writer: WriterId,
    task: &Stored<Task>,
    tries: u32,
    why: String,
) -> Result<Transaction, HandleError> {
    let mut rejected = Task { status: task.row.status.next(TaskEvent::Reject)?, ..task.row.clone() };
    rejected.tries += tries;
    rejected.feedback.push(why);
    Ok(Transaction::by(writer).replace(task, rejected)?)
}

fn failing(writer: WriterId, task: &Stored<Task>, why: &str) -> Result<Transaction, HandleError> {
    let status = task.row.status.next(TaskEvent::Fail)?;
    let failed = Task { status, reason: Some(why.to_owned()), ..task.row.clone() };
    Ok(Transaction::by(writer).replace(task, failed)?)
}
