//! The sample events of our servers are what `lambda_http` takes for a request.

#[test]
fn every_sample_event_is_a_post_to_the_endpoint() {
    let samples = [
        include_str!("../../../functions/mcp-news/events/news_headlines.json"),
        include_str!("../../../functions/mcp-twitter/events/posts_search.json"),
    ];
    for sample in samples {
        let request = lambda_http::request::from_str(sample).unwrap();
        assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/mcp"));
        assert_eq!(request.headers()["host"], chimera_mcp::INTERNAL_HOST);
    }
}
