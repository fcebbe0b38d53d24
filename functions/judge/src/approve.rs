//! Committing: an artifact in one conditional update, an intent in one transaction of task, effect, uniqueness row and
//! ledger, with a signed grant.

use chimera_domain::ports::{Clock, GrantSigner, HandleError, Ids};
use chimera_domain::{
    AgentId, Approving, CampaignId, Content, Digest, Effect, EffectId, Flag, Grant, History, Intent,
    LedgerEntry, Money, MoneyTransaction, Reservation, Review, Row, RowKey, SignedGrant, StoreError, Subject,
    Task, TenantId, Timestamp, Transaction, Unique, UniqueState, Verdict, WorkOutcome, is_held_by, limits,
};
use chimera_policy::verdict::BAND_MEDIUM;
use chimera_policy::{Judgement, money, normalise::same_text};
use jiff::SignedDuration;
use tracing::info;

use crate::batch::Rules;
use crate::hold::Asking;
use crate::joint::Approval;
use crate::proposal::Proposal;
use crate::{Judge, JudgeStore, Landed};

/// What a grant is signed over, beside the present time and key.
pub(crate) struct Granting<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) agent: &'a AgentId,
    pub(crate) campaign: &'a CampaignId,
    pub(crate) effect: &'a EffectId,
    pub(crate) intent: &'a Intent,
    pub(crate) max_cost: Money,
    pub(crate) policy_version: u64,
}

impl<S: JudgeStore, G: GrantSigner + Send, C: Clock + Send, I: Ids + Send> Judge<S, G, C, I> {
    /// Commits what is approved.
    pub(crate) async fn approve(
        &self,
        proposal: &Proposal<'_>,
        judgement: &Judgement,
    ) -> Result<Landed, HandleError> {
        match (proposal.outcome, judgement.max_cost) {
            (WorkOutcome::Intent { intent }, Some(max_cost)) => {
                self.approve_intent(proposal, &judgement.verdict, intent, max_cost).await
            }
            _ => self.write(&proposal.commit(&judgement.verdict, None)?).await,
        }
    }

    /// [M-2] The money is set aside in the transaction that approves.
    async fn approve_intent(
        &self,
        proposal: &Proposal<'_>,
        verdict: &Verdict,
        intent: &Intent,
        max_cost: Money,
    ) -> Result<Landed, HandleError> {
        let effect = self.effect_of(proposal, verdict, intent, max_cost);
        let mut transaction = proposal.commit(verdict, Some(&effect.id))?;
        for name in &effect.unique {
            transaction = match self.take_unique(transaction, &effect, name).await? {
                Some(transaction) => transaction,
                None => return Ok(Landed::TextTaken),
            };
        }
        let now = effect.approved_at;
        let limits = self.buckets_of(&effect.agent, proposal.rules, now);
        let entry = reserve_entry(&effect, &effect.reservation, now);
        let (id, reservation) = (effect.id.clone(), effect.reservation.clone());
        let tenant = effect.tenant.clone();
        let mut transaction = transaction.insert(history_of(&effect))?;
        if proposal.review.is_none() && verdict.flags.contains(&Flag::new(BAND_MEDIUM)) {
            transaction = transaction.insert(self.asking_after(proposal, verdict, &effect))?;
        }
        let transaction = MoneyTransaction::from(transaction.insert(effect)?);
        let transaction = transaction.reserve(&tenant, &entry, &reservation, &limits.caps)?;
        let approval = Approval {
            campaign: RowKey::campaign(&tenant, &proposal.rules.campaign.id),
            agent: RowKey::agent(&tenant, &proposal.task.row.agent),
            place: (proposal.task.row.ordinal, proposal.task.row.id.clone()),
            text: intent.text().unwrap_or_default().to_owned(),
            is_compared: intent.text().is_none() || proposal.review.is_none(),
            transaction,
        };
        let landed = self.write_jointly(proposal.seat, approval).await?;
        if landed == Landed::Done {
            let campaign = &proposal.rules.campaign;
            info!(campaign.id = %campaign.id, trace_id = %campaign.trace, effect.id = %id, max_cost = %max_cost,
                by_human = proposal.review.is_some(), "an effect was approved");
        }
        Ok(landed)
    }

    /// The question about a post that goes out before it is answered. Its time begins when the post may go out.
    fn asking_after(&self, proposal: &Proposal<'_>, verdict: &Verdict, effect: &Effect) -> Review {
        let source = proposal.task.row.source.as_ref();
        let review = self.review_of(Asking {
            task: &proposal.task.row,
            subject: Subject::Published { effect: effect.id.clone(), task: effect.task.clone() },
            id: Review::id_after(&effect.id),
            content: Content {
                outcome: proposal.outcome.clone(),
                usage: proposal.usage.cloned(),
                max_cost: Some(effect.max_cost),
                source: source.map(|source| (source.title.clone(), source.url.clone())),
            },
            verdict,
            rules: proposal.rules,
        });
        let now = effect.approved_at;
        match proposal.rules.policy.quiet_until(&effect.agent, now) {
            Some(end) => Review { due_at: review.due_at.map(|due_at| due_at + (end - now)), ..review },
            None => review,
        }
    }

    pub(crate) fn buckets_of(&self, agent: &AgentId, rules: &Rules, now: Timestamp) -> money::Buckets {
        money::buckets(&rules.campaign.id, rules.campaign.brief.budget, agent, &rules.policy, now)
    }

    fn effect_of(
        &self,
        proposal: &Proposal<'_>,
        verdict: &Verdict,
        intent: &Intent,
        max_cost: Money,
    ) -> Effect {
        let (task, rules, now) = (&proposal.task.row, proposal.rules, self.clock.now());
        let id = EffectId::of(&task.id, task.attempt);
        let granting = Granting {
            tenant: &task.tenant,
            agent: &task.agent,
            campaign: &task.campaign,
            effect: &id,
            intent,
            max_cost,
            policy_version: rules.policy_version,
        };
        let approving = Approving {
            task: task.id.clone(),
            attempt: task.attempt,
            intent: intent.clone(),
            idempotency_key: self.ids.fresh(),
            flags: proposal.flags(verdict),
            review: proposal.review.as_ref().map(|(review, _)| review.row.id.clone()),
            unique: unique_names(task, intent),
            buckets: self.buckets_of(&task.agent, rules, now).buckets,
            undoes: None,
        };
        Effect::approved(self.sign(&granting, now), approving, now)
    }

    /// A fresh grant: never one that was signed before.
    pub(crate) fn sign(&self, granting: &Granting<'_>, now: Timestamp) -> SignedGrant {
        let lifetime = SignedDuration::try_from(limits::GRANT_LIFETIME).unwrap_or(SignedDuration::ZERO);
        self.signer.sign(Grant {
            id: self.ids.fresh().to_string(),
            key: self.signer.key_id().to_owned(),
            tenant: granting.tenant.clone(),
            agent: granting.agent.clone(),
            campaign: granting.campaign.clone(),
            effect: granting.effect.clone(),
            audience: format!("{}@{}", granting.intent.server, self.signer.stack()),
            tool: granting.intent.tool.clone(),
            arguments: Digest::of_json(&granting.intent.arguments),
            max_cost: granting.max_cost,
            policy_version: granting.policy_version,
            expires_at: now + lifetime,
        })
    }

    /// Adds the taking of a uniqueness row; `None` where another effect holds it.
    async fn take_unique(
        &self,
        transaction: Transaction,
        effect: &Effect,
        name: &str,
    ) -> Result<Option<Transaction>, HandleError> {
        let key = RowKey::unique(&effect.tenant, &effect.agent, name);
        let found = self.store.get(&key).await?.and_then(|row| row.narrow(Row::into_unique));
        let taken = Unique {
            tenant: effect.tenant.clone(),
            agent: effect.agent.clone(),
            name: name.to_owned(),
            campaign: effect.campaign.clone(),
            effect: effect.id.clone(),
            status: UniqueState::Taken,
        };
        Ok(match found {
            None => Some(transaction.insert(taken)?),
            Some(found) if found.row.status == UniqueState::Free || is_held_by(&found.row, effect) => {
                Some(transaction.replace(&found, taken)?)
            }
            Some(_) => None,
        })
    }
}

fn history_of(effect: &Effect) -> History {
    History {
        tenant: effect.tenant.clone(),
        agent: effect.agent.clone(),
        day: effect.history_day.clone(),
        campaign: effect.campaign.clone(),
        effect: effect.id.clone(),
        at: effect.approved_at,
        text: effect.intent.text().map(str::to_owned),
        payment: effect.intent.payment(),
        cost: effect.max_cost,
        status: UniqueState::Taken,
    }
}

pub(crate) fn reserve_entry(effect: &Effect, reservation: &Reservation, at: Timestamp) -> LedgerEntry {
    LedgerEntry::Reserve {
        campaign: effect.campaign.clone(),
        effect: effect.id.clone(),
        reservation: reservation.clone(),
        at,
    }
}

/// [E-12] The uniqueness rows an intent takes: one text of one agent is published once, one mention is answered once, and
/// one ordered payment is made once, whatever attempt of its task it comes from.
fn unique_names(task: &Task, intent: &Intent) -> Vec<String> {
    let digest = |text: &str| Digest::of_bytes(same_text(text).as_bytes());
    let text = intent.text().map(|text| format!("TEXT#{}", digest(text)));
    let reply = intent.in_reply_to().map(|mention| format!("REPLY#{mention}"));
    let payment = intent.payment().map(|_| format!("PAY#{}#{}", task.campaign, task.id));
    text.into_iter().chain(reply).chain(payment).collect()
}

/// A store that asks for another delivery.
pub(crate) fn again() -> HandleError {
    HandleError::Store(StoreError::Contention)
}
