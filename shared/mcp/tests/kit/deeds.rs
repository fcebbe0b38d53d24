//! Effects that go wrong, and grants and keys that are used for something else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chimera_domain::{Currency, Grant, Money, Outcome};
use chimera_mcp::server::{Effect, EffectTool, ToolFault, ToolServer, Upstream};
use serde_json::{Value, json};

use super::common::{grant, sign};
use super::effects::{desk, intent, with_grant};
use super::http::{Client, ERAS, Era};
use super::tools::{Posting, Wall};

/// Goes wrong as its text says, and begins before it gives a future. Clones count together.
#[derive(Debug, Clone, Default)]
struct Deed {
    begun: Arc<AtomicUsize>,
}

impl EffectTool for Deed {
    const NAME: &'static str = "deed";
    const DESCRIPTION: &'static str = "Does it.";
    type Arguments = Posting;

    fn account<'a>(&self, arguments: &'a Posting) -> &'a str {
        &arguments.account
    }

    fn price(&self, _arguments: &Posting) -> Result<Money, ToolFault> {
        Ok(Money::zero(Currency::Usd))
    }

    fn act(&self, _effect: Effect, arguments: Posting) -> impl Future<Output = Upstream> + Send {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let name = if arguments.text == "nameless" { "" } else { "1" };
        let breaks = arguments.text == "break";
        async move {
            if breaks {
                std::panic::resume_unwind(Box::new("hunter2"));
            }
            let cost = Money::zero(Currency::Usd);
            Upstream::Done(Outcome { external_id: name.to_owned(), url: None, cost })
        }
    }
}

fn world(era: Era) -> (Client, Deed, Wall) {
    let (deed, wall) = (Deed::default(), Wall::default());
    let server = ToolServer::builder("deeds").with_desk(desk(500)).effect(deed.clone()).effect(wall.clone());
    (Client::of(server.build().unwrap(), era), deed, wall)
}

/// A call with a grant for `tool`, always under the same key.
fn call(tool: &str, id: &str, text: &str) -> Value {
    let arguments = intent(text);
    with_grant(&arguments, sign(Grant { tool: tool.to_owned(), ..grant(id, &arguments) }))
}

/// [E-2]
#[tokio::test]
async fn nothing_of_an_effect_begins_before_its_grant_is_burnt_or_for_one_that_was() {
    let (client, deed, _) = world(Era::Modern);
    let mut changed = call("deed", "g1", "hello");
    changed["text"] = json!("goodbye");
    assert_eq!(client.code("deed", changed).await, "grant_arguments");
    let check = json!({ "tool": "deed", "arguments": call("deed", "g1", "hello") });
    client.answer("effect_check", check).await;
    assert_eq!(deed.begun.load(Ordering::SeqCst), 0);
    for _ in 0..3 {
        assert_eq!(client.answer("deed", call("deed", "g1", "hello")).await["state"], "done");
    }
    assert_eq!(deed.begun.load(Ordering::SeqCst), 1);
}

/// [E-2] [T-6]
#[tokio::test]
async fn a_key_that_was_used_with_another_tool_does_not_answer_for_this_one() {
    let (client, deed, wall) = world(Era::Modern);
    client.answer("deed", call("deed", "g1", "hello")).await;
    let other = call("post_create", "g2", "hello");
    let check = json!({ "tool": "post_create", "arguments": other });
    assert_eq!(client.code("effect_check", check).await, "idempotency_mismatch");
    assert_eq!(client.code("post_create", other).await, "idempotency_mismatch");
    let another_id = call("post_create", "g1", "hello");
    assert_eq!(client.code("post_create", another_id).await, "idempotency_mismatch");
    assert_eq!((deed.begun.load(Ordering::SeqCst), wall.posted.lock().unwrap().len()), (1, 0));
    // The same tool and arguments under the key are a repetition, whatever the grant.
    assert_eq!(client.answer("deed", call("deed", "g3", "hello")).await["state"], "done");
    assert_eq!(deed.begun.load(Ordering::SeqCst), 1);
}

/// [E-11] [T-1]
#[tokio::test]
async fn an_outcome_without_a_name_is_unknown_and_can_still_be_settled() {
    for era in ERAS {
        let (client, ..) = world(era);
        let call = call("deed", "g1", "nameless");
        assert_eq!(client.answer("deed", call.clone()).await, json!({ "state": "in_flight" }));
        let asked = json!({ "grant": call["grant"] });
        assert_eq!(client.answer("effect_outcome", asked.clone()).await["state"], "in_flight");
        assert_eq!(client.answer("effect_close", asked).await["state"], "void");
    }
}

/// [E-2] [T-10]
#[tokio::test(start_paused = true)]
async fn an_effect_that_panics_is_unknown_and_is_not_done_again() {
    for era in ERAS {
        let (client, deed, _) = world(era);
        let call = call("deed", "g1", "break");
        let error = client.soon(client.error("deed", call.clone())).await;
        assert_eq!(error, json!({ "code": -32603, "message": "the tool failed" }));
        assert_eq!(client.answer("deed", call).await, json!({ "state": "in_flight" }));
        assert_eq!(deed.begun.load(Ordering::SeqCst), 1);
    }
}
