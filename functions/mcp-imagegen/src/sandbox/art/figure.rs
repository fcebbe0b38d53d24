//! The character, from the chest up.

use super::Subject;
use super::colour::Colour;
use super::dice::Dice;
use super::emblem::Signature;
use super::hair::{self, Hair};
use super::shapes::{Point, at, block, circle, ellipse, rounded, smooth, stroke};
use super::stage::Stage;
use super::words::mentions;

/// A head and what belongs to it, measured by half the head's width.
pub(super) struct Head {
    pub(super) centre: Point,
    pub(super) size: f32,
    /// How far the face is turned aside.
    turned: f32,
}

impl Head {
    /// A place on the head.
    pub(super) fn at(&self, across: f32, down: f32) -> Point {
        self.centre.by(across * self.size, down * self.size)
    }

    /// A place on the face, which turns.
    fn face(&self, across: f32, down: f32) -> Point {
        self.at(across + self.turned, down)
    }

    /// The same outline on both sides of the middle, given from top to bottom on the right.
    pub(super) fn mirrored(&self, right: &[(f32, f32)]) -> Vec<Point> {
        let left = right.iter().rev().map(|(across, down)| self.at(-across, *down));
        right.iter().map(|(across, down)| self.at(*across, *down)).chain(left).collect()
    }
}

/// What a character wears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wears {
    Glasses,
    Headphones,
    Earrings,
    Nothing,
}

/// Draws it; gives whether it stands in the left half.
pub(super) fn draw(stage: &mut Stage, signature: &Signature, subject: &Subject) -> bool {
    let mut looks = Dice::of(&["looks", &subject.character, &subject.looks]);
    let wears = wears(&subject.looks, &mut looks);
    let hair = hair::of(&subject.looks, &mut looks);
    let is_left = stage.dice.happens(0.5);
    let wide = stage.width > stage.height * 1.2;
    let across = match (wide, is_left) {
        (true, true) => stage.dice.between(0.24, 0.32),
        (true, false) => stage.dice.between(0.68, 0.76),
        (false, _) => stage.dice.between(0.44, 0.56),
    };
    let size = stage.unit * stage.dice.between(12.5, 14.5);
    let breath = stage.unit * 0.25 * stage.sway(0.1);
    let centre = at(stage.width * across, stage.height - size * stage.dice.between(3.1, 3.5) + breath);
    let turned = if is_left { 0.1 } else { -0.1 };
    let head = Head { centre, size, turned };
    hair::draw_back(stage, signature, &head, hair);
    draw_body(stage, signature, &head);
    draw_head(stage, signature, &head, hair);
    draw_face(stage, signature, &head);
    hair::draw_front(stage, signature, &head, hair);
    // A scarf covers the ears.
    if !(wears == Wears::Earrings && hair == Hair::Scarf) {
        draw_worn(stage, signature, &head, wears);
    }
    is_left
}

fn wears(looks: &str, dice: &mut Dice) -> Wears {
    let any = [Wears::Glasses, Wears::Headphones, Wears::Earrings, Wears::Nothing][dice.below(4)];
    match looks {
        _ if mentions(looks, &["glasses", "spectacles"]) => Wears::Glasses,
        _ if mentions(looks, &["headphone", "headset"]) => Wears::Headphones,
        _ if mentions(looks, &["earring"]) => Wears::Earrings,
        _ => any,
    }
}

fn draw_body(stage: &mut Stage, signature: &Signature, head: &Head) {
    let right = [(0.4, 1.35), (0.72, 1.62), (1.75, 1.92), (2.2, 2.5), (2.45, 6.0)];
    let outline = rounded(&head.mirrored(&right));
    let cloth = signature.cloth;
    stage.area(&outline, cloth);
    let light_is_right = stage.light.x > head.centre.x;
    stage.veil(&shaded(&outline, head, 0.7, light_is_right), cloth.darker(0.6), 0.35);
    let collar = rounded(&head.mirrored(&[(0.5, 1.3), (0.78, 1.66), (0.0, 2.35)]));
    stage.area(&collar, signature.mark.to(cloth, 0.25));
    let neck = rounded(&head.mirrored(&[(0.36, 0.7), (0.4, 1.5), (0.0, 2.1)]));
    stage.area(&neck, signature.skin.darker(0.22));
    let emblem = head.at(if light_is_right { 1.05 } else { -1.05 }, 2.65);
    signature.draw(stage, emblem, head.size * 0.36);
}

fn draw_head(stage: &mut Stage, signature: &Signature, head: &Head, hair: Hair) {
    if hair != Hair::Scarf {
        for side in [-1.0, 1.0] {
            stage.area(
                &ellipse(head.at(side * 0.93, 0.08), head.size * 0.16, head.size * 0.26),
                signature.skin.darker(0.12),
            );
        }
    }
    let right = [(0.62, -1.3), (1.0, -0.75), (1.0, 0.35), (0.72, 0.95), (0.3, 1.3)];
    let outline = rounded(&head.mirrored(&right));
    stage.area(&outline, signature.skin);
    let light_is_right = stage.light.x > head.centre.x;
    stage.veil(&shaded(&outline, head, 0.62, light_is_right), signature.skin.darker(0.5), 0.28);
}

/// The part of an outline beyond a bow, on the side away from the light.
fn shaded(outline: &[Point], head: &Head, across: f32, light_is_right: bool) -> Vec<Point> {
    let side = if light_is_right { -1.0 } else { 1.0 };
    let shade = |point: &Point| {
        let down = ((point.y - head.centre.y) / head.size).clamp(-1.3, 1.3) / 1.3;
        let edge = head.centre.x + side * head.size * (across - 0.3 + 0.3 * down * down);
        at(if light_is_right { point.x.min(edge) } else { point.x.max(edge) }, point.y)
    };
    outline.iter().map(shade).collect()
}

fn draw_face(stage: &mut Stage, signature: &Signature, head: &Head) {
    let size = head.size;
    let blush = Colour::of(0.98, 0.6, 0.6).to(signature.skin, 0.4);
    let ink = signature.skin.darker(0.82);
    // Closed for a moment in each loop.
    let closed = (0.55..0.62).contains(&stage.phase);
    for side in [-1.0, 1.0] {
        stage.veil(&circle(head.face(side * 0.52, 0.42), size * 0.2), blush, 0.3);
        draw_eye(stage, signature, head, side, closed);
        let brow = smooth(&[
            head.face(side * 0.2, -0.36),
            head.face(side * 0.4, -0.45),
            head.face(side * 0.62, -0.34),
        ]);
        stage.area(&stroke(&brow, |along| size * 0.045 * (1.15 - along)), signature.hair.darker(0.35));
    }
    let nose = smooth(&[head.face(0.03, 0.02), head.face(0.13, 0.4), head.face(0.0, 0.44)]);
    stage.veil(&stroke(&nose, |_| size * 0.025), ink, 0.5);
    let mouth = [head.face(-0.27, 0.72), head.face(0.0, 0.86), head.face(0.27, 0.72), head.face(0.0, 0.74)];
    stage.area(&rounded(&mouth), Colour::of(0.98, 0.5, 0.42).to(signature.skin.darker(0.2), 0.25));
}

fn draw_eye(stage: &mut Stage, signature: &Signature, head: &Head, side: f32, closed: bool) {
    let size = head.size;
    let place = head.face(side * 0.4, -0.06);
    if !closed {
        stage.area(&ellipse(place, size * 0.18, size * 0.12), signature.skin.lighter(0.88));
        stage.area(&circle(place.by(size * 0.02, 0.0), size * 0.105), signature.mark.darker(0.35));
        stage.area(&circle(place.by(size * 0.02, 0.0), size * 0.055), signature.hair.darker(0.85));
        stage.area(&circle(place.by(size * 0.06, -size * 0.04), size * 0.028), signature.skin.lighter(0.95));
    }
    let drop = if closed { 0.06 } else { -0.13 };
    let lid = smooth(&[place.by(-size * 0.2, 0.0), place.by(0.0, size * drop), place.by(size * 0.2, 0.0)]);
    stage.area(&stroke(&lid, |_| size * 0.035), signature.skin.darker(0.85));
}

fn draw_worn(stage: &mut Stage, signature: &Signature, head: &Head, wears: Wears) {
    let size = head.size;
    match wears {
        Wears::Nothing => {}
        Wears::Earrings => {
            for side in [-1.0, 1.0] {
                signature.draw(stage, head.at(side * 0.98, 0.45), size * 0.13);
            }
        }
        Wears::Glasses => {
            let frame = signature.mark.darker(0.45);
            for side in [-1.0, 1.0] {
                let place = head.face(side * 0.4, -0.05);
                let rim: Vec<Point> =
                    (0..=48).map(|step| place.towards(step as f32 / 48.0, size * 0.31)).collect();
                stage.area(&stroke(&rim, |_| size * 0.035), frame);
                stage.veil(&circle(place, size * 0.3), signature.mark.lighter(0.6), 0.16);
            }
            stage.area(&block(head.face(-0.1, -0.1), head.face(0.1, -0.04)), frame);
        }
        Wears::Headphones => {
            let band: Vec<Point> = (0..=24)
                .map(|step| head.at(0.0, -0.1).towards(0.5 + step as f32 / 48.0, size * 1.3))
                .map(|point| at(point.x, head.centre.y + (point.y - head.centre.y) * 1.18))
                .collect();
            stage.area(&stroke(&band, |_| size * 0.09), signature.mark.darker(0.4));
            for side in [-1.0, 1.0] {
                stage.area(&ellipse(head.at(side * 1.2, 0.02), size * 0.24, size * 0.38), signature.mark);
                stage.area(
                    &ellipse(head.at(side * 1.26, 0.02), size * 0.13, size * 0.24),
                    signature.cloth.darker(0.3),
                );
            }
        }
    }
}
