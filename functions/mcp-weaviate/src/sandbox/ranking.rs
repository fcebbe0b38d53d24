//! Which objects fit a search best, by looking at all of them.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use crate::class::{Class, no_such_property, text_in};
use crate::database::{Hit, Metadata, Search};
use crate::fusion::{Ranked, fuse};
use crate::keyword::{self, Field};
use crate::object::Object;

/// Objects that each of the two rankings has at least: a good one for the other is still among them.
const RANKED: usize = 100;

/// What is wrong with a search in a collection, in words, if anything is.
pub(crate) fn fault(search: &Search, class: &Class) -> Option<String> {
    let named = search.searched.iter().map(|(name, _)| name).chain(&search.wanted);
    let mut unknown = named.filter(|name| class.property(name).is_none());
    if let Some(name) = unknown.next() {
        return Some(no_such_property(name, &class.name));
    }
    let is_searched = |name: &str| class.searched().any(|property| property.name == name);
    if let Some((name, _)) = search.searched.iter().find(|(name, _)| !is_searched(name)) {
        return Some(format!("property '{name}' is not made of words"));
    }
    search.condition.as_ref().and_then(|condition| condition.fault(class))
}

/// [W-5] The best, best first; equally good ones by id.
pub(crate) fn best(search: &Search, class: &Class, objects: &[Object]) -> Vec<Hit> {
    let fits = |object: &&Object| {
        search.condition.as_ref().is_none_or(|condition| condition.holds(class, &object.properties))
    };
    let objects: Vec<&Object> = objects.iter().filter(fits).collect();
    let by_vector = if search.alpha > 0.0 { by_vector(search, &objects) } else { Vec::new() };
    let by_keyword = if search.alpha < 1.0 { by_keyword(search, class, &objects) } else { Vec::new() };
    let fused = fuse(search.fusion, search.alpha, &by_vector, &by_keyword);
    let mut fused: Vec<Ranked> = fused.into_iter().collect();
    sort(&mut fused, &objects);
    fused.truncate(search.limit);
    let hit = |(at, score): Ranked| {
        let parts = [("vector", &by_vector), ("keyword", &by_keyword)];
        hit(search, objects[at], score, &parts.map(|(name, ranking)| (name, of(ranking, at))))
    };
    fused.into_iter().map(hit).collect()
}

fn by_vector(search: &Search, objects: &[&Object]) -> Vec<Ranked> {
    let near = objects.iter().map(|object| search.embedding.cosine(&object.embedding));
    ranked(near.enumerate().collect(), search, objects)
}

fn by_keyword(search: &Search, class: &Class, objects: &[&Object]) -> Vec<Ranked> {
    let all = || class.searched().map(|property| (property.name.clone(), 1.0)).collect();
    let searched: Vec<(String, f64)> =
        if search.searched.is_empty() { all() } else { search.searched.clone() };
    let fields = |object: &&Object| -> Vec<Field<'_>> {
        let text = |name: &str| Cow::Owned(text_in(object.properties.get(name)));
        searched.iter().map(|(name, weight)| Field { weight: *weight, text: text(name) }).collect()
    };
    let documents: Vec<Vec<Field<'_>>> = objects.iter().map(fields).collect();
    let scores = keyword::scores(&search.query, &documents).into_iter().enumerate();
    ranked(scores.filter(|(_, score)| *score > 0.0).collect(), search, objects)
}

fn ranked(mut ranking: Vec<Ranked>, search: &Search, objects: &[&Object]) -> Vec<Ranked> {
    sort(&mut ranking, objects);
    ranking.truncate(search.limit.max(RANKED));
    ranking
}

fn sort(ranking: &mut [Ranked], objects: &[&Object]) {
    ranking.sort_by(|(one, score), (other, than)| {
        than.partial_cmp(score)
            .unwrap_or(Ordering::Equal)
            .then_with(|| objects[*one].id.cmp(&objects[*other].id))
    });
}

fn of(ranking: &[Ranked], at: usize) -> Option<f64> {
    ranking.iter().find(|(who, _)| *who == at).map(|(_, score)| *score)
}

fn hit(search: &Search, object: &Object, score: f64, parts: &[(&str, Option<f64>)]) -> Hit {
    let mut properties = object.properties.clone();
    if !search.wanted.is_empty() {
        properties.retain(|name, _| search.wanted.contains(name));
    }
    let cosine = search.embedding.cosine(&object.embedding);
    let tell = |metadata: &Metadata| match metadata {
        Metadata::Id => json!(object.id),
        Metadata::Vector => json!(object.embedding.to_unit()),
        Metadata::Distance => json!(1.0 - cosine),
        Metadata::Certainty => json!(f64::midpoint(1.0, cosine)),
        Metadata::Score => json!(score),
        Metadata::ExplainScore => json!(explained(parts)),
        Metadata::CreationTimeUnix => json!(object.created_at.as_millisecond()),
        Metadata::LastUpdateTimeUnix => json!(object.updated_at.as_millisecond()),
    };
    let metadata: Map<String, Value> =
        search.metadata.iter().map(|metadata| (metadata.name().to_owned(), tell(metadata))).collect();
    Hit { id: object.id, properties, score, metadata }
}

fn explained(parts: &[(&str, Option<f64>)]) -> String {
    let part = |(name, score): &(&str, Option<f64>)| match score {
        Some(score) => format!("{name}: original score {score:.4}"),
        None => format!("{name}: not among the best"),
    };
    parts.iter().map(part).collect::<Vec<_>>().join(", ")
}
