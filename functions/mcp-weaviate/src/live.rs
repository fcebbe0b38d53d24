//! A real Weaviate, over its REST and GraphQL interfaces. Vectors are ours: its collections have no vectorizer.

mod answers;
mod client;
mod objects;
mod queries;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use chimera_domain::TenantId;
use chimera_domain::ports::Clock;
use chimera_mcp::net::Reach;
use reqwest::Method;
use serde_json::{Map, Value, json};
use thiserror::Error;
use tokio::sync::OnceCell;
use uuid::Uuid;

pub use client::{ApiKey, LiveError};

use crate::catalogue::Catalogue;
use crate::class::Class;
use crate::condition::{Condition, Scalar, Test};
use crate::database::{
    DatabaseError, DatabaseFault, Hit, Keeping, Metadata, NewObject, Newest, Search, Tenant, VectorDatabase,
};
use crate::memory::WINDOW;
use crate::object::{CollectionName, Object, Place, Stay};
use client::{Answer, Http, unreachable};
use objects::{asked, hit, read, scores, wanted, wire};
use queries::{Get, How};

/// The oldest release that makes tenants by itself and takes our vectors in hybrid searches.
const OLDEST: (u32, u32) = (1, 25);

/// A Weaviate.
#[derive(Debug)]
pub struct Live<C> {
    http: Http,
    clock: C,
    catalogue: Catalogue,
    /// Set when the database has told its release.
    ready: OnceCell<()>,
    /// Collections, and tenants of them, that this process has seen there.
    known: Mutex<BTreeSet<(CollectionName, Option<TenantId>)>>,
}

/// The answer is a success and still makes no sense.
#[derive(Debug, Error)]
#[error("the database's answer lacks {0}")]
struct Lacks(&'static str);

impl<C: Clock> Live<C> {
    /// A Weaviate at `url`, which makes these collections where they are missing.
    ///
    /// # Errors
    /// [`LiveError`].
    pub fn new(
        url: &str,
        reach: Reach,
        key: Option<ApiKey>,
        catalogue: Catalogue,
        clock: C,
    ) -> Result<Self, LiveError> {
        let http = Http::new(url, reach, key)?;
        Ok(Self { http, clock, catalogue, ready: OnceCell::new(), known: Mutex::default() })
    }

    async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Answer, DatabaseFault> {
        self.ready().await?;
        self.http.send(Method::GET, path, query, None).await
    }

    async fn post(&self, path: &[&str], body: &Value) -> Result<Answer, DatabaseFault> {
        self.ready().await?;
        self.http.send(Method::POST, path, &[], Some(body)).await
    }

    /// Asks once whether this is a database that this server can use.
    async fn ready(&self) -> Result<(), DatabaseFault> {
        let ask = || async {
            let meta = self.http.send(Method::GET, &["meta"], &[], None).await?.ok()?;
            let version = meta["version"].as_str().unwrap_or_default();
            if release(version).is_some_and(|release| release >= OLDEST) {
                return Ok(());
            }
            let (major, minor) = OLDEST;
            let why = format!("the database is release `{version}`, at least {major}.{minor} is needed");
            Err(DatabaseFault::Unsupported(why))
        };
        self.ready.get_or_try_init(ask).await.copied()
    }

    fn is_known(&self, what: &(CollectionName, Option<TenantId>)) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(what)
    }

    fn know(&self, what: (CollectionName, Option<TenantId>)) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(what);
    }

    /// The collection as this server can use it.
    async fn class(&self, name: &CollectionName) -> Result<Class, DatabaseFault> {
        if let Some(class) = self.catalogue.class(name) {
            return Ok(class.clone());
        }
        let class = self.get(&["schema", name.as_str()], &[]).await?.ok()?;
        check_tenancy(name, &class)?;
        Class::read_usable(class).map_err(unreachable)
    }

    /// Makes the collection, if it is one of ours and missing, and the tenant.
    async fn prepare(&self, place: &Place) -> Result<(), DatabaseFault> {
        let name = place.collection();
        let tenant = (name.clone(), Some(place.tenant().clone()));
        if self.is_known(&tenant) {
            return Ok(());
        }
        if let Some(class) = self.catalogue.class(&name)
            && !self.is_known(&(name.clone(), None))
        {
            self.make(&name, class).await?;
            self.know((name.clone(), None));
        }
        let tenants = json!([{ "name": place.tenant().as_str() }]);
        made(self.post(&["schema", name.as_str(), "tenants"], &tenants).await?)?;
        self.know(tenant);
        Ok(())
    }

    async fn make(&self, name: &CollectionName, class: &Class) -> Result<(), DatabaseFault> {
        match self.get(&["schema", name.as_str()], &[]).await?.ok() {
            Ok(found) => check_tenancy(name, &found),
            Err(fault) if fault.is_absence() => made(self.post(&["schema"], &class.definition()).await?),
            Err(other) => Err(other),
        }
    }

    /// An object of a place, if the place has one of this id.
    async fn object(&self, place: &Place, id: Uuid) -> Result<Option<Map<String, Value>>, DatabaseFault> {
        let (class, id) = (place.collection(), id.to_string());
        let tenant = [("tenant", place.tenant().as_str())];
        let found = match self.get(&["objects", class.as_str(), &id], &tenant).await?.ok() {
            Err(fault) if fault.is_absence() => return Ok(None),
            other => other?,
        };
        let Value::Object(properties) = found["properties"].clone() else {
            return Err(unreachable(Lacks("properties")));
        };
        // Another agent's is none of this place's.
        let is_here =
            place.agent().is_none_or(|agent| properties.get("agent") == Some(&json!(agent.as_str())));
        Ok(is_here.then_some(properties))
    }

    /// Puts objects; of each, why not.
    async fn batch(&self, place: &Place, objects: &[&Object]) -> Result<Vec<Option<String>>, DatabaseFault> {
        let objects: Vec<Value> = objects.iter().map(|object| wire(place, object)).collect();
        let count = objects.len();
        let answer = self.post(&["batch", "objects"], &json!({ "objects": objects })).await?.ok()?;
        let results = answer.as_array().filter(|results| results.len() == count);
        let results = results.ok_or_else(|| unreachable(Lacks("a result for each object")))?;
        Ok(results.iter().map(|result| answers::of_object(&result["result"])).collect())
    }

    /// Objects that a query finds, as the database tells them.
    async fn query(&self, get: &Get<'_>) -> Result<Vec<Value>, DatabaseFault> {
        let answer = self.post(&["graphql"], &json!({ "query": get.graphql() })).await?.ok()?;
        if answer["errors"].as_array().is_some_and(|errors| !errors.is_empty()) {
            return Err(answers::inside(&answer["errors"]).into());
        }
        let found = answer["data"]["Get"][get.place.collection().as_str()].as_array();
        found.cloned().ok_or_else(|| unreachable(Lacks("data")))
    }

    /// [W-3] Removes what has left the window. Where it fails, the next one does it.
    async fn sweep(&self, place: &Place) {
        let before = self.clock.now().checked_sub(WINDOW).unwrap_or_default();
        let gone = Condition::All(vec![
            Condition::equal("long_term", Scalar::Boolean(false)),
            Condition::compare("created_at", Test::Less, vec![Scalar::Date(before)]),
        ]);
        let gone = queries::of_place(place, Some(gone)).map(|gone| queries::rest(&gone));
        let body =
            json!({ "match": { "class": place.collection().as_str(), "where": gone }, "output": "minimal" });
        let tenant = [("tenant", place.tenant().as_str())];
        let swept = self.http.send(Method::DELETE, &["batch", "objects"], &tenant, Some(&body)).await;
        if let Err(error) = swept.and_then(Answer::ok) {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "what was said in passing could not be removed");
        }
    }
}

impl<C: Clock + Send + 'static> VectorDatabase for Live<C> {
    async fn collections(&self, name: Option<&CollectionName>) -> Result<Vec<Value>, DatabaseFault> {
        if let Some(name) = name {
            return Ok(vec![self.get(&["schema", name.as_str()], &[]).await?.ok()?]);
        }
        let schema = self.get(&["schema"], &[]).await?.ok()?;
        // A database without collections says null.
        Ok(schema["classes"].as_array().cloned().unwrap_or_default())
    }

    async fn tenants(&self, collection: &CollectionName) -> Result<Vec<Tenant>, DatabaseFault> {
        let tenants = self.get(&["schema", collection.as_str(), "tenants"], &[]).await?.ok()?;
        let word = |tenant: &Value, name: &str| tenant[name].as_str().unwrap_or_default().to_owned();
        let read =
            |tenant: &Value| Tenant { name: word(tenant, "name"), status: word(tenant, "activityStatus") };
        let mut tenants: Vec<Tenant> = tenants.as_array().into_iter().flatten().map(read).collect();
        tenants.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(tenants)
    }

    async fn search(&self, search: &Search) -> Result<Vec<Hit>, DatabaseFault> {
        let class = self.class(&search.place.collection()).await?;
        let vector = search.embedding.to_unit();
        let by_meaning = search.alpha >= 1.0;
        let how = if by_meaning {
            How::NearVector { vector: &vector }
        } else {
            let (query, fusion) = (search.query.as_str(), search.fusion);
            How::Hybrid { query, vector: &vector, alpha: search.alpha, fusion, searched: &search.searched }
        };
        let scored = if by_meaning { Metadata::Distance } else { Metadata::Score };
        let get = Get {
            place: &search.place,
            how,
            condition: search.condition.as_ref(),
            limit: search.limit,
            properties: wanted(search, &class)?,
            metadata: asked(&search.metadata, scored),
        };
        let found = self.query(&get).await?;
        let scores = scores(&found, scored);
        let mut hits = found
            .iter()
            .zip(scores)
            .map(|(found, score)| hit(found, score, search))
            .collect::<Result<Vec<_>, _>>()?;
        hits.sort_by(|one, other| other.score.total_cmp(&one.score).then(one.id.cmp(&other.id)));
        Ok(hits)
    }

    async fn upsert(
        &self,
        place: &Place,
        objects: Vec<NewObject>,
    ) -> Result<Vec<Result<Uuid, String>>, DatabaseFault> {
        self.prepare(place).await?;
        let class = self.class(&place.collection()).await?;
        let now = self.clock.now();
        let read: Vec<Result<Object, String>> =
            objects.into_iter().map(|object| object.into_object(place, &class, now)).collect();
        let good: Vec<&Object> = read.iter().flatten().collect();
        let put = if good.is_empty() { Vec::new() } else { self.batch(place, &good).await? };
        let mut put = put.into_iter();
        let result = |object: Result<Object, String>| {
            let object = object?;
            match put.next().flatten() {
                None => Ok(object.id),
                Some(why) => Err(why),
            }
        };
        Ok(read.into_iter().map(result).collect())
    }

    async fn keep(&self, place: &Place, object: &Object, stay: Stay) -> Result<Keeping, DatabaseFault> {
        self.prepare(place).await?;
        if let Some(found) = self.object(place, object.id).await? {
            return Ok(Keeping::Before(found));
        }
        if let Some(why) = self.batch(place, &[object]).await?.into_iter().flatten().next() {
            return Err(answers::inside(&json!([{ "message": why }])).into());
        }
        if stay != Stay::Kept {
            self.sweep(place).await;
        }
        Ok(Keeping::New)
    }

    async fn newest(&self, newest: &Newest) -> Result<Vec<Hit>, DatabaseFault> {
        let class = self.class(&newest.place.collection()).await?;
        let after = Condition::compare("created_at", Test::Greater, vec![Scalar::Date(newest.after)]);
        let all = std::iter::once(after).chain(newest.condition.clone()).collect();
        let condition = Condition::All(all);
        let get = Get {
            place: &newest.place,
            how: How::Latest { by: "created_at" },
            condition: Some(&condition),
            limit: newest.limit,
            properties: class.properties.iter().map(|property| property.name.as_str()).collect(),
            metadata: vec![Metadata::Id],
        };
        let found = self.query(&get).await?;
        found.iter().map(|found| Ok(Hit { metadata: Map::new(), ..read(found)? })).collect()
    }

    async fn look_up(&self, place: &Place, ids: &[Uuid]) -> Result<Vec<Hit>, DatabaseFault> {
        let mut found = Vec::new();
        for id in ids {
            found.extend(self.object(place, *id).await?.map(|properties| Hit::of(*id, properties)));
        }
        Ok(found)
    }

    async fn forget(&self, place: &Place, id: Uuid) -> Result<bool, DatabaseFault> {
        if self.object(place, id).await?.is_none() {
            return Ok(false);
        }
        let (class, id) = (place.collection(), id.to_string());
        let tenant = [("tenant", place.tenant().as_str())];
        let path = ["objects", class.as_str(), &id];
        match self.http.send(Method::DELETE, &path, &tenant, None).await?.ok() {
            Ok(_) => Ok(true),
            Err(fault) if fault.is_absence() => Ok(false),
            Err(other) => Err(other),
        }
    }
}

/// Major and minor of a release such as `1.37.1`.
fn release(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// [W-1] A collection that does not keep tenants apart is not used.
fn check_tenancy(name: &CollectionName, class: &Value) -> Result<(), DatabaseFault> {
    if class["multiTenancyConfig"]["enabled"] == true {
        return Ok(());
    }
    let why = format!("collection \"{name}\" does not keep tenants apart: multi-tenancy is disabled");
    Err(DatabaseError::new(422, why).into())
}

/// What should be made is made, by this call or before.
fn made(answer: Answer) -> Result<(), DatabaseFault> {
    match answer.ok() {
        Err(DatabaseFault::Answer(error)) if answers::is_there_already(&error) => Ok(()),
        other => other.map(|_| ()),
    }
}
