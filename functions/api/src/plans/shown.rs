//! The plan as it is shown, and what follows from having seen it.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};
use chimera_domain::{
    CampaignId, CampaignStatus, Plan, ProposedTask, Rejection, Row, RowKey, Stored, TenantId, Timestamp,
    WaitingPlan,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::errors::{self, Problem};
use crate::etag;
use crate::state::{Api, Clock, Ids, Store};
use crate::views::PlanView;

/// A campaign's plan as its rows are now.
pub(super) struct Shown(pub(super) WaitingPlan);

/// What callers are shown: all that may be edited, and what it costs.
#[derive(Serialize)]
struct Page<'a> {
    campaign: &'a CampaignId,
    status: CampaignStatus,
    /// Until when somebody must approve it; nothing where nobody need.
    decide_by: Option<Timestamp>,
    plan: PlanView,
    /// What was said of earlier drafts, oldest first.
    rejected: Vec<&'a Rejection>,
    tasks: Vec<ProposedTask>,
}

impl Shown {
    /// Reads the rows.
    ///
    /// # Errors
    /// 404 where there is no such campaign; 409 where no plan is drawn yet.
    pub(super) async fn read<S: Store, C: Clock, I: Ids>(
        api: &Api<S, C, I>,
        tenant: &TenantId,
        id: &CampaignId,
    ) -> Result<Self, Problem> {
        let partition = RowKey::campaign_partition(tenant, id);
        let rows = api.store().query(&partition, "").await.map_err(errors::store)?;
        let (mut campaign, mut plans, mut tasks) = (None, Vec::new(), BTreeMap::new());
        for Stored { row, version, writer } in rows {
            match row {
                Row::Campaign(row) => campaign = Some(Stored { row: *row, version, writer }),
                Row::Plan(row) => plans.push(Stored { row: *row, version, writer }),
                Row::Task(row) => {
                    tasks.insert(row.id.clone(), Stored { row: *row, version, writer });
                }
                _ => {}
            }
        }
        let campaign = campaign.ok_or_else(errors::not_found)?;
        let status = campaign.row.status;
        let drawn = plans.iter().find(|plan| plan.row.number == campaign.row.plan).cloned();
        let Some(plan) = drawn.filter(|_| status != CampaignStatus::Planning) else {
            let detail = "no plan has been drawn yet";
            return Err(errors::conflict("no_plan", detail, json!({"current": status})));
        };
        plans.sort_by_key(|plan| plan.row.number);
        let versions = plans.into_iter().map(|plan| plan.row).collect();
        Ok(Self(WaitingPlan { campaign, plan, versions, tasks }))
    }

    /// A version as callers are shown it.
    pub(super) fn view(&self, plan: Plan) -> PlanView {
        let tasks = self.0.tasks.values().map(|task| (task.row.id.clone(), task.row.attempt_cost()));
        PlanView::of(plan, &self.0.versions, &tasks.collect())
    }

    /// The answer.
    ///
    /// # Errors
    /// 500 when it has no JSON form; a defect.
    pub(super) fn value(&self) -> Result<Value, Problem> {
        let (campaign, plan) = (&self.0.campaign.row, &self.0.plan.row);
        let is_waiting = campaign.status == CampaignStatus::AwaitingApproval;
        let page = Page {
            campaign: &campaign.id,
            status: campaign.status,
            decide_by: campaign.due_at.filter(|_| is_waiting),
            plan: self.view(plan.clone()),
            rejected: self.0.versions.iter().filter_map(|version| version.rejected.as_ref()).collect(),
            tasks: self.0.proposal().tasks,
        };
        serde_json::to_value(page).map_err(errors::defect)
    }

    /// [PL-2] Refuses whoever has seen something else. `*` names nothing that was seen.
    ///
    /// # Errors
    /// 412, with the present status; 500.
    pub(super) fn require_seen(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let tag = etag::of_value(&self.value()?);
        if etag::lists(headers, &header::IF_MATCH, &tag) {
            return Ok(());
        }
        let (number, status) = (self.0.plan.row.number, self.0.campaign.row.status);
        Err(errors::precondition(format!("the plan is at version {number}, and the campaign is {status}")))
    }
}
