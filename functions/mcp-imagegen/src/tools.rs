//! The server's tools.

mod image_generate;
mod image_get;
mod image_models;
mod input;
mod video_generate;

use std::sync::Arc;

use chimera_domain::ports::Clock;
use chimera_mcp::server::{AnswerStore, SpecError, ToolServer};

use crate::provider::ImageProvider;
use crate::resources::ImageResources;
use crate::store::ImageStore;
use crate::studio::Studio;

pub use image_generate::{GenerateImage, ImageGenerate};
pub use image_get::{FoundImage, GetImage, ImageGet, MAX_ENCODED};
pub use image_models::{ImageModels, ListModels, Models};
pub use input::CharacterInput;
pub use video_generate::{GenerateVideo, VideoGenerate};

/// The server's name.
const SERVER: &str = "imagegen";

/// The server over a studio. `answers` keeps what was made by idempotency key; `clock` is also the kit's.
///
/// # Errors
/// [`SpecError`]: a defect.
pub fn server<P, S, C, A>(studio: Studio<P, S, C>, answers: A, clock: C) -> Result<ToolServer, SpecError>
where
    P: ImageProvider,
    S: ImageStore,
    C: Clock + Send + 'static,
    A: AnswerStore + Clone,
{
    let studio = Arc::new(studio);
    ToolServer::builder(SERVER)
        .clock(clock)
        .generate(ImageGenerate::new(Arc::clone(&studio)), answers.clone())
        .generate(VideoGenerate::new(Arc::clone(&studio)), answers)
        .tool(ImageGet::new(Arc::clone(&studio)))
        .tool(ImageModels::new(Arc::clone(&studio)))
        .resources(ImageResources::new(studio))
        .build()
}
