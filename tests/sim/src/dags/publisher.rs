//! The publisher by lot: claims as the real one does, and what comes of each call is drawn.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chimera_domain::ports::{Clock as _, HandleError, Ids as _, StateReader as _, StateWriter as _};
use chimera_domain::{
    CampaignStatus, Claim, Effect, EffectEvent, EffectMessage, EffectStatus, Outcome, Refusal, Row, RowKey,
    StoreError, Stored, Transaction, WriterId,
};
use chimera_testkit::builders::cents;
use chimera_testkit::{MemoryCloud, SeededIds, VirtualClock};
use rand::Rng as _;
use rand::rngs::StdRng;
use uuid::Uuid;

/// How long a claim holds.
const LEASE: Duration = Duration::from_secs(120);
/// The first wait before an unknown outcome is looked at again.
const LOOK_BACK: Duration = Duration::from_secs(20);
/// The wait after a call that never left.
const BACK_OFF: Duration = Duration::from_secs(4);

/// A call that has not come back.
#[derive(Debug, Clone)]
struct Call {
    effect: RowKey,
    claim: Uuid,
}

#[derive(Debug)]
struct Desk {
    rng: StdRng,
    calls: Vec<Call>,
}

/// The publisher.
#[derive(Debug)]
pub(super) struct Caller {
    store: MemoryCloud,
    clock: VirtualClock,
    ids: SeededIds,
    /// How many of a hundred effects do not happen.
    fails: u32,
    desk: Mutex<Desk>,
}

impl Caller {
    pub(super) fn new(cloud: &MemoryCloud, clock: &VirtualClock, ids: &SeededIds, mut rng: StdRng) -> Self {
        Self {
            store: cloud.as_function("publisher"),
            clock: clock.clone(),
            ids: ids.clone(),
            fails: rng.random_range(0..=15),
            desk: Mutex::new(Desk { rng, calls: Vec::new() }),
        }
    }

    /// Calls that have not come back.
    pub(super) fn waiting(&self) -> usize {
        self.desk().calls.len()
    }

    /// What the effect's status calls for.
    pub(super) async fn follow(&self, message: EffectMessage) -> Result<(), HandleError> {
        let key = RowKey::effect(&message.tenant, &message.campaign, &message.effect);
        let Some(effect) = self.read(&key).await? else { return Ok(()) };
        let now = self.clock.now();
        let waits = effect.row.not_before.is_some_and(|not_before| not_before > now);
        match effect.row.status {
            EffectStatus::Approved => self.claim(effect, waits).await,
            EffectStatus::Dispatching => {
                let is_over = effect.row.claim.as_ref().is_none_or(|claim| claim.lease_until <= now);
                if is_over { self.end(&effect, EffectEvent::Lose).await } else { Ok(()) }
            }
            EffectStatus::Unconfirmed if !waits => {
                let event = match self.lot() {
                    0..60 => EffectEvent::Confirm,
                    60..80 => EffectEvent::Refuse,
                    80..90 => EffectEvent::Rejudge,
                    _ => EffectEvent::Void,
                };
                self.end(&effect, event).await
            }
            EffectStatus::Withdrawn => self.end(&effect, EffectEvent::Void).await,
            _ => Ok(()),
        }
    }

    /// [E-5] Door 2: the campaign is read again, and is a condition of the claim.
    async fn claim(&self, effect: Stored<Effect>, waits: bool) -> Result<(), HandleError> {
        let key = RowKey::campaign(&effect.row.tenant, &effect.row.campaign);
        let campaign = self.store.get(&key).await?.and_then(|row| row.narrow(Row::into_campaign));
        match campaign.map(|campaign| campaign.row.status) {
            Some(CampaignStatus::Active) if !waits => {}
            Some(status) if status.is_over() => return self.end(&effect, EffectEvent::Void).await,
            _ => return Ok(()),
        }
        let lease_until = self.clock.now() + LEASE;
        let claim = Claim { id: self.ids.fresh(), lease_until };
        let own = RowKey::effect(&effect.row.tenant, &effect.row.campaign, &effect.row.id);
        let call = Call { effect: own, claim: claim.id };
        let claimed = Effect {
            status: effect.row.status.next(EffectEvent::Claim)?,
            claim: Some(claim),
            not_before: None,
            due_at: Some(lease_until),
            ..effect.row.clone()
        };
        let transaction = Transaction::by(WriterId::new(format!("claim-{}", call.claim)))
            .replace(&effect, claimed)?
            .require_status(key, &[CampaignStatus::Active.name()]);
        match self.store.write(&transaction).await {
            Ok(_) => {
                self.desk().calls.push(call);
                Ok(())
            }
            Err(StoreError::Refused(_)) => Ok(()),
            Err(failed) => Err(failed.into()),
        }
    }

    /// One of the calls comes back, or is never heard of again.
    pub(super) async fn come_back(&self) -> Result<(), HandleError> {
        let Some(call) = self.any() else { return Ok(()) };
        let effect = self.read(&call.effect).await?;
        let is_its = |effect: &Stored<Effect>| {
            let claim = effect.row.claim.as_ref();
            effect.row.status == EffectStatus::Dispatching
                && claim.is_some_and(|claim| claim.id == call.claim)
        };
        if let Some(effect) = effect.filter(is_its) {
            let fails = self.fails;
            match self.lot() {
                lot if lot < fails => self.end(&effect, EffectEvent::Refuse).await?,
                lot if lot < fails + 5 => self.end(&effect, EffectEvent::Unsent).await?,
                lot if lot < fails + 10 => self.end(&effect, EffectEvent::Lose).await?,
                // The lease runs out, and the clock finds it.
                lot if lot < fails + 12 => {}
                _ => self.end(&effect, EffectEvent::Confirm).await?,
            }
        }
        self.desk().calls.retain(|other| other.claim != call.claim);
        Ok(())
    }

    /// The effect as this leaves it. Where somebody wrote first, its own follow-up goes on.
    async fn end(&self, old: &Stored<Effect>, event: EffectEvent) -> Result<(), HandleError> {
        let now = self.clock.now();
        let effect = &old.row;
        let wait = match event {
            EffectEvent::Unsent => Some(now + BACK_OFF),
            EffectEvent::Lose => Some(now + LOOK_BACK),
            _ => None,
        };
        let status = effect.status.next(event)?;
        let mut new = Effect { status, claim: None, not_before: wait, ..effect.clone() };
        new.due_at = wait.or_else(|| (!status.is_final()).then_some(now));
        new.ended_at = status.is_final().then_some(now);
        if event == EffectEvent::Confirm {
            let external_id = format!("post-{}", effect.id.as_str());
            new.outcome = Some(Outcome { external_id, url: None, cost: cents(0) });
        }
        if event == EffectEvent::Refuse {
            let (code, message) = ("unlucky".to_owned(), "it drew the short straw".to_owned());
            new.refusal = Some(Refusal { code, message, retryable: false });
        }
        let writer = WriterId::new(format!("end-{}", self.ids.fresh()));
        match self.store.write(&Transaction::by(writer).replace(old, new)?).await {
            Ok(_) | Err(StoreError::Refused(_)) => Ok(()),
            Err(failed) => Err(failed.into()),
        }
    }

    async fn read(&self, key: &RowKey) -> Result<Option<Stored<Effect>>, StoreError> {
        Ok(self.store.get(key).await?.and_then(|row| row.narrow(Row::into_effect)))
    }

    fn any(&self) -> Option<Call> {
        let mut desk = self.desk();
        let len = desk.calls.len();
        let at = if len > 0 { desk.rng.random_range(0..len) } else { 0 };
        desk.calls.get(at).cloned()
    }

    fn lot(&self) -> u32 {
        self.desk().rng.random_range(0..100)
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
