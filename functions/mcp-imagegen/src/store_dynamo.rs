//! Pictures in DynamoDB: `IMG#<tenant>#<digest>` / `META`, `CHUNK#0000`, `CHUNK#0001`, …

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use chimera_mcp::server::StoreFault;
use chimera_mcp::server::dynamo::{Item, Table, encode, fault, is_condition, json_in, text};

use crate::store::{ImageMeta, ImageStore, Place};

/// Sort key of the row that describes a picture.
const META: &str = "META";

/// Pictures in DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoImages {
    table: Table,
}

impl DynamoImages {
    /// Pictures in `table`, whose keys are `pk` and `sk`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { table: Table::new(client, table) }
    }
}

impl ImageStore for DynamoImages {
    async fn put_chunk(&self, place: &Place, index: usize, bytes: &[u8]) -> Result<(), StoreFault> {
        let mut item = Table::key(pk(place), chunk_sk(index));
        item.insert("bytes".to_owned(), AttributeValue::B(Blob::new(bytes)));
        let put = self.table.client().put_item().table_name(self.table.name());
        // Without a condition: the key has the digest, so whoever was here before has put the same.
        put.set_item(Some(item)).send().await.map_err(fault)?;
        Ok(())
    }

    async fn chunk(&self, place: &Place, index: usize) -> Result<Option<Vec<u8>>, StoreFault> {
        let item = self.table.get(pk(place), chunk_sk(index)).await?;
        item.map(|item| bytes_in(item).ok_or_else(|| StoreFault("a piece has no bytes".into()))).transpose()
    }

    async fn put_meta(&self, place: &Place, meta: &ImageMeta) -> Result<ImageMeta, StoreFault> {
        let mut item = Table::key(pk(place), META);
        item.insert("body".to_owned(), text(encode(meta)));
        let put = self.table.client().put_item().table_name(self.table.name()).set_item(Some(item));
        match put.condition_expression("attribute_not_exists(pk)").send().await {
            Ok(_) => Ok(meta.clone()),
            // Another call, or the first try of this one, was here before.
            Err(refused) if is_condition(&refused) => {
                self.meta(place).await?.ok_or_else(|| StoreFault(Box::new(refused)))
            }
            Err(other) => Err(fault(other)),
        }
    }

    async fn meta(&self, place: &Place) -> Result<Option<ImageMeta>, StoreFault> {
        let item = self.table.get(pk(place), META).await?;
        item.map(|item| json_in(&item, "body")).transpose()
    }
}

fn pk(place: &Place) -> String {
    format!("IMG#{}#{}", place.tenant, place.digest)
}

fn chunk_sk(index: usize) -> String {
    format!("CHUNK#{index:04}")
}

fn bytes_in(mut item: Item) -> Option<Vec<u8>> {
    match item.remove("bytes") {
        Some(AttributeValue::B(blob)) => Some(blob.into_inner()),
        _ => None,
    }
}
