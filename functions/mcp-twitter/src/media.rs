//! Pictures and clips: what the platform takes, and whether bytes are what they are said to be.

use chimera_domain::{Digest, Refusal};
use chimera_mcp::server::{MediaBytes, schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Pictures of one post, as on the platform.
pub const MEDIA_PER_POST: usize = 4;
/// Bytes of the largest picture the platform takes.
pub const MEDIA_BYTES: usize = 5 * 1024 * 1024;
/// Bytes of the checksum that ends each part of a PNG.
const CHECKSUM: usize = 4;
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
    /// A moving PNG: what our own sandbox makes, and only the sandbox takes.
    #[serde(rename = "image/apng")]
    Apng,
    /// MPEG-4.
    #[serde(rename = "video/mp4")]
    Mp4,
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
            Self::Apng => "image/apng",
            Self::Mp4 => "video/mp4",
        }
    }

    /// Whether it is a clip, or may be: the platform shows one and nothing beside it.
    #[must_use]
    pub const fn goes_alone(self) -> bool {
        matches!(self, Self::Gif | Self::Apng | Self::Mp4)
    }

    /// What the bytes begin like, whatever anybody calls them.
    #[must_use]
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', parts @ ..] => {
                Some(if is_animated(parts) { Self::Apng } else { Self::Png })
            }
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some(Self::Mp4),
            _ => None,
        }
    }
}

/// Whether these parts of a PNG say, before its first picture, that it moves.
fn is_animated(mut parts: &[u8]) -> bool {
    while let Some((length, part)) = parts.split_first_chunk::<4>() {
        let Some((name, rest)) = part.split_first_chunk::<4>() else { return false };
        match name {
            b"acTL" => return true,
            b"IDAT" => return false,
            _ => {}
        }
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let Some(next) = length.checked_add(CHECKSUM).and_then(|end| rest.get(end..)) else { return false };
        parts = next;
    }
    false
}

/// A picture or clip as a post names it.
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

/// Whether the platform takes these together: up to four pictures, or one GIF or clip alone.
///
/// # Errors
/// What is wrong, for the caller.
pub fn check_together(media: &[MediaArgument]) -> Result<(), String> {
    if media.len() > MEDIA_PER_POST {
        return Err(format!("{} pictures, at most {MEDIA_PER_POST}", media.len()));
    }
    if media.len() > 1 && media.iter().any(|medium| medium.mime.goes_alone()) {
        return Err("a GIF or clip goes alone".to_owned());
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
        assert_eq!(Mime::sniff(b"\0\0\0\x18ftypmp42"), Some(Mime::Mp4));
        for other in [b"".as_slice(), b"<svg>", b"RIFF....WAVE", b"%PDF-1.7", b"GIF88a"] {
            assert_eq!(Mime::sniff(other), None, "{other:?}");
        }
    }

    /// A PNG of these parts.
    fn png_of(parts: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        for (name, data) in parts {
            bytes.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
            bytes.extend([name.as_slice(), data, &[0; CHECKSUM]].concat());
        }
        bytes
    }

    #[test]
    fn a_png_moves_where_it_says_so_before_its_first_picture() {
        let header: (&[u8; 4], &[u8]) = (b"IHDR", &[0; 13]);
        let moving: [(&[u8; 4], &[u8]); 4] =
            [header, (b"iTXt", b"made by an AI, acTL"), (b"acTL", &[0; 8]), (b"IDAT", &[1])];
        assert_eq!(Mime::sniff(&png_of(&moving)), Some(Mime::Apng));
        let still: [&[(&[u8; 4], &[u8])]; 3] = [
            &[header, (b"iTXt", b"acTL"), (b"IDAT", &[1])],
            &[header, (b"IDAT", &[1]), (b"acTL", &[0; 8])],
            &[],
        ];
        for parts in still {
            assert_eq!(Mime::sniff(&png_of(parts)), Some(Mime::Png), "{parts:?}");
        }
        let endless = [png_of(&[header]), vec![0xff; 8]].concat();
        assert_eq!(Mime::sniff(&endless), Some(Mime::Png));
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
    fn four_pictures_or_one_that_moves() {
        let of = |mime| named(PNG, mime).0;
        assert!(check_together(&vec![of(Mime::Png); 4]).is_ok());
        for moving in [Mime::Gif, Mime::Apng, Mime::Mp4] {
            assert!(check_together(&[of(moving)]).is_ok());
            assert!(check_together(&[of(moving), of(Mime::Png)]).is_err());
            assert!(check_together(&[of(moving), of(moving)]).is_err());
        }
        assert!(check_together(&vec![of(Mime::Png); 5]).is_err());
        let long = MediaArgument { alt_text: Some("x".repeat(ALT_TEXT_CHARS + 1)), ..of(Mime::Png) };
        assert!(check_together(&[long]).is_err());
    }
}
