//! The platform itself: it knows nothing of grants, keeps each tenant's accounts apart, and forgets no post.

use chimera_domain::ports::WriteCall;
use chimera_domain::{AgentId, CampaignId, Digest, EffectId, Money, Outcome, Refusal, TenantId, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use super::media::media_of;
use super::server::refusal;
use super::{Deletion, Inner, Post};

/// Minor units a post with a link costs.
const WITH_LINK: i64 = 20;
/// Minor units a post without a link costs.
const WITHOUT_LINK: i64 = 2;
/// Minor units a deletion costs.
const DELETION: i64 = 1;

fn text_of(call: &WriteCall) -> &str {
    argument(call, "text").unwrap_or_default()
}

fn argument<'a>(call: &'a WriteCall, name: &str) -> Option<&'a str> {
    call.arguments.get(name).and_then(Value::as_str)
}

impl Inner {
    /// Does what the call says, or refuses.
    pub(super) fn act(&mut self, call: &WriteCall, now: Timestamp) -> Result<Outcome, Refusal> {
        match call.tool.as_str() {
            "post_create" | "post_reply" => self.post(call, now),
            "post_delete" => self.take_down(call, now),
            other => Err(refusal("unknown_tool", other, false)),
        }
    }

    /// It does not take the same text to the same post twice.
    fn post(&mut self, call: &WriteCall, now: Timestamp) -> Result<Outcome, Refusal> {
        let grant = &call.grant.grant;
        let (text, in_reply_to) = (text_of(call), argument(call, "in_reply_to"));
        if (call.tool == "post_reply") != in_reply_to.is_some() {
            return Err(refusal("invalid_input", "a reply names what it answers, a post does not", false));
        }
        let is_repeated = || {
            let own = |post: &&Post| post.tenant == grant.tenant && post.account == grant.agent;
            self.posts
                .iter()
                .filter(own)
                .any(|post| post.text == text && post.in_reply_to.as_deref() == in_reply_to)
        };
        if !self.takes_repeats && is_repeated() {
            return Err(refusal("duplicate", "the account has posted this text before", false));
        }
        let media = media_of(&call.arguments)?;
        let post_id = self.next_post_id();
        self.posts.push(Post {
            tenant: grant.tenant.clone(),
            post_id: post_id.clone(),
            account: grant.agent.clone(),
            text: text.to_owned(),
            in_reply_to: in_reply_to.map(str::to_owned),
            paid_partnership: call.arguments.get("paid_partnership") == Some(&Value::Bool(true)),
            media,
            arguments: grant.arguments.clone(),
            effect: Some((grant.campaign.clone(), grant.effect.clone())),
            idempotency_key: call.idempotency_key,
            created_at: now,
        });
        Ok(Outcome { url: Some(super::tools::url_of(&post_id)), external_id: post_id, cost: price(call) })
    }

    /// What is gone already is gone; what is another account's is not ours to delete. What was never an id of the
    /// platform's says nothing about what is there.
    fn take_down(&mut self, call: &WriteCall, now: Timestamp) -> Result<Outcome, Refusal> {
        let grant = &call.grant.grant;
        let post_id = argument(call, "post_id").unwrap_or_default().to_owned();
        if !is_post_id(&post_id) {
            return Err(refusal("invalid_input", "this is no id of a post", false));
        }
        let of_tenant = |post: &&Post| post.tenant == grant.tenant && post.post_id == post_id;
        let is_own = self.visible().find(of_tenant).map(|post| post.account == grant.agent);
        match is_own {
            Some(false) => return Err(refusal("not_owner", "the post is another account's", false)),
            Some(true) => self.delete(&post_id, Some((grant.campaign.clone(), grant.effect.clone())), now),
            None => {}
        }
        Ok(Outcome { url: None, external_id: post_id, cost: price(call) })
    }

    fn next_post_id(&self) -> String {
        format!("post-{:04}", self.posts.len() + 1)
    }

    /// The posts that were not deleted, oldest first.
    pub(super) fn visible(&self) -> impl DoubleEndedIterator<Item = &Post> {
        let is_gone = |post: &Post| self.deletions.iter().any(|gone| gone.post.post_id == post.post_id);
        self.posts.iter().filter(move |post| !is_gone(post))
    }

    pub(super) fn delete(&mut self, post_id: &str, effect: Option<(CampaignId, EffectId)>, at: Timestamp) {
        let post = self.visible().find(|post| post.post_id == post_id).cloned();
        let deletion = post.map(|post| Deletion { post, effect, at });
        self.deletions.extend(deletion);
    }

    pub(super) fn post_by_hand(
        &mut self,
        tenant: &TenantId,
        account: &AgentId,
        text: &str,
        now: Timestamp,
    ) -> String {
        let post_id = self.next_post_id();
        let key = u128::try_from(self.posts.len()).unwrap_or_default();
        self.posts.push(Post {
            tenant: tenant.clone(),
            post_id: post_id.clone(),
            account: account.clone(),
            text: text.to_owned(),
            in_reply_to: None,
            paid_partnership: false,
            media: Vec::new(),
            arguments: Digest::of_bytes(text.as_bytes()),
            effect: None,
            idempotency_key: Uuid::from_u128(u128::MAX - key),
            created_at: now,
        });
        post_id
    }
}

/// Whether the text looks like an id that the platform gives.
fn is_post_id(text: &str) -> bool {
    text.strip_prefix("post-").is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
}

pub(super) fn price(call: &WriteCall) -> Money {
    let text = text_of(call);
    let minor = match call.tool.as_str() {
        "post_delete" => DELETION,
        _ if text.contains("https://") || text.contains("http://") => WITH_LINK,
        _ => WITHOUT_LINK,
    };
    let currency = call.grant.grant.max_cost.currency();
    Money::new(minor, currency).unwrap_or(Money::zero(currency))
}
