//! What a verdict about an intent rests on beside the task: the committed source and pictures, what the campaign approved
//! before, and what its agent did before.

use std::collections::BTreeSet;

use chimera_domain::ports::{Clock, GrantSigner, Ids};
use chimera_domain::{
    Artifact, Binding, Bucket, Confidence, Effect, EffectId, EffectStatus, Flag, History, Picture, RowKey,
    Source, StoreError, Task, TaskId, TaskKind, Timestamp, UniqueState, WorkOutcome,
};
use chimera_policy::anomaly::Paid;
use chimera_policy::{Case, Judgement, judge_result};
use jiff::SignedDuration;

use crate::batch::Rules;
use crate::{Judge, JudgeStore};

/// UTC days of an agent's payments that a payment is compared with, today included: three of what comes monthly.
const PAYMENT_DAYS: u32 = 93;
/// Deeds of an agent that one judgement of a post reads at most, the newest: a third of what one page holds.
const MOST_DEEDS: usize = 400;
/// The same for a payment. Where a posting agent has more, older payments are not known, and a human is asked once more.
const MOST_DEEDS_OF_PAYERS: usize = 1_000;

/// Read anew for every message: the approvals of a batch must see each other.
#[derive(Debug)]
pub(crate) struct Facts {
    /// The source the task is bound to, from the committed research row: never as the result or the task quotes it.
    pub(crate) source: Option<Source>,
    /// What the tasks before it have made, from their committed rows: read only where the outcome shows pictures.
    pictures: Vec<Picture>,
    earlier: Vec<String>,
    paid: Vec<Paid>,
    human_approvals: usize,
    now: Timestamp,
}

impl<S: JudgeStore, G: GrantSigner + Send, C: Clock + Send, I: Ids + Send> Judge<S, G, C, I> {
    /// The facts for a verdict on `outcome`, of which `own` is or would be the effect. What needs none costs no read.
    pub(crate) async fn facts(
        &self,
        task: &Task,
        own: &EffectId,
        outcome: &WorkOutcome,
        rules: &Rules,
    ) -> Result<Facts, StoreError> {
        let now = self.clock.now();
        let mut facts = Facts {
            source: None,
            pictures: Vec::new(),
            earlier: Vec::new(),
            paid: Vec::new(),
            human_approvals: 0,
            now,
        };
        // What is remembered is compared with the posts in its task's row, and with nothing else.
        if !task.kind.acts() || task.kind == TaskKind::Remember {
            return Ok(facts);
        }
        for (id, artifact) in self.committed_before(task, outcome).await? {
            match artifact {
                Artifact::Notes { sources } => {
                    facts.source = facts.source.or(bound_source(task, &id, sources))
                }
                Artifact::Image { image: picture } | Artifact::Video { video: picture } => {
                    facts.pictures.push(picture);
                }
                Artifact::Memory { .. } => {}
            }
        }
        let partition = RowKey::campaign_partition(&task.tenant, &task.campaign);
        let effects = self.store.query(&partition, "EFFECT#").await?;
        let effects = effects.into_iter().filter_map(|stored| stored.row.into_effect());
        let effects: Vec<Effect> = effects.filter(|effect| effect.id != *own).collect();
        facts.human_approvals = effects.iter().filter(|effect| is_approved_by_human(effect)).count();
        facts.earlier =
            effects.iter().filter(|effect| may_be_seen(effect.status)).filter_map(text_of).collect();
        for deed in self.deeds(task, outcome, rules, now).await? {
            // The campaign's own effects tell more exactly what became of them.
            if deed.campaign != task.campaign {
                facts.earlier.extend(deed.text);
            }
            let is_other = deed.campaign != task.campaign || deed.effect != *own;
            if let Some(payment) = deed.payment.filter(|_| is_other) {
                facts.paid.push(Paid { at: deed.at, recipient: payment.recipient, amount: payment.amount });
            }
        }
        Ok(facts)
    }

    /// [M-11] What the agent did in the days that the outcome is compared with, over all its campaigns, the newest first.
    /// What failed or was voided does not count. One query, or none where nothing is compared.
    async fn deeds(
        &self,
        task: &Task,
        outcome: &WorkOutcome,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Vec<History>, StoreError> {
        let WorkOutcome::Intent { intent } = outcome else { return Ok(Vec::new()) };
        let (days, most) = match intent.payment() {
            Some(_) => (PAYMENT_DAYS, MOST_DEEDS_OF_PAYERS),
            None => (rules.policy.near_duplicate.window_days, MOST_DEEDS),
        };
        if days == 0 {
            return Ok(Vec::new());
        }
        let day = |offset: i64| {
            let at = now + SignedDuration::from_hours(24 * offset);
            RowKey::history_day(&task.tenant, &task.agent, &Bucket::day(at))
        };
        let (first, end) = (day(1 - i64::from(days)), day(1));
        let rows = self.store.latest(&first.pk, &first.sk, &end.sk, most).await?;
        let deeds = rows.into_iter().filter_map(|stored| stored.row.into_history());
        Ok(deeds.filter(|deed| deed.status == UniqueState::Taken).collect())
    }

    /// What was committed for the task whose source this one is bound to, and, where the outcome shows pictures, for
    /// every task that this one depends on. One call, or none where there is nothing to look for.
    async fn committed_before(
        &self,
        task: &Task,
        outcome: &WorkOutcome,
    ) -> Result<Vec<(TaskId, Artifact)>, StoreError> {
        let mut ids: BTreeSet<&TaskId> = BTreeSet::new();
        if let Binding::SourceOf { task: research, .. } = &task.binding {
            ids.insert(research);
        }
        if shows_pictures(outcome) {
            ids.extend(&task.depends_on);
        }
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let key = |id: &&TaskId| RowKey::task(&task.tenant, &task.campaign, id);
        let keys: Vec<RowKey> = ids.iter().map(key).collect();
        let rows = self.store.get_many(&keys).await?.into_iter().flatten();
        let committed = rows.filter_map(|stored| {
            let row = stored.row.into_task()?;
            match row.committed?.outcome {
                WorkOutcome::Artifact { artifact } => Some((row.id, artifact)),
                WorkOutcome::Intent { .. } | WorkOutcome::Failure { .. } => None,
            }
        });
        Ok(committed.collect())
    }
}

fn shows_pictures(outcome: &WorkOutcome) -> bool {
    matches!(outcome, WorkOutcome::Intent { intent } if intent.arguments.get("media").is_some())
}

/// The source that the task is bound to, where `sources` are the notes of the task that it is bound to.
fn bound_source(task: &Task, notes_of: &TaskId, sources: Vec<Source>) -> Option<Source> {
    let Binding::SourceOf { task: research, index } = &task.binding else { return None };
    let index = usize::try_from(*index).ok().filter(|_| research == notes_of)?;
    sources.into_iter().nth(index)
}

/// What takes a post back carries the review that rejected it, and what is remembered reaches nobody's eyes.
fn is_approved_by_human(effect: &Effect) -> bool {
    effect.review.is_some() && effect.undoes.is_none() && !effect.intent.is_of_memory()
}

/// What will not be published cannot be repeated.
fn may_be_seen(status: EffectStatus) -> bool {
    !matches!(status, EffectStatus::Failed | EffectStatus::Void | EffectStatus::Withdrawn)
}

fn text_of(effect: &Effect) -> Option<String> {
    effect.intent.text().map(str::to_owned)
}

impl Facts {
    /// The verdict on `outcome` under `rules`; `covered` are the flags a human has approved.
    pub(crate) fn judge(
        &self,
        task: &Task,
        outcome: &WorkOutcome,
        rules: &Rules,
        worker_confidence: Confidence,
        covered: Option<&BTreeSet<Flag>>,
    ) -> Judgement {
        let earlier: Vec<&str> = self.earlier.iter().map(String::as_str).collect();
        //
        let hold_first = rules.campaign.brief.hold_first.max(rules.policy.hold_first);
        let wanted = usize::try_from(hold_first).unwrap_or(usize::MAX);
        judge_result(&Case {
            task,
            outcome,
            worker_confidence,
            policy: &rules.policy,
            policy_version: rules.policy_version,
            budget: rules.campaign.brief.budget,
            source: self.source.as_ref(),
            pictures: &self.pictures,
            sponsor: rules.campaign.brief.sponsor.as_deref(),
            earlier: &earlier,
            paid: &self.paid,
            now: self.now,
            hold_first: self.human_approvals < wanted,
            covered,
        })
    }
}
