//! What the agent remembers, as its planner is told it.

use std::time::Duration;

use chimera_domain::ports::{ReadTools, ToolError};
use chimera_domain::{AgentId, Recollection, TenantId};
use serde_json::Value;

/// How long a plan waits for what it can do without.
const WITHIN: Duration = Duration::from_secs(2);

/// [K-8] What the agent remembers about a goal: of the last hour, and for good what fits best. One call each, side by side. A
/// memory that cannot be asked costs no plan: nothing is remembered then.
pub(crate) async fn remembered(
    tools: &impl ReadTools,
    tenant: &TenantId,
    agent: &AgentId,
    goal: &str,
) -> Recollection {
    let Some([long_term, recent]) = Recollection::questions(tenant, agent, goal) else {
        return Recollection::default();
    };
    let (long_term, recent) = tokio::join!(
        ask(tools, Recollection::LONG_TERM, long_term),
        ask(tools, Recollection::RECENT, recent)
    );
    Recollection::of(&texts(recent, agent), &texts(long_term, agent))
}

async fn ask(tools: &impl ReadTools, tool: &str, arguments: Value) -> Result<Value, ToolError> {
    let call = tools.call(Recollection::SERVER, tool, arguments, WITHIN);
    let late = |_| ToolError::Unknown(format!("{tool}: no answer in {} ms", WITHIN.as_millis()));
    tokio::time::timeout(WITHIN, call).await.map_err(late)?
}

fn texts(answer: Result<Value, ToolError>, agent: &AgentId) -> Vec<String> {
    let why = match answer.map(|answer| Recollection::texts(&answer)) {
        Ok(Some(texts)) => return texts,
        Ok(None) => "the answer cannot be read".to_owned(),
        Err(error) => error.to_string(),
    };
    tracing::warn!(agent.id = %agent, why, "A plan is drawn without what its agent remembers");
    Vec::new()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::json;

    use super::*;

    /// Answers as the memory does, and keeps what it was asked.
    #[derive(Default)]
    struct Mind {
        asked: Mutex<Vec<(String, Value)>>,
        /// Refuses this tool.
        down: Option<&'static str>,
        /// Never answers this one.
        hangs: Option<&'static str>,
    }

    impl ReadTools for Mind {
        async fn call(
            &self,
            server: &str,
            tool: &str,
            arguments: Value,
            _: Duration,
        ) -> Result<Value, ToolError> {
            self.asked.lock().unwrap().push((format!("{server}.{tool}"), arguments));
            if self.hangs == Some(tool) {
                std::future::pending::<()>().await;
            }
            if self.down == Some(tool) {
                return Err(ToolError::Unsent("nobody is there".to_owned()));
            }
            Ok(json!({"memories": [{"id": "m", "text": format!("from {tool}"), "salience": 58}]}))
        }
    }

    async fn about(mind: &Mind, goal: &str) -> Recollection {
        let (tenant, agent) = (TenantId::new("acme").unwrap(), AgentId::new("ada").unwrap());
        remembered(mind, &tenant, &agent, goal).await
    }

    /// [K-8]
    #[tokio::test]
    async fn a_planner_is_told_both_kinds_apart_by_one_call_each() {
        let mind = Mind::default();
        let told = about(&mind, "Small tools").await;
        let expected = json!({
            "untrusted": true, "recent": ["from memory_recent"], "long_term": ["from memory_recall"],
        });
        assert_eq!(told.told(), Some(expected));
        let asked = mind.asked.lock().unwrap().clone();
        let recall = json!({"tenant": "acme", "agent": "ada", "query": "Small tools", "k": 5});
        assert_eq!(asked[0], ("weaviate.memory_recall".to_owned(), recall));
        assert_eq!((asked.len(), asked[1].0.as_str()), (2, "weaviate.memory_recent"));
    }

    /// [K-8]
    #[tokio::test(start_paused = true)]
    async fn a_memory_that_cannot_be_had_costs_no_plan() {
        for tool in ["memory_recall", "memory_recent"] {
            let down = Mind { down: Some(tool), ..Mind::default() };
            let hangs = Mind { hangs: Some(tool), ..Mind::default() };
            for mind in [down, hangs] {
                let Recollection { recent, long_term } = about(&mind, "Small tools").await;
                assert_eq!(recent.len() + long_term.len(), 1, "{tool}: the other one is told");
                assert_eq!(mind.asked.lock().unwrap().len(), 2, "and nothing is asked twice");
            }
        }
        let mind = Mind::default();
        assert_eq!(about(&mind, " ").await, Recollection::default());
        assert_eq!(mind.asked.lock().unwrap().len(), 0);
    }
}
