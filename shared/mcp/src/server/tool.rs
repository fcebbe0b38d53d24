//! What a tool is: typed arguments, a typed answer, and what it does to the world.

use std::future::Future;

use chimera_domain::Refusal;
use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

use super::allowance::Allowance;
use super::burn::StoreFault;
use super::offer::Offered;
use super::services::Services;
use crate::client::ToolClass;

/// Hex digits of version, trace id, span id and flags in a `traceparent`.
const TRACEPARENT_PARTS: [usize; 4] = [2, 32, 16, 2];
/// The version that no `traceparent` has.
const NO_VERSION: &str = "ff";
/// Longest reason that a caller is told, in bytes: enough to repair a call, and never a long call given back.
const TOLD_BYTES: usize = 512;
/// How serde begins where it quotes what it found.
const QUOTING: [&str; 3] = ["invalid type: ", "invalid value: ", "unknown variant "];

/// What a call carries beside its arguments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallContext {
    /// W3C trace context, from `_meta.traceparent`; none where it is not well formed.
    pub traceparent: Option<String>,
}

impl CallContext {
    /// [T-9] The context of a call with this `traceparent`. One that is not well formed is none.
    #[must_use]
    pub fn traced(traceparent: Option<&str>) -> Self {
        Self { traceparent: traceparent.filter(|text| is_traceparent(text)).map(str::to_owned) }
    }

    /// The trace id in it, 32 hex digits.
    #[must_use]
    pub fn trace_id(&self) -> Option<&str> {
        self.traceparent.as_deref()?.split('-').nth(1)
    }
}

fn is_traceparent(text: &str) -> bool {
    let hex = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let parts: Vec<&str> = text.splitn(TRACEPARENT_PARTS.len() + 1, '-').collect();
    let &[version, trace, span, _] = parts.as_slice() else {
        return false;
    };
    let fits = parts.iter().zip(TRACEPARENT_PARTS).all(|(part, len)| part.len() == len && hex(part));
    // Ids of zeros are those of no trace and no span.
    let says_something = |id: &str| id.bytes().any(|digit| digit != b'0');
    fits && version != NO_VERSION && says_something(trace) && says_something(span)
}

/// A tool that looks, or makes something nobody sees yet.
pub trait Tool: Send + Sync + 'static {
    /// Its name: 1 to 64 of `A-Z a-z 0-9 _ . -`, unique on its server.
    const NAME: &'static str;
    /// What it does, for models and people.
    const DESCRIPTION: &'static str;
    /// What it does to the world: [`ToolClass::Read`] or [`ToolClass::Generate`].
    const CLASS: ToolClass;
    /// How often each tenant may call it; as often as it likes where there is none. The tenant is the argument `tenant`;
    /// where a tool has no such argument all callers share one allowance.
    const ALLOWANCE: Option<Allowance> = None;
    /// Its arguments, an object. Doc comments become descriptions; a field that is not there is refused.
    type Input: DeserializeOwned + JsonSchema + Send + 'static;
    /// Its answer, an object.
    type Output: Serialize + JsonSchema + 'static;

    /// Does it, with arguments that satisfy the schema of `Input`.
    fn call(
        &self,
        context: &CallContext,
        input: Self::Input,
    ) -> impl Future<Output = Result<Self::Output, ToolFault>> + Send;
}

/// A tool that did not answer.
#[derive(Debug, Error)]
pub enum ToolFault {
    /// The tool refuses; the caller is told why.
    #[error("{0:?}")]
    Refused(Refusal),
    /// The tool refuses for now, and says for how long. The caller waits.
    #[error("{refusal:?}, again in {retry_after_s} s")]
    Wait {
        /// Why; retryable.
        refusal: Refusal,
        /// Seconds to wait, at least 1.
        retry_after_s: u32,
    },
    /// The tool does not know what happened, or is defective. The caller learns only that; an operator looks.
    #[error("the tool failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ToolFault {
    /// A refusal.
    #[must_use]
    pub fn refused(code: &str, message: impl Into<String>, retryable: bool) -> Self {
        Self::Refused(Refusal { code: code.to_owned(), message: message.into(), retryable })
    }

    /// A refusal that passes after `wait`, rounded up to whole seconds.
    #[must_use]
    pub fn wait(code: &str, message: impl Into<String>, wait: std::time::Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let refusal = Refusal { code: code.to_owned(), message: message.into(), retryable: true };
        Self::Wait { refusal, retry_after_s: u32::try_from(seconds.max(1)).unwrap_or(u32::MAX) }
    }

    /// Why it refused, if it did.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) | Self::Wait { refusal, .. } => Some(refusal),
            Self::Failed(_) => None,
        }
    }
}

impl From<StoreFault> for ToolFault {
    fn from(fault: StoreFault) -> Self {
        Self::Failed(Box::new(fault))
    }
}

/// One call, as the kit hands it to whatever stands behind a tool's name.
pub(crate) struct Request<'a> {
    pub(crate) context: &'a CallContext,
    /// They satisfy the tool's input schema.
    pub(crate) arguments: Value,
    pub(crate) services: &'a Services,
    /// What was called.
    pub(crate) offered: &'a Offered,
}

/// A tool without its types.
pub(crate) trait AnyTool: Send + Sync {
    fn call<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<Value, ToolFault>>;
}

/// A [`Tool`] without its types.
pub(crate) struct Plain<T>(pub(crate) T);

impl<T: Tool> AnyTool for Plain<T> {
    fn call<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<Value, ToolFault>> {
        Box::pin(async move {
            let Request { context, arguments, services, .. } = request;
            // [T-4] What the schema let through and the type does not take is refused before it is counted.
            let input = read(&arguments)?;
            services.spend(T::NAME, T::ALLOWANCE, &arguments).await?;
            drop(arguments);
            answer(&self.0, context, input).await
        })
    }
}

/// Calls a tool with its own types.
pub(crate) async fn answer<T: Tool>(
    tool: &T,
    context: &CallContext,
    input: T::Input,
) -> Result<Value, ToolFault> {
    let output = tool.call(context, input).await?;
    serde_json::to_value(output).map_err(|error| ToolFault::Failed(error.into()))
}

/// What the schema let through and is still no such thing, such as a grant without a signature, is refused. The caller is
/// told where and what is expected, and not what it said: an argument may be a secret.
pub(crate) fn read<T: DeserializeOwned>(arguments: &Value) -> Result<T, ToolFault> {
    serde_path_to_error::deserialize(arguments).map_err(|error| {
        let wrong = format!("{}: {}", error.path(), unquoted(&error.inner().to_string()));
        ToolFault::refused("invalid_input", cut(wrong), false)
    })
}

/// What serde says without what it found: that comes first, and what is expected last.
fn unquoted(said: &str) -> &str {
    let quotes = QUOTING.iter().any(|begin| said.starts_with(begin));
    match said.rfind(", expected ") {
        _ if !quotes => said,
        Some(at) => &said[at + 2..],
        None => "not what the tool takes",
    }
}

/// A reason as it is told to a caller.
pub(crate) fn cut(mut reason: String) -> String {
    if reason.len() > TOLD_BYTES {
        reason.truncate(reason.floor_char_boundary(TOLD_BYTES));
        reason.push('…');
    }
    reason
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_traceparent_is_taken() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
        let taken = CallContext::traced(Some(good));
        assert_eq!(taken.trace_id(), Some("0af7651916cd43dd8448eb211c80319c"));
        let no_trace = good.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32));
        let no_span = good.replace("00f067aa0ba902b7", &"0".repeat(16));
        let no_version = good.replacen("00-", "ff-", 1);
        for bad in ["", "00", &good.to_uppercase(), &good[..54], &format!("{good}-x"), "00-x\ny-1-1"]
            .into_iter()
            .chain([no_trace.as_str(), &no_span, &no_version])
        {
            assert_eq!(CallContext::traced(Some(bad)), CallContext::default(), "{bad}");
        }
    }

    /// [T-1]
    #[test]
    fn what_is_no_such_thing_is_refused_by_place_and_never_quoted() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Colour {
            Red,
        }
        let wrong = |fault: ToolFault| fault.refusal().unwrap().message.clone();
        let told = wrong(
            read::<std::collections::BTreeMap<String, Colour>>(
                &serde_json::json!({ "coat": "hunter2, expected blue" }),
            )
            .unwrap_err(),
        );
        assert_eq!(told, "coat: expected `red`");
        let told = wrong(read::<Vec<u8>>(&serde_json::json!([7, "hunter2"])).unwrap_err());
        assert_eq!(told, "[1]: expected u8");
        let told = wrong(read::<chimera_domain::SignedGrant>(&serde_json::json!({})).unwrap_err());
        assert_eq!(told, ".: missing field `grant`");
    }

    #[test]
    fn a_long_reason_is_cut_where_a_character_ends() {
        assert_eq!(cut("short".to_owned()), "short");
        let long = cut("ü".repeat(TOLD_BYTES));
        assert_eq!(long.chars().count(), TOLD_BYTES / 2 + 1);
        assert!(long.ends_with("ü…"));
    }

    #[test]
    fn a_wait_is_told_in_whole_seconds_and_never_as_none() {
        let told =
            |millis| match ToolFault::wait("rate_limited", "", std::time::Duration::from_millis(millis)) {
                ToolFault::Wait { retry_after_s, refusal } if refusal.retryable => retry_after_s,
                other => panic!("{other:?}"),
            };
        assert_eq!((told(0), told(1), told(1_000), told(1_001)), (1, 1, 1, 2));
    }
}
