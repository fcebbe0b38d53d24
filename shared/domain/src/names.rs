//! Giving back the names that an effect holds, and taking them again: the Judge's and the publisher's alike.

use crate::ports::StateReader;
use crate::{Effect, History, Row, RowKey, StoreError, Transaction, Unique, UniqueState};

/// Adds to `transaction` that the uniqueness rows the effect holds are free again and its deed no longer counts: it never
/// happened. Rows that others have taken meanwhile stay theirs.
///
/// # Errors
/// [`StoreError`] when they cannot be read or written.
pub async fn free_names(
    store: &impl StateReader,
    mut transaction: Transaction,
    effect: &Effect,
) -> Result<Transaction, StoreError> {
    for held in store.get_many(&keys_of(effect)).await?.into_iter().flatten() {
        match &held.row {
            Row::Unique(row) if is_held_by(row, effect) && row.status == UniqueState::Taken => {
                let free = Unique { status: UniqueState::Free, ..row.clone() };
                transaction = transaction.replace(&held, free)?;
            }
            Row::History(row) if row.status == UniqueState::Taken => {
                let free = History { status: UniqueState::Free, ..row.clone() };
                transaction = transaction.replace(&held, free)?;
            }
            _ => {}
        }
    }
    Ok(transaction)
}

/// Adds to `transaction` that the effect holds its names again and its deed counts: it has happened after all. Rows that
/// others hold meanwhile stay theirs.
///
/// # Errors
/// [`StoreError`] when they cannot be read or written.
pub async fn take_names_again(
    store: &impl StateReader,
    mut transaction: Transaction,
    effect: &Effect,
) -> Result<Transaction, StoreError> {
    for freed in store.get_many(&keys_of(effect)).await?.into_iter().flatten() {
        match &freed.row {
            Row::Unique(row) if row.status == UniqueState::Free => {
                let taken = Unique {
                    campaign: effect.campaign.clone(),
                    effect: effect.id.clone(),
                    status: UniqueState::Taken,
                    ..row.clone()
                };
                transaction = transaction.replace(&freed, taken)?;
            }
            Row::History(row) if row.status == UniqueState::Free => {
                let counts = History { status: UniqueState::Taken, ..row.clone() };
                transaction = transaction.replace(&freed, counts)?;
            }
            _ => {}
        }
    }
    Ok(transaction)
}

/// Where an effect's names and its deed are.
fn keys_of(effect: &Effect) -> Vec<RowKey> {
    let names = effect.unique.iter().map(|name| RowKey::unique(&effect.tenant, &effect.agent, name));
    let deed =
        RowKey::history(&effect.tenant, &effect.agent, &effect.history_day, &effect.campaign, &effect.id);
    names.chain([deed]).collect()
}

/// Whether a uniqueness row is the effect's. Effect ids are unique within their campaign only.
#[must_use]
pub fn is_held_by(unique: &Unique, effect: &Effect) -> bool {
    unique.effect == effect.id && unique.campaign == effect.campaign
}
