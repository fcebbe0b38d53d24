//! Pictures and clips are uploaded before the post that shows them. Until then nobody sees them, and within a day the platform forgets
//! them: an upload whose post never came is no effect.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chimera_domain::ports::Clock;
use chimera_signed_http::secrets::SecretVault;
use serde::Deserialize;
use serde_json::json;

use super::client::{Ask, CallFault};
use super::tokens::Owner;
use super::{Live, LiveFault, wire};
use crate::answers::PlatformError;
use crate::media::{Mime, Picture};

/// Time for all pictures of a post: with the post's own ten seconds it stays below the write half's thirty.
const UPLOAD_TIME: Duration = Duration::from_secs(15);
/// Bytes of one part of what moves: the platform takes five million, as they are or in base64.
const PART_BYTES: usize = 2 * 1024 * 1024;
/// Seconds of the longest pause before what moves is looked at again.
const LONGEST_PAUSE_S: u64 = 5;

#[derive(Deserialize)]
struct Uploaded {
    id: String,
    #[serde(default)]
    processing_info: Option<Processing>,
}

#[derive(Deserialize)]
struct Processing {
    state: String,
    #[serde(default)]
    check_after_secs: u64,
}

impl<V: SecretVault, C: Clock + Send + 'static> Live<V, C> {
    /// Uploads a post's pictures and gives the platform's ids of them, in order.
    pub(super) async fn upload(&self, owner: &Owner, pictures: &[Picture]) -> Result<Vec<String>, LiveFault> {
        let all = async {
            let mut ids = Vec::with_capacity(pictures.len());
            for picture in pictures {
                ids.push(self.upload_one(owner, picture).await?);
            }
            Ok(ids)
        };
        let late = || CallFault::Lost(format!("the pictures took longer than {} s", UPLOAD_TIME.as_secs()));
        tokio::time::timeout(UPLOAD_TIME, all).await.unwrap_or_else(|_| Err(LiveFault::Call(late())))
    }

    async fn upload_one(&self, owner: &Owner, picture: &Picture) -> Result<String, LiveFault> {
        let id = match picture.mime {
            Mime::Gif => self.upload_in_parts(owner, picture, "tweet_gif").await?,
            Mime::Mp4 => self.upload_in_parts(owner, picture, "tweet_video").await?,
            // It would be shown without moving: that is not what was approved.
            Mime::Apng => return Err(answered(415, "the platform takes no moving PNG")),
            Mime::Png | Mime::Jpeg | Mime::Webp => self.upload_at_once(owner, picture).await?,
        };
        if let Some(text) = picture.alt_text.as_ref().filter(|text| !text.is_empty()) {
            let described = json!({ "id": id, "metadata": { "alt_text": { "text": text } } });
            self.ask(owner, &Ask::post(["2", "media", "metadata"]).json(described)).await?;
        }
        Ok(id)
    }

    async fn upload_at_once(&self, owner: &Owner, picture: &Picture) -> Result<String, LiveFault> {
        let whole = json!({
            "media": BASE64_STANDARD.encode(&picture.bytes),
            "media_category": "tweet_image",
        });
        let uploaded = self.uploaded(owner, &Ask::post(["2", "media", "upload"]).json(whole)).await?;
        self.processed(owner, uploaded).await
    }

    async fn upload_in_parts(
        &self,
        owner: &Owner,
        picture: &Picture,
        category: &str,
    ) -> Result<String, LiveFault> {
        let announced = json!({
            "media_category": category,
            "media_type": picture.mime.as_str(),
            "total_bytes": picture.bytes.len(),
        });
        let begin = Ask::post(["2", "media", "upload", "initialize"]).json(announced);
        let Uploaded { id, .. } = self.uploaded(owner, &begin).await?;
        for (at, part) in picture.bytes.chunks(PART_BYTES).enumerate() {
            let part = json!({ "media": BASE64_STANDARD.encode(part), "segment_index": at });
            self.ask(owner, &Ask::post(["2", "media", "upload", &id, "append"]).json(part)).await?;
        }
        let end = Ask::post(["2", "media", "upload", &id, "finalize"]);
        let uploaded = self.uploaded(owner, &end).await?;
        self.processed(owner, uploaded).await
    }

    async fn uploaded(&self, owner: &Owner, ask: &Ask) -> Result<Uploaded, LiveFault> {
        wire::data(self.ask(owner, ask).await?).map_err(LiveFault::Call)
    }

    /// Waits until the platform has looked at it.
    async fn processed(&self, owner: &Owner, uploaded: Uploaded) -> Result<String, LiveFault> {
        let Uploaded { id, mut processing_info } = uploaded;
        loop {
            match processing_info {
                None => return Ok(id),
                Some(info) if info.state == "succeeded" => return Ok(id),
                Some(info) if info.state == "failed" => {
                    return Err(answered(422, "the platform could not process a picture"));
                }
                Some(info) => {
                    let pause = Duration::from_secs(info.check_after_secs.min(LONGEST_PAUSE_S));
                    tokio::time::sleep(pause).await;
                    let look = Ask::get(["2", "media", "upload"]).with("command", "STATUS");
                    processing_info =
                        self.uploaded(owner, &look.with("media_id", &id)).await?.processing_info;
                }
            }
        }
    }
}

fn answered(status: u16, detail: &str) -> LiveFault {
    LiveFault::Call(CallFault::Answered(PlatformError::new(status, detail)))
}
