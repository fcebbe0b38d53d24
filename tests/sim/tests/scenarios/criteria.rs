//! A plan that nothing could be judged by is no plan.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use chimera_domain::ports::{Answer, Ask, MessageHandler as _, ModelError, ReasoningModel};
use chimera_domain::{CampaignStatus, Mention, PlanMessage};
use chimera_sim::SwarmWorld;
use chimera_testkit::builders::{a_campaign, a_tenant, a_usage};
use planner::Planner;
use serde_json::{Value, json};

/// A model that always draws the same plan.
struct Draws(Value);

impl ReasoningModel for Draws {
    async fn ask(&self, _ask: &Ask) -> Result<Answer, ModelError> {
        Ok(Answer { json: self.0.clone(), usage: a_usage() })
    }
}

/// The campaign after a planner with this plan in mind has looked at it.
async fn planned(tasks: Value) -> SwarmWorld {
    let world = SwarmWorld::new();
    let mention = Mention { id: "m-1".to_owned(), author: "nora".to_owned(), text: "nice".to_owned() };
    let campaign = world.start(a_campaign().replies(&[mention])).await;
    let store = world.cloud.as_function("planner");
    let planner = Planner::new(store, Draws(json!({"tasks": tasks})), world.clock.clone(), world.ids.clone());
    let wake_up = PlanMessage { tenant: a_tenant(), campaign };
    let batch = planner.open(&[]).await.unwrap();
    planner.handle(wake_up, &batch, Duration::from_secs(5)).await.unwrap();
    world
}

fn research() -> Value {
    json!({"id": "research-1", "kind": "research", "goal": "Read.", "binding": {"from": "feed", "url": "https://a.example/f", "want": 1}})
}

fn write(criteria: &Value) -> Value {
    json!({
        "id": "write-1", "kind": "write", "goal": "Write.", "depends_on": ["research-1"],
        "binding": {"from": "source_of", "task": "research-1", "index": 0}, "criteria": criteria,
    })
}

fn reply(id: &str, mention: &str, criteria: &Value) -> Value {
    let mention = json!({"id": mention, "author": "nora", "text": "nice"});
    json!({"id": id, "kind": "reply", "goal": "Answer.", "binding": {"from": "mention", "mention": mention}, "criteria": criteria})
}

fn short() -> Value {
    json!([{"id": "length", "text": "Short", "mandatory": true, "check": {"max_length": 280}}])
}

/// [J-1] [H-4]
#[tokio::test]
async fn a_plan_that_cannot_be_judged_stops_its_campaign_with_the_reason() {
    let none = json!([]);
    for (tasks, reason) in [
        (
            json!([research(), write(&none)]),
            "task write-1 would act on the world and has no acceptance criteria",
        ),
        (
            json!([reply("reply-1", "m-1", &none)]),
            "task reply-1 would act on the world and has no acceptance criteria",
        ),
        (
            json!([reply("reply-1", "m-2", &short())]),
            "task reply-1 would answer what nobody asked to have answered",
        ),
        (
            json!([reply("reply-1", "m-1", &short()), reply("reply-2", "m-1", &short())]),
            "task reply-2 would answer what nobody asked to have answered",
        ),
    ] {
        let world = planned(tasks).await;
        assert_eq!(world.status(), CampaignStatus::Stopped, "{reason}\n{}", world.story());
        let told = world.campaigns().remove(0).reason.unwrap();
        assert!(told.contains(reason), "{told}");
        assert!(world.tasks().is_empty());
        world.abandon();
    }
}

#[tokio::test]
async fn a_plan_with_criteria_is_opened() {
    let world = planned(json!([research(), write(&short()), reply("reply-1", "m-1", &short())])).await;
    assert_eq!(world.status(), CampaignStatus::Active, "{}", world.story());
    assert_eq!(world.tasks().len(), 3);
    world.abandon();
}
