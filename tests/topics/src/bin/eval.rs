//! Measures the topic screen on labelled posts.
#![expect(clippy::print_stdout, reason = "the table is what is asked for")]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use chimera_policy::disguise::read;
use chimera_policy::features::features;
use chimera_policy::screen::without_idioms;
use chimera_policy::semantic::Model;
use chimera_policy::vocabulary::Vocabulary;
use chimera_topics::corpus::{Post, read_file, read_folder};
use chimera_topics::evaluation::{BAR_MICROS, Item, is_held, mean_micros, screen_posts, table};
use clap::Parser;

/// Measure the topic screen on labelled posts.
#[derive(Debug, Parser)]
struct Arguments {
    /// Files of posts, or folders of them.
    #[arg(long, default_value = "shared/policy/corpus/test")]
    file: Vec<PathBuf>,
    /// Where to write what became of each post, one a line.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Fail where a bar is missed.
    #[arg(long)]
    bars: bool,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let mut posts = Vec::new();
    for path in &arguments.file {
        posts.extend(if path.is_dir() { read_folder(path)? } else { read_file(path)? });
    }
    let screened = screen_posts(&posts);
    if let Some(out) = &arguments.out {
        let mut lines = String::new();
        for (post, screened) in posts.iter().zip(&screened) {
            writeln!(lines, "{}", serde_json::to_string(&item(post, screened))?)?;
        }
        std::fs::write(out, lines).with_context(|| format!("cannot write {}", out.display()))?;
    }
    let mut is_missed = false;
    for line in table(&posts, &screened) {
        let bar = match &line.bar {
            Some((bar, true)) => format!("{bar}  met"),
            Some((bar, false)) => format!("{bar}  MISSED"),
            None => String::new(),
        };
        is_missed |= line.bar.is_some_and(|(_, is_met)| !is_met);
        println!("{:<36} {}  {bar}", line.name, line.share);
    }
    let micros = mean_micros(&posts);
    is_missed |= micros > BAR_MICROS;
    println!("processor time of a post: {micros:.0} µs, bar {BAR_MICROS:.0} µs");
    Ok(if arguments.bars && is_missed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn item(post: &Post, screened: &chimera_policy::Screened) -> Item {
    let features = features(&without_idioms(&read(&post.text, Vocabulary::shipped()).canonical));
    Item {
        id: post.id.clone(),
        topics: screened
            .flags
            .iter()
            .filter_map(|flag| flag.as_str().strip_prefix("topic:"))
            .map(str::to_owned)
            .collect(),
        held: is_held(screened),
        seen: screened.seen.clone(),
        scores: Model::shipped().scores(&features).to_vec(),
    }
}
