//! Lists what a server offers, with its pin, and calls one of its tools:
//! `cargo run -p chimera-mcp --example tools -- URL [ERA [TOOL [ARGUMENTS]]]`, with `ERA` one of `auto`, `modern` and
//! `legacy` and `ARGUMENTS` a JSON object. Where a brief's feed stands in the place of the URL, `mcp://SERVER/TOOL?…`, the tool
//! is called as a research task would, on the servers of `MCP_SERVERS`. One line of JSON comes out; the exit code says whether
//! it worked.
#![expect(clippy::print_stdout, reason = "it is a program for a terminal")]

use std::error::Error;
use std::time::Duration;

use chimera_domain::ports::{ReadTools as _, SkillTools as _};
use chimera_domain::{TaskKind, ToolFeed};
use chimera_mcp::{Connections, McpToolbox, Registry};
use serde_json::{Value, json};

/// For the list and the call, each.
const DEADLINE: Duration = Duration::from_secs(20);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    let (first, rest) = given.split_first().ok_or("which URL?")?;
    let said = match ToolFeed::of(first)? {
        Some(feed) => read(&feed).await?,
        None => offer(first, rest).await?,
    };
    println!("{said}");
    Ok(())
}

/// What a configured tool answers to a research task.
async fn read(feed: &ToolFeed) -> Result<Value, Box<dyn Error>> {
    let toolbox = toolbox(&std::env::var("MCP_SERVERS")?)?;
    let tools = toolbox.of_others(TaskKind::Research);
    let answer = tools.call(feed.server(), feed.tool(), feed.arguments(), DEADLINE).await?;
    Ok(json!({ "answer": answer }))
}

/// What the server at this URL offers, and what its tool answers where one is named.
async fn offer(url: &str, rest: &[&str]) -> Result<Value, Box<dyn Error>> {
    let argument = |at: usize| rest.get(at).copied();
    let (tool, arguments) = (argument(1), argument(2).unwrap_or("{}"));
    let servers = json!([{
        "name": "server",
        "url": url,
        "era": argument(0).unwrap_or("auto"),
        // The class and kind of the one tool that may be called here: the caller is the one who says so.
        "tools": [{ "name": tool.unwrap_or("none"), "class": "read", "kinds": ["research"] }],
        "allow_private": true,
    }]);
    let toolbox = toolbox(&servers.to_string())?;
    let offer = toolbox.offer("server", DEADLINE).await?;
    let mut said = json!({ "tools": offer.tools, "pin": offer.digest });
    if let Some(tool) = tool {
        let arguments: Value = serde_json::from_str(arguments)?;
        said["answer"] = toolbox.call("server", tool, arguments, DEADLINE).await?;
    }
    Ok(said)
}

fn toolbox(servers: &str) -> Result<McpToolbox, Box<dyn Error>> {
    let aws =
        aws_config::SdkConfig::builder().behavior_version(aws_config::BehaviorVersion::latest()).build();
    Ok(McpToolbox::new(Registry::from_json(servers)?, Connections::new(&aws)?))
}
