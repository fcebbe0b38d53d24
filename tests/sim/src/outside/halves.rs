//! Our servers as they are deployed, over stores in memory and the world's clock.
#![expect(clippy::expect_used, reason = "a server that cannot be put together must fail the test that asks")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chimera_mcp::server::{
    GrantDesk, GrantVerifier, MemoryAllowances, MemoryAnswers, MemoryBurns, SpecError, ToolServer,
};
use chimera_testkit::builders::cents;
use chimera_testkit::{MemorySigner, STACK, SeededIds, VirtualClock};
use mcp_coinbase::sandbox::{MemoryBooks, Settings};
use mcp_imagegen::{MemoryImages, Studio};
use mcp_twitter::MemoryPosts;
use mcp_weaviate::{Catalogue, MemoryObjects};

use super::memory::NAME;
use super::served::Served;
use super::staged::{Stage, Staged};
use super::studio::Painter;
use super::wallet::BOUNCES;

/// What each wallet begins with, in cents: more than any story pays.
const OPENING: i64 = 10_000_000;
/// How long a payment is under way: a block or two.
const UNDER_WAY: Duration = Duration::from_secs(2);

/// The wallet server.
pub(super) fn of_wallet(books: &MemoryBooks, signer: &MemorySigner, clock: &VirtualClock) -> Served {
    let sandbox = || {
        let settings = Settings { completes_after: UNDER_WAY, ..Settings::new(cents(OPENING)) };
        let faults = mcp_coinbase::Faults { fails_later: Some(BOUNCES.to_owned()), ..Default::default() };
        mcp_coinbase::sandbox::Sandbox::new(books.clone(), clock.clone(), settings, faults)
    };
    let stage = Stage::default();
    let acting = Staged { actor: sandbox(), stage: stage.clone(), clock: clock.clone() };
    let read = mcp_coinbase::read_half(sandbox()).clock(clock.clone()).build();
    let write =
        mcp_coinbase::write_half(acting, desk("coinbase", signer, clock)).clock(clock.clone()).build();
    Served::new(built(read), built(write), stage, clock)
}

/// The server of posts.
pub(crate) fn of_posts(posts: &MemoryPosts, signer: &MemorySigner, clock: &VirtualClock) -> Served {
    let sandbox = || mcp_twitter::Sandbox::new(posts.clone(), clock.clone(), mcp_twitter::Faults::default());
    let stage = Stage::default();
    let acting = Staged { actor: sandbox(), stage: stage.clone(), clock: clock.clone() };
    let read = mcp_twitter::read_half(sandbox(), MemoryAllowances::default()).clock(clock.clone()).build();
    let write = mcp_twitter::write_half(acting, desk("twitter", signer, clock)).clock(clock.clone()).build();
    Served::new(built(read), built(write), stage, clock)
}

/// The server of pictures.
pub(super) fn of_pictures(painter: Painter, images: &MemoryImages, clock: &VirtualClock) -> ToolServer {
    let studio = Studio::new(painter, images.clone(), clock.clone());
    built(mcp_imagegen::server(studio, MemoryAnswers::default(), clock.clone()))
}

/// The server of memories.
pub(super) fn of_memories(objects: &MemoryObjects, signer: &MemorySigner, clock: &VirtualClock) -> Served {
    let catalogue = Catalogue::standard().expect("the standard collections");
    let faults = mcp_weaviate::Faults::default();
    let sandbox = mcp_weaviate::Sandbox::new(objects.clone(), clock.clone(), catalogue, faults);
    let (database, stage) = (Arc::new(sandbox), Stage::default());
    let actor = mcp_weaviate::Memories::new(Arc::clone(&database), clock.clone());
    let acting = Staged { actor, stage: stage.clone(), clock: clock.clone() };
    let read = mcp_weaviate::read_half(Arc::clone(&database), clock.clone()).clock(clock.clone()).build();
    let desk = desk(NAME, signer, clock);
    let write = mcp_weaviate::write_half(acting, (database, clock.clone()), desk, MemoryAnswers::default());
    Served::new(built(read), built(write.clock(clock.clone()).build()), stage, clock)
}

/// A desk that trusts the signer's key.
fn desk(
    server: &str,
    signer: &MemorySigner,
    clock: &VirtualClock,
) -> GrantDesk<MemoryBurns, VirtualClock, SeededIds> {
    let keys = signer.public_keys().into_iter();
    let keys: BTreeMap<String, String> =
        keys.map(|(id, key)| (id, BASE64_STANDARD.encode(key.as_bytes()))).collect();
    let keys = serde_json::to_string(&keys).expect("keys by name");
    let verifier = GrantVerifier::from_json(&keys, format!("{server}@{STACK}")).expect("a public key");
    GrantDesk::new(verifier, MemoryBurns::default(), clock.clone(), SeededIds::new(0))
}

fn built(server: Result<ToolServer, SpecError>) -> ToolServer {
    server.expect("schemas that hold")
}
