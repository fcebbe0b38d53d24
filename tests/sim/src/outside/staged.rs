//! What acts on the world fails at the worst moment: between the burning of a grant and the storing of what came of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chimera_domain::Refusal;
use chimera_mcp::server::Upstream;
use chimera_testkit::{Mode, VirtualClock, crash};
use mcp_coinbase::wallet::{DeployOrder, TransferOrder, WriteWallets};
use mcp_twitter::{Account, NewPost, Outlet};
use mcp_weaviate::{KeepOrder, Keeper};
use tokio::sync::Notify;
use uuid::Uuid;

/// How a write server behaves at each call, and what each call that is under way was told.
#[derive(Debug, Clone)]
pub(crate) struct Stage(Arc<Mutex<Script>>);

#[derive(Debug)]
struct Script {
    next: VecDeque<Mode>,
    always: Mode,
    told: BTreeMap<Uuid, Cue>,
}

/// What a call was told.
#[derive(Debug, Clone)]
pub(crate) struct Cue {
    pub(crate) mode: Mode,
    /// Told when a slow call has begun to wait.
    pub(crate) asleep: Arc<Notify>,
}

impl Default for Stage {
    fn default() -> Self {
        let script = Script { next: VecDeque::new(), always: Mode::Normal, told: BTreeMap::new() };
        Self(Arc::new(Mutex::new(script)))
    }
}

impl Stage {
    pub(crate) fn next(&self, mode: Mode) {
        self.script().next.push_back(mode);
    }

    pub(crate) fn always(&self, mode: Mode) {
        self.script().always = mode;
    }

    /// How the call under this key goes.
    pub(crate) fn tell(&self, key: Uuid) -> Cue {
        let mut script = self.script();
        let mode = script.next.pop_front().unwrap_or(script.always);
        let cue = Cue { mode, asleep: Arc::default() };
        script.told.insert(key, cue.clone());
        cue
    }

    /// What the call under this key was told; told once, so that no later call is.
    fn heard(&self, key: Uuid) -> Option<Cue> {
        self.script().told.remove(&key)
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What acts on the world, behind a stage.
#[derive(Debug)]
pub(crate) struct Staged<W> {
    pub(crate) actor: W,
    pub(crate) stage: Stage,
    pub(crate) clock: VirtualClock,
}

impl<W> Staged<W> {
    /// Acts as the call under this key was told to.
    async fn play(&self, key: Uuid, act: impl Future<Output = Upstream> + Send) -> Upstream {
        let Some(Cue { mode, asleep }) = self.stage.heard(key) else { return act.await };
        match mode {
            Mode::Normal | Mode::ReplyLost | Mode::Unsent => act.await,
            Mode::NeverPosted => crash(),
            Mode::CrashBeforeOutcome => {
                act.await;
                crash()
            }
            Mode::Slow(seconds) => {
                asleep.notify_one();
                self.clock.sleep(Duration::from_secs(u64::from(seconds))).await;
                act.await
            }
            Mode::Refuse(code, retryable) => refused(code, retryable, None),
            Mode::Limited(seconds) => refused("rate_limited", true, Some(seconds)),
        }
    }
}

impl<W: WriteWallets> WriteWallets for Staged<W> {
    async fn transfer(&self, order: TransferOrder) -> Upstream {
        self.play(order.key, self.actor.transfer(order)).await
    }

    async fn deploy(&self, order: DeployOrder) -> Upstream {
        self.play(order.key, self.actor.deploy(order)).await
    }
}

impl<O: Outlet> Outlet for Staged<O> {
    async fn post(&self, new: NewPost) -> Upstream {
        self.play(new.key, self.actor.post(new)).await
    }

    async fn delete(&self, account: &Account, post_id: &str, key: Uuid) -> Upstream {
        self.play(key, self.actor.delete(account, post_id, key)).await
    }
}

impl<K: Keeper> Keeper for Staged<K> {
    async fn keep(&self, order: KeepOrder) -> Upstream {
        self.play(order.key, self.actor.keep(order)).await
    }
}

fn refused(code: &str, retryable: bool, retry_after_s: Option<u32>) -> Upstream {
    let refusal = Refusal { code: code.to_owned(), message: "refused as it was told".to_owned(), retryable };
    Upstream::Refused { refusal, retry_after_s }
}
