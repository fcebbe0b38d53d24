//! Resolving an unknown outcome: the write server's record, then voiding the grant, then reading the platform back, then
//! a human. Never a second call.

use std::collections::BTreeSet;

use chimera_domain::{
    Confidence, Content, DecisionKind, Effect, Evidence, Flag, Opening, Outcome, Policy, Refusal, Review,
    ReviewEvent, ReviewId, ReviewStatus, Row, RowKey, Stored, Subject, Timestamp, Transaction, Verdict,
    VerdictKind, WorkOutcome,
    ports::{Burn, Clock, HandleError, Ids, ReadTools, StateReaderExt as _, ToolError, WriteTools},
};

use crate::ending::LONGEST_WAIT;
use crate::read_back::Seen;
use crate::{Publisher, Store, call_of};

impl<S: Store, W: WriteTools, R: ReadTools, C: Clock, I: Ids> Publisher<S, W, R, C, I> {
    pub(crate) async fn resolve(&self, effect: Stored<Effect>) -> Result<(), HandleError> {
        if let Some(review) = effect.row.asked.clone() {
            return self.hear(effect, &review).await;
        }
        let now = self.clock.now();
        if effect.row.not_before.is_some_and(|not_before| not_before > now) {
            return Ok(());
        }
        match self.writes.void(&call_of(&effect.row), self.timing.call).await {
            // `void` answers what it finds, so one call both asks and closes the door.
            Ok(Burn::Void) => self.send_to_judge(&effect, None).await,
            Ok(Burn::Done { outcome }) => self.confirm(&effect, outcome).await,
            Ok(Burn::Refused { refusal, retry_after_s }) => {
                self.refuse(&effect, refusal, retry_after_s).await
            }
            Ok(Burn::InFlight | Burn::Unused) => self.read_back(effect).await,
            Err(no_answer) => {
                tracing::warn!(effect.id = %effect.row.id, error = %no_answer, "A write server could not be asked");
                // One that refuses to answer will go on refusing; one that is away may come back.
                let refuses = matches!(no_answer, ToolError::Refused(_) | ToolError::Forbidden(_));
                self.look_again(&effect, refuses.then_some(effect.row.read_backs + 1)).await
            }
        }
    }

    /// Burnt without an outcome: only the platform knows.
    async fn read_back(&self, effect: Stored<Effect>) -> Result<(), HandleError> {
        match self.find(&effect.row).await {
            Ok(Seen::There(outcome)) => self.close_and_take(&effect, Ok(outcome)).await,
            Ok(Seen::Failed(refusal)) => self.close_and_take(&effect, Err(refusal)).await,
            Ok(Seen::UnderWay | Seen::Nothing) => {
                self.look_again(&effect, Some(effect.row.read_backs + 1)).await
            }
            Ok(Seen::TooEarly) => self.look_again(&effect, None).await,
            Err(unreachable) => {
                tracing::warn!(effect.id = %effect.row.id, error = %unreachable, "A platform could not be read back");
                self.look_again(&effect, None).await
            }
        }
    }

    /// Writes the finding into the burn row first, so that nothing can contradict it later unseen.
    async fn close_and_take(
        &self,
        effect: &Stored<Effect>,
        found: Result<Outcome, Refusal>,
    ) -> Result<(), HandleError> {
        match self.writes.close(&call_of(&effect.row), found.as_ref().ok(), self.timing.call).await? {
            Burn::Done { outcome } => self.confirm(effect, outcome).await,
            Burn::Refused { refusal, retry_after_s } => self.refuse(effect, refusal, retry_after_s).await,
            Burn::Void => self.refuse(effect, found.err().unwrap_or_else(not_published), None).await,
            Burn::InFlight | Burn::Unused => self.look_again(effect, None).await,
        }
    }

    /// Waits for the next look; after the last one a human is asked. `counted` is none where nothing could be learnt.
    async fn look_again(&self, effect: &Stored<Effect>, counted: Option<u32>) -> Result<(), HandleError> {
        let looks = counted.unwrap_or(effect.row.read_backs);
        let waits = &self.timing.read_backs;
        let is_last = usize::try_from(looks).is_ok_and(|looks| looks >= waits.len());
        if is_last {
            return self.ask(effect).await;
        }
        let wait = waits.get(usize::try_from(looks).unwrap_or(usize::MAX)).copied().unwrap_or_default();
        let at = self.clock.now() + wait.max(std::time::Duration::from_secs(1));
        let waiting =
            Effect { read_backs: looks, not_before: Some(at), due_at: Some(at), ..effect.row.clone() };
        self.write(Transaction::by(self.writer("look")).replace(effect, waiting)?.into()).await
    }

    /// Asks a human whether it happened.
    async fn ask(&self, effect: &Stored<Effect>) -> Result<(), HandleError> {
        let (policy, version) = self.store.policy(&effect.row.tenant).await?;
        let now = self.clock.now();
        let review = question(&effect.row, &policy, version, now);
        let asked =
            Effect { asked: Some(review.id.clone()), not_before: None, due_at: None, ..effect.row.clone() };
        tracing::error!(effect.id = %effect.row.id, review.id = %review.id, "Nobody knows whether an effect happened; a human is asked");
        let transaction = Transaction::by(self.writer("ask")).replace(effect, asked)?.insert(review)?;
        self.write(transaction.into()).await
    }

    /// [E-7] Takes a human's answer, once it cannot be overtaken by the call itself.
    async fn hear(&self, effect: Stored<Effect>, review: &ReviewId) -> Result<(), HandleError> {
        let row = &effect.row;
        let key = RowKey::review(&row.tenant, &row.campaign, review);
        let Some(review) = self.store.get(&key).await?.and_then(|row| row.narrow(Row::into_review)) else {
            return Ok(());
        };
        let now = self.clock.now();
        let Some(answer) = self.answer(&review.row, now).await? else { return Ok(()) };
        // The write server may still be about to answer: a human's "no" must not overtake it.
        let settled_at = row.claim.as_ref().map(|claim| claim.lease_until + self.timing.call);
        if let Some(settled_at) = settled_at.filter(|settled_at| *settled_at > now) {
            tracing::info!(effect.id = %row.id, until = %settled_at, "A human's answer waits for the call's last moment");
            return self.put_off(&effect, settled_at).await;
        }
        let seen = self.seen_by_now(row).await;
        if answer == Answer::ItIsNotThere && seen == Seen::UnderWay {
            tracing::warn!(effect.id = %row.id, "A human's no waits: what was asked about may still happen");
            return self.put_off(&effect, now + LONGEST_WAIT).await;
        }
        let finding = finding(row, &review.row.id, answer, seen);
        let burn = match self.writes.close(&call_of(row), finding.outcome(), self.timing.call).await {
            Ok(burn) => burn,
            // A server that no longer knows the grant cannot act on it either: the finding stands.
            Err(ToolError::Refused(_) | ToolError::Forbidden(_)) => {
                finding.outcome().map_or(Burn::Void, |outcome| Burn::Done { outcome: outcome.clone() })
            }
            Err(failed) => return Err(failed.into()),
        };
        self.close_review(&effect, &review, finding, burn).await
    }

    /// What a human said, or that nobody will say anything; none while an answer may still come.
    async fn answer(&self, review: &Review, now: Timestamp) -> Result<Option<Answer>, HandleError> {
        match review.status {
            ReviewStatus::Decided => {
                let decision = self.store.decision(&review.tenant, &review.campaign, &review.id).await?;
                let Some(decision) = decision else {
                    tracing::error!(review.id = %review.id, "A review is decided without a decision");
                    return Ok(None);
                };
                let is_there = decision.decision.kind == DecisionKind::Approve;
                Ok(Some(if is_there { Answer::ItIsThere } else { Answer::ItIsNotThere }))
            }
            ReviewStatus::Open => {
                let is_late = review.due_at.is_some_and(|due_at| due_at <= now);
                Ok((is_late && !review.has_next_rung()).then_some(Answer::Silence))
            }
            _ => Ok(None),
        }
    }

    /// What the platform shows now, while a human's answer is taken.
    async fn seen_by_now(&self, effect: &Effect) -> Seen {
        self.find(effect).await.unwrap_or_else(|unreachable| {
            tracing::warn!(effect.id = %effect.id, error = %unreachable, "A platform could not be read back");
            Seen::Nothing
        })
    }

    async fn close_review(
        &self,
        effect: &Stored<Effect>,
        review: &Stored<Review>,
        finding: Finding,
        burn: Burn,
    ) -> Result<(), HandleError> {
        let is_silent = review.row.status == ReviewStatus::Open;
        let event = if is_silent { ReviewEvent::Expire } else { ReviewEvent::Close };
        let now = self.clock.now();
        let transaction =
            Transaction::by(self.writer("heard")).replace(review, review.row.ended(event, now)?)?;
        match burn {
            Burn::Done { outcome } => {
                self.write(self.confirmation(transaction, effect, outcome).await?).await
            }
            Burn::Refused { refusal, .. } => self.fail(transaction, effect, refusal, now).await,
            Burn::Void => match finding {
                // Nobody looked, so it may be there: it counts as spent, and its text stays taken.
                Finding::Open => self.write(self.give_up(transaction, effect, nobody_looked())?).await,
                // [E-4] Proved void: what is still there is taken back under a new grant.
                Finding::Happened(_) | Finding::Never(_) if effect.row.undoes.is_some() => {
                    let again = Effect { asked: None, ..self.struck(&effect.row, None)? };
                    self.write(transaction.replace(effect, again)?.into()).await
                }
                Finding::Never(refusal) => self.fail(transaction, effect, refusal, now).await,
                Finding::Happened(_) => self.fail(transaction, effect, not_published(), now).await,
            },
            Burn::InFlight | Burn::Unused => {
                Err(HandleError::Defect("a closed grant is neither done nor void".to_owned()))
            }
        }
    }
}

/// A human's answer to the question whether it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    ItIsThere,
    ItIsNotThere,
    Silence,
}

/// What is known in the end.
#[derive(Debug)]
enum Finding {
    Happened(Outcome),
    Never(Refusal),
    /// Nobody said anything, and nothing shows.
    Open,
}

impl Finding {
    fn outcome(&self) -> Option<&Outcome> {
        match self {
            Self::Happened(outcome) => Some(outcome),
            Self::Never(_) | Self::Open => None,
        }
    }
}

/// [E-7] What the wallet's books say of a payment by now counts before a human's word; a post is known less surely, so that
/// a human's no stands. What only a human has seen goes under the id of the review that vouches for it.
fn finding(effect: &Effect, review: &ReviewId, answer: Answer, seen: Seen) -> Finding {
    let is_payment = effect.intent.payment().is_some();
    match (answer, seen) {
        (Answer::ItIsNotThere, Seen::There(_)) if !is_payment => Finding::Never(not_published()),
        (_, Seen::There(outcome)) => Finding::Happened(outcome),
        (_, Seen::Failed(refusal)) => Finding::Never(refusal),
        (Answer::ItIsThere, _) => {
            Finding::Happened(Outcome { external_id: review.to_string(), url: None, cost: effect.max_cost })
        }
        (Answer::ItIsNotThere, _) => Finding::Never(not_published()),
        (Answer::Silence, _) => Finding::Open,
    }
}

fn nobody_looked() -> Refusal {
    Refusal {
        code: Refusal::UNCONFIRMED.to_owned(),
        message: "Nobody said whether it happened; it counts as spent.".to_owned(),
        retryable: false,
    }
}

fn not_published() -> Refusal {
    Refusal {
        code: "not_published".to_owned(),
        message: "It was found not to have happened.".to_owned(),
        retryable: false,
    }
}

/// The question to a human.
fn question(effect: &Effect, policy: &Policy, policy_version: u64, now: Timestamp) -> Review {
    let verdict = Verdict {
        kind: VerdictKind::Escalate,
        confidence: Confidence::ZERO,
        flags: BTreeSet::from([Flag::new("unconfirmed")]),
        reasons: vec![asking(effect).to_owned()],
        evidence: Evidence {
            criteria: Confidence::FULL,
            support: Confidence::FULL,
            persona: Confidence::FULL,
            novelty: Confidence::FULL,
            rules: Vec::new(),
        },
        policy_version,
        policy: policy.digest(),
    };
    let opening = Opening {
        tenant: effect.tenant.clone(),
        campaign: effect.campaign.clone(),
        id: ReviewId::of(effect.id.as_str(), &format!("u{}", effect.rejudged)),
        subject: Subject::Unconfirmed { effect: effect.id.clone(), task: effect.task.clone() },
        content: Content {
            outcome: WorkOutcome::Intent { intent: effect.intent.clone() },
            usage: None,
            max_cost: Some(effect.max_cost),
            source: None,
        },
        verdict,
        ladder: policy.ladder.clone(),
    };
    Review::opened(opening, now)
}

fn asking(effect: &Effect) -> &'static str {
    if effect.undoes.is_some() {
        "The platform did not say whether this was deleted. Look at the account, then answer: approve = it is gone, reject = it is still there."
    } else if effect.intent.payment().is_some() {
        "The wallet did not say whether this was paid. Look at its ledger, then answer: approve = it was paid, reject = it was not."
    } else if effect.intent.is_of_memory() {
        "The memory did not say whether this was kept. Look at what the agent remembers, then answer: approve = it is kept, reject = it is not."
    } else {
        "The platform did not say whether this was published. Look at the account, then answer: approve = it is there, reject = it is not."
    }
}
