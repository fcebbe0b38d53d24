//! The database's `where` filter as callers write it, read once into a [`Condition`].

use chimera_domain::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::condition::{Comparison, Condition, Scalar, Test};
use crate::object::property;

/// Filters inside filters: what a person can follow.
const DEPTH: usize = 8;
/// Filters in all, and values of one.
const PARTS: usize = 100;

/// A filter that cannot be used. The caller is told.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidFilter {
    /// It is not built as filters are.
    #[error("{0}")]
    Malformed(String),
    /// It is one of the database's filters that this server does not have.
    #[error("this server does not filter by {0}")]
    Unsupported(&'static str),
}

/// How a filter compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Operator {
    /// All operands hold.
    And,
    /// One of the operands holds.
    Or,
    /// Not supported.
    Not,
    /// The value is there; of a text made of words, all its words.
    Equal,
    /// It is not.
    NotEqual,
    /// With `*` for any signs and `?` for one.
    Like,
    /// Larger, or later.
    GreaterThan,
    /// Not smaller.
    GreaterThanEqual,
    /// Smaller, or earlier.
    LessThan,
    /// Not larger.
    LessThanEqual,
    /// At least one of the values is there.
    ContainsAny,
    /// All the values are there.
    ContainsAll,
    /// Not supported.
    ContainsNone,
    /// Not supported.
    WithinGeoRange,
    /// Not supported.
    IsNull,
}

/// A filter: a comparison of one property, or several filters joined by `And` or `Or`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Filter {
    /// How it compares, or joins.
    pub operator: Operator,
    /// The property, as a list of one name.
    #[serde(default)]
    pub path: Vec<String>,
    /// A text.
    pub value_text: Option<String>,
    /// A whole number.
    pub value_int: Option<i64>,
    /// A number.
    pub value_number: Option<f64>,
    /// Yes or no.
    pub value_boolean: Option<bool>,
    /// A time, RFC 3339.
    pub value_date: Option<String>,
    /// Texts.
    pub value_text_array: Option<Vec<String>>,
    /// Whole numbers.
    pub value_int_array: Option<Vec<i64>>,
    /// Numbers.
    pub value_number_array: Option<Vec<f64>>,
    /// Each yes or no.
    pub value_boolean_array: Option<Vec<bool>>,
    /// Times, RFC 3339.
    pub value_date_array: Option<Vec<String>>,
    /// Not supported.
    pub value_geo_range: Option<Value>,
    /// The filters that `And` and `Or` join.
    #[serde(default)]
    pub operands: Vec<Filter>,
}

impl Filter {
    /// What it asks for.
    ///
    /// # Errors
    /// [`InvalidFilter`].
    pub fn condition(&self) -> Result<Condition, InvalidFilter> {
        let mut parts = 0;
        self.read(0, &mut parts)
    }

    fn read(&self, depth: usize, parts: &mut usize) -> Result<Condition, InvalidFilter> {
        *parts += 1;
        if depth > DEPTH || *parts > PARTS {
            return Err(malformed(format!(
                "more than {PARTS} filters, or more than {DEPTH} inside each other"
            )));
        }
        match self.operator {
            Operator::And => Ok(Condition::All(self.joined(depth, parts)?)),
            Operator::Or => Ok(Condition::Any(self.joined(depth, parts)?)),
            Operator::Not => Err(InvalidFilter::Unsupported("Not")),
            Operator::ContainsNone => Err(InvalidFilter::Unsupported("ContainsNone")),
            Operator::WithinGeoRange => Err(InvalidFilter::Unsupported("WithinGeoRange")),
            Operator::IsNull => Err(InvalidFilter::Unsupported("IsNull")),
            Operator::Equal => self.one(Test::Equal),
            Operator::NotEqual => self.one(Test::NotEqual),
            Operator::Like => self.one(Test::Like),
            Operator::GreaterThan => self.one(Test::Greater),
            Operator::GreaterThanEqual => self.one(Test::GreaterEqual),
            Operator::LessThan => self.one(Test::Less),
            Operator::LessThanEqual => self.one(Test::LessEqual),
            Operator::ContainsAny => self.some(Test::ContainsAny),
            Operator::ContainsAll => self.some(Test::ContainsAll),
        }
    }

    fn joined(&self, depth: usize, parts: &mut usize) -> Result<Vec<Condition>, InvalidFilter> {
        if self.operands.is_empty() || !self.path.is_empty() || !self.values()?.is_empty() {
            return Err(malformed("And and Or have operands, and neither a path nor a value"));
        }
        self.operands.iter().map(|operand| operand.read(depth + 1, parts)).collect()
    }

    fn one(&self, test: Test) -> Result<Condition, InvalidFilter> {
        let values = self.values()?;
        if values.len() != 1 {
            return Err(malformed(format!("{:?} has exactly one value", self.operator)));
        }
        self.comparison(test, values)
    }

    fn some(&self, test: Test) -> Result<Condition, InvalidFilter> {
        let values = self.values()?;
        if values.is_empty() || values.len() > PARTS {
            return Err(malformed(format!("{:?} has 1 to {PARTS} values", self.operator)));
        }
        self.comparison(test, values)
    }

    fn comparison(&self, test: Test, values: Vec<Scalar>) -> Result<Condition, InvalidFilter> {
        let [name] = self.path.as_slice() else {
            let reference = InvalidFilter::Unsupported("references to other collections");
            return Err(if self.path.is_empty() { malformed("a comparison has a path") } else { reference });
        };
        if !self.operands.is_empty() {
            return Err(malformed("a comparison has no operands"));
        }
        if test == Test::Like && !matches!(values.as_slice(), [Scalar::Text(_)]) {
            return Err(malformed("Like compares texts"));
        }
        let property = property(name).map_err(|invalid| malformed(invalid.to_string()))?.to_owned();
        Ok(Condition::Compare(Comparison { property, test, values }))
    }

    /// The values, of one kind; empty where there are none.
    fn values(&self) -> Result<Vec<Scalar>, InvalidFilter> {
        if self.value_geo_range.is_some() {
            return Err(InvalidFilter::Unsupported("valueGeoRange"));
        }
        let texts = one_or_many(&self.value_text, &self.value_text_array);
        let ints = one_or_many(&self.value_int, &self.value_int_array);
        let numbers = one_or_many(&self.value_number, &self.value_number_array);
        let booleans = one_or_many(&self.value_boolean, &self.value_boolean_array);
        let dates = one_or_many(&self.value_date, &self.value_date_array);
        let dates =
            dates.map(|dates| dates.iter().map(|date| read_date(date)).collect::<Result<Vec<_>, _>>());
        let kinds = [
            texts.map(|texts| texts.into_iter().map(Scalar::Text).collect::<Vec<_>>()),
            ints.map(|ints| ints.into_iter().map(Scalar::Int).collect()),
            numbers.map(|numbers| numbers.into_iter().map(Scalar::Number).collect()),
            booleans.map(|booleans| booleans.into_iter().map(Scalar::Boolean).collect()),
            dates.transpose()?,
        ];
        let mut kinds = kinds.into_iter().flatten();
        let values = kinds.next().unwrap_or_default();
        if kinds.next().is_some() {
            return Err(malformed("a filter has values of one kind"));
        }
        Ok(values)
    }
}

fn one_or_many<T: Clone>(one: &Option<T>, many: &Option<Vec<T>>) -> Option<Vec<T>> {
    match (one, many) {
        (None, None) => None,
        (one, many) => Some(one.iter().cloned().chain(many.iter().flatten().cloned()).collect()),
    }
}

fn read_date(date: &str) -> Result<Scalar, InvalidFilter> {
    let read = date.parse::<Timestamp>();
    read.map(Scalar::Date).map_err(|_| malformed(format!("`{date}` is no time like 2026-01-01T00:00:00Z")))
}

fn malformed(why: impl Into<String>) -> InvalidFilter {
    InvalidFilter::Malformed(why.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(filter: Value) -> Result<Condition, InvalidFilter> {
        serde_json::from_value::<Filter>(filter).unwrap().condition()
    }

    #[test]
    fn a_filter_that_is_not_built_as_filters_are_is_refused() {
        let leaf = json!({ "operator": "Equal", "path": ["a"], "valueInt": 1 });
        for bad in [
            json!({ "operator": "Equal", "valueInt": 1 }),
            json!({ "operator": "Equal", "path": ["a"] }),
            json!({ "operator": "Equal", "path": ["a b"], "valueInt": 1 }),
            json!({ "operator": "Equal", "path": ["a"], "valueInt": 1, "valueText": "x" }),
            json!({ "operator": "Equal", "path": ["a"], "valueInt": 1, "operands": [leaf] }),
            json!({ "operator": "And", "operands": [] }),
            json!({ "operator": "And", "path": ["a"], "operands": [leaf] }),
            json!({ "operator": "Like", "path": ["a"], "valueInt": 1 }),
            json!({ "operator": "LessThan", "path": ["a"], "valueDate": "2026-01-01" }),
            json!({ "operator": "ContainsAny", "path": ["a"], "valueTextArray": [] }),
        ] {
            assert!(matches!(read(bad.clone()), Err(InvalidFilter::Malformed(_))), "{bad}");
        }
        let mut deep = leaf.clone();
        for _ in 0..=DEPTH {
            deep = json!({ "operator": "Or", "operands": [deep] });
        }
        assert!(read(deep).is_err());
        assert!(read(json!({ "operator": "Or", "operands": vec![leaf; PARTS] })).is_err());
    }

    #[test]
    fn what_the_database_could_and_this_server_cannot_is_said_so() {
        for unsupported in [
            json!({ "operator": "IsNull", "path": ["a"], "valueBoolean": true }),
            json!({ "operator": "Equal", "path": ["by", "Author", "name"], "valueText": "x" }),
            json!({ "operator": "WithinGeoRange", "path": ["a"], "valueGeoRange": {} }),
        ] {
            assert!(matches!(read(unsupported.clone()), Err(InvalidFilter::Unsupported(_))), "{unsupported}");
        }
    }
}
