//! The words around a fact. Within a campaign no two posts get the same ones: every choice is a different cell of the
//! square of leads and closers, and every opener another one, in an order that persona and seed shuffle.

use chimera_domain::limits;

use super::manner::{Emoji, Manner};
use super::voice::{CLOSERS, HEADS, OPENERS, QUESTIONS, Register, Voice};
use super::{key_of, next, shuffled};

/// Emoji for those who want them and whose register has none.
const PLAIN_EMOJI: [&str; 4] = ["📌", "📎", "📝", "📄"];

/// Rounds of drafts that get words of their own: the first and two more, as many as a task has tries.
const ROUNDS: usize = 3;

/// Tasks that get words of their own: as many as a plan can have.
const PLACES: usize = limits::TASKS_PER_PLAN;

/// The words around a fact.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) opener: String,
    /// Between subject and quotation.
    pub(super) lead: String,
    /// What stands instead of lead and closer where the quotation has a figure; only some frames have it.
    pub(super) figure: Option<FigureFrame>,
    /// Between quotation and subject, where the quotation comes first.
    pub(super) credit: Option<&'static str>,
    pub(super) closer: String,
    pub(super) nameless: &'static str,
    pub(super) emoji: Option<&'static str>,
    pub(super) stop: char,
}

/// The words around a fact with a figure, which stands for `#`.
#[derive(Debug)]
pub(super) struct FigureFrame {
    pub(super) lead: String,
    pub(super) closer: String,
}

impl Frame {
    /// The frame of the `ordinal`-th task in its `round`-th draft, from 1.
    pub(super) fn of(manner: &Manner, seed: u64, ordinal: usize, round: usize) -> Self {
        let voice = manner.register.voice();
        let key = key_of(&[&manner.key.to_string(), &seed.to_string()]);
        let place = ordinal % PLACES;
        // Beyond the last round the words of the second and third alternate.
        let redraft = round.checked_sub(2).map(|later| later % (ROUNDS - 1));
        let cell = place + PLACES * redraft.map_or(0, |later| later + 1);
        let quotes_first = cell % 3 == 2;
        // Each way of building a post counts its own cells, so that its square is filled without a gap.
        let (middle, last) = if quotes_first {
            square(cell / 3, voice.credits.len())
        } else {
            square(cell / 3 * 2 + cell % 3, voice.leads.len())
        };
        let order = shuffled(CLOSERS, key);
        let closers = closers(manner, voice);
        let spoken = |text: &str| punctuated(manner, text);
        Self {
            opener: spoken(&opener(voice, key, place, redraft)),
            lead: spoken(voice.leads[shuffled(voice.leads.len(), key)[middle]]),
            figure: figure_cell(cell).map(|at| {
                let (middle, last) = square(at, voice.figure_leads.len());
                FigureFrame { lead: spoken(voice.figure_leads[middle]), closer: spoken(closers[order[last]]) }
            }),
            credit: quotes_first.then(|| voice.credits[shuffled(voice.credits.len(), key)[middle]]),
            closer: spoken(closers[order[last]]),
            nameless: voice.nameless[(cell + cell / voice.leads.len()) % voice.nameless.len()],
            emoji: emoji(manner, voice, cell),
            stop: if manner.exclaims { voice.stop } else { '.' },
        }
    }
}

/// A cell of a square of `side` by the closers, so that neighbours share neither coordinate and no cell comes twice.
fn square(cell: usize, side: usize) -> (usize, usize) {
    (cell % side, (cell / side + cell % side) % CLOSERS)
}

/// Which of the frames for figures the cell has, of the sixth that has one. None of them quotes first.
fn figure_cell(cell: usize) -> Option<usize> {
    match cell % 12 {
        1 => Some(cell / 12 * 2),
        9 => Some(cell / 12 * 2 + 1),
        _ => None,
    }
}

/// The first tasks of a campaign get the openers that are ready, the others some that are made of two words. A later draft
/// gets a cell of the square of heads and tails, so walked through that a tail meets each lead once.
fn opener(voice: &Voice, key: u64, place: usize, redraft: Option<usize>) -> String {
    let Some(redraft) = redraft else {
        let Some(made) = place.checked_sub(OPENERS) else {
            return voice.openers[shuffled(OPENERS, key)[place]].to_owned();
        };
        let at = shuffled(HEADS, key)[made];
        let head = voice.heads.split_whitespace().nth(at).unwrap_or_default();
        return format!("{head} {}:", voice.nouns[(at + place) % voice.nouns.len()]);
    };
    let cell = place + PLACES * redraft;
    let (heads, tails) = (voice.again_heads.len(), voice.again_tails.len());
    let head = shuffled(heads, key)[cell % heads];
    let tail = shuffled(tails, next(key))[(7 * (cell / heads) + 14 * (cell % heads)) % tails];
    format!("{} {}", voice.again_heads[head], voice.again_tails[tail])
}

fn closers(manner: &Manner, voice: &'static Voice) -> &'static [&'static str; CLOSERS] {
    match manner.asks {
        Some(true) => &QUESTIONS,
        Some(false) if manner.register == Register::Curious => &Register::Dry.voice().closers,
        _ => &voice.closers,
    }
}

/// As the persona's directives want it.
fn punctuated(manner: &Manner, text: &str) -> String {
    let mut text = text.to_owned();
    if !manner.exclaims {
        text = text.replace('!', ".");
    }
    if manner.asks == Some(false) {
        text = text.replace('?', ":");
    }
    text
}

fn emoji(manner: &Manner, voice: &'static Voice, cell: usize) -> Option<&'static str> {
    let wanted = match manner.emoji {
        Emoji::Never => false,
        Emoji::Always => true,
        Emoji::AsUsual => match voice.register {
            Register::Dry => false,
            Register::Warm => cell.is_multiple_of(2),
            Register::Curious => cell.is_multiple_of(3),
            Register::Playful => true,
        },
    };
    let choice: &[&str] = if voice.emoji.is_empty() { &PLAIN_EMOJI } else { voice.emoji };
    if wanted { choice.get(cell % choice.len()).copied() } else { None }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::json;

    use super::*;
    use crate::text;

    fn manners() -> [Manner; 4] {
        ["dry", "warm", "curious", "playful"].map(|voice| {
            let persona = json!({"name": "Ada", "voice_traits": [voice]});
            Manner::of(&serde_json::from_value(persona).unwrap())
        })
    }

    /// Every frame of a campaign as large as can be, with its place.
    fn frames(manner: &Manner, seed: u64) -> impl Iterator<Item = (usize, Frame)> {
        let places = (1..=ROUNDS).flat_map(|round| (0..PLACES).map(move |place| (place, round)));
        places.map(move |(place, round)| (place, Frame::of(manner, seed, place, round)))
    }

    #[test]
    fn no_two_posts_of_a_campaign_share_an_opener_or_a_pair_of_phrases() {
        for manner in manners() {
            let (mut openers, mut pairs) = (BTreeSet::new(), BTreeSet::new());
            for (_, frame) in frames(&manner, 5) {
                let first: Vec<String> = text::words(&frame.opener).into_iter().take(3).collect();
                assert!(openers.insert(first), "{} again", frame.opener);
                let middle = frame.credit.map_or(frame.lead, str::to_owned);
                assert!(pairs.insert((middle, frame.closer)));
                if let Some(figure) = frame.figure {
                    assert!(pairs.insert((figure.lead, figure.closer)));
                }
            }
        }
    }

    #[test]
    fn the_first_drafts_of_a_campaign_begin_with_different_words() {
        for manner in manners() {
            let first = |place| text::words(&Frame::of(&manner, 5, place, 1).opener)[0].clone();
            assert_eq!((0..PLACES).map(first).collect::<BTreeSet<_>>().len(), PLACES);
        }
    }

    /// The hardest case: every subject is quoted, and every figure the same.
    #[test]
    fn no_frame_shares_five_words_with_another_whatever_stands_between_them() {
        for manner in manners() {
            for seed in [0, 5, 99] {
                let mut seen: BTreeMap<Vec<String>, usize> = BTreeMap::new();
                for (place, frame) in frames(&manner, seed) {
                    let middle = frame.credit.unwrap_or(&frame.lead);
                    let mut told = vec![format!("{} {middle} {}", frame.opener, frame.closer)];
                    told.extend(frame.figure.as_ref().map(|figure| {
                        format!("{} {} {}", frame.opener, figure.lead.replace('#', "80"), figure.closer)
                    }));
                    for run in told.iter().flat_map(|told| runs(told)) {
                        let other = *seen.entry(run.clone()).or_insert(place);
                        // Of one task's drafts only one is published.
                        assert_eq!(other, place, "{}", run.join(" "));
                    }
                }
            }
        }
    }

    fn runs(told: &str) -> Vec<Vec<String>> {
        text::words(told).windows(5).map(<[String]>::to_vec).collect()
    }
}
