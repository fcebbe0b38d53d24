//! Models of Bedrock, asked by the Converse API: one signed HTTP request for each round.

mod refusal;
mod reply;
mod request;
mod terms;

use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use chimera_domain::ports::{Answer, Ask, Clock, ModelError, ModelRole, ReasoningModel};
use chimera_domain::{Currency, Money, Usage, limits};
use chimera_signed_http::{Post, SignedHttp, bedrock_url};
use reqwest::Client;
use serde_json::Value;
use thiserror::Error;
use tokio::time::Instant;
use url::Url;

use self::refusal::{Refusal, refusal};
use self::reply::Reply;
use self::terms::{Allowance, Millionths, Tokens};
use crate::check::{Repair, Rounds, Said, checked};
use crate::prompts;

pub use self::terms::{Terms, TermsTable};

/// The name under which Bedrock's runtime checks signatures.
const SERVICE: &str = "bedrock";
/// Longest wait for a connection: the region's own endpoint is near.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// A connection is used again within an ask, and not after a function slept: what was frozen may be dead.
const IDLE_TIMEOUT: Duration = Duration::from_secs(2);
/// The longest answer, in bytes: far more than the most tokens of any model.
const ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// Times that an ask is sent again: more only add to what the service is busy with.
const RETRIES: u32 = 2;

/// Bedrock cannot be called as configured. The function does not start.
#[derive(Debug, Error)]
pub enum InvalidConfig {
    /// The base URL is none.
    #[error("MODEL_BASE_URL is no URL of http or https")]
    BaseUrl,
    /// The TLS backend cannot be set up.
    #[error("the HTTP client cannot be set up")]
    Client(#[from] reqwest::Error),
}

/// A guardrail of Bedrock, which looks at every question. It does not look at answers: those are a tool's input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guardrail {
    /// Its id or ARN.
    pub id: String,
    /// Its version: a number, or `DRAFT`.
    pub version: String,
}

/// Which model, where, for what price, and within which limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BedrockConfig {
    /// The model's id, or the ARN of an inference profile.
    pub model: String,
    /// What it costs and takes.
    pub terms: Terms,
    /// The region whose Bedrock is asked.
    pub region: String,
    /// Another address than the region's own.
    pub base_url: Option<String>,
    /// A guardrail, if any.
    pub guardrail: Option<Guardrail>,
    /// Most that one ask may cost, repair and lost answers included, in US cents. What is asked within a task's attempt
    /// may never cost more than an attempt has set aside ([`limits::ATTEMPT_COST_MINOR`]).
    pub ask_limit_cents: u32,
    /// How long one ask may take, everything included.
    pub time: Duration,
    /// Upper bound of the wait before the first retry; the next one is twice as long.
    pub first_wait: Duration,
}

/// A model of Bedrock.
#[derive(Debug, Clone)]
pub struct BedrockModel<C> {
    http: SignedHttp,
    url: Url,
    config: BedrockConfig,
    clock: C,
}

impl<C: Clock> BedrockModel<C> {
    /// A model that is asked with these credentials.
    ///
    /// # Errors
    /// [`InvalidConfig`].
    pub fn new(
        config: BedrockConfig,
        credentials: SharedCredentialsProvider,
        clock: C,
    ) -> Result<Self, InvalidConfig> {
        let BedrockConfig { model, region, base_url, .. } = &config;
        let url =
            bedrock_url(base_url.as_deref(), region, model, "converse").ok_or(InvalidConfig::BaseUrl)?;
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        let http = SignedHttp::new(client, credentials, region, SERVICE);
        Ok(Self { http, url, config, clock })
    }

    /// [B-5] Most that an ask of this role may cost. A plan is drawn before anything is set aside for it.
    fn limit(&self, role: ModelRole) -> Millionths {
        let cents = i64::from(self.config.ask_limit_cents);
        Millionths::of_cents(match role {
            ModelRole::Planner => cents,
            ModelRole::Researcher | ModelRole::Writer => cents.min(limits::ATTEMPT_COST_MINOR),
        })
    }
}

impl<C: Clock + Send> ReasoningModel for BedrockModel<C> {
    async fn ask(&self, ask: &Ask) -> Result<Answer, ModelError> {
        // [B-3] Refused before anything is sent.
        let prompt = prompts::of(ask)
            .ok_or_else(|| ModelError::Unusable(format!("no prompt {:?} of {:?}", ask.prompt, ask.role)))?;
        let until = Instant::now() + self.config.time;
        let mut talk =
            Talk { model: self, prompt, until, retries: 0, tokens: 0, spent: Millionths::default() };
        let answered = checked(ask, &mut talk).await;
        let (tokens, cents) = (talk.tokens, talk.spent.cents());
        if answered.is_err() && cents > 0 {
            // No row will say so. Why it is none the asker is told: it may quote the answer.
            tracing::warn!(
                model = self.config.model,
                prompt = ask.prompt,
                tokens,
                cost_minor = cents,
                "a model was paid and gave no usable answer"
            );
        }
        let cost = Money::new(cents, Currency::Usd)
            .map_err(|error| ModelError::Unusable(format!("what it cost: {error}")))?;
        let usage = Usage { model: self.config.model.clone(), tokens, tool_calls: 0, cost };
        Ok(Answer { json: answered?, usage })
    }
}

/// One ask under way.
struct Talk<'a, C> {
    model: &'a BedrockModel<C>,
    prompt: &'static str,
    until: Instant,
    retries: u32,
    tokens: u64,
    /// What the rounds so far cost, and what nobody knows of at its most.
    spent: Millionths,
}

impl<C: Clock> Rounds for Talk<'_, C> {
    async fn round(&mut self, ask: &Ask, repair: Option<&Repair>) -> Result<Said, ModelError> {
        let body = request::body(&self.model.config, self.prompt, ask, repair);
        loop {
            let refusal = match self.attempt(ask.role, &body).await {
                Ok(reply) => {
                    self.count(reply.tokens());
                    return reply.said();
                }
                Err(refusal) => refusal,
            };
            let Some(least) = refusal.again.filter(|_| self.retries < RETRIES) else {
                return Err(refusal.error);
            };
            let wait = jitter(self.model.config.first_wait * 2_u32.pow(self.retries)).max(least);
            if Instant::now() + wait >= self.until {
                return Err(refusal.error);
            }
            tokio::time::sleep(wait).await;
            self.retries += 1;
        }
    }
}

impl<C: Clock> Talk<'_, C> {
    /// [B-6] Sends the question once, if the money and the time that are left allow it. What nobody knows the cost of counts
    /// at its most.
    async fn attempt(&mut self, role: ModelRole, body: &Value) -> Result<Reply, Refusal> {
        let BedrockModel { http, url, config, clock } = self.model;
        let allowed =
            self.allowance(role, request::bytes(body, config.terms.max_tokens.get().into()).len())?;
        let timeout = self.until.saturating_duration_since(Instant::now());
        if timeout.is_zero() {
            let why = format!("model_unreachable: no answer within {} ms", config.time.as_millis());
            return Err(ModelError::Unavailable(why).into());
        }
        let body = request::bytes(body, allowed.max_tokens);
        let at = clock.now().into();
        let post = Post { url, target: None, body, timeout, most_bytes: ANSWER_BYTES, at };
        let answered = match http.post(post).await {
            Ok(body) => Reply::read(&body).map_err(Refusal::unread),
            Err(error) => Err(refusal(&error)),
        };
        if answered.as_ref().is_err_and(|refusal| refusal.may_have_cost) {
            self.spent = self.spent.plus(allowed.at_most);
        }
        answered
    }

    /// [B-5] What the request may take of what the ask has left.
    fn allowance(&self, role: ModelRole, request_bytes: usize) -> Result<Allowance, ModelError> {
        let left = self.model.limit(role).less(self.spent);
        self.model.config.terms.allow(request_bytes, left).ok_or_else(|| {
            let what = format!("a question of {request_bytes} bytes and its answer");
            ModelError::Unusable(format!("model_over_limit: {what} may cost more than the ask has left"))
        })
    }

    fn count(&mut self, tokens: Tokens) {
        self.tokens = self.tokens.saturating_add(tokens.all());
        self.spent = self.spent.plus(self.model.config.terms.price(tokens));
    }
}

/// Between half and all of the bound, so that those who met once do not meet again.
fn jitter(bound: Duration) -> Duration {
    let most = u64::try_from(bound.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(fastrand::u64(most / 2..=most))
}
