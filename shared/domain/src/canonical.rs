//! One byte form per value, and its digest. An approval binds to these bytes and no others.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// SHA-256, written `sha256:<hex>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of raw bytes (media, persona files).
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        use fmt::Write as _;
        let hash = Sha256::digest(bytes);
        let mut text = String::with_capacity(7 + hash.len() * 2);
        text.push_str("sha256:");
        for byte in hash {
            // Writing to a String cannot fail.
            write!(text, "{byte:02x}").unwrap_or_default();
        }
        Self(text)
    }

    /// The digest of a value's canonical JSON.
    #[must_use]
    pub fn of_json(value: &Value) -> Self {
        Self::of_bytes(canonical_json(value).as_bytes())
    }

    /// As text, prefix included.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The value as JSON with sorted keys and no white space, as RFC 8785 orders ASCII keys. Tool arguments hold strings,
/// integers and booleans only, so number formatting never differs.
#[must_use]
pub fn canonical_json(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            let fields: Vec<String> = keys
                .into_iter()
                .map(|key| format!("{}:{}", Value::from(key.as_str()), canonical_json(&map[key])))
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical_json).collect();
            format!("[{}]", items.join(","))
        }
        scalar => scalar.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn key_order_and_white_space_do_not_change_the_digest() {
        let one: Value = serde_json::from_str(r#"{ "b": [1, {"y":2,"x":1}], "a": "é\"" }"#).unwrap();
        let two = json!({"a": "é\"", "b": [1, {"x": 1, "y": 2}]});
        assert_eq!(canonical_json(&one), r#"{"a":"é\"","b":[1,{"x":1,"y":2}]}"#);
        assert_eq!(Digest::of_json(&one), Digest::of_json(&two));
    }
}
