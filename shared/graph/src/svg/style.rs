//! The picture's style sheet. Every rule begins with the picture's own class, since a page that holds the picture shares it.

use crate::state::State;

/// Text and soft text on light and on dark ground, the ground itself, and lines.
struct Ground {
    ink: &'static str,
    soft: &'static str,
    paper: &'static str,
    line: &'static str,
}

const LIGHT: Ground = Ground { ink: "#1f2328", soft: "#4f5761", paper: "#ffffff", line: "#6e7781" };
const DARK: Ground = Ground { ink: "#e6edf3", soft: "#b1bac4", paper: "#0d1117", line: "#8b949e" };

/// Dashes that run upon each other may fill up: what only waits is thinner as well.
const SHAPES: &str = "\
.cg{max-width:100%;height:auto}\
.cg text{font-family:ui-sans-serif,system-ui,sans-serif;font-size:12px}\
.cg .cg-title{font-size:16px;font-weight:600}\
.cg .cg-name,.cg .cg-state{font-weight:600}\
.cg .cg-task rect{stroke-width:1.5}\
.cg .cg-line{fill:none;stroke-width:2;shape-rendering:crispEdges}\
.cg .cg-wait{stroke-width:1;stroke-dasharray:5 4}\
.cg .cg-line:hover{stroke-width:4}";

/// The whole sheet.
pub(super) fn css() -> String {
    let dashed = State::ALL.into_iter().filter(|state| state.is_idle());
    let dashed: String =
        dashed.map(|state| format!(".cg .cg-{} rect{{stroke-dasharray:4 3}}", state.name())).collect();
    let light = colours(&LIGHT, |state| state.paint().light);
    let dark = colours(&DARK, |state| state.paint().dark);
    format!("{SHAPES}{dashed}{light}@media (prefers-color-scheme:dark){{{dark}}}")
}

fn colours(ground: &Ground, paint: impl Fn(State) -> (&'static str, &'static str)) -> String {
    let Ground { ink, soft, paper, line } = ground;
    let states: String = State::ALL
        .into_iter()
        .map(|state| {
            let (fill, outline) = paint(state);
            format!(".cg .cg-{} rect{{fill:{fill};stroke:{outline}}}", state.name())
        })
        .collect();
    format!(
        ".cg text{{fill:{ink}}}.cg .cg-soft{{fill:{soft}}}.cg .cg-paper{{fill:{paper}}}\
         .cg .cg-line{{stroke:{line}}}.cg .cg-head{{fill:{line}}}{states}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How bright a colour such as #1f2328 is, as WCAG defines it.
    fn luminance(colour: &str) -> f64 {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(one: &str, other: &str) -> f64 {
        let (a, b) = (luminance(one), luminance(other));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// [PL-22] 4.5 is what WCAG 2.2 asks for text (AA), 3 for outlines.
    #[test]
    fn everything_can_be_read_on_a_light_and_on_a_dark_screen() {
        for state in State::ALL {
            let paint = state.paint();
            for (ground, (fill, outline)) in [(LIGHT, paint.light), (DARK, paint.dark)] {
                for text in [ground.ink, ground.soft] {
                    assert!(contrast(text, fill) >= 4.5, "{text} on {fill}, {}", state.name());
                    assert!(contrast(text, ground.paper) >= 4.5, "{text} on {}", ground.paper);
                }
                assert!(contrast(outline, ground.paper) >= 3.0, "{outline} on {}", ground.paper);
                assert!(contrast(ground.line, ground.paper) >= 3.0, "{} on {}", ground.line, ground.paper);
            }
        }
    }

    #[test]
    fn no_rule_reaches_beyond_the_picture() {
        let css = css().replace("@media (prefers-color-scheme:dark){", "");
        let rules = css.split('}').filter_map(|rule| rule.split_once('{'));
        let selectors: Vec<&str> = rules.flat_map(|(selectors, _)| selectors.split(',')).collect();
        assert!(selectors.len() > 2 * State::ALL.len(), "{selectors:?}");
        for selector in selectors {
            assert!(selector.starts_with(".cg"), "{selector}");
        }
    }
}
