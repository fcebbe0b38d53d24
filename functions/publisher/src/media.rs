//! The bytes of a post's pictures: fetched before anything is claimed, and none but those whose digest was approved.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chimera_domain::{
    Digest, Effect, Refusal, Stored, Transaction,
    ports::{Clock, HandleError, Ids, ReadTools, ToolError, WriteTools},
};
use futures::future::try_join_all;
use serde_json::{Value, json};

use crate::ending::{LONGEST_WAIT, back_off};
use crate::{Publisher, Store};

/// The server that keeps what was made.
const KEEPER: &str = "imagegen";

/// Bytes that cannot be had.
#[derive(Debug)]
pub(crate) enum Missing {
    /// For now: the effect waits.
    ForNow(String),
    /// For good: the effect can never be done.
    ForGood(Refusal),
}

/// The arguments as they go out: as approved, with the bytes beside each digest.
pub(crate) type Arguments = Value;

impl<S: Store, W: WriteTools, R: ReadTools, C: Clock, I: Ids> Publisher<S, W, R, C, I> {
    /// [E-13] The effect's arguments with the bytes of its media. What has none is ready as it is.
    pub(crate) async fn with_media(&self, effect: &Effect) -> Result<Arguments, Missing> {
        let mut arguments = effect.intent.arguments.clone();
        let Some(media) = arguments.get_mut("media").and_then(Value::as_array_mut) else {
            return Ok(arguments);
        };
        let fetched = try_join_all(media.iter().map(|medium| self.fetch(effect, medium))).await?;
        for (medium, bytes) in media.iter_mut().zip(fetched) {
            medium["bytes_base64"] = Value::from(bytes);
        }
        Ok(arguments)
    }

    /// One medium's bytes in base64, which have its digest.
    async fn fetch(&self, effect: &Effect, medium: &Value) -> Result<String, Missing> {
        let digest = medium.get("digest").and_then(Value::as_str).unwrap_or_default();
        let arguments = json!({ "tenant": effect.tenant, "digest": digest });
        let answer =
            self.reads.call(KEEPER, "image_get", arguments, self.timing.fetch).await.map_err(missing)?;
        let bytes = answer.get("bytes_base64").and_then(Value::as_str).unwrap_or_default();
        let is_it =
            BASE64_STANDARD.decode(bytes).is_ok_and(|bytes| Digest::of_bytes(&bytes).as_str() == digest);
        if is_it {
            return Ok(bytes.to_owned());
        }
        tracing::error!(tenant.id = %effect.tenant, effect.id = %effect.id, digest, "A picture is not the one that was approved");
        let message = format!("{digest}: the bytes are not those that were approved");
        Err(Missing::ForGood(Refusal { code: "media_mismatch".to_owned(), message, retryable: false }))
    }

    /// The call provably never left: the effect stays approved, and waits for a while that doubles.
    pub(crate) async fn wait_for_media(&self, effect: &Stored<Effect>, why: &str) -> Result<(), HandleError> {
        let wait = back_off(effect.row.unsent);
        let at = self.clock.now() + wait;
        if wait < LONGEST_WAIT {
            tracing::warn!(effect.id = %effect.row.id, reason = why, wait_ms = wait.as_millis(), "A picture could not be fetched");
        } else {
            tracing::error!(effect.id = %effect.row.id, reason = why, "A post still waits for its picture; somebody must look at the server of pictures");
        }
        let unsent = effect.row.unsent.saturating_add(1);
        let later = Effect { unsent, not_before: Some(at), due_at: Some(at), ..effect.row.clone() };
        self.write(Transaction::by(self.writer("media")).replace(effect, later)?.into()).await
    }
}

/// Whether the effect has media to fetch.
pub(crate) fn has_media(effect: &Effect) -> bool {
    let media = effect.intent.arguments.get("media").and_then(Value::as_array);
    media.is_some_and(|media| !media.is_empty())
}

fn missing(error: ToolError) -> Missing {
    match error {
        ToolError::Refused(refusal) if !refusal.retryable => {
            let message = format!("image_get: {}: {}", refusal.code, refusal.message);
            Missing::ForGood(Refusal { code: "media_missing".to_owned(), message, retryable: false })
        }
        ToolError::Forbidden(why) => {
            tracing::error!(reason = %why, "The server of pictures may not be used");
            Missing::ForNow(why)
        }
        other => Missing::ForNow(other.to_string()),
    }
}
