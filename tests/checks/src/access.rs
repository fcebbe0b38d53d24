//! Who may do what, as `template.yaml` grants it: powers that these alone may hold.

use std::collections::BTreeSet;

use crate::template::{Permission, Template};

/// A power, and who alone holds it.
pub struct Power {
    /// Its short stable name.
    pub name: &'static str,
    /// Whether an action on a resource is it.
    is_it: fn(&str, &str) -> bool,
    /// The functions that hold it, in order; empty where nobody may.
    pub held_by: &'static [&'static str],
}

/// The functions that have a role, and the state machine.
#[must_use]
pub fn roles(template: &Template) -> Vec<String> {
    template.of_type("AWS::IAM::Role").into_keys().map(|id| id.trim_end_matches("Role").to_owned()).collect()
}

/// Everything a function may do, without its own logs.
#[must_use]
pub fn may(template: &Template, function: &str) -> BTreeSet<Permission> {
    let mut all = template.permissions(&format!("{function}Role"));
    all.retain(|(action, resource)| !(action.starts_with("logs:") && *resource == format!("{function}Logs")));
    all
}

impl Power {
    /// Who holds it.
    #[must_use]
    pub fn holders(&self, template: &Template) -> Vec<String> {
        let holds =
            |function: &String| may(template, function).iter().any(|(action, on)| (self.is_it)(action, on));
        roles(template).into_iter().filter(holds).collect()
    }

    /// Whether these alone hold it.
    #[must_use]
    pub fn is_kept(&self, template: &Template) -> bool {
        self.holders(template) == self.held_by
    }
}

fn is_change(action: &str) -> bool {
    let verb = action.split(':').nth(1).unwrap_or_default();
    ["Update", "Delete", "BatchWrite", "PartiQL", "Put"].iter().any(|start| verb.starts_with(start))
}

fn invokes(action: &str) -> bool {
    action.starts_with("lambda:")
}

fn sends(action: &str) -> bool {
    action.starts_with("sqs:SendMessage")
}

fn is_secret(action: &str) -> bool {
    action.starts_with("secretsmanager:")
}

fn is_row(action: &str) -> bool {
    action.starts_with("dynamodb:")
}

const fn power(name: &'static str, held_by: &'static [&'static str], is_it: fn(&str, &str) -> bool) -> Power {
    Power { name, is_it, held_by }
}

/// [F-4] [P-8] Every power that matters. No permission is part of two, so that one role too wide breaks one line.
pub const POWERS: &[Power] = &[
    power("signing-key", &["Judge"], |action, on| is_secret(action) && on == "GrantSigningKey"),
    power("wallet-key", &["McpCoinbaseWrite"], |action, on| {
        is_secret(action) && on == "CoinbaseKeySecretArn"
    }),
    power("wallet-view-key", &["McpCoinbaseRead"], |action, on| {
        is_secret(action) && on == "CoinbaseViewKeySecretArn"
    }),
    power("memory-key", &["McpWeaviateWrite"], |action, on| {
        is_secret(action) && on == "WeaviateKeySecretArn"
    }),
    power("memory-view-key", &["McpWeaviateRead"], |action, on| {
        is_secret(action) && on == "WeaviateViewKeySecretArn"
    }),
    power("account-tokens", &["McpTwitterRead", "McpTwitterWrite"], |action, on| {
        is_secret(action) && on.ends_with(":secret:TwitterTokenSecret*")
    }),
    power("others-tokens", &["Worker"], |action, on| {
        is_secret(action) && on.ends_with(":secret:McpServerSecrets*")
    }),
    power("other-secrets", &[], |action, on| {
        let known = [
            "GrantSigningKey",
            "CoinbaseKeySecretArn",
            "CoinbaseViewKeySecretArn",
            "WeaviateKeySecretArn",
            "WeaviateViewKeySecretArn",
        ];
        let prefixes = [":secret:TwitterTokenSecret*", ":secret:McpServerSecrets*"];
        is_secret(action) && !known.contains(&on) && !prefixes.iter().any(|prefix| on.ends_with(prefix))
    }),
    power("write-tools", &["Publisher"], |action, on| invokes(action) && on.ends_with("Write")),
    power("posts-seen", &["Perception", "Publisher", "Worker"], |action, on| {
        invokes(action) && on == "McpTwitterRead"
    }),
    power("other-read-halves", &["Publisher", "Worker"], |action, on| {
        invokes(action) && on.ends_with("Read") && !["McpTwitterRead", "McpWeaviateRead"].contains(&on)
    }),
    power("memory-asked", &["Publisher", "Worker"], |action, on| invokes(action) && on == "McpWeaviateRead"),
    power("pictures", &["Publisher", "Worker"], |action, on| invokes(action) && on == "McpImagegen"),
    power("news", &["Perception", "Worker"], |action, on| invokes(action) && on == "McpNews"),
    power("notices", &["ReviewStateMachine"], |action, on| invokes(action) && on == "Escalation"),
    power("workflows", &["Dispatcher"], |action, _| action.starts_with("states:")),
    power("plan-queue", &["Dispatcher"], |action, on| sends(action) && on == "PlanQueue"),
    power("task-queue", &["Dispatcher"], |action, on| sends(action) && on == "TaskQueue"),
    power("task-queue-high", &["Dispatcher"], |action, on| sends(action) && on == "TaskQueueHigh"),
    power("effect-queue", &["Dispatcher"], |action, on| sends(action) && on == "EffectQueue"),
    power("perception-queue", &["Dispatcher"], |action, on| sends(action) && on == "PerceptionQueue"),
    power("review-queue", &["Dispatcher", "ReviewStateMachine", "Worker"], |action, on| {
        sends(action) && on == "ReviewQueue"
    }),
    power(
        "state",
        &["Api", "Dispatcher", "Escalation", "Judge", "Perception", "Planner", "Publisher"],
        |action, on| is_row(action) && on == "StateTable",
    ),
    power("money", &["Judge", "Publisher"], |action, on| is_change(action) && on == "LedgerTable"),
    power("decisions", &["Api"], |action, on| action == "dynamodb:PutItem" && on == "DecisionsTable"),
    power("decisions-stay", &[], |action, on| {
        is_change(action) && action != "dynamodb:PutItem" && on == "DecisionsTable"
    }),
    power("audit", &["Auditor"], |action, on| action == "dynamodb:PutItem" && on == "AuditTable"),
    power("audit-stays", &[], |action, on| {
        is_change(action) && action != "dynamodb:PutItem" && on == "AuditTable"
    }),
    power("payments", &["McpCoinbaseWrite"], |action, on| is_change(action) && on == "WalletTable"),
    power("payments-read", &["McpCoinbaseRead", "McpCoinbaseWrite"], |action, on| {
        is_row(action) && !is_change(action) && on.starts_with("WalletTable")
    }),
    power("memories", &["McpWeaviateWrite"], |action, on| is_change(action) && on == "MemoryTable"),
    power("memories-read", &["McpWeaviateRead", "McpWeaviateWrite"], |action, on| {
        is_row(action) && !is_change(action) && on.starts_with("MemoryTable")
    }),
    power("images", &["McpImagegen"], |action, on| is_row(action) && on == "ImageTable"),
    power("posts", &["McpTwitterWrite"], |action, on| is_change(action) && on == "TwitterTable"),
    power("posts-read", &["McpTwitterRead", "McpTwitterWrite"], |action, on| {
        is_row(action) && !is_change(action) && on.starts_with("TwitterTable")
    }),
];
