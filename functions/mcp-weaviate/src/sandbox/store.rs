//! Where the sandbox keeps objects.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chimera_domain::{TenantId, Timestamp};
use chimera_mcp::server::StoreFault;
use uuid::Uuid;

use crate::object::{Capacity, CollectionName, Object, Place, Stay};

/// An object on its way into a place.
#[derive(Debug, Clone, Copy)]
pub struct Insertion<'a> {
    /// Where.
    pub place: &'a Place,
    /// What.
    pub object: &'a Object,
    /// For how long.
    pub stay: Stay,
    /// What the place may hold of what is kept.
    pub capacity: Capacity,
}

/// What inserting found.
#[derive(Debug, Clone, PartialEq)]
pub enum Inserted {
    /// It is there now.
    New,
    /// The place has this one of the same id; it stays as it is.
    Exists(Box<Object>),
    /// One of the same id was forgotten not long ago.
    Erased,
    /// The place holds as much as it may.
    Full,
}

/// Everything that a place keeps, or that it is more than may be read.
#[derive(Debug, Clone, PartialEq)]
pub enum Kept {
    /// In no order.
    All(Vec<Object>),
    /// More than the capacity.
    TooMuch,
}

/// Keeps objects, each place apart. Each method is atomic, and reads see what was written before.
pub trait ObjectStore: Send + Sync + 'static {
    /// Puts an object unless there is one of its id.
    fn insert(&self, insertion: Insertion<'_>) -> impl Future<Output = Result<Inserted, StoreFault>> + Send;

    /// Puts `new` in place of `old`, which has the same id and is kept; `false` where it is not there any more as it was.
    fn replace(
        &self,
        place: &Place,
        old: &Object,
        new: &Object,
    ) -> impl Future<Output = Result<bool, StoreFault>> + Send;

    /// What the place keeps, without what is only passing.
    fn kept(&self, place: &Place, most: Capacity) -> impl Future<Output = Result<Kept, StoreFault>> + Send;

    /// An agent's objects created after a time, passing ones too, newest first, those of one time by id: at most `limit`
    /// that are `wanted`.
    fn newest(
        &self,
        place: &Place,
        after: Timestamp,
        limit: usize,
        wanted: &(dyn Fn(&Object) -> bool + Sync),
    ) -> impl Future<Output = Result<Vec<Object>, StoreFault>> + Send;

    /// The place's objects of these ids, kept or passing, in no order; those that are not there are left out.
    fn find(
        &self,
        place: &Place,
        ids: &[Uuid],
    ) -> impl Future<Output = Result<Vec<Object>, StoreFault>> + Send;

    /// Removes what an object says; `false` where the place has none of this id.
    fn erase(
        &self,
        place: &Place,
        id: Uuid,
        at: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreFault>> + Send;

    /// Who has, or had, objects in a collection, by name.
    fn tenants(
        &self,
        collection: &CollectionName,
    ) -> impl Future<Output = Result<Vec<TenantId>, StoreFault>> + Send;
}

/// Objects in memory, for tests and simulations. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryObjects {
    tables: Arc<Mutex<Tables>>,
}

#[derive(Debug, Default)]
struct Tables {
    shelves: BTreeMap<Place, Shelf>,
    tenants: BTreeSet<(CollectionName, TenantId)>,
}

/// What a place has.
#[derive(Debug)]
struct Shelf {
    /// Erased ones have no object.
    rows: BTreeMap<Uuid, Option<(Object, Stay)>>,
    /// Of what is kept.
    held: Capacity,
}

impl Default for Shelf {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), held: Capacity { objects: 0, bytes: 0 } }
    }
}

impl Shelf {
    fn kept(&self) -> impl Iterator<Item = &Object> {
        let kept = self.rows.values().flatten().filter(|(_, stay)| *stay == Stay::Kept);
        kept.map(|(object, _)| object)
    }

    fn erase(&mut self, id: Uuid) -> bool {
        let erased = self.rows.get_mut(&id).and_then(Option::take);
        if let Some((object, Stay::Kept)) = &erased {
            self.held.objects -= 1;
            self.held.bytes -= object.bytes();
        }
        erased.is_some()
    }
}

impl MemoryObjects {
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ObjectStore for MemoryObjects {
    async fn insert(&self, insertion: Insertion<'_>) -> Result<Inserted, StoreFault> {
        let Insertion { place, object, stay, capacity } = insertion;
        let mut tables = self.lock();
        let shelf = tables.shelves.entry(place.clone()).or_default();
        match shelf.rows.get(&object.id) {
            Some(Some((found, _))) => return Ok(Inserted::Exists(Box::new(found.clone()))),
            Some(None) => return Ok(Inserted::Erased),
            None => {}
        }
        if stay == Stay::Kept {
            let bytes = shelf.held.bytes + object.bytes();
            if shelf.held.objects >= capacity.objects || bytes > capacity.bytes {
                return Ok(Inserted::Full);
            }
            shelf.held = Capacity { objects: shelf.held.objects + 1, bytes };
        }
        shelf.rows.insert(object.id, Some((object.clone(), stay)));
        tables.tenants.insert((place.collection(), place.tenant().clone()));
        Ok(Inserted::New)
    }

    async fn replace(&self, place: &Place, old: &Object, new: &Object) -> Result<bool, StoreFault> {
        let mut tables = self.lock();
        let Some(shelf) = tables.shelves.get_mut(place) else {
            return Ok(false);
        };
        match shelf.rows.get_mut(&old.id) {
            Some(Some((found, Stay::Kept))) if found == old => {
                shelf.held.bytes = shelf.held.bytes - old.bytes() + new.bytes();
                *found = new.clone();
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn kept(&self, place: &Place, most: Capacity) -> Result<Kept, StoreFault> {
        let tables = self.lock();
        let Some(shelf) = tables.shelves.get(place) else {
            return Ok(Kept::All(Vec::new()));
        };
        if shelf.held.objects > most.objects || shelf.held.bytes > most.bytes {
            return Ok(Kept::TooMuch);
        }
        Ok(Kept::All(shelf.kept().cloned().collect()))
    }

    async fn newest(
        &self,
        place: &Place,
        after: Timestamp,
        limit: usize,
        wanted: &(dyn Fn(&Object) -> bool + Sync),
    ) -> Result<Vec<Object>, StoreFault> {
        let tables = self.lock();
        let rows = tables.shelves.get(place).into_iter().flat_map(|shelf| shelf.rows.values().flatten());
        let mut found: Vec<&Object> = rows.map(|(object, _)| object).collect();
        found.retain(|object| object.created_at > after && wanted(object));
        found.sort_by_key(|object| (std::cmp::Reverse(object.created_at), std::cmp::Reverse(object.id)));
        Ok(found.into_iter().take(limit).cloned().collect())
    }

    async fn find(&self, place: &Place, ids: &[Uuid]) -> Result<Vec<Object>, StoreFault> {
        let tables = self.lock();
        let Some(shelf) = tables.shelves.get(place) else {
            return Ok(Vec::new());
        };
        let found = ids.iter().filter_map(|id| shelf.rows.get(id)?.as_ref());
        Ok(found.map(|(object, _)| object.clone()).collect())
    }

    async fn erase(&self, place: &Place, id: Uuid, _at: Timestamp) -> Result<bool, StoreFault> {
        Ok(self.lock().shelves.get_mut(place).is_some_and(|shelf| shelf.erase(id)))
    }

    async fn tenants(&self, collection: &CollectionName) -> Result<Vec<TenantId>, StoreFault> {
        let tables = self.lock();
        let of = tables.tenants.iter().filter(|(name, _)| name == collection);
        Ok(of.map(|(_, tenant)| tenant.clone()).collect())
    }
}
