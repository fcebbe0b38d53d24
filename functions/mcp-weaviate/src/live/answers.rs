//! What the database's errors mean, wherever they are told: by a status, in a list of errors, or inside a success.

use serde_json::Value;

use crate::database::DatabaseError;

/// Characters of a message that are passed on.
const MESSAGE_CHARS: usize = 500;

/// Words of the database about what is not there.
const ABSENCE: [&str; 6] = [
    "tenant not found",
    "could not find class",
    "on type \"getobjectsobj\"",
    "no schema is present",
    "class not found",
    "no object with id",
];
/// Words about being asked too often, about being unable for now, and about who may.
const OFTEN: [&str; 3] = ["too many requests", "rate limit", "429"];
const UNABLE: [&str; 5] =
    ["context deadline exceeded", "connection refused", "not ready", "shutting down", "unavailable"];
const FORBIDDEN: [&str; 3] = ["forbidden", "unauthorized", "anonymous access"];

/// An answer that is no success.
pub(crate) fn refusal(status: u16, body: &Value, retry_after_s: Option<u32>) -> DatabaseError {
    let message = message(body);
    // The database says of a tenant that is not there that the request cannot be processed.
    let status = if matches!(status, 400 | 422 | 500) && says(&message, &ABSENCE) { 404 } else { status };
    let message = if message.is_empty() { format!("the database answered {status}") } else { message };
    DatabaseError { status, message, retry_after_s }
}

/// Errors inside a success, by the status they stand for.
pub(crate) fn inside(errors: &Value) -> DatabaseError {
    let message = listed(errors);
    let status = if says(&message, &ABSENCE) {
        404
    } else if says(&message, &OFTEN) {
        429
    } else if says(&message, &UNABLE) {
        503
    } else if says(&message, &FORBIDDEN) {
        403
    } else {
        422
    };
    DatabaseError { status, message, retry_after_s: None }
}

/// Whether an answer only says that what should be made is there already.
pub(crate) fn is_there_already(error: &DatabaseError) -> bool {
    matches!(error.status, 409 | 422) && says(&error.message, &["already exists", "already in use"])
}

/// The message of one object's errors, if it has any.
pub(crate) fn of_object(result: &Value) -> Option<String> {
    let message = listed(&result["errors"]["error"]);
    let failed = result["status"] == "FAILED" || !message.is_empty();
    failed.then(|| if message.is_empty() { "the database did not say why".to_owned() } else { message })
}

fn message(body: &Value) -> String {
    let listed = listed(&body["error"]);
    if !listed.is_empty() {
        return listed;
    }
    let alone = body["message"].as_str().or_else(|| body.as_str());
    cut(alone.unwrap_or_default())
}

fn listed(errors: &Value) -> String {
    let messages = errors.as_array().into_iter().flatten().filter_map(|error| error["message"].as_str());
    cut(&messages.collect::<Vec<_>>().join("; "))
}

fn cut(message: &str) -> String {
    message.trim().chars().take(MESSAGE_CHARS).collect()
}

fn says(message: &str, words: &[&str]) -> bool {
    let message = message.to_lowercase();
    words.iter().any(|word| message.contains(word))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_is_found_wherever_it_is() {
        for (body, message) in [
            (json!({ "error": [{ "message": "one" }, { "message": "two" }] }), "one; two"),
            (json!({ "code": 601, "message": "objects in body is required" }), "objects in body is required"),
            (json!("<html>bad gateway</html>"), "<html>bad gateway</html>"),
            (json!(null), "the database answered 400"),
        ] {
            assert_eq!(refusal(400, &body, None).message, message);
        }
        assert_eq!(refusal(500, &json!("x".repeat(9_000)), None).message.len(), MESSAGE_CHARS);
    }

    #[test]
    fn absence_is_known_by_its_words() {
        let told = json!({ "error": [{ "message": "put object: tenant not found: \"t1\"" }] });
        assert_eq!(refusal(422, &told, None).status, 404);
        assert_eq!(refusal(422, &json!({ "error": [{ "message": "wrong type" }] }), None).status, 422);
    }

    #[test]
    fn errors_inside_a_success_stand_for_a_status() {
        for (message, status) in [
            ("Cannot query field \"Recipe\" on type \"GetObjectsObj\". Did you mean \"Memory\"?", 404),
            ("explorer: list class: search: object search at index memory: tenant not found: \"t9\"", 404),
            ("429 Too many requests", 429),
            ("context deadline exceeded", 503),
            ("forbidden: no permission to read", 403),
            ("Syntax Error GraphQL request (1:9) Unexpected Name", 422),
            ("invalid 'where' filter: data type filter cannot use \"valueInt\" on type \"text\"", 422),
        ] {
            assert_eq!(inside(&json!([{ "message": message }])).status, status, "{message}");
        }
    }

    #[test]
    fn an_object_failed_where_it_says_so() {
        assert_eq!(of_object(&json!({ "status": "SUCCESS" })), None);
        let failed = json!({ "status": "FAILED", "errors": { "error": [{ "message": "vector lengths don't match" }] } });
        assert_eq!(of_object(&failed).as_deref(), Some("vector lengths don't match"));
        assert!(of_object(&json!({ "status": "FAILED" })).is_some());
    }
}
