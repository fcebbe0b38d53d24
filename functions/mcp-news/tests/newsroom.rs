//! The newsroom's tools as a client calls them, over invented news and over feeds.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use chimera_domain::Timestamp;
use chimera_mcp::net::Reach;
use chimera_mcp::server::{ToolFault, ToolServer};
use chimera_testkit::VirtualClock;
use mcp_news::{Backend, FeedWire, Fetcher, Newsroom, SandboxWire, news_server, parse_sources};
use serde_json::{Value, json};

const NOON: &str = "2026-03-01T12:00:00Z";

fn server(backend: Backend, at: &str) -> (ToolServer, VirtualClock) {
    let clock = VirtualClock::default();
    clock.set(at.parse().unwrap());
    let fetcher = Fetcher::new(Reach::Anywhere).unwrap();
    (news_server(fetcher, Newsroom::new(backend, clock.clone())).unwrap(), clock)
}

fn sandbox() -> (ToolServer, VirtualClock) {
    server(Backend::Sandbox(SandboxWire::new(7)), NOON)
}

async fn ask(server: &ToolServer, tool: &str, arguments: Value) -> Value {
    server.call_checked(tool, arguments).await.unwrap()
}

fn code(fault: &ToolFault) -> &str {
    fault.refusal().unwrap().code.as_str()
}

#[tokio::test]
async fn an_article_that_is_found_can_be_read_by_its_id() {
    let (server, _) = sandbox();
    let found = ask(&server, "news_search", json!({ "query": "telescope comet" })).await;
    let hits = found["articles"].as_array().unwrap();
    assert!(!hits.is_empty());
    assert_eq!(hits[0]["relevance"], 10_000);
    for hit in hits {
        let text = format!("{} {}", hit["article"]["title"], hit["article"]["summary"]).to_lowercase();
        assert!(text.contains("telescope") && text.contains("comet"), "{text}");
    }
    let read = ask(&server, "news_get", json!({ "id": hits[0]["article"]["id"] })).await;
    assert_eq!(read, hits[0]["article"]);
    let missing = server.call_checked("news_get", json!({ "id": "0000" })).await.unwrap_err();
    assert_eq!(code(&missing), "not_found");
}

#[tokio::test]
async fn pages_follow_each_other_and_hold_everything_once() {
    let (server, _) = sandbox();
    let all = ask(&server, "news_search", json!({ "query": "the night library", "page_size": 100 })).await;
    let total = all["total"].as_u64().unwrap();
    assert!(total > 4, "{total}");
    let mut seen = Vec::new();
    for page in 1..=total.div_ceil(3) {
        let found = json!({ "query": "the night library", "page_size": 3, "page": page });
        let found = ask(&server, "news_search", found).await;
        seen.extend(found["articles"].as_array().unwrap().iter().cloned());
    }
    assert_eq!(Value::from(seen), all["articles"]);
}

#[tokio::test]
async fn filters_hold_and_a_reversed_window_is_refused() {
    let (server, _) = sandbox();
    let (from, to) = ("2026-02-20T00:00:00Z", "2026-02-25T00:00:00Z");
    let arguments = json!({ "query": "garden", "from": from, "to": to, "sort": "published_at" });
    let found = ask(&server, "news_search", arguments).await;
    let times: Vec<Timestamp> = found["articles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| hit["article"]["published_at"].as_str().unwrap().parse().unwrap())
        .collect();
    assert!(times.iter().all(|at| (from.parse().unwrap()..=to.parse().unwrap()).contains(at)));
    assert!(times.is_sorted_by(|a, b| a >= b));
    let reversed = json!({ "query": "garden", "from": to, "to": from });
    let refused = server.call_checked("news_search", reversed).await.unwrap_err();
    assert_eq!(code(&refused), "invalid_input");
    let nobody = json!({ "query": "garden", "sources": ["Nobody's Paper"] });
    assert_eq!(ask(&server, "news_search", nobody).await["total"], 0);
}

/// FR2.2
#[tokio::test]
async fn a_story_becomes_a_trend_while_it_is_written_about_and_ends_when_it_is_not() {
    let (server, clock) = sandbox();
    let mut strongest = 0;
    for _ in 0..48 {
        let told = ask(&server, "news_trends", json!({})).await;
        for trend in told["trends"].as_array().unwrap() {
            let articles = trend["articles"].as_array().unwrap();
            assert!(articles.len() > 1, "{trend}");
            assert!(!trend["terms"].as_array().unwrap().is_empty(), "{trend}");
            strongest = strongest.max(trend["score"].as_u64().unwrap());
        }
        clock.advance(std::time::Duration::from_secs(30 * 60));
    }
    assert!(strongest >= 5_000, "no story of the day was a trend: {strongest}");
    let none = ask(&server, "news_trends", json!({ "min_score": 10_000, "topics": ["weather"] })).await;
    assert_eq!(none["trends"], json!([]));
}

fn feed(titles: &[&str]) -> String {
    let item = |title: &&str| {
        let path = title.to_lowercase().replace(' ', "-");
        format!(
            "<item><title>{title}</title><link>https://example.org/{path}</link>\
             <pubDate>Sun, 01 Mar 2026 11:00:00 +0000</pubDate><description>Read on.</description></item>"
        )
    };
    let items: String = titles.iter().map(item).collect();
    format!("<rss version=\"2.0\"><channel><title>T</title>{items}</channel></rss>")
}

async fn live(sources: &[&str]) -> ToolServer {
    let router = Router::new()
        .route("/one", get(|| async { feed(&["Amber pippin apple found", "A slow ferry"]) }))
        .route("/two", get(|| async { feed(&["Why the amber pippin apple matters"]) }))
        .route("/gone", get(|| async { (StatusCode::BAD_GATEWAY, "gone") }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let sources: Vec<Value> = sources
        .iter()
        .map(|name| json!({ "name": name, "url": format!("http://{address}/{name}"), "topic": "food" }))
        .collect();
    let sources = parse_sources(&Value::from(sources).to_string()).unwrap();
    let fetcher = Fetcher::new(Reach::Anywhere).unwrap();
    server(Backend::Live(FeedWire::new(fetcher, sources)), NOON).0
}

#[tokio::test]
async fn live_feeds_are_searched_together_and_what_several_write_about_is_a_trend() {
    let server = live(&["one", "two"]).await;
    let found = ask(&server, "news_search", json!({ "query": "amber pippin" })).await;
    assert_eq!((&found["total"], &found["silent"]), (&json!(2), &json!([])));
    let told = ask(&server, "news_trends", json!({ "topics": ["food"] })).await;
    let trends = told["trends"].as_array().unwrap();
    assert_eq!(trends.len(), 1, "{told}");
    assert_eq!(trends[0]["sources"], json!(["one", "two"]));
}

#[tokio::test]
async fn a_feed_that_fails_is_named_and_the_others_answer() {
    let found = ask(&live(&["one", "gone"]).await, "news_search", json!({ "query": "ferry" })).await;
    assert_eq!((&found["total"], &found["silent"]), (&json!(1), &json!(["gone"])));
    let refused = live(&["gone"]).await.call_checked("news_search", json!({ "query": "ferry" })).await;
    assert_eq!(code(&refused.unwrap_err()), "unreachable");
}

/// FR2.2
#[tokio::test]
async fn who_looks_at_trends_by_address_sees_the_headlines_of_the_last_hours_as_well() {
    let server = live(&["one", "two"]).await;
    let context = chimera_mcp::server::CallContext::default();
    let shown = server.read_resource_within(&context, "news://any/food/trends").await.unwrap();
    let headlines = shown["headlines"].as_array().unwrap();
    assert_eq!(headlines.len(), 3, "{shown}");
    for headline in headlines {
        let fields: Vec<&str> = headline.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields, ["id", "published_at", "source", "title"]);
    }
    let known: Vec<&Value> = headlines.iter().map(|headline| &headline["id"]).collect();
    let trend = shown["trends"][0]["articles"].as_array().unwrap();
    assert!(trend.iter().all(|article| known.contains(&article)), "{shown}");
    let elsewhere = server.read_resource_within(&context, "news://any/science/trends").await.unwrap();
    assert_eq!((&elsewhere["headlines"], &elsewhere["trends"]), (&json!([]), &json!([])));
}
