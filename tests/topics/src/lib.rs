#![doc = include_str!("../README.md")]

pub mod corpus;
pub mod evaluation;
pub mod evasion;
pub mod logistic;
pub mod thresholds;
pub mod training;
