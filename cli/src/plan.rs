//! A plan that waits for an operator: shown, edited as a file, approved, rejected.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, anyhow};
use chimera_domain::{Criterion, Priority, Proposal, ProposedTask};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::Api;
use crate::args::{Output, Plan};
use crate::card::printable;
use crate::commands::read;
use crate::failure::Failure;
use crate::output::{self, Column};

const FACTS: &[Column] = &[
    ("campaign", "/campaign"),
    ("status", "/status"),
    ("approve by", "/decide_by"),
    ("version", "/plan/number"),
    ("because", "/plan/reason"),
    ("at most", "/plan/estimate"),
    ("added", "/plan/diff/added"),
    ("dropped", "/plan/diff/dropped"),
    ("changed", "/plan/diff/changed"),
];
const TASKS: &[Column] = &[
    ("task", "/id"),
    ("kind", "/kind"),
    ("priority", "/priority"),
    ("waits for", "/waits"),
    ("must", "/must"),
    ("goal", "/goal"),
];
const ANSWERED: &[Column] =
    &[("campaign", "/campaign/id"), ("status", "/campaign/status"), ("version", "/plan/number")];

/// Shows, edits, approves or rejects.
pub(crate) async fn run(command: Plan, api: &Api, output: Output) -> Result<(), Failure> {
    match command {
        Plan::Show { campaign, yaml } => {
            let (plan, tag) = api.get_tagged(&path(&campaign)).await?;
            if yaml {
                print!("{}", written(&campaign, &plan, &tag)?);
            } else {
                show(&plan, &tag, output);
            }
        }
        Plan::Edit { campaign, file: Some(file) } => {
            let sheet = parse(&read(&file)?).map_err(|problem| of_file(&file, &problem))?;
            put(api, &campaign, sheet, output).await?;
        }
        Plan::Edit { campaign, file: None } => in_editor(api, &campaign, output).await?,
        Plan::Approve { campaign, seen } => {
            answer(api, &campaign, "approve", &json!({}), seen, output).await?;
        }
        Plan::Reject { campaign, comment, seen } => {
            answer(api, &campaign, "reject", &json!({"comment": comment}), seen, output).await?;
        }
    }
    Ok(())
}

fn path(campaign: &str) -> String {
    format!("campaigns/{campaign}/plan")
}

/// Sends an answer about what was seen, or about what is there now.
async fn answer(
    api: &Api,
    campaign: &str,
    how: &str,
    body: &Value,
    seen: Option<String>,
    output: Output,
) -> Result<(), Failure> {
    let tag = match seen {
        Some(seen) => quoted(&seen),
        None => api.get_tagged(&path(campaign)).await?.1,
    };
    let told = api.post_seen(&format!("{}/{how}", path(campaign)), body, &tag).await?;
    output::facts(output, &told, ANSWERED);
    Ok(())
}

fn show(plan: &Value, tag: &str, output: Output) {
    let seen = tag.trim_matches('"');
    let mut plan = plan.clone();
    if let (Output::Json, Some(fields)) = (output, plan.as_object_mut()) {
        fields.insert("seen".to_owned(), Value::from(seen));
    }
    output::facts(output, &plan, FACTS);
    if output == Output::Table {
        let rejected = plan.get("rejected").and_then(Value::as_array).into_iter().flatten();
        for said in rejected {
            let text = |name: &str| printable(&output::cell(said.get(name)));
            println!("{} wanted another: {}", text("by"), text("comment"));
        }
        println!("\n{}\n\nseen  {seen}", output::table(&lines(&plan), TASKS));
    }
}

/// The tasks as rows that fit a screen.
fn lines(plan: &Value) -> Value {
    let tasks = plan.get("tasks").and_then(Value::as_array).into_iter().flatten();
    let line = |task: &Value| {
        let criteria = task.get("criteria").and_then(Value::as_array).into_iter().flatten();
        let must: Vec<Value> = criteria.filter_map(|criterion| criterion.get("id").cloned()).collect();
        json!({
            "id": task["id"], "kind": task["kind"], "priority": task["priority"], "waits": task["depends_on"],
            "must": must, "goal": printable(task["goal"].as_str().unwrap_or_default()),
        })
    };
    tasks.map(line).collect()
}

/// A plan as a file. Fields stand in the order in which people think of them.
#[derive(Serialize)]
struct Sheet<'a> {
    seen: &'a str,
    tasks: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    id: String,
    kind: Value,
    goal: String,
    priority: Priority,
    depends_on: Vec<String>,
    criteria: Vec<CriterionLine>,
    binding: Value,
}

#[derive(Serialize)]
struct CriterionLine {
    id: String,
    text: String,
    mandatory: bool,
    check: Value,
}

/// The file that an operator edits.
fn written(campaign: &str, plan: &Value, tag: &str) -> Result<String, Failure> {
    let tasks = plan.get("tasks").cloned().unwrap_or_default();
    let tasks: Vec<ProposedTask> = serde_json::from_value(tasks).map_err(anyhow::Error::from)?;
    let tasks = tasks.into_iter().map(line).collect::<Result<Vec<Line>, _>>().map_err(anyhow::Error::from)?;
    let sheet = Sheet { seen: tag.trim_matches('"'), tasks };
    let yaml = serde_norway::to_string(&sheet).map_err(anyhow::Error::from)?;
    Ok(format!(
        "# The plan of campaign {campaign}, in the order of its tasks. Goal, priority, depends_on, criteria and order may be\n\
         # changed, tasks left out, and others added under ids of their own; the rest of a task stays as it is.\n\
         # Send it back: chimera campaign plan edit {campaign} --file <this file>\n{yaml}"
    ))
}

/// By way of JSON, so that a check reads as the API spells it and not as a tag of YAML.
fn line(task: ProposedTask) -> Result<Line, serde_json::Error> {
    let criterion = |criterion: Criterion| -> Result<CriterionLine, serde_json::Error> {
        let Criterion { id, text, mandatory, check } = criterion;
        Ok(CriterionLine { id, text, mandatory, check: serde_json::to_value(check)? })
    };
    Ok(Line {
        id: task.id.to_string(),
        kind: serde_json::to_value(task.kind)?,
        goal: task.goal,
        priority: task.priority,
        depends_on: task.depends_on.iter().map(ToString::to_string).collect(),
        criteria: task.criteria.into_iter().map(criterion).collect::<Result<_, _>>()?,
        binding: serde_json::to_value(task.binding)?,
    })
}

/// A file as it came back.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edited {
    #[serde(default)]
    seen: Option<String>,
    tasks: Vec<ProposedTask>,
}

/// Reads YAML, of which JSON is a part; what is wrong with it stands behind where it is.
fn parse(text: &str) -> Result<Edited, String> {
    // A map would take the last of two equal keys; a document of YAML's own kind refuses them.
    let yaml = serde_norway::from_str::<serde_norway::Value>(text).map_err(|error| error.to_string())?;
    let json = serde_json::to_value(yaml).map_err(|error| error.to_string())?;
    serde_path_to_error::deserialize(json).map_err(|error| format!("{}: {}", error.path(), error.inner()))
}

async fn put(api: &Api, campaign: &str, edited: Edited, output: Output) -> Result<(), Failure> {
    let tag = match &edited.seen {
        Some(seen) => quoted(seen),
        None => api.get_tagged(&path(campaign)).await?.1,
    };
    let body = serde_json::to_value(Proposal { tasks: edited.tasks }).map_err(anyhow::Error::from)?;
    let (plan, tag) = api.put_seen(&path(campaign), &body, &tag).await?;
    show(&plan, &tag, output);
    Ok(())
}

/// Opens the plan in the operator's editor and sends what comes back. What is refused is kept.
async fn in_editor(api: &Api, campaign: &str, output: Output) -> Result<(), Failure> {
    let editor = ["VISUAL", "EDITOR"].into_iter().find_map(|name| std::env::var(name).ok());
    let editor = editor.filter(|editor| !editor.trim().is_empty());
    let editor = editor.ok_or_else(|| anyhow!("no editor is known: set EDITOR, or say --file"))?;
    let (plan, tag) = api.get_tagged(&path(campaign)).await?;
    let before = written(campaign, &plan, &tag)?;
    let file = std::env::temp_dir().join(format!("chimera-plan-{}.yaml", uuid::Uuid::new_v4()));
    std::fs::write(&file, &before).with_context(|| format!("{} cannot be written", file.display()))?;
    edit(&editor, &file)?;
    let after = read(&file)?;
    if after == before {
        std::fs::remove_file(&file).with_context(|| format!("{} cannot be removed", file.display()))?;
        eprintln!("nothing was changed");
        return Ok(());
    }
    let sent = match parse(&after) {
        Ok(edited) => put(api, campaign, edited, output).await,
        Err(problem) => Err(of_file(&file, &problem)),
    };
    if sent.is_err() {
        eprintln!("what you wrote is kept in {}", file.display());
        return sent;
    }
    std::fs::remove_file(&file).with_context(|| format!("{} cannot be removed", file.display()))?;
    Ok(())
}

/// Runs the editor as other tools do: through the shell, for it may have arguments of its own.
fn edit(editor: &str, file: &Path) -> Result<(), Failure> {
    let script = format!("{editor} \"$1\"");
    let status = Command::new("sh").arg("-c").arg(script).arg("sh").arg(file).status();
    let status = status.with_context(|| format!("{editor} cannot be started"))?;
    if status.success() {
        return Ok(());
    }
    Err(anyhow!("{editor} ended with {status}; nothing was sent, and the file is {}", file.display()).into())
}

fn of_file(file: &Path, problem: &str) -> Failure {
    Failure::Plan(format!("{}: {problem}", file.display()))
}

/// A tag as HTTP has it.
fn quoted(seen: &str) -> String {
    format!("\"{}\"", seen.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Value {
        json!({"campaign": "c-1", "status": "awaiting_approval", "tasks": [
            {
                "id": "research-1", "kind": "research", "goal": "Find one: \"the\" article", "depends_on": [],
                "binding": {"from": "feed", "url": "https://a.example/f", "want": 1}, "criteria": [],
                "priority": "normal",
            },
            {
                "id": "write-1", "kind": "write", "goal": "yes", "depends_on": ["research-1"],
                "binding": {"from": "source_of", "task": "research-1", "index": 0}, "priority": "high",
                "criteria": [
                    {"id": "length", "text": "Short", "mandatory": true, "check": {"max_length": 280}},
                    {"id": "source", "text": "Links", "mandatory": false, "check": "carries_source"},
                ],
            },
        ]})
    }

    /// [PL-4]
    #[test]
    fn what_is_written_reads_back_as_the_same_plan() {
        let text = written("c-1", &plan(), "\"abc\"").unwrap();
        let edited = parse(&text).unwrap();
        assert_eq!(edited.seen.as_deref(), Some("abc"));
        assert_eq!(json!(Proposal { tasks: edited.tasks })["tasks"], plan()["tasks"]);
        assert!(text.contains("max_length: 280") && !text.contains('!'), "{text}");
        let places: Vec<usize> = ["id: write-1", "goal: ", "depends_on:\n", "binding:\n"]
            .map(|name| text.rfind(name).unwrap())
            .into();
        assert!(places.is_sorted(), "{text}");
    }

    /// [PL-5]
    #[test]
    fn a_file_that_is_no_plan_is_refused_by_its_place() {
        let text = written("c-1", &plan(), "\"abc\"").unwrap();
        for (from, to, place) in [
            ("kind: write", "kind: wrote", "tasks[1].kind"),
            ("max_length: 280", "max_length: long", "tasks[1].criteria[0]"),
            ("priority: high", "priority: high\n  urgent: true", "tasks[1]"),
            ("seen: abc", "saw: abc", "saw"),
            ("seen: abc", "seen: abc\nseen: abc", "seen"),
            ("id: write-1", "id: write 1", "tasks[1].id"),
        ] {
            assert!(text.contains(from), "{from}");
            let problem = parse(&text.replacen(from, to, 1)).unwrap_err();
            assert!(problem.contains(place), "{place}: {problem}");
        }
        assert!(parse("tasks: [").is_err() && parse("").is_err() && parse("- a").is_err());
        let json = json!({"tasks": plan()["tasks"]}).to_string();
        assert_eq!(parse(&json).unwrap().seen, None, "JSON is YAML");
    }

    #[test]
    fn a_row_of_the_table_says_what_must_hold_and_steers_no_terminal() {
        let mut plan = plan();
        plan["tasks"][1]["goal"] = json!("a\u{1b}[2Jb");
        let rows = lines(&plan);
        assert_eq!(rows[1]["must"], json!(["length", "source"]));
        assert_eq!(rows[1]["goal"], "a\u{fffd}[2Jb");
        assert_eq!(output::cell(rows[0].pointer("/waits")), "-");
        assert_eq!(quoted("abc"), quoted("\"abc\""));
    }
}
