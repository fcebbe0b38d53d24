//! What an object must be like, and whether it is.

use std::cmp::Ordering;

use chimera_domain::Timestamp;
use serde_json::{Map, Value};

use crate::class::{Class, Kind, Property, no_such_property};
use crate::words::words;

/// How a property is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// It has the value; a text made of words has all words of it.
    Equal,
    /// It has not.
    NotEqual,
    /// Larger or later.
    Greater,
    /// Not smaller.
    GreaterEqual,
    /// Smaller or earlier.
    Less,
    /// Not larger.
    LessEqual,
    /// It is, or has a word, like the pattern.
    Like,
    /// It has one of the values.
    ContainsAny,
    /// It has all the values.
    ContainsAll,
}

/// A value of a filter or of a property.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// A text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A number.
    Number(f64),
    /// Yes or no.
    Boolean(bool),
    /// A point in time.
    Date(Timestamp),
}

/// One property compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Which.
    pub property: String,
    /// How.
    pub test: Test,
    /// With what: one value, or for the tests of containing at least one, all of one kind.
    pub values: Vec<Scalar>,
}

/// What an object must be like.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// All of these hold.
    All(Vec<Condition>),
    /// One of these holds.
    Any(Vec<Condition>),
    /// The comparison holds.
    Compare(Comparison),
}

impl Condition {
    /// A property has this value.
    #[must_use]
    pub fn equal(property: &str, value: Scalar) -> Self {
        Self::compare(property, Test::Equal, vec![value])
    }

    /// A property compares so.
    #[must_use]
    pub fn compare(property: &str, test: Test, values: Vec<Scalar>) -> Self {
        Self::Compare(Comparison { property: property.to_owned(), test, values })
    }

    /// The text that a property must equal for the whole to hold, if there is one.
    #[must_use]
    pub fn required_text(&self, property: &str) -> Option<&str> {
        match self {
            Self::All(all) => all.iter().find_map(|one| one.required_text(property)),
            Self::Compare(Comparison { property: name, test: Test::Equal, values }) if name == property => {
                match values.as_slice() {
                    [Scalar::Text(text)] => Some(text),
                    _ => None,
                }
            }
            Self::Any(_) | Self::Compare(_) => None,
        }
    }

    /// What is wrong with it for objects of this class, in words, if anything is.
    #[must_use]
    pub fn fault(&self, class: &Class) -> Option<String> {
        match self {
            Self::All(all) | Self::Any(all) => all.iter().find_map(|one| one.fault(class)),
            Self::Compare(comparison) => comparison.fault(class),
        }
    }

    /// Whether it holds. A property that an object lacks equals nothing.
    #[must_use]
    pub fn holds(&self, class: &Class, properties: &Map<String, Value>) -> bool {
        match self {
            Self::All(all) => all.iter().all(|one| one.holds(class, properties)),
            Self::Any(all) => all.iter().any(|one| one.holds(class, properties)),
            Self::Compare(comparison) => comparison.holds(class, properties),
        }
    }
}

impl Comparison {
    fn fault(&self, class: &Class) -> Option<String> {
        let Some(property) = class.property(&self.property) else {
            return Some(no_such_property(&self.property, &class.name));
        };
        let fits = self.values.iter().all(|value| property.kind.compares_with(value));
        (!fits).then(|| {
            format!("the value for property '{}' is of another type than the property", self.property)
        })
    }

    fn holds(&self, class: &Class, properties: &Map<String, Value>) -> bool {
        let Some(property) = class.property(&self.property) else {
            return false;
        };
        let found = scalars(property, properties.get(&self.property));
        let has = |value: &Scalar| found.iter().any(|found| equal(property, found, value));
        let ordered = |orderings: &[Ordering]| {
            let compares =
                |found: &Scalar, value| compare(found, value).is_some_and(|it| orderings.contains(&it));
            found.iter().any(|found| self.values.iter().all(|value| compares(found, value)))
        };
        match self.test {
            Test::Equal | Test::ContainsAll => self.values.iter().all(has),
            Test::ContainsAny => self.values.iter().any(has),
            Test::NotEqual => !self.values.iter().any(has),
            Test::Greater => ordered(&[Ordering::Greater]),
            Test::GreaterEqual => ordered(&[Ordering::Greater, Ordering::Equal]),
            Test::Less => ordered(&[Ordering::Less]),
            Test::LessEqual => ordered(&[Ordering::Less, Ordering::Equal]),
            Test::Like => {
                found.iter().any(|found| self.values.iter().all(|value| like(property, found, value)))
            }
        }
    }
}

impl Kind {
    fn compares_with(self, value: &Scalar) -> bool {
        matches!(
            (self, value),
            (Self::Text, Scalar::Text(_))
                | (Self::Int, Scalar::Int(_))
                | (Self::Number, Scalar::Number(_) | Scalar::Int(_))
                | (Self::Boolean, Scalar::Boolean(_))
                | (Self::Date, Scalar::Date(_))
        )
    }
}

/// A property's values.
fn scalars(property: &Property, value: Option<&Value>) -> Vec<Scalar> {
    let read = |value: &Value| match property.kind {
        Kind::Text => value.as_str().map(|text| Scalar::Text(text.to_owned())),
        Kind::Int => value.as_i64().map(Scalar::Int),
        Kind::Number => value.as_f64().map(Scalar::Number),
        Kind::Boolean => value.as_bool().map(Scalar::Boolean),
        Kind::Date => value.as_str().and_then(|text| text.parse().ok()).map(Scalar::Date),
    };
    match value {
        Some(Value::Array(many)) => many.iter().filter_map(read).collect(),
        Some(one) => read(one).into_iter().collect(),
        None => Vec::new(),
    }
}

fn equal(property: &Property, found: &Scalar, value: &Scalar) -> bool {
    match (found, value) {
        (Scalar::Text(found), Scalar::Text(value)) if !property.whole => {
            let found = words(found);
            words(value).iter().all(|word| found.contains(word))
        }
        (Scalar::Boolean(found), Scalar::Boolean(value)) => found == value,
        _ => compare(found, value) == Some(Ordering::Equal),
    }
}

fn compare(found: &Scalar, value: &Scalar) -> Option<Ordering> {
    match (found, value) {
        (Scalar::Text(found), Scalar::Text(value)) => Some(found.cmp(value)),
        (Scalar::Int(found), Scalar::Int(value)) => Some(found.cmp(value)),
        (Scalar::Number(found), Scalar::Number(value)) => found.partial_cmp(value),
        #[expect(clippy::cast_precision_loss, reason = "a property of this type has no more digits itself")]
        (Scalar::Number(found), Scalar::Int(value)) => found.partial_cmp(&(*value as f64)),
        (Scalar::Date(found), Scalar::Date(value)) => Some(found.cmp(value)),
        _ => None,
    }
}

fn like(property: &Property, found: &Scalar, pattern: &Scalar) -> bool {
    let (Scalar::Text(found), Scalar::Text(pattern)) = (found, pattern) else {
        return false;
    };
    if property.whole {
        return matches(found, pattern);
    }
    let pattern = crate::words::fold(pattern);
    words(found).iter().any(|word| matches(word, &pattern))
}

/// Whether the text is the pattern, where `*` is any signs and `?` one. Takes no more than length times length steps.
fn matches(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    // The last star, and the first sign that it has not swallowed.
    let (mut at, mut of, mut star) = (0, 0, None);
    while at < text.len() {
        match pattern.get(of) {
            Some('*') => {
                star = Some((of, at));
                of += 1;
            }
            Some(sign) if *sign == '?' || *sign == text[at] => (at, of) = (at + 1, of + 1),
            _ => {
                let Some((position, swallowed)) = star else {
                    return false;
                };
                star = Some((position, swallowed + 1));
                (at, of) = (swallowed + 1, position + 1);
            }
        }
    }
    pattern[of..].iter().all(|sign| *sign == '*')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalogue::Catalogue;
    use crate::filter::Filter;
    use crate::object::CollectionName;

    fn class() -> Class {
        let name = CollectionName::new("Knowledge").unwrap();
        Catalogue::standard().unwrap().class(&name).unwrap().clone()
    }

    fn holds(filter: Value) -> bool {
        let object = json!({
            "title": "Small tools, done well",
            "topics": ["unix", "Design"],
            "source": "blog/2026 #1",
            "weight": 2.5,
            "published_at": "2026-03-01T00:00:00Z",
        });
        let filter: Filter = serde_json::from_value(filter.clone()).unwrap();
        let condition = filter.condition().unwrap();
        assert_eq!(condition.fault(&class()), None);
        condition.holds(&class(), object.as_object().unwrap())
    }

    fn leaf(operator: &str, path: &str, value: &str, of: Value) -> Value {
        json!({ "operator": operator, "path": [path], value: of })
    }

    #[test]
    fn words_are_compared_by_word_and_wholes_as_wholes() {
        assert!(holds(leaf("Equal", "title", "valueText", json!("TOOLS small"))));
        assert!(!holds(leaf("Equal", "title", "valueText", json!("tools large"))));
        assert!(holds(leaf("Equal", "source", "valueText", json!("blog/2026 #1"))));
        assert!(!holds(leaf("Equal", "source", "valueText", json!("blog/2026"))));
        assert!(holds(leaf("Like", "title", "valueText", json!("to?l*"))));
        assert!(holds(leaf("Like", "source", "valueText", json!("blog*#?"))));
        assert!(!holds(leaf("Like", "source", "valueText", json!("Blog*"))));
        assert!(holds(leaf("NotEqual", "source", "valueText", json!("other"))));
    }

    #[test]
    fn numbers_and_times_are_compared_by_size() {
        for (operator, int, number, date) in [
            ("GreaterThan", true, false, true),
            ("GreaterThanEqual", true, true, true),
            ("LessThan", false, false, false),
            ("LessThanEqual", false, true, false),
        ] {
            assert_eq!(holds(leaf(operator, "weight", "valueInt", json!(2))), int, "{operator}");
            assert_eq!(holds(leaf(operator, "weight", "valueNumber", json!(2.5))), number, "{operator}");
            let day = json!("2026-02-28T23:00:00-01:00");
            let day = if date { json!("2026-02-01T00:00:00Z") } else { day };
            let expected = date || operator == "LessThanEqual";
            assert_eq!(holds(leaf(operator, "published_at", "valueDate", day)), expected, "{operator}");
        }
    }

    #[test]
    fn lists_are_searched_and_filters_joined() {
        let any = |topics: Value| leaf("ContainsAny", "topics", "valueTextArray", topics);
        assert!(holds(any(json!(["rust", "unix"]))) && !holds(any(json!(["design"]))));
        assert!(holds(leaf("ContainsAll", "topics", "valueTextArray", json!(["Design", "unix"]))));
        assert!(!holds(leaf("ContainsAll", "topics", "valueTextArray", json!(["Design", "rust"]))));
        let both = |one: &str, other: &str| {
            let of = |topic: &str| leaf("Equal", "topics", "valueText", json!(topic));
            json!([of(one), of(other)])
        };
        assert!(holds(json!({ "operator": "And", "operands": both("unix", "Design") })));
        assert!(!holds(json!({ "operator": "And", "operands": both("unix", "rust") })));
        assert!(holds(json!({ "operator": "Or", "operands": both("unix", "rust") })));
    }

    #[test]
    fn a_pattern_of_many_stars_ends() {
        assert!(!matches(&"a".repeat(5_000), &format!("{}b", "a*".repeat(40))));
        assert!(matches("", "*") && matches("abc", "a*c*") && !matches("abc", "a?"));
    }

    #[test]
    fn a_filter_that_does_not_fit_the_collection_is_told_what_is_wrong() {
        for bad in [
            leaf("Equal", "titel", "valueText", json!("x")),
            leaf("Equal", "weight", "valueText", json!("x")),
        ] {
            let filter: Filter = serde_json::from_value(bad.clone()).unwrap();
            assert!(filter.condition().unwrap().fault(&class()).is_some(), "{bad}");
        }
    }

    #[test]
    fn what_an_object_must_equal_is_known_only_where_it_must() {
        let agent = |name: &str| Condition::equal("agent", Scalar::Text(name.to_owned()));
        let other = Condition::equal("kind", Scalar::Text("world".to_owned()));
        assert_eq!(agent("nova").required_text("agent"), Some("nova"));
        let inside = Condition::All(vec![other.clone(), Condition::All(vec![agent("nova")])]);
        assert_eq!(inside.required_text("agent"), Some("nova"));
        assert_eq!(Condition::Any(vec![agent("nova"), other]).required_text("agent"), None);
    }
}
