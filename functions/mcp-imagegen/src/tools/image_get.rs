//! `image_get`: a picture's bytes, for whoever hands them on.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chimera_domain::ports::Clock;
use chimera_domain::{Digest, TenantId};
use chimera_mcp::ToolClass;
use chimera_mcp::server::{CallContext, Tool, ToolFault, schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::provider::ImageProvider;
use crate::store::ImageStore;
use crate::studio::Studio;

/// Characters of base64 in an answer at most: it stays below the 4 MiB that a client accepts.
pub const MAX_ENCODED: usize = 3 * 1024 * 1024;

/// The tool.
#[derive(Debug)]
pub struct ImageGet<P, S, C> {
    studio: Arc<Studio<P, S, C>>,
}

/// Its arguments.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetImage {
    /// Whose picture.
    #[schemars(schema_with = "schema::id")]
    pub tenant: TenantId,
    /// Digest of its bytes.
    #[schemars(schema_with = "schema::digest")]
    pub digest: Digest,
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FoundImage {
    /// Digest of its bytes.
    #[schemars(schema_with = "schema::digest")]
    pub digest: Digest,
    /// Its media type.
    pub mime: String,
    /// The bytes, in base64.
    pub bytes_base64: String,
}

impl<P, S, C> ImageGet<P, S, C> {
    /// The tool over a studio.
    pub fn new(studio: Arc<Studio<P, S, C>>) -> Self {
        Self { studio }
    }
}

impl<P, S, C> Tool for ImageGet<P, S, C>
where
    P: ImageProvider,
    S: ImageStore,
    C: Clock + Send + 'static,
{
    const NAME: &'static str = "image_get";
    const DESCRIPTION: &'static str = "The bytes of a tenant's picture or clip, by digest.";
    const CLASS: ToolClass = ToolClass::Read;
    type Input = GetImage;
    type Output = FoundImage;

    async fn call(&self, _context: &CallContext, input: GetImage) -> Result<FoundImage, ToolFault> {
        let GetImage { tenant, digest } = input;
        let known = self.studio.known(&tenant, &digest).await?;
        let size = known.ok_or_else(missing)?.bytes;
        let encoded = base64::encoded_len(size, true).unwrap_or(usize::MAX);
        if encoded > MAX_ENCODED {
            let message = format!("the picture has {encoded} characters in base64, an answer {MAX_ENCODED}");
            return Err(ToolFault::refused("unsupported", message, false));
        }
        let (meta, bytes) = self.studio.find(&tenant, &digest).await?.ok_or_else(missing)?;
        Ok(FoundImage { digest, mime: meta.mime, bytes_base64: BASE64_STANDARD.encode(bytes) })
    }
}

fn missing() -> ToolFault {
    ToolFault::refused("not_found", "the tenant has no picture with this digest", false)
}
