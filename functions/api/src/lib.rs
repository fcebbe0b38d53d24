#![doc = include_str!("../README.md")]

mod agents;
mod audit;
mod body;
mod budgets;
mod caller;
mod campaigns;
mod controls;
mod dead_letters;
mod decisions;
mod errors;
mod etag;
mod gateway;
mod graph;
mod health;
mod ledger;
mod paging;
mod plans;
mod policies;
mod receipts;
mod retries;
mod reviews;
mod routes;
mod soul;
mod state;
mod trace;
mod views;
mod watches;

pub use gateway::serve;
pub use routes::{ROUTES, Route, router};
pub use soul::{SoulError, read_soul};
pub use state::{Api, Clock, Ids, Store};
