//! What must hold after every story, whatever went wrong in it: named lines, so that a test can say which one a missing
//! guard turns red.

mod money;
mod passage;

use std::collections::{BTreeMap, BTreeSet};

use chimera_domain::{Digest, Effect, EffectStatus, Table};
use chimera_testkit::Consumer;

use crate::SwarmWorld;

/// One line of the promises, as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its short stable name.
    pub name: &'static str,
    /// Where it is broken, in words; empty where it holds.
    pub broken: Vec<String>,
}

/// Looks for what breaks one line, in words.
type Check = fn(&SwarmWorld) -> Vec<String>;

impl SwarmWorld {
    /// Fails the test when a promise is broken.
    ///
    /// # Panics
    /// Then; with the story.
    pub fn assert_promises(&self) {
        let broken = self.broken_promises();
        assert!(broken.is_empty(), "broken:\n{}\n\n{}", broken.join("\n"), self.story());
    }

    /// Every promise that is broken, in words.
    #[must_use]
    pub fn broken_promises(&self) -> Vec<String> {
        let told = |line: Line| line.broken.into_iter().map(move |why| format!("{}: {why}", line.name));
        self.lines().into_iter().flat_map(told).collect()
    }

    /// Every line that holds at any time.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        let checks: [(&'static str, Check); 11] = [
            ("approved-bytes", Self::unapproved),
            ("once", Self::repeated),
            ("outcomes", Self::misreported),
            ("claims", Self::unallowed_claims),
            ("fresh", Self::stale_commits),
            ("one-decision", Self::replaced_decisions),
            ("reserved", Self::unreserved),
            ("accounts", Self::unaccounted),
            ("caps", Self::overspent),
            ("closed", Self::unclosed),
            ("explained", Self::unexplained),
        ];
        checks.into_iter().map(|(name, check)| Line { name, broken: check(self) }).collect()
    }

    /// The same, and what holds once the story is over: nothing is lost.
    #[must_use]
    pub fn lines_at_the_end(&self) -> Vec<Line> {
        let mut lines = self.lines();
        lines.push(Line { name: "nothing-lost", broken: self.unfinished() });
        lines
    }

    /// Promise 1: every post is exactly what an approved effect was granted, and came after its approval.
    fn unapproved(&self) -> Vec<String> {
        let effects: BTreeMap<_, Effect> =
            self.effects().into_iter().map(|effect| (effect.id.clone(), effect)).collect();
        let mut broken = Vec::new();
        for post in self.published() {
            let Some(effect) = effects.get(&post.effect) else {
                broken.push(format!("{} was published without an effect", post.post_id));
                continue;
            };
            if Digest::of_json(&effect.intent.arguments) != post.arguments {
                broken.push(format!("{} is not what {} approved", post.post_id, effect.id));
            }
            if effect.digest != effect.intent.digest() {
                broken.push(format!("{} was changed after its approval", effect.id));
            }
            if effect.intent.text() != Some(post.text.as_str()) {
                broken.push(format!("{} says something else than {}", post.post_id, effect.id));
            }
        }
        broken
    }

    /// Promise 2: no effect happened twice.
    fn repeated(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let posts = self.published();
        let again = posts.iter().filter(|post| !seen.insert(&post.effect));
        again.map(|post| format!("{} happened twice", post.effect)).collect()
    }

    /// Promise 2, the other half: the rows agree with the platform on what happened.
    fn misreported(&self) -> Vec<String> {
        let seen: BTreeSet<_> = self.published().into_iter().map(|post| post.effect).collect();
        let mut broken = Vec::new();
        for effect in self.effects() {
            let happened = seen.contains(&effect.id);
            // A human's word stands against the platform's where a human was asked.
            let was_asked = effect.asked.is_some();
            match effect.status {
                EffectStatus::Done if !happened && !was_asked => {
                    broken.push(format!("{} is done and was never published", effect.id));
                }
                EffectStatus::Failed | EffectStatus::Void if happened && !was_asked => {
                    broken.push(format!("{} is {} and was published", effect.id, effect.status));
                }
                _ => {}
            }
        }
        broken
    }

    /// Promise 4: the campaigns are over and everything in them is final.
    fn unfinished(&self) -> Vec<String> {
        let campaigns = self.campaigns().into_iter().filter(|campaign| !campaign.status.is_over());
        let tasks = self.tasks().into_iter().filter(|task| !task.status.is_final());
        let effects = self.effects().into_iter().filter(|effect| !effect.status.is_final());
        let campaigns = campaigns.map(|campaign| format!("campaign {} is {}", campaign.id, campaign.status));
        let tasks = tasks.map(|task| format!("task {} is {}", task.id, task.status));
        let effects = effects.map(|effect| format!("effect {} is {}", effect.id, effect.status));
        campaigns.chain(tasks).chain(effects).collect()
    }

    /// Promise 7: each version of each row has its audit entry, chained to the one before, the last being the row.
    fn unexplained(&self) -> Vec<String> {
        if self.cloud.pending_changes(Consumer::Auditor) > 0 {
            return Vec::new();
        }
        let mut chains: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for entry in self.cloud.audit() {
            chains.entry(entry.row.clone()).or_default().push(entry);
        }
        let mut broken = Vec::new();
        for (table, name) in [(Table::State, "state"), (Table::Ledger, "ledger")] {
            for (key, item) in self.cloud.items(table) {
                let row = format!("{name}|{}|{}", key.pk, key.sk);
                let chain = chains.get(&row).map(Vec::as_slice).unwrap_or_default();
                let is_linked = chain.windows(2).all(|pair| {
                    pair[1].version == pair[0].version + 1 && pair[1].old.as_ref() == Some(&pair[0].new)
                });
                let starts = chain.first().is_some_and(|first| first.version == 1 && first.old.is_none());
                let ends = chain.last().is_some_and(|last| last.new == Digest::of_json(&item));
                if !(is_linked && starts && ends) {
                    broken.push(format!("the audit of {row} has a gap or another content"));
                }
            }
        }
        broken
    }
}
