//! Both transports against a real server of ours: over HTTP, and over a stand-in for the Lambda API that hands the
//! event to `lambda_http` as the runtime would.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[expect(dead_code, reason = "clock and outcomes are the desk's tests'")]
mod common;

use std::net::SocketAddr;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_lambda::config::{Credentials, SharedCredentialsProvider};
use axum::Router;
use axum::body::to_bytes;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{any, post};
use chimera_domain::Digest;
use chimera_domain::ports::{ReadTools, ToolError, WriteCall, WriteTools};
use chimera_mcp::net::Reach;
use chimera_mcp::server::{CallContext, Tool, ToolFault, ToolServer, router, tools_digest};
use chimera_mcp::{Connections, McpToolbox, McpWriteTools, Registry, Server, Target, ToolClass};
use common::{grant, sign};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;

/// Says things back.
struct Say;

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Said {
    #[schemars(length(max = 280))]
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    how: Option<String>,
}

impl Tool for Say {
    const NAME: &'static str = "say";
    const DESCRIPTION: &'static str = "Says it back.";
    const CLASS: ToolClass = ToolClass::Read;
    type Input = Said;
    type Output = Said;

    async fn call(&self, _context: &CallContext, said: Said) -> Result<Said, ToolFault> {
        let Said { text, how } = said;
        match how.as_deref() {
            None => {}
            Some("wrongly") => return Ok(Said { text: "x".repeat(400), how: None }),
            Some("slowly") => tokio::time::sleep(Duration::from_secs(5)).await,
            Some("lost") => return Err(ToolFault::Failed("lost".into())),
            Some(_) => return Err(ToolFault::refused("not_today", "no", true)),
        }
        Ok(Said { text, how: None })
    }
}

const SOON: Duration = Duration::from_secs(3);

async fn listen(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

/// An address nobody listens on.
async fn nowhere() -> SocketAddr {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

fn echo() -> ToolServer {
    ToolServer::builder("echo").tool(Say).build().unwrap()
}

fn connections(lambda_api: SocketAddr) -> Connections {
    let aws = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(format!("http://{lambda_api}"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("a", "b", None, None, "test")))
        .build();
    Connections::new(&aws).unwrap()
}

fn server(target: Target) -> Server {
    Server::new(target, [("say", ToolClass::Read), ("shout", ToolClass::Effect)])
}

fn http(address: SocketAddr) -> Target {
    Target::parse(&format!("http://{address}/mcp")).within(Reach::Anywhere)
}

async fn toolbox(server: Server) -> McpToolbox {
    McpToolbox::new(Registry::new().with("echo", server), connections(nowhere().await))
}

fn a_call() -> WriteCall {
    WriteCall {
        server: "echo".to_owned(),
        tool: "shout".to_owned(),
        arguments: json!({ "text": "hi" }),
        grant: sign(grant("g1", &json!({}))),
        idempotency_key: Uuid::from_u128(1),
    }
}

/// What the Lambda service and runtime do with an invocation.
async fn invoke(event: String) -> impl IntoResponse {
    let request = lambda_http::request::from_str(&event).unwrap();
    let (parts, body) = request.into_parts();
    let request = axum::http::Request::from_parts(parts, axum::body::Body::from(body.to_vec()));
    let response = router(echo(), &[]).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let kind = parts.headers["content-type"].to_str().unwrap().to_owned();
    let body = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
    json!({
        "statusCode": parts.status.as_u16(),
        "headers": {},
        "multiValueHeaders": { "content-type": [kind] },
        "body": body,
        "isBase64Encoded": false,
    })
    .to_string()
}

async fn lambda_api(router: Router) -> Connections {
    connections(listen(router).await)
}

const INVOKE: &str = "/2015-03-31/functions/{name}/invocations";

#[tokio::test]
async fn a_call_through_the_lambda_api_reaches_the_tool_and_comes_back() {
    let connections = lambda_api(Router::new().route(INVOKE, post(invoke))).await;
    let toolbox =
        McpToolbox::new(Registry::new().with("echo", server(Target::parse("McpEcho"))), connections);
    let said = toolbox.call("echo", "say", json!({ "text": "grüße 🦀" }), SOON).await.unwrap();
    assert_eq!(said, json!({ "text": "grüße 🦀" }));
    let refused =
        toolbox.call("echo", "say", json!({ "text": "hi", "how": "never" }), SOON).await.unwrap_err();
    assert!(
        matches!(refused, ToolError::Refused(refusal) if refusal.code == "not_today" && refusal.retryable)
    );
}

async fn write_through(router: Router) -> ToolError {
    let registry = Registry::new().with("echo", server(Target::parse("McpEcho")));
    McpWriteTools::new(registry, lambda_api(router).await).execute(&a_call(), SOON).await.unwrap_err()
}

async fn answers(status: u16, header: (&'static str, &'static str), body: &'static str) -> ToolError {
    let answer = move || async move { (StatusCode::from_u16(status).unwrap(), [header], body) };
    write_through(Router::new().route(INVOKE, any(answer))).await
}

#[tokio::test]
async fn only_what_provably_never_ran_is_unsent() {
    const KIND: &str = "x-amzn-errortype";
    for (status, kind) in [
        (429, "TooManyRequestsException"),
        (403, "AccessDeniedException"),
        (404, "ResourceNotFoundException"),
    ] {
        assert!(matches!(answers(status, (KIND, kind), "{}").await, ToolError::Unsent(_)), "{kind}");
    }
    let unknown = [
        answers(500, (KIND, "ServiceException"), "{}").await,
        answers(200, ("x-amz-function-error", "Unhandled"), "{\"errorType\":\"x\"}").await,
        answers(200, ("x-other", ""), "garbage").await,
        answers(200, ("x-other", ""), "{\"statusCode\":200,\"body\":\"<html>\"}").await,
    ];
    for error in unknown {
        assert!(matches!(error, ToolError::Unknown(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_refused_connection_is_unsent_and_silence_is_unknown() {
    let registry = || Registry::new().with("echo", server(Target::parse("McpEcho")));
    let write = McpWriteTools::new(registry(), connections(nowhere().await));
    let refused = write.execute(&a_call(), SOON).await.unwrap_err();
    assert!(matches!(refused, ToolError::Unsent(_)), "{refused:?}");

    let silent = Router::new().route(INVOKE, any(std::future::pending::<String>));
    let write = McpWriteTools::new(registry(), lambda_api(silent).await);
    let silence = write.execute(&a_call(), Duration::from_millis(200)).await.unwrap_err();
    assert!(matches!(silence, ToolError::Unknown(_)), "{silence:?}");
}

#[tokio::test]
async fn over_http_the_same_server_answers_and_its_schemas_hold() {
    let toolbox = toolbox(server(http(listen(router(echo(), &[])).await))).await;
    let say = async |arguments: Value| toolbox.call("echo", "say", arguments, SOON).await;
    assert_eq!(say(json!({ "text": "hi" })).await.unwrap(), json!({ "text": "hi" }));
    let long = say(json!({ "text": "x".repeat(400) })).await.unwrap_err();
    assert!(matches!(&long, ToolError::Refused(refusal) if refusal.code == "invalid_input"), "{long:?}");
    let extra = say(json!({ "text": "hi", "more": 1 })).await.unwrap_err();
    assert!(matches!(extra, ToolError::Refused(_)));
    let wrongly = say(json!({ "text": "hi", "how": "wrongly" })).await.unwrap_err();
    assert!(matches!(wrongly, ToolError::Unknown(_)), "a defective answer must not pass");
    let lost = say(json!({ "text": "hi", "how": "lost" })).await.unwrap_err();
    assert!(matches!(lost, ToolError::Unknown(_)));
}

#[tokio::test]
async fn a_call_ends_with_its_deadline() {
    let toolbox = toolbox(server(http(listen(router(echo(), &[])).await))).await;
    let slow = json!({ "text": "hi", "how": "slowly" });
    let error = toolbox.call("echo", "say", slow, Duration::from_millis(200)).await.unwrap_err();
    assert!(matches!(error, ToolError::Unknown(_)));
}

#[tokio::test]
async fn a_toolbox_never_calls_an_effect_or_an_unlisted_tool() {
    let address = listen(router(echo(), &[])).await;
    let toolbox = toolbox(server(http(address))).await;
    for (server, tool) in [("echo", "shout"), ("echo", "whisper"), ("nobody", "say")] {
        let error = toolbox.call(server, tool, json!({ "text": "hi" }), SOON).await.unwrap_err();
        assert!(matches!(error, ToolError::Forbidden(_)), "{server}.{tool}");
    }
}

#[tokio::test]
async fn a_private_address_is_refused_unless_configured() {
    let address = listen(router(echo(), &[])).await;
    let target = http(address).within(Reach::Public);
    let error =
        toolbox(server(target)).await.call("echo", "say", json!({ "text": "hi" }), SOON).await.unwrap_err();
    assert!(matches!(error, ToolError::Forbidden(_)), "{error:?}");
}

#[tokio::test]
async fn a_server_whose_tools_are_not_the_pinned_ones_is_not_called() {
    let address = listen(router(echo(), &[])).await;
    let pinned = |pin: Digest| server(http(address)).pinned(pin);
    let same = toolbox(pinned(tools_digest(&echo().tools()))).await;
    assert!(same.call("echo", "say", json!({ "text": "hi" }), SOON).await.is_ok());
    let drifted = toolbox(pinned(Digest::of_bytes(b"other"))).await;
    let error = drifted.call("echo", "say", json!({ "text": "hi" }), SOON).await.unwrap_err();
    assert!(matches!(error, ToolError::Forbidden(_)), "{error:?}");
}

#[tokio::test]
async fn a_foreign_host_name_is_refused_by_the_server() {
    let request =
        axum::http::Request::post("/mcp").header("host", "evil.example").body(axum::body::Body::empty());
    let response = router(echo(), &[]).oneshot(request.unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
}
