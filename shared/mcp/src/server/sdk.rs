//! How a server reaches its own table and secrets.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

/// Longest wait for a connection to a table or a secret: they are in the same region.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Longest wait for one attempt's answer, so that a retry still fits the caller's deadline.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);

/// The SDK configuration of a server: region, credentials and endpoint from the environment.
pub async fn sdk_config() -> SdkConfig {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT);
    let timeouts = timeouts.operation_attempt_timeout(ATTEMPT_TIMEOUT).build();
    aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts).load().await
}
