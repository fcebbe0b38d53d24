//! Taking posts back, and tenants that know nothing of each other.

use chimera_mcp::server::ToolFault;
use serde_json::json;

use super::{NOVA, Who, deletion, granted, granted_to, intent, platform};

/// [E-9]
#[tokio::test]
async fn a_deleted_post_is_shown_to_nobody_and_kept_as_deleted() {
    let platform = platform(json!({}));
    let posted = platform.post("g1", "to be regretted").await;
    let arguments = deletion(&posted, NOVA);
    let by_id = json!({ "post_id": arguments["post_id"] });
    assert_eq!(platform.search_of(NOVA, by_id.clone()).await.len(), 1);

    let call = granted_to(NOVA, "post_delete", "g2", &arguments);
    let deleted = platform.write.call_checked("post_delete", call.clone()).await.unwrap();
    assert_eq!(deleted["state"], "done");
    assert_eq!(deleted["outcome"]["external_id"], arguments["post_id"]);
    assert_eq!(deleted["outcome"]["cost"], json!({ "minor": 1, "currency": "USD" }));
    assert!(platform.search("").await.is_empty());
    assert!(platform.search_of(NOVA, by_id).await.is_empty());

    let kept = platform.posts.deleted();
    assert_eq!((kept.len(), kept[0].0.text.as_str()), (1, "to be regretted"));
    assert_eq!(json!(kept[0].1.key), call["idempotency_key"]);
    assert_eq!(platform.write.call_checked("post_delete", call).await.unwrap(), deleted);
    assert_eq!(platform.post("g3", "to be regretted").await["refusal"]["code"], "duplicate");
}

/// [E-9]
#[tokio::test]
async fn what_is_gone_already_is_gone_and_what_is_anothers_stays() {
    let platform = platform(json!({}));
    let posted = platform.post("g1", "once").await;
    let own = deletion(&posted, NOVA);
    assert_eq!(platform.call(NOVA, "post_delete", "g2", &own).await["state"], "done");
    assert_eq!(platform.call(NOVA, "post_delete", "g3", &own).await["state"], "done");
    let never = json!({ "account": "nova", "post_id": "17" });
    assert_eq!(platform.call(NOVA, "post_delete", "g4", &never).await["state"], "done");

    let rival = ("t1", "rival");
    let theirs = json!({ "account": "rival", "text": "theirs", "made_with_ai": true });
    let theirs = platform.call(rival, "post_create", "g5", &theirs).await;
    let refused = platform.call(NOVA, "post_delete", "g6", &deletion(&theirs, NOVA)).await;
    assert_eq!(refused["refusal"]["code"], "not_owner");
    assert_eq!(platform.search_of(rival, json!({})).await.len(), 1);
    assert_eq!(platform.posts.deleted().len(), 1);
}

/// [E-9]
#[tokio::test]
async fn nothing_is_deleted_without_a_grant_for_exactly_this_post() {
    let platform = platform(json!({}));
    let (kept, other) = (platform.post("g1", "kept").await, platform.post("g2", "other").await);
    let arguments = deletion(&other, NOVA);
    let mut changed = granted_to(NOVA, "post_delete", "g3", &arguments);
    changed["post_id"] = kept["outcome"]["external_id"].clone();
    assert_eq!(platform.refusal_of("post_delete", changed).await, "grant_arguments");
    let of_posting = granted("g4", &arguments);
    assert_eq!(platform.refusal_of("post_delete", of_posting).await, "grant_tool");
    let rivals = granted_to(("t1", "rival"), "post_delete", "g5", &arguments);
    assert_eq!(platform.refusal_of("post_delete", rivals).await, "grant_account");
    // A human's word instead of the platform's id is no id.
    let vouched = json!({ "account": "nova", "post_id": "w1-e1-ru0" });
    let vouched = granted_to(NOVA, "post_delete", "g6", &vouched);
    assert_eq!(platform.refusal_of("post_delete", vouched).await, "invalid_input");
    assert_eq!(platform.search("").await.len(), 2);
}

/// [E-8]
#[tokio::test]
async fn two_tenants_with_an_agent_of_one_name_know_nothing_of_each_other() {
    let platform = platform(json!({}));
    let theirs: Who = ("t2", "nova");
    let call = granted("g1", &intent("hello"));
    let ours = platform.write.call_checked("post_create", call.clone()).await.unwrap();
    assert!(platform.search_of(theirs, json!({})).await.is_empty());

    // The same words, grant id and key of another tenant are another post.
    let mut same = granted_to(theirs, "post_create", "g1", &intent("hello"));
    same["idempotency_key"] = call["idempotency_key"].clone();
    let posted = platform.write.call_checked("post_create", same).await.unwrap();
    assert_eq!(posted["state"], "done");
    assert_ne!(posted["outcome"]["external_id"], ours["outcome"]["external_id"]);

    // Deleting what only the other has deletes nothing: to this tenant it is not there.
    let reach = deletion(&ours, theirs);
    assert_eq!(platform.call(theirs, "post_delete", "g2", &reach).await["state"], "done");
    let own = json!({ "post_id": ours["outcome"]["external_id"] });
    assert_eq!(platform.search_of(NOVA, own.clone()).await.len(), 1);
    assert!(platform.search_of(theirs, own).await.is_empty());
    assert_eq!(platform.search_of(theirs, json!({})).await.len(), 1);
}

#[tokio::test]
async fn a_search_names_its_tenant_and_reaches_into_no_other_key() {
    let platform = platform(json!({}));
    for wrong in [
        json!({ "account": "nova" }),
        json!({ "tenant": "", "account": "nova" }),
        json!({ "tenant": "t1#nova", "account": "x" }),
        json!({ "tenant": "t1", "account": "nova", "post_id": "1 OR 1" }),
    ] {
        for tool in ["posts_search", "account_get"] {
            let refused = platform.read.call_checked(tool, wrong.clone()).await.unwrap_err();
            assert!(
                matches!(&refused, ToolFault::Refused(refusal) if refusal.code == "invalid_input"),
                "{tool} {wrong}: {refused:?}"
            );
        }
    }
}

/// [E-9]
#[tokio::test]
async fn a_deletion_whose_answer_got_lost_is_in_flight_and_can_be_read_back() {
    let platform = platform(json!({ "applied_but_failed": "delete: " }));
    let arguments = deletion(&platform.post("g1", "going").await, NOVA);
    let told = platform.call(NOVA, "post_delete", "g2", &arguments).await;
    assert_eq!(told, json!({ "state": "in_flight" }));
    assert!(platform.search_of(NOVA, json!({ "post_id": arguments["post_id"] })).await.is_empty());
}
