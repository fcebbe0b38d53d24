//! What the platform shows of an effect whose outcome nobody told.

use chimera_domain::{
    Effect, Outcome, Timestamp,
    ports::{Clock, Ids, ReadTools, ToolError, WriteTools},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Publisher, Store};

/// Posts looked at when reading a platform back.
const LOOK_BACK: u32 = 100;

/// How the effect shows on its platform once it has happened.
#[derive(Debug, PartialEq, Eq)]
enum Trace<'a> {
    /// A post with this text, to this post where it is a reply.
    Post { text: &'a str, in_reply_to: Option<&'a str> },
    /// This post is not there any more.
    Gap { post_id: &'a str },
}

impl<S: Store, W: WriteTools, R: ReadTools, C: Clock, I: Ids> Publisher<S, W, R, C, I> {
    /// Looks for what the effect would have left behind; none where it has not happened so far.
    pub(crate) async fn find(&self, effect: &Effect) -> Result<Option<Outcome>, ToolError> {
        let Some(trace) = trace(effect) else { return Ok(None) };
        let mut arguments = json!({ "tenant": effect.tenant, "account": effect.agent, "limit": LOOK_BACK });
        match &trace {
            Trace::Post { text, .. } => arguments["text"] = json!(text),
            Trace::Gap { post_id } => arguments["post_id"] = json!(post_id),
        }
        let answer =
            self.reads.call(&effect.intent.server, "posts_search", arguments, self.timing.call).await?;
        let Some(posts) = answer.get("posts").and_then(Value::as_array) else {
            return Err(ToolError::Unknown("posts_search: the answer has no posts".to_owned()));
        };
        Ok(found(effect, &trace, posts))
    }
}

fn trace(effect: &Effect) -> Option<Trace<'_>> {
    let intent = &effect.intent;
    match intent.tool.as_str() {
        "post_delete" => {
            let post_id = intent.arguments.get("post_id").and_then(Value::as_str)?;
            Some(Trace::Gap { post_id })
        }
        _ => Some(Trace::Post { text: intent.text()?, in_reply_to: intent.in_reply_to() }),
    }
}

/// [E-9] [E-10] What came of the effect, as far as these posts show it.
fn found(effect: &Effect, trace: &Trace<'_>, posts: &[Value]) -> Option<Outcome> {
    match trace {
        Trace::Gap { post_id } => {
            let is_there = posts.iter().any(|post| text(post, "post_id") == Some(*post_id));
            let gone = Outcome { external_id: (*post_id).to_owned(), url: None, cost: effect.max_cost };
            (!is_there).then_some(gone)
        }
        Trace::Post { text: said, in_reply_to } => {
            let says_it = |post: &&Value| {
                text(post, "text") == Some(*said) && text(post, "in_reply_to") == *in_reply_to
            };
            let post = posts.iter().filter(says_it).find(|post| is_of(effect, post))?;
            let external_id = text(post, "post_id").filter(|id| !id.is_empty())?.to_owned();
            let url = text(post, "url").map(str::to_owned);
            Some(Outcome { external_id, url, cost: effect.max_cost })
        }
    }
}

/// Whether the effect can have made the post: under its own key, or where the platform tells no key, since its approval.
/// An older post that says the same is another's outcome.
fn is_of(effect: &Effect, post: &Value) -> bool {
    match text(post, "idempotency_key") {
        Some(key) => key.parse::<Uuid>().is_ok_and(|key| key == effect.idempotency_key),
        None => {
            let made_at = text(post, "created_at").and_then(|at| at.parse::<Timestamp>().ok());
            // Platforms tell whole seconds.
            made_at.is_some_and(|made_at| made_at.as_second() >= effect.approved_at.as_second())
        }
    }
}

fn text<'a>(post: &'a Value, name: &str) -> Option<&'a str> {
    post.get(name).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

    /// An effect with this intent, approved at nine.
    fn effect(tool: &str, arguments: &Value) -> Effect {
        let money = json!({ "minor": 20, "currency": "USD" });
        let digest = chimera_domain::Digest::of_json(arguments);
        let grant = json!({
            "id": "g1", "key": "k1", "tenant": "acme", "agent": "mira", "campaign": "c1", "effect": "w1-e1", "audience": "twitter@s",
            "tool": tool, "arguments": digest, "max_cost": money, "policy_version": 0,
            "expires_at": "2026-03-02T09:15:00Z",
        });
        let row = json!({
            "tenant": "acme", "campaign": "c-1", "id": "w1-e1", "agent": "mira", "task": "w1", "attempt": 1,
            "status": "unconfirmed",
            "intent": { "server": "twitter", "tool": tool, "arguments": arguments, "cites": null },
            "digest": digest, "grant": { "grant": grant, "signature": "" }, "idempotency_key": KEY, "flags": [],
            "reservation": { "number": 1, "amount": money, "day": "2026-03-02", "buckets": [] },
            "unique": [], "rejudged": 0, "read_backs": 0, "unsent": 0,
            "approved_at": "2026-03-02T09:00:00.500Z", "max_cost": money, "history_day": "2026-03-02",
        });
        serde_json::from_value(row).unwrap()
    }

    fn finding(effect: &Effect, posts: &[Value]) -> Option<String> {
        found(effect, &trace(effect).unwrap(), posts).map(|outcome| outcome.external_id)
    }

    fn reply() -> Effect {
        let arguments =
            json!({ "account": "mira", "text": "thank you", "made_with_ai": true, "in_reply_to": "m1" });
        effect("post_reply", &arguments)
    }

    /// [E-10]
    #[test]
    fn a_reply_is_the_same_words_to_the_same_post() {
        let post = |id: &str, to: Option<&str>| json!({ "post_id": id, "text": "thank you", "in_reply_to": to, "idempotency_key": KEY });
        let (other, plain, own) = (post("1", Some("m2")), post("2", None), post("3", Some("m1")));
        assert_eq!(finding(&reply(), &[other.clone(), plain.clone()]), None);
        assert_eq!(finding(&reply(), &[other, plain, own]).as_deref(), Some("3"));
    }

    /// [E-10]
    #[test]
    fn another_key_or_an_older_post_is_another_outcome() {
        let base = json!({ "post_id": "1", "text": "thank you", "in_reply_to": "m1" });
        let with = |name: &str, value: &str| {
            let mut post = base.clone();
            post[name] = json!(value);
            post
        };
        assert_eq!(
            finding(&reply(), std::slice::from_ref(&base)),
            None,
            "neither key nor time: nobody knows"
        );
        assert_eq!(
            finding(&reply(), &[with("idempotency_key", "0f8fad5b-d9cb-469f-a165-70867728950e")]),
            None
        );
        assert_eq!(finding(&reply(), &[with("created_at", "2026-03-02T08:59:59Z")]), None);
        let since = with("created_at", "2026-03-02T09:00:00Z");
        assert_eq!(finding(&reply(), &[since]).as_deref(), Some("1"), "platforms tell whole seconds");
    }

    /// [E-9] [E-10]
    #[test]
    fn a_deletion_shows_as_a_gap() {
        let undo = effect("post_delete", &json!({ "account": "mira", "post_id": "17" }));
        assert_eq!(finding(&undo, &[json!({ "post_id": "17", "text": "still there" })]), None);
        assert_eq!(finding(&undo, &[]).as_deref(), Some("17"));
    }
}
