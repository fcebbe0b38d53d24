#![doc = include_str!("../README.md")]

mod bedrock;
mod post;
pub mod retry;
mod sdk;
pub mod secrets;
mod transport;

pub use bedrock::bedrock_url;
pub use post::{Post, ServiceFault, SignedHttp, SignedHttpError};
pub use sdk::{SetupError, http_client, retry_config, sdk_config, timeout_config};
pub use transport::sdk_http;

/// What every client is built from; made once per process by [`sdk_config`].
pub use aws_config::SdkConfig;
