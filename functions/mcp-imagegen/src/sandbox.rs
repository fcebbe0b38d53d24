//! The sandbox: draws without a model, and behaves like one where it matters.

mod art;
mod encode;
mod policy;

use chimera_domain::Money;
use png::EncodingError;

use crate::provider::{Drawn, ImageProvider, Model, Motion, Offer, Prices, cents};
use crate::refused::Refused;
use crate::studio::{APNG, PNG};
use crate::wanted::{Style, Tier, Wanted};
use art::{Subject, Tone};

/// What draws pictures.
const PAINTER: &str = "sandbox-painter-1";
/// What makes clips.
const ANIMATOR: &str = "sandbox-animator-1";

/// How a tier's clips are made.
#[derive(Debug, Clone, Copy)]
struct Reel {
    width: u32,
    height: u32,
    frames: u32,
    per_second: u16,
    cents: u32,
}

/// [M-1] What each tier is and costs: with each more pictures, larger ones, and about three times the price.
fn reel(tier: Tier) -> Reel {
    let (width, height, frames, per_second, cents) = match tier {
        Tier::Draft => (320, 176, 8, 4, 10),
        Tier::Standard => (480, 272, 12, 6, 40),
        Tier::Premium => (640, 368, 16, 8, 120),
    };
    Reel { width, height, frames, per_second, cents }
}

impl Reel {
    fn motion(self) -> Motion {
        Motion { frames: self.frames, duration_ms: self.frames * 1_000 / u32::from(self.per_second) }
    }

    fn price(self) -> Money {
        cents(self.cents)
    }
}

/// [I-3] Draws from words, seed and character alone: the same bytes whenever and wherever it is asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sandbox {
    prices: Prices,
}

impl ImageProvider for Sandbox {
    fn models(&self) -> Vec<Model> {
        let clip = |tier: Tier| {
            let reel = reel(tier);
            Offer {
                name: tier.name(),
                pixels: format!("{}x{}", reel.width, reel.height),
                motion: Some(reel.motion()),
                price: reel.price(),
            }
        };
        vec![
            Model { id: PAINTER.to_owned(), mime: PNG, offers: self.prices.offers() },
            Model { id: ANIMATOR.to_owned(), mime: APNG, offers: Tier::ALL.map(clip).to_vec() },
        ]
    }

    fn looks_at_pictures(&self) -> bool {
        false
    }

    async fn draw(&self, wanted: &Wanted, _reference: Option<&[u8]>) -> Result<Drawn, Refused> {
        policy::check(&wanted.prompt)?;
        let subject = subject(wanted, (wanted.width, wanted.height));
        let png = encode::still(wanted.width, wanted.height, &art::draw(&subject, 0.0)).map_err(failed)?;
        Ok(Drawn { png, model: PAINTER.to_owned(), cost: self.prices.of(wanted), motion: None })
    }

    async fn film(&self, wanted: &Wanted, tier: Tier) -> Result<Drawn, Refused> {
        policy::check(&wanted.prompt)?;
        let reel = reel(tier);
        let subject = subject(wanted, (reel.width, reel.height));
        let frames = (0..reel.frames).map(|frame| art::draw(&subject, frame as f32 / reel.frames as f32));
        let png = encode::moving((reel.width, reel.height), reel.per_second, frames).map_err(failed)?;
        Ok(Drawn { png, model: ANIMATOR.to_owned(), cost: reel.price(), motion: Some(reel.motion()) })
    }
}

fn subject(wanted: &Wanted, (width, height): (u32, u32)) -> Subject {
    let tone = match wanted.style {
        Style::Vivid => Tone::Vivid,
        Style::Pastel => Tone::Pastel,
        Style::Night => Tone::Night,
        Style::Mono => Tone::Mono,
    };
    Subject {
        prompt: wanted.prompt.clone(),
        without: wanted.without.clone().unwrap_or_default(),
        seed: wanted.seed,
        character: wanted.character.id.to_string(),
        looks: wanted.character.looks.as_str().to_owned(),
        tone,
        width,
        height,
    }
}

fn failed(error: EncodingError) -> Refused {
    Refused::Unavailable(error.to_string())
}

#[cfg(test)]
mod tests {
    use chimera_domain::Digest;

    use super::*;

    /// [I-3] The pixels themselves, so that every processor must agree with the one that drew them first. A digest changes
    /// only with what is drawn, and then every picture ever promised to be the same is another.
    #[test]
    fn the_pixels_are_the_same_on_every_machine() {
        let drawn = |prompt: &str, phase: f32| {
            let subject = Subject {
                prompt: prompt.to_owned(),
                without: String::new(),
                seed: 7,
                character: "nova".to_owned(),
                looks: "a calm woman with glasses".to_owned(),
                tone: Tone::Vivid,
                width: 256,
                height: 256,
            };
            Digest::of_bytes(art::draw(&subject, phase).bytes()).to_string()
        };
        for (prompt, phase, digest) in [
            (
                "a walk in the mountains",
                0.0,
                "1336d9f0350e0c88b446e58f4ea12ddae70a019add08cb2da66bd60f060996ec",
            ),
            ("city street at night", 0.0, "cba50602c2bed6f8c3733603b05ed03d8e3ef20a12735f99b6f93126f2149afd"),
            ("sailing on the sea", 0.25, "42cd51f68c349c223ea660f1e82c05403d68b075f5702773f59665a8c162baf6"),
            ("the future of robots", 0.0, "ca53f845e170972da7953f8f54a3046f6b69aece5c06bd8b890c90d3bb077b32"),
            (
                "a flower garden in spring",
                0.0,
                "a69fba8860943913e6a3b905e6194c1803df2f591774f29902d5d6169ce8edaf",
            ),
            ("fashion week", 0.625, "5340016e32044d97518d02641b959a928cb82bf97732cc0e770d211c84fa3e86"),
        ] {
            assert_eq!(drawn(prompt, phase), format!("sha256:{digest}"), "{prompt}");
        }
    }
}
