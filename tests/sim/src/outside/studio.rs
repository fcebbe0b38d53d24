//! The server that makes pictures and keeps them.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chimera_domain::ports::ToolError;
use chimera_domain::{Digest, Refusal, TenantId};
use chimera_mcp::server::ToolServer;
use chimera_testkit::VirtualClock;
use mcp_imagegen::{MemoryImages, Place, fetch};
use serde_json::{Value, json};

use super::{halves, served};

/// The server's name in configuration.
pub(super) const NAME: &str = "imagegen";

/// What is answered instead of a picture's bytes.
type Instead = Option<Option<Vec<u8>>>;

/// The server of pictures. Clones share everything.
#[derive(Clone)]
pub struct Studio {
    server: ToolServer,
    images: MemoryImages,
    instead: Arc<Mutex<Instead>>,
}

impl Studio {
    pub(super) fn new(clock: &VirtualClock) -> Self {
        let images = MemoryImages::default();
        Self { server: halves::of_pictures(&images, clock), images, instead: Arc::default() }
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
