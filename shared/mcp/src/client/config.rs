//! Other people's servers, from configuration: `MCP_SERVERS`, checked whole before anything is called.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chimera_domain::{Digest, TaskKind, is_server_name, is_tool_name, limits};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;
use url::Url;

use super::era::Era;
use super::ours;
use super::registry::{Permit, Registry, Server, Target, ToolClass};
use super::strict;
use crate::RESPONSE_BYTES;
use crate::net::Reach;

/// Servers in one configuration, and tools of one: an environment variable holds no more, and no person reads more.
const SERVERS: usize = 32;
const TOOLS: usize = 64;
/// What a variable may take in memory: Lambda gives a function 4 KB for all of them.
const VARIABLE_BYTES: usize = 1024 * 1024;
/// Longest call, in milliseconds: no function's task takes longer.
const TIMEOUT_MS: u64 = 60_000;
/// The same where nothing is said.
const DEFAULT_TIMEOUT_MS: u64 = 20_000;
/// Longest answer of a tool, in bytes, where nothing is said: what a task's notes have room for.
const DEFAULT_BYTES: usize = 64 * 1024;

/// The configuration of tool servers is wrong. The function does not start; whoever deployed it corrects the variable.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// It is not of the form it should have.
    #[error("{variable} cannot be read at {at}: {why}")]
    Unreadable {
        /// The variable.
        variable: &'static str,
        /// Where in it, such as `[0].tools[1].class`.
        at: String,
        /// What is wrong there.
        why: String,
    },
    /// One server's entry breaks a rule.
    #[error("the server {name}: {why}")]
    Server {
        /// Which.
        name: String,
        /// Which rule.
        why: String,
    },
    /// The list as a whole breaks a rule.
    #[error("{0}")]
    List(String),
}

/// A server's entry.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    url: String,
    #[serde(default)]
    era: Era,
    tools: Vec<ToolEntry>,
    pin: Option<String>,
    timeout_ms: Option<u64>,
    max_response_bytes: Option<usize>,
    secret: Option<String>,
    #[serde(default)]
    allow_private: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ToolEntry {
    name: String,
    class: Class,
    kinds: Vec<TaskKind>,
    max_bytes: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Class {
    Read,
    Generate,
    Effect,
}

impl Registry {
    /// [T-22] Other people's servers, as `MCP_SERVERS` lists them; blank is none. Ours come in by [`Registry::with`].
    ///
    /// # Errors
    /// [`ConfigError`], for the first thing that is wrong. Nothing is guessed and nothing passed over.
    pub fn from_json(text: &str) -> Result<Self, ConfigError> {
        let text = if text.trim().is_empty() { "[]" } else { text };
        let entries: Vec<Entry> = json("MCP_SERVERS", text)?;
        if entries.len() > SERVERS {
            return Err(ConfigError::List(format!("more than {SERVERS} servers")));
        }
        let mut seen = BTreeSet::new();
        let mut registry = Self::new();
        for entry in entries {
            let name = entry.name.clone();
            let wrong = |why| ConfigError::Server { name: name.clone(), why };
            if !seen.insert(name.clone()) {
                return Err(wrong("listed twice".to_owned()));
            }
            registry = registry.with(&name, server(entry).map_err(wrong)?);
        }
        Ok(registry)
    }
}

/// Reads a variable's JSON; blank is an empty object or list, whichever the type takes.
pub(crate) fn json<T: DeserializeOwned>(variable: &'static str, text: &str) -> Result<T, ConfigError> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    let unreadable = |at: String, why: String| ConfigError::Unreadable { variable, at, why };
    // A key twice could mean either; the reader below would take one of them.
    strict::parse(text.as_bytes(), VARIABLE_BYTES)
        .map_err(|error| unreadable(".".to_owned(), error.to_string()))?;
    let mut reader = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| unreadable(error.path().to_string(), error.inner().to_string()))
}

/// Reads a digest as a person copies it.
pub(crate) fn digest(text: &str) -> Result<Digest, String> {
    let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let hex = text.strip_prefix("sha256:").filter(|hex| hex.len() == 64 && hex.chars().all(is_hex));
    let digest = hex.and_then(|_| serde_json::from_value(Value::from(text)).ok());
    digest.ok_or_else(|| "the pin is not `sha256:` and 64 hex digits in lower case".to_owned())
}

fn server(entry: Entry) -> Result<Server, String> {
    name(&entry.name)?;
    let url = url(&entry)?;
    let response_bytes = bytes(entry.max_response_bytes, "max_response_bytes", RESPONSE_BYTES)?;
    let timeout_ms = entry.timeout_ms.unwrap_or(DEFAULT_TIMEOUT_MS);
    if !(1..=TIMEOUT_MS).contains(&timeout_ms) {
        return Err(format!("timeout_ms is 1 to {TIMEOUT_MS}"));
    }
    if entry.secret.as_ref().is_some_and(|secret| secret.trim().is_empty()) {
        return Err("secret names no secret".to_owned());
    }
    let pin = entry.pin.as_deref().map(digest).transpose()?;
    let tools = tools(entry.tools, response_bytes)?;
    if pin.is_none() && tools.values().any(|permit| permit.class == ToolClass::Generate) {
        return Err("a server with a tool of class generate needs a pin".to_owned());
    }
    let reach = if entry.allow_private { Reach::Anywhere } else { Reach::Public };
    Ok(Server {
        target: Target::Http { url, reach },
        tools,
        shown: Vec::new(),
        pin,
        deployed_as: None,
        is_foreign: true,
        era: entry.era,
        timeout: Duration::from_millis(timeout_ms),
        response_bytes,
        secret: entry.secret,
    })
}

fn name(name: &str) -> Result<(), String> {
    if !is_server_name(name) {
        return Err(format!("a name is 1 to {} of a-z, 0-9, - and _", limits::SERVER_NAME_BYTES));
    }
    if ours::NAMES.contains(&name) {
        return Err("the name is one of our own servers'".to_owned());
    }
    Ok(())
}

fn url(entry: &Entry) -> Result<Url, String> {
    let url = Url::parse(&entry.url).map_err(|error| format!("url: {error}"))?;
    match url.scheme() {
        "https" => {}
        "http" if entry.allow_private => {}
        _ => return Err("url begins with https:// (http:// where allow_private is true)".to_owned()),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("url holds credentials; name a secret instead".to_owned());
    }
    if url.fragment().is_some() {
        return Err("url has a fragment, which is never sent".to_owned());
    }
    if !entry.allow_private {
        Reach::Public.check_literal(&url).map_err(|error| format!("url: {error}"))?;
    }
    Ok(url)
}

fn tools(entries: Vec<ToolEntry>, response_bytes: usize) -> Result<BTreeMap<String, Permit>, String> {
    if !(1..=TOOLS).contains(&entries.len()) {
        return Err(format!("a server has 1 to {TOOLS} tools"));
    }
    let mut tools = BTreeMap::new();
    for ToolEntry { name, class, kinds, max_bytes } in entries {
        if !is_tool_name(&name) {
            let most = limits::TOOL_NAME_BYTES;
            return Err(format!("a tool's name is 1 to {most} visible ASCII characters"));
        }
        let class = match class {
            Class::Read => ToolClass::Read,
            Class::Generate => ToolClass::Generate,
            Class::Effect => {
                return Err(format!(
                    "{name} is of class effect: what changes the world goes through our own write servers"
                ));
            }
        };
        if kinds.is_empty() {
            return Err(format!("{name} is for no kind of task"));
        }
        let max_bytes =
            bytes(max_bytes.or(Some(DEFAULT_BYTES.min(response_bytes))), "max_bytes", response_bytes)?;
        let permit = Permit { class, kinds: kinds.into_iter().collect(), max_bytes };
        if tools.insert(name.clone(), permit).is_some() {
            return Err(format!("{name} is listed twice"));
        }
    }
    Ok(tools)
}

fn bytes(given: Option<usize>, field: &str, most: usize) -> Result<usize, String> {
    let bytes = given.unwrap_or(most);
    if (1..=most).contains(&bytes) { Ok(bytes) } else { Err(format!("{field} is 1 to {most}")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PIN: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    /// A good entry, changed.
    fn entry(change: impl FnOnce(&mut Value)) -> String {
        let mut entry = json!({
            "name": "fetch",
            "url": "https://tools.example/mcp",
            "era": "legacy",
            "tools": [{ "name": "fetch", "class": "read", "kinds": ["research"], "max_bytes": 20_000 }],
            "timeout_ms": 8_000,
            "max_response_bytes": 100_000,
            "secret": "chimera/fetch",
        });
        change(&mut entry);
        json!([entry]).to_string()
    }

    fn refusal(text: &str) -> String {
        Registry::from_json(text).unwrap_err().to_string()
    }

    /// [T-22]
    #[test]
    fn a_good_entry_is_taken_as_it_is() {
        let registry = Registry::from_json(&entry(|_| {})).unwrap();
        let classes = [ToolClass::Read];
        let (server, permit) = registry.permit("fetch", "fetch", &classes, Some(TaskKind::Research)).unwrap();
        assert_eq!((server.era, server.timeout), (Era::Legacy, Duration::from_secs(8)));
        assert_eq!((server.response_bytes, permit.max_bytes), (100_000, 20_000));
        assert!(registry.permit("fetch", "fetch", &classes, Some(TaskKind::Write)).is_err());
        let plain = entry(|entry| entry["era"] = json!("auto"));
        assert_eq!(Registry::from_json(&plain).unwrap().server("fetch").unwrap().era, Era::Auto);
        assert!(Registry::from_json(" ").unwrap().servers().next().is_none());
    }

    /// [T-22]
    #[test]
    fn what_is_wrong_is_named() {
        let tool =
            |field: &'static str, value: Value| move |entry: &mut Value| entry["tools"][0][field] = value;
        let field = |field: &'static str, value: Value| move |entry: &mut Value| entry[field] = value;
        let cases: Vec<(String, &str)> = vec![
            ("{}".to_owned(), "MCP_SERVERS cannot be read at ."),
            ("[] x".to_owned(), "trailing characters"),
            (entry(field("timeout", json!(1))), "[0].timeout: unknown field `timeout`"),
            (entry(tool("class", json!("delete"))), "unknown variant `delete`"),
            (entry(tool("class", json!("effect"))), "our own write servers"),
            (entry(tool("class", json!("generate"))), "needs a pin"),
            (entry(tool("kinds", json!(["paint"]))), "unknown variant `paint`"),
            (entry(tool("kinds", json!([]))), "for no kind of task"),
            (entry(tool("max_bytes", json!(100_001))), "max_bytes is 1 to 100000"),
            (entry(tool("name", json!("a b"))), "visible ASCII"),
            (entry(field("url", json!("tools.example"))), "url: "),
            (entry(field("url", json!("http://tools.example"))), "https://"),
            (entry(field("url", json!("https://u:p@tools.example"))), "credentials"),
            (entry(field("url", json!("https://169.254.169.254/"))), "not a public address"),
            (entry(field("url", json!("https://tools.example/#x"))), "fragment"),
            (entry(field("pin", json!("sha256:12"))), "64 hex digits"),
            (entry(field("era", json!("old"))), "unknown variant `old`"),
            (entry(field("name", json!("twitter"))), "one of our own"),
            (entry(field("name", json!("Fetch"))), "a-z"),
            (entry(field("tools", json!([]))), "1 to 64 tools"),
            (entry(field("timeout_ms", json!(0))), "timeout_ms is 1 to 60000"),
            (entry(field("secret", json!(" "))), "names no secret"),
        ];
        for (text, expected) in cases {
            let said = refusal(&text);
            assert!(said.contains(expected), "{said:?} does not say {expected:?}");
        }
    }

    /// [T-22]
    #[test]
    fn nothing_is_listed_twice() {
        let one: Value = serde_json::from_str(&entry(|_| {})).unwrap();
        let twice = json!([one[0], one[0]]).to_string();
        assert!(refusal(&twice).contains("listed twice"));
        let tools = entry(|entry| {
            let tool = entry["tools"][0].clone();
            entry["tools"] = json!([tool, tool]);
        });
        assert!(refusal(&tools).contains("listed twice"));
        let key = r#"[{"name":"a","name":"b"}]"#;
        assert!(refusal(key).contains("a key twice"));
    }

    /// [T-25]
    #[test]
    fn a_pinned_server_may_generate() {
        let text = entry(|entry| {
            entry["tools"][0]["class"] = json!("generate");
            entry["pin"] = json!(PIN);
        });
        let registry = Registry::from_json(&text).unwrap();
        assert_eq!(registry.server("fetch").unwrap().pin.as_ref().map(Digest::as_str), Some(PIN));
    }
}
