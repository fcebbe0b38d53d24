//! `image_models`: what can be made, and for what price.

use std::sync::Arc;

use chimera_domain::ports::Clock;
use chimera_mcp::ToolClass;
use chimera_mcp::server::{CallContext, Tool, ToolFault};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::provider::{ImageProvider, Model};
use crate::store::ImageStore;
use crate::studio::Studio;

/// The tool.
#[derive(Debug)]
pub struct ImageModels<P, S, C> {
    studio: Arc<Studio<P, S, C>>,
}

/// Its arguments: none.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListModels {}

/// What can be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Models {
    /// The models.
    pub models: Vec<Model>,
}

impl<P, S, C> ImageModels<P, S, C> {
    /// The tool over a studio.
    pub fn new(studio: Arc<Studio<P, S, C>>) -> Self {
        Self { studio }
    }
}

impl<P, S, C> Tool for ImageModels<P, S, C>
where
    P: ImageProvider,
    S: ImageStore,
    C: Clock + Send + 'static,
{
    const NAME: &'static str = "image_models";
    const DESCRIPTION: &'static str = "The models that draw, with sizes, tiers and prices.";
    const CLASS: ToolClass = ToolClass::Read;
    type Input = ListModels;
    type Output = Models;

    async fn call(&self, _context: &CallContext, _input: ListModels) -> Result<Models, ToolFault> {
        Ok(Models { models: self.studio.models() })
    }
}
