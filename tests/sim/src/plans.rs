//! The operator's answers to a plan that waits for approval, as the `api` would write them.

use std::collections::BTreeMap;

use chimera_domain::ports::{Clock as _, Ids as _, StateWriter as _};
use chimera_domain::{
    AnswerError, Answered, OperatorId, Policy, Proposal, ProposedTask, Rejection, Row, StoreError,
    WaitingPlan, WriterId,
};
use chimera_testkit::builders::an_agent;

use crate::SwarmWorld;

/// Who answers.
const OPERATOR: &str = "ada";

impl SwarmWorld {
    /// The first campaign's plan as it is shown now; none where none was drawn.
    #[must_use]
    pub fn waiting_plan(&self) -> Option<WaitingPlan> {
        let campaign = self.rows(Row::into_campaign).into_iter().next()?;
        let plans = self.rows(Row::into_plan);
        let plan = plans.iter().find(|plan| plan.row.number == campaign.row.plan)?.clone();
        let versions = plans.into_iter().map(|plan| plan.row).collect();
        let tasks = self.rows(Row::into_task).into_iter().map(|task| (task.row.id.clone(), task));
        Some(WaitingPlan { campaign, plan, versions, tasks: tasks.collect::<BTreeMap<_, _>>() })
    }

    /// An operator approves the plan that is shown now; false where somebody else was faster.
    ///
    /// # Panics
    /// When no plan waits, or the store fails.
    pub async fn approve_plan(&self) -> bool {
        self.answer(self.waiting_plan(), |seen, policy| {
            seen.approved(policy, self.answering("plan-approve"), self.clock.now()).map(Some)
        })
        .await
    }

    /// An operator approves a plan that was seen before.
    ///
    /// # Panics
    /// When the store fails.
    pub async fn approve_seen(&self, seen: &WaitingPlan) -> bool {
        self.answer(Some(seen.clone()), |seen, policy| {
            seen.approved(policy, self.answering("plan-approve"), self.clock.now()).map(Some)
        })
        .await
    }

    /// An operator wants another plan.
    ///
    /// # Panics
    /// When no plan waits, too many were drawn, or the store fails.
    pub async fn reject_plan(&self, comment: &str) -> bool {
        let (by, at) = (OperatorId::new(OPERATOR), self.clock.now());
        let rejection = Rejection { by, comment: comment.to_owned(), at };
        self.answer(self.waiting_plan(), |seen, _| {
            seen.rejected(rejection.clone(), self.answering("plan-reject")).map(Some)
        })
        .await
    }

    /// An operator edits the plan.
    ///
    /// # Panics
    /// When no plan waits, the list is no plan, or the store fails.
    pub async fn edit_plan(&self, change: impl Fn(&mut Vec<ProposedTask>)) -> bool {
        let mut proposal =
            self.waiting_plan().map(|plan| plan.proposal()).unwrap_or(Proposal { tasks: Vec::new() });
        change(&mut proposal.tasks);
        let (agent, by) = (an_agent(), OperatorId::new(OPERATOR));
        self.answer(self.waiting_plan(), |seen, policy| {
            let writer = self.answering("plan-edit");
            seen.edited(&proposal, &agent, policy, &by, writer, self.clock.now())
        })
        .await
    }

    async fn answer(
        &self,
        seen: Option<WaitingPlan>,
        decide: impl Fn(&WaitingPlan, &Policy) -> Result<Option<Answered>, AnswerError>,
    ) -> bool {
        let policy = self.policy.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let answered = seen.map(|seen| decide(&seen, &policy));
        assert!(matches!(answered, Some(Ok(_))), "no answer: {answered:?}\n{}", self.story());
        let Some(Ok(Some(Answered { write, .. }))) = answered else { return true };
        let written = self.cloud.as_function("api").write(&write).await;
        let lost = matches!(written, Err(StoreError::Refused(_)));
        assert!(lost || written.is_ok(), "an operator's answer failed: {written:?}");
        !lost
    }

    fn answering(&self, what: &str) -> WriterId {
        WriterId::new(format!("{what}-{OPERATOR}-{}", self.ids.fresh()))
    }
}
