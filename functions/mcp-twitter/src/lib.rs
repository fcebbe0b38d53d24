#![doc = include_str!("../README.md")]

mod answers;
mod app;
mod faults;
mod posts;
mod posts_dynamo;
mod read;
mod rules;
mod sandbox;
mod schemas;
mod write;

pub use answers::PlatformError;
pub use app::{StartError, app, sdk_config};
pub use faults::Faults;
pub use posts::{Account, Deletion, Found, MemoryPosts, Post, PostStore, PutPost};
pub use posts_dynamo::DynamoPosts;
pub use read::ReadHalf;
pub use rules::{POST_LENGTH, deletion_price, price, weighted_length};
pub use sandbox::{NewPost, Sandbox};
pub use write::WriteHalf;
