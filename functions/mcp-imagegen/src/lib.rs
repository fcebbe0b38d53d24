#![doc = include_str!("../README.md")]

mod app;
pub mod contract;
mod faults;
mod label;
mod live;
mod provider;
mod refused;
mod resources;
mod sandbox;
mod store;
mod store_dynamo;
mod studio;
mod tools;
mod wanted;

pub use app::{StartError, app};
pub use faults::Faults;
pub use label::{AI_LABEL, Label, NotPng, dimensions, inscribe, is_labelled};
pub use live::{BedrockConfig, BedrockProvider, InvalidConfig};
pub use provider::{Drawn, ImageProvider, Model, Motion, Offer, Prices};
pub use refused::{ProviderError, Refused};
pub use resources::ImageResources;
pub use sandbox::Sandbox;
pub use store::{CHUNK_BYTES, ImageMeta, ImageStore, MemoryImages, Place, fetch, keep};
pub use store_dynamo::DynamoImages;
pub use studio::Studio;
pub use tools::{
    CharacterInput, FoundImage, GenerateImage, GenerateVideo, GetImage, ImageGenerate, ImageGet, ImageModels,
    ListModels, MAX_ENCODED, Models, VideoGenerate, server,
};
pub use wanted::{Character, DEFAULT_SIZE, Looks, MAX_SEED, Quality, Style, Tier, Wanted, seed_of};
