#![doc = include_str!("../README.md")]

pub mod access;
pub mod citations;
pub mod template;
pub mod tree;
