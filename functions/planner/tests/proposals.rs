//! What a model may propose: each thing that the brief asks for, and nothing else.
#![expect(clippy::unwrap_used, reason = "what cannot be made fails the test")]

use std::time::Duration;

use chimera_domain::ports::{Answer, Ask, MessageHandler as _, ModelError, ReasoningModel};
use chimera_domain::{CampaignStatus, Mention, PlanMessage, Row, TaskKind, TaskStatus};
use chimera_model::ScriptedModel;
use chimera_testkit::builders::{CampaignBuilder, a_campaign, a_tenant, an_agent, an_order};
use chimera_testkit::{Faults, MemoryCloud, SeededIds, VirtualClock};
use planner::Planner;
use serde_json::{Value, json};

/// A model that changes the scripted one's tasks.
struct Meddling<F>(F);

impl<F: Fn(&mut Vec<Value>) + Sync> ReasoningModel for Meddling<F> {
    async fn ask(&self, ask: &Ask) -> Result<Answer, ModelError> {
        let mut answer = ScriptedModel::new().ask(ask).await?;
        (self.0)(answer.json["tasks"].as_array_mut().unwrap());
        Ok(answer)
    }
}

/// The rows once such a plan was drawn for the campaign, and why it was stopped if it was.
async fn planned(
    campaign: CampaignBuilder,
    meddle: impl Fn(&mut Vec<Value>) + Send + Sync,
) -> (MemoryCloud, Option<String>) {
    let clock = VirtualClock::default();
    let cloud = MemoryCloud::new(clock.clone(), Faults::none());
    let campaign = campaign.build();
    let message = PlanMessage { tenant: a_tenant(), campaign: campaign.id.clone() };
    cloud.force(an_agent()).unwrap();
    cloud.force(campaign).unwrap();
    let planner = Planner::new(cloud.as_function("planner"), Meddling(meddle), clock, SeededIds::new(1));
    let batch = planner.open(std::slice::from_ref(&message)).await.unwrap();
    planner.handle(message, &batch, Duration::from_secs(60)).await.unwrap();
    let mut rows = cloud.rows().unwrap().into_iter().map(|stored| stored.row);
    let reason = rows.find_map(Row::into_campaign).unwrap().reason;
    (cloud, reason)
}

/// Where the campaign stands then, why, and how many tasks it has.
async fn drawn(
    campaign: CampaignBuilder,
    meddle: impl Fn(&mut Vec<Value>) + Send + Sync,
) -> (CampaignStatus, String, usize) {
    let (cloud, reason) = planned(campaign, meddle).await;
    let rows: Vec<Row> = cloud.rows().unwrap().into_iter().map(|stored| stored.row).collect();
    let tasks = rows.iter().filter(|row| matches!(row, Row::Task(_))).count();
    let campaign = rows.into_iter().find_map(Row::into_campaign).unwrap();
    (campaign.status, reason.unwrap_or_default(), tasks)
}

/// [K-3] [K-4] [K-7]
#[tokio::test]
async fn a_plan_that_pays_writes_illustrates_or_remembers_what_nobody_asked_for_is_no_plan() {
    let (order, other) = (an_order(7, 300, "The banner"), an_order(8, 300, "The banner"));
    let task = |id: &str, kind: &str, binding: Value| json!({"id": id, "kind": kind, "goal": "x", "binding": binding});
    let source = json!({"from": "source_of", "task": "research-1", "index": 0});
    let mut another = task("w-2", "write", source.clone());
    another["criteria"] = json!([{"id": "c", "text": "c", "mandatory": true, "check": "fits_persona"}]);
    for (meddled, reason) in [
        (
            task("t-2", "transact", json!({"from": "payment", "order": order})),
            "task t-2 would pay what nobody ordered",
        ),
        (
            task("t-2", "transact", json!({"from": "payment", "order": other})),
            "task t-2 would pay what nobody ordered",
        ),
        (task("w-9", "write", json!({"from": "payment", "order": order})), "no acceptance criteria"),
        (another, "task w-2 would write more posts than were asked for"),
        (
            task("i-2", "illustrate", source),
            "task i-2 would illustrate what nobody asked to have illustrated",
        ),
        (task("r-2", "remember", json!({"from": "campaign"})), "task r-2 would remember what nobody asked"),
    ] {
        let asked = a_campaign().posts(1).pays(order.clone());
        let (status, said, tasks) = drawn(asked, |tasks| tasks.push(meddled.clone())).await;
        assert_eq!((status, tasks), (CampaignStatus::Stopped, 0), "{said}");
        assert!(said.contains(reason), "{said}");
    }
}

/// [K-4] A post that fails must not take an ordered payment with it.
#[tokio::test]
async fn what_the_brief_names_waits_for_no_post() {
    let asked = a_campaign().posts(1).pays(an_order(7, 300, "The banner"));
    let behind_the_post = |tasks: &mut Vec<Value>| {
        let pays = |task: &&mut Value| task["kind"] == "transact";
        tasks.iter_mut().filter(pays).for_each(|task| task["depends_on"] = json!(["write-1"]));
    };
    let (cloud, said) = planned(asked, behind_the_post).await;
    let mut tasks = cloud.rows().unwrap().into_iter().filter_map(|stored| stored.row.into_task());
    let transact = tasks.find(|task| task.kind == TaskKind::Transact).unwrap();
    assert_eq!((transact.status, transact.depends_on), (TaskStatus::Open, Vec::new()), "{said:?}");
}

/// [H-4] [K-4] What was ordered must not be forgotten in silence.
#[tokio::test]
async fn a_plan_that_leaves_out_a_payment_or_an_answer_is_no_plan() {
    let (id, author, text) = ("m1".to_owned(), "otto".to_owned(), "Does it run?".to_owned());
    let mention = Mention { id, author, text };
    for (kind, reason) in [
        ("transact", "the plan leaves out to pay 3.00 USD to Collaborator 7"),
        ("reply", "the plan leaves out to answer mention m1"),
    ] {
        let asked =
            || a_campaign().posts(1).replies(std::slice::from_ref(&mention)).pays(an_order(7, 300, "x"));
        let (status, said, tasks) = drawn(asked(), |tasks| tasks.retain(|task| task["kind"] != kind)).await;
        assert_eq!((status, said.as_str(), tasks), (CampaignStatus::Stopped, reason, 0));
        let (status, said, _) = drawn(asked(), |_| {}).await;
        assert_eq!(status, CampaignStatus::Active, "{said}");
    }
}
