//! Which half, over which backend.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use axum::Router;
use chimera_mcp::server::{
    DynamoBurns, GrantDesk, GrantVerifier, InvalidKeys, SpecError, ToolServer, router,
};
use chimera_runtime::{Env, EnvError, RandomIds, SystemClock};
use thiserror::Error;

use crate::{DynamoPosts, Faults, ReadHalf, Sandbox, WriteHalf};

/// The server must not start; whoever deployed it must look.
#[derive(Debug, Error)]
pub enum StartError {
    /// A variable is missing or wrong.
    #[error(transparent)]
    Env(#[from] EnvError),
    /// The Judge's public keys cannot be read.
    #[error(transparent)]
    Keys(#[from] InvalidKeys),
    /// The fault table cannot be read.
    #[error("TWITTER_FAULTS is no table of faults")]
    Faults(#[source] serde_json::Error),
    /// A tool's schema is a defect.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// There is no live backend yet.
    #[error("TWITTER_BACKEND=live is not available yet: set TWITTER_BACKEND=sandbox")]
    Live,
}

#[derive(Clone, Copy)]
enum Half {
    Read,
    Write,
}

/// Longest wait for a connection to a table: it is in the same region.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Longest wait for one attempt's answer, so that a retry still fits the caller's deadline.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);

/// The SDK configuration: region, credentials and endpoint from the environment.
pub async fn sdk_config() -> SdkConfig {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT);
    let timeouts = timeouts.operation_attempt_timeout(ATTEMPT_TIMEOUT).build();
    aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts).load().await
}

/// The half that the environment names.
///
/// # Errors
/// [`StartError`].
pub fn app(env: &Env, aws: &SdkConfig) -> Result<Router, StartError> {
    let live = env.choice("TWITTER_BACKEND", &[("sandbox", false), ("live", true)])?;
    if live {
        return Err(StartError::Live);
    }
    let table = env.text("TWITTER_TABLE")?;
    let client = aws_sdk_dynamodb::Client::new(aws);
    let posts = DynamoPosts::new(client.clone(), table.clone());
    match env.choice("TWITTER_HALF", &[("read", Half::Read), ("write", Half::Write)])? {
        Half::Read => Ok(router(ToolServer::new(ReadHalf::new(posts))?, &[])),
        Half::Write => {
            let audience = format!("twitter@{}", env.text("STACK_NAME")?);
            let verifier = GrantVerifier::from_json(&env.text("GRANT_PUBLIC_KEYS")?, audience)?;
            let desk = GrantDesk::new(verifier, DynamoBurns::new(client, table), SystemClock, RandomIds);
            let sandbox = Sandbox::new(posts, SystemClock, faults(env)?);
            Ok(router(ToolServer::new(WriteHalf::new(desk, sandbox))?, &[]))
        }
    }
}

fn faults(env: &Env) -> Result<Faults, StartError> {
    let table = env.optional("TWITTER_FAULTS");
    table.map_or(Ok(Faults::default()), |table| serde_json::from_str(&table).map_err(StartError::Faults))
}
