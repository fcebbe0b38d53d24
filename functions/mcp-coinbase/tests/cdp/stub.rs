//! Something that answers as it is told and remembers what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::Response;
use serde_json::Value;
use tokio::net::TcpListener;

/// A request that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Its method, path and query, as in `GET /platform/v2/transfers?pageSize=50`.
    pub(crate) line: String,
    /// Its headers.
    pub(crate) headers: BTreeMap<String, String>,
    /// Its body; null where there is none.
    pub(crate) body: Value,
    /// The same as bytes.
    pub(crate) bytes: Vec<u8>,
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: String,
}

/// The answers that wait, by the beginning of the line they are for; and what was asked.
type Script = Arc<Mutex<(Vec<(String, VecDeque<Answer>)>, Vec<Asked>)>>;

/// The stub.
pub(crate) struct Stub {
    /// Where it listens.
    pub(crate) host: String,
    script: Script,
}

impl Stub {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let script = Script::default();
        let app = Router::new().fallback(answer).with_state(Arc::clone(&script));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { host, script }
    }

    /// What begins like this is answered so, once; more of them one after the other.
    pub(crate) fn on(&self, line: &str, status: u16, body: &Value) -> &Self {
        self.answer(line, Answer { status, headers: Vec::new(), body: body.to_string() })
    }

    pub(crate) fn with_header(
        &self,
        line: &str,
        status: u16,
        header: (&'static str, &'static str),
        body: &Value,
    ) {
        self.answer(line, Answer { status, headers: vec![header], body: body.to_string() });
    }

    pub(crate) fn text(&self, line: &str, status: u16, body: &str) -> &Self {
        self.answer(line, Answer { status, headers: Vec::new(), body: body.to_owned() })
    }

    fn answer(&self, line: &str, answer: Answer) -> &Self {
        let mut script = self.script.lock().unwrap();
        match script.0.iter_mut().find(|(begin, _)| begin == line) {
            Some((_, answers)) => answers.push_back(answer),
            None => script.0.push((line.to_owned(), VecDeque::from([answer]))),
        }
        drop(script);
        self
    }

    /// What was asked since the last time.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.script.lock().unwrap().1)
    }

    /// The lines of what was asked, without queries.
    pub(crate) fn lines(&self) -> Vec<String> {
        let path = |asked: Asked| asked.line.split('?').next().unwrap_or_default().to_owned();
        self.asked().into_iter().map(path).collect()
    }
}

async fn answer(State(script): State<Script>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, 1024 * 1024).await.unwrap().to_vec();
    let line = format!("{} {}", parts.method, parts.uri);
    let text = |value: &axum::http::HeaderValue| value.to_str().unwrap().to_owned();
    let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    let mut script = script.lock().unwrap();
    script.1.push(Asked { line: line.clone(), headers, body, bytes });
    // The most particular beginning first.
    let mut fitting: Vec<_> =
        script.0.iter_mut().filter(|(begin, _)| line.starts_with(begin.as_str())).collect();
    fitting.sort_by_key(|(begin, _)| std::cmp::Reverse(begin.len()));
    let answer = fitting.into_iter().find_map(|(_, answers)| answers.pop_front());
    let answer =
        answer.unwrap_or(Answer { status: 418, headers: Vec::new(), body: "nobody said".to_owned() });
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).unwrap()
}
