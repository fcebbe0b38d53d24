//! Grows many random campaigns under whatever goes wrong, and prints what they came to.

use std::io::Write as _;
use std::process::ExitCode;
use std::thread;

use chimera_sim::{DagTally, DagTrial, Grown, grow, shrunk};
use clap::Parser;

/// How many campaigns, where nothing else is said.
const FEW: u64 = 200;
/// The variable that says it otherwise.
const VARIABLE: &str = "CHIMERA_DAGS";
/// Lines of a story that are printed, from its end.
const LINES: usize = 120;

/// Random DAGs with failures, signals, pauses and cancels: each ends, in order and within its limits.
#[derive(Debug, Clone, Parser)]
struct Arguments {
    /// So many campaigns; `CHIMERA_DAGS` says it, too (200).
    #[arg(long)]
    dags: Option<u64>,
    /// What the first is drawn from; those after it are the next.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Tasks of each at most.
    #[arg(long, default_value_t = 200)]
    most: usize,
    /// Campaigns at the same time; one for each core where it is not named.
    #[arg(long)]
    threads: Option<u64>,
    /// The whole story of what is broken.
    #[arg(long)]
    story: bool,
}

fn main() -> std::io::Result<ExitCode> {
    let arguments = Arguments::parse();
    let asked = arguments.dags.or_else(|| std::env::var(VARIABLE).ok()?.parse().ok());
    let wanted = asked.unwrap_or(FEW);
    let cores = thread::available_parallelism().map_or(1, |cores| u64::try_from(cores.get()).unwrap_or(1));
    let threads = arguments.threads.unwrap_or(cores).max(1);
    let workers: Vec<_> = (0..threads)
        .map(|at| {
            let own = arguments.clone();
            thread::spawn(move || run(&own, (at..wanted).step_by(usize::try_from(threads).unwrap_or(1))))
        })
        .collect();
    let (mut tally, mut broken) = (DagTally::default(), Vec::new());
    for worker in workers {
        match worker.join() {
            Ok(done) => {
                let (part, seeds) = done?;
                tally.add(part);
                broken.extend(seeds);
            }
            Err(_) => return Err(std::io::Error::other("a campaign failed; its story is above")),
        }
    }
    broken.sort_unstable();
    let mut out = std::io::stdout().lock();
    writeln!(out, "{tally}")?;
    writeln!(out, "broken {} of {}: {broken:?}", broken.len(), tally.dags)?;
    let is_proof = tally.dags >= wanted && tally.approved > 0;
    if !is_proof {
        writeln!(out, "too few campaigns: this proves nothing")?;
    }
    Ok(if broken.is_empty() && is_proof { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Grows these campaigns; what they came to, and the seeds of those that are broken.
fn run(arguments: &Arguments, nth: impl Iterator<Item = u64>) -> std::io::Result<(DagTally, Vec<u64>)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let (mut tally, mut broken) = (DagTally::default(), Vec::new());
    for nth in nth {
        let seed = arguments.seed.wrapping_add(nth);
        let trial = DagTrial { seed, most: arguments.most, is_full: false, missing: None };
        let grown = runtime.block_on(grow(trial));
        tally.add(grown.tally.clone());
        if grown.is_clean() {
            continue;
        }
        broken.push(seed);
        // The smallest that is broken, too, is the one to read.
        let (trial, grown) = runtime.block_on(shrunk(trial)).unwrap_or((trial, grown));
        tell(&trial, &grown, arguments.story)?;
    }
    Ok((tally, broken))
}

fn tell(trial: &DagTrial, grown: &Grown, is_whole: bool) -> std::io::Result<()> {
    let mut out = std::io::stderr().lock();
    let lines: Vec<&str> = grown.story.lines().collect();
    let from = if is_whole { 0 } else { lines.len().saturating_sub(LINES) };
    writeln!(out, "{}", lines.get(from..).unwrap_or_default().join("\n"))?;
    writeln!(out, "{}", grown.told())?;
    writeln!(out, "seed {}: {}", trial.seed, grown.tally)?;
    writeln!(out, "again: dags --dags 1 --seed {} --most {} --story", trial.seed, trial.most)
}
