//! The wrapper every adapter goes through: no answer leaves without having met the asker's schema.

use chimera_domain::ports::{Answer, Ask, ModelError, ReasoningModel};
use chimera_domain::{MoneyError, Usage};
use jsonschema::Validator;
use serde_json::{Value, json};

/// Faults told to the model in a repair round: more would only repeat the same mistake.
const FAULTS_TOLD: usize = 5;

/// A model whose answers meet the schema they were asked for. One repair round, then the answer is unusable.
#[derive(Debug, Clone, Default)]
pub struct Checked<M> {
    model: M,
}

impl<M: ReasoningModel> Checked<M> {
    /// Wraps an adapter.
    pub fn new(model: M) -> Self {
        Self { model }
    }
}

impl<M: ReasoningModel> ReasoningModel for Checked<M> {
    async fn ask(&self, ask: &Ask) -> Result<Answer, ModelError> {
        let validator = jsonschema::validator_for(&ask.schema)
            .map_err(|error| ModelError::Unusable(format!("the demanded form is no JSON Schema: {error}")))?;
        let first = self.model.ask(ask).await?;
        let Some(fault) = fault(&validator, &first.json) else { return Ok(first) };
        let second = self.model.ask(&repair(ask, &first.json, &fault)).await?;
        match self::fault(&validator, &second.json) {
            None => {
                let usage = sum(first.usage, second.usage)
                    .map_err(|error| ModelError::Unusable(format!("the two answers' costs: {error}")))?;
                Ok(Answer { json: second.json, usage })
            }
            Some(fault) => Err(ModelError::Unusable(fault)),
        }
    }
}

/// What is wrong with the answer, in words a model can act on.
fn fault(validator: &Validator, answer: &Value) -> Option<String> {
    let faults: Vec<String> = validator
        .iter_errors(answer)
        .take(FAULTS_TOLD)
        .map(|error| format!("{} at {:?}", error, error.instance_path().to_string()))
        .collect();
    (!faults.is_empty()).then(|| faults.join("; "))
}

/// The same question with the refused answer and its fault beside the input.
fn repair(ask: &Ask, answer: &Value, fault: &str) -> Ask {
    let mut again = ask.clone();
    let note = json!({"answer": answer, "fault": fault});
    match again.input.as_object_mut() {
        Some(input) => {
            input.insert("repair".to_owned(), note);
        }
        None => again.input = json!({"input": again.input, "repair": note}),
    }
    again
}

fn sum(first: Usage, second: Usage) -> Result<Usage, MoneyError> {
    Ok(Usage {
        model: second.model,
        tokens: first.tokens.saturating_add(second.tokens),
        tool_calls: first.tool_calls.saturating_add(second.tool_calls),
        cost: first.cost.plus(second.cost)?,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use chimera_domain::ports::ModelRole;
    use chimera_domain::{Currency, Money};

    use super::*;

    /// Gives the prepared answers, last one first, and remembers what it was asked.
    struct Parrot {
        answers: Mutex<Vec<Value>>,
        asked: Mutex<Vec<Value>>,
    }

    impl Parrot {
        fn new(mut answers: Vec<Value>) -> Self {
            answers.reverse();
            Self { answers: Mutex::new(answers), asked: Mutex::default() }
        }
    }

    impl ReasoningModel for Parrot {
        async fn ask(&self, ask: &Ask) -> Result<Answer, ModelError> {
            self.asked.lock().unwrap().push(ask.input.clone());
            let json = self.answers.lock().unwrap().pop().unwrap();
            let cost = Money::new(2, Currency::Usd).unwrap();
            Ok(Answer { json, usage: Usage { model: "parrot".into(), tokens: 3, tool_calls: 0, cost } })
        }
    }

    fn ask() -> Ask {
        Ask {
            role: ModelRole::Writer,
            prompt: "writer-1",
            input: json!({"goal": "g"}),
            schema: json!({"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}),
            seed: 0,
        }
    }

    #[tokio::test]
    async fn a_bad_answer_is_repaired_once_and_both_rounds_are_paid() {
        let model = Checked::new(Parrot::new(vec![json!({"text": 1}), json!({"text": "fine"})]));
        let answer = model.ask(&ask()).await.unwrap();
        assert_eq!(answer.json, json!({"text": "fine"}));
        assert_eq!((answer.usage.tokens, answer.usage.cost.minor()), (6, 4));
        let asked = model.model.asked.lock().unwrap();
        assert_eq!(asked[1]["repair"]["answer"], json!({"text": 1}));
        assert_eq!(asked[1]["goal"], "g");
    }

    #[tokio::test]
    async fn a_model_that_answers_badly_twice_is_unusable() {
        let model = Checked::new(Parrot::new(vec![json!({}), json!([])]));
        assert!(matches!(model.ask(&ask()).await, Err(ModelError::Unusable(_))));
    }
}
