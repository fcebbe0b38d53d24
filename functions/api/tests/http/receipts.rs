//! Receipts: everything that a decision rests on, in one answer.

use std::collections::BTreeSet;

use auditor::Auditor;
use axum::body::Body;
use axum::http::StatusCode;
use chimera_domain::ports::{ChangeHandler as _, MoneyWriter as _};
use chimera_domain::{
    Bucket, CampaignId, Close, Committed, Confidence, Effect, EffectStatus, Flag, LedgerEntry,
    MoneyTransaction, Outcome, Reservation, ResultId, RuleEvidence, Task, TaskStatus, Timestamp, Transaction,
    Verdict, WorkOutcome, WriterId,
};
use chimera_testkit::Consumer;
use chimera_testkit::builders::{
    a_campaign, a_task, a_tenant, a_usage, a_verdict, an_intent, cents, morning, task_id,
};
use serde_json::{Value, json};

use crate::world::{World, a_review, an_effect};

const EDITED: &str = "Lantern reads logs without a database. https://smalltools.example/lantern";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn verdict() -> Verdict {
    let rule = |rule: &str, met: bool, seen: &str| RuleEvidence {
        rule: rule.to_owned(),
        met,
        seen: seen.to_owned(),
    };
    let mut verdict = a_verdict();
    verdict.confidence = Confidence::share(83, 100);
    verdict.flags = BTreeSet::from([Flag::new("hold_first")]);
    verdict.policy_version = 3;
    verdict.evidence.rules =
        vec![rule("criterion:max-length", true, "70 of 280"), rule("topic:politics", false, "vote")];
    verdict
}

/// The task of the post, committed after a try that was rejected.
fn task() -> Task {
    let intent = an_intent(EDITED);
    let committed = Committed {
        result: ResultId::new("r").unwrap(),
        digest: intent.digest(),
        outcome: WorkOutcome::Intent { intent },
        verdict: verdict(),
        usage: Some(a_usage()),
    };
    Task {
        status: TaskStatus::Approved,
        tries: 1,
        feedback: vec!["too long".to_owned()],
        committed: Some(committed),
        cost: cents(2),
        ..a_task()
    }
}

/// The post that came of the edit, done.
fn post() -> Effect {
    let campaign = CampaignId::new("c-1").unwrap();
    let mut effect = an_effect("write-1-e1", EffectStatus::Done);
    effect.intent = an_intent(EDITED);
    effect.digest = effect.intent.digest();
    effect.review = Some(a_review("write-1-r1").id);
    effect.reservation.buckets = vec![Bucket::Campaign { campaign }];
    effect.read_backs = 2;
    let url = Some("https://x.example/p-1".to_owned());
    effect.outcome = Some(Outcome { external_id: "p-1".to_owned(), url, cost: cents(15) });
    effect
}

async fn book(world: &World, effect: &Effect, spent: Option<i64>) {
    let (campaign, id, at) = (effect.campaign.clone(), effect.id.clone(), morning());
    let reservation: Reservation = effect.reservation.clone();
    let entry = LedgerEntry::Reserve {
        campaign: campaign.clone(),
        effect: id.clone(),
        reservation: reservation.clone(),
        at,
    };
    let write = Transaction::by(WriterId::new("judge-1")).insert(effect.clone()).unwrap();
    let write =
        MoneyTransaction::from(write).reserve(&a_tenant(), &entry, &reservation, &[cents(100)]).unwrap();
    world.cloud.write_money(&write).await.unwrap();
    let Some(spent) = spent.map(cents) else { return };
    let entry = LedgerEntry::Close { campaign, effect: id, number: 1, how: Close::Settle, spent, at };
    let write = MoneyTransaction::from(Transaction::by(WriterId::new("claim-1")));
    let write = write.close(&a_tenant(), &entry, &reservation, spent).unwrap();
    world.cloud.write_money(&write).await.unwrap();
}

/// A post that a reviewer edited seven minutes after it was held, with its money and audit, beside another task's.
async fn world() -> World {
    let world = World::new();
    world.cloud.force(a_campaign().build()).unwrap();
    world.cloud.force(task()).unwrap();
    let mut other = an_effect("write-10-e1", EffectStatus::Approved);
    other.task = task_id("write-10");
    book(&world, &other, None).await;
    let mut review = a_review("write-1-r1");
    review.opened_at = Timestamp::from_second(morning().as_second() - 7 * 60).unwrap();
    review.verdict = verdict();
    let body =
        json!({"decision": "edit", "digest": review.digest, "text": EDITED, "comment": "shorter is wrong"});
    world.cloud.force(review).unwrap();
    let headers = world.headers_of(&["reviewer"], "acme", "rita");
    let decided = world.send("POST", "/reviews/c-1/write-1-r1/decision", headers, body.to_string()).await;
    assert_eq!(decided.status, StatusCode::OK, "{}", decided.body);
    book(&world, &post(), Some(15)).await;
    audit(&world).await;
    world
}

async fn audit(world: &World) {
    let auditor = Auditor::new(world.cloud.as_function("auditor"));
    auditor.handle_changes(world.cloud.take_changes(Consumer::Auditor, usize::MAX)).await.unwrap();
}

/// As a viewer: everybody may know why.
async fn receipt(world: &World, of: &str) -> Value {
    let answer =
        world.send("GET", &format!("/{of}/receipt"), world.headers(&["viewer"], "acme"), Body::empty()).await;
    assert_eq!(answer.status, StatusCode::OK, "{of}: {}", answer.body);
    assert!(!answer.body.to_string().contains("signature"), "{of}: {}", answer.body);
    answer.body
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|part| part["id"].as_str().unwrap()).collect()
}

/// [L-3]
#[tokio::test]
async fn a_receipt_names_rules_and_evidence_policy_and_work() {
    let receipt = receipt(&world().await, "effects/c-1/write-1-e1").await;
    assert_eq!(
        (&receipt["of"], &receipt["id"], &receipt["trace"]),
        (&json!("effect"), &json!("write-1-e1"), &json!(TRACE))
    );
    let judgement = &receipt["judgement"];
    assert_eq!((&judgement["confidence"], &judgement["flags"]), (&json!(8_300), &json!(["hold_first"])));
    let rules = &judgement["evidence"]["rules"];
    assert_eq!(rules[1], json!({"rule": "topic:politics", "met": false, "seen": "vote"}));
    assert_eq!((&judgement["policy_version"], &judgement["policy"]), (&json!(3), &json!(verdict().policy)));
    assert_eq!((&receipt["work"]["model"], &receipt["work"]["tokens"]), (&json!("scripted-1"), &json!(100)));
    assert_eq!((&receipt["work"]["tool_calls"], &receipt["money"]["work"]["minor"]), (&json!(0), &json!(2)));
    let task = &receipt["task"];
    assert_eq!(
        (&task["tries"], &task["feedback"], &task["kind"]),
        (&json!(1), &json!(["too long"]), &json!("write"))
    );
}

/// [L-3]
#[tokio::test]
async fn a_receipt_says_who_decided_what_after_how_long_and_what_was_edited() {
    let receipt = receipt(&world().await, "effects/c-1/write-1-e1").await;
    let review = &receipt["reviews"][0];
    assert_eq!((&review["minutes_waited"], &review["asked"]), (&json!(7), &json!([["reviewer"]])));
    assert_eq!(
        (&review["decision"]["reviewer"], &review["decision"]["kind"]),
        (&json!("rita"), &json!("edit"))
    );
    assert_eq!(review["decision"]["comment"], "shorter is wrong");
    assert_eq!(review["edit"]["before"], json!(a_review("x").digest));
    assert_eq!(
        (&review["edit"]["after"], &review["edit"]["after_text"]),
        (&json!(post().digest), &json!(EDITED))
    );
}

/// [L-3]
#[tokio::test]
async fn a_receipt_says_what_was_granted_reserved_spent_and_done() {
    let receipt = receipt(&world().await, "effects/c-1/write-1-e1").await;
    let effect = &receipt["effects"][0];
    assert_eq!(
        (&effect["text"], &effect["digest"]),
        (&json!(EDITED), &receipt["reviews"][0]["edit"]["after"])
    );
    let grant = &effect["grant"];
    assert_eq!(
        (&grant["id"], &grant["key"], &grant["expires_at"]),
        (&json!("grant-1"), &json!("k"), &json!(morning()))
    );
    let minor = |name: &str| effect[name]["minor"].as_i64();
    assert_eq!(["reserved", "spent", "released", "open"].map(minor), [Some(20), Some(15), Some(5), Some(0)]);
    assert_eq!(effect["buckets"][0]["bucket"], "campaign");
    assert_eq!((&effect["outcome"]["external_id"], &effect["read_backs"]), (&json!("p-1"), &json!(2)));
    let entries = receipt["money"]["entries"].as_array().unwrap();
    assert_eq!(
        (entries.len(), &receipt["money"]["spent"]["minor"]),
        (2, &json!(15)),
        "another task's money is not in it"
    );
}

/// [L-3]
#[tokio::test]
async fn a_receipt_holds_the_chains_of_its_rows_and_no_others() {
    let receipt = receipt(&world().await, "effects/c-1/write-1-e1").await;
    let versions = receipt["audit"].as_array().unwrap().iter().map(|entry| {
        format!("{} v{}", entry["row"].as_str().unwrap().replace("|T#acme#C#c-1|", " "), entry["version"])
    });
    let versions: BTreeSet<String> = versions.collect();
    let expected = [
        "ledger ENTRY#write-1-e1#1#close v1",
        "ledger ENTRY#write-1-e1#1#reserve v1",
        "state EFFECT#write-1-e1 v1",
        "state REVIEW#write-1-r1 v1",
        "state REVIEW#write-1-r1 v2",
        "state TASK#write-1 v1",
    ];
    assert_eq!(versions, expected.map(str::to_owned).into());
    let chained = receipt["audit"].as_array().unwrap().iter().find(|entry| entry["version"] == 2).unwrap();
    assert_eq!((&chained["status"], chained["old"].is_string()), (&json!("decided"), true));
    assert!(chained["writer"].as_str().unwrap().starts_with("decision-"), "{chained}");
}

/// [L-3]
#[tokio::test]
async fn what_took_a_post_back_is_named_both_ways() {
    let world = world().await;
    let mut undo = an_effect("write-1-e1-undo", EffectStatus::Approved);
    undo.undoes = Some(post().id);
    book(&world, &undo, None).await;
    let taken = receipt(&world, "effects/c-1/write-1-e1").await;
    assert_eq!(ids(&taken["effects"]), ["write-1-e1", "write-1-e1-undo"]);
    assert_eq!(taken["effects"][0]["undone_by"], "write-1-e1-undo");
    let taking = receipt(&world, "effects/c-1/write-1-e1-undo").await;
    assert_eq!(ids(&taking["effects"]), ["write-1-e1-undo", "write-1-e1"]);
    assert_eq!(taking["effects"][0]["undoes"], "write-1-e1");
}

/// [L-3]
#[tokio::test]
async fn tasks_and_reviews_have_receipts_too() {
    let world = world().await;
    let mut later = a_review("write-1-r2");
    later.subject = chimera_domain::Subject::Task {
        task: task_id("write-1"),
        attempt: 2,
        result: ResultId::new("r2").unwrap(),
    };
    world.cloud.force(later).unwrap();
    let of_task = receipt(&world, "tasks/c-1/write-1").await;
    assert_eq!(
        (&of_task["of"], ids(&of_task["reviews"])),
        (&json!("task"), vec!["write-1-r1", "write-1-r2"])
    );
    assert_eq!(ids(&of_task["effects"]), ["write-1-e1"]);
    let of_review = receipt(&world, "reviews/c-1/write-1-r1").await;
    assert_eq!(
        (ids(&of_review["reviews"]), ids(&of_review["effects"])),
        (vec!["write-1-r1"], vec!["write-1-e1"])
    );
    let waiting = receipt(&world, "reviews/c-1/write-1-r2").await;
    assert_eq!((&waiting["effects"], &waiting["reviews"][0]["decision"]), (&json!([]), &Value::Null));
    assert_eq!(
        (&waiting["reviews"][0]["minutes_waited"], &waiting["money"]["spent"]["minor"]),
        (&Value::Null, &json!(0))
    );
}

#[tokio::test]
async fn the_rows_of_a_task_with_a_long_id_are_found() {
    let world = World::new();
    world.cloud.force(a_campaign().build()).unwrap();
    let id = task_id(&"t".repeat(64));
    world.cloud.force(Task { id: id.clone(), ..task() }).unwrap();
    let mut effect = an_effect("x", EffectStatus::Approved);
    effect.id = chimera_domain::EffectId::of(&id, 1);
    effect.task = id.clone();
    book(&world, &effect, None).await;
    audit(&world).await;
    let receipt = receipt(&world, &format!("tasks/c-1/{id}")).await;
    assert_eq!(ids(&receipt["effects"]), [effect.id.as_str()]);
    assert_eq!(receipt["audit"].as_array().unwrap().len(), 3, "task, effect and ledger entry");
}

#[tokio::test]
async fn what_is_not_there_has_no_receipt() {
    let world = world().await;
    for of in ["tasks/c-1/write-2", "effects/c-1/write-1-e2", "reviews/c-1/write-1-r9", "tasks/c-2/write-1"] {
        world.get(&format!("/{of}/receipt")).await.is(StatusCode::NOT_FOUND, "not_found");
    }
}
