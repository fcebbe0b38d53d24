//! Who may do what, as `template.yaml` grants it. Invariants are absences: each names what must not be there.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use chimera_checks::access::{POWERS, may, roles};
use chimera_checks::template::Template;

fn template() -> Template {
    Template::load().unwrap()
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
            // A secret's name is followed by six characters that AWS makes up.
            let is_names = action.starts_with("secretsmanager:")
                && ["Secret*", "Secrets*"].iter().any(|end| resource.ends_with(end))
                && resource.matches('*').count() == 1;
            let is_scoped = !resource.contains('*') || is_names;
            assert!(is_scoped || cannot_be_scoped, "{role} has {action} on {resource}");
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

/// [F-4] only the dispatcher sends, but for the worker's result and the workflow's wake-up. [P-8] the audit is put and
/// read, and nothing else.
#[test]
fn each_power_is_held_by_these_alone() {
    let template = template();
    for power in POWERS {
        assert_eq!(power.holders(&template), power.held_by, "{}", power.name);
    }
}

#[test]
fn nobody_deletes_a_row() {
    let template = template();
    for function in roles(&template) {
        for (action, on) in may(&template, &function) {
            let deletes = action.starts_with("dynamodb:Delete") || action.contains("BatchWrite");
            assert!(!deletes, "{function} has {action} on {on}");
        }
    }
}

#[test]
fn a_worker_touches_no_table_and_a_server_only_its_own() {
    let template = template();
    let on_tables = |function: &str| -> BTreeSet<String> {
        let all = may(&template, function).into_iter();
        all.filter(|(action, _)| action.starts_with("dynamodb:")).map(|(_, on)| on).collect()
    };
    assert_eq!(on_tables("Worker"), BTreeSet::new());
    assert_eq!(on_tables("McpNews"), BTreeSet::new());
    for (server, table) in [
        ("McpTwitterRead", "TwitterTable"),
        ("McpTwitterWrite", "TwitterTable"),
        ("McpCoinbaseRead", "WalletTable"),
        ("McpCoinbaseWrite", "WalletTable"),
        ("McpWeaviateRead", "MemoryTable"),
        ("McpWeaviateWrite", "MemoryTable"),
        ("McpImagegen", "ImageTable"),
    ] {
        assert_eq!(on_tables(server), [table.to_owned()].into(), "{server}");
    }
}

#[test]
fn a_worker_holds_no_credential_unless_somebody_names_its_secrets() {
    let template = template();
    let statements = template.at("/Resources/WorkerRole/Properties/Policies/0/PolicyDocument/Statement");
    let secrets: Vec<&serde_json::Value> = statements
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one.to_string().contains("secretsmanager"))
        .collect();
    assert_eq!(secrets.len(), 1);
    assert_eq!(secrets[0]["Fn::If"][0], "HasMcpServerSecrets");
    assert_eq!(secrets[0]["Fn::If"][2]["Ref"], "AWS::NoValue");
    let named = serde_json::json!({ "Fn::Not": [{ "Fn::Equals": [{ "Ref": "McpServerSecrets" }, ""] }] });
    assert_eq!(template.at("/Conditions/HasMcpServerSecrets"), &named);
    assert_eq!(template.at("/Parameters/McpServerSecrets/Default"), "");
}

/// One role too wide turns exactly the line of that power red.
#[test]
fn a_role_too_wide_breaks_the_line_of_its_power() {
    let template = template();
    let careless = [
        ("Worker", "dynamodb:GetItem", "StateTable", "state"),
        ("Worker", "lambda:InvokeFunction", "McpTwitterWrite", "write-tools"),
        ("Worker", "sqs:SendMessage", "EffectQueue", "effect-queue"),
        ("Worker", "lambda:InvokeFunction", "McpCoinbaseWrite", "write-tools"),
        ("Judge", "lambda:InvokeFunction", "McpImagegen", "pictures"),
        ("McpCoinbaseRead", "dynamodb:PutItem", "WalletTable", "payments"),
        ("Worker", "lambda:InvokeFunction", "McpWeaviateWrite", "write-tools"),
        ("Judge", "lambda:InvokeFunction", "McpWeaviateRead", "memory-asked"),
        ("McpWeaviateRead", "dynamodb:UpdateItem", "MemoryTable", "memories"),
        ("McpWeaviateRead", "secretsmanager:GetSecretValue", "WeaviateKeySecretArn", "memory-key"),
        ("Publisher", "secretsmanager:GetSecretValue", "CoinbaseKeySecretArn", "wallet-key"),
        ("Worker", "secretsmanager:GetSecretValue", "TwitterTable", "other-secrets"),
        (
            "Publisher",
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:secret:McpServerSecrets*",
            "others-tokens",
        ),
        ("Planner", "sqs:SendMessage", "ReviewQueue", "review-queue"),
        ("Perception", "sqs:SendMessage", "PlanQueue", "plan-queue"),
        ("Perception", "lambda:InvokeFunction", "McpCoinbaseRead", "other-read-halves"),
        ("Perception", "lambda:InvokeFunction", "McpTwitterWrite", "write-tools"),
        ("Planner", "sqs:SendMessage", "PerceptionQueue", "perception-queue"),
        ("Publisher", "secretsmanager:GetSecretValue", "GrantSigningKey", "signing-key"),
        ("Api", "states:SendTaskSuccess", "ReviewStateMachine", "workflows"),
        ("Judge", "dynamodb:PutItem", "DecisionsTable", "decisions"),
        ("Api", "dynamodb:UpdateItem", "DecisionsTable", "decisions-stay"),
        ("Auditor", "dynamodb:UpdateItem", "AuditTable", "audit-stays"),
        ("Judge", "dynamodb:PutItem", "AuditTable", "audit"),
        ("Planner", "dynamodb:UpdateItem", "LedgerTable", "money"),
        ("McpTwitterRead", "dynamodb:PutItem", "TwitterTable", "posts"),
    ];
    for (function, action, on, line) in careless {
        let wide = template.widened(&format!("{function}Role"), action, on);
        assert!(
            may(&wide, function).contains(&(action.to_owned(), on.to_owned())),
            "{function} is as before"
        );
        let broken: Vec<&str> = POWERS.iter().filter(|power| !power.is_kept(&wide)).map(|p| p.name).collect();
        assert_eq!(broken, [line], "{function} may {action} on {on}");
    }
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
