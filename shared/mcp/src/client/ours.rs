//! Our own servers: which of their tools may be called, and by the skills of which kinds of task.

use std::collections::BTreeMap;

use chimera_domain::TaskKind::{Film, Illustrate, Remember, Reply, Research, Transact, Write};
use chimera_domain::{Digest, TaskKind};

use super::config::{ConfigError, digest, json};
use super::registry::ToolClass::{Effect, Generate, Read};
use super::registry::{Registry, Server, Target, ToolClass};

/// Names that only our own servers have: an intent that says `twitter` means ours.
pub(crate) const NAMES: [&str; 5] = ["coinbase", "imagegen", "news", "twitter", "weaviate"];

/// A tool, what it does to the world, and who among the skills may call it. What no skill may call is the publisher's or
/// the planner's.
type Rule = (&'static str, ToolClass, &'static [TaskKind]);

const NEWS: &[Rule] =
    &[("news_headlines", Read, &[Research]), ("news_get", Read, &[Research]), ("news_trends", Read, &[])];
const IMAGEGEN: &[Rule] = &[
    ("image_generate", Generate, &[Illustrate]),
    ("video_generate", Generate, &[Film]),
    ("image_get", Read, &[]),
];
const WEAVIATE_READ: &[Rule] = &[
    ("memories_get", Read, &[]),
    ("memory_recall", Read, &[Write, Reply]),
    ("memory_recent", Read, &[Write, Reply]),
];
const WEAVIATE_WRITE: &[Rule] = &[("memories_keep", Effect, &[])];
const TWITTER_READ: &[Rule] = &[
    ("account_get", Read, &[]),
    ("mentions_list", Read, &[]),
    ("posts_metrics", Read, &[Remember]),
    ("posts_search", Read, &[]),
    ("trends_list", Read, &[]),
];
const TWITTER_WRITE: &[Rule] =
    &[("post_create", Effect, &[]), ("post_reply", Effect, &[]), ("post_delete", Effect, &[])];
const COINBASE_READ: &[Rule] = &[
    ("balances_list", Read, &[]),
    ("transfer_get", Read, &[]),
    ("transfer_quote", Read, &[Transact]),
    ("wallet_get", Read, &[]),
];
const COINBASE_WRITE: &[Rule] = &[("transfer", Effect, &[]), ("token_deploy", Effect, &[])];

/// What perception looks at, by address.
const MENTIONS: &[&str] = &["twitter://{tenant}/{account}/mentions/{since}"];
const TRENDS: &[&str] = &["news://{region}/{topic}/trends"];

/// What `MCP_PINS` may name: each half is deployed by itself and has a tool list of its own.
const DEPLOYED: [&str; 8] = [
    "coinbase-read",
    "coinbase-write",
    "imagegen",
    "news",
    "twitter-read",
    "twitter-write",
    "weaviate-read",
    "weaviate-write",
];

impl Server {
    /// Our news server.
    #[must_use]
    pub fn news(target: Target) -> Self {
        Self::ours("news", target, NEWS)
    }

    /// Our image server.
    #[must_use]
    pub fn imagegen(target: Target) -> Self {
        Self::ours("imagegen", target, IMAGEGEN)
    }

    /// The read half of our memory.
    #[must_use]
    pub fn weaviate_read(target: Target) -> Self {
        Self::ours("weaviate-read", target, WEAVIATE_READ)
    }

    /// The write half of our memory.
    #[must_use]
    pub fn weaviate_write(target: Target) -> Self {
        Self::ours("weaviate-write", target, WEAVIATE_WRITE)
    }

    /// The read half of our Twitter server.
    #[must_use]
    pub fn twitter_read(target: Target) -> Self {
        Self::ours("twitter-read", target, TWITTER_READ)
    }

    /// The write half of our Twitter server.
    #[must_use]
    pub fn twitter_write(target: Target) -> Self {
        Self::ours("twitter-write", target, TWITTER_WRITE)
    }

    /// The read half of our wallet server.
    #[must_use]
    pub fn coinbase_read(target: Target) -> Self {
        Self::ours("coinbase-read", target, COINBASE_READ)
    }

    /// The write half of our wallet server.
    #[must_use]
    pub fn coinbase_write(target: Target) -> Self {
        Self::ours("coinbase-write", target, COINBASE_WRITE)
    }

    /// The read half of our Twitter server as perception has it: what was said to an account, and no tool.
    #[must_use]
    pub fn twitter_mentions(target: Target) -> Self {
        Self::ours("twitter-read", target, &[]).showing(MENTIONS)
    }

    /// Our news server as perception has it: what is written about, and no tool.
    #[must_use]
    pub fn news_trends(target: Target) -> Self {
        Self::ours("news", target, &[]).showing(TRENDS)
    }

    fn ours(deployed_as: &'static str, target: Target, rules: &[Rule]) -> Self {
        let mut server = Self::new(target, rules.iter().map(|(name, class, _)| (*name, *class)));
        for (name, _, kinds) in rules {
            if let Some(permit) = server.tools.get_mut(*name) {
                permit.kinds = kinds.iter().copied().collect();
            }
        }
        server.deployed_as = Some(deployed_as);
        server
    }
}

impl Registry {
    /// The same servers, ours pinned as `MCP_PINS` says: JSON from a deployed server's name (`news`, `twitter-write`, …) to
    /// the digest of its tool list. Blank is none. Pins of servers that this registry has not are passed over: the variable
    /// is one for all functions.
    ///
    /// # Errors
    /// [`ConfigError`] when the text is no such JSON, names no server of ours, or holds something else than a digest.
    pub fn pinned(mut self, pins: &str) -> Result<Self, ConfigError> {
        let pins: BTreeMap<String, String> = json("MCP_PINS", pins)?;
        for (name, pin) in &pins {
            let wrong = |why| ConfigError::Server { name: name.clone(), why };
            if !DEPLOYED.contains(&name.as_str()) {
                return Err(wrong("no server of ours is deployed under this name".to_owned()));
            }
            let pin: Digest = digest(pin).map_err(wrong)?;
            for server in self.servers_mut().filter(|server| server.deployed_as == Some(name.as_str())) {
                server.pin = Some(pin.clone());
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIN: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn registry() -> Registry {
        let function = |name: &str| Target::parse(name);
        Registry::new()
            .with("news", Server::news(function("chimera-McpNews")))
            .with("imagegen", Server::imagegen(function("chimera-McpImagegen")))
            .with("twitter", Server::twitter_read(function("chimera-McpTwitterRead")))
    }

    /// [T-20]
    #[test]
    fn a_skill_may_call_its_own_tools_and_no_others() {
        let registry = registry();
        let classes = [Read, Generate];
        let may = |kind, server: &str, tool: &str| registry.permit(server, tool, &classes, kind).is_ok();
        assert!(may(Some(Research), "news", "news_headlines"));
        assert!(!may(Some(Write), "news", "news_headlines"));
        assert!(may(Some(Illustrate), "imagegen", "image_generate"));
        assert!(may(Some(Film), "imagegen", "video_generate"));
        assert!(!may(Some(Illustrate), "imagegen", "video_generate"), "a clip costs many pictures");
        assert!(!may(Some(Film), "imagegen", "image_generate"));
        assert!(may(Some(Remember), "twitter", "posts_metrics"));
        assert!(!may(Some(Remember), "twitter", "posts_search"), "the publisher's alone");
        assert!(may(None, "twitter", "posts_search"));
    }

    /// [T-31]
    #[test]
    fn perception_looks_at_its_addresses_and_calls_nothing() {
        let function = |name: &str| Target::parse(name);
        let registry = Registry::new()
            .with("news", Server::news_trends(function("chimera-McpNews")))
            .with("twitter", Server::twitter_mentions(function("chimera-McpTwitterRead")));
        assert!(registry.shows("twitter", "twitter://acme/mira/mentions/0").is_ok());
        assert!(registry.shows("news", "news://any/science/trends").is_ok());
        for (server, uri) in [
            ("twitter", "twitter://acme/mira/usage"),
            ("twitter", "twitter://acme/mira/mentions/0/more"),
            ("twitter", "twitter://a b/mira/mentions/0"),
            ("twitter", "news://any/any/trends"),
            ("news", "news://latest"),
            ("wallet", "wallet://acme/mira/ledger"),
        ] {
            assert!(registry.shows(server, uri).is_err(), "{server} {uri}");
        }
        assert!(registry.permit("twitter", "mentions_list", &[Read], None).is_err());
        assert!(registry.permit("news", "news_trends", &[Read], None).is_err());
        assert!(self::registry().shows("news", "news://any/any/trends").is_err(), "no other function may");
    }

    /// [T-21]
    #[test]
    fn no_skill_may_call_an_effect() {
        for rules in [
            NEWS,
            IMAGEGEN,
            WEAVIATE_READ,
            WEAVIATE_WRITE,
            TWITTER_READ,
            TWITTER_WRITE,
            COINBASE_READ,
            COINBASE_WRITE,
        ] {
            for (name, class, kinds) in rules {
                assert!(*class != Effect || kinds.is_empty(), "{name}");
            }
        }
    }

    /// [T-25]
    #[test]
    fn pins_are_for_the_half_they_name() {
        let registry = registry().pinned(&format!(r#"{{"twitter-read":"{PIN}","twitter-write":"{PIN}"}}"#));
        let registry = registry.unwrap();
        assert_eq!(registry.server("twitter").unwrap().pin.as_ref().unwrap().as_str(), PIN);
        assert!(registry.server("news").unwrap().pin.is_none());
        assert!(self::registry().pinned("").is_ok(), "blank is none");
        let twice = format!(r#"{{"news":"{PIN}","news":"{PIN}"}}"#);
        for wrong in
            [twice.as_str(), "[]", r#"{"twiter-read":"x"}"#, r#"{"news":"sha256:12"}"#, r#"{"news":1}"#]
        {
            assert!(self::registry().pinned(wrong).is_err(), "{wrong}");
        }
    }
}
