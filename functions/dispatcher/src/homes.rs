//! What rows' campaigns and tenants say: read consistently, once for all rows of an invocation.

use std::collections::BTreeMap;

use chimera_domain::{
    CampaignId, CampaignStatus, Currency, Home, PlanMessage, Policy, Row, RowKey, StoreError, TenantId,
    ports::StateReader,
};

/// Campaign statuses and policies, each read once.
#[derive(Default)]
pub(crate) struct Homes {
    campaigns: BTreeMap<(TenantId, CampaignId), Option<CampaignStatus>>,
    policies: BTreeMap<TenantId, Policy>,
}

impl Homes {
    /// What the row's campaign and tenant say, where the row asks; none too where the campaign is not there.
    pub(crate) async fn of(
        &mut self,
        store: &impl StateReader,
        row: &Row,
    ) -> Result<Option<Home<'_>>, StoreError> {
        // Only these two ask what their campaign allows.
        let (true, Some(home)) = (matches!(row, Row::Task(_) | Row::Effect(_)), home(row)) else {
            return Ok(None);
        };
        let key = (home.tenant, home.campaign);
        self.read(store, &key.0, Some(&key.1)).await?;
        let status = self.campaigns.get(&key).copied().flatten();
        let policy = self.policies.get(&key.0);
        Ok(status.zip(policy).map(|(campaign, policy)| Home { campaign, policy }))
    }

    /// The tenant's policy: the standard one where none was put.
    pub(crate) async fn policy(
        &mut self,
        store: &impl StateReader,
        tenant: &TenantId,
    ) -> Result<&Policy, StoreError> {
        self.read(store, tenant, None).await?;
        Ok(self.policies.entry(tenant.clone()).or_insert_with(standard))
    }

    /// Reads what is not there yet, in one call.
    async fn read(
        &mut self,
        store: &impl StateReader,
        tenant: &TenantId,
        campaign: Option<&CampaignId>,
    ) -> Result<(), StoreError> {
        let new_campaign =
            campaign.filter(|id| !self.campaigns.contains_key(&(tenant.clone(), (*id).clone())));
        let new_policy = (!self.policies.contains_key(tenant)).then(|| RowKey::policy(tenant));
        let campaign_key = new_campaign.map(|id| RowKey::campaign(tenant, id));
        let keys: Vec<RowKey> = new_policy.iter().chain(&campaign_key).cloned().collect();
        if keys.is_empty() {
            return Ok(());
        }
        let mut rows = store.get_many(&keys).await?.into_iter().map(|row| row.map(|stored| stored.row));
        if new_policy.is_some() {
            let policy = rows.next().flatten().and_then(Row::into_policy).map(|row| row.policy);
            self.policies.insert(tenant.clone(), policy.unwrap_or_else(standard));
        }
        if let Some(id) = new_campaign {
            let status = rows.next().flatten().and_then(Row::into_campaign).map(|row| row.status);
            self.campaigns.insert((tenant.clone(), id.clone()), status);
        }
        Ok(())
    }
}

fn standard() -> Policy {
    Policy::standard(Currency::Usd)
}

/// The campaign a row belongs to.
pub(crate) fn home(row: &Row) -> Option<PlanMessage> {
    let (tenant, campaign) = match row {
        Row::Campaign(row) => (&row.tenant, &row.id),
        Row::Plan(row) => (&row.tenant, &row.campaign),
        Row::Task(row) => (&row.tenant, &row.campaign),
        Row::Review(row) => (&row.tenant, &row.campaign),
        Row::Effect(row) => (&row.tenant, &row.campaign),
        Row::Signal(row) => (&row.tenant, &row.campaign),
        _ => return None,
    };
    Some(PlanMessage { tenant: tenant.clone(), campaign: campaign.clone() })
}
