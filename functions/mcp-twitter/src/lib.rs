#![doc = include_str!("../README.md")]

mod app;
mod faults;
mod posts;
mod posts_dynamo;
mod read;
mod rules;
mod sandbox;
mod write;

pub use app::{StartError, app, sdk_config};
pub use faults::Faults;
pub use posts::{MemoryPosts, Post, PostStore, PutPost};
pub use posts_dynamo::DynamoPosts;
pub use read::ReadHalf;
pub use rules::{POST_LENGTH, price, weighted_length};
pub use sandbox::{NewPost, Sandbox};
pub use write::WriteHalf;
