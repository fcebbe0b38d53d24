//! Attempts many effects under whatever goes wrong, and prints what they came to.

use std::io::Write as _;
use std::process::ExitCode;
use std::thread;

use chimera_sim::{Tally, trial};
use clap::Parser;

/// How many attempts, where nothing else is said.
const FEW: u64 = 500;
/// The variable that says it otherwise.
const VARIABLE: &str = "CHIMERA_ATTEMPTS";

/// Posts, replies, deletions and payments against our own servers, in process: none twice, none without a grant.
#[derive(Debug, Parser)]
struct Arguments {
    /// At least so many attempts; `CHIMERA_ATTEMPTS` says it, too (500).
    #[arg(long)]
    attempts: Option<u64>,
    /// What the first world is made from; those after it are the next.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Worlds at the same time; one for each core where it is not named.
    #[arg(long)]
    threads: Option<u64>,
    /// The least share of unknown outcomes, in per cent, below which the run proves nothing.
    #[arg(long, default_value_t = 20)]
    unknown: u64,
}

fn main() -> std::io::Result<ExitCode> {
    let arguments = Arguments::parse();
    let asked = arguments.attempts.or_else(|| std::env::var(VARIABLE).ok()?.parse().ok());
    let wanted = asked.unwrap_or(FEW);
    let cores = thread::available_parallelism().map_or(1, |cores| u64::try_from(cores.get()).unwrap_or(1));
    let threads = arguments.threads.unwrap_or(cores).max(1);
    let share = wanted.div_ceil(threads);
    let workers: Vec<_> =
        (0..threads).map(|at| thread::spawn(move || run(arguments.seed + at, threads, share))).collect();
    let mut tally = Tally::default();
    for worker in workers {
        match worker.join() {
            Ok(done) => tally.add(done?),
            Err(_) => return Err(std::io::Error::other("a world failed; its story is above")),
        }
    }
    let mut out = std::io::stdout().lock();
    for why in &tally.broken {
        writeln!(out, "BROKEN: {why}")?;
    }
    writeln!(out, "{tally}")?;
    let is_proof = tally.attempts >= wanted && tally.unknown_share() >= arguments.unknown * 100;
    if !is_proof {
        writeln!(out, "too few attempts, or too few unknown outcomes among them: this proves nothing")?;
    }
    Ok(if tally.is_clean() && is_proof { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Every `step`-th world from `seed` on, until there were enough attempts.
fn run(seed: u64, step: u64, attempts: u64) -> std::io::Result<Tally> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let mut tally = Tally::default();
    let mut seed = seed;
    while tally.attempts < attempts {
        let world = runtime.block_on(trial(seed));
        if !world.is_clean() {
            writeln!(std::io::stderr().lock(), "seed {seed}: {world}")?;
        }
        tally.add(world);
        seed = seed.wrapping_add(step);
    }
    Ok(tally)
}
