#![doc = include_str!("../README.md")]

mod desk;
mod skills;
mod worker;

pub use worker::Worker;
