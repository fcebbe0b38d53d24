//! What a reviewer must see before an answer means anything.

use std::fmt::Write as _;

use chimera_domain::{DecisionKind, Flag, Intent, RuleEvidence};

use crate::wire::ReviewView;

/// The card of a review, as text.
pub(crate) fn card(review: &ReviewView) -> String {
    let mut lines = Lines::default();
    lines.fact(
        "review",
        &format!("{} ({} of task {}), {}", review.id, review.subject, review.task, review.status),
    );
    let text = review.content.intent().and_then(Intent::text).unwrap_or("(no text)");
    lines.fact("text", text);
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
    use super::*;

    #[test]
    fn text_from_outside_cannot_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb"), "a\u{fffd}[2Jb");
    }
}
