//! What travels on the queues: wake-ups and drafts, never authority. Schemas are in `specs/messages.md`.

use serde::{Deserialize, Serialize};

use crate::{AgentId, CampaignId, EffectId, ReviewId, Task, TaskResult, TenantId};

/// [Q-1] The message format's version. A reader refuses another one: it becomes a dead letter, not a guess.
const VERSION: u32 = 1;

/// A message with its version and trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope<M> {
    /// Format version.
    #[serde(deserialize_with = "known_version")]
    pub v: u32,
    /// W3C trace context of the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The message.
    pub body: M,
}

fn known_version<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let version = u32::deserialize(deserializer)?;
    if version == VERSION {
        Ok(version)
    } else {
        Err(serde::de::Error::custom(format!("unknown message version {version}")))
    }
}

impl<M> Envelope<M> {
    /// Wraps a message in the present version.
    pub fn new(body: M) -> Self {
        Self { v: VERSION, traceparent: None, body }
    }
}

/// Whether a queue can carry the text: SQS refuses U+FFFE and U+FFFF, which JSON does not escape, and most control
/// characters.
#[must_use]
pub fn is_carriable(text: &str) -> bool {
    text.chars()
        .all(|c| matches!(c, '\n' | '\r' | '\t') || !(c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')))
}

/// To the planner: look at this campaign.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanMessage {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub campaign: CampaignId,
}

/// To perception: look at the world for this agent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerceiveMessage {
    /// Whose.
    pub tenant: TenantId,
    /// Which agent.
    pub agent: AgentId,
}

/// To a worker: the task row, its whole input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskMessage {
    /// The task as it was when sent.
    pub task: Task,
}

/// To the publisher: look at this effect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EffectMessage {
    /// Whose.
    pub tenant: TenantId,
    /// Which campaign.
    pub campaign: CampaignId,
    /// Which effect.
    pub effect: EffectId,
}

/// To the Judge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ReviewMessage {
    /// A worker's answer.
    Result(Box<TaskResult>),
    /// A review was decided or ran out: look at its rows.
    Review {
        /// Whose.
        tenant: TenantId,
        /// Which campaign.
        campaign: CampaignId,
        /// Which review.
        review: ReviewId,
    },
    /// An effect must be judged again.
    Rejudge {
        /// Whose.
        tenant: TenantId,
        /// Which campaign.
        campaign: CampaignId,
        /// Which effect.
        effect: EffectId,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [Q-1]
    #[test]
    fn a_message_of_another_version_is_refused() {
        let text = r#"{"v":2,"body":{"tenant":"t","campaign":"c"}}"#;
        assert!(serde_json::from_str::<Envelope<PlanMessage>>(text).is_err());
    }

    #[test]
    fn a_text_is_carriable_without_controls_and_noncharacters() {
        for text in ["", "line\r\n\tline", "Zürich 東京 👩\u{200d}🚀", "\u{fffd}"] {
            assert!(is_carriable(text), "{text:?}");
        }
        for text in ["\0", "a\u{7}", "\u{7f}", "\u{85}", "\u{fffe}", "\u{ffff}"] {
            assert!(!is_carriable(text), "{text:?}");
        }
    }
}
