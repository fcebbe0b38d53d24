//! A tool that panics costs its own call, and nothing else.

use chimera_mcp::ToolClass;
use chimera_mcp::server::{CallContext, MemoryAnswers, ResourceSpec, Resources, Tool, ToolFault, ToolServer};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::http::{Client, ERAS, Era};
use super::tools::{Echo, Echoed, HandClock, Maker, Next};

#[derive(Debug, Deserialize, JsonSchema)]
struct Nothing {}

/// Panics.
struct Brittle;

impl Tool for Brittle {
    const NAME: &'static str = "break";
    const DESCRIPTION: &'static str = "Breaks.";
    const CLASS: ToolClass = ToolClass::Read;
    type Input = Nothing;
    type Output = Echoed;

    async fn call(&self, _context: &CallContext, _input: Nothing) -> Result<Echoed, ToolFault> {
        std::panic::resume_unwind(Box::new("hunter2"))
    }
}

impl Resources for Brittle {
    fn templates(&self) -> Vec<ResourceSpec> {
        vec![ResourceSpec::new("news://latest", "latest", "Breaks.")]
    }

    async fn read(&self, _context: &CallContext, _uri: &str) -> Result<Value, ToolFault> {
        std::panic::resume_unwind(Box::new("hunter2"))
    }
}

fn world(era: Era) -> (Client, Maker, HandClock) {
    let (maker, clock) = (Maker::new(), HandClock::at(1_000));
    let server = ToolServer::builder("brittle")
        .tool(Brittle)
        .tool(Echo)
        .generate(maker.clone(), MemoryAnswers::default())
        .resources(Brittle)
        .clock(clock.clone());
    (Client::of(server.build().unwrap(), era), maker, clock)
}

/// [T-10]
#[tokio::test(start_paused = true)]
async fn a_call_that_panics_is_answered_and_others_go_on() {
    for era in ERAS {
        let (client, ..) = world(era);
        let error = client.soon(client.error("break", json!({}))).await;
        assert_eq!(error, json!({ "code": -32603, "message": "the tool failed" }));
        assert_eq!(client.answer("say", json!({ "text": "hi" })).await["text"], "hi");
    }
}

/// [T-10]
#[tokio::test(start_paused = true)]
async fn a_reading_that_panics_is_answered() {
    for era in ERAS {
        let (client, ..) = world(era);
        let uri = "news://latest";
        let answer = client.soon(client.ask("resources/read", Some(uri), json!({ "uri": uri }))).await;
        assert_eq!(answer["error"]["code"], -32603, "{answer}");
        assert!(!answer.to_string().contains("hunter2"), "{answer}");
    }
}

/// [T-3] [T-10]
#[tokio::test(start_paused = true)]
async fn what_panics_while_it_makes_something_keeps_its_key_no_longer_than_the_lease() {
    let (client, maker, clock) = world(Era::Modern);
    let wish = json!({ "tenant": "t1", "idempotency_key": "k", "what": "a hat" });
    maker.then(Next::Panic);
    let error = client.soon(client.error("thing_make", wish.clone())).await;
    assert_eq!(error["code"], -32603);
    maker.then(Next::Make);
    assert_eq!(client.code("thing_make", wish.clone()).await, "in_progress");
    clock.pass_ms(120_000);
    assert_eq!(client.answer("thing_make", wish).await["what"], "a hat");
}
