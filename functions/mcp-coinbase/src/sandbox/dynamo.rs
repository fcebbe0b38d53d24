//! The books in DynamoDB.
//!
//! | row | key |
//! |---|---|
//! | an entry | `ENTRY#<tenant>#<agent>` / its id |
//! | a balance | `HOLD#<network>#<address>` / `BAL#<holding>` |
//! | a posting | `HOLD#<network>#<address or faucet, fees, mint>` / `POST#<time>#<entry>#<holding>` |
//! | what is left of a limit | `LIMIT#<tenant>#<agent>` / `<kind>#<bucket>` |
//!
//! Faucet, fees and mint have no balance row: every transfer would wait for it. An audit sums their postings.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, Put, TransactWriteItem, Update};
use chimera_mcp::server::StoreFault;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::books::{BookStore, Dump, Held, Limit, LimitKind, Written};
use super::entry::{Account, Entry, Posted, Posting};
use crate::address::Address;
use crate::amounts::Network;
use crate::token::Holding;
use crate::wallet::Owner;

/// Times a transaction is tried against another on the same rows: such a conflict lasts milliseconds, and whoever it was
/// has then written.
const CONFLICT_TRIES: u32 = 4;

/// What each try waits longer than the one before it.
const CONFLICT_WAIT: Duration = Duration::from_millis(15);

/// Books in DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoBooks {
    client: Client,
    table: String,
}

type Item = HashMap<String, AttributeValue>;

/// What an operation of a transaction stands for: whose refusal means what.
enum Part {
    Entry,
    Limit(LimitKind),
    Balance(Account, Holding),
    Posting,
}

impl DynamoBooks {
    /// Books in `table`, whose keys are `pk` and `sk`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// The operations of an entry, each with what its refusal means.
    fn operations(
        &self,
        entry: &Entry,
        limits: &[Limit],
    ) -> Result<Vec<(Part, TransactWriteItem)>, StoreFault> {
        let row =
            item([("pk", entry_pk(entry.owner())), ("sk", entry.id().to_owned()), ("body", json(entry)?)]);
        let mut operations = vec![(Part::Entry, self.put(row)?)];
        for limit in limits {
            operations.push((Part::Limit(limit.kind), self.take(entry.owner(), limit)?));
        }
        for posting in entry.postings() {
            if let Some(update) = self.change(entry.network(), posting)? {
                let part = Part::Balance(posting.account, posting.holding.clone());
                operations.push((part, update));
            }
        }
        for posted in Posted::of(entry) {
            let pk = holder_pk(posted.network, &posted.posting.account);
            let row = item([("pk", pk), ("sk", posting_sk(&posted)), ("body", json(&posted)?)]);
            operations.push((Part::Posting, self.put(row)?));
        }
        Ok(operations)
    }

    fn put(&self, row: Item) -> Result<TransactWriteItem, StoreFault> {
        let put = Put::builder().table_name(&self.table).set_item(Some(row));
        let put = put.condition_expression("attribute_not_exists(pk)").build().map_err(fault)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// [WA-1] A credit always goes; a debit only from what is there.
    fn change(&self, network: Network, posting: &Posting) -> Result<Option<TransactWriteItem>, StoreFault> {
        if !matches!(posting.account, Account::Holder(_)) {
            return Ok(None);
        }
        let update = Update::builder()
            .table_name(&self.table)
            .key("pk", text(holder_pk(network, &posting.account)))
            .key("sk", text(balance_sk(&posting.holding)))
            .update_expression("ADD units :change")
            .expression_attribute_values(":change", number(posting.change));
        let update = if posting.change < 0 {
            let debit = number(posting.change.unsigned_abs());
            update.condition_expression("units >= :debit").expression_attribute_values(":debit", debit)
        } else {
            update
        };
        let update = update.build().map_err(fault)?;
        Ok(Some(TransactWriteItem::builder().update(update).build()))
    }

    fn take(&self, owner: &Owner, limit: &Limit) -> Result<TransactWriteItem, StoreFault> {
        let room = limit.cap.saturating_sub(limit.take);
        let update = Update::builder()
            .table_name(&self.table)
            .key("pk", text(format!("LIMIT#{}#{}", owner.tenant, owner.agent)))
            .key("sk", text(format!("{}#{}", limit.kind.name(), limit.bucket)))
            .condition_expression("attribute_not_exists(taken) OR taken <= :room")
            .update_expression("ADD taken :take")
            .expression_attribute_values(":room", number(room))
            .expression_attribute_values(":take", number(limit.take))
            .build()
            .map_err(fault)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// What a cancelled transaction means: none where it only met another and may be tried again.
    async fn refused(
        &self,
        entry: &Entry,
        parts: &[Part],
        reasons: &[CancellationReason],
    ) -> Result<Option<Written>, StoreFault> {
        if let Some(known) = self.entry(entry.owner(), entry.id()).await? {
            return Ok(Some(Written::Known(Box::new(known))));
        }
        let codes = || reasons.iter().map(|reason| reason.code().unwrap_or("None"));
        // Beside a conflict a failed condition says nothing: it may have seen what the other is about to change.
        if codes().any(is_contention) {
            return Ok(None);
        }
        let failed = codes().zip(parts).find(|(code, _)| *code == "ConditionalCheckFailed");
        match failed.map(|(_, part)| part) {
            Some(Part::Limit(kind)) => Ok(Some(Written::Over(*kind))),
            Some(Part::Balance(account, holding)) => Ok(Some(Written::Short(*account, holding.clone()))),
            // The row was there when it was written and is not there now, or it is not the table that we know.
            Some(Part::Entry | Part::Posting) | None => {
                Err(StoreFault(format!("cancelled: {}", codes().collect::<Vec<_>>().join(", ")).into()))
            }
        }
    }

    fn query(&self, pk: String, sk: String) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
            .expression_attribute_values(":pk", text(pk))
            .expression_attribute_values(":sk", text(sk))
            .consistent_read(true)
    }
}

impl BookStore for DynamoBooks {
    async fn write(&self, entry: &Entry, limits: &[Limit]) -> Result<Written, StoreFault> {
        if let Some(over) = limits.iter().find(|limit| limit.take > limit.cap) {
            let known = self.entry(entry.owner(), entry.id()).await?;
            return Ok(known.map_or(Written::Over(over.kind), |known| Written::Known(Box::new(known))));
        }
        for attempt in 1..=CONFLICT_TRIES {
            let (parts, operations): (Vec<Part>, Vec<TransactWriteItem>) =
                self.operations(entry, limits)?.into_iter().unzip();
            let transaction = self.client.transact_write_items().set_transact_items(Some(operations));
            let Err(error) = transaction.send().await else {
                return Ok(Written::New);
            };
            let Some(reasons) = reasons(&error) else {
                return Err(fault(error));
            };
            if let Some(written) = self.refused(entry, &parts, &reasons).await? {
                return Ok(written);
            }
            tokio::time::sleep(CONFLICT_WAIT * attempt).await;
        }
        Ok(Written::Busy)
    }

    async fn entry(&self, owner: &Owner, id: &str) -> Result<Option<Entry>, StoreFault> {
        // A query, not a get: the read half may do nothing else.
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk = :sk")
            .expression_attribute_values(":pk", text(entry_pk(owner)))
            .expression_attribute_values(":sk", text(id))
            .consistent_read(true)
            .send()
            .await
            .map_err(fault)?;
        answer.items().first().map(body).transpose()
    }

    async fn balances(
        &self,
        network: Network,
        address: Address,
    ) -> Result<BTreeMap<Holding, u128>, StoreFault> {
        let pk = holder_pk(network, &Account::Holder(address));
        let mut held = BTreeMap::new();
        let mut start = None;
        loop {
            let page = self.query(pk.clone(), BALANCE.to_owned()).set_exclusive_start_key(start);
            let answer = page.send().await.map_err(fault)?;
            for row in answer.items() {
                let (holding, units) = balance(row)?;
                held.insert(holding, units);
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                held.retain(|_, units| *units > 0);
                return Ok(held);
            }
        }
    }

    async fn postings(
        &self,
        network: Network,
        address: Address,
        limit: usize,
    ) -> Result<Vec<Posted>, StoreFault> {
        let pk = holder_pk(network, &Account::Holder(address));
        let mut lines = Vec::new();
        let mut start = None;
        // A page ends at a megabyte, whatever was asked for.
        loop {
            let page = self.query(pk.clone(), POSTING.to_owned()).scan_index_forward(false);
            let page = page.limit(i32::try_from(limit).unwrap_or(i32::MAX)).set_exclusive_start_key(start);
            let answer = page.send().await.map_err(fault)?;
            for row in answer.items() {
                lines.push(body(row)?);
            }
            start = answer.last_evaluated_key;
            if start.is_none() || lines.len() >= limit {
                lines.truncate(limit);
                return Ok(lines);
            }
        }
    }

    async fn dump(&self) -> Result<Dump, StoreFault> {
        let mut dump = Dump::default();
        let mut start = None;
        loop {
            let scan = self.client.scan().table_name(&self.table).consistent_read(true);
            let answer = scan.set_exclusive_start_key(start).send().await.map_err(fault)?;
            for row in answer.items() {
                sort_in(&mut dump, row)?;
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(dump);
            }
        }
    }
}

/// What passes when others have finished.
fn is_contention(code: &str) -> bool {
    matches!(code, "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded")
}

/// The reasons of a cancelled transaction; none where it failed otherwise.
fn reasons(error: &SdkError<TransactWriteItemsError>) -> Option<Vec<CancellationReason>> {
    match error.as_service_error()? {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            Some(cancelled.cancellation_reasons().to_vec())
        }
        _ => None,
    }
}

/// Adds a row to the dump. Grants and other rows of the table are none of the books'.
fn sort_in(dump: &mut Dump, row: &Item) -> Result<(), StoreFault> {
    let (pk, sk) = (string(row, "pk")?, string(row, "sk")?);
    if pk.starts_with(ENTRY) {
        dump.entries.push(body(row)?);
    } else if pk.starts_with(HOLDER) && sk.starts_with(POSTING) {
        dump.postings.push(body(row)?);
    } else if pk.starts_with(HOLDER) {
        let odd = || StoreFault(format!("{pk} holds a balance").into());
        let (network, address) = pk.trim_start_matches(HOLDER).split_once('#').ok_or_else(odd)?;
        let network = Network::ALL.into_iter().find(|known| known.name() == network).ok_or_else(odd)?;
        let address = Address::parse(address).map_err(fault)?;
        let (holding, units) = balance(row)?;
        dump.balances.push(Held { network, address, holding, units });
    }
    Ok(())
}

const ENTRY: &str = "ENTRY#";
const HOLDER: &str = "HOLD#";
const BALANCE: &str = "BAL#";
const POSTING: &str = "POST#";

fn entry_pk(owner: &Owner) -> String {
    format!("{ENTRY}{}#{}", owner.tenant, owner.agent)
}

fn holder_pk(network: Network, account: &Account) -> String {
    format!("{HOLDER}{network}#{account}")
}

fn balance_sk(holding: &Holding) -> String {
    format!("{BALANCE}{holding}")
}

/// Milliseconds with leading zeros are in order of time until the year 2286.
fn posting_sk(posted: &Posted) -> String {
    let Posted { at, entry, posting, .. } = posted;
    format!("{POSTING}{:013}#{entry}#{}", at.as_millisecond(), posting.holding)
}

fn balance(row: &Item) -> Result<(Holding, u128), StoreFault> {
    let holding = string(row, "sk")?.trim_start_matches(BALANCE).parse().map_err(fault)?;
    let units = row.get("units").and_then(|units| units.as_n().ok());
    let units = units.and_then(|digits| digits.parse().ok());
    Ok((holding, units.ok_or_else(|| StoreFault("a balance is no number of units".into()))?))
}

fn body<T: DeserializeOwned>(row: &Item) -> Result<T, StoreFault> {
    serde_json::from_str(string(row, "body")?).map_err(fault)
}

fn string<'a>(row: &'a Item, name: &str) -> Result<&'a str, StoreFault> {
    let value = row.get(name).and_then(|value| value.as_s().ok());
    value.map(String::as_str).ok_or_else(|| StoreFault(format!("a row has no {name}").into()))
}

fn json(value: &impl Serialize) -> Result<String, StoreFault> {
    serde_json::to_string(value).map_err(fault)
}

fn item<const N: usize>(fields: [(&str, String); N]) -> Item {
    fields.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect()
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn fault(error: impl std::error::Error + Send + Sync + 'static) -> StoreFault {
    StoreFault(Box::new(error))
}
