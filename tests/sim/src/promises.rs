//! What must hold after every story, whatever went wrong in it.

use std::collections::{BTreeMap, BTreeSet};

use chimera_domain::{Bucket, Digest, Effect, EffectStatus, LedgerEntry, Money, Reservation, Table};
use chimera_testkit::{Consumer, builders::a_tenant};

use crate::SwarmWorld;

impl SwarmWorld {
    /// Fails the test when a promise is broken.
    ///
    /// # Panics
    /// Then; with the story.
    pub fn assert_promises(&self) {
        let broken = self.broken_promises();
        assert!(broken.is_empty(), "broken:\n{}\n\n{}", broken.join("\n"), self.story());
    }

    /// Every promise that is broken, in words.
    #[must_use]
    pub fn broken_promises(&self) -> Vec<String> {
        let checks =
            [self.unapproved(), self.repeated(), self.unaccounted(), self.overspent(), self.unexplained()];
        checks.concat()
    }

    /// Promise 1: every post is exactly what an approved effect was granted, and came after its approval.
    fn unapproved(&self) -> Vec<String> {
        let effects: BTreeMap<_, Effect> =
            self.effects().into_iter().map(|effect| (effect.id.clone(), effect)).collect();
        let mut broken = Vec::new();
        for post in self.published() {
            let Some(effect) = effects.get(&post.effect) else {
                broken.push(format!("{} was published without an effect", post.post_id));
                continue;
            };
            if Digest::of_json(&effect.intent.arguments) != post.arguments {
                broken.push(format!("{} is not what {} approved", post.post_id, effect.id));
            }
            if effect.digest != effect.intent.digest() {
                broken.push(format!("{} was changed after its approval", effect.id));
            }
            if effect.intent.text() != Some(post.text.as_str()) {
                broken.push(format!("{} says something else than {}", post.post_id, effect.id));
            }
        }
        broken
    }

    /// Promise 2: no effect happened twice, and the rows agree with the platform on what did.
    fn repeated(&self) -> Vec<String> {
        let posts = self.published();
        let mut broken = Vec::new();
        let mut seen = BTreeSet::new();
        for post in &posts {
            if !seen.insert(&post.effect) {
                broken.push(format!("{} happened twice", post.effect));
            }
        }
        for effect in self.effects() {
            let happened = seen.contains(&effect.id);
            // A human's word stands against the platform's where a human was asked.
            let was_asked = effect.asked.is_some();
            match effect.status {
                EffectStatus::Done if !happened && !was_asked => {
                    broken.push(format!("{} is done and was never published", effect.id));
                }
                EffectStatus::Failed | EffectStatus::Void if happened && !was_asked => {
                    broken.push(format!("{} is {} and was published", effect.id, effect.status));
                }
                _ => {}
            }
        }
        broken
    }

    /// Promise 3, first half: each bucket holds exactly what its entries say.
    fn unaccounted(&self) -> Vec<String> {
        let entries = self.ledger();
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
            let used = self.used(&a_tenant(), bucket);
            (used != *amount).then(|| format!("{bucket:?} holds {used}, its entries say {amount}"))
        };
        expected.iter().filter_map(differs).collect()
    }

    /// Promise 3, second half: no cap is exceeded. A final effect keeps no money.
    fn overspent(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for campaign in self.campaigns() {
            let bucket = Bucket::Campaign { campaign: campaign.id.clone() };
            let used = self.used(&campaign.tenant, &bucket);
            if used > campaign.brief.budget.minor() {
                broken.push(format!("campaign {} used {used} of {}", campaign.id, campaign.brief.budget));
            }
        }
        let caps = self.policy.lock().unwrap_or_else(std::sync::PoisonError::into_inner).caps.clone();
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
        broken.extend(self.unclosed());
        broken
    }

    fn unclosed(&self) -> Vec<String> {
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

    /// Promise 7: each version of each row has its audit entry, chained to the one before, the last being the row.
    fn unexplained(&self) -> Vec<String> {
        if self.cloud.pending_changes(Consumer::Auditor) > 0 {
            return Vec::new();
        }
        let mut chains: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for entry in self.cloud.audit() {
            chains.entry(entry.row.clone()).or_default().push(entry);
        }
        let mut broken = Vec::new();
        for (table, name) in [(Table::State, "state"), (Table::Ledger, "ledger")] {
            for (key, item) in self.cloud.items(table) {
                let row = format!("{name}|{}|{}", key.pk, key.sk);
                let chain = chains.get(&row).map(Vec::as_slice).unwrap_or_default();
                let is_linked = chain.windows(2).all(|pair| {
                    pair[1].version == pair[0].version + 1 && pair[1].old.as_ref() == Some(&pair[0].new)
                });
                let starts = chain.first().is_some_and(|first| first.version == 1 && first.old.is_none());
                let ends = chain.last().is_some_and(|last| last.new == Digest::of_json(&item));
                if !(is_linked && starts && ends) {
                    broken.push(format!("the audit of {row} has a gap or another content"));
                }
            }
        }
        broken
    }
}

fn add(expected: &mut BTreeMap<Bucket, i64>, buckets: &[Bucket], amount: i64) {
    for bucket in buckets {
        *expected.entry(bucket.clone()).or_default() += amount;
    }
}
