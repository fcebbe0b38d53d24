//! A tool of somebody else's server, named in a brief, is a feed like any other.

use std::time::Duration;

use chimera_domain::ports::{Answer, Ask, MessageHandler as _, ModelError, ReasoningModel};
use chimera_domain::{CampaignStatus, PlanMessage, TaskKind, TaskStatus};
use chimera_sim::SwarmWorld;
use chimera_testkit::Feed;
use chimera_testkit::builders::{a_campaign, a_tenant, a_usage};
use planner::Planner;
use serde_json::{Value, json};

const LATEST: &str = "mcp://wire/latest?topic=small%20tools&most=5";

/// What the wire's tool answers: the usual articles under another server's names, and one that nobody could cite.
fn wired() -> Value {
    let feed = Feed::small_tools();
    let found = feed.articles().iter().map(|article| {
        let link = article.url.replace("smalltools.example", "wire.example");
        json!({ "headline": article.title, "link": link, "summary": article.text, "score": 0.7 })
    });
    let nowhere = json!({ "headline": "A tool without a page", "summary": "It is said to weigh 7 grams and to cost 9 crowns." });
    let all: Vec<Value> = std::iter::once(nowhere).chain(found).collect();
    json!({ "results": all, "next": null })
}

/// [K-12] [K-13]
#[tokio::test]
async fn what_a_named_tool_finds_becomes_posts_with_the_links_of_their_sources() {
    let world = SwarmWorld::new();
    world.others.answers("wire", "latest", wired());
    world.start(a_campaign().feeds(&[LATEST]).posts(3)).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    let texts = world.texts();
    assert_eq!(texts.len(), 3, "{}", world.story());
    assert!(texts.iter().all(|text| text.contains("https://wire.example/")), "{texts:?}");
    assert_eq!(world.others.asked(), [json!({ "topic": "small tools", "most": "5" })], "asked once");
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// [K-13]
#[tokio::test]
async fn a_page_that_a_named_tool_reads_becomes_a_post_with_its_link() {
    let world = SwarmWorld::new();
    let article = Feed::small_tools().articles()[0].clone();
    let text = format!("Contents of {}:\n# {}\n\n{}", article.url, article.title, article.text);
    world.others.answers("fetch", "fetch", json!({ "text": text, "untrusted": true }));
    let feed = format!("mcp://fetch/fetch?url={}", article.url);
    world.start(a_campaign().feeds(&[&feed]).posts(1)).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    let texts = world.texts();
    assert!(texts.len() == 1 && texts[0].contains(&article.url), "{texts:?}\n{}", world.story());
    assert!(!texts[0].contains("Contents of"), "{texts:?}");
    world.assert_promises();
}

/// [K-12]
#[tokio::test]
async fn a_tool_that_nobody_configured_ends_its_task_and_publishes_nothing() {
    let world = SwarmWorld::new();
    world.start(a_campaign().feeds(&["mcp://stranger/latest"])).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    let research = world.tasks().into_iter().find(|task| task.kind == TaskKind::Research).unwrap();
    assert_eq!(research.status, TaskStatus::Failed, "{}", world.story());
    let told = format!("{:?}", research.reason);
    assert!(told.contains("tool_forbidden") && told.contains("stranger"), "{told}");
    assert!(world.published().is_empty() && world.status().is_over(), "{}", world.story());
    world.assert_promises();
}

/// A model that reads what nobody asked it to.
struct Strays(&'static str);

impl ReasoningModel for Strays {
    async fn ask(&self, _: &Ask) -> Result<Answer, ModelError> {
        let binding = json!({ "from": "feed", "url": self.0, "want": 1 });
        let research = json!({ "id": "research-1", "kind": "research", "goal": "Read.", "binding": binding });
        Ok(Answer { json: json!({ "tasks": [research] }), usage: a_usage() })
    }
}

/// [K-12]
#[tokio::test]
async fn a_plan_names_no_tool_that_its_brief_does_not() {
    for (stray, status) in [
        (LATEST, CampaignStatus::Active),
        ("mcp://wire/latest?topic=gossip", CampaignStatus::Stopped),
        ("mcp://wire", CampaignStatus::Stopped),
    ] {
        let world = SwarmWorld::new();
        let campaign = world.start(a_campaign().feeds(&[LATEST])).await;
        let store = world.cloud.as_function("planner");
        let planner = Planner::new(store, Strays(stray), world.clock.clone(), world.ids.clone());
        let batch = planner.open(&[]).await.unwrap();
        let wake_up = PlanMessage { tenant: a_tenant(), campaign };
        planner.handle(wake_up, &batch, Duration::from_secs(5)).await.unwrap();
        assert_eq!(world.status(), status, "{stray}\n{}", world.story());
        let reason = world.campaigns().remove(0).reason.unwrap_or_default();
        let is_told = reason.contains("task research-1 would ask a tool that the brief does not name");
        assert_eq!(is_told, status == CampaignStatus::Stopped, "{reason}");
        world.abandon();
    }
}
