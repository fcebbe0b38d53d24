//! The people: what the `api` would write for them.

use chimera_domain::ports::{Clock as _, DecisionWriter as _, Ids as _, StateWriter as _};
use chimera_domain::{
    Applied, Brief, Campaign, CampaignEvent, CampaignId, Confidence, Decision, DecisionKind, DecisionRow,
    DecisionTransaction, Envelope, OperatorId, Plan, PlanEvent, PlanMessage, Policy, PolicyRow, Review,
    ReviewEvent, ReviewMessage, ReviewStatus, Row, Seen, Signal, SignalId, SignalStatus, StoreError, Stored,
    Task, TaskResult, Timestamp, Transaction, Watch, WriterId, limits,
};
use chimera_testkit::builders::{CampaignBuilder, a_tenant, an_agent_id, cents};
use chimera_testkit::{MemoryCloud, Queue};

use crate::SwarmWorld;

/// The tool that publishes.
const POST_TOOL: &str = "twitter.post_create";

/// Rounds of reviews one story may need.
const ROUNDS: usize = 30;

/// What a reviewer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// As it is.
    Approve,
    /// With this text.
    Edit(&'a str),
    /// Not at all, because.
    Reject(&'a str),
    /// Try again, with this in mind.
    Respond(&'a str),
}

impl Answer<'_> {
    fn kind(self) -> DecisionKind {
        match self {
            Self::Approve => DecisionKind::Approve,
            Self::Edit(_) => DecisionKind::Edit,
            Self::Reject(_) => DecisionKind::Reject,
            Self::Respond(_) => DecisionKind::Respond,
        }
    }
}

impl SwarmWorld {
    /// Accepts a campaign.
    ///
    /// # Panics
    /// When the store refuses it.
    pub async fn start(&self, campaign: CampaignBuilder) -> CampaignId {
        let row = campaign.accepted_at(self.clock.now()).build();
        let id = row.id.clone();
        let watched = row.brief.react.as_ref().map(|_| self.watched(&row));
        let inserted = Transaction::by(self.request()).insert(row);
        let inserted = match watched {
            Some((Some(old), new)) => inserted.and_then(|write| write.replace(&old, new)),
            Some((None, new)) => inserted.and_then(|write| write.insert(new)),
            None => inserted,
        };
        self.must_write(inserted).await;
        id
    }

    /// What the campaign's agent watches, and what it watches with it.
    fn watched(&self, campaign: &Campaign) -> (Option<Stored<Watch>>, Watch) {
        let is_its =
            |old: &Stored<Watch>| (&old.row.tenant, &old.row.agent) == (&campaign.tenant, &campaign.agent);
        let old = self.rows(Row::into_watch).into_iter().find(is_its);
        let before = old.as_ref().map_or_else(
            || Watch::new(campaign.tenant.clone(), campaign.agent.clone()),
            |old| old.row.clone(),
        );
        (old, before.for_campaign(campaign.id.clone(), self.clock.now()))
    }

    /// Somebody says something to the agent of every row; the mention's id.
    pub fn say(&self, author: &str, text: &str) -> String {
        self.platform.say((&a_tenant(), &an_agent_id()), author, text, None)
    }

    /// Lets the oldest campaign hear of something, as perception would tell it: once, whoever tells it again.
    ///
    /// # Panics
    /// When the store fails.
    pub async fn perceive(&self, id: SignalId, seen: Seen) {
        let campaign = self.campaigns().remove(0);
        let signal = Signal {
            tenant: campaign.tenant,
            campaign: campaign.id,
            id,
            seen,
            relevance: Confidence::new(9_000).unwrap_or(Confidence::ZERO),
            why: "it is about what the campaign is about".to_owned(),
            status: SignalStatus::Open,
            reason: None,
            plan: None,
            seen_at: self.clock.now(),
        };
        let inserted = Transaction::by(self.request()).insert(signal);
        self.must_write(inserted).await;
    }

    /// Makes a new version of the campaign's plan.
    ///
    /// # Panics
    /// When the planner cannot.
    pub async fn replan(&self, changes: &planner::Changes) {
        let campaign = self.campaigns().remove(0);
        let of = PlanMessage { tenant: campaign.tenant, campaign: campaign.id };
        let replanned = self.functions.replan(&of, changes).await;
        assert!(replanned.is_ok(), "{replanned:?}\n{}", self.story());
    }

    /// Changes the tenant's policy.
    ///
    /// # Panics
    /// When the policy is not sound, or the store refuses it.
    pub async fn change_policy(&self, change: impl FnOnce(&mut Policy)) {
        let policy = {
            let mut policy = self.policy.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            change(&mut policy);
            policy.clone()
        };
        assert_eq!(policy.check(), Ok(()), "the policy is not sound");
        let row = PolicyRow { tenant: a_tenant(), policy };
        let old = self.rows(Row::into_policy).into_iter().next();
        let transaction = Transaction::by(self.request());
        let written = match old {
            Some(old) => transaction.replace(&old, row),
            None => transaction.insert(row),
        };
        self.must_write(written).await;
    }

    /// Sensitive topics ask nobody any more: the story is about something else, and chance words of a text must not change it.
    pub async fn forget_topics(&self) {
        self.change_policy(|policy| policy.topics.clear()).await;
    }

    /// Forbids posts: what is approved waits before the claim, while everything before it goes on.
    pub async fn forbid_posts(&self) {
        self.change_policy(|policy| {
            policy.killed_tools.insert(POST_TOOL.to_owned());
        })
        .await;
    }

    /// Allows them again.
    pub async fn allow_posts(&self) {
        self.change_policy(|policy| {
            policy.killed_tools.remove(POST_TOOL);
        })
        .await;
    }

    /// Pauses every campaign.
    pub async fn pause(&self) {
        self.turn(CampaignEvent::Pause).await;
    }

    /// Resumes every campaign.
    pub async fn resume(&self) {
        self.turn(CampaignEvent::Resume).await;
    }

    /// Cancels every campaign.
    pub async fn cancel(&self) {
        self.turn(CampaignEvent::Cancel).await;
    }

    /// Raises, or lowers, what the first campaign may spend, in cents.
    ///
    /// # Panics
    /// When there is no campaign, or the store refuses it.
    pub async fn raise_budget(&self, minor: i64) {
        for old in self.rows(Row::into_campaign).into_iter().take(1) {
            let brief = Brief { budget: cents(minor), ..old.row.brief.clone() };
            let raised = Campaign { brief, ..old.row.clone() };
            self.must_write(Transaction::by(self.request()).replace(&old, raised)).await;
        }
    }

    /// Gives a failed task another attempt, and takes its campaign up again where that had ended.
    ///
    /// # Panics
    /// When the task is not failed, its campaign was cancelled, or the store refuses it.
    pub async fn retry(&self, task: &Task) {
        let now = self.clock.now();
        let of_it = |stored: &Stored<Campaign>| {
            (&stored.row.tenant, &stored.row.id) == (&task.tenant, &task.campaign)
        };
        let is_it = |stored: &Stored<Task>| {
            (&stored.row.tenant, &stored.row.campaign, &stored.row.id)
                == (&task.tenant, &task.campaign, &task.id)
        };
        let in_force = |campaign: &Campaign, plan: &Plan| {
            (&plan.tenant, &plan.campaign, plan.number) == (&campaign.tenant, &campaign.id, campaign.plan)
        };
        let campaign = self.rows(Row::into_campaign).into_iter().find(of_it);
        let failed = self.rows(Row::into_task).into_iter().find(is_it);
        let (Some(campaign), Some(failed)) = (campaign, failed) else {
            assert!(self.campaigns().is_empty(), "the task is not there");
            return;
        };
        let (retried, taken_up) = (failed.row.retried(now), campaign.row.taken_up(now));
        assert!(retried.is_ok() && taken_up.is_ok(), "{retried:?} {taken_up:?}\n{}", self.story());
        let (Ok(retried), Ok(taken_up)) = (retried, taken_up) else { return };
        let plan = self.rows(Row::into_plan).into_iter().find(|plan| in_force(&campaign.row, &plan.row));
        let write = retrying(self.request(), (&failed, retried), (&campaign, taken_up), plan.as_ref());
        self.must_write(write).await;
    }

    /// A reviewer answers; false when somebody, or the deadline, was faster.
    pub async fn decide(&self, review: &Stored<Review>, answer: Answer<'_>) -> bool {
        self.decide_as("rhea", review, answer).await
    }

    /// This reviewer answers a review as it was shown; false when somebody, or the deadline, was faster.
    ///
    /// # Panics
    /// When the review does not allow the answer, or the store fails.
    pub async fn decide_as(&self, reviewer: &str, review: &Stored<Review>, answer: Answer<'_>) -> bool {
        assert!(review.row.allowed.contains(&answer.kind()), "{answer:?} is not offered");
        let decision = self.decision(reviewer, &review.row, answer);
        let Ok(status) = review.row.status.next(ReviewEvent::Decide) else { return false };
        let decided = Review {
            status,
            due_at: Some(decision.at + limits::FOLLOW_UP_AFTER),
            ended_at: Some(self.clock.now()),
            decided_by: Some(decision.reviewer.clone()),
            decided: Some(decision.kind),
            ..review.row.clone()
        };
        let row = DecisionRow {
            tenant: review.row.tenant.clone(),
            campaign: review.row.campaign.clone(),
            review: review.row.id.clone(),
            decision,
        };
        let transaction = Transaction::by(self.request())
            .replace(review, decided)
            .and_then(|transaction| DecisionTransaction::decide(transaction, &row));
        let written = match transaction {
            Ok(transaction) => self.api().write_decision(&transaction).await,
            Err(error) => Err(error),
        };
        let won = matches!(written, Ok(Applied::Now | Applied::Before));
        assert!(won || matches!(written, Err(StoreError::Refused(_))), "a decision failed: {written:?}");
        won
    }

    /// Approves whatever waits, and what comes to wait because of it, until nothing does.
    ///
    /// # Panics
    /// When there is no end to it.
    pub async fn approve_all_reviews(&self) {
        for _ in 0..ROUNDS {
            let open = self.open_reviews();
            if open.is_empty() {
                return;
            }
            for review in open {
                self.decide(&review, Answer::Approve).await;
            }
            self.run_until_quiet().await;
        }
        assert!(self.open_reviews().is_empty(), "reviews without end\n{}", self.story());
    }

    /// Puts a worker's result on the review queue, whoever made it up.
    ///
    /// # Panics
    /// When it has no JSON form.
    pub fn send_result(&self, result: TaskResult) {
        self.send_to_judge(&ReviewMessage::Result(Box::new(result)));
    }

    /// Puts any message on the review queue.
    ///
    /// # Panics
    /// When it has no JSON form.
    pub fn send_to_judge(&self, message: &ReviewMessage) {
        let body = serde_json::to_string(&Envelope::new(message));
        assert!(body.is_ok(), "a message has no JSON form");
        self.cloud.send(Queue::Review, body.unwrap_or_default());
    }

    /// Reviews that ended in this status.
    #[must_use]
    pub fn reviews_in(&self, status: ReviewStatus) -> Vec<Review> {
        self.reviews().into_iter().filter(|review| review.status == status).collect()
    }

    async fn turn(&self, event: CampaignEvent) {
        for old in self.rows(Row::into_campaign) {
            let Some(turned) = turned(&old.row, event, self.clock.now()) else { continue };
            let written = Transaction::by(self.request()).replace(&old, turned);
            self.must_write(written).await;
        }
    }

    fn decision(&self, reviewer: &str, review: &Review, answer: Answer<'_>) -> Decision {
        let comment = match answer {
            Answer::Reject(comment) | Answer::Respond(comment) => Some(comment.to_owned()),
            Answer::Approve | Answer::Edit(_) => None,
        };
        let text = match answer {
            Answer::Edit(text) => Some(text.to_owned()),
            _ => None,
        };
        Decision {
            kind: answer.kind(),
            digest: review.digest.clone(),
            reviewer: OperatorId::new(reviewer),
            comment,
            text,
            at: self.clock.now(),
        }
    }

    async fn must_write(&self, transaction: Result<Transaction, StoreError>) {
        let written = match transaction {
            Ok(transaction) => self.api().write(&transaction).await,
            Err(error) => Err(error),
        };
        assert!(written.is_ok(), "an operator's write failed: {:?}", written.err());
    }

    fn api(&self) -> MemoryCloud {
        self.cloud.as_function("api")
    }

    fn request(&self) -> WriterId {
        WriterId::new(format!("request-{}", self.ids.fresh()))
    }
}

/// The campaign as an operator turns it; none where it cannot be.
pub(crate) fn turned(old: &Campaign, event: CampaignEvent, now: Timestamp) -> Option<Campaign> {
    let status = old.status.next(event).ok()?;
    Some(Campaign {
        status,
        due_at: (event != CampaignEvent::Pause).then_some(now),
        finished_at: status.is_over().then_some(now),
        reason: status.is_over().then(|| "cancelled by an operator".to_owned()),
        ..old.clone()
    })
}

/// [P-11] Opens a failed task again, and with it the campaign and the plan in force where they had ended.
pub(crate) fn retrying(
    writer: WriterId,
    (failed, retried): (&Stored<Task>, Task),
    (campaign, taken_up): (&Stored<Campaign>, Campaign),
    plan: Option<&Stored<Plan>>,
) -> Result<Transaction, StoreError> {
    let write = Transaction::by(writer).replace(failed, retried)?.replace(campaign, taken_up)?;
    match plan.and_then(|plan| Some((plan, plan.row.status.next(PlanEvent::Reopen).ok()?))) {
        Some((plan, status)) => write.replace(plan, Plan { status, settled: None, ..plan.row.clone() }),
        None => Ok(write),
    }
}
