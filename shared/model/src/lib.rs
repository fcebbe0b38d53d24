#![doc = include_str!("../README.md")]

mod check;
mod scripted;
mod text;

pub use check::Checked;
pub use scripted::ScriptedModel;
