//! The words around a fact. Within a campaign no two posts get the same ones: every choice is a different cell of the
//! square of openers, leads and closers, in an order that persona and seed shuffle.

use super::manner::{Emoji, Manner};
use super::voice::{OPENERS, QUESTIONS, Register, Voice};
use super::{key_of, shuffled};

/// Emoji for those who want them and whose register has none.
const PLAIN_EMOJI: [&str; 4] = ["📌", "📎", "📝", "📄"];

/// Rounds of drafts that get words of their own: the first and two more, as many as a task has tries.
const ROUNDS: usize = 3;

/// The words around a fact.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) opener: String,
    /// Between subject and quotation.
    pub(super) lead: String,
    /// The same for a quotation with a figure, which stands for `#`; only some frames have it.
    pub(super) figure_lead: Option<String>,
    /// Between quotation and subject, where the quotation comes first.
    pub(super) credit: Option<&'static str>,
    pub(super) closer: String,
    pub(super) nameless: &'static str,
    pub(super) emoji: Option<&'static str>,
    pub(super) stop: char,
}

impl Frame {
    /// The frame of the `ordinal`-th task in its `round`-th draft, from 1.
    pub(super) fn of(manner: &Manner, seed: u64, ordinal: usize, round: usize) -> Self {
        let voice = manner.register.voice();
        let key = key_of(&[&manner.key.to_string(), &seed.to_string()]);
        let place = ordinal % OPENERS;
        // Beyond the last round the words of the second and third alternate.
        let redraft = round.checked_sub(2).map(|later| later % (ROUNDS - 1));
        let cell = place + OPENERS * redraft.map_or(0, |later| later + 1);
        let quotes_first = cell % 3 == 2;
        let (lead, closer) = if quotes_first { square(cell / 3, 8) } else { square(cell, 16) };
        let mixed16 = shuffled(16, key);
        let closer = closers(manner, voice)[mixed16[closer]];
        let spoken = |text: &str| punctuated(manner, text);
        Self {
            opener: spoken(&opener(voice, key, place, redraft)),
            lead: spoken(voice.leads[mixed16[lead]]),
            figure_lead: (cell % 4 == 1).then(|| spoken(voice.figure_leads[cell / 4 % 4])),
            credit: quotes_first.then(|| voice.credits[shuffled(8, key)[lead % 8]]),
            closer: spoken(closer),
            nameless: voice.nameless[cell % 8],
            emoji: emoji(manner, voice, cell),
            stop: if manner.exclaims { voice.stop } else { '.' },
        }
    }
}

/// A cell of a square of `side` by 16, so that neighbours share neither coordinate and no cell comes twice.
fn square(cell: usize, side: usize) -> (usize, usize) {
    (cell % side, (cell / side + cell) % 16)
}

fn opener(voice: &Voice, key: u64, place: usize, redraft: Option<usize>) -> String {
    let Some(redraft) = redraft else {
        return voice.openers[shuffled(OPENERS, key)[place]].to_owned();
    };
    let pairs = voice.again_heads.len() * voice.again_tails.len();
    let pair = shuffled(pairs, key)[(place + OPENERS * redraft) % pairs];
    let head = pair % voice.again_heads.len();
    format!("{} {}", voice.again_heads[head], voice.again_tails[pair / voice.again_heads.len()])
}

fn closers(manner: &Manner, voice: &'static Voice) -> &'static [&'static str; 16] {
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
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn no_two_posts_of_a_campaign_share_an_opener_or_a_pair_of_phrases() {
        for voice in ["dry", "warm", "curious", "playful"] {
            let persona = serde_json::from_value(json!({"name": "Ada", "voice_traits": [voice]})).unwrap();
            let manner = Manner::of(&persona);
            let (mut openers, mut pairs) = (BTreeSet::new(), BTreeSet::new());
            for round in 1..=3 {
                for ordinal in 10..60 {
                    let frame = Frame::of(&manner, 5, ordinal, round);
                    assert!(openers.insert(frame.opener.clone()), "{} again", frame.opener);
                    let middle = frame.credit.map_or(frame.lead, str::to_owned);
                    assert!(pairs.insert((middle, frame.closer)));
                }
            }
        }
    }
}
