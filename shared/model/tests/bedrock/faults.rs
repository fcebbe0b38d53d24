//! What is tried again, what is left for later, and what is the end.

use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use chimera_domain::ports::{ModelError, ReasoningModel as _};
use chimera_model::{BedrockModel, InvalidConfig};
use serde_json::json;
use tokio::net::TcpListener;

use crate::{Answer, Bedrock, Morning, ask, config, credentials, model, terms};

fn unavailable(error: ModelError) -> String {
    let ModelError::Unavailable(why) = error else { panic!("{error}") };
    why
}

/// [B-6]
#[tokio::test]
async fn a_busy_model_is_asked_again() {
    let bedrock = Bedrock::default();
    let model = bedrock.model().await;
    bedrock.refuses(429, "ThrottlingException", "Too many requests");
    bedrock.refuses(503, "ServiceUnavailableException", "Down");
    bedrock.calls(&json!({"text": "Pail sorts logs."}));
    let answer = model.ask(&ask()).await.unwrap();
    assert_eq!(
        (answer.usage.tokens, answer.usage.cost.minor()),
        (1_100, 1),
        "what was refused costs nothing"
    );
    let asked = bedrock.asked();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|request| request.body == asked[0].body), "the same question");
}

/// [B-6]
#[tokio::test]
async fn a_model_that_stays_busy_is_left_for_later() {
    let bedrock = Bedrock::default();
    let model = bedrock.model().await;
    for _ in 0..3 {
        bedrock.refuses(429, "ThrottlingException", "Too many requests");
    }
    let why = unavailable(model.ask(&ask()).await.unwrap_err());
    assert_eq!(why, "model_throttled: ThrottlingException: Too many requests");
    assert_eq!(bedrock.asked().len(), 3);
}

/// [B-6]
#[tokio::test]
async fn a_repair_has_no_retries_of_its_own() {
    let bedrock = Bedrock::default();
    let model = bedrock.model().await;
    bedrock.refuses(500, "InternalServerException", "");
    bedrock.refuses(500, "InternalServerException", "");
    bedrock.calls(&json!({}));
    bedrock.refuses(500, "InternalServerException", "");
    unavailable(model.ask(&ask()).await.unwrap_err());
    assert_eq!(bedrock.asked().len(), 4);
}

/// [B-6]
#[tokio::test]
async fn nobody_waits_longer_than_an_ask_may_take() {
    let bedrock = Bedrock::default();
    let mut hurried = config(&bedrock.listening().await);
    hurried.time = Duration::from_millis(150);
    let model = model(hurried);
    bedrock.then(Answer::Nothing);
    assert!(unavailable(model.ask(&ask()).await.unwrap_err()).starts_with("model_unreachable: "));
    bedrock.only();

    // An hour is not waited where the ask has no hour.
    let body = String::new();
    bedrock.then(Answer::Says { status: 429, kind: "ThrottlingException", retry_after: "3600", body });
    assert!(unavailable(model.ask(&ask()).await.unwrap_err()).starts_with("model_throttled: "));
    bedrock.only();
}

#[tokio::test]
async fn whom_bedrock_does_not_let_in_waits_for_a_person() {
    for (status, kind) in [
        (403, "AccessDeniedException"),
        (403, "ExpiredTokenException"),
        (404, "ResourceNotFoundException"),
        (400, "UnrecognizedClientException"),
        (307, ""),
    ] {
        let bedrock = Bedrock::default();
        let model = bedrock.model().await;
        bedrock.refuses(status, kind, "");
        let why = unavailable(model.ask(&ask()).await.unwrap_err());
        assert!(why.starts_with("model_forbidden: "), "{why}");
        bedrock.only();
    }
}

#[tokio::test]
async fn a_question_that_the_model_refuses_is_not_repeated() {
    let bedrock = Bedrock::default();
    let model = bedrock.model().await;
    bedrock.refuses(400, "ValidationException", "`temperature` is deprecated for this model.");
    let error = model.ask(&ask()).await.unwrap_err();
    let ModelError::Unusable(why) = error else { panic!("{error}") };
    assert_eq!(why, "model_rejected: ValidationException: `temperature` is deprecated for this model.");
    bedrock.only();
}

#[tokio::test]
async fn a_model_that_is_not_there_is_unavailable() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let why = unavailable(model(config(&base)).ask(&ask()).await.unwrap_err());
    assert_eq!(why, "model_unreachable: no connection");
}

/// [B-5] [B-6]
#[tokio::test]
async fn an_answer_that_got_lost_counts_at_its_most() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut costly = config(&format!("http://{}", listener.local_addr().unwrap()));
    // The one answer that five cents buy.
    costly.terms = terms(&json!({"input": 100, "output": 500, "max_tokens": 9_500}));
    let dropping = tokio::spawn(async move {
        let (connection, _) = listener.accept().await.unwrap();
        connection.readable().await.unwrap();
        drop(connection);
        listener
    });
    let error = model(costly).ask(&ask()).await.unwrap_err();
    let ModelError::Unusable(why) = error else { panic!("{error}") };
    assert!(why.starts_with("model_over_limit: "), "{why}");
    dropping.await.unwrap();
}

#[derive(Debug)]
struct Nobody;

impl ProvideCredentials for Nobody {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("nobody")))
    }
}

#[tokio::test]
async fn nobody_asks_without_credentials() {
    let bedrock = Bedrock::default();
    let config = config(&bedrock.listening().await);
    let model = BedrockModel::new(config, SharedCredentialsProvider::new(Nobody), Morning).unwrap();
    assert_eq!(unavailable(model.ask(&ask()).await.unwrap_err()), "model_forbidden: no credentials");
    assert!(bedrock.asked().is_empty());
}

#[test]
fn a_base_url_that_is_none_does_not_start() {
    for wrong in ["bedrock", "file:///etc/passwd", "http://"] {
        let refused = BedrockModel::new(config(wrong), credentials("secret"), Morning).unwrap_err();
        assert!(matches!(refused, InvalidConfig::BaseUrl), "{wrong}");
    }
}
