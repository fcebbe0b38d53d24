//! Where pictures are kept: a row that describes each, and its bytes in pieces that fit a row.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chimera_domain::{AgentId, Digest, Money, TenantId, Timestamp};
use chimera_mcp::server::{StoreFault, schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::provider::Motion;

/// Bytes of a piece: what a row of 400 KB holds beside its keys.
pub const CHUNK_BYTES: usize = 350 * 1024;

/// [I-5] Where a picture is: one tenant's, by its digest. The same bytes of another tenant are another picture.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Whose.
    pub tenant: TenantId,
    /// Digest of its bytes.
    pub digest: Digest,
}

/// What is known about a picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImageMeta {
    /// Digest of its bytes, label included.
    #[schemars(schema_with = "schema::digest")]
    pub digest: Digest,
    /// Its media type: `image/png`, or `image/apng` where it moves.
    pub mime: String,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// How many bytes it has.
    pub bytes: usize,
    /// What drew it.
    pub model: String,
    /// The seed.
    pub seed: u32,
    /// What it cost.
    #[schemars(schema_with = "schema::money")]
    pub cost: Money,
    /// IPTC's digital source type, as the picture itself says it: made by an AI.
    pub ai_label: String,
    /// What it shows, for those who cannot see it.
    pub alt_text: String,
    /// For whom it was made first.
    #[schemars(schema_with = "schema::id")]
    pub agent: AgentId,
    /// Who is in it.
    #[schemars(schema_with = "schema::id")]
    pub character: AgentId,
    /// Digest of the prompt.
    #[schemars(schema_with = "schema::digest")]
    pub prompt_digest: Digest,
    /// Of a clip: how it moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motion: Option<Motion>,
    /// When it was made first.
    #[schemars(schema_with = "schema::timestamp")]
    pub created_at: Timestamp,
}

impl ImageMeta {
    /// How many pieces its bytes are in.
    fn chunks(&self) -> usize {
        self.bytes.div_ceil(CHUNK_BYTES)
    }
}

/// Keeps pictures. Each method is atomic, and reads are consistent.
pub trait ImageStore: Send + Sync + 'static {
    /// Puts a piece. The same piece may be put again.
    fn put_chunk(
        &self,
        place: &Place,
        index: usize,
        bytes: &[u8],
    ) -> impl Future<Output = Result<(), StoreFault>> + Send;

    /// A piece.
    fn chunk(
        &self,
        place: &Place,
        index: usize,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, StoreFault>> + Send;

    /// Puts what is known about a picture, unless it is there; gives what is there then.
    fn put_meta(
        &self,
        place: &Place,
        meta: &ImageMeta,
    ) -> impl Future<Output = Result<ImageMeta, StoreFault>> + Send;

    /// What is known about a picture.
    fn meta(&self, place: &Place) -> impl Future<Output = Result<Option<ImageMeta>, StoreFault>> + Send;
}

/// [I-4] Keeps a picture: its pieces first, what is known about it last, so that a picture which is found is whole. Where it
/// ended half-way, the same call completes it. Gives what is known about it, which is what was known first.
///
/// # Errors
/// [`StoreFault`]; the picture may be there all the same, and can be kept again.
pub async fn keep<S: ImageStore>(
    store: &S,
    place: &Place,
    meta: &ImageMeta,
    bytes: &[u8],
) -> Result<ImageMeta, StoreFault> {
    for (index, chunk) in bytes.chunks(CHUNK_BYTES).enumerate() {
        store.put_chunk(place, index, chunk).await?;
    }
    store.put_meta(place, meta).await
}

/// [I-4] A picture and what is known about it; nothing where it is not there, not yet whole, or damaged: what is described
/// last and lacks a piece will never be whole by waiting.
///
/// # Errors
/// [`StoreFault`].
pub async fn fetch<S: ImageStore>(
    store: &S,
    place: &Place,
) -> Result<Option<(ImageMeta, Vec<u8>)>, StoreFault> {
    let Some(meta) = store.meta(place).await? else {
        return Ok(None);
    };
    let mut bytes = Vec::with_capacity(meta.bytes);
    for index in 0..meta.chunks() {
        bytes.extend(store.chunk(place, index).await?.unwrap_or_default());
    }
    if Digest::of_bytes(&bytes) == place.digest {
        return Ok(Some((meta, bytes)));
    }
    tracing::error!(tenant.id = %place.tenant, digest = %place.digest, "a picture is damaged: its bytes are not those of its digest");
    Ok(None)
}

/// Pictures in memory, for tests and simulations. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryImages {
    tables: Arc<Mutex<Tables>>,
}

#[derive(Debug, Default)]
struct Tables {
    metas: BTreeMap<Place, ImageMeta>,
    chunks: BTreeMap<(Place, usize), Vec<u8>>,
}

impl MemoryImages {
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pictures that can be found, by tenant and digest.
    #[must_use]
    pub fn all(&self) -> Vec<(Place, ImageMeta)> {
        self.lock().metas.iter().map(|(place, meta)| (place.clone(), meta.clone())).collect()
    }
}

impl ImageStore for MemoryImages {
    async fn put_chunk(&self, place: &Place, index: usize, bytes: &[u8]) -> Result<(), StoreFault> {
        self.lock().chunks.insert((place.clone(), index), bytes.to_vec());
        Ok(())
    }

    async fn chunk(&self, place: &Place, index: usize) -> Result<Option<Vec<u8>>, StoreFault> {
        Ok(self.lock().chunks.get(&(place.clone(), index)).cloned())
    }

    async fn put_meta(&self, place: &Place, meta: &ImageMeta) -> Result<ImageMeta, StoreFault> {
        Ok(self.lock().metas.entry(place.clone()).or_insert_with(|| meta.clone()).clone())
    }

    async fn meta(&self, place: &Place) -> Result<Option<ImageMeta>, StoreFault> {
        Ok(self.lock().metas.get(place).cloned())
    }
}
