//! Has a thousand people ask agents that are busy what they are, and prints how long each waited.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use chimera_domain::Confidence;
use chimera_sim::{MentionReport, MentionTrial, Waits, mention_trial};
use clap::Parser;

/// Who asks "are you a bot?" is told, within seconds, on the world's clock with published latencies of AWS.
#[derive(Debug, Parser)]
struct Arguments {
    /// Mentions; `CHIMERA_MENTIONS` says it, too (1000).
    #[arg(long)]
    mentions: Option<usize>,
    /// Ordinary tasks that wait when the first mention comes; `CHIMERA_WAITING` says it, too (2000).
    #[arg(long)]
    waiting: Option<usize>,
    /// Campaigns, each of an agent of its own.
    #[arg(long, default_value_t = 20)]
    campaigns: usize,
    /// Over how many seconds the mentions come.
    #[arg(long, default_value_t = 240)]
    stretch: u64,
    /// `PerceptionSeconds` of the first two runs; the third has the template's own.
    #[arg(long, default_value_t = 2)]
    look: u64,
    /// Invocations of the worker for ordinary tasks in the first run: so few that they wait throughout.
    #[arg(long, default_value_t = 2)]
    workers: usize,
    /// What everything is drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Basis points of confidence from which an answer goes out without a human. The standard policy says 9000: answers to the
    /// same question resemble each other, and an agent's later ones are then held.
    #[arg(long, default_value_t = 5_000)]
    approve: u16,
    /// The p99 may be so many milliseconds at most.
    #[arg(long, default_value_t = 10_000)]
    bar: i64,
}

/// `PerceptionSeconds` in `template.yaml`.
const USUAL_LOOK: u64 = 60;
/// Invocations that a standard event source mapping begins with.
const AS_DEPLOYED: usize = 5;

/// What is held to the bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Since {
    Said,
    Heard,
}

fn main() -> std::io::Result<ExitCode> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let runs = [
        ("work waits throughout", arguments.look, arguments.workers, Since::Said),
        ("work is done beside it", arguments.look, AS_DEPLOYED, Since::Said),
        ("the same, looked at as the template has it", USUAL_LOOK, AS_DEPLOYED, Since::Heard),
    ];
    let mut out = std::io::stdout().lock();
    writeln!(out, "latencies are published figures (tests/sim/src/mentions/latency.rs); nothing ran on AWS")?;
    writeln!(out, "answers go out without a human from a confidence of {} basis points", arguments.approve)?;
    let mut holds = true;
    for (name, look, workers, since) in runs {
        let trial = trial(&arguments, Duration::from_secs(look), workers);
        let report = runtime.block_on(mention_trial(&trial)).map_err(std::io::Error::other)?;
        let held = waits(&report, since).p99 <= arguments.bar && report.is_whole();
        holds &= held;
        tell(&mut out, &format!("{name}, PerceptionSeconds {look}"), &report, since, held)?;
    }
    writeln!(out, "bar: p99 at most {} ms, every mention answered once and honestly", arguments.bar)?;
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn trial(arguments: &Arguments, look: Duration, workers: usize) -> MentionTrial {
    let said = |given: Option<usize>, variable: &str, usual: usize| {
        given.or_else(|| std::env::var(variable).ok()?.parse().ok()).unwrap_or(usual)
    };
    MentionTrial {
        seed: arguments.seed,
        campaigns: arguments.campaigns,
        mentions: said(arguments.mentions, "CHIMERA_MENTIONS", 1_000),
        waiting: said(arguments.waiting, "CHIMERA_WAITING", 2_000),
        stretch: Duration::from_secs(arguments.stretch),
        look,
        workers,
        approve_from: Confidence::new(arguments.approve).unwrap_or(Confidence::FULL),
    }
}

fn waits(report: &MentionReport, since: Since) -> Waits {
    match since {
        Since::Said => report.from_said,
        Since::Heard => report.from_heard,
    }
}

fn tell(
    out: &mut impl std::io::Write,
    name: &str,
    report: &MentionReport,
    since: Since,
    held: bool,
) -> std::io::Result<()> {
    let barred = if since == Since::Said { "said" } else { "heard" };
    let (first, last) = report.waiting;
    writeln!(out, "{name}: bar held from when it was {barred}: {}", if held { "yes" } else { "NO" })?;
    writeln!(
        out,
        "  mentions {}, answered {}, disclosed {}, twice {}, high priority {}, held {}, waiting tasks {first} to {last}, \
         at the model at once {}",
        report.mentions,
        report.answered,
        report.disclosed,
        report.twice,
        report.first,
        report.held,
        report.at_once,
    )?;
    writeln!(out, "  from said: {}", report.from_said)?;
    writeln!(out, "  from heard: {}", report.from_heard)
}
