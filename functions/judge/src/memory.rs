//! What the agent remembers, as far as it tells the Judge that a text is not new.

use std::time::Duration;

use chimera_domain::ports::ReadTools;
use chimera_domain::{Engagement, Recollection, Task, TaskKind};

/// How long a verdict waits for what it can do without.
const WITHIN: Duration = Duration::from_secs(2);

/// [J-3] Posts that the agent remembers and that say what `text` says, however long ago: to be compared with it like the
/// campaign's own. They can only lower the confidence. None where nobody wants memories, the task publishes nothing, or the
/// memory cannot be asked: what was published within the policy's window is in the rows.
pub(crate) async fn remembered(tools: &impl ReadTools, task: &Task, text: &str) -> Vec<String> {
    let compares = task.recall && matches!(task.kind, TaskKind::Write | TaskKind::Reply);
    let questions = Recollection::questions(&task.tenant, &task.agent, text).filter(|_| compares);
    let Some([long_term, _]) = questions else { return Vec::new() };
    let answer = tools.call(Recollection::SERVER, Recollection::LONG_TERM, long_term, WITHIN).await;
    match answer.map(|answer| Recollection::texts(&answer)) {
        Ok(Some(texts)) => texts.iter().map(|text| Engagement::without(text).to_owned()).collect(),
        unread => {
            tracing::warn!(campaign.id = %task.campaign, task.id = %task.id, is_answer = unread.is_ok(),
                "a text is judged without what its agent remembers");
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use chimera_domain::ports::ToolError;
    use chimera_testkit::builders::a_task;
    use serde_json::{Value, json};

    use super::*;

    /// Answers as the memory does, and keeps what it was asked.
    #[derive(Default)]
    struct Mind {
        asked: Mutex<Vec<Value>>,
        is_down: bool,
    }

    impl ReadTools for Mind {
        async fn call(&self, _: &str, tool: &str, asked: Value, _: Duration) -> Result<Value, ToolError> {
            assert_eq!(tool, "memory_recall");
            self.asked.lock().unwrap().push(asked);
            if self.is_down {
                return Err(ToolError::Unsent("nobody is there".to_owned()));
            }
            let post = "One small tool.\nLikes 9, replies 0, reposts 0, quotes 0.";
            Ok(json!({"memories": [{"id": "m", "text": post}, {"id": "n", "text": "I like tea."}]}))
        }
    }

    /// [J-3]
    #[tokio::test]
    async fn a_text_is_compared_with_what_its_agent_remembers_where_that_is_wanted() {
        let (mind, task) = (Mind::default(), Task { recall: true, ..a_task() });
        let found = remembered(&mind, &task, "One small tool!").await;
        assert_eq!(found, ["One small tool.", "I like tea."], "their own words alone");
        assert_eq!(mind.asked.lock().unwrap()[0]["query"], "One small tool!");
        let down = Mind { is_down: true, ..Mind::default() };
        assert_eq!(remembered(&down, &task, "One small tool!").await, Vec::<String>::new());
        for (kind, recall) in
            [(TaskKind::Write, false), (TaskKind::Research, true), (TaskKind::Remember, true)]
        {
            let (mind, task) = (Mind::default(), Task { kind, recall, ..a_task() });
            assert_eq!(remembered(&mind, &task, "One small tool!").await, Vec::<String>::new());
            assert!(mind.asked.lock().unwrap().is_empty(), "{kind:?}: no call");
        }
    }
}
