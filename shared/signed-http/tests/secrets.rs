//! Secrets Manager as it answers, from a stand-in.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::http::{HeaderMap, StatusCode};
use axum::{Json, Router};
use chimera_signed_http::secrets::{NoSecrets, SecretError, SecretVault as _, Secrets as _, SecretsManager};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

const NAME: &str = "chimera/theirs";
const TEXT: &str = "s3cret-text";
const KEY: &str = "s3cret-key";
const SESSION: &str = "s3cret-session";

/// A request as it came.
#[derive(Debug, Clone)]
struct Seen {
    headers: HeaderMap,
    body: Value,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

/// A service that gives these answers in their order, and the last one for ever.
struct Service {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Service {
    async fn new<const N: usize>(answers: [(u16, Value); N]) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let remembered = Arc::clone(&seen);
        let answer = move |headers: HeaderMap, body: String| {
            let mut seen = remembered.lock().unwrap();
            let (status, answer) = answers[seen.len().min(N - 1)].clone();
            seen.push(Seen { headers, body: serde_json::from_str(&body).unwrap() });
            std::future::ready((StatusCode::from_u16(status).unwrap(), Json(answer)))
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await.unwrap() });
        Self { address, seen }
    }

    fn secrets(&self) -> SecretsManager {
        secrets_at(self.address)
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn secrets_at(address: SocketAddr) -> SecretsManager {
    let credentials = Credentials::new("AKID", KEY, Some(SESSION.to_owned()), None, "test");
    let aws = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(format!("http://{address}"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    SecretsManager::new(&aws).unwrap()
}

fn found() -> (u16, Value) {
    (200, json!({ "Name": NAME, "SecretString": TEXT, "VersionId": "v1" }))
}

fn stored() -> (u16, Value) {
    (200, json!({ "Name": NAME, "VersionId": "v2" }))
}

/// A refusal whose words repeat everything that was sent.
fn refused(status: u16, kind: &str) -> (u16, Value) {
    (
        status,
        json!({ "__type": format!("com.amazonaws#{kind}"), "message": format!("no {TEXT} {KEY} {SESSION}") }),
    )
}

#[tokio::test]
async fn a_secret_is_read_by_one_signed_request() {
    let service = Service::new([found()]).await;
    assert_eq!(service.secrets().read(NAME).await.unwrap().unwrap(), TEXT);
    let seen = service.seen();
    assert_eq!((seen.len(), &seen[0].body), (1, &json!({ "SecretId": NAME })));
    assert_eq!(seen[0].header("x-amz-target"), "secretsmanager.GetSecretValue");
    assert_eq!(seen[0].header("content-type"), "application/x-amz-json-1.1");
    assert_eq!(seen[0].header("x-amz-security-token"), SESSION);
    let signed = seen[0].header("authorization");
    assert!(signed.contains("/us-east-1/secretsmanager/aws4_request"), "{signed}");
    assert!(signed.contains("x-amz-target"), "{signed}");
}

#[tokio::test]
async fn a_secret_that_is_not_there_is_none_and_no_failure_unless_it_has_to_be() {
    let service = Service::new([refused(400, "ResourceNotFoundException")]).await;
    assert_eq!(service.secrets().read(NAME).await.unwrap(), None);
    let missing = service.secrets().required(NAME).await.unwrap_err();
    assert_eq!(missing.to_string(), format!("the secret {NAME} cannot be used: it is not there"));
    assert_eq!(service.seen().len(), 2, "nobody waits for a secret to appear");
    assert!(matches!(NoSecrets.required(NAME).await, Err(SecretError::Unusable { .. })));
}

#[tokio::test]
async fn what_is_not_allowed_is_not_asked_for_again() {
    let service = Service::new([refused(400, "AccessDeniedException")]).await;
    let denied = service.secrets().read(NAME).await.unwrap_err();
    assert_eq!(denied.to_string(), format!("the secret {NAME} cannot be used: AccessDeniedException"));
    let denied = service.secrets().write(NAME, TEXT).await.unwrap_err();
    assert!(matches!(denied, SecretError::Unusable { .. }), "{denied:?}");
    assert_eq!(service.seen().len(), 2);
}

#[tokio::test]
async fn a_secret_without_text_cannot_be_used() {
    for answer in [json!({ "SecretBinary": "czNjcmV0" }), json!(TEXT)] {
        let service = Service::new([(200, answer)]).await;
        let error = service.secrets().read(NAME).await.unwrap_err();
        assert!(matches!(error, SecretError::Unusable { .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains(TEXT), "{error:?}");
    }
}

#[tokio::test]
async fn a_read_is_tried_again_at_most_twice_where_that_may_help() {
    let (throttle, failure) = (refused(400, "ThrottlingException"), refused(500, "InternalServiceError"));
    let service = Service::new([throttle.clone(), failure.clone(), found()]).await;
    assert_eq!(service.secrets().read(NAME).await.unwrap().unwrap(), TEXT);
    for lasting in [throttle, failure] {
        let service = Service::new([lasting]).await;
        let error = service.secrets().read(NAME).await.unwrap_err();
        assert!(matches!(error, SecretError::Unavailable(_)), "{error:?}");
        assert_eq!(service.seen().len(), 3);
    }
}

#[tokio::test]
async fn a_secret_is_replaced_and_a_throttled_write_is_sent_again_as_the_same_one() {
    let service = Service::new([refused(400, "ThrottlingException"), stored()]).await;
    service.secrets().write(NAME, TEXT).await.unwrap();
    let seen = service.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].header("x-amz-target"), "secretsmanager.PutSecretValue");
    assert_eq!((&seen[0].body["SecretId"], &seen[0].body["SecretString"]), (&json!(NAME), &json!(TEXT)));
    assert_eq!(seen[0].body["ClientRequestToken"].as_str().unwrap().len(), 36);
    assert_eq!(seen[0].body, seen[1].body);
    service.secrets().write(NAME, TEXT).await.unwrap();
    assert_ne!(service.seen()[2].body["ClientRequestToken"], seen[0].body["ClientRequestToken"]);
}

#[tokio::test]
async fn a_write_that_may_have_been_done_is_not_sent_again() {
    let service = Service::new([refused(500, "InternalServiceError")]).await;
    let error = service.secrets().write(NAME, TEXT).await.unwrap_err();
    assert!(matches!(error, SecretError::Unavailable(_)), "{error:?}");
    assert_eq!(service.seen().len(), 1);
}

/// A service that takes a request and hangs up, and counts how often.
async fn hanging_up() -> (SocketAddr, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, taken) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(0)));
    let counted = Arc::clone(&taken);
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let _read = socket.read(&mut [0; 4_096]).await.unwrap();
            *counted.lock().unwrap() += 1;
        }
    });
    (address, taken)
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_and_a_lost_write_is_not_repeated() {
    let (address, taken) = hanging_up().await;
    let error = secrets_at(address).read(NAME).await.unwrap_err();
    assert!(matches!(error, SecretError::Unavailable(_)), "{error:?}");
    assert_eq!(std::mem::take(&mut *taken.lock().unwrap()), 3);
    let error = secrets_at(address).write(NAME, TEXT).await.unwrap_err();
    assert!(matches!(error, SecretError::Unavailable(_)), "{error:?}");
    assert_eq!(*taken.lock().unwrap(), 1);
}

#[tokio::test]
async fn where_nobody_listens_secrets_are_unavailable() {
    let nowhere = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let secrets = secrets_at(nowhere);
    assert!(matches!(secrets.read(NAME).await, Err(SecretError::Unavailable(_))));
    assert!(matches!(secrets.write(NAME, TEXT).await, Err(SecretError::Unavailable(_))));
}

/// [B-10]
#[tokio::test]
async fn no_error_holds_a_secret_or_a_credential() {
    for (status, kind) in [
        (400, "AccessDeniedException"),
        (400, "InvalidParameterException"),
        (400, "ThrottlingException"),
        (403, "InvalidSignatureException"),
        (500, "InternalServiceError"),
    ] {
        let service = Service::new([refused(status, kind)]).await;
        let secrets = service.secrets();
        for error in [secrets.read(NAME).await.unwrap_err(), secrets.write(NAME, TEXT).await.unwrap_err()] {
            let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            let told = format!("{error} {source} {error:?}");
            assert!(told.contains(kind), "{told}");
            assert!(!told.contains("s3cret"), "{told}");
        }
    }
}
