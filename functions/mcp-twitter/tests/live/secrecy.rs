//! No secret comes out: not in an answer, not in a log, not in what is printed of a value.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use mcp_twitter::{NewPost, Outlet, Renewal, Timeline};
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use uuid::Uuid;

use super::{ACCOUNT_SECRET, NOW, Vault, nova, ok, told, world_with};

const SECRETS: [&str; 4] = ["access-7f3a", "refresh-7f3a", "client-7f3a", "renewed-7f3a"];

/// Writes down everything that is logged, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        writeln!(self.0.lock().unwrap(), "{field}={value:?}").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn assert_silent(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn no_secret_is_told_or_logged() {
    let log = Log::default();
    let _listening = tracing::subscriber::set_default(log.clone());
    let [access, refresh, client, renewed] = SECRETS;
    let vault = Vault::default();
    let secret = json!({
        "access_token": access, "refresh_token": refresh, "client_id": "c", "client_secret": client, "expires_at": NOW + 7_200,
    });
    vault.put(ACCOUNT_SECRET, &secret);
    // A platform that repeats whatever it was given.
    let echo =
        |status: u16, given: &[&str]| told(status, &json!({ "detail": format!("bad {}", given.join(" ")) }));
    let pair = ok(&json!({ "access_token": renewed, "refresh_token": refresh, "expires_in": 1 }));
    let answers = [
        // The first post; the second, with a token that is not known, before and after it was renewed.
        echo(400, &[access]),
        echo(401, &[access]),
        pair,
        echo(401, &[renewed]),
        // The third post needs another pair and gets none; what is read last meets an answer that makes no sense.
        echo(400, &[refresh, client]),
        ok(&json!({ "data": access })),
    ];
    let world = world_with(vault, Renewal::Stored, answers).await;
    world.vault.close(true);
    let mut said = format!("{:?}", world.live);
    for _ in 0..3 {
        let post = NewPost {
            account: nova(),
            text: "hello".to_owned(),
            in_reply_to: None,
            made_with_ai: true,
            paid_partnership: false,
            media: Vec::new(),
            key: Uuid::nil(),
        };
        write!(said, "{:?}", world.live.post(post).await).unwrap();
    }
    write!(said, "{:?} {:?}", world.live.profile(&nova()).await, world.live).unwrap();
    assert_eq!(world.lines().len(), 6, "{:?}", world.lines());
    assert!(said.contains("bad"), "the platform's words are told: {said}");
    assert!(world.seen().iter().any(|seen| seen.authorization.contains(access)), "the secret was used");
    assert_silent(&said);
    let logged = log.0.lock().unwrap().clone();
    assert!(logged.contains(ACCOUNT_SECRET), "which secret it is about is logged: {logged}");
    assert_silent(&logged);
}
