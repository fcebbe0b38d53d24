//! Who may do what, as `template.yaml` grants it. Invariants are absences: each names what must not be there.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use chimera_checks::template::Template;

fn template() -> Template {
    Template::load().unwrap()
}

fn roles(template: &Template) -> Vec<String> {
    template.of_type("AWS::IAM::Role").into_keys().map(|id| id.trim_end_matches("Role").to_owned()).collect()
}

/// Everything a function may do, without its own logs.
fn may(template: &Template, function: &str) -> BTreeSet<(String, String)> {
    let mut all = template.permissions(&format!("{function}Role"));
    all.retain(|(action, resource)| !(action.starts_with("logs:") && *resource == format!("{function}Logs")));
    all
}

/// Who may do something that `wanted` describes.
fn holders(template: &Template, wanted: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let holds = |function: &String| may(template, function).iter().any(|(action, on)| wanted(action, on));
    roles(template).into_iter().filter(holds).collect()
}

fn is_change(action: &str) -> bool {
    let verb = action.split(':').nth(1).unwrap_or_default();
    ["Update", "Delete", "BatchWrite", "PartiQL", "Put"].iter().any(|start| verb.starts_with(start))
}

#[test]
fn every_statement_is_a_plain_permission_of_named_actions() {
    let template = template();
    for function in roles(&template) {
        let role = format!("{function}Role");
        assert_eq!(template.odd_statements(&role), Vec::<&serde_json::Value>::new(), "{role}");
        for (action, resource) in template.permissions(&role) {
            assert!(!action.contains('*'), "{role} has {action}");
            let cannot_be_scoped =
                ["states:SendTaskSuccess", "dynamodb:ListStreams"].contains(&action.as_str());
            assert!(!resource.contains('*') || cannot_be_scoped, "{role} has {action} on {resource}");
        }
        let properties = template.at(&format!("/Resources/{role}/Properties"));
        assert!(properties["ManagedPolicyArns"].is_null(), "{role} has more than its ports");
    }
}

#[test]
fn every_function_has_a_role_of_its_own() {
    let template = template();
    let mut own: Vec<String> = template.functions().into_keys().map(str::to_owned).collect();
    own.push("ReviewStateMachine".to_owned());
    own.sort();
    assert_eq!(roles(&template), own);
}

#[test]
fn only_the_judge_holds_the_signing_key() {
    let template = template();
    assert_eq!(holders(&template, |action, _| action.starts_with("secretsmanager:")), ["Judge"]);
    assert!(
        may(&template, "Judge").contains(&("secretsmanager:GetSecretValue".into(), "GrantSigningKey".into()))
    );
}

#[test]
fn only_the_publisher_reaches_a_write_tool() {
    let template = template();
    let on =
        |wanted: &'static str| move |action: &str, on: &str| action.starts_with("lambda:") && on == wanted;
    assert_eq!(holders(&template, on("McpTwitterWrite")), ["Publisher"]);
    assert_eq!(holders(&template, on("McpTwitterRead")), ["Publisher"]);
    assert_eq!(holders(&template, on("McpNews")), ["Worker"]);
    assert_eq!(holders(&template, on("Escalation")), ["ReviewStateMachine"]);
}

/// [F-4]: only the dispatcher sends, but for the worker's result and the workflow's wake-up.
#[test]
fn only_the_dispatcher_sends_and_completes() {
    let template = template();
    assert_eq!(holders(&template, |action, _| action.starts_with("states:")), ["Dispatcher"]);
    let sends =
        |queue: &'static str| move |action: &str, on: &str| action == "sqs:SendMessage" && on == queue;
    for queue in ["PlanQueue", "TaskQueue", "TaskQueueHigh", "EffectQueue"] {
        assert_eq!(holders(&template, sends(queue)), ["Dispatcher"]);
    }
    assert_eq!(holders(&template, sends("ReviewQueue")), ["Dispatcher", "ReviewStateMachine", "Worker"]);
}

#[test]
fn only_the_api_decides_and_no_decision_is_changed() {
    let template = template();
    assert_eq!(holders(&template, |action, on| on == "DecisionsTable" && is_change(action)), ["Api"]);
    let changes = holders(&template, |action, on| {
        on == "DecisionsTable" && is_change(action) && action != "dynamodb:PutItem"
    });
    assert_eq!(changes, Vec::<String>::new());
}

/// [P-8]: the audit is put and read, and nothing else.
#[test]
fn only_the_auditor_writes_the_audit_and_nobody_changes_it() {
    let template = template();
    assert_eq!(holders(&template, |action, on| on == "AuditTable" && is_change(action)), ["Auditor"]);
    let on_audit: BTreeSet<_> =
        may(&template, "Auditor").into_iter().filter(|(_, on)| on == "AuditTable").collect();
    assert_eq!(on_audit, [("dynamodb:PutItem".to_owned(), "AuditTable".to_owned())].into());
}

#[test]
fn only_the_judge_and_the_publisher_move_money() {
    let template = template();
    assert_eq!(
        holders(&template, |action, on| on == "LedgerTable" && is_change(action)),
        ["Judge", "Publisher"]
    );
}

#[test]
fn nobody_deletes_a_row() {
    let template = template();
    let deletes =
        |action: &str, _: &str| action.starts_with("dynamodb:Delete") || action.contains("BatchWrite");
    assert_eq!(holders(&template, deletes), Vec::<String>::new());
}

#[test]
fn a_worker_touches_no_table_and_a_server_only_its_own() {
    let template = template();
    let on_tables = |function: &str| -> BTreeSet<String> {
        may(&template, function)
            .into_iter()
            .filter(|(a, _)| a.starts_with("dynamodb:"))
            .map(|(_, on)| on)
            .collect()
    };
    assert_eq!(on_tables("Worker"), BTreeSet::new());
    assert_eq!(on_tables("McpNews"), BTreeSet::new());
    assert_eq!(on_tables("McpTwitterRead"), ["TwitterTable".to_owned()].into());
    assert_eq!(on_tables("McpTwitterWrite"), ["TwitterTable".to_owned()].into());
    let owners = holders(&template, |_, on| on.starts_with("TwitterTable"));
    assert_eq!(owners, ["McpTwitterRead", "McpTwitterWrite"]);
    let writers = holders(&template, |action, on| on == "TwitterTable" && is_change(action));
    assert_eq!(writers, ["McpTwitterWrite"]);
}

#[test]
fn the_planner_cannot_reach_the_review_queue() {
    let may = may(&template(), "Planner");
    assert!(may.iter().all(|(_, on)| on != "ReviewQueue"), "{may:?}");
    assert!(may.iter().all(|(action, _)| action != "sqs:SendMessage"), "{may:?}");
}

/// The whole matrix: a change of any permission is a change of this text.
#[test]
fn each_function_may_do_exactly_this() {
    let template = template();
    let mut lines = Vec::new();
    for function in roles(&template) {
        let mut on: Vec<(String, Vec<String>)> = Vec::new();
        let mut all: Vec<_> =
            may(&template, &function).into_iter().map(|(action, on)| (on, action)).collect();
        all.sort();
        for (resource, action) in all {
            match on.last_mut() {
                Some((last, actions)) if *last == resource => actions.push(action),
                _ => on.push((resource, vec![action])),
            }
        }
        lines.extend(
            on.into_iter().map(|(resource, actions)| format!("{function} {resource}: {}", actions.join(" "))),
        );
    }
    assert_eq!(lines.join("\n"), include_str!("access.txt").trim_end());
}
