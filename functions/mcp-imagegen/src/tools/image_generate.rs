//! `image_generate`: a picture, and what it cost.

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
use crate::wanted::{DEFAULT_SIZE, Quality, Style, Wanted, seed_of};

/// The tool.
#[derive(Debug)]
pub struct ImageGenerate<P, S, C> {
    studio: Arc<Studio<P, S, C>>,
}

/// Its arguments.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GenerateImage {
    /// Whose picture it will be.
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
    /// Pixels across, a multiple of 16; 704 unless named.
    #[schemars(range(min = 256, max = 2_048), extend("multipleOf" = 16))]
    pub width: Option<u32>,
    /// Pixels down, a multiple of 16; 400 unless named.
    #[schemars(range(min = 256, max = 2_048), extend("multipleOf" = 16))]
    pub height: Option<u32>,
    /// Another picture of the same words for each; from the idempotency key unless named.
    #[schemars(range(min = 0, max = 858_993_459))]
    pub seed: Option<u32>,
    /// Who is in it. There is no picture without a character.
    pub character: CharacterInput,
    /// The range of its colours; vivid unless named.
    pub style: Option<Style>,
    /// What is paid for; standard unless named.
    pub quality: Option<Quality>,
    /// What the picture is for, such as task and attempt: it is bought once for each.
    #[schemars(schema_with = "schema::idempotency_key")]
    pub idempotency_key: String,
}

impl<P, S, C> ImageGenerate<P, S, C> {
    /// The tool over a studio.
    pub fn new(studio: Arc<Studio<P, S, C>>) -> Self {
        Self { studio }
    }
}

impl TryFrom<GenerateImage> for Wanted {
    type Error = ToolFault;

    fn try_from(input: GenerateImage) -> Result<Self, ToolFault> {
        let without = input.negative_prompt.as_deref().map(|text| visible("negative prompt", text));
        Ok(Self {
            prompt: visible("prompt", &input.prompt)?,
            without: without.transpose()?,
            character: input.character.try_into()?,
            width: input.width.unwrap_or(DEFAULT_SIZE.0),
            height: input.height.unwrap_or(DEFAULT_SIZE.1),
            seed: input.seed.unwrap_or_else(|| seed_of(&input.idempotency_key)),
            style: input.style.unwrap_or_default(),
            quality: input.quality.unwrap_or_default(),
            tenant: input.tenant,
            agent: input.agent,
        })
    }
}

impl<P, S, C> Tool for ImageGenerate<P, S, C>
where
    P: ImageProvider,
    S: ImageStore,
    C: Clock + Send + 'static,
{
    const NAME: &'static str = "image_generate";
    const DESCRIPTION: &'static str = "Makes a picture of a character, labelled as made with AI, and keeps it. The same key and arguments \
         bring the same picture and are paid for once.";
    const CLASS: ToolClass = ToolClass::Generate;
    type Input = GenerateImage;
    type Output = ImageMeta;

    async fn call(&self, _context: &CallContext, input: GenerateImage) -> Result<ImageMeta, ToolFault> {
        self.studio.picture(&input.try_into()?).await
    }
}
