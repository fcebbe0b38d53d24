//! Which servers there are, what may be called on them, and by which kinds of task. Ours to say, never theirs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chimera_domain::ports::ToolError;
use chimera_domain::{Digest, TaskKind};
use url::Url;

use super::era::Era;
use super::fault::told;
use crate::RESPONSE_BYTES;
use crate::net::Reach;
use crate::server::ResourceSpec;

/// Longest call of a server that names none: Lambda lets nobody wait longer.
const TIMEOUT: Duration = Duration::from_secs(15 * 60);

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

/// How one tool may be called.
#[derive(Debug, Clone)]
pub(crate) struct Permit {
    pub(crate) class: ToolClass,
    /// The kinds of task whose skills may call it.
    pub(crate) kinds: BTreeSet<TaskKind>,
    /// Longest answer, in bytes of JSON.
    pub(crate) max_bytes: usize,
}

/// A server, the tools we allow on it, and the tool list we expect.
#[derive(Debug, Clone)]
pub struct Server {
    pub(crate) target: Target,
    pub(crate) tools: BTreeMap<String, Permit>,
    /// The addresses that may be looked at.
    pub(crate) shown: Vec<ResourceSpec>,
    pub(crate) pin: Option<Digest>,
    /// The name under which `MCP_PINS` knows it, where it is one of ours.
    pub(crate) deployed_as: Option<&'static str>,
    /// Whether it is somebody else's: it may then answer in plain text.
    pub(crate) is_foreign: bool,
    pub(crate) era: Era,
    /// Longest call.
    pub(crate) timeout: Duration,
    /// Longest answer on the wire, in bytes.
    pub(crate) response_bytes: usize,
    /// The secret that holds its bearer token.
    pub(crate) secret: Option<String>,
}

impl Server {
    /// A server of ours with the tools that may be called on it. No kind of task may, until
    /// [`for_kinds`](Self::for_kinds) says so.
    pub fn new<'a>(target: Target, tools: impl IntoIterator<Item = (&'a str, ToolClass)>) -> Self {
        let permit = |class| Permit { class, kinds: BTreeSet::new(), max_bytes: RESPONSE_BYTES };
        Self {
            target,
            tools: tools.into_iter().map(|(name, class)| (name.to_owned(), permit(class))).collect(),
            shown: Vec::new(),
            pin: None,
            deployed_as: None,
            is_foreign: false,
            era: Era::Modern,
            timeout: TIMEOUT,
            response_bytes: RESPONSE_BYTES,
            secret: None,
        }
    }

    /// The same server, all of whose tools may be called by the skills of these kinds of task.
    #[must_use]
    pub fn for_kinds(mut self, kinds: &[TaskKind]) -> Self {
        for permit in self.tools.values_mut() {
            permit.kinds = kinds.iter().copied().collect();
        }
        self
    }

    /// The same server, of which what is at these addresses may be looked at: templates as the server spells its own (see
    /// [`ResourceSpec::parts`]). None may, until this says so.
    #[must_use]
    pub fn showing(mut self, templates: &[&'static str]) -> Self {
        self.shown = templates.iter().map(|uri| ResourceSpec::new(uri, "", "")).collect();
        self
    }

    /// The same server, which speaks this revision: ours speak all of them, and the present one costs one exchange.
    #[must_use]
    pub fn speaking(mut self, era: Era) -> Self {
        self.era = era;
        self
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

    pub(crate) fn servers(&self) -> impl Iterator<Item = (&String, &Server)> {
        self.servers.iter()
    }

    pub(crate) fn servers_mut(&mut self) -> impl Iterator<Item = &mut Server> {
        self.servers.values_mut()
    }

    /// The server of this name.
    pub(crate) fn server(&self, name: &str) -> Result<&Server, ToolError> {
        self.servers.get(name).ok_or_else(|| ToolError::Forbidden(format!("{}: no such server", told(name))))
    }

    /// [T-31] The server, if what it shows at `uri` may be looked at.
    pub(crate) fn shows(&self, server: &str, uri: &str) -> Result<&Server, ToolError> {
        let known = self.server(server)?;
        if known.shown.iter().any(|spec| spec.parts(uri).is_some()) {
            return Ok(known);
        }
        let (server, uri) = (told(server), told(uri));
        Err(ToolError::Forbidden(format!("{server}: {uri} is not among the addresses that may be looked at")))
    }

    /// [T-20] [T-21] The server, if `tool` may be called on it by a caller of these classes, and by the skill of this kind
    /// of task where it is one's.
    pub(crate) fn permit(
        &self,
        server: &str,
        tool: &str,
        classes: &[ToolClass],
        kind: Option<TaskKind>,
    ) -> Result<(&Server, &Permit), ToolError> {
        let forbidden = |why: &str| ToolError::Forbidden(format!("{}.{}: {why}", told(server), told(tool)));
        let known = self.server(server)?;
        let permit = known.tools.get(tool).ok_or_else(|| forbidden("not on the allow-list"))?;
        if !classes.contains(&permit.class) {
            return Err(forbidden("of a class this caller may not use"));
        }
        match kind {
            Some(kind) if !permit.kinds.contains(&kind) => Err(forbidden("not for this kind of task")),
            _ => Ok((known, permit)),
        }
    }

    /// [K-12] The same for a tool that a brief names: it looks, and is somebody else's. What ours may be asked is for the
    /// skills to say.
    pub(crate) fn permit_named(
        &self,
        server: &str,
        tool: &str,
        kind: TaskKind,
    ) -> Result<(&Server, &Permit), ToolError> {
        let permitted = self.permit(server, tool, &[ToolClass::Read], Some(kind))?;
        if permitted.0.is_foreign {
            return Ok(permitted);
        }
        Err(ToolError::Forbidden(format!("{}: a server of our own, which no brief may name", told(server))))
    }
}
