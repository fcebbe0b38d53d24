#![doc = include_str!("../README.md")]

mod audit;
mod config;
mod errors;
mod index;
mod inspect;
mod items;
mod notifier;
mod ops;
mod queues;
mod signer;
mod store;
mod workflows;
mod writes;

pub use config::{QueueUrls, Tables, local_config, operator_config};
pub use inspect::DynamoInspector;
pub use notifier::LogNotifier;
pub use queues::{SqsOutbox, SqsReviewQueue};
pub use signer::{SecretGrantSigner, SignerError};
pub use store::DynamoStore;
pub use workflows::StepFunctionsWorkflows;

pub use chimera_signed_http::{SdkConfig, sdk_config};
