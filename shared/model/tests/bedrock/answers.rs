//! What answers mean.

use chimera_domain::ports::{ModelError, ReasoningModel as _};
use serde_json::{Value, json};

use crate::{Answer, Bedrock, MODEL, ask, called};

async fn refused(bedrock: &Bedrock) -> String {
    let error = bedrock.model().await.ask(&ask()).await.unwrap_err();
    let ModelError::Unusable(why) = error else { panic!("{error}") };
    why
}

/// [B-4]
#[tokio::test]
async fn an_answer_comes_with_what_it_used() {
    let bedrock = Bedrock::default();
    let model = bedrock.model().await;
    bedrock.calls(&json!({"text": "Pail sorts logs."}));
    let answer = model.ask(&ask()).await.unwrap();
    assert_eq!(answer.json, json!({"text": "Pail sorts logs."}));
    // 1 000 x 300 + 100 x 1 500 millionths of a cent: less than half a cent.
    let usage = answer.usage;
    assert_eq!((usage.model.as_str(), usage.tokens, usage.tool_calls), (MODEL, 1_100, 0));
    assert_eq!(usage.cost.to_string(), "0.01 USD");
}

/// [B-1] [B-2] [B-4]
#[tokio::test]
async fn an_answer_of_the_wrong_form_is_repaired_with_the_fault_as_data() {
    let bedrock = Bedrock::default();
    let model = bedrock.model().await;
    bedrock.calls(&json!({"text": ["Pail"]}));
    bedrock.calls(&json!({"text": "Pail sorts logs."}));
    let answer = model.ask(&ask()).await.unwrap();
    assert_eq!(answer.json["text"], "Pail sorts logs.");
    assert_eq!((answer.usage.tokens, answer.usage.cost.minor()), (2_200, 1), "both rounds, rounded up once");

    let asked = bedrock.asked();
    assert_eq!(asked.len(), 2);
    for part in ["system", "toolConfig", "requestMetadata"] {
        assert_eq!(asked[0].body[part], asked[1].body[part], "{part}");
    }
    let (first, second) = (asked[0].document(), asked[1].document());
    assert_eq!(first["repair"], Value::Null);
    assert_eq!(second["input"], first["input"]);
    assert_eq!(
        (&second["untrusted"], &second["repair"]["answer"]),
        (&json!(true), &json!({"text": ["Pail"]}))
    );
    assert!(second["repair"]["fault"].as_str().unwrap().contains("/text"), "{second}");
}

/// [B-1]
#[tokio::test]
async fn a_second_answer_of_the_wrong_form_is_the_last() {
    let bedrock = Bedrock::default();
    bedrock.calls(&json!("garbage"));
    bedrock.calls(&json!({"txt": "garbage"}));
    assert!(refused(&bedrock).await.contains("text"));
    assert_eq!(bedrock.asked().len(), 2);
}

#[tokio::test]
async fn an_answer_that_was_cut_off_is_asked_for_again() {
    let bedrock = Bedrock::default();
    let model = bedrock.model().await;
    bedrock.says(&called(&json!({"text": "Pail so"}), "max_tokens"));
    bedrock.calls(&json!({"text": "Pail sorts logs."}));
    assert_eq!(model.ask(&ask()).await.unwrap().json["text"], "Pail sorts logs.");
    let fault = bedrock.asked()[1].document()["repair"]["fault"].clone();
    assert!(fault.as_str().unwrap().contains("cut off"), "{fault}");
}

/// [B-7]
#[tokio::test]
async fn canned_text_is_refused_at_once_and_says_what_it_is() {
    let bedrock = Bedrock::default();
    let mut canned = called(&json!({}), "end_turn");
    canned["output"]["message"]["content"] =
        json!([{"text": "[ministack mock generic vendor.thinker-v1:0] reply for prompt#0badc0de"}]);
    bedrock.says(&canned);
    let why = refused(&bedrock).await;
    assert!(why.starts_with("model_canned: ") && why.contains("emulator"), "{why}");

    // Whatever it says: what is no call of the tool is no answer, also where it looks like one.
    canned["output"]["message"]["content"] = json!([{"text": "{\"text\": \"Pail sorts logs.\"}"}]);
    bedrock.says(&canned);
    assert!(refused(&bedrock).await.starts_with("model_canned: "));
    assert_eq!(bedrock.asked().len(), 2, "each was asked once");
}

#[tokio::test]
async fn what_a_guardrail_blocks_is_not_tried_again() {
    let bedrock = Bedrock::default();
    let mut blocked = called(&json!({}), "guardrail_intervened");
    blocked["output"]["message"]["content"] = json!([{"text": "Sorry."}]);
    bedrock.says(&blocked);
    assert_eq!(refused(&bedrock).await, "model_blocked: guardrail_intervened");
    bedrock.only();
}

#[tokio::test]
async fn what_is_no_answer_of_converse_is_refused() {
    for body in ["<html>ok</html>", "{}", r#"{"message": "ok"}"#] {
        let bedrock = Bedrock::default();
        let body = body.to_owned();
        bedrock.then(Answer::Says { status: 200, kind: "", retry_after: "", body });
        assert!(refused(&bedrock).await.starts_with("model_malformed: "));
        bedrock.only();
    }
}

/// [B-4]
#[tokio::test]
async fn what_cannot_be_accounted_for_is_refused() {
    let bedrock = Bedrock::default();
    let mut silent = called(&json!({"text": "Pail sorts logs."}), "tool_use");
    silent.as_object_mut().unwrap().remove("usage");
    bedrock.says(&silent);
    assert!(refused(&bedrock).await.starts_with("model_malformed: "));
}
