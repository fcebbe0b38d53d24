//! [I-2] What a picture says about itself: that an AI made it, in the words that platforms read (IPTC's digital source type
//! in an XMP packet), and with what. Written between the picture's own parts, whoever drew it.

use chimera_domain::Digest;
use thiserror::Error;

/// IPTC's word for media that a trained model made.
pub const AI_LABEL: &str = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";

/// What a picture says in plain text beside the label.
const SOFTWARE: &str = concat!("chimera mcp-imagegen ", env!("CARGO_PKG_VERSION"));
/// The first bytes of every PNG.
const SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a];
/// Bytes of a part beside its data: length, name, checksum.
const AROUND: usize = 12;
/// The keyword that marks an XMP packet.
const XMP_KEYWORD: &[u8] = b"XML:com.adobe.xmp\0";

/// The bytes are no PNG: an answer of the provider that nothing can be done with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the picture is no PNG")]
pub struct NotPng;

/// What made a picture, and from what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label<'a> {
    /// The model.
    pub model: &'a str,
    /// The seed.
    pub seed: u32,
    /// Digest of the prompt: the words themselves are the tenant's business.
    pub prompt: &'a Digest,
}

/// A part of a PNG.
#[derive(Debug, Clone, Copy)]
struct Part<'a> {
    name: [u8; 4],
    data: &'a [u8],
    /// All of it, with length and checksum.
    whole: &'a [u8],
}

/// The same picture with the label in it, right after its header. An XMP packet that says the same stays; any other gives
/// way, for a file has only one.
///
/// # Errors
/// [`NotPng`].
pub fn inscribe(png: &[u8], label: &Label<'_>) -> Result<Vec<u8>, NotPng> {
    let parts = parts(png)?;
    let said = parts.iter().any(|part| is_xmp(part) && says_ai(part));
    let mut labelled = SIGNATURE.to_vec();
    for (index, part) in parts.iter().enumerate() {
        if said || !is_xmp(part) {
            labelled.extend_from_slice(part.whole);
        }
        if index == 0 {
            for (name, data) in inscriptions(label, said) {
                write_part(&mut labelled, name, &data);
            }
        }
    }
    Ok(labelled)
}

/// Pixels across and down.
///
/// # Errors
/// [`NotPng`].
pub fn dimensions(png: &[u8]) -> Result<(u32, u32), NotPng> {
    let parts = parts(png)?;
    let header = parts.first().ok_or(NotPng)?.data;
    Ok((number(header, 0)?, number(header, 4)?))
}

/// Whether the picture says that an AI made it.
#[must_use]
pub fn is_labelled(png: &[u8]) -> bool {
    parts(png).is_ok_and(|parts| parts.iter().any(|part| is_xmp(part) && says_ai(part)))
}

fn inscriptions(label: &Label<'_>, said: bool) -> Vec<(&'static [u8; 4], Vec<u8>)> {
    let Label { model, seed, prompt } = label;
    let text = |keyword: &str, text: &str| {
        // Latin-1 without controls; a model's id is nothing else, unless somebody configured it so.
        let safe = text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' });
        format!("{keyword}\0{}", safe.collect::<String>()).into_bytes()
    };
    let description = format!("Made with AI. model={model} seed={seed} prompt={prompt}");
    let mut all: Vec<(&'static [u8; 4], Vec<u8>)> =
        vec![(b"tEXt", text("Software", SOFTWARE)), (b"tEXt", text("Description", &description))];
    if !said {
        // Not compressed, of no language, translated from nothing.
        let packet = [XMP_KEYWORD, b"\0\0\0\0", xmp().as_bytes()].concat();
        all.insert(0, (b"iTXt", packet));
    }
    all
}

fn xmp() -> String {
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
         <rdf:Description rdf:about=\"\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" \
         xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\" \
         xmp:CreatorTool=\"{SOFTWARE}\" Iptc4xmpExt:DigitalSourceType=\"{AI_LABEL}\"/>\
         </rdf:RDF></x:xmpmeta><?xpacket end=\"r\"?>"
    )
}

fn is_xmp(part: &Part<'_>) -> bool {
    part.name == *b"iTXt" && part.data.starts_with(XMP_KEYWORD)
}

fn says_ai(part: &Part<'_>) -> bool {
    part.data.windows(AI_LABEL.len()).any(|window| window == AI_LABEL.as_bytes())
}

/// A PNG taken apart: a header first, an end last, and nothing after it.
fn parts(png: &[u8]) -> Result<Vec<Part<'_>>, NotPng> {
    let mut rest = png.strip_prefix(&SIGNATURE).ok_or(NotPng)?;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let length = usize::try_from(number(rest, 0)?).map_err(|_| NotPng)?;
        let end = length.checked_add(AROUND).ok_or(NotPng)?;
        let whole = rest.get(..end).ok_or(NotPng)?;
        let name = whole.get(4..8).and_then(|name| name.try_into().ok()).ok_or(NotPng)?;
        let data = whole.get(8..8 + length).ok_or(NotPng)?;
        parts.push(Part { name, data, whole });
        rest = &rest[end..];
    }
    let begins = parts.first().is_some_and(|part| part.name == *b"IHDR" && part.data.len() == 13);
    let ends = parts.last().is_some_and(|part| part.name == *b"IEND");
    if begins && ends { Ok(parts) } else { Err(NotPng) }
}

fn number(bytes: &[u8], from: usize) -> Result<u32, NotPng> {
    let bytes = bytes.get(from..from + 4).and_then(|four| four.try_into().ok());
    bytes.map(u32::from_be_bytes).ok_or(NotPng)
}

fn write_part(png: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    // Every part written here is far below 4 GiB.
    let length = u32::try_from(data.len()).unwrap_or_default();
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(name);
    checksum.update(data);
    png.extend_from_slice(&length.to_be_bytes());
    png.extend_from_slice(name);
    png.extend_from_slice(data);
    png.extend_from_slice(&checksum.finalize().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of one grey pixel, with these parts after its header.
    fn pixel(extra: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 1, 1);
        encoder.set_color(png::ColorType::Grayscale);
        let mut writer = encoder.write_header().unwrap();
        for (name, data) in extra {
            writer.write_chunk(png::chunk::ChunkType(**name), data).unwrap();
        }
        writer.write_image_data(&[128]).unwrap();
        writer.finish().unwrap();
        bytes
    }

    fn labelled(png: &[u8]) -> Vec<u8> {
        let prompt = Digest::of_bytes(b"prompt");
        inscribe(png, &Label { model: "m\u{fc}\n1", seed: 7, prompt: &prompt }).unwrap()
    }

    fn read(png: &[u8]) -> png::Info<'static> {
        let mut reader = png::Decoder::new(std::io::Cursor::new(png.to_vec())).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels, [128], "the picture is as it was");
        reader.info().clone()
    }

    /// [I-2]
    #[test]
    fn any_png_can_be_labelled_and_is_read_as_before() {
        let plain = pixel(&[]);
        assert!(!is_labelled(&plain));
        let labelled = labelled(&plain);
        assert!(is_labelled(&labelled));
        assert_eq!(dimensions(&labelled), Ok((1, 1)));
        let info = read(&labelled);
        let xmp = info.utf8_text[0].get_text().unwrap();
        assert!(xmp.contains(&format!("Iptc4xmpExt:DigitalSourceType=\"{AI_LABEL}\"")), "{xmp}");
        let texts: Vec<_> =
            info.uncompressed_latin1_text.iter().map(|t| (t.keyword.as_str(), t.text.as_str())).collect();
        assert_eq!(texts[0].0, "Software");
        let digest = Digest::of_bytes(b"prompt");
        assert_eq!(
            texts[1],
            ("Description", format!("Made with AI. model=m??1 seed=7 prompt={digest}").as_str())
        );
    }

    /// [I-2]
    #[test]
    fn there_is_one_packet_and_it_says_ai() {
        let other = [XMP_KEYWORD, b"\0\0\0\0", b"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"/>"].concat();
        let same = [XMP_KEYWORD, b"\0\0\0\0", AI_LABEL.as_bytes()].concat();
        let replaced = read(&labelled(&pixel(&[(b"iTXt", &other)])));
        assert_eq!(replaced.utf8_text.len(), 1);
        assert!(replaced.utf8_text[0].get_text().unwrap().contains("CreatorTool"));
        let kept = read(&labelled(&pixel(&[(b"iTXt", &same)])));
        assert_eq!(kept.utf8_text.len(), 1);
        assert_eq!(kept.utf8_text[0].get_text().unwrap(), AI_LABEL);
    }

    #[test]
    fn what_is_no_png_is_refused() {
        let whole = pixel(&[]);
        for cut in 0..whole.len() {
            assert_eq!(dimensions(&whole[..cut]), Err(NotPng), "{cut}");
        }
        let mut more = whole;
        more.push(0);
        assert_eq!(dimensions(&more), Err(NotPng));
        let jpeg = [0xff, 0xd8, 0xff, 0xe0];
        let prompt = Digest::of_bytes(b"");
        assert_eq!(inscribe(&jpeg, &Label { model: "", seed: 0, prompt: &prompt }), Err(NotPng));
    }
}
