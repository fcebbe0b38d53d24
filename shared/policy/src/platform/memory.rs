//! What an agent's memory may be told to keep. What it says is judged with the task's row (`artifacts`); here are tool,
//! arguments and account.

use chimera_domain::{Intent, limits};
use serde_json::Value;

use super::{PlatformCheck, Rule, Setting};

/// Names its rules: `platform:memory.<rule>`.
const NAME: &str = "memory";

/// The arguments: all of them, and no other.
const ARGUMENTS: [&str; 2] = ["account", "memories"];

/// Checks the intent where it is for the server of memories; false where it is not.
pub(super) fn check(check: &mut PlatformCheck, intent: &Intent, setting: &Setting<'_>) -> bool {
    if !intent.is_of_memory() {
        return false;
    }
    check.network = NAME;
    check.rule(Rule::Tool, intent.keeps_memories(), &format!("{}.{}", intent.server, intent.tool));
    let fields = intent.arguments.as_object();
    let mut keys: Vec<&str> =
        fields.map(|fields| fields.keys().map(String::as_str).collect()).unwrap_or_default();
    keys.sort_unstable();
    let count = intent.memories().map_or(0, |memories| memories.len());
    let is_whole = keys == ARGUMENTS && (1..=limits::MEMORIES_PER_TASK).contains(&count);
    check.rule(Rule::Arguments, is_whole, &format!("{}: {count} memories", keys.join(", ")));
    let account = intent.arguments.get("account").and_then(Value::as_str).unwrap_or_default();
    check.rule(Rule::Account, account == setting.agent.as_str(), account);
    true
}

#[cfg(test)]
mod tests {
    use chimera_domain::AgentId;
    use serde_json::json;

    use super::*;
    use crate::platform::{check as check_intent, price_upper_bound};

    fn memories(count: usize) -> Value {
        let one =
            |at: usize| json!({"key": format!("k{at}"), "kind": "episodic", "text": "x", "salience": 1});
        (0..count).map(one).collect()
    }

    fn keeping(memories: &Value) -> Intent {
        let arguments = json!({"account": "ada", "memories": memories});
        Intent { server: "weaviate".to_owned(), tool: "memories_keep".to_owned(), arguments, cites: None }
    }

    fn broken(intent: &Intent) -> Vec<String> {
        let agent = AgentId::new("ada").unwrap();
        let broken = check_intent(intent, &Setting::of(&agent)).broken;
        broken.iter().filter_map(|rule| rule.split(": ").next()).map(str::to_owned).collect()
    }

    ///
    #[test]
    fn one_to_three_memories_are_kept_in_the_agents_own_name_for_nothing() {
        for count in 1..=3 {
            assert_eq!(broken(&keeping(&memories(count))), Vec::<String>::new());
        }
        assert_eq!(price_upper_bound(&keeping(&memories(3))).minor(), 0);
        for odd in [memories(0), memories(4), json!("a memory"), json!([{"text": "x"}])] {
            assert_eq!(broken(&keeping(&odd)), ["platform:memory.arguments"], "{odd}");
        }
        let with = |name: &str, value: Value| {
            let mut intent = keeping(&memories(1));
            intent.arguments[name] = value;
            broken(&intent)
        };
        assert_eq!(with("account", json!("bob")), ["platform:memory.account"]);
        assert_eq!(with("tenant", json!("other")), ["platform:memory.arguments"]);
    }

    ///
    #[test]
    fn no_other_tool_of_the_memory_may_be_proposed() {
        for tool in ["memory_forget", "weaviate-objects-upsert", "memory_recall"] {
            let intent = Intent { tool: tool.to_owned(), ..keeping(&memories(1)) };
            assert_eq!(broken(&intent), ["platform:memory.tool", "platform:memory.arguments"], "{tool}");
            assert_eq!(price_upper_bound(&intent).minor(), 20, "priced like the dearest post");
        }
    }
}
