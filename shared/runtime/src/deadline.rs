//! One budget per invocation: Lambda's deadline, less what the loop needs to answer.

use std::time::Duration;

use lambda_runtime::Context;

/// Kept from every invocation, to log and to answer Lambda before it is stopped.
const RESERVE: Duration = Duration::from_millis(400);
/// Kept from a handler's hard limit when it is told its deadline, so that it can still end by itself.
const MARGIN: Duration = Duration::from_millis(400);

/// How long the work of this invocation may take from now on.
pub(crate) fn budget(context: &Context) -> Duration {
    let left = context.deadline().duration_since(std::time::SystemTime::now());
    left.unwrap_or_default().saturating_sub(RESERVE)
}

/// The deadline a handler is told when it will be stopped after `limit`.
pub(crate) fn told(limit: Duration) -> Duration {
    // Of a very short limit the margin takes a quarter, not all.
    limit.saturating_sub(MARGIN.min(limit / 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handler_is_told_less_than_it_has() {
        assert_eq!(told(Duration::from_secs(60)), Duration::from_millis(59_600));
        assert_eq!(told(Duration::from_millis(400)), Duration::from_millis(300));
        assert_eq!(told(Duration::ZERO), Duration::ZERO);
    }

    #[test]
    fn a_deadline_in_the_past_leaves_nothing() {
        assert_eq!(budget(&Context::default()), Duration::ZERO);
    }
}
