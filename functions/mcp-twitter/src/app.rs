//! Which half, over which backend.

use std::num::NonZeroU32;

use aws_config::SdkConfig;
use axum::Router;
use chimera_mcp::server::{
    DynamoBurns, GrantDesk, GrantVerifier, InvalidKeys, MemoryAllowances, SpecError, router,
};
use chimera_runtime::{Env, EnvError, RandomIds, SystemClock};
use chimera_signed_http::secrets::{SecretError, SecretsManager};
use thiserror::Error;

use crate::{
    ClientError, DynamoPosts, Faults, Live, Outlet, Renewal, Sandbox, Timeline, Tokens, XClient, read_half,
    write_half,
};

/// The server must not start; whoever deployed it must look.
#[derive(Debug, Error)]
pub enum StartError {
    /// A variable is missing or wrong.
    #[error(transparent)]
    Env(#[from] EnvError),
    /// The Judge's public keys cannot be read.
    #[error(transparent)]
    Keys(#[from] InvalidKeys),
    /// The fault table cannot be read.
    #[error("TWITTER_FAULTS is no table of faults")]
    Faults(#[source] serde_json::Error),
    /// What the tools declare does not fit together: a defect.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The accounts' credentials cannot be asked for.
    #[error(transparent)]
    Secrets(#[from] SecretError),
    /// The platform's client cannot be made.
    #[error(transparent)]
    Client(#[from] ClientError),
}

#[derive(Clone, Copy)]
enum Half {
    Read,
    Write,
}

/// The half that the environment names, over the backend that it names.
///
/// # Errors
/// [`StartError`].
pub fn app(env: &Env, aws: &SdkConfig) -> Result<Router, StartError> {
    let is_live = env.choice("TWITTER_BACKEND", &[("sandbox", false), ("live", true)])?;
    if is_live { half(live(env, aws)?, env, aws) } else { half(sandbox(env, aws)?, env, aws) }
}

fn half<B: Timeline + Outlet>(backend: B, env: &Env, aws: &SdkConfig) -> Result<Router, StartError> {
    let server = match env.choice("TWITTER_HALF", &[("read", Half::Read), ("write", Half::Write)])? {
        // Each instance counts for itself: this half may write no row.
        Half::Read => read_half(backend, MemoryAllowances::default()).build()?,
        Half::Write => {
            let audience = format!("twitter@{}", env.text("STACK_NAME")?);
            let verifier = GrantVerifier::from_json(&env.text("GRANT_PUBLIC_KEYS")?, audience)?;
            let burns = DynamoBurns::new(aws_sdk_dynamodb::Client::new(aws), env.text("TWITTER_TABLE")?);
            let desk = GrantDesk::new(verifier, burns, SystemClock, RandomIds);
            write_half(backend, desk).dry_run(is_set(env, "MCP_DRY_RUN")?).build()?
        }
    };
    Ok(router(server, &[]))
}

fn sandbox(env: &Env, aws: &SdkConfig) -> Result<Sandbox<DynamoPosts, SystemClock>, StartError> {
    let posts = DynamoPosts::new(aws_sdk_dynamodb::Client::new(aws), env.text("TWITTER_TABLE")?);
    let seed = if env.optional("TWITTER_SEED").is_some() { env.parse("TWITTER_SEED")? } else { 0 };
    let speed = match env.optional("SANDBOX_SPEED") {
        Some(_) => env.parse("SANDBOX_SPEED")?,
        None => NonZeroU32::MIN,
    };
    Ok(Sandbox::new(posts, SystemClock, faults(env)?).seeded(seed).faster(speed))
}

fn live(env: &Env, aws: &SdkConfig) -> Result<Live<SecretsManager, SystemClock>, StartError> {
    let client = XClient::new(env.optional("TWITTER_URL").as_deref(), SystemClock)?;
    let renewal = [("store", Renewal::Stored), ("off", Renewal::Elsewhere)];
    let renewal = match env.optional("TWITTER_TOKEN_RENEWAL") {
        Some(_) => env.choice("TWITTER_TOKEN_RENEWAL", &renewal)?,
        None => Renewal::Elsewhere,
    };
    let prefix = env.text("TWITTER_TOKEN_SECRET")?;
    Ok(Live::new(client, Tokens::new(SecretsManager::new(aws)?, SystemClock, prefix, renewal)))
}

fn faults(env: &Env) -> Result<Faults, StartError> {
    let table = env.optional("TWITTER_FAULTS");
    table.map_or(Ok(Faults::default()), |table| serde_json::from_str(&table).map_err(StartError::Faults))
}

/// Whether a switch that may be left out is on.
fn is_set(env: &Env, name: &'static str) -> Result<bool, EnvError> {
    if env.optional(name).is_some() { env.flag(name) } else { Ok(false) }
}

#[cfg(test)]
mod tests {
    use aws_config::{BehaviorVersion, Region};
    use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};

    use super::*;

    fn start<const N: usize>(env: [(&str, &str); N]) -> Result<Router, StartError> {
        let aws = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "a", "b", None, None, "test",
            )));
        app(&Env::of(env), &aws.build())
    }

    #[tokio::test]
    async fn what_is_missing_or_wrong_keeps_the_server_from_starting() {
        let sandbox = [
            ("TWITTER_BACKEND", "sandbox"),
            ("TWITTER_HALF", "read"),
            ("TWITTER_TABLE", "posts"),
            ("TWITTER_SEED", "7"),
            ("TWITTER_FAULTS", "{}"),
        ];
        assert!(start(sandbox).is_ok());
        for (at, wrong) in
            [(0, ""), (0, "mock"), (1, ""), (1, "both"), (2, ""), (3, "seven"), (4, "{\"boom\": 1}")]
        {
            let mut env = sandbox;
            env[at].1 = wrong;
            assert!(start(env).is_err(), "{} {wrong}", env[at].0);
        }
    }

    #[tokio::test]
    async fn the_write_half_needs_the_judges_keys() {
        let keys = r#"{"k1": "7UkoxijRwsbq6QM4kFmVYSlZJzpcY/k2NsFGFKyHN9E="}"#;
        let write = [
            ("TWITTER_BACKEND", "live"),
            ("TWITTER_HALF", "write"),
            ("TWITTER_TABLE", "posts"),
            ("TWITTER_TOKEN_SECRET", "chimera/twitter/"),
            ("STACK_NAME", "chimera"),
            ("GRANT_PUBLIC_KEYS", keys),
            ("MCP_DRY_RUN", "true"),
        ];
        assert!(start(write).is_ok());
        for (at, wrong) in [(2, ""), (3, ""), (4, ""), (5, ""), (5, "{}"), (6, "perhaps")] {
            let mut env = write;
            env[at].1 = wrong;
            assert!(start(env).is_err(), "{} {wrong}", env[at].0);
        }
    }

    #[tokio::test]
    async fn the_live_backend_sends_its_credentials_nowhere_in_the_clear() {
        let live = [
            ("TWITTER_BACKEND", "live"),
            ("TWITTER_HALF", "read"),
            ("TWITTER_TOKEN_SECRET", "chimera/twitter/"),
            ("TWITTER_TOKEN_RENEWAL", "store"),
            ("TWITTER_URL", "http://127.0.0.1:1"),
        ];
        assert!(start(live).is_ok());
        for (at, wrong) in [(3, "always"), (4, "http://api.x.com"), (4, "api.x.com")] {
            let mut env = live;
            env[at].1 = wrong;
            assert!(start(env).is_err(), "{} {wrong}", env[at].0);
        }
    }
}
