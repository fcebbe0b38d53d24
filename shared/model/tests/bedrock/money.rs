//! What an ask may cost.

use chimera_domain::limits;
use chimera_domain::ports::{Ask, ModelError, ModelRole, ReasoningModel as _};
use serde_json::json;

use crate::{Bedrock, ask, config, model, terms};

/// A question with so many bytes of source.
fn long(bytes: usize) -> Ask {
    let mut ask = ask();
    ask.input["source"]["excerpt"] = json!("x".repeat(bytes));
    ask
}

fn over_limit(error: ModelError) -> bool {
    matches!(error, ModelError::Unusable(why) if why.starts_with("model_over_limit: "))
}

/// [B-5]
#[tokio::test]
async fn a_question_that_its_limit_does_not_hold_is_not_asked() {
    let bedrock = Bedrock::default();
    let model = bedrock.model().await;
    // 50 000 tokens at 300 cents a million.
    assert!(over_limit(model.ask(&long(100_000)).await.unwrap_err()));
    assert!(bedrock.asked().is_empty());
}

/// [B-5]
#[tokio::test]
async fn an_answer_may_be_as_long_as_the_money_that_is_left() {
    let bedrock = Bedrock::default();
    let mut config = config(&bedrock.listening().await);
    config.terms = terms(&json!({"input": 100, "output": 500, "max_tokens": 4_096}));
    let model = model(config);
    for (bytes, shortened) in [(100, false), (80_000, true)] {
        bedrock.calls(&json!({"text": "Pail."}));
        model.ask(&long(bytes)).await.unwrap();
        let most = bedrock.only().body["inferenceConfig"]["maxTokens"].as_u64().unwrap();
        assert_eq!(most < 4_096, shortened, "{most}");
        assert!(most >= 256);
    }
}

/// [B-5]
#[tokio::test]
async fn a_repair_has_what_the_first_round_left() {
    let bedrock = Bedrock::default();
    let mut config = config(&bedrock.listening().await);
    // A thousand tokens read and a hundred written cost 4.5 of 5 cents.
    config.terms = terms(&json!({"input": 1_000, "output": 35_000, "max_tokens": 50}));
    bedrock.calls(&json!({}));
    assert!(over_limit(model(config).ask(&ask()).await.unwrap_err()));
    bedrock.only();
}

/// [B-5] [M-12]
#[tokio::test]
async fn only_a_drawing_may_cost_more_than_an_attempt_has_set_aside() {
    let bedrock = Bedrock::default();
    let mut config = config(&bedrock.listening().await);
    config.ask_limit_cents = 10 * u32::try_from(limits::ATTEMPT_COST_MINOR).unwrap();
    let model = model(config);
    assert!(over_limit(model.ask(&long(100_000)).await.unwrap_err()));
    let drawing = Ask { role: ModelRole::Planner, prompt: "planner-1", ..long(100_000) };
    bedrock.calls(&json!({"text": "A plan."}));
    model.ask(&drawing).await.unwrap();
    bedrock.only();
}
