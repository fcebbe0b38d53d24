//! JSON as a careful peer writes it, read at a bounded price. What two readers could understand differently (a key
//! twice), and what is small on the wire and large in memory, is refused.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// What one value takes in memory, with the room that a growing list keeps free.
const VALUE_BYTES: usize = 64;
/// What an object takes before its first entry is counted: its map's first node.
const OBJECT_BYTES: usize = 640;

/// Reads one JSON value that takes at most `budget` bytes of memory. Depth is bounded by the parser itself, at 128.
///
/// # Errors
/// What is wrong with it, without its content.
pub(crate) fn parse(text: &[u8], budget: usize) -> Result<Value, serde_json::Error> {
    let left = Cell::new(budget);
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Strict { left: &left }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    left: &'a Cell<usize>,
}

impl Strict<'_> {
    fn spend<E: Error>(self, bytes: usize) -> Result<(), E> {
        let left = self.left.get().checked_sub(bytes);
        self.left.set(left.ok_or_else(|| E::custom("larger in memory than an answer may be"))?);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.spend(VALUE_BYTES)?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        self.spend(value.len())?;
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut read = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            read.push(item);
        }
        Ok(Value::Array(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let first = if read.is_empty() { OBJECT_BYTES } else { 0 };
            self.spend(first + VALUE_BYTES + key.len())?;
            let value = entries.next_value_seed(self)?;
            if read.insert(key, value).is_some() {
                return Err(A::Error::custom("a key twice"));
            }
        }
        Ok(Value::Object(read))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const BUDGET: usize = 64 * 1024;

    #[test]
    fn ordinary_json_is_read_as_it_is() {
        let text = r#" {"a": [1, -2, 2.5, "x", null, true], "b": {"é": "\ud83e\udd80"}} "#;
        let expected = json!({"a": [1, -2, 2.5, "x", null, true], "b": {"é": "🦀"}});
        assert_eq!(parse(text.as_bytes(), BUDGET).unwrap(), expected);
    }

    #[test]
    fn what_is_no_careful_json_is_refused() {
        let deep = "[".repeat(100_000);
        let wrong = [
            r#"{"a": 1, "a": 1}"#,
            r#"{"a": {"b": 1, "b": 2}}"#,
            "{} {}",
            "\u{feff}{}",
            "NaN",
            "[1e400]",
            r#""\ud800""#,
            "",
            "{",
            deep.as_str(),
        ];
        for text in wrong {
            assert!(parse(text.as_bytes(), BUDGET).is_err(), "{text:.20}");
        }
        assert!(parse(b"\"\xff\"", BUDGET).is_err());
    }

    #[test]
    fn what_grows_in_memory_is_refused() {
        let small = "[".to_owned() + &vec!["{\"\":0}"; 100].join(",") + "]";
        assert!(parse(small.as_bytes(), BUDGET).is_err(), "700 bytes that would take 80 KB");
        assert!(parse(small.as_bytes(), 4 * BUDGET).is_ok());
        assert!(parse(format!("\"{}\"", "x".repeat(BUDGET)).as_bytes(), BUDGET).is_err());
    }
}
