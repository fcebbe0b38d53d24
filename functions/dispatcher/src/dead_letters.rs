//! Dead letters: what could not be handled becomes a row that an operator sees and can redrive, and its task fails.

use chimera_domain::{
    CampaignId, DeadLetter, Digest, Envelope, Owned as _, Owner, PerceiveMessage, ReviewMessage, Task,
    TaskEvent, TaskId, TaskMessage, TaskStatus, TenantId, Timestamp, limits,
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
    /// What its sender said beside the body.
    pub owner: Option<Owner>,
    /// How often its queue delivered it, if it came from one.
    pub receives: Option<u32>,
    /// Why it is dead, for people.
    pub reason: String,
}

/// Whose a letter says it is. Never authority: the rows are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) tenant: TenantId,
    pub(crate) campaign: CampaignId,
    pub(crate) task: Option<TaskId>,
    /// The attempt it speaks about; an older one must not fail a newer.
    pub(crate) attempt: Option<u32>,
}

impl Claim {
    /// A campaign's, and about none of its tasks.
    pub(crate) fn of_campaign(tenant: TenantId, campaign: CampaignId) -> Self {
        Self { tenant, campaign, task: None, attempt: None }
    }
}

impl From<Owner> for Claim {
    fn from(owner: Owner) -> Self {
        let (task, attempt) = owner.task.unzip();
        Self { tenant: owner.tenant, campaign: owner.campaign, task, attempt }
    }
}

/// [Q-4] What the body says, where it can be read; else what was written beside it.
pub(crate) fn claim(letter: &Letter) -> Option<Claim> {
    read(&letter.body).or_else(|| letter.owner.clone().map(Claim::from))
}

/// The message to perception that the letter was, if it was one: it names an agent and no campaign.
pub(crate) fn about_agent(letter: &Letter) -> Option<PerceiveMessage> {
    serde_json::from_str::<Envelope<PerceiveMessage>>(&letter.body).ok().map(|message| message.body)
}

/// The letter as a row: of the claim's campaign, and of its task if that is there.
pub(crate) fn row(letter: &Letter, claim: Option<&Claim>, task: Option<&Task>, now: Timestamp) -> DeadLetter {
    DeadLetter {
        id: letter.id.clone(),
        tenant: claim.map(|claim| claim.tenant.clone()),
        campaign: claim.map(|claim| claim.campaign.clone()),
        task: task.map(|task| task.id.clone()),
        origin: letter.origin.clone(),
        body: carriable(&letter.body),
        bytes: letter.body.len(),
        digest: Digest::of_bytes(letter.body.as_bytes()),
        reason: letter.reason.clone(),
        receives: letter.receives,
        at: now,
        redriven_at: None,
    }
}

/// The task as a dead letter about this attempt leaves it, where it waits for exactly that one. A task that is held or
/// rejected has its answer already, from another delivery.
pub(crate) fn failed(task: &Task, attempt: Option<u32>, reason: &str) -> Option<Task> {
    let waits = task.status == TaskStatus::Open && attempt == Some(task.attempt);
    let status = waits.then(|| task.status.next(TaskEvent::Fail).ok())??;
    Some(Task { status, reason: Some(reason.to_owned()), ..task.clone() })
}

fn read(body: &str) -> Option<Claim> {
    if let Ok(message) = serde_json::from_str::<Envelope<TaskMessage>>(body) {
        return Some(message.body.owner().into());
    }
    if let Ok(message) = serde_json::from_str::<Envelope<ReviewMessage>>(body) {
        return Some(message.body.owner().into());
    }
    guess(&serde_json::from_str(body).ok()?)
}

/// From whatever has the usual names: a message of another version, or a row.
fn guess(value: &Value) -> Option<Claim> {
    let message = value.get("body");
    let body = message.unwrap_or(value);
    let body = body.get("task").filter(|task| task.is_object()).unwrap_or(body);
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    // A row by itself says nothing about a message that failed.
    let attempt = message.and_then(|_| body.get("attempt")?.as_u64());
    Some(Claim {
        tenant: TenantId::new(text("tenant")?).ok()?,
        campaign: CampaignId::new(text("campaign")?).ok()?,
        task: text("task").or_else(|| text("id")).and_then(|id| TaskId::new(id).ok()),
        attempt: attempt.and_then(|attempt| u32::try_from(attempt).ok()),
    })
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

    fn letter(body: impl Into<String>, owner: Option<&str>) -> Letter {
        Letter {
            id: "m-1".into(),
            origin: "TaskQueue".into(),
            body: body.into(),
            owner: owner.map(|text| text.parse().unwrap()),
            receives: Some(6),
            reason: "received 5 times".into(),
        }
    }

    fn claimed(body: impl Into<String>, owner: Option<&str>) -> Option<String> {
        let claim = claim(&letter(body, owner))?;
        let task = claim.task.map_or_else(|| "-".to_owned(), |id| id.to_string());
        Some(format!("{} {} {task} {:?}", claim.tenant, claim.campaign, claim.attempt))
    }

    #[test]
    fn a_letter_that_cannot_be_read_belongs_to_nobody_and_is_cut() {
        let letter = letter("é".repeat(limits::DEAD_LETTER_BYTES), None);
        assert_eq!(claim(&letter), None);
        let row = row(&letter, None, None, Timestamp::UNIX_EPOCH);
        assert_eq!((row.tenant, row.campaign, row.task), (None, None, None));
        assert_eq!((row.body.len(), row.bytes), (limits::DEAD_LETTER_BYTES, letter.body.len()));
        assert_eq!(row.digest, Digest::of_bytes(letter.body.as_bytes()));
    }

    #[test]
    fn an_owner_is_read_even_from_a_message_of_another_version() {
        let body = r#"{"v":9,"body":{"task":{"tenant":"acme","campaign":"c1","id":"write-1","attempt":3}}}"#;
        assert_eq!(claimed(body, None).unwrap(), "acme c1 write-1 Some(3)");
    }

    /// [Q-4]
    #[test]
    fn what_is_written_beside_a_body_counts_where_the_body_says_nothing() {
        let deep = format!(r#"{{"v":1,"body":{}{}}}"#, "[".repeat(50_000), "]".repeat(50_000));
        for body in [r#"{"v":1,"body":{"task":"#, "", "42", "{}", r#"{"body":{"tenant":"acme"}}"#, &deep] {
            assert_eq!(claimed(body, Some("acme/c1/write-1/3")).unwrap(), "acme c1 write-1 Some(3)");
            assert_eq!(claimed(body, Some("acme/c1")).unwrap(), "acme c1 - None");
            assert_eq!(claimed(body, None), None);
        }
    }

    /// [Q-4]
    #[test]
    fn what_a_body_says_is_never_mixed_with_what_is_written_beside_it() {
        let body = r#"{"v":1,"body":{"tenant":"other","campaign":"c9"}}"#;
        assert_eq!(claimed(body, Some("acme/c1/write-1/3")).unwrap(), "other c9 - None");
    }

    #[test]
    fn a_row_that_cannot_be_read_fails_no_task() {
        let row = r#"{"kind":"task","tenant":"acme","campaign":"c1","id":"write-1","attempt":3}"#;
        assert_eq!(claimed(row, None).unwrap(), "acme c1 write-1 None");
    }
}
