//! What every tool of a server shares: the time, the allowances, and whether anything may happen at all.

use std::time::Duration;

use chimera_domain::Timestamp;
use chimera_domain::ports::Clock;
use serde_json::Value;

use super::allowance::{Allowance, AnyAllowances, Spent};
use super::tool::ToolFault;

/// Whom a call without a tenant counts for: no tenant's name has this character.
const EVERYBODY: &str = "*";

/// What cannot be: the builder refuses such a server.
const NO_STORE: &str = "the server has no store of allowances";

/// What the tools of a server share.
pub(crate) struct Services {
    pub(crate) clock: Box<dyn Clock + Send>,
    pub(crate) allowances: Option<Box<dyn AnyAllowances>>,
    /// How long an unfinished call keeps its idempotency key.
    pub(crate) lease: Duration,
    /// Effects are refused after their grant was burnt.
    pub(crate) dry_run: bool,
}

impl Services {
    /// [T-4] Takes one call from the tenant's allowance.
    pub(crate) async fn spend(
        &self,
        tool: &'static str,
        allowance: Option<Allowance>,
        arguments: &Value,
    ) -> Result<(), ToolFault> {
        let Some(allowance) = allowance else {
            return Ok(());
        };
        let store = self.allowances.as_ref().ok_or_else(|| ToolFault::Failed(NO_STORE.into()))?;
        let tenant = arguments.get("tenant").and_then(Value::as_str).unwrap_or(EVERYBODY);
        match store.spend(tenant, tool, allowance, self.clock.now()).await? {
            Spent::Taken => Ok(()),
            Spent::Wait(wait) => {
                let Allowance { calls, window } = allowance;
                let message = format!("{tool} may be called {calls} times in {} s", window.as_secs());
                Err(ToolFault::wait("rate_limited", message, wait))
            }
        }
    }
}

/// The time of this machine.
pub(crate) struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}
