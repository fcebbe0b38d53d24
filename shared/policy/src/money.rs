//! The CFO's part: what an effect may cost at most, whom it may pay, and in which buckets it counts.

use std::collections::BTreeSet;

use chimera_domain::{
    AgentId, Bucket, CampaignId, Currency, Flag, Intent, Money, Payment, Policy, RuleEvidence,
};
use jiff::Timestamp;

use crate::anomaly::{Anomaly, Paid, anomalies, is_same_recipient};
use crate::platform::price_upper_bound;

/// The most that a network takes for one transfer, in US cents. What costs more is not sent: the grant forbids it.
const TRANSFER_FEE: i64 = 50;

/// What the CFO's rules look at beside the intent.
#[derive(Debug, Clone, Copy)]
pub struct Purse<'a> {
    /// The campaign's budget, as its brief says.
    pub budget: Money,
    /// The tenant's policy.
    pub policy: &'a Policy,
    /// What the agent paid before.
    pub paid: &'a [Paid],
    /// When.
    pub now: Timestamp,
}

/// What the CFO's rules say about an intent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MoneyCheck {
    /// The most it may cost; none where that cannot be said.
    pub max_cost: Option<Money>,
    /// The limit that it breaks by itself.
    pub over_limit: Option<String>,
    /// Every rule looked at that a person may want to see.
    pub rules: Vec<RuleEvidence>,
    /// The broken ones that refuse.
    pub broken: Vec<String>,
    /// What a human must see.
    pub flags: Vec<Flag>,
}

/// [M-7] [M-8] [M-9] Prices the intent before anything is spent, holds it against the limits it can break by itself, and
/// a payment against whom the agent may pay and what it paid before.
#[must_use]
pub fn check(intent: &Intent, purse: &Purse<'_>) -> MoneyCheck {
    let mut check = MoneyCheck { max_cost: quote(intent), ..MoneyCheck::default() };
    let Some(max_cost) = check.max_cost else {
        check.refuse(
            "budget:unpriced",
            format!("nobody knows what {}.{} may cost", intent.server, intent.tool),
        );
        return check;
    };
    check.over_limit = over_limit(max_cost, purse.budget, purse.policy);
    if let Some(payment) = intent.payment() {
        check.look_at(payment, purse);
    }
    check
}

/// [M-7] The most that the intent may cost; none where that cannot be said. What is not known is priced like the dearest
/// post; a transfer costs what it moves and what the network may take.
#[must_use]
pub fn quote(intent: &Intent) -> Option<Money> {
    if intent.tool != "transfer" {
        return Some(price_upper_bound(intent));
    }
    let amount = intent.payment()?.amount;
    transfer_upper_bound(amount).filter(|_| amount.minor() > 0)
}

/// [M-14] The most that a transfer of `amount` may take out of the wallet: the amount, and the most that the network may
/// take for it. The wallet server prices a call by the same words; what it takes in the end is settled.
#[must_use]
pub fn transfer_upper_bound(amount: Money) -> Option<Money> {
    let fee = Money::new(TRANSFER_FEE, Currency::Usd).ok()?;
    amount.plus(fee).ok()
}

impl MoneyCheck {
    fn look_at(&mut self, payment: Payment, purse: &Purse<'_>) {
        let list = purse.policy.recipients.as_ref();
        let is_listed =
            |list: &BTreeSet<String>| list.iter().any(|listed| is_same_recipient(listed, &payment.recipient));
        if list.is_some_and(|list| !is_listed(list)) {
            self.refuse(
                "budget:recipient",
                format!("{} is not among those who may be paid", payment.recipient),
            );
            return;
        }
        let proposed = Paid { at: purse.now, recipient: payment.recipient, amount: payment.amount };
        let mut findings = anomalies(&proposed, purse.paid, purse.policy.caps.per_effect);
        // Who is on the list is known, paid before or not.
        findings.retain(|finding| list.is_none() || finding.anomaly != Anomaly::NewRecipient);
        for finding in findings {
            let flag = finding.anomaly.flag();
            self.found(flag.as_str(), finding.seen);
            self.flags.push(flag);
        }
    }

    fn refuse(&mut self, rule: &str, seen: String) {
        self.broken.push(format!("{rule}: {seen}"));
        self.found(rule, seen);
    }

    fn found(&mut self, rule: &str, seen: String) {
        self.rules.push(RuleEvidence { rule: rule.to_owned(), met: false, seen });
    }
}

/// The capped buckets an effect counts in, with their caps, in one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buckets {
    /// Where the amount counts.
    pub buckets: Vec<Bucket>,
    /// How much each may hold.
    pub caps: Vec<Money>,
}

/// [M-10] The most that a campaign may spend: what its brief asks for, and no more than its tenant's policy allows.
#[must_use]
pub fn campaign_cap(budget: Money, policy: &Policy) -> Money {
    let allowed = policy.caps.per_campaign.filter(|cap| cap.currency() == budget.currency());
    allowed.map_or(budget, |cap| cap.min(budget))
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
        (Bucket::Campaign { campaign: campaign.clone() }, Some(campaign_cap(budget, policy))),
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
    // [M-15] What costs nothing breaks no limit, in whatever currency that is kept.
    if amount.minor() == 0 {
        return None;
    }
    let limits = [
        ("per_effect", policy.caps.per_effect),
        ("campaign", Some(budget)),
        ("per_campaign", policy.caps.per_campaign),
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
    use serde_json::json;

    use super::*;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::Usd).unwrap()
    }

    /// [M-15]
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
        assert_eq!(over_limit(usd(0), Money::zero(Currency::Eur), &policy), None, "nothing breaks nothing");
    }

    #[test]
    fn only_capped_buckets_are_touched() {
        let policy = Policy::standard(Currency::Usd);
        let (campaign, agent) = (CampaignId::new("c").unwrap(), AgentId::new("a").unwrap());
        let found = buckets(&campaign, usd(500), &agent, &policy, Timestamp::UNIX_EPOCH);
        assert_eq!(found.caps, [usd(500), usd(5_000)]);
        assert_eq!(found.buckets[1], Bucket::AgentDay { agent, day: "1970-01-01".to_owned() });
    }

    /// [M-10]
    #[test]
    fn a_campaign_has_no_more_than_its_policy_allows() {
        let mut policy = Policy::standard(Currency::Usd);
        let (campaign, agent) = (CampaignId::new("c").unwrap(), AgentId::new("a").unwrap());
        let cap =
            |policy: &Policy| buckets(&campaign, usd(500), &agent, policy, Timestamp::UNIX_EPOCH).caps[0];
        for (allowed, holds) in [(None, 500), (Some(499), 499), (Some(501), 500)] {
            policy.caps.per_campaign = allowed.map(usd);
            assert_eq!(cap(&policy), usd(holds));
        }
        policy.caps.per_campaign = Some(usd(30));
        assert_eq!(
            over_limit(usd(31), usd(500), &policy).as_deref(),
            Some("per_campaign: 0.31 USD is more than 0.30 USD")
        );
    }

    fn transfer(recipient: &str, minor: i64) -> Intent {
        Intent {
            server: "coinbase".to_owned(),
            tool: "transfer".to_owned(),
            arguments: json!({"recipient": recipient, "amount": {"minor": minor, "currency": "USD"}}),
            cites: None,
        }
    }

    fn checked(intent: &Intent, policy: &Policy, paid: &[Paid]) -> MoneyCheck {
        check(intent, &Purse { budget: usd(100_000), policy, paid, now: Timestamp::UNIX_EPOCH })
    }

    /// [M-7]
    #[test]
    fn everything_has_a_price_before_it_is_spent_or_is_refused() {
        let policy = Policy::standard(Currency::Usd);
        assert_eq!(quote(&transfer("ines", 1_000)), Some(usd(1_050)), "with the network's part");
        let mut unknown = transfer("ines", 1_000);
        unknown.tool = "mint".to_owned();
        assert_eq!(quote(&unknown), Some(usd(20)), "like the dearest post");
        let mut unreadable = transfer("ines", 1_000);
        unreadable.arguments = json!({"recipient": "ines", "amount": "a lot"});
        let euros = json!({"recipient": "ines", "amount": {"minor": 5, "currency": "EUR"}});
        let in_euros = Intent { arguments: euros, ..transfer("ines", 5) };
        for intent in [unreadable, in_euros, transfer("ines", 0), transfer("ines", i64::MAX)] {
            let check = checked(&intent, &policy, &[]);
            assert_eq!(check.max_cost, None);
            assert!(check.broken[0].starts_with("budget:unpriced: "), "{:?}", check.broken);
        }
    }

    /// [M-8]
    #[test]
    fn only_those_on_the_list_are_paid_and_without_a_list_a_stranger_is_for_a_human() {
        let mut policy = Policy::standard(Currency::Usd);
        let anyone = checked(&transfer("ines", 1_000), &policy, &[]);
        assert_eq!((anyone.flags, anyone.broken.len()), (vec![Flag::new("anomaly:new_recipient")], 0));
        let before = Paid { at: Timestamp::UNIX_EPOCH, recipient: "ines".to_owned(), amount: usd(900) };
        assert_eq!(checked(&transfer("ines", 1_000), &policy, &[before]).flags, []);
        policy.recipients = Some(BTreeSet::from(["0xAbCdEf0123".to_owned()]));
        let listed = checked(&transfer("0xabcdef0123", 1_000), &policy, &[]);
        assert_eq!((listed.flags.len(), listed.broken.len()), (0, 0), "known without having been paid");
        let other = checked(&transfer("ines", 1_000), &policy, &[]);
        assert_eq!(other.broken, ["budget:recipient: ines is not among those who may be paid"]);
        policy.recipients = Some(BTreeSet::new());
        assert_eq!(checked(&transfer("ines", 1_000), &policy, &[]).broken.len(), 1, "nobody may be paid");
    }
}
