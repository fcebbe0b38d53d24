//! What Bedrock's image models are sent and answer.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::refused::Refused;
use crate::wanted::{Looks, Quality, Style, Wanted};

/// Characters of a prompt that the models take.
const TEXT_CHARS: usize = 1_024;
/// How closely the words are followed, from 1.1 to 10: the models' own default.
const CFG_SCALE: f64 = 6.5;
/// How much the picture is like the character's, from 0.2 to 1: the person stays, the scene changes.
const SIMILARITY: f64 = 0.7;

/// The body of a request for one picture.
pub(super) fn request(wanted: &Wanted, reference: Option<&[u8]>) -> Value {
    let quality = match wanted.quality {
        Quality::Standard => "standard",
        Quality::Premium => "premium",
    };
    let mut params = json!({ "text": text(wanted) });
    if let Some(without) = &wanted.without {
        params["negativeText"] = json!(without);
    }
    let mut body = json!({
        "imageGenerationConfig": {
            "numberOfImages": 1,
            "quality": quality,
            "height": wanted.height,
            "width": wanted.width,
            "cfgScale": CFG_SCALE,
            "seed": wanted.seed,
        },
    });
    let (task, field) = match reference {
        None => ("TEXT_IMAGE", "textToImageParams"),
        Some(picture) => {
            params["images"] = json!([BASE64_STANDARD.encode(picture)]);
            params["similarityStrength"] = json!(SIMILARITY);
            ("IMAGE_VARIATION", "imageVariationParams")
        }
    };
    body["taskType"] = json!(task);
    body[field] = params;
    body
}

/// The prompt, the style, and who is in the picture. Where it is too long the end of the description goes, never a part of
/// the prompt.
fn text(wanted: &Wanted) -> String {
    let style = match wanted.style {
        Style::Vivid => "",
        Style::Pastel => ". Soft pastel colours",
        Style::Night => ". At night",
        Style::Mono => ". In one single hue",
    };
    let who = match &wanted.character.looks {
        Looks::Described(words) => format!(". The person shown: {words}"),
        Looks::Pictured(_) => String::new(),
    };
    let text = format!("{}{style}{who}", wanted.prompt);
    text.chars().take(TEXT_CHARS).collect()
}

/// An answer of a model.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    images: Vec<String>,
    error: Option<String>,
}

/// The picture in an answer.
pub(super) fn picture(body: &[u8]) -> Result<Vec<u8>, Refused> {
    let unreadable = |why: &str| Refused::Unavailable(format!("the image provider's answer {why}"));
    let answer: Answer = serde_json::from_slice(body).map_err(|_| unreadable("cannot be read"))?;
    // [I-6] An answer with an error has a picture that the content filter kept back.
    if let Some(blocked) = answer.error {
        return Err(Refused::Policy(blocked));
    }
    let picture = answer.images.first().ok_or_else(|| unreadable("has no picture"))?;
    BASE64_STANDARD.decode(picture).map_err(|_| unreadable("has a picture that is no base64"))
}
