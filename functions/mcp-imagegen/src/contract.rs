//! What every store of pictures keeps to: the same test runs over memory and over DynamoDB.

use chimera_domain::{AgentId, Currency, Digest, InvalidId, Money, TenantId, Timestamp};
use chimera_mcp::server::StoreFault;
use thiserror::Error;

use crate::label::AI_LABEL;
use crate::store::{CHUNK_BYTES, ImageMeta, ImageStore, Place, fetch, keep};

/// The contract could not be tried. Where it is broken, the test panics.
#[derive(Debug, Error)]
pub enum Untried {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// `run` is no part of an id.
    #[error(transparent)]
    Id(#[from] InvalidId),
}

/// [I-4] [I-5] Tries the contract on a store. `run` is part of every tenant's name, so that runs on one table do not meet.
///
/// # Errors
/// [`Untried`].
///
/// # Panics
/// Where the store does not keep it.
pub async fn keeps(store: &impl ImageStore, run: &str) -> Result<(), Untried> {
    let ours = TenantId::new(format!("ours-{run}"))?;
    let theirs = TenantId::new(format!("theirs-{run}"))?;
    for size in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 7] {
        a_picture_comes_back_whole(store, &ours, size).await?;
    }
    a_half_written_picture_is_not_found_and_the_retry_completes_it(store, &ours).await?;
    a_damaged_picture_is_none(store, &ours).await?;
    what_is_known_first_stays(store, &ours).await?;
    a_picture_is_one_tenants(store, &ours, &theirs).await
}

async fn a_picture_comes_back_whole(
    store: &impl ImageStore,
    tenant: &TenantId,
    size: usize,
) -> Result<(), Untried> {
    let (place, meta, bytes) = picture(tenant, 1, size)?;
    assert_eq!(fetch(store, &place).await?, None, "{size}");
    assert_eq!(keep(store, &place, &meta, &bytes).await?, meta);
    assert_eq!(fetch(store, &place).await?, Some((meta, bytes)), "{size}");
    Ok(())
}

async fn a_half_written_picture_is_not_found_and_the_retry_completes_it(
    store: &impl ImageStore,
    tenant: &TenantId,
) -> Result<(), Untried> {
    let (place, meta, bytes) = picture(tenant, 2, 2 * CHUNK_BYTES)?;
    for (index, chunk) in bytes.chunks(CHUNK_BYTES).enumerate() {
        store.put_chunk(&place, index, chunk).await?;
        assert_eq!(store.meta(&place).await?, None);
        assert_eq!(fetch(store, &place).await?, None, "after piece {index}");
    }
    keep(store, &place, &meta, &bytes).await?;
    assert_eq!(fetch(store, &place).await?, Some((meta, bytes)));
    Ok(())
}

async fn a_damaged_picture_is_none(store: &impl ImageStore, tenant: &TenantId) -> Result<(), Untried> {
    let (place, meta, bytes) = picture(tenant, 5, CHUNK_BYTES + 1)?;
    store.put_chunk(&place, 0, &bytes[..CHUNK_BYTES]).await?;
    store.put_meta(&place, &meta).await?;
    assert_eq!(fetch(store, &place).await?, None, "a piece is gone");
    store.put_chunk(&place, 1, &[!bytes[CHUNK_BYTES]]).await?;
    assert_eq!(fetch(store, &place).await?, None, "a piece is another");
    keep(store, &place, &meta, &bytes).await?;
    assert_eq!(fetch(store, &place).await?, Some((meta, bytes)), "made again it is whole");
    Ok(())
}

async fn what_is_known_first_stays(store: &impl ImageStore, tenant: &TenantId) -> Result<(), Untried> {
    let (place, meta, bytes) = picture(tenant, 3, 10)?;
    keep(store, &place, &meta, &bytes).await?;
    let later = ImageMeta { agent: AgentId::new("another")?, ..meta.clone() };
    assert_eq!(keep(store, &place, &later, &bytes).await?, meta);
    assert_eq!(store.meta(&place).await?, Some(meta));
    Ok(())
}

async fn a_picture_is_one_tenants(
    store: &impl ImageStore,
    ours: &TenantId,
    theirs: &TenantId,
) -> Result<(), Untried> {
    let (place, meta, bytes) = picture(ours, 4, 10)?;
    let same_of_others = Place { tenant: theirs.clone(), ..place.clone() };
    keep(store, &place, &meta, &bytes).await?;
    assert_eq!(fetch(store, &same_of_others).await?, None);
    assert_eq!(store.chunk(&same_of_others, 0).await?, None);
    assert_eq!(fetch(store, &place).await?, Some((meta, bytes)));
    Ok(())
}

fn picture(tenant: &TenantId, number: u8, size: usize) -> Result<(Place, ImageMeta, Vec<u8>), Untried> {
    // No two pieces are alike.
    let bytes: Vec<u8> = (0..size).map(|at| (at / 251 + at) as u8 ^ number).collect();
    let digest = Digest::of_bytes(&bytes);
    let meta = ImageMeta {
        digest: digest.clone(),
        mime: "image/png".to_owned(),
        width: 256,
        height: 256,
        bytes: size,
        model: "m".to_owned(),
        seed: number.into(),
        cost: Money::zero(Currency::Usd),
        ai_label: AI_LABEL.to_owned(),
        alt_text: "\u{fc}".to_owned(),
        agent: AgentId::new("nova")?,
        character: AgentId::new("nova")?,
        prompt_digest: Digest::of_bytes(b"prompt"),
        motion: None,
        created_at: Timestamp::UNIX_EPOCH,
    };
    Ok((Place { tenant: tenant.clone(), digest }, meta, bytes))
}
