//! Closing schemas: nothing is taken that a type does not name.

use serde_json::{Map, Value, json};

/// What says of an object's other fields whether they may be there.
pub(crate) const LIMITS: [&str; 3] = ["additionalProperties", "unevaluatedProperties", "patternProperties"];
/// What makes one schema of several.
pub(crate) const FORMS: [&str; 3] = ["oneOf", "anyOf", "allOf"];

/// [T-1] Closes the objects in a schema that name their fields: what a type would pass over is refused. `is_part` says
/// that the schema is one of several that hold together, and that the one around them is closed.
pub(crate) fn close(schema: &mut Value, is_part: bool) {
    let Value::Object(fields) = schema else {
        return;
    };
    let is_joined = is_joined(fields);
    if !is_part && !has(fields, &LIMITS) {
        if is_joined {
            fields.insert("unevaluatedProperties".to_owned(), json!(false));
        } else if fields.contains_key("properties") {
            fields.insert("additionalProperties".to_owned(), json!(false));
        }
    }
    for (keyword, inner) in fields {
        match (keyword.as_str(), inner) {
            ("properties" | "patternProperties" | "$defs", Value::Object(named)) => {
                named.values_mut().for_each(|schema| close(schema, false));
            }
            ("items" | "additionalProperties" | "unevaluatedProperties", schema) => close(schema, false),
            ("prefixItems", Value::Array(schemas)) => {
                schemas.iter_mut().for_each(|schema| close(schema, false));
            }
            (form, Value::Array(schemas)) if FORMS.contains(&form) => {
                schemas.iter_mut().for_each(|schema| close(schema, is_part || is_joined));
            }
            _ => {}
        }
    }
}

/// Whether an object's fields are named in more than one place, as where a type takes in another.
fn is_joined(fields: &Map<String, Value>) -> bool {
    let naming = FORMS.iter().filter(|form| fields.get(**form).is_some_and(names_fields)).count();
    let all = fields.get("allOf").is_some_and(names_fields);
    all || naming + usize::from(fields.contains_key("properties")) > 1
}

fn names_fields(schemas: &Value) -> bool {
    schemas.as_array().into_iter().flatten().any(|schema| {
        schema.get("properties").is_some()
            || FORMS.iter().any(|form| schema.get(*form).is_some_and(names_fields))
    })
}

/// Whether a schema has one of the keywords.
pub(crate) fn has(fields: &Map<String, Value>, keywords: &[&str]) -> bool {
    keywords.iter().any(|keyword| fields.contains_key(*keyword))
}

#[cfg(test)]
mod tests {
    use jsonschema::is_valid;
    use schemars::JsonSchema;

    use super::*;
    use crate::server::schema::input;

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema matters")]
    struct Letter {
        to: Vec<Address>,
        stamp: Option<Stamp>,
        #[serde(flatten)]
        how: How,
        notes: std::collections::BTreeMap<String, Stamp>,
        anything: Value,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema matters")]
    struct Address {
        town: String,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema matters")]
    struct Stamp {
        cents: u32,
    }

    #[derive(JsonSchema)]
    #[serde(tag = "by", rename_all = "snake_case")]
    #[expect(dead_code, reason = "only its schema matters")]
    enum How {
        Air { line: String },
        Sea { ship: Stamp },
    }

    /// [T-1]
    #[test]
    fn arguments_are_closed_however_deep_and_in_each_of_their_forms() {
        let schema = input::<Letter>().unwrap();
        let letter = json!({
            "to": [{ "town": "Rome" }], "stamp": { "cents": 5 }, "by": "air", "line": "x", "anything": { "of": 1 },
            "notes": { "one": { "cents": 1 } },
        });
        assert!(is_valid(&schema, &letter), "{schema}");
        let plain = json!({ "to": [], "stamp": null, "by": "sea", "ship": { "cents": 1 }, "notes": {}, "anything": 1 });
        assert!(is_valid(&schema, &plain), "{schema}");
        let with = |place: &str, more: &str| {
            let mut letter = letter.clone();
            letter.pointer_mut(place).unwrap()[more] = json!(1);
            letter
        };
        for (place, more) in
            [("", "gift"), ("/to/0", "street"), ("/stamp", "colour"), ("", "ship"), ("/notes/one", "x")]
        {
            assert!(!is_valid(&schema, &with(place, more)), "{place} {more}: {schema}");
        }
        assert!(is_valid(&schema, &with("/anything", "more")), "what is free by its type stays free");
        let mut sea = plain.clone();
        sea["ship"]["sails"] = json!(3);
        assert!(!is_valid(&schema, &sea), "{schema}");
        let how = input::<How>().unwrap();
        assert!(is_valid(&how, &json!({ "by": "air", "line": "x" })));
        assert!(!is_valid(&how, &json!({ "by": "air", "line": "x", "ship": { "cents": 1 } })), "{how}");
    }
}
