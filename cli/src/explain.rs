//! `chimera explain`: a receipt as a person reads it.

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use chimera_domain::Confidence;
use serde_json::Value;

use crate::api::{Api, ApiError};
use crate::args::{Explain, Output};
use crate::card::{media, memories, payment, printable};
use crate::failure::Failure;
use crate::output::{self, cell};

/// Where an id may be found. Ids of effects and reviews are made from task ids, so the narrower kinds go first.
const KINDS: [&str; 3] = ["effects", "reviews", "tasks"];
/// Characters of a digest that tell two apart on a screen.
const SHORT_DIGEST: usize = 19;

/// Prints the receipt of whatever has this id.
pub(crate) async fn run(api: &Api, asked: &Explain, output: Output) -> Result<(), Failure> {
    let campaign = match &asked.campaign {
        Some(campaign) => campaign.clone(),
        None => newest(api).await?,
    };
    let receipt = find(api, &campaign, &asked.id).await?;
    match output {
        Output::Json => output::json(&receipt),
        Output::Table => {
            let is_bold = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            print!("{}", text(&receipt, is_bold));
        }
    }
    Ok(())
}

async fn newest(api: &Api) -> Result<String, Failure> {
    let page = api.get("campaigns?limit=1").await?;
    let id = page.pointer("/campaigns/0/id").and_then(Value::as_str);
    Ok(id.ok_or_else(|| anyhow::anyhow!("there is no campaign; name one by --campaign"))?.to_owned())
}

async fn find(api: &Api, campaign: &str, id: &str) -> Result<Value, Failure> {
    for kind in KINDS {
        match api.get(&format!("{kind}/{campaign}/{id}/receipt")).await {
            Err(ApiError::Refused { status: 404, .. }) => {}
            answer => return Ok(answer?),
        }
    }
    let hint = format!("campaign {campaign} has no task, effect or review {id} for this tenant");
    Err(anyhow::anyhow!("{hint}").into())
}

/// The receipt in sections.
fn text(receipt: &Value, is_bold: bool) -> String {
    let mut page = Page { text: String::new(), is_bold };
    let of =
        format!("{} {} of campaign {}", at(receipt, "/of"), at(receipt, "/id"), at(receipt, "/campaign"));
    page.head(&of);
    page.fact("agent", &at(receipt, "/agent"));
    page.fact("trace", &at(receipt, "/trace"));
    if let Some(task) = some(receipt, "/task") {
        task_section(&mut page, task);
    }
    if let Some(judgement) = some(receipt, "/judgement") {
        judgement_section(&mut page, judgement);
    }
    work_section(&mut page, receipt);
    list(receipt, "/reviews").for_each(|review| review_section(&mut page, review));
    list(receipt, "/effects").for_each(|effect| effect_section(&mut page, effect));
    money_section(&mut page, receipt);
    audit_section(&mut page, receipt);
    page.text
}

fn task_section(page: &mut Page, task: &Value) {
    page.head(&format!("task {}", at(task, "/id")));
    let counted = format!(
        "{} {}, attempt {}, {} tries, plan {}",
        at(task, "/kind"),
        at(task, "/status"),
        at(task, "/attempt"),
        at(task, "/tries"),
        at(task, "/plan")
    );
    page.fact("status", &counted);
    page.fact("goal", &at(task, "/goal"));
    if some(task, "/source").is_some() {
        page.fact("source", &format!("{} <{}>", at(task, "/source/0"), at(task, "/source/1")));
    }
    if let Some(order) = some(task, "/payment") {
        let asked = ["/amount", "/name", "/recipient", "/reason"].map(|part| at(order, part));
        let [amount, name, recipient, reason] = asked;
        page.fact("ordered", &format!("{amount} to {name} ({recipient}) for {reason}"));
    }
    for picture in list(task, "/pictures").chain(some(task, "/made/image")) {
        let made = format!("{} ({})", at(picture, "/alt_text"), at(picture, "/model"));
        page.fact("picture", &format!("{made}, {}", at(picture, "/digest")));
    }
    if let Some(video) = some(task, "/made/video") {
        let made = format!("{} ({})", at(video, "/alt_text"), at(video, "/model"));
        page.fact("clip", &format!("{made}, {}", at(video, "/digest")));
    }
    let posts = list(task, "/looked_at").count();
    if posts > 0 {
        page.fact("looked at", &format!("{posts} posts"));
    }
    list(task, "/made/notes").for_each(|note| page.fact("remembers", &at(note, "/text")));
    list(task, "/feedback").for_each(|told| page.fact("told", &cell(Some(told))));
    page.some_fact("because", task, "/reason");
}

fn judgement_section(page: &mut Page, judgement: &Value) {
    page.head("judgement");
    page.fact("verdict", &at(judgement, "/verdict"));
    let part = |name: &str| confidence(judgement, &format!("/evidence/{name}"));
    let parts = ["criteria", "support", "persona", "novelty"].map(|name| format!("{name} {}", part(name)));
    page.fact("confidence", &format!("{} from {}", confidence(judgement, "/confidence"), parts.join(", ")));
    page.fact("flags", &at(judgement, "/flags"));
    page.fact("reasons", &at(judgement, "/reasons"));
    page.fact(
        "policy",
        &format!("version {}, {}", at(judgement, "/policy_version"), at(judgement, "/policy")),
    );
    let rules: Vec<&Value> = list(judgement, "/evidence/rules").collect();
    let width = rules.iter().map(|rule| at(rule, "/rule").chars().count()).max().unwrap_or_default();
    for rule in rules {
        let name = if rule.pointer("/met") == Some(&Value::Bool(true)) { "met" } else { "NOT MET" };
        page.fact(name, &format!("{:width$}  {}", at(rule, "/rule"), at(rule, "/seen")));
    }
}

fn work_section(page: &mut Page, receipt: &Value) {
    page.head("work");
    if let Some(work) = some(receipt, "/work") {
        page.fact("model", &format!("{}, {} tokens", at(work, "/model"), at(work, "/tokens")));
        page.fact("tools", &format!("{} calls", at(work, "/tool_calls")));
        page.fact("cost", &format!("{} for this attempt", at(work, "/cost")));
    }
    page.fact("in all", &format!("{} for every attempt", at(receipt, "/money/work")));
}

fn review_section(page: &mut Page, review: &Value) {
    page.head(&format!("review {}", at(review, "/id")));
    page.fact("status", &format!("{}, about {}", at(review, "/status"), at(review, "/subject")));
    page.fact("text", &at(review, "/text"));
    page.fact("seen", &format!("confidence {}, {}", confidence(review, "/confidence"), at(review, "/flags")));
    page.fact("digest", &at(review, "/digest"));
    page.fact("asked", &at(review, "/asked"));
    page.fact("opened", &at(review, "/opened_at"));
    if let Some(decision) = some(review, "/decision") {
        let minutes = at(review, "/minutes_waited");
        let said = format!("{} by {} after {minutes} min", at(decision, "/kind"), at(decision, "/reviewer"));
        page.fact("decision", &format!("{said}, {}", at(decision, "/at")));
        page.some_fact("comment", decision, "/comment");
    } else if some(review, "/ended_at").is_some() {
        let minutes = at(review, "/minutes_waited");
        page.fact("decision", &format!("none; ended after {minutes} min, {}", at(review, "/ended_at")));
    }
    if let Some(edit) = some(review, "/edit") {
        page.fact("edited to", &at(edit, "/after_text"));
        page.fact("", &at(edit, "/after"));
    }
}

fn effect_section(page: &mut Page, effect: &Value) {
    page.head(&format!("effect {}", at(effect, "/id")));
    page.fact("status", &format!("{}, of attempt {}", at(effect, "/status"), at(effect, "/attempt")));
    page.fact("tool", &format!("{}.{}", at(effect, "/server"), at(effect, "/tool")));
    page.some_fact("text", effect, "/text");
    if let Some(arguments) = some(effect, "/arguments") {
        payment(arguments).iter().for_each(|paid| page.fact("payment", paid));
        media(arguments).for_each(|picture| page.fact("picture", &picture));
        memories(arguments).for_each(|memory| page.fact("remembers", &memory));
    }
    page.fact("digest", &at(effect, "/digest"));
    let by = some(effect, "/review")
        .map_or("the Judge alone".to_owned(), |by| format!("review {}", cell(Some(by))));
    page.fact("approved", &format!("{}, by {by}", at(effect, "/approved_at")));
    let grant = format!(
        "{} by key {} for {}, at most {}, policy version {}, until {}",
        at(effect, "/grant/id"),
        at(effect, "/grant/key"),
        at(effect, "/grant/audience"),
        at(effect, "/grant/max_cost"),
        at(effect, "/grant/policy_version"),
        at(effect, "/grant/expires_at")
    );
    page.fact("grant", &grant);
    page.fact("key", &at(effect, "/idempotency_key"));
    if let Some(outcome) = some(effect, "/outcome") {
        page.fact("outcome", &format!("{} for {}", at(outcome, "/external_id"), at(outcome, "/cost")));
        page.some_fact("link", outcome, "/url");
    }
    if let Some(refusal) = some(effect, "/refusal") {
        page.fact("refused", &format!("{}: {}", at(refusal, "/code"), at(refusal, "/message")));
    }
    let counts = ["rejudged", "struck", "unsent", "read_backs"];
    let counts = counts.into_iter().filter(|name| effect.get(*name).and_then(Value::as_u64) > Some(0));
    let counts: Vec<String> = counts
        .map(|name| format!("{} {}", name.replace('_', " "), at(effect, &format!("/{name}"))))
        .collect();
    if !counts.is_empty() {
        page.fact("on the way", &counts.join(", "));
    }
    page.some_fact("asked", effect, "/asked");
    page.some_fact("ended", effect, "/ended_at");
    page.some_fact("takes back", effect, "/undoes");
    page.some_fact("taken back", effect, "/undone_by");
}

fn money_section(page: &mut Page, receipt: &Value) {
    let Some(money) = some(receipt, "/money") else { return };
    page.head("money");
    for (name, pointer) in
        [("set aside", "/reserved"), ("still open", "/open"), ("spent", "/spent"), ("released", "/released")]
    {
        page.fact(name, &at(money, pointer));
    }
    for effect in list(receipt, "/effects") {
        for bucket in list(effect, "/buckets") {
            let of = ["agent", "campaign", "day"].map(|name| bucket.get(name).and_then(Value::as_str));
            let of: Vec<&str> = of.into_iter().flatten().collect();
            page.fact("bucket", &format!("{} {}", at(bucket, "/bucket"), of.join(" ")));
        }
    }
    for entry in list(money, "/entries") {
        let amount = some(entry, "/reservation/amount").or(some(entry, "/spent"));
        let how = some(entry, "/how").map_or(String::new(), |how| format!(" ({})", cell(Some(how))));
        let said = format!("{}{how} {} of {}", at(entry, "/entry"), cell(amount), at(entry, "/effect"));
        page.fact("entry", &format!("{said}, {}", at(entry, "/at")));
    }
}

fn audit_section(page: &mut Page, receipt: &Value) {
    page.head("audit");
    let rows: Vec<[String; 4]> = list(receipt, "/audit").map(audit_cells).collect();
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2)];
    for [row, status, writer, digest] in &rows {
        let [a, b, c] = widths;
        page.line(&format!("{row:a$}  {status:b$}  {writer:c$}  {digest}"));
    }
}

/// Row and version, status, writer, the beginning of the digest. The partition is the same for all.
fn audit_cells(entry: &Value) -> [String; 4] {
    let (row, digest) = (at(entry, "/row"), at(entry, "/new"));
    let sk = row.splitn(3, '|').nth(2).unwrap_or(&row).to_owned();
    let short: String = digest.chars().take(SHORT_DIGEST).collect();
    [format!("{sk} v{}", at(entry, "/version")), at(entry, "/status"), at(entry, "/writer"), short]
}

fn confidence(value: &Value, pointer: &str) -> String {
    let figure = value.pointer(pointer).cloned().unwrap_or_default();
    serde_json::from_value::<Confidence>(figure).map_or_else(|_| "-".to_owned(), |figure| figure.to_string())
}

fn at(value: &Value, pointer: &str) -> String {
    cell(value.pointer(pointer))
}

fn some<'a>(value: &'a Value, pointer: &str) -> Option<&'a Value> {
    value.pointer(pointer).filter(|found| !found.is_null())
}

fn list<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// Sections of aligned facts; headings stand out where there is a terminal.
struct Page {
    text: String,
    is_bold: bool,
}

impl Page {
    fn head(&mut self, name: &str) {
        let gap = if self.text.is_empty() { "" } else { "\n" };
        let (on, off) = if self.is_bold { ("\u{1b}[1m", "\u{1b}[0m") } else { ("", "") };
        // Writing to a String cannot fail.
        writeln!(self.text, "{gap}{on}{}{off}", printable(name)).unwrap_or_default();
    }

    fn fact(&mut self, name: &str, value: &str) {
        for (at, line) in value.lines().enumerate() {
            let name = if at == 0 { name } else { "" };
            self.line(&format!("{name:<11} {line}"));
        }
    }

    /// A fact that is left out where there is none.
    fn some_fact(&mut self, name: &str, value: &Value, pointer: &str) {
        if let Some(found) = some(value, pointer) {
            self.fact(name, &cell(Some(found)));
        }
    }

    fn line(&mut self, line: &str) {
        writeln!(self.text, "  {}", printable(line).trim_end()).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn receipt() -> Value {
        let usd = |minor: i64| json!({"minor": minor, "currency": "USD"});
        json!({
            "of": "effect", "id": "write-1-e1", "campaign": "c-1", "agent": "mira", "trace": "4bf9",
            "task": {"id": "write-1", "kind": "write", "status": "approved", "plan": 1, "attempt": 2, "tries": 1,
                "goal": "Write.", "source": ["Lantern", "https://x.example/l"], "feedback": ["shorter\u{1b}[2J"], "reason": null},
            "judgement": {"verdict": "escalate", "confidence": 9300, "flags": ["hold_first"], "reasons": [],
                "evidence": {"criteria": 10000, "support": 9000, "persona": 9000, "novelty": 10000, "rules": [
                    {"rule": "criterion:max-length", "met": true, "seen": "96 of 280"},
                    {"rule": "topic:politics", "met": false, "seen": "election"}]},
                "policy_version": 3, "policy": "sha256:aa"},
            "work": {"model": "scripted-1", "tokens": 812, "tool_calls": 1, "cost": usd(0)},
            "reviews": [{"id": "write-1-r2", "subject": "task", "status": "closed", "text": "Lantern.", "digest": "sha256:bb",
                "confidence": 9300, "flags": ["hold_first"], "asked": [["reviewer"]], "opened_at": "2026-03-02T09:00:00Z",
                "minutes_waited": 5, "decision": {"kind": "edit", "reviewer": "ada", "comment": null, "at": "2026-03-02T09:05:00Z"},
                "edit": {"after_text": "Lantern 2.", "after": "sha256:cc"}}],
            "effects": [{"id": "write-1-e1", "attempt": 2, "status": "done", "server": "twitter", "tool": "post_create",
                "text": "Lantern 2.", "digest": "sha256:cc", "review": "write-1-r2", "approved_at": "2026-03-02T09:05:01Z",
                "grant": {"id": "g-1", "key": "local-1", "audience": "twitter@s", "max_cost": usd(20), "policy_version": 3,
                    "expires_at": "2026-03-02T09:20:01Z"},
                "idempotency_key": "k", "read_backs": 2, "rejudged": 0, "buckets": [{"bucket": "campaign", "campaign": "c-1"}],
                "outcome": {"external_id": "p-1", "url": "https://x.example/p-1", "cost": usd(15)}, "undone_by": "write-1-e1-undo"}],
            "money": {"work": usd(1), "reserved": usd(20), "open": usd(0), "spent": usd(15), "released": usd(5), "entries": [
                {"entry": "close", "how": "settle", "spent": usd(15), "effect": "write-1-e1", "at": "2026-03-02T09:06:00Z"}]},
            "audit": [{"row": "state|T#t#C#c-1|TASK#write-1", "version": 3, "status": "approved", "writer": "w", "new": "sha256:dd"}],
        })
    }

    /// [L-3]
    #[test]
    fn a_receipt_names_rules_people_money_and_what_came_of_it() {
        let text = text(&receipt(), false);
        for line in [
            "effect write-1-e1 of campaign c-1",
            "  met         criterion:max-length  96 of 280",
            "  NOT MET     topic:politics        election",
            "  model       scripted-1, 812 tokens",
            "  decision    edit by ada after 5 min, 2026-03-02T09:05:00Z",
            "  edited to   Lantern 2.",
            "  outcome     p-1 for 0.15 USD",
            "  on the way  read backs 2",
            "  taken back  write-1-e1-undo",
            "  spent       0.15 USD",
            "  bucket      campaign c-1",
            "  entry       close (settle) 0.15 USD of write-1-e1, 2026-03-02T09:06:00Z",
            "  TASK#write-1 v3  approved  w  sha256:dd",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n\n{text}");
        }
    }

    #[test]
    fn headings_stand_out_on_a_terminal_alone_and_text_from_outside_cannot() {
        assert!(!text(&receipt(), false).contains('\u{1b}'));
        let on_terminal = text(&receipt(), true);
        assert!(on_terminal.contains("\u{1b}[1mjudgement\u{1b}[0m") && !on_terminal.contains("\u{1b}[2J"));
    }

    #[test]
    fn an_empty_receipt_is_shown_too() {
        assert!(text(&json!({"of": "task", "id": "t"}), false).starts_with("task t of campaign -"));
    }
}
