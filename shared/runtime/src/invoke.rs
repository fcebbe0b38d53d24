//! Functions that are called directly: typed JSON in, typed JSON out.

use std::time::Duration;

use chimera_domain::ports::HandleError;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::Instrument as _;

use crate::stream_loop::within;
use crate::{deadline, telemetry};

/// Drives `handler` with the inputs it is called with, each with the time it has. A failure is the caller's to see, in the
/// words of its outermost error; the log has the rest.
///
/// ```no_run
/// # use chimera_domain::ports::HandleError;
/// # async fn greet(name: String) -> Result<String, HandleError> { Ok(name) }
/// # async fn main_() -> Result<(), chimera_runtime::Error> {
/// chimera_runtime::run_invoke(|name: String, _deadline| greet(name)).await
/// # }
/// ```
///
/// # Errors
/// When Lambda's runtime interface fails.
pub async fn run_invoke<I, O, F, Fut>(handler: F) -> Result<(), Error>
where
    I: DeserializeOwned,
    O: Serialize,
    F: Fn(I, Duration) -> Fut,
    Fut: Future<Output = Result<O, HandleError>>,
{
    let handler = &handler;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<I>| async move {
        let (input, context) = event.into_parts();
        let span = telemetry::invocation(&context.request_id);
        let limit = deadline::budget(&context);
        Ok::<_, Error>(within(limit, handler(input, deadline::told(limit))).instrument(span).await?)
    }))
    .await
}
