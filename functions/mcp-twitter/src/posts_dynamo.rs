//! The sandbox's posts in DynamoDB.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError as PutError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, Select, TransactWriteItem};
use chimera_domain::{Digest, Timestamp};
use chimera_mcp::server::StoreFault;

use crate::posts::{Post, PostStore, PutPost, take_token};

/// Times an allowance is taken against others of the same account: each loses a race at most once per rival.
const RACES: u32 = 8;

/// Posts in DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoPosts {
    client: Client,
    table: String,
}

type Item = HashMap<String, AttributeValue>;

impl DynamoPosts {
    /// Posts in `table`, whose keys are `pk` and `sk`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    fn put_absent(&self, item: Item) -> Result<TransactWriteItem, StoreFault> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(pk)").build().map_err(fault)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    async fn text_is_taken(&self, post: &Post) -> Result<bool, StoreFault> {
        let (pk, sk) = text_key(post);
        let found = self.get(pk, sk).await?;
        // An own row means that the first try's answer got lost.
        let own = text(&post.post_id);
        Ok(found.is_some_and(|item| item.get("post_id") != Some(&own)))
    }

    async fn get(&self, pk: String, sk: String) -> Result<Option<Item>, StoreFault> {
        let get = self.client.get_item().table_name(&self.table).key("pk", text(pk)).key("sk", text(sk));
        Ok(get.consistent_read(true).send().await.map_err(fault)?.item)
    }
}

impl PostStore for DynamoPosts {
    async fn put(&self, post: &Post) -> Result<PutPost, StoreFault> {
        let (pk, sk) = text_key(post);
        let unique = item([("pk", pk), ("sk", sk), ("post_id", post.post_id.clone())]);
        let body = serde_json::to_string(post).map_err(fault)?;
        let row = item([("pk", posts_pk(&post.account)), ("sk", sort_key(&post.post_id)), ("body", body)]);
        let transaction = self
            .client
            .transact_write_items()
            .transact_items(self.put_absent(row)?)
            .transact_items(self.put_absent(unique)?);
        let Err(refused) = transaction.send().await else {
            return Ok(PutPost::New);
        };
        if !matches!(refused.as_service_error(), Some(PutError::TransactionCanceledException(_))) {
            return Err(fault(refused));
        }
        match (
            self.text_is_taken(post).await?,
            self.get(posts_pk(&post.account), sort_key(&post.post_id)).await?,
        ) {
            (true, _) => Ok(PutPost::Duplicate),
            (false, Some(_)) => Ok(PutPost::New),
            (false, None) => Err(fault(refused)),
        }
    }

    async fn list(&self, account: &str, limit: usize) -> Result<Vec<Post>, StoreFault> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(posts_pk(account)))
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(fault)?;
        answer.items().iter().map(read_post).collect()
    }

    async fn count(&self, account: &str) -> Result<usize, StoreFault> {
        let query = self.client.query().table_name(&self.table).key_condition_expression("pk = :pk");
        let query = query.expression_attribute_values(":pk", text(posts_pk(account))).select(Select::Count);
        let answer = query.send().await.map_err(fault)?;
        Ok(usize::try_from(answer.count()).unwrap_or_default())
    }

    async fn spend(&self, account: &str, now: Timestamp) -> Result<Result<(), Duration>, StoreFault> {
        let (pk, sk) = (format!("RATE#{account}"), "BUCKET".to_owned());
        for _ in 0..RACES {
            let bucket = self.get(pk.clone(), sk.clone()).await?;
            let full_at = bucket.as_ref().and_then(|item| item.get("full_at_ms")).cloned();
            let full_at = full_at.unwrap_or_else(|| number(0));
            let full_at_ms = full_at.as_n().ok().and_then(|digits| digits.parse().ok()).unwrap_or_default();
            let next = match take_token(full_at_ms, now.as_millisecond()) {
                Ok(next) => next,
                Err(wait) => return Ok(Err(wait)),
            };
            let update = self.client.update_item().table_name(&self.table);
            let update = update.key("pk", text(&pk)).key("sk", text(&sk));
            let updated = update
                .condition_expression("attribute_not_exists(pk) OR full_at_ms = :seen")
                .update_expression("SET full_at_ms = :next")
                .expression_attribute_values(":seen", full_at)
                .expression_attribute_values(":next", number(next))
                .send()
                .await;
            match updated {
                Ok(_) => return Ok(Ok(())),
                Err(lost) if is_condition(&lost) => {}
                Err(other) => return Err(fault(other)),
            }
        }
        Err(StoreFault("the allowance changed too often".into()))
    }
}

fn is_condition(error: &SdkError<UpdateItemError>) -> bool {
    matches!(error.as_service_error(), Some(UpdateItemError::ConditionalCheckFailedException(_)))
}

fn posts_pk(account: &str) -> String {
    format!("POST#{account}")
}

/// Ids have 19 digits today; padding keeps their order when they grow.
fn sort_key(post_id: &str) -> String {
    format!("{post_id:0>20}")
}

fn text_key(post: &Post) -> (String, String) {
    (format!("TEXT#{}", post.account), Digest::of_bytes(post.text.as_bytes()).to_string())
}

fn read_post(item: &Item) -> Result<Post, StoreFault> {
    let body = item.get("body").and_then(|body| body.as_s().ok());
    let body = body.ok_or_else(|| StoreFault("a post has no body".into()))?;
    serde_json::from_str(body).map_err(fault)
}

fn item<const N: usize>(fields: [(&str, String); N]) -> Item {
    fields.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect()
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn fault(error: impl std::error::Error + Send + Sync + 'static) -> StoreFault {
    StoreFault(Box::new(error))
}
