//! What is the same in all pictures of a character: its colours and its emblem.

use super::colour::Colour;
use super::dice::Dice;
use super::shapes::{Point, circle, star};
use super::stage::Stage;

/// A character's own colours and emblem.
#[derive(Debug, Clone)]
pub(super) struct Signature {
    pub(super) skin: Colour,
    pub(super) hair: Colour,
    pub(super) cloth: Colour,
    pub(super) mark: Colour,
    tips: usize,
    waist: f32,
    turn: f32,
}

/// Skins, as hue, saturation and lightness: from dark to light.
const SKINS: [(f32, f32, f32); 7] = [
    (0.05, 0.42, 0.27),
    (0.06, 0.45, 0.36),
    (0.065, 0.45, 0.46),
    (0.07, 0.5, 0.57),
    (0.07, 0.55, 0.68),
    (0.065, 0.6, 0.76),
    (0.06, 0.65, 0.82),
];

impl Signature {
    /// The signature of a character's id.
    pub(super) fn of(character: &str) -> Self {
        let mut dice = Dice::of(&["character", character]);
        let (hue, saturation, lightness) = SKINS[dice.below(SKINS.len())];
        let skin = Colour::of(hue, saturation, lightness);
        let cloth_hue = dice.unit();
        let cloth = Colour::of(cloth_hue, dice.between(0.5, 0.85), dice.between(0.36, 0.55));
        let mark = Colour::of(cloth_hue + dice.between(0.38, 0.62), 0.85, 0.68);
        let hair = if dice.happens(0.5) {
            Colour::of(dice.between(0.02, 0.12), dice.between(0.2, 0.6), dice.between(0.08, 0.32))
        } else {
            Colour::of(dice.unit(), dice.between(0.45, 0.8), dice.between(0.35, 0.6))
        };
        let tips = 3 + dice.below(5);
        let waist = dice.between(0.32, 0.62);
        let turn = if dice.happens(0.5) { -0.25 } else { -0.25 + 0.5 / tips as f32 };
        Self { skin, hair, cloth, mark, tips, waist, turn }
    }

    /// Draws the emblem.
    pub(super) fn draw(&self, stage: &mut Stage, centre: Point, radius: f32) {
        stage.area(&circle(centre, radius), self.mark);
        stage.area(&circle(centre, radius * 0.86), self.cloth.darker(0.35));
        stage.area(&star(centre, self.tips, radius * 0.74, radius * 0.74 * self.waist, self.turn), self.mark);
        stage.area(&circle(centre, radius * 0.16), self.cloth.lighter(0.7));
    }
}

/// Puts the emblem into the lower corner away from the figure, as a painter signs.
pub(super) fn draw_badge(stage: &mut Stage, signature: &Signature, figure_is_left: bool) {
    let radius = stage.unit * 5.0;
    let across = if figure_is_left { stage.width - radius * 1.7 } else { radius * 1.7 };
    let centre = super::shapes::at(across, stage.height - radius * 1.7);
    let pulse = 1.0 + 0.05 * stage.sway(0.25);
    stage.veil(&circle(centre, radius * 1.2 * pulse), signature.cloth.darker(0.75), 0.45);
    signature.draw(stage, centre, radius);
}
