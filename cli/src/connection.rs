//! Where the API is, and as whom it is asked.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, bail};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};

use crate::api::Api;
use crate::args::Token;
use crate::failure::Failure;

/// How long the command's own token is good for: longer than any demo.
const DEMO_LIFETIME: Duration = Duration::from_secs(60 * 60);
/// Whose data is meant where nobody says.
const TENANT: &str = "demo";
/// Roles the command's own token carries: enough to run and decide, not to administer.
const DEMO_ROLES: [&str; 3] = ["operator", "reviewer", "finance"];

/// What was given on the command line or in the environment, with the local cloud behind it.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub(crate) api: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) tenant: Option<String>,
    pub(crate) local: PathBuf,
}

/// What the local cloud's deployment left behind.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Outputs {
    api_url: String,
    issuer: String,
    audience: String,
    issuer_key: PathBuf,
    issuer_key_id: String,
}

#[derive(Debug, Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    tenant: &'a str,
    roles: &'a [String],
    iat: u64,
    exp: u64,
}

impl Connection {
    /// The same, as a tenant of its own where none is named: what one demo published is no news to the next, and a
    /// Judge that looks for duplicates would say so.
    pub(crate) fn with_fresh_tenant(&self) -> Self {
        let fresh = || format!("{TENANT}-{:08x}", uuid::Uuid::new_v4().as_fields().0);
        let is_settled = self.tenant.is_some() || self.token.is_some();
        let tenant = if is_settled { self.tenant.clone() } else { Some(fresh()) };
        Self { tenant, ..self.clone() }
    }

    /// A client of the API. Where a base URL is given, a token must be given too: a token of the local issuer is never
    /// sent elsewhere.
    pub(crate) fn open(&self) -> Result<Api, Failure> {
        self.open_as(&demo_token())
    }

    /// The same, as whoever may put policies, where tokens are the local issuer's; as the given token's bearer elsewhere.
    pub(crate) fn open_as_admin(&self) -> Result<Api, Failure> {
        self.open_as(&Token { roles: vec!["admin".to_owned()], ..demo_token() })
    }

    fn open_as(&self, asked: &Token) -> Result<Api, Failure> {
        let (base, token) = match (&self.api, &self.token) {
            (Some(base), Some(token)) => (base.clone(), token.clone()),
            (Some(base), None) => {
                return Err(
                    anyhow::anyhow!("a token is needed for {base}: set CHIMERA_TOKEN or --token").into()
                );
            }
            (None, Some(token)) => (self.outputs()?.api_url, token.clone()),
            (None, None) => (self.outputs()?.api_url, self.mint(asked)?),
        };
        Ok(Api::new(&base, token)?)
    }

    /// A token of the local issuer.
    pub(crate) fn mint(&self, asked: &Token) -> Result<String> {
        let outputs = self.outputs()?;
        let pem = std::fs::read(&outputs.issuer_key)
            .with_context(|| format!("the issuer's key {} cannot be read", outputs.issuer_key.display()))?;
        let key = EncodingKey::from_ed_pem(&pem).context("the issuer's key is no Ed25519 key in PEM")?;
        let now =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).context("the clock is before 1970")?;
        if asked.lifetime_s == 0 {
            bail!("a token must be good for at least a second");
        }
        let claims = Claims {
            iss: &outputs.issuer,
            aud: &outputs.audience,
            sub: &asked.subject,
            tenant: self.tenant.as_deref().unwrap_or(TENANT),
            roles: &asked.roles,
            iat: now.as_secs(),
            exp: now.as_secs().saturating_add(asked.lifetime_s),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(outputs.issuer_key_id);
        jsonwebtoken::encode(&header, &claims, &key).context("the token cannot be signed")
    }

    fn outputs(&self) -> Result<Outputs> {
        let path = self.local.join("outputs.json");
        let text = std::fs::read(&path).with_context(|| {
            format!(
                "{} cannot be read: start the local cloud (`make up`), or say --api and --token",
                path.display()
            )
        })?;
        serde_json::from_slice(&text)
            .with_context(|| format!("{} is not what a deployment writes", path.display()))
    }
}

fn demo_token() -> Token {
    Token {
        subject: "demo-operator".to_owned(),
        roles: DEMO_ROLES.map(str::to_owned).to_vec(),
        lifetime_s: DEMO_LIFETIME.as_secs(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_token_is_never_sent_to_an_api_that_was_named() {
        let elsewhere = Connection {
            api: Some("https://api.example".to_owned()),
            token: None,
            tenant: None,
            local: PathBuf::from("/nonexistent"),
        };
        let text = elsewhere.open().unwrap_err().to_string();
        assert!(text.contains("CHIMERA_TOKEN"), "{text}");
    }

    #[test]
    fn a_missing_cloud_says_how_to_start_one() {
        let nowhere =
            Connection { api: None, token: None, tenant: None, local: PathBuf::from("/nonexistent") };
        assert!(nowhere.open().unwrap_err().to_string().contains("make up"));
    }
}
