//! The server over the backend that the environment names.

use std::sync::Arc;

use aws_config::SdkConfig;
use axum::Router;
use chimera_domain::ports::Clock;
use chimera_mcp::net::Reach;
use chimera_mcp::server::{AnswerStore, DynamoAnswers, SpecError, ToolServer, router};
use chimera_runtime::{Env, EnvError, SystemClock};
use thiserror::Error;

use crate::resources::WindowResources;
use crate::tools::{
    CollectionsGetConfig, MemoryForget, MemoryRecall, MemoryRecent, MemoryRemember, ObjectsUpsert,
    QueryHybrid, TenantsList,
};
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
    Secret(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A tool's schema is a defect.
    #[error(transparent)]
    Spec(#[from] SpecError),
}

#[derive(Clone, Copy)]
enum Backend {
    Sandbox,
    Live,
}

/// The server over the backend that the environment names.
///
/// # Errors
/// [`StartError`].
pub async fn app(env: &Env, aws: &SdkConfig) -> Result<Router, StartError> {
    let table = env.text("MEMORY_TABLE")?;
    let client = aws_sdk_dynamodb::Client::new(aws);
    let answers = DynamoAnswers::new(client.clone(), table.clone());
    let catalogue = catalogue(env)?;
    let server =
        match env.choice("WEAVIATE_BACKEND", &[("sandbox", Backend::Sandbox), ("live", Backend::Live)])? {
            Backend::Sandbox => {
                let objects = DynamoObjects::new(client, table);
                let sandbox = Sandbox::new(objects, SystemClock, catalogue, faults(env)?);
                server(Arc::new(sandbox), SystemClock, answers)?
            }
            Backend::Live => {
                let (url, key) = (env.text("WEAVIATE_URL")?, key(env, aws).await?);
                let live = Live::new(&url, reach(env)?, key, catalogue, SystemClock)?;
                server(Arc::new(live), SystemClock, answers)?
            }
        };
    Ok(router(server, &[]))
}

/// All tools over a database; `answers` keeps what was remembered and forgotten under which key.
///
/// # Errors
/// [`SpecError`] where a tool's schema is a defect.
pub fn server<D, C, A>(database: Arc<D>, clock: C, answers: A) -> Result<ToolServer, SpecError>
where
    D: VectorDatabase,
    C: Clock + Clone + Send + 'static,
    A: AnswerStore + Clone,
{
    let memories = Memories::new(Arc::clone(&database), clock.clone());
    ToolServer::builder("weaviate")
        .clock(clock)
        .tool(QueryHybrid::new(Arc::clone(&database)))
        .upsert(ObjectsUpsert::new(Arc::clone(&database)))
        .tool(CollectionsGetConfig::new(Arc::clone(&database)))
        .tool(TenantsList::new(database))
        .tool(MemoryRecall::new(memories.clone()))
        .tool(MemoryRecent::new(memories.clone()))
        .generate(MemoryRemember::new(memories.clone()), answers.clone())
        .generate(MemoryForget::new(memories.clone()), answers)
        .resources(WindowResources::new(memories))
        .build()
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
    let is_set = env.optional("WEAVIATE_ALLOW_PRIVATE").is_some();
    let private = is_set && env.flag("WEAVIATE_ALLOW_PRIVATE")?;
    Ok(if private { Reach::Anywhere } else { Reach::Public })
}

/// The database's key, where it has one.
async fn key(env: &Env, aws: &SdkConfig) -> Result<Option<ApiKey>, StartError> {
    let Some(secret) = env.optional("WEAVIATE_KEY_SECRET") else {
        return Ok(None);
    };
    let client = aws_sdk_secretsmanager::Client::new(aws);
    let answer = client.get_secret_value().secret_id(secret).send().await;
    let answer = answer.map_err(|error| StartError::Secret(Box::new(error)))?;
    Ok(Some(ApiKey::read(answer.secret_string().unwrap_or_default())?))
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
        let sandbox = [("WEAVIATE_BACKEND", "sandbox"), ("MEMORY_TABLE", "t")];
        assert!(start(sandbox).await.is_ok());
        assert!(matches!(start([("WEAVIATE_BACKEND", "sandbox")]).await, Err(StartError::Env(_))));
        assert!(matches!(start([("MEMORY_TABLE", "t")]).await, Err(StartError::Env(_))));
        let wrong = [sandbox[0], sandbox[1], ("WEAVIATE_FAULTS", "{\"boom\":1}")];
        assert!(matches!(start(wrong).await, Err(StartError::Faults(_))));
        let wrong = [sandbox[0], sandbox[1], ("WEAVIATE_COLLECTIONS", "[{}]")];
        assert!(matches!(start(wrong).await, Err(StartError::Collections(_))));
        let live = [("WEAVIATE_BACKEND", "live"), ("MEMORY_TABLE", "t")];
        assert!(matches!(start(live).await, Err(StartError::Env(_))), "a live server needs a URL");
        let clear = [live[0], live[1], ("WEAVIATE_URL", "http://weaviate.example")];
        assert!(matches!(start(clear).await, Err(StartError::Live(LiveError::Clear))));
        let private = [clear[0], clear[1], clear[2], ("WEAVIATE_ALLOW_PRIVATE", "true")];
        assert!(start(private).await.is_ok());
    }
}
