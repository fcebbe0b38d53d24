//! What waits for a human: shown whole, and answered by one, or as `--decide` says.

use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Write as _};

use anyhow::Context as _;
use chimera_domain::{DecisionKind, Intent, ReviewStatus};
use serde_json::{Value, json};

use crate::api::{Api, ApiError};
use crate::args::Decide;
use crate::card;
use crate::demo::edit::small_edit;
use crate::failure::Failure;
use crate::watch::Screen;
use crate::wire::{ReviewView, Whole};

/// What a refused review says to the planner.
const REJECTED: &str = "rejected by chimera demo --decide reject";

/// Answers reviews.
pub(super) struct Reviewer<'a> {
    api: &'a Api,
    decide: Option<Decide>,
    answered: BTreeSet<String>,
    /// Tasks whose text was edited: one edit shows what there is to show.
    edited: BTreeSet<String>,
}

/// An answer to a review.
enum Answer {
    Approve,
    Edit(String),
    Reject(String),
    Respond(String),
    Later,
}

impl<'a> Reviewer<'a> {
    pub(super) fn new(api: &'a Api, decide: Option<Decide>) -> Self {
        Self { api, decide, answered: BTreeSet::new(), edited: BTreeSet::new() }
    }

    /// Answers each open review once; whether there was one.
    pub(super) async fn answer(&mut self, whole: &Whole, screen: &Screen) -> Result<bool, Failure> {
        let mut has_answered = false;
        for line in whole.reviews.iter().filter(|review| review.status == ReviewStatus::Open) {
            if self.answered.insert(line.id.clone()) {
                self.answer_one(&whole.id, &line.id, screen).await?;
                has_answered = true;
            }
        }
        Ok(has_answered)
    }

    async fn answer_one(&mut self, campaign: &str, id: &str, screen: &Screen) -> Result<(), Failure> {
        let path = format!("reviews/{campaign}/{id}");
        let review: ReviewView =
            serde_json::from_value(self.api.get(&path).await?).map_err(anyhow::Error::from)?;
        if review.status != ReviewStatus::Open {
            return Ok(());
        }
        screen.line(&format!("review {id}: a human must see this"));
        screen.plain(&card::card(&review));
        let answer = match self.decide {
            Some(Decide::Edit) if !self.edited.insert(review.task.clone()) => Answer::Approve,
            Some(decide) => by_itself(decide, &review),
            None if std::io::stdin().is_terminal() => screen.aside(|| ask(&review))?,
            None => return Err(Failure::NeedsHuman { campaign: review.campaign, review: review.id }),
        };
        let Some(body) = body_of(&answer, &review) else {
            screen.line(&format!("review {id}: left open; its deadline goes on"));
            return Ok(());
        };
        match self.api.post(&format!("{path}/decision"), &body).await {
            Ok(_) => screen.line(&format!("review {id}: answered with {}", cell(&body, "decision"))),
            // Somebody else, or the clock, was faster: their answer counts.
            Err(error @ ApiError::Refused { status: 409 | 410, .. }) => {
                screen.line(&format!("review {id}: {error}"));
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

fn by_itself(decide: Decide, review: &ReviewView) -> Answer {
    let text = review.content.intent().and_then(Intent::text);
    match (decide, text) {
        (Decide::Edit, Some(text)) if review.allowed.contains(&DecisionKind::Edit) => {
            Answer::Edit(small_edit(text))
        }
        (Decide::Approve | Decide::Edit, _) => Answer::Approve,
        (Decide::Reject, _) => Answer::Reject(REJECTED.to_owned()),
    }
}

fn body_of(answer: &Answer, review: &ReviewView) -> Option<Value> {
    let digest = &review.digest;
    Some(match answer {
        Answer::Approve => json!({"decision": "approve", "digest": digest}),
        Answer::Edit(text) => json!({"decision": "edit", "digest": digest, "text": text}),
        Answer::Reject(comment) => json!({"decision": "reject", "digest": digest, "comment": comment}),
        Answer::Respond(comment) => json!({"decision": "respond", "digest": digest, "comment": comment}),
        Answer::Later => return None,
    })
}

fn ask(review: &ReviewView) -> Result<Answer, Failure> {
    let allowed: Vec<&str> = review.allowed.iter().map(|kind| kind.name()).collect();
    loop {
        let word = prompt(&format!("  {} or later? ", allowed.join(", ")))?;
        let kind = review.allowed.iter().find(|kind| !word.is_empty() && kind.name().starts_with(&word));
        match kind {
            Some(DecisionKind::Approve) => return Ok(Answer::Approve),
            Some(DecisionKind::Edit) => return Ok(Answer::Edit(prompt_text("  the new text: ")?)),
            Some(DecisionKind::Reject) => return Ok(Answer::Reject(prompt_text("  why: ")?)),
            Some(DecisionKind::Respond) => return Ok(Answer::Respond(prompt_text("  what to do: ")?)),
            None if !word.is_empty() && "later".starts_with(&word) => return Ok(Answer::Later),
            None => {}
        }
    }
}

fn prompt_text(question: &str) -> Result<String, Failure> {
    loop {
        let text = prompt(question)?;
        if !text.is_empty() {
            return Ok(text);
        }
    }
}

fn prompt(question: &str) -> Result<String, Failure> {
    print!("{question}");
    std::io::stdout().flush().context("the terminal is gone")?;
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line).context("the terminal cannot be read")?;
    if read == 0 {
        return Err(anyhow::anyhow!("the terminal was closed before an answer").into());
    }
    Ok(line.trim().to_owned())
}

fn cell<'a>(body: &'a Value, name: &str) -> &'a str {
    body.get(name).and_then(Value::as_str).unwrap_or("-")
}
