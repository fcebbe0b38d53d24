#![doc = include_str!("../README.md")]

pub mod citations;
pub mod template;
pub mod tree;
