//! The memory cloud keeps the semantics of the adapters it stands in for.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use chimera_domain::ports::{LedgerReader as _, MoneyWriter as _, StateReader as _, StateWriter as _};
use chimera_domain::{
    Agent, Applied, Bucket, CampaignId, EffectId, LedgerEntry, MoneyTransaction, Reservation, Row, RowKey,
    StoreError, Stored, Transaction, WriterId,
};
use chimera_testkit::builders::{a_campaign, a_task, a_tenant, an_agent, an_agent_id, cents, morning};
use chimera_testkit::{Consumer, Fault, Faults, MemoryCloud, VirtualClock};

fn cloud(faults: Faults) -> MemoryCloud {
    MemoryCloud::new(VirtualClock::default(), faults).as_function("judge")
}

fn by(writer: &str) -> Transaction {
    Transaction::by(WriterId::new(writer))
}

async fn stored_agent(cloud: &MemoryCloud) -> Stored<Agent> {
    let row = cloud.get(&RowKey::agent(&a_tenant(), &an_agent_id())).await.unwrap().unwrap();
    row.narrow(Row::into_agent).unwrap()
}

fn reserve(writer: &str, effect: &str, amount: i64, cap: i64) -> MoneyTransaction {
    let campaign = CampaignId::new("c-1").unwrap();
    let reservation = Reservation {
        number: 1,
        amount: cents(amount),
        day: "2026-03-02".to_owned(),
        buckets: vec![Bucket::Campaign { campaign: campaign.clone() }],
    };
    let entry = LedgerEntry::Reserve {
        campaign,
        effect: EffectId::new(effect).unwrap(),
        reservation: reservation.clone(),
        at: morning(),
    };
    MoneyTransaction::from(by(writer)).reserve(&a_tenant(), &entry, &reservation, &[cents(cap)]).unwrap()
}

async fn used(cloud: &MemoryCloud) -> Option<i64> {
    let bucket = Bucket::Campaign { campaign: CampaignId::new("c-1").unwrap() };
    cloud.bucket(&bucket.key(&a_tenant())).await.unwrap().map(|row| row.used)
}

#[tokio::test]
async fn a_transaction_applies_whole_or_not_at_all() {
    let cloud = cloud(Faults::none());
    cloud.write(&by("w1").insert(an_agent()).unwrap()).await.unwrap();

    let both = by("w2").insert(a_campaign().build()).unwrap().insert(an_agent()).unwrap();
    let Err(StoreError::Refused(refusals)) = cloud.write(&both).await else { panic!("refused") };
    assert_eq!(refusals.len(), 1);
    assert_eq!(refusals[0].index, 1);
    assert_eq!(refusals[0].old.as_ref().unwrap()["writer"], "w1");
    assert_eq!(cloud.rows().unwrap().len(), 1);
}

#[tokio::test]
async fn a_stale_version_is_refused_and_an_own_write_is_recognised() {
    let cloud = cloud(Faults::none());
    cloud.write(&by("w1").insert(an_agent()).unwrap()).await.unwrap();
    let read = stored_agent(&cloud).await;

    let change = by("w2").replace(&read, read.row.clone()).unwrap();
    assert_eq!(cloud.write(&change).await.unwrap(), Applied::Now);
    assert_eq!(cloud.write(&change).await.unwrap(), Applied::Before);
    let late = by("w3").replace(&read, read.row.clone()).unwrap();
    assert!(matches!(cloud.write(&late).await, Err(StoreError::Refused(_))));
    assert_eq!(stored_agent(&cloud).await.version, 2);
}

#[tokio::test]
async fn two_operations_on_one_row_are_an_error_of_the_service() {
    let cloud = cloud(Faults::none());
    let twice = by("w1").insert(an_agent()).unwrap().insert(an_agent()).unwrap();
    assert!(matches!(cloud.write(&twice).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(cloud.write(&by("w1")).await, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn a_bucket_takes_what_fits_its_cap_and_nothing_more() {
    let cloud = cloud(Faults::none());
    cloud.write_money(&reserve("w1", "e-1", 20, 50)).await.unwrap();
    cloud.write_money(&reserve("w2", "e-2", 30, 50)).await.unwrap();
    assert_eq!(used(&cloud).await, Some(50));
    let over = reserve("w3", "e-3", 1, 50);
    let Err(StoreError::Refused(refusals)) = cloud.write_money(&over).await else { panic!("refused") };
    assert!(over.refused_bucket(&refusals).is_some());
    assert_eq!(used(&cloud).await, Some(50));
}

#[tokio::test]
async fn an_amount_above_its_cap_is_refused_by_a_bucket_that_is_not_there() {
    let cloud = cloud(Faults::none());
    assert!(matches!(cloud.write_money(&reserve("w1", "e-1", 51, 50)).await, Err(StoreError::Refused(_))));
    assert_eq!(used(&cloud).await, None);
}

#[tokio::test]
async fn both_consumers_of_the_stream_see_every_version_in_order() {
    let cloud = cloud(Faults::none());
    cloud.write(&by("w1").insert(an_agent()).unwrap()).await.unwrap();
    let read = stored_agent(&cloud).await;
    cloud.write(&by("w2").replace(&read, read.row.clone()).unwrap()).await.unwrap();

    for consumer in [Consumer::Dispatcher, Consumer::Auditor] {
        let changes = cloud.take_changes(consumer, 10);
        let versions: Vec<u64> =
            changes.iter().map(|change| change.new.as_ref().unwrap()["version"].as_u64().unwrap()).collect();
        assert_eq!(versions, [1, 2]);
        assert_eq!(changes[0].new, changes[1].old);
        assert_eq!(cloud.pending_changes(consumer), 0);
    }
}

#[tokio::test]
async fn reordering_never_swaps_two_records_of_one_row() {
    let cloud = cloud(Faults::seeded(4).reorder_streams());
    for round in 1..=5 {
        let mut transaction = by(&format!("w{round}"));
        for name in ["write-1", "write-2", "write-3"] {
            let task = chimera_domain::Task { id: chimera_testkit::builders::task_id(name), ..a_task() };
            let key = Row::from(task.clone()).key();
            let read = cloud.get(&key).await.unwrap().and_then(|row| row.narrow(Row::into_task));
            transaction = match read {
                Some(read) => transaction.replace(&read, task).unwrap(),
                None => transaction.insert(task).unwrap(),
            };
        }
        cloud.write(&transaction).await.unwrap();
    }
    let changes = cloud.take_changes(Consumer::Auditor, 100);
    assert_eq!(changes.len(), 15);
    for name in ["TASK#write-1", "TASK#write-2", "TASK#write-3"] {
        let images = changes.iter().filter_map(|change| change.new.as_ref()).filter(|new| new["sk"] == name);
        let versions: Vec<u64> = images.map(|new| new["version"].as_u64().unwrap()).collect();
        assert_eq!(versions, [1, 2, 3, 4, 5]);
    }
    let first: Vec<&serde_json::Value> =
        changes.iter().take(3).map(|c| &c.new.as_ref().unwrap()["version"]).collect();
    assert!(
        first.iter().any(|version| **version != 1)
            || changes[0].new.as_ref().unwrap()["sk"] != "TASK#write-1"
    );
}

#[tokio::test]
async fn a_lost_reply_is_a_write_that_happened() {
    let cloud = cloud(Faults::none().nth("judge", "write*", 1, Fault::LostReply));
    let insert = by("w1").insert(an_agent()).unwrap();
    assert!(matches!(cloud.write(&insert).await, Err(StoreError::Unavailable(_))));
    assert_eq!(cloud.write(&insert).await.unwrap(), Applied::Before);
    assert_eq!(stored_agent(&cloud).await.version, 1);
}

#[tokio::test]
async fn writes_are_metered_by_function_and_doubled_in_a_transaction() {
    let cloud = cloud(Faults::none());
    cloud.write(&by("w1").insert(an_agent()).unwrap()).await.unwrap();
    let pair = by("w2").insert(a_campaign().build()).unwrap().insert(a_task()).unwrap();
    cloud.write(&pair).await.unwrap();

    let sizes: Vec<u64> = cloud
        .items(chimera_domain::Table::State)
        .iter()
        .filter(|(key, _)| key.pk.contains("#C#"))
        .map(|(_, item)| (item.to_string().len() as u64).div_ceil(1_024))
        .collect();
    let tally = cloud.meter().of("judge", "write");
    assert_eq!((tally.calls, tally.write_units), (2, 1 + 2 * sizes.iter().sum::<u64>()));
    assert_eq!(cloud.meter().of("planner", "write").calls, 0);
}
