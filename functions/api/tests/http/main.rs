//! The routes over the cloud in memory, with real tokens.
#![expect(clippy::unwrap_used, reason = "a world that cannot be set up fails the test that asked for it")]

mod access;
mod agents;
mod bad_input;
mod campaigns;
mod controls;
mod decisions;
mod graph;
mod letters;
mod listings;
mod plans;
mod policy;
mod raises;
mod receipts;
mod skills;
mod tenants;
mod watches;
mod world;
