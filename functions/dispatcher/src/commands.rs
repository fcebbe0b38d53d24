//! Commands, gathered and sent in as few requests as the services allow.

use std::collections::BTreeSet;

use chimera_domain::{
    Command, EffectMessage, PlanMessage, Review, ReviewMessage, Task, TaskToken,
    ports::{Outbox, SendError, Workflows},
};

/// What is to be sent, without duplicates.
#[derive(Debug, Default)]
pub(crate) struct Commands {
    plan: BTreeSet<PlanMessage>,
    work: Vec<Task>,
    judge: Vec<ReviewMessage>,
    publish: BTreeSet<EffectMessage>,
    start: Vec<Review>,
    complete: Vec<TaskToken>,
    /// Reviews whose rung has run out: written, not sent.
    pub(crate) next_rung: Vec<Review>,
    /// Campaigns whose rows are to be queried.
    pub(crate) sweeps: Vec<(PlanMessage, bool)>,
}

/// A send that can never succeed, with what it was about.
#[derive(Debug)]
pub(crate) struct Undeliverable {
    pub(crate) what: String,
    pub(crate) task: Option<Task>,
    pub(crate) reason: String,
}

impl Commands {
    /// Adds what the row of `campaign` calls for.
    pub(crate) fn add(&mut self, campaign: Option<PlanMessage>, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Plan(message) => {
                    self.plan.insert(message);
                }
                Command::Work(task) => {
                    let is_new = |sent: &Task| {
                        (&sent.campaign, &sent.id, &sent.tenant) != (&task.campaign, &task.id, &task.tenant)
                    };
                    if self.work.iter().all(is_new) {
                        self.work.push(*task);
                    }
                }
                Command::Judge(message) => {
                    if !self.judge.contains(&message) {
                        self.judge.push(message);
                    }
                }
                Command::Publish(message) => {
                    self.publish.insert(message);
                }
                Command::StartReview(review) => self.start.push(*review),
                Command::CompleteToken(token) => self.complete.push(token),
                Command::NextRung(review) => self.next_rung.push(*review),
                Command::Sweep { every_task } => {
                    if let Some(campaign) = &campaign {
                        self.sweeps.push((campaign.clone(), every_task));
                    }
                }
            }
        }
    }

    /// Sends everything. What can never be delivered is given back; a failure of the service fails the call, and
    /// everything is sent again later.
    pub(crate) async fn send(
        self,
        outbox: &impl Outbox,
        workflows: &impl Workflows,
    ) -> Result<Vec<Undeliverable>, SendError> {
        let mut undeliverable = Vec::new();
        for review in &self.start {
            sort_out(workflows.start_review(review).await, &mut undeliverable, || {
                (review.id.to_string(), None)
            })?;
        }
        for token in &self.complete {
            sort_out(workflows.complete(token).await, &mut undeliverable, || {
                ("a workflow".to_owned(), None)
            })?;
        }
        let plan: Vec<PlanMessage> = self.plan.into_iter().collect();
        let publish: Vec<EffectMessage> = self.publish.into_iter().collect();
        if !plan.is_empty() {
            for (message, sent) in plan.iter().zip(outbox.plan(&plan).await) {
                sort_out(sent, &mut undeliverable, || (message.campaign.to_string(), None))?;
            }
        }
        if !self.work.is_empty() {
            for (task, sent) in self.work.iter().zip(outbox.work(&self.work).await) {
                sort_out(sent, &mut undeliverable, || (task.id.to_string(), Some(task.clone())))?;
            }
        }
        if !self.judge.is_empty() {
            for sent in outbox.judge(&self.judge).await {
                sort_out(sent, &mut undeliverable, || ("a review message".to_owned(), None))?;
            }
        }
        if !publish.is_empty() {
            for (message, sent) in publish.iter().zip(outbox.publish(&publish).await) {
                sort_out(sent, &mut undeliverable, || (message.effect.to_string(), None))?;
            }
        }
        Ok(undeliverable)
    }
}

fn sort_out(
    sent: Result<(), SendError>,
    undeliverable: &mut Vec<Undeliverable>,
    about: impl FnOnce() -> (String, Option<Task>),
) -> Result<(), SendError> {
    match sent {
        Ok(()) => Ok(()),
        Err(SendError::Unacceptable(reason)) => {
            let (what, task) = about();
            undeliverable.push(Undeliverable { what, task, reason });
            Ok(())
        }
        Err(failed) => Err(failed),
    }
}
