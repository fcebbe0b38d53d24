//! Identifiers. Each is its own type, so that a review can never be mistaken for a task.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Digest;

/// Longest identifier accepted, in bytes: it must fit a DynamoDB key beside its prefixes and an execution name.
const MAX_ID_BYTES: usize = 64;

/// The text is no identifier: empty, longer than 64 bytes, or with a character outside `A-Z a-z 0-9 _ -`.
/// The caller rejects the input that carried it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{kind} must be 1 to 64 characters of A-Z a-z 0-9 _ -")]
pub struct InvalidId {
    kind: &'static str,
}

fn check(kind: &'static str, text: &str) -> Result<(), InvalidId> {
    let fits = (1..=MAX_ID_BYTES).contains(&text.len());
    let clean = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if fits && clean { Ok(()) } else { Err(InvalidId { kind }) }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks and wraps the text.
            ///
            /// # Errors
            /// [`InvalidId`] when it is empty, too long or has a character that keys and names cannot carry.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidId> {
                let text = text.into();
                check($kind, &text)?;
                Ok(Self(text))
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// A customer whose rows, money and memory no other customer can reach. Comes from the verified token only.
    TenantId, "tenant id"
);
id!(
    /// An influencer: persona, wallet and policy.
    AgentId, "agent id"
);
id!(
    /// One campaign of a tenant.
    CampaignId, "campaign id"
);
id!(
    /// A task, unique within its campaign.
    TaskId, "task id"
);
id!(
    /// What waits for a human, unique within its campaign.
    ReviewId, "review id"
);
id!(
    /// An approved intent, unique within its campaign.
    EffectId, "effect id"
);
id!(
    /// Something perceived, unique within its campaign.
    SignalId, "signal id"
);
id!(
    /// One answer of a worker. A message delivered twice carries the same one.
    ResultId, "result id"
);

impl EffectId {
    /// The effect of one attempt of a task: derived, so that a repeated approval names the same row.
    #[must_use]
    pub fn of(task: &TaskId, attempt: u32) -> Self {
        Self(clip(&task.0, &format!("-e{attempt}")))
    }

    /// The effect that takes this one back.
    #[must_use]
    pub fn undoing(&self) -> Self {
        Self(clip(&self.0, "-undo"))
    }
}

impl SignalId {
    /// An id that was made of nothing but what ids may have.
    pub(crate) fn trusted(text: String) -> Self {
        Self(text)
    }
}

impl ReviewId {
    /// The review that `cause` (a task's attempt, an effect's try) opens: derived, so that a repeated hold names the
    /// same row.
    #[must_use]
    pub fn of(subject: &str, cause: &str) -> Self {
        Self(clip(subject, &format!("-r{cause}")))
    }
}

/// The two joined; a head that is too long ends in a digest of itself, so that two long heads never meet.
fn clip(head: &str, tail: &str) -> String {
    let room = MAX_ID_BYTES.saturating_sub(tail.len());
    if head.len() <= room {
        return format!("{head}{tail}");
    }
    let digest = Digest::of_bytes(head.as_bytes());
    let mark: String = digest.as_str().chars().rev().take(16).collect();
    let short: String = head.chars().take(room.saturating_sub(mark.len() + 1)).collect();
    format!("{short}-{mark}{tail}")
}

macro_rules! free_text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps the text as it is.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

free_text_id!(
    /// Who wrote a row: a claim, decision, result or request id. A refused write whose row already carries the
    /// caller's own writer id was a success whose reply got lost.
    WriterId
);
free_text_id!(
    /// A person, as the verified token's `sub` names them.
    OperatorId
);
