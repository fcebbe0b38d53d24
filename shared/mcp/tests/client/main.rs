//! The toolbox against servers that answer as a test says: who may call what, what is repeated, what is remembered, what
//! survives a freeze.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod eras;
mod freezes;
mod lists;
mod permits;
mod readings;
mod repeats;
mod scripted;
mod tokens;
mod traces;
