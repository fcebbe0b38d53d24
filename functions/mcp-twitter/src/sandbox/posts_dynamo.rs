//! The sandbox's posts in DynamoDB.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Select, TransactWriteItem, Update};
use chimera_domain::{Currency, Money, Timestamp};
use chimera_mcp::server::StoreFault;
use chimera_mcp::server::dynamo::{
    Item, Table, encode, fault, is_cancelled, is_condition, json_in, number, text, texts,
};

use super::posts::{Deletion, Found, Post, PostStore, PutPost, Spent, day_of};
use super::quota::Act;
use crate::platform::Account;

/// Times something is tried against others of the same account: each loses a race at most once per rival.
const RACES: u32 = 8;

/// What a deleted post lacks.
const VISIBLE: &str = "attribute_not_exists(deleted_at)";

/// The numbers of an account's quotas, in the order of [`Act::quotas`].
const FULL_AT: [&str; 2] = ["full_at_ms", "short_full_at_ms"];

/// Sort key of the row that says whose a post is.
const OWNER: &str = "OWNER";

/// Posts in DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoPosts {
    table: Table,
}

impl DynamoPosts {
    /// Posts in `table`, whose keys are `pk` and `sk`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { table: Table::new(client, table) }
    }

    async fn text_is_taken(&self, post: &Post) -> Result<bool, StoreFault> {
        let (pk, sk) = text_key(post);
        let found = self.table.get(pk, sk).await?;
        // An own row means that the first try's answer got lost.
        let own = text(&post.post_id);
        Ok(found.is_some_and(|item| item.get("post_id") != Some(&own)))
    }

    /// A consistent query: the read half may do nothing else, and the write half may do no query.
    fn query(&self, pk: String) -> QueryFluentBuilder {
        let query = self.table.client().query().table_name(self.table.name());
        query.expression_attribute_values(":pk", text(pk)).consistent_read(true)
    }

    /// The account's posts that were not deleted.
    fn query_posts(&self, account: &Account) -> QueryFluentBuilder {
        self.query(posts_pk(account)).filter_expression(VISIBLE)
    }

    /// One item, by a query.
    async fn look(&self, pk: String, sk: &str) -> Result<Option<Item>, StoreFault> {
        let query = self.query(pk).key_condition_expression("pk = :pk AND sk = :sk");
        let answer = query.expression_attribute_values(":sk", text(sk)).send().await.map_err(fault)?;
        Ok(answer.items.and_then(|items| items.into_iter().next()))
    }

    /// The part of a transaction that counts what was spent on a day.
    fn counted(
        &self,
        account: &Account,
        at: Timestamp,
        spent: Spent,
    ) -> Result<TransactWriteItem, BuildError> {
        let update = Update::builder()
            .table_name(self.table.name())
            .set_key(Some(Table::key(usage_pk(account), day_of(at))))
            .update_expression("ADD posts :posts, deletions :deletions, cost_minor :cost")
            .expression_attribute_values(":posts", count(spent.posts))
            .expression_attribute_values(":deletions", count(spent.deletions))
            .expression_attribute_values(":cost", number(spent.cost.minor()))
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn deleted(
        &self,
        account: &Account,
        post_id: &str,
        deletion: Deletion,
    ) -> Result<TransactWriteItem, BuildError> {
        let update = Update::builder()
            .table_name(self.table.name())
            .set_key(Some(Table::key(posts_pk(account), sort_key(post_id))))
            .condition_expression(format!("attribute_exists(pk) AND {VISIBLE}"))
            .update_expression("SET deleted_at = :at, deleted_key = :key")
            .expression_attribute_values(":at", text(deletion.at.to_string()))
            .expression_attribute_values(":key", text(deletion.key.to_string()))
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn rows_of(&self, post: &Post, cost: Money) -> Result<Vec<TransactWriteItem>, BuildError> {
        let (pk, sk) = text_key(post);
        let id = post.post_id.clone();
        let unique = texts([("pk", pk), ("sk", sk), ("post_id", id.clone())]);
        let owner = owner_pk(&post.by(), &id);
        let owner = texts([("pk", owner), ("sk", OWNER.to_owned()), ("account", post.account.clone())]);
        let row = texts([("pk", posts_pk(&post.by())), ("sk", sort_key(&id)), ("body", encode(post))]);
        let spent = Spent { posts: 1, deletions: 0, cost };
        Ok(vec![
            self.table.put_absent(row)?,
            self.table.put_absent(unique)?,
            self.table.put_absent(owner)?,
            self.counted(&post.by(), post.created_at, spent)?,
        ])
    }
}

impl PostStore for DynamoPosts {
    async fn put(&self, post: &Post, cost: Money) -> Result<PutPost, StoreFault> {
        for _ in 0..RACES {
            let rows = self.rows_of(post, cost).map_err(fault)?;
            let transaction = self.table.client().transact_write_items().set_transact_items(Some(rows));
            match transaction.send().await {
                Ok(_) => return Ok(PutPost::New),
                Err(refused) if !is_cancelled(&refused) => return Err(fault(refused)),
                Err(_) => {}
            }
            if self.text_is_taken(post).await? {
                return Ok(PutPost::Duplicate);
            }
            if self.table.get(posts_pk(&post.by()), sort_key(&post.post_id)).await?.is_some() {
                return Ok(PutPost::New);
            }
            // Neither: another post of the account was counted at the same moment.
        }
        Err(StoreFault("the account's rows changed too often".into()))
    }

    async fn list(&self, account: &Account, limit: usize) -> Result<Vec<Post>, StoreFault> {
        let mut posts = Vec::new();
        let mut start = None;
        // A page may hold nothing but deleted posts.
        loop {
            let page =
                self.query_posts(account).key_condition_expression("pk = :pk").scan_index_forward(false);
            let page = page.limit(i32::try_from(limit).unwrap_or(i32::MAX)).set_exclusive_start_key(start);
            let answer = page.send().await.map_err(fault)?;
            for item in answer.items() {
                posts.push(json_in(item, "body")?);
            }
            start = answer.last_evaluated_key;
            if start.is_none() || posts.len() >= limit {
                posts.truncate(limit);
                return Ok(posts);
            }
        }
    }

    async fn one(&self, account: &Account, post_id: &str) -> Result<Option<Post>, StoreFault> {
        let found = self.look(posts_pk(account), &sort_key(post_id)).await?;
        let visible = found.filter(|item| !item.contains_key("deleted_at"));
        visible.map(|item| json_in(&item, "body")).transpose()
    }

    async fn find(&self, account: &Account, post_id: &str) -> Result<Found, StoreFault> {
        match self.table.get(posts_pk(account), sort_key(post_id)).await? {
            Some(item) if item.contains_key("deleted_at") => Ok(Found::Gone),
            Some(item) => Ok(Found::Here(Box::new(json_in(&item, "body")?))),
            None => match self.table.get(owner_pk(account, post_id), OWNER).await? {
                None => Ok(Found::Gone),
                Some(owner) => {
                    let name = owner.get("account").and_then(|name| name.as_s().ok()).cloned();
                    let theirs = Account { name: name.unwrap_or_default(), ..account.clone() };
                    let post = self.table.get(posts_pk(&theirs), sort_key(post_id)).await?;
                    let is_there = post.is_some_and(|post| !post.contains_key("deleted_at"));
                    Ok(if is_there { Found::Elsewhere } else { Found::Gone })
                }
            },
        }
    }

    async fn delete(&self, account: &Account, post_id: &str, deletion: Deletion) -> Result<(), StoreFault> {
        let spent = Spent { posts: 0, deletions: 1, cost: deletion.cost };
        for _ in 0..RACES {
            let transaction = self
                .table
                .client()
                .transact_write_items()
                .transact_items(self.deleted(account, post_id, deletion).map_err(fault)?)
                .transact_items(self.counted(account, deletion.at, spent).map_err(fault)?);
            match transaction.send().await {
                Ok(_) => return Ok(()),
                Err(refused) if !is_cancelled(&refused) => return Err(fault(refused)),
                Err(_) => {}
            }
            // Another deletion, or the first try of this one, got there first; or it never was.
            let found = self.table.get(posts_pk(account), sort_key(post_id)).await?;
            if found.is_none_or(|item| item.contains_key("deleted_at")) {
                return Ok(());
            }
        }
        Err(StoreFault("the account's rows changed too often".into()))
    }

    async fn count(&self, account: &Account) -> Result<usize, StoreFault> {
        let (mut counted, mut start) = (0, None);
        loop {
            let query = self.query_posts(account).key_condition_expression("pk = :pk").select(Select::Count);
            let answer = query.set_exclusive_start_key(start).send().await.map_err(fault)?;
            counted += usize::try_from(answer.count()).unwrap_or_default();
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(counted);
            }
        }
    }

    async fn spend(
        &self,
        account: &Account,
        act: Act,
        now: Timestamp,
    ) -> Result<Result<(), Duration>, StoreFault> {
        for _ in 0..RACES {
            let seen = self.table.get(rate_pk(account), rate_sk(act)).await?;
            let seen = full_at(seen.as_ref(), act);
            let next = match act.take(&seen, now.as_millisecond()) {
                Ok(next) => next,
                Err(wait) => return Ok(Err(wait)),
            };
            let names = FULL_AT.iter().take(next.len());
            let unchanged: Vec<String> = names
                .clone()
                .map(|name| format!("(attribute_not_exists({name}) OR {name} = :seen_{name})"))
                .collect();
            let set: Vec<String> = names.clone().map(|name| format!("{name} = :next_{name}")).collect();
            let mut update = self
                .table
                .update(rate_pk(account), rate_sk(act))
                .condition_expression(unchanged.join(" AND "))
                .update_expression(format!("SET {}", set.join(", ")));
            for ((name, seen), next) in names.zip(&seen).zip(&next) {
                update = update.expression_attribute_values(format!(":seen_{name}"), number(*seen));
                update = update.expression_attribute_values(format!(":next_{name}"), number(*next));
            }
            match update.send().await {
                Ok(_) => return Ok(Ok(())),
                Err(lost) if is_condition(&lost) => {}
                Err(other) => return Err(fault(other)),
            }
        }
        Err(StoreFault("the quota changed too often".into()))
    }

    async fn quotas(&self, account: &Account, act: Act) -> Result<Vec<i64>, StoreFault> {
        let found = self.look(rate_pk(account), rate_sk(act)).await?;
        Ok(full_at(found.as_ref(), act))
    }

    async fn spent(&self, account: &Account, day: &str) -> Result<Spent, StoreFault> {
        let Some(found) = self.look(usage_pk(account), day).await? else {
            return Ok(Spent::default());
        };
        let counted = |name: &str| u64::try_from(number_or_zero(&found, name)).unwrap_or_default();
        let cost = Money::new(number_or_zero(&found, "cost_minor"), Currency::Usd).map_err(fault)?;
        Ok(Spent { posts: counted("posts"), deletions: counted("deletions"), cost })
    }
}

/// Where each quota stands; full where the row does not say.
fn full_at(row: Option<&Item>, act: Act) -> Vec<i64> {
    let names = FULL_AT.iter().take(act.quotas().len());
    names.map(|name| row.map(|row| number_or_zero(row, name)).unwrap_or_default()).collect()
}

fn number_or_zero(item: &Item, name: &str) -> i64 {
    let digits = item.get(name).and_then(|value| value.as_n().ok());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

fn count(value: u64) -> AttributeValue {
    number(i64::try_from(value).unwrap_or(i64::MAX))
}

fn posts_pk(account: &Account) -> String {
    format!("POST#{}#{}", account.tenant, account.name)
}

fn owner_pk(account: &Account, post_id: &str) -> String {
    format!("ID#{}#{post_id}", account.tenant)
}

fn rate_pk(account: &Account) -> String {
    format!("RATE#{}#{}", account.tenant, account.name)
}

fn rate_sk(act: Act) -> &'static str {
    match act {
        Act::Post => "BUCKET",
        Act::Delete => "DELETIONS",
    }
}

fn usage_pk(account: &Account) -> String {
    format!("USAGE#{}#{}", account.tenant, account.name)
}

/// Ids have 19 digits today; padding keeps their order when they grow.
fn sort_key(post_id: &str) -> String {
    format!("{post_id:0>20}")
}

fn text_key(post: &Post) -> (String, String) {
    (format!("TEXT#{}#{}", post.tenant, post.account), post.words().to_string())
}
