//! [T-28] A server that means harm costs a call, and nothing else: the call ends by its deadline with an error that says
//! what is known, no effect is sent twice, and memory stays where it was. One line is printed for each way of doing harm.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "the lines are counted by whoever proves it")]

mod hostile {
    pub(crate) mod protocol;
    pub(crate) mod server;
    pub(crate) mod text;
    pub(crate) mod tools;
    pub(crate) mod wire;

    use serde_json::Value;

    use self::server::{Request, Script};

    /// A way of doing harm.
    #[derive(Clone, Copy)]
    pub(crate) struct Behaviour {
        pub(crate) name: &'static str,
        pub(crate) against: Against,
        pub(crate) expect: Expect,
        pub(crate) behave: fn(&Request) -> Script,
    }

    /// What the server is to the toolbox.
    #[derive(Clone, Copy)]
    pub(crate) enum Against {
        /// A server of ours.
        Plain,
        /// The same behind TLS.
        Tls,
        /// A server of ours with this tool list pinned.
        Pinned(fn() -> Vec<Value>),
        /// Somebody else's, of an older revision.
        Legacy,
        /// Somebody else's, of which nothing is known.
        Auto,
    }

    /// What the call must end in.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Expect {
        Unsent,
        Unknown,
        Forbidden,
        Refused,
    }
}

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use chimera_domain::Digest;
use chimera_domain::ports::{Burn, ReadTools as _, ToolError, WriteCall, WriteTools as _};
use chimera_mcp::net::Reach;
use chimera_mcp::server::tools_digest;
use chimera_mcp::{Connections, McpToolbox, McpWriteTools, Registry, Server, Target, ToolClass};
use hostile::server::{Hostile, good_result, result};
use hostile::{Against, Behaviour, Expect, protocol, text, tools, wire};
use peak_alloc::PeakAlloc;
use rmcp::model::Tool;
use serde_json::{Value, json};
use uuid::Uuid;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What a server that hangs costs.
const SHORT: Duration = Duration::from_millis(300);
/// Where the answer comes at once and must be understood, however busy the machine is.
const LONG: Duration = Duration::from_secs(20);
/// Most that one call may add to the memory in use, in bytes.
const MOST_MEMORY: usize = 64 * 1024 * 1024;
/// Attempts of a call that may be repeated.
const MOST_READS: usize = 3;

fn server(hostile: &Hostile, against: Against) -> Server {
    let scheme = if matches!(against, Against::Tls) { "https" } else { "http" };
    let target = Target::parse(&format!("{scheme}://{}/mcp", hostile.address)).within(Reach::Anywhere);
    let server = Server::new(target, [("look", ToolClass::Read), ("act", ToolClass::Effect)]);
    match against {
        Against::Pinned(list) => server.pinned(pin(&list())),
        _ => server,
    }
}

fn pin(list: &[Value]) -> Digest {
    let tools: Vec<Tool> = list.iter().map(|tool| serde_json::from_value(tool.clone()).unwrap()).collect();
    tools_digest(&tools)
}

fn registry(hostile: &Hostile, against: Against) -> Registry {
    let era = match against {
        Against::Legacy => "legacy",
        Against::Auto => "auto",
        _ => return Registry::new().with("hostile", server(hostile, against)),
    };
    let entry = json!([{
        "name": "hostile", "url": format!("http://{}/mcp", hostile.address), "era": era, "allow_private": true,
        "tools": [{ "name": "look", "class": "read", "kinds": ["research"] }],
    }]);
    Registry::from_json(&entry.to_string()).unwrap()
}

fn a_write() -> WriteCall {
    let money = json!({ "minor": 20, "currency": "USD" });
    let grant = json!({
        "grant": {
            "id": "g1", "key": "k1", "tenant": "acme", "agent": "mira", "campaign": "c1", "effect": "e1",
            "audience": "hostile@test", "tool": "act", "arguments": Digest::of_json(&json!({})), "max_cost": money,
            "policy_version": 0, "expires_at": "2031-03-02T09:15:00Z",
        },
        "signature": "",
    });
    WriteCall {
        server: "hostile".to_owned(),
        tool: "act".to_owned(),
        arguments: json!({}),
        grant: serde_json::from_value(grant).unwrap(),
        idempotency_key: Uuid::from_u128(1),
    }
}

fn class(error: &ToolError) -> Expect {
    match error {
        ToolError::Unsent(_) => Expect::Unsent,
        ToolError::Unknown(_) => Expect::Unknown,
        ToolError::Forbidden(_) => Expect::Forbidden,
        ToolError::Refused(_) => Expect::Refused,
    }
}

/// Nobody is kept waiting where anything is known.
fn deadline(behaviour: Behaviour) -> Duration {
    if behaviour.expect == Expect::Unknown { SHORT } else { LONG }
}

/// What is told of a failure may be sent on and printed.
fn is_harmless(error: &ToolError) -> bool {
    let text = match error {
        ToolError::Refused(refusal) => format!("{} {}", refusal.code, refusal.message),
        other => other.to_string(),
    };
    text.chars().count() < 600 && chimera_domain::is_carriable(&text)
}

/// Calls of tools that reached the server, and how the call ended.
async fn read(behaviour: Behaviour, connections: &Connections) -> (usize, ToolError) {
    let hostile = Hostile::listen(behaviour.behave).await;
    let toolbox = McpToolbox::new(registry(&hostile, behaviour.against), connections.clone()).seeded(1);
    match toolbox.call("hostile", "look", json!({}), deadline(behaviour)).await {
        Ok(answer) => panic!("{}: {answer:.200}", behaviour.name),
        Err(error) => {
            let redirected = behaviour.name.starts_with("redirects");
            assert!(!redirected || hostile.total() == 1, "{}: a redirect was followed", behaviour.name);
            (hostile.count("tools/call"), error)
        }
    }
}

/// The same for an effect; none where the server could have none.
async fn write(behaviour: Behaviour, connections: &Connections) -> Option<(usize, ToolError)> {
    if matches!(behaviour.against, Against::Legacy | Against::Auto) {
        return None;
    }
    let hostile = Hostile::listen(behaviour.behave).await;
    let writes = McpWriteTools::new(registry(&hostile, behaviour.against), connections.clone());
    match writes.execute(&a_write(), deadline(behaviour)).await {
        Ok(burn) => panic!("{}: {burn:?}", behaviour.name),
        Err(error) => Some((hostile.count("tools/call"), error)),
    }
}

async fn suffer(number: usize, behaviour: Behaviour, connections: &Connections) {
    let Behaviour { name, expect, .. } = behaviour;
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let (reads, error) = read(behaviour, connections).await;
    assert_eq!(class(&error), expect, "{name}: {error}");
    assert!(is_harmless(&error), "{name}: {error}");
    assert!(reads <= MOST_READS, "{name}: read {reads} times");
    let written = write(behaviour, connections).await;
    if let Some((effects, error)) = &written {
        assert_eq!(class(error), expect, "{name}, acting: {error}");
        assert!(*effects <= 1, "{name}: acted {effects} times");
    }
    if matches!(behaviour.against, Against::Pinned(_)) && expect != Expect::Unknown {
        let effects = written.map_or(0, |(effects, _)| effects);
        assert_eq!(reads + effects, 0, "{name}: a tool of a list that is not trusted was called");
    }
    let peak = MEMORY.peak_usage().saturating_sub(before);
    assert!(peak < MOST_MEMORY, "{name}: {peak} bytes");
    println!("hostile {number:02} {name}: {expect:?}, {reads} call(s), peak {} KiB", peak / 1024);
}

fn connections() -> Connections {
    Connections::new(&SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build()).unwrap()
}

/// [T-28]
#[tokio::test]
async fn a_hostile_server_costs_a_call_and_nothing_else() {
    let connections = connections();
    let ways = [wire::ALL, text::ALL, protocol::ALL, tools::ALL].concat();
    assert!(ways.len() >= 40);
    for (at, behaviour) in ways.iter().enumerate() {
        suffer(at + 1, *behaviour, &connections).await;
    }
}

/// The same harness against a server that means well: what fails above fails for its own reason.
#[tokio::test]
async fn a_server_that_means_well_is_believed() {
    let connections = connections();
    let hostile = Hostile::listen(|request| result(request, &good_result())).await;
    let toolbox = McpToolbox::new(registry(&hostile, Against::Plain), connections.clone());
    let answer = toolbox.call("hostile", "look", json!({}), LONG).await.unwrap();
    assert_eq!(answer, json!({ "state": "unused" }));
    let writes = McpWriteTools::new(registry(&hostile, Against::Plain), connections);
    assert_eq!(writes.execute(&a_write(), LONG).await.unwrap(), Burn::Unused);
}
