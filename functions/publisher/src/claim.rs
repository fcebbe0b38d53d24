//! Door 2: claim, then the one call.

use std::time::Duration;

use chimera_domain::{
    Bucket, CampaignStatus, Claim, Effect, EffectEvent, MoneyTransaction, PacingSlot, Row, RowKey,
    StoreError, Stored, Timestamp, Transaction,
    ports::{
        Burn, Clock, HandleError, Ids, ReadTools, StateReaderExt as _, ToolError, WriteCall, WriteTools,
    },
};

use crate::ending::{LONGEST_WAIT, back_off};
use crate::media::{Arguments, Missing, has_media};
use crate::{Publisher, Store, call_of};

/// Wait of a claim that lost a race, or had too little time left.
const SHORT_WAIT: Duration = Duration::from_secs(2);

/// What the rows say about claiming now.
enum Door {
    /// Claim, on condition of what was read.
    Open(Way),
    /// Not before this time.
    Later(Timestamp),
    /// The campaign is over: it will never be done.
    Never,
    /// The approval is too old or the policy has changed: the Judge looks again.
    Stale,
    /// Nothing to do now; a resume follows up by itself.
    Closed,
}

/// What a claim rests on beside the campaign.
struct Way {
    /// The policy's version as it was read.
    policy: u64,
    /// The pacing slot, where the account has a pace.
    slot: Option<SlotMove>,
}

/// A pacing slot and what the claim makes of it.
struct SlotMove {
    old: Option<Stored<PacingSlot>>,
    new: PacingSlot,
}

impl<S: Store, W: WriteTools, R: ReadTools, C: Clock, I: Ids> Publisher<S, W, R, C, I> {
    pub(crate) async fn claim_and_execute(
        &self,
        effect: Stored<Effect>,
        deadline: Duration,
    ) -> Result<(), HandleError> {
        let now = self.clock.now();
        match self.door(&effect.row, now).await? {
            Door::Closed => Ok(()),
            Door::Never => self.void(&effect, None).await,
            Door::Later(at) => self.put_off(&effect, at).await,
            Door::Stale => self.send_to_judge(&effect, effect.row.not_before).await,
            Door::Open(_) if deadline < self.reach(&effect.row) => {
                // Too little time is left to hear the answer; starting would make an unknown of it.
                self.put_off(&effect, now + SHORT_WAIT).await
            }
            Door::Open(way) => self.go_through(effect, way).await,
        }
    }

    /// Everything that the call carries is there before the claim; what cannot be had is provably unsent.
    async fn go_through(&self, effect: Stored<Effect>, way: Way) -> Result<(), HandleError> {
        let arguments = match self.with_media(&effect.row).await {
            Ok(arguments) => arguments,
            Err(Missing::ForNow(why)) => return self.wait_for_media(&effect, &why).await,
            Err(Missing::ForGood(refusal)) => return self.void(&effect, Some(refusal)).await,
        };
        match self.claim(&effect, way).await? {
            Some(claimed) => self.execute(claimed, arguments).await,
            None => Ok(()),
        }
    }

    /// How long it may take from now until the platform has acted: the call, and what is fetched before it.
    fn reach(&self, effect: &Effect) -> Duration {
        let fetch = if has_media(effect) { self.timing.fetch } else { Duration::ZERO };
        self.timing.call + fetch
    }

    /// [E-5] Reads campaign, policy, switches and pace, consistently and each time anew.
    async fn door(&self, effect: &Effect, now: Timestamp) -> Result<Door, StoreError> {
        let campaign = RowKey::campaign(&effect.tenant, &effect.campaign);
        let slot = RowKey::slot(&effect.tenant, &effect.agent);
        let mut rows = self.store.get_many(&[campaign, slot]).await?.into_iter();
        let campaign = rows.next().flatten().and_then(|row| row.narrow(Row::into_campaign));
        let slot = rows.next().flatten().and_then(|row| row.narrow(Row::into_slot));
        match campaign.map(|campaign| campaign.row.status) {
            Some(CampaignStatus::Active) => {}
            // What is to be taken back is taken back, whatever has become of its campaign.
            Some(status) if status.is_over() && effect.undoes.is_some() => {}
            Some(status) if status.is_over() => return Ok(Door::Never),
            _ => return Ok(Door::Closed),
        }
        let (policy, version) = self.store.policy(&effect.tenant).await?;
        if policy.forbids(&effect.agent, &effect.intent.server, &effect.intent.tool) {
            return Ok(Door::Later(now + LONGEST_WAIT));
        }
        // What is remembered is seen by nobody: it waits for no hour and no pace.
        let is_posting = effect.undoes.is_none() && !effect.intent.is_of_memory();
        let reach = self.reach(effect);
        // A call that begins before the quiet hours may act within them.
        let quiet = |at: Timestamp| policy.quiet_until(&effect.agent, at);
        if let Some(end) = quiet(now).or_else(|| quiet(now + reach)).filter(|_| is_posting) {
            return Ok(Door::Later(end));
        }
        let grant = &effect.grant.grant;
        let is_stale = grant.expires_at <= now + reach
            || grant.policy_version != version
            || effect.reservation.day != Bucket::day(now);
        if is_stale {
            return Ok(Door::Stale);
        }
        if let Some(not_before) = effect.not_before.filter(|not_before| *not_before > now) {
            return Ok(Door::Later(not_before));
        }
        let pace = policy.pacing(&effect.agent);
        if pace.is_zero() || !is_posting {
            return Ok(Door::Open(Way { policy: version, slot: None }));
        }
        if let Some(next_at) = slot.as_ref().map(|slot| slot.row.next_at).filter(|next_at| *next_at > now) {
            return Ok(Door::Later(next_at));
        }
        // The post is made some time within the call; the next claim keeps its distance from the last moment of it.
        let next_at = now + reach + pace;
        let new = PacingSlot { tenant: effect.tenant.clone(), agent: effect.agent.clone(), next_at };
        Ok(Door::Open(Way { policy: version, slot: Some(SlotMove { old: slot, new }) }))
    }

    /// [E-5] [P-4] One transaction: effect approved → dispatching, campaign active, the pacing slot taken. None where
    /// another claim, a pause or a cancel got there first; that write's own follow-up goes on.
    async fn claim(&self, effect: &Stored<Effect>, way: Way) -> Result<Option<Stored<Effect>>, HandleError> {
        let now = self.clock.now();
        let lease_until = now + self.timing.lease;
        let claim = Claim { id: self.ids.fresh(), lease_until };
        let writer = chimera_domain::WriterId::new(format!("claim-{}", claim.id));
        let claimed = Effect {
            status: effect.row.status.next(EffectEvent::Claim)?,
            claim: Some(claim),
            not_before: None,
            due_at: Some(lease_until),
            ..effect.row.clone()
        };
        let campaign = RowKey::campaign(&effect.row.tenant, &effect.row.campaign);
        let mut transaction = Transaction::by(writer.clone())
            .replace(effect, claimed.clone())?
            .require_status(campaign, may_act(&effect.row))
            .require_version(RowKey::policy(&effect.row.tenant), way.policy);
        if let Some(SlotMove { old, new }) = way.slot {
            transaction = match old {
                Some(old) => transaction.replace(&old, new)?,
                None => transaction.insert(new)?,
            };
        }
        match self.store.write(&transaction).await {
            Ok(_) => Ok(Some(Stored { row: claimed, version: effect.version + 1, writer })),
            Err(StoreError::Refused(_)) => {
                // The slot, the policy or the campaign had moved; where the effect still waits, a little later.
                self.put_off(effect, now + SHORT_WAIT).await?;
                Ok(None)
            }
            Err(failed) => Err(failed.into()),
        }
    }

    /// The one call, and what comes of it.
    async fn execute(&self, effect: Stored<Effect>, arguments: Arguments) -> Result<(), HandleError> {
        let call = WriteCall { arguments, ..call_of(&effect.row) };
        let answer = self.writes.execute(&call, self.timing.call).await;
        match answer {
            Ok(burn) => self.take(&effect, burn).await,
            Err(ToolError::Unsent(why)) => self.put_back(&effect, &why).await,
            Err(ToolError::Forbidden(why)) => {
                tracing::error!(effect.id = %effect.row.id, reason = %why, "A write tool may not be used");
                self.put_back(&effect, &why).await
            }
            Err(ToolError::Refused(refusal)) => self.refuse(&effect, refusal, None).await,
            Err(ToolError::Unknown(why)) => {
                tracing::warn!(effect.id = %effect.row.id, reason = %why, "The outcome of an effect is unknown");
                self.lose(&effect).await
            }
        }
    }

    /// Takes what the write server's record says about a call that has come back.
    pub(crate) async fn take(&self, effect: &Stored<Effect>, burn: Burn) -> Result<(), HandleError> {
        match burn {
            Burn::Done { outcome } => self.confirm(effect, outcome).await,
            Burn::Refused { refusal, retry_after_s } => self.refuse(effect, refusal, retry_after_s).await,
            Burn::Void => self.send_to_judge(effect, None).await,
            Burn::InFlight | Burn::Unused => self.lose(effect).await,
        }
    }

    /// A claim whose lease has run out: its call may have happened.
    pub(crate) async fn look_at_lease(&self, effect: Stored<Effect>) -> Result<(), HandleError> {
        let now = self.clock.now();
        match &effect.row.claim {
            Some(claim) if claim.lease_until > now => Ok(()),
            _ => self.lose(&effect).await,
        }
    }

    /// Waits until then, or longer where it waits already: a platform's own wait is not cut short by ours.
    pub(crate) async fn put_off(&self, effect: &Stored<Effect>, at: Timestamp) -> Result<(), HandleError> {
        let at = effect.row.not_before.map_or(at, |not_before| not_before.max(at));
        let later = Effect { not_before: Some(at), due_at: Some(at), ..effect.row.clone() };
        self.write(Transaction::by(self.writer("later")).replace(effect, later)?.into()).await
    }

    /// The call provably never left: approved again, after a wait that doubles.
    async fn put_back(&self, effect: &Stored<Effect>, why: &str) -> Result<(), HandleError> {
        let unsent = effect.row.unsent.saturating_add(1);
        let wait = back_off(effect.row.unsent);
        let at = self.clock.now() + wait;
        tracing::warn!(effect.id = %effect.row.id, reason = why, wait_ms = wait.as_millis(), "A call could not be sent");
        let back = Effect {
            status: effect.row.status.next(EffectEvent::Unsent)?,
            claim: None,
            unsent,
            not_before: Some(at),
            due_at: Some(at),
            ..effect.row.clone()
        };
        self.write(Transaction::by(self.writer("unsent")).replace(effect, back)?.into()).await
    }

    /// Writes; a refusal means that another delivery of the same wake-up got there first, and its own follow-up goes on.
    pub(crate) async fn write(&self, transaction: MoneyTransaction) -> Result<(), HandleError> {
        match self.store.write_money(&transaction).await {
            Ok(_) => Ok(()),
            Err(StoreError::Refused(_)) => {
                tracing::info!(writer = %transaction.inner().writer(), "Another write got there first");
                Ok(())
            }
            Err(failed) => Err(failed.into()),
        }
    }
}

/// The campaign's statuses in which the effect may be claimed.
fn may_act(effect: &Effect) -> &'static [&'static str] {
    const ACTIVE: &str = CampaignStatus::Active.name();
    const OVER: [&str; 4] = [
        ACTIVE,
        CampaignStatus::Cancelled.name(),
        CampaignStatus::Finished.name(),
        CampaignStatus::Stopped.name(),
    ];
    if effect.undoes.is_some() { &OVER } else { &[ACTIVE] }
}
