#![doc = include_str!("../README.md")]

mod functions;
mod operator;
mod promises;
mod run;
mod stories;
mod workers;
mod world;

pub use operator::Answer;
pub use promises::Line;
pub use stories::all_is_medium;
pub use workers::WorkTimes;
pub use world::SwarmWorld;
