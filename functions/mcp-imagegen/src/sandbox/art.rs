//! Draws pictures from words. No model, no clock, no luck: the same subject gives the same pixels on every machine, since
//! nothing is used but whole numbers and the operations that IEEE 754 rounds exactly (+, -, *, /, square root).

mod canvas;
mod colour;
mod dice;
mod emblem;
mod figure;
mod hair;
mod palette;
mod scenes;
mod shapes;
mod stage;
mod words;

pub(crate) use canvas::Canvas;
pub(crate) use palette::Tone;

use emblem::Signature;
use stage::Stage;

/// What a picture shows.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// What is asked for, in words.
    pub(crate) prompt: String,
    /// What must not be seen, in words.
    pub(crate) without: String,
    /// Another picture of the same words for each.
    pub(crate) seed: u32,
    /// Who is in it. The same colours and emblem in every picture of the same id.
    pub(crate) character: String,
    /// What the character looks like, in words, or the digest of a picture of it.
    pub(crate) looks: String,
    /// The range of its colours.
    pub(crate) tone: Tone,
    /// Pixels across.
    pub(crate) width: u32,
    /// Pixels down.
    pub(crate) height: u32,
}

/// Draws the moment `phase` of a loop, from 0 to 1; a picture that stands still is the moment 0.
pub(crate) fn draw(subject: &Subject, phase: f32) -> Canvas {
    let signature = Signature::of(&subject.character);
    let mut stage = Stage::of(subject, phase);
    scenes::draw(words::scene(subject), &mut stage);
    let side = figure::draw(&mut stage, &signature, subject);
    emblem::draw_badge(&mut stage, &signature, side);
    stage.canvas
}
