//! What the clients are built from: one SDK configuration, and the names the template gave.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_sdk_dynamodb::config::Credentials;
use chimera_domain::{StoreError, Table};

use crate::errors;

/// Attempts the SDK makes for one call, the first included: enough for a dropped connection, few enough that a caller's
/// deadline still decides.
const ATTEMPTS: u32 = 3;
/// Longest wait for a connection: endpoints are in the same region.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Longest wait for one attempt's answer.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);

/// The SDK configuration of every client: region, credentials and endpoint from the environment, three attempts, one
/// second to connect, five seconds per attempt. Clients of calls that must not be repeated override the retries.
pub async fn aws_config() -> SdkConfig {
    defaults().load().await
}

/// The SDK configuration for a local cloud at this endpoint, as its root: an operator's tool alone has a use for it. The
/// keys are the emulators' well-known ones, never the environment's, so that no real key reaches an emulator.
pub async fn local_config(endpoint: &str, region: &str) -> SdkConfig {
    defaults()
        .endpoint_url(endpoint)
        .region(Region::new(region.to_owned()))
        .credentials_provider(Credentials::new("test", "test", None, None, "local cloud"))
        .load()
        .await
}

fn defaults() -> ConfigLoader {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts)
}

/// Names of the tables. A function fills in those it may use; touching another fails, naming it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tables {
    /// Campaigns, plans, tasks, reviews, effects, agents, policy.
    pub state: String,
    /// Buckets and entries.
    pub ledger: String,
    /// Decisions.
    pub decisions: String,
    /// The audit.
    pub audit: String,
}

impl Tables {
    pub(crate) fn of(&self, table: Table) -> Result<&str, StoreError> {
        match table {
            Table::State => named("state", &self.state),
            Table::Ledger => named("ledger", &self.ledger),
            Table::Decisions => named("decisions", &self.decisions),
        }
    }

    pub(crate) fn audit(&self) -> Result<&str, StoreError> {
        named("audit", &self.audit)
    }

    /// Any table that this function has.
    pub(crate) fn any(&self) -> Option<&str> {
        [&self.state, &self.ledger, &self.decisions, &self.audit]
            .into_iter()
            .map(String::as_str)
            .find(|name| !name.is_empty())
    }
}

fn named<'a>(table: &'static str, name: &'a str) -> Result<&'a str, StoreError> {
    if name.is_empty() { Err(errors::unavailable(errors::NoTable(table))) } else { Ok(name) }
}

/// URLs of the queues: the dispatcher's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueUrls {
    /// PlanQueue.
    pub plan: String,
    /// TaskQueue.
    pub task: String,
    /// TaskQueueHigh.
    pub task_high: String,
    /// ReviewQueue.
    pub review: String,
    /// EffectQueue.
    pub effect: String,
}
