//! Who asks, and whether their role may. The one place that reads a token.

use std::collections::BTreeSet;

use axum::extract::{FromRequestParts, MatchedPath, Path};
use axum::http::request::Parts;
use axum::http::{Method, header};
use chimera_domain::{OperatorId, TenantId};
use chimera_runtime::auth::{self, AuthError, Operation, Role};
use chimera_runtime::telemetry;
use serde::de::DeserializeOwned;

use crate::errors::{self, Problem};
use crate::routes::ROUTES;
use crate::state::{Api, Clock, Ids, Store};

/// A signed-in person whose role allows the route. Taking one as an argument is the check: a handler
/// without it is open to everybody, and one with it on a route that is not in [`ROUTES`] is closed to everybody.
pub(crate) struct Caller {
    /// [P-9] Whose rows: the token says so, never the request.
    pub(crate) tenant: TenantId,
    /// Who.
    pub(crate) operator: OperatorId,
    roles: BTreeSet<Role>,
}

impl Caller {
    /// Whether a role of theirs allows more than the route asks for.
    pub(crate) fn may(&self, operation: Operation) -> bool {
        self.roles.iter().any(|role| auth::allowed(*role, operation))
    }
}

impl<S: Store, C: Clock, I: Ids> FromRequestParts<Api<S, C, I>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api<S, C, I>) -> Result<Self, Problem> {
        let caller = signed_in(parts, api).await?;
        let operation = operation(parts).ok_or_else(errors::unlisted)?;
        caller.require(operation).map_err(refused)?;
        Ok(Self { tenant: caller.tenant, operator: caller.operator, roles: caller.roles })
    }
}

/// A signed-in person, whatever their role: for paths that are not there.
pub(crate) struct SignedIn;

impl<S: Store, C: Clock, I: Ids> FromRequestParts<Api<S, C, I>> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api<S, C, I>) -> Result<Self, Problem> {
        signed_in(parts, api).await.map(|_| Self)
    }
}

/// Ids in a path. One that could never exist is answered like one that does not.
pub(crate) struct At<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<T>::from_request_parts(parts, state).await.map_err(|_| errors::not_found())?;
        Ok(Self(path.0))
    }
}

/// Answers for a path that is not there.
pub(crate) async fn no_such_path(_: SignedIn) -> Problem {
    errors::not_found()
}

/// Answers for a method that a path does not have; the router adds the ones it has.
pub(crate) async fn no_such_method(_: SignedIn) -> Problem {
    errors::other_method()
}

fn operation(parts: &Parts) -> Option<Operation> {
    let path = parts.extensions.get::<MatchedPath>()?.as_str();
    let method = if parts.method == Method::HEAD { "GET" } else { parts.method.as_str() };
    ROUTES.iter().find(|route| route.path == path && route.method == method)?.operation
}

/// Nothing else about a request is looked at before this.
async fn signed_in<S: Store, C: Clock, I: Ids>(
    parts: &Parts,
    api: &Api<S, C, I>,
) -> Result<auth::Caller, Problem> {
    let token = bearer(parts).ok_or_else(errors::unauthenticated)?;
    api.verifier().verify(token, api.now()).await.map_err(refused)
}

/// The one bearer token of the request: of two, nobody could say whose request it is.
fn bearer(parts: &Parts) -> Option<&str> {
    let mut given = parts.headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The reason goes to the log alone: it helps nobody but a forger.
fn refused(error: AuthError) -> Problem {
    tracing::info!(reason = telemetry::chain(&error), "a caller was refused");
    chimera_runtime::Problem::from(&error).into()
}
