//! A server of ours as its clients hear it, both halves, without a wire between; and calls that come back late or never.

use std::any::Any;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chimera_domain::ports::{Burn, Clock as _, ToolError, WriteCall};
use chimera_domain::{Outcome, Refusal};
use chimera_mcp::server::{CallContext, ToolFault, ToolServer};
use chimera_testkit::{Mode, VirtualClock, is_crash};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::staged::{Cue, Stage};

/// What a call that was left alone still does.
type Acting = BoxFuture<'static, Result<Result<Value, ToolFault>, Box<dyn Any + Send>>>;

/// A call whose answer is still under way.
struct Late {
    due_ms: i64,
    acting: Acting,
}

/// A server's two halves on a stage. Clones share everything.
#[derive(Clone)]
pub(crate) struct Served {
    inner: Arc<Inner>,
}

struct Inner {
    read: ToolServer,
    write: ToolServer,
    stage: Stage,
    clock: VirtualClock,
    late: Mutex<Vec<Late>>,
    refused: Mutex<Vec<Refusal>>,
    executes: AtomicU32,
    unknowns: AtomicU32,
}

impl Served {
    pub(crate) fn new(read: ToolServer, write: ToolServer, stage: Stage, clock: &VirtualClock) -> Self {
        let inner = Inner {
            read,
            write,
            stage,
            clock: clock.clone(),
            late: Mutex::default(),
            refused: Mutex::default(),
            executes: AtomicU32::new(0),
            unknowns: AtomicU32::new(0),
        };
        Self { inner: Arc::new(inner) }
    }

    /// How its calls go.
    pub(crate) fn stage(&self) -> &Stage {
        &self.inner.stage
    }

    /// How often a call that acts reached it.
    pub(crate) fn executes(&self) -> u32 {
        self.inner.executes.load(Ordering::SeqCst)
    }

    /// How many of them left their caller without an answer.
    pub(crate) fn unknowns(&self) -> u32 {
        self.inner.unknowns.load(Ordering::SeqCst)
    }

    /// What it refused before it burnt anything.
    pub(crate) fn refused(&self) -> Vec<Refusal> {
        lock(&self.inner.refused).clone()
    }

    /// Calls a read tool.
    pub(crate) async fn read(&self, tool: &str, arguments: Value) -> Result<Value, ToolError> {
        call(&self.inner.read, tool, arguments).await
    }

    /// Looks at what it shows at an address.
    pub(crate) async fn look(&self, uri: &str) -> Result<Value, ToolError> {
        let shown = self.inner.read.read_resource_within(&CallContext::default(), uri).await;
        shown.map_err(told)
    }

    /// Performs a call once, as the stage has it.
    pub(crate) async fn execute(&self, granted_call: &WriteCall) -> Result<Burn, ToolError> {
        let Cue { mode, asleep } = self.inner.stage.tell(granted_call.idempotency_key);
        if mode == Mode::Unsent {
            return Err(ToolError::Unsent("connection refused".to_owned()));
        }
        self.inner.executes.fetch_add(1, Ordering::SeqCst);
        let (server, tool) = (self.inner.write.clone(), granted_call.tool.clone());
        let arguments = granted(granted_call);
        let acting = async move { server.call_checked(&tool, arguments).await };
        let mut acting: Acting = AssertUnwindSafe(acting).catch_unwind().boxed();
        let acted = tokio::select! {
            biased;
            acted = &mut acting => acted,
            () = asleep.notified() => {
                self.leave(mode, acting);
                return self.unknown("deadline exceeded");
            }
        };
        match acted {
            Err(caught) if !is_crash(&*caught) => resume_unwind(caught),
            Err(_) => self.unknown("the function died"),
            Ok(_) if mode == Mode::ReplyLost => self.unknown("the connection was reset"),
            Ok(Ok(answer)) => burn(answer),
            Ok(Err(ToolFault::Failed(why))) => self.unknown(&why.to_string()),
            Ok(Err(ToolFault::Refused(refusal) | ToolFault::Wait { refusal, .. })) => {
                lock(&self.inner.refused).push(refusal.clone());
                Err(ToolError::Refused(refusal))
            }
        }
    }

    /// Asks what became of a grant (`effect_outcome`), voids it, or closes it.
    pub(crate) async fn settling(
        &self,
        tool: &str,
        of: &WriteCall,
        happened: Option<&Outcome>,
    ) -> Result<Burn, ToolError> {
        let mut arguments = json!({ "grant": of.grant });
        if let Some(outcome) = happened {
            arguments["happened"] = json!(outcome);
        }
        burn(call(&self.inner.write, tool, arguments).await?)
    }

    /// Lets calls that were slow come back, whoever has given up on them.
    pub(crate) async fn settle(&self) {
        let now_ms = self.inner.clock.now().as_millisecond();
        let due = {
            let mut late = lock(&self.inner.late);
            let all = std::mem::take(&mut *late);
            let (due, waiting): (Vec<Late>, Vec<Late>) =
                all.into_iter().partition(|late| late.due_ms <= now_ms);
            *late = waiting;
            due
        };
        for Late { acting, .. } in due {
            match acting.await {
                Err(caught) if !is_crash(&*caught) => resume_unwind(caught),
                Ok(Err(fault)) => lock(&self.inner.refused).extend(fault.refusal().cloned()),
                _ => {}
            }
        }
    }

    fn leave(&self, mode: Mode, acting: Acting) {
        let seconds = if let Mode::Slow(seconds) = mode { i64::from(seconds) } else { 0 };
        let due_ms = self.inner.clock.now().as_millisecond() + seconds * 1_000;
        lock(&self.inner.late).push(Late { due_ms, acting });
    }

    fn unknown(&self, why: &str) -> Result<Burn, ToolError> {
        self.inner.unknowns.fetch_add(1, Ordering::SeqCst);
        Err(ToolError::Unknown(why.to_owned()))
    }
}

/// Calls a tool as a client would: what the server refuses is refused, what it does not know is unknown.
pub(super) async fn call(server: &ToolServer, tool: &str, arguments: Value) -> Result<Value, ToolError> {
    server.call_checked(tool, arguments).await.map_err(told)
}

fn told(fault: ToolFault) -> ToolError {
    match fault {
        ToolFault::Refused(refusal) | ToolFault::Wait { refusal, .. } => ToolError::Refused(refusal),
        ToolFault::Failed(why) => ToolError::Unknown(why.to_string()),
    }
}

/// The arguments of an effect's call, with grant and key beside.
fn granted(call: &WriteCall) -> Value {
    let mut arguments = call.arguments.clone();
    if let Some(fields) = arguments.as_object_mut() {
        fields.insert("grant".to_owned(), json!(call.grant));
        fields.insert("idempotency_key".to_owned(), json!(call.idempotency_key));
    }
    arguments
}

/// The answer of an effect tool.
fn burn(answer: Value) -> Result<Burn, ToolError> {
    serde_json::from_value(answer).map_err(|error| ToolError::Unknown(format!("no burn: {error}")))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
