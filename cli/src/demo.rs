//! The demo: one campaign, from a feed to published posts and their receipts.

mod edit;
mod report;
mod reviewing;
mod serving;

use std::time::Duration;

use chimera_domain::{Brief, CampaignStatus};
use serde_json::{Value, json};

use crate::api::Api;
use crate::args::{self, Output};
use crate::commands::{read, read_json, with_agent};
use crate::connection::Connection;
use crate::failure::Failure;
use crate::feed::{self, Feed, Origin};
use crate::watch::{self, Screen};
use crate::wire::Whole;
use reviewing::Reviewer;

/// Runs the demo to its end.
pub(crate) async fn run(asked: &args::Demo, connection: &Connection, output: Output) -> Result<(), Failure> {
    let mut screen = Screen::new(output);
    // Everything that can be wrong with the input is found before anything is made.
    let feed = feed::check(&asked.feed).await?;
    let mut brief = read_json(&asked.brief)?;
    check_brief(&mut brief, "http://feed.example/")?;
    let soul = read(&asked.agents.join(&asked.agent).join("SOUL.md"))?;
    let connection = connection.with_fresh_tenant();
    let api = connection.open()?;
    api.get("health").await?;
    screen.line(&format!("feed: \"{}\", {} articles", crate::card::printable(&feed.title), feed.articles));

    if let Some(tenant) = &connection.tenant {
        screen.line(&format!("tenant: {tenant} (look around with `chimera --tenant {tenant} …`)"));
    }

    let url = serve(feed).await?;
    check_brief(&mut brief, &url)?;
    api.put_markdown(&format!("agents/{}", asked.agent), soul).await?;
    screen.line(&format!("agent {}: put", asked.agent));
    if allow_replies(&connection, &brief).await? {
        screen.line(
            "policy: declares that the platform has approved automated replies, as the brief answers people",
        );
    }
    let campaign = start(&api, brief, &asked.agent).await?;
    let whole = follow(&api, &campaign, asked, &mut screen).await?;
    screen.end();

    let report = report::draw_up(&api, &whole, screen.elapsed()).await?;
    match output {
        Output::Json => crate::output::json(&report),
        Output::Table => print!("{}", report::text(&report)),
    }
    if whole.status == CampaignStatus::Finished {
        return Ok(());
    }
    let reason = whole.reason.unwrap_or_else(|| "no reason given".to_owned());
    Err(Failure::NotFinished(format!("campaign {campaign} is {}: {reason}", whole.status)))
}

/// Puts the feed into the brief and checks it as the API would.
fn check_brief(brief: &mut Value, url: &str) -> Result<(), Failure> {
    let fields = brief.as_object_mut().ok_or_else(|| Failure::Brief("it is no JSON object".to_owned()))?;
    fields.insert("feeds".to_owned(), json!([url]));
    // Without a seed of its own every run would say the same words, which a platform refuses as a duplicate.
    fields.entry("seed").or_insert_with(|| json!(uuid::Uuid::new_v4().as_fields().0));
    let typed: Brief =
        serde_json::from_value(brief.clone()).map_err(|error| Failure::Brief(error.to_string()))?;
    typed.check().map_err(|error| Failure::Brief(error.to_string()))
}

/// Declares for the tenant of this run what the platform must have approved, where the brief answers people; whether
/// it was needed.
async fn allow_replies(connection: &Connection, brief: &Value) -> Result<bool, Failure> {
    let answers = |pointer: &str| brief.pointer(pointer).is_some_and(|wanted| *wanted != json!(0));
    if !answers("/react/mentions") && !answers("/replies/0") {
        return Ok(false);
    }
    let api = connection.open_as_admin()?;
    let mut answer = api.get("policy").await?;
    let version = answer.get("version").and_then(Value::as_u64);
    let mut policy = answer.get_mut("policy").map(Value::take).unwrap_or_default();
    policy["ai_replies_approved"] = json!(true);
    match version {
        Some(version) if version > 0 => api.put_over("policy", &policy, version).await?,
        _ => api.put("policy", &policy).await?,
    };
    Ok(true)
}

async fn serve(feed: Feed) -> Result<String, Failure> {
    match feed.origin {
        Origin::Url(url) => Ok(url),
        Origin::File(bytes) => Ok(serving::on_loopback(bytes).await?),
    }
}

async fn start(api: &Api, brief: Value, agent: &str) -> Result<String, Failure> {
    let key = uuid::Uuid::new_v4().to_string();
    let made = api.post_once("campaigns", &with_agent(brief, agent)?, &key).await?;
    let id = made.get("id").and_then(Value::as_str);
    Ok(id.ok_or_else(|| anyhow::anyhow!("the API made a campaign without an id"))?.to_owned())
}

/// Follows the campaign to its end, answering what waits for a human on the way.
async fn follow(
    api: &Api,
    campaign: &str,
    asked: &args::Demo,
    screen: &mut Screen,
) -> Result<Whole, Failure> {
    let mut reviewer = Reviewer::new(api, asked.decide);
    let patience = Duration::from_secs(asked.patience_s);
    loop {
        let whole = watch::read_patiently(api, campaign).await?;
        screen.show(&whole);
        if whole.status.is_over() {
            return Ok(whole);
        }
        if whole.status == CampaignStatus::AwaitingApproval {
            return Err(Failure::PlanWaits(campaign.to_owned()));
        }
        if reviewer.answer(&whole, screen).await? {
            screen.touch();
        }
        if screen.idle() > patience {
            return Err(Failure::NotFinished(format!(
                "campaign {campaign} has not moved for {} s; it goes on: `chimera campaign watch {campaign}`",
                asked.patience_s
            )));
        }
        tokio::time::sleep(watch::PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_brief_is_one_the_api_takes() {
        let mut brief: Value = serde_json::from_str(include_str!("../../demo/brief.json")).unwrap();
        check_brief(&mut brief, "http://127.0.0.1:1/feed.xml").unwrap();
        assert_eq!(brief["feeds"], json!(["http://127.0.0.1:1/feed.xml"]));
    }

    #[test]
    fn a_brief_that_the_api_would_refuse_is_refused_before_anything_is_made() {
        let mut brief: Value = serde_json::from_str(include_str!("../../demo/brief.json")).unwrap();
        brief["posts"] = json!(0);
        assert!(matches!(check_brief(&mut brief, "http://a.example"), Err(Failure::Brief(_))));
        assert!(matches!(check_brief(&mut json!([]), "http://a.example"), Err(Failure::Brief(_))));
    }
}
