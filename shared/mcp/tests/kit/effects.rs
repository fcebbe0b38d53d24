//! Effects: a grant for exactly this, media by digest, a look beforehand, and a server that does nothing.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chimera_domain::{Digest, Grant, SignedGrant};
use chimera_mcp::server::{GrantDesk, MemoryBurns, ToolServer};
use serde_json::{Value, json};
use uuid::Uuid;

use super::common::{AUDIENCE, CountingIds, ManualClock, grant, sign, usd, verifier};
use super::http::{Client, ERAS, Era, TRACEPARENT};
use super::tools::{Maker, Wall};

const TOOL: &str = "post_create";

type Desk = GrantDesk<MemoryBurns, ManualClock, CountingIds>;

pub(crate) fn desk(second: i64) -> Desk {
    desk_over(MemoryBurns::default(), second)
}

fn desk_over(burns: MemoryBurns, second: i64) -> Desk {
    GrantDesk::new(verifier(AUDIENCE), burns, ManualClock::at(second), CountingIds::default())
}

/// A wall, and a client that may post on it.
struct World {
    client: Client,
    wall: Wall,
}

impl World {
    fn of(era: Era) -> Self {
        Self::with(era, desk(500), false)
    }

    fn with(era: Era, desk: Desk, dry_run: bool) -> Self {
        let wall = Wall::default();
        let server = ToolServer::builder("twitter").with_desk(desk).effect(wall.clone()).dry_run(dry_run);
        Self { client: Client::of(server.build().unwrap(), era), wall }
    }

    fn posted(&self) -> usize {
        self.wall.posted.lock().unwrap().len()
    }

    async fn check(&self, arguments: Value) -> Value {
        self.client.answer("effect_check", json!({ "tool": TOOL, "arguments": arguments })).await
    }

    async fn checked_code(&self, arguments: Value) -> String {
        self.client.code("effect_check", json!({ "tool": TOOL, "arguments": arguments })).await
    }
}

pub(crate) fn intent(text: &str) -> Value {
    json!({ "account": "nova", "text": text })
}

pub(crate) fn with_grant(arguments: &Value, signed: SignedGrant) -> Value {
    let mut call = arguments.clone();
    call["grant"] = json!(signed);
    call["idempotency_key"] = json!(Uuid::from_u128(9));
    call
}

/// The intent with a grant for exactly it.
fn granted(id: &str, arguments: &Value) -> Value {
    with_grant(arguments, sign(grant(id, arguments)))
}

fn picture(bytes: &[u8], mime: &str) -> Value {
    json!({ "digest": Digest::of_bytes(bytes), "mime": mime })
}

fn with_bytes(mut call: Value, bytes: &[&[u8]]) -> Value {
    for (at, bytes) in bytes.iter().enumerate() {
        call["media"][at]["bytes_base64"] = json!(BASE64_STANDARD.encode(bytes));
    }
    call
}

/// [E-2]
#[tokio::test]
async fn a_granted_effect_happens_once_and_a_repeat_is_told_what_came_of_it() {
    for era in ERAS {
        let world = World::of(era);
        let call = granted("g1", &intent("hello"));
        let done = world.client.answer(TOOL, call.clone()).await;
        assert_eq!((&done["state"], &done["outcome"]["external_id"]), (&json!("done"), &json!("0")));
        assert_eq!(world.client.answer(TOOL, call).await, done);
        assert_eq!(world.posted(), 1);
        let asked = json!({ "grant": sign(grant("g1", &intent("hello"))) });
        assert_eq!(world.client.answer("effect_outcome", asked).await, done);
    }
}

/// [E-1]
#[tokio::test]
async fn an_effect_without_a_grant_for_exactly_this_is_refused() {
    let world = World::of(Era::Modern);
    let code = async |call: Value| world.client.code(TOOL, call).await;
    assert_eq!(code(intent("hello")).await, "invalid_input");
    let mut hollow = granted("g1", &intent("hello"));
    hollow["grant"] = json!({});
    assert_eq!(code(hollow).await, "invalid_input");
    let mut keyless = granted("g1", &intent("hello"));
    keyless["idempotency_key"] = json!("x".repeat(36));
    assert_eq!(code(keyless).await, "invalid_input");
    let mut changed = granted("g1", &intent("hello"));
    changed["text"] = json!("goodbye");
    assert_eq!(code(changed).await, "grant_arguments");
    let rival = json!({ "account": "rival", "text": "hello" });
    assert_eq!(code(granted("g1", &rival)).await, "grant_account");
    let dear = Grant { max_cost: usd(19), ..grant("g1", &intent("see https://example.org/")) };
    assert_eq!(code(with_grant(&intent("see https://example.org/"), sign(dear))).await, "grant_cost");
    assert_eq!(code(granted("g1", &intent("priceless"))).await, "unsupported");
    assert_eq!(world.posted(), 0);
}

/// [E-8]
#[tokio::test]
async fn an_effect_acts_for_the_tenant_and_agent_of_its_grant() {
    let world = World::of(Era::Modern);
    world.client.answer(TOOL, granted("g1", &intent("hello"))).await;
    let posted = world.wall.posted.lock().unwrap();
    let (effect, arguments) = &posted[0];
    assert_eq!((effect.tenant.as_str(), effect.agent.as_str()), ("t1", "nova"));
    assert_eq!((effect.key, arguments.text.as_str()), (Uuid::from_u128(9), "hello"));
}

/// [T-9]
#[tokio::test]
async fn an_effect_knows_the_trace_it_belongs_to() {
    let mut world = World::of(Era::Modern);
    world.client = world.client.traced(TRACEPARENT);
    world.client.answer(TOOL, granted("g1", &intent("hello"))).await;
    let posted = world.wall.posted.lock().unwrap();
    assert_eq!(posted[0].0.context.traceparent.as_deref(), Some(TRACEPARENT));
}

/// [T-5]
#[tokio::test]
async fn media_are_granted_by_digest_and_arrive_as_those_bytes() {
    let world = World::of(Era::Modern);
    let mut arguments = intent("look");
    arguments["media"] = json!([picture(b"one", "image/png"), picture(b"two", "image/jpeg")]);
    let call = granted("g1", &arguments);
    let code = async |call: Value| world.client.code(TOOL, call).await;

    assert_eq!(code(call.clone()).await, "invalid_input", "the bytes are missing");
    assert_eq!(code(with_bytes(call.clone(), &[b"two", b"one"])).await, "media_mismatch");
    assert_eq!(code(with_bytes(call.clone(), &[b"one", b"other"])).await, "media_mismatch");
    let mut garbled = with_bytes(call.clone(), &[b"one", b"two"]);
    garbled["media"][1]["bytes_base64"] = json!("no base64!");
    assert_eq!(code(garbled).await, "media_mismatch");
    // The same bytes under another name are not what was granted either.
    let mut renamed = with_bytes(call.clone(), &[b"one", b"two"]);
    renamed["media"][1]["mime"] = json!("image/png");
    assert_eq!(code(renamed).await, "grant_arguments");
    // Other bytes under their own digest are not what was granted.
    let mut swapped = with_bytes(call.clone(), &[b"one", b"evil"]);
    swapped["media"][1]["digest"] = json!(Digest::of_bytes(b"evil"));
    assert_eq!(code(swapped).await, "grant_arguments");
    assert_eq!(world.posted(), 0);

    let done = world.client.answer(TOOL, with_bytes(call, &[b"one", b"two"])).await;
    assert_eq!(done["state"], "done");
    let posted = world.wall.posted.lock().unwrap();
    let bytes: Vec<&[u8]> = posted[0].0.media.iter().map(|medium| medium.bytes.as_slice()).collect();
    assert_eq!(bytes, [b"one", b"two"]);
    assert_eq!(posted[0].0.media[1].digest, Digest::of_bytes(b"two"));
    assert_eq!(posted[0].1.media[1].mime, "image/jpeg");
}

/// [T-5]
#[tokio::test]
async fn the_declared_schema_has_what_the_kit_adds() {
    let declared = World::of(Era::Modern).client.declared(TOOL).await;
    let input = &declared["inputSchema"];
    assert_eq!(input["required"], json!(["account", "text", "idempotency_key", "grant"]));
    let medium = &input["properties"]["media"]["items"];
    assert_eq!(medium["required"], json!(["digest", "mime", "bytes_base64"]));
    assert_eq!(medium["additionalProperties"], false);
    assert_eq!(declared["annotations"]["destructiveHint"], true);
}

/// [T-6]
#[tokio::test]
async fn a_look_beforehand_says_whether_it_would_be_done_and_burns_nothing() {
    for era in ERAS {
        let world = World::of(era);
        let call = granted("g1", &intent("see https://example.org/"));
        let allowed = json!({ "allowed": true, "price": { "minor": 20, "currency": "USD" } });
        assert_eq!(world.check(call.clone()).await, allowed);
        assert_eq!(world.check(call.clone()).await, allowed);
        let asked = json!({ "grant": call["grant"] });
        assert_eq!(world.client.answer("effect_outcome", asked).await, json!({ "state": "unused" }));
        assert_eq!(world.posted(), 0);
        assert_eq!(world.client.answer(TOOL, call.clone()).await["state"], "done");
        assert_eq!(world.checked_code(call).await, "conflict");
    }
}

/// [T-6]
#[tokio::test]
async fn a_look_beforehand_refuses_what_the_effect_would_refuse() {
    let world = World::of(Era::Modern);
    let mut arguments = intent("look");
    arguments["media"] = json!([picture(b"one", "image/png")]);
    let mut changed = granted("g1", &intent("hello"));
    changed["text"] = json!("goodbye");
    let dear = Grant { max_cost: usd(1), ..grant("g1", &intent("hello")) };
    let other_tool = Grant { tool: "post_delete".to_owned(), ..grant("g1", &intent("hello")) };
    let mut forged = sign(grant("g1", &intent("hello")));
    forged.grant.max_cost = usd(9_999);
    for (call, code) in [
        (intent("hello"), "invalid_input"),
        (changed, "grant_arguments"),
        (with_grant(&intent("hello"), sign(dear)), "grant_cost"),
        (with_grant(&intent("hello"), sign(other_tool)), "grant_tool"),
        (with_grant(&intent("hello"), forged), "grant_invalid"),
        (with_bytes(granted("g1", &arguments), &[b"other"]), "media_mismatch"),
        (granted("g1", &intent("priceless")), "unsupported"),
    ] {
        assert_eq!(world.checked_code(call.clone()).await, code);
        assert_eq!(world.client.code(TOOL, call).await, code, "the effect itself says the same");
    }
    let nothing = json!({ "tool": "effect_void", "arguments": {} });
    assert_eq!(world.client.code("effect_check", nothing).await, "invalid_input");
}

/// [T-6]
#[tokio::test]
async fn a_look_beforehand_knows_expired_grants_and_used_keys() {
    let burns = MemoryBurns::default();
    let late = World::with(Era::Modern, desk_over(burns.clone(), 1_000), false);
    assert_eq!(late.checked_code(granted("g1", &intent("hello"))).await, "grant_expired");
    let world = World::with(Era::Modern, desk_over(burns, 500), false);
    world.client.answer(TOOL, granted("g1", &intent("hello"))).await;
    assert_eq!(world.checked_code(granted("g2", &intent("hello"))).await, "conflict", "the key was used");
    assert_eq!(world.checked_code(granted("g3", &intent("other"))).await, "idempotency_mismatch");
}

/// [T-7]
#[tokio::test]
async fn a_server_in_dry_run_burns_and_does_nothing() {
    for era in ERAS {
        let burns = MemoryBurns::default();
        let world = World::with(era, desk_over(burns.clone(), 500), true);
        let call = granted("g1", &intent("hello"));
        assert_eq!(world.check(call.clone()).await["dry_run"], true);
        let kept_back = world.client.answer(TOOL, call.clone()).await;
        let refusal = &kept_back["refusal"];
        assert_eq!((&kept_back["state"], &refusal["code"]), (&json!("refused"), &json!("dry_run")));
        assert_eq!(refusal["retryable"], false);
        let mut changed = call.clone();
        changed["text"] = json!("goodbye");
        assert_eq!(
            world.client.code(TOOL, changed).await,
            "grant_arguments",
            "grants are verified all the same"
        );
        assert_eq!(world.posted(), 0);
        // The grant is burnt for good, also when the server acts again.
        let live = World::with(era, desk_over(burns, 500), false);
        assert_eq!(live.client.answer(TOOL, call).await, kept_back);
        assert_eq!(live.posted(), 0);
    }
}

#[tokio::test]
async fn an_effect_beside_other_tools_has_its_own_desk() {
    let server = ToolServer::builder("both")
        .generate(Maker::new(), chimera_mcp::server::MemoryAnswers::default())
        .with_desk(desk(500))
        .effect(Wall::default());
    let client = Client::of(server.build().unwrap(), Era::Modern);
    let wish = json!({ "tenant": "t1", "idempotency_key": "k", "what": "a hat" });
    assert_eq!(client.answer("thing_make", wish).await["number"], 0);
    assert_eq!(client.answer(TOOL, granted("g1", &intent("hello"))).await["state"], "done");
}
