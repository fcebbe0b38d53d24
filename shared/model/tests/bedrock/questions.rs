//! What Converse is sent.

use axum::http::Method;
use chimera_domain::ports::{ModelError, ModelRole, ReasoningModel as _};
use chimera_model::{BedrockConfig, BedrockModel, Guardrail};
use serde_json::{Value, json};

use crate::{Bedrock, Morning, Request, SECRET, ask, config, credentials, model, terms};

const WRITER: &str = include_str!("../../prompts/writer-2.md");

/// [B-2]
#[tokio::test]
async fn a_question_is_asked_as_converse_documents_it() {
    let bedrock = Bedrock::default();
    let model = bedrock.model().await;
    bedrock.calls(&json!({"text": "Pail sorts logs."}));
    model.ask(&ask()).await.unwrap();

    let asked = bedrock.only();
    assert_eq!(
        (&asked.method, asked.path.as_str()),
        (&Method::POST, "/model/vendor.thinker-v1%3A0/converse")
    );
    assert_eq!(asked.headers["content-type"], "application/json");
    assert_eq!(asked.headers["accept"], "application/json");
    assert_eq!(asked.document(), json!({"untrusted": true, "input": ask().input}));
    let text = asked.body["messages"][0]["content"][0]["text"].clone();
    assert_eq!(
        asked.body,
        json!({
            "system": [{"text": WRITER}],
            "messages": [{"role": "user", "content": [{"text": text}]}],
            "toolConfig": {
                "tools": [{"toolSpec": {
                    "name": "answer", "description": "Takes the whole answer.",
                    "inputSchema": {"json": ask().schema},
                }}],
                "toolChoice": {"tool": {"name": "answer"}},
            },
            "inferenceConfig": {"maxTokens": 1_024, "temperature": 0},
            "requestMetadata": {"prompt": "writer-2"},
        })
    );
}

#[tokio::test]
async fn the_request_is_signed_for_bedrock_in_its_region_by_whoever_we_are() {
    let bedrock = Bedrock::default();
    let base = bedrock.listening().await;
    let headers = async |secret: &str, seed: &str| {
        bedrock.calls(&json!({"text": "Pail."}));
        let model = BedrockModel::new(config(&base), credentials(secret), Morning).unwrap();
        let mut ask = ask();
        ask.input["goal"] = json!(seed);
        model.ask(&ask).await.unwrap();
        bedrock.only().headers
    };
    let signed = headers(SECRET, "a").await;
    assert_eq!(signed["x-amz-date"], "20270115T080000Z");
    assert_eq!(signed["x-amz-security-token"], crate::SESSION);
    let authorization = signed["authorization"].to_str().unwrap().to_owned();
    let scope =
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20270115/eu-west-1/bedrock/aws4_request, SignedHeaders=";
    let rest = authorization.strip_prefix(scope).unwrap_or_else(|| panic!("{authorization}"));
    let (names, _) = rest.split_once(", Signature=").unwrap();
    for name in ["content-type", "host", "x-amz-date", "x-amz-security-token"] {
        assert!(names.split(';').any(|signed| signed == name), "{name} is signed: {names}");
    }
    assert_eq!(headers(SECRET, "a").await["authorization"], authorization.as_str());
    assert_ne!(headers(SECRET, "b").await["authorization"], authorization.as_str());
    assert_ne!(headers("another", "a").await["authorization"], authorization.as_str());
}

async fn asked_with(change: impl FnOnce(&mut BedrockConfig)) -> Request {
    let bedrock = Bedrock::default();
    let mut config = config(&bedrock.listening().await);
    change(&mut config);
    bedrock.calls(&json!({"text": "Pail."}));
    model(config).ask(&ask()).await.unwrap();
    bedrock.only()
}

#[tokio::test]
async fn a_model_is_sent_what_it_takes_and_nothing_else() {
    let plain = asked_with(|_| {}).await;
    for absent in ["additionalModelRequestFields", "guardrailConfig"] {
        assert_eq!(plain.body[absent], Value::Null);
    }
    let table = json!({"input": 1, "output": 1, "max_tokens": 300, "temperature": false, "seed": true});
    let particular = asked_with(|config| config.terms = terms(&table)).await;
    assert_eq!(particular.body["inferenceConfig"], json!({"maxTokens": 300}));
    assert_eq!(particular.body["additionalModelRequestFields"], json!({"seed": 7}));
}

#[tokio::test]
async fn a_guardrail_looks_at_the_question_where_there_is_one() {
    let guardrail = Guardrail { id: "gr1".to_owned(), version: "3".to_owned() };
    let guarded = asked_with(|config| config.guardrail = Some(guardrail)).await;
    let expected = json!({"guardrailIdentifier": "gr1", "guardrailVersion": "3"});
    assert_eq!(guarded.body["guardrailConfig"], expected);
}

#[tokio::test]
async fn a_profile_is_asked_by_its_arn() {
    let arn = "arn:aws:bedrock:eu-west-1:111122223333:inference-profile/eu.vendor.thinker-v1:0";
    let asked = asked_with(|config| arn.clone_into(&mut config.model)).await;
    let path = "/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A111122223333%3Ainference-profile%2Feu.vendor.thinker-v1%3A0/converse";
    assert_eq!(asked.path, path);
}

/// [B-3]
#[tokio::test]
async fn without_its_prompt_nothing_is_asked() {
    let bedrock = Bedrock::default();
    let model = bedrock.model().await;
    for (role, prompt) in [(ModelRole::Writer, "writer-999"), (ModelRole::Planner, "writer-2")] {
        let mut ask = ask();
        (ask.role, ask.prompt) = (role, prompt);
        assert!(matches!(model.ask(&ask).await, Err(ModelError::Unusable(_))), "{prompt}");
    }
    assert!(bedrock.asked().is_empty());
}
