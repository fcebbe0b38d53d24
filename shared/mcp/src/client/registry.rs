//! Which servers there are, and what may be called on them. Ours to say, never theirs.

use std::collections::BTreeMap;

use chimera_domain::Digest;
use chimera_domain::ports::ToolError;
use url::Url;

use crate::net::Reach;

/// What a tool does to the world. Comes from our configuration, never from a server's annotations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolClass {
    /// Looks.
    Read,
    /// Makes something that nobody sees yet; costs money.
    Generate,
    /// Changes the world: needs a grant.
    Effect,
}

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A function of ours, invoked directly.
    Lambda {
        /// Its name or ARN.
        function: String,
    },
    /// A server behind HTTP.
    Http {
        /// Its endpoint, such as `https://tools.example/mcp`.
        url: Url,
        /// Which addresses it may have.
        reach: Reach,
    },
}

impl Target {
    /// Reads a target as the environment spells it: an `http://` or `https://` URL, else a function's name. An HTTP
    /// target may be public only; see [`Target::within`].
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Self::Http { url, reach: Reach::Public },
            _ => Self::Lambda { function: text.to_owned() },
        }
    }

    /// The same target with another reach, where it is an HTTP one.
    #[must_use]
    pub fn within(self, reach: Reach) -> Self {
        match self {
            Self::Http { url, .. } => Self::Http { url, reach },
            lambda @ Self::Lambda { .. } => lambda,
        }
    }
}

/// A server, the tools we allow on it, and the tool list we expect.
#[derive(Debug, Clone)]
pub struct Server {
    pub(crate) target: Target,
    pub(crate) tools: BTreeMap<String, ToolClass>,
    pub(crate) pin: Option<Digest>,
}

impl Server {
    /// A server with the tools that may be called on it.
    pub fn new<'a>(target: Target, tools: impl IntoIterator<Item = (&'a str, ToolClass)>) -> Self {
        let tools = tools.into_iter().map(|(name, class)| (name.to_owned(), class)).collect();
        Self { target, tools, pin: None }
    }

    /// Our news server.
    #[must_use]
    pub fn news(target: Target) -> Self {
        Self::new(target, [("news_headlines", ToolClass::Read)])
    }

    /// The read half of our Twitter server.
    #[must_use]
    pub fn twitter_read(target: Target) -> Self {
        Self::new(target, [("posts_search", ToolClass::Read), ("account_get", ToolClass::Read)])
    }

    /// The write half of our Twitter server.
    #[must_use]
    pub fn twitter_write(target: Target) -> Self {
        Self::new(target, ["post_create", "post_reply", "post_delete"].map(|tool| (tool, ToolClass::Effect)))
    }

    /// The same server, whose tool list must have this digest (see [`crate::server::tools_digest`]). Any drift fails
    /// every call until a person has looked.
    #[must_use]
    pub fn pinned(mut self, pin: Digest) -> Self {
        self.pin = Some(pin);
        self
    }
}

/// The servers by the names that intents and skills use.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    servers: BTreeMap<String, Server>,
}

impl Registry {
    /// No servers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One more server.
    #[must_use]
    pub fn with(mut self, name: &str, server: Server) -> Self {
        self.servers.insert(name.to_owned(), server);
        self
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = (&String, &Server)> {
        self.servers.iter()
    }

    /// The server, if `tool` may be called on it by a caller of these classes.
    pub(crate) fn permit(
        &self,
        server: &str,
        tool: &str,
        classes: &[ToolClass],
    ) -> Result<&Server, ToolError> {
        let known = self.servers.get(server).ok_or_else(|| forbidden(server, tool, "no such server"))?;
        match known.tools.get(tool) {
            None => Err(forbidden(server, tool, "not on the allow-list")),
            Some(class) if classes.contains(class) => Ok(known),
            Some(_) => Err(forbidden(server, tool, "of a class this caller may not use")),
        }
    }
}

fn forbidden(server: &str, tool: &str, why: &str) -> ToolError {
    ToolError::Forbidden(format!("{server}.{tool}: {why}"))
}
