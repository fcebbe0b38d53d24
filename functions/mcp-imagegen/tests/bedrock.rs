//! The live provider against a stand-in on this machine: exactly what Bedrock is sent, and what its answers mean.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chimera_domain::ports::Clock;
use chimera_domain::{AgentId, Digest, TenantId, Timestamp};
use chimera_mcp::server::{MemoryAnswers, ToolServer};
use chimera_runtime::Env;
use mcp_imagegen::{
    BedrockConfig, BedrockProvider, Character, ImageProvider, InvalidConfig, Looks, MemoryImages, Prices,
    Quality, Refused, StartError, Studio, Style, Wanted, app, is_labelled, server,
};
use serde_json::{Value, json};

const MODEL: &str = "vendor.painter-v1:0";

#[derive(Debug, Clone, Copy)]
struct Morning;

impl Clock for Morning {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }
}

struct Request {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Value,
}

struct Answer {
    status: u16,
    kind: &'static str,
    body: Vec<u8>,
}

/// What stands in for Bedrock: it notes what it is asked and says what it was told to.
#[derive(Clone, Default)]
struct Bedrock {
    asked: Arc<Mutex<Vec<Request>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
}

async fn answer(
    State(bedrock): State<Bedrock>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, Vec<u8>) {
    let body = serde_json::from_slice(&body).unwrap();
    bedrock.asked.lock().unwrap().push(Request { method, path: uri.path().to_owned(), headers, body });
    let Answer { status, kind, body } = bedrock.answers.lock().unwrap().pop_front().unwrap();
    let mut headers = HeaderMap::new();
    if !kind.is_empty() {
        headers.insert("x-amzn-errortype", kind.parse().unwrap());
    }
    (StatusCode::from_u16(status).unwrap(), headers, body)
}

impl Bedrock {
    async fn listening(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        format!("http://{address}")
    }

    fn says(&self, status: u16, kind: &'static str, body: impl Into<Vec<u8>>) {
        self.answers.lock().unwrap().push_back(Answer { status, kind, body: body.into() });
    }

    fn draws(&self) {
        let answer = json!({ "images": [BASE64_STANDARD.encode(picture())] });
        self.says(200, "", answer.to_string());
    }

    fn last(&self) -> Request {
        self.asked.lock().unwrap().pop().unwrap()
    }
}

/// A picture of the size that is asked for.
fn picture() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 512, 256);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&vec![90; 512 * 256]).unwrap();
    writer.finish().unwrap();
    bytes
}

fn config(base_url: &str) -> BedrockConfig {
    let (model, region) = (MODEL.to_owned(), "eu-west-1".to_owned());
    BedrockConfig { model, region, base_url: Some(base_url.to_owned()), prices: Prices::default() }
}

fn credentials(secret: &str) -> SharedCredentialsProvider {
    let session = Some("session".to_owned());
    SharedCredentialsProvider::new(Credentials::new("AKIDEXAMPLE", secret, session, None, "test"))
}

fn provider(base_url: &str) -> BedrockProvider<Morning> {
    BedrockProvider::new(config(base_url), credentials("secret"), Morning).unwrap()
}

fn wanted() -> Wanted {
    Wanted {
        tenant: TenantId::new("t1").unwrap(),
        agent: AgentId::new("nova").unwrap(),
        prompt: "a walk in the hills".to_owned(),
        without: Some("rain".to_owned()),
        character: Character {
            id: AgentId::new("nova").unwrap(),
            looks: Looks::Described("a calm woman with glasses".to_owned()),
        },
        width: 512,
        height: 256,
        seed: 7,
        style: Style::Night,
        quality: Quality::Premium,
    }
}

#[tokio::test]
async fn a_picture_is_asked_for_as_bedrock_documents_it() {
    let bedrock = Bedrock::default();
    let provider = provider(&bedrock.listening().await);
    bedrock.draws();
    let drawn = provider.draw(&wanted(), None).await.unwrap();
    assert_eq!((drawn.png, drawn.model.as_str(), drawn.cost.minor()), (picture(), MODEL, 6));

    let asked = bedrock.last();
    assert_eq!((asked.method, asked.path.as_str()), (Method::POST, "/model/vendor.painter-v1%3A0/invoke"));
    assert_eq!(asked.headers["content-type"], "application/json");
    assert_eq!(asked.headers["accept"], "application/json");
    assert_eq!(
        asked.body,
        json!({
            "taskType": "TEXT_IMAGE",
            "textToImageParams": {
                "text": "a walk in the hills. At night. The person shown: a calm woman with glasses",
                "negativeText": "rain",
            },
            "imageGenerationConfig": {
                "numberOfImages": 1, "quality": "premium", "height": 256, "width": 512, "cfgScale": 6.5, "seed": 7,
            },
        })
    );
}

#[tokio::test]
async fn the_request_is_signed_for_bedrock_in_its_region_by_whoever_we_are() {
    let bedrock = Bedrock::default();
    let base = bedrock.listening().await;
    let signature = async |provider: BedrockProvider<Morning>, wanted: Wanted| {
        bedrock.draws();
        provider.draw(&wanted, None).await.unwrap();
        bedrock.last().headers
    };
    let signed = signature(provider(&base), wanted()).await;
    assert_eq!(signed["x-amz-date"], "20270115T080000Z");
    assert_eq!(signed["x-amz-security-token"], "session");
    let authorization = signed["authorization"].to_str().unwrap().to_owned();
    let scope =
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20270115/eu-west-1/bedrock/aws4_request, SignedHeaders=";
    let rest = authorization.strip_prefix(scope).unwrap_or_else(|| panic!("{authorization}"));
    let (names, signature_of) = rest.split_once(", Signature=").unwrap();
    for name in ["content-type", "host", "x-amz-date", "x-amz-security-token"] {
        assert!(names.split(';').any(|signed| signed == name), "{name} is signed: {names}");
    }
    assert_eq!(signature_of.len(), 64);

    let again = signature(provider(&base), wanted()).await;
    assert_eq!(again["authorization"], authorization.as_str(), "the same request has the same signature");
    let other = Wanted { seed: 8, ..wanted() };
    assert_ne!(signature(provider(&base), other).await["authorization"], authorization.as_str());
    let stranger = BedrockProvider::new(config(&base), credentials("other"), Morning).unwrap();
    assert_ne!(signature(stranger, wanted()).await["authorization"], authorization.as_str());
}

#[tokio::test]
async fn the_prompt_is_never_cut_for_the_characters_sake() {
    let bedrock = Bedrock::default();
    let provider = provider(&bedrock.listening().await);
    bedrock.draws();
    let looks = Looks::Described("x".repeat(2_000));
    let character = Character { looks, ..wanted().character };
    let long = Wanted { prompt: "\u{fc}".repeat(1_024), without: None, character, ..wanted() };
    provider.draw(&long, None).await.unwrap();
    let params = bedrock.last().body["textToImageParams"].clone();
    assert_eq!(params, json!({ "text": "\u{fc}".repeat(1_024) }));
}

/// [I-6]
#[tokio::test]
async fn every_documented_error_has_its_meaning() {
    let bedrock = Bedrock::default();
    let provider = provider(&bedrock.listening().await);
    let said = |message: &str| json!({ "message": message }).to_string();
    let blocked = "This request has been blocked by our content filters.";
    for (status, kind, body, code) in [
        (429, "ThrottlingException", said("Too many requests"), "rate_limited"),
        (400, "ServiceQuotaExceededException", said("quota"), "rate_limited"),
        (400, "ValidationException", said("width must be a multiple of 64"), "upstream_rejected"),
        (400, "ValidationException", said(blocked), "policy_violation"),
        (403, "AccessDeniedException", said("no access to the model"), "upstream_rejected"),
        (404, "ResourceNotFoundException", said("no such model"), "upstream_rejected"),
        (408, "ModelTimeoutException", said("slow"), "upstream_unavailable"),
        (424, "ModelErrorException", said("failed"), "upstream_unavailable"),
        (429, "ModelNotReadyException", said("loading"), "upstream_unavailable"),
        (500, "InternalServerException", said("oops"), "upstream_unavailable"),
        (503, "ServiceUnavailableException", said("down"), "upstream_unavailable"),
        (429, "ThrottlingException:http://internal.example/", said(""), "rate_limited"),
        (400, "", json!({ "__type": "com.x#ThrottlingException" }).to_string(), "rate_limited"),
        (502, "", "<html>bad gateway</html>".to_owned(), "upstream_unavailable"),
        (307, "", String::new(), "upstream_rejected"),
    ] {
        bedrock.says(status, kind, body);
        let refused = provider.draw(&wanted(), None).await.unwrap_err();
        assert_eq!(refused.code(), code, "{status} {kind}: {refused:?}");
    }
}

/// [I-6]
#[tokio::test]
async fn an_answer_that_is_no_picture_has_its_meaning() {
    let bedrock = Bedrock::default();
    let provider = provider(&bedrock.listening().await);
    for (body, code) in [
        (json!({ "images": [], "error": "blocked by our content filters" }).to_string(), "policy_violation"),
        (json!({ "images": ["AAAA"], "error": "one of them was blocked" }).to_string(), "policy_violation"),
        (json!({ "images": [] }).to_string(), "upstream_unavailable"),
        (json!({ "images": ["?"] }).to_string(), "upstream_unavailable"),
        ("{".to_owned(), "upstream_unavailable"),
    ] {
        bedrock.says(200, "", body.clone());
        let refused = provider.draw(&wanted(), None).await.unwrap_err();
        assert_eq!(refused.code(), code, "{body}");
    }
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_unavailable() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let refused = provider(&base).draw(&wanted(), None).await.unwrap_err();
    assert!(matches!(refused, Refused::Unavailable(_)), "{refused:?}");
}

async fn house(bedrock: &Bedrock) -> ToolServer {
    let studio = Studio::new(provider(&bedrock.listening().await), MemoryImages::default(), Morning);
    server(studio, MemoryAnswers::default(), Morning).unwrap()
}

fn call(key: &str, reference: &str) -> Value {
    json!({
        "tenant": "t1",
        "agent": "nova",
        "prompt": "a walk in the hills",
        "width": 512,
        "height": 256,
        "character": { "id": "nova", "reference": reference },
        "idempotency_key": key,
    })
}

/// [I-2]
#[tokio::test]
async fn a_live_picture_is_labelled_before_it_is_kept() {
    let bedrock = Bedrock::default();
    let server = house(&bedrock).await;
    bedrock.draws();
    let made = server.call_checked("image_generate", call("k", "a woman")).await.unwrap();
    let asked = json!({ "tenant": "t1", "digest": made["digest"] });
    let found = server.call_checked("image_get", asked).await.unwrap();
    let bytes = BASE64_STANDARD.decode(found["bytes_base64"].as_str().unwrap()).unwrap();
    assert!(is_labelled(&bytes) && !is_labelled(&picture()));
    assert_eq!(made["digest"], json!(Digest::of_bytes(&bytes)));
    assert_eq!((&made["model"], &made["width"], &made["height"]), (&json!(MODEL), &json!(512), &json!(256)));
}

#[tokio::test]
async fn a_characters_own_picture_is_shown_to_the_model() {
    let bedrock = Bedrock::default();
    let server = house(&bedrock).await;
    bedrock.draws();
    let first = server.call_checked("image_generate", call("k1", "a woman")).await.unwrap();
    let digest = first["digest"].as_str().unwrap();
    bedrock.draws();
    server.call_checked("image_generate", call("k2", digest)).await.unwrap();
    let body = bedrock.last().body;
    assert_eq!(body["taskType"], "IMAGE_VARIATION");
    let params = &body["imageVariationParams"];
    assert_eq!(
        (&params["text"], &params["similarityStrength"]),
        (&json!("a walk in the hills"), &json!(0.7))
    );
    let shown = BASE64_STANDARD.decode(params["images"][0].as_str().unwrap()).unwrap();
    assert_eq!(json!(Digest::of_bytes(&shown)), first["digest"]);

    // A picture that is not the tenant's is not shown to anybody, and nothing is bought.
    let asked = bedrock.asked.lock().unwrap().len();
    let mut theirs = call("k3", digest);
    theirs["tenant"] = json!("t2");
    let fault = server.call_checked("image_generate", theirs).await.unwrap_err();
    assert_eq!(fault.refusal().unwrap().code, "not_found");
    assert_eq!(bedrock.asked.lock().unwrap().len(), asked);
}

#[tokio::test]
async fn what_cannot_be_labelled_or_moves_is_unsupported() {
    let bedrock = Bedrock::default();
    let server = house(&bedrock).await;
    let jpeg = BASE64_STANDARD.encode([0xff, 0xd8, 0xff, 0xe0]);
    bedrock.says(200, "", json!({ "images": [jpeg] }).to_string());
    let fault = server.call_checked("image_generate", call("k1", "a woman")).await.unwrap_err();
    assert_eq!(fault.refusal().unwrap().code, "unsupported");

    let clip = json!({
        "tenant": "t1", "agent": "nova", "prompt": "waves", "tier": "draft",
        "character": { "id": "nova", "reference": "a woman" }, "idempotency_key": "k2",
    });
    let fault = server.call_checked("video_generate", clip).await.unwrap_err();
    assert_eq!(fault.refusal().unwrap().code, "unsupported");
}

#[test]
fn a_base_url_that_is_none_does_not_start() {
    for wrong in ["bedrock", "file:///etc/passwd", "http://"] {
        let refused = BedrockProvider::new(config(wrong), credentials("secret"), Morning).unwrap_err();
        assert!(matches!(refused, InvalidConfig::BaseUrl), "{wrong}");
    }
}

#[test]
fn live_needs_a_model_its_prices_and_somebody_to_sign_as() {
    let aws = || SdkConfig::builder().behavior_version(aws_config::BehaviorVersion::latest());
    let known = aws().region(Region::new("eu-west-1")).credentials_provider(credentials("secret")).build();
    let prices = r#"{"standard":4,"standard_large":6,"premium":6,"premium_large":8}"#;
    let env = |model: &str, prices: &str| {
        Env::of([
            ("IMAGEGEN_BACKEND", "live"),
            ("IMAGE_TABLE", "images"),
            ("IMAGEGEN_MODEL", model),
            ("IMAGEGEN_PRICES", prices),
        ])
    };
    assert!(app(&env(MODEL, prices), &known).is_ok());
    assert!(matches!(app(&env("", prices), &known), Err(StartError::Env(_))));
    assert!(matches!(app(&env(MODEL, ""), &known), Err(StartError::Env(_))));
    assert!(matches!(app(&env(MODEL, r#"{"standard":-4}"#), &known), Err(StartError::Prices(_))));
    let nobody = aws().region(Region::new("eu-west-1")).build();
    assert!(matches!(app(&env(MODEL, prices), &nobody), Err(StartError::Aws)));
    let nowhere = aws().credentials_provider(credentials("secret")).build();
    assert!(matches!(app(&env(MODEL, prices), &nowhere), Err(StartError::Aws)));
    let sandbox =
        Env::of([("IMAGEGEN_BACKEND", "sandbox"), ("IMAGE_TABLE", "images"), ("IMAGEGEN_FAULTS", "[")]);
    assert!(matches!(app(&sandbox, &known), Err(StartError::Faults(_))));
}
