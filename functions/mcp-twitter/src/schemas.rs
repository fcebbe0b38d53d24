//! What the tools' arguments must look like.

use chimera_domain::limits;
use serde_json::{Value, json};

/// Media of one post, as on the platform.
const MEDIA: usize = 4;
/// Characters of base64 per medium: what fits a request beside three others.
const MEDIA_CHARS: usize = 1024 * 1024;

/// An identifier of ours: nothing that could reach into another key.
pub(crate) fn id() -> Value {
    json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$" })
}

/// An account is called like its agent.
pub(crate) fn account() -> Value {
    id()
}

/// The platform's id of a post.
pub(crate) fn post_id() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]{1,20}$" })
}

pub(crate) fn post_create() -> Value {
    new_post(&["account", "text", "made_with_ai"], json!({}))
}

pub(crate) fn post_reply() -> Value {
    new_post(&["account", "text", "made_with_ai", "in_reply_to"], json!({ "in_reply_to": mention_id() }))
}

pub(crate) fn post_delete() -> Value {
    granted(&["account", "post_id"], json!({ "account": account(), "post_id": post_id() }))
}

/// The platform's id of somebody else's post.
fn mention_id() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": limits::MENTION_ID_CHARS })
}

fn new_post(required: &[&str], more: Value) -> Value {
    let properties = json!({
        "account": account(),
        "text": { "type": "string", "minLength": 1, "maxLength": 4000 },
        "made_with_ai": { "type": "boolean" },
        "paid_partnership": { "type": "boolean" },
        "media": {
            "type": "array",
            "maxItems": MEDIA,
            "items": {
                "type": "object",
                "required": ["digest", "bytes_base64", "mime"],
                "properties": {
                    "digest": { "type": "string", "pattern": "^sha256:[0-9a-f]{64}$" },
                    "bytes_base64": { "type": "string", "maxLength": MEDIA_CHARS },
                    "mime": { "type": "string", "pattern": "^[a-z]+/[a-z0-9.+-]+$" },
                },
                "additionalProperties": false,
            },
        },
    });
    granted(required, merged(properties, more))
}

/// Arguments beside the key and the grant that every write tool takes.
fn granted(required: &[&str], properties: Value) -> Value {
    let every = json!({
        "idempotency_key": { "type": "string", "minLength": 36, "maxLength": 36 },
        "grant": { "type": "object" },
    });
    let required: Vec<&str> = required.iter().copied().chain(["idempotency_key", "grant"]).collect();
    json!({
        "type": "object",
        "required": required,
        "properties": merged(properties, every),
        "additionalProperties": false,
    })
}

fn merged(mut one: Value, other: Value) -> Value {
    if let (Some(one), Value::Object(other)) = (one.as_object_mut(), other) {
        one.extend(other);
    }
    one
}
