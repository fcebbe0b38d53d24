//! The colours of a picture: from its words, its style and a little chance.

use super::Subject;
use super::colour::Colour;
use super::dice::Dice;
use super::words::{self, Hour};

/// The range of a picture's colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Strong colours.
    Vivid,
    /// Light, soft colours.
    Pastel,
    /// As at night.
    Night,
    /// One hue only.
    Mono,
}

/// The colours of a scene.
#[derive(Debug, Clone, Copy)]
pub(super) struct Palette {
    /// The upper sky.
    pub(super) top: Colour,
    /// The sky at the horizon.
    pub(super) low: Colour,
    /// Sun or moon.
    pub(super) sun: Colour,
    /// What is far.
    pub(super) far: Colour,
    /// What is near.
    pub(super) near: Colour,
    /// What stands out.
    pub(super) accent: Colour,
    /// What stands out beside it.
    pub(super) second: Colour,
    /// Whether it is night.
    pub(super) is_dark: bool,
}

/// Hue, saturation and lightness.
type Shade = (f32, f32, f32);

impl Palette {
    /// The palette of a subject.
    pub(super) fn of(subject: &Subject, dice: &mut Dice) -> Self {
        let hue = words::hue(subject) + dice.between(-0.03, 0.03);
        let hour = match subject.tone {
            Tone::Night => Hour::Night,
            _ => words::hour(subject, dice),
        };
        // A green or yellow sky is no sky.
        let sky = if (0.1..0.46).contains(&hue) { 0.5 + (hue - 0.1) * 0.25 } else { hue };
        let contrast = hue + if dice.happens(0.5) { 0.46 } else { 0.58 };
        let shade = |shade: Shade| toned(shade, subject.tone, hue);
        let (top, low, sun): (Shade, Shade, Shade) = match hour {
            Hour::Dawn => ((sky, 0.45, 0.64), (0.08, 0.85, 0.82), (0.12, 0.95, 0.76)),
            Hour::Day => ((sky, 0.56, 0.6), (sky - 0.05, 0.55, 0.88), (0.14, 1.0, 0.86)),
            Hour::Dusk => ((sky + 0.1, 0.5, 0.3), (0.05, 0.85, 0.66), (0.06, 0.95, 0.66)),
            Hour::Night => ((sky + 0.04, 0.55, 0.1), (sky - 0.03, 0.5, 0.3), (0.14, 0.55, 0.88)),
        };
        let (far, near) = match hour {
            Hour::Night => ((hue, 0.4, 0.3), (hue + 0.03, 0.5, 0.07)),
            Hour::Dusk => ((hue + 0.06, 0.38, 0.46), (hue + 0.08, 0.5, 0.11)),
            Hour::Day | Hour::Dawn => ((hue, 0.42, 0.62), (hue + 0.04, 0.52, 0.2)),
        };
        Self {
            top: shade(top),
            low: shade(low),
            sun: shade(sun),
            far: shade(far),
            near: shade(near),
            accent: shade((contrast, 0.82, 0.6)),
            second: shade((contrast + 0.09, 0.75, 0.66)),
            is_dark: hour == Hour::Night,
        }
    }

    /// Land between far (0) and near (1).
    pub(super) fn depth(&self, share: f32) -> Colour {
        self.far.to(self.near, share)
    }

    /// Between the two that stand out.
    pub(super) fn bright(&self, share: f32) -> Colour {
        self.accent.to(self.second, share)
    }
}

fn toned((hue, saturation, lightness): Shade, tone: Tone, only: f32) -> Colour {
    match tone {
        Tone::Vivid | Tone::Night => Colour::of(hue, saturation, lightness),
        Tone::Pastel => Colour::of(hue, saturation * 0.62, 0.34 + lightness * 0.62),
        Tone::Mono => Colour::of(only, saturation * 0.3, lightness),
    }
}
