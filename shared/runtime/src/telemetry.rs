//! Logs: JSON where Lambda asks for it (`AWS_LAMBDA_LOG_FORMAT=JSON`), else text; every line inside a span that names the
//! function.

use std::error::Error;
use std::fmt::Write as _;
use std::panic::PanicHookInfo;
use std::sync::OnceLock;

use tracing::Span;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

static FUNCTION: OnceLock<&'static str> = OnceLock::new();

/// Starts logging. Called once, first in `main`; levels come from `RUST_LOG` (`info,judge=debug`), and for whatever that does
/// not name from `AWS_LAMBDA_LOG_LEVEL`.
pub fn init(function: &'static str) {
    if FUNCTION.set(function).is_err() {
        return;
    }
    let text = |name| std::env::var(name).unwrap_or_default();
    let levels = levels(&text("AWS_LAMBDA_LOG_LEVEL"), &text("RUST_LOG"));
    let lines = fmt::layer().with_target(false).without_time();
    let is_json = text("AWS_LAMBDA_LOG_FORMAT").eq_ignore_ascii_case("json");
    let lines = if is_json { lines.json().boxed() } else { lines.boxed() };
    tracing_subscriber::registry().with(lines.with_filter(levels)).init();
    std::panic::set_hook(Box::new(log_panic));
}

/// What is logged: `info` and above, unless something else is asked for. What cannot be read is passed over: a wrong word in a
/// variable must not keep a function from starting.
fn levels(all: &str, each: &str) -> Targets {
    let level = |text: &str| text.trim().parse::<LevelFilter>().ok().filter(|_| !text.trim().is_empty());
    let levels = Targets::new().with_default(level(all).unwrap_or(LevelFilter::INFO));
    each.split(',').map(str::trim).filter(|word| !word.is_empty()).fold(levels, |levels, word| {
        match (word.split_once('='), level(word)) {
            (Some((target, text)), _) => match level(text) {
                Some(level) => levels.with_target(target.trim(), level),
                None => levels,
            },
            (None, Some(level)) => levels.with_default(level),
            (None, None) => levels.with_target(word, LevelFilter::TRACE),
        }
    })
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
    use tracing::Level;

    use super::*;

    /// The least severe level that is logged of a crate, `judge` and any other.
    fn logged(all: &str, each: &str) -> [Option<Level>; 2] {
        let levels = levels(all, each);
        let all = [Level::TRACE, Level::DEBUG, Level::INFO, Level::WARN, Level::ERROR];
        ["judge::rules", "other"]
            .map(|target| all.into_iter().find(|level| levels.would_enable(target, level)))
    }

    #[test]
    fn info_is_logged_unless_something_else_is_asked_for() {
        const INFO: Option<Level> = Some(Level::INFO);
        assert_eq!(logged("", ""), [INFO, INFO]);
        assert_eq!(logged("WARN", ""), [Some(Level::WARN); 2]);
        assert_eq!(logged("", "error"), [Some(Level::ERROR); 2]);
        assert_eq!(logged("", "info,judge=debug"), [Some(Level::DEBUG), INFO]);
        assert_eq!(logged("warn", "judge=debug"), [Some(Level::DEBUG), Some(Level::WARN)]);
        assert_eq!(logged("warn", "judge"), [Some(Level::TRACE), Some(Level::WARN)]);
        assert_eq!(logged("", "off"), [None, None]);
    }

    #[test]
    fn a_word_that_is_no_level_is_passed_over() {
        assert_eq!(logged("FATAL", "judge=loud,,"), [Some(Level::INFO); 2]);
    }

    #[test]
    fn a_chain_names_every_source_once() {
        let io = std::io::Error::other("no route");
        let error = HandleError::Store(StoreError::Unavailable(Box::new(io)));
        assert_eq!(chain(&error), "the store failed: no route");
    }
}
