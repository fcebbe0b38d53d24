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
mod retry;
mod signed_http;
mod signer;
mod store;
mod workflows;
mod writes;

pub use config::{QueueUrls, Tables, aws_config, local_config};
pub use inspect::DynamoInspector;
pub use notifier::LogNotifier;
pub use queues::{SqsOutbox, SqsReviewQueue};
pub use signed_http::{Post, ServiceFault, SignedHttp, SignedHttpError, bedrock_url};
pub use signer::{SecretGrantSigner, SignerError};
pub use store::DynamoStore;
pub use workflows::StepFunctionsWorkflows;

/// What every client is built from; made once per process by [`aws_config`].
pub use aws_config::SdkConfig;
