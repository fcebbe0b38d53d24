//! What does not fit is found before the server starts.

use std::time::Duration;

use chimera_domain::Money;
use chimera_mcp::ToolClass;
use chimera_mcp::server::{
    Allowance, CallContext, Effect, EffectTool, MemoryAnswers, ResourceSpec, Resources, SpecError, Tool,
    ToolFault, ToolServer, Upstream,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::allowances::Look;
use super::effects::desk;
use super::tools::{Echo, Echoed, Maker, Said};

fn why(built: Result<ToolServer, SpecError>) -> String {
    built.err().unwrap().to_string()
}

/// Tools of one kind with a mistake each.
macro_rules! mistaken {
    ($tool:ident, $name:literal, $class:ident, $allowance:expr, $input:ty, $output:ty) => {
        struct $tool;

        impl Tool for $tool {
            const NAME: &'static str = $name;
            const DESCRIPTION: &'static str = "Is wrong.";
            const CLASS: ToolClass = ToolClass::$class;
            const ALLOWANCE: Option<Allowance> = $allowance;
            type Input = $input;
            type Output = $output;

            async fn call(&self, _context: &CallContext, _input: $input) -> Result<$output, ToolFault> {
                Err(ToolFault::refused("unsupported", "it is wrong", false))
            }
        }
    };
}

#[derive(Debug, Serialize, JsonSchema)]
struct Wrapped(String);

/// An object or a bare text.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(dead_code, reason = "only its schema matters")]
enum Maybe {
    Nothing,
    Something { what: String },
}

mistaken!(AnEffect, "acts", Effect, None, Said, Echoed);
mistaken!(BadName, "no name!", Read, None, Said, Echoed);
mistaken!(BareText, "bare", Read, None, Said, Wrapped);
mistaken!(Keyless, "keyless", Generate, None, Said, Echoed);
mistaken!(Perhaps, "perhaps", Read, None, Said, Maybe);
mistaken!(Never, "never", Read, Some(Allowance::per(0, Duration::from_secs(1))), Said, Echoed);

/// [T-2]
#[test]
fn tools_that_do_not_fit_stop_the_server_from_starting() {
    let build = |builder: chimera_mcp::server::ServerBuilder<_>| why(builder.build());
    let new = || ToolServer::builder("odd");
    for (wrong, told) in [
        (build(new().tool(Echo).tool(Echo)), "another tool has the name"),
        (build(new().tool(AnEffect)), "an effect is an EffectTool"),
        (build(new().tool(BadName)), "a name has 1 to 64"),
        (build(new().tool(BareText)), "arguments and answers are objects"),
        (build(new().generate(Keyless, MemoryAnswers::default())), "`tenant`"),
        (build(new().generate(Echo, MemoryAnswers::default())), "has the class Generate"),
        (build(new().tool(Keyless)), "takes a key"),
        (build(new().upsert(Echo)), "has the class Generate"),
        (build(new().upsert(AnEffect)), "has the class Generate"),
        (build(new().tool(Perhaps)), "arguments and answers are objects"),
        (build(new().tool(Never)), "at least one call"),
        (build(new().tool(Look)), "the server keeps none"),
    ] {
        assert!(wrong.contains(told), "{wrong}");
    }
    let sound = new().tool(Echo).upsert(Keyless).generate(Maker::new(), MemoryAnswers::default());
    assert!(sound.build().is_ok());
}

#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only its schema matters")]
struct Grabbing {
    account: String,
    grant: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only its schema matters")]
struct Nameless {
    account: String,
    media: Vec<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only its schema matters")]
struct Carrying {
    account: String,
    media: Vec<Carried>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only its schema matters")]
struct Carried {
    digest: String,
    bytes_base64: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "what")]
#[expect(dead_code, reason = "only its schema matters")]
enum Either {
    Post { account: String },
    Reply { account: String, to: String },
}

struct Odd<A>(std::marker::PhantomData<fn() -> A>);

impl<A: serde::de::DeserializeOwned + JsonSchema + Send + 'static> EffectTool for Odd<A> {
    const NAME: &'static str = "odd";
    const DESCRIPTION: &'static str = "Is wrong.";
    type Arguments = A;

    fn account<'a>(&self, _arguments: &'a A) -> &'a str {
        "nova"
    }

    fn price(&self, _arguments: &A) -> Result<Money, ToolFault> {
        Err(ToolFault::refused("unsupported", "it is wrong", false))
    }

    async fn act(&self, _effect: Effect, _arguments: A) -> Upstream {
        Upstream::Unknown("it is wrong".to_owned())
    }
}

/// [T-2]
#[test]
fn an_effects_own_arguments_leave_room_for_grant_and_bytes() {
    let new = || ToolServer::builder("odd").with_desk(desk(500));
    let grabbing = why(new().effect(Odd::<Grabbing>(std::marker::PhantomData)).build());
    assert!(grabbing.contains("`grant` is the kit's"), "{grabbing}");
    let nameless = why(new().effect(Odd::<Nameless>(std::marker::PhantomData)).build());
    assert!(nameless.contains("an element of media must be an object"), "{nameless}");
    let carrying = why(new().effect(Odd::<Carrying>(std::marker::PhantomData)).build());
    assert!(carrying.contains("`bytes_base64` of an element of media is the kit's"), "{carrying}");
    let either = why(new().effect(Odd::<Either>(std::marker::PhantomData)).build());
    assert!(either.contains("has one form"), "{either}");
}

struct Shelf(Vec<ResourceSpec>);

impl Resources for Shelf {
    fn templates(&self) -> Vec<ResourceSpec> {
        self.0.clone()
    }

    async fn read(&self, _context: &CallContext, _uri: &str) -> Result<Value, ToolFault> {
        Ok(Value::Null)
    }
}

/// [T-2]
#[test]
fn a_resource_whose_address_is_none_stops_the_server_from_starting() {
    for uri in [
        "latest",
        "news://{topic",
        "news://topic}",
        "news://{{topic}}",
        "news://{}",
        "news://{topic}{place}",
        "news://{topic}/{topic}",
    ] {
        let wrong = why(ToolServer::builder("odd").resources(Shelf(vec![spec(uri)])).build());
        assert!(wrong.contains("a URI has a scheme"), "{wrong}");
    }
}

fn spec(uri: &'static str) -> ResourceSpec {
    ResourceSpec::new(uri, "odd", "Is wrong.")
}

/// [T-2] [T-8]
#[test]
fn what_is_a_tenants_is_not_public_and_an_address_is_one_resources() {
    let build = |specs: Vec<ResourceSpec>| ToolServer::builder("odd").resources(Shelf(specs)).build();
    let shown = why(build(vec![spec("wallet://{tenant}/ledger").public()]));
    assert!(shown.contains("is not public"), "{shown}");
    for (one, other) in [
        ("news://latest", "news://latest"),
        ("news://{topic}", "news://latest"),
        ("news://latest", "news://{topic}"),
        ("news://{topic}/{place}", "news://{region}/all"),
    ] {
        let twice = why(build(vec![spec(one), spec(other)]));
        assert!(twice.contains("another resource has its addresses"), "{one} {other}: {twice}");
    }
    assert!(build(vec![spec("wallet://{tenant}/ledger"), spec("news://latest").public()]).is_ok());
}
