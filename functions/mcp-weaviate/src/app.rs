//! Which half, over which backend.

use std::sync::Arc;

use aws_config::SdkConfig;
use axum::Router;
use chimera_mcp::net::Reach;
use chimera_mcp::server::{
    DynamoAnswers, DynamoBurns, GrantDesk, GrantVerifier, InvalidKeys, SpecError, router,
};
use chimera_runtime::{Env, EnvError, RandomIds, SystemClock};
use chimera_signed_http::secrets::{SecretError, secret};
use thiserror::Error;

use crate::tools::{read_half, write_half};
use crate::{
    ApiKey, Catalogue, DynamoObjects, Faults, InvalidClass, Live, LiveError, Memories, Sandbox,
    VectorDatabase,
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
    /// The table of faults cannot be read.
    #[error("WEAVIATE_FAULTS is no table of faults")]
    Faults(#[source] serde_json::Error),
    /// The collections cannot be read.
    #[error("WEAVIATE_COLLECTIONS cannot be used")]
    Collections(#[from] InvalidClass),
    /// The database cannot be reached like this.
    #[error(transparent)]
    Live(#[from] LiveError),
    /// The database's key cannot be read.
    #[error("the secret that WEAVIATE_KEY_SECRET names cannot be read")]
    Secret(#[source] SecretError),
    /// What the tools declare does not fit together: a defect.
    #[error(transparent)]
    Spec(#[from] SpecError),
}

#[derive(Clone, Copy)]
enum Backend {
    Sandbox,
    Live,
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
pub async fn app(env: &Env, aws: &SdkConfig) -> Result<Router, StartError> {
    match env.choice("WEAVIATE_BACKEND", &[("sandbox", Backend::Sandbox), ("live", Backend::Live)])? {
        Backend::Sandbox => {
            let objects = DynamoObjects::new(aws_sdk_dynamodb::Client::new(aws), env.text("MEMORY_TABLE")?);
            half(Sandbox::new(objects, SystemClock, catalogue(env)?, faults(env)?), env, aws)
        }
        Backend::Live => {
            let (url, key) = (env.text("WEAVIATE_URL")?, key(env, aws).await?);
            half(Live::new(&url, reach(env)?, key, catalogue(env)?, SystemClock)?, env, aws)
        }
    }
}

fn half<D: VectorDatabase>(database: D, env: &Env, aws: &SdkConfig) -> Result<Router, StartError> {
    let database = Arc::new(database);
    let server = match env.choice("WEAVIATE_HALF", &[("read", Half::Read), ("write", Half::Write)])? {
        Half::Read => read_half(database, SystemClock).build()?,
        Half::Write => {
            let audience = format!("weaviate@{}", env.text("STACK_NAME")?);
            let verifier = GrantVerifier::from_json(&env.text("GRANT_PUBLIC_KEYS")?, audience)?;
            let (client, table) = (aws_sdk_dynamodb::Client::new(aws), env.text("MEMORY_TABLE")?);
            let burns = DynamoBurns::new(client.clone(), table.clone());
            let desk = GrantDesk::new(verifier, burns, SystemClock, RandomIds);
            let keeper = Memories::new(Arc::clone(&database), SystemClock);
            let answers = DynamoAnswers::new(client, table);
            write_half(keeper, (database, SystemClock), desk, answers)
                .dry_run(is_set(env, "MCP_DRY_RUN")?)
                .build()?
        }
    };
    Ok(router(server, &[]))
}

fn catalogue(env: &Env) -> Result<Catalogue, StartError> {
    let own = env.optional("WEAVIATE_COLLECTIONS").unwrap_or_else(|| "[]".to_owned());
    Ok(Catalogue::with(serde_json::from_str(&own).map_err(InvalidClass::from)?)?)
}

fn faults(env: &Env) -> Result<Faults, StartError> {
    let table = env.optional("WEAVIATE_FAULTS");
    table.map_or(Ok(Faults::default()), |table| serde_json::from_str(&table).map_err(StartError::Faults))
}

/// A database inside the operator's own network has a private address.
fn reach(env: &Env) -> Result<Reach, StartError> {
    let private = is_set(env, "WEAVIATE_ALLOW_PRIVATE")?;
    Ok(if private { Reach::Anywhere } else { Reach::Public })
}

/// Whether a switch that may be left out is on.
fn is_set(env: &Env, name: &'static str) -> Result<bool, EnvError> {
    if env.optional(name).is_some() { env.flag(name) } else { Ok(false) }
}

/// The database's key, where it has one.
async fn key(env: &Env, aws: &SdkConfig) -> Result<Option<ApiKey>, StartError> {
    let Some(name) = env.optional("WEAVIATE_KEY_SECRET") else {
        return Ok(None);
    };
    Ok(Some(ApiKey::read(&secret(aws, &name).await.map_err(StartError::Secret)?)?))
}

#[cfg(test)]
mod tests {
    use aws_config::BehaviorVersion;

    use super::*;

    async fn start<const N: usize>(variables: [(&str, &str); N]) -> Result<Router, StartError> {
        app(&Env::of(variables), &SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build())
            .await
    }

    #[tokio::test]
    async fn what_is_missing_or_wrong_keeps_the_server_from_starting() {
        let sandbox = [
            ("WEAVIATE_BACKEND", "sandbox"),
            ("WEAVIATE_HALF", "read"),
            ("MEMORY_TABLE", "memories"),
            ("WEAVIATE_FAULTS", "{}"),
            ("WEAVIATE_COLLECTIONS", "[]"),
        ];
        assert!(start(sandbox).await.is_ok());
        for (at, wrong) in
            [(0, ""), (0, "mock"), (1, ""), (1, "both"), (2, ""), (3, "{\"boom\":1}"), (4, "[{}]")]
        {
            let mut env = sandbox;
            env[at].1 = wrong;
            assert!(start(env).await.is_err(), "{} {wrong}", env[at].0);
        }
    }

    #[tokio::test]
    async fn the_write_half_needs_the_judges_keys() {
        let keys = r#"{"k1": "7UkoxijRwsbq6QM4kFmVYSlZJzpcY/k2NsFGFKyHN9E="}"#;
        let write = [
            ("WEAVIATE_BACKEND", "live"),
            ("WEAVIATE_HALF", "write"),
            ("WEAVIATE_URL", "https://weaviate.example"),
            ("MEMORY_TABLE", "memories"),
            ("STACK_NAME", "chimera"),
            ("GRANT_PUBLIC_KEYS", keys),
            ("MCP_DRY_RUN", "true"),
        ];
        assert!(start(write).await.is_ok());
        for (at, wrong) in [(2, ""), (3, ""), (4, ""), (5, ""), (5, "{}"), (6, "perhaps")] {
            let mut env = write;
            env[at].1 = wrong;
            assert!(start(env).await.is_err(), "{} {wrong}", env[at].0);
        }
    }

    #[tokio::test]
    async fn a_live_database_has_an_address_and_a_clear_one_only_where_that_is_allowed() {
        let live = [("WEAVIATE_BACKEND", "live"), ("WEAVIATE_HALF", "read")];
        assert!(matches!(start(live).await, Err(StartError::Env(_))), "a live server needs a URL");
        let clear = [live[0], live[1], ("WEAVIATE_URL", "http://weaviate.example")];
        assert!(matches!(start(clear).await, Err(StartError::Live(LiveError::Clear))));
        let private = [clear[0], clear[1], clear[2], ("WEAVIATE_ALLOW_PRIVATE", "true")];
        assert!(start(private).await.is_ok());
    }
}
