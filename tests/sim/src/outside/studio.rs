//! The server that makes pictures and keeps them.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chimera_domain::ports::ToolError;
use chimera_domain::{Digest, Refusal, TenantId};
use chimera_mcp::server::ToolServer;
use chimera_testkit::VirtualClock;
use mcp_imagegen::{Drawn, ImageProvider, MemoryImages, Model, Place, Refused, Sandbox, Tier, Wanted, fetch};
use serde_json::{Value, json};

use super::{halves, served};

/// The server's name in configuration.
pub(super) const NAME: &str = "imagegen";

/// What is answered instead of a picture's bytes.
type Instead = Option<Option<Vec<u8>>>;

/// The sandbox, and the tiers of the clips that it was paid for.
#[derive(Clone, Default)]
pub(super) struct Painter {
    sandbox: Sandbox,
    filmed: Arc<Mutex<Vec<Tier>>>,
}

impl ImageProvider for Painter {
    fn models(&self) -> Vec<Model> {
        self.sandbox.models()
    }

    fn looks_at_pictures(&self) -> bool {
        self.sandbox.looks_at_pictures()
    }

    async fn draw(&self, wanted: &Wanted, reference: Option<&[u8]>) -> Result<Drawn, Refused> {
        self.sandbox.draw(wanted, reference).await
    }

    async fn film(&self, wanted: &Wanted, tier: Tier) -> Result<Drawn, Refused> {
        self.filmed.lock().unwrap_or_else(PoisonError::into_inner).push(tier);
        self.sandbox.film(wanted, tier).await
    }
}

/// The server of pictures. Clones share everything.
#[derive(Clone)]
pub struct Studio {
    server: ToolServer,
    images: MemoryImages,
    painter: Painter,
    instead: Arc<Mutex<Instead>>,
}

impl Studio {
    pub(super) fn new(clock: &VirtualClock) -> Self {
        let (painter, images) = (Painter::default(), MemoryImages::default());
        let server = halves::of_pictures(painter.clone(), &images, clock);
        Self { server, images, painter, instead: Arc::default() }
    }

    /// The tiers of the clips that were made, in their order: each was paid for.
    #[must_use]
    pub fn filmed(&self) -> Vec<&'static str> {
        let filmed = self.painter.filmed.lock().unwrap_or_else(PoisonError::into_inner);
        filmed.iter().map(|tier| tier.name()).collect()
    }

    /// From now on whoever asks for a picture's bytes gets these, or hears that there are none.
    pub fn answer_with(&self, bytes: Option<Vec<u8>>) {
        *self.instead.lock().unwrap_or_else(PoisonError::into_inner) = Some(bytes);
    }

    /// The bytes of a tenant's picture, as it was made.
    pub async fn bytes(&self, tenant: &TenantId, digest: &Digest) -> Option<Vec<u8>> {
        let place = Place { tenant: tenant.clone(), digest: digest.clone() };
        fetch(&self.images, &place).await.ok().flatten().map(|(_, bytes)| bytes)
    }

    pub(super) async fn call(&self, tool: &str, arguments: Value) -> Result<Value, ToolError> {
        let instead = self.instead.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match instead.filter(|_| tool == "image_get") {
            None => served::call(&self.server, tool, arguments).await,
            Some(None) => {
                let (code, message) = ("not_found".to_owned(), "no such picture".to_owned());
                Err(ToolError::Refused(Refusal { code, message, retryable: false }))
            }
            Some(Some(bytes)) => {
                let digest = arguments.get("digest").cloned().unwrap_or_default();
                let bytes = BASE64_STANDARD.encode(bytes);
                Ok(json!({ "digest": digest, "mime": "image/png", "bytes_base64": bytes }))
            }
        }
    }
}
