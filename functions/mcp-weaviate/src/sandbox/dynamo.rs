//! The sandbox's objects in DynamoDB.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{KeysAndAttributes, TransactWriteItem};
use chimera_domain::{TenantId, Timestamp};
use chimera_mcp::server::StoreFault;
use chimera_mcp::server::dynamo::{Item, Table, fault, is_cancelled, text};
use uuid::Uuid;

use super::items::{self, ObjectRow};
use super::store::{Inserted, Insertion, Kept, ObjectStore};
use super::writes::Writes;
use crate::object::{Capacity, CollectionName, Object, Place, Stay};

/// Times a transaction is tried against others of the same place: each loses a race at most once per rival.
const RACES: u32 = 8;
/// Keys of one batched read, of DynamoDB's 100 the number whose objects fit its 16 MB whatever they say.
const BATCH: usize = 50;

/// Objects in DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoObjects {
    table: Table,
    /// Tenants whose row was put by this process.
    known: Arc<Mutex<BTreeSet<(CollectionName, TenantId)>>>,
}

impl DynamoObjects {
    /// Objects in `table`, whose keys are `pk` and `sk` and whose rows end with `expires_at`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { table: Table::new(client, table), known: Arc::default() }
    }

    /// The rows of an object, kept or passing.
    async fn rows(&self, place: &Place, ids: &[Uuid]) -> Result<BTreeMap<Uuid, ObjectRow>, StoreFault> {
        let pk = place.partition();
        let mut rows = BTreeMap::new();
        for chunk in ids.chunks(BATCH) {
            let keys = chunk.iter().flat_map(|id| items::object_keys(&pk, *id)).collect();
            for item in self.batch(keys).await? {
                let row = items::read_row(&item)?;
                rows.insert(row.id, row);
            }
        }
        Ok(rows)
    }

    /// Asks again for what DynamoDB left over.
    async fn batch(&self, mut open: Vec<Item>) -> Result<Vec<Item>, StoreFault> {
        let mut found = Vec::new();
        for race in 0..RACES {
            pause(race).await;
            let keys = KeysAndAttributes::builder().set_keys(Some(open)).consistent_read(true);
            let asked = keys.build().map_err(fault)?;
            let answer =
                self.table.client().batch_get_item().request_items(self.table.name(), asked).send().await;
            let answer = answer.map_err(fault)?;
            found.extend(answer.responses.into_iter().flat_map(|tables| tables.into_values().flatten()));
            open = answer
                .unprocessed_keys
                .into_iter()
                .flat_map(|rest| rest.into_values())
                .flat_map(|it| it.keys)
                .collect();
            if open.is_empty() {
                return Ok(found);
            }
        }
        Err(StoreFault("the table left keys unread".into()))
    }

    async fn row(&self, place: &Place, id: Uuid) -> Result<Option<ObjectRow>, StoreFault> {
        Ok(self.rows(place, &[id]).await?.remove(&id))
    }

    /// One page of a place's rows whose sort key is between two, both included.
    async fn page(&self, page: Page<'_>) -> Result<(Vec<Item>, Option<Item>), StoreFault> {
        let query = self.table.client().query().table_name(self.table.name()).consistent_read(true);
        let query = query
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", text(page.pk))
            .expression_attribute_values(":first", text(page.first))
            .expression_attribute_values(":last", text(page.last))
            .scan_index_forward(!page.latest_first)
            .set_limit(page.limit)
            .set_exclusive_start_key(page.start);
        let answer = query.send().await.map_err(fault)?;
        Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key))
    }

    /// `None` where a condition did not hold or another transaction was in the way.
    async fn transact(&self, writes: Vec<TransactWriteItem>) -> Result<Option<()>, StoreFault> {
        let sent = self.table.client().transact_write_items().set_transact_items(Some(writes)).send().await;
        match sent {
            Ok(_) => Ok(Some(())),
            Err(refused) if is_cancelled(&refused) => Ok(None),
            Err(other) => Err(fault(other)),
        }
    }

    /// The tenant's row of the collection: one more or one that is there already, which is the same.
    async fn know(&self, place: &Place) -> Result<(), StoreFault> {
        let who = (place.collection(), place.tenant().clone());
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known().contains(&who) {
            return Ok(());
        }
        let item = items::tenant_row(&who.0, &who.1);
        let put = self.table.client().put_item().table_name(self.table.name()).set_item(Some(item));
        put.send().await.map_err(fault)?;
        known().insert(who);
        Ok(())
    }

    fn writes<'a>(&'a self, place: &'a Place) -> Writes<'a> {
        Writes { table: &self.table, place }
    }

    /// What stands in the way of an insertion; none where only a race did.
    async fn obstacle(&self, insertion: Insertion<'_>) -> Result<Option<Inserted>, StoreFault> {
        let Insertion { place, object, stay, capacity } = insertion;
        if let Some(row) = self.row(place, object.id).await? {
            return Ok(Some(row.object.map_or(Inserted::Erased, |found| Inserted::Exists(Box::new(found)))));
        }
        let held = self.held(place).await?;
        let is_full = held.objects >= capacity.objects || held.bytes + object.bytes() > capacity.bytes;
        Ok((stay == Stay::Kept && is_full).then_some(Inserted::Full))
    }

    async fn held(&self, place: &Place) -> Result<Capacity, StoreFault> {
        let found = self.table.get(place.partition(), items::HELD).await?;
        Ok(found.as_ref().map_or(Capacity { objects: 0, bytes: 0 }, items::read_held))
    }
}

/// Part of a partition.
struct Page<'a> {
    pk: &'a str,
    first: &'a str,
    last: &'a str,
    latest_first: bool,
    limit: Option<i32>,
    start: Option<Item>,
}

impl ObjectStore for DynamoObjects {
    async fn insert(&self, insertion: Insertion<'_>) -> Result<Inserted, StoreFault> {
        self.know(insertion.place).await?;
        for race in 0..RACES {
            pause(race).await;
            // An object may be there under the other of its two keys, which no condition on a write can see.
            if let Some(found) = self.obstacle(insertion).await? {
                return Ok(found);
            }
            let writes = self.writes(insertion.place).insert(insertion)?;
            if self.transact(writes).await?.is_some() {
                return Ok(Inserted::New);
            }
        }
        Err(StoreFault("the place changed too often".into()))
    }

    async fn replace(&self, place: &Place, old: &Object, new: &Object) -> Result<bool, StoreFault> {
        for race in 0..RACES {
            pause(race).await;
            let writes = self.writes(place).replace(old, new)?;
            if self.transact(writes).await?.is_some() {
                return Ok(true);
            }
            let found = self.row(place, old.id).await?.and_then(|row| row.object);
            match found {
                // The first try's answer got lost.
                Some(found) if found == *new => return Ok(true),
                Some(found) if found == *old => {}
                _ => return Ok(false),
            }
        }
        Err(StoreFault("the object changed too often".into()))
    }

    async fn kept(&self, place: &Place, most: Capacity) -> Result<Kept, StoreFault> {
        let pk = place.partition();
        let (mut objects, mut bytes, mut start) = (Vec::new(), 0, None);
        loop {
            let (first, last) = items::KEPT_RANGE;
            let page = Page { pk: &pk, first, last, latest_first: false, limit: None, start };
            let (found, next) = self.page(page).await?;
            for item in &found {
                let Some(object) = items::read_row(item)?.object else { continue };
                bytes += object.bytes();
                objects.push(object);
            }
            if objects.len() > most.objects || bytes > most.bytes {
                return Ok(Kept::TooMuch);
            }
            start = next;
            if start.is_none() {
                return Ok(Kept::All(objects));
            }
        }
    }

    async fn newest(
        &self,
        place: &Place,
        after: Timestamp,
        limit: usize,
        wanted: &(dyn Fn(&Object) -> bool + Sync),
    ) -> Result<Vec<Object>, StoreFault> {
        let pk = place.partition();
        let (first, last) = items::window_range(after);
        let (mut newest, mut start) = (Vec::new(), None);
        loop {
            let batch = i32::try_from(BATCH).ok();
            let page = Page { pk: &pk, first: &first, last: &last, latest_first: true, limit: batch, start };
            let (pointers, next) = self.page(page).await?;
            let ids = pointers.iter().map(items::read_pointer).collect::<Result<Vec<_>, _>>()?;
            let mut rows = self.rows(place, &ids).await?;
            let objects = ids.iter().filter_map(|id| rows.remove(id)?.object);
            newest.extend(objects.filter(|object| wanted(object)));
            start = next;
            if start.is_none() || newest.len() >= limit {
                newest.truncate(limit);
                return Ok(newest);
            }
        }
    }

    async fn find(&self, place: &Place, ids: &[Uuid]) -> Result<Vec<Object>, StoreFault> {
        let rows = self.rows(place, ids).await?;
        Ok(rows.into_values().filter_map(|row| row.object).collect())
    }

    async fn erase(&self, place: &Place, id: Uuid, at: Timestamp) -> Result<bool, StoreFault> {
        for race in 0..RACES {
            pause(race).await;
            let Some(row) = self.row(place, id).await? else {
                return Ok(false);
            };
            let Some(object) = &row.object else {
                return Ok(false);
            };
            let writes = self.writes(place).erase(&row, object, at)?;
            if self.transact(writes).await?.is_some() {
                return Ok(true);
            }
        }
        Err(StoreFault("the object changed too often".into()))
    }

    async fn tenants(&self, collection: &CollectionName) -> Result<Vec<TenantId>, StoreFault> {
        let pk = items::tenants_pk(collection);
        let (mut tenants, mut start) = (Vec::new(), None);
        loop {
            // No tenant's name has a sign below or above these.
            let page = Page { pk: &pk, first: " ", last: "~", latest_first: false, limit: None, start };
            let (found, next) = self.page(page).await?;
            for item in &found {
                tenants.push(items::read_tenant(item)?);
            }
            start = next;
            if start.is_none() {
                return Ok(tenants);
            }
        }
    }
}

/// Waits before another try, growing and random, so that those who met once do not meet again.
async fn pause(race: u32) {
    if race > 0 {
        tokio::time::sleep(Duration::from_millis(fastrand::u64(5..=10) << race.min(5))).await;
    }
}
