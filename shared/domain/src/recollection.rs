//! What an agent remembers, as whoever reasons for it is told it. Who it is stands in its persona, and the two are never
//! mixed: what it remembers was text from outside once, and is data.

use serde_json::{Value, json};

use crate::{AgentId, TenantId};

/// Memories asked for, of each kind: enough to see a habit, few enough for one prompt.
const ASKED_FOR: usize = 5;
/// A question's most characters, and a memory's: about a title or a goal, and about a post.
const QUESTION_CHARS: usize = 200;
const NOTE_CHARS: usize = 400;

/// What an agent remembers that bears on some work, each kind apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recollection {
    /// Of the last hour, the newest first.
    pub recent: Vec<String>,
    /// For good, what fits best first.
    pub long_term: Vec<String>,
}

impl Recollection {
    /// The server that is asked.
    pub const SERVER: &'static str = "weaviate";
    /// Its tool for what is remembered for good.
    pub const LONG_TERM: &'static str = "memory_recall";
    /// Its tool for the last hour.
    pub const RECENT: &'static str = "memory_recent";

    /// [K-8] What is asked of [`Self::LONG_TERM`] and of [`Self::RECENT`]; none where there is nothing to ask about.
    #[must_use]
    pub fn questions(tenant: &TenantId, agent: &AgentId, about: &str) -> Option<[Value; 2]> {
        let query = line(about, QUESTION_CHARS);
        let long_term = json!({ "tenant": tenant, "agent": agent, "query": query, "k": ASKED_FOR });
        let recent = json!({ "tenant": tenant, "agent": agent, "limit": ASKED_FOR });
        (!query.is_empty()).then_some([long_term, recent])
    }

    /// The texts of an answer, as they came; none where it is no answer of the memory's.
    #[must_use]
    pub fn texts(answer: &Value) -> Option<Vec<String>> {
        let memories = answer.get("memories")?.as_array()?.iter().take(ASKED_FOR);
        memories.map(|memory| memory.get("text")?.as_str().map(str::to_owned)).collect()
    }

    /// Of these texts, each as one line; what was remembered within the hour is not told twice.
    #[must_use]
    pub fn of(recent: &[String], long_term: &[String]) -> Self {
        let lines = |texts: &[String]| texts.iter().map(|text| line(text, NOTE_CHARS)).collect::<Vec<_>>();
        let (recent, mut long_term) = (lines(recent), lines(long_term));
        long_term.retain(|note| !recent.contains(note));
        Self { recent, long_term }
    }

    /// As a prompt gets it, marked as what it is; nothing where nothing is remembered.
    #[must_use]
    pub fn told(&self) -> Option<Value> {
        let Self { recent, long_term } = self;
        let is_empty = recent.is_empty() && long_term.is_empty();
        (!is_empty).then(|| json!({ "untrusted": true, "recent": recent, "long_term": long_term }))
    }
}

/// Text from outside as one line of at most so many characters, without what could end a quotation.
fn line(text: &str, most: usize) -> String {
    let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain = plain.chars().filter(|c| !c.is_control()).map(|c| match c {
        '"' | '\u{201c}' | '\u{201d}' | '\u{ab}' | '\u{bb}' => '\'',
        c => c,
    });
    plain.take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    /// [K-8]
    #[test]
    fn both_kinds_are_asked_of_the_agents_own_memory_and_nothing_about_nothing() {
        let (tenant, agent) = (TenantId::new("acme").unwrap(), AgentId::new("ada").unwrap());
        let asked = Recollection::questions(&tenant, &agent, " Tub\n\"tools\" ").unwrap();
        let long_term = json!({"tenant": "acme", "agent": "ada", "query": "Tub 'tools'", "k": 5});
        assert_eq!(asked, [long_term, json!({"tenant": "acme", "agent": "ada", "limit": 5})]);
        assert_eq!(Recollection::questions(&tenant, &agent, " \n"), None);
        let long = Recollection::questions(&tenant, &agent, &"ü".repeat(9_000)).unwrap();
        assert_eq!(long[0]["query"].as_str().unwrap().chars().count(), QUESTION_CHARS);
    }

    /// [K-8]
    #[test]
    fn the_two_kinds_stay_apart_and_each_memory_is_told_once() {
        let told = Recollection::of(&owned(&["new\n\"one\"", "both"]), &owned(&["both", "old"])).told();
        assert_eq!(
            told,
            Some(json!({"untrusted": true, "recent": ["new 'one'", "both"], "long_term": ["old"]}))
        );
        assert_eq!(Recollection::default().told(), None);
    }

    #[test]
    fn an_answer_is_read_as_far_as_was_asked_and_anything_else_is_none() {
        let memories: Vec<Value> = (0..9).map(|at| json!({"id": "m", "text": at.to_string()})).collect();
        assert_eq!(
            Recollection::texts(&json!({"memories": memories})),
            Some(owned(&["0", "1", "2", "3", "4"]))
        );
        for odd in [json!({}), json!({"memories": "x"}), json!({"memories": [{"id": "m"}]})] {
            assert_eq!(Recollection::texts(&odd), None, "{odd}");
        }
    }
}
