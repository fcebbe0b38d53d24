//! Many approvals at once against money for some of them, on real conditional writes: the Judge over tables of the local
//! cloud that nobody else writes. `CHIMERA_APPROVALS` says how many.
#![expect(clippy::panic, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableStatus,
};
use chimera_aws::{DynamoStore, Tables};
use chimera_domain::ports::{LedgerReader as _, StateReader as _, StateWriter as _};
use chimera_domain::{
    Bucket, Campaign, CampaignStatus, Confidence, Envelope, LedgerEntry, PolicyRow, ReviewMessage, Row,
    RowKey, Task, TaskStatus, Thresholds, Transaction, WorkOutcome, WriterId,
};
use chimera_testkit::builders::{a_campaign, a_policy, a_result, a_task, a_tenant, an_intent, task_id};
use chimera_testkit::{MemorySigner, SeededIds, VirtualClock, a_text};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use judge::Judge;

use crate::cloud;

/// What a post without a link costs, in cents.
const POST: i64 = 2;
/// Judges at once.
const JUDGES: usize = 16;
/// Messages that one of them gets.
const BATCH: usize = 10;
/// Times a message is delivered before something is wrong: nothing is on AWS's side of the line here.
const DELIVERIES: usize = 20;
/// Rows put in one transaction.
const ROWS: usize = 50;
/// What is left of a Judge's time: nobody is ended for a slow machine.
const DEADLINE: Duration = Duration::from_secs(600);

fn approvals() -> usize {
    std::env::var("CHIMERA_APPROVALS").ok().and_then(|text| text.parse().ok()).unwrap_or(200)
}

/// Tables of this run's own: the deployed functions do not listen to them.
struct Place {
    client: Client,
    tables: Tables,
}

impl Place {
    async fn made(aws: &SdkConfig) -> Self {
        let name = |table: &str| format!("approvals-{}-{table}", std::process::id());
        let tables = Tables { state: name("state"), ledger: name("ledger"), ..Tables::default() };
        let client = Client::new(aws);
        for table in [&tables.state, &tables.ledger] {
            make(&client, table).await;
        }
        Self { client, tables }
    }

    async fn remove(self) {
        for table in [&self.tables.state, &self.tables.ledger] {
            self.client.delete_table().table_name(table).send().await.expect("a table is deleted");
        }
    }
}

async fn make(client: &Client, table: &str) {
    let mut making = client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    for (name, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let key = KeySchemaElement::builder().attribute_name(name).key_type(kind).build().expect("a key");
        let of = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        making = making.key_schema(key).attribute_definitions(of.build().expect("an attribute"));
    }
    making.send().await.expect("a table is made");
    for _ in 0..100 {
        let seen = client.describe_table().table_name(table).send().await.expect("the table is there");
        if seen.table.and_then(|table| table.table_status) == Some(TableStatus::Active) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("{table} never becomes active");
}

/// The tasks, open, in a campaign with money for `k` posts, under a policy that approves whatever can be paid.
async fn fill(store: &DynamoStore, all: usize, k: i64) -> (Campaign, Vec<Task>) {
    let mut policy = a_policy();
    policy.thresholds = Thresholds { approve: Confidence::ZERO, hold: Confidence::ZERO };
    policy.topics.clear();
    let accepted = a_campaign().budget(k * POST + POST - 1).build();
    let campaign = Campaign { status: CampaignStatus::Active, plan: 1, ..accepted };
    let tasks: Vec<Task> =
        (0..all).map(|n| Task { id: task_id(&format!("write-{n:04}")), ..a_task() }).collect();
    let mut rows: Vec<Row> = vec![campaign.clone().into(), PolicyRow { tenant: a_tenant(), policy }.into()];
    rows.extend(tasks.iter().cloned().map(Row::from));
    let writes = rows.chunks(ROWS).enumerate().map(async |(at, rows)| {
        let empty = Transaction::by(WriterId::new(format!("fill-{at}")));
        let inserting = rows.iter().cloned().try_fold(empty, Transaction::insert).expect("rows");
        store.write(&inserting).await
    });
    let written: Result<Vec<_>, _> = stream::iter(writes).buffer_unordered(JUDGES).try_collect().await;
    written.expect("the rows are put");
    (campaign, tasks)
}

fn answers(tasks: &[Task]) -> Vec<(String, String)> {
    let body = |(n, task): (usize, &Task)| {
        let result = a_result(task, &format!("r-{n}"), WorkOutcome::Intent { intent: an_intent(&a_text(n)) });
        let message = ReviewMessage::Result(Box::new(result));
        (
            format!("m-{n}"),
            serde_json::to_string(&Envelope::new(&message)).expect("a message has a JSON form"),
        )
    };
    tasks.iter().enumerate().map(body).collect()
}

/// Many Judges at once, until every message was handled.
async fn judge_all(store: &DynamoStore, mut waiting: Vec<(String, String)>) {
    let judge =
        Judge::new(store.clone(), MemorySigner::default(), VirtualClock::default(), SeededIds::new(1));
    for _ in 0..DELIVERIES {
        let batches: Vec<Vec<(String, String)>> = waiting.chunks(BATCH).map(<[_]>::to_vec).collect();
        let handled = stream::iter(batches)
            .map(|batch| chimera_runtime::handle_batch(&judge, batch, DEADLINE))
            .buffer_unordered(JUDGES);
        let failed: BTreeSet<String> = handled.collect::<Vec<_>>().await.into_iter().flatten().collect();
        waiting.retain(|(id, _)| failed.contains(id));
        if waiting.is_empty() {
            return;
        }
    }
    panic!("{} answers are never judged", waiting.len());
}

/// [M-2]
#[tokio::test]
async fn money_for_k_approves_exactly_k_on_conditional_writes() {
    let place = Place::made(&cloud::aws(&cloud::outputs()).await).await;
    let store = DynamoStore::new(&cloud::aws(&cloud::outputs()).await, place.tables.clone());
    let (all, k) = (approvals(), approvals() / 8);
    let (campaign, tasks) = fill(&store, all, i64::try_from(k).expect("few")).await;
    let messages = answers(&tasks);
    judge_all(&store, messages.clone()).await;
    // Every answer once more: what was decided stays.
    judge_all(&store, messages).await;

    let bucket = Bucket::Campaign { campaign: campaign.id.clone() }.key(&a_tenant());
    let used = store.bucket(&bucket).await.expect("the store answers").map_or(0, |bucket| bucket.used);
    assert_eq!(used, i64::try_from(k).expect("few") * POST);
    let entries = store.entries(&a_tenant(), &campaign.id).await.expect("the store answers");
    let reserved = entries.iter().filter(|entry| matches!(entry, LedgerEntry::Reserve { .. })).count();
    assert_eq!((reserved, entries.len()), (k, k));
    let partition = RowKey::campaign_partition(&a_tenant(), &campaign.id);
    assert_eq!(store.query(&partition, "EFFECT#").await.expect("the store answers").len(), k);
    let rows = store.query(&partition, "TASK#").await.expect("the store answers");
    let judged: Vec<Task> = rows.into_iter().filter_map(|stored| stored.row.into_task()).collect();
    let count = |status: TaskStatus| judged.iter().filter(|task| task.status == status).count();
    assert_eq!((count(TaskStatus::Approved), count(TaskStatus::Failed)), (k, all - k));
    let over = |task: &&Task| task.reason.as_deref().is_some_and(|why| why.starts_with("over budget"));
    assert_eq!(judged.iter().filter(over).count(), all - k, "and each says why");
    place.remove().await;
}
