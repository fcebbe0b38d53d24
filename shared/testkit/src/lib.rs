#![doc = include_str!("../README.md")]

pub mod builders;
mod clock;
mod cloud;
mod faults;
mod feed;
mod gazette;
mod guard;
mod meter;
mod notifier;
mod platform;
mod queues;
mod signer;
mod streams;
mod tables;
mod texts;
mod workflows;

pub use clock::{SeededIds, VirtualClock};
pub use cloud::{MemoryCloud, Write};
pub use faults::{Fault, Faults, crash, crash_after, is_crash};
pub use feed::{Article, Feed};
pub use guard::Guard;
pub use meter::{Meter, Tally};
pub use notifier::{Notice, RecordingNotifier};
pub use platform::{Deletion, Mode, Post, PostedMedium, SandboxPlatform};
pub use queues::{Delivery, MAX_RECEIVES, Queue, VISIBILITY};
pub use signer::{MemorySigner, STACK};
pub use streams::Consumer;
pub use texts::a_text;
pub use workflows::{Execution, WORKFLOW_TIMEOUT};
