#![doc = include_str!("../README.md")]

mod attempts;
mod dags;
mod functions;
mod mentions;
mod operator;
mod outside;
mod plans;
mod promises;
mod run;
mod stories;
mod workers;
mod world;

pub use attempts::{Tally, trial};
pub use dags::{DagTally, DagTrial, Grown, Missing, grow, shrunk};
pub use mentions::{MentionReport, MentionTrial, Waits, mention_trial};
pub use operator::Answer;
pub use outside::{Memories, Others, Paid, Studio, Wallet};
pub use promises::Line;
pub use stories::{all_is_medium, an_article};
pub use workers::WorkTimes;
pub use world::SwarmWorld;
