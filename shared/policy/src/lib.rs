#![doc = include_str!("../README.md")]

pub mod anomaly;
mod artifacts;
mod classes;
pub mod confidence;
pub mod criteria;
pub mod disguise;
pub mod features;
mod fold;
pub mod headlines;
pub mod honesty;
mod language;
mod lexicon;
mod look_alike;
pub mod money;
pub mod normalise;
pub mod novelty;
pub mod persona;
pub mod platform;
pub mod refusals;
pub mod screen;
pub mod semantic;
pub mod support;
pub mod verdict;
pub mod vocabulary;
mod words;

pub use confidence::confidence;
pub use novelty::novelty;
pub use persona::persona_fit;
pub use screen::{Screened, screen, screen_all};
pub use support::support;
pub use verdict::{Case, Judgement, judge_result};
pub use words::stem;
