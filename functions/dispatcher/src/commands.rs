//! Commands, gathered and sent in as few requests as the services allow.

use std::collections::BTreeSet;
use std::time::Duration;

use chimera_domain::{
    Command, EffectMessage, Owned as _, Owner, PerceiveMessage, PlanMessage, Review, ReviewMessage, Task,
    TaskToken,
    ports::{Outbox, SendError, Workflows},
};

/// What is to be sent, without duplicates.
#[derive(Debug, Default)]
pub(crate) struct Commands {
    plan: BTreeSet<PlanMessage>,
    work: Vec<Task>,
    judge: Vec<ReviewMessage>,
    publish: BTreeSet<EffectMessage>,
    perceive: BTreeSet<(PerceiveMessage, Duration)>,
    start: Vec<Review>,
    complete: Vec<TaskToken>,
    /// Reviews whose workflow never handed over a token: written, not sent.
    pub(crate) restart: Vec<Review>,
    /// Reviews whose rung has run out: written, not sent.
    pub(crate) next_rung: Vec<Review>,
    /// Campaigns whose rows are to be queried.
    pub(crate) sweeps: Vec<(PlanMessage, bool)>,
}

/// A send that can never succeed.
#[derive(Debug)]
pub(crate) struct Undeliverable {
    pub(crate) about: About,
    pub(crate) reason: String,
}

/// What a send was about.
#[derive(Debug)]
pub(crate) struct About {
    pub(crate) what: String,
    pub(crate) owner: Option<Owner>,
    pub(crate) task: Option<Task>,
}

impl About {
    fn of(what: impl ToString, owner: Option<Owner>) -> Self {
        Self { what: what.to_string(), owner, task: None }
    }
}

impl Commands {
    /// Adds what the row of `campaign` calls for.
    pub(crate) fn add(&mut self, campaign: Option<PlanMessage>, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Plan(message) => {
                    self.plan.insert(message);
                }
                Command::Work(task) => self.add_work(*task),
                Command::Judge(message) => {
                    if !self.judge.contains(&message) {
                        self.judge.push(message);
                    }
                }
                Command::Publish(message) => {
                    self.publish.insert(message);
                }
                Command::Perceive(message, after) => {
                    self.perceive.insert((message, after));
                }
                Command::StartReview(review) => self.start.push(*review),
                Command::CompleteToken(token) => self.complete.push(token),
                Command::Restart(review) => self.restart.push(*review),
                Command::NextRung(review) => self.next_rung.push(*review),
                Command::Sweep { every_task } => {
                    if let Some(campaign) = &campaign {
                        self.sweeps.push((campaign.clone(), every_task));
                    }
                }
            }
        }
    }

    /// One message per task, of its newest attempt: a batch may hold several changes of the same row.
    fn add_work(&mut self, task: Task) {
        let same = |sent: &&mut Task| {
            (&sent.tenant, &sent.campaign, &sent.id) == (&task.tenant, &task.campaign, &task.id)
        };
        match self.work.iter_mut().find(same) {
            Some(sent) if sent.attempt < task.attempt => *sent = task,
            Some(_) => {}
            None => self.work.push(task),
        }
    }

    /// Sends everything. What can never be delivered is given back. Where a service fails the others are still served,
    /// and the first failure fails the call: everything is sent again later.
    pub(crate) async fn send(
        self,
        outbox: &impl Outbox,
        workflows: &impl Workflows,
    ) -> Result<Vec<Undeliverable>, SendError> {
        let mut sent = Sent::default();
        let plan: Vec<PlanMessage> = self.plan.into_iter().collect();
        let publish: Vec<EffectMessage> = self.publish.into_iter().collect();
        if !plan.is_empty() {
            for (message, outcome) in plan.iter().zip(outbox.plan(&plan).await) {
                sent.note(outcome, || About::of(&message.campaign, Some(message.owner())));
            }
        }
        if !self.work.is_empty() {
            for (task, outcome) in self.work.iter().zip(outbox.work(&self.work).await) {
                sent.note(outcome, || About { task: Some(task.clone()), ..About::of(&task.id, None) });
            }
        }
        if !self.judge.is_empty() {
            for (message, outcome) in self.judge.iter().zip(outbox.judge(&self.judge).await) {
                sent.note(outcome, || About::of("a review message", Some(message.owner())));
            }
        }
        if !publish.is_empty() {
            for (message, outcome) in publish.iter().zip(outbox.publish(&publish).await) {
                sent.note(outcome, || About::of(&message.effect, Some(message.owner())));
            }
        }
        let perceive: Vec<(PerceiveMessage, Duration)> = self.perceive.into_iter().collect();
        if !perceive.is_empty() {
            for ((message, _), outcome) in perceive.iter().zip(outbox.perceive(&perceive).await) {
                sent.note(outcome, || About::of(&message.agent, None));
            }
        }
        for review in &self.start {
            let owner =
                || Owner { tenant: review.tenant.clone(), campaign: review.campaign.clone(), task: None };
            sent.note(workflows.start_review(review).await, || About::of(&review.id, Some(owner())));
        }
        for token in &self.complete {
            sent.note(workflows.complete(token).await, || About::of("a workflow", None));
        }
        sent.failure.map_or(Ok(sent.undeliverable), Err)
    }
}

/// What came of the sends so far.
#[derive(Default)]
struct Sent {
    undeliverable: Vec<Undeliverable>,
    failure: Option<SendError>,
}

impl Sent {
    fn note(&mut self, outcome: Result<(), SendError>, about: impl FnOnce() -> About) {
        match outcome {
            Ok(()) => {}
            Err(SendError::Unacceptable(reason)) => {
                self.undeliverable.push(Undeliverable { about: about(), reason });
            }
            Err(failed) => {
                self.failure.get_or_insert(failed);
            }
        }
    }
}
