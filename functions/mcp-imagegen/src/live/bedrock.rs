//! Bedrock's `InvokeModel`, by one HTTP request.

use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use chimera_domain::ports::Clock;
use chimera_mcp::net::{Reach, guarded_client};
use chimera_signed_http::{Post, SignedHttp, SignedHttpError, bedrock_url};
use thiserror::Error;
use url::Url;

use super::body;
use crate::provider::{Drawn, ImageProvider, Model, Prices};
use crate::refused::{ProviderError, Refused};
use crate::studio::PNG;
use crate::wanted::{Tier, Wanted};

/// All of a request: models take up to half a minute, and the tool's caller waits.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(45);
/// A picture of 2048 x 2048 in base64, and room to spare.
const ANSWER_BYTES: usize = 24 * 1024 * 1024;
/// The name under which Bedrock's runtime checks signatures.
const SERVICE: &str = "bedrock";

/// Bedrock cannot be called as configured. The server does not start.
#[derive(Debug, Error)]
pub enum InvalidConfig {
    /// The base URL is none.
    #[error("IMAGEGEN_BASE_URL is no URL of http or https")]
    BaseUrl,
    /// The TLS backend cannot be set up.
    #[error("the HTTP client cannot be set up")]
    Client(#[from] reqwest::Error),
}

/// Which model, where, and for what price.
#[derive(Debug, Clone)]
pub struct BedrockConfig {
    /// The model's id, or the ARN of an inference profile.
    pub model: String,
    /// The region whose Bedrock is asked.
    pub region: String,
    /// Another address than the region's own.
    pub base_url: Option<String>,
    /// What the model's pictures cost.
    pub prices: Prices,
}

/// Draws with an image model of Bedrock.
#[derive(Debug, Clone)]
pub struct BedrockProvider<C> {
    http: SignedHttp,
    url: Url,
    config: BedrockConfig,
    clock: C,
}

impl<C: Clock> BedrockProvider<C> {
    /// A provider that signs with these credentials. Where no base URL is named only public addresses are reached.
    ///
    /// # Errors
    /// [`InvalidConfig`].
    pub fn new(
        config: BedrockConfig,
        credentials: SharedCredentialsProvider,
        clock: C,
    ) -> Result<Self, InvalidConfig> {
        let reach = if config.base_url.is_some() { Reach::Anywhere } else { Reach::Public };
        let BedrockConfig { model, region, base_url, .. } = &config;
        let url = bedrock_url(base_url.as_deref(), region, model, "invoke").ok_or(InvalidConfig::BaseUrl)?;
        let http = SignedHttp::new(guarded_client(reach)?, credentials, region, SERVICE);
        Ok(Self { http, url, config, clock })
    }

    async fn invoke(&self, body: Vec<u8>) -> Result<Vec<u8>, Refused> {
        let (timeout, most_bytes, at) = (TOTAL_TIMEOUT, ANSWER_BYTES, self.clock.now().into());
        let post = Post { url: &self.url, target: None, body, timeout, most_bytes, at };
        self.http.post(post).await.map_err(meaning)
    }
}

impl<C: Clock + Send + 'static> ImageProvider for BedrockProvider<C> {
    fn models(&self) -> Vec<Model> {
        let BedrockConfig { model, prices, .. } = &self.config;
        vec![Model { id: model.clone(), mime: PNG, offers: prices.offers() }]
    }

    fn looks_at_pictures(&self) -> bool {
        true
    }

    async fn draw(&self, wanted: &Wanted, reference: Option<&[u8]>) -> Result<Drawn, Refused> {
        let request = body::request(wanted, reference).to_string().into_bytes();
        let png = body::picture(&self.invoke(request).await?)?;
        let BedrockConfig { model, prices, .. } = &self.config;
        Ok(Drawn { png, model: model.clone(), cost: prices.of(wanted), motion: None })
    }

    async fn film(&self, _wanted: &Wanted, _tier: Tier) -> Result<Drawn, Refused> {
        Err(Refused::Unsupported("the live provider makes no clips".to_owned()))
    }
}

fn meaning(error: SignedHttpError) -> Refused {
    let unavailable = |why: &str| Refused::Unavailable(why.to_owned());
    match error {
        SignedHttpError::Credentials(_) => unavailable("no credentials for the image provider"),
        SignedHttpError::Unsigned(error) => Refused::Rejected(format!("no signature: {error}")),
        SignedHttpError::Unsent(error) | SignedHttpError::Lost(error) => {
            unavailable(&format!("the image provider cannot be reached: {error}"))
        }
        SignedHttpError::TooLarge(_) => unavailable("the image provider's answer is too large"),
        SignedHttpError::Refused(fault) => {
            let (status, kind, detail) = (fault.status, fault.kind, fault.detail);
            ProviderError { status, kind, detail, retry_after_s: fault.retry_after_s }.meaning()
        }
    }
}
