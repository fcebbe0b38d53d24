//! Tools that change the world. A server says what one may cost and how it is done; the kit sees to the grant.

use std::future::Future;
use std::sync::Arc;

use chimera_domain::{AgentId, Digest, Money, Refusal, SignedGrant, TenantId};
use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use super::desk::{AnyDesk, Presented, Upstream};
use super::media::{MediaBytes, take_bytes};
use super::tool::{CallContext, Request, ToolFault, read};

/// A tool that changes the world: it does nothing without a grant. The kit verifies the grant, burns it, calls
/// [`EffectTool::act`] and stores what came of it; a used grant answers what is stored.
pub trait EffectTool: Send + Sync + 'static {
    /// Its name: 1 to 64 of `A-Z a-z 0-9 _ . -`, unique on its server.
    const NAME: &'static str;
    /// What it does, for models and people.
    const DESCRIPTION: &'static str;
    /// Exactly what the grant covers, an object. The kit adds `grant`, `idempotency_key`, and `bytes_base64` on each
    /// element of `media` to the declared schema, and takes them away before it compares the digest.
    type Arguments: DeserializeOwned + JsonSchema + Send + 'static;

    /// The agent whose account or wallet is acted on; must be the grant's agent.
    fn account<'a>(&self, arguments: &'a Self::Arguments) -> &'a str;

    /// The most this call can cost. Depends on the arguments alone: the same call is checked again whenever it is
    /// repeated.
    ///
    /// # Errors
    /// A refusal, where these arguments have no price. Nothing was burnt.
    fn price(&self, arguments: &Self::Arguments) -> Result<Money, ToolFault>;

    /// Does it, once. Called after the grant was burnt, and never for one that was used before.
    fn act(&self, effect: Effect, arguments: Self::Arguments) -> impl Future<Output = Upstream> + Send;
}

/// Who acts, and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Whose.
    pub tenant: TenantId,
    /// Who acts.
    pub agent: AgentId,
    /// What the platform de-duplicates on.
    pub key: Uuid,
    /// The bytes of the arguments' `media`, in their order; each has the digest that was approved.
    pub media: Vec<MediaBytes>,
    /// What the call carried beside its arguments.
    pub context: CallContext,
}

/// An effect tool without its types.
pub(crate) trait AnyEffect: Send + Sync {
    /// Does it once.
    fn execute<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<Value, ToolFault>>;

    /// Whether it would be done; changes nothing.
    fn check<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<Value, ToolFault>>;
}

/// An [`EffectTool`] behind its desk.
pub(crate) struct Granted<E> {
    pub(crate) tool: E,
    pub(crate) desk: Arc<dyn AnyDesk>,
}

/// What a call says beside its arguments, and what it is worth.
struct Claimed {
    grant: SignedGrant,
    key: Uuid,
    digest: Digest,
    price: Money,
}

#[derive(Serialize)]
struct Allowed {
    allowed: bool,
    price: Money,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
}

impl<E: EffectTool> Granted<E> {
    /// [T-5] [E-8] Takes away what the grant does not cover, compares bytes with digests and account with agent. The desk
    /// checks, before anything is done, that the Judge signed agent and tenant.
    fn prepare(&self, mut call: Value) -> Result<(Claimed, Vec<MediaBytes>, E::Arguments), ToolFault> {
        let grant: SignedGrant = read(&take(&mut call, "grant"))?;
        let key = read(&take(&mut call, "idempotency_key"))?;
        let media = take_bytes(&mut call)?;
        let digest = Digest::of_json(&call);
        let arguments: E::Arguments = read(&call)?;
        if self.tool.account(&arguments) != grant.grant.agent.as_str() {
            return Err(ToolFault::refused("grant_account", "the grant is for another agent", false));
        }
        let price = self.tool.price(&arguments)?;
        Ok((Claimed { grant, key, digest, price }, media, arguments))
    }
}

impl Claimed {
    fn presented(&self, tool: &'static str) -> Presented<'_> {
        let Self { grant, key, digest, price } = self;
        Presented { tool, arguments: digest.clone(), grant, key: *key, price: *price }
    }
}

impl<E: EffectTool> AnyEffect for Granted<E> {
    fn execute<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<Value, ToolFault>> {
        Box::pin(async move {
            let (claimed, media, arguments) = self.prepare(request.arguments)?;
            let grant = &claimed.grant.grant;
            let effect = Effect {
                tenant: grant.tenant.clone(),
                agent: grant.agent.clone(),
                key: claimed.key,
                media,
                context: request.context.clone(),
            };
            let act: BoxFuture<'_, Upstream> = if request.services.dry_run {
                Box::pin(async { kept_back(E::NAME) })
            } else {
                // [E-2] Nothing of it runs, not even what it does before it gives a future, until the grant is burnt.
                Box::pin(async move { self.tool.act(effect, arguments).await })
            };
            Ok(json!(self.desk.execute(claimed.presented(E::NAME), act).await?))
        })
    }

    fn check<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<Value, ToolFault>> {
        Box::pin(async move {
            let (claimed, _, _) = self.prepare(request.arguments)?;
            self.desk.check(claimed.presented(E::NAME)).await?;
            Ok(json!(Allowed { allowed: true, price: claimed.price, dry_run: request.services.dry_run }))
        })
    }
}

/// [T-7] What a server in dry run answers instead of acting.
fn kept_back(tool: &str) -> Upstream {
    tracing::warn!(mcp.tool = tool, "an effect was not done: the server is in dry run");
    let refusal = Refusal {
        code: "dry_run".to_owned(),
        message: "the server is in dry run: nothing was done".to_owned(),
        retryable: false,
    };
    Upstream::Refused { refusal, retry_after_s: None }
}

fn take(call: &mut Value, field: &str) -> Value {
    call.as_object_mut().and_then(|fields| fields.remove(field)).unwrap_or_default()
}
