//! The contract every store of objects keeps, whatever it is made of. Each part uses places of its own tenant, so that it
//! can run against a table that holds other things.
#![expect(clippy::expect_used, reason = "a contract that is broken fails the test that runs it")]

use chimera_domain::{AgentId, TenantId, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::embedding::Embedding;
use crate::object::{Capacity, CollectionName, Object, Place, Stay};
use crate::sandbox::store::{Inserted, Insertion, Kept, ObjectStore};

const ROOMY: Capacity = Capacity { objects: 1_000, bytes: 4 * 1024 * 1024 };

/// Runs the whole contract; `run` keeps its rows apart from another run's.
///
/// # Panics
/// Where the store breaks it.
pub async fn keeps(store: &impl ObjectStore, run: &str) {
    an_object_is_inserted_once(store, run).await;
    a_replacement_needs_the_old_one(store, run).await;
    a_full_place_takes_no_more(store, run).await;
    more_than_may_be_read_is_not_read(store, run).await;
    what_passes_is_in_the_window_and_nowhere_else(store, run).await;
    the_window_is_newest_first_and_ends_with_its_limit(store, run).await;
    an_erased_object_is_gone_and_does_not_come_back(store, run).await;
    objects_are_found_by_their_ids(store, run).await;
    a_place_of_many_pages_is_read_whole(store, run).await;
    no_place_shows_anothers_objects(store, run).await;
    tenants_are_told_by_collection(store, run).await;
}

fn tenant(run: &str, part: &str) -> TenantId {
    TenantId::new(format!("{part}-{run}")).expect("a short name is an id")
}

fn memory(run: &str, part: &str, agent: &str) -> Place {
    let agent = AgentId::new(agent).expect("a short name is an id");
    Place::Memory { tenant: tenant(run, part), agent }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a small number of seconds is a time")
}

fn object(number: u32, text: &str, second: i64) -> Object {
    let Value::Object(properties) = json!({ "text": text, "n": number, "half": 0.5, "tags": ["a", "b"] })
    else {
        unreachable!("the braces make an object")
    };
    Object {
        id: Uuid::from_u128(u128::from(number) + 1),
        properties,
        embedding: Embedding::of_text(text),
        created_at: at(second),
        updated_at: at(second),
    }
}

async fn insert(store: &impl ObjectStore, place: &Place, object: &Object, stay: Stay) -> Inserted {
    let insertion = Insertion { place, object, stay, capacity: ROOMY };
    store.insert(insertion).await.expect("the store answers")
}

async fn keep(store: &impl ObjectStore, place: &Place, object: &Object) {
    assert_eq!(insert(store, place, object, Stay::Kept).await, Inserted::New);
}

/// What is kept, by id.
async fn kept(store: &impl ObjectStore, place: &Place) -> Vec<Object> {
    let Kept::All(mut objects) = store.kept(place, ROOMY).await.expect("the store answers") else {
        unreachable!("the contract puts less than it reads")
    };
    objects.sort_by_key(|object| object.id);
    objects
}

async fn newest(store: &impl ObjectStore, place: &Place, after: i64, limit: usize) -> Vec<Object> {
    store.newest(place, at(after), limit, &|_| true).await.expect("the store answers")
}

async fn an_object_is_inserted_once(store: &impl ObjectStore, run: &str) {
    let place = memory(run, "once", "ada");
    let first = object(1, "first", 10);
    keep(store, &place, &first).await;
    let again = insert(store, &place, &object(1, "second", 20), Stay::Kept).await;
    assert_eq!(again, Inserted::Exists(Box::new(first.clone())));
    assert_eq!(kept(store, &place).await, [first], "every part of an object comes back");
}

async fn a_replacement_needs_the_old_one(store: &impl ObjectStore, run: &str) {
    let place = memory(run, "replace", "ada");
    let (first, second, third) =
        (object(1, "first", 10), object(1, "a longer second", 10), object(1, "x", 10));
    keep(store, &place, &first).await;
    assert!(store.replace(&place, &first, &second).await.expect("the store answers"));
    assert!(!store.replace(&place, &first, &third).await.expect("the store answers"), "it is not as it was");
    assert_eq!(kept(store, &place).await, [second]);
    let absent = object(2, "absent", 10);
    assert!(!store.replace(&place, &absent, &third).await.expect("the store answers"));
}

async fn a_full_place_takes_no_more(store: &impl ObjectStore, run: &str) {
    let two = Capacity { objects: 2, ..ROOMY };
    let place = memory(run, "full", "ada");
    let put = async |number: u32, capacity, stay| {
        let object = object(number, "some words", 10);
        let insertion = Insertion { place: &place, object: &object, stay, capacity };
        store.insert(insertion).await.expect("the store answers")
    };
    assert_eq!(put(1, two, Stay::Kept).await, Inserted::New);
    assert_eq!(put(2, two, Stay::Kept).await, Inserted::New);
    assert_eq!(put(3, two, Stay::Kept).await, Inserted::Full);
    assert!(matches!(put(2, two, Stay::Kept).await, Inserted::Exists(_)), "what is there needs no room");
    assert_eq!(
        put(4, two, Stay::Passing { until: at(4_000) }).await,
        Inserted::New,
        "what passes needs none"
    );
    let bytes = 2 * object(1, "some words", 10).bytes();
    assert_eq!(put(3, Capacity { bytes, ..ROOMY }, Stay::Kept).await, Inserted::Full);
    assert!(store.erase(&place, Uuid::from_u128(2), at(20)).await.expect("the store answers"));
    assert_eq!(put(3, Capacity { bytes, ..two }, Stay::Kept).await, Inserted::New, "forgetting makes room");
}

async fn more_than_may_be_read_is_not_read(store: &impl ObjectStore, run: &str) {
    let place = memory(run, "much", "ada");
    for number in 1..=3 {
        keep(store, &place, &object(number, "words", 10)).await;
    }
    let read = async |objects, bytes| {
        store.kept(&place, Capacity { objects, bytes }).await.expect("the store answers")
    };
    assert_eq!(read(2, ROOMY.bytes).await, Kept::TooMuch);
    assert_eq!(read(3, 1_000).await, Kept::TooMuch);
    assert!(matches!(read(3, ROOMY.bytes).await, Kept::All(all) if all.len() == 3));
}

async fn what_passes_is_in_the_window_and_nowhere_else(store: &impl ObjectStore, run: &str) {
    let place = memory(run, "passing", "ada");
    let (stays, passes) = (object(1, "stays", 10), object(2, "passes", 11));
    keep(store, &place, &stays).await;
    let stay = Stay::Passing { until: at(4_000_000_000) };
    assert_eq!(insert(store, &place, &passes, stay).await, Inserted::New);
    assert_eq!(insert(store, &place, &passes, stay).await, Inserted::Exists(Box::new(passes.clone())));
    assert_eq!(kept(store, &place).await, std::slice::from_ref(&stays));
    assert_eq!(newest(store, &place, 0, 10).await, [passes.clone(), stays.clone()]);
    assert!(store.erase(&place, passes.id, at(20)).await.expect("the store answers"));
    assert_eq!(newest(store, &place, 0, 10).await, [stays]);
}

async fn the_window_is_newest_first_and_ends_with_its_limit(store: &impl ObjectStore, run: &str) {
    let place = memory(run, "window", "ada");
    for (number, second) in [(1, 100), (2, 300), (3, 200), (4, 300)] {
        keep(store, &place, &object(number, "words", second)).await;
    }
    let numbers =
        |objects: Vec<Object>| -> Vec<u128> { objects.iter().map(|it| it.id.as_u128() - 1).collect() };
    assert_eq!(numbers(newest(store, &place, 0, 10).await), [4, 2, 3, 1]);
    assert_eq!(numbers(newest(store, &place, 100, 10).await), [4, 2, 3], "after means after");
    assert_eq!(numbers(newest(store, &place, 0, 2).await), [4, 2]);
    let odd = |object: &Object| object.properties["n"].as_u64().is_some_and(|n| n % 2 == 1);
    let found = store.newest(&place, at(0), 2, &odd).await.expect("the store answers");
    assert_eq!(numbers(found), [3, 1], "what is not wanted does not count");
}

async fn an_erased_object_is_gone_and_does_not_come_back(store: &impl ObjectStore, run: &str) {
    let place = memory(run, "erase", "ada");
    let first = object(1, "a secret", 10);
    keep(store, &place, &first).await;
    assert!(store.erase(&place, first.id, at(20)).await.expect("the store answers"));
    assert!(!store.erase(&place, first.id, at(21)).await.expect("the store answers"), "it is gone already");
    assert!(!store.erase(&place, Uuid::from_u128(99), at(21)).await.expect("the store answers"));
    assert_eq!(kept(store, &place).await, []);
    assert_eq!(newest(store, &place, 0, 10).await, []);
    assert_eq!(insert(store, &place, &first, Stay::Kept).await, Inserted::Erased);
}

async fn objects_are_found_by_their_ids(store: &impl ObjectStore, run: &str) {
    let place = memory(run, "find", "ada");
    let (stays, passes, gone) = (object(1, "stays", 10), object(2, "passes", 11), object(3, "gone", 12));
    keep(store, &place, &stays).await;
    insert(store, &place, &passes, Stay::Passing { until: at(4_000_000_000) }).await;
    keep(store, &place, &gone).await;
    assert!(store.erase(&place, gone.id, at(20)).await.expect("the store answers"));
    let asked = [passes.id, gone.id, Uuid::from_u128(99), stays.id];
    let mut found = store.find(&place, &asked).await.expect("the store answers");
    found.sort_by_key(|object| object.id);
    assert_eq!(found, [stays, passes]);
    let sister = memory(run, "find", "bea");
    assert_eq!(store.find(&sister, &asked).await.expect("the store answers"), [], "another's are not there");
}

async fn a_place_of_many_pages_is_read_whole(store: &impl ObjectStore, run: &str) {
    let name = CollectionName::new("Knowledge").expect("a name");
    let place = Place::Collection { tenant: tenant(run, "pages"), name };
    // Together longer than one page of one megabyte.
    let text = "many words ".repeat(5_000);
    for number in 1..=25 {
        keep(store, &place, &object(number, &text, 10)).await;
    }
    assert_eq!(kept(store, &place).await.len(), 25);
}

/// [W-1]
async fn no_place_shows_anothers_objects(store: &impl ObjectStore, run: &str) {
    let (one, other) = (memory(run, "apart1", "ada"), memory(run, "apart2", "ada"));
    let sister = memory(run, "apart1", "bea");
    let secret = object(1, "a secret", 10);
    keep(store, &one, &secret).await;
    for place in [&other, &sister] {
        assert_eq!(kept(store, place).await, []);
        assert_eq!(newest(store, place, 0, 10).await, []);
        assert!(!store.erase(place, secret.id, at(20)).await.expect("the store answers"));
        assert!(!store.replace(place, &secret, &object(1, "mine", 10)).await.expect("the store answers"));
        keep(store, place, &object(1, "my own of the same id", 10)).await;
    }
    assert_eq!(kept(store, &one).await, [secret]);
}

async fn tenants_are_told_by_collection(store: &impl ObjectStore, run: &str) {
    let name = CollectionName::new(format!("Run{run}").replace('-', "_")).expect("a name");
    for part in ["b", "a"] {
        let place = Place::Collection { tenant: tenant(run, part), name: name.clone() };
        keep(store, &place, &object(1, "words", 10)).await;
    }
    let found = store.tenants(&name).await.expect("the store answers");
    assert_eq!(found, [tenant(run, "a"), tenant(run, "b")]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::store::MemoryObjects;

    #[tokio::test]
    async fn the_memory_store_keeps_the_contract() {
        keeps(&MemoryObjects::default(), "run").await;
    }
}
