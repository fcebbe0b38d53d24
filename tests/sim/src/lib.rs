#![doc = include_str!("../README.md")]

mod attempts;
mod functions;
mod operator;
mod outside;
mod promises;
mod run;
mod stories;
mod workers;
mod world;

pub use attempts::{Tally, trial};
pub use operator::Answer;
pub use outside::{Memories, Others, Paid, Studio, Wallet};
pub use promises::Line;
pub use stories::{all_is_medium, an_article};
pub use workers::WorkTimes;
pub use world::SwarmWorld;
