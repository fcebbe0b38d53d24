//! Values in place of names.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::money;

/// What a parameter is like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Like {
    /// Some words.
    #[default]
    Text,
    /// A whole number.
    Count,
    /// Money, such as 25 or 25.50: in minor units once it is read.
    Amount,
    /// A time such as 90m or 8h: in seconds once it is read.
    Time,
    /// One or several texts.
    List,
}

impl Like {
    /// In a word.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Count => "count",
            Self::Amount => "amount",
            Self::Time => "time",
            Self::List => "list",
        }
    }

    /// The value that was typed.
    pub(super) fn read(self, texts: &[String]) -> Result<Given, String> {
        let (Some(text), true) = (texts.first(), self == Self::List || texts.len() == 1) else {
            return Err(format!("it is a {}, and was given {} times", self.name(), texts.len()));
        };
        if let Some(blank) = texts.iter().find(|text| text.trim().is_empty()) {
            return Err(format!("{blank:?} says nothing"));
        }
        let number = |read: Option<i64>, such: &str| {
            read.map(Given::Number).ok_or_else(|| format!("{text:?} is no {} such as {such}", self.name()))
        };
        match self {
            Self::Text => Ok(Given::Text(text.clone())),
            Self::List => Ok(Given::List(texts.to_vec())),
            Self::Count => number(text.parse::<u32>().ok().map(i64::from), "6"),
            Self::Amount => number(money::minor(text).ok(), "25 or 25.50"),
            Self::Time => {
                let time = text.parse::<SignedDuration>().ok().map(|time| time.as_secs());
                number(time.filter(|seconds| *seconds > 0), "90m or 8h")
            }
        }
    }
}

/// A parameter's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Given {
    Text(String),
    Number(i64),
    List(Vec<String>),
    /// It was left out: so is the field that it stands for.
    Nothing,
}

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Words(&'a str),
    Name(&'a str),
}

/// The text in its parts: `{name}` is a parameter, `{{` and `}}` are braces.
fn parts(text: &str) -> Result<Vec<Part<'_>>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (words, braces) = rest.split_at(at);
        parts.push(Part::Words(words));
        if braces.starts_with("{{") || braces.starts_with("}}") {
            parts.push(Part::Words(&braces[..1]));
            rest = &braces[2..];
            continue;
        }
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let name = braces.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let name = name.filter(|(name, _)| is_name(name));
        let (name, behind) =
            name.ok_or_else(|| format!("{text:?} has a single brace: write {{{{ or }}}}"))?;
        parts.push(Part::Name(name));
        rest = behind;
    }
    parts.push(Part::Words(rest));
    parts.retain(|part| *part != Part::Words(""));
    Ok(parts)
}

/// Every name that the values use.
pub(super) fn names_in(value: &Value) -> Result<BTreeSet<String>, String> {
    let mut names = BTreeSet::new();
    match value {
        Value::String(text) => names.extend(parts(text)?.into_iter().filter_map(|part| match part {
            Part::Name(name) => Some(name.to_owned()),
            Part::Words(_) => None,
        })),
        Value::Array(items) => {
            for item in items {
                names.extend(names_in(item)?);
            }
        }
        Value::Object(fields) => {
            for field in fields.values() {
                names.extend(names_in(field)?);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(names)
}

/// [PL-10] The value with names replaced, once: what is put in is not looked at again, and fields keep their names.
pub(super) fn fill(value: &Value, given: &BTreeMap<String, Given>) -> Result<Value, String> {
    match value {
        Value::String(text) => fill_text(text, given),
        Value::Array(items) => {
            let filled = items.iter().map(|item| fill(item, given)).collect::<Result<Vec<_>, _>>()?;
            Ok(filled.into_iter().filter(|item| !item.is_null()).collect())
        }
        Value::Object(fields) => {
            let mut filled = Map::new();
            for (name, field) in fields {
                let field = fill(field, given)?;
                // A field of nothing is a field that is left out.
                if !field.is_null() {
                    filled.insert(name.clone(), field);
                }
            }
            Ok(Value::Object(filled))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(value.clone()),
    }
}

/// A name that stands alone becomes its value, of whatever kind; one among words becomes words.
fn fill_text(text: &str, given: &BTreeMap<String, Given>) -> Result<Value, String> {
    let value = |name: &str| given.get(name).ok_or_else(|| format!("{{{name}}} is no parameter"));
    let parts = parts(text)?;
    if let [Part::Name(name)] = parts.as_slice() {
        return Ok(match value(name)? {
            Given::Text(text) => Value::from(text.as_str()),
            Given::Number(number) => Value::from(*number),
            Given::List(items) => Value::from(items.clone()),
            Given::Nothing => Value::Null,
        });
    }
    let mut filled = String::new();
    for part in parts {
        match part {
            Part::Words(words) => filled.push_str(words),
            Part::Name(name) => match value(name)? {
                Given::Text(text) => filled.push_str(text),
                Given::Number(number) => filled.push_str(&number.to_string()),
                Given::List(_) | Given::Nothing => {
                    return Err(format!("{{{name}}} must stand alone: it is no single text"));
                }
            },
        }
    }
    Ok(Value::String(filled))
}
