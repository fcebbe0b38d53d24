//! Draws a made-up plan: `draw <tasks> <svg|mermaid|tree|json>`.
#![expect(clippy::print_stdout, reason = "what it draws goes to its output")]

use anyhow::{Context as _, bail};

#[path = "../tests/plans/mod.rs"]
mod plans;

fn main() -> anyhow::Result<()> {
    let mut words = std::env::args().skip(1);
    let tasks = words.next().map_or(Ok(12), |tasks| tasks.parse()).context("how many tasks?")?;
    let graph = plans::of_tasks(tasks);
    match words.next().as_deref().unwrap_or("svg") {
        "svg" => print!("{}", graph.svg()),
        "mermaid" => print!("{}", graph.mermaid()),
        "tree" => print!("{}", graph.tree()),
        "json" => println!("{:#}", serde_json::to_value(&graph)?),
        other => bail!("{other:?} is none of svg, mermaid, tree, json"),
    }
    Ok(())
}
