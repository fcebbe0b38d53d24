//! A plan that waits for approval: shown, edited, approved, rejected, by who has seen exactly it.

mod edits;

use axum::http::StatusCode;
use chimera_domain::{
    Brief, Campaign, CampaignEvent, CampaignStatus, Disclosure, Drafting, Plan, PlanCause, PlanDiff,
    PlanStatus, Proposal, Row, Task, TaskStatus, limits,
};
use chimera_testkit::builders::{
    CampaignBuilder, a_campaign, a_policy, a_policy_row, an_agent, an_order, cents, morning,
};
use chimera_testkit::{Fault, Faults};
use serde_json::{Value, json};

use crate::world::{Answer, World};

const PLAN: &str = "/campaigns/c-1/plan";
const APPROVE: &str = "/campaigns/c-1/plan/approve";
const REJECT: &str = "/campaigns/c-1/plan/reject";

/// A sponsored campaign of these posts that pays somebody and remembers what worked.
fn asked(posts: u32) -> CampaignBuilder {
    a_campaign()
        .posts(posts)
        .pays(an_order(7, 300, "The banner"))
        .remembers()
        .sponsor("Lumen Labs")
        .approved_first()
}

/// What a model may propose for such a brief.
fn proposed(brief: &Brief) -> Proposal {
    let goal = "Tell people about small tools.";
    let fits = json!([{"id": "length", "text": "Short", "mandatory": true, "check": {"max_length": 280}}]);
    let written: Vec<String> = (1..=brief.posts).map(|n| format!("write-{n}")).collect();
    let mut tasks = vec![json!({
        "id": "research-1", "kind": "research", "goal": goal,
        "binding": {"from": "feed", "url": brief.feeds[0], "want": brief.posts},
    })];
    tasks.extend(written.iter().enumerate().map(|(at, id)| {
        json!({
            "id": id, "kind": "write", "goal": goal, "depends_on": ["research-1"], "criteria": fits,
            "binding": {"from": "source_of", "task": "research-1", "index": at},
        })
    }));
    tasks.extend(brief.payments.iter().map(|order| {
        json!({"id": "transact-1", "kind": "transact", "goal": "Pay.", "binding": {"from": "payment", "order": order}})
    }));
    tasks.push(json!({
        "id": "remember-1", "kind": "remember", "goal": goal, "depends_on": written, "binding": {"from": "campaign"},
    }));
    serde_json::from_value(json!({"tasks": tasks})).unwrap()
}

/// The rows of a campaign whose plan waits, as the planner writes them.
fn fill(world: &World, asked: CampaignBuilder) {
    let campaign = Campaign {
        status: CampaignStatus::AwaitingApproval,
        plan: 1,
        due_at: Some(morning() + limits::APPROVAL_WAIT),
        ..asked.build()
    };
    let agent = an_agent();
    let drafting = Drafting::new(&campaign, &agent, Disclosure::LabelAndText, 1, morning());
    let tasks = drafting.rows(proposed(&campaign.brief)).unwrap();
    let estimate = cents(2 + tasks.iter().map(|task| task.kind.attempt_cost()).sum::<i64>());
    world
        .cloud
        .force(Plan {
            tenant: campaign.tenant.clone(),
            campaign: campaign.id.clone(),
            number: 1,
            parent: 0,
            cause: PlanCause::Brief,
            reason: "the brief".to_owned(),
            diff: PlanDiff::default(),
            estimate,
            goal: None,
            drawing: Some(cents(2)),
            reserved: Some(estimate),
            settled: None,
            rejected: None,
            status: PlanStatus::Draft,
            created_at: morning(),
        })
        .unwrap();
    tasks.into_iter().for_each(|task| world.cloud.force(task.waiting()).unwrap());
    world.cloud.force(campaign).unwrap();
}

fn waiting(posts: u32) -> World {
    let world = World::new();
    // Texts say that an AI made them.
    let mut policy = a_policy();
    policy.disclosure = Disclosure::LabelAndText;
    world.cloud.force(a_policy_row(policy)).unwrap();
    fill(&world, asked(posts));
    world
}

async fn seen(world: &World) -> (Value, String) {
    let shown = world.get(PLAN).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.body);
    let tag = shown.header("etag");
    (shown.body, tag)
}

async fn send(world: &World, method: &str, path: &str, tag: &str, body: &Value) -> Answer {
    let mut headers = world.headers(&["operator"], "acme");
    headers.push(("if-match".to_owned(), tag.to_owned()));
    world.send(method, path, headers, body.to_string()).await
}

/// Puts the list as it is with this done to it.
async fn edit(world: &World, meddle: impl Fn(&mut Vec<Value>)) -> Answer {
    let (plan, tag) = seen(world).await;
    let mut tasks = plan["tasks"].as_array().unwrap().clone();
    meddle(&mut tasks);
    send(world, "PUT", PLAN, &tag, &json!({"tasks": tasks})).await
}

fn of<'a>(tasks: &'a mut [Value], id: &str) -> &'a mut Value {
    tasks.iter_mut().find(|task| task["id"] == id).unwrap()
}

/// Removes a post and has nobody wait for it.
fn without(tasks: &mut Vec<Value>, id: &str) {
    tasks.retain(|task| task["id"] != id);
    for task in tasks {
        task["depends_on"].as_array_mut().unwrap().retain(|parent| parent != id);
    }
}

fn rows<R>(world: &World, pick: fn(Row) -> Option<R>) -> Vec<R> {
    world.cloud.rows().unwrap().into_iter().filter_map(|stored| pick(stored.row)).collect()
}

fn task(world: &World, id: &str) -> Task {
    rows(world, Row::into_task).into_iter().find(|task| task.id.as_str() == id).unwrap()
}

fn plans(world: &World) -> Vec<Plan> {
    rows(world, Row::into_plan)
}

/// Everything that is stored, to see that nothing was written.
fn stored(world: &World) -> Value {
    json!(world.cloud.rows().unwrap().iter().map(|row| (row.row.key(), row.version)).collect::<Vec<_>>())
}

/// [PL-2]
#[tokio::test]
async fn a_plan_is_shown_with_everything_that_may_be_edited() {
    let world = waiting(2);
    let (plan, tag) = seen(&world).await;
    assert_eq!((&plan["status"], &plan["plan"]["number"]), (&json!("awaiting_approval"), &json!(1)));
    assert_eq!(plan["decide_by"], json!(morning() + limits::APPROVAL_WAIT));
    let ids: Vec<&str> =
        plan["tasks"].as_array().unwrap().iter().map(|task| task["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["research-1", "write-1", "write-2", "transact-1", "remember-1"]);
    let mut names: Vec<&String> = plan["tasks"][1].as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["binding", "criteria", "depends_on", "goal", "id", "kind", "priority"]);

    let mut headers = world.headers(&["viewer"], "acme");
    headers.push(("if-none-match".to_owned(), tag));
    let again = world.send("GET", PLAN, headers, String::new()).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    let other = world.send("GET", PLAN, world.headers(&["admin"], "other"), String::new()).await;
    other.is(StatusCode::NOT_FOUND, "not_found");
}

/// [PL-2]
#[tokio::test]
async fn nobody_answers_a_plan_that_they_have_not_seen() {
    let world = waiting(2);
    let before = stored(&world);
    let list = json!({"tasks": seen(&world).await.0["tasks"]});
    let comment = json!({"comment": "Shorter."});
    for (method, path, body) in
        [("PUT", PLAN, &list), ("POST", APPROVE, &json!({})), ("POST", REJECT, &comment)]
    {
        let blind = world.send(method, path, world.headers(&["operator"], "acme"), body.to_string()).await;
        blind.is(StatusCode::PRECONDITION_REQUIRED, "precondition_required");
        for tag in ["*", "\"x\", *"] {
            let any = send(&world, method, path, tag, body).await;
            any.is(StatusCode::PRECONDITION_REQUIRED, "precondition_required");
        }
        let stale = send(&world, method, path, "\"0\"", body).await;
        stale.is(StatusCode::PRECONDITION_FAILED, "precondition_failed");
    }
    assert_eq!(stored(&world), before);
}

/// [PL-2]
#[tokio::test]
async fn an_approval_opens_the_plan_and_leaves_the_rest_to_the_planner() {
    let world = waiting(2);
    let (_, tag) = seen(&world).await;
    let answer = send(&world, "POST", APPROVE, &tag, &json!({})).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(
        (&answer.body["campaign"]["status"], &answer.body["plan"]["status"]),
        (&json!("active"), &json!("open"))
    );
    let campaign = world.campaign("c-1");
    assert_eq!(campaign.due_at, Some(world.now() + limits::FOLLOW_UP_AFTER), "a campaign at work is due");
    assert!(rows(&world, Row::into_task).iter().all(|task| task.status == TaskStatus::Blocked));

    let before = stored(&world);
    send(&world, "POST", APPROVE, &tag, &json!({}))
        .await
        .is(StatusCode::PRECONDITION_FAILED, "precondition_failed");
    let (_, tag) = seen(&world).await;
    let again = send(&world, "POST", APPROVE, &tag, &json!({})).await;
    again.is(StatusCode::CONFLICT, "plan_not_waiting");
    assert_eq!((&again.body["current"], stored(&world)), (&json!("active"), before));
}

/// [PL-2]
#[tokio::test]
async fn of_two_who_answer_the_same_plan_one_wins_and_the_other_is_told() {
    for seed in 0..8 {
        for (one, other) in [(0, 1), (0, 0), (1, 1), (1, 2), (0, 2)] {
            let world = World::with(Faults::seeded(seed).interleaved());
            fill(&world, asked(2));
            let (plan, tag) = seen(&world).await;
            let mut list = plan["tasks"].as_array().unwrap().clone();
            of(&mut list, "write-1")["goal"] = json!("Write about the bridge.");
            let calls = [
                ("PUT", PLAN, json!({"tasks": list})),
                ("POST", APPROVE, json!({})),
                ("POST", REJECT, json!({"comment": "Shorter."})),
            ];
            let call = |at: usize| send(&world, calls[at].0, calls[at].1, &tag, &calls[at].2);
            let (first, second) = futures::join!(call(one), call(other));
            let mut statuses = [first.status, second.status];
            statuses.sort();
            let said = format!("{one} {other}: {} {}", first.body, second.body);
            assert_eq!(statuses[0], StatusCode::OK, "{said}");
            // Once a plan was rejected there is none that could be another than was seen.
            let is_told = [StatusCode::PRECONDITION_FAILED, StatusCode::CONFLICT].contains(&statuses[1]);
            assert!(is_told, "{said}");
        }
    }
}

/// [PL-8]
#[tokio::test]
async fn a_rejected_plan_is_drawn_again_with_the_comment_and_not_for_ever() {
    let world = waiting(2);
    let (_, tag) = seen(&world).await;
    for (body, code) in [
        (json!({}), "invalid_body"),
        (json!({"comment": ""}), "invalid_text"),
        (json!({"comment": "x".repeat(2_001)}), "invalid_text"),
        (json!({"comment": "a\u{7}"}), "invalid_text"),
    ] {
        send(&world, "POST", REJECT, &tag, &body).await.is(StatusCode::UNPROCESSABLE_ENTITY, code);
    }
    let comment = json!({"comment": "More about bridges."});
    let answer = send(&world, "POST", REJECT, &tag, &comment).await;
    assert_eq!((answer.status, &answer.body["campaign"]["status"]), (StatusCode::OK, &json!("planning")));
    let rejection = plans(&world)[0].rejected.clone().unwrap();
    assert_eq!((rejection.by.as_str(), rejection.comment.as_str()), ("ada", "More about bridges."));
    let drawing = world.get(PLAN).await;
    drawing.is(StatusCode::CONFLICT, "no_plan");
    assert_eq!(drawing.body["current"], "planning");

    // The planner has drawn two more by now, and one of them was rejected as well.
    let second = Plan { number: 2, parent: 1, ..plans(&world)[0].clone() };
    let third = Plan { number: 3, parent: 2, rejected: None, ..second.clone() };
    world.cloud.force(second).unwrap();
    world.cloud.force(third).unwrap();
    let campaign = Campaign { status: CampaignStatus::AwaitingApproval, plan: 3, ..world.campaign("c-1") };
    world.cloud.force(campaign).unwrap();
    let (plan, tag) = seen(&world).await;
    assert_eq!(plan["rejected"].as_array().unwrap().len(), 2);
    let last = send(&world, "POST", REJECT, &tag, &comment).await;
    last.is(StatusCode::CONFLICT, "too_many_drafts");
    assert_eq!(last.body["most"], limits::DRAFTS_PER_CAMPAIGN);
    assert_eq!(world.campaign("c-1").status, CampaignStatus::AwaitingApproval, "it can still be edited");
}

/// [M-12] [PL-7]
#[tokio::test]
async fn a_plan_dearer_to_run_than_the_policy_allows_is_neither_edited_nor_approved() {
    let world = waiting(2);
    let mut policy = a_policy();
    policy.caps.operating = Some(cents(10));
    world.cloud.force(a_policy_row(policy)).unwrap();
    let (_, tag) = seen(&world).await;
    let refused = send(&world, "POST", APPROVE, &tag, &json!({})).await;
    refused.is(StatusCode::CONFLICT, "over_operating_limit");
    let louder = |tasks: &mut Vec<Value>| of(tasks, "write-1")["goal"] = json!("Louder.");
    edit(&world, louder).await.is(StatusCode::CONFLICT, "over_operating_limit");
    assert_eq!(world.campaign("c-1").status, CampaignStatus::AwaitingApproval);
}

/// [PL-2] [PL-9]
#[tokio::test]
async fn a_campaign_that_waits_can_be_cancelled_and_not_paused() {
    let world = waiting(2);
    let paused = world.post("/campaigns/c-1/pause", &json!({})).await;
    paused.is(StatusCode::CONFLICT, "illegal_transition");
    let (_, tag) = seen(&world).await;
    let cancelled = world.post("/campaigns/c-1/cancel", &json!({})).await;
    assert_eq!((cancelled.status, &cancelled.body["status"]), (StatusCode::OK, &json!("cancelled")));
    assert_eq!(world.campaign("c-1").due_at, Some(world.now()), "the planner clears it");
    let late = send(&world, "POST", APPROVE, &tag, &json!({})).await;
    late.is(StatusCode::PRECONDITION_FAILED, "precondition_failed");
    assert!(late.body["detail"].as_str().unwrap().contains("the campaign is cancelled"), "{}", late.body);
}

/// [PL-2]
#[tokio::test]
async fn only_a_plan_that_waits_is_edited_approved_or_rejected() {
    for status in CampaignStatus::ALL.iter().filter(|status| status.next(CampaignEvent::Redraw).is_err()) {
        let world = waiting(1);
        world.cloud.force(Campaign { status: *status, ..world.campaign("c-1") }).unwrap();
        if *status == CampaignStatus::Planning {
            world.get(PLAN).await.is(StatusCode::CONFLICT, "no_plan");
            continue;
        }
        let before = stored(&world);
        edit(&world, |_| {}).await.is(StatusCode::CONFLICT, "plan_not_waiting");
        let (_, tag) = seen(&world).await;
        for (path, body) in [(APPROVE, json!({})), (REJECT, json!({"comment": "x"}))] {
            send(&world, "POST", path, &tag, &body).await.is(StatusCode::CONFLICT, "plan_not_waiting");
        }
        assert_eq!(stored(&world), before, "{status}");
    }
}

#[tokio::test]
async fn an_approval_whose_reply_is_lost_is_not_made_twice() {
    let world = World::with(Faults::none().nth("api", "write", 1, Fault::LostReply));
    fill(&world, asked(2));
    let (_, tag) = seen(&world).await;
    let lost = send(&world, "POST", APPROVE, &tag, &json!({})).await;
    lost.is(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
    assert_eq!(world.campaign("c-1").status, CampaignStatus::Active);
    let again = send(&world, "POST", APPROVE, &tag, &json!({})).await;
    again.is(StatusCode::PRECONDITION_FAILED, "precondition_failed");
    assert!(again.body["detail"].as_str().unwrap().contains("the campaign is active"), "{}", again.body);
}
