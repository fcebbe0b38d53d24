#![doc = include_str!("../README.md")]

mod functions;
mod operator;
mod promises;
mod run;
mod world;

pub use operator::Answer;
pub use world::SwarmWorld;
