//! Resources: what a server knows and a client may look at by address.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use chimera_domain::TenantId;
use futures::future::BoxFuture;
use rmcp::model::{CacheScope, ReadResourceResult, Resource, ResourceContents, ResourceTemplate};
use serde_json::Value;

use super::offer::SpecError;
use super::tool::{CallContext, ToolFault};

/// How long a client may keep a resource unless its spec says otherwise.
const TTL: Duration = Duration::from_secs(60);
/// What every resource is.
const MIME: &str = "application/json";

/// A resource, or a family of them: a URI with `{names}` in braces, each of which stands for one or more characters
/// without `/`, `?` and `#`, and `{tenant}` for a tenant's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceSpec {
    /// Its URI, or the template of its URIs. What is a tenant's has the tenant in it.
    pub uri: &'static str,
    /// Its name, for programs.
    pub name: &'static str,
    /// What it shows, for models and people.
    pub description: &'static str,
    /// How long a client may take an answer for fresh.
    pub ttl: Duration,
    /// Whether one client's copy may be shown to another: never for what is a tenant's.
    pub public: bool,
}

impl ResourceSpec {
    /// A private resource that is fresh for a minute.
    #[must_use]
    pub const fn new(uri: &'static str, name: &'static str, description: &'static str) -> Self {
        Self { uri, name, description, ttl: TTL, public: false }
    }

    /// The same, fresh for this long.
    #[must_use]
    pub const fn fresh_for(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// The same for everybody.
    #[must_use]
    pub const fn public(mut self) -> Self {
        self.public = true;
        self
    }

    /// What the names in braces stand for in a URI; none where it is no URI of this resource. Percent-encoded
    /// characters are left as they are.
    #[must_use]
    pub fn parts<'a>(&self, uri: &'a str) -> Option<BTreeMap<&'static str, &'a str>> {
        let (mut template, mut rest, mut parts) = (self.uri, uri, BTreeMap::new());
        while let Some((literal, after)) = template.split_once('{') {
            rest = rest.strip_prefix(literal)?;
            let (name, tail) = after.split_once('}')?;
            let stop = tail.chars().next().filter(|stop| *stop != '{').unwrap_or('/');
            let end = rest.find([stop, '/']).unwrap_or(rest.len());
            let (value, left) = rest.split_at(end);
            if !stands_for(name, value) || parts.insert(name, value).is_some() {
                return None;
            }
            (template, rest) = (tail, left);
        }
        (template == rest).then_some(parts)
    }

    /// Why it cannot be offered beside those before it, if it cannot.
    fn flaw(&self, before: &[Self]) -> Option<&'static str> {
        let Some(example) = self.example() else {
            return Some(
                "a URI has a scheme, and names in pairs of braces, each once and apart from the next",
            );
        };
        let overlaps = |other: &Self| {
            let theirs = other.example().is_some_and(|example| self.parts(&example).is_some());
            theirs || other.parts(&example).is_some()
        };
        if self.public && self.uri.contains("{tenant}") {
            return Some("what is a tenant's is not public");
        }
        before.iter().any(overlaps).then_some("another resource has its addresses")
    }

    /// One of its URIs; none where its own is not well formed.
    fn example(&self) -> Option<String> {
        let mut example = self.uri.to_owned();
        while let Some((before, after)) = example.split_once('{') {
            let (_, rest) = after.split_once('}')?;
            example = format!("{before}x{rest}");
        }
        let fits = example.contains("://") && !example.contains('}');
        (fits && self.parts(&example).is_some()).then_some(example)
    }

    fn is_template(&self) -> bool {
        self.uri.contains('{')
    }

    fn ttl_ms(&self) -> u64 {
        u64::try_from(self.ttl.as_millis()).unwrap_or(u64::MAX)
    }

    fn scope(&self) -> CacheScope {
        if self.public { CacheScope::Public } else { CacheScope::Private }
    }
}

/// Whether a value may stand for a name in a URI. What is no id of a tenant must not become a part of a key anywhere.
fn stands_for(name: &str, value: &str) -> bool {
    let is_plain = !name.is_empty() && !value.is_empty() && !value.contains(['?', '#']);
    let is_step = matches!(value, "." | "..");
    is_plain && !is_step && (name != "tenant" || TenantId::new(value).is_ok())
}

/// [T-2] The first resource that cannot be offered, if there is one.
pub(crate) fn odd(specs: &[ResourceSpec]) -> Option<SpecError> {
    specs.iter().enumerate().find_map(|(at, spec)| {
        let why = spec.flaw(&specs[..at])?;
        Some(SpecError::new(format!("resource {:?}", spec.uri), why))
    })
}

/// The resources of a server.
pub trait Resources: Send + Sync + 'static {
    /// What it offers; it does not change while the server runs.
    fn templates(&self) -> Vec<ResourceSpec>;

    /// Reads a URI that one of the specs has; see [`ResourceSpec::parts`].
    ///
    /// # Errors
    /// A refusal with the code `not_found` where nothing is there; other refusals and faults as tools have them.
    fn read(&self, context: &CallContext, uri: &str)
    -> impl Future<Output = Result<Value, ToolFault>> + Send;
}

/// [`Resources`] without their type.
pub(crate) trait AnyResources: Send + Sync {
    fn read<'a>(&'a self, context: &'a CallContext, uri: &'a str) -> BoxFuture<'a, Result<Value, ToolFault>>;
}

impl<R: Resources> AnyResources for R {
    fn read<'a>(&'a self, context: &'a CallContext, uri: &'a str) -> BoxFuture<'a, Result<Value, ToolFault>> {
        Box::pin(Resources::read(self, context, uri))
    }
}

/// What a server offers, with what reads it.
pub(crate) struct Shelf {
    pub(crate) specs: Vec<ResourceSpec>,
    pub(crate) reader: Box<dyn AnyResources>,
}

impl Shelf {
    pub(crate) fn listed(&self) -> Vec<Resource> {
        let plain = self.specs.iter().filter(|spec| !spec.is_template());
        plain
            .map(|spec| {
                Resource::new(spec.uri, spec.name).with_description(spec.description).with_mime_type(MIME)
            })
            .collect()
    }

    pub(crate) fn templates(&self) -> Vec<ResourceTemplate> {
        let templates = self.specs.iter().filter(|spec| spec.is_template());
        templates
            .map(|spec| {
                ResourceTemplate::new(spec.uri, spec.name)
                    .with_description(spec.description)
                    .with_mime_type(MIME)
            })
            .collect()
    }

    /// [T-8] Reads what is at a URI; nothing is asked that no spec has.
    pub(crate) async fn look(
        &self,
        context: &CallContext,
        uri: &str,
    ) -> Result<(Value, &ResourceSpec), ToolFault> {
        let spec = self.specs.iter().find(|spec| spec.parts(uri).is_some());
        let spec = spec.ok_or_else(|| ToolFault::refused("not_found", "no such resource", false))?;
        Ok((self.reader.read(context, uri).await?, spec))
    }

    /// The same as MCP says it.
    pub(crate) async fn read(
        &self,
        context: &CallContext,
        uri: &str,
    ) -> Result<ReadResourceResult, ToolFault> {
        let (value, spec) = self.look(context, uri).await?;
        let contents = ResourceContents::text(value.to_string(), uri).with_mime_type(MIME);
        let result = ReadResourceResult::new(vec![contents]);
        Ok(result.with_ttl_ms(spec.ttl_ms()).with_cache_scope(spec.scope()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [T-8]
    #[test]
    fn a_uri_is_taken_apart_by_its_template_or_not_at_all() {
        let spec = ResourceSpec::new("wallet://{tenant}/{agent}/ledger", "ledger", "");
        let parts = spec.parts("wallet://t1/nova/ledger").unwrap();
        assert_eq!(parts, BTreeMap::from([("tenant", "t1"), ("agent", "nova")]));
        for other in [
            "wallet://t1/nova/ledger/more",
            "wallet://t1/ledger",
            "wallet:///nova/ledger",
            "wallet://t1/nova/ledge",
            "news://t1/nova/ledger",
            "wallet://../nova/ledger",
            "wallet://t1/../ledger",
            "wallet://t1/nova/../ledger",
            "wallet://t%31/nova/ledger",
            "wallet://t1#t2/nova/ledger",
            "wallet://t1/nova?all/ledger",
            "wallet://t1/nova/ledger?all",
            "wallet://t1/nova/ledger#all",
            "wallet:///t1/nova/ledger",
            "wallet://*/nova/ledger",
            "",
        ] {
            assert_eq!(spec.parts(other), None, "{other}");
        }
        let plain = ResourceSpec::new("news://latest", "latest", "");
        assert_eq!(plain.parts("news://latest"), Some(BTreeMap::new()));
        assert_eq!(plain.parts("news://latest/x"), None);
        let dotted = ResourceSpec::new("img://{digest}.png", "image", "");
        assert_eq!(dotted.parts("img://abc.png").unwrap()["digest"], "abc");
    }
}
