#![doc = include_str!("../README.md")]

mod desk;
mod skills;
mod worker;

pub use skills::{ToolName, tools_of};
pub use worker::Worker;
