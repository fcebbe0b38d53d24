#![doc = include_str!("../README.md")]

pub mod auth;
mod clock;
mod deadline;
mod dispatch_loop;
mod env;
mod http;
mod invoke;
mod queue_loop;
mod stream_loop;
pub mod telemetry;

pub use clock::{RandomIds, SystemClock};
pub use dispatch_loop::{DeadLetterMessage, Wakeable, run_dispatch};
pub use env::{Env, EnvError};
pub use http::Problem;
pub use invoke::run_invoke;
pub use queue_loop::{handle_batch, run_queue};
pub use stream_loop::{
    LogUnparsed, StreamTables, Unparsed, UnparsedSink, read_changes, run_stream, run_stream_with,
};

/// What a loop ends with, and so what `main` returns.
pub use lambda_runtime::Error;
