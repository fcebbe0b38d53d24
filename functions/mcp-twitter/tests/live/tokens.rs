//! Credentials: whose, how old, and who renews them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chimera_domain::TenantId;
use chimera_mcp::server::ToolFault;
use mcp_twitter::{Account, ReadFault, Renewal, Timeline};
use serde_json::{Value, json};

use super::{ACCOUNT_SECRET, ME, NOW, Told, Vault, World, bearer, me, nova, ok, told, world, world_with};

const REFRESH: &str = "POST /2/oauth2/token";

fn pair(access: &str, refresh: &str, expires_at: i64) -> Value {
    json!({
        "access_token": access,
        "refresh_token": refresh,
        "client_id": "client-1",
        "expires_at": expires_at,
        "note": "made by hand",
    })
}

fn renewed(access: &str, refresh: &str) -> Told {
    ok(&json!({
        "token_type": "bearer",
        "expires_in": 7200,
        "access_token": access,
        "scope": "tweet.read tweet.write users.read media.write offline.access",
        "refresh_token": refresh,
    }))
}

async fn stored(secret: &Value, renewal: Renewal, answers: impl IntoIterator<Item = Told>) -> World {
    let vault = Vault::default();
    vault.put(ACCOUNT_SECRET, secret);
    world_with(vault, renewal, answers).await
}

fn code(fault: ReadFault) -> (String, bool) {
    let fault = ToolFault::from(fault);
    let refusal = fault.refusal().unwrap();
    (refusal.code.clone(), refusal.retryable)
}

fn refused(code: &str, retryable: bool) -> (String, bool) {
    (code.to_owned(), retryable)
}

#[tokio::test]
async fn an_old_token_is_renewed_once_and_stored() {
    let world =
        stored(&pair("old", "r1", NOW + 30), Renewal::Stored, [renewed("new", "r2"), me(), me()]).await;
    world.live.profile(&nova()).await.unwrap();
    world.live.profile(&nova()).await.unwrap();
    assert_eq!(world.lines(), [REFRESH, ME, ME]);
    let seen = world.seen();
    assert_eq!(seen[0].content_type.as_deref(), Some("application/x-www-form-urlencoded"));
    assert_eq!(seen[0].body, "grant_type=refresh_token&refresh_token=r1&client_id=client-1");
    assert_eq!(seen[0].authorization, "");
    assert_eq!(seen[1].authorization, bearer("new"));
    let kept = json!({
        "access_token": "new",
        "refresh_token": "r2",
        "client_id": "client-1",
        "expires_at": "2027-01-15T10:00:00Z",
        "note": "made by hand",
    });
    assert_eq!(world.vault.secret(ACCOUNT_SECRET), kept);
}

#[tokio::test]
async fn an_app_that_can_keep_a_secret_shows_it() {
    let mut secret = pair("old", "r1", NOW);
    secret["client_secret"] = json!("s3cret");
    let world = stored(&secret, Renewal::Stored, [renewed("new", "r2"), me()]).await;
    world.live.profile(&nova()).await.unwrap();
    let basic = format!("Basic {}", BASE64_STANDARD.encode("client-1:s3cret"));
    assert_eq!(world.seen()[0].authorization, basic);
    assert_eq!(world.vault.secret(ACCOUNT_SECRET)["client_secret"], "s3cret");
}

#[tokio::test]
async fn where_others_renew_an_old_token_is_read_again_and_never_renewed_here() {
    let world = stored(&pair("old", "r1", NOW), Renewal::Elsewhere, [me()]).await;
    assert_eq!(code(world.live.profile(&nova()).await.unwrap_err()), refused("credentials_refused", false));
    assert!(world.seen().is_empty());
    world.vault.put(ACCOUNT_SECRET, &pair("theirs", "r2", NOW + 7_200));
    world.live.profile(&nova()).await.unwrap();
    assert_eq!(world.seen()[0].authorization, bearer("theirs"));
}

#[tokio::test]
async fn a_refresh_token_that_another_instance_used_is_no_loss() {
    let used = told(
        400,
        &json!({ "error": "invalid_request", "error_description": "Value passed for the token was invalid." }),
    );
    // What the other one has stored is there when the secret is read again; until then it is this instance's turn.
    let world = stored(&pair("old", "r1", NOW), Renewal::Stored, [used.clone(), me()]).await;
    let vault = world.vault.clone();
    let meanwhile = async { vault.put(ACCOUNT_SECRET, &pair("theirs", "r2", NOW + 7_200)) };
    let asked = async { world.live.profile(&nova()).await };
    // The first is polled first: it reads the old pair before the other is stored.
    let (shown, ()) = futures::join!(asked, meanwhile);
    shown.unwrap();
    assert_eq!(
        (world.lines(), world.seen()[1].authorization.clone()),
        (vec![REFRESH.to_owned(), ME.to_owned()], bearer("theirs"))
    );

    let world = stored(&pair("old", "r1", NOW), Renewal::Stored, [used]).await;
    assert_eq!(code(world.live.profile(&nova()).await.unwrap_err()), refused("credentials_refused", false));
}

#[tokio::test]
async fn a_platform_that_cannot_renew_just_now_is_asked_later() {
    for answer in [told(503, &json!(null)), told(429, &json!({})), ok(&json!({ "no": "tokens" }))] {
        let world = stored(&pair("old", "r1", NOW), Renewal::Stored, [answer]).await;
        assert_eq!(
            code(world.live.profile(&nova()).await.unwrap_err()),
            refused("upstream_unavailable", true)
        );
        assert_eq!(world.lines(), [REFRESH]);
        assert_eq!(world.vault.secret(ACCOUNT_SECRET)["refresh_token"], "r1");
    }
}

#[tokio::test]
async fn a_renewed_pair_that_could_not_be_stored_is_used_and_stored_with_the_next_call() {
    let world = stored(&pair("old", "r1", NOW), Renewal::Stored, [renewed("new", "r2"), me(), me()]).await;
    world.vault.close(true);
    world.live.profile(&nova()).await.unwrap();
    assert_eq!(world.vault.secret(ACCOUNT_SECRET)["access_token"], "old");
    world.vault.close(false);
    world.live.profile(&nova()).await.unwrap();
    assert_eq!(world.vault.secret(ACCOUNT_SECRET)["refresh_token"], "r2");
    assert_eq!(world.lines(), [REFRESH, ME, ME]);
}

#[tokio::test]
async fn a_token_that_the_platform_no_longer_knows_is_replaced_once() {
    let unknown = || told(401, &json!({ "title": "Unauthorized", "detail": "Unauthorized" }));
    let world =
        stored(&pair("revoked", "r1", NOW + 7_200), Renewal::Stored, [unknown(), renewed("new", "r2"), me()])
            .await;
    world.live.profile(&nova()).await.unwrap();
    assert_eq!(world.lines(), [ME, REFRESH, ME]);
    assert_eq!(world.seen()[2].authorization, bearer("new"));

    // Still unknown: that is the answer.
    let answers = [unknown(), renewed("new", "r2"), unknown()];
    let world = stored(&pair("revoked", "r1", NOW + 7_200), Renewal::Stored, answers).await;
    assert_eq!(code(world.live.profile(&nova()).await.unwrap_err()), refused("credentials_refused", false));
    assert_eq!(world.lines(), [ME, REFRESH, ME]);
}

#[tokio::test]
async fn each_account_has_its_own_credential_and_one_without_is_told() {
    let world = world([me(), me()]).await;
    world.vault.put("chimera/twitter/t2/nova", &json!({ "access_token": "theirs" }));
    world.live.profile(&nova()).await.unwrap();
    let theirs = Account { tenant: TenantId::new("t2").unwrap(), ..nova() };
    world.live.profile(&theirs).await.unwrap();
    let used: Vec<String> = world.seen().into_iter().map(|seen| seen.authorization).collect();
    assert_eq!(used, [bearer(super::ACCESS), bearer("theirs")]);

    let nobody = Account { name: "nobody".to_owned(), ..nova() };
    let fault = world.live.profile(&nobody).await.unwrap_err();
    assert!(fault.to_string().contains("chimera/twitter/t1/nobody"), "{fault}");
    assert_eq!(code(fault), refused("credentials_refused", false));
    for odd in [json!("just a token"), json!({}), json!({ "access_token": 7 })] {
        world.vault.put("chimera/twitter/t1/nobody", &odd);
        let fault = world.live.profile(&nobody).await.unwrap_err();
        assert!(!fault.to_string().contains("just a token"), "{fault}");
        assert_eq!(code(fault), refused("credentials_refused", false), "{odd}");
    }
}
