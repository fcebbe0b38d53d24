//! `video_generate`: a clip of one of three tiers.

use std::sync::Arc;

use chimera_domain::ports::Clock;
use chimera_domain::{AgentId, TenantId};
use chimera_mcp::ToolClass;
use chimera_mcp::server::{CallContext, Tool, ToolFault, schema};
use schemars::JsonSchema;
use serde::Deserialize;

use super::input::{CharacterInput, visible};
use crate::provider::ImageProvider;
use crate::store::{ImageMeta, ImageStore};
use crate::studio::Studio;
use crate::wanted::{DEFAULT_SIZE, Quality, Style, Tier, Wanted, seed_of};

/// The tool.
#[derive(Debug)]
pub struct VideoGenerate<P, S, C> {
    studio: Arc<Studio<P, S, C>>,
}

/// Its arguments.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GenerateVideo {
    /// Whose clip it will be.
    #[schemars(schema_with = "schema::id")]
    pub tenant: TenantId,
    /// For whom it is made.
    #[schemars(schema_with = "schema::id")]
    pub agent: AgentId,
    /// What is to be seen.
    #[schemars(length(min = 1, max = 1_024))]
    pub prompt: String,
    /// What must not be seen.
    #[schemars(length(min = 1, max = 1_024))]
    pub negative_prompt: Option<String>,
    /// What is paid for; `image_models` tells size, length and price of each.
    pub tier: Tier,
    /// Another clip of the same words for each; from the idempotency key unless named.
    #[schemars(range(min = 0, max = 858_993_459))]
    pub seed: Option<u32>,
    /// Who is in it. There is no clip without a character.
    pub character: CharacterInput,
    /// The range of its colours; vivid unless named.
    pub style: Option<Style>,
    /// What the clip is for, such as task and attempt: it is bought once for each.
    #[schemars(schema_with = "schema::idempotency_key")]
    pub idempotency_key: String,
}

impl<P, S, C> VideoGenerate<P, S, C> {
    /// The tool over a studio.
    pub fn new(studio: Arc<Studio<P, S, C>>) -> Self {
        Self { studio }
    }
}

/// Size and quality are the tier's.
impl TryFrom<GenerateVideo> for Wanted {
    type Error = ToolFault;

    fn try_from(input: GenerateVideo) -> Result<Self, ToolFault> {
        let without = input.negative_prompt.as_deref().map(|text| visible("negative prompt", text));
        Ok(Self {
            prompt: visible("prompt", &input.prompt)?,
            without: without.transpose()?,
            character: input.character.try_into()?,
            width: DEFAULT_SIZE.0,
            height: DEFAULT_SIZE.1,
            seed: input.seed.unwrap_or_else(|| seed_of(&input.idempotency_key)),
            style: input.style.unwrap_or_default(),
            quality: Quality::Standard,
            tenant: input.tenant,
            agent: input.agent,
        })
    }
}

impl<P, S, C> Tool for VideoGenerate<P, S, C>
where
    P: ImageProvider,
    S: ImageStore,
    C: Clock + Send + 'static,
{
    const NAME: &'static str = "video_generate";
    const DESCRIPTION: &'static str = "Makes a short clip of a character that runs for ever, labelled as made with AI, and keeps it. The same \
         key and arguments bring the same clip and are paid for once.";
    const CLASS: ToolClass = ToolClass::Generate;
    type Input = GenerateVideo;
    type Output = ImageMeta;

    async fn call(&self, _context: &CallContext, input: GenerateVideo) -> Result<ImageMeta, ToolFault> {
        let tier = input.tier;
        self.studio.clip(&input.try_into()?, tier).await
    }
}
