//! JSON requests to a service of AWS without its SDK, signed with Signature Version 4: for the few services of which one
//! call is used, whose SDK would be larger than everything else in the function.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::{Client, Response};
use serde::Deserialize;
use thiserror::Error;
use url::Url;

/// The header that names an error.
const ERROR_TYPE: &str = "x-amzn-errortype";
/// Most bytes of an error's body that are read.
const ERROR_BYTES: usize = 64 * 1024;
/// Characters of an error's words that are passed on.
const ERROR_CHARS: usize = 500;

/// Why a request brought no answer.
#[derive(Debug, Error)]
pub enum SignedHttpError {
    /// There is nobody to sign as. Nothing was sent; it may pass.
    #[error("no credentials")]
    Credentials(#[source] CredentialsError),
    /// It cannot be signed: a defect, or credentials that no header can carry. Nothing was sent.
    #[error("no signature")]
    Unsigned(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No connection. The service has provably not seen the request.
    #[error("no connection")]
    Unsent(#[source] reqwest::Error),
    /// It was sent and no whole answer came: nobody knows what the service did, or charged.
    #[error("no answer")]
    Lost(#[source] reqwest::Error),
    /// The answer is larger than the caller reads. What it asked for was done.
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
    /// The service says no.
    #[error("{0}")]
    Refused(ServiceFault),
}

/// A service's answer that is an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceFault {
    /// The HTTP status.
    pub status: u16,
    /// The exception's bare name, such as `ThrottlingException`; empty where there is none.
    pub kind: String,
    /// What it says about it, cut. Nothing where it refuses who asks, or repeats by whom the request was signed: what was
    /// signed has a session's token in it.
    pub detail: String,
    /// Seconds until it takes more, where it says so.
    pub retry_after_s: Option<u32>,
}

impl ServiceFault {
    /// Whether the service did nothing because it has too much to do. The same request may do better a little later.
    #[must_use]
    pub fn is_throttle(&self) -> bool {
        let named = ["TooManyRequestsException", "RequestLimitExceeded"].contains(&self.kind.as_str());
        self.status == 429 || named || self.kind.starts_with("Throttl")
    }
}

impl fmt::Display for ServiceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind.as_str(), self.detail.as_str()) {
            ("", "") => write!(f, "status {}", self.status),
            ("", said) => f.write_str(said),
            (kind, "") => f.write_str(kind),
            (kind, said) => write!(f, "{kind}: {said}"),
        }
    }
}

/// One request.
pub struct Post<'a> {
    /// Where it goes.
    pub url: &'a Url,
    /// The operation, of a service that speaks JSON 1.1 and has one address for everything, as in
    /// `secretsmanager.GetSecretValue`; nothing where the URL says it.
    pub target: Option<&'a str>,
    /// The JSON that is sent.
    pub body: Vec<u8>,
    /// How long all of it may take, the answer included.
    pub timeout: Duration,
    /// Most bytes of an answer.
    pub most_bytes: usize,
    /// The time it is signed at.
    pub at: SystemTime,
}

impl<'a> Post<'a> {
    /// What is sent with it and signed over.
    fn headers(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let kind = if self.target.is_some() { "application/x-amz-json-1.1" } else { "application/json" };
        let target = self.target.map(|target| ("x-amz-target", target));
        [("accept", "application/json"), ("content-type", kind)].into_iter().chain(target)
    }
}

impl fmt::Debug for Post<'_> {
    /// [B-10] Without what is sent: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, target, .. } = self;
        f.debug_struct("Post").field("url", &url.as_str()).field("target", target).finish_non_exhaustive()
    }
}

/// A client of one service in one region.
#[derive(Clone)]
pub struct SignedHttp {
    client: Client,
    credentials: SharedCredentialsProvider,
    region: String,
    service: &'static str,
}

impl fmt::Debug for SignedHttp {
    /// [B-10] Without whom it signs as.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { region, service, .. } = self;
        f.debug_struct("SignedHttp").field("service", service).field("region", region).finish_non_exhaustive()
    }
}

impl SignedHttp {
    /// Sends by `client` and signs for `service`, by the name under which it checks signatures. Credentials are asked for
    /// with every request, so that rotated ones are used at once.
    #[must_use]
    pub fn new(
        client: Client,
        credentials: SharedCredentialsProvider,
        region: impl Into<String>,
        service: &'static str,
    ) -> Self {
        Self { client, credentials, region: region.into(), service }
    }

    /// Sends once; the body of an answer that is a success.
    ///
    /// # Errors
    /// [`SignedHttpError`].
    pub async fn post(&self, post: Post<'_>) -> Result<Vec<u8>, SignedHttpError> {
        let credentials =
            self.credentials.provide_credentials().await.map_err(SignedHttpError::Credentials)?;
        let token = credentials.session_token().map(str::to_owned);
        let signed = self.signature(credentials, &post).map_err(SignedHttpError::Unsigned)?;
        let mut request = self.client.post(post.url.clone()).timeout(post.timeout);
        for (name, value) in post.headers() {
            request = request.header(name, value);
        }
        for (name, value) in signed {
            request = request.header(name, value);
        }
        let response = request.body(post.body).send().await.map_err(unanswered)?;
        if response.status().is_success() {
            return read(response, post.most_bytes).await;
        }
        let mut fault = fault(response).await;
        if token.is_some_and(|token| fault.detail.contains(&token)) {
            fault.detail.clear();
        }
        fault.detail = fault.detail.chars().take(ERROR_CHARS).collect();
        Err(SignedHttpError::Refused(fault))
    }

    /// The headers that sign the request, names and values.
    fn signature(
        &self,
        credentials: Credentials,
        post: &Post<'_>,
    ) -> Result<Vec<(String, String)>, Box<dyn std::error::Error + Send + Sync>> {
        let identity = credentials.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service)
            .time(post.at)
            .settings(SigningSettings::default())
            .build()?
            .into();
        let body = SignableBody::Bytes(&post.body);
        let request = SignableRequest::new("POST", post.url.as_str(), post.headers(), body)?;
        let (instructions, _) = sign(request, &params)?.into_parts();
        Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

/// Whether a request can go there at all.
pub(crate) fn is_of_the_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

fn unanswered(error: reqwest::Error) -> SignedHttpError {
    let is_unsent = error.is_connect() || error.is_builder();
    let error = error.without_url();
    if is_unsent { SignedHttpError::Unsent(error) } else { SignedHttpError::Lost(error) }
}

async fn read(mut response: Response, most: usize) -> Result<Vec<u8>, SignedHttpError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unanswered)? {
        body.extend_from_slice(&chunk);
        if body.len() > most {
            return Err(SignedHttpError::TooLarge(most));
        }
    }
    Ok(body)
}

/// An error's body.
#[derive(Default, Deserialize)]
struct Said {
    #[serde(alias = "Message", default)]
    message: String,
    #[serde(rename = "__type", default)]
    kind: String,
}

async fn fault(response: Response) -> ServiceFault {
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let named = header(ERROR_TYPE).map(str::to_owned);
    let retry_after_s = header("retry-after").and_then(|seconds| seconds.parse().ok());
    let status = response.status().as_u16();
    let body = read(response, ERROR_BYTES).await.unwrap_or_default();
    let said: Said = serde_json::from_slice(&body).unwrap_or_default();
    let kind = bare(&named.unwrap_or(said.kind)).to_owned();
    let detail = if is_about_us(status, &kind) { String::new() } else { said.message };
    ServiceFault { status, kind, detail, retry_after_s }
}

/// [B-10] Whether the service refuses who asks, not what is asked: its words may repeat what was signed.
fn is_about_us(status: u16, kind: &str) -> bool {
    let words = ["Signature", "Token", "Client", "AccessDenied"];
    matches!(status, 401 | 403) || words.iter().any(|word| kind.contains(word))
}

/// `ThrottlingException:http://…` and `com.amazon…#ThrottlingException` name the same.
fn bare(kind: &str) -> &str {
    kind.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed_http() -> SignedHttp {
        let credentials =
            Credentials::new("AKIDEXAMPLE", "secret-1", Some("session-1".to_owned()), None, "test");
        SignedHttp::new(Client::new(), SharedCredentialsProvider::new(credentials), "eu-west-1", "bedrock")
    }

    fn post<'a>(url: &'a Url, body: &[u8], target: Option<&'a str>) -> Post<'a> {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        Post { url, target, body: body.to_vec(), timeout: Duration::ZERO, most_bytes: 1, at }
    }

    #[tokio::test]
    async fn a_signature_names_who_where_and_what_and_covers_body_and_target() {
        let http = signed_http();
        let url = Url::parse("https://bedrock.example/model/m/converse").unwrap();
        let signature = async |body: &[u8], target| {
            let credentials = http.credentials.provide_credentials().await.unwrap();
            http.signature(credentials, &post(&url, body, target)).unwrap()
        };
        let of = |headers: &[(String, String)], name: &str| {
            headers.iter().find(|(found, _)| found == name).unwrap().1.clone()
        };
        let signed = signature(b"{}", None).await;
        assert_eq!(of(&signed, "x-amz-date"), "20270115T080000Z");
        assert_eq!(of(&signed, "x-amz-security-token"), "session-1");
        let authorization = of(&signed, "authorization");
        assert!(authorization.contains("AKIDEXAMPLE/20270115/eu-west-1/bedrock/aws4_request"));
        assert_eq!(of(&signature(b"{}", None).await, "authorization"), authorization);
        assert_ne!(of(&signature(b"{ }", None).await, "authorization"), authorization);
        let targeted = of(&signature(b"{}", Some("s.Get")).await, "authorization");
        assert!(targeted.contains("x-amz-target"), "{targeted}");
        assert_ne!(of(&signature(b"{}", Some("s.Put")).await, "authorization"), targeted);
    }

    #[test]
    fn a_request_with_a_target_is_json_of_version_1_1() {
        let url = Url::parse("https://s.example").unwrap();
        let headers = |target| post(&url, b"{}", target).headers().collect::<Vec<_>>();
        let plain = [("accept", "application/json"), ("content-type", "application/json")];
        assert_eq!(headers(None), plain);
        let content_type = ("content-type", "application/x-amz-json-1.1");
        assert_eq!(headers(Some("s.Get")), [plain[0], content_type, ("x-amz-target", "s.Get")]);
    }

    /// [B-10]
    #[test]
    fn whom_it_signs_as_and_what_it_sends_are_never_printed() {
        let url = Url::parse("https://s.example").unwrap();
        let printed = format!("{:?} {:?}", signed_http(), post(&url, b"secret-2", Some("s.Put")));
        assert!(printed.contains("s.Put"));
        let bytes = format!("{:?}", b"secret-2");
        for secret in ["AKIDEXAMPLE", "secret-1", "session-1", "secret-2", &bytes] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }

    /// [B-10]
    #[test]
    fn words_about_who_asks_are_withheld_and_words_about_what_is_asked_are_not() {
        assert!(is_about_us(403, "AccessDeniedException") && is_about_us(400, "InvalidSignatureException"));
        assert!(is_about_us(400, "AccessDeniedException") && is_about_us(400, "ExpiredTokenException"));
        assert!(!is_about_us(400, "ValidationException"));
    }

    #[test]
    fn an_exception_is_named_without_what_is_around_it() {
        for said in [
            "ThrottlingException",
            "ThrottlingException:http://internal.example/",
            "com.x#ThrottlingException",
        ] {
            assert_eq!(bare(said), "ThrottlingException");
        }
    }

    #[test]
    fn a_throttle_is_known_by_status_and_by_name() {
        let is_throttle = |status, kind: &str| {
            let (kind, detail) = (kind.to_owned(), String::new());
            ServiceFault { status, kind, detail, retry_after_s: None }.is_throttle()
        };
        assert!(is_throttle(429, "") && is_throttle(400, "ThrottlingException"));
        assert!(is_throttle(400, "Throttling") && is_throttle(400, "RequestLimitExceeded"));
        assert!(!is_throttle(400, "LimitExceededException") && !is_throttle(500, "InternalServiceError"));
    }
}
