//! The write half: posts, replies and deletions, with a grant and never without.

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

use crate::posts::{Account, PostStore};
use crate::{NewPost, Sandbox, deletion_price, price, schemas};

/// The write half's tools.
#[derive(Debug)]
pub struct WriteHalf<S, C, I, P> {
    desk: GrantDesk<S, C, I>,
    sandbox: Sandbox<P, C>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPostCall {
    account: String,
    text: String,
    in_reply_to: Option<String>,
    made_with_ai: bool,
    #[serde(default)]
    paid_partnership: bool,
    #[serde(default)]
    media: Vec<Media>,
    idempotency_key: Uuid,
    grant: SignedGrant,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PostDelete {
    account: String,
    post_id: String,
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

    /// Posts or replies.
    async fn post(&self, tool: &str, arguments: Value) -> Result<Burn, ToolFault> {
        let approved = Digest::of_json(&granted(&arguments));
        let call: NewPostCall = read(arguments)?;
        check_media(&call.media)?;
        let account = account_of(&call.grant, &call.account)?;
        let presented = Presented {
            tool,
            arguments: approved,
            grant: &call.grant,
            key: call.idempotency_key,
            price: price(&call.text),
        };
        let post = NewPost {
            account,
            text: call.text,
            in_reply_to: call.in_reply_to,
            made_with_ai: call.made_with_ai,
            paid_partnership: call.paid_partnership,
            media: call.media.into_iter().map(|media| media.digest).collect(),
            key: call.idempotency_key,
        };
        self.desk.execute(presented, self.sandbox.create(post)).await
    }

    async fn post_delete(&self, arguments: Value) -> Result<Burn, ToolFault> {
        let approved = Digest::of_json(&granted(&arguments));
        let call: PostDelete = read(arguments)?;
        let account = account_of(&call.grant, &call.account)?;
        let presented = Presented {
            tool: "post_delete",
            arguments: approved,
            grant: &call.grant,
            key: call.idempotency_key,
            price: deletion_price(),
        };
        let act = self.sandbox.delete(&account, &call.post_id, call.idempotency_key);
        self.desk.execute(presented, act).await
    }
}

/// [E-8] The account that is acted on: the grant's agent, of the grant's tenant. The desk checks, before anything is done,
/// that the Judge signed both.
fn account_of(signed: &SignedGrant, named: &str) -> Result<Account, ToolFault> {
    let grant = &signed.grant;
    if named != grant.agent.as_str() {
        return Err(ToolFault::refused("grant_account", "the grant is for another agent", false));
    }
    Ok(Account { tenant: grant.tenant.clone(), name: named.to_owned() })
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
            input: schemas::post_create(),
            output: burn_schema(),
            class: ToolClass::Effect,
        });
        specs.push(ToolSpec {
            name: "post_reply",
            description: "The same as an answer to a post.",
            input: schemas::post_reply(),
            output: burn_schema(),
            class: ToolClass::Effect,
        });
        specs.push(ToolSpec {
            name: "post_delete",
            description: "Deletes a post of the account; one that is gone already counts as deleted.",
            input: schemas::post_delete(),
            output: burn_schema(),
            class: ToolClass::Effect,
        });
        specs
    }

    async fn call(&self, tool: &str, arguments: Value) -> Result<Value, ToolFault> {
        let burn = match tool {
            "post_create" | "post_reply" => self.post(tool, arguments).await?,
            "post_delete" => self.post_delete(arguments).await?,
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
