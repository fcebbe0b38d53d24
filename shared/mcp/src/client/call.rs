//! One call of a tool: permitted by the registry, held to the pinned list, made within one deadline.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::HeaderValue;
use chimera_domain::ports::ToolError;
use chimera_signed_http::secrets::{SecretError, Secrets};
use rmcp::model::{CallToolRequestParams, CallToolResponse, CallToolResult, JsonObject, Tool};
use serde_json::Value;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};

use super::catalog::{self, Catalog};
use super::connections::Connections;
use super::courier::Courier;
use super::era::{self, Era, Peer, Probed, Spoken, fault_of};
use super::fault::{Again, Failure, Fault, Kind, told};
use super::registry::{Permit, Registry, Server};
use super::result;
use super::retry::{Pauses, may_repeat};
use super::token::bearer;
use crate::trace;

/// Calls the servers of one registry.
#[derive(Debug)]
pub(crate) struct Caller<S> {
    pub(crate) registry: Registry,
    connections: Connections,
    secrets: S,
    pub(super) pauses: Pauses,
    learnt: BTreeMap<String, Learnt>,
}

/// What the process has found out about a server. None of it is a connection: all of it outlives a freeze.
#[derive(Debug, Default)]
struct Learnt {
    catalog: OnceCell<Catalog>,
    spoken: Mutex<Option<Spoken>>,
    /// Held by the one call that finds out what the server speaks. Says when the last one got no answer, and what it took the
    /// server for.
    probing: tokio::sync::Mutex<Option<(Instant, Spoken)>>,
    token: Mutex<Option<HeaderValue>>,
}

/// Which tool of which server.
#[derive(Clone, Copy)]
pub(crate) struct Called<'a> {
    pub(crate) name: &'a str,
    pub(crate) server: &'a Server,
    pub(crate) permit: &'a Permit,
    pub(crate) tool: &'a str,
}

impl<S: Secrets> Caller<S> {
    pub(crate) fn new(registry: Registry, connections: Connections, secrets: S, pauses: Pauses) -> Self {
        let learnt = registry.servers().map(|(name, _)| (name.clone(), Learnt::default())).collect();
        Self { registry, connections, secrets, pauses, learnt }
    }

    /// The same caller, with other secrets.
    pub(crate) fn with_secrets<T: Secrets>(self, secrets: T) -> Caller<T> {
        Caller::new(self.registry, self.connections, secrets, self.pauses)
    }

    /// The same caller, with other pauses.
    pub(crate) fn paced(self, pauses: Pauses) -> Self {
        Self { pauses, ..self }
    }

    /// Calls a permitted tool; gives its checked answer. Everything happens within `deadline`.
    pub(crate) async fn call(
        &self,
        called: Called<'_>,
        arguments: Value,
        deadline: Duration,
    ) -> Result<Value, ToolError> {
        let Called { name, server, permit, tool } = called;
        let Value::Object(arguments) = arguments else {
            return Err(ToolError::Forbidden(format!("{name}.{tool}: arguments are no object")));
        };
        let deadline = deadline.min(server.timeout);
        let within = Instant::now() + deadline;
        // Asking for the tool list acts on nothing: it may be repeated whatever the call does.
        let listed = self.pauses.repeat(true, within, || self.held_to(name, server, within)).await;
        let catalog = listed.map_err(|failure| failure.error)?;
        let arguments = match catalog {
            // Somebody else's tool is named in a brief, where everything is text.
            Some(catalog) if server.is_foreign => catalog.read_as_wanted(tool, arguments),
            _ => arguments,
        };
        if let Some(catalog) = catalog {
            catalog.check_input(tool, &arguments)?;
        }
        let repeats = may_repeat(permit.class, &arguments);
        let attempt = || self.attempt(called, catalog, &arguments, within);
        self.pauses.repeat(repeats, within, attempt).await.map_err(|failure| failure.error)
    }

    /// What the call is held to. Running out of time here is no doubt about the call.
    pub(super) async fn held_to(
        &self,
        name: &str,
        server: &Server,
        within: Instant,
    ) -> Result<Option<&Catalog>, Failure> {
        let knew_token = self.knows_token(name);
        match timeout_at(within, Box::pin(self.catalog(name, server, within))).await {
            Ok(Ok(catalog)) => Ok(catalog),
            Ok(Err(fault)) => Err(self.failure(name, fault.beforehand(), knew_token)),
            Err(_) => Err(named(name, Fault::unsent("no tool list in time").again(Again::Never))),
        }
    }

    async fn attempt(
        &self,
        called: Called<'_>,
        catalog: Option<&Catalog>,
        arguments: &JsonObject,
        within: Instant,
    ) -> Result<Value, Failure> {
        if within <= Instant::now() {
            // To begin now would make an unknown of it.
            return Err(named(called.name, Fault::unsent("no time is left to send it").again(Again::Never)));
        }
        let knew_token = self.knows_token(called.name);
        let exchange = self.exchange(called, arguments, within);
        let result = match timeout_at(within, Box::pin(exchange)).await {
            Ok(Ok(result)) => result,
            Ok(Err(fault)) => return Err(self.failure(called.name, fault, knew_token)),
            Err(_) => return Err(named(called.name, Fault::late())),
        };
        let whose = (called.server.is_foreign, called.permit.max_bytes);
        let answer = result::answer(result, whose)?;
        let structure = answer.is_structured.then_some(&answer.json);
        match catalog.map_or(Ok(()), |catalog| catalog.check_output(called.tool, structure)) {
            Ok(()) => Ok(answer.json),
            Err(fault) => Err(named(called.name, fault)),
        }
    }

    /// One request for the call, after as many as the server's revision wants before it.
    async fn exchange(
        &self,
        called: Called<'_>,
        arguments: &JsonObject,
        within: Instant,
    ) -> Result<CallToolResult, Fault> {
        let Called { name, server, tool, .. } = called;
        let connecting = Box::pin(self.connect(name, server, within, server.response_bytes));
        let (courier, peer) = connecting.await.map_err(Fault::beforehand)?;
        let mut params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments.clone());
        params.meta = trace::meta();
        let outcome = match timeout_at(courier.last_moment(), peer.call_tool_once(params)).await {
            Ok(Ok(CallToolResponse::Complete(result))) => Ok(result),
            Ok(Ok(_)) => Err(Fault::violation("the tool asked for something before answering")),
            Ok(Err(error)) => Err(fault_of(&error, &courier)),
            Err(_) => Err(Fault::late()),
        };
        courier.farewell().await;
        outcome
    }

    /// A peer that is ready for one request whose answer has at most `limit` bytes, and the courier that carries it and
    /// says farewell afterwards.
    pub(super) async fn connect(
        &self,
        name: &str,
        server: &Server,
        within: Instant,
        limit: usize,
    ) -> Result<(Courier, Peer), Fault> {
        let courier = self.courier(name, server, within, limit).await?;
        let spoken = self.spoken(name, server, &courier, within).await?;
        match era::connect(&courier, spoken).await {
            Ok(peer) => Ok((courier, peer)),
            Err(fault) => {
                courier.farewell().await;
                Err(fault)
            }
        }
    }

    /// The pinned list, where there is a pin: fetched by the process's first call, and by later ones only while it cannot
    /// be had or has drifted.
    async fn catalog(&self, name: &str, server: &Server, within: Instant) -> Result<Option<&Catalog>, Fault> {
        let (Some(pin), Some(learnt)) = (&server.pin, self.learnt.get(name)) else {
            return Ok(None);
        };
        let fetched = learnt.catalog.get_or_try_init(async || {
            let tools = self.list(name, server, within).await?;
            // Which of our own tools a call may need is the kit's to know.
            let may_be_called = |tool: &str| !server.is_foreign || server.tools.contains_key(tool);
            Catalog::pinned(&tools, pin, may_be_called).inspect_err(|fault| {
                // [T-25] A person must look: nothing is called on this server until its pin or its tools are right again.
                tracing::error!(mcp.server = name, %pin, why = %fault, "a server's tools cannot be trusted");
            })
        });
        fetched.await.map(Some)
    }

    /// The server's tool list.
    pub(crate) async fn list(
        &self,
        name: &str,
        server: &Server,
        within: Instant,
    ) -> Result<Vec<Tool>, Fault> {
        let (courier, peer) = Box::pin(self.connect(name, server, within, catalog::PAGE_BYTES)).await?;
        let listing = Box::pin(catalog::list(&peer, &courier));
        let listed = timeout_at(courier.last_moment(), listing).await.unwrap_or_else(|_| Err(Fault::late()));
        courier.farewell().await;
        listed
    }

    async fn courier(
        &self,
        name: &str,
        server: &Server,
        within: Instant,
        limit: usize,
    ) -> Result<Courier, Fault> {
        let token = self.token(name, server).await?;
        Ok(Courier::new(self.connections.to(&server.target), token, within, limit))
    }

    /// [T-24] The server's bearer token, read once per process and again when the server has refused it.
    async fn token(&self, name: &str, server: &Server) -> Result<Option<HeaderValue>, Fault> {
        let (Some(secret), Some(learnt)) = (&server.secret, self.learnt.get(name)) else {
            return Ok(None);
        };
        let known = learnt.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if known.is_some() {
            return Ok(known);
        }
        let read = Box::pin(self.secrets.required(secret)).await.and_then(|token| bearer(secret, &token));
        let token = read.map_err(|error| match error {
            SecretError::Unavailable(_) => Fault::unsent(error.to_string()),
            SecretError::Unusable { .. } | SecretError::Unconfigured(_) | SecretError::Setup(_) => {
                Fault::forbidden(error.to_string())
            }
        })?;
        *learnt.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        Ok(Some(token))
    }

    /// [T-23] What the server speaks: as configured, or found out with one probe and remembered.
    async fn spoken(
        &self,
        name: &str,
        server: &Server,
        courier: &Courier,
        within: Instant,
    ) -> Result<Spoken, Fault> {
        let learnt = match (server.era, self.learnt.get(name)) {
            (Era::Modern, _) => return Ok(Spoken::Modern),
            (Era::Legacy, _) | (Era::Auto, None) => return Ok(Spoken::Legacy),
            (Era::Auto, Some(learnt)) => learnt,
        };
        let known = || *learnt.spoken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(spoken) = known() {
            return Ok(spoken);
        }
        let began = Instant::now();
        let mut in_vain = learnt.probing.lock().await;
        // A probe that ended while this call waited was made for it as well: silence costs each of them its time once.
        let shared = in_vain.filter(|(ended, _)| *ended >= began).map(|(_, spoken)| spoken);
        if let Some(spoken) = known().or(shared) {
            return Ok(spoken);
        }
        match era::probe(courier.apart(), within).await? {
            Probed::Surely(spoken) => {
                *learnt.spoken.lock().unwrap_or_else(PoisonError::into_inner) = Some(spoken);
                Ok(spoken)
            }
            Probed::Perhaps(spoken) => {
                *in_vain = Some((Instant::now(), spoken));
                Ok(spoken)
            }
        }
    }

    /// Whether the next request shows a token that an earlier one has read.
    pub(super) fn knows_token(&self, name: &str) -> bool {
        let known = |learnt: &Learnt| learnt.token.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        self.learnt.get(name).is_some_and(known)
    }

    /// The failure of a request that met this fault. What was learnt is asked for anew after a refusal: the token may have
    /// been replaced, the server too. Only a token that was read earlier is worth another attempt. Nothing is waited for:
    /// the deadline may be over.
    pub(super) fn failure(&self, name: &str, fault: Fault, knew_token: bool) -> Failure {
        let (Kind::Forbidden, Some(learnt)) = (fault.kind, self.learnt.get(name)) else {
            return named(name, fault);
        };
        *learnt.token.lock().unwrap_or_else(PoisonError::into_inner) = None;
        *learnt.spoken.lock().unwrap_or_else(PoisonError::into_inner) = None;
        named(name, if knew_token { fault } else { fault.again(Again::Never) })
    }
}

/// The failure, naming the server.
pub(super) fn named(name: &str, fault: Fault) -> Failure {
    let why = format!("{}: {}", told(name), fault.why);
    Fault { why, ..fault }.into()
}
