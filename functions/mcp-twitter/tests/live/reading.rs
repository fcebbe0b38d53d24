//! What is asked of the platform to be shown something, and what is shown.

use chimera_domain::TenantId;
use chimera_mcp::server::ToolFault;
use mcp_twitter::{ReadFault, ShownPost, Timeline, Usage, Wanted};
use serde_json::{Value, json};

use super::{ACCESS, APP, ME, NOW, Told, bearer, me, nova, ok, told, world};

const FIELDS: &str = "post.fields=created_at%2Centities%2Cattachments";
const RELATIONS: &str = "author_id%2Creferenced_posts";

fn tenant() -> TenantId {
    TenantId::new("t1").unwrap()
}

fn tweet(id: &str, text: &str) -> Value {
    json!({
        "id": id,
        "text": text,
        "author_id": "2244994945",
        "created_at": "2027-01-15T08:00:05.000Z",
        "edit_history_post_ids": [id],
    })
}

fn wanted(text: Option<&str>) -> Wanted {
    Wanted { text: text.map(str::to_owned), limit: 100, ..Wanted::default() }
}

fn code(fault: ReadFault) -> (String, bool) {
    let fault = ToolFault::from(fault);
    let refusal = fault.refusal().unwrap();
    (refusal.code.clone(), refusal.retryable)
}

/// [E-10] What the publisher needs to find its own post: exactly the text that was posted, when, and to what.
#[tokio::test]
async fn a_post_is_read_back_by_its_text() {
    let mut linked = tweet("30", "R&amp;D: https://t.co/a");
    linked["entities"] = json!({ "urls": [
        { "start": 7, "end": 23, "url": "https://t.co/a", "expanded_url": "https://example.org/paper", "display_url": "example.org/paper" },
    ] });
    let mut reply = tweet("29", "@ada thank you");
    reply["referenced_posts"] = json!([{ "type": "replied_to", "id": "17" }]);
    let answer =
        ok(&json!({ "data": [linked, reply, tweet("28", "something else")], "meta": { "result_count": 3 } }));
    let world = world([me(), answer.clone(), answer]).await;

    let text = "R&D: https://example.org/paper";
    let found = world.live.posts(&nova(), &wanted(Some(text))).await.unwrap();
    let shown: Vec<(&str, &str)> =
        found.iter().map(|post| (post.post_id.as_str(), post.text.as_str())).collect();
    assert_eq!(shown, [("30", text)]);
    assert_eq!(found[0].url, "https://x.com/i/web/status/30");
    assert_eq!(found[0].created_at.to_string(), "2027-01-15T08:00:05Z");
    assert_eq!((&found[0].account, found[0].idempotency_key), (&"nova".to_owned(), None));

    let found = world.live.posts(&nova(), &wanted(Some("thank you"))).await.unwrap();
    let [ShownPost { text, in_reply_to, .. }] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((text.as_str(), in_reply_to.as_deref()), ("thank you", Some("17")));

    let posts = format!(
        "GET /2/users/2244994945/tweets?{FIELDS}&expansions={RELATIONS}%2Cattachments.media_keys&media.fields=type%2Calt_text\
         &exclude=retweets&max_results=100"
    );
    assert_eq!(
        world.lines(),
        [ME.to_owned(), posts.clone(), posts],
        "the account's number is asked for once"
    );
    assert!(world.seen().iter().all(|seen| seen.authorization == bearer(ACCESS) && seen.body.is_empty()));
}

#[tokio::test]
async fn posts_are_asked_for_since_a_moment_and_shown_with_their_pictures() {
    let mut shown = tweet("30", "look https://t.co/p");
    shown["entities"] = json!({ "urls": [{ "url": "https://t.co/p", "expanded_url": "https://x.com/nova_x/status/30/photo/1", "media_key": "3_7" }] });
    shown["attachments"] = json!({ "media_keys": ["3_7"] });
    let media = json!([{ "media_key": "3_7", "type": "photo", "alt_text": "a lighthouse" }]);
    let world = world([me(), ok(&json!({ "data": [shown], "includes": { "media": media } }))]).await;
    let since = "2027-01-15T08:00:00.250Z".parse().unwrap();
    let wanted = Wanted { since: Some(since), limit: 2, ..Wanted::default() };
    let found = world.live.posts(&nova(), &wanted).await.unwrap();
    assert_eq!(found[0].text, "look");
    assert_eq!(json!(found[0].media), json!([{ "kind": "photo", "alt_text": "a lighthouse" }]));
    let asked = world.lines()[1].clone();
    assert!(asked.ends_with("&max_results=5&start_time=2027-01-15T08%3A00%3A00Z"), "{asked}");
}

/// [E-9]
#[tokio::test]
async fn one_post_is_there_or_gone_and_what_may_not_be_seen_is_neither() {
    let problem = |kind: &str| {
        let kind = format!("https://api.x.com/2/problems/{kind}");
        json!({ "resource_id": "30", "resource_type": "tweet", "title": "No", "detail": "no.", "type": kind })
    };
    let one = Wanted { post_id: Some("30".to_owned()), limit: 20, ..Wanted::default() };
    let mut anothers = tweet("30", "theirs");
    anothers["author_id"] = json!("1");
    let mut nobodys = tweet("30", "whose?");
    nobodys["author_id"] = Value::Null;
    for (answer, there) in [
        (ok(&json!({ "data": [tweet("30", "here")] })), Ok(1)),
        (ok(&json!({ "data": [anothers] })), Ok(0)),
        (ok(&json!({ "data": [nobodys] })), Err("upstream_unavailable")),
        (ok(&json!({ "errors": [problem("resource-not-found")] })), Ok(0)),
        (ok(&json!({ "errors": [problem("not-authorized-for-resource")] })), Err("policy_violation")),
        (told(503, &json!(null)), Err("upstream_unavailable")),
        (Told { body: "<html>".to_owned(), ..ok(&Value::Null) }, Err("upstream_unavailable")),
    ] {
        let world = world([me(), answer.clone()]).await;
        let found =
            world.live.posts(&nova(), &one).await.map(|posts| posts.len()).map_err(|fault| code(fault).0);
        assert_eq!(
            found.as_ref().map_err(String::as_str),
            there.as_ref().map_err(|code| *code),
            "{answer:?}"
        );
        let asked = format!(
            "GET /2/tweets?{FIELDS}&expansions={RELATIONS}%2Cattachments.media_keys&media.fields=type%2Calt_text&ids=30"
        );
        assert_eq!(world.lines()[1], asked);
    }
}

#[tokio::test]
async fn an_account_is_looked_at() {
    let world = world([me()]).await;
    let shown = world.live.profile(&nova()).await.unwrap();
    let seen = json!({ "account": "nova", "url": "https://x.com/nova_x", "posts": 77, "followers": 321 });
    assert_eq!(json!(shown), seen);
    assert_eq!(world.lines(), [ME]);
}

#[tokio::test]
async fn mentions_are_read_on_from_the_last_one() {
    let mut mention = tweet("41", "@nova_x are you a bot? https://t.co/a");
    mention["author_id"] = json!("99");
    mention["entities"] =
        json!({ "urls": [{ "url": "https://t.co/a", "expanded_url": "https://example.org/" }] });
    mention["referenced_posts"] = json!([{ "type": "replied_to", "id": "30" }]);
    let answer = json!({
        "data": [mention, tweet("40", "@nova_x hi")],
        "includes": { "users": [{ "id": "99", "name": "Ada", "username": "ada_reads" }] },
        "meta": { "newest_id": "41", "oldest_id": "40", "result_count": 2, "next_token": "more" },
    });
    let nothing = ok(&json!({ "meta": { "result_count": 0 } }));
    let world = world([me(), ok(&answer), nothing]).await;
    let seen = world.live.mentions(&nova(), Some("17"), 50).await.unwrap();
    assert_eq!((seen.newest_id.as_deref(), seen.has_more), (Some("41"), true));
    let first = &seen.mentions[0];
    assert_eq!(
        (first.author.as_str(), first.text.as_str()),
        ("ada_reads", "@nova_x are you a bot? https://example.org/")
    );
    assert_eq!((first.in_reply_to.as_deref(), seen.mentions[1].author.as_str()), (Some("30"), "2244994945"));
    let asked = format!(
        "GET /2/users/2244994945/mentions?expansions={RELATIONS}&{FIELDS}&user.fields=username&max_results=50&since_id=17"
    );
    assert_eq!(world.lines()[1], asked);

    let none = world.live.mentions(&nova(), None, 5).await.unwrap();
    assert_eq!((none.mentions.len(), none.newest_id, none.has_more), (0, None, false));
    assert!(world.lines()[2].ends_with("&max_results=5"), "{:?}", world.lines());
}

#[tokio::test]
async fn mentions_are_read_to_the_last_page_and_the_oldest_come_first() {
    let page = |ids: [&str; 2], next: Option<&str>| {
        let said = ids.map(|id| tweet(id, "@nova_x hi"));
        ok(&json!({ "data": said, "meta": { "result_count": 2, "next_token": next } }))
    };
    let pages = [me(), page(["45", "44"], Some("p2")), page(["43", "42"], None), page(["45", "44"], None)];
    let world = world(pages).await;
    let seen = world.live.mentions_after(&nova(), "17", 3).await.unwrap();
    let ids: Vec<&str> = seen.mentions.iter().map(|mention| mention.id.as_str()).collect();
    assert_eq!((ids, seen.newest_id.as_deref(), seen.has_more), (vec!["42", "43", "44"], Some("44"), true));
    assert!(world.lines()[1].ends_with("&max_results=100&since_id=17"), "{:?}", world.lines());
    assert!(world.lines()[2].ends_with("&since_id=17&pagination_token=p2"), "{:?}", world.lines());

    let first = world.live.mentions_after(&nova(), "0", 100).await.unwrap();
    assert_eq!((first.mentions.len(), first.has_more), (2, false));
    assert!(world.lines()[3].ends_with("&max_results=100"), "{:?}", world.lines());
}

#[tokio::test]
async fn what_anybody_said_is_searched_with_the_tenants_own_credential() {
    let mut post = tweet("50", "kites &lt;3");
    post["author_id"] = json!("99");
    post["public_metrics"] = json!({ "like_count": 4, "reply_count": 1 });
    let users = json!([{ "id": "99", "name": "Kit", "username": "kit_kites" }]);
    let world = world([ok(&json!({ "data": [post], "includes": { "users": users } }))]).await;
    let found = world.live.recent(&tenant(), "kites -is:retweet", 10).await.unwrap();
    assert_eq!(
        json!(found),
        json!([{
            "post_id": "50",
            "url": "https://x.com/i/web/status/50",
            "author": "kit_kites",
            "text": "kites <3",
            "created_at": "2027-01-15T08:00:05Z",
            "likes": 4,
        }])
    );
    let asked = "GET /2/tweets/search/recent?query=kites+-is%3Aretweet&expansions=author_id\
                 &post.fields=created_at%2Centities%2Cpublic_metrics&user.fields=username&max_results=10";
    assert_eq!((world.lines(), world.seen()[0].authorization.clone()), (vec![asked.to_owned()], bearer(APP)));
}

#[tokio::test]
async fn trends_are_asked_for_by_place() {
    let answer =
        json!({ "data": [{ "trend_name": "#Kites", "tweet_count": 232_408 }, { "trend_name": "Ferries" }] });
    let world = world([ok(&answer)]).await;
    let found = world.live.trends(&tenant(), 44_418, 20).await.unwrap();
    assert_eq!(json!(found), json!([{ "name": "#Kites", "posts": 232_408 }, { "name": "Ferries" }]));
    let asked = "GET /2/trends/by/woeid/44418?max_trends=20&trend.fields=trend_name%2Ctweet_count";
    assert_eq!((world.lines(), world.seen()[0].authorization.clone()), (vec![asked.to_owned()], bearer(APP)));
}

#[tokio::test]
async fn metrics_are_of_the_accounts_own_posts() {
    let numbers = json!({
        "repost_count": 3, "reply_count": 2, "like_count": 9, "quote_count": 1, "bookmark_count": 4, "impression_count": 500,
    });
    let own = json!({ "id": "30", "text": "a", "author_id": "2244994945", "public_metrics": numbers });
    let anothers = json!({ "id": "31", "text": "b", "author_id": "1", "public_metrics": numbers });
    let missing = json!({ "resource_id": "32", "type": "https://api.x.com/2/problems/resource-not-found", "title": "Not Found Error" });
    let world = world([me(), ok(&json!({ "data": [own, anothers], "errors": [missing] }))]).await;
    let ids = ["30", "31", "32"].map(str::to_owned);
    let found = world.live.metrics(&nova(), &ids).await.unwrap();
    assert_eq!(
        json!(found),
        json!([{
            "post_id": "30", "impressions": 500, "likes": 9, "replies": 2, "reposts": 3, "quotes": 1, "bookmarks": 4,
        }])
    );
    assert_eq!(
        world.lines()[1],
        "GET /2/tweets?post.fields=public_metrics&expansions=author_id&ids=30%2C31%2C32"
    );
}

#[tokio::test]
async fn usage_is_the_projects() {
    let used = json!({ "data": { "cap_reset_day": 20, "project_cap": "2000000", "project_id": "7", "project_usage": "1234" } });
    let world = world([ok(&used)]).await;
    let usage = world.live.usage(&nova()).await.unwrap();
    assert!(matches!(&usage, Usage::Project(project) if project.posts_read == 1_234), "{usage:?}");
    assert_eq!(json!(usage), json!({ "posts_read": 1_234, "posts_cap": 2_000_000, "reset_day": 20 }));
    let asked = "GET /2/usage/tweets?usage.fields=cap_reset_day%2Cproject_cap%2Cproject_usage";
    assert_eq!((world.lines(), world.seen()[0].authorization.clone()), (vec![asked.to_owned()], bearer(APP)));
}

/// [E-11]
#[tokio::test]
async fn a_reader_is_told_what_to_do_about_each_answer() {
    for (status, body, meaning) in [
        (401, json!({ "detail": "Unauthorized" }), ("credentials_refused", false)),
        (
            403,
            json!({ "type": "https://api.x.com/2/problems/client-forbidden", "detail": "Enroll." }),
            ("credentials_refused", false),
        ),
        (
            404,
            json!({ "type": "https://api.x.com/2/problems/resource-not-found", "detail": "?" }),
            ("not_found", false),
        ),
        (
            400,
            json!({ "type": "https://api.x.com/2/problems/invalid-request", "detail": "bad query" }),
            ("platform_refused", false),
        ),
        (
            429,
            json!({ "errors": [{ "code": 88, "message": "Rate limit exceeded" }] }),
            ("rate_limited", true),
        ),
        (502, json!(null), ("upstream_unavailable", true)),
    ] {
        let world = world([told(status, &body)]).await;
        let fault = world.live.recent(&tenant(), "kites", 10).await.unwrap_err();
        assert_eq!(code(fault), (meaning.0.to_owned(), meaning.1), "{status} {body}");
    }
    let reset = vec![("x-rate-limit-reset", (NOW + 300).to_string())];
    let world = world([Told { headers: reset, ..told(429, &json!({})) }]).await;
    let fault = ToolFault::from(world.live.trends(&tenant(), 1, 5).await.unwrap_err());
    assert!(matches!(fault, ToolFault::Wait { retry_after_s: 300, .. }), "{fault:?}");
}
