//! What a reviewer must see before an answer means anything.

use std::fmt::Write as _;

use chimera_domain::{Artifact, DecisionKind, Flag, Payment, RuleEvidence, WorkOutcome};
use serde_json::Value;

use crate::wire::ReviewView;

/// The card of a review, as text.
pub(crate) fn card(review: &ReviewView) -> String {
    let mut lines = Lines::default();
    lines.fact(
        "review",
        &format!("{} ({} of task {}), {}", review.id, review.subject, review.task, review.status),
    );
    made(&mut lines, &review.content.outcome);
    let evidence = &review.verdict.evidence;
    lines.fact(
        "confidence",
        &format!(
            "{} from criteria {}, support {}, persona {}, novelty {}",
            review.verdict.confidence,
            evidence.criteria,
            evidence.support,
            evidence.persona,
            evidence.novelty
        ),
    );
    lines.fact("flags", &or_dash(review.flags.iter().map(Flag::as_str)));
    lines.fact("reasons", &or_dash(review.verdict.reasons.iter().map(String::as_str)));
    let (met, unmet): (Vec<&RuleEvidence>, Vec<&RuleEvidence>) =
        evidence.rules.iter().partition(|rule| rule.met);
    lines.fact("rules met", &or_dash(met.iter().map(|rule| rule.rule.as_str())));
    let unmet: Vec<String> = unmet.iter().map(|rule| format!("{} ({})", rule.rule, rule.seen)).collect();
    lines.fact("not met", &or_dash(unmet.iter().map(String::as_str)));
    let source = review.content.source.as_ref();
    lines.fact("source", &source.map_or("-".to_owned(), |(title, link)| format!("{title} <{link}>")));
    let cost = review.content.max_cost.map_or("-".to_owned(), |cost| format!("at most {cost}"));
    lines.fact("cost", &cost);
    lines.fact("policy", &format!("version {}", review.verdict.policy_version));
    lines.fact("asked", &asked(review));
    lines.fact("answers", &or_dash(review.allowed.iter().map(|kind| DecisionKind::name(*kind))));
    lines.fact("digest", review.digest.as_str());
    lines.0
}

/// What would be committed: a text with its pictures, a payment, what is to be remembered, or what was made.
fn made(lines: &mut Lines, outcome: &WorkOutcome) {
    match outcome {
        WorkOutcome::Intent { intent } if intent.payment().is_some() => {
            lines.fact("payment", &payment(&intent.arguments).unwrap_or_default());
        }
        WorkOutcome::Intent { intent } if intent.is_of_memory() => {
            memories(&intent.arguments).for_each(|memory| lines.fact("remembers", &memory));
        }
        WorkOutcome::Intent { intent } => {
            lines.fact("text", intent.text().unwrap_or("(no text)"));
            media(&intent.arguments).for_each(|picture| lines.fact("picture", &picture));
        }
        WorkOutcome::Artifact { artifact: Artifact::Image { image } } => {
            lines.fact("picture", &format!("{} ({})", image.alt_text, image.digest));
        }
        WorkOutcome::Artifact { artifact: Artifact::Video { video } } => {
            lines.fact("clip", &format!("{} ({})", video.alt_text, video.digest));
        }
        WorkOutcome::Artifact { artifact: Artifact::Memory { notes } } => {
            notes.iter().for_each(|note| lines.fact("remembers", &note.text));
        }
        WorkOutcome::Artifact { artifact: Artifact::Notes { .. } } | WorkOutcome::Failure { .. } => {
            lines.fact("text", "(no text)");
        }
    }
}

/// The payment that a transfer's arguments make, in words; none where they make none.
pub(crate) fn payment(arguments: &Value) -> Option<String> {
    let Payment { recipient, amount } = serde_json::from_value(arguments.clone()).ok()?;
    let said = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or("-");
    Some(format!("{amount} to {recipient} for {}, in {} on {}", said("memo"), said("asset"), said("network")))
}

/// The pictures that a post's arguments carry, in words.
pub(crate) fn media(arguments: &Value) -> impl Iterator<Item = String> {
    let media = arguments.get("media").and_then(Value::as_array).into_iter().flatten();
    let said =
        |medium: &Value, name: &str| medium.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
    media.map(move |medium| format!("{} ({})", said(medium, "alt_text"), said(medium, "digest")))
}

/// The memories that such an intent keeps, in words.
pub(crate) fn memories(arguments: &Value) -> impl Iterator<Item = String> {
    let memories = arguments.get("memories").and_then(Value::as_array).into_iter().flatten();
    let said =
        |memory: &Value, name: &str| memory.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
    let matters = |memory: &Value| memory.get("salience").map_or("-".to_owned(), Value::to_string);
    memories.map(move |memory| {
        format!(
            "{} (matters {} of 100, from {})",
            said(memory, "text"),
            matters(memory),
            said(memory, "source_ref")
        )
    })
}

fn asked(review: &ReviewView) -> String {
    let rung = usize::try_from(review.rung).ok().and_then(|rung| review.ladder.get(rung));
    let who = rung.map_or("-".to_owned(), |rung| rung.reviewers.join(", "));
    let until = review.due_at.map_or("-".to_owned(), |due_at| due_at.to_string());
    format!("{who} (rung {} of {}), denied or passed on at {until}", review.rung + 1, review.ladder.len())
}

fn or_dash<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.collect();
    if words.is_empty() { "-".to_owned() } else { words.join(", ") }
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    fn fact(&mut self, name: &str, value: &str) {
        for (at, line) in value.lines().enumerate() {
            let name = if at == 0 { name } else { "" };
            // Writing to a String cannot fail.
            writeln!(self.0, "  {name:<11} {}", printable(line)).unwrap_or_default();
        }
    }
}

/// Text from outside must not steer the terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use chimera_domain::Intent;

    use super::*;

    #[test]
    fn a_payment_and_a_picture_are_shown_in_words() {
        let amount = serde_json::json!({"minor": 300, "currency": "USD"});
        let transfer = serde_json::json!({
            "recipient": "0xa1", "amount": amount, "memo": "The banner", "asset": "usdc", "network": "base-sepolia",
        });
        let intent = Intent {
            server: "coinbase".to_owned(),
            tool: "transfer".to_owned(),
            arguments: transfer,
            cites: None,
        };
        let mut lines = Lines::default();
        made(&mut lines, &WorkOutcome::Intent { intent });
        assert_eq!(lines.0.trim(), "payment     3.00 USD to 0xa1 for The banner, in usdc on base-sepolia");
        let post =
            serde_json::json!({"text": "Look", "media": [{"digest": "sha256:00", "alt_text": "A bridge"}]});
        assert_eq!(media(&post).collect::<Vec<_>>(), ["A bridge (sha256:00)"]);
        assert_eq!(payment(&post), None);
    }

    #[test]
    fn what_is_to_be_remembered_is_shown_word_for_word() {
        let memory = serde_json::json!({
            "key": "c/1", "kind": "episodic", "text": "One small tool.\nLikes 9.", "salience": 58,
            "source_ref": "https://x.example/1",
        });
        let intent = Intent {
            server: "weaviate".to_owned(),
            tool: "memories_keep".to_owned(),
            arguments: serde_json::json!({"account": "ada", "memories": [memory]}),
            cites: None,
        };
        let mut lines = Lines::default();
        made(&mut lines, &WorkOutcome::Intent { intent });
        assert!(lines.0.starts_with("  remembers   One small tool.\n"), "{}", lines.0);
        assert!(lines.0.contains("Likes 9. (matters 58 of 100, from https://x.example/1)"), "{}", lines.0);
    }

    #[test]
    fn text_from_outside_cannot_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb"), "a\u{fffd}[2Jb");
    }
}
