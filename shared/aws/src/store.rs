//! The tables, over one DynamoDB client. Every read here is consistent.

use std::collections::{BTreeMap, BTreeSet};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use chimera_domain::ports::{DecisionReader, LedgerReader, StateReader};
use chimera_domain::{
    BucketRow, CampaignId, DecisionRow, LedgerEntry, ReviewId, Row, RowKey, StoreError, Stored, Table,
    TenantId,
};
use tokio::time::sleep;

use crate::config::{Tables, contention_waits};
use crate::errors::{store_error, unavailable};
use crate::items::{self, Item};

/// Keys one `BatchGetItem` may ask for.
const KEYS_PER_BATCH: usize = 100;

/// All four tables. What a function may reach in them is decided by the ports it asks for, and by its IAM policy.
#[derive(Debug, Clone)]
pub struct DynamoStore {
    client: Client,
    tables: Tables,
}

impl DynamoStore {
    /// Builds the client; nothing is called yet.
    #[must_use]
    pub fn new(config: &SdkConfig, tables: Tables) -> Self {
        Self { client: Client::new(config), tables }
    }

    /// Makes one cheap call, so that the connection and its TLS handshake are paid for during initialisation. Any answer
    /// warms, a refusal too; that there was none is logged and otherwise left to the first real call.
    pub async fn warm(&self) {
        let Some(table) = self.tables.any() else { return };
        let key = RowKey { pk: "WARM".to_owned(), sk: "WARM".to_owned() };
        let answer = self.client.get_item().table_name(table).set_key(Some(items::key(&key))).send().await;
        match answer {
            Ok(_) | Err(SdkError::ServiceError(_)) => {}
            Err(error) => tracing::warn!(
                table,
                error = %aws_sdk_dynamodb::error::DisplayErrorContext(&error),
                "the store could not be warmed"
            ),
        }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn tables(&self) -> &Tables {
        &self.tables
    }

    async fn item(&self, table: Table, key: &RowKey) -> Result<Option<Item>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(self.tables.of(table)?)
            .set_key(Some(items::key(key)))
            .consistent_read(true)
            .send()
            .await
            .map_err(store_error)?;
        Ok(answer.item.filter(|item| !item.is_empty()))
    }

    /// Every item of a partition whose sort key begins with `prefix`, to the last page.
    pub(crate) async fn partition(
        &self,
        table: &str,
        pk: &str,
        prefix: &str,
    ) -> Result<Vec<Item>, StoreError> {
        let mut query = self
            .client
            .query()
            .table_name(table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()));
        if !prefix.is_empty() {
            query = query
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()));
        }
        let mut items = Vec::new();
        let mut pages = query.into_paginator().send();
        while let Some(page) = pages.next().await {
            items.extend(page.map_err(store_error)?.items.unwrap_or_default());
        }
        Ok(items)
    }

    /// One request's worth of distinct keys, asked for again until each was processed.
    async fn batch(&self, table: &str, keys: Vec<&RowKey>) -> Result<BTreeMap<RowKey, Item>, StoreError> {
        let mut found = BTreeMap::new();
        let mut open: Vec<Item> = keys.into_iter().map(items::key).collect();
        let mut waits = contention_waits();
        loop {
            let asked = KeysAndAttributes::builder()
                .set_keys(Some(open))
                .consistent_read(true)
                .build()
                .map_err(unavailable)?;
            let answer =
                self.client.batch_get_item().request_items(table, asked).send().await.map_err(store_error)?;
            for item in answer.responses.into_iter().flat_map(|tables| tables.into_values().flatten()) {
                found.insert(items::key_of(&item)?, item);
            }
            let rest = answer.unprocessed_keys.unwrap_or_default();
            open = rest.into_values().flat_map(|rest| rest.keys).collect();
            if open.is_empty() {
                return Ok(found);
            }
            match waits.next() {
                Some(wait) => sleep(wait).await,
                None => return Err(StoreError::Contention),
            }
        }
    }
}

impl StateReader for DynamoStore {
    async fn get(&self, key: &RowKey) -> Result<Option<Stored>, StoreError> {
        self.item(Table::State, key).await?.map(stored).transpose()
    }

    async fn get_many(&self, keys: &[RowKey]) -> Result<Vec<Option<Stored>>, StoreError> {
        let table = self.tables.of(Table::State)?;
        let distinct: Vec<&RowKey> = keys.iter().collect::<BTreeSet<_>>().into_iter().collect();
        let mut rows: BTreeMap<RowKey, Stored> = BTreeMap::new();
        for chunk in distinct.chunks(KEYS_PER_BATCH) {
            for (key, item) in self.batch(table, chunk.to_vec()).await? {
                rows.insert(key, stored(item)?);
            }
        }
        Ok(keys.iter().map(|key| rows.get(key).cloned()).collect())
    }

    async fn query(&self, pk: &str, prefix: &str) -> Result<Vec<Stored>, StoreError> {
        let items = self.partition(self.tables.of(Table::State)?, pk, prefix).await?;
        items.into_iter().map(stored).collect()
    }

    async fn latest(
        &self,
        pk: &str,
        first: &str,
        last: &str,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        let text = |value: &str| AttributeValue::S(value.to_owned());
        let query = self
            .client
            .query()
            .table_name(self.tables.of(Table::State)?)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", text(pk))
            .expression_attribute_values(":first", text(first))
            .expression_attribute_values(":last", text(last))
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let mut items = Vec::new();
        let mut pages = query.into_paginator().send();
        // A page ends at the limit or at a megabyte, whichever comes first.
        while items.len() < limit
            && let Some(page) = pages.next().await
        {
            items.extend(page.map_err(store_error)?.items.unwrap_or_default());
        }
        items.truncate(limit);
        items.into_iter().map(stored).collect()
    }
}

impl LedgerReader for DynamoStore {
    async fn bucket(&self, key: &RowKey) -> Result<Option<BucketRow>, StoreError> {
        self.item(Table::Ledger, key).await?.map(items::typed).transpose()
    }

    async fn entries(
        &self,
        tenant: &TenantId,
        campaign: &CampaignId,
    ) -> Result<Vec<LedgerEntry>, StoreError> {
        let pk = RowKey::campaign_partition(tenant, campaign);
        let items = self.partition(self.tables.of(Table::Ledger)?, &pk, "ENTRY#").await?;
        items.into_iter().map(items::typed).collect()
    }
}

impl DecisionReader for DynamoStore {
    async fn decision(
        &self,
        tenant: &TenantId,
        campaign: &CampaignId,
        review: &ReviewId,
    ) -> Result<Option<DecisionRow>, StoreError> {
        let key = DecisionRow::key(tenant, campaign, review);
        self.item(Table::Decisions, &key).await?.map(items::typed).transpose()
    }
}

fn stored(item: Item) -> Result<Stored<Row>, StoreError> {
    Ok(Stored::from_item(items::value(item)?)?)
}
