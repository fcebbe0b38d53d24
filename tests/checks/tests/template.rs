//! `template.yaml` against the protocol: queues, streams, timeouts, routes, environment.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use chimera_checks::template::{Template, resource_name};
use chimera_checks::tree;
use chimera_domain::{Envelope, Owned as _, Owner, ReviewMessage};
use regex::Regex;
use serde_json::Value;

const QUEUES: [&str; 6] =
    ["EffectQueue", "PerceptionQueue", "PlanQueue", "ReviewQueue", "TaskQueue", "TaskQueueHigh"];
const SETTINGS: [&str; 2] = ["5", "60"];
const QUEUE: &str = "AWS::SQS::Queue";

fn template() -> Template {
    Template::load().unwrap()
}

fn dead_letters(queue: &str) -> String {
    format!("{queue}DeadLetters")
}

/// Which queues and streams wake which functions.
fn sources(template: &Template, kind: &str, property: &str) -> BTreeSet<(String, String)> {
    let of = |function: &str| -> Vec<String> {
        template.events(function, kind).iter().map(|event| resource_name(&event[property])).collect()
    };
    let functions = template.functions();
    functions.keys().flat_map(|id| of(id).into_iter().map(|source| ((*id).to_owned(), source))).collect()
}

#[test]
fn every_queue_gives_up_after_five_deliveries_and_keeps_dead_letters_for_fourteen_days() {
    let template = template();
    let queues = template.of_type(QUEUE);
    assert_eq!(queues.len(), 2 * QUEUES.len());
    for name in QUEUES {
        let policy = &queues[name]["RedrivePolicy"];
        assert_eq!(policy["maxReceiveCount"], 5, "{name}");
        assert_eq!(resource_name(&policy["deadLetterTargetArn"]), dead_letters(name));
        assert_eq!(queues[dead_letters(name).as_str()]["MessageRetentionPeriod"], 14 * 24 * 60 * 60);
    }
}

#[test]
fn no_source_filters() {
    let text = std::fs::read_to_string(tree::root().join("template.yaml")).unwrap();
    assert!(!text.contains("FilterCriteria"), "a filter deletes what it does not match");
}

#[test]
fn queues_report_partial_failures_in_batches_of_ten() {
    let template = template();
    for function in template.functions().keys() {
        for event in template.events(function, "SQS") {
            assert_eq!(
                event["FunctionResponseTypes"],
                serde_json::json!(["ReportBatchItemFailures"]),
                "{function}"
            );
            assert_eq!(event["BatchSize"], 10, "{function}");
            assert_eq!(event["MaximumBatchingWindowInSeconds"], Value::Null, "{function} would wait");
            assert_eq!(event["ScalingConfig"], Value::Null, "{function}");
        }
    }
}

#[test]
fn streams_fail_whole_batches_and_never_give_up() {
    let template = template();
    for function in template.functions().keys() {
        for event in template.events(function, "DynamoDB") {
            assert_eq!(event["StartingPosition"], "TRIM_HORIZON", "{function}");
            assert_eq!(event["BisectBatchOnFunctionError"], true, "{function}");
            for never in [
                "FunctionResponseTypes",
                "MaximumRetryAttempts",
                "MaximumRecordAgeInSeconds",
                "DestinationConfig",
            ] {
                assert_eq!(event[never], Value::Null, "{function} {never}");
            }
        }
    }
}

#[test]
fn each_queue_and_stream_wakes_its_own_function() {
    let template = template();
    let mut queues: BTreeSet<(String, String)> = [
        ("Planner", "PlanQueue"),
        ("Worker", "TaskQueue"),
        ("Worker", "TaskQueueHigh"),
        ("Judge", "ReviewQueue"),
        ("Publisher", "EffectQueue"),
        ("Perception", "PerceptionQueue"),
    ]
    .map(|(function, queue)| (function.to_owned(), queue.to_owned()))
    .into();
    queues.extend(QUEUES.map(|queue| ("Dispatcher".to_owned(), dead_letters(queue))));
    assert_eq!(sources(&template, "SQS", "Queue"), queues);

    let streams = [
        ("Auditor", "LedgerTable.Stream"),
        ("Auditor", "StateTable.Stream"),
        ("Dispatcher", "StateTable.Stream"),
    ];
    let streams: BTreeSet<_> = streams.map(|(f, stream)| (f.to_owned(), stream.to_owned())).into();
    assert_eq!(sources(&template, "DynamoDB", "Stream"), streams);
    assert_eq!(template.events("Dispatcher", "Schedule")[0]["Schedule"], "rate(1 minute)");
}

#[test]
fn streams_carry_both_images_and_indexes_carry_keys_alone() {
    let template = template();
    let tables = template.of_type("AWS::DynamoDB::Table");
    assert_eq!(tables.len(), 8);
    for name in ["StateTable", "LedgerTable"] {
        assert_eq!(tables[name]["StreamSpecification"]["StreamViewType"], "NEW_AND_OLD_IMAGES");
    }
    let indexes = tables["StateTable"]["GlobalSecondaryIndexes"].as_array().unwrap();
    let names: Vec<_> = indexes.iter().map(|index| index["IndexName"].as_str().unwrap()).collect();
    assert_eq!(names, ["due", "listing"]);
    assert!(indexes.iter().all(|index| index["Projection"]["ProjectionType"] == "KEYS_ONLY"));
    let expiring = tables.iter().filter(|(_, table)| !table["TimeToLiveSpecification"].is_null());
    let expiring: Vec<&str> = expiring.map(|(name, _)| *name).collect();
    assert_eq!(expiring, ["MemoryTable"], "no row that counts expires by itself");
}

#[test]
fn a_message_stays_hidden_for_longer_than_its_handler_may_take() {
    let template = template();
    let queues = template.of_type(QUEUE);
    for (function, queue) in sources(&template, "SQS", "Queue") {
        let hidden =
            template.derived_name(&queues[queue.as_str()]["VisibilityTimeout"], "Visibility").unwrap();
        let timeout =
            template.derived_name(&template.functions()[function.as_str()]["Timeout"], "Timeout").unwrap();
        for setting in SETTINGS {
            let (hidden, timeout) = (
                template.derived("Visibility", setting, hidden),
                template.derived("Timeout", setting, timeout),
            );
            let times = if setting == "60" { 6 } else { 1 };
            assert!(timeout > 0 && hidden >= times * timeout, "{queue} at {setting}: {hidden} for {timeout}");
        }
    }
}

#[test]
fn timeouts_and_leases_follow_from_the_tasks_timeout() {
    let template = template();
    for setting in SETTINGS {
        let timeout = |name: &str| template.derived("Timeout", setting, name);
        assert_eq!(timeout("Worker").to_string(), setting);
        assert_eq!(timeout("Planner"), 5 * timeout("Worker"));
        for server in ["McpNews", "McpWeaviate", "McpImagegen"] {
            assert!(timeout(server) < timeout("Worker"), "a caller outlives what it calls");
        }
        for server in ["McpTwitter", "McpCoinbase", "McpWeaviate", "McpImagegen"] {
            assert!(timeout(server) < timeout("Publisher"), "a caller outlives what it calls");
        }
        for server in ["McpNews", "McpTwitter"] {
            assert!(timeout(server) < timeout("Perception"), "a caller outlives what it calls");
        }
        assert!(timeout("Api") < 30, "the gateway answers by itself after 29 s");
        let lease = template.derived("Lease", setting, "Effect");
        for server in ["McpTwitter", "McpCoinbase", "McpWeaviate"] {
            assert!(lease > timeout("Publisher") + timeout(server), "the lease ends before the call may");
        }
    }
}

#[test]
fn the_template_has_the_routes_of_the_api() {
    let template = template();
    let events = template.events("Api", "Api");
    let found: BTreeSet<(String, String)> = events
        .iter()
        .map(|event| {
            let text = |name: &str| event[name].as_str().unwrap().to_owned();
            (text("Path"), text("Method"))
        })
        .collect();
    let wanted = [
        ("/agents/{id}", "get"),
        ("/agents/{id}", "put"),
        ("/agents/{id}/watch", "get"),
        ("/api/review_queue", "get"),
        ("/audit/{campaign}", "get"),
        ("/campaigns", "get"),
        ("/campaigns", "post"),
        ("/campaigns/{id}", "get"),
        ("/campaigns/{id}/budget", "put"),
        ("/campaigns/{id}/cancel", "post"),
        ("/campaigns/{id}/graph", "get"),
        ("/campaigns/{id}/pause", "post"),
        ("/campaigns/{id}/plan", "get"),
        ("/campaigns/{id}/plan", "put"),
        ("/campaigns/{id}/plan/approve", "post"),
        ("/campaigns/{id}/plan/reject", "post"),
        ("/campaigns/{id}/resume", "post"),
        ("/campaigns/{id}/tasks/{task}/retry", "post"),
        ("/dead-letters", "get"),
        ("/dead-letters/{campaign}/{id}/redrive", "post"),
        ("/effects/{campaign}/{id}/receipt", "get"),
        ("/health", "get"),
        ("/ledger/{campaign}", "get"),
        ("/policy", "get"),
        ("/policy", "put"),
        ("/reviews", "get"),
        ("/reviews/{campaign}/{id}", "get"),
        ("/reviews/{campaign}/{id}/decision", "post"),
        ("/reviews/{campaign}/{id}/receipt", "get"),
        ("/tasks/{campaign}/{id}/receipt", "get"),
    ];
    assert_eq!(found, wanted.map(|(path, method)| (path.to_owned(), method.to_owned())).into());
    assert_eq!(events.len(), found.len(), "no route twice");
}

#[test]
fn the_api_serves_exactly_the_templates_paths() {
    let template = template();
    let source = std::fs::read_to_string(tree::root().join("functions/api/src/routes.rs")).unwrap();
    let route = Regex::new(r#"\.route\(\s*"([^"]+)""#).unwrap();
    let served: BTreeSet<&str> =
        route.captures_iter(&source).map(|found| found.get(1).unwrap().as_str()).collect();
    let events = template.events("Api", "Api");
    let granted: BTreeSet<&str> = events.iter().map(|event| event["Path"].as_str().unwrap()).collect();
    assert_eq!(served, granted);
}

fn environment<'a>(template: &'a Template, function: &str) -> BTreeSet<&'a str> {
    let own = template.at(&format!("/Resources/{function}/Properties/Environment/Variables"));
    own.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn each_function_is_told_what_it_needs_and_no_more() {
    let template = template();
    let queues = "EFFECT_QUEUE_URL PERCEPTION_QUEUE_URL PLAN_QUEUE_URL REVIEW_QUEUE_URL TASK_QUEUE_HIGH_URL \
                  TASK_QUEUE_URL";
    let dispatcher = format!("REVIEW_STATE_MACHINE_ARN STATE_TABLE TASK_VISIBILITY_SECONDS {queues}");
    let coinbase = "COINBASE_BACKEND COINBASE_FAULTS COINBASE_HALF COINBASE_KEY_SECRET COINBASE_MAINNET \
                    COINBASE_NETWORK COINBASE_OPENING_BALANCE WALLET_TABLE";
    let model = "MODEL_BACKEND MODEL_GUARDRAIL MODEL_ID MODEL_PRICES MODEL_TIMEOUT_SECONDS";
    let planner = format!("{model} MODEL_ASK_LIMIT_CENTS STATE_TABLE");
    let weaviate =
        "MEMORY_TABLE WEAVIATE_BACKEND WEAVIATE_FAULTS WEAVIATE_HALF WEAVIATE_KEY_SECRET WEAVIATE_URL";
    let weaviate_write = format!("{weaviate} GRANT_PUBLIC_KEYS MCP_DRY_RUN");
    let coinbase_write = format!("{coinbase} GRANT_PUBLIC_KEYS MCP_DRY_RUN");
    let wanted = BTreeMap::from([
        (
            "Api",
            "AUDIT_TABLE DECISIONS_TABLE LEDGER_TABLE OIDC_AUDIENCE OIDC_ISSUER OIDC_JWKS OPERATOR_TENANT STATE_TABLE",
        ),
        ("Auditor", "AUDIT_TABLE LEDGER_TABLE STATE_TABLE"),
        ("Dispatcher", dispatcher.as_str()),
        ("Escalation", "STATE_TABLE"),
        ("Judge", "DECISIONS_TABLE GRANT_SIGNING_KEY_SECRET LEDGER_TABLE STATE_TABLE"),
        ("McpCoinbaseRead", coinbase),
        ("McpCoinbaseWrite", coinbase_write.as_str()),
        ("McpImagegen", "IMAGEGEN_BACKEND IMAGEGEN_FAULTS IMAGEGEN_MODEL IMAGEGEN_PRICES IMAGE_TABLE"),
        ("McpNews", "NEWS_ALLOW_PRIVATE NEWS_BACKEND NEWS_SOURCES SANDBOX_SPEED"),
        (
            "McpTwitterRead",
            "SANDBOX_SPEED TWITTER_BACKEND TWITTER_HALF TWITTER_TABLE TWITTER_TOKEN_RENEWAL TWITTER_TOKEN_SECRET",
        ),
        (
            "McpTwitterWrite",
            "GRANT_PUBLIC_KEYS MCP_DRY_RUN TWITTER_BACKEND TWITTER_FAULTS TWITTER_HALF TWITTER_TABLE \
             TWITTER_TOKEN_RENEWAL TWITTER_TOKEN_SECRET",
        ),
        ("McpWeaviateRead", weaviate),
        ("McpWeaviateWrite", weaviate_write.as_str()),
        ("Perception", "MCP_NEWS_FUNCTION MCP_PINS MCP_TWITTER_READ_FUNCTION PERCEPTION_SECONDS STATE_TABLE"),
        ("Planner", planner.as_str()),
        (
            "Publisher",
            "DECISIONS_TABLE EFFECT_LEASE_SECONDS LEDGER_TABLE MCP_COINBASE_READ_FUNCTION \
             MCP_COINBASE_WRITE_FUNCTION MCP_IMAGEGEN_FUNCTION MCP_PINS MCP_TWITTER_READ_FUNCTION \
             MCP_TWITTER_WRITE_FUNCTION MCP_WEAVIATE_READ_FUNCTION MCP_WEAVIATE_WRITE_FUNCTION READ_BACK_SECONDS STATE_TABLE",
        ),
        (
            "Worker",
            "MCP_COINBASE_READ_FUNCTION MCP_IMAGEGEN_FUNCTION MCP_NEWS_FUNCTION MCP_PINS MCP_SERVERS \
             MCP_TWITTER_READ_FUNCTION MCP_WEAVIATE_READ_FUNCTION MODEL_BACKEND MODEL_GUARDRAIL MODEL_ID MODEL_PRICES \
             MODEL_TIMEOUT_SECONDS REVIEW_QUEUE_URL",
        ),
    ]);
    assert_eq!(
        template.functions().into_keys().collect::<Vec<_>>(),
        wanted.keys().copied().collect::<Vec<_>>()
    );
    for (function, names) in wanted {
        let names: BTreeSet<&str> = names.split(' ').collect();
        assert_eq!(environment(&template, function), names, "{function}");
    }
}

#[test]
fn a_function_reads_no_variable_that_the_template_does_not_set() {
    let template = template();
    let name = Regex::new(r#""([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)""#).unwrap();
    let common = template.at("/Globals/Function/Environment/Variables").as_object().unwrap();
    for function in template.functions().keys() {
        let folder = template.at(&format!("/Resources/{function}/Properties/CodeUri")).as_str().unwrap();
        let main = std::fs::read_to_string(tree::root().join(folder).join("src/main.rs")).unwrap();
        let set = environment(&template, function);
        // The two halves of a server share their main, which asks for the keys in one half alone.
        let halves = environment(&template, &function.replace("Read", "Write"));
        for found in name.captures_iter(&main) {
            let name = found.get(1).unwrap().as_str();
            let is_set = set.contains(name) || halves.contains(name) || common.contains_key(name);
            assert!(is_set, "{function} reads {name}");
        }
    }
}

#[test]
fn every_function_is_built_from_its_folder_and_keeps_its_own_logs() {
    let template = template();
    let groups = template.of_type("AWS::Logs::LogGroup");
    for (id, function) in template.functions() {
        let binary =
            template.at(&format!("/Resources/{id}/Metadata/BuildProperties/Binary")).as_str().unwrap();
        assert_eq!(function["CodeUri"], format!("functions/{binary}/"), "{id}");
        assert_eq!(function["Role"]["Fn::GetAtt"], serde_json::json!([format!("{id}Role"), "Arn"]));
        let group = function["LoggingConfig"]["LogGroup"]["Ref"].as_str().unwrap();
        assert_eq!(group, format!("{id}Logs"));
        assert_eq!(groups[group]["RetentionInDays"]["Ref"], "LogRetentionDays");
    }
}

#[test]
fn a_person_is_told_of_dead_letters_and_of_a_lagging_stream() {
    let template = template();
    let alarms = template.of_type("AWS::CloudWatch::Alarm");
    for queue in QUEUES {
        let alarm = alarms[format!("{queue}DeadLettersAlarm").as_str()];
        assert_eq!(alarm["Threshold"], 1);
        assert_eq!(alarm["Dimensions"][0]["Value"]["Fn::GetAtt"][0], dead_letters(queue));
    }
    for function in ["Auditor", "Dispatcher"] {
        let alarm = alarms[format!("{function}LagsAlarm").as_str()];
        assert_eq!(alarm["MetricName"], "IteratorAge");
        assert_eq!(alarm["Dimensions"][0]["Value"]["Ref"], function);
    }
}

fn workflow(template: &Template) -> Value {
    let text =
        template.at("/Resources/ReviewStateMachine/Properties/DefinitionString/Fn::Sub").as_str().unwrap();
    let backstop = template.at("/Parameters/ReviewBackstopSeconds/Default").to_string();
    serde_json::from_str(&text.replace("${ReviewBackstopSeconds}", &backstop)).unwrap()
}

#[test]
fn the_review_workflow_waits_with_a_static_backstop_beyond_the_longest_rung() {
    let workflow = workflow(&template());
    let ask = &workflow["States"]["AskHuman"];
    assert_eq!(workflow["StartAt"], "AskHuman");
    assert!(ask["Resource"].as_str().unwrap().ends_with(":lambda:invoke.waitForTaskToken"));
    assert!(ask["TimeoutSeconds"].as_u64().unwrap() > 30 * 24 * 60 * 60);
    for second_opinion in ["TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath"] {
        assert_eq!(ask[second_opinion], Value::Null);
    }
    assert_eq!(ask["Catch"][0]["ErrorEquals"][0], "States.ALL");
    assert_eq!(
        (&ask["Catch"][0]["Next"], &ask["Next"]),
        (&Value::from("WakeJudge"), &Value::from("WakeJudge"))
    );
    let keys: Vec<_> = ask["Parameters"]["Payload"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["campaign.$", "review.$", "rung.$", "start.$", "tenant.$", "token.$"]);
    assert_eq!(workflow["States"].as_object().unwrap().len(), 2, "a review costs at most three transitions");
}

/// [A-9]
#[test]
fn nobody_sees_what_is_nobodys_unless_the_stack_names_who() {
    let template = template();
    assert_eq!(template.at("/Parameters/OperatorTenant/Default"), "");
    let variable = template.at("/Resources/Api/Properties/Environment/Variables/OPERATOR_TENANT");
    assert_eq!(variable["Ref"], "OperatorTenant");
}

/// [Q-4]
#[test]
fn the_review_workflow_wakes_the_judge_with_a_message_it_reads() {
    let workflow = workflow(&template());
    let body = &workflow["States"]["WakeJudge"]["Parameters"]["MessageBody"];
    let text = body.to_string().replace(".$\"", "\"").replace("\"$.", "\"");
    let message: Envelope<ReviewMessage> = serde_json::from_str(&text).unwrap();
    assert_eq!(message.body.owner().to_string(), "tenant/campaign");
    let owner = &workflow["States"]["WakeJudge"]["Parameters"]["MessageAttributes"][Owner::ATTRIBUTE];
    assert_eq!(owner["DataType"], "String");
    assert_eq!(owner["StringValue.$"], "States.Format('{}/{}', $.tenant, $.campaign)");
    assert!(matches!(
        message.body,
        ReviewMessage::Review { tenant, campaign, review }
            if (tenant.as_str(), campaign.as_str(), review.as_str()) == ("tenant", "campaign", "review")
    ));
}
