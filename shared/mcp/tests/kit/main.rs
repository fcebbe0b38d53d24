//! What every server of ours promises its clients, asked over HTTP in both eras of the protocol.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod allowances;
mod building;
#[path = "../common/mod.rs"]
mod common;
mod deeds;
mod dynamo;
mod effects;
mod generate;
mod http;
mod logging;
mod panics;
mod resources;
mod schemas;
mod tools;
mod wire;
