//! Keeping what was approved: the one thing of the memory that acts.

use std::future::Future;

use chimera_domain::ports::Clock;
use chimera_domain::{Currency, Money, Outcome, Refusal};
use chimera_mcp::server::{ToolFault, Upstream};
use uuid::Uuid;

use crate::database::VectorDatabase;
use crate::memories::{Memories, NewMemory};

/// Memories that a grant approves, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeepOrder {
    /// What tells this order from others.
    pub key: Uuid,
    /// What to keep.
    pub memories: Vec<NewMemory>,
}

/// Who keeps memories, once their grant is burnt.
pub trait Keeper: Send + Sync + 'static {
    /// [E-14] Keeps all of them, each under its own key: what was kept before is kept once.
    fn keep(&self, order: KeepOrder) -> impl Future<Output = Upstream> + Send;
}

impl<D: VectorDatabase, C: Clock + Send + 'static> Keeper for Memories<D, C> {
    async fn keep(&self, order: KeepOrder) -> Upstream {
        let count = order.memories.len();
        let mut ids = Vec::with_capacity(count);
        for memory in order.memories {
            let key = memory.key.clone();
            match self.remember(memory).await {
                Ok(kept) => ids.push(kept.id.to_string()),
                Err(fault) => return Fell { key: &key, kept: ids.len(), of: count }.told(fault),
            }
        }
        Upstream::Done(Outcome { external_id: ids.join(","), url: None, cost: Money::zero(Currency::Usd) })
    }
}

/// Where an order could not be kept on.
struct Fell<'a> {
    key: &'a str,
    kept: usize,
    of: usize,
}

impl Fell<'_> {
    /// What the database's word means for the order: a definite no is one, and whatever may have been done is unknown.
    fn told(&self, fault: ToolFault) -> Upstream {
        let (refusal, retry_after_s) = match fault {
            ToolFault::Failed(why) => return Upstream::Unknown(why.to_string()),
            ToolFault::Wait { refusal, retry_after_s } => (refusal, Some(retry_after_s)),
            ToolFault::Refused(refusal) => (refusal, None),
        };
        if refusal.code == "upstream_unavailable" {
            return Upstream::Unknown(self.words(&refusal));
        }
        let code = match refusal.code.as_str() {
            // What was forgotten does not come back by itself.
            "conflict" => "policy_violation".to_owned(),
            "upstream_rejected" => "credentials_refused".to_owned(),
            _ => refusal.code.clone(),
        };
        let refusal = Refusal { code, message: self.words(&refusal), ..refusal };
        Upstream::Refused { refusal, retry_after_s }
    }

    fn words(&self, refusal: &Refusal) -> String {
        format!("{} of {} memories are kept; {}: {}", self.kept, self.of, self.key, refusal.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(fault: ToolFault) -> Upstream {
        Fell { key: "c/2", kept: 1, of: 3 }.told(fault)
    }

    /// [E-11] [E-14]
    #[test]
    fn what_may_have_been_done_is_unknown_and_a_definite_no_says_how_far_it_came() {
        let lost = ToolFault::refused("upstream_unavailable", "the answer got lost", true);
        assert!(matches!(told(lost), Upstream::Unknown(why) if why.contains("1 of 3")));
        assert!(matches!(told(ToolFault::Failed("no rows".into())), Upstream::Unknown(_)));
        let waits = ToolFault::wait("rate_limited", "later", std::time::Duration::from_secs(7));
        assert!(
            matches!(told(waits), Upstream::Refused { retry_after_s: Some(7), refusal } if refusal.retryable)
        );
        for (code, as_told) in [
            ("conflict", "policy_violation"),
            ("policy_violation", "policy_violation"),
            ("upstream_rejected", "credentials_refused"),
            ("invalid_input", "invalid_input"),
        ] {
            let Upstream::Refused { refusal, .. } = told(ToolFault::refused(code, "no", false)) else {
                unreachable!("a definite no is one")
            };
            let message = "1 of 3 memories are kept; c/2: no";
            assert_eq!((refusal.code.as_str(), refusal.message.as_str()), (as_told, message), "{code}");
        }
    }
}
