//! Putting a server together. What does not fit is found when it is built, not when it is called.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use chimera_domain::ports::{Clock, Ids};
use serde_json::Value;

use super::allowance::{Allowance, AllowanceStore};
use super::answers::AnswerStore;
use super::burn::BurnStore;
use super::desk::{AnyDesk, GrantDesk};
use super::desk_tools::{Settling, burn_schema, check_spec, settling_specs};
use super::effect::{EffectTool, Granted};
use super::generate::Generating;
use super::offer::{Behind, Offered, SpecError, ToolSpec};
use super::resources::{Resources, Shelf, odd};
use super::schema;
use super::services::{Services, WallClock};
use super::tool::{AnyTool, Plain, Tool};
use super::tools::{Inner, ToolServer};
use crate::client::ToolClass;

/// How long an unfinished call of a generate tool keeps its idempotency key: longer than any of our functions may run,
/// so that a call that still runs is never overtaken.
const LEASE: Duration = Duration::from_secs(120);

/// A server that is being put together. `D` is its desk: [`NoDesk`] until [`ServerBuilder::with_desk`].
pub struct ServerBuilder<D> {
    name: &'static str,
    desk: D,
    tools: BTreeMap<&'static str, Offered>,
    effects: Vec<&'static str>,
    shelf: Option<Shelf>,
    limited: Vec<&'static str>,
    services: Services,
    wrong: Option<SpecError>,
}

/// A server without a desk offers no effects.
#[derive(Debug, Clone, Copy)]
pub struct NoDesk;

/// The desk behind which a server's effects are.
#[derive(Clone)]
pub struct WithDesk(Arc<dyn AnyDesk>);

impl ToolServer {
    /// A server called `name`, without tools yet.
    #[must_use]
    pub fn builder(name: &'static str) -> ServerBuilder<NoDesk> {
        let services =
            Services { clock: Box::new(WallClock), allowances: None, lease: LEASE, dry_run: false };
        ServerBuilder {
            name,
            desk: NoDesk,
            tools: BTreeMap::new(),
            effects: Vec::new(),
            shelf: None,
            limited: Vec::new(),
            services,
            wrong: None,
        }
    }
}

impl ServerBuilder<NoDesk> {
    /// The same server with a desk, and with the tools that every write server has beside its own: `effect_outcome`,
    /// `effect_void`, `effect_close`, `effect_check`.
    #[must_use]
    pub fn with_desk<S, C, I>(self, desk: GrantDesk<S, C, I>) -> ServerBuilder<WithDesk>
    where
        S: BurnStore,
        C: Clock + Send + 'static,
        I: Ids + Send + 'static,
    {
        let desk: Arc<dyn AnyDesk> = Arc::new(desk);
        let Self { name, desk: NoDesk, tools, effects, shelf, limited, services, wrong } = self;
        let with = WithDesk(Arc::clone(&desk));
        let mut server = ServerBuilder { name, desk: with, tools, effects, shelf, limited, services, wrong };
        for (how, spec) in settling_specs() {
            let settling = Settling { desk: Arc::clone(&desk), how };
            server.offer(spec, Behind::Tool(Box::new(settling)));
        }
        server
    }
}

impl ServerBuilder<WithDesk> {
    /// One more effect tool.
    #[must_use]
    pub fn effect<E: EffectTool>(mut self, tool: E) -> Self {
        let spec = schema::effect_input::<E::Arguments>().map(|input| ToolSpec {
            name: E::NAME,
            description: E::DESCRIPTION,
            input,
            output: burn_schema(),
            class: ToolClass::Effect,
        });
        let granted = Granted { tool, desk: Arc::clone(&self.desk.0) };
        self.effects.push(E::NAME);
        self.offer_if(E::NAME, spec, Behind::Effect(Box::new(granted)));
        self
    }
}

impl<D> ServerBuilder<D> {
    /// One more tool that looks.
    #[must_use]
    pub fn tool<T: Tool>(mut self, tool: T) -> Self {
        if T::CLASS == ToolClass::Generate {
            self.refuse(
                T::NAME,
                "what makes something takes a key (`generate`) or is named by its caller (`upsert`)",
            );
        }
        self.plain(tool)
    }

    /// [T-2] One more tool that makes something and needs no key: its arguments name what it makes, and the same call
    /// twice leaves what it left once.
    #[must_use]
    pub fn upsert<T: Tool>(mut self, tool: T) -> Self {
        self.must_make::<T>();
        self.plain(tool)
    }

    /// [T-3] One more tool that makes something and costs money, and the store of what it has made. Its arguments have
    /// the fields `tenant` and `idempotency_key` (1 to 128 characters), both texts. The same key and arguments bring the
    /// stored answer, other arguments `idempotency_mismatch`, and a call while the first is under way `in_progress`.
    ///
    /// The tool refuses only where nothing was made: a refusal frees the key, and is not kept. Where it does not know it
    /// fails ([`super::ToolFault::Failed`]). Where a call ends without an answer or a refusal (a crash, a lost reply)
    /// nobody knows whether the upstream made something and charged for it. When the lease has run out this call is
    /// given up, another call with the key tries again, and may be charged again; a tool whose upstream takes a key of
    /// its own hands `idempotency_key` on, and is not.
    #[must_use]
    pub fn generate<T: Tool, A: AnswerStore>(mut self, tool: T, answers: A) -> Self {
        self.must_make::<T>();
        let input = schema::generate_input::<T::Input>();
        self.typed::<T>(input, Box::new(Generating { tool, answers }))
    }

    /// What may be looked at by address.
    #[must_use]
    pub fn resources<R: Resources>(mut self, resources: R) -> Self {
        if self.shelf.is_some() {
            self.wrong
                .get_or_insert_with(|| SpecError::new("more resources", "a server has them in one place"));
        }
        let specs = resources.templates();
        if let Some(odd) = odd(&specs) {
            self.wrong.get_or_insert(odd);
        }
        self.shelf = Some(Shelf { specs, reader: Box::new(resources) });
        self
    }

    /// Where it is kept what each tenant has left of each tool.
    #[must_use]
    pub fn allowances<S: AllowanceStore>(mut self, store: S) -> Self {
        self.services.allowances = Some(Box::new(store));
        self
    }

    /// Another clock than this machine's.
    #[must_use]
    pub fn clock<C: Clock + Send + 'static>(mut self, clock: C) -> Self {
        self.services.clock = Box::new(clock);
        self
    }

    /// Another time than two minutes for which an unfinished call of a generate tool keeps its key, and after which it is
    /// given up.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.services.lease = lease;
        self
    }

    /// [T-7] Whether effects are kept back: their grants are verified and burnt, and they answer `dry_run`.
    #[must_use]
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.services.dry_run = dry_run;
        self
    }

    /// [T-2] The server.
    ///
    /// # Errors
    /// [`SpecError`], the first thing that does not fit: a schema, a name that is taken, an effect among the tools, an
    /// allowance without a store.
    pub fn build(mut self) -> Result<ToolServer, SpecError> {
        if !self.effects.is_empty() {
            let spec = check_spec(&self.effects);
            self.offer(spec, Behind::Check);
        }
        if let (Some(tool), None) = (self.limited.first(), &self.services.allowances) {
            self.refuse(tool, "it has an allowance, and the server keeps none");
        }
        match self.wrong {
            Some(wrong) => Err(wrong),
            None => Ok(ToolServer {
                inner: Arc::new(Inner {
                    name: self.name,
                    tools: self.tools,
                    shelf: self.shelf,
                    services: self.services,
                }),
            }),
        }
    }

    fn plain<T: Tool>(self, tool: T) -> Self {
        let input = schema::input::<T::Input>();
        self.typed::<T>(input, Box::new(Plain(tool)))
    }

    fn must_make<T: Tool>(&mut self) {
        if T::CLASS != ToolClass::Generate {
            self.refuse(T::NAME, "what makes something has the class Generate");
        }
    }

    fn typed<T: Tool>(mut self, input: Result<Value, String>, behind: Box<dyn AnyTool>) -> Self {
        if T::CLASS == ToolClass::Effect {
            self.refuse(T::NAME, "an effect is an EffectTool behind a desk");
        }
        match T::ALLOWANCE {
            Some(allowance) if !Allowance::is_sound(allowance) => {
                self.refuse(T::NAME, "an allowance is at least one call, with time enough between them");
            }
            Some(_) => self.limited.push(T::NAME),
            None => {}
        }
        let spec = input.and_then(spec_of::<T>);
        self.offer_if(T::NAME, spec, Behind::Tool(behind));
        self
    }

    fn offer_if(&mut self, name: &'static str, spec: Result<ToolSpec, String>, behind: Behind) {
        match spec {
            Ok(spec) => self.offer(spec, behind),
            Err(why) => self.refuse(name, &why),
        }
    }

    fn offer(&mut self, spec: ToolSpec, behind: Behind) {
        let name = spec.name;
        match (Offered::new(spec, behind), self.tools.entry(name)) {
            (Ok(offered), Entry::Vacant(free)) => {
                free.insert(offered);
            }
            (Ok(_), Entry::Occupied(_)) => self.refuse(name, "another tool has the name"),
            (Err(wrong), _) => {
                self.wrong.get_or_insert(wrong);
            }
        }
    }

    fn refuse(&mut self, name: &str, why: &str) {
        self.wrong.get_or_insert_with(|| SpecError::new(format!("tool {name:?}"), why));
    }
}

fn spec_of<T: Tool>(input: Value) -> Result<ToolSpec, String> {
    let output = schema::output::<T::Output>()?;
    Ok(ToolSpec { name: T::NAME, description: T::DESCRIPTION, input, output, class: T::CLASS })
}
