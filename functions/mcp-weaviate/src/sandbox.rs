//! The sandbox: the database's behaviour without the database.

pub(crate) mod dynamo;
mod items;
mod ranking;
pub(crate) mod store;
mod writes;

use chimera_domain::ports::Clock;
use serde_json::Value;
use uuid::Uuid;

use crate::catalogue::Catalogue;
use crate::class::{Class, text_in};
use crate::database::{
    DatabaseError, DatabaseFault, Hit, Keeping, NewObject, Newest, Search, Tenant, VectorDatabase,
    no_collection, no_tenant,
};
use crate::faults::Faults;
use crate::object::{Capacity, CollectionName, Object, Place, Stay};
use store::{Inserted, Insertion, Kept, ObjectStore};

/// Times a replacement is tried against others of the same object.
const RACES: u32 = 4;

/// A deterministic database over a store of objects: every search looks at every object of its place.
#[derive(Debug)]
pub struct Sandbox<S, C> {
    store: S,
    clock: C,
    catalogue: Catalogue,
    faults: Faults,
    capacity: Capacity,
}

impl<S: ObjectStore, C: Clock> Sandbox<S, C> {
    /// A database of these collections over a store.
    pub fn new(store: S, clock: C, catalogue: Catalogue, faults: Faults) -> Self {
        Self { store, clock, catalogue, faults, capacity: Capacity::STANDARD }
    }

    /// The same with places that hold so much.
    #[must_use]
    pub fn holding(self, capacity: Capacity) -> Self {
        Self { capacity, ..self }
    }

    fn class(&self, name: &CollectionName) -> Result<&Class, DatabaseError> {
        self.catalogue.class(name).ok_or_else(|| no_collection(name))
    }

    async fn kept(&self, place: &Place) -> Result<Vec<Object>, DatabaseFault> {
        match self.store.kept(place, self.capacity).await? {
            Kept::All(objects) => Ok(objects),
            Kept::TooMuch => Err(DatabaseFault::Unsupported(format!(
                "more than {} objects or {} bytes cannot be searched one by one",
                self.capacity.objects, self.capacity.bytes
            ))),
        }
    }

    async fn insert(&self, place: &Place, object: &Object, stay: Stay) -> Result<Inserted, DatabaseFault> {
        let insertion = Insertion { place, object, stay, capacity: self.capacity };
        match self.store.insert(insertion).await? {
            Inserted::Full => Err(DatabaseFault::Full(format!(
                "there is no room: at most {} objects and {} bytes are kept",
                self.capacity.objects, self.capacity.bytes
            ))),
            other => Ok(other),
        }
    }

    /// Puts one object; why not, in words, where only this one cannot be put.
    async fn upsert_one(
        &self,
        place: &Place,
        class: &Class,
        new: NewObject,
    ) -> Result<Result<Uuid, String>, DatabaseFault> {
        let object = match new.into_object(place, class, self.clock.now()) {
            Ok(object) => object,
            Err(why) => return Ok(Err(why)),
        };
        let subject = class.text_of(&object.properties);
        if let Err(error) = self.faults.before(&subject).await {
            return Ok(Err(error.message));
        }
        for _ in 0..RACES {
            let found = match self.insert(place, &object, Stay::Kept).await {
                Ok(found) => found,
                Err(DatabaseFault::Full(why)) => return Ok(Err(why)),
                Err(other) => return Err(other),
            };
            let done = match found {
                Inserted::Exists(old) => {
                    let new = Object { created_at: old.created_at, ..object.clone() };
                    self.store.replace(place, &old, &new).await?
                }
                Inserted::Erased => return Ok(Err("an object of this id was forgotten".to_owned())),
                Inserted::New | Inserted::Full => true,
            };
            if done {
                self.faults.after(&subject)?;
                return Ok(Ok(object.id));
            }
        }
        Ok(Err("the object is being changed by others".to_owned()))
    }
}

impl<S: ObjectStore, C: Clock + Send + 'static> VectorDatabase for Sandbox<S, C> {
    async fn collections(&self, name: Option<&CollectionName>) -> Result<Vec<Value>, DatabaseFault> {
        match name {
            Some(name) => Ok(vec![self.class(name)?.definition()]),
            None => Ok(self.catalogue.classes().into_iter().map(Class::definition).collect()),
        }
    }

    async fn tenants(&self, collection: &CollectionName) -> Result<Vec<Tenant>, DatabaseFault> {
        self.class(collection)?;
        let tenants = self.store.tenants(collection).await?;
        let active =
            |name: &chimera_domain::TenantId| Tenant { name: name.to_string(), status: "ACTIVE".to_owned() };
        Ok(tenants.iter().map(active).collect())
    }

    async fn search(&self, search: &Search) -> Result<Vec<Hit>, DatabaseFault> {
        self.faults.before(&search.query).await?;
        let class = self.class(&search.place.collection())?;
        if let Some(fault) = ranking::fault(search, class) {
            return Err(DatabaseError::new(422, fault).into());
        }
        let objects = self.kept(&search.place).await?;
        if objects.is_empty() && !self.knows(&search.place).await? {
            return Err(no_tenant(search.place.tenant()).into());
        }
        let mut hits = ranking::best(search, class, &objects);
        if self.faults.duplicates(&search.query) {
            hits.extend(hits.first().cloned());
        }
        Ok(hits)
    }

    async fn upsert(
        &self,
        place: &Place,
        objects: Vec<NewObject>,
    ) -> Result<Vec<Result<Uuid, String>>, DatabaseFault> {
        let class = self.class(&place.collection())?;
        let mut results = Vec::with_capacity(objects.len());
        for object in objects {
            results.push(self.upsert_one(place, class, object).await?);
        }
        Ok(results)
    }

    async fn keep(&self, place: &Place, object: &Object, stay: Stay) -> Result<Keeping, DatabaseFault> {
        let subject = text_in(object.properties.get("text"));
        self.faults.before(&subject).await?;
        let keeping = match self.insert(place, object, stay).await? {
            Inserted::Exists(found) => Keeping::Before(found.properties),
            Inserted::Erased => Keeping::Forgotten,
            _ => Keeping::New,
        };
        self.faults.after(&subject)?;
        Ok(keeping)
    }

    async fn newest(&self, newest: &Newest) -> Result<Vec<Hit>, DatabaseFault> {
        let class = self.class(&newest.place.collection())?;
        let wanted = |object: &Object| {
            newest.condition.as_ref().is_none_or(|condition| condition.holds(class, &object.properties))
        };
        let found = self.store.newest(&newest.place, newest.after, newest.limit, &wanted).await?;
        Ok(found.into_iter().map(|object| Hit::of(object.id, object.properties)).collect())
    }

    async fn look_up(&self, place: &Place, ids: &[Uuid]) -> Result<Vec<Hit>, DatabaseFault> {
        self.class(&place.collection())?;
        let found = self.store.find(place, ids).await?;
        Ok(found.into_iter().map(|object| Hit::of(object.id, object.properties)).collect())
    }

    async fn forget(&self, place: &Place, id: Uuid) -> Result<bool, DatabaseFault> {
        Ok(self.store.erase(place, id, self.clock.now()).await?)
    }
}

impl<S: ObjectStore, C: Clock> Sandbox<S, C> {
    /// Whether the tenant ever had objects in the place's collection.
    async fn knows(&self, place: &Place) -> Result<bool, DatabaseFault> {
        Ok(self.store.tenants(&place.collection()).await?.contains(place.tenant()))
    }
}
