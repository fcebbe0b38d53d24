//! The platform itself: the X API, version 2.

pub(crate) mod client;
pub(crate) mod outlet;
pub(crate) mod said;
pub(crate) mod timeline;
pub(crate) mod tokens;
pub(crate) mod upload;
pub(crate) mod wire;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chimera_domain::ports::Clock;
use chimera_signed_http::secrets::SecretVault;
use serde_json::Value;

use crate::platform::Account;
use client::{Ask, CallFault, XClient};
use tokens::{Owner, TokenFault, Tokens};
use wire::User;

/// Accounts whose number on the platform is kept in memory: beyond that it is asked for again.
const KNOWN_ACCOUNTS: usize = 1_000;

/// The platform over its API, with the credentials of each account.
#[derive(Debug)]
pub struct Live<V, C> {
    client: XClient<C>,
    tokens: Tokens<V, C>,
    known: Mutex<HashMap<Account, User>>,
}

/// A call that brought nothing.
#[derive(Debug)]
pub(crate) enum LiveFault {
    /// There was no credential to make it with: it was not made.
    Token(TokenFault),
    /// What the call itself met.
    Call(CallFault),
}

impl<V: SecretVault, C: Clock + Send + 'static> Live<V, C> {
    /// The platform over a client and its credentials.
    pub fn new(client: XClient<C>, tokens: Tokens<V, C>) -> Self {
        Self { client, tokens, known: Mutex::default() }
    }

    /// Makes a call with the owner's credential. Where the platform does not know the credential, which it says before it
    /// does anything, it is made once more with a newer one, if there is one.
    async fn ask(&self, owner: &Owner, ask: &Ask) -> Result<Value, LiveFault> {
        let bearer = self.tokens.bearer(&self.client, owner).await.map_err(LiveFault::Token)?;
        match self.client.send(ask, &bearer).await {
            Err(CallFault::Answered(error)) if error.status == 401 => {
                let newer =
                    self.tokens.newer(&self.client, owner, &bearer).await.map_err(LiveFault::Token)?;
                let Some(newer) = newer else {
                    return Err(LiveFault::Call(CallFault::Answered(error)));
                };
                self.client.send(ask, &newer).await.map_err(LiveFault::Call)
            }
            other => other.map_err(LiveFault::Call),
        }
    }

    /// Who the account is on the platform. It never becomes another, so it is asked once.
    async fn user(&self, account: &Account) -> Result<User, LiveFault> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(account).cloned();
        match known {
            Some(user) => Ok(user),
            None => self.ask_user(account).await,
        }
    }

    async fn ask_user(&self, account: &Account) -> Result<User, LiveFault> {
        let ask = Ask::get(["2", "users", "me"]).with("user.fields", "public_metrics,username");
        let answer = self.ask(&Owner::Account(account.clone()), &ask).await?;
        let user: User = wire::data(answer).map_err(LiveFault::Call)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_ACCOUNTS {
            known.clear();
        }
        known.insert(account.clone(), user.clone());
        Ok(user)
    }
}
