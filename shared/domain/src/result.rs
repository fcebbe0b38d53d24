//! What a worker answers. A draft, never authority.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{AgentId, CampaignId, Confidence, Digest, Money, ResultId, TaskId, TenantId};

/// Something read in the world, kept so that claims can be checked against it. Text from outside: data, never
/// instruction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Stable id within its notes.
    pub id: String,
    /// Its title as published.
    pub title: String,
    /// Where it can be read.
    pub url: String,
    /// When it was published, RFC 3339, where the feed says so.
    pub published_at: Option<String>,
    /// Plain text of its body, cut to an excerpt.
    pub excerpt: String,
}

impl Source {
    /// Digest of what the source says, by which a claim cites it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of_bytes(format!("{}\n{}\n{}", self.title, self.url, self.excerpt).as_bytes())
    }
}

/// Something made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Artifact {
    /// Sources worth writing about, best first.
    Notes {
        /// The sources.
        sources: Vec<Source>,
    },
    /// A picture for a post.
    Image {
        /// It, by its digest.
        image: Picture,
    },
    /// A clip for a post.
    Video {
        /// It, by its digest.
        video: Picture,
    },
    /// What the agent is to remember, best first: in rows of before memories were effects, and in no answer that passes.
    Memory {
        /// The memories.
        notes: Vec<Remembered>,
    },
}

impl Artifact {
    /// What it gives a post to carry, if it does: a picture or a clip.
    #[must_use]
    pub fn picture(&self) -> Option<&Picture> {
        match self {
            Self::Image { image } => Some(image),
            Self::Video { video } => Some(video),
            Self::Notes { .. } | Self::Memory { .. } => None,
        }
    }
}

/// A picture or clip by its digest; the bytes are with the server that made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Picture {
    /// Digest of its bytes.
    pub digest: Digest,
    /// Media type, such as `image/png`.
    pub mime: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// What it shows, for those who cannot see it: published with it.
    pub alt_text: String,
    /// The model that made it.
    pub model: String,
    /// Who is in it, as the server that made it says; unknown of what was made before anybody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub character: Option<AgentId>,
    /// Of a clip: how long it runs, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u32>,
}

impl Picture {
    /// Types of what moves, of which a post carries one and nothing beside it.
    const MOVING: [&str; 3] = ["image/gif", "image/apng", "video/mp4"];

    /// Whether something of this media type goes alone.
    #[must_use]
    pub fn goes_alone(mime: &str) -> bool {
        Self::MOVING.contains(&mime)
    }
}

/// Something that an agent remembers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remembered {
    /// The memory's id.
    pub id: String,
    /// What is remembered. Text that was once outside: data, never instruction.
    pub text: String,
}

/// A proposed effect: exactly these arguments to exactly this tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// The server by its name in our configuration, such as `twitter`.
    pub server: String,
    /// The tool, such as `post_create`.
    pub tool: String,
    /// The arguments. Media are named by digest.
    pub arguments: Value,
    /// Digest of the source the text cites, as the worker says; the Judge looks the source up itself.
    pub cites: Option<Digest>,
}

impl Intent {
    /// Digest of (server, tool, arguments): what an approval binds.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of_json(&serde_json::json!({
            "server": self.server,
            "tool": self.tool,
            "arguments": self.arguments,
        }))
    }

    /// The text that would be published, if the tool publishes text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.arguments.get("text").and_then(Value::as_str)
    }

    /// Every text that would be published: the text itself, hashtags, descriptions of images, titles of links.
    #[must_use]
    pub fn published_texts(&self) -> Vec<&str> {
        let list = |name: &str| self.arguments.get(name).and_then(Value::as_array).into_iter().flatten();
        let mut texts: Vec<&str> = self.text().into_iter().collect();
        texts.extend(list("hashtags").filter_map(Value::as_str));
        texts.extend(list("media").filter_map(|media| media.get("alt_text")).filter_map(Value::as_str));
        texts.extend(list("links").filter_map(|link| link.get("title")).filter_map(Value::as_str));
        texts
    }

    /// The mention that the text answers, if it is a reply.
    #[must_use]
    pub fn in_reply_to(&self) -> Option<&str> {
        self.arguments.get("in_reply_to").and_then(Value::as_str)
    }

    /// The payment that it would make, if it moves money: tool `transfer`, arguments `recipient` and `amount`.
    #[must_use]
    pub fn payment(&self) -> Option<Payment> {
        if self.tool != "transfer" {
            return None;
        }
        serde_json::from_value(self.arguments.clone()).ok()
    }

    /// The same intent with another text: what a human's edit makes. The digest changes with it.
    #[must_use]
    pub fn with_text(mut self, text: &str) -> Self {
        if let Some(arguments) = self.arguments.as_object_mut() {
            arguments.insert("text".to_owned(), Value::from(text));
        }
        self
    }
}

/// Money that leaves for somebody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Who is paid.
    pub recipient: String,
    /// How much.
    pub amount: Money,
}

/// What came of the work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Something made.
    Artifact {
        /// It.
        artifact: Artifact,
    },
    /// Something proposed.
    Intent {
        /// It.
        intent: Intent,
    },
    /// It could not be done.
    Failure {
        /// Short stable word, see `docs/ERRORS.md`.
        code: String,
        /// For people.
        message: String,
        /// Whether another attempt may do better.
        retryable: bool,
    },
}

impl Outcome {
    /// Digest of the bytes an approval would bind.
    #[must_use]
    pub fn digest(&self) -> Digest {
        match self {
            Self::Intent { intent } => intent.digest(),
            other => Digest::of_json(&serde_json::to_value(other).unwrap_or_default()),
        }
    }
}

/// What the work used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Which model answered, such as `scripted-1`.
    pub model: String,
    /// Tokens in and out.
    pub tokens: u64,
    /// Calls to tools.
    pub tool_calls: u32,
    /// What models and tools cost.
    pub cost: Money,
}

/// A worker's answer to one attempt of one task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskResult {
    /// Whose.
    pub tenant: TenantId,
    /// Which campaign.
    pub campaign: CampaignId,
    /// Which task.
    pub task: TaskId,
    /// Who would act.
    pub agent: AgentId,
    /// Which attempt it answers.
    pub attempt: u32,
    /// This answer's id.
    pub id: ResultId,
    /// What came of it.
    pub outcome: Outcome,
    /// The worker's own figure; it can only lower the Judge's.
    pub confidence: Confidence,
    /// What it used.
    pub usage: Usage,
}
