//! Tables for people, JSON for programs.

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;

use crate::args::Output;

/// A column: its heading and where its value is, as a JSON pointer.
pub(crate) type Column = (&'static str, &'static str);

/// Prints the whole answer as JSON, or its rows as a table.
pub(crate) fn rows(output: Output, answer: &Value, pointer: &str, columns: &[Column]) {
    match output {
        Output::Json => json(answer),
        Output::Table => println!("{}", table(answer.pointer(pointer).unwrap_or(&Value::Null), columns)),
    }
}

/// Prints the whole answer as JSON, or some of its facts, one per line.
pub(crate) fn facts(output: Output, answer: &Value, columns: &[Column]) {
    match output {
        Output::Json => json(answer),
        Output::Table => print!("{}", fact_lines(answer, columns)),
    }
}

/// Prints JSON over several lines.
pub(crate) fn json(answer: &Value) {
    println!("{answer:#}");
}

/// The rows of an array as a table.
pub(crate) fn table(rows: &Value, columns: &[Column]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(columns.iter().map(|(heading, _)| heading.to_uppercase()));
    for row in rows.as_array().into_iter().flatten() {
        table.add_row(columns.iter().map(|(_, pointer)| cell(row.pointer(pointer))));
    }
    table.trim_fmt()
}

fn fact_lines(answer: &Value, columns: &[Column]) -> String {
    let width = columns.iter().map(|(heading, _)| heading.len()).max().unwrap_or_default();
    columns
        .iter()
        .map(|(heading, pointer)| format!("{heading:width$}  {}\n", cell(answer.pointer(pointer))))
        .collect()
}

/// A value as short text: money as an amount, a list as its words.
pub(crate) fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) if items.is_empty() => "-".to_owned(),
        Some(Value::Array(items)) => items.iter().map(|item| cell(Some(item))).collect::<Vec<_>>().join(", "),
        Some(object @ Value::Object(_)) => serde_json::from_value::<chimera_domain::Money>(object.clone())
            .map_or_else(|_| object.to_string(), |money| money.to_string()),
        Some(scalar) => scalar.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_shown_as_a_person_would_write_it() {
        assert_eq!(cell(Some(&json!({"minor": 120, "currency": "USD"}))), "1.20 USD");
        assert_eq!(cell(Some(&json!(["hold_first", "topic:politics"]))), "hold_first, topic:politics");
        assert_eq!(cell(Some(&json!([]))), "-");
        assert_eq!(cell(None), "-");
    }

    #[test]
    fn a_table_has_a_heading_and_a_line_per_row() {
        let rows = json!([{"id": "a", "n": 1}, {"id": "b"}]);
        let text = table(&rows, &[("id", "/id"), ("count", "/n")]);
        assert_eq!(text.lines().count(), 3);
        assert!(text.lines().next().unwrap().contains("COUNT"));
    }
}
