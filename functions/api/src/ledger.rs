//! A campaign's money: every entry, and what they come to.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use chimera_domain::ports::StateReaderExt as _;
use chimera_domain::{CampaignId, Currency, EffectId, LedgerEntry, Money};
use serde::Serialize;
use serde_json::json;

use crate::caller::{At, Caller};
use crate::errors::{self, Problem};
use crate::etag;
use crate::state::{Api, Clock, Ids, Store};

/// What entries come to.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Totals {
    /// Set aside, all reservations together.
    pub(crate) reserved: Money,
    /// Set aside and neither spent nor given back yet.
    pub(crate) open: Money,
    /// Spent, late bookings included.
    pub(crate) spent: Money,
    /// Given back.
    pub(crate) released: Money,
}

impl Totals {
    /// The sums of `entries`.
    pub(crate) fn of(currency: Currency, entries: &[LedgerEntry]) -> Self {
        Self::sum(currency, entries.iter())
    }

    /// The sums of one effect's entries.
    pub(crate) fn of_effect(currency: Currency, entries: &[LedgerEntry], id: &EffectId) -> Self {
        Self::sum(currency, entries.iter().filter(|entry| effect_of(entry) == id))
    }

    fn sum<'a>(currency: Currency, entries: impl Iterator<Item = &'a LedgerEntry> + Clone) -> Self {
        let reserved = add_up(entries.clone().map(|entry| match entry {
            LedgerEntry::Reserve { reservation, .. } => reservation.amount.minor(),
            LedgerEntry::Close { .. } | LedgerEntry::Late { .. } => 0,
        }));
        let spent_in_time = add_up(entries.clone().map(|entry| match entry {
            LedgerEntry::Close { spent, .. } => spent.minor(),
            LedgerEntry::Reserve { .. } | LedgerEntry::Late { .. } => 0,
        }));
        let late = add_up(entries.clone().map(|entry| match entry {
            LedgerEntry::Late { spent, .. } => spent.minor(),
            LedgerEntry::Reserve { .. } | LedgerEntry::Close { .. } => 0,
        }));
        let open = add_up(entries.clone().map(|entry| match entry {
            LedgerEntry::Reserve { effect, reservation, .. }
                if !entries.clone().any(|other| closes(other, effect, reservation.number)) =>
            {
                reservation.amount.minor()
            }
            _ => 0,
        }));
        let money = |minor: i64| Money::new(minor.max(0), currency).unwrap_or(Money::zero(currency));
        Self {
            reserved: money(reserved),
            open: money(open),
            spent: money(spent_in_time.saturating_add(late)),
            released: money(reserved.saturating_sub(open).saturating_sub(spent_in_time)),
        }
    }
}

fn add_up(amounts: impl Iterator<Item = i64>) -> i64 {
    amounts.fold(0, i64::saturating_add)
}

/// Whose effect's entry it is.
pub(crate) fn effect_of(entry: &LedgerEntry) -> &EffectId {
    match entry {
        LedgerEntry::Reserve { effect, .. }
        | LedgerEntry::Close { effect, .. }
        | LedgerEntry::Late { effect, .. } => effect,
    }
}

fn closes(entry: &LedgerEntry, of: &EffectId, reservation: u32) -> bool {
    matches!(entry, LedgerEntry::Close { effect, number, .. } if effect == of && *number == reservation)
}

/// `GET /ledger/{campaign}`.
pub(crate) async fn show<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    headers: HeaderMap,
    At(id): At<CampaignId>,
) -> Result<Response, Problem> {
    let campaign = api.store().campaign(&caller.tenant, &id).await.map_err(errors::store)?;
    let campaign = campaign.ok_or_else(errors::not_found)?;
    let entries = api.store().entries(&caller.tenant, &id).await.map_err(errors::store)?;
    let totals = Totals::of(campaign.row.currency(), &entries);
    let value =
        json!({"campaign": id, "budget": campaign.row.brief.budget, "totals": totals, "entries": entries});
    Ok(etag::answer(&headers, &etag::of_value(&value), value))
}

#[cfg(test)]
mod tests {
    use chimera_domain::{Close, Reservation, Timestamp};

    use super::*;

    fn cents(minor: i64) -> Money {
        Money::new(minor, Currency::Usd).unwrap()
    }

    #[test]
    fn what_is_reserved_is_open_spent_or_given_back() {
        let (campaign, at) = (CampaignId::new("c").unwrap(), Timestamp::UNIX_EPOCH);
        let effect = |id: &str| EffectId::new(id).unwrap();
        let reserve = |id: &str| LedgerEntry::Reserve {
            campaign: campaign.clone(),
            effect: effect(id),
            reservation: Reservation { number: 1, amount: cents(20), day: String::new(), buckets: vec![] },
            at,
        };
        let close = LedgerEntry::Close {
            campaign: campaign.clone(),
            effect: effect("a"),
            number: 1,
            how: Close::Settle,
            spent: cents(15),
            at,
        };
        let totals = Totals::of(Currency::Usd, &[reserve("a"), close, reserve("b")]);
        let expected = Totals { reserved: cents(40), open: cents(20), spent: cents(15), released: cents(5) };
        assert_eq!(totals, expected);
    }
}
