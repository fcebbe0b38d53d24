//! Objects as the database is told of them, and as it tells of them.

use serde_json::{Map, Value, json};

use super::Lacks;
use super::client::unreachable;
use crate::class::{Class, no_such_property};
use crate::database::{DatabaseError, DatabaseFault, Hit, Metadata, Search};
use crate::fusion::stretched;
use crate::object::{Object, Place};

pub(super) fn wire(place: &Place, object: &Object) -> Value {
    json!({
        "class": place.collection().as_str(),
        "tenant": place.tenant().as_str(),
        "id": object.id,
        "properties": object.properties,
        "vector": object.embedding.to_unit(),
    })
}

/// The properties to ask for: those that were named, which must be there, or all.
pub(super) fn wanted<'a>(search: &Search, class: &'a Class) -> Result<Vec<&'a str>, DatabaseError> {
    if search.wanted.is_empty() {
        return Ok(class.properties.iter().map(|property| property.name.as_str()).collect());
    }
    let known = |name: &String| {
        let found = class.property(name).map(|property| property.name.as_str());
        found.ok_or_else(|| DatabaseError::new(422, no_such_property(name, &class.name)))
    };
    search.wanted.iter().map(known).collect()
}

pub(super) fn asked(metadata: &[Metadata], scored: Metadata) -> Vec<Metadata> {
    let mut asked = vec![Metadata::Id, scored];
    for one in metadata {
        if !asked.contains(one) {
            asked.push(*one);
        }
    }
    asked
}

/// The scores, 0 to 1; made of the distances where only these are told.
pub(super) fn scores(found: &[Value], scored: Metadata) -> Vec<f64> {
    let told: Vec<f64> = found.iter().map(|found| number(&found["_additional"][scored.name()])).collect();
    if scored == Metadata::Score {
        return told;
    }
    stretched(&told.into_iter().map(|distance| -distance).enumerate().collect::<Vec<_>>())
}

/// The database tells some numbers as texts.
fn number(value: &Value) -> f64 {
    let text = value.as_str().and_then(|text| text.parse().ok());
    value.as_f64().or(text).unwrap_or_default()
}

pub(super) fn hit(found: &Value, score: f64, search: &Search) -> Result<Hit, DatabaseFault> {
    let mut hit = Hit { score, ..read(found)? };
    let told = |metadata: Metadata, value: &Value| match metadata {
        Metadata::Score => json!(score),
        Metadata::Distance | Metadata::Certainty => json!(number(value)),
        Metadata::CreationTimeUnix | Metadata::LastUpdateTimeUnix => {
            let text = value.as_str().and_then(|text| text.parse::<i64>().ok());
            json!(value.as_i64().or(text))
        }
        Metadata::Id | Metadata::Vector | Metadata::ExplainScore => value.clone(),
    };
    for metadata in &search.metadata {
        let value = &found["_additional"][metadata.name()];
        if *metadata == Metadata::Score || !value.is_null() {
            hit.metadata.insert(metadata.name().to_owned(), told(*metadata, value));
        }
    }
    Ok(hit)
}

/// An object as a query tells it, without what was not put.
pub(super) fn read(found: &Value) -> Result<Hit, DatabaseFault> {
    let id = found["_additional"]["id"].as_str().and_then(|id| id.parse().ok());
    let id = id.ok_or_else(|| unreachable(Lacks("an id")))?;
    let mut properties = found.as_object().cloned().unwrap_or_default();
    properties.retain(|name, value| name != "_additional" && !value.is_null());
    Ok(Hit { id, properties, score: 0.0, metadata: Map::new() })
}
