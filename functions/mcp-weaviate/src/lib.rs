#![doc = include_str!("../README.md")]

mod app;
mod catalogue;
mod class;
mod condition;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod database;
mod embedding;
mod faults;
mod filter;
mod fusion;
mod keeper;
mod keyword;
mod live;
mod memories;
mod memory;
mod object;
mod resources;
mod sandbox;
pub mod tools;
mod words;

pub use app::{StartError, app};
pub use catalogue::Catalogue;
pub use class::{Class, InvalidClass, Kind, Property};
pub use condition::{Comparison, Condition, Scalar, Test};
pub use database::{
    DatabaseError, DatabaseFault, Hit, Keeping, Metadata, NewObject, Newest, OBJECT_BYTES, Search, Tenant,
    VectorDatabase,
};
pub use embedding::{DIMENSIONS, Embedding};
pub use faults::Faults;
pub use filter::{Filter, InvalidFilter, Operator};
pub use fusion::Fusion;
pub use keeper::{KeepOrder, Keeper};
pub use live::{ApiKey, Live, LiveError};
pub use memories::{Memories, NewMemory, Question, TEXT_CHARS};
pub use memory::{Memory, MemoryKind, WINDOW, memory_id};
pub use object::{Capacity, CollectionName, InvalidName, MEMORY, Object, Place, Stay};
pub use resources::WindowResources;
pub use sandbox::Sandbox;
pub use sandbox::dynamo::DynamoObjects;
pub use sandbox::store::{Inserted, Insertion, Kept, MemoryObjects, ObjectStore};
pub use tools::{read_half, write_half};
