//! Media are named by digest and travel as bytes beside it; the grant covers the digest.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chimera_domain::Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::schema;
use super::tool::ToolFault;

/// The argument that holds media.
const MEDIA: &str = "media";
/// The field of a medium that holds its bytes.
const BYTES: &str = "bytes_base64";
/// Characters of base64 per medium: what one of our own servers can have answered. All media of a call together have the
/// room of its request.
const MEDIA_CHARS: usize = crate::RESPONSE_BYTES;

/// A medium as arguments name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MediaRef {
    /// Digest of its bytes, `sha256:…`.
    #[schemars(schema_with = "schema::digest")]
    pub digest: Digest,
    /// Its MIME type.
    #[schemars(regex(pattern = r"^[a-z]+/[a-z0-9.+-]+$"))]
    pub mime: String,
}

/// A medium's bytes, which have the digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaBytes {
    /// The digest that was approved.
    pub digest: Digest,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// [T-5] Takes the bytes out of the arguments' media.
pub(crate) fn take_bytes(arguments: &mut Value) -> Result<Vec<MediaBytes>, ToolFault> {
    let media = arguments.get_mut(MEDIA).and_then(Value::as_array_mut);
    media.into_iter().flatten().map(bytes_of).collect()
}

fn bytes_of(medium: &mut Value) -> Result<MediaBytes, ToolFault> {
    let text = medium.as_object_mut().and_then(|fields| fields.remove(BYTES));
    let bytes = text.as_ref().and_then(Value::as_str).and_then(|text| BASE64_STANDARD.decode(text).ok());
    let found = bytes.map(|bytes| MediaBytes { digest: Digest::of_bytes(&bytes), bytes });
    let named = medium.get("digest").and_then(Value::as_str);
    found.filter(|found| named == Some(found.digest.as_str())).ok_or_else(|| {
        ToolFault::refused("media_mismatch", "the bytes are not those that were approved", false)
    })
}

/// Adds the bytes to the schema of arguments that have media.
pub(crate) fn declare_bytes(schema: &mut Value) -> Result<(), String> {
    let Some(media) = schema.pointer_mut("/properties/media") else {
        return Ok(());
    };
    let item = media.get_mut("items").and_then(Value::as_object_mut);
    let item = item.ok_or("media must be an array of objects")?;
    let properties = item.get_mut("properties").and_then(Value::as_object_mut);
    let properties = properties.ok_or("an element of media must be an object")?;
    if !properties.contains_key("digest") {
        return Err("an element of media must have a digest".to_owned());
    }
    let described = "The bytes with that digest, in base64.";
    let bytes = json!({ "type": "string", "maxLength": MEDIA_CHARS, "description": described });
    if properties.insert(BYTES.to_owned(), bytes).is_some() {
        return Err(format!("`{BYTES}` of an element of media is the kit's"));
    }
    match item.entry("required").or_insert_with(|| json!([])) {
        Value::Array(required) => required.push(json!(BYTES)),
        _ => return Err("required must be an array".to_owned()),
    }
    Ok(())
}
