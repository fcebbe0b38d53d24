//! Which model a function asks.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use chimera_domain::ports::ReasoningModel as _;
use chimera_model::{AnyModel, StartError};
use chimera_runtime::{Env, EnvError};
use serde_json::json;

use crate::{Bedrock, SECRET, ask, credentials};

const PRICES: &str =
    r#"{"vendor.thinker-v1:0": {"input": 6, "output": 24}, "vendor.other": {"input": 1, "output": 1}}"#;

fn aws(endpoint: Option<&str>) -> SdkConfig {
    let mut aws = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(credentials(SECRET));
    aws.set_endpoint_url(endpoint.map(str::to_owned));
    aws.build()
}

fn env(name: &str, value: &str) -> Env {
    let (backend, id) = (("MODEL_BACKEND", "bedrock"), ("MODEL_ID", "vendor.thinker-v1:0"));
    // The last of two counts.
    Env::of([backend, id, ("MODEL_PRICES", PRICES), (name, value)])
}

/// [B-8]
#[test]
fn nothing_is_asked_that_nobody_chose() {
    let of = |value| AnyModel::from_env(&Env::of([("MODEL_BACKEND", value)]), &aws(None));
    assert!(matches!(of("scripted"), Ok(AnyModel::Scripted(_))));
    assert!(matches!(of(""), Err(StartError::Env(EnvError::Missing("MODEL_BACKEND")))));
    assert!(matches!(of("mock"), Err(StartError::Env(EnvError::Invalid { name: "MODEL_BACKEND", .. }))));
    assert!(matches!(of("bedrock"), Err(StartError::Env(EnvError::Missing("MODEL_ID")))));
}

/// [B-8]
#[test]
fn bedrock_needs_a_model_its_price_and_somebody_to_sign_as() {
    let of = |name, value| AnyModel::from_env(&env(name, value), &aws(None));
    assert!(matches!(of("MODEL_BACKEND", "bedrock"), Ok(AnyModel::Bedrock(_))));
    assert!(matches!(of("MODEL_PRICES", ""), Err(StartError::Env(EnvError::Missing("MODEL_PRICES")))));
    assert!(matches!(of("MODEL_PRICES", r#"{"m": 3}"#), Err(StartError::Prices(_))));
    assert!(matches!(of("MODEL_ID", "vendor.unpriced"), Err(StartError::Unpriced)));
    assert!(matches!(of("MODEL_BASE_URL", "nowhere"), Err(StartError::Bedrock(_))));
    for right in ["gr1:3", "gr1:DRAFT", "arn:aws:bedrock:eu-west-1:111122223333:guardrail/gr1:12"] {
        assert!(of("MODEL_GUARDRAIL", right).is_ok(), "{right}");
    }
    for wrong in ["gr1", "gr1:", ":3", "gr1:latest"] {
        assert!(matches!(of("MODEL_GUARDRAIL", wrong), Err(StartError::Guardrail)), "{wrong}");
    }
    for (name, wrong) in [("MODEL_ASK_LIMIT_CENTS", "0"), ("MODEL_TIMEOUT_SECONDS", "soon")] {
        assert!(matches!(of(name, wrong), Err(StartError::Env(EnvError::Invalid { .. }))), "{name}");
    }
    let nobody = SdkConfig::builder().behavior_version(BehaviorVersion::latest());
    let nobody = nobody.region(Region::new("eu-west-1")).build();
    assert!(matches!(AnyModel::from_env(&env("MODEL_BACKEND", "bedrock"), &nobody), Err(StartError::Aws)));
    let nowhere = SdkConfig::builder().behavior_version(BehaviorVersion::latest());
    let nowhere = nowhere.credentials_provider(credentials(SECRET)).build();
    assert!(matches!(AnyModel::from_env(&env("MODEL_BACKEND", "bedrock"), &nowhere), Err(StartError::Aws)));
}

#[tokio::test]
async fn a_base_url_is_asked_before_the_endpoint_of_the_sdk_and_that_before_the_region() {
    let (named, local) = (Bedrock::default(), Bedrock::default());
    let (base, endpoint) = (named.listening().await, local.listening().await);
    for (env, answering) in [(env("MODEL_BASE_URL", &base), &named), (env("MODEL_BASE_URL", ""), &local)] {
        answering.calls(&json!({"text": "Pail."}));
        let model = AnyModel::from_env(&env, &aws(Some(&endpoint))).unwrap();
        let answer = model.ask(&ask()).await.unwrap();
        assert_eq!(
            (answer.json, answer.usage.model.as_str()),
            (json!({"text": "Pail."}), "vendor.thinker-v1:0")
        );
        answering.only();
    }
}
