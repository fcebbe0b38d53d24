//! When a call that brought no answer is made again. The one place where anything is repeated.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rmcp::model::JsonObject;
use serde_json::Value;
use tokio::time::Instant;

use super::fault::{Again, Failure};
use super::registry::ToolClass;

/// Times a call is repeated: one for chance, one for a throttle; more would only keep a broken server busy.
const REPEATS: u32 = 2;
/// The longest first pause, doubled for the second.
const PAUSE: Duration = Duration::from_millis(200);

/// Whether a call may be made again at all: looking may, making something may where the server can recognise the call,
/// and acting on the world never.
pub(crate) fn may_repeat(class: ToolClass, arguments: &JsonObject) -> bool {
    let key = || arguments.get("idempotency_key").and_then(Value::as_str);
    match class {
        ToolClass::Read => true,
        ToolClass::Generate => key().is_some_and(|key| !key.is_empty()),
        ToolClass::Effect => false,
    }
}

/// Pauses with full jitter: callers that failed together do not come back together.
#[derive(Debug)]
pub(crate) struct Pauses {
    random: Mutex<fastrand::Rng>,
}

impl Pauses {
    pub(crate) fn new() -> Self {
        Self { random: Mutex::new(fastrand::Rng::new()) }
    }

    pub(crate) fn seeded(seed: u64) -> Self {
        Self { random: Mutex::new(fastrand::Rng::with_seed(seed)) }
    }

    /// The pause after `failures` of them; none where the call has failed for good. What the server asks for is waited
    /// in full.
    fn after(&self, failures: u32, again: Again) -> Option<Duration> {
        let asked = match again {
            Again::Never => return None,
            Again::Soon => Duration::ZERO,
            Again::After(asked) => asked,
        };
        let most = (failures <= REPEATS).then(|| PAUSE * 2_u32.pow(failures - 1))?;
        let most_ms = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
        let random_ms = self.random.lock().unwrap_or_else(PoisonError::into_inner).u64(0..=most_ms);
        Some(asked.saturating_add(Duration::from_millis(random_ms)))
    }

    /// [T-26] Attempts until one succeeds, fails for good, or none would end before `within`.
    pub(crate) async fn repeat<T, F>(
        &self,
        may_repeat: bool,
        within: Instant,
        mut attempt: impl FnMut() -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut failures = 0_u32;
        loop {
            let failure = match attempt().await {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            failures += 1;
            let pause = may_repeat.then(|| self.after(failures, failure.again)).flatten();
            let left = within.saturating_duration_since(Instant::now());
            match pause.filter(|pause| *pause < left) {
                None => return Err(failure),
                Some(pause) => {
                    let pause_ms = pause.as_millis();
                    tracing::warn!(failures, %pause_ms, why = %failure.error, "a tool is called again");
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use chimera_domain::ports::ToolError;
    use serde_json::json;

    use super::*;

    fn failing(again: Again) -> Failure {
        Failure { error: ToolError::Unknown("no".to_owned()), again }
    }

    /// Attempts made, and the time they took, where each fails so.
    async fn attempts(may_repeat: bool, again: Again, deadline: Duration) -> (u32, Duration) {
        let (made, start) = (Cell::new(0), Instant::now());
        let attempt = || async {
            made.set(made.get() + 1);
            Err::<(), _>(failing(again))
        };
        assert!(Pauses::seeded(7).repeat(may_repeat, start + deadline, attempt).await.is_err());
        (made.get(), start.elapsed())
    }

    const MINUTE: Duration = Duration::from_secs(60);

    /// [T-26]
    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_tried_three_times_with_pauses() {
        let (made, took) = attempts(true, Again::Soon, MINUTE).await;
        assert_eq!(made, 3);
        // Timers are a little late.
        assert!(took <= PAUSE * 3 + Duration::from_millis(10), "{took:?}");
    }

    /// [T-26]
    #[tokio::test(start_paused = true)]
    async fn a_wait_that_the_server_asks_for_is_given_where_there_is_time() {
        let wait = Again::After(Duration::from_secs(10));
        let (made, took) = attempts(true, wait, MINUTE).await;
        assert!(made == 3 && took >= Duration::from_secs(20) && took <= Duration::from_secs(21), "{took:?}");
        assert_eq!(attempts(true, wait, Duration::from_secs(15)).await.0, 2);
        let forever = Again::After(Duration::from_secs(u64::MAX));
        assert_eq!(attempts(true, forever, MINUTE).await, (1, Duration::ZERO));
    }

    /// [T-26]
    #[tokio::test(start_paused = true)]
    async fn what_fails_for_good_or_must_not_be_repeated_is_tried_once() {
        assert_eq!(attempts(true, Again::Never, MINUTE).await.0, 1);
        assert_eq!(attempts(false, Again::Soon, MINUTE).await.0, 1);
        assert_eq!(attempts(true, Again::Soon, Duration::ZERO).await.0, 1);
    }

    /// [T-26]
    #[test]
    fn only_looking_and_what_can_be_recognised_is_repeated() {
        let keyed = json!({ "idempotency_key": "k" }).as_object().unwrap().clone();
        let blank = json!({ "idempotency_key": "" }).as_object().unwrap().clone();
        let none = JsonObject::new();
        assert!(may_repeat(ToolClass::Read, &none));
        assert!(may_repeat(ToolClass::Generate, &keyed));
        assert!(!may_repeat(ToolClass::Generate, &none) && !may_repeat(ToolClass::Generate, &blank));
        assert!(!may_repeat(ToolClass::Effect, &keyed));
    }

    #[test]
    fn pauses_differ_and_stay_within_their_bounds() {
        let pauses = Pauses::seeded(1);
        let first: Vec<_> = (0..50).filter_map(|_| pauses.after(1, Again::Soon)).collect();
        assert!(first.len() == 50 && first.iter().all(|pause| *pause <= PAUSE));
        assert!(first.iter().any(|pause| *pause != first[0]));
        assert_eq!(pauses.after(3, Again::Soon), None);
    }
}
