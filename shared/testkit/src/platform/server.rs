//! The write server: a grant is verified, burnt, used, and its outcome stored.

use std::time::Duration;

use chimera_domain::ports::{Burn, Clock as _, ToolError, WriteCall, WriteTools};
use chimera_domain::{Digest, Outcome, Refusal, TenantId, Timestamp};
use serde_json::Value;

use super::media::{granted, media_of};
use super::upstream::price;
use super::{Inner, Mode, SandboxPlatform};
use crate::faults::crash_after;
use crate::signer::is_signed;
use crate::{Fault, Guard, STACK};

pub(super) fn refusal(code: &str, message: &str, retryable: bool) -> Refusal {
    Refusal { code: code.to_owned(), message: message.to_owned(), retryable }
}

fn place(call: &WriteCall) -> (TenantId, String) {
    (call.grant.grant.tenant.clone(), call.grant.grant.id.clone())
}

impl Inner {
    /// Whether the grant is the Judge's, and for this server.
    fn verify(&self, call: &WriteCall) -> Result<(), Refusal> {
        if !is_signed(&call.grant, &self.keys) {
            return Err(refusal("grant_invalid", "the signature does not fit", false));
        }
        if call.grant.grant.audience != format!("{}@{STACK}", call.server) {
            return Err(refusal("grant_audience", "the grant is for another server or stack", false));
        }
        Ok(())
    }

    /// Whether the call is exactly what the grant covers.
    fn covers(call: &WriteCall) -> Result<(), Refusal> {
        let grant = &call.grant.grant;
        if grant.tool != call.tool {
            return Err(refusal("grant_tool", "the grant is for another tool", false));
        }
        let account = call.arguments.get("account").and_then(Value::as_str);
        media_of(&call.arguments)?;
        if grant.arguments != Digest::of_json(&granted(&call.arguments))
            || account != Some(grant.agent.as_str())
        {
            return Err(refusal("grant_arguments", "the arguments are not those that were approved", false));
        }
        if price(call).minor() > grant.max_cost.minor() {
            return Err(refusal("grant_cost", "the price is above what the grant allows", false));
        }
        Ok(())
    }

    /// What is known of the grant, or of the key under an earlier grant.
    fn known(&self, call: &WriteCall) -> Option<Burn> {
        let tenant = &call.grant.grant.tenant;
        let under_key = || {
            let grant = self.keys_used.get(&(tenant.clone(), call.idempotency_key))?;
            self.burns.get(&(tenant.clone(), grant.clone()))
        };
        self.burns.get(&place(call)).or_else(under_key).cloned()
    }

    fn store(&mut self, call: &WriteCall, burn: Burn) -> Burn {
        if self.burns_grants {
            self.burns.insert(place(call), burn.clone());
        }
        burn
    }

    fn execute(&mut self, call: &WriteCall, now: Timestamp, verifies: bool) -> Result<Burn, ToolError> {
        let mode = self.mode();
        if mode == Mode::Unsent {
            return Err(ToolError::Unsent("connection refused".to_owned()));
        }
        self.executes += 1;
        let checked = if verifies { self.verify(call).and_then(|()| Self::covers(call)) } else { Ok(()) };
        if let Err(refusal) = checked {
            self.refused.push(refusal.clone());
            return Err(ToolError::Refused(refusal));
        }
        if let Some(known) = self.known(call) {
            return Ok(known);
        }
        if call.grant.grant.expires_at <= now {
            let refusal = refusal("grant_expired", "the grant has expired", true);
            self.refused.push(refusal.clone());
            return Err(ToolError::Refused(refusal));
        }
        self.store(call, Burn::InFlight);
        let (tenant, grant) = place(call);
        self.keys_used.insert((tenant, call.idempotency_key), grant);
        self.call_upstream(call, mode, now)
    }

    fn call_upstream(&mut self, call: &WriteCall, mode: Mode, now: Timestamp) -> Result<Burn, ToolError> {
        let unknown = |why: &str| Err(ToolError::Unknown(why.to_owned()));
        match mode {
            Mode::Normal | Mode::Unsent => Ok(self.act_and_store(call, now)),
            Mode::ReplyLost => {
                self.act_and_store(call, now);
                unknown("the connection was reset")
            }
            Mode::NeverPosted => unknown("the function died"),
            Mode::CrashBeforeOutcome => {
                if let Err(refusal) = self.act(call, now) {
                    self.refused.push(refusal);
                }
                unknown("the function died")
            }
            Mode::Slow(seconds) => {
                self.delay(call, now, Duration::from_secs(u64::from(seconds)));
                unknown("deadline exceeded")
            }
            Mode::Refuse(code, retryable) => {
                let refusal = refusal(code, "the platform refused", retryable);
                Ok(self.store(call, Burn::Refused { refusal, retry_after_s: None }))
            }
            Mode::Limited(seconds) => {
                let refusal = refusal("rate_limited", "the platform takes no more for now", true);
                Ok(self.store(call, Burn::Refused { refusal, retry_after_s: Some(seconds) }))
            }
        }
    }

    /// Acts and completes the burn row.
    pub(super) fn act_and_store(&mut self, call: &WriteCall, now: Timestamp) -> Burn {
        let burn = match self.act(call, now) {
            Ok(outcome) => Burn::Done { outcome },
            Err(refusal) => Burn::Refused { refusal, retry_after_s: None },
        };
        self.store(call, burn)
    }

    fn void(&mut self, call: &WriteCall) -> Burn {
        match self.burns.get(&place(call)) {
            Some(known) => known.clone(),
            None => self.store(call, Burn::Void),
        }
    }

    fn close(&mut self, call: &WriteCall, happened: Option<&Outcome>) -> Burn {
        match self.burns.get(&place(call)) {
            Some(known) if *known != Burn::InFlight => known.clone(),
            _ => {
                let burn = happened.map_or(Burn::Void, |outcome| Burn::Done { outcome: outcome.clone() });
                self.store(call, burn)
            }
        }
    }
}

impl SandboxPlatform {
    async fn serve_call(
        &self,
        tool: &str,
        answer: impl FnOnce(&mut Inner, Timestamp) -> Result<Burn, ToolError> + Send,
    ) -> Result<Burn, ToolError> {
        let fault = self.faults.at(&self.function, tool).await;
        if let Some(Fault::Contention | Fault::Unavailable) = fault {
            return Err(ToolError::Unsent("injected: connection refused".to_owned()));
        }
        let now = self.clock.now();
        let answer = {
            let mut inner = self.lock();
            inner.burns_grants = !self.faults.lacks(Guard::GrantIsBurnt);
            inner.settle_late(now);
            answer(&mut inner, now)
        };
        crash_after(fault);
        match fault {
            Some(Fault::LostReply) => Err(ToolError::Unknown("injected: the reply was lost".to_owned())),
            _ => answer,
        }
    }
}

impl WriteTools for SandboxPlatform {
    async fn execute(&self, call: &WriteCall, _deadline: Duration) -> Result<Burn, ToolError> {
        let verifies = !self.faults.lacks(Guard::GrantIsVerified);
        self.serve_call("execute", |inner, now| inner.execute(call, now, verifies)).await
    }

    async fn outcome(&self, call: &WriteCall, _deadline: Duration) -> Result<Burn, ToolError> {
        self.serve_call("outcome", |inner, _| {
            inner.verify(call).map_err(ToolError::Refused)?;
            Ok(inner.burns.get(&place(call)).cloned().unwrap_or(Burn::Unused))
        })
        .await
    }

    async fn void(&self, call: &WriteCall, _deadline: Duration) -> Result<Burn, ToolError> {
        self.serve_call("void", |inner, _| {
            inner.verify(call).map_err(ToolError::Refused)?;
            Ok(inner.void(call))
        })
        .await
    }

    async fn close(
        &self,
        call: &WriteCall,
        happened: Option<&Outcome>,
        _deadline: Duration,
    ) -> Result<Burn, ToolError> {
        self.serve_call("close", |inner, _| {
            inner.verify(call).map_err(ToolError::Refused)?;
            if happened.is_some_and(|outcome| outcome.external_id.is_empty()) {
                let refusal = refusal("invalid_arguments", "an outcome without an external id", false);
                return Err(ToolError::Refused(refusal));
            }
            Ok(inner.close(call, happened))
        })
        .await
    }
}
