//! The stores' ports.

use std::cmp::Reverse;

use chimera_domain::ports::{
    AuditEntry, AuditPut, AuditReader, AuditWriter, Clock as _, DecisionReader, DecisionWriter, LedgerReader,
    MoneyWriter, Page, StateIndex, StateReader, StateWriter,
};
use chimera_domain::{
    Applied, BucketRow, CampaignId, DecisionRow, DecisionTransaction, LedgerEntry, MoneyTransaction, Op,
    ReviewId, RowError, RowKey, StoreError, Stored, Table, TenantId, Timestamp, Transaction,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::MemoryCloud;
use crate::faults::crash_after;
use crate::tables::{number, text};
use crate::{Fault, Guard};

impl MemoryCloud {
    /// Reads through `look`, which gives the items it read; every reading port goes through here.
    async fn read<T>(
        &self,
        port: &'static str,
        look: impl FnOnce(&super::Inner) -> (Vec<usize>, Result<T, StoreError>) + Send,
    ) -> Result<T, StoreError> {
        let fault = self.faults.at(&self.function, port).await;
        let mut inner = self.lock();
        inner.meter.call(&self.function, port);
        if let Some(error) = refuses(fault) {
            return Err(error);
        }
        let (sizes, answer) = look(&inner);
        inner.meter.read(&self.function, port, &sizes);
        drop(inner);
        crash_after(fault);
        if fault == Some(Fault::LostReply) { Err(lost()) } else { answer }
    }

    /// A row as the function sees it: all of it, unless a test takes a guard away.
    fn as_seen(&self, item: &Value) -> Value {
        let mut item = item.clone();
        if &*self.function == "judge" && self.faults.lacks(Guard::TopicsAreScreened) {
            for name in ["/policy/topics", "/policy/tenant_topics"] {
                match item.pointer_mut(name) {
                    Some(Value::Array(topics)) => topics.clear(),
                    Some(Value::Object(topics)) => topics.clear(),
                    _ => {}
                }
            }
        }
        item
    }

    /// Applies a transaction; every writing port of rows goes through here.
    async fn apply(&self, port: &'static str, transaction: &Transaction) -> Result<Applied, StoreError> {
        let fault = self.faults.at(&self.function, port).await;
        let answer = self.apply_now(port, transaction, fault);
        crash_after(fault);
        if fault == Some(Fault::LostReply) { answer.and_then(|_| Err(lost())) } else { answer }
    }

    fn apply_now(
        &self,
        port: &'static str,
        transaction: &Transaction,
        fault: Option<Fault>,
    ) -> Result<Applied, StoreError> {
        let mut inner = self.lock();
        inner.meter.call(&self.function, port);
        if let Some(error) = refuses(fault) {
            return Err(error);
        }
        let sizes: Vec<usize> = transaction.ops().iter().map(size).collect();
        inner.meter.write(&self.function, port, &sizes);
        let now = self.clock.now();
        if port == "write_money"
            && &*self.function == "judge"
            && self.faults.lacks(Guard::ReservedWithApproval)
        {
            let (_, written) = inner.tables.apply(transaction, &self.faults, |op| !is_money(op))?;
            inner.publish(&self.function, now, written);
            let (applied, written) = inner.tables.apply(transaction, &self.faults, is_money)?;
            inner.publish(&self.function, now, written);
            return Ok(applied);
        }
        let (applied, written) = inner.tables.apply(transaction, &self.faults, |_| true)?;
        inner.publish(&self.function, now, written);
        Ok(applied)
    }
}

fn is_money(op: &Op) -> bool {
    op.place().0 == Table::Ledger
}

fn refuses(fault: Option<Fault>) -> Option<StoreError> {
    match fault {
        Some(Fault::Contention) => Some(StoreError::Contention),
        Some(Fault::Unavailable) => Some(StoreError::Unavailable("injected: not reachable".into())),
        _ => None,
    }
}

fn lost() -> StoreError {
    StoreError::Unavailable("injected: the reply was lost".into())
}

fn size(op: &Op) -> usize {
    match op {
        Op::Put { item, .. } => bytes(item),
        Op::Check { .. } | Op::Add { .. } => 0,
    }
}

fn bytes(item: &Value) -> usize {
    item.to_string().len()
}

fn typed<T: DeserializeOwned>(key: &RowKey, item: &Value) -> Result<T, StoreError> {
    let unreadable = |source| RowError::Unreadable { pk: key.pk.clone(), sk: key.sk.clone(), source };
    Ok(serde_json::from_value(item.clone()).map_err(unreadable)?)
}

impl StateReader for MemoryCloud {
    async fn get(&self, key: &RowKey) -> Result<Option<Stored>, StoreError> {
        self.read("get", |inner| {
            let item = inner.tables.get(Table::State, key);
            let stored = item.map(|item| self.as_seen(item)).map(Stored::from_item).transpose();
            (item.map(bytes).into_iter().collect(), stored.map_err(StoreError::from))
        })
        .await
    }

    async fn get_many(&self, keys: &[RowKey]) -> Result<Vec<Option<Stored>>, StoreError> {
        self.read("get_many", |inner| {
            let items: Vec<Option<&Value>> =
                keys.iter().map(|key| inner.tables.get(Table::State, key)).collect();
            let sizes = items.iter().flatten().map(|item| bytes(item)).collect();
            let stored = items
                .into_iter()
                .map(|item| item.map(|item| self.as_seen(item)).map(Stored::from_item).transpose());
            (sizes, stored.collect::<Result<_, _>>().map_err(StoreError::from))
        })
        .await
    }

    async fn query(&self, pk: &str, prefix: &str) -> Result<Vec<Stored>, StoreError> {
        self.read("query", |inner| {
            let items = inner.tables.query(Table::State, pk, prefix);
            let sizes = items.iter().map(|item| bytes(item)).collect();
            let stored = items.into_iter().cloned().map(Stored::from_item);
            (sizes, stored.collect::<Result<_, _>>().map_err(StoreError::from))
        })
        .await
    }

    async fn latest(
        &self,
        pk: &str,
        first: &str,
        last: &str,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        self.read("latest", |inner| {
            let items = inner.tables.latest(Table::State, pk, first, last, limit);
            let sizes = items.iter().map(|item| bytes(item)).collect();
            let stored = items.into_iter().cloned().map(Stored::from_item);
            (sizes, stored.collect::<Result<_, _>>().map_err(StoreError::from))
        })
        .await
    }
}

impl StateIndex for MemoryCloud {
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<RowKey>, StoreError> {
        self.read("due", |inner| {
            let mut due: Vec<(i64, RowKey)> = inner
                .tables
                .scan(Table::State)
                .filter(|(_, item)| text(Some(item), "due") == Some("due"))
                .filter_map(|(key, item)| number(Some(item), "due_at_ms").map(|at_ms| (at_ms, key.clone())))
                .filter(|(at_ms, _)| *at_ms <= now.as_millisecond())
                .collect();
            due.sort();
            (Vec::new(), Ok(due.into_iter().take(limit).map(|(_, key)| key).collect()))
        })
        .await
    }

    async fn listing(&self, listing: &str, after: Option<&str>, limit: usize) -> Result<Page, StoreError> {
        self.read("listing", |inner| {
            let mut rows: Vec<(String, RowKey)> = inner
                .tables
                .scan(Table::State)
                .filter(|(_, item)| text(Some(item), "listing") == Some(listing))
                .filter_map(|(key, item)| Some((text(Some(item), "listed_at")?.to_owned(), key.clone())))
                .filter(|(place, _)| after.is_none_or(|after| place.as_str() < after))
                .collect();
            rows.sort_by_key(|(place, _)| Reverse(place.clone()));
            let more = rows.len() > limit;
            rows.truncate(limit);
            let next = rows.last().filter(|_| more).map(|(place, _)| place.clone());
            (Vec::new(), Ok(Page { keys: rows.into_iter().map(|(_, key)| key).collect(), next }))
        })
        .await
    }
}

impl StateWriter for MemoryCloud {
    async fn write(&self, transaction: &Transaction) -> Result<Applied, StoreError> {
        self.apply("write", transaction).await
    }
}

impl MoneyWriter for MemoryCloud {
    async fn write_money(&self, transaction: &MoneyTransaction) -> Result<Applied, StoreError> {
        self.apply("write_money", transaction.inner()).await
    }
}

impl DecisionWriter for MemoryCloud {
    async fn write_decision(&self, transaction: &DecisionTransaction) -> Result<Applied, StoreError> {
        self.apply("write_decision", transaction.inner()).await
    }
}

impl LedgerReader for MemoryCloud {
    async fn bucket(&self, key: &RowKey) -> Result<Option<BucketRow>, StoreError> {
        self.read("bucket", |inner| {
            let item = inner.tables.get(Table::Ledger, key);
            (item.map(bytes).into_iter().collect(), item.map(|item| typed(key, item)).transpose())
        })
        .await
    }

    async fn entries(
        &self,
        tenant: &TenantId,
        campaign: &CampaignId,
    ) -> Result<Vec<LedgerEntry>, StoreError> {
        let key = RowKey { pk: RowKey::campaign_partition(tenant, campaign), sk: "ENTRY#".to_owned() };
        self.read("entries", |inner| {
            let items = inner.tables.query(Table::Ledger, &key.pk, &key.sk);
            let sizes = items.iter().map(|item| bytes(item)).collect();
            (sizes, items.into_iter().map(|item| typed(&key, item)).collect())
        })
        .await
    }
}

impl DecisionReader for MemoryCloud {
    async fn decision(
        &self,
        tenant: &TenantId,
        campaign: &CampaignId,
        review: &ReviewId,
    ) -> Result<Option<DecisionRow>, StoreError> {
        let key = DecisionRow::key(tenant, campaign, review);
        self.read("decision", |inner| {
            let item = inner.tables.get(Table::Decisions, &key);
            (item.map(bytes).into_iter().collect(), item.map(|item| typed(&key, item)).transpose())
        })
        .await
    }
}

impl AuditWriter for MemoryCloud {
    async fn put(&self, entry: &AuditEntry) -> Result<AuditPut, StoreError> {
        let fault = self.faults.at(&self.function, "put").await;
        let put = {
            let mut inner = self.lock();
            inner.meter.call(&self.function, "put");
            if let Some(error) = refuses(fault) {
                return Err(error);
            }
            let size = serde_json::to_string(entry).map_or(0, |text| text.len());
            inner.meter.write(&self.function, "put", &[size]);
            inner.tables.put_audit(entry)
        };
        crash_after(fault);
        if fault == Some(Fault::LostReply) { Err(lost()) } else { Ok(put) }
    }
}

impl AuditReader for MemoryCloud {
    async fn entries_of(&self, prefix: &str) -> Result<Vec<AuditEntry>, StoreError> {
        self.read("entries_of", |inner| (Vec::new(), Ok(inner.tables.audit(prefix)))).await
    }
}
