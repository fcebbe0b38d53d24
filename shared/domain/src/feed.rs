//! A feed that is no page: a read tool of somebody else's server, named in a brief with what it is asked.

use std::collections::BTreeMap;

use serde_json::Value;
use thiserror::Error;

use crate::{is_carriable, limits};

/// What the address of such a tool begins with.
const SCHEME: &str = "mcp://";

/// A read tool of somebody else's server, as a brief's `feeds` spell it: `mcp://<server>/<tool>?<argument>=<value>&…`, with
/// percent-encoding (a plus is a plus). Whether there is such a server, and whether it may be asked, is for configuration to
/// say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolFeed {
    server: String,
    tool: String,
    arguments: BTreeMap<String, String>,
}

/// What is wrong with a tool that is named as a feed. The operator corrects it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ToolFeedError {
    /// Too long, or with something that an address never has.
    #[error(
        "an address is at most {} visible ASCII characters; write others percent-encoded",
        limits::FEED_BYTES
    )]
    Form,
    /// A name or password before the server's name.
    #[error("it carries credentials; a server's token belongs into its configuration")]
    Credentials,
    /// No name that a server can have.
    #[error("it must name a server: 1 to {} of a-z, 0-9, - and _", limits::SERVER_NAME_BYTES)]
    Server,
    /// No name that a tool can have.
    #[error(
        "it must name a tool, as in mcp://server/tool: 1 to {} visible ASCII characters",
        limits::TOOL_NAME_BYTES
    )]
    Tool,
    /// A part that nobody would ever be sent.
    #[error("it has a fragment, which is never sent; write a # as %23")]
    Fragment,
    /// What it is asked cannot be read.
    #[error("argument {0:?} must be name=value, both percent-encoded text, and no name twice")]
    Argument(String),
}

impl ToolFeed {
    /// Reads a feed; `None` where it is no tool's address, but perhaps a page's.
    ///
    /// # Errors
    /// [`ToolFeedError`], for the first thing that is wrong with a tool's address.
    pub fn of(feed: &str) -> Result<Option<Self>, ToolFeedError> {
        let Some(address) = feed.strip_prefix(SCHEME) else { return Ok(None) };
        if feed.len() > limits::FEED_BYTES || !is_visible(feed) {
            return Err(ToolFeedError::Form);
        }
        if address.contains('#') {
            return Err(ToolFeedError::Fragment);
        }
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let (server, tool) = path.split_once('/').unwrap_or((path, ""));
        if server.contains('@') {
            return Err(ToolFeedError::Credentials);
        }
        if !is_server_name(server) {
            return Err(ToolFeedError::Server);
        }
        let tool = decoded(tool).filter(|tool| is_tool_name(tool)).ok_or(ToolFeedError::Tool)?;
        Ok(Some(Self { server: server.to_owned(), tool, arguments: arguments(query)? }))
    }

    /// The server's name in our configuration.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The tool's name on it.
    #[must_use]
    pub fn tool(&self) -> &str {
        &self.tool
    }

    /// One of its arguments.
    #[must_use]
    pub fn argument(&self, name: &str) -> Option<&str> {
        self.arguments.get(name).map(String::as_str)
    }

    /// Its arguments as an object of texts.
    #[must_use]
    pub fn arguments(&self) -> Value {
        self.arguments.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()
    }
}

/// Whether a server may have this name in our configuration.
#[must_use]
pub fn is_server_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    (1..=limits::SERVER_NAME_BYTES).contains(&name.len()) && name.chars().all(fits)
}

/// Whether a tool may have this name in our configuration.
#[must_use]
pub fn is_tool_name(name: &str) -> bool {
    (1..=limits::TOOL_NAME_BYTES).contains(&name.len()) && is_visible(name)
}

/// Whether the text is an `http(s)` URL of a host that carries no credentials.
#[must_use]
pub fn is_http_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let Some(rest) = rest else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    is_visible(text) && text.len() <= limits::FEED_BYTES && !authority.is_empty() && !authority.contains('@')
}

fn is_visible(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn arguments(query: &str) -> Result<BTreeMap<String, String>, ToolFeedError> {
    let mut arguments = BTreeMap::new();
    for pair in query.split('&').filter(|_| !query.is_empty()) {
        let wrong = || ToolFeedError::Argument(pair.to_owned());
        let (name, value) = pair.split_once('=').ok_or_else(wrong)?;
        let text = |part: &str| decoded(part).filter(|text| is_carriable(text)).ok_or_else(wrong);
        let (name, value) = (text(name)?, text(value)?);
        if name.is_empty() || arguments.insert(name, value).is_some() {
            return Err(wrong());
        }
    }
    Ok(arguments)
}

/// Percent-encoded text as it was; nothing where it is none.
fn decoded(text: &str) -> Option<String> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        decoded.push(if byte == b'%' { 16 * digit(rest.next()?)? + digit(rest.next()?)? } else { byte });
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(feed: &str) -> ToolFeed {
        ToolFeed::of(feed).unwrap().unwrap()
    }

    /// [K-12]
    #[test]
    fn a_tool_is_named_with_what_it_is_asked() {
        let feed =
            read("mcp://fetch/fetch?url=https%3A%2F%2Fa.example%2F%3Fq%3D1%26r&note=1+1=2&caf%C3%A9=%20");
        assert_eq!((feed.server(), feed.tool()), ("fetch", "fetch"));
        assert_eq!(
            feed.arguments(),
            json!({ "url": "https://a.example/?q=1&r", "note": "1+1=2", "café": " " })
        );
        assert_eq!((feed.argument("note"), feed.argument("no")), (Some("1+1=2"), None));
        let plain = read("mcp://wire-2/news/latest.v1");
        assert_eq!((plain.tool(), plain.arguments()), ("news/latest.v1", json!({})));
        assert_eq!(read("mcp://wire/a%3Fb?").tool(), "a?b");
        for page in ["https://a.example/mcp://x/y", "MCP://a/b", "mcp:a/b", ""] {
            assert_eq!(ToolFeed::of(page), Ok(None), "{page}");
        }
    }

    /// [K-12]
    #[test]
    fn what_is_wrong_with_a_tools_address_is_named() {
        let long = format!("mcp://a/b?c={}", "x".repeat(limits::FEED_BYTES));
        let argument = |pair: &str| ToolFeedError::Argument(pair.to_owned());
        for (feed, why) in [
            (long.as_str(), ToolFeedError::Form),
            ("mcp://a/b?c=d e", ToolFeedError::Form),
            ("mcp://a/b?c=é", ToolFeedError::Form),
            ("mcp://me:secret@a/b", ToolFeedError::Credentials),
            ("mcp://@a/b", ToolFeedError::Credentials),
            ("mcp://", ToolFeedError::Server),
            ("mcp:///b", ToolFeedError::Server),
            ("mcp://A/b", ToolFeedError::Server),
            ("mcp://a.example/b", ToolFeedError::Server),
            ("mcp://a:443/b", ToolFeedError::Server),
            (format!("mcp://{}/b", "a".repeat(65)).as_str(), ToolFeedError::Server),
            ("mcp://a", ToolFeedError::Tool),
            ("mcp://a/", ToolFeedError::Tool),
            ("mcp://a?b=c", ToolFeedError::Tool),
            ("mcp://a/b%20c", ToolFeedError::Tool),
            ("mcp://a/b%", ToolFeedError::Tool),
            (format!("mcp://a/{}", "b".repeat(129)).as_str(), ToolFeedError::Tool),
            ("mcp://a/b?c=d#e", ToolFeedError::Fragment),
            ("mcp://a/b?c", argument("c")),
            ("mcp://a/b?=c", argument("=c")),
            ("mcp://a/b?c=1&&d=2", argument("")),
            ("mcp://a/b?c=1&c=2", argument("c=2")),
            ("mcp://a/b?c=%zz", argument("c=%zz")),
            ("mcp://a/b?c=%ff", argument("c=%ff")),
            ("mcp://a/b?c=%00", argument("c=%00")),
            ("mcp://a/b?c=%EF%BF%BF", argument("c=%EF%BF%BF")),
        ] {
            assert_eq!(ToolFeed::of(feed), Err(why), "{feed}");
        }
    }
}
