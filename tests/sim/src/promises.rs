//! What must hold after every story, whatever went wrong in it: named lines, so that a test can say which one a missing
//! guard turns red.

mod memories;
mod money;
mod passage;
pub(crate) mod payments;
mod pictures;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use chimera_domain::audit::check_all;
use chimera_domain::ports::AuditEntry;
use chimera_domain::{CampaignId, Currency, Digest, Effect, EffectId, EffectStatus, Policy, Table, TenantId};
use chimera_policy::screen::screen_all;
use chimera_testkit::{Consumer, Deletion};
use serde_json::Value;

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
        let checks: [(&'static str, Check); 18] = [
            ("approved-bytes", Self::unapproved),
            ("pictures", Self::uncommitted_pictures),
            ("screened", Self::unscreened),
            ("once", Self::repeated),
            ("outcomes", Self::misreported),
            ("taken-back", Self::taken_back),
            ("claims", Self::unallowed_claims),
            ("fresh", Self::stale_commits),
            ("one-decision", Self::replaced_decisions),
            ("reserved", Self::unreserved),
            ("accounts", Self::unaccounted),
            ("caps", Self::overspent),
            ("paid-once", Self::unordered_payments),
            ("wallet", Self::unbalanced_wallet),
            ("remembered", Self::unapproved_memories),
            ("closed", Self::unclosed),
            ("operating", Self::overworked),
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

    /// Promise 1: every post that ever was there is exactly what an approved effect was granted, and came after its
    /// approval. What the owner posts by hand is the owner's.
    fn unapproved(&self) -> Vec<String> {
        let effects = self.effects_by_id();
        let mut broken = Vec::new();
        for post in self.ever_published() {
            let Some(id) = &post.effect else { continue };
            let Some(effect) = effects.get(&(post.tenant.clone(), id.clone())) else {
                broken.push(format!("{} was published without an effect", post.post_id));
                continue;
            };
            if Digest::of_json(&effect.intent.arguments) != post.arguments {
                broken.push(format!("{} is not what {} approved", post.post_id, effect.id));
            }
            if effect.digest != effect.intent.digest() {
                broken.push(format!("{} was changed after its approval", effect.id));
            }
            if effect.intent.text() != Some(post.text.as_str())
                || effect.intent.in_reply_to() != post.in_reply_to.as_deref()
            {
                broken.push(format!("{} says something else than {}", post.post_id, effect.id));
            }
        }
        broken
    }

    /// What touches a sensitive topic was published only where a human had seen it.
    fn unscreened(&self) -> Vec<String> {
        // The tenant's own words may be newer than what was published before them.
        let topics = self.policy.lock().unwrap_or_else(PoisonError::into_inner).topics.clone();
        let asked = Policy { topics, ..Policy::standard(Currency::Usd) };
        // A payment says nothing of its own: its words are the order's.
        let says_something = |effect: &Effect| !effect.intent.published_texts().is_empty();
        let posts = self.effects().into_iter().filter(|effect| effect.status == EffectStatus::Done);
        let posts = posts.filter(says_something);
        let unseen = posts.filter(|effect| effect.review.is_none()).filter_map(|effect| {
            let found = screen_all(&effect.intent.published_texts(), &asked).flags;
            (!found.is_empty()).then(|| format!("nobody has seen {}, which raises {found:?}", effect.id))
        });
        unseen.collect()
    }

    /// Promise 2: no effect happened twice. A post that was deleted happened all the same.
    fn repeated(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let posts = self.ever_published().into_iter().filter_map(|post| Some((post.tenant, post.effect?)));
        let deletions = self.platform.deleted().into_iter();
        let deletions = deletions.filter_map(|deletion| Some((deletion.post.tenant, deletion.effect?)));
        let again = posts.chain(deletions).filter(|happened| !seen.insert(happened.clone()));
        again.map(|(_, (_, effect))| format!("{effect} happened twice")).collect()
    }

    /// Promise 2, the other half: the rows agree with the platform on what happened. Payments are the wallet's line, and
    /// memories have one of their own.
    fn misreported(&self) -> Vec<String> {
        let seen: BTreeSet<_> =
            self.ever_published().into_iter().filter_map(|post| Some((post.tenant, post.effect?))).collect();
        let gone: BTreeSet<_> = self.platform.deleted().into_iter().map(|gone| gone.post.post_id).collect();
        let mut broken = Vec::new();
        let shows = |effect: &Effect| effect.intent.payment().is_none() && !effect.intent.is_of_memory();
        for effect in self.effects().into_iter().filter(shows) {
            let happened = match effect.intent.arguments.get("post_id").and_then(Value::as_str) {
                Some(post_id) => gone.contains(post_id),
                None => seen.contains(&(effect.tenant.clone(), name_of(&effect))),
            };
            // A human's word stands against the platform's where a human was asked.
            let was_asked = effect.asked.is_some();
            match effect.status {
                EffectStatus::Done if !happened && !was_asked => {
                    broken.push(format!("{} is done and never happened", effect.id));
                }
                EffectStatus::Failed | EffectStatus::Void if happened && !was_asked => {
                    broken.push(format!("{} is {} and happened", effect.id, effect.status));
                }
                _ => {}
            }
        }
        broken
    }

    /// [E-9] A post of ours is deleted only by an approved effect that takes its own effect back, and each such effect
    /// that is done has deleted exactly one.
    fn taken_back(&self) -> Vec<String> {
        let effects = self.effects_by_id();
        let deletions = self.platform.deleted();
        let mut broken = Vec::new();
        for Deletion { post, effect, .. } in &deletions {
            let Some(id) = effect else { continue };
            let Some(undo) = effects.get(&(post.tenant.clone(), id.clone())) else {
                broken.push(format!("{} was deleted without an effect", post.post_id));
                continue;
            };
            if undone_by(undo).is_none() || undone_by(undo) != post.effect {
                broken.push(format!("{} was deleted by {}, which does not take it back", post.post_id, id.1));
            }
            if Digest::of_json(&undo.intent.arguments) != undo.grant.grant.arguments {
                broken.push(format!("{} deleted something else than its grant names", id.1));
            }
        }
        let undone = self.effects().into_iter().filter(|effect| effect.undoes.is_some());
        for undo in undone.filter(|undo| undo.status == EffectStatus::Done && undo.asked.is_none()) {
            let of_post =
                |gone: &&Deletion| gone.post.tenant == undo.tenant && gone.post.effect == undone_by(&undo);
            let deleted = deletions.iter().filter(of_post).count();
            if deleted != 1 {
                broken.push(format!("{} is done and made {deleted} deletions", undo.id));
            }
        }
        broken
    }

    /// Effects by tenant, campaign and id.
    pub(crate) fn effects_by_id(&self) -> BTreeMap<(TenantId, Name), Effect> {
        let keyed = |effect: Effect| ((effect.tenant.clone(), name_of(&effect)), effect);
        self.effects().into_iter().map(keyed).collect()
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
        let (rows, entries) = self.audited();
        check_all(&rows, &entries).iter().map(ToString::to_string).collect()
    }

    /// Every audited row and every audit entry, in their stored forms.
    ///
    /// # Panics
    /// When an entry has no stored form.
    #[must_use]
    pub fn audited(&self) -> (Vec<(Table, Value)>, Vec<Value>) {
        let of = |table: Table| self.cloud.items(table).into_iter().map(move |(_, item)| (table, item));
        let entries: Result<Vec<Value>, _> = self.cloud.audit().iter().map(AuditEntry::to_item).collect();
        assert!(entries.is_ok(), "an audit entry has no stored form: {:?}", entries.err());
        (Table::AUDITED.into_iter().flat_map(of).collect(), entries.unwrap_or_default())
    }
}

/// Effect ids are unique within their campaign only.
pub(crate) type Name = (CampaignId, EffectId);

pub(crate) fn name_of(effect: &Effect) -> Name {
    (effect.campaign.clone(), effect.id.clone())
}

/// The effect that this one takes back.
fn undone_by(undo: &Effect) -> Option<Name> {
    undo.undoes.clone().map(|effect| (undo.campaign.clone(), effect))
}
