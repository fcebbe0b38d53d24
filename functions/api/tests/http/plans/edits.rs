//! What an operator may make of a plan, and what is refused by its task and field.

use axum::http::StatusCode;
use chimera_domain::{CampaignStatus, PlanCause, PlanStatus, Priority, Row, TaskKind, TaskStatus, limits};
use chimera_testkit::builders::cents;
use serde_json::{Value, json};

use super::{edit, of, plans, rows, seen, stored, task, waiting, without};

/// [PL-4]
#[tokio::test]
async fn the_list_that_is_there_put_back_writes_nothing() {
    let world = waiting(2);
    let before = stored(&world);
    let answer = edit(&world, |_| {}).await;
    assert_eq!((answer.status, stored(&world)), (StatusCode::OK, before), "{}", answer.body);
}

/// [PL-3] [PL-4] [P-12]
#[tokio::test]
async fn an_edit_is_a_new_draft_version_that_says_who_and_what() {
    let world = waiting(3);
    let answer = edit(&world, |tasks| {
        of(tasks, "write-1")["goal"] = json!("Write about the bridge.");
        of(tasks, "write-1")["priority"] = json!("high");
        without(tasks, "write-2");
    })
    .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.header("etag"), seen(&world).await.1);

    let [first, second] = plans(&world).try_into().unwrap();
    assert_eq!((first.status, first.settled), (PlanStatus::Settled, Some(cents(2))));
    assert_eq!((second.number, second.parent, second.status), (2, 1, PlanStatus::Draft));
    assert_eq!((second.cause, second.reason.as_str()), (PlanCause::Operator, "edited by ada"));
    let ids = |ids: &[chimera_domain::TaskId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
    let diff = &second.diff;
    assert_eq!((ids(&diff.added), ids(&diff.dropped), diff.kept), (vec![], vec!["write-2".to_owned()], 3));
    assert_eq!(ids(&diff.changed), ["write-1", "remember-1"]);
    assert_eq!(answer.body["plan"]["cost_delta"]["minor"], -limits::ATTEMPT_COST_MINOR);
    assert_eq!(second.estimate, cents(first.estimate.minor() - limits::ATTEMPT_COST_MINOR));

    let (changed, dropped, kept) =
        (task(&world, "write-1"), task(&world, "write-2"), task(&world, "write-3"));
    assert_eq!((changed.status, changed.attempt, changed.plan), (TaskStatus::Blocked, 2, 2));
    assert_eq!((changed.goal.as_str(), changed.priority), ("Write about the bridge.", Priority::High));
    let said = dropped.reason.as_deref();
    assert_eq!((dropped.status, said), (TaskStatus::Dropped, Some("dropped by ada")));
    assert_eq!((kept.attempt, kept.plan, kept.ordinal), (1, 1, 3), "a task that goes moves no other");

    let campaign = world.campaign("c-1");
    assert_eq!((campaign.status, campaign.plan), (CampaignStatus::AwaitingApproval, 2));
    assert_eq!(campaign.due_at, Some(world.now() + limits::APPROVAL_WAIT));
    let rows = world.cloud.rows().unwrap();
    let row = rows.iter().find(|row| matches!(row.row, Row::Campaign(_))).unwrap();
    assert!(row.writer.as_str().starts_with("plan-edit-ada-"), "{}", row.writer);
}

/// [PL-4] [PL-6]
#[tokio::test]
async fn a_task_that_is_added_gets_what_is_demanded_of_its_kind_and_waits() {
    let world = waiting(2);
    let answer = edit(&world, |tasks| {
        let mut new = of(tasks, "write-2").clone();
        without(tasks, "write-2");
        new["id"] = json!("bridge");
        new["criteria"] = json!([
            {"id": "bridge", "text": "Names it", "mandatory": true, "check": {"must_mention": "bridge"}},
        ]);
        tasks.insert(0, new);
        of(tasks, "remember-1")["depends_on"] = json!(["write-1", "bridge"]);
    })
    .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let bridge = task(&world, "bridge");
    assert_eq!(
        (bridge.status, bridge.attempt, bridge.plan, bridge.opened_at),
        (TaskStatus::Blocked, 1, 2, None)
    );
    let criteria: Vec<&str> = bridge.criteria.iter().map(|criterion| criterion.id.as_str()).collect();
    assert_eq!(criteria, ["bridge", "discloses-sponsor", "discloses-ai"]);
    let order: Vec<Value> =
        answer.body["tasks"].as_array().unwrap().iter().map(|task| task["id"].clone()).collect();
    assert_eq!(order, ["bridge", "research-1", "write-1", "transact-1", "remember-1"]);
}

/// Asserts that the edit is refused with a fault of this task and field that says so, and that nothing was written.
async fn assert_refused(
    meddle: impl Fn(&mut Vec<Value>),
    task: Option<&str>,
    field: Option<&str>,
    why: &str,
) {
    let world = waiting(2);
    let before = stored(&world);
    let answer = edit(&world, meddle).await;
    answer.is(StatusCode::UNPROCESSABLE_ENTITY, "invalid_plan");
    let errors = answer.body["errors"].as_array().unwrap();
    let is_it = |error: &&Value| {
        error["task"] == json!(task)
            && error["field"] == json!(field)
            && error["detail"].as_str().unwrap().contains(why)
    };
    assert!(errors.iter().any(|error| is_it(&error)), "{why}: {}", answer.body);
    assert_eq!(stored(&world), before, "{why}");
}

/// [PL-5]
#[tokio::test]
async fn what_is_no_plan_of_the_brief_is_refused_by_task_and_field() {
    let goals =
        [json!(""), json!(" \u{200b}"), json!("x".repeat(limits::TASK_GOAL_CHARS + 1)), json!("a\u{7}")];
    for goal in goals {
        let meddle = |tasks: &mut Vec<Value>| of(tasks, "write-1")["goal"] = goal.clone();
        assert_refused(meddle, Some("write-1"), Some("goal"), "must have a goal").await;
    }
    let more = |tasks: &mut Vec<Value>| {
        let mut another = of(tasks, "write-1").clone();
        another["id"] = json!("write-9");
        tasks.push(another);
    };
    assert_refused(more, Some("write-9"), Some("kind"), "more posts than were asked for").await;
    let unpaid = |tasks: &mut Vec<Value>| tasks.retain(|task| task["id"] != "transact-1");
    assert_refused(unpaid, None, None, "leaves out to pay 3.00 USD to Collaborator 7").await;
    let dearer =
        |tasks: &mut Vec<Value>| of(tasks, "transact-1")["binding"]["order"]["amount"]["minor"] = json!(301);
    assert_refused(dearer, Some("transact-1"), Some("binding"), "pay what nobody ordered").await;
    let late = |tasks: &mut Vec<Value>| of(tasks, "transact-1")["depends_on"] = json!(["write-1"]);
    assert_refused(late, Some("transact-1"), Some("depends_on"), "waits for nothing").await;
    let hasty = |tasks: &mut Vec<Value>| of(tasks, "remember-1")["depends_on"] = json!(["write-1"]);
    assert_refused(hasty, Some("remember-1"), Some("depends_on"), "wait for write-2").await;
    let other = |tasks: &mut Vec<Value>| of(tasks, "write-1")["binding"]["index"] = json!(7);
    assert_refused(other, Some("write-1"), Some("binding"), "cannot change its binding").await;
    let kind = |tasks: &mut Vec<Value>| of(tasks, "write-1")["kind"] = json!("research");
    assert_refused(kind, Some("write-1"), Some("kind"), "cannot change its kind").await;
    let twice = |tasks: &mut Vec<Value>| tasks.push(tasks[0].clone());
    assert_refused(twice, Some("research-1"), Some("id"), "in the plan twice").await;
    let tool = |tasks: &mut Vec<Value>| {
        tasks.push(json!({
            "id": "ask", "kind": "research", "goal": "Ask.",
            "binding": {"from": "feed", "url": "mcp://fetch/fetch?url=x", "want": 1},
        }));
    };
    assert_refused(tool, Some("ask"), Some("binding"), "a tool that the brief does not name").await;
    assert_refused(|tasks| tasks.clear(), None, None, "leaves out").await;
}

/// [PL-5]
#[tokio::test]
async fn tasks_that_wait_for_each_other_are_refused() {
    let world = waiting(2);
    let before = stored(&world);
    let answer = edit(&world, |tasks| of(tasks, "research-1")["depends_on"] = json!(["write-1"])).await;
    answer.is(StatusCode::UNPROCESSABLE_ENTITY, "invalid_plan");
    assert!(answer.body["detail"].as_str().unwrap().contains("waits for itself"), "{}", answer.body);
    assert_eq!((&answer.body["errors"][0]["field"], stored(&world)), (&json!("depends_on"), before));
}

/// [PL-5]
#[tokio::test]
async fn a_removed_tasks_dependents_are_named() {
    let meddle = |tasks: &mut Vec<Value>| tasks.retain(|task| task["id"] != "research-1");
    for dependent in ["write-1", "write-2"] {
        let why = "depends on research-1, which is not in the plan";
        assert_refused(meddle, Some(dependent), Some("depends_on"), why).await;
        assert_refused(meddle, Some(dependent), Some("binding"), "takes its source from research-1").await;
    }
    let world = waiting(2);
    let answer = edit(&world, meddle).await;
    assert_eq!(answer.body["errors"][0]["pointer"], "/tasks/0/depends_on", "{}", answer.body);
    assert!(answer.body["detail"].as_str().unwrap().contains("and 3 more"), "{}", answer.body);
}

/// [PL-6]
#[tokio::test]
async fn an_operators_own_criteria_may_go_and_those_that_are_demanded_may_not() {
    let forgetting = |task: &'static str, id: &'static str| {
        move |tasks: &mut Vec<Value>| {
            of(tasks, task)["criteria"].as_array_mut().unwrap().retain(|criterion| criterion["id"] != id);
        }
    };
    for (task, id) in [
        ("write-1", "discloses-sponsor"),
        ("write-1", "discloses-ai"),
        ("transact-1", "as-ordered"),
        ("remember-1", "own-words"),
    ] {
        assert_refused(forgetting(task, id), Some(task), Some("criteria"), id).await;
    }
    let softer = |tasks: &mut Vec<Value>| {
        let criteria = of(tasks, "write-1")["criteria"].as_array_mut().unwrap();
        of(criteria, "discloses-sponsor")["mandatory"] = json!(false);
    };
    assert_refused(softer, Some("write-1"), Some("criteria"), "discloses-sponsor").await;
    let foreign = |tasks: &mut Vec<Value>| {
        let order = of(tasks, "transact-1")["binding"]["order"].clone();
        of(tasks, "write-1")["criteria"]
            .as_array_mut()
            .unwrap()
            .push(json!({"id": "pays", "text": "x", "mandatory": true, "check": {"pays": order}}));
    };
    assert_refused(foreign, Some("write-1"), Some("criteria"), "is about a payment").await;
    let none = |tasks: &mut Vec<Value>| of(tasks, "write-1")["criteria"] = json!([]);
    assert_refused(none, Some("write-1"), Some("criteria"), "no acceptance criteria").await;

    let world = waiting(2);
    assert_eq!(edit(&world, forgetting("write-1", "length")).await.status, StatusCode::OK);
    let left: Vec<String> =
        task(&world, "write-1").criteria.into_iter().map(|criterion| criterion.id).collect();
    assert_eq!(left, ["discloses-sponsor", "discloses-ai"]);
}

/// [PL-5]
#[tokio::test]
async fn the_id_of_a_task_that_was_dropped_is_not_used_again() {
    let world = waiting(2);
    let (plan, _) = seen(&world).await;
    let dropped = plan["tasks"][2].clone();
    assert_eq!(edit(&world, |tasks| without(tasks, "write-2")).await.status, StatusCode::OK);
    let again = edit(&world, |tasks| {
        tasks.push(dropped.clone());
        of(tasks, "remember-1")["depends_on"] = json!(["write-1", "write-2"]);
    })
    .await;
    again.is(StatusCode::UNPROCESSABLE_ENTITY, "invalid_plan");
    let error = &again.body["errors"][0];
    assert_eq!((&error["task"], &error["field"]), (&json!("write-2"), &json!("id")), "{}", again.body);
}

/// [PL-7]
#[tokio::test]
async fn an_edit_too_large_for_one_transaction_is_refused_with_the_number() {
    let world = waiting(100);
    let before = stored(&world);
    let answer = edit(&world, |tasks| {
        tasks
            .iter_mut()
            .filter(|task| task["kind"] == "write")
            .for_each(|task| task["goal"] = json!("Short."));
    })
    .await;
    answer.is(StatusCode::UNPROCESSABLE_ENTITY, "too_many_changes");
    assert_eq!(
        (&answer.body["changes"], &answer.body["most"]),
        (&json!(100), &json!(limits::CHANGES_PER_EDIT))
    );
    assert_eq!(stored(&world), before);
    let in_two = |tasks: &mut Vec<Value>| {
        let writes = tasks.iter_mut().filter(|task| task["kind"] == "write" && task["goal"] != "Short.");
        writes.take(50).for_each(|task| task["goal"] = json!("Short."));
    };
    assert_eq!(edit(&world, in_two).await.status, StatusCode::OK);
    assert_eq!(edit(&world, in_two).await.status, StatusCode::OK);
    let writes = rows(&world, Row::into_task).into_iter().filter(|task| task.kind == TaskKind::Write);
    assert!(writes.map(|task| task.goal).all(|goal| goal == "Short."));
}
