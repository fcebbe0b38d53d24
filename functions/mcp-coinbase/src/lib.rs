#![doc = include_str!("../README.md")]

pub mod address;
pub mod amounts;
mod answers;
mod app;
pub mod contract;
mod faults;
pub mod fees;
pub mod live;
pub mod sandbox;
mod token;
pub mod tools;
pub mod wallet;

pub use answers::CdpError;
pub use app::{StartError, app};
pub use faults::Faults;
pub use token::{Holding, Token, UnknownHolding};
pub use tools::{read_half, write_half};
