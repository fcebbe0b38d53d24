//! The server, over which provider.

use aws_config::SdkConfig;
use axum::Router;
use chimera_mcp::server::{DynamoAnswers, SpecError, router};
use chimera_runtime::{Env, EnvError, SystemClock};
use thiserror::Error;

use crate::faults::Faults;
use crate::live::{BedrockConfig, BedrockProvider, InvalidConfig};
use crate::provider::{ImageProvider, Prices};
use crate::sandbox::Sandbox;
use crate::store_dynamo::DynamoImages;
use crate::studio::Studio;
use crate::tools::server;

/// The server must not start; whoever deployed it must look.
#[derive(Debug, Error)]
pub enum StartError {
    /// A variable is missing or wrong.
    #[error(transparent)]
    Env(#[from] EnvError),
    /// The fault table cannot be read.
    #[error("IMAGEGEN_FAULTS is no table of faults")]
    Faults(#[source] serde_json::Error),
    /// The price table cannot be read.
    #[error("IMAGEGEN_PRICES is no table of prices")]
    Prices(#[source] serde_json::Error),
    /// There is nobody to sign as, or no region to ask in.
    #[error("IMAGEGEN_BACKEND=live needs AWS credentials and a region")]
    Aws,
    /// Bedrock cannot be called as configured.
    #[error(transparent)]
    Bedrock(#[from] InvalidConfig),
    /// A tool's schema is a defect.
    #[error(transparent)]
    Spec(#[from] SpecError),
}

/// The server that the environment names.
///
/// # Errors
/// [`StartError`].
pub fn app(env: &Env, aws: &SdkConfig) -> Result<Router, StartError> {
    let live = env.choice("IMAGEGEN_BACKEND", &[("sandbox", false), ("live", true)])?;
    if live {
        return over(bedrock(env, aws)?, Faults::default(), env, aws);
    }
    over(Sandbox::default(), faults(env)?, env, aws)
}

fn over<P: ImageProvider>(
    provider: P,
    faults: Faults,
    env: &Env,
    aws: &SdkConfig,
) -> Result<Router, StartError> {
    let table = env.text("IMAGE_TABLE")?;
    let client = aws_sdk_dynamodb::Client::new(aws);
    let images = DynamoImages::new(client.clone(), table.clone());
    let studio = Studio::new(provider, images, SystemClock).failing(faults);
    Ok(router(server(studio, DynamoAnswers::new(client, table), SystemClock)?, &[]))
}

fn bedrock(env: &Env, aws: &SdkConfig) -> Result<BedrockProvider<SystemClock>, StartError> {
    let region = aws.region().map(ToString::to_string).ok_or(StartError::Aws)?;
    let credentials = aws.credentials_provider().ok_or(StartError::Aws)?;
    let prices: Prices = serde_json::from_str(&env.text("IMAGEGEN_PRICES")?).map_err(StartError::Prices)?;
    let model = env.text("IMAGEGEN_MODEL")?;
    let base_url = env.optional("IMAGEGEN_BASE_URL");
    let config = BedrockConfig { model, region, base_url, prices };
    Ok(BedrockProvider::new(config, credentials, SystemClock)?)
}

fn faults(env: &Env) -> Result<Faults, StartError> {
    let table = env.optional("IMAGEGEN_FAULTS");
    table.map_or(Ok(Faults::default()), |table| serde_json::from_str(&table).map_err(StartError::Faults))
}
