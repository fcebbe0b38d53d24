//! `chimera campaign graph`: a campaign's plan, drawn here from what the API says.

use anyhow::Context as _;
use chimera_graph::CampaignGraph;
use serde_json::{Value, json};

use crate::api::Api;
use crate::args::{Graph, GraphFormat, Output};
use crate::failure::Failure;
use crate::output;

/// Prints the graph, or writes it to the file that was named.
pub(crate) async fn run(api: &Api, asked: &Graph, output: Output) -> Result<(), Failure> {
    let answer = api.get(&format!("campaigns/{}/graph", asked.campaign)).await?;
    let drawn = drawn(answer, asked.format.unwrap_or_else(|| usual(output)))?;
    let Some(file) = &asked.out else {
        print!("{drawn}");
        return Ok(());
    };
    std::fs::write(file, &drawn).with_context(|| format!("{} cannot be written", file.display()))?;
    let written = json!({"file": file.display().to_string(), "bytes": drawn.len()});
    output::facts(output, &written, &[("file", "/file"), ("bytes", "/bytes")]);
    Ok(())
}

/// What is meant where no format is named.
fn usual(output: Output) -> GraphFormat {
    match output {
        Output::Table => GraphFormat::Tree,
        Output::Json => GraphFormat::Json,
    }
}

/// The graph in this form; the JSON is the API's own.
fn drawn(answer: Value, format: GraphFormat) -> Result<String, Failure> {
    if format == GraphFormat::Json {
        return Ok(format!("{answer:#}\n"));
    }
    let graph: CampaignGraph =
        serde_json::from_value(answer).context("the API answered with something that is no graph")?;
    Ok(match format {
        GraphFormat::Svg => graph.svg(),
        GraphFormat::Mermaid => graph.mermaid(),
        GraphFormat::Tree | GraphFormat::Json => graph.tree(),
    })
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use axum::{Json, Router};

    use super::*;

    /// Two tasks, the first of which says something that a terminal or a browser must not be told.
    fn answer() -> Value {
        let usd = |minor: i64| json!({"minor": minor, "currency": "USD"});
        let task = |id: &str, kind: &str, status: &str, goal: &str| {
            json!({"id": id, "kind": kind, "goal": goal, "status": status, "effect": null, "taken_back": false,
                "priority": "normal", "attempt": 1, "tries": 0, "cost": usd(3), "plan": 1, "reason": null})
        };
        json!({
            "campaign": "c-1", "status": "active", "goal": "Tell people.", "revision": 1, "plan": 1,
            "nodes": [
                task("research-1", "research", "approved", "Read\u{1b}[2J <script>alert(1)</script>"),
                task("write-1", "write", "open", "Write."),
            ],
            "edges": [{"from": "research-1", "to": "write-1", "kind": "input"}],
            "versions": [{"number": 1, "parent": 0, "status": "open", "cause": "brief", "reason": "the brief",
                "added": ["research-1", "write-1"], "dropped": [], "changed": [], "kept": 0, "estimate": usd(10),
                "cost_delta": usd(10), "settled": null, "goal": null, "rejected": null,
                "created_at": "2026-03-02T09:00:00Z"}],
            "signals": [],
        })
    }

    /// [PL-20] [PL-23]
    #[test]
    fn each_form_shows_the_tasks_and_none_is_steered_by_them() {
        for (format, starts) in [
            (GraphFormat::Tree, "Campaign c-1: active, plan version 1\n"),
            (GraphFormat::Svg, "<svg "),
            (GraphFormat::Mermaid, "flowchart TD\n"),
        ] {
            let text = drawn(answer(), format).unwrap();
            assert!(text.starts_with(starts) && text.ends_with('\n'), "{text}");
            assert!(text.contains("research-1") && text.contains("write-1"), "{text}");
            assert!(!text.contains('\u{1b}'), "{text}");
            assert!(format == GraphFormat::Tree || !text.contains("<script"), "{text}");
        }
        let json: Value = serde_json::from_str(&drawn(answer(), GraphFormat::Json).unwrap()).unwrap();
        assert_eq!(json, answer());
    }

    #[test]
    fn what_is_no_graph_is_not_drawn() {
        let refused = drawn(json!({"campaign": "c-1"}), GraphFormat::Tree).unwrap_err().to_string();
        assert!(refused.contains("no graph"), "{refused}");
        assert_eq!(usual(Output::Json), GraphFormat::Json);
    }

    #[tokio::test]
    async fn a_graph_is_written_to_the_file_that_was_named() {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}/v1", listener.local_addr().unwrap());
        let router = Router::new().route("/v1/campaigns/c-1/graph", get(async || Json(answer())));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let api = Api::new(&base, String::new()).unwrap();
        let file = std::env::temp_dir().join(format!("chimera-graph-{}.svg", uuid::Uuid::new_v4()));
        let asked =
            Graph { campaign: "c-1".to_owned(), format: Some(GraphFormat::Svg), out: Some(file.clone()) };
        run(&api, &asked, Output::Table).await.unwrap();
        let written = std::fs::read_to_string(&file).unwrap();
        assert_eq!(written, drawn(answer(), GraphFormat::Svg).unwrap());
        std::fs::remove_file(&file).unwrap();
        let nowhere = Graph { out: Some(file.join("below")), ..asked };
        let refused = run(&api, &nowhere, Output::Table).await.unwrap_err().to_string();
        assert!(refused.contains("cannot be written"), "{refused}");
    }
}
