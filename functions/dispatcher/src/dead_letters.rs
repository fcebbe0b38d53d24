//! Dead letters: what could not be handled becomes a row that an operator sees and can redrive, and its task fails.

use chimera_domain::{
    CampaignId, DeadLetter, Digest, Envelope, ReviewMessage, Task, TaskEvent, TaskId, TaskMessage, TenantId,
    Timestamp, limits,
};
use serde_json::Value;

/// A message from a dead-letter queue, or a stream record that cannot be parsed.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The queue's message id, or the record's.
    pub id: String,
    /// Where it came from.
    pub origin: String,
    /// Its body.
    pub body: String,
    /// Why it is dead, for people.
    pub reason: String,
}

/// Whose a message is, as far as it can be read. Never authority: the rows are looked up.
#[derive(Debug, Default)]
struct Owner {
    tenant: Option<TenantId>,
    campaign: Option<CampaignId>,
    task: Option<TaskId>,
}

/// The letter as a row.
pub(crate) fn row(letter: &Letter, now: Timestamp) -> DeadLetter {
    let owner = owner(&letter.body);
    let has_home = owner.tenant.is_some() && owner.campaign.is_some();
    DeadLetter {
        id: letter.id.clone(),
        tenant: owner.tenant.filter(|_| has_home),
        campaign: owner.campaign.filter(|_| has_home),
        task: owner.task.filter(|_| has_home),
        origin: letter.origin.clone(),
        body: carriable(&letter.body),
        digest: Digest::of_bytes(letter.body.as_bytes()),
        reason: letter.reason.clone(),
        at: now,
        redriven_at: None,
    }
}

/// The task as a dead letter leaves it: failed, unless it has moved on.
pub(crate) fn failed(task: &Task, reason: &str) -> Option<Task> {
    let status = task.status.next(TaskEvent::Fail).ok()?;
    Some(Task { status, reason: Some(reason.to_owned()), ..task.clone() })
}

/// The attempt a letter speaks about; an older one must not fail a newer.
pub(crate) fn attempt(body: &str) -> Option<u64> {
    let body: Value = serde_json::from_str(body).ok()?;
    let body = body.get("body")?;
    body.pointer("/task/attempt").or_else(|| body.get("attempt")).and_then(Value::as_u64)
}

fn owner(body: &str) -> Owner {
    if let Ok(message) = serde_json::from_str::<Envelope<TaskMessage>>(body) {
        let task = message.body.task;
        return Owner { tenant: Some(task.tenant), campaign: Some(task.campaign), task: Some(task.id) };
    }
    if let Ok(message) = serde_json::from_str::<Envelope<ReviewMessage>>(body) {
        return match message.body {
            ReviewMessage::Result(result) => Owner {
                tenant: Some(result.tenant),
                campaign: Some(result.campaign),
                task: Some(result.task),
            },
            ReviewMessage::Review { tenant, campaign, .. }
            | ReviewMessage::Rejudge { tenant, campaign, .. } => {
                Owner { tenant: Some(tenant), campaign: Some(campaign), task: None }
            }
        };
    }
    let Ok(value) = serde_json::from_str::<Value>(body) else { return Owner::default() };
    let body = value.get("body").unwrap_or(&value);
    let body = body.get("task").filter(|task| task.is_object()).unwrap_or(body);
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    Owner {
        tenant: text("tenant").and_then(|id| TenantId::new(id).ok()),
        campaign: text("campaign").and_then(|id| CampaignId::new(id).ok()),
        task: text("task").or_else(|| text("id")).and_then(|id| TaskId::new(id).ok()),
    }
}

/// The body cut to the limit on a character's boundary.
fn carriable(body: &str) -> String {
    let mut end = body.len().min(limits::DEAD_LETTER_BYTES);
    while !body.is_char_boundary(end) {
        end -= 1;
    }
    body[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_that_cannot_be_read_belongs_to_nobody_and_is_cut() {
        let letter = Letter {
            id: "m-1".into(),
            origin: "TaskQueue".into(),
            body: "é".repeat(limits::DEAD_LETTER_BYTES),
            reason: "received 5 times".into(),
        };
        let row = row(&letter, Timestamp::UNIX_EPOCH);
        assert_eq!(row.tenant, None);
        assert_eq!(row.body.len(), limits::DEAD_LETTER_BYTES);
        assert_eq!(row.digest, Digest::of_bytes(letter.body.as_bytes()));
    }

    #[test]
    fn an_owner_is_read_even_from_a_message_of_another_version() {
        let row = row(
            &Letter {
                id: "m-2".into(),
                origin: "TaskQueue".into(),
                body:
                    r#"{"v":9,"body":{"task":{"tenant":"acme","campaign":"c1","id":"write-1","attempt":3}}}"#
                        .into(),
                reason: String::new(),
            },
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(row.campaign.unwrap().as_str(), "c1");
        assert_eq!(row.task.unwrap().as_str(), "write-1");
        assert_eq!(attempt(&row.body), Some(3));
    }
}
