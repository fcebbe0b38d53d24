//! JSON Schemas of types: whole, in themselves, closed. The functions here are for `#[schemars(schema_with = "…")]` on
//! fields whose types know nothing of schemas.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::closing::{FORMS, LIMITS, close, has};

/// What our identifiers look like: nothing that could reach into another key.
const ID: &str = "^[A-Za-z0-9_-]{1,64}$";
/// Longest idempotency key of a generate tool, in characters: `task/attempt` and room to spare.
const KEY_CHARS: usize = 128;

/// An identifier of ours: tenant, agent, campaign, task.
pub fn id(_: &mut SchemaGenerator) -> Schema {
    of(json!({ "type": "string", "pattern": ID }))
}

/// `sha256:` and 64 hex digits.
pub fn digest(_: &mut SchemaGenerator) -> Schema {
    of(json!({ "type": "string", "pattern": "^sha256:[0-9a-f]{64}$" }))
}

/// Money in integer minor units.
pub fn money(_: &mut SchemaGenerator) -> Schema {
    of(money_value())
}

/// An amount of a token or a currency as a decimal text without exponent: never a floating-point number.
pub fn decimal(_: &mut SchemaGenerator) -> Schema {
    of(json!({ "type": "string", "pattern": "^[0-9]{1,30}(\\.[0-9]{1,30})?$" }))
}

/// A moment as RFC 3339 text.
pub fn timestamp(_: &mut SchemaGenerator) -> Schema {
    of(json!({ "type": "string", "format": "date-time", "minLength": 20, "maxLength": 35 }))
}

/// A UUID.
pub fn uuid(_: &mut SchemaGenerator) -> Schema {
    of(uuid_value())
}

/// The idempotency key of a generate tool.
pub fn idempotency_key(_: &mut SchemaGenerator) -> Schema {
    of(json!({ "type": "string", "minLength": 1, "maxLength": KEY_CHARS }))
}

pub(crate) fn money_value() -> Value {
    json!({
        "type": "object",
        "required": ["minor", "currency"],
        "properties": {
            "minor": { "type": "integer", "minimum": 0 },
            "currency": { "type": "string" },
        },
        "additionalProperties": false,
    })
}

fn uuid_value() -> Value {
    json!({ "type": "string", "format": "uuid", "minLength": 36, "maxLength": 36 })
}

fn of(value: Value) -> Schema {
    match value {
        Value::Object(fields) => fields.into(),
        _ => true.into(),
    }
}

/// [T-1] The schema of a tool's arguments: an object, and nothing in it, however deep, that the type does not have.
pub(crate) fn input<T: JsonSchema>() -> Result<Value, String> {
    let mut fields = root::<T>(SchemaSettings::draft2020_12().for_deserialize())?;
    if !has(&fields, &LIMITS) && !has(&fields, &FORMS) && !has(&fields, &["properties", "$ref"]) {
        fields.insert("additionalProperties".to_owned(), json!(false));
    }
    let mut schema = Value::Object(fields);
    close(&mut schema, false);
    narrow(&mut schema, "tenant", json!({ "pattern": ID }));
    Ok(schema)
}

/// [T-1] The schema of a tool's answer: an object.
pub(crate) fn output<T: JsonSchema>() -> Result<Value, String> {
    root::<T>(SchemaSettings::draft2020_12().for_serialize()).map(Value::Object)
}

/// Everything in one place: a client that reads one schema has read it all.
fn root<T: JsonSchema>(settings: SchemaSettings) -> Result<Map<String, Value>, String> {
    let settings = settings.with(|settings| settings.inline_subschemas = true);
    let Value::Object(mut fields) = settings.into_generator().into_root_schema_for::<T>().to_value() else {
        return Err("a schema must be an object".to_owned());
    };
    // The type's own name is nobody's business, and must not change the tool list's digest.
    fields.remove("title");
    let schema = Value::Object(fields);
    if !is_object(&schema) {
        return Err("arguments and answers are objects in each of their forms".to_owned());
    }
    let Value::Object(mut fields) = schema else {
        return Err("a schema must be an object".to_owned());
    };
    fields.insert("type".to_owned(), json!("object"));
    Ok(fields)
}

/// Whether nothing but an object fits, as far as the schema says.
fn is_object(schema: &Value) -> bool {
    let forms = || ["oneOf", "anyOf"].into_iter().filter_map(|form| schema.get(form)?.as_array()).flatten();
    schema.get("type").map_or_else(|| forms().all(is_object), |kind| kind == "object")
}

/// The arguments of a generate tool: they name the tenant and an idempotency key.
pub(crate) fn generate_input<T: JsonSchema>() -> Result<Value, String> {
    let mut schema = input::<T>()?;
    for field in ["tenant", "idempotency_key"] {
        let declared = schema.pointer(&format!("/properties/{field}/type"));
        let required = schema.get("required").and_then(Value::as_array);
        let required = required.is_some_and(|required| required.contains(&json!(field)));
        if declared != Some(&json!("string")) || !required {
            return Err(format!("what makes something takes the required text `{field}`"));
        }
    }
    narrow(&mut schema, "idempotency_key", json!({ "minLength": 1, "maxLength": KEY_CHARS }));
    Ok(schema)
}

/// Adds limits to a property. One of its own holds where it is narrower, and beside ours where nobody can tell.
fn narrow(schema: &mut Value, property: &str, limits: Value) {
    let property = schema.pointer_mut(&format!("/properties/{property}")).and_then(Value::as_object_mut);
    let (Some(property), Value::Object(limits)) = (property, limits) else {
        return;
    };
    for (name, limit) in limits {
        let own = property.get(&name).cloned().unwrap_or_else(|| limit.clone());
        let both = match (name.as_str(), own.as_u64(), limit.as_u64()) {
            ("maxLength", Some(own), Some(limit)) => json!(own.min(limit)),
            ("minLength", Some(own), Some(limit)) => json!(own.max(limit)),
            _ if own == limit => limit,
            _ => {
                let beside = property.entry("allOf").or_insert_with(|| json!([]));
                beside.as_array_mut().into_iter().for_each(|all| all.push(json!({ &name: limit })));
                own
            }
        };
        property.insert(name, both);
    }
}

/// The arguments of an effect tool as they are called: with grant, key and the bytes of media.
pub(crate) fn effect_input<T: JsonSchema>() -> Result<Value, String> {
    let mut schema = input::<T>()?;
    if schema.as_object().is_some_and(|fields| has(fields, &FORMS) || has(fields, &["$ref"])) {
        return Err("what a grant covers has one form: it is one struct, and takes in no other".to_owned());
    }
    super::media::declare_bytes(&mut schema)?;
    let every = [("idempotency_key", uuid_value()), ("grant", json!({ "type": "object" }))];
    for (name, declared) in every {
        add_required(&mut schema, name, declared)?;
    }
    Ok(schema)
}

fn add_required(schema: &mut Value, name: &str, declared: Value) -> Result<(), String> {
    let fields = schema.as_object_mut().ok_or("a schema must be an object")?;
    let properties = fields.entry("properties").or_insert_with(|| json!({}));
    let properties = properties.as_object_mut().ok_or("properties must be an object")?;
    if properties.insert(name.to_owned(), declared).is_some() {
        return Err(format!("the argument `{name}` is the kit's"));
    }
    match fields.entry("required").or_insert_with(|| json!([])) {
        Value::Array(required) => required.push(json!(name)),
        _ => return Err("required must be an array".to_owned()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jsonschema::{is_valid, validator_for};

    use super::*;

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema matters")]
    struct Tree {
        name: String,
        branches: Vec<Tree>,
    }

    #[derive(JsonSchema)]
    #[serde(tag = "state", rename_all = "snake_case")]
    #[expect(dead_code, reason = "only its schema matters")]
    enum Seen {
        Here { at: String },
        Gone,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema matters")]
    struct Whose {
        tenant: Option<String>,
        #[schemars(schema_with = "money")]
        price: String,
        #[schemars(schema_with = "decimal")]
        amount: String,
    }

    /// [T-1]
    #[test]
    fn what_contains_itself_is_still_whole() {
        let schema = input::<Tree>().unwrap();
        assert!(validator_for(&schema).is_ok());
        let twig = json!({ "name": "twig", "branches": [] });
        assert!(is_valid(&schema, &json!({ "name": "trunk", "branches": [twig] })));
        assert!(!is_valid(&schema, &json!({ "name": "trunk", "branches": [{ "name": 1, "branches": [] }] })));
        assert!(!is_valid(&schema, &json!({ "name": "trunk", "branches": [], "leaves": 3 })));
    }

    /// [T-1]
    #[test]
    fn an_answer_of_several_forms_is_an_object_in_each() {
        let schema = output::<Seen>().unwrap();
        assert_eq!(schema["type"], "object");
        assert!(is_valid(&schema, &json!({ "state": "here", "at": "home" })));
        assert!(is_valid(&schema, &json!({ "state": "gone" })));
        assert!(!is_valid(&schema, &json!({ "state": "here" })));
        assert!(!is_valid(&schema, &json!("gone")));
    }

    #[derive(JsonSchema)]
    #[serde(rename_all = "snake_case")]
    #[expect(dead_code, reason = "only its schema matters")]
    enum Loose {
        Nothing,
        Something { what: String },
    }

    /// [T-2]
    #[test]
    fn what_may_be_something_else_than_an_object_is_no_answer_and_no_arguments() {
        assert!(output::<Loose>().is_err());
        assert!(output::<Option<Whose>>().is_err());
        assert!(input::<Loose>().is_err());
        assert!(output::<Whose>().is_ok());
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema matters")]
    struct Envelope {
        account: String,
        #[serde(flatten)]
        seen: Seen,
    }

    /// [T-2]
    #[test]
    fn what_a_grant_covers_has_one_form() {
        assert!(effect_input::<Seen>().is_err());
        assert!(effect_input::<Envelope>().is_err());
        assert!(effect_input::<Whose>().is_ok());
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema matters")]
    struct Roomy {
        #[schemars(regex(pattern = "^[a-z#]+$"))]
        tenant: String,
        #[schemars(length(min = 3, max = 4000))]
        idempotency_key: String,
    }

    /// [T-3] [E-8]
    #[test]
    fn a_tools_own_limits_never_widen_what_a_tenant_or_a_key_may_be() {
        let schema = generate_input::<Roomy>().unwrap();
        let fits =
            |tenant: &str, key: &str| is_valid(&schema, &json!({ "tenant": tenant, "idempotency_key": key }));
        assert!(fits("acme", "k-1"), "{schema}");
        assert!(!fits("a#b", "k-1") && !fits("ACME", "k-1"), "both patterns hold: {schema}");
        assert!(!fits("acme", "k") && !fits("acme", &"k".repeat(KEY_CHARS + 1)), "{schema}");
    }

    #[test]
    fn tenants_money_and_amounts_look_like_what_they_are() {
        let schema = input::<Whose>().unwrap();
        let price = json!({ "minor": 1, "currency": "USD" });
        let fits = |tenant: Value, price: &Value, amount: &str| {
            is_valid(&schema, &json!({ "tenant": tenant, "price": price, "amount": amount }))
        };
        assert!(fits(json!("acme"), &price, "0.50") && fits(Value::Null, &price, "7"));
        assert!(!fits(json!("acme#x"), &price, "1") && !fits(json!("*"), &price, "1"));
        for amount in ["-1", "1e9", ".5", "1.", "", "1,5", "0x1"] {
            assert!(!fits(json!("acme"), &price, amount), "{amount}");
        }
        assert!(!fits(json!("acme"), &json!({ "minor": -1, "currency": "USD" }), "1"));
        assert!(!fits(json!("acme"), &json!({ "minor": 0.5, "currency": "USD" }), "1"));
    }
}
