//! What came of the demo's campaign.

use std::fmt::Write as _;
use std::time::Duration;

use chimera_domain::{EffectStatus, Flag, TaskStatus};
use serde_json::{Value, json};

use crate::api::Api;
use crate::card::{media, payment, printable};
use crate::failure::Failure;
use crate::output::cell;
use crate::wire::Whole;

/// The report as data: posts and payments with their receipts, what was held, rejected, retried and failed, money and time.
pub(super) async fn draw_up(api: &Api, whole: &Whole, elapsed: Duration) -> Result<Value, Failure> {
    let mut done = Vec::new();
    for effect in whole.effects.iter().filter(|effect| effect.status == EffectStatus::Done) {
        done.push(post(api.get(&format!("effects/{}/{}/receipt", whole.id, effect.id)).await?));
    }
    let is_payment = |done: &Value| done.get("payment").is_some_and(Value::is_string);
    let (payments, rest): (Vec<Value>, Vec<Value>) = done.into_iter().partition(is_payment);
    let is_memory = |done: &Value| done.get("memories").is_some_and(Value::is_array);
    let (memories, posts): (Vec<Value>, Vec<Value>) = rest.into_iter().partition(is_memory);
    let held = whole.reviews.iter().map(|review| {
        let flags: Vec<&str> = review.flags.iter().map(Flag::as_str).collect();
        json!({"review": review.id, "task": review.task, "confidence": review.confidence.to_string(),
            "flags": flags, "status": review.status.name(), "decided": review.decided.map(|kind| kind.name())})
    });
    let rejected = whole.tasks.iter().filter(|task| !task.feedback.is_empty());
    let rejected = rejected.map(|task| json!({"task": task.id, "tries": task.tries, "told": task.feedback}));
    let retried = whole.tasks.iter().filter(|task| task.attempt > 1);
    let retried =
        retried.map(|task| json!({"task": task.id, "attempts": task.attempt, "status": task.status.name()}));
    let unfinished = whole.tasks.iter().filter(|task| task.status != TaskStatus::Approved);
    let unfinished = unfinished
        .map(|task| json!({"what": task.id, "status": task.status.name(), "reason": task.reason}))
        .chain(whole.effects.iter().filter(|effect| effect.status != EffectStatus::Done).map(|effect| {
            let reason = effect.refusal.as_ref().map(|refusal| format!("{}: {}", refusal.code, refusal.message));
            json!({"what": format!("effect of {}", effect.task), "status": effect.status.name(), "reason": reason})
        }));
    let signals = whole.signals.iter().map(|signal| {
        json!({"signal": signal.id, "what": signal.what, "relevance": signal.relevance.to_string(),
            "status": signal.status.name(), "plan": signal.plan, "reason": signal.reason})
    });
    let plans = whole.plans.iter().map(|plan| {
        json!({"plan": plan.number, "reason": plan.reason, "added": plan.diff.added, "dropped": plan.diff.dropped,
            "changed": plan.diff.changed, "kept": plan.diff.kept})
    });
    Ok(json!({
        "campaign": whole.id,
        "status": whole.status.name(),
        "posts": posts,
        "payments": payments,
        "memories": memories,
        "signals": signals.collect::<Vec<_>>(),
        "plans": plans.collect::<Vec<_>>(),
        "held": held.collect::<Vec<_>>(),
        "rejected": rejected.collect::<Vec<_>>(),
        "retried": retried.collect::<Vec<_>>(),
        "not_published": unfinished.collect::<Vec<_>>(),
        "spent": whole.spend.spent,
        "still_set_aside": whole.spend.open,
        "cap": whole.brief.budget,
        "elapsed_ms": u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
    }))
}

/// The facts of a receipt that the report shows, with the whole of it.
fn post(receipt: Value) -> Value {
    let effect = receipt.pointer("/effects/0").cloned().unwrap_or_default();
    let reviews = receipt.pointer("/reviews").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let review =
        reviews.iter().find(|review| effect.get("review").is_some_and(|id| review.get("id") == Some(id)));
    let said = |pointer: &str| review.and_then(|review| review.pointer(pointer)).cloned();
    json!({
        "effect": effect.get("id"),
        "text": effect.get("text"),
        "payment": effect.get("arguments").and_then(payment),
        "memories": effect.pointer("/arguments/memories"),
        "pictures": effect.get("arguments").map_or_else(Vec::new, |arguments| media(arguments).collect()),
        "outcome": effect.get("outcome"),
        "review": review.map(|review| json!({
            "id": review.get("id"),
            "decision": said("/decision/kind"),
            "reviewer": said("/decision/reviewer"),
            "minutes_waited": said("/minutes_waited"),
        })),
        "policy_version": effect.pointer("/grant/policy_version"),
        "spent": effect.get("spent"),
        "reserved": effect.get("reserved"),
        "work_cost": receipt.pointer("/money/work"),
        "digest": effect.get("digest"),
        "receipt": receipt,
    })
}

/// The report for people.
pub(super) fn text(report: &Value) -> String {
    let mut text = Text(String::new());
    text.line(&format!("\ncampaign {} is {}", at(report, "/campaign"), at(report, "/status")));
    text.list(report, "/posts", "published", |post| {
        let mut lines = vec![at(post, "/outcome/url")];
        lines.extend(at(post, "/text").lines().map(|line| format!("  {line}")));
        let pictures = post.get("pictures").and_then(Value::as_array).into_iter().flatten();
        lines.extend(pictures.filter_map(Value::as_str).map(|picture| format!("  picture: {picture}")));
        lines.push(format!("  receipt: {}", receipt(post)));
        lines
    });
    text.list(report, "/payments", "paid", |payment| {
        vec![
            at(payment, "/payment"),
            format!("  {} {}", at(payment, "/outcome/external_id"), at(payment, "/outcome/url")),
            format!("  receipt: {}", receipt(payment)),
        ]
    });
    text.list(report, "/memories", "remembered", |kept| {
        let memories = kept.get("memories").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let lines =
            memories.iter().map(|memory| at(memory, "/text").lines().next().unwrap_or("-").to_owned());
        lines.chain([format!("  receipt: {}", receipt(kept))]).collect()
    });
    text.list(report, "/held", "held for a human", |held| {
        vec![format!(
            "{} (task {}): confidence {}, {}; {} {}",
            at(held, "/review"),
            at(held, "/task"),
            at(held, "/confidence"),
            at(held, "/flags"),
            at(held, "/status"),
            at(held, "/decided")
        )]
    });
    text.list(report, "/rejected", "rejected", |task| {
        vec![format!("{} ({} tries): {}", at(task, "/task"), at(task, "/tries"), at(task, "/told"))]
    });
    text.list(report, "/retried", "retried", |task| {
        vec![format!("{}: {} attempts, {}", at(task, "/task"), at(task, "/attempts"), at(task, "/status"))]
    });
    text.list(report, "/signals", "perceived", |signal| {
        let follows = match signal.get("plan").and_then(Value::as_u64) {
            Some(plan) => format!("answered by plan {plan}"),
            None => format!("{}: {}", at(signal, "/status"), at(signal, "/reason")),
        };
        vec![format!("{} (relevance {}): {follows}", at(signal, "/signal"), at(signal, "/relevance"))]
    });
    text.list(report, "/plans", "plan versions", |plan| {
        let mut lines = vec![format!("{}: {}", at(plan, "/plan"), at(plan, "/reason"))];
        for (mark, pointer) in [("+", "/added"), ("-", "/dropped"), ("~", "/changed")] {
            let ids = plan.pointer(pointer).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let ids: Vec<&str> = ids.iter().filter_map(Value::as_str).collect();
            if !ids.is_empty() {
                lines.push(format!("  {mark} {}", ids.join(", ")));
            }
        }
        lines.push(format!("  = {} kept", at(plan, "/kept")));
        lines
    });
    text.list(report, "/not_published", "not published", |what| {
        vec![format!("{}: {} ({})", at(what, "/what"), at(what, "/status"), at(what, "/reason"))]
    });
    text.line(&format!("spent {} of {}", at(report, "/spent"), at(report, "/cap")));
    let elapsed_ms = report.get("elapsed_ms").and_then(Value::as_u64).unwrap_or_default();
    text.line(&format!("elapsed {}.{} s", elapsed_ms / 1_000, elapsed_ms % 1_000 / 100));
    text.0
}

/// One line: who let it out, under which rules, for how much.
fn receipt(post: &Value) -> String {
    let approved = match post.pointer("/review/decision") {
        Some(Value::String(decision)) => format!(
            "{decision} by {} after {} min",
            at(post, "/review/reviewer"),
            at(post, "/review/minutes_waited")
        ),
        _ => "approved by the Judge".to_owned(),
    };
    format!(
        "{}, {approved}, policy version {}, spent {} of {} set aside, work {}, {}",
        at(post, "/effect"),
        at(post, "/policy_version"),
        at(post, "/spent"),
        at(post, "/reserved"),
        at(post, "/work_cost"),
        at(post, "/digest")
    )
}

fn at(value: &Value, pointer: &str) -> String {
    cell(value.pointer(pointer))
}

struct Text(String);

impl Text {
    fn line(&mut self, line: &str) {
        // Writing to a String cannot fail.
        writeln!(self.0, "{line}").unwrap_or_default();
    }

    fn list(&mut self, report: &Value, pointer: &str, name: &str, lines: impl Fn(&Value) -> Vec<String>) {
        let rows = report.pointer(pointer).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        self.line(&format!("{name}: {}", rows.len()));
        for row in rows {
            for line in lines(row) {
                self.line(&format!("  {}", printable(&line)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_names_the_review_that_let_it_out() {
        let receipt = json!({
            "effects": [{"id": "w-1-e1", "review": "w-1-r1-2", "spent": {"minor": 20, "currency": "USD"}}],
            "reviews": [{"id": "w-1-r1", "decision": {"kind": "edit", "reviewer": "bob"}, "minutes_waited": 9},
                {"id": "w-1-r1-2", "decision": {"kind": "approve", "reviewer": "ada"}, "minutes_waited": 1}],
        });
        let post = post(receipt);
        assert!(super::receipt(&post).contains("approve by ada after 1 min"), "{post}");
        let by_judge = super::post(json!({"effects": [{"id": "w-2-e1", "review": null}], "reviews": []}));
        assert!(super::receipt(&by_judge).contains("approved by the Judge"), "{by_judge}");
    }

    #[test]
    fn a_payment_and_a_picture_are_shown_among_what_was_done() {
        let usd = |minor: i64| json!({"minor": minor, "currency": "USD"});
        let transfer = json!({
            "recipient": "0xa1", "amount": usd(300), "memo": "The banner", "asset": "usdc", "network": "base",
        });
        let media = json!([{"digest": "sha256:00", "alt_text": "A bridge"}]);
        let of = |arguments: Value| post(json!({"effects": [{"id": "e-1", "arguments": arguments}]}));
        let posts = [of(json!({"text": "Look", "media": media}))];
        let report = json!({"posts": posts, "payments": [of(transfer)], "spent": usd(0), "cap": usd(0)});
        let text = text(&report);
        assert!(text.contains("3.00 USD to 0xa1 for The banner"), "{text}");
        assert!(text.contains("picture: A bridge (sha256:00)"), "{text}");
    }

    #[test]
    fn a_post_is_shown_with_its_receipt_and_the_money_against_its_cap() {
        let usd = |minor: i64| json!({"minor": minor, "currency": "USD"});
        let report = json!({
            "campaign": "c-1", "status": "finished", "held": [], "rejected": [], "retried": [],
            "not_published": [], "spent": usd(20), "cap": usd(2000), "elapsed_ms": 12_345,
            "posts": [{"effect": "w-1-e1", "text": "Tub is small.\u{7}", "outcome": {"url": "https://x.example/1"},
                "review": {"decision": "approve", "reviewer": "ada", "minutes_waited": 0},
                "policy_version": 3, "spent": usd(20), "reserved": usd(20), "work_cost": usd(0),
                "digest": "sha256:00"}],
        });
        let text = text(&report);
        assert!(
            text.contains("approve by ada after 0 min, policy version 3, spent 0.20 USD of 0.20 USD"),
            "{text}"
        );
        assert!(text.contains("spent 0.20 USD of 20.00 USD\nelapsed 12.3 s"), "{text}");
        assert!(!text.contains('\u{7}'), "text from outside cannot steer the terminal");
    }
}
