//! The write half: posts, with a grant and never without.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chimera_domain::ports::{Burn, Clock, Ids};
use chimera_domain::{Digest, Outcome, SignedGrant};
use chimera_mcp::ToolClass;
use chimera_mcp::server::{
    BurnStore, GrantDesk, Presented, ToolFault, ToolSpec, Tools, burn_schema, effect_specs,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::posts::PostStore;
use crate::{NewPost, Sandbox, price};

/// Media of one post, as on the platform.
const MEDIA: usize = 4;
/// Characters of base64 per medium: what fits a request beside three others.
const MEDIA_CHARS: usize = 1024 * 1024;

/// The write half's tools.
#[derive(Debug)]
pub struct WriteHalf<S, C, I, P> {
    desk: GrantDesk<S, C, I>,
    sandbox: Sandbox<P, C>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PostCreate {
    account: String,
    text: String,
    made_with_ai: bool,
    #[serde(default)]
    media: Vec<Media>,
    idempotency_key: Uuid,
    grant: SignedGrant,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Media {
    digest: Digest,
    bytes_base64: String,
    #[serde(rename = "mime")]
    _mime: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settle {
    grant: SignedGrant,
    happened: Option<Outcome>,
}

impl<S: BurnStore, C: Clock + Send + 'static, I: Ids + Send + 'static, P: PostStore> WriteHalf<S, C, I, P> {
    /// Tools over a desk and the sandbox.
    pub fn new(desk: GrantDesk<S, C, I>, sandbox: Sandbox<P, C>) -> Self {
        Self { desk, sandbox }
    }

    async fn post_create(&self, arguments: Value) -> Result<Burn, ToolFault> {
        let granted = granted(&arguments);
        let call: PostCreate = read(arguments)?;
        check_media(&call.media)?;
        if call.account != call.grant.grant.agent.as_str() {
            return Err(ToolFault::refused("grant_account", "the grant is for another agent", false));
        }
        let presented = Presented {
            tool: "post_create",
            arguments: Digest::of_json(&granted),
            grant: &call.grant,
            key: call.idempotency_key,
            price: price(&call.text),
        };
        let post = NewPost {
            account: call.account,
            text: call.text,
            made_with_ai: call.made_with_ai,
            media: call.media.into_iter().map(|media| media.digest).collect(),
            key: call.idempotency_key,
        };
        self.desk.execute(presented, self.sandbox.create(post)).await
    }
}

/// The arguments that the grant is about: without grant, key and media bytes.
fn granted(arguments: &Value) -> Value {
    let mut granted = arguments.clone();
    if let Some(fields) = granted.as_object_mut() {
        fields.remove("grant");
        fields.remove("idempotency_key");
    }
    let media = granted.get_mut("media").and_then(Value::as_array_mut);
    for medium in media.into_iter().flatten().filter_map(Value::as_object_mut) {
        medium.remove("bytes_base64");
    }
    granted
}

/// The bytes must be those whose digest was approved.
fn check_media(media: &[Media]) -> Result<(), ToolFault> {
    for medium in media {
        let bytes = BASE64_STANDARD.decode(&medium.bytes_base64).ok();
        if bytes.is_none_or(|bytes| Digest::of_bytes(&bytes) != medium.digest) {
            return Err(ToolFault::refused(
                "media_mismatch",
                "the bytes are not those that were approved",
                false,
            ));
        }
    }
    Ok(())
}

/// What the schema let through and is still no such thing, such as a grant without a signature.
fn read<T: DeserializeOwned>(arguments: Value) -> Result<T, ToolFault> {
    serde_json::from_value(arguments)
        .map_err(|error| ToolFault::refused("invalid_input", error.to_string(), false))
}

impl<S, C, I, P> Tools for WriteHalf<S, C, I, P>
where
    S: BurnStore,
    C: Clock + Send + 'static,
    I: Ids + Send + 'static,
    P: PostStore,
{
    fn server(&self) -> &'static str {
        "twitter"
    }

    fn specs(&self) -> Vec<ToolSpec> {
        let mut specs = effect_specs();
        specs.push(ToolSpec {
            name: "post_create",
            description: "Posts, once, exactly what the grant approves; a used grant answers what became of it.",
            input: post_create_schema(),
            output: burn_schema(),
            class: ToolClass::Effect,
        });
        specs
    }

    async fn call(&self, tool: &str, arguments: Value) -> Result<Value, ToolFault> {
        let burn = match tool {
            "post_create" => self.post_create(arguments).await?,
            "effect_outcome" => self.desk.outcome(&read::<Settle>(arguments)?.grant).await?,
            "effect_void" => self.desk.void(&read::<Settle>(arguments)?.grant).await?,
            "effect_close" => {
                let Settle { grant, happened } = read(arguments)?;
                self.desk.close(&grant, happened).await?
            }
            other => return Err(ToolFault::refused("unknown_tool", other, false)),
        };
        Ok(json!(burn))
    }
}

fn post_create_schema() -> Value {
    json!({
        "type": "object",
        "required": ["account", "text", "made_with_ai", "idempotency_key", "grant"],
        "properties": {
            "account": { "type": "string", "minLength": 1, "maxLength": 64 },
            "text": { "type": "string", "minLength": 1, "maxLength": 4000 },
            "made_with_ai": { "type": "boolean" },
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
            "idempotency_key": { "type": "string", "minLength": 36, "maxLength": 36 },
            "grant": { "type": "object" },
        },
        "additionalProperties": false,
    })
}
