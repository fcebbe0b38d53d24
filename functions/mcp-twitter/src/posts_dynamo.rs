//! The sandbox's posts in DynamoDB.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError as PutError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, Select, TransactWriteItem};
use chimera_domain::Timestamp;
use chimera_mcp::server::StoreFault;

use crate::posts::{Account, Deletion, Found, Post, PostStore, PutPost, take_token};

/// Times an allowance is taken against others of the same account: each loses a race at most once per rival.
const RACES: u32 = 8;

/// What a deleted post lacks.
const VISIBLE: &str = "attribute_not_exists(deleted_at)";

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

    /// The account's posts that were not deleted.
    fn query(&self, account: &Account) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .expression_attribute_values(":pk", text(posts_pk(account)))
            .filter_expression(VISIBLE)
            .consistent_read(true)
    }
}

impl PostStore for DynamoPosts {
    async fn put(&self, post: &Post) -> Result<PutPost, StoreFault> {
        let (pk, sk) = text_key(post);
        let id = post.post_id.clone();
        let unique = item([("pk", pk), ("sk", sk), ("post_id", id.clone())]);
        let owner = owner_pk(&post.by(), &id);
        let owner = item([("pk", owner), ("sk", OWNER.to_owned()), ("account", post.account.clone())]);
        let body = serde_json::to_string(post).map_err(fault)?;
        let row = item([("pk", posts_pk(&post.by())), ("sk", sort_key(&id)), ("body", body)]);
        let transaction = self
            .client
            .transact_write_items()
            .transact_items(self.put_absent(row)?)
            .transact_items(self.put_absent(unique)?)
            .transact_items(self.put_absent(owner)?);
        let Err(refused) = transaction.send().await else {
            return Ok(PutPost::New);
        };
        if !matches!(refused.as_service_error(), Some(PutError::TransactionCanceledException(_))) {
            return Err(fault(refused));
        }
        match (self.text_is_taken(post).await?, self.get(posts_pk(&post.by()), sort_key(&id)).await?) {
            (true, _) => Ok(PutPost::Duplicate),
            (false, Some(_)) => Ok(PutPost::New),
            (false, None) => Err(fault(refused)),
        }
    }

    async fn list(&self, account: &Account, limit: usize) -> Result<Vec<Post>, StoreFault> {
        let mut posts = Vec::new();
        let mut start = None;
        // A page may hold nothing but deleted posts.
        loop {
            let page = self.query(account).key_condition_expression("pk = :pk").scan_index_forward(false);
            let page = page.limit(i32::try_from(limit).unwrap_or(i32::MAX)).set_exclusive_start_key(start);
            let answer = page.send().await.map_err(fault)?;
            for item in answer.items() {
                posts.push(read_post(item)?);
            }
            start = answer.last_evaluated_key;
            if start.is_none() || posts.len() >= limit {
                posts.truncate(limit);
                return Ok(posts);
            }
        }
    }

    async fn one(&self, account: &Account, post_id: &str) -> Result<Option<Post>, StoreFault> {
        // A query, not a get: the read half may do nothing else.
        let query = self.query(account).key_condition_expression("pk = :pk AND sk = :sk");
        let query = query.expression_attribute_values(":sk", text(sort_key(post_id)));
        let answer = query.send().await.map_err(fault)?;
        answer.items().first().map(read_post).transpose()
    }

    async fn find(&self, account: &Account, post_id: &str) -> Result<Found, StoreFault> {
        match self.get(posts_pk(account), sort_key(post_id)).await? {
            Some(item) if item.contains_key("deleted_at") => Ok(Found::Gone),
            Some(item) => Ok(Found::Here(Box::new(read_post(&item)?))),
            None => match self.get(owner_pk(account, post_id), OWNER.to_owned()).await? {
                None => Ok(Found::Gone),
                Some(owner) => {
                    let name = owner.get("account").and_then(|name| name.as_s().ok()).cloned();
                    let theirs = Account { name: name.unwrap_or_default(), ..account.clone() };
                    let post = self.get(posts_pk(&theirs), sort_key(post_id)).await?;
                    let is_there = post.is_some_and(|post| !post.contains_key("deleted_at"));
                    Ok(if is_there { Found::Elsewhere } else { Found::Gone })
                }
            },
        }
    }

    async fn delete(&self, account: &Account, post_id: &str, deletion: Deletion) -> Result<(), StoreFault> {
        let update = self.client.update_item().table_name(&self.table);
        let update = update.key("pk", text(posts_pk(account))).key("sk", text(sort_key(post_id)));
        let updated = update
            .condition_expression(format!("attribute_exists(pk) AND {VISIBLE}"))
            .update_expression("SET deleted_at = :at, deleted_key = :key")
            .expression_attribute_values(":at", text(deletion.at.to_string()))
            .expression_attribute_values(":key", text(deletion.key.to_string()))
            .send()
            .await;
        match updated {
            Ok(_) => Ok(()),
            // Another deletion, or the first try of this one, got there first.
            Err(refused) if is_condition(&refused) => Ok(()),
            Err(other) => Err(fault(other)),
        }
    }

    async fn count(&self, account: &Account) -> Result<usize, StoreFault> {
        let query = self.query(account).key_condition_expression("pk = :pk").select(Select::Count);
        let answer = query.send().await.map_err(fault)?;
        Ok(usize::try_from(answer.count()).unwrap_or_default())
    }

    async fn spend(&self, account: &Account, now: Timestamp) -> Result<Result<(), Duration>, StoreFault> {
        let (pk, sk) = (format!("RATE#{}#{}", account.tenant, account.name), "BUCKET".to_owned());
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

fn posts_pk(account: &Account) -> String {
    format!("POST#{}#{}", account.tenant, account.name)
}

/// Sort key of the row that says whose a post is.
const OWNER: &str = "OWNER";

fn owner_pk(account: &Account, post_id: &str) -> String {
    format!("ID#{}#{post_id}", account.tenant)
}

/// Ids have 19 digits today; padding keeps their order when they grow.
fn sort_key(post_id: &str) -> String {
    format!("{post_id:0>20}")
}

fn text_key(post: &Post) -> (String, String) {
    (format!("TEXT#{}#{}", post.tenant, post.account), post.words().to_string())
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
