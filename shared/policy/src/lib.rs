#![doc = include_str!("../README.md")]

pub mod confidence;
pub mod criteria;
mod language;
mod lexicon;
pub mod money;
pub mod normalise;
pub mod novelty;
pub mod persona;
pub mod platform;
pub mod screen;
pub mod support;
pub mod verdict;
mod words;

pub use confidence::confidence;
pub use novelty::novelty;
pub use persona::persona_fit;
pub use screen::{Screened, screen};
pub use support::support;
pub use verdict::{Case, Judgement, judge_result};
