#![doc = include_str!("../README.md")]

mod answers;
mod app;
pub mod contract;
mod live;
mod media;
pub mod platform;
mod rules;
mod sandbox;
mod shown;
mod tools;

pub use answers::PlatformError;
pub use app::{StartError, app};
pub use live::Live;
pub use live::client::{ClientError, XClient};
pub use live::tokens::{Renewal, Tokens};
pub use media::{
    ALT_TEXT_CHARS, MEDIA_BYTES, MEDIA_PER_POST, MediaArgument, Mime, Picture, check_together, pictures,
};
pub use platform::{Account, NewPost, Outlet, ReadFault, Timeline, Wanted};
pub use rules::{POST_LENGTH, deletion_price, price, weighted_length};
pub use sandbox::Sandbox;
pub use sandbox::faults::Faults;
pub use sandbox::posts::{Deletion, Found, Medium, MemoryPosts, Post, PostStore, PutPost, Spent};
pub use sandbox::posts_dynamo::DynamoPosts;
pub use sandbox::quota::{Act, Quota};
pub use shown::{
    AccountUsage, FoundPost, Mentions, PostMetrics, Profile, ProjectUsage, QuotaLeft, SeenMention,
    ShownMedium, ShownPost, Trend, Usage,
};
pub use tools::{read_half, write_half};
