//! Each command as calls of the API.

use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::api::Api;
use crate::args::{Agent, Audit, AuditCommand, Campaign, Command, Line, Output, ReviewId, Reviews};
use crate::connection::Connection;
use crate::failure::Failure;
use crate::output::{self, Column};
use crate::wire::ReviewView;
use crate::{card, demo, explain, graph, plan, playbook, policy, verify, watch};

const CAMPAIGNS: &[Column] = &[
    ("campaign", "/id"),
    ("agent", "/agent"),
    ("status", "/status"),
    ("posts", "/posts"),
    ("budget", "/budget"),
    ("created", "/created_at"),
    ("goal", "/goal"),
];
const CAMPAIGN: &[Column] = &[
    ("campaign", "/id"),
    ("agent", "/agent"),
    ("status", "/status"),
    ("goal", "/brief/goal"),
    ("budget", "/brief/budget"),
    ("set aside", "/spend/open"),
    ("spent", "/spend/spent"),
    ("created", "/created_at"),
    ("finished", "/finished_at"),
    ("reason", "/reason"),
];
const TASKS: &[Column] = &[
    ("task", "/id"),
    ("kind", "/kind"),
    ("status", "/status"),
    ("attempt", "/attempt"),
    ("tries", "/tries"),
    ("cost", "/cost"),
    ("review", "/review"),
    ("effect", "/effect"),
];
const BUDGET: &[Column] = &[("campaign", "/campaign"), ("budget", "/budget"), ("used", "/used")];
const RETRIED: &[Column] = &[
    ("task", "/task/id"),
    ("status", "/task/status"),
    ("attempt", "/task/attempt"),
    ("campaign", "/campaign/status"),
    ("dropped", "/dropped"),
    ("note", "/note"),
];
const EFFECTS: &[Column] = &[
    ("effect", "/id"),
    ("status", "/status"),
    ("at most", "/max_cost"),
    ("cost", "/outcome/cost"),
    ("link", "/outcome/url"),
];
const REVIEWS: &[Column] = &[
    ("campaign", "/campaign"),
    ("review", "/id"),
    ("status", "/status"),
    ("due", "/due_at"),
    ("flags", "/flags"),
    ("text", "/text"),
];

/// Runs the command that was typed.
pub(crate) async fn run(line: Line) -> Result<(), Failure> {
    let connection = Connection { api: line.api, token: line.token, tenant: line.tenant, local: line.local };
    let output = line.output;
    match line.command {
        Command::Demo(asked) => demo::run(&asked, &connection, output).await,
        Command::Campaign(command) => campaign(command, &connection.open()?, output).await,
        Command::Playbook(command) => playbook::run(command, output),
        Command::Reviews(command) => reviews(command, &connection.open()?, output).await,
        Command::Policy(command) => policy::run(command, &connection, output).await,
        Command::Agent(Agent::Put { agent, soul }) => {
            let put = connection.open()?.put_markdown(&format!("agents/{agent}"), read(&soul)?).await?;
            let columns =
                [("agent", "/id"), ("name", "/name"), ("voice", "/voice_traits"), ("soul", "/soul")];
            output::facts(output, &put, &columns);
            Ok(())
        }
        Command::Ledger { campaign } => ledger(&connection.open()?, &campaign, output).await,
        Command::Explain(asked) => explain::run(&connection.open()?, &asked, output).await,
        Command::Audit(Audit { command: Some(AuditCommand::Verify(asked)), .. }) => {
            verify::run(&asked, &connection, output).await
        }
        Command::Audit(Audit { campaign, .. }) => {
            audit(&connection.open()?, &campaign.unwrap_or_default(), output).await
        }
        Command::Token(asked) => {
            println!("{}", connection.mint(&asked)?);
            Ok(())
        }
    }
}

async fn campaign(command: Campaign, api: &Api, output: Output) -> Result<(), Failure> {
    match command {
        Campaign::Start { agent, brief, playbook, filling, key } => {
            let brief = match (brief, playbook) {
                (_, Some(playbook)) => playbook::brief(&playbook, &filling)?,
                (Some(brief), None) => read_json(&brief)?,
                (None, None) => return Err(Failure::Brief("there is none".to_owned())),
            };
            let body = with_agent(brief, &agent)?;
            let key = key.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
            output::facts(output, &api.post_once("campaigns", &body, &key).await?, CAMPAIGN);
        }
        Campaign::Plan(command) => plan::run(command, api, output).await?,
        Campaign::List => output::rows(output, &api.get("campaigns").await?, "/campaigns", CAMPAIGNS),
        Campaign::Show { campaign } => show(&api.get(&format!("campaigns/{campaign}")).await?, output),
        Campaign::Graph(asked) => graph::run(api, &asked, output).await?,
        Campaign::Watch { campaign } => {
            watch::follow(api, &campaign, output).await?;
            show(&api.get(&format!("campaigns/{campaign}")).await?, output);
        }
        Campaign::Pause { campaign } => turn(api, &campaign, "pause", output).await?,
        Campaign::Resume { campaign } => turn(api, &campaign, "resume", output).await?,
        Campaign::Cancel { campaign } => turn(api, &campaign, "cancel", output).await?,
        Campaign::Raise { campaign, budget, currency } => {
            let body = json!({"budget": {"minor": budget, "currency": currency}});
            let answer = api.put(&format!("campaigns/{campaign}/budget"), &body).await?;
            output::facts(output, &answer, BUDGET);
        }
        Campaign::Retry { campaign, task } => {
            let path = format!("campaigns/{campaign}/tasks/{task}/retry");
            output::facts(output, &api.post(&path, &json!({})).await?, RETRIED);
        }
    }
    Ok(())
}

async fn turn(api: &Api, campaign: &str, how: &str, output: Output) -> Result<(), Failure> {
    let answer = api.post(&format!("campaigns/{campaign}/{how}"), &json!({})).await?;
    let columns = [("campaign", "/id"), ("status", "/status"), ("under way", "/dispatching")];
    output::facts(output, &answer, &columns);
    Ok(())
}

fn show(answer: &Value, output: Output) {
    output::facts(output, answer, CAMPAIGN);
    if output == Output::Table {
        for (pointer, columns) in [("/tasks", TASKS), ("/effects", EFFECTS), ("/reviews", REVIEWS)] {
            println!("\n{}", output::table(answer.pointer(pointer).unwrap_or(&Value::Null), columns));
        }
    }
}

async fn reviews(command: Reviews, api: &Api, output: Output) -> Result<(), Failure> {
    match command {
        Reviews::List => output::rows(output, &api.list("reviews").await?, "/reviews", REVIEWS),
        Reviews::Show(id) => {
            let answer = api.get(&format!("reviews/{}/{}", id.campaign, id.review)).await?;
            match output {
                Output::Json => output::json(&answer),
                Output::Table => {
                    let review: ReviewView = serde_json::from_value(answer).map_err(anyhow::Error::from)?;
                    print!("{}", card::card(&review));
                }
            }
        }
        Reviews::Approve { review, comment } => {
            decide(api, &review, json!({"decision": "approve", "comment": comment}), output).await?;
        }
        Reviews::Edit { review, text, comment } => {
            decide(api, &review, json!({"decision": "edit", "text": text, "comment": comment}), output)
                .await?;
        }
        Reviews::Reject { review, comment } => {
            decide(api, &review, json!({"decision": "reject", "comment": comment}), output).await?;
        }
        Reviews::Respond { review, comment } => {
            decide(api, &review, json!({"decision": "respond", "comment": comment}), output).await?;
        }
    }
    Ok(())
}

/// Sends a decision that names the digest it is about. Absent fields are left out: the API refuses what it does not
/// expect.
async fn decide(api: &Api, id: &ReviewId, mut body: Value, output: Output) -> Result<(), Failure> {
    let path = format!("reviews/{}/{}", id.campaign, id.review);
    let digest = match &id.digest {
        Some(digest) => Value::from(digest.as_str()),
        None => api.get(&path).await?.get("digest").cloned().unwrap_or_default(),
    };
    if let Some(fields) = body.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
        fields.insert("digest".to_owned(), digest);
    }
    let answer = api.post(&format!("{path}/decision"), &body).await?;
    let columns = [("review", "/review"), ("status", "/status"), ("by", "/decision/reviewer")];
    output::facts(output, &answer, &columns);
    Ok(())
}

async fn ledger(api: &Api, campaign: &str, output: Output) -> Result<(), Failure> {
    let answer = api.get(&format!("ledger/{campaign}")).await?;
    output::rows(
        output,
        &answer,
        "/entries",
        &[
            ("entry", "/entry"),
            ("effect", "/effect"),
            ("set aside", "/reservation/amount"),
            ("how", "/how"),
            ("spent", "/spent"),
            ("at", "/at"),
        ],
    );
    Ok(())
}

async fn audit(api: &Api, campaign: &str, output: Output) -> Result<(), Failure> {
    let answer = api.get(&format!("audit/{campaign}")).await?;
    output::rows(
        output,
        &answer,
        "/entries",
        &[
            ("row", "/row"),
            ("version", "/version"),
            ("writer", "/writer"),
            ("status", "/fields/status"),
            ("digest", "/new"),
        ],
    );
    Ok(())
}

/// The body of a new campaign: a brief with the agent's id beside its fields.
pub(crate) fn with_agent(mut brief: Value, agent: &str) -> Result<Value, Failure> {
    let fields = brief.as_object_mut().ok_or_else(|| Failure::Brief("it is no JSON object".to_owned()))?;
    fields.insert("agent".to_owned(), Value::from(agent));
    Ok(brief)
}

/// Reads a text file.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(text)
}

/// Reads a JSON file.
pub(crate) fn read_json(path: &Path) -> Result<Value, Failure> {
    let value =
        serde_json::from_str(&read(path)?).with_context(|| format!("{} is no JSON", path.display()))?;
    Ok(value)
}
