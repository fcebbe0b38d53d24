//! The platform takes posts and deletes them.

use chimera_domain::Outcome;
use chimera_domain::ports::Clock;
use chimera_mcp::server::Upstream;
use chimera_policy::refusals::PlatformRefusal;
use chimera_signed_http::secrets::SecretVault;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::client::{Ask, CallFault};
use super::tokens::{Owner, TokenFault};
use super::{Live, LiveFault, wire};
use crate::answers::PlatformError;
use crate::platform::{Account, NewPost, Outlet};
use crate::{deletion_price, price};

#[derive(Deserialize)]
struct Posted {
    id: String,
}

#[derive(Deserialize)]
struct Deleted {
    deleted: bool,
}

/// Where a post can be seen, whatever its account is called.
pub(crate) fn url_of(post_id: &str) -> String {
    format!("https://x.com/i/web/status/{post_id}")
}

impl<V: SecretVault, C: Clock + Send + 'static> Outlet for Live<V, C> {
    async fn post(&self, new: NewPost) -> Upstream {
        if let Some(to) = new.in_reply_to.as_deref().filter(|to| !is_id(to)) {
            return PlatformError::new(400, format!("what is answered does not exist: {to}")).upstream();
        }
        let owner = Owner::Account(new.account.clone());
        let media_ids = match self.upload(&owner, &new.media).await {
            Ok(media_ids) => media_ids,
            Err(fault) => return invisible(fault),
        };
        let ask = Ask::post(["2", "tweets"]).json(body_of(&new, &media_ids));
        let answer = match self.ask(&owner, &ask).await {
            Ok(answer) => answer,
            Err(fault) => return upstream(fault),
        };
        match wire::data::<Posted>(answer) {
            Ok(Posted { id }) => {
                Upstream::Done(Outcome { url: Some(url_of(&id)), external_id: id, cost: price(&new.text) })
            }
            Err(fault) => upstream(LiveFault::Call(fault)),
        }
    }

    async fn delete(&self, account: &Account, post_id: &str, _key: Uuid) -> Upstream {
        let gone = || {
            let external_id = post_id.to_owned();
            Upstream::Done(Outcome { external_id, url: None, cost: deletion_price() })
        };
        let owner = Owner::Account(account.clone());
        let answer = match self.ask(&owner, &Ask::delete(["2", "tweets", post_id])).await {
            Err(LiveFault::Call(CallFault::Answered(error)))
                if error.refusal() == Some(PlatformRefusal::NotFound) =>
            {
                return gone();
            }
            Err(fault) => return upstream(fault),
            Ok(answer) => answer,
        };
        match wire::data::<Deleted>(answer) {
            Ok(Deleted { deleted: true }) => gone(),
            // It may have been gone before, or it may still be there: whoever reads it back will see.
            Ok(Deleted { deleted: false }) => {
                Upstream::Unknown("the platform says it deleted nothing".to_owned())
            }
            Err(fault) => upstream(LiveFault::Call(fault)),
        }
    }
}

/// The platform has no field for a key of ours: what became of a post is found by its text.
fn body_of(new: &NewPost, media_ids: &[String]) -> Value {
    let mut body = json!({ "text": new.text, "made_with_ai": new.made_with_ai });
    if new.paid_partnership {
        body["paid_partnership"] = json!(true);
    }
    if let Some(to) = &new.in_reply_to {
        body["reply"] = json!({ "in_reply_to_tweet_id": to });
    }
    if !media_ids.is_empty() {
        body["media"] = json!({ "media_ids": media_ids });
    }
    body
}

fn is_id(text: &str) -> bool {
    (1..=19).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// [E-11] What a call that changes something and brought no success means.
fn upstream(fault: LiveFault) -> Upstream {
    match fault {
        LiveFault::Token(TokenFault::Useless(why)) => refused(PlatformRefusal::CredentialsRefused, why),
        LiveFault::Token(TokenFault::Unreached(why)) | LiveFault::Call(CallFault::Unsent(why)) => {
            refused(PlatformRefusal::UpstreamUnavailable, why)
        }
        LiveFault::Call(CallFault::Lost(why)) => Upstream::Unknown(why),
        LiveFault::Call(CallFault::Answered(error)) => error.upstream(),
    }
}

/// [E-11] What the same means while nothing has been done that anybody could see: nothing is unknown then.
fn invisible(fault: LiveFault) -> Upstream {
    match upstream(fault) {
        Upstream::Unknown(why) => refused(PlatformRefusal::UpstreamUnavailable, why),
        known => known,
    }
}

fn refused(row: PlatformRefusal, why: String) -> Upstream {
    Upstream::Refused { refusal: row.refusal(why), retry_after_s: None }
}
