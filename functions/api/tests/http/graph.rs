//! The plan of a campaign as a graph.

use axum::body::Body;
use axum::http::StatusCode;
use chimera_domain::{
    Binding, Campaign, CampaignStatus, EffectStatus, Plan, PlanCause, PlanDiff, PlanStatus, Task, TaskKind,
    TaskStatus,
};
use chimera_testkit::builders::{a_campaign, a_task, cents, morning, task_id};
use serde_json::json;

use crate::world::{Answer, World, an_effect};

const PATH: &str = "/campaigns/c-1/graph";

fn plan(number: u32, diff: PlanDiff, estimate: i64) -> Plan {
    let campaign = a_campaign().build();
    Plan {
        tenant: campaign.tenant,
        campaign: campaign.id,
        number,
        parent: number - 1,
        cause: if number == 1 { PlanCause::Brief } else { PlanCause::Loss },
        reason: format!("reason {number}"),
        diff,
        estimate: cents(estimate),
        goal: None,
        drawing: None,
        reserved: None,
        settled: None,
        rejected: None,
        status: PlanStatus::Open,
        created_at: morning(),
    }
}

/// A post that is out, the notes it was made from, and a post that the second version has dropped.
fn world() -> World {
    let world = World::new();
    let campaign = a_campaign().build();
    world.cloud.force(Campaign { status: CampaignStatus::Active, plan: 2, ..campaign }).unwrap();
    let notes = Task {
        id: task_id("research-1"),
        kind: TaskKind::Research,
        status: TaskStatus::Approved,
        depends_on: vec![],
        binding: Binding::Campaign,
        ordinal: 0,
        ..a_task()
    };
    let effect = an_effect("write-1-e1", EffectStatus::Done);
    let post = Task { status: TaskStatus::Approved, effect: Some(effect.id.clone()), ..a_task() };
    let dropped = Task {
        id: task_id("write-2"),
        status: TaskStatus::Dropped,
        plan: 2,
        ordinal: 2,
        goal: "</text><script>alert(1)</script>".to_owned(),
        reason: Some("its source is gone".to_owned()),
        ..a_task()
    };
    let added = vec![notes.id.clone(), post.id.clone(), dropped.id.clone()];
    let gone = vec![dropped.id.clone()];
    world.cloud.force(effect).unwrap();
    for task in [notes, post, dropped] {
        world.cloud.force(task).unwrap();
    }
    world.cloud.force(plan(1, PlanDiff { added, ..PlanDiff::default() }, 15)).unwrap();
    world.cloud.force(plan(2, PlanDiff { dropped: gone, kept: 2, ..PlanDiff::default() }, 0)).unwrap();
    world
}

/// As a viewer.
async fn get(world: &World, path: &str, more: &[(&str, String)]) -> Answer {
    let mut headers = world.headers(&["viewer"], "acme");
    headers.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    world.send("GET", path, headers, Body::empty()).await
}

/// [PL-20] [PL-21]
#[tokio::test]
async fn a_graph_has_tasks_edges_and_versions_with_their_cost() {
    let graph = get(&world(), PATH, &[]).await;
    assert_eq!((graph.status, graph.header("content-type").as_str()), (StatusCode::OK, "application/json"));
    let nodes = graph.body["nodes"].as_array().unwrap();
    let ids: Vec<&str> = nodes.iter().map(|node| node["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["research-1", "write-1", "write-2"]);
    assert_eq!((&nodes[1]["status"], &nodes[1]["effect"]), (&json!("approved"), &json!("done")));
    assert_eq!((&nodes[2]["plan"], &nodes[2]["reason"]), (&json!(2), &json!("its source is gone")));
    let edge = json!({"from": "research-1", "to": "write-1", "kind": "input"});
    assert_eq!(graph.body["edges"][0], edge);
    let versions = &graph.body["versions"];
    assert_eq!(versions[0]["cost_delta"], json!({"minor": 15, "currency": "USD"}));
    assert_eq!(versions[1]["cost_delta"], json!({"minor": -5, "currency": "USD"}));
    assert_eq!((&versions[1]["parent"], &versions[1]["dropped"]), (&json!(1), &json!(["write-2"])));
}

/// [PL-21]
#[tokio::test]
async fn a_campaigns_versions_say_what_they_cost_against_their_parents() {
    let campaign = get(&world(), "/campaigns/c-1", &[]).await;
    let deltas: Vec<_> = campaign.body["plans"]
        .as_array()
        .unwrap()
        .iter()
        .map(|plan| plan["cost_delta"]["minor"].clone())
        .collect();
    assert_eq!(deltas, [json!(15), json!(-5)]);
}

/// [PL-22] [PL-23]
#[tokio::test]
async fn a_picture_may_be_opened_by_itself_and_do_nothing() {
    let world = world();
    let svg = get(&world, &format!("{PATH}?format=svg"), &[]).await;
    assert_eq!((svg.status, svg.header("content-type").as_str()), (StatusCode::OK, "image/svg+xml"));
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    assert_eq!(svg.header("content-security-policy"), policy);
    assert_eq!(svg.header("x-content-type-options"), "nosniff");
    assert!(svg.text.starts_with("<svg ") && svg.text.contains("approved, effect done"), "{}", svg.text);
    assert!(!svg.text.contains("<script"), "{}", svg.text);
    let mermaid = get(&world, &format!("{PATH}?format=mermaid"), &[]).await;
    assert_eq!(mermaid.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(mermaid.header("x-content-type-options"), "nosniff");
    assert!(
        mermaid.text.starts_with("flowchart TD\n") && !mermaid.text.contains("<script"),
        "{}",
        mermaid.text
    );
    let json = get(&world, &format!("{PATH}?format=json"), &[]).await;
    assert_eq!(json.body, get(&world, PATH, &[]).await.body);
}

/// [PL-24]
#[tokio::test]
async fn each_form_has_a_tag_of_its_own_and_is_not_sent_twice() {
    let world = world();
    let mut tags = std::collections::BTreeSet::new();
    for format in ["json", "svg", "mermaid"] {
        let path = format!("{PATH}?format={format}");
        let first = get(&world, &path, &[]).await;
        let again = get(&world, &path, &[("if-none-match", first.header("etag"))]).await;
        assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""), "{format}");
        let task = Task { goal: format!("Changed before {format}."), ..a_task() };
        world.cloud.force(task).unwrap();
        let changed = get(&world, &path, &[("if-none-match", first.header("etag"))]).await;
        assert_eq!(changed.status, StatusCode::OK, "{format}");
        tags.extend([first.header("etag"), changed.header("etag")]);
    }
    assert_eq!(tags.len(), 6, "{tags:?}");
}

/// [PL-24]
#[tokio::test]
async fn what_is_no_form_is_refused_after_who_asks_is_settled() {
    let world = world();
    for query in ["format=png", "format=", "format=SVG", "format=svg&format=svg", "size=2", "format[]=svg"] {
        let answer = get(&world, &format!("{PATH}?{query}"), &[]).await;
        answer.is(StatusCode::UNPROCESSABLE_ENTITY, "invalid_query");
    }
    let nobody = world.send("GET", &format!("{PATH}?format=png"), vec![], Body::empty()).await;
    nobody.is(StatusCode::UNAUTHORIZED, "unauthenticated");
}

/// [PL-24]
#[tokio::test]
async fn another_tenants_graph_is_not_there_in_any_form() {
    let world = world();
    for query in ["", "?format=svg", "?format=mermaid"] {
        let headers = world.headers(&["admin"], "other");
        let answer = world.send("GET", &format!("{PATH}{query}"), headers, Body::empty()).await;
        answer.is(StatusCode::NOT_FOUND, "not_found");
        get(&world, &format!("/campaigns/c-9/graph{query}"), &[])
            .await
            .is(StatusCode::NOT_FOUND, "not_found");
    }
}
