//! What the clients are built from beside the SDK configuration of functions: those of an operator, and the names the
//! template gave.

use std::time::Duration;

use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_sdk_dynamodb::config::Credentials;
use chimera_domain::{StoreError, Table};
use chimera_signed_http::retry::waits;
use chimera_signed_http::{SetupError, http_client, retry_config, sdk_http, timeout_config};

use crate::errors;

/// Tries after the first where others write at the same time: with the waits below about half a second in all, well inside
/// every deadline.
const RETRIES: u32 = 4;
/// Upper bound of the first wait.
const FIRST_WAIT: Duration = Duration::from_millis(30);

/// The SDK configuration of an operator's tool: whoever is signed in there, be it by a profile or a role. A function takes
/// [`sdk_config`](crate::sdk_config), which links none of that.
///
/// # Errors
/// [`SetupError`].
pub async fn operator_config() -> Result<SdkConfig, SetupError> {
    Ok(defaults()?.load().await)
}

/// The SDK configuration for a local cloud at this endpoint, as its root: an operator's tool alone has a use for it. The
/// keys are the emulators' well-known ones, never the environment's, so that no real key reaches an emulator.
///
/// # Errors
/// [`SetupError`].
pub async fn local_config(endpoint: &str, region: &str) -> Result<SdkConfig, SetupError> {
    let config = defaults()?
        .endpoint_url(endpoint)
        .region(Region::new(region.to_owned()))
        .credentials_provider(Credentials::new("test", "test", None, None, "local cloud"));
    Ok(config.load().await)
}

fn defaults() -> Result<ConfigLoader, SetupError> {
    Ok(aws_config::defaults(BehaviorVersion::latest())
        .http_client(sdk_http(http_client()?))
        .retry_config(retry_config())
        .timeout_config(timeout_config()))
}

/// The waits before what met other writers, or a throttle, is sent again.
pub(crate) fn contention_waits() -> impl Iterator<Item = Duration> + Send {
    waits(RETRIES, FIRST_WAIT)
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
    /// PerceptionQueue.
    pub perception: String,
}
