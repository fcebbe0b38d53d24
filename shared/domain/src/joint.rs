//! Several transactions written as one.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Digest, MoneyTransaction, Op, OpRefusal, RowKey, Table, Transaction, WriterId};

/// Transactions joined: their operations side by side, amounts that meet in one bucket summed. A row keeps the writer of
/// its own part, so that a part which was written before is known by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct JointTransaction {
    whole: MoneyTransaction,
    /// Where each operation comes from; none for a bucket, which is everybody's.
    sources: Vec<Option<Source>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Source {
    part: usize,
    op: usize,
}

impl JointTransaction {
    /// Joins `parts`, no two of which may [`clash`].
    #[must_use]
    pub fn of(parts: &[&MoneyTransaction]) -> Self {
        let writers: Vec<&str> = parts.iter().map(|part| part.inner().writer().as_str()).collect();
        let writer = WriterId::new(format!("joint:{}", Digest::of_bytes(writers.join("|").as_bytes())));
        let mut joint = Self { whole: Transaction::by(writer).into(), sources: Vec::new() };
        for (part, transaction) in parts.iter().enumerate() {
            for (index, op) in transaction.inner().ops().iter().enumerate() {
                joint.take(op, Source { part, op: index });
            }
        }
        joint
    }

    fn take(&mut self, op: &Op, source: Source) {
        if let Op::Add { key, amount, at_most, .. } = op {
            self.whole.add_up_to(key.clone(), *amount, at_most.map(|most| most + amount));
            // A bucket that was met before adds no operation.
            self.sources.resize(self.whole.inner().ops().len(), None);
        } else {
            self.whole.inner_mut().push(op.clone());
            self.sources.push(Some(source));
        }
    }

    /// What is written.
    #[must_use]
    pub fn whole(&self) -> &MoneyTransaction {
        &self.whole
    }

    /// The refusals of each part that has some, with places in that part. Those of buckets are nobody's.
    #[must_use]
    pub fn blame(&self, refusals: Vec<OpRefusal>) -> BTreeMap<usize, Vec<OpRefusal>> {
        let mut blamed: BTreeMap<usize, Vec<OpRefusal>> = BTreeMap::new();
        for refusal in refusals {
            if let Some(Some(source)) = self.sources.get(refusal.index).copied() {
                let own = OpRefusal { index: source.op, ..refusal };
                blamed.entry(source.part).or_default().push(own);
            }
        }
        blamed
    }
}

/// Whether two transactions touch the same row, buckets aside: no store allows that in one.
#[must_use]
pub fn clash(one: &MoneyTransaction, other: &MoneyTransaction) -> bool {
    !rows(one).is_disjoint(&rows(other))
}

fn rows(transaction: &MoneyTransaction) -> BTreeSet<(Table, &RowKey)> {
    let ops = transaction.inner().ops().iter();
    ops.filter(|op| !matches!(op, Op::Add { .. })).map(Op::place).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        AgentId, Bucket, CampaignId, Currency, EffectId, LedgerEntry, Money, Reservation, StoreError,
        TenantId, Timestamp,
    };

    fn cents(minor: i64) -> Money {
        Money::new(minor, Currency::Usd).unwrap()
    }

    fn reserving(effect: &str, amount: i64, cap: i64) -> MoneyTransaction {
        let (tenant, campaign) = (TenantId::new("t").unwrap(), CampaignId::new("c").unwrap());
        let reservation = Reservation {
            number: 1,
            amount: cents(amount),
            day: "2026-01-01".to_owned(),
            buckets: vec![Bucket::Campaign { campaign: campaign.clone() }],
        };
        let effect = EffectId::new(effect).unwrap();
        let at = Timestamp::UNIX_EPOCH;
        let entry = LedgerEntry::Reserve { campaign, effect, reservation: reservation.clone(), at };
        let writer = WriterId::new(format!("w-{}", AgentId::new("a").unwrap()));
        let transaction = MoneyTransaction::from(Transaction::by(writer));
        transaction.reserve(&tenant, &entry, &reservation, &[cents(cap)]).unwrap()
    }

    /// [M-15]
    #[test]
    fn what_costs_nothing_has_its_entry_and_touches_no_bucket() {
        let nothing = reserving("e-1", 0, 0);
        let ops = nothing.inner().ops();
        assert_eq!(ops.len(), 1);
        assert!(matches!(&ops[0], Op::Put { table: Table::Ledger, .. }), "{ops:?}");
    }

    /// [M-2]
    #[test]
    fn amounts_that_meet_in_a_bucket_are_summed_under_its_cap() {
        let (one, two) = (reserving("e-1", 20, 50), reserving("e-2", 25, 50));
        let joint = JointTransaction::of(&[&one, &two]);
        let adds: Vec<(i64, Option<i64>)> = joint
            .whole()
            .inner()
            .ops()
            .iter()
            .filter_map(|op| match op {
                Op::Add { amount, at_most, .. } => Some((*amount, *at_most)),
                _ => None,
            })
            .collect();
        assert_eq!(adds, [(45, Some(5))]);
    }

    #[test]
    fn a_refusal_is_laid_on_the_part_it_belongs_to() {
        let (one, two) = (reserving("e-1", 20, 50), reserving("e-2", 25, 50));
        let joint = JointTransaction::of(&[&one, &two]);
        let entry_of_two = joint.whole().inner().ops().len() - 1;
        let own = json!({"writer": two.inner().writer().as_str()});
        let blamed = joint.blame(vec![
            OpRefusal { index: 1, old: None },
            OpRefusal { index: entry_of_two, old: Some(own) },
        ]);
        assert_eq!(blamed.keys().copied().collect::<Vec<_>>(), [1], "a bucket is nobody's");
        let settled = two.inner().settle_refusals(blamed[&1].clone());
        assert!(matches!(settled, Ok(crate::Applied::Before)), "its own row: it was written before");
        let whole = joint.whole().inner().settle_refusals(blamed[&1].clone());
        assert!(matches!(whole, Err(StoreError::Refused(_))), "the whole does not take a part for itself");
    }

    #[test]
    fn only_rows_clash() {
        let (one, two) = (reserving("e-1", 20, 50), reserving("e-2", 25, 50));
        assert!(!clash(&one, &two));
        assert!(clash(&one, &one.clone()));
    }
}
