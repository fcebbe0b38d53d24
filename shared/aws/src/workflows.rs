//! Review workflows: one Step Functions execution per rung, and the completion of its parked token.

use aws_config::SdkConfig;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::ProvideErrorMetadata;
use chimera_domain::ports::{SendError, Workflows};
use chimera_domain::{Digest, Review, TaskToken};
use serde_json::json;

/// Longest execution name.
const NAME_CHARS: usize = 80;
/// Digits of the digest in a name: it tells apart what the readable part had to cut or leave out.
const HASH_DIGITS: usize = 12;
/// What a completed token tells the state machine; the decision itself is in its row.
const OUTPUT: &str = r#"{"decided":true}"#;

/// Starts and completes the executions of the state machine `review`.
#[derive(Debug, Clone)]
pub struct StepFunctionsWorkflows {
    client: Client,
    state_machine_arn: String,
}

impl StepFunctionsWorkflows {
    /// Builds the client; nothing is called yet.
    #[must_use]
    pub fn new(config: &SdkConfig, state_machine_arn: impl Into<String>) -> Self {
        Self { client: Client::new(config), state_machine_arn: state_machine_arn.into() }
    }
}

impl Workflows for StepFunctionsWorkflows {
    async fn start_review(&self, review: &Review) -> Result<(), SendError> {
        let input = json!({
            "tenant": review.tenant,
            "campaign": review.campaign,
            "review": review.id,
            "rung": review.rung,
            "start": review.start,
        });
        let answer = self
            .client
            .start_execution()
            .state_machine_arn(&self.state_machine_arn)
            .name(name(review))
            .input(input.to_string())
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ExecutionAlreadyExists") => Ok(()),
            Err(error) => Err(SendError::Unavailable(Box::new(error))),
        }
    }

    async fn complete(&self, token: &TaskToken) -> Result<(), SendError> {
        let answer = self.client.send_task_success().task_token(token.reveal()).output(OUTPUT).send().await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) if error.code().is_some_and(is_moot) => Ok(()),
            Err(error) => Err(SendError::Unavailable(Box::new(error))),
        }
    }
}

/// Nobody waits for this token any more, or ever did.
fn is_moot(code: &str) -> bool {
    matches!(code, "TaskDoesNotExist" | "TaskTimedOut" | "InvalidToken" | "ValidationException")
}

/// `<review>-<rung>-<start>-<hash>`: readable first, unique by the hash over tenant, campaign and the rest.
fn name(review: &Review) -> String {
    let Review { tenant, campaign, id, rung, start, .. } = review;
    let digest = Digest::of_bytes(format!("{tenant}/{campaign}/{id}/{rung}/{start}").as_bytes());
    let hash: String = digest.as_str().chars().skip("sha256:".len()).take(HASH_DIGITS).collect();
    let tail = format!("-{rung}-{start}-{hash}");
    let head: String = id.as_str().chars().take(NAME_CHARS - tail.len()).collect();
    format!("{head}{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn review(campaign: &str, id: &str, rung: u32, start: u32) -> Review {
        serde_json::from_value(json!({
            "tenant": "t", "campaign": campaign, "id": id, "status": "open",
            "subject": {"subject": "task", "task": "a", "attempt": 1, "result": "r"},
            "content": {"outcome": {"outcome": "failure", "code": "x", "message": "m", "retryable": false}},
            "digest": "sha256:00", "verdict": verdict(), "flags": [], "allowed": [], "ladder": [],
            "rung": rung, "start": start, "opened_at": "2026-01-01T00:00:00Z",
        }))
        .unwrap()
    }

    fn verdict() -> serde_json::Value {
        let evidence = json!({"criteria": 0, "support": 0, "persona": 0, "novelty": 0, "rules": []});
        json!({
            "kind": "escalate", "confidence": 0, "flags": [], "reasons": [], "evidence": evidence, "policy_version": 1,
            "policy": "sha256:00",
        })
    }

    #[test]
    fn names_fit_and_tell_rungs_starts_and_campaigns_apart() {
        let long = "r".repeat(64);
        let names: std::collections::BTreeSet<String> = [
            name(&review("c", &long, 0, 0)),
            name(&review("c", &long, 0, 1)),
            name(&review("c", &long, 1, 0)),
            name(&review("d", &long, 0, 0)),
            name(&review("c", &long, u32::MAX, u32::MAX)),
        ]
        .into();
        assert_eq!(names.len(), 5);
        assert!(names.iter().all(|name| name.len() <= NAME_CHARS), "{names:?}");
    }

    #[test]
    fn a_name_is_readable_and_the_same_every_time() {
        let one = name(&review("c", "task-1-r1", 0, 2));
        assert!(one.starts_with("task-1-r1-0-2-"), "{one}");
        assert_eq!(one, name(&review("c", "task-1-r1", 0, 2)));
    }

    #[test]
    fn a_token_nobody_waits_for_is_no_failure() {
        assert!(is_moot("TaskTimedOut") && is_moot("InvalidToken") && is_moot("TaskDoesNotExist"));
        assert!(!is_moot("ThrottlingException"));
    }
}
