//! Tools to try the kit with.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use chimera_domain::ports::Clock;
use chimera_domain::{Currency, Money, Outcome, Timestamp};
use chimera_mcp::ToolClass;
use chimera_mcp::server::schema;
use chimera_mcp::server::{CallContext, Effect, EffectTool, MediaRef, Tool, ToolFault, Upstream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// A clock that a test moves. Clones are one clock.
#[derive(Debug, Clone)]
pub(crate) struct HandClock(Arc<AtomicI64>);

impl HandClock {
    pub(crate) fn at(second: i64) -> Self {
        Self(Arc::new(AtomicI64::new(second * 1_000)))
    }

    pub(crate) fn pass_ms(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// Where something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    Here,
    There,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Said {
    /// What to say.
    #[schemars(length(min = 1, max = 280))]
    pub(crate) text: String,
    /// How, if it matters.
    #[serde(default)]
    pub(crate) how: Option<String>,
    #[serde(default)]
    pub(crate) place: Option<Place>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Echoed {
    #[schemars(length(max = 280))]
    pub(crate) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) traceparent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<Place>,
}

/// Says things back, or fails as it is told.
#[derive(Debug, Default)]
pub(crate) struct Echo;

impl Tool for Echo {
    const NAME: &'static str = "say";
    const DESCRIPTION: &'static str = "Says it back.";
    const CLASS: ToolClass = ToolClass::Read;
    type Input = Said;
    type Output = Echoed;

    async fn call(&self, context: &CallContext, input: Said) -> Result<Echoed, ToolFault> {
        match input.how.as_deref() {
            None => {}
            Some("wrongly") => {
                return Ok(Echoed { text: "x".repeat(281), traceparent: None, place: None });
            }
            Some("lost") => return Err(ToolFault::Failed("the key is hunter2".into())),
            Some(_) => return Err(ToolFault::refused("policy_violation", "no", false)),
        }
        Ok(Echoed { text: input.text, traceparent: context.traceparent.clone(), place: input.place })
    }
}

/// What a maker does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    Make,
    Refuse(&'static str),
    Fail,
    Panic,
    /// It makes it, and says something that breaks the schema.
    Babble,
    /// It makes it when it is let go on.
    Wait,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wish {
    #[schemars(schema_with = "schema::id")]
    #[expect(dead_code, reason = "the kit reads it")]
    pub(crate) tenant: String,
    #[expect(dead_code, reason = "the kit reads it")]
    pub(crate) idempotency_key: String,
    pub(crate) what: String,
    #[serde(default)]
    #[expect(dead_code, reason = "only its type matters")]
    pub(crate) size: Option<u8>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Made {
    #[schemars(length(max = 64))]
    pub(crate) what: String,
    /// How many were made before.
    pub(crate) number: usize,
}

/// Makes things and counts what it charged for. Clones are one maker.
#[derive(Debug, Clone)]
pub(crate) struct Maker {
    next: Arc<Mutex<Next>>,
    charged: Arc<AtomicUsize>,
    pub(crate) begun: Arc<Notify>,
    pub(crate) go_on: Arc<Notify>,
}

impl Maker {
    pub(crate) fn new() -> Self {
        Self {
            next: Arc::new(Mutex::new(Next::Make)),
            charged: Arc::default(),
            begun: Arc::default(),
            go_on: Arc::default(),
        }
    }

    pub(crate) fn then(&self, next: Next) {
        *self.next.lock().unwrap() = next;
    }

    pub(crate) fn charged(&self) -> usize {
        self.charged.load(Ordering::SeqCst)
    }
}

impl Tool for Maker {
    const NAME: &'static str = "thing_make";
    const DESCRIPTION: &'static str = "Makes a thing.";
    const CLASS: ToolClass = ToolClass::Generate;
    type Input = Wish;
    type Output = Made;

    async fn call(&self, _context: &CallContext, wish: Wish) -> Result<Made, ToolFault> {
        let next = self.next.lock().unwrap().clone();
        match next {
            Next::Refuse(code) => return Err(ToolFault::refused(code, "no", true)),
            Next::Panic => std::panic::resume_unwind(Box::new("hunter2")),
            Next::Make | Next::Fail | Next::Babble => {}
            Next::Wait => {
                self.begun.notify_one();
                self.go_on.notified().await;
            }
        }
        let number = self.charged.fetch_add(1, Ordering::SeqCst);
        if next == Next::Fail {
            return Err(ToolFault::Failed("the reply was lost".into()));
        }
        let what = if next == Next::Babble { "x".repeat(65) } else { wish.what };
        Ok(Made { what, number })
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Posting {
    #[schemars(schema_with = "schema::id")]
    pub(crate) account: String,
    #[schemars(length(min = 1, max = 280))]
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) media: Vec<MediaRef>,
}

/// Posts and remembers what was posted. Clones are one wall.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wall {
    pub(crate) posted: Arc<Mutex<Vec<(Effect, Posting)>>>,
}

impl EffectTool for Wall {
    const NAME: &'static str = "post_create";
    const DESCRIPTION: &'static str = "Posts.";
    type Arguments = Posting;

    fn account<'a>(&self, arguments: &'a Posting) -> &'a str {
        &arguments.account
    }

    fn price(&self, arguments: &Posting) -> Result<Money, ToolFault> {
        if arguments.text.contains("priceless") {
            return Err(ToolFault::refused("unsupported", "it has no price", false));
        }
        let minor = if arguments.text.contains("https://") { 20 } else { 2 };
        Money::new(minor, Currency::Usd).map_err(|error| ToolFault::Failed(error.into()))
    }

    async fn act(&self, effect: Effect, arguments: Posting) -> Upstream {
        let mut posted = self.posted.lock().unwrap();
        let external_id = posted.len().to_string();
        posted.push((effect, arguments));
        let cost = Money::new(2, Currency::Usd).unwrap();
        Upstream::Done(Outcome { external_id, url: None, cost })
    }
}
