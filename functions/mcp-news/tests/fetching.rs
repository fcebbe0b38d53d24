//! Fetching from a server that may be anything.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::routing::get;
use chimera_mcp::net::Reach;
use futures::stream;
use mcp_news::{FeedItem, FeedRefusal, Fetcher, NewsHeadlines};

const FEED: &str = "<rss version=\"2.0\"><channel><title>T</title><item><title>One</title>\
                    <link>https://example.org/1</link><description>Body.</description></item></channel></rss>";

/// So many articles of more text than an item may have.
fn long_feed(articles: usize) -> String {
    let item = |at: usize| {
        let body = format!("Machine {at} stamped its parts again. ").repeat(200);
        format!(
            "<item><title>N{at}</title><link>https://example.org/{at}</link><description>{body}</description></item>"
        )
    };
    let items: String = (0..articles).map(item).collect();
    format!("<rss version=\"2.0\"><channel><title>T</title>{items}</channel></rss>")
}

async fn site() -> SocketAddr {
    let endless = || async {
        let chunk = Bytes::from(vec![b' '; 64 * 1024]);
        Body::from_stream(stream::iter((0..800).map(move |_| Ok::<_, std::io::Error>(chunk.clone()))))
    };
    let router = Router::new()
        .route("/feed", get(|| async { FEED }))
        .route("/long", get(|| async { long_feed(199) }))
        .route("/moved", get(|| async { Redirect::permanent("/feed") }))
        .route("/round", get(|| async { Redirect::temporary("/round") }))
        .route("/elsewhere", get(|| async { Redirect::temporary("file:///etc/passwd") }))
        .route("/page", get(|| async { "<html><body>Hello</body></html>" }))
        .route("/gone", get(|| async { (StatusCode::NOT_FOUND, "gone") }))
        .route("/endless", get(endless));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

async fn read(reach: Reach, url: &str) -> Result<usize, FeedRefusal> {
    let tools = NewsHeadlines::new(Fetcher::new(reach).unwrap());
    tools.headlines(url, 10).await.map(|feed| feed.items.len())
}

async fn code_of(url: &str) -> &'static str {
    read(Reach::Anywhere, url).await.unwrap_err().code()
}

#[tokio::test]
async fn a_feed_is_read_also_behind_a_redirect() {
    let site = site().await;
    assert_eq!(read(Reach::Anywhere, &format!("http://{site}/feed")).await, Ok(1));
    assert_eq!(read(Reach::Anywhere, &format!("http://{site}/moved")).await, Ok(1));
}

#[tokio::test]
async fn many_items_share_the_room_of_an_answer_and_few_have_all_of_theirs() {
    let url = format!("http://{}/long", site().await);
    let tools = NewsHeadlines::new(Fetcher::new(Reach::Anywhere).unwrap());
    let chars = |items: &[FeedItem]| items.iter().map(|item| item.text.chars().count()).collect::<Vec<_>>();
    let few = tools.headlines(&url, 40).await.unwrap().items;
    assert!(few.len() == 40 && chars(&few).iter().all(|chars| *chars > 3_900), "{:?}", chars(&few));
    let many = tools.headlines(&url, 200).await.unwrap().items;
    assert!(many.len() == 199 && chars(&many).iter().all(|chars| (900..=1_100).contains(chars)));
    assert!(many.iter().all(|item| item.text.ends_with("again.")), "a sentence is cut");
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_by_its_kind() {
    let site = site().await;
    assert_eq!(code_of(&format!("http://{site}/page")).await, "not_a_feed");
    assert_eq!(code_of(&format!("http://{site}/gone")).await, "unreachable");
    assert_eq!(code_of(&format!("http://{site}/round")).await, "unreachable");
    assert_eq!(code_of(&format!("http://{site}/endless")).await, "too_large");
    assert_eq!(code_of(&format!("http://{site}/elsewhere")).await, "forbidden_address");
    assert_eq!(code_of("ftp://example.org/feed").await, "forbidden_address");
    assert_eq!(code_of("not a url").await, "forbidden_address");
    assert_eq!(code_of("http://127.0.0.1:1/feed").await, "unreachable");
}

#[tokio::test]
async fn only_public_addresses_are_read_unless_configured() {
    let site = site().await;
    let local = format!("http://localhost:{}/feed", site.port());
    for url in
        [format!("http://{site}/feed"), local, "http://[::1]/".to_owned(), "http://10.0.0.1/".to_owned()]
    {
        let refusal = read(Reach::Public, &url).await.unwrap_err();
        assert_eq!(refusal.code(), "forbidden_address", "{url}");
    }
}
