//! What happens by itself: operators who pause, resume, cancel and ask again, reviewers who answer, and a world that says
//! something.

use chimera_domain::ports::{Clock as _, Ids as _, StateWriter as _};
use chimera_domain::{
    Campaign, CampaignEvent, CampaignStatus, Confidence, DecisionKind, OperatorId, Plan, PlanEvent,
    Rejection, Review, ReviewEvent, ReviewStatus, Seen, Signal, SignalId, SignalStatus, Stored, TaskStatus,
    Transaction, WriterId, limits,
};

use super::check::Rows;
use super::proposal::asked;
use super::world::DagWorld;
use crate::operator::{retrying, turned};

/// Numbers of the mentions that may be heard: those of briefs are among them.
const MENTIONS: usize = 40;
/// Numbers of the trends that may be seen.
const TRENDS: usize = 12;

impl DagWorld {
    /// Something happens; nothing where it cannot. Whoever wrote first keeps the last word: people would ask again.
    pub(super) async fn moment(&self) {
        self.count(|tally| tally.moments += 1);
        match self.lot(100) {
            0..55 => self.perceive().await,
            55..68 => self.turn(CampaignEvent::Pause).await,
            68..82 => self.turn(CampaignEvent::Resume).await,
            82..84 => self.turn(CampaignEvent::Cancel).await,
            84..90 => self.retry().await,
            90..95 => {
                self.answer_plan().await;
            }
            _ => self.answer_one().await,
        }
    }

    /// An operator pauses, resumes or cancels, where that is possible.
    pub(super) async fn turn(&self, event: CampaignEvent) {
        let old = Rows::of(&self.cloud).campaign;
        let Some(new) = turned(&old.row, event, self.clock.now()) else { return };
        self.write_as("api", "turn", |writer| Transaction::by(writer).replace(&old, new)).await;
    }

    /// An operator asks for a failed task again.
    async fn retry(&self) {
        let rows = Rows::of(&self.cloud);
        let failed: Vec<_> =
            rows.tasks.values().filter(|task| task.row.status == TaskStatus::Failed).collect();
        let Some(task) = self.one_of(&failed) else { return };
        let plan = rows.plans.iter().find(|plan| plan.row.number == rows.campaign.row.plan);
        let (now, campaign) = (self.clock.now(), &rows.campaign);
        let (Ok(retried), Ok(taken_up)) = (task.row.retried(now), campaign.row.taken_up(now)) else { return };
        let make = |writer| retrying(writer, (task, retried), (campaign, taken_up), plan);
        let written = self.write_as("api", "retry", make).await;
        self.count(|tally| tally.retries += u64::from(written));
    }

    /// [PL-2] [PL-8] An operator approves a plan that waits, or wants another; false where none waits.
    pub(super) async fn answer_plan(&self) -> bool {
        let rows = Rows::of(&self.cloud);
        let campaign = &rows.campaign;
        let Some(plan) = rows.plans.iter().find(|plan| plan.row.number == campaign.row.plan) else {
            return false;
        };
        let rejected = rows.plans.iter().filter(|plan| plan.row.rejected.is_some()).count();
        if campaign.row.status != CampaignStatus::AwaitingApproval {
            return false;
        }
        let (now, wants_another) = (self.clock.now(), self.lot(4) == 0);
        let (event, answered) = if wants_another && rejected + 1 < limits::DRAFTS_PER_CAMPAIGN {
            let (by, comment) = (OperatorId::new("rhea"), "shorter, please".to_owned());
            let rejected = Some(Rejection { by, comment, at: now });
            (CampaignEvent::Redraw, Plan { rejected, ..plan.row.clone() })
        } else {
            let Ok(status) = plan.row.status.next(PlanEvent::Open) else { return false };
            (CampaignEvent::Open, Plan { status, ..plan.row.clone() })
        };
        let Ok(status) = campaign.row.status.next(event) else { return false };
        let due_at = Some(now + limits::FOLLOW_UP_AFTER);
        let turned = Campaign { status, due_at, ..campaign.row.clone() };
        let make = |writer| Transaction::by(writer).replace(campaign, turned)?.replace(plan, answered);
        self.write_as("api", "plan", make).await;
        true
    }

    /// Perception sees something, perhaps for the second time: its id keeps the second one out.
    async fn perceive(&self) {
        let campaign = Rows::of(&self.cloud).campaign.row;
        let seen = if self.lot(3) > 0 { a_mention(self.lot(MENTIONS)) } else { a_trend(self.lot(TRENDS)) };
        let id = match &seen {
            Seen::Mention { mention, .. } => SignalId::of_mention(&mention.id),
            Seen::Trend { articles, .. } => SignalId::of_trend(articles.last().map_or("", String::as_str)),
        };
        let signal = Signal {
            tenant: campaign.tenant,
            campaign: campaign.id,
            id,
            seen,
            relevance: Confidence::share(75 + self.lot(26), 100),
            why: "it bears on the goal".to_owned(),
            status: SignalStatus::Open,
            reason: None,
            plan: None,
            seen_at: self.clock.now(),
        };
        let written =
            self.write_as("perception", "signal", |writer| Transaction::by(writer).insert(signal)).await;
        self.count(|tally| tally.signals += u64::from(written));
    }

    /// A reviewer answers one open review.
    async fn answer_one(&self) {
        let rows = Rows::of(&self.cloud);
        let open: Vec<_> =
            rows.reviews.iter().filter(|review| review.row.status == ReviewStatus::Open).collect();
        if let Some(review) = self.one_of(&open) {
            self.answer(review).await;
        }
    }

    /// Reviewers answer whatever is open; false where nothing is.
    pub(super) async fn answer_all(&self) -> bool {
        let rows = Rows::of(&self.cloud);
        let open = rows.reviews.iter().filter(|review| review.row.status == ReviewStatus::Open);
        let mut any = false;
        for review in open {
            self.answer(review).await;
            any = true;
        }
        any
    }

    async fn answer(&self, review: &Stored<Review>) {
        let kind = match self.lot(10) {
            0..7 => DecisionKind::Approve,
            7..9 => DecisionKind::Reject,
            _ => DecisionKind::Respond,
        };
        let Ok(status) = review.row.status.next(ReviewEvent::Decide) else { return };
        let now = self.clock.now();
        let decided = Review {
            status,
            decided: Some(kind),
            due_at: Some(now + limits::FOLLOW_UP_AFTER),
            ended_at: Some(now),
            ..review.row.clone()
        };
        self.write_as("api", "decide", |writer| Transaction::by(writer).replace(review, decided)).await;
    }

    /// Writes as this function; whether it was written.
    async fn write_as(
        &self,
        function: &str,
        what: &str,
        make: impl FnOnce(WriterId) -> Result<Transaction, chimera_domain::StoreError>,
    ) -> bool {
        let writer = WriterId::new(format!("{what}-{}", self.ids.fresh()));
        let written = match make(writer) {
            Ok(transaction) => self.cloud.as_function(function).write(&transaction).await,
            Err(error) => Err(error),
        };
        written.is_ok()
    }
}

fn a_mention(number: usize) -> Seen {
    Seen::Mention { mention: asked(number), asks: number.is_multiple_of(2), in_reply_to: None }
}

fn a_trend(number: usize) -> Seen {
    Seen::Trend {
        headline: format!("Tool {number} is new"),
        terms: vec!["tool".to_owned(), "new".to_owned()],
        articles: vec![format!("late-{number}"), format!("early-{number}")],
        sources: vec!["daily".to_owned(), "weekly".to_owned(), "hourly".to_owned()],
        strength: Confidence::FULL,
    }
}
