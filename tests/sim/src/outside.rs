//! Everything outside the house, as its clients reach it: the platform of posts and feeds, and our own servers of wallets,
//! pictures and memories with their sandboxes, all under the world's faults.

mod halves;
mod memory;
mod others;
mod posts;
mod served;
mod staged;
mod studio;
mod wallet;

use std::sync::Arc;
use std::time::Duration;

use chimera_domain::ports::{Burn, ReadTools, Resources, SkillTools, ToolError, WriteCall, WriteTools};
use chimera_domain::{Outcome, TaskKind};
use chimera_testkit::{Fault, Faults, MemorySigner, SandboxPlatform, VirtualClock, crash_after};
use serde_json::Value;

pub use memory::Memories;
pub use others::Others;
pub(crate) use posts::{Happened, Posts};
use served::Served;
pub use studio::Studio;
pub use wallet::{Paid, Wallet};

/// Everything outside, as one function sees it. Clones share it.
#[derive(Clone)]
pub(crate) struct Outside {
    pub(crate) platform: SandboxPlatform,
    /// Our own server of posts, where it takes the stand-in's place.
    pub(crate) posts: Option<Posts>,
    pub(crate) wallet: Wallet,
    pub(crate) studio: Studio,
    pub(crate) memories: Memories,
    /// Somebody else's servers, as configuration names them.
    pub(crate) others: Others,
    faults: Faults,
    function: Arc<str>,
}

impl Outside {
    pub(crate) fn new(
        platform: SandboxPlatform,
        signer: &MemorySigner,
        clock: &VirtualClock,
        faults: Faults,
    ) -> Self {
        Self {
            platform,
            posts: None,
            wallet: Wallet::new(signer, clock),
            studio: Studio::new(clock),
            memories: Memories::new(signer, clock),
            others: Others::default(),
            faults,
            function: Arc::from("test"),
        }
    }

    /// The same with our own server of posts instead of the stand-in for it.
    pub(crate) fn on_our_posts(self, signer: &MemorySigner, clock: &VirtualClock) -> Self {
        Self { posts: Some(Posts::new(signer, clock)), ..self }
    }

    /// The same, whose calls are `function`'s, and subject to the faults aimed at it.
    pub(crate) fn as_function(&self, function: &str) -> Self {
        Self { platform: self.platform.as_function(function), function: Arc::from(function), ..self.clone() }
    }

    /// Lets calls that were slow come back, whoever has given up on them.
    pub(crate) async fn settle(&self) {
        self.wallet.served.settle().await;
        self.memories.served.settle().await;
        if let Some(posts) = &self.posts {
            posts.served.settle().await;
        }
    }

    /// A call to one of our servers, under the faults aimed at whoever makes it.
    async fn guarded<T>(
        &self,
        port: &str,
        call: impl Future<Output = Result<T, ToolError>> + Send,
    ) -> Result<T, ToolError> {
        let fault = self.faults.at(&self.function, port).await;
        if let Some(Fault::Contention | Fault::Unavailable) = fault {
            return Err(ToolError::Unsent("injected: connection refused".to_owned()));
        }
        self.settle().await;
        let answer = call.await;
        crash_after(fault);
        match fault {
            Some(Fault::LostReply) => Err(ToolError::Unknown("injected: the reply was lost".to_owned())),
            _ => answer,
        }
    }

    /// The server of ours that a call is for; none where the stand-in takes it.
    fn ours(&self, server: &str) -> Option<&Served> {
        match server {
            wallet::NAME => Some(&self.wallet.served),
            memory::NAME => Some(&self.memories.served),
            posts::NAME => self.posts.as_ref().map(|posts| &posts.served),
            _ => None,
        }
    }
}

impl ReadTools for Outside {
    async fn call(
        &self,
        server: &str,
        tool: &str,
        arguments: Value,
        deadline: Duration,
    ) -> Result<Value, ToolError> {
        if let Some(ours) = self.ours(server) {
            return self.guarded(tool, ours.read(tool, arguments)).await;
        }
        match server {
            studio::NAME => self.guarded(tool, self.studio.call(tool, arguments)).await,
            _ => self.platform.call(server, tool, arguments, deadline).await,
        }
    }
}

/// What is said and written: by our own server of posts where it takes the stand-in's place, else by the stand-in.
impl Resources for Outside {
    async fn read(&self, server: &str, uri: &str, deadline: Duration) -> Result<Value, ToolError> {
        match self.ours(server) {
            Some(ours) => self.guarded(&format!("read_{server}"), ours.look(uri)).await,
            None => self.platform.read(server, uri, deadline).await,
        }
    }
}

/// The worker's own table says what each kind may call; here is one outside for all.
impl SkillTools for Outside {
    fn for_kind(&self, _: TaskKind) -> impl ReadTools + Send {
        self.clone()
    }

    fn of_others(&self, _: TaskKind) -> impl ReadTools + Send {
        Named(self.clone())
    }
}

/// The tools that a brief may name, as one function sees them.
struct Named(Outside);

impl ReadTools for Named {
    async fn call(
        &self,
        server: &str,
        tool: &str,
        arguments: Value,
        _: Duration,
    ) -> Result<Value, ToolError> {
        let Self(outside) = self;
        outside.guarded(tool, outside.others.call(server, tool, arguments)).await
    }
}

impl WriteTools for Outside {
    async fn execute(&self, call: &WriteCall, deadline: Duration) -> Result<Burn, ToolError> {
        if let Some(ours) = self.ours(&call.server) {
            return self.guarded("execute", ours.execute(call)).await;
        }
        self.platform.execute(call, deadline).await
    }

    async fn outcome(&self, call: &WriteCall, deadline: Duration) -> Result<Burn, ToolError> {
        if let Some(ours) = self.ours(&call.server) {
            return self.guarded("outcome", ours.settling("effect_outcome", call, None)).await;
        }
        self.platform.outcome(call, deadline).await
    }

    async fn void(&self, call: &WriteCall, deadline: Duration) -> Result<Burn, ToolError> {
        if let Some(ours) = self.ours(&call.server) {
            return self.guarded("void", ours.settling("effect_void", call, None)).await;
        }
        self.platform.void(call, deadline).await
    }

    async fn close(
        &self,
        call: &WriteCall,
        happened: Option<&Outcome>,
        deadline: Duration,
    ) -> Result<Burn, ToolError> {
        if let Some(ours) = self.ours(&call.server) {
            return self.guarded("close", ours.settling("effect_close", call, happened)).await;
        }
        self.platform.close(call, happened, deadline).await
    }
}
