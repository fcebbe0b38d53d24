//! What the platform shows of an effect whose outcome nobody told.

use chimera_domain::{
    Effect, Money, Outcome, ProposedMemory, Refusal, Timestamp,
    ports::{Clock, Ids, ReadTools, ToolError, WriteTools},
};
use chimera_policy::refusals::PlatformRefusal;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Publisher, Store};

/// Posts looked at when reading a platform back.
const LOOK_BACK: u32 = 100;

/// What the platform shows of an effect by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It happened.
    There(Outcome),
    /// It was taken and is under way: it may still happen, and may still fail.
    UnderWay,
    /// It was taken and has failed: it did not happen and will not.
    Failed(Refusal),
    /// Nothing, so far.
    Nothing,
    /// Nothing yet, and its call may still be under way: the next look tells more.
    TooEarly,
}

/// How the effect shows once it has happened. Each server is read back in its own way.
#[derive(Debug, PartialEq, Eq)]
enum Trace<'a> {
    /// A post with this text, to this post where it is a reply.
    Post { text: &'a str, in_reply_to: Option<&'a str> },
    /// This post is not there any more.
    Gap { post_id: &'a str },
    /// The wallet knows its key.
    Deed,
    /// The agent remembers these, each under its key.
    Kept { memories: Vec<ProposedMemory> },
}

impl<S: Store, W: WriteTools, R: ReadTools, C: Clock, I: Ids> Publisher<S, W, R, C, I> {
    /// Looks for what the effect would have left behind.
    pub(crate) async fn find(&self, effect: &Effect) -> Result<Seen, ToolError> {
        let Some(trace) = trace(effect) else { return Ok(Seen::Nothing) };
        let (tool, arguments) = question(effect, &trace);
        let answer = self.reads.call(&effect.intent.server, tool, arguments, self.timing.call).await?;
        match &trace {
            Trace::Deed => Ok(deed(effect, &answer)),
            Trace::Kept { memories } => Ok(kept(effect, memories, &answer, self.clock.now())),
            Trace::Post { .. } | Trace::Gap { .. } => {
                let Some(posts) = answer.get("posts").and_then(Value::as_array) else {
                    return Err(ToolError::Unknown(format!("{tool}: the answer has no posts")));
                };
                Ok(found(effect, &trace, posts).map_or(Seen::Nothing, Seen::There))
            }
        }
    }
}

fn trace(effect: &Effect) -> Option<Trace<'_>> {
    let intent = &effect.intent;
    if intent.is_of_memory() {
        return Some(Trace::Kept { memories: intent.memories()? });
    }
    match (intent.server.as_str(), intent.tool.as_str()) {
        ("coinbase", _) => Some(Trace::Deed),
        (_, "post_delete") => {
            let post_id = intent.arguments.get("post_id").and_then(Value::as_str)?;
            Some(Trace::Gap { post_id })
        }
        _ => Some(Trace::Post { text: intent.text()?, in_reply_to: intent.in_reply_to() }),
    }
}

/// The read tool that shows the trace, and what it is asked.
fn question(effect: &Effect, trace: &Trace<'_>) -> (&'static str, Value) {
    let mut account = json!({ "tenant": effect.tenant, "account": effect.agent, "limit": LOOK_BACK });
    match trace {
        Trace::Deed => {
            let (tenant, agent, key) = (&effect.tenant, &effect.agent, effect.idempotency_key);
            return ("transfer_get", json!({ "tenant": tenant, "agent": agent, "idempotency_key": key }));
        }
        Trace::Kept { memories } => {
            let (tenant, agent) = (&effect.tenant, &effect.agent);
            let keys: Vec<&str> = memories.iter().map(|memory| memory.key.as_str()).collect();
            return ("memories_get", json!({ "tenant": tenant, "agent": agent, "keys": keys }));
        }
        Trace::Post { text, .. } => account["text"] = json!(text),
        Trace::Gap { post_id } => account["post_id"] = json!(post_id),
    }
    ("posts_search", account)
}

/// [E-10] [WA-8] What the wallet says of the effect's own payment: only what is complete has happened.
fn deed(effect: &Effect, answer: &Value) -> Seen {
    let Some(deed) = answer.get("transfer").filter(|deed| is_own(effect, deed)) else {
        return Seen::Nothing;
    };
    match text(deed, "status") {
        Some("completed") => made(effect, deed).map_or(Seen::Nothing, Seen::There),
        Some("processing") => Seen::UnderWay,
        Some("failed") => {
            let why = text(deed, "failure").unwrap_or("the wallet says that it failed");
            Seen::Failed(PlatformRefusal::TransferFailed.refusal(why))
        }
        _ => Seen::Nothing,
    }
}

/// [E-10] [E-14] What the agent remembers of the effect's memories. They have happened once all of them are there, whoever
/// kept them. What is not there once the call's lease is over will not come by itself, and keeping it again keeps it once.
fn kept(effect: &Effect, memories: &[ProposedMemory], answer: &Value, now: Timestamp) -> Seen {
    let found = answer.get("memories").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let ids: Option<Vec<&str>> = memories.iter().map(|memory| id_of(memory, found)).collect();
    if let Some(ids) = ids {
        return Seen::There(Outcome { external_id: ids.join(","), url: None, cost: effect.max_cost });
    }
    if effect.claim.as_ref().is_some_and(|claim| claim.lease_until > now) {
        return Seen::TooEarly;
    }
    Seen::Failed(PlatformRefusal::UpstreamUnavailable.refusal("not all of it is remembered"))
}

/// The id under which the memory is kept as it was approved.
fn id_of<'a>(memory: &ProposedMemory, found: &'a [Value]) -> Option<&'a str> {
    let is_it = |found: &&Value| {
        text(found, "key") == Some(memory.key.as_str())
            && text(found, "kind") == Some(memory.kind.as_str())
            && text(found, "text") == Some(memory.text.as_str())
            && text(found, "source_ref") == memory.source_ref.as_deref()
            && found.get("salience").and_then(Value::as_u64) == Some(u64::from(memory.salience))
    };
    text(found.iter().find(is_it)?, "id").filter(|id| !id.is_empty())
}

/// Whether it is about what the effect is about; one under its key that is not is no outcome of it.
fn is_own(effect: &Effect, deed: &Value) -> bool {
    let Some(payment) = effect.intent.payment() else { return deed.get("token").is_some() };
    let paid = deed.get("amount").cloned().map(serde_json::from_value::<Money>);
    let is_it = |recipient: &str| recipient.eq_ignore_ascii_case(&payment.recipient);
    text(deed, "recipient").is_some_and(is_it) && paid.and_then(Result::ok) == Some(payment.amount)
}

/// [M-14] A payment that was made, at what it took.
fn made(effect: &Effect, deed: &Value) -> Option<Outcome> {
    let cost = deed.get("cost").cloned().and_then(|cost| serde_json::from_value(cost).ok());
    let external_id = text(deed, "transfer_id").filter(|id| !id.is_empty())?.to_owned();
    let url = text(deed, "url").map(str::to_owned);
    Some(Outcome { external_id, url, cost: cost.unwrap_or(effect.max_cost) })
}

/// [E-9] [E-10] What came of the effect, as far as these posts show it.
fn found(effect: &Effect, trace: &Trace<'_>, posts: &[Value]) -> Option<Outcome> {
    match trace {
        Trace::Gap { post_id } => {
            let is_there = posts.iter().any(|post| text(post, "post_id") == Some(*post_id));
            let gone = Outcome { external_id: (*post_id).to_owned(), url: None, cost: effect.max_cost };
            (!is_there).then_some(gone)
        }
        Trace::Deed | Trace::Kept { .. } => None,
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
    use chimera_domain::Claim;

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

    /// [E-10] [M-14] [WA-8]
    #[test]
    fn a_payment_is_the_complete_one_under_its_own_key_at_what_it_took() {
        let usd = |minor: i64| json!({ "minor": minor, "currency": "USD" });
        let recipient = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed";
        let arguments =
            json!({ "account": "mira", "recipient": recipient, "amount": usd(300), "memo": "thanks" });
        let mut payment = effect("transfer", &arguments);
        payment.intent.server = "coinbase".to_owned();
        let (tool, asked) = question(&payment, &trace(&payment).unwrap());
        assert_eq!(tool, "transfer_get");
        assert_eq!(asked, json!({ "tenant": "acme", "agent": "mira", "idempotency_key": KEY }));

        let shown = json!({
            "transfer_id": "transfer_1", "status": "completed", "recipient": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "amount": usd(300), "cost": usd(304), "url": "https://wallet.example/1",
        });
        let there = deed(&payment, &json!({ "transfer": shown }));
        let is_it =
            |outcome: &Outcome| (outcome.external_id.as_str(), outcome.cost.minor()) == ("transfer_1", 304);
        assert!(matches!(&there, Seen::There(outcome) if is_it(outcome)), "{there:?}");
        assert_eq!(deed(&payment, &json!({})), Seen::Nothing, "the wallet knows of none");
        let with = |name: &str, other: Value| {
            let mut shown = shown.clone();
            shown[name] = other;
            deed(&payment, &json!({ "transfer": shown }))
        };
        for (name, other) in [
            ("status", json!("quoted")),
            ("recipient", json!("0x00000000000000000000000000000000000000a1")),
            ("amount", usd(301)),
            ("transfer_id", json!("")),
        ] {
            assert_eq!(with(name, other), Seen::Nothing, "{name}");
        }
        assert_eq!(with("status", json!("processing")), Seen::UnderWay);
        let failed = with("status", json!("failed"));
        assert!(matches!(&failed, Seen::Failed(refusal) if refusal.code == "transfer_failed"), "{failed:?}");
    }

    /// [E-10] [E-14]
    #[test]
    fn memories_are_there_once_all_are_and_are_given_up_when_the_call_is_over() {
        let memory =
            |key: &str| json!({ "key": key, "kind": "episodic", "text": "One small tool.", "salience": 40 });
        let arguments = json!({ "account": "mira", "memories": [memory("c-1/1"), memory("c-1/2")] });
        let mut keeping = effect("memories_keep", &arguments);
        keeping.intent.server = "weaviate".to_owned();
        let lease_until: Timestamp = "2026-03-02T09:02:00Z".parse().unwrap();
        keeping.claim = Some(Claim { id: Uuid::nil(), lease_until });
        let found = trace(&keeping).unwrap();
        let (tool, asked) = question(&keeping, &found);
        assert_eq!(tool, "memories_get");
        assert_eq!(asked, json!({ "tenant": "acme", "agent": "mira", "keys": ["c-1/1", "c-1/2"] }));

        let Trace::Kept { memories } = &found else { panic!("{found:?}") };
        let shown = |key: &str, id: &str| {
            let mut shown = memory(key);
            shown["id"] = json!(id);
            shown
        };
        let both = [shown("c-1/1", "m1"), shown("c-1/2", "m2")];
        let early = "2026-03-02T09:01:59Z".parse().unwrap();
        let seen = |shown: &[Value], now| kept(&keeping, memories, &json!({ "memories": shown }), now);
        assert!(matches!(seen(&both, early), Seen::There(outcome) if outcome.external_id == "m1,m2"));
        assert_eq!(seen(&both[..1], early), Seen::TooEarly, "its call may still be under way");
        let over = seen(&both[..1], lease_until);
        assert!(matches!(&over, Seen::Failed(refusal) if refusal.retryable), "{over:?}");
        let mut other = both.clone();
        other[1]["text"] = json!("Another text.");
        assert!(matches!(seen(&other, lease_until), Seen::Failed(_)), "another text is another memory");
    }

    /// [E-9] [E-10]
    #[test]
    fn a_deletion_shows_as_a_gap() {
        let undo = effect("post_delete", &json!({ "account": "mira", "post_id": "17" }));
        assert_eq!(finding(&undo, &[json!({ "post_id": "17", "text": "still there" })]), None);
        assert_eq!(finding(&undo, &[]).as_deref(), Some("17"));
    }
}
