//! A campaign as its rows show it: what every decision of the planner starts from.

use std::collections::BTreeMap;

use chimera_domain::{
    Campaign, CampaignId, DecisionKind, Effect, EffectId, EffectStatus, Plan, Review, ReviewStatus, Row,
    RowKey, Signal, SignalStatus, Stored, Subject, Task, TaskId, TaskKind, TaskStatus, TenantId, Timestamp,
    ports::StateReader,
};

use chimera_domain::StoreError;

use crate::{reaction, round};

/// All rows of one campaign, read consistently in one query.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) campaign: Stored<Campaign>,
    pub(crate) plans: Vec<Stored<Plan>>,
    pub(crate) tasks: BTreeMap<TaskId, Stored<Task>>,
    pub(crate) reviews: Vec<Stored<Review>>,
    pub(crate) effects: Vec<Stored<Effect>>,
    pub(crate) signals: Vec<Stored<Signal>>,
}

/// Whether what a task waits for is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Inputs {
    Ready,
    Waiting,
    /// It will never be there; why, for people.
    Lost(String),
}

impl View {
    /// Reads the campaign; none where it is unknown.
    pub(crate) async fn read(
        store: &impl StateReader,
        tenant: &TenantId,
        campaign: &CampaignId,
    ) -> Result<Option<Self>, StoreError> {
        let partition = RowKey::campaign_partition(tenant, campaign);
        let rows = store.query(&partition, "").await?;
        let (mut found, mut plans, mut tasks) = (None, Vec::new(), BTreeMap::new());
        let (mut reviews, mut effects, mut signals) = (Vec::new(), Vec::new(), Vec::new());
        for Stored { row, version, writer } in rows {
            match row {
                Row::Campaign(row) => found = Some(Stored { row: *row, version, writer }),
                Row::Plan(row) => plans.push(Stored { row: *row, version, writer }),
                Row::Task(row) => {
                    tasks.insert(row.id.clone(), Stored { row: *row, version, writer });
                }
                Row::Review(row) => reviews.push(Stored { row: *row, version, writer }),
                Row::Effect(row) => effects.push(Stored { row: *row, version, writer }),
                Row::Signal(row) => signals.push(Stored { row: *row, version, writer }),
                _ => {}
            }
        }
        let Some(campaign) = found else { return Ok(None) };
        let mut view = Self { campaign, plans, tasks, reviews, effects, signals };
        // A query is no snapshot: it comes to the effects before the reviews, and a review that took a post back in
        // between made one more.
        if view.reviews.iter().any(|review| view.may_miss_an_undo(&review.row)) {
            let effects = store.query(&partition, "EFFECT#").await?.into_iter();
            view.effects = effects.filter_map(|stored| stored.narrow(Row::into_effect)).collect();
        }
        Ok(Some(view))
    }

    /// Whether the review has ended against its post and nothing is seen that takes it back.
    fn may_miss_an_undo(&self, review: &Review) -> bool {
        let Subject::Published { effect, .. } = &review.subject else { return false };
        let is_over = matches!(review.status, ReviewStatus::Closed | ReviewStatus::Expired);
        is_over
            && review.decided != Some(DecisionKind::Approve)
            && !self.effects.iter().any(|undo| undo.row.undoes.as_ref() == Some(effect))
    }

    /// Questions about effects that will not be any more: no answer changes anything. Each with its effect.
    pub(crate) fn idle_questions(&self) -> impl Iterator<Item = (&Stored<Review>, &Stored<Effect>)> {
        let open = self.reviews.iter().filter(|review| review.row.status == ReviewStatus::Open);
        open.filter_map(|review| {
            let (Subject::Published { effect: id, .. } | Subject::Rejudged { effect: id, .. }) =
                &review.row.subject
            else {
                return None;
            };
            let effect = self.effects.iter().find(|effect| effect.row.id == *id)?;
            effect.row.never_happened().then_some((review, effect))
        })
    }

    /// The plan version in force.
    pub(crate) fn plan(&self) -> Option<&Stored<Plan>> {
        self.plans.iter().find(|plan| plan.row.number == self.campaign.row.plan)
    }

    /// The number the next plan version gets.
    pub(crate) fn next_plan(&self) -> u32 {
        self.plans.iter().map(|plan| plan.row.number).max().unwrap_or(0) + 1
    }

    /// Whether something was perceived that nobody has answered.
    pub(crate) fn has_open_signal(&self) -> bool {
        self.signals.iter().any(|signal| signal.row.status == SignalStatus::Open)
    }

    /// Tasks that wait for this one, among others.
    pub(crate) fn blocked_by(&self, parent: &TaskId) -> impl Iterator<Item = &Stored<Task>> {
        let tasks = self.tasks.values();
        tasks.filter(move |task| {
            task.row.status == TaskStatus::Blocked && task.row.depends_on.contains(parent)
        })
    }

    /// Tasks of this kind that wait for others.
    pub(crate) fn blocked(&self, kind: TaskKind) -> impl Iterator<Item = &Task> {
        let tasks = self.tasks.values().map(|task| &task.row);
        tasks.filter(move |task| task.kind == kind && task.status == TaskStatus::Blocked)
    }

    /// The place that the next new task gets.
    pub(crate) fn next_ordinal(&self) -> usize {
        let last = self.tasks.values().map(|task| task.row.ordinal).max();
        last.map_or(0, |last| usize::try_from(last).unwrap_or(usize::MAX).saturating_add(1))
    }

    /// Whether a task has an effect that this view does not hold: a query is no snapshot, and its approval came in
    /// between.
    fn misses_effect(&self, task: &Task) -> bool {
        task.effect.is_some() && self.effect_of(task).is_none()
    }

    /// The effect of a task's approved attempt.
    pub(crate) fn effect_of(&self, task: &Task) -> Option<&Stored<Effect>> {
        let id = task.effect.as_ref()?;
        self.effects.iter().find(|effect| effect.row.id == *id)
    }

    /// Whether what the task waits for is there: read again each time, never counted.
    pub(crate) fn inputs(&self, task: &Task, now: Timestamp) -> Inputs {
        match task.kind {
            // More may still be published.
            TaskKind::Remember if reaction::is_watching(self, now) || round::is_open(self) => Inputs::Waiting,
            TaskKind::Remember => self.when_all_is_out(task),
            _ => self.when_all_is_done(task),
        }
    }

    /// [K-7] However what it waits for has ended, and whatever became of it: what may still come, or may still be taken
    /// back, is waited for.
    fn when_all_is_out(&self, task: &Task) -> Inputs {
        let is_over = |parent: &Task| {
            let effect = self.effect_of(parent);
            parent.status.is_final()
                && !self.misses_effect(parent)
                && effect.is_none_or(|effect| effect.row.status.is_final())
        };
        let parents = task.depends_on.iter().filter_map(|parent| self.tasks.get(parent));
        let undoing = self.effects.iter().filter(|effect| effect.row.undoes.is_some());
        let is_out = parents.map(|parent| &parent.row).all(is_over)
            && undoing.map(|undo| undo.row.status).all(EffectStatus::is_final)
            && !self.reviews.iter().any(|review| may_take_back(&review.row));
        if is_out { Inputs::Ready } else { Inputs::Waiting }
    }

    /// [K-7] The effects that published something, and that nobody wanted taken back: what a human rejected is no example,
    /// also where it could not be deleted. What only a human vouches for has no id by which the platform knows it.
    pub(crate) fn published(&self) -> impl Iterator<Item = &Effect> {
        let is_unwanted = move |id: &EffectId| {
            let mut effects = self.effects.iter().map(|effect| &effect.row);
            effects.any(|undo| undo.undoes.as_ref() == Some(id))
        };
        let is_known = |effect: &Effect| {
            let id = effect.outcome.as_ref().map(|outcome| outcome.external_id.as_str());
            effect.asked.as_ref().is_none_or(|asked| id != Some(asked.as_str()))
        };
        let done = self.effects.iter().map(|effect| &effect.row);
        let done = done.filter(|effect| effect.status == EffectStatus::Done && effect.undoes.is_none());
        done.filter(move |effect| is_known(effect) && !is_unwanted(&effect.id))
    }

    /// [P-5] Whether every task this one waits for is approved and its effect done. [K-3] A post does not wait for a
    /// picture that will never be there.
    fn when_all_is_done(&self, task: &Task) -> Inputs {
        let mut ready = true;
        for parent in &task.depends_on {
            let Some(parent) = self.tasks.get(parent).map(|stored| &stored.row) else {
                return Inputs::Lost(format!("{parent} is not in the campaign"));
            };
            match parent.status {
                TaskStatus::Failed | TaskStatus::Dropped if parent.kind.is_for_a_post() => {}
                TaskStatus::Failed | TaskStatus::Dropped => {
                    return Inputs::Lost(format!("{} was {}", parent.id, parent.status));
                }
                TaskStatus::Approved if self.misses_effect(parent) => ready = false,
                TaskStatus::Approved => match self.effect_of(parent).map(|effect| effect.row.status) {
                    None | Some(EffectStatus::Done) => {}
                    Some(EffectStatus::Failed | EffectStatus::Void) => {
                        return Inputs::Lost(format!("the effect of {} did not happen", parent.id));
                    }
                    Some(_) => ready = false,
                },
                _ => ready = false,
            }
        }
        if ready { Inputs::Ready } else { Inputs::Waiting }
    }

    /// Whether nothing is left to do.
    pub(crate) fn is_all_final(&self) -> bool {
        self.is_done(|_| true)
    }

    /// Whether nothing is left to do but what tasks of this kind wait for.
    pub(crate) fn is_all_final_but(&self, kind: TaskKind) -> bool {
        self.is_done(|task| task.kind != kind || task.status != TaskStatus::Blocked)
    }

    fn is_done(&self, counts: impl Fn(&Task) -> bool) -> bool {
        let mut tasks = self.tasks.values().map(|task| &task.row).filter(|task| counts(task));
        tasks.all(|task| task.status.is_final() && !self.misses_effect(task))
            && self.effects.iter().all(|effect| effect.row.status.is_final())
            && !self.reviews.iter().any(|review| may_take_back(&review.row))
    }
}

/// Whether the answer may still make an effect.
fn may_take_back(review: &Review) -> bool {
    review.is_waiting() && matches!(review.subject, Subject::Published { .. })
}
