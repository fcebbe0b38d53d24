//! The CFO's part: what an effect may cost at most, and in which buckets it counts.

use chimera_domain::{AgentId, Bucket, CampaignId, Money, Policy};
use jiff::Timestamp;

/// The capped buckets an effect counts in, with their caps, in one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buckets {
    /// Where the amount counts.
    pub buckets: Vec<Bucket>,
    /// How much each may hold.
    pub caps: Vec<Money>,
}

/// The buckets of an effect of `agent` at `now`: its campaign always, the agent's and the tenant's day where capped.
#[must_use]
pub fn buckets(
    campaign: &CampaignId,
    budget: Money,
    agent: &AgentId,
    policy: &Policy,
    now: Timestamp,
) -> Buckets {
    let day = Bucket::day(now);
    let agent_day = Bucket::AgentDay { agent: agent.clone(), day: day.clone() };
    let capped = [
        (Bucket::Campaign { campaign: campaign.clone() }, Some(budget)),
        (agent_day, policy.caps.per_agent_day),
        (Bucket::TenantDay { day }, policy.caps.per_tenant_day),
    ];
    let (buckets, caps) = capped.into_iter().filter_map(|(bucket, cap)| cap.map(|cap| (bucket, cap))).unzip();
    Buckets { buckets, caps }
}

/// The limit that `amount` breaks all by itself, named for people, if there is one. What other effects have used is the
/// ledger's to say, in the approval's own transaction.
#[must_use]
pub fn over_limit(amount: Money, budget: Money, policy: &Policy) -> Option<String> {
    let limits = [
        ("per_effect", policy.caps.per_effect),
        ("campaign", Some(budget)),
        ("agent_day", policy.caps.per_agent_day),
        ("tenant_day", policy.caps.per_tenant_day),
    ];
    limits.into_iter().find_map(|(name, cap)| {
        let cap = cap?;
        if cap.currency() != amount.currency() {
            return Some(format!("{name}: {amount} cannot be compared with a limit in {}", cap.currency()));
        }
        (amount > cap).then(|| format!("{name}: {amount} is more than {cap}"))
    })
}

/// Why something ended over a money limit, with the limit's name or its bucket's, as people read it.
#[must_use]
pub fn over_budget_reason(limit: &str) -> String {
    format!("over budget: {limit}")
}

#[cfg(test)]
mod tests {
    use chimera_domain::Currency;

    use super::*;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::Usd).unwrap()
    }

    #[test]
    fn an_amount_at_the_limit_is_allowed_and_one_cent_more_is_not() {
        let mut policy = Policy::standard(Currency::Usd);
        policy.caps.per_effect = Some(usd(20));
        assert_eq!(over_limit(usd(20), usd(100), &policy), None);
        assert_eq!(
            over_limit(usd(21), usd(100), &policy).as_deref(),
            Some("per_effect: 0.21 USD is more than 0.20 USD")
        );
        assert!(over_limit(usd(20), usd(19), &policy).is_some());
        assert!(over_limit(usd(20), Money::new(900, Currency::Eur).unwrap(), &policy).is_some());
    }

    #[test]
    fn only_capped_buckets_are_touched() {
        let policy = Policy::standard(Currency::Usd);
        let (campaign, agent) = (CampaignId::new("c").unwrap(), AgentId::new("a").unwrap());
        let found = buckets(&campaign, usd(500), &agent, &policy, Timestamp::UNIX_EPOCH);
        assert_eq!(found.caps, [usd(500), usd(5_000)]);
        assert_eq!(found.buckets[1], Bucket::AgentDay { agent, day: "1970-01-01".to_owned() });
    }
}
