//! Honesty: who is asked directly says what it is, nobody claims to be human, and what is paid for says so. It overrides
//! the persona (NFR2.1), and a human's edit is held to it like any other text.

mod asks;
mod says;
mod spoken;

use chimera_domain::{Intent, Mention, RuleEvidence};

pub use asks::asks_about_nature;
pub use says::{claims_human, discloses, discloses_sponsor};

/// Words of a disclosure: no claim that a source would have to support.
pub(crate) const DISCLOSING: &str = "AI bot robot automated virtual artificial intelligence machine program person human generated \
     written posted account software sponsored sponsor partnership paid partner advertisement advert";

/// What a text owes its readers.
#[derive(Debug, Clone, Copy)]
pub struct Duty<'a> {
    /// What it answers, if it is a reply.
    pub mention: Option<&'a Mention>,
    /// Whether the policy wants the text itself to say that an AI made it.
    pub must_say_ai: bool,
    /// Whether somebody pays for it.
    pub is_paid: bool,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HonestyCheck {
    /// Every rule that applies, as `honesty:<rule>`.
    pub rules: Vec<RuleEvidence>,
    /// The broken ones, as feedback.
    pub broken: Vec<String>,
}

/// [H-1] [H-2] [H-3] Checks what the intent would say. No directive of a persona and no reviewer sets a rule aside.
#[must_use]
pub fn check(intent: &Intent, duty: &Duty<'_>) -> HonestyCheck {
    let mut check = HonestyCheck::default();
    let text = intent.text().unwrap_or_default();
    let denies = intent.published_texts().into_iter().any(claims_human);
    check.rule("claims_human", !denies, "must not claim to be human, nor deny being an AI");
    if duty.mention.is_some_and(|mention| asks_about_nature(&mention.text)) {
        let asks = "it was asked what it is: the reply must say plainly that it is an AI";
        check.rule("disclose", discloses(text), asks);
    }
    if duty.must_say_ai {
        check.rule(
            "label_and_text",
            discloses(text),
            "the policy wants the text to say plainly that an AI made it",
        );
    }
    if duty.is_paid {
        check.rule("sponsor", discloses_sponsor(text), "must say that it is paid for, such as #ad");
    }
    check
}

impl HonestyCheck {
    fn rule(&mut self, name: &str, met: bool, asks: &str) {
        let rule = format!("honesty:{name}");
        if !met {
            self.broken.push(format!("{rule}: {asks}"));
        }
        let seen = if met { "kept" } else { asks };
        self.rules.push(RuleEvidence { rule, met, seen: seen.to_owned() });
    }
}
