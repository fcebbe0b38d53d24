//! The Bedrock adapter against a stand-in on this machine: exactly what Converse is sent, and what its answers mean.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod answers;
mod canaries;
mod faults;
mod money;
mod questions;
mod secrecy;
mod selection;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use chimera_domain::Timestamp;
use chimera_domain::ports::{Ask, Clock, ModelRole};
use chimera_model::{BedrockConfig, BedrockModel, Terms};
use serde_json::{Value, json};

pub(crate) const MODEL: &str = "vendor.thinker-v1:0";
pub(crate) const SECRET: &str = "secret-4c1d";
pub(crate) const SESSION: &str = "session-4c1d";

#[derive(Debug, Clone, Copy)]
pub(crate) struct Morning;

impl Clock for Morning {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }
}

/// A request as it arrived.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Request {
    /// The one document of data.
    pub(crate) fn document(&self) -> Value {
        let messages = self.body["messages"].as_array().unwrap();
        let content = messages[0]["content"].as_array().unwrap();
        assert_eq!((messages.len(), content.len()), (1, 1), "one message with one block");
        serde_json::from_str(content[0]["text"].as_str().unwrap()).unwrap()
    }
}

pub(crate) enum Answer {
    Says { status: u16, kind: &'static str, retry_after: &'static str, body: String },
    Nothing,
}

/// What stands in for Bedrock: it notes what it is asked and says what it was told to.
#[derive(Clone, Default)]
pub(crate) struct Bedrock {
    asked: Arc<Mutex<Vec<Request>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
}

async fn answer(
    State(bedrock): State<Bedrock>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, String) {
    let body = serde_json::from_slice(&body).unwrap();
    bedrock.asked.lock().unwrap().push(Request { method, path: uri.path().to_owned(), headers, body });
    let next = bedrock.answers.lock().unwrap().pop_front().unwrap();
    let Answer::Says { status, kind, retry_after, body } = next else { return std::future::pending().await };
    let mut headers = HeaderMap::new();
    for (name, value) in [("x-amzn-errortype", kind), ("retry-after", retry_after)] {
        if !value.is_empty() {
            headers.insert(name, value.parse().unwrap());
        }
    }
    (StatusCode::from_u16(status).unwrap(), headers, body)
}

impl Bedrock {
    pub(crate) async fn listening(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        format!("http://{address}")
    }

    /// A model that asks this stand-in.
    pub(crate) async fn model(&self) -> BedrockModel<Morning> {
        model(config(&self.listening().await))
    }

    pub(crate) fn then(&self, answer: Answer) {
        self.answers.lock().unwrap().push_back(answer);
    }

    pub(crate) fn refuses(&self, status: u16, kind: &'static str, message: &str) {
        let body = json!({ "message": message }).to_string();
        self.then(Answer::Says { status, kind, retry_after: "", body });
    }

    pub(crate) fn says(&self, body: &Value) {
        self.then(Answer::Says { status: 200, kind: "", retry_after: "", body: body.to_string() });
    }

    /// The tool is called with this, for 1 000 tokens read and 100 written.
    pub(crate) fn calls(&self, input: &Value) {
        self.says(&called(input, "tool_use"));
    }

    pub(crate) fn asked(&self) -> Vec<Request> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    pub(crate) fn only(&self) -> Request {
        let mut asked = self.asked();
        assert_eq!(asked.len(), 1, "asked once");
        asked.remove(0)
    }
}

pub(crate) fn called(input: &Value, stop: &str) -> Value {
    json!({
        "output": {"message": {"role": "assistant", "content": [
            {"toolUse": {"toolUseId": "tooluse_1", "name": "answer", "input": input}},
        ]}},
        "stopReason": stop,
        "usage": {"inputTokens": 1_000, "outputTokens": 100, "totalTokens": 1_100},
        "metrics": {"latencyMs": 12},
    })
}

pub(crate) fn terms(table: &Value) -> Terms {
    serde_json::from_value(table.clone()).unwrap()
}

pub(crate) fn config(base_url: &str) -> BedrockConfig {
    BedrockConfig {
        model: MODEL.to_owned(),
        terms: terms(&json!({"input": 300, "output": 1_500, "max_tokens": 1_024})),
        region: "eu-west-1".to_owned(),
        base_url: Some(base_url.to_owned()),
        guardrail: None,
        ask_limit_cents: 5,
        time: Duration::from_secs(60),
        first_wait: Duration::from_millis(2),
    }
}

pub(crate) fn credentials(secret: &str) -> SharedCredentialsProvider {
    let session = Some(SESSION.to_owned());
    SharedCredentialsProvider::new(Credentials::new("AKIDEXAMPLE", secret, session, None, "test"))
}

pub(crate) fn model(config: BedrockConfig) -> BedrockModel<Morning> {
    BedrockModel::new(config, credentials(SECRET), Morning).unwrap()
}

/// A question as the worker asks it.
pub(crate) fn ask() -> Ask {
    Ask {
        role: ModelRole::Writer,
        prompt: "writer-2",
        input: json!({
            "goal": "Write one post",
            "source": {"title": "Pail", "url": "https://gazette.example/pail", "excerpt": "Pail sorts logs."},
        }),
        schema: json!({
            "type": "object", "additionalProperties": false, "required": ["text"],
            "properties": {"text": {"type": "string", "minLength": 1}},
        }),
        seed: 7,
    }
}
