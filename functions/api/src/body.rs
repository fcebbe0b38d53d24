//! Strict request bodies: the size first, then the type, then the syntax, then the meaning, each with its own answer.

use std::fmt;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use chimera_domain::{is_carriable, limits};
use serde::Deserialize;
use serde::de::{self, DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_path_to_error::Segment;

use crate::errors::{self, Problem};

/// Deepest nesting of a JSON body. Our own documents need five levels; a bomb needs thousands.
const JSON_DEPTH: u32 = 32;
/// Longest part of a parser's message that is passed on: enough to find the fault, too little to echo a body.
const DETAIL_CHARS: usize = 300;

/// A JSON body without duplicate keys, trailing bytes or deep nesting.
pub(crate) struct Json(pub(crate) Value);

/// A JSON body that may be absent: null then.
pub(crate) struct MaybeJson(pub(crate) Value);

/// A Markdown body.
pub(crate) struct Markdown(pub(crate) String);

impl<S: Send + Sync> FromRequest<S> for Json {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let headers = request.headers().clone();
        let bytes = read(request).await?;
        check_type(&headers, &["application/json"])?;
        parse(&bytes).map(Self)
    }
}

impl<S: Send + Sync> FromRequest<S> for MaybeJson {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let headers = request.headers().clone();
        let bytes = read(request).await?;
        if bytes.is_empty() {
            return Ok(Self(Value::Null));
        }
        check_type(&headers, &["application/json"])?;
        parse(&bytes).map(Self)
    }
}

impl<S: Send + Sync> FromRequest<S> for Markdown {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let headers = request.headers().clone();
        let bytes = read(request).await?;
        check_type(&headers, &["text/markdown"])?;
        utf8(&bytes).map(|text| Self(text.to_owned()))
    }
}

/// Reads a parsed body as `T`. What does not fit is a matter of meaning: unknown fields, wrong kinds, out of range; the
/// problem says where.
pub(crate) fn read_as<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let place: Vec<String> = error.path().iter().map(name_of).collect();
        errors::invalid_at("invalid_body", &place, short(error.inner()))
    })
}

/// A step of a place as a JSON pointer has it.
fn name_of(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => index.to_string(),
        Segment::Map { key } => short(key),
        Segment::Enum { variant } => short(variant),
        Segment::Unknown => "?".to_owned(),
    }
}

/// Checks that a body asks for nothing: absent, null or an empty object.
pub(crate) fn expect_nothing(value: Value) -> Result<(), Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}
    if value.is_null() { Ok(()) } else { read_as(value).map(|Nothing {}| ()) }
}

/// Checks a text for people and queues: 1 to `max` characters, some of them visible, none that a queue cannot carry.
pub(crate) fn check_text(name: &str, text: &str, max: usize) -> Result<(), Problem> {
    let is_blank = text.trim().is_empty();
    if is_blank || text.chars().count() > max {
        return Err(errors::invalid("invalid_text", format!("{name} must have 1 to {max} characters")));
    }
    if is_carriable(text) {
        Ok(())
    } else {
        Err(errors::invalid("invalid_text", format!("{name} holds a control character or noncharacter")))
    }
}

async fn read(request: Request) -> Result<axum::body::Bytes, Problem> {
    let claimed = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let is_too_long = claimed
        .and_then(|length| length.parse::<u64>().ok())
        .is_some_and(|length| length > u64::try_from(limits::BODY_BYTES).unwrap_or(u64::MAX));
    if is_too_long {
        return Err(errors::too_large());
    }
    // The one way to fail here is the limit: the body is already whole when the function is called.
    axum::body::to_bytes(request.into_body(), limits::BODY_BYTES).await.map_err(|_| errors::too_large())
}

fn check_type(headers: &HeaderMap, wanted: &[&str]) -> Result<(), Problem> {
    let is_encoded = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"));
    if is_encoded {
        return Err(errors::unsupported("a body with a Content-Encoding is not read"));
    }
    let given = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let mut parts = given.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let is_utf8 = parts.all(|parameter| {
        let parameter = parameter.to_ascii_lowercase();
        parameter.strip_prefix("charset=").is_none_or(|name| name.trim_matches('"') == "utf-8")
    });
    if wanted.contains(&essence.as_str()) && is_utf8 {
        Ok(())
    } else {
        Err(errors::unsupported(format!("the body must be {} in UTF-8", wanted.join(" or "))))
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Problem> {
    let text = str::from_utf8(bytes).map_err(|_| errors::malformed("the body is not UTF-8"))?;
    if text.starts_with('\u{feff}') {
        return Err(errors::malformed("the body begins with a byte order mark"));
    }
    Ok(text)
}

fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    let text = utf8(bytes)?;
    let malformed = |error: serde_json::Error| errors::malformed(short(&error));
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict { depth: JSON_DEPTH }.deserialize(&mut deserializer).map_err(malformed)?;
    deserializer.end().map_err(malformed)?;
    Ok(value)
}

/// An error's message, cut.
pub(crate) fn short(error: &impl fmt::Display) -> String {
    error.to_string().chars().filter(|c| !c.is_control()).take(DETAIL_CHARS).collect()
}

/// Builds a [`Value`], refusing what two readers could understand differently.
#[derive(Clone, Copy)]
struct Strict {
    depth: u32,
}

impl Strict {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        let depth = self
            .depth
            .checked_sub(1)
            .ok_or_else(|| E::custom(format!("nested deeper than {JSON_DEPTH} levels")))?;
        Ok(Self { depth })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Value, E> {
        Number::from_f64(number).map(Value::Number).ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            if map.contains_key(&name) {
                return Err(de::Error::custom(format!("key {name:?} is there twice")));
            }
            let value = fields.next_value_seed(inner)?;
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_readers_could_understand_differently_is_refused() {
        let deep = format!("{}1{}", "[".repeat(33), "]".repeat(33));
        let bad: [&[u8]; 9] = [
            b"{\"a\":1,\"a\":2}",
            b"{\"a\":{\"b\":1,\"b\":1}}",
            b"{} x",
            b"{\"a\":",
            b"\xef\xbb\xbf{}",
            b"{\"a\":\"\xff\"}",
            b"{\"a\":1e999}",
            b"{\"a\":\"\\ud800\"}",
            deep.as_bytes(),
        ];
        for bytes in bad {
            assert!(parse(bytes).is_err(), "{}", String::from_utf8_lossy(bytes));
        }
        let fits = format!("{}1{}", "[".repeat(32), "]".repeat(32));
        assert!(parse(fits.as_bytes()).is_ok());
    }
}
