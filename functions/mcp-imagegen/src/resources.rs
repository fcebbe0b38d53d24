//! Pictures by address: what is known about each, without its bytes.

use std::sync::Arc;
use std::time::Duration;

use chimera_domain::ports::Clock;
use chimera_domain::{Digest, TenantId};
use chimera_mcp::server::{CallContext, ResourceSpec, Resources, ToolFault};
use serde_json::{Value, json};

use crate::provider::ImageProvider;
use crate::store::ImageStore;
use crate::studio::Studio;

/// A picture's bytes never change, and what is known first stays.
const TTL: Duration = Duration::from_secs(24 * 60 * 60);
const IMAGE: ResourceSpec = ResourceSpec::new(
    "image://{tenant}/{digest}",
    "image",
    "What is known about a tenant's picture: size, model, cost, label, description.",
)
.fresh_for(TTL);

/// The resources over a studio.
#[derive(Debug)]
pub struct ImageResources<P, S, C> {
    studio: Arc<Studio<P, S, C>>,
}

impl<P, S, C> ImageResources<P, S, C> {
    /// The resources over a studio.
    pub fn new(studio: Arc<Studio<P, S, C>>) -> Self {
        Self { studio }
    }
}

impl<P, S, C> Resources for ImageResources<P, S, C>
where
    P: ImageProvider,
    S: ImageStore,
    C: Clock + Send + 'static,
{
    fn templates(&self) -> Vec<ResourceSpec> {
        vec![IMAGE]
    }

    async fn read(&self, _context: &CallContext, uri: &str) -> Result<Value, ToolFault> {
        let (tenant, digest) = place(uri).ok_or_else(missing)?;
        let meta = self.studio.known(&tenant, &digest).await?;
        meta.map(|meta| json!(meta)).ok_or_else(missing)
    }
}

fn place(uri: &str) -> Option<(TenantId, Digest)> {
    let parts = IMAGE.parts(uri)?;
    let tenant = TenantId::new(*parts.get("tenant")?).ok()?;
    // A digest that is none is of no picture.
    let digest = serde_json::from_value(json!(parts.get("digest")?)).ok()?;
    Some((tenant, digest))
}

fn missing() -> ToolFault {
    ToolFault::refused("not_found", "the tenant has no picture with this digest", false)
}
