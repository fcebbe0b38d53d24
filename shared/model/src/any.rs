//! Which model a function asks: the environment says, and nothing else does.

use std::num::NonZeroU32;
use std::time::Duration;

use chimera_domain::limits;
use chimera_domain::ports::{Answer, Ask, ModelError, ReasoningModel};
use chimera_runtime::{Env, EnvError, SystemClock};
use chimera_signed_http::SdkConfig;
use thiserror::Error;

use crate::ScriptedModel;
use crate::bedrock::{BedrockConfig, BedrockModel, Guardrail, InvalidConfig, TermsTable};

/// How long one ask may take where the environment names no other time: inside a task of a minute, beside its tools.
const TIME: Duration = Duration::from_secs(40);
/// Upper bound of the wait before the first retry.
const FIRST_WAIT: Duration = Duration::from_millis(400);

/// The function must not start; whoever deployed it must look.
#[derive(Debug, Error)]
pub enum StartError {
    /// A variable is missing or wrong.
    #[error(transparent)]
    Env(#[from] EnvError),
    /// The price table cannot be read.
    #[error("MODEL_PRICES is no table of prices")]
    Prices(#[source] serde_json::Error),
    /// What is asked would have no price, and nothing is spent without one.
    #[error("MODEL_PRICES has no price of MODEL_ID")]
    Unpriced,
    /// No id with a version.
    #[error("MODEL_GUARDRAIL is not <id>:<version>")]
    Guardrail,
    /// There is nobody to sign as, or no region to ask in.
    #[error("MODEL_BACKEND=bedrock needs AWS credentials and a region")]
    Aws,
    /// Bedrock cannot be called as configured.
    #[error(transparent)]
    Bedrock(#[from] InvalidConfig),
}

/// The model of a function.
#[derive(Debug, Clone)]
pub enum AnyModel {
    /// Offline and deterministic.
    Scripted(ScriptedModel),
    /// A model of Bedrock.
    Bedrock(Box<BedrockModel<SystemClock>>),
}

impl AnyModel {
    /// [B-8] The model that `MODEL_BACKEND` names (`scripted` or `bedrock`). There is no other choice and no default: a
    /// function that was told nothing must not invent.
    ///
    /// `bedrock` reads `MODEL_ID` and `MODEL_PRICES`, and where they are set `MODEL_GUARDRAIL`, `MODEL_BASE_URL`,
    /// `MODEL_ASK_LIMIT_CENTS` and `MODEL_TIMEOUT_SECONDS`. Without a base URL it asks where the SDK's configuration has
    /// its endpoint, so that nobody in a local cloud calls the real one.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn from_env(env: &Env, aws: &SdkConfig) -> Result<Self, StartError> {
        let is_bedrock = env.choice("MODEL_BACKEND", &[("scripted", false), ("bedrock", true)])?;
        if !is_bedrock {
            return Ok(Self::Scripted(ScriptedModel::new()));
        }
        let credentials = aws.credentials_provider().ok_or(StartError::Aws)?;
        let model = BedrockModel::new(bedrock(env, aws)?, credentials, SystemClock)?;
        Ok(Self::Bedrock(Box::new(model)))
    }
}

impl ReasoningModel for AnyModel {
    async fn ask(&self, ask: &Ask) -> Result<Answer, ModelError> {
        match self {
            Self::Scripted(model) => model.ask(ask).await,
            Self::Bedrock(model) => model.ask(ask).await,
        }
    }
}

fn bedrock(env: &Env, aws: &SdkConfig) -> Result<BedrockConfig, StartError> {
    let model = env.text("MODEL_ID")?;
    let prices: TermsTable = serde_json::from_str(&env.text("MODEL_PRICES")?).map_err(StartError::Prices)?;
    let terms = prices.get(&model).copied().ok_or(StartError::Unpriced)?;
    let guardrail = env.optional("MODEL_GUARDRAIL").map(|text| guardrail(&text)).transpose()?;
    let base_url = env.optional("MODEL_BASE_URL").or_else(|| aws.endpoint_url().map(str::to_owned));
    let ask_limit_cents = match env.optional("MODEL_ASK_LIMIT_CENTS") {
        Some(_) => env.parse::<NonZeroU32>("MODEL_ASK_LIMIT_CENTS")?.get(),
        None => u32::try_from(limits::ATTEMPT_COST_MINOR).unwrap_or(0),
    };
    let time = match env.optional("MODEL_TIMEOUT_SECONDS") {
        Some(_) => env.seconds("MODEL_TIMEOUT_SECONDS")?,
        None => TIME,
    };
    let region = aws.region().map(ToString::to_string).ok_or(StartError::Aws)?;
    Ok(BedrockConfig {
        model,
        terms,
        region,
        base_url,
        guardrail,
        ask_limit_cents,
        time,
        first_wait: FIRST_WAIT,
    })
}

/// `<id>:<version>`; an ARN has colons of its own.
fn guardrail(text: &str) -> Result<Guardrail, StartError> {
    let (id, version) = text.rsplit_once(':').ok_or(StartError::Guardrail)?;
    let is_version =
        version == "DRAFT" || (!version.is_empty() && version.bytes().all(|b| b.is_ascii_digit()));
    if id.is_empty() || !is_version {
        return Err(StartError::Guardrail);
    }
    Ok(Guardrail { id: id.to_owned(), version: version.to_owned() })
}
