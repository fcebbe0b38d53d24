//! What the read half shows beside the account's own posts.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use chimera_mcp::server::{ToolFault, router};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{NOVA, Platform, code, deletion, platform};

fn of_nova(mut more: Value) -> Value {
    more["tenant"] = json!("t1");
    more["account"] = json!("nova");
    more
}

fn id(told: &Value) -> &str {
    told["outcome"]["external_id"].as_str().unwrap()
}

#[tokio::test]
async fn an_account_shows_its_posts_and_followers() {
    let platform = platform(json!({}));
    platform.post("g1", "one").await;
    let seen = platform.look("account_get", of_nova(json!({}))).await;
    assert_eq!(
        (&seen["account"], &seen["posts"], &seen["automated"], &seen["url"]),
        (&json!("nova"), &json!(1), &json!(true), &json!("https://x.example/nova"))
    );
    assert!(seen["followers"].as_u64() >= Some(400));
}

#[tokio::test]
async fn answers_to_posts_arrive_over_time_and_are_read_on_from_the_last_one() {
    let platform = platform(json!({}));
    for n in 0..12 {
        platform.post(&format!("g{n}"), &format!("What do lighthouses tell us, number {n}?")).await;
    }
    let list = |more: Value| platform.look("mentions_list", of_nova(more));
    assert_eq!(list(json!({})).await, json!({ "mentions": [], "has_more": false }));
    platform.time.forward(15 * 60);
    let early = list(json!({})).await;
    let seen = early["mentions"].as_array().unwrap().clone();
    assert!(!seen.is_empty() && seen[0]["text"].as_str().unwrap().starts_with("@nova "), "{early}");
    assert_eq!(early["newest_id"], seen[0]["id"]);

    platform.time.forward(24 * 60 * 60);
    let since = list(json!({ "since_id": early["newest_id"], "limit": 100 })).await;
    let newer = since["mentions"].as_array().unwrap();
    assert!(!newer.is_empty() && !newer.iter().any(|mention| seen.contains(mention)), "{since}");
    assert_eq!(list(json!({ "since_id": since["newest_id"] })).await["mentions"], json!([]));
    let some = list(json!({ "limit": 5 })).await;
    assert_eq!((some["mentions"].as_array().unwrap().len(), &some["has_more"]), (5, &json!(true)));
}

#[tokio::test]
async fn posts_do_better_with_time_and_what_is_not_shown_is_missing() {
    let platform = platform(json!({}));
    let (shown, gone) =
        (platform.post("g1", "a post that stays").await, platform.post("g2", "another").await);
    platform.call(NOVA, "post_delete", "g3", &deletion(&gone, NOVA)).await;
    let asked = of_nova(json!({ "post_ids": [id(&gone), id(&shown), "17"] }));
    let first = platform.look("posts_metrics", asked.clone()).await;
    assert_eq!(first["metrics"][0]["impressions"], 0);
    assert_eq!(first["missing"], json!([id(&gone), "17"]));

    platform.time.forward(3_600);
    let later = platform.look("posts_metrics", asked.clone()).await;
    platform.time.forward(240 * 3_600);
    let last = platform.look("posts_metrics", asked.clone()).await;
    let count = |told: &Value, what: &str| told["metrics"][0][what].as_u64().unwrap();
    for what in ["impressions", "likes", "replies", "reposts", "quotes", "bookmarks"] {
        assert!(
            count(&first, what) <= count(&later, what) && count(&later, what) <= count(&last, what),
            "{what}"
        );
    }
    assert!(count(&later, "impressions") > 0 && count(&last, "impressions") > count(&later, "impressions"));
    assert_eq!(platform.look("posts_metrics", asked).await, last);

    let mut theirs = json!({ "post_ids": [id(&shown)] });
    (theirs["tenant"], theirs["account"]) = (json!("t2"), json!("nova"));
    assert_eq!(platform.look("posts_metrics", theirs).await["missing"], json!([id(&shown)]));
}

#[tokio::test]
async fn what_anybody_said_is_found_by_its_words() {
    let platform = platform(json!({}));
    let trends = platform.look("trends_list", json!({ "tenant": "t1", "limit": 50 })).await;
    let name = trends["trends"][0]["name"].as_str().unwrap();
    assert!(trends["trends"][0]["posts"].as_u64() >= trends["trends"][1]["posts"].as_u64(), "{trends}");
    let query = json!({ "tenant": "t1", "query": format!("\"{name}\""), "limit": 100 });
    let found = platform.look("search_recent", query).await;
    let found = found["posts"].as_array().unwrap();
    let says = |post: &Value| post["text"].as_str().unwrap().to_lowercase().contains(&name.to_lowercase());
    assert!(!found.is_empty() && found.iter().all(says), "{found:?}");
    let nothing = json!({ "tenant": "t1", "query": "zyzzyva" });
    assert_eq!(platform.look("search_recent", nothing).await["posts"], json!([]));
    let odd = json!({ "tenant": "t1", "query": "(a OR b) c" });
    let refused = platform.read.call_checked("search_recent", odd).await.unwrap_err();
    assert_eq!(code(&refused), "unsupported");
}

#[tokio::test]
async fn searching_and_asking_for_trends_has_an_end() {
    let platform = platform(json!({}));
    for (tool, arguments, calls) in [
        ("search_recent", json!({ "tenant": "t1", "query": "kites" }), 45),
        ("trends_list", json!({ "tenant": "t1", "woeid": 44_418 }), 75),
    ] {
        for _ in 0..calls {
            platform.look(tool, arguments.clone()).await;
        }
        let refused = platform.read.call_checked(tool, arguments.clone()).await.unwrap_err();
        assert!(
            matches!(&refused, ToolFault::Wait { refusal, .. } if refusal.code == "rate_limited"),
            "{refused:?}"
        );
        let mut theirs = arguments;
        theirs["tenant"] = json!("t2");
        platform.look(tool, theirs).await;
    }
}

#[tokio::test]
async fn only_posts_that_are_not_older_are_shown_where_that_is_asked() {
    let platform = platform(json!({}));
    platform.post("g1", "early").await;
    platform.time.forward(60);
    platform.post("g2", "late").await;
    let since = |at: &str| platform.search_of(NOVA, json!({ "since": at }));
    assert_eq!(since("2027-01-15T08:00:30Z").await.len(), 1);
    assert_eq!(since("2027-01-15T08:00:00Z").await.len(), 2);
    assert!(since("2027-01-15T09:00:00Z").await.is_empty());
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused() {
    let platform = platform(json!({}));
    let ids: Vec<String> = (0..101).map(|id| id.to_string()).collect();
    for (tool, wrong) in [
        ("mentions_list", of_nova(json!({ "limit": 4 }))),
        ("mentions_list", of_nova(json!({ "since_id": "a" }))),
        ("search_recent", json!({ "tenant": "t1", "query": "" })),
        ("search_recent", json!({ "tenant": "t1", "query": "x".repeat(513) })),
        ("search_recent", json!({ "tenant": "t1", "query": "x", "limit": 9 })),
        ("trends_list", json!({ "tenant": "t1", "woeid": 0 })),
        ("trends_list", json!({ "tenant": "t1", "limit": 51 })),
        ("posts_metrics", of_nova(json!({ "post_ids": [] }))),
        ("posts_metrics", of_nova(json!({ "post_ids": ids }))),
        ("posts_metrics", of_nova(json!({ "post_ids": ["../2"] }))),
        ("posts_search", of_nova(json!({ "since": "yesterday, or thereabouts" }))),
    ] {
        let refused = platform.read.call_checked(tool, wrong.clone()).await.unwrap_err();
        assert_eq!(code(&refused), "invalid_input", "{tool} {wrong}");
    }
}

#[tokio::test]
async fn a_read_fails_where_the_platform_does() {
    let errors = json!({
        "read: mentions_list": { "status": 429, "detail": "Too Many Requests", "retry_after_s": 60 },
        "read: posts_search": { "status": 503 },
    });
    let platform = platform(json!({ "errors": errors }));
    let refused = platform.read.call_checked("mentions_list", of_nova(json!({}))).await.unwrap_err();
    assert!(matches!(refused, ToolFault::Wait { retry_after_s: 60, .. }), "{refused:?}");
    let refused = platform.read.call_checked("posts_search", of_nova(json!({}))).await.unwrap_err();
    assert_eq!(code(&refused), "upstream_unavailable");
    platform.look("account_get", of_nova(json!({}))).await;
}

/// The answer to a request for a resource, as any MCP client gets it.
async fn ask(platform: &Platform, uri: &str) -> Value {
    let version = "2026-07-28";
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({ "uri": uri, "_meta": meta });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": params });
    let request = Request::post("/mcp")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", version)
        .header("mcp-method", "resources/read")
        .header("mcp-name", uri)
        .body(Body::from(body.to_string()));
    let answer = router(platform.read.clone(), &[]).oneshot(request.unwrap()).await.unwrap();
    let answer = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    serde_json::from_slice(&answer).unwrap()
}

async fn resource(platform: &Platform, uri: &str) -> Value {
    let answer = ask(platform, uri).await;
    let text = answer["result"]["contents"][0]["text"].as_str();
    serde_json::from_str(text.unwrap_or_else(|| panic!("{answer}"))).unwrap()
}

#[tokio::test]
async fn what_was_used_and_what_is_left_can_be_looked_at() {
    let platform = platform(json!({}));
    platform.post("g1", "plain").await;
    let linked = platform.post("g2", "linked https://example.org/a").await;
    platform.call(NOVA, "post_delete", "g3", &deletion(&linked, NOVA)).await;
    let usage = resource(&platform, "twitter://t1/nova/usage").await;
    assert_eq!(
        usage,
        json!({
            "account": "nova",
            "day": "2027-01-15",
            "posts": 2,
            "deletions": 1,
            "cost": { "minor": 23, "currency": "USD" },
            "quotas": [
                { "of": "post", "window_s": 10_800, "limit": 300, "left": 298 },
                { "of": "post", "window_s": 900, "limit": 100, "left": 98 },
                { "of": "delete", "window_s": 900, "limit": 50, "left": 49 },
            ],
        })
    );
    let theirs = resource(&platform, "twitter://t2/nova/usage").await;
    assert_eq!((&theirs["posts"], &theirs["quotas"][0]["left"]), (&json!(0), &json!(300)));
    platform.time.forward(24 * 60 * 60);
    let tomorrow = resource(&platform, "twitter://t1/nova/usage").await;
    assert_eq!((&tomorrow["day"], &tomorrow["posts"]), (&json!("2027-01-16"), &json!(0)));
}

#[tokio::test]
async fn mentions_and_trends_have_addresses() {
    let platform = platform(json!({}));
    platform.post("g1", "What do lighthouses tell us?").await;
    platform.time.forward(24 * 60 * 60);
    let mentions = resource(&platform, "twitter://t1/nova/mentions").await;
    assert_eq!(mentions, platform.look("mentions_list", of_nova(json!({}))).await);
    let trends = resource(&platform, "twitter://t1/trends/44418").await;
    let asked = json!({ "tenant": "t1", "woeid": 44_418 });
    assert_eq!(trends, platform.look("trends_list", asked).await);
    for nowhere in [
        "twitter://t1/trends/berlin",
        "twitter://t1#x/nova/mentions",
        "twitter://t1/no va/usage",
        "twitter://t1/nova/likes",
        "news://t1/nova/mentions",
    ] {
        assert_eq!(ask(&platform, nowhere).await["error"]["code"], -32602, "{nowhere}");
    }
}

#[tokio::test]
async fn whoever_reads_mentions_on_by_address_misses_none() {
    let platform = platform(json!({}));
    for n in 0..90 {
        platform.post(&format!("g{n}"), &format!("What do lighthouses tell us, number {n}?")).await;
    }
    platform.time.forward(24 * 60 * 60);
    let (mut seen, mut since) = (Vec::new(), "0".to_owned());
    loop {
        let page = resource(&platform, &format!("twitter://t1/nova/mentions/{since}")).await;
        let mentions = page["mentions"].as_array().unwrap();
        assert!(mentions.len() <= 100);
        seen.extend(mentions.iter().map(|mention| mention["id"].as_str().unwrap().parse::<u64>().unwrap()));
        match page["newest_id"].as_str() {
            Some(newest) => newest.clone_into(&mut since),
            None => break,
        }
    }
    assert!(seen.len() > 100, "{}", seen.len());
    assert!(seen.is_sorted_by(|a, b| a < b), "each once, oldest first");
    let newest = platform.look("mentions_list", of_nova(json!({ "limit": 5 }))).await["newest_id"].clone();
    assert_eq!(newest, json!(since));
    for nowhere in ["twitter://t1/nova/mentions/last", "twitter://t1/nova/mentions/123456789012345678901"] {
        assert_eq!(ask(&platform, nowhere).await["error"]["code"], -32602, "{nowhere}");
    }
}
