#![doc = include_str!("../README.md")]

mod grid;
mod layout;
mod mermaid;
mod model;
mod routes;
mod state;
mod svg;
mod text;
mod tree;
mod version;
mod words;

pub use model::{CampaignGraph, Edge, EdgeKind, Node};
pub use state::State;
pub use text::Line;
pub use version::{CostDelta, GoalFound, Perceived, Version};
