//! Makes every call of the live backend once, at a base URL, with invented credentials, and prints what came of it: one line of
//! JSON per operation of the platform. `make mcp-contracts` runs it against the platform's own document.
//!
//! `x_live_calls <base URL> [operation]`.
#![expect(clippy::print_stdout, reason = "its lines are what it is for")]

use std::time::Duration;

use anyhow::Context as _;
use chimera_domain::{Digest, TenantId, Timestamp};
use chimera_mcp::server::Upstream;
use chimera_runtime::SystemClock;
use chimera_signed_http::secrets::{SecretError, SecretVault, Secrets};
use mcp_twitter::{
    Account, Live, Mime, NewPost, Outlet as _, Picture, ReadFault, Renewal, Timeline as _, Tokens, Wanted,
    XClient,
};
use serde_json::json;
use uuid::Uuid;

/// A post of the platform's own examples.
const POST: &str = "1346889436626259968";

const ME: &str = "GET /2/users/me";
const LOOKUP: &str = "GET /2/tweets";
const OWN: &str = "GET /2/users/{id}/tweets";
const MENTIONS: &str = "GET /2/users/{id}/mentions";
const SEARCH: &str = "GET /2/tweets/search/recent";
const TRENDS: &str = "GET /2/trends/by/woeid/{woeid}";
const USAGE: &str = "GET /2/usage/tweets";
const CREATE: &str = "POST /2/tweets";
const DELETE: &str = "DELETE /2/tweets/{id}";
const UPLOAD: &str = "POST /2/media/upload";
const DESCRIBE: &str = "POST /2/media/metadata";
const BEGIN: &str = "POST /2/media/upload/initialize";
const APPEND: &str = "POST /2/media/upload/{id}/append";
const END: &str = "POST /2/media/upload/{id}/finalize";
const LOOK: &str = "GET /2/media/upload";
const RENEW: &str = "POST /2/oauth2/token";

/// What a call told: whether it makes sense, and in which words.
struct Told {
    ok: bool,
    words: String,
}

/// Makes calls and prints what they told; those of one operation alone if so asked.
struct Calls {
    only: Option<String>,
}

impl Calls {
    async fn make(&self, operations: &[&str], call: impl Future<Output = Told>) {
        let is_wanted = |operation: &&&str| self.only.as_deref().is_none_or(|only| only == **operation);
        let wanted: Vec<&&str> = operations.iter().filter(is_wanted).collect();
        if wanted.is_empty() {
            return;
        }
        let Told { ok, words } = call.await;
        for operation in wanted {
            println!("{}", json!({ "operation": operation, "ok": ok, "told": words }));
        }
    }
}

/// Something is shown; or the platform says, in its own form, why not.
fn read<T>(result: Result<T, ReadFault>, is_there: impl FnOnce(&T) -> bool) -> Told {
    let (ok, words) = match result {
        Ok(shown) if is_there(&shown) => (true, "done".to_owned()),
        Ok(_) => (true, "nothing".to_owned()),
        Err(fault @ ReadFault::Platform(_)) => (true, fault.to_string()),
        Err(fault) => (false, fault.to_string()),
    };
    Told { ok, words }
}

fn write(upstream: Upstream) -> Told {
    let words = match upstream {
        Upstream::Done(_) => "done".to_owned(),
        Upstream::Refused { refusal, .. } => refusal.message,
        Upstream::Unknown(why) => why,
    };
    Told { ok: true, words }
}

/// Invented credentials: the account `old` has one that has expired.
#[derive(Debug)]
struct Vault;

impl Secrets for Vault {
    async fn read(&self, name: &str) -> Result<Option<String>, SecretError> {
        let secret = match name {
            "x/t1/@app" => json!({ "bearer_token": "invented" }),
            "x/t1/old" => json!({
                "access_token": "invented", "refresh_token": "invented", "client_id": "invented", "expires_at": 0,
            }),
            _ => json!({ "access_token": "invented" }),
        };
        Ok(Some(secret.to_string()))
    }
}

impl SecretVault for Vault {
    async fn write(&self, _: &str, _: &str) -> Result<(), SecretError> {
        Ok(())
    }
}

fn picture(mime: Mime, alt_text: Option<&str>) -> Picture {
    let bytes = vec![7; 64];
    Picture { digest: Digest::of_bytes(&bytes), mime, alt_text: alt_text.map(str::to_owned), bytes }
}

type X = Live<Vault, SystemClock>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let base = arguments.next().context("the base URL is missing")?;
    let calls = Calls { only: arguments.next() };
    let tokens = Tokens::new(Vault, SystemClock, "x/", Renewal::Stored).reread_after(Duration::ZERO);
    let x: X = Live::new(XClient::new(Some(&base), SystemClock)?, tokens);
    let tenant = TenantId::new("t1")?;
    let account = |name: &str| Account { tenant: tenant.clone(), name: name.to_owned() };
    let (nova, old) = (account("nova"), account("old"));
    reads(&calls, &x, &tenant, &nova).await?;
    writes(&calls, &x, &nova).await;
    calls.make(&[RENEW], async { read(x.profile(&old).await, |_| true) }).await;
    Ok(())
}

async fn reads(calls: &Calls, x: &X, tenant: &TenantId, nova: &Account) -> anyhow::Result<()> {
    let since = Some(Timestamp::from_second(1_800_000_000)?);
    let one = Wanted { post_id: Some(POST.to_owned()), limit: 1, ..Wanted::default() };
    let said = Wanted { text: Some("What anybody said".to_owned()), limit: 100, ..Wanted::default() };
    let late = Wanted { since, limit: 3, ..Wanted::default() };
    let ids = [POST.to_owned(), "20".to_owned()];

    calls.make(&[ME], async { read(x.profile(nova).await, |_| true) }).await;
    calls.make(&[LOOKUP], async { read(x.posts(nova, &one).await, |posts| !posts.is_empty()) }).await;
    calls.make(&[LOOKUP], async { read(x.metrics(nova, &ids).await, |posts| !posts.is_empty()) }).await;
    // What is asked for by its text or its time is not what a mock shows.
    calls.make(&[OWN], async { read(x.posts(nova, &said).await, |_| true) }).await;
    calls.make(&[OWN], async { read(x.posts(nova, &late).await, |_| true) }).await;
    let mentions = async { read(x.mentions(nova, Some("17"), 50).await, |seen| !seen.mentions.is_empty()) };
    calls.make(&[MENTIONS], mentions).await;
    let found = async { read(x.recent(tenant, "kites -is:retweet", 10).await, |posts| !posts.is_empty()) };
    calls.make(&[SEARCH], found).await;
    calls.make(&[TRENDS], async { read(x.trends(tenant, 44_418, 20).await, |all| !all.is_empty()) }).await;
    calls.make(&[USAGE], async { read(x.usage(nova).await, |_| true) }).await;
    Ok(())
}

async fn writes(calls: &Calls, x: &X, nova: &Account) {
    let plain = NewPost {
        account: nova.clone(),
        text: "Kites over the harbour".to_owned(),
        in_reply_to: None,
        made_with_ai: true,
        paid_partnership: false,
        media: Vec::new(),
        key: Uuid::nil(),
    };
    let reply = NewPost { in_reply_to: Some(POST.to_owned()), paid_partnership: true, ..plain.clone() };
    let pictures = vec![picture(Mime::Png, Some("a kite")), picture(Mime::Webp, None)];
    let shown = NewPost { media: pictures, ..plain.clone() };
    let moving = NewPost { media: vec![picture(Mime::Gif, None)], ..plain.clone() };

    calls.make(&[CREATE], async { write(x.post(plain).await) }).await;
    calls.make(&[CREATE], async { write(x.post(reply).await) }).await;
    calls.make(&[UPLOAD, DESCRIBE, CREATE], async { write(x.post(shown).await) }).await;
    calls.make(&[BEGIN, APPEND, END, LOOK, CREATE], async { write(x.post(moving).await) }).await;
    calls.make(&[DELETE], async { write(x.delete(nova, POST, Uuid::nil()).await) }).await;
}
