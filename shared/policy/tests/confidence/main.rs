//! Where the confidence comes from, and what may move it which way.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod calibration;
mod duties;
mod given;
mod monotone;
