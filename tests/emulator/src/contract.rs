//! The contract every store keeps, whatever it is made of. Each part uses rows of its own tenant, so that it can run
//! against tables that hold other things.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a contract that is broken fails the test that runs it"
)]

use chimera_domain::{
    AgentId, Applied, Brief, Bucket, Campaign, CampaignId, CampaignStatus, Close, Currency, DeadLetter,
    Decision, DecisionKind, DecisionRow, DecisionTransaction, Digest, EffectId, LedgerEntry, Money,
    MoneyTransaction, OperatorId, PacingSlot, PlanMode, Policy, PolicyRow, Reservation, ReviewId, Row,
    RowKey, StoreError, Stored, TenantId, Timestamp, Transaction, Unique, UniqueState, WriterId,
    ports::{
        AuditEntry, AuditPut, AuditReader, AuditWriter, DecisionReader, DecisionWriter, LedgerReader,
        MoneyWriter, StateIndex, StateReader, StateReaderExt as _,
    },
};
use serde_json::json;

/// A store as the contract uses it.
pub trait Store:
    StateReader
    + StateIndex
    + MoneyWriter
    + LedgerReader
    + DecisionWriter
    + DecisionReader
    + AuditWriter
    + AuditReader
{
}

impl<S> Store for S where
    S: StateReader
        + StateIndex
        + MoneyWriter
        + LedgerReader
        + DecisionWriter
        + DecisionReader
        + AuditWriter
        + AuditReader
{
}

/// Runs the whole contract; `run` keeps its rows apart from another run's.
///
/// # Panics
/// Where the store breaks it.
pub async fn keeps(store: &impl Store, run: &str) {
    a_row_is_inserted_once(store, run).await;
    a_stale_version_is_refused(store, run).await;
    a_lost_reply_is_known_by_its_writer(store, run).await;
    all_of_a_transaction_applies_or_nothing(store, run).await;
    a_status_is_required_across_rows(store, run).await;
    reads_keep_order_and_show_gaps(store, run).await;
    a_partition_is_read_whole(store, run).await;
    the_latest_rows_come_last_first(store, run).await;
    due_rows_come_most_overdue_first(store, run).await;
    a_listing_is_paged_newest_first(store, run).await;
    a_cap_covers_exactly_what_it_covers(store, run).await;
    a_cap_below_the_amount_refuses_even_an_empty_bucket(store, run).await;
    a_reservation_is_closed_once(store, run).await;
    one_decision_wins(store, run).await;
    an_audit_entry_is_put_once(store, run).await;
    the_standard_policy_rules_until_one_is_put(store, run).await;
}

fn tenant(run: &str, part: &str) -> TenantId {
    TenantId::new(format!("{part}-{run}")).expect("a short name is an id")
}

fn agent() -> AgentId {
    AgentId::new("ada").expect("a short name is an id")
}

fn campaign_id(name: &str) -> CampaignId {
    CampaignId::new(name).expect("a short name is an id")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a small number of seconds is a time")
}

fn by(writer: &str) -> Transaction {
    Transaction::by(WriterId::new(writer))
}

fn slot(tenant: &TenantId, second: i64) -> PacingSlot {
    PacingSlot { tenant: tenant.clone(), agent: agent(), next_at: at(second) }
}

fn unique(tenant: &TenantId, name: &str) -> Unique {
    Unique {
        tenant: tenant.clone(),
        agent: agent(),
        name: name.to_owned(),
        campaign: campaign_id("c"),
        effect: EffectId::new("e").expect("a short name is an id"),
        status: UniqueState::Taken,
    }
}

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::Usd).expect("the contract uses no negative amounts")
}

fn campaign(tenant: &TenantId, name: &str, due_at: Option<Timestamp>, created_at: Timestamp) -> Campaign {
    Campaign {
        tenant: tenant.clone(),
        id: campaign_id(name),
        agent: agent(),
        brief: Brief {
            goal: "Tell people about small tools".to_owned(),
            feeds: vec!["https://feeds.example/tools".to_owned()],
            posts: 1,
            replies: Vec::new(),
            illustrations: 0,
            films: 0,
            payments: Vec::new(),
            remember: false,
            sponsor: None,
            criteria: Vec::new(),
            hold_first: 0,
            budget: usd(100),
            react: None,
            plan: PlanMode::Automatic,
            rounds: 1,
            seed: 1,
        },
        request: Digest::of_bytes(b"request"),
        status: CampaignStatus::Active,
        revision: 1,
        plan: 1,
        trace: "4bf92f3577b34da6a3ce929d0e0e4736".to_owned(),
        created_at,
        finished_at: None,
        due_at,
        swept_at: created_at,
        reason: None,
    }
}

async fn read(store: &impl Store, key: &RowKey) -> Stored {
    store.get(key).await.expect("the store answers").expect("the row is there")
}

async fn a_row_is_inserted_once(store: &impl Store, run: &str) {
    let tenant = tenant(run, "insert");
    let insert =
        |writer: &str, second| by(writer).insert(slot(&tenant, second)).expect("the row has a stored form");
    assert_eq!(store.write(&insert("w1", 1)).await.expect("the first insert applies"), Applied::Now);
    let refused = store.write(&insert("w2", 2)).await.expect_err("a second insert is refused");
    let StoreError::Refused(refusals) = refused else { panic!("not a refusal: {refused:?}") };
    let old = refusals[0].old.as_ref().expect("a refusal shows the row");
    assert_eq!(old["writer"], "w1");
    let stored = read(store, &RowKey::slot(&tenant, &agent())).await;
    assert_eq!((stored.version, stored.row), (1, Row::Slot(slot(&tenant, 1))));
}

async fn a_stale_version_is_refused(store: &impl Store, run: &str) {
    let tenant = tenant(run, "stale");
    store.write(&by("w1").insert(slot(&tenant, 1)).expect("a row")).await.expect("applies");
    let seen = read(store, &RowKey::slot(&tenant, &agent())).await;
    let replace = |writer: &str, second| by(writer).replace(&seen, slot(&tenant, second)).expect("a row");
    store.write(&replace("w2", 2)).await.expect("the first replacement applies");
    assert!(matches!(store.write(&replace("w3", 3)).await, Err(StoreError::Refused(_))));
    let stored = read(store, &RowKey::slot(&tenant, &agent())).await;
    assert_eq!((stored.version, stored.writer.as_str()), (2, "w2"));
}

/// [P-1]
async fn a_lost_reply_is_known_by_its_writer(store: &impl Store, run: &str) {
    let tenant = tenant(run, "lost");
    let both =
        by("w1").insert(slot(&tenant, 1)).expect("a row").insert(unique(&tenant, "TEXT#1")).expect("a row");
    assert_eq!(store.write(&both).await.expect("applies"), Applied::Now);
    assert_eq!(store.write(&both).await.expect("an own write is a success"), Applied::Before);
    let one = by("w2").insert(unique(&tenant, "TEXT#2")).expect("a row");
    assert_eq!(store.write(&one).await.expect("applies"), Applied::Now);
    assert_eq!(store.write(&one).await.expect("an own write is a success"), Applied::Before);
}

async fn all_of_a_transaction_applies_or_nothing(store: &impl Store, run: &str) {
    let tenant = tenant(run, "atomic");
    store.write(&by("w1").insert(slot(&tenant, 1)).expect("a row")).await.expect("applies");
    let torn =
        by("w2").insert(unique(&tenant, "TEXT#1")).expect("a row").insert(slot(&tenant, 2)).expect("a row");
    let refused = store.write(&torn).await.expect_err("one condition does not hold");
    let StoreError::Refused(refusals) = refused else { panic!("not a refusal: {refused:?}") };
    assert_eq!(refusals.iter().map(|refusal| refusal.index).collect::<Vec<_>>(), [1]);
    let unique = store.get(&RowKey::unique(&tenant, &agent(), "TEXT#1")).await.expect("the store answers");
    assert_eq!(unique, None);
}

async fn a_status_is_required_across_rows(store: &impl Store, run: &str) {
    let tenant = tenant(run, "status");
    let row = campaign(&tenant, "c", None, at(10));
    let key = RowKey::campaign(&tenant, &row.id);
    let requires = |status, name| {
        by(name).insert(unique(&tenant, name)).expect("a row").require_status(key.clone(), &[status])
    };
    assert!(
        matches!(store.write(&requires("active", "early")).await, Err(StoreError::Refused(_))),
        "no such row yet"
    );
    store.write(&by("w1").insert(row).expect("a row")).await.expect("applies");
    store.write(&requires("active", "right")).await.expect("the status is as required");
    assert!(matches!(store.write(&requires("paused", "wrong")).await, Err(StoreError::Refused(_))));
}

async fn reads_keep_order_and_show_gaps(store: &impl Store, run: &str) {
    let tenant = tenant(run, "many");
    for name in ["A", "B"] {
        store.write(&by("w1").insert(unique(&tenant, name)).expect("a row")).await.expect("applies");
    }
    let keys: Vec<RowKey> =
        ["B", "missing", "A", "B"].map(|name| RowKey::unique(&tenant, &agent(), name)).into();
    let found = store.get_many(&keys).await.expect("the store answers");
    let names: Vec<Option<String>> = found
        .into_iter()
        .map(|row| row.and_then(|row| row.row.into_unique()).map(|unique| unique.name))
        .collect();
    assert_eq!(names, [Some("B".to_owned()), None, Some("A".to_owned()), Some("B".to_owned())]);
    assert_eq!(store.get_many(&[]).await.expect("nothing is asked"), []);
}

async fn a_partition_is_read_whole(store: &impl Store, run: &str) {
    let tenant = tenant(run, "query");
    let campaign = campaign_id("c");
    // Together longer than one page of one megabyte.
    for n in 0..20 {
        let letter = DeadLetter {
            id: format!("{n:02}"),
            tenant: Some(tenant.clone()),
            campaign: Some(campaign.clone()),
            task: None,
            origin: "TaskQueue".to_owned(),
            body: "x".repeat(60_000),
            bytes: 60_000,
            digest: Digest::of_bytes(b"x"),
            reason: "received 5 times".to_owned(),
            receives: Some(5),
            at: at(n),
            redriven_at: None,
        };
        store.write(&by("w1").insert(letter).expect("a row")).await.expect("applies");
    }
    let pk = RowKey::campaign_partition(&tenant, &campaign);
    let found = store.query(&pk, "DEAD#").await.expect("the store answers");
    let keys: Vec<String> = found.iter().map(|row| row.row.key().sk).collect();
    assert_eq!(keys.len(), 20);
    assert!(keys.is_sorted(), "a query answers in key order");
    assert_eq!(store.query(&pk, "").await.expect("the store answers").len(), 20);
    assert_eq!(store.query(&pk, "TASK#").await.expect("the store answers"), []);
}

async fn the_latest_rows_come_last_first(store: &impl Store, run: &str) {
    let tenant = tenant(run, "latest");
    for name in ["A", "B", "C", "D"] {
        store.write(&by("w1").insert(unique(&tenant, name)).expect("a row")).await.expect("applies");
    }
    let key = |name: &str| RowKey::unique(&tenant, &agent(), name);
    let (pk, first, last) = (key("A").pk, key("B").sk, key("CZ").sk);
    let names = async |limit: usize| -> Vec<String> {
        let found = store.latest(&pk, &first, &last, limit).await.expect("the store answers");
        found.into_iter().filter_map(|row| row.row.into_unique()).map(|unique| unique.name).collect()
    };
    assert_eq!(names(10).await, ["C", "B"]);
    assert_eq!(names(1).await, ["C"]);
}

async fn due_rows_come_most_overdue_first(store: &impl Store, run: &str) {
    let tenant = tenant(run, "due");
    for (name, due) in [("c-20", Some(20)), ("c-10", Some(10)), ("c-never", None), ("c-30", Some(30))] {
        let row = campaign(&tenant, name, due.map(at), at(1));
        store.write(&by("w1").insert(row).expect("a row")).await.expect("applies");
    }
    let own = |keys: Vec<RowKey>| -> Vec<String> {
        let prefix = format!("T#{tenant}#C#");
        keys.iter().filter_map(|key| key.pk.strip_prefix(&prefix).map(str::to_owned)).collect()
    };
    assert_eq!(own(store.due(at(25), 1_000).await.expect("the store answers")), ["c-10", "c-20"]);
    let stored = read(store, &RowKey::campaign(&tenant, &campaign_id("c-10"))).await;
    let rested = campaign(&tenant, "c-10", None, at(1));
    store.write(&by("w2").replace(&stored, rested).expect("a row")).await.expect("applies");
    assert_eq!(own(store.due(at(25), 1_000).await.expect("the store answers")), ["c-20"]);
}

async fn a_listing_is_paged_newest_first(store: &impl Store, run: &str) {
    let tenant = tenant(run, "list");
    for n in 1..=5 {
        let row = campaign(&tenant, &format!("c-{n}"), None, at(n));
        store.write(&by("w1").insert(row).expect("a row")).await.expect("applies");
    }
    let listing = format!("T#{tenant}#campaigns");
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.listing(&listing, after.as_deref(), 2).await.expect("the store answers");
        seen.extend(page.keys.iter().map(|key| key.pk.rsplit('#').next().unwrap_or_default().to_owned()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["c-5", "c-4", "c-3", "c-2", "c-1"]);
}

fn reservation(number: u32, amount: i64, buckets: Vec<Bucket>) -> Reservation {
    Reservation { number, amount: usd(amount), day: "2026-01-01".to_owned(), buckets }
}

fn reserving(tenant: &TenantId, effect: &str, amount: i64, cap: i64) -> MoneyTransaction {
    let campaign = campaign_id("c");
    let buckets = vec![Bucket::Campaign { campaign: campaign.clone() }];
    let reservation = reservation(1, amount, buckets);
    let effect = EffectId::new(effect).expect("a short name is an id");
    let entry = LedgerEntry::Reserve {
        campaign,
        effect: effect.clone(),
        reservation: reservation.clone(),
        at: at(1),
    };
    MoneyTransaction::from(by(&format!("approve-{effect}")))
        .reserve(tenant, &entry, &reservation, &[usd(cap)])
        .expect("an entry")
}

async fn used(store: &impl Store, tenant: &TenantId) -> i64 {
    let key = Bucket::Campaign { campaign: campaign_id("c") }.key(tenant);
    store.bucket(&key).await.expect("the store answers").map_or(0, |bucket| bucket.used)
}

/// [M-2]
async fn a_cap_covers_exactly_what_it_covers(store: &impl Store, run: &str) {
    let tenant = tenant(run, "cap");
    let all: Vec<MoneyTransaction> = (0..40).map(|n| reserving(&tenant, &format!("e-{n}"), 7, 100)).collect();
    let mut outcomes = Vec::new();
    for outcome in futures::future::join_all(all.iter().map(|one| store.write_money(one))).await {
        outcomes.push(outcome);
    }
    // Contention is no answer; the caller tries again.
    for (outcome, one) in outcomes.iter_mut().zip(&all) {
        while matches!(outcome, Err(StoreError::Contention)) {
            *outcome = store.write_money(one).await;
        }
    }
    let approved = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!((approved, used(store, &tenant).await), (14, 98));
    let again =
        store.write_money(&all[outcomes.iter().position(Result::is_ok).expect("one was approved")]).await;
    assert_eq!(again.expect("an own write is a success"), Applied::Before);
    assert_eq!(used(store, &tenant).await, 98, "a repeated reservation counts once");
    let over = store.write_money(&reserving(&tenant, "e-over", 3, 100)).await;
    let Err(StoreError::Refused(refusals)) = over else { panic!("over the cap: {over:?}") };
    assert!(reserving(&tenant, "e-over", 3, 100).refused_bucket(&refusals).is_some());
    store.write_money(&reserving(&tenant, "e-fits", 2, 100)).await.expect("what fits exactly is taken");
    let entries = store.entries(&tenant, &campaign_id("c")).await.expect("the store answers");
    assert_eq!(entries.len(), 15);
}

async fn a_cap_below_the_amount_refuses_even_an_empty_bucket(store: &impl Store, run: &str) {
    let tenant = tenant(run, "small");
    let refused = store.write_money(&reserving(&tenant, "e-1", 7, 6)).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    assert_eq!(used(store, &tenant).await, 0);
}

/// [M-3]
async fn a_reservation_is_closed_once(store: &impl Store, run: &str) {
    let tenant = tenant(run, "close");
    store.write_money(&reserving(&tenant, "e-1", 20, 100)).await.expect("reserved");
    let reservation = reservation(1, 20, vec![Bucket::Campaign { campaign: campaign_id("c") }]);
    let closing = |writer: &str, how, spent| {
        let entry = LedgerEntry::Close {
            campaign: campaign_id("c"),
            effect: EffectId::new("e-1").expect("a short name is an id"),
            number: 1,
            how,
            spent: usd(spent),
            at: at(2),
        };
        MoneyTransaction::from(by(writer)).close(&tenant, &entry, &reservation, usd(spent)).expect("an entry")
    };
    store.write_money(&closing("done", Close::Settle, 15)).await.expect("settled");
    let released = store.write_money(&closing("void", Close::Release, 0)).await;
    assert!(matches!(released, Err(StoreError::Refused(_))), "{released:?}");
    assert_eq!(used(store, &tenant).await, 15);
}

///
async fn one_decision_wins(store: &impl Store, run: &str) {
    let tenant = tenant(run, "decide");
    let row = campaign(&tenant, "c", None, at(10));
    store.write(&by("w1").insert(row.clone()).expect("a row")).await.expect("applies");
    let seen = read(store, &RowKey::campaign(&tenant, &row.id)).await;
    let review = ReviewId::new("r-1").expect("a short name is an id");
    let deciding = |reviewer: &str, kind| {
        let decision = Decision {
            kind,
            digest: Digest::of_bytes(b"seen"),
            reviewer: OperatorId::new(reviewer),
            comment: None,
            text: None,
            at: at(11),
        };
        let decided = DecisionRow {
            tenant: tenant.clone(),
            campaign: row.id.clone(),
            review: review.clone(),
            decision,
        };
        let transaction = by(&format!("decision-{reviewer}")).replace(&seen, row.clone()).expect("a row");
        DecisionTransaction::decide(transaction, &decided).expect("a decision")
    };
    assert_eq!(store.decision(&tenant, &row.id, &review).await.expect("the store answers"), None);
    store.write_decision(&deciding("ann", DecisionKind::Approve)).await.expect("the first decision applies");
    let second = store.write_decision(&deciding("bob", DecisionKind::Reject)).await;
    assert!(matches!(second, Err(StoreError::Refused(_))), "{second:?}");
    let winner =
        store.decision(&tenant, &row.id, &review).await.expect("the store answers").expect("decided");
    assert_eq!((winner.decision.reviewer.as_str(), winner.decision.kind), ("ann", DecisionKind::Approve));
}

/// [P-8]
async fn an_audit_entry_is_put_once(store: &impl Store, run: &str) {
    let partition = format!("state|T#audit-{run}#C#c");
    let entry = |version, bytes: &[u8]| {
        let fields = json!({ "status": "open", "attempt": 1 });
        AuditEntry::new(format!("{partition}|TASK#t"), version, None, Digest::of_bytes(bytes), "w1", fields)
    };
    assert_eq!(store.put(&entry(10, b"ten")).await.expect("the store answers"), AuditPut::New);
    assert_eq!(store.put(&entry(2, b"two")).await.expect("the store answers"), AuditPut::New);
    assert_eq!(store.put(&entry(2, b"two")).await.expect("the store answers"), AuditPut::Same);
    assert_eq!(store.put(&entry(2, b"other")).await.expect("the store answers"), AuditPut::Different);
    let entries = store.entries_of(&partition).await.expect("the store answers");
    assert_eq!(entries, [entry(2, b"two"), entry(10, b"ten")]);
}

async fn the_standard_policy_rules_until_one_is_put(store: &impl Store, run: &str) {
    let tenant = tenant(run, "policy");
    let standard = Policy::standard(Currency::Usd);
    assert_eq!(store.policy(&tenant).await.expect("the store answers"), (standard.clone(), 0));
    let own = Policy { killed: true, ..standard };
    let row = PolicyRow { tenant: tenant.clone(), policy: own.clone() };
    store.write(&by("w1").insert(row).expect("a row")).await.expect("applies");
    assert_eq!(store.policy(&tenant).await.expect("the store answers"), (own, 1));
}
