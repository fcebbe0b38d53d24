//! Makes pictures: drawn by the provider, labelled, kept.

use chimera_domain::ports::Clock;
use chimera_domain::{Digest, TenantId};
use chimera_mcp::server::{StoreFault, ToolFault};

use crate::faults::Faults;
use crate::label::{self, AI_LABEL, Label};
use crate::provider::{Drawn, ImageProvider, Model};
use crate::refused::Refused;
use crate::store::{CHUNK_BYTES, ImageMeta, ImageStore, Place, fetch, keep};
use crate::wanted::{Looks, Tier, Wanted};

/// Media types.
pub(crate) const PNG: &str = "image/png";
pub(crate) const APNG: &str = "image/apng";

/// A provider with the store of what it has made.
#[derive(Debug)]
pub struct Studio<P, S, C> {
    provider: P,
    store: S,
    clock: C,
    faults: Faults,
}

impl<P: ImageProvider, S: ImageStore, C: Clock> Studio<P, S, C> {
    /// A studio without faults.
    pub fn new(provider: P, store: S, clock: C) -> Self {
        Self { provider, store, clock, faults: Faults::default() }
    }

    /// The same with failures on demand.
    #[must_use]
    pub fn failing(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// What the provider draws with.
    #[must_use]
    pub fn models(&self) -> Vec<Model> {
        self.provider.models()
    }

    /// Makes a picture.
    ///
    /// # Errors
    /// A refusal where it was not made; [`ToolFault::Failed`] where it was and could not be kept.
    pub async fn picture(&self, wanted: &Wanted) -> Result<ImageMeta, ToolFault> {
        self.faults.before(&wanted.prompt).await?;
        let reference = self.reference(wanted).await?;
        let drawn = self.provider.draw(wanted, reference.as_deref()).await?;
        self.finish(wanted, drawn).await
    }

    /// Makes a clip.
    ///
    /// # Errors
    /// As [`Studio::picture`].
    pub async fn clip(&self, wanted: &Wanted, tier: Tier) -> Result<ImageMeta, ToolFault> {
        self.faults.before(&wanted.prompt).await?;
        let drawn = self.provider.film(wanted, tier).await?;
        self.finish(wanted, drawn).await
    }

    /// A tenant's picture; nothing where it is not the tenant's, or nowhere.
    ///
    /// # Errors
    /// [`StoreFault`].
    pub async fn find(
        &self,
        tenant: &TenantId,
        digest: &Digest,
    ) -> Result<Option<(ImageMeta, Vec<u8>)>, StoreFault> {
        fetch(&self.store, &place(tenant, digest)).await
    }

    /// What is known about a tenant's picture.
    ///
    /// # Errors
    /// [`StoreFault`].
    pub async fn known(&self, tenant: &TenantId, digest: &Digest) -> Result<Option<ImageMeta>, StoreFault> {
        self.store.meta(&place(tenant, digest)).await
    }

    /// The character's picture, for a provider that looks at it.
    async fn reference(&self, wanted: &Wanted) -> Result<Option<Vec<u8>>, ToolFault> {
        let Looks::Pictured(digest) = &wanted.character.looks else {
            return Ok(None);
        };
        if !self.provider.looks_at_pictures() {
            return Ok(None);
        }
        match self.find(&wanted.tenant, digest).await? {
            Some((_, bytes)) => Ok(Some(bytes)),
            None => Err(Refused::NotFound(format!("no picture of the character: {digest}")).into()),
        }
    }

    /// [I-2] Labels what was drawn and keeps it. The digest is that of the labelled bytes.
    async fn finish(&self, wanted: &Wanted, drawn: Drawn) -> Result<ImageMeta, ToolFault> {
        let prompt = wanted.prompt_digest();
        let label = Label { model: &drawn.model, seed: wanted.seed, prompt: &prompt };
        let unreadable = |_| Refused::Unsupported("the provider's picture is no PNG".to_owned());
        let bytes = label::inscribe(&drawn.png, &label).map_err(unreadable)?;
        let (width, height) = label::dimensions(&bytes).map_err(unreadable)?;
        let meta = ImageMeta {
            digest: Digest::of_bytes(&bytes),
            mime: if drawn.motion.is_some() { APNG } else { PNG }.to_owned(),
            width,
            height,
            bytes: bytes.len(),
            model: drawn.model,
            seed: wanted.seed,
            cost: drawn.cost,
            ai_label: AI_LABEL.to_owned(),
            alt_text: wanted.alt_text(),
            agent: wanted.agent.clone(),
            character: wanted.character.id.clone(),
            prompt_digest: prompt,
            motion: drawn.motion,
            created_at: self.clock.now(),
        };
        self.keep(wanted, &meta, &bytes).await?;
        // What this call made: it may have been made before, for another agent or at another price.
        Ok(meta)
    }

    async fn keep(&self, wanted: &Wanted, meta: &ImageMeta, bytes: &[u8]) -> Result<(), ToolFault> {
        let place = place(&wanted.tenant, &meta.digest);
        if self.faults.tears(&wanted.prompt) {
            for (index, chunk) in bytes.chunks(CHUNK_BYTES).enumerate() {
                self.store.put_chunk(&place, index, chunk).await?;
            }
            return Err(ToolFault::Failed("torn, as IMAGEGEN_FAULTS asks".into()));
        }
        keep(&self.store, &place, meta, bytes).await?;
        if self.faults.loses_answer(&wanted.prompt) {
            return Err(ToolFault::Failed("the answer got lost, as IMAGEGEN_FAULTS asks".into()));
        }
        Ok(())
    }
}

fn place(tenant: &TenantId, digest: &Digest) -> Place {
    Place { tenant: tenant.clone(), digest: digest.clone() }
}
