//! A character's hair, behind its head and before it.

use super::dice::Dice;
use super::emblem::Signature;
use super::figure::Head;
use super::shapes::{Point, circle, ellipse, rounded, smooth, stroke};
use super::stage::Stage;
use super::words::mentions;

/// How it is worn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hair {
    /// To the chin.
    Bob,
    /// Tied up.
    Bun,
    /// Round and full.
    Curls,
    /// Over the shoulders.
    Long,
    /// Short, and up at the front.
    Quiff,
    /// Under a scarf.
    Scarf,
}

const STYLES: [Hair; 6] = [Hair::Bob, Hair::Bun, Hair::Curls, Hair::Long, Hair::Quiff, Hair::Scarf];

/// As the words say; any, where they do not.
pub(super) fn of(looks: &str, dice: &mut Dice) -> Hair {
    let any = STYLES[dice.below(STYLES.len())];
    match looks {
        _ if mentions(looks, &["scarf", "headscarf", "hijab", "hood"]) => Hair::Scarf,
        _ if mentions(looks, &["bun"]) => Hair::Bun,
        _ if mentions(looks, &["curl", "afro", "curly"]) => Hair::Curls,
        _ if mentions(looks, &["long"]) => Hair::Long,
        _ if mentions(looks, &["short", "quiff"]) => Hair::Quiff,
        _ if mentions(looks, &["bob"]) => Hair::Bob,
        _ => any,
    }
}

/// What of it is behind the head and the shoulders.
pub(super) fn draw_back(stage: &mut Stage, signature: &Signature, head: &Head, hair: Hair) {
    let (size, colour) = (head.size, signature.hair.darker(0.25));
    match hair {
        Hair::Bob => {
            let right = [(0.5, -1.65), (1.25, -1.1), (1.38, 0.3), (1.2, 1.15), (0.4, 1.2)];
            stage.area(&rounded(&head.mirrored(&right)), colour);
        }
        Hair::Bun => {
            stage.area(&circle(head.at(0.0, -1.62), size * 0.52), colour);
            stage.area(&ellipse(head.at(0.0, -0.3), size * 1.12, size * 1.2), colour);
        }
        Hair::Curls => {
            for step in 0..11 {
                let place = head.at(0.0, -0.42).towards(0.4 + step as f32 * 0.07, size * 0.98);
                stage.area(&circle(place, size * 0.56), colour);
            }
        }
        Hair::Long => {
            let sway = 0.06 * stage.sway(0.3);
            let right = [(0.5, -1.68), (1.3, -1.1), (1.35, 0.6), (1.62 + sway, 2.6), (0.7, 3.0)];
            stage.area(&rounded(&head.mirrored(&right)), colour);
        }
        Hair::Quiff => stage.area(&ellipse(head.at(0.0, -0.45), size * 1.06, size * 1.05), colour),
        Hair::Scarf => {
            let right = [(0.6, -1.75), (1.38, -1.0), (1.3, 0.6), (1.35, 1.6), (0.9, 2.2)];
            stage.area(&rounded(&head.mirrored(&right)), signature.mark.darker(0.35));
        }
    }
}

/// What of it is before the face.
pub(super) fn draw_front(stage: &mut Stage, signature: &Signature, head: &Head, hair: Hair) {
    let colour = signature.hair;
    let crown: [(f32, f32); 7] = [
        (-1.06, -0.05),
        (-1.14, -0.95),
        (-0.62, -1.62),
        (0.0, -1.68),
        (0.62, -1.62),
        (1.14, -0.95),
        (1.06, -0.05),
    ];
    let fringe: &[(f32, f32)] = match hair {
        Hair::Bob => &[(0.92, -0.52), (0.0, -0.58), (-0.92, -0.52)],
        Hair::Bun | Hair::Curls => &[(0.9, -0.85), (0.45, -1.05), (-0.45, -1.05), (-0.9, -0.85)],
        Hair::Long => &[(0.92, -0.5), (0.5, -0.95), (0.1, -1.2), (-0.45, -0.9), (-0.92, -0.4)],
        Hair::Quiff => &[(0.9, -0.75), (0.2, -0.9), (-0.5, -0.78), (-0.95, -0.55)],
        Hair::Scarf => return draw_scarf(stage, signature, head),
    };
    let outline: Vec<Point> =
        crown.iter().chain(fringe).map(|(across, down)| head.at(*across, *down)).collect();
    stage.area(&rounded(&outline), colour);
    match hair {
        Hair::Curls => {
            for step in 0..8 {
                let place = head.at(0.0, -0.5).towards(0.53 + step as f32 * 0.063, head.size * 0.9);
                stage.area(&circle(place, head.size * 0.33), colour);
            }
        }
        Hair::Quiff => {
            let wave = [(-1.0, -0.9), (-0.9, -1.75), (0.2, -2.1), (1.05, -1.75), (0.5, -1.45), (0.0, -1.1)];
            let wave: Vec<Point> = wave.iter().map(|(across, down)| head.at(*across, *down)).collect();
            stage.area(&rounded(&wave), colour);
        }
        _ => {}
    }
    draw_shine(stage, signature, head);
}

fn draw_shine(stage: &mut Stage, signature: &Signature, head: &Head) {
    let side = if stage.light.x > head.centre.x { 1.0 } else { -1.0 };
    let line =
        smooth(&[head.at(side * 0.2, -1.48), head.at(side * 0.65, -1.38), head.at(side * 0.92, -0.98)]);
    let size = head.size;
    stage.veil(&stroke(&line, |along| size * 0.2 * along * (1.0 - along)), signature.hair.lighter(0.6), 0.5);
}

fn draw_scarf(stage: &mut Stage, signature: &Signature, head: &Head) {
    let colour = signature.mark.darker(0.12);
    let outer = rounded(&head.mirrored(&[(0.3, -1.76), (1.05, -1.45), (1.32, -0.5), (1.1, 1.0), (0.3, 1.9)]));
    let inner =
        rounded(&head.mirrored(&[(0.35, -1.2), (0.85, -0.85), (0.92, 0.2), (0.66, 0.9), (0.2, 1.28)]));
    // Around the other way, the inner outline is a hole; the two meet in one line, there and back.
    let (there, back) = (outer.first(), inner.last());
    let outline: Vec<Point> =
        outer.iter().chain(there).chain(inner.iter().rev()).chain(back).copied().collect();
    stage.area(&outline, colour);
    let fold = smooth(&[head.at(-1.0, 0.85), head.at(0.0, 1.6), head.at(1.0, 0.85)]);
    let size = head.size;
    stage.veil(&stroke(&fold, |along| size * 0.3 * along * (1.0 - along)), signature.mark.darker(0.5), 0.5);
}
