//! What a verdict about an intent rests on beside the task: the committed source, and what the campaign approved before.

use std::collections::BTreeSet;

use chimera_domain::ports::{Clock, GrantSigner, Ids};
use chimera_domain::{
    Artifact, Binding, Confidence, Effect, EffectStatus, Flag, Row, RowKey, Source, StoreError, Task,
    TaskKind, WorkOutcome,
};
use chimera_policy::{Case, Judgement, judge_result};

use crate::batch::Rules;
use crate::{Judge, JudgeStore};

/// Read anew for every message: the approvals of a batch must see each other.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// The source the task is bound to, from the committed research row: never as the result or the task quotes it.
    pub(crate) source: Option<Source>,
    earlier: Vec<String>,
    human_approvals: usize,
}

impl<S: JudgeStore, G: GrantSigner + Send, C: Clock + Send, I: Ids + Send> Judge<S, G, C, I> {
    /// The facts for the task's present attempt. An artifact needs none and costs no read.
    pub(crate) async fn facts(&self, task: &Task) -> Result<Facts, StoreError> {
        if task.kind != TaskKind::Write {
            return Ok(Facts::default());
        }
        let source = self.committed_source(task).await?;
        let partition = RowKey::campaign_partition(&task.tenant, &task.campaign);
        let effects = self.store.query(&partition, "EFFECT#").await?;
        let effects: Vec<Effect> = effects
            .into_iter()
            .filter_map(|stored| stored.row.into_effect())
            .filter(|e| e.task != task.id)
            .collect();
        Ok(Facts {
            source,
            human_approvals: effects.iter().filter(|effect| effect.review.is_some()).count(),
            earlier: effects.iter().filter(|effect| may_be_seen(effect.status)).filter_map(text_of).collect(),
        })
    }

    async fn committed_source(&self, task: &Task) -> Result<Option<Source>, StoreError> {
        let Binding::SourceOf { task: research, index } = &task.binding else { return Ok(None) };
        let row = self.store.get(&RowKey::task(&task.tenant, &task.campaign, research)).await?;
        let committed = row.and_then(|row| row.narrow(Row::into_task)).and_then(|row| row.row.committed);
        let Some(WorkOutcome::Artifact { artifact: Artifact::Notes { sources } }) =
            committed.map(|committed| committed.outcome)
        else {
            return Ok(None);
        };
        Ok(usize::try_from(*index).ok().and_then(|index| sources.into_iter().nth(index)))
    }
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
        let wanted = usize::try_from(rules.campaign.brief.hold_first).unwrap_or(usize::MAX);
        judge_result(&Case {
            task,
            outcome,
            worker_confidence,
            policy: &rules.policy,
            policy_version: rules.policy_version,
            budget: rules.campaign.brief.budget,
            source: self.source.as_ref(),
            earlier: &earlier,
            hold_first: self.human_approvals < wanted,
            covered,
        })
    }
}
