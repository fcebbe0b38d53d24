//! Why a call brought no answer, and whether the same request may be sent again.

use std::error::Error as StdError;
use std::time::Duration;

use chimera_domain::ports::ToolError;
use thiserror::Error;

/// Characters kept of what somebody else's server says about a failure: enough for a person, harmless in a message.
const TOLD_CHARS: usize = 300;

/// How much is known about a request that brought no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It provably never reached the tool.
    Unsent,
    /// Nobody knows.
    Unknown,
    /// It must not be sent, or the server says that it must not be sent.
    Forbidden,
}

/// When the same request may do better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// Never: it would fail in the same way.
    Never,
    /// After a moment.
    Soon,
    /// Not before this long; the server asked for it.
    After(Duration),
}

/// Why a request brought no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{why}")]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    pub(crate) why: String,
    pub(crate) again: Again,
}

impl Fault {
    /// It never reached the tool; the next one may.
    pub(crate) fn unsent(why: impl Into<String>) -> Self {
        Self { kind: Kind::Unsent, why: told(why), again: Again::Soon }
    }

    /// The connection broke, or the server says that it failed.
    pub(crate) fn broken(why: impl Into<String>) -> Self {
        Self { kind: Kind::Unknown, why: told(why), again: Again::Soon }
    }

    /// The answer is none that the protocol allows. Asking again would only feed a defect or an attack.
    pub(crate) fn violation(why: impl Into<String>) -> Self {
        Self { kind: Kind::Unknown, why: told(why), again: Again::Never }
    }

    /// No answer within the time there was.
    pub(crate) fn late() -> Self {
        Self { kind: Kind::Unknown, why: "no answer in time".to_owned(), again: Again::Never }
    }

    /// It must not be sent.
    pub(crate) fn forbidden(why: impl Into<String>) -> Self {
        Self { kind: Kind::Forbidden, why: told(why), again: Again::Never }
    }

    /// The same, with another word on when it may be sent again.
    pub(crate) fn again(mut self, again: Again) -> Self {
        self.again = again;
        self
    }

    /// The same fault of a request that came before the call itself: the call was never sent.
    pub(crate) fn beforehand(mut self) -> Self {
        if self.kind == Kind::Unknown {
            self.kind = Kind::Unsent;
        }
        self
    }
}

/// A call that brought no answer, for those who decide what follows.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: ToolError,
    pub(crate) again: Again,
}

impl From<Fault> for Failure {
    fn from(Fault { kind, why, again }: Fault) -> Self {
        let error = match kind {
            Kind::Unsent => ToolError::Unsent(why),
            Kind::Unknown => ToolError::Unknown(why),
            Kind::Forbidden => ToolError::Forbidden(why),
        };
        Self { error, again }
    }
}

/// An error and what lies behind it, outermost first.
pub(crate) fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |cause: &&'a (dyn StdError + 'static)| (*cause).source())
}

/// The same in words.
pub(crate) fn described(error: &(dyn StdError + 'static)) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Text of a server as it may be kept and sent on: short, and without what queues and terminals trip over, or what shows
/// it in another order than it is in.
pub(crate) fn told(text: impl Into<String>) -> String {
    let text: String = text.into();
    let harmless = |c: char| {
        let is_harm = c.is_control()
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}');
        if is_harm { ' ' } else { c }
    };
    text.chars().take(TOLD_CHARS).map(harmless).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_cut_and_cleaned() {
        let said = told(format!("a\u{1b}[2J\n\u{ffff}\u{202e}{}", "x".repeat(1_000)));
        assert!(said.starts_with("a [2J   xxx"), "{said}");
        assert_eq!(said.chars().count(), TOLD_CHARS);
    }

    #[test]
    fn what_failed_before_the_call_leaves_it_unsent_and_forbidden_stays_so() {
        assert_eq!(Fault::broken("x").beforehand().kind, Kind::Unsent);
        assert_eq!(Fault::forbidden("x").beforehand().kind, Kind::Forbidden);
    }
}
