//! The stores in DynamoDB where its replies get lost and its transactions meet: what no emulator shows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::any;
use chimera_domain::ports::Burn;
use chimera_domain::{Digest, TenantId, Timestamp};
use chimera_mcp::server::{
    AnswerKey, AnswerStore, BurnRow, BurnStore, DynamoAnswers, DynamoBurns, Put, Taken, Taking,
};
use chimera_signed_http::{http_client, sdk_http};
use serde_json::{Value, json};
use uuid::Uuid;

use super::common::outcome;

/// A table of which nothing is true but what it is told to do.
#[derive(Default)]
struct Table {
    /// By `pk` and `sk`.
    items: BTreeMap<(String, String), Value>,
    /// What it was asked to do, in order.
    asked: Vec<String>,
    /// Answers before it does anything: each with whether it does it all the same.
    troubles: Vec<(Trouble, bool)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// The reply is lost.
    Lost,
    /// Another's transaction is under way on the row.
    Conflict,
    /// The same, to a transaction.
    Cancelled,
}

impl Trouble {
    fn answer(self) -> (u16, Value) {
        let error =
            |status, name| (status, json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{name}") }));
        match self {
            Self::Lost => error(500, "InternalServerError"),
            Self::Conflict => error(400, "TransactionConflictException"),
            Self::Cancelled => error(400, "TransactionCanceledException"),
        }
    }
}

fn place(item: &Value) -> (String, String) {
    let text = |name: &str| item[name]["S"].as_str().unwrap().to_owned();
    (text("pk"), text("sk"))
}

impl Table {
    fn answer(&mut self, what: &str, body: &Value) -> (u16, Value) {
        self.asked.push(what.to_owned());
        if what == "GetItem" {
            let found = self.items.get(&place(&body["Key"]));
            return (200, found.map_or(json!({}), |item| json!({ "Item": item })));
        }
        let trouble = (!self.troubles.is_empty()).then(|| self.troubles.remove(0));
        let done = match trouble {
            Some((_, false)) => json!({}),
            _ => self.write(what, body),
        };
        trouble.map_or((200, done), |(trouble, _)| trouble.answer())
    }

    /// Writes without looking at conditions.
    fn write(&mut self, what: &str, body: &Value) -> Value {
        if what == "TransactWriteItems" {
            for write in body["TransactItems"].as_array().unwrap() {
                let item = &write["Put"]["Item"];
                self.items.insert(place(item), item.clone());
            }
            return json!({});
        }
        let item = self.items.entry(place(&body["Key"])).or_insert_with(|| body["Key"].clone());
        let sets = body["UpdateExpression"].as_str().unwrap().strip_prefix("SET ").unwrap();
        for (name, value) in sets.split(", ").map(|set| set.split_once(" = ").unwrap()) {
            let name = body["ExpressionAttributeNames"][name].as_str().unwrap_or(name);
            item[name] = body["ExpressionAttributeValues"][value].clone();
        }
        json!({ "Attributes": item })
    }
}

/// Burns and answers over a table.
struct World {
    burns: DynamoBurns,
    answers: DynamoAnswers,
    table: Arc<Mutex<Table>>,
}

impl World {
    async fn with(troubles: &[(Trouble, bool)]) -> Self {
        let table = Arc::new(Mutex::new(Table { troubles: troubles.to_vec(), ..Table::default() }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answering = Arc::clone(&table);
        let router = Router::new().fallback(any(move |headers: HeaderMap, body: String| {
            let what = headers["x-amz-target"].to_str().unwrap().rsplit('.').next().unwrap().to_owned();
            let (status, body) =
                answering.lock().unwrap().answer(&what, &serde_json::from_str(&body).unwrap());
            let kind = [("content-type", "application/x-amz-json-1.0")];
            let answer = (StatusCode::from_u16(status).unwrap(), kind, body.to_string());
            std::future::ready(answer.into_response())
        }));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let credentials = Credentials::new("a", "b", None, None, "test");
        let aws = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(format!("http://{address}"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(RetryConfig::disabled())
            .http_client(sdk_http(http_client().unwrap()))
            .build();
        let client = Client::new(&aws);
        let burns = DynamoBurns::new(client.clone(), "table");
        Self { burns, answers: DynamoAnswers::new(client, "table"), table }
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.table.lock().unwrap().asked)
    }
}

fn row(grant: &str) -> BurnRow {
    BurnRow {
        tenant: TenantId::new("t1").unwrap(),
        grant: grant.to_owned(),
        tool: "post_create".to_owned(),
        arguments: Digest::of_json(&json!({ "text": "hello" })),
        key: Some(Uuid::from_u128(9)),
        writer: Uuid::new_v4(),
        state: Burn::InFlight,
        closed: false,
        late: None,
        at: Timestamp::from_second(500).unwrap(),
    }
}

/// [E-2]
#[tokio::test]
async fn a_burn_whose_reply_was_lost_is_this_calls_own() {
    let world = World::with(&[(Trouble::Lost, true)]).await;
    assert_eq!(world.burns.put(&row("g1")).await.unwrap(), Put::New);
    assert_eq!(world.asked(), ["TransactWriteItems", "GetItem"]);
    let other = row("g1");
    let world = World::with(&[(Trouble::Lost, false)]).await;
    world.burns.put(&other).await.unwrap_err();
    assert_eq!(world.burns.put(&other).await.unwrap(), Put::New, "what was not written is not burnt");
}

/// [E-2]
#[tokio::test]
async fn a_burn_that_was_closed_before_its_reply_was_missed_is_not_acted_on() {
    let world = World::with(&[]).await;
    let row = row("g1");
    assert_eq!(world.burns.put(&row).await.unwrap(), Put::New);
    let closed = world.burns.settle(&row.place(), &Burn::Void, true).await.unwrap().unwrap();
    world.table.lock().unwrap().troubles = vec![(Trouble::Cancelled, false)];
    assert_eq!(world.burns.put(&row).await.unwrap(), Put::Found(closed));
}

/// [E-2]
#[tokio::test]
async fn a_burn_that_met_another_transaction_is_tried_again() {
    let world = World::with(&[(Trouble::Cancelled, false), (Trouble::Cancelled, false)]).await;
    assert_eq!(world.burns.put(&row("g1")).await.unwrap(), Put::New);
    let tries = world.asked().iter().filter(|asked| *asked == "TransactWriteItems").count();
    assert_eq!(tries, 3);
}

/// [E-2]
#[tokio::test]
async fn an_outcome_is_stored_although_somebody_voids_or_closes_the_grant_meanwhile() {
    let world = World::with(&[]).await;
    let row = row("g1");
    world.burns.put(&row).await.unwrap();
    let conflict = (Trouble::Conflict, false);
    world.table.lock().unwrap().troubles = vec![conflict, conflict];
    let done = Burn::Done { outcome: outcome("1") };
    let settled = world.burns.settle(&row.place(), &done, false).await.unwrap().unwrap();
    assert_eq!(settled.answer(), done);
    world.table.lock().unwrap().troubles = vec![conflict];
    world.burns.add_late(&row.place(), &outcome("2")).await.unwrap();
    let late = world.burns.get(&row.place()).await.unwrap().unwrap();
    assert_eq!(late.answer(), Burn::Done { outcome: outcome("2") });
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_a_failure_and_no_free_grant() {
    let world = World::with(&[]).await;
    let row = row("g1");
    world.burns.put(&row).await.unwrap();
    for field in ["tenant", "grant", "tool", "arguments", "writer", "burn", "at"] {
        let place = (format!("GRANT#t1#{}", row.grant), "BURN".to_owned());
        let whole = world.table.lock().unwrap().items[&place].clone();
        world.table.lock().unwrap().items.get_mut(&place).unwrap().as_object_mut().unwrap().remove(field);
        world.burns.get(&row.place()).await.unwrap_err();
        world.table.lock().unwrap().items.insert(place, whole);
    }
    assert_eq!(world.burns.get(&row.place()).await.unwrap(), Some(row));
}

fn taking() -> Taking {
    let second = |second| Timestamp::from_second(second).unwrap();
    Taking {
        key: AnswerKey { tenant: "t1".to_owned(), tool: "thing_make".to_owned(), key: "k".to_owned() },
        arguments: Digest::of_json(&json!({ "what": "a hat" })),
        holder: Uuid::new_v4(),
        now: second(500),
        until: second(620),
    }
}

/// [T-3]
#[tokio::test]
async fn a_key_whose_reply_was_lost_is_this_calls_own() {
    let world = World::with(&[(Trouble::Lost, true)]).await;
    assert_eq!(world.answers.take(&taking()).await.unwrap(), Taken::Own);
    let world = World::with(&[(Trouble::Lost, false)]).await;
    world.answers.take(&taking()).await.unwrap_err();
    // Another's key is not this call's, whatever became of the reply.
    let world = World::with(&[]).await;
    assert_eq!(world.answers.take(&taking()).await.unwrap(), Taken::Own);
    world.table.lock().unwrap().troubles = vec![(Trouble::Lost, false)];
    world.answers.take(&taking()).await.unwrap_err();
}
