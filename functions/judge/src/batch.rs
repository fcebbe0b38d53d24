//! What is read once for all messages of a batch, in one call.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chimera_domain::ports::StateReader;
use chimera_domain::{
    Campaign, CampaignId, Currency, Effect, EffectId, Policy, Review, ReviewId, ReviewMessage, Row, RowKey,
    StoreError, Stored, Task, TenantId,
};

use crate::joint::Meeting;

/// The rows that the batch's messages name, as they were when it was opened. Writes name the versions seen here, so a row
/// that moves on meanwhile refuses them.
pub struct Batch {
    rows: BTreeMap<RowKey, Stored>,
    /// Where the approvals of the batch meet.
    pub(crate) meeting: Meeting,
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("rows", &self.rows).finish_non_exhaustive()
    }
}

/// Under which rules something is judged.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) campaign: Campaign,
    pub(crate) policy: Policy,
    pub(crate) policy_version: u64,
}

impl Batch {
    pub(crate) async fn read(
        store: &impl StateReader,
        messages: &[ReviewMessage],
    ) -> Result<Self, StoreError> {
        let keys: BTreeSet<RowKey> = messages.iter().flat_map(keys_of).collect();
        let keys: Vec<RowKey> = keys.into_iter().collect();
        let rows = store.get_many(&keys).await?;
        let rows = keys.into_iter().zip(rows).filter_map(|(key, row)| row.map(|row| (key, row))).collect();
        Ok(Self { rows, meeting: Meeting::of(messages.len()) })
    }

    pub(crate) fn task(&self, key: &RowKey) -> Option<Stored<Task>> {
        self.pick(key, Row::into_task)
    }

    pub(crate) fn review(
        &self,
        tenant: &TenantId,
        campaign: &CampaignId,
        id: &ReviewId,
    ) -> Option<Stored<Review>> {
        self.pick(&RowKey::review(tenant, campaign, id), Row::into_review)
    }

    pub(crate) fn effect(
        &self,
        tenant: &TenantId,
        campaign: &CampaignId,
        id: &EffectId,
    ) -> Option<Stored<Effect>> {
        self.pick(&RowKey::effect(tenant, campaign, id), Row::into_effect)
    }

    /// The campaign with its tenant's policy: the standard one, version 0, where none was put.
    pub(crate) fn rules(&self, tenant: &TenantId, campaign: &CampaignId) -> Option<Rules> {
        let campaign = self.pick(&RowKey::campaign(tenant, campaign), Row::into_campaign)?.row;
        let policy = self.pick(&RowKey::policy(tenant), Row::into_policy);
        let (policy, policy_version) = policy.map_or_else(
            || (Policy::standard(Currency::Usd), 0),
            |stored| (stored.row.policy, stored.version),
        );
        Some(Rules { campaign, policy, policy_version })
    }

    fn pick<R>(&self, key: &RowKey, narrow: impl FnOnce(Row) -> Option<R>) -> Option<Stored<R>> {
        self.rows.get(key).cloned().and_then(|stored| stored.narrow(narrow))
    }
}

fn keys_of(message: &ReviewMessage) -> [RowKey; 3] {
    let (tenant, campaign, subject) = match message {
        ReviewMessage::Result(result) => {
            let task = RowKey::task(&result.tenant, &result.campaign, &result.task);
            (&result.tenant, &result.campaign, task)
        }
        ReviewMessage::Review { tenant, campaign, review } => {
            (tenant, campaign, RowKey::review(tenant, campaign, review))
        }
        ReviewMessage::Rejudge { tenant, campaign, effect } => {
            (tenant, campaign, RowKey::effect(tenant, campaign, effect))
        }
    };
    [subject, RowKey::campaign(tenant, campaign), RowKey::policy(tenant)]
}
