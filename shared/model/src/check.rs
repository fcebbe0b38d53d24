//! What every adapter goes through: no answer leaves without having met the asker's schema.

use std::future::Future;

use chimera_domain::ports::{Ask, ModelError};
use jsonschema::Validator;
use serde::Serialize;
use serde_json::Value;

/// Faults told to the model in a repair round: more would only repeat the same mistake.
const FAULTS_TOLD: usize = 5;
/// Characters of one fault: it quotes the value that it is about.
const FAULT_CHARS: usize = 300;

/// What a model answered in one round.
#[derive(Debug)]
pub(crate) struct Said {
    /// The answer, as far as there is one.
    pub(crate) json: Value,
    /// Why it is none, where something went wrong that the model can mend: an answer cut off, or no JSON.
    pub(crate) fault: Option<String>,
}

/// What is wrong with an answer: data for the next round, never a part of its instruction.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Repair {
    /// The refused answer.
    answer: Value,
    /// What is wrong with it.
    fault: String,
}

/// The rounds of one ask. Whoever implements it counts what they use.
pub(crate) trait Rounds: Send {
    /// Asks the model, the second time with what was wrong the first time.
    fn round(
        &mut self,
        ask: &Ask,
        repair: Option<&Repair>,
    ) -> impl Future<Output = Result<Said, ModelError>> + Send;
}

/// [B-1] The answer, once it meets the schema. One repair round, then it is unusable.
pub(crate) async fn checked(ask: &Ask, rounds: &mut impl Rounds) -> Result<Value, ModelError> {
    let validator = jsonschema::validator_for(&ask.schema)
        .map_err(|error| ModelError::Unusable(format!("the demanded form is no JSON Schema: {error}")))?;
    let first = rounds.round(ask, None).await?;
    let Some(fault) = fault(&validator, &first) else { return Ok(first.json) };
    let second = rounds.round(ask, Some(&Repair { answer: first.json, fault })).await?;
    match self::fault(&validator, &second) {
        None => Ok(second.json),
        Some(fault) => Err(ModelError::Unusable(fault)),
    }
}

/// What is wrong with the answer, in words a model can act on.
fn fault(validator: &Validator, said: &Said) -> Option<String> {
    if said.fault.is_some() {
        return said.fault.clone();
    }
    let faults: Vec<String> = validator
        .iter_errors(&said.json)
        .take(FAULTS_TOLD)
        .map(|error| {
            let words: String = error.to_string().chars().take(FAULT_CHARS).collect();
            format!("{words} at {:?}", error.instance_path().to_string())
        })
        .collect();
    (!faults.is_empty()).then(|| faults.join("; "))
}

#[cfg(test)]
mod tests {
    use chimera_domain::ports::ModelRole;
    use serde_json::json;

    use super::*;

    /// Gives the prepared answers, last one first, and remembers what it was told.
    struct Parrot {
        answers: Vec<Said>,
        told: Vec<Value>,
    }

    impl Parrot {
        fn new(mut answers: Vec<Said>) -> Self {
            answers.reverse();
            Self { answers, told: Vec::new() }
        }
    }

    impl Rounds for Parrot {
        async fn round(&mut self, ask: &Ask, repair: Option<&Repair>) -> Result<Said, ModelError> {
            assert_eq!(ask.input, json!({"goal": "g"}), "the question stays what it was");
            self.told.push(json!(repair));
            Ok(self.answers.pop().unwrap())
        }
    }

    fn said(json: Value) -> Said {
        Said { json, fault: None }
    }

    fn ask() -> Ask {
        Ask {
            role: ModelRole::Writer,
            prompt: "writer-2",
            input: json!({"goal": "g"}),
            schema: json!({"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}),
            seed: 0,
        }
    }

    /// [B-1]
    #[tokio::test]
    async fn a_bad_answer_is_repaired_once() {
        let mut parrot = Parrot::new(vec![said(json!({"text": 1})), said(json!({"text": "fine"}))]);
        assert_eq!(checked(&ask(), &mut parrot).await.unwrap(), json!({"text": "fine"}));
        assert_eq!(parrot.told[0], Value::Null);
        assert_eq!(parrot.told[1]["answer"], json!({"text": 1}));
        assert!(parrot.told[1]["fault"].as_str().unwrap().contains("/text"), "{:?}", parrot.told[1]);
    }

    /// [B-1]
    #[tokio::test]
    async fn a_model_that_answers_badly_twice_is_unusable() {
        let mut parrot = Parrot::new(vec![said(json!({})), said(json!([]))]);
        assert!(matches!(checked(&ask(), &mut parrot).await, Err(ModelError::Unusable(_))));
        assert_eq!(parrot.told.len(), 2);
    }

    #[tokio::test]
    async fn an_answer_that_was_cut_off_is_asked_for_again_although_it_fits() {
        let cut = Said { json: json!({"text": "half"}), fault: Some("cut off".to_owned()) };
        let mut parrot = Parrot::new(vec![cut, said(json!({"text": "whole"}))]);
        assert_eq!(checked(&ask(), &mut parrot).await.unwrap(), json!({"text": "whole"}));
        assert_eq!(parrot.told[1]["fault"], "cut off");
    }

    #[tokio::test]
    async fn what_is_wrong_is_told_briefly() {
        let long = json!({"text": {"deep": "x".repeat(100_000)}});
        let mut parrot = Parrot::new(vec![said(long.clone()), said(long)]);
        let Err(ModelError::Unusable(fault)) = checked(&ask(), &mut parrot).await else { panic!("usable") };
        assert!(fault.chars().count() < 500, "{fault}");
    }
}
