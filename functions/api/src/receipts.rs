//! [L-3] Receipts: one document that explains what was decided about a task, an effect or a review, from the rows alone.

mod document;
mod task;

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use chimera_domain::audit::row_name;
use chimera_domain::ports::AuditEntry;
use chimera_domain::{
    Campaign, CampaignId, Decision, Effect, EffectId, LedgerEntry, Review, ReviewId, Row, RowKey, Subject,
    Table, Task, TaskId, TenantId,
};

use crate::caller::{At, Caller};
use crate::errors::{self, Problem};
use crate::etag;
use crate::ledger;
use crate::state::{Api, Clock, Ids, Store};
use document::Receipt;

/// Characters of a task's id that the ids derived from it begin with, however long it is.
const KEPT_OF_ID: usize = 32;

/// What a receipt is of.
pub(crate) enum Of {
    Task(TaskId),
    Effect(EffectId),
    Review(ReviewId),
}

/// The rows behind one receipt.
pub(crate) struct Case {
    pub(crate) campaign: Campaign,
    pub(crate) task: Option<Task>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) reviews: Vec<Review>,
    pub(crate) decisions: BTreeMap<ReviewId, Decision>,
    pub(crate) entries: Vec<LedgerEntry>,
    pub(crate) audit: Vec<AuditEntry>,
}

/// `GET /effects/{campaign}/{effect}/receipt`.
pub(crate) async fn of_effect<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    headers: HeaderMap,
    At((campaign, id)): At<(CampaignId, EffectId)>,
) -> Result<Response, Problem> {
    let key = RowKey::effect(&caller.tenant, &campaign, &id);
    let row = api.store().get(&key).await.map_err(errors::store)?;
    let effect = row.and_then(|row| row.row.into_effect()).ok_or_else(errors::not_found)?;
    answer(&api, &caller.tenant, &campaign, &effect.task, Of::Effect(id), &headers).await
}

/// `GET /tasks/{campaign}/{task}/receipt`.
pub(crate) async fn of_task<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    headers: HeaderMap,
    At((campaign, id)): At<(CampaignId, TaskId)>,
) -> Result<Response, Problem> {
    answer(&api, &caller.tenant, &campaign, &id, Of::Task(id.clone()), &headers).await
}

/// `GET /reviews/{campaign}/{review}/receipt`.
pub(crate) async fn of_review<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    headers: HeaderMap,
    At((campaign, id)): At<(CampaignId, ReviewId)>,
) -> Result<Response, Problem> {
    let key = RowKey::review(&caller.tenant, &campaign, &id);
    let row = api.store().get(&key).await.map_err(errors::store)?;
    let review = row.and_then(|row| row.row.into_review()).ok_or_else(errors::not_found)?;
    answer(&api, &caller.tenant, &campaign, review.subject.task(), Of::Review(id), &headers).await
}

async fn answer<S: Store, C: Clock, I: Ids>(
    api: &Api<S, C, I>,
    tenant: &TenantId,
    campaign: &CampaignId,
    task: &TaskId,
    of: Of,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let mut case = rows(api.store(), tenant, campaign, task).await?.ok_or_else(errors::not_found)?;
    if matches!(of, Of::Task(_)) && case.task.is_none() {
        return Err(errors::not_found());
    }
    case.narrow(&of);
    for review in &case.reviews {
        let row = api.store().decision(tenant, campaign, &review.id).await.map_err(errors::store)?;
        case.decisions.extend(row.map(|row| (row.review, row.decision)));
    }
    case.audit = chains(api.store(), tenant, task, &case).await?;
    let value = serde_json::to_value(Receipt::new(&of, case)).map_err(errors::defect)?;
    Ok(etag::answer(headers, &etag::of_value(&value), value))
}

/// Everything that came of a task; nothing where its campaign is not there.
async fn rows<S: Store>(
    store: &S,
    tenant: &TenantId,
    campaign: &CampaignId,
    task: &TaskId,
) -> Result<Option<Case>, Problem> {
    let partition = RowKey::campaign_partition(tenant, campaign);
    let keys = [RowKey::campaign(tenant, campaign), RowKey::task(tenant, campaign, task)];
    let (effects, reviews) = (format!("EFFECT#{}", head(task)), format!("REVIEW#{}", head(task)));
    let (own, effects, reviews, entries) = tokio::try_join!(
        store.get_many(&keys),
        store.query(&partition, &effects),
        store.query(&partition, &reviews),
        store.entries(tenant, campaign),
    )
    .map_err(errors::store)?;
    let (mut found, mut task_row) = (None, None);
    for stored in own.into_iter().flatten() {
        match stored.row {
            Row::Campaign(row) => found = Some(*row),
            Row::Task(row) => task_row = Some(*row),
            _ => {}
        }
    }
    let effects = effects.into_iter().filter_map(|stored| stored.row.into_effect());
    let reviews = reviews.into_iter().filter_map(|stored| stored.row.into_review());
    Ok(found.map(|campaign| Case {
        campaign,
        task: task_row,
        effects: effects.filter(|effect| effect.task == *task).collect(),
        reviews: reviews.filter(|review| review.subject.task() == task).collect(),
        decisions: BTreeMap::new(),
        entries,
        audit: Vec::new(),
    }))
}

/// The chains of the rows that the receipt rests on.
async fn chains<S: Store>(
    store: &S,
    tenant: &TenantId,
    task: &TaskId,
    case: &Case,
) -> Result<Vec<AuditEntry>, Problem> {
    let campaign = &case.campaign.id;
    let pk = RowKey::campaign_partition(tenant, campaign);
    let prefix = |table, sk: &str| row_name(table, &pk, &format!("{sk}#{}", head(task)));
    let own = RowKey::task(tenant, campaign, task);
    let prefixes = (
        row_name(Table::State, &pk, &own.sk),
        prefix(Table::State, "EFFECT"),
        prefix(Table::State, "REVIEW"),
        prefix(Table::Ledger, "ENTRY"),
    );
    let (tasks, effects, reviews, entries) = tokio::try_join!(
        store.entries_of(&prefixes.0),
        store.entries_of(&prefixes.1),
        store.entries_of(&prefixes.2),
        store.entries_of(&prefixes.3),
    )
    .map_err(errors::store)?;
    let of_state = |key: RowKey| row_name(Table::State, &key.pk, &key.sk);
    let mut names = vec![of_state(own)];
    names.extend(case.effects.iter().map(|e| of_state(RowKey::effect(tenant, campaign, &e.id))));
    names.extend(case.reviews.iter().map(|r| of_state(RowKey::review(tenant, campaign, &r.id))));
    names.extend(case.entries.iter().map(|entry| {
        let key = entry.key(tenant);
        row_name(Table::Ledger, &key.pk, &key.sk)
    }));
    let all = tasks.into_iter().chain(effects).chain(reviews).chain(entries);
    Ok(all.filter(|entry| names.contains(&entry.row)).collect())
}

/// What the ids of a task's effects and reviews begin with: a long id is cut where they are made.
fn head(task: &TaskId) -> String {
    match task.as_str().get(..KEPT_OF_ID) {
        Some(head) => head.to_owned(),
        None => format!("{task}-"),
    }
}

impl Case {
    /// Leaves what concerns `of`, what it is of first.
    fn narrow(&mut self, of: &Of) {
        match of {
            Of::Task(_) => {}
            Of::Effect(id) => self.narrow_to_effect(id),
            Of::Review(id) => self.narrow_to_review(id),
        }
        let effects = &self.effects;
        self.entries.retain(|entry| effects.iter().any(|effect| effect.id == *ledger::effect_of(entry)));
        self.reviews.sort_by_key(|review| review.opened_at);
    }

    fn narrow_to_effect(&mut self, id: &EffectId) {
        let undone = self.effects.iter().find(|effect| effect.id == *id).and_then(|e| e.undoes.clone());
        let is_kin =
            |effect: &Effect| effect.undoes.as_ref() == Some(id) || Some(&effect.id) == undone.as_ref();
        self.effects.retain(|effect| effect.id == *id || is_kin(effect));
        self.effects.sort_by_key(|effect| effect.id != *id);
        let effects = &self.effects;
        self.reviews.retain(|review| effects.iter().any(|effect| is_about(review, effect)));
    }

    fn narrow_to_review(&mut self, id: &ReviewId) {
        self.reviews.retain(|review| review.id == *id);
        let about = self.reviews.first().and_then(|review| effect_of(&review.subject)).cloned();
        self.effects.retain(|effect| {
            let is_its = effect.review.as_ref() == Some(id) || Some(&effect.id) == about.as_ref();
            is_its || (about.is_some() && effect.undoes == about)
        });
    }
}

/// Whether the review let the effect out, or looked at it later.
fn is_about(review: &Review, effect: &Effect) -> bool {
    let is_attempts = matches!(&review.subject, Subject::Task { attempt, .. } if *attempt == effect.attempt);
    is_attempts
        || effect.review.as_ref() == Some(&review.id)
        || effect_of(&review.subject) == Some(&effect.id)
}

fn effect_of(subject: &Subject) -> Option<&EffectId> {
    match subject {
        Subject::Task { .. } => None,
        Subject::Rejudged { effect, .. }
        | Subject::Unconfirmed { effect, .. }
        | Subject::Published { effect, .. } => Some(effect),
    }
}
