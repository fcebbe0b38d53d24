//! Promise 3: what the ledger must say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use chimera_domain::{
    Bucket, CampaignStatus, Effect, EffectStatus, LedgerEntry, Money, PlanStatus, Reservation, Table,
    TenantId,
};

use crate::SwarmWorld;

impl SwarmWorld {
    /// Each bucket holds exactly what its entries say.
    pub(super) fn unaccounted(&self) -> Vec<String> {
        let campaigns = self.campaigns().into_iter();
        let tenants: BTreeSet<TenantId> = campaigns.map(|campaign| campaign.tenant).collect();
        tenants.iter().flat_map(|tenant| self.unaccounted_of(tenant)).collect()
    }

    fn unaccounted_of(&self, tenant: &TenantId) -> Vec<String> {
        let entries = self.ledger_of(tenant);
        let mut reservations: BTreeMap<(String, String, u32), Reservation> = BTreeMap::new();
        let mut expected: BTreeMap<Bucket, i64> = BTreeMap::new();
        for entry in &entries {
            if let LedgerEntry::Reserve { campaign, effect, reservation, .. } = entry {
                let key = (campaign.to_string(), effect.to_string(), reservation.number);
                reservations.insert(key, reservation.clone());
                add(&mut expected, &reservation.buckets, reservation.amount.minor());
            }
        }
        for entry in &entries {
            match entry {
                LedgerEntry::Reserve { .. } => {}
                LedgerEntry::Close { campaign, effect, number, spent, .. } => {
                    let key = (campaign.to_string(), effect.to_string(), *number);
                    let Some(reservation) = reservations.get(&key) else {
                        return vec![format!("{effect} closes a reservation {number} that was never made")];
                    };
                    let back = spent.minor() - reservation.amount.minor();
                    add(&mut expected, &reservation.buckets, back);
                }
                LedgerEntry::Late { campaign, effect, spent, .. } => {
                    let of_it = |(c, e, _): &&(String, String, u32)| {
                        (c.as_str(), e.as_str()) == (campaign.as_str(), effect.as_str())
                    };
                    let last = reservations.keys().rfind(of_it).and_then(|key| reservations.get(key));
                    add(&mut expected, last.map_or(&[], |last| &last.buckets), spent.minor());
                }
            }
        }
        let differs = |(bucket, amount): (&Bucket, &i64)| {
            let used = self.used(tenant, bucket);
            (used != *amount).then(|| format!("{bucket:?} holds {used}, its entries say {amount}"))
        };
        expected.iter().filter_map(differs).collect()
    }

    /// No cap is exceeded: neither by what the buckets hold, nor by what was really published.
    pub(super) fn overspent(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for campaign in self.campaigns() {
            let bucket = Bucket::Campaign { campaign: campaign.id.clone() };
            let used = self.used(&campaign.tenant, &bucket);
            if used > campaign.brief.budget.minor() {
                broken.push(format!("campaign {} used {used} of {}", campaign.id, campaign.brief.budget));
            }
            let effects = self.effects().into_iter();
            let effects =
                effects.filter(|effect| effect.tenant == campaign.tenant && effect.campaign == campaign.id);
            let paid: i64 = effects.map(|effect| paid(&effect)).sum();
            if paid > campaign.brief.budget.minor() {
                broken.push(format!("campaign {} paid {paid} of {}", campaign.id, campaign.brief.budget));
            }
        }
        let caps = self.policy.lock().unwrap_or_else(PoisonError::into_inner).caps.clone();
        for (key, item) in self.cloud.items(Table::Ledger) {
            let used = item.get("used").and_then(serde_json::Value::as_i64).unwrap_or(0);
            let cap = if key.sk.starts_with("BUCKET#A#") {
                caps.per_agent_day
            } else if key.sk.starts_with("BUCKET#DAY#") {
                caps.per_tenant_day
            } else {
                None
            };
            if cap.is_some_and(|cap| used > cap.minor()) {
                broken.push(format!("{} holds {used}, more than {}", key.sk, cap.map_or(0, Money::minor)));
            }
        }
        broken
    }

    /// What models and tools cost stays within its limit, and each plan that is over has settled what it cost.
    pub(super) fn overworked(&self) -> Vec<String> {
        let limit = self.policy.lock().unwrap_or_else(PoisonError::into_inner).caps.operating;
        let (tasks, plans) = (self.tasks(), self.plans());
        let mut broken = Vec::new();
        for campaign in self.campaigns() {
            let tasks = tasks.iter().filter(|task| task.campaign == campaign.id);
            let cost: i64 = tasks.map(|task| task.cost.minor()).sum();
            if limit.is_some_and(|limit| cost > limit.minor()) {
                broken.push(format!("running campaign {} cost {cost} cents", campaign.id));
            }
            let plans = plans.iter().filter(|plan| plan.campaign == campaign.id);
            let cost = cost + plans.clone().filter_map(|plan| plan.drawing).map(Money::minor).sum::<i64>();
            let settled = plans.filter(|plan| plan.status == PlanStatus::Settled);
            let settled: Vec<Option<Money>> = settled.map(|plan| plan.settled).collect();
            let sum: i64 = settled.iter().flatten().map(|cost| cost.minor()).sum();
            let is_over = campaign.status == CampaignStatus::Finished && !settled.is_empty();
            if is_over && (settled.contains(&None) || sum != cost) {
                broken.push(format!("campaign {} cost {cost} cents to run and settled {sum}", campaign.id));
            }
        }
        broken
    }

    /// A final effect keeps no money.
    pub(super) fn unclosed(&self) -> Vec<String> {
        let closed: BTreeSet<(String, u32)> = self
            .ledger()
            .into_iter()
            .filter_map(|entry| match entry {
                LedgerEntry::Close { effect, number, .. } => Some((effect.to_string(), number)),
                _ => None,
            })
            .collect();
        let keeps = |effect: &Effect| {
            effect.status.is_final() && !closed.contains(&(effect.id.to_string(), effect.reservation.number))
        };
        let keeping = self.effects().into_iter().filter(keeps);
        keeping.map(|effect| format!("{} is {} and keeps its money", effect.id, effect.status)).collect()
    }
}

/// What an effect that happened cost, in minor units.
fn paid(effect: &Effect) -> i64 {
    let is_done = effect.status == EffectStatus::Done;
    effect.outcome.as_ref().filter(|_| is_done).map_or(0, |outcome| outcome.cost.minor())
}

fn add(expected: &mut BTreeMap<Bucket, i64>, buckets: &[Bucket], amount: i64) {
    for bucket in buckets {
        *expected.entry(bucket.clone()).or_default() += amount;
    }
}
