//! What every handler shares.

use std::sync::Arc;

use chimera_domain::ports::{
    self, AuditReader, DecisionReader, DecisionWriter, LedgerReader, StateIndex, StateReader, StateWriter,
};
use chimera_domain::{OperatorId, TenantId, Timestamp, WriterId};
use chimera_runtime::auth::Verifier;
use uuid::Uuid;

/// How often a conditional write is tried again with what is there by then. Two people rarely turn one row at once;
/// five are a storm, and the caller is told to come back.
pub(crate) const WRITE_TRIES: u32 = 5;

/// What the `api` may do to the stores: its whole IAM policy. Implemented by whatever has the ports.
pub trait Store:
    StateReader
    + StateIndex
    + StateWriter
    + DecisionWriter
    + DecisionReader
    + LedgerReader
    + AuditReader
    + Send
    + 'static
{
}

impl<S> Store for S where
    S: StateReader
        + StateIndex
        + StateWriter
        + DecisionWriter
        + DecisionReader
        + LedgerReader
        + AuditReader
        + Send
        + 'static
{
}

/// A clock that requests can share.
pub trait Clock: ports::Clock + Send + 'static {}

impl<C: ports::Clock + Send + 'static> Clock for C {}

/// A source of ids that requests can share.
pub trait Ids: ports::Ids + Send + 'static {}

impl<I: ports::Ids + Send + 'static> Ids for I {}

/// The state behind the routes. Clones share it.
pub struct Api<S, C, I>(Arc<Parts<S, C, I>>);

struct Parts<S, C, I> {
    store: S,
    clock: C,
    ids: I,
    verifier: Verifier,
    operating: Option<TenantId>,
}

impl<S, C, I> Clone for Api<S, C, I> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Store, C: Clock, I: Ids> Api<S, C, I> {
    /// An API over `store` that trusts the tokens `verifier` accepts; `operating` is the tenant that may see what is
    /// nobody's, if there is one.
    pub fn new(store: S, clock: C, ids: I, verifier: Verifier, operating: Option<TenantId>) -> Self {
        Self(Arc::new(Parts { store, clock, ids, verifier, operating }))
    }

    pub(crate) fn store(&self) -> &S {
        &self.0.store
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    pub(crate) fn fresh(&self) -> Uuid {
        self.0.ids.fresh()
    }

    /// [P-12] The writer id of one request's write, with who asks: the audit shows it beside the row's version, and a lost
    /// reply is told from a clash by it.
    pub(crate) fn writer_of(&self, what: &str, operator: &OperatorId) -> WriterId {
        WriterId::new(format!("{what}-{operator}-{}", self.fresh()))
    }

    pub(crate) fn verifier(&self) -> &Verifier {
        &self.0.verifier
    }

    /// Whether this is the tenant that runs the stack.
    pub(crate) fn is_operating(&self, tenant: &TenantId) -> bool {
        self.0.operating.as_ref() == Some(tenant)
    }
}
