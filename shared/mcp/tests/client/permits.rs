//! Who may call what.

use chimera_domain::TaskKind;
use chimera_domain::ports::{ReadTools as _, SkillTools as _, ToolError};
use serde_json::json;

use crate::scripted::{SOON, Script, boxed, structured};

/// [T-20]
#[tokio::test]
async fn a_skill_calls_the_tools_of_its_kind_and_no_others() {
    let server = Script::new(|seen| structured(seen, &json!({ "ok": true }))).await;
    let toolbox = boxed(server.ours().for_kinds(&[TaskKind::Research]));
    let research = toolbox.for_kind(TaskKind::Research);
    assert_eq!(research.call("server", "look", json!({}), SOON).await.unwrap(), json!({ "ok": true }));
    assert_eq!(server.asked(), ["tools/call"]);

    let write = toolbox.for_kind(TaskKind::Write);
    let refused = write.call("server", "look", json!({}), SOON).await.unwrap_err();
    assert!(matches!(&refused, ToolError::Forbidden(why) if why.contains("kind of task")), "{refused}");
    assert!(server.asked().is_empty(), "nothing was sent");
}

/// [T-20]
#[tokio::test]
async fn a_server_that_names_no_kind_is_for_no_skill() {
    let server = Script::new(|seen| structured(seen, &json!({}))).await;
    let toolbox = server.toolbox();
    let research = toolbox.for_kind(TaskKind::Research);
    assert!(matches!(research.call("server", "look", json!({}), SOON).await, Err(ToolError::Forbidden(_))));
    assert!(toolbox.call("server", "look", json!({}), SOON).await.is_ok(), "functions that do no task may");
}

/// [T-21]
#[tokio::test]
async fn no_toolbox_calls_an_effect_whatever_the_kind() {
    let server = Script::new(|seen| structured(seen, &json!({}))).await;
    let toolbox = boxed(server.ours().for_kinds(&[TaskKind::Write]));
    let write = toolbox.for_kind(TaskKind::Write);
    assert!(matches!(write.call("server", "act", json!({}), SOON).await, Err(ToolError::Forbidden(_))));
    assert!(matches!(toolbox.call("server", "act", json!({}), SOON).await, Err(ToolError::Forbidden(_))));
    assert!(server.asked().is_empty());
}

/// [T-27]
#[tokio::test]
async fn somebody_elses_text_comes_wrapped_cut_and_marked() {
    let server = Script::new(|seen| {
        crate::scripted::result(seen, &json!({ "content": [{ "type": "text", "text": "0123456789" }] }))
    })
    .await;
    let registry = server.theirs(|entry| {
        entry["era"] = json!("modern");
        entry["tools"][0]["max_bytes"] = json!(4);
    });
    let toolbox = chimera_mcp::McpToolbox::new(registry, crate::scripted::connections());
    let answer = toolbox.call("server", "look", json!({}), SOON).await.unwrap();
    assert_eq!(answer, json!({ "text": "0123", "untrusted": true, "cut": true }));
}

/// [K-12]
#[tokio::test]
async fn a_brief_may_name_what_looks_on_somebody_elses_server_and_nothing_else() {
    let server = Script::new(|seen| structured(seen, &json!({ "ok": true }))).await;
    let theirs = |class: &str| {
        let registry = server.theirs(|entry| {
            entry["era"] = json!("modern");
            if class == "generate" {
                entry["tools"][0]["class"] = json!(class);
                entry["pin"] = json!(format!("sha256:{}", "0".repeat(64)));
            }
        });
        chimera_mcp::McpToolbox::new(registry, crate::scripted::connections())
    };
    let reading = theirs("read");
    let named = reading.of_others(TaskKind::Research);
    assert_eq!(named.call("server", "look", json!({}), SOON).await.unwrap(), json!({ "ok": true }));
    server.asked();

    let (making, ours) = (theirs("generate"), boxed(server.ours().for_kinds(&[TaskKind::Research])));
    for (toolbox, kind, name, tool, why) in [
        (&reading, TaskKind::Write, "server", "look", "kind of task"),
        (&reading, TaskKind::Research, "server", "peek", "allow-list"),
        (&reading, TaskKind::Research, "stranger", "look", "no such server"),
        (&making, TaskKind::Research, "server", "look", "class"),
        (&ours, TaskKind::Research, "server", "look", "our own"),
    ] {
        let refused = toolbox.of_others(kind).call(name, tool, json!({}), SOON).await.unwrap_err();
        assert!(matches!(&refused, ToolError::Forbidden(said) if said.contains(why)), "{refused}");
    }
    assert!(server.asked().is_empty(), "nothing was sent");
    assert!(ours.for_kind(TaskKind::Research).call("server", "look", json!({}), SOON).await.is_ok());
}
