//! Promises 2 and 3 where money moves: the wallet's own books against the rows and the ledger.

use std::collections::BTreeMap;

use chimera_domain::{Close, Effect, EffectStatus, LedgerEntry, TenantId};
use serde_json::Value;
use uuid::Uuid;

use super::{Name, name_of};
use crate::SwarmWorld;
use crate::outside::Paid;

/// An effect by tenant, campaign and id.
pub(crate) type Place = (TenantId, Name);

impl SwarmWorld {
    /// [E-12] Every payment in the wallet's books is one that an approved effect was granted, to the letter, and each
    /// task's order is paid once at most, whatever attempts it took.
    pub(super) fn unordered_payments(&self) -> Vec<String> {
        let (effects, keys) = (self.effects_by_id(), self.effects_by_key());
        let mut broken = Vec::new();
        let mut tasks: BTreeMap<_, u32> = BTreeMap::new();
        for paid in self.wallet.paid() {
            let Some(effect) = keys.get(&paid.key).and_then(|place| effects.get(place)) else {
                broken.push(format!("{} was paid to {} without an effect", paid.amount, paid.recipient));
                continue;
            };
            if !is_what_was_granted(&paid, effect) {
                broken.push(format!("{} paid something else than it was granted: {paid:?}", effect.id));
            }
            let order = (effect.tenant.clone(), effect.campaign.clone(), effect.task.clone());
            *tasks.entry(order).or_default() += 1;
        }
        let again = tasks.into_iter().filter(|(_, times)| *times > 1);
        broken
            .extend(again.map(|((_, _, task), times)| format!("the order of {task} was paid {times} times")));
        broken
    }

    /// The wallet's books balance, and the rows and the ledger say of each payment what they say.
    pub(super) fn unbalanced_wallet(&self) -> Vec<String> {
        let mut broken: Vec<String> = self.wallet.unbalanced().into_iter().collect();
        let keys = self.effects_by_key();
        let mut left: BTreeMap<Place, i64> = BTreeMap::new();
        for paid in self.wallet.paid() {
            if let Some(place) = keys.get(&paid.key) {
                *left.entry(place.clone()).or_default() += paid.cost.minor();
            }
        }
        for effect in self.effects().into_iter().filter(|effect| effect.intent.payment().is_some()) {
            // A human's word stands against the wallet's where a human was asked.
            if !effect.status.is_final() || effect.asked.is_some() {
                continue;
            }
            let paid = left.get(&(effect.tenant.clone(), name_of(&effect))).copied();
            if (effect.status == EffectStatus::Done) != paid.is_some() {
                let seen = if paid.is_some() { "it was paid" } else { "it never was" };
                broken.push(format!("{} is {} and {seen}", effect.id, effect.status));
            }
            let (settled, paid) = (self.settled(&effect), paid.unwrap_or(0));
            if settled != paid {
                broken.push(format!("{} settled {settled} cents, and {paid} left the wallet", effect.id));
            }
        }
        broken
    }

    /// What the ledger says an effect spent, in cents.
    pub(crate) fn settled(&self, of: &Effect) -> i64 {
        let spent = self.ledger_of(&of.tenant).into_iter().filter_map(|entry| match entry {
            LedgerEntry::Close { campaign, effect, how: Close::Settle, spent, .. }
            | LedgerEntry::Late { campaign, effect, spent, .. } => Some(((campaign, effect), spent.minor())),
            LedgerEntry::Close { .. } | LedgerEntry::Reserve { .. } => None,
        });
        let own = name_of(of);
        spent.filter(|(name, _)| *name == own).map(|(_, minor)| minor).sum()
    }

    /// Every key that an effect ever had, with the effect.
    pub(crate) fn effects_by_key(&self) -> BTreeMap<Uuid, Place> {
        let rows = self.cloud.history().into_iter().map(|write| write.new);
        let effects = rows.filter(|row| row.get("kind").and_then(Value::as_str) == Some("effect"));
        let read = effects.filter_map(|row| serde_json::from_value::<Effect>(row).ok());
        read.map(|effect| (effect.idempotency_key, (effect.tenant.clone(), name_of(&effect)))).collect()
    }
}

fn is_what_was_granted(paid: &Paid, effect: &Effect) -> bool {
    let memo = effect.intent.arguments.get("memo").and_then(Value::as_str);
    let is_ordered = effect.intent.payment().is_some_and(|payment| {
        payment.recipient.eq_ignore_ascii_case(&paid.recipient) && payment.amount == paid.amount
    });
    is_ordered
        && memo == paid.memo.as_deref()
        && (&effect.tenant, &effect.agent) == (&paid.tenant, &paid.agent)
        && effect.digest == effect.intent.digest()
}
