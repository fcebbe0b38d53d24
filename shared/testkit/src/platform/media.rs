//! Pictures of posts: named by digest in what was granted, with their bytes beside in what arrives.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chimera_domain::{Digest, Refusal};
use serde_json::Value;

use super::server::refusal;

/// The field that holds a medium's bytes.
const BYTES: &str = "bytes_base64";

/// A picture as the platform has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostedMedium {
    /// Digest of the bytes that were uploaded.
    pub digest: Digest,
    /// Its type.
    pub mime: String,
    /// What it tells those who cannot see it.
    pub alt_text: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The arguments that a grant covers: without the bytes.
pub(super) fn granted(arguments: &Value) -> Value {
    let mut granted = arguments.clone();
    let media = granted.get_mut("media").and_then(Value::as_array_mut);
    for medium in media.into_iter().flatten().filter_map(Value::as_object_mut) {
        medium.remove(BYTES);
    }
    granted
}

/// The pictures of a call, whose bytes must have the digests that are named.
pub(super) fn media_of(arguments: &Value) -> Result<Vec<PostedMedium>, Refusal> {
    let media = arguments.get("media").and_then(Value::as_array);
    media.into_iter().flatten().map(medium_of).collect()
}

fn medium_of(medium: &Value) -> Result<PostedMedium, Refusal> {
    let text = |name: &str| medium.get(name).and_then(Value::as_str).unwrap_or_default();
    let bytes = STANDARD.decode(text(BYTES)).unwrap_or_default();
    let digest = Digest::of_bytes(&bytes);
    if bytes.is_empty() || digest.as_str() != text("digest") {
        return Err(refusal("media_mismatch", "the bytes are not those that were approved", false));
    }
    Ok(PostedMedium { digest, mime: text("mime").to_owned(), alt_text: text("alt_text").to_owned(), bytes })
}
