//! The credentials of accounts and tenants: read when they are needed, renewed when they are old.
//!
//! A refresh token can be used once. Whoever uses one therefore stores the pair that comes of it at once, and whoever finds one
//! used looks whether somebody else has stored a newer pair.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as Latch, PoisonError};
use std::time::Duration;

use chimera_domain::ports::Clock;
use chimera_domain::{TenantId, Timestamp};
use chimera_signed_http::secrets::{SecretError, SecretVault};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::client::{CallFault, Secret, XClient};
use crate::platform::Account;

/// Renewed so long before it expires that a call made with it still ends in time.
const EARLY_S: i64 = 60;
/// How long another instance that has just used the refresh token is given to store what came of it.
const REREAD_AFTER: Duration = Duration::from_secs(1);
/// Owners whose credentials are kept in memory: beyond that they are read again.
const KNOWN_OWNERS: usize = 1_000;

/// Whose credential it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    /// An account's: it acts and sees as the account.
    Account(Account),
    /// A tenant's own: it sees what anybody sees.
    Tenant(TenantId),
}

/// Whether expired tokens are renewed here, or by whoever keeps the secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// Renewed here, and stored.
    Stored,
    /// Never here: the secret is read again.
    Elsewhere,
}

/// There is no credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TokenFault {
    /// None that is good, and asking again will not help. Whoever runs the account must see to its secret.
    Useless(String),
    /// It could not be read or renewed just now.
    Unreached(String),
}

/// One owner's credential: whoever reads or renews it lets the others wait.
type Slot = Arc<Mutex<Option<Credential>>>;

/// The credentials by their owners.
#[derive(Debug)]
pub struct Tokens<V, C> {
    vault: V,
    clock: C,
    prefix: String,
    renewal: Renewal,
    reread_after: Duration,
    known: Latch<HashMap<String, Slot>>,
}

/// A secret's JSON. What else is in it stays in it.
#[derive(Clone, Serialize, Deserialize)]
struct Credential {
    /// An account's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    /// A tenant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bearer_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Expiry>,
    #[serde(flatten)]
    other: Map<String, Value>,
    /// Renewed, and not stored so far.
    #[serde(skip)]
    is_unstored: bool,
}

/// As people and programs write it.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(untagged)]
enum Expiry {
    Seconds(i64),
    At(Timestamp),
}

/// What the platform gives for a refresh token.
#[derive(Deserialize)]
struct Renewed {
    access_token: String,
    #[serde(default)]
    refresh_token: Option<String>,
    #[serde(default)]
    expires_in: Option<i64>,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").finish_non_exhaustive()
    }
}

impl Credential {
    /// What a call is made with.
    fn bearer(&self) -> Option<Secret> {
        self.access_token.as_ref().or(self.bearer_token.as_ref()).cloned().map(Secret)
    }

    fn is_old(&self, now: Timestamp) -> bool {
        let expires_at = match self.expires_at {
            None => return false,
            Some(Expiry::Seconds(second)) => second,
            Some(Expiry::At(at)) => at.as_second(),
        };
        expires_at.saturating_sub(EARLY_S) <= now.as_second()
    }

    fn is_other_than(&self, bearer: &Secret) -> bool {
        self.bearer().is_some_and(|own| own != *bearer)
    }
}

impl<V: SecretVault, C: Clock> Tokens<V, C> {
    /// Credentials in a vault: an account's is called `<prefix><tenant>/<account>`, a tenant's own `<prefix><tenant>/@app`,
    /// which no account can be called.
    pub fn new(vault: V, clock: C, prefix: impl Into<String>, renewal: Renewal) -> Self {
        let prefix = prefix.into();
        Self { vault, clock, prefix, renewal, reread_after: REREAD_AFTER, known: Latch::default() }
    }

    /// The same, that waits this long for what another instance renewed.
    #[must_use]
    pub fn reread_after(self, reread_after: Duration) -> Self {
        Self { reread_after, ..self }
    }

    /// A credential that is good as far as anybody knows.
    pub(crate) async fn bearer(&self, client: &XClient<C>, owner: &Owner) -> Result<Secret, TokenFault> {
        let name = self.name(owner);
        let slot = self.slot(&name);
        let mut held = slot.lock().await;
        if let Some(credential) = held.as_mut().filter(|credential| credential.is_unstored) {
            self.store(&name, credential).await;
        }
        if let Some(bearer) =
            held.as_ref().filter(|held| !held.is_old(self.clock.now())).and_then(Credential::bearer)
        {
            return Ok(bearer);
        }
        let credential = self.best(&name, held.as_ref()).await?;
        let credential = match credential.is_old(self.clock.now()) {
            false => credential,
            true => self.renew(client, &name, credential).await?,
        };
        give(&name, held.insert(credential))
    }

    /// Another credential than one that the platform does not know; none where there is no other.
    pub(crate) async fn newer(
        &self,
        client: &XClient<C>,
        owner: &Owner,
        refused: &Secret,
    ) -> Result<Option<Secret>, TokenFault> {
        let name = self.name(owner);
        let slot = self.slot(&name);
        let mut held = slot.lock().await;
        if let Some(other) = held.as_ref().filter(|held| held.is_other_than(refused)) {
            return give(&name, other).map(Some);
        }
        let best = self.best(&name, held.as_ref()).await?;
        let credential = if best.is_other_than(refused) {
            best
        } else if self.renewal == Renewal::Stored && best.refresh_token.is_some() {
            self.renew(client, &name, best).await?
        } else {
            return Ok(None);
        };
        give(&name, held.insert(credential)).map(Some)
    }

    fn name(&self, owner: &Owner) -> String {
        match owner {
            Owner::Account(Account { tenant, name }) => format!("{}{tenant}/{name}", self.prefix),
            Owner::Tenant(tenant) => format!("{}{tenant}/@app", self.prefix),
        }
    }

    fn slot(&self, name: &str) -> Slot {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_OWNERS && !known.contains_key(name) {
            known.clear();
        }
        Arc::clone(known.entry(name.to_owned()).or_default())
    }

    /// The newest pair there is: the stored one, but where a newer one could not be stored, that.
    async fn best(&self, name: &str, held: Option<&Credential>) -> Result<Credential, TokenFault> {
        match held.filter(|held| held.is_unstored) {
            Some(unstored) => Ok(unstored.clone()),
            None => self.read(name).await,
        }
    }

    async fn read(&self, name: &str) -> Result<Credential, TokenFault> {
        let secret = self.vault.read(name).await.map_err(|error| unreached(name, &error))?;
        let secret = secret.ok_or_else(|| useless(name, "is not there"))?;
        // What went wrong is not kept: an error of the parser could quote the secret.
        serde_json::from_str(&secret).map_err(|_| useless(name, "has not the form of a credential"))
    }

    /// Uses the refresh token, once. Where it was used before, what somebody else stored is taken.
    async fn renew(
        &self,
        client: &XClient<C>,
        name: &str,
        old: Credential,
    ) -> Result<Credential, TokenFault> {
        if self.renewal == Renewal::Elsewhere {
            return Err(useless(name, "has expired, and nobody has renewed it"));
        }
        match self.refresh(client, &old).await {
            Ok(renewed) => {
                let mut credential = self.merged(old, renewed);
                self.store(name, &mut credential).await;
                Ok(credential)
            }
            Err(CallFault::Answered(error)) if error.refusal().is_some() && error.status != 429 => {
                tokio::time::sleep(self.reread_after).await;
                let stored = self.read(name).await?;
                let is_newer = stored.refresh_token != old.refresh_token && !stored.is_old(self.clock.now());
                if is_newer {
                    return Ok(stored);
                }
                tracing::error!(
                    secret.name = name,
                    status = error.status,
                    "a token cannot be renewed: sign in again"
                );
                Err(useless(name, "has expired, and the platform does not renew it"))
            }
            Err(CallFault::Answered(error)) => Err(TokenFault::Unreached(format!(
                "{name} was not renewed: the platform answered {}",
                error.status
            ))),
            Err(CallFault::Unsent(why) | CallFault::Lost(why)) => {
                Err(TokenFault::Unreached(format!("{name} was not renewed: {why}")))
            }
        }
    }

    async fn refresh(&self, client: &XClient<C>, old: &Credential) -> Result<Renewed, CallFault> {
        let part = |part: &Option<String>| Secret(part.clone().unwrap_or_default());
        let (refresh, secret, access) =
            (part(&old.refresh_token), part(&old.client_secret), part(&old.access_token));
        let id = old.client_id.as_deref().unwrap_or_default();
        let fields =
            [("grant_type", "refresh_token"), ("refresh_token", refresh.0.as_str()), ("client_id", id)];
        // An app that can keep a secret shows it; another one only says who it is.
        let password = old.client_secret.is_some().then_some((id, &secret));
        let secrets = [&refresh, &secret, &access];
        let answer = client.send_form(&["2", "oauth2", "token"], &fields, password, &secrets).await?;
        serde_json::from_value(answer)
            .map_err(|_| CallFault::Lost("the answer is no pair of tokens".to_owned()))
    }

    fn merged(&self, old: Credential, renewed: Renewed) -> Credential {
        let now = self.clock.now();
        let expires_at = renewed.expires_in.and_then(|seconds| now.as_second().checked_add(seconds));
        Credential {
            access_token: Some(renewed.access_token),
            refresh_token: renewed.refresh_token.or(old.refresh_token),
            expires_at: expires_at.and_then(|at| Timestamp::from_second(at).ok()).map(Expiry::At),
            is_unstored: true,
            ..old
        }
    }

    /// Stores a renewed pair. Where that fails it stays in memory, is used, and is stored with the next call: the old pair
    /// is worth nothing any more.
    async fn store(&self, name: &str, credential: &mut Credential) {
        let Ok(secret) = serde_json::to_string(credential) else { return };
        match self.vault.write(name, &secret).await {
            Ok(()) => credential.is_unstored = false,
            Err(fault) => {
                let error: &dyn std::error::Error = &fault;
                tracing::error!(
                    secret.name = name,
                    error,
                    "a renewed token was not stored: it is in memory only"
                );
            }
        }
    }
}

fn give(name: &str, credential: &Credential) -> Result<Secret, TokenFault> {
    credential.bearer().ok_or_else(|| useless(name, "has no token"))
}

fn useless(name: &str, what: &str) -> TokenFault {
    TokenFault::Useless(format!("the secret {name} {what}"))
}

fn unreached(name: &str, error: &SecretError) -> TokenFault {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    TokenFault::Unreached(format!("the secret {name} cannot be read: {error}{cause}"))
}
