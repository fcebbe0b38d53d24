//! Pictures: what the platform takes, and whether bytes are what they are said to be.

use chimera_domain::{Digest, Refusal};
use chimera_mcp::server::{MediaBytes, schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Pictures of one post, as on the platform.
pub const MEDIA_PER_POST: usize = 4;
/// Bytes of the largest picture the platform takes.
pub const MEDIA_BYTES: usize = 5 * 1024 * 1024;
/// Characters of the longest description the platform takes.
pub const ALT_TEXT_CHARS: usize = 1_000;

/// What a picture may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Mime {
    /// PNG.
    #[serde(rename = "image/png")]
    Png,
    /// JPEG.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// WebP.
    #[serde(rename = "image/webp")]
    Webp,
    /// GIF, moving or not.
    #[serde(rename = "image/gif")]
    Gif,
}

impl Mime {
    /// As headers spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
        }
    }

    /// What the bytes begin like, whatever anybody calls them.
    #[must_use]
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            _ => None,
        }
    }
}

/// A picture as a post names it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MediaArgument {
    /// Digest of its bytes.
    #[schemars(schema_with = "schema::digest")]
    pub digest: Digest,
    /// What it is.
    pub mime: Mime,
    /// What it shows, for those who cannot see it.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub alt_text: Option<String>,
}

/// A picture with its bytes, which are what they are said to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Digest of its bytes.
    pub digest: Digest,
    /// What it is.
    pub mime: Mime,
    /// What it shows, for those who cannot see it.
    pub alt_text: Option<String>,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Whether the platform takes these together: up to four pictures, or one GIF alone.
///
/// # Errors
/// What is wrong, for the caller.
pub fn check_together(media: &[MediaArgument]) -> Result<(), String> {
    if media.len() > MEDIA_PER_POST {
        return Err(format!("{} pictures, at most {MEDIA_PER_POST}", media.len()));
    }
    let has_gif = media.iter().any(|medium| medium.mime == Mime::Gif);
    if has_gif && media.len() > 1 {
        return Err("a GIF goes alone".to_owned());
    }
    let too_long = |text: &String| text.chars().count() > ALT_TEXT_CHARS;
    if media.iter().filter_map(|medium| medium.alt_text.as_ref()).any(too_long) {
        return Err(format!("a description longer than {ALT_TEXT_CHARS} characters"));
    }
    Ok(())
}

/// The pictures with their bytes, each of the kind and size it is said to be. The kit has compared the digests.
///
/// # Errors
/// A refusal: these bytes would never be taken under this name.
pub fn pictures(named: Vec<MediaArgument>, bytes: Vec<MediaBytes>) -> Result<Vec<Picture>, Refusal> {
    if named.len() != bytes.len() {
        return Err(mismatch(format!("{} pictures and {} with bytes", named.len(), bytes.len())));
    }
    named.into_iter().zip(bytes).map(|(named, given)| picture(named, given)).collect()
}

fn picture(named: MediaArgument, given: MediaBytes) -> Result<Picture, Refusal> {
    let MediaArgument { digest, mime, alt_text } = named;
    if digest != given.digest {
        return Err(mismatch(format!("the bytes of {digest} are another's")));
    }
    if given.bytes.len() > MEDIA_BYTES {
        return Err(mismatch(format!("{digest} has more than {MEDIA_BYTES} bytes")));
    }
    if Mime::sniff(&given.bytes) != Some(mime) {
        return Err(mismatch(format!("{digest} is no {}", mime.as_str())));
    }
    Ok(Picture { digest, mime, alt_text, bytes: given.bytes })
}

fn mismatch(message: String) -> Refusal {
    Refusal { code: "media_mismatch".to_owned(), message, retryable: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n....";

    fn named(bytes: &[u8], mime: Mime) -> (MediaArgument, MediaBytes) {
        let digest = Digest::of_bytes(bytes);
        let argument = MediaArgument { digest: digest.clone(), mime, alt_text: None };
        (argument, MediaBytes { digest, bytes: bytes.to_vec() })
    }

    #[test]
    fn bytes_are_what_they_begin_like() {
        assert_eq!(Mime::sniff(PNG), Some(Mime::Png));
        assert_eq!(Mime::sniff(b"\xff\xd8\xff\xe0"), Some(Mime::Jpeg));
        assert_eq!(Mime::sniff(b"RIFF\x10\0\0\0WEBPVP8 "), Some(Mime::Webp));
        assert_eq!(Mime::sniff(b"GIF89a...."), Some(Mime::Gif));
        for other in [b"".as_slice(), b"<svg>", b"RIFF....WAVE", b"%PDF-1.7", b"GIF88a"] {
            assert_eq!(Mime::sniff(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_picture_is_taken_only_for_what_it_is() {
        let (png, bytes) = named(PNG, Mime::Png);
        assert_eq!(pictures(vec![png.clone()], vec![bytes.clone()]).unwrap()[0].bytes, PNG);
        let (called_jpeg, _) = named(PNG, Mime::Jpeg);
        let mut large = PNG.to_vec();
        large.resize(MEDIA_BYTES + 1, 0);
        let (large, large_bytes) = named(&large, Mime::Png);
        let (_, others) = named(b"\x89PNG\r\n\x1a\nother", Mime::Png);
        for (named, bytes) in [
            (vec![called_jpeg], vec![bytes.clone()]),
            (vec![large], vec![large_bytes]),
            (vec![png.clone()], vec![others]),
            (vec![png], vec![]),
        ] {
            assert_eq!(pictures(named, bytes).unwrap_err().code, "media_mismatch");
        }
    }

    #[test]
    fn four_pictures_or_one_gif() {
        let of = |mime| named(PNG, mime).0;
        assert!(check_together(&vec![of(Mime::Png); 4]).is_ok());
        assert!(check_together(&[of(Mime::Gif)]).is_ok());
        assert!(check_together(&vec![of(Mime::Png); 5]).is_err());
        assert!(check_together(&[of(Mime::Gif), of(Mime::Png)]).is_err());
        let long = MediaArgument { alt_text: Some("x".repeat(ALT_TEXT_CHARS + 1)), ..of(Mime::Png) };
        assert!(check_together(&[long]).is_err());
    }
}
