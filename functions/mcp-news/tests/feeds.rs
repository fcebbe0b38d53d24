//! Feeds as they are found, and what is left of them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use mcp_news::{FeedItem, FeedRefusal, TEXT_CHARS, parse_feed};

const BASE: &str = "https://example.org/feed.xml";

fn rss(items: &str) -> String {
    format!(
        r#"<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">
        <channel><title>Small &amp; useful</title><link>https://example.org/</link>{items}</channel></rss>"#
    )
}

fn one(items: &str) -> FeedItem {
    parse_feed(rss(items).as_bytes(), BASE).unwrap().items.remove(0)
}

fn text_of(html: &str) -> String {
    one(&format!(
        "<item><title>A tool</title><link>https://example.org/1</link>\
         <description><![CDATA[{html}]]></description></item>"
    ))
    .text
}

#[test]
fn an_rss_item_becomes_prose() {
    let item = one(
        "<item><title>Ham &amp;amp; eggs</title><link>https://example.org/1</link>
         <pubDate>Thu, 20 Aug 2015 17:00:10 +0100</pubDate>
         <description>&lt;a href=\"https://x.org\"&gt;A tool&lt;/a&gt;: &lt;p&gt;It   sorts\n lines, &amp;amp; fast.&lt;/p&gt;
         &lt;ul&gt;&lt;li&gt;One&lt;/li&gt;&lt;li&gt;Two &lt;em&gt;things&lt;/em&gt;&lt;/li&gt;&lt;/ul&gt;</description></item>",
    );
    assert_eq!(item.title, "Ham & eggs");
    assert_eq!(item.published_at.as_deref(), Some("2015-08-20T16:00:10+00:00"));
    assert_eq!(item.text, "A tool:\nIt sorts lines, & fast.\nOne\nTwo things");
}

#[test]
fn the_full_content_is_preferred_to_the_summary() {
    let item =
        one("<item><title>T</title><link>https://example.org/1</link><description>Short.</description>
         <content:encoded><![CDATA[<p>The whole story.</p>]]></content:encoded></item>");
    assert_eq!(item.text, "The whole story.");
}

#[test]
fn decoration_code_images_and_headings_leave_no_trace() {
    let html = r##"<h2>Why</h2><p>Use <code>sort</code> and <strong>x<sup>2</sup></strong> now.<a href="#fn1">[1]</a></p>
        <pre>rm -rf</pre><img src="a.png" alt="A picture"><hr><blockquote>Said <del>he</del> she.</blockquote>
        <p><a href="https://store.example">App Store</a></p><table><tr><td>Cell one.</td><td>Cell two.</td></tr></table>"##;
    let text = text_of(html);
    assert_eq!(text, "Use sort and x² now.[1]\nSaid he she.\nCell one.\nCell two.");
}

#[test]
fn a_forum_s_boilerplate_is_dropped_and_an_image_post_has_no_text() {
    let tail = r##" &#32; submitted by &#32; <a href="https://f.example/u/me"> /u/me_1 </a> <br/>
        <span><a href="https://f.example/1">[link]</a></span> &#32; <span><a href="https://f.example/1">[comments]</a></span>"##;
    assert_eq!(text_of(&format!("<div><p>Is it worth it?</p> </div>{tail}")), "Is it worth it?");
    assert_eq!(
        text_of(&format!(
            "<table><tr><td><a href=\"x\"><img src=\"p.jpg\" alt=\"My rack\"></a></td><td>{tail}</td></tr></table>"
        )),
        ""
    );
}

#[test]
fn a_weblog_s_boilerplate_is_dropped() {
    let html =
        "<p>It works.</p><p>The post <a href='x'>A tool</a> appeared first on <a href='y'>Blog</a>.</p>";
    assert_eq!(text_of(html), "It works.");
    assert_eq!(text_of("<p>It works. And then it [&hellip;]</p>"), "It works.");
}

#[test]
fn markup_escaped_twice_is_still_markup() {
    assert_eq!(text_of("&lt;p&gt;It works.&lt;/p&gt;"), "It works.");
}

#[test]
fn a_long_text_ends_with_a_sentence() {
    let text = text_of(&format!("<p>{}</p>", "This is a sentence. ".repeat(500)));
    assert!(text.chars().count() <= TEXT_CHARS && text.ends_with("sentence."), "{}", text.len());
}

#[test]
fn an_atom_feed_is_read_with_relative_links() {
    let atom = r#"<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Atom</title><id>x</id>
        <updated>2023-07-23T17:57:55+00:00</updated>
        <entry><id>1</id><title type="html">One &amp;amp; two</title><updated>2023-07-23T17:38:30+00:00</updated>
        <link rel="self" href="https://example.org/self"/><link href="/posts/1"/>
        <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Body text.</p></div></content></entry></feed>"#;
    let feed = parse_feed(atom.as_bytes(), BASE).unwrap();
    assert_eq!(feed.title, "Atom");
    assert_eq!(feed.items[0].url, "https://example.org/posts/1");
    assert_eq!(feed.items[0].title, "One & two");
    assert_eq!(feed.items[0].text, "Body text.");
}

#[test]
fn a_json_feed_is_read() {
    let json = r#"{"version":"https://jsonfeed.org/version/1.1","title":"JSON","items":[
        {"id":"1","url":"https://example.org/1","title":"One","content_html":"<p>Body text.</p>"}]}"#;
    let feed = parse_feed(json.as_bytes(), BASE).unwrap();
    assert_eq!((feed.title.as_str(), feed.items[0].text.as_str()), ("JSON", "Body text."));
}

#[test]
fn items_are_skipped_without_a_page_and_told_once() {
    let items = "<item><title>No link</title></item>
        <item><title>Odd</title><link>javascript:alert(1)</link></item>
        <item><title>One</title><link>https://example.org/1</link></item>
        <item><title>Again</title><link>https://example.org/1</link></item>";
    let items = parse_feed(rss(items).as_bytes(), BASE).unwrap().items;
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].id, one("<item><title>Other</title><link>https://example.org/1</link></item>").id);
}

#[test]
fn what_is_no_feed_says_so() {
    let refusal = |bytes: &[u8]| parse_feed(bytes, BASE).unwrap_err();
    for page in [
        "<!doctype html><html><head><title>x</title></head><body><p>Hi<br></body></html>",
        "hello",
        "{}",
        "<rss",
    ] {
        assert_eq!(refusal(page.as_bytes()).code(), "not_a_feed", "{page}");
    }
    assert_eq!(refusal(b"\xff\xfe\x00\x01").code(), "not_a_feed");
    assert_eq!(refusal(b" \n"), FeedRefusal::EmptyFeed);
    assert_eq!(refusal(rss("").as_bytes()), FeedRefusal::EmptyFeed);
}
