//! Arguments and answers are what their schemas say.

use chimera_mcp::server::ToolServer;
use serde_json::{Value, json};

use super::http::{Client, ERAS, Era, TRACEPARENT};
use super::tools::{Echo, Maker, Wall};

fn echo(era: Era) -> Client {
    Client::of(ToolServer::builder("echo").tool(Echo).build().unwrap(), era)
}

/// [T-1]
#[tokio::test]
async fn arguments_that_do_not_fit_the_declared_schema_are_refused() {
    for era in ERAS {
        let client = echo(era);
        let good = client.answer("say", json!({ "text": "grüße 🦀", "place": "there" })).await;
        assert_eq!(good, json!({ "text": "grüße 🦀", "place": "there" }));
        for wrong in [
            json!({}),
            json!({ "text": 1 }),
            json!({ "text": "" }),
            json!({ "text": "x".repeat(281) }),
            json!({ "text": "hi", "more": 1 }),
            json!({ "text": "hi", "place": "elsewhere" }),
        ] {
            let refusal = client.refusal("say", wrong.clone()).await;
            assert_eq!(
                (&refusal["code"], &refusal["retryable"]),
                (&json!("invalid_input"), &json!(false)),
                "{wrong}"
            );
        }
    }
}

/// [T-1]
#[tokio::test]
async fn a_refusal_of_arguments_says_where_and_not_what() {
    let refusal = echo(Era::Modern).refusal("say", json!({ "text": { "password": "hunter2" } })).await;
    let message = refusal["message"].as_str().unwrap();
    assert!(message.contains("/text") && !message.contains("hunter2"), "{message}");
}

/// [T-1]
#[tokio::test]
async fn a_refusal_of_arguments_does_not_give_a_long_call_back() {
    let mut call = json!({ "text": "hi" });
    for number in 0..3 {
        call[format!("{}{number}", "x".repeat(100_000))] = json!(1);
    }
    let refusal = echo(Era::Modern).refusal("say", call).await;
    assert!(refusal["message"].as_str().unwrap().len() < 1_000, "{refusal}");
}

/// [T-1]
#[tokio::test]
async fn an_answer_that_breaks_its_schema_is_never_given() {
    for era in ERAS {
        let error = echo(era).error("say", json!({ "text": "hi", "how": "wrongly" })).await;
        assert_eq!((&error["code"], &error["message"]), (&json!(-32603), &json!("the tool failed")));
    }
}

#[tokio::test]
async fn a_failure_tells_the_caller_nothing_of_its_cause() {
    for era in ERAS {
        let error = echo(era).error("say", json!({ "text": "hi", "how": "lost" })).await;
        assert_eq!(error, json!({ "code": -32603, "message": "the tool failed" }));
        let refused = echo(era).refusal("say", json!({ "text": "hi", "how": "never" })).await;
        assert_eq!(refused, json!({ "code": "policy_violation", "message": "no", "retryable": false }));
    }
}

/// [T-2]
#[tokio::test]
async fn a_tool_that_is_not_offered_is_a_wrong_request() {
    for era in ERAS {
        let error = echo(era).error("shout", json!({ "text": "hi" })).await;
        assert_eq!((&error["code"], &error["message"]), (&json!(-32602), &json!("unknown tool: shout")));
    }
    let error = echo(Era::Modern).error(&"x".repeat(5_000), json!({})).await;
    assert!(error["message"].as_str().unwrap().len() < 1_000, "{error}");
}

/// [T-1]
#[tokio::test]
async fn a_declared_schema_is_whole_in_itself_and_describes_every_field() {
    let client = echo(Era::Modern);
    let declared = client.declared("say").await;
    let input = &declared["inputSchema"];
    assert_eq!(input["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!((&input["type"], &input["additionalProperties"]), (&json!("object"), &json!(false)));
    assert_eq!(input["properties"]["text"]["description"], "What to say.");
    assert_eq!(input["required"], json!(["text"]));
    assert_eq!(declared["outputSchema"]["required"], json!(["text"]));
    for schema in [input, &declared["outputSchema"]] {
        assert!(!schema.to_string().contains("$ref"), "{schema}");
        assert_eq!(schema.get("title"), None);
    }
    assert_eq!(declared["annotations"]["readOnlyHint"], true);
}

#[tokio::test]
async fn lists_are_in_order_and_may_be_kept() {
    let server = ToolServer::builder("all")
        .tool(Echo)
        .generate(Maker::new(), chimera_mcp::server::MemoryAnswers::default())
        .with_desk(super::effects::desk(500))
        .effect(Wall::default())
        .build()
        .unwrap();
    let list = Client::of(server, Era::Modern).ask("tools/list", None, json!({})).await;
    let names: Vec<&str> = list["result"]["tools"].as_array().unwrap().iter().map(name_of).collect();
    assert_eq!(
        names,
        ["effect_check", "effect_close", "effect_outcome", "effect_void", "post_create", "say", "thing_make"]
    );
    assert_eq!((&list["result"]["ttlMs"], &list["result"]["cacheScope"]), (&json!(60_000), &json!("public")));
}

fn name_of(tool: &Value) -> &str {
    tool["name"].as_str().unwrap()
}

/// [T-9]
#[tokio::test]
async fn a_call_knows_the_trace_it_belongs_to() {
    for era in ERAS {
        let traced = echo(era).traced(TRACEPARENT).answer("say", json!({ "text": "hi" })).await;
        assert_eq!(traced, json!({ "text": "hi", "traceparent": TRACEPARENT }));
        let odd = echo(era).traced("00-zz\nx").answer("say", json!({ "text": "hi" })).await;
        assert_eq!(odd, json!({ "text": "hi" }), "what is no trace context is none");
    }
}

#[tokio::test]
async fn the_server_says_that_it_is_well_and_which_one_it_is() {
    let request = axum::http::Request::get("/health").header("host", "localhost");
    let (status, body) = echo(Era::Modern).send(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!((status.as_u16(), body), (200, json!({ "server": "echo", "status": "ok" })));
}
