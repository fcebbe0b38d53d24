//! Logs: JSON where Lambda asks for it (`AWS_LAMBDA_LOG_FORMAT=JSON`), else text; every line inside a span that names the
//! function.

use std::error::Error;
use std::fmt::Write as _;
use std::panic::PanicHookInfo;
use std::sync::OnceLock;

use tracing::Span;

static FUNCTION: OnceLock<&'static str> = OnceLock::new();

/// Starts logging. Called once, first in `main`; the level comes from `AWS_LAMBDA_LOG_LEVEL` or `RUST_LOG`.
pub fn init(function: &'static str) {
    if FUNCTION.set(function).is_err() {
        return;
    }
    lambda_runtime::tracing::init_default_subscriber();
    std::panic::set_hook(Box::new(log_panic));
}

/// The span of one invocation.
pub(crate) fn invocation(request_id: &str) -> Span {
    let function = FUNCTION.get().copied().unwrap_or("unnamed");
    tracing::info_span!("invocation", function, request.id = request_id)
}

/// An error with its sources, outermost first: the internal voice, for logs.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        // Writing to a String cannot fail.
        write!(text, ": {error}").unwrap_or_default();
        source = error.source();
    }
    text
}

/// A panic is a defect; the loop it happened in goes on. Only its place and its words are logged.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let words = panic.payload_as_str().unwrap_or("without words");
    tracing::error!(panic.place = place, panic.words = words, "a panic: a defect");
}

#[cfg(test)]
mod tests {
    use chimera_domain::StoreError;
    use chimera_domain::ports::HandleError;

    use super::*;

    #[test]
    fn a_chain_names_every_source_once() {
        let io = std::io::Error::other("no route");
        let error = HandleError::Store(StoreError::Unavailable(Box::new(io)));
        assert_eq!(chain(&error), "the store failed: no route");
    }
}
