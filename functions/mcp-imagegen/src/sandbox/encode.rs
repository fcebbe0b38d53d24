//! Canvases as PNG.

use png::{BitDepth, BlendOp, ColorType, Compression, Encoder, EncodingError, Filter};

use super::art::Canvas;

/// A picture that stands still.
pub(super) fn still(width: u32, height: u32, canvas: &Canvas) -> Result<Vec<u8>, EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::High);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(canvas.bytes())?;
    writer.finish()?;
    Ok(bytes)
}

/// A clip that runs for ever. Each picture after the first has only what changed: the rest is transparent.
pub(super) fn moving(
    (width, height): (u32, u32),
    per_second: u16,
    frames: impl ExactSizeIterator<Item = Canvas>,
) -> Result<Vec<u8>, EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height);
    encoder.set_color(ColorType::Rgba);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::High);
    // A clip has a few dozen pictures at most.
    encoder.set_animated(u32::try_from(frames.len()).unwrap_or(u32::MAX), 0)?;
    encoder.set_frame_delay(1, per_second)?;
    encoder.set_blend_op(BlendOp::Over)?;
    let mut writer = encoder.write_header()?;
    let mut shown: Option<Canvas> = None;
    for canvas in frames {
        writer.write_image_data(&changes(shown.as_ref(), &canvas))?;
        // What changed is dots in nothing: no pixel foretells the next.
        writer.set_filter(Filter::NoFilter);
        shown = Some(canvas);
    }
    writer.finish()?;
    Ok(bytes)
}

fn changes(before: Option<&Canvas>, now: &Canvas) -> Vec<u8> {
    let mut before = before.map(|canvas| canvas.pixels().iter());
    let rgba = now.pixels().iter().flat_map(|pixel| {
        let shown = before.as_mut().and_then(Iterator::next);
        let [red, green, blue] = *pixel;
        if shown == Some(pixel) { [0; 4] } else { [red, green, blue, u8::MAX] }
    });
    rgba.collect()
}
