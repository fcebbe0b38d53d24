#![doc = include_str!("../README.md")]

mod functions;
mod operator;
mod promises;
mod run;
mod workers;
mod world;

pub use operator::Answer;
pub use promises::Line;
pub use workers::WorkTimes;
pub use world::SwarmWorld;
