//! Queries in the database's two languages. Nothing that comes from outside is ever part of a query but as a quoted text or
//! a checked name.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::condition::{Comparison, Condition, Scalar, Test};
use crate::database::Metadata;
use crate::fusion::Fusion;
use crate::object::Place;

/// How objects are chosen.
pub(crate) enum How<'a> {
    /// By word and by meaning.
    Hybrid { query: &'a str, vector: &'a [f32], alpha: f64, fusion: Fusion, searched: &'a [(String, f64)] },
    /// By meaning alone.
    NearVector { vector: &'a [f32] },
    /// The latest by a property.
    Latest { by: &'a str },
}

/// A query for objects of one place.
pub(crate) struct Get<'a> {
    pub(crate) place: &'a Place,
    pub(crate) how: How<'a>,
    pub(crate) condition: Option<&'a Condition>,
    pub(crate) limit: usize,
    /// Checked names.
    pub(crate) properties: Vec<&'a str>,
    pub(crate) metadata: Vec<Metadata>,
}

impl Get<'_> {
    /// In GraphQL.
    pub(crate) fn graphql(&self) -> String {
        let mut arguments =
            format!("tenant: {}, limit: {}", quoted(self.place.tenant().as_str()), self.limit);
        // Writing to a text cannot fail.
        let written = match &self.how {
            How::Hybrid { query, vector, alpha, fusion, searched } => {
                write!(arguments, ", hybrid: {}", hybrid(query, vector, *alpha, *fusion, searched))
            }
            How::NearVector { vector } => write!(arguments, ", nearVector: {{vector: {}}}", numbers(vector)),
            How::Latest { by } => write!(arguments, ", sort: [{{path: [{}], order: desc}}]", quoted(by)),
        };
        debug_assert!(written.is_ok());
        if let Some(condition) = self.whole_condition() {
            arguments.push_str(", where: ");
            arguments.push_str(&graphql(&condition));
        }
        let properties = self.properties.join(" ");
        let metadata: Vec<&str> = self.metadata.iter().map(|metadata| metadata.name()).collect();
        let collection = self.place.collection();
        format!(
            "{{ Get {{ {collection}({arguments}) {{ {properties} _additional {{ {} }} }} }} }}",
            metadata.join(" ")
        )
    }

    fn whole_condition(&self) -> Option<Condition> {
        of_place(self.place, self.condition.cloned())
    }
}

/// [W-1] The condition, and of a memory that it is the agent's.
pub(crate) fn of_place(place: &Place, condition: Option<Condition>) -> Option<Condition> {
    let agent = place.agent().map(|agent| Condition::equal("agent", Scalar::Text(agent.to_string())));
    let mut all: Vec<Condition> = agent.into_iter().chain(condition).collect();
    if all.len() > 1 { Some(Condition::All(all)) } else { all.pop() }
}

fn hybrid(query: &str, vector: &[f32], alpha: f64, fusion: Fusion, searched: &[(String, f64)]) -> String {
    let fusion = match fusion {
        Fusion::RelativeScore => "relativeScoreFusion",
        Fusion::Ranked => "rankedFusion",
    };
    let mut hybrid = format!(
        "{{query: {}, alpha: {alpha}, fusionType: {fusion}, vector: {}",
        quoted(query),
        numbers(vector)
    );
    if !searched.is_empty() {
        let boosted = |(name, weight): &(String, f64)| quoted(&format!("{name}^{weight}"));
        let properties: Vec<String> = searched.iter().map(boosted).collect();
        hybrid.push_str(", properties: [");
        hybrid.push_str(&properties.join(", "));
        hybrid.push(']');
    }
    hybrid.push('}');
    hybrid
}

/// A condition in GraphQL.
pub(crate) fn graphql(condition: &Condition) -> String {
    let joined = |operator: &str, all: &[Condition]| {
        let operands: Vec<String> = all.iter().map(graphql).collect();
        format!("{{operator: {operator}, operands: [{}]}}", operands.join(", "))
    };
    match condition {
        Condition::All(all) => joined("And", all),
        Condition::Any(all) => joined("Or", all),
        Condition::Compare(Comparison { property, test, values }) => {
            let all: Vec<String> = values.iter().map(|value| literal(value).to_string()).collect();
            let value = if is_of_many(*test) { format!("[{}]", all.join(", ")) } else { all.join(", ") };
            let (path, operator, field) = (quoted(property), operator(*test), field(values));
            format!("{{path: [{path}], operator: {operator}, {field}: {value}}}")
        }
    }
}

/// A condition in JSON.
pub(crate) fn rest(condition: &Condition) -> Value {
    match condition {
        Condition::All(all) => {
            json!({ "operator": "And", "operands": all.iter().map(rest).collect::<Vec<_>>() })
        }
        Condition::Any(all) => {
            json!({ "operator": "Or", "operands": all.iter().map(rest).collect::<Vec<_>>() })
        }
        Condition::Compare(Comparison { property, test, values }) => {
            let mut compare = json!({ "path": [property], "operator": operator(*test) });
            let mut all: Vec<Value> = values.iter().map(literal).collect();
            let (name, value) = if is_of_many(*test) {
                (format!("{}Array", field(values)), Value::from(all))
            } else {
                (field(values).to_owned(), all.pop().unwrap_or_default())
            };
            compare[name] = value;
            compare
        }
    }
}

fn is_of_many(test: Test) -> bool {
    matches!(test, Test::ContainsAny | Test::ContainsAll)
}

fn operator(test: Test) -> &'static str {
    match test {
        Test::Equal => "Equal",
        Test::NotEqual => "NotEqual",
        Test::Greater => "GreaterThan",
        Test::GreaterEqual => "GreaterThanEqual",
        Test::Less => "LessThan",
        Test::LessEqual => "LessThanEqual",
        Test::Like => "Like",
        Test::ContainsAny => "ContainsAny",
        Test::ContainsAll => "ContainsAll",
    }
}

fn field(values: &[Scalar]) -> &'static str {
    match values.first() {
        None | Some(Scalar::Text(_)) => "valueText",
        Some(Scalar::Int(_)) => "valueInt",
        Some(Scalar::Number(_)) => "valueNumber",
        Some(Scalar::Boolean(_)) => "valueBoolean",
        Some(Scalar::Date(_)) => "valueDate",
    }
}

fn literal(value: &Scalar) -> Value {
    match value {
        Scalar::Text(text) => json!(text),
        Scalar::Int(int) => json!(int),
        Scalar::Number(number) => json!(number),
        Scalar::Boolean(boolean) => json!(boolean),
        Scalar::Date(date) => json!(date.to_string()),
    }
}

/// Every text of JSON is one of GraphQL.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn numbers(vector: &[f32]) -> String {
    let numbers: Vec<String> = vector.iter().map(ToString::to_string).collect();
    format!("[{}]", numbers.join(","))
}

#[cfg(test)]
mod tests {
    use chimera_domain::{AgentId, TenantId};

    use super::*;

    fn place() -> Place {
        Place::Memory { tenant: TenantId::new("t1").unwrap(), agent: AgentId::new("nova").unwrap() }
    }

    fn query(words: &str, condition: Option<&Condition>) -> String {
        let how = How::Hybrid {
            query: words,
            vector: &[0.5, -1.0, 0.000_000_1],
            alpha: 0.75,
            fusion: Fusion::RelativeScore,
            searched: &[("text".to_owned(), 2.0)],
        };
        let properties = vec!["kind", "text"];
        let metadata = vec![Metadata::Id, Metadata::Score];
        Get { place: &place(), how, condition, limit: 3, properties, metadata }.graphql()
    }

    #[test]
    fn a_search_is_one_line_of_graphql() {
        assert_eq!(
            query("tea", None),
            "{ Get { Memory(tenant: \"t1\", limit: 3, hybrid: {query: \"tea\", alpha: 0.75, fusionType: \
             relativeScoreFusion, vector: [0.5,-1,0.0000001], properties: [\"text^2\"]}, where: {path: [\"agent\"], \
             operator: Equal, valueText: \"nova\"}) { kind text _additional { id score } } } }"
        );
    }

    /// What is quoted ends where it began: without the quoted texts, every query has the same shape.
    #[test]
    fn no_text_leaves_its_quotes() {
        let shape = |text: &str| {
            let condition = Condition::equal("kind", Scalar::Text(text.to_owned()));
            let query = query(text, Some(&condition));
            assert!(!query.chars().any(char::is_control), "{query:?}");
            let mut shape = String::new();
            let mut rest = query.as_str();
            while let Some(start) = rest.find('"') {
                shape.push_str(&rest[..start]);
                let mut texts = serde_json::Deserializer::from_str(&rest[start..]).into_iter::<String>();
                texts.next().unwrap().unwrap();
                rest = &rest[start + texts.byte_offset()..];
            }
            shape + rest
        };
        let plain = shape("plain");
        for text in [
            "\"",
            "\\",
            "\\\"",
            "}) { x } }",
            "\"}) { Secret { text } } }",
            "line\nbreak\r\u{0}\u{8}\u{b}\u{1f}",
            "# comment",
            "\"\"\"block\"\"\"",
            "{}[](),:$@!|&",
            "\u{2028}\u{feff}日本 🦀",
            "",
        ] {
            assert_eq!(shape(text), plain, "{text:?}");
        }
    }

    #[test]
    fn both_languages_say_the_same_condition() {
        let condition = Condition::All(vec![
            Condition::compare("kind", Test::ContainsAny, vec![Scalar::Text("world".to_owned())]),
            Condition::Any(vec![
                Condition::equal("long_term", Scalar::Boolean(true)),
                Condition::compare("weight", Test::Less, vec![Scalar::Number(1.5)]),
            ]),
        ]);
        assert_eq!(
            graphql(&condition),
            "{operator: And, operands: [{path: [\"kind\"], operator: ContainsAny, valueText: [\"world\"]}, {operator: \
             Or, operands: [{path: [\"long_term\"], operator: Equal, valueBoolean: true}, {path: [\"weight\"], operator: \
             LessThan, valueNumber: 1.5}]}]}"
        );
        assert_eq!(
            rest(&condition),
            json!({ "operator": "And", "operands": [
                { "path": ["kind"], "operator": "ContainsAny", "valueTextArray": ["world"] },
                { "operator": "Or", "operands": [
                    { "path": ["long_term"], "operator": "Equal", "valueBoolean": true },
                    { "path": ["weight"], "operator": "LessThan", "valueNumber": 1.5 },
                ] },
            ] })
        );
    }
}
