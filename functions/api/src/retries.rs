//! Another attempt for a failed task, because a person asks for it: by name, or through its dead letter.

use std::collections::BTreeSet;

use axum::Json as Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chimera_domain::{
    Campaign, CampaignId, Plan, PlanEvent, PlanStatus, Row, RowKey, StoreError, Stored, Task, TaskId,
    TaskStatus, TenantId, Transaction,
};
use serde::Serialize;
use serde_json::json;

use crate::body::{self, MaybeJson};
use crate::caller::{At, Caller};
use crate::errors::{self, Problem};
use crate::state::{Api, Clock, Ids, Store, WRITE_TRIES};
use crate::views::{CampaignView, TaskView};
use crate::watches::Watching;

/// What becomes of dependents that a re-plan has dropped.
const DROPPED: &str = "these tasks depended on it and were dropped by a later plan; they are not done again";

/// `POST /campaigns/{campaign}/tasks/{task}/retry`.
pub(crate) async fn retry<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    At((campaign, task)): At<(CampaignId, TaskId)>,
    MaybeJson(body): MaybeJson,
) -> Result<Response, Problem> {
    body::expect_nothing(body)?;
    let writer = api.writer_of("retry", &caller.operator);
    for _ in 0..WRITE_TRIES {
        let opening = Opening::prepare(&api, &caller.tenant, &campaign, &task).await?;
        let write = opening.add_to(Transaction::by(writer.clone())).map_err(errors::store)?;
        match api.store().write(&write).await {
            Ok(_) => return Ok(Body(opening.tell(&api).await?).into_response()),
            Err(StoreError::Refused(_) | StoreError::Contention) => {}
            Err(error) => return Err(errors::store(error)),
        }
    }
    Err(errors::busy())
}

/// [P-7] [P-11] The rows that open a failed task again. The campaign's is one of them: who finishes a campaign has seen
/// all its tasks final, and must not have seen it before this.
pub(crate) struct Opening {
    task: (Stored<Task>, Task),
    campaign: (Stored<Campaign>, Campaign),
    /// Where the campaign had ended with its plan settled.
    plan: Option<(Stored<Plan>, Plan)>,
    /// Where the campaign had ended and reacts again.
    watching: Option<Watching>,
}

impl Opening {
    /// Reads the rows, and decides.
    ///
    /// # Errors
    /// 404 where one is not there; 409 where the campaign was cancelled, or the task is not failed.
    pub(crate) async fn prepare<S: Store, C: Clock, I: Ids>(
        api: &Api<S, C, I>,
        tenant: &TenantId,
        campaign: &CampaignId,
        task: &TaskId,
    ) -> Result<Self, Problem> {
        let keys = [RowKey::campaign(tenant, campaign), RowKey::task(tenant, campaign, task)];
        let mut rows = api.store().get_many(&keys).await.map_err(errors::store)?.into_iter();
        let campaign = rows.next().flatten().and_then(|row| row.narrow(Row::into_campaign));
        let task = rows.next().flatten().and_then(|row| row.narrow(Row::into_task));
        let (campaign, task) = campaign.zip(task).ok_or_else(errors::not_found)?;
        let now = api.now();
        let taken_up = campaign.row.taken_up(now).map_err(|illegal| {
            errors::conflict("campaign_over", illegal.to_string(), json!({"current": illegal.from}))
        })?;
        let retried = task.row.retried(now).map_err(|illegal| errors::illegal(&illegal))?;
        let (plan, watching) = if campaign.row.status.is_over() {
            (settled_plan(api, &campaign.row).await?, Watching::prepare(api, &taken_up).await?)
        } else {
            (None, None)
        };
        Ok(Self { task: (task, retried), campaign: (campaign, taken_up), plan, watching })
    }

    /// Adds the writes.
    pub(crate) fn add_to(&self, write: Transaction) -> Result<Transaction, StoreError> {
        let write = write.replace(&self.task.0, self.task.1.clone())?;
        let write = write.replace(&self.campaign.0, self.campaign.1.clone())?;
        let write = match &self.plan {
            Some((old, new)) => write.replace(old, new.clone())?,
            None => write,
        };
        match &self.watching {
            Some(watching) => watching.add_to(write),
            None => Ok(write),
        }
    }

    /// What the caller is told once it is written.
    pub(crate) async fn tell<S: Store, C: Clock, I: Ids>(
        self,
        api: &Api<S, C, I>,
    ) -> Result<Retried, Problem> {
        let (campaign, task) = (self.campaign.1, self.task.1);
        tracing::info!(campaign.id = %campaign.id, trace_id = %campaign.trace, task.id = %task.id,
            attempt = task.attempt, "a failed task is tried again");
        let partition = RowKey::campaign_partition(&campaign.tenant, &campaign.id);
        let rows = api.store().query(&partition, "TASK#").await.map_err(errors::store)?;
        let tasks: Vec<Task> = rows.into_iter().filter_map(|row| row.row.into_task()).collect();
        let dropped = dropped_dependents(&tasks, &task.id);
        let note = (!dropped.is_empty()).then_some(DROPPED);
        Ok(Retried { task: task.into(), campaign: campaign.into(), dropped, note })
    }
}

/// A task that has another attempt.
#[derive(Serialize)]
pub(crate) struct Retried {
    task: TaskView,
    campaign: CampaignView,
    /// Dependents that stay dropped, whatever comes of it.
    dropped: Vec<TaskId>,
    note: Option<&'static str>,
}

async fn settled_plan<S: Store, C: Clock, I: Ids>(
    api: &Api<S, C, I>,
    campaign: &Campaign,
) -> Result<Option<(Stored<Plan>, Plan)>, Problem> {
    let key = RowKey::plan(&campaign.tenant, &campaign.id, campaign.plan);
    let found = api.store().get(&key).await.map_err(errors::store)?;
    let settled = found
        .and_then(|row| row.narrow(Row::into_plan))
        .filter(|plan| plan.row.status == PlanStatus::Settled);
    settled
        .map(|old| {
            let status =
                old.row.status.next(PlanEvent::Reopen).map_err(|illegal| errors::illegal(&illegal))?;
            // What it comes to is found again when it is settled again.
            let open = Plan { status, settled: None, ..old.row.clone() };
            Ok((old, open))
        })
        .transpose()
}

/// The dropped ones of all that depend on `root`, however far.
fn dropped_dependents(tasks: &[Task], root: &TaskId) -> Vec<TaskId> {
    let mut reached = BTreeSet::from([root]);
    loop {
        let known = reached.len();
        let depends = |task: &&Task| task.depends_on.iter().any(|parent| reached.contains(parent));
        let next: Vec<&TaskId> = tasks.iter().filter(depends).map(|task| &task.id).collect();
        reached.extend(next);
        if reached.len() == known {
            break;
        }
    }
    let is_dropped = |task: &&Task| task.status == TaskStatus::Dropped && reached.contains(&task.id);
    tasks.iter().filter(is_dropped).map(|task| task.id.clone()).collect()
}
