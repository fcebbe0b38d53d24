//! Runs one random world with random faults, and tells its story.

use std::io::Write as _;
use std::process::ExitCode;

use chimera_sim::SwarmWorld;
use chimera_testkit::builders::{a_campaign, an_order};
use chimera_testkit::{Fault, Faults, Mode};
use clap::Parser;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// One random world, the same for the same seed.
#[derive(Debug, Parser)]
struct Arguments {
    /// What the world is made from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many worlds: this seed and those after it.
    #[arg(long, default_value_t = 1)]
    worlds: u64,
    /// Only the counts, not the story.
    #[arg(long)]
    quiet: bool,
}

fn main() -> std::io::Result<ExitCode> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let mut code = ExitCode::SUCCESS;
    for seed in arguments.seed..arguments.seed.saturating_add(arguments.worlds) {
        let world = runtime.block_on(run(seed));
        let broken = world.broken_promises();
        tell(&world, seed, arguments.quiet && broken.is_empty(), &broken)?;
        if !broken.is_empty() {
            code = ExitCode::FAILURE;
        }
        world.abandon();
    }
    Ok(code)
}

/// A campaign under faults, then the same world once nothing goes wrong any more.
async fn run(seed: u64) -> SwarmWorld {
    let mut rng = StdRng::seed_from_u64(seed);
    let world = SwarmWorld::with(seed, random_faults(seed, &mut rng));
    for _ in 0..rng.random_range(0..4) {
        world.platform.next(random_mode(&mut rng));
        world.wallet.next(random_mode(&mut rng));
    }
    let posts = rng.random_range(1..=4);
    let pictures = u32::from(rng.random_bool(0.3));
    let mut campaign =
        a_campaign().posts(posts).illustrations(pictures).hold_first(rng.random_range(0..=2)).seed(seed);
    // Some of them have a clip as well, and none is drawn by the lot that the rest is drawn by.
    campaign = campaign.films(u32::from(posts > pictures && seed.is_multiple_of(4)));
    let order = an_order(0xa1, 300, "for the drawings");
    world.change_policy(|policy| policy.recipients = Some([order.recipient.clone()].into())).await;
    if rng.random_bool(0.5) {
        campaign = campaign.pays(order);
    }
    if rng.random_bool(0.3) {
        campaign = campaign.remembers();
    }
    world.start(campaign).await;
    world.run_until_quiet().await;
    if rng.random_bool(0.3) {
        world.pause().await;
        world.run_until_quiet().await;
        world.resume().await;
    }
    world.faults.stop();
    world.run_until_quiet().await;
    if rng.random_bool(0.2) {
        world.cancel().await;
    }
    world.run_until_quiet().await;
    world.approve_all_reviews().await;
    world.run_until_quiet().await;
    world
}

fn random_faults(seed: u64, rng: &mut StdRng) -> Faults {
    let mut faults = Faults::seeded(seed)
        .percent("*", "write*", rng.random_range(0..20), Fault::LostReply)
        .percent("*", "write*", rng.random_range(0..20), Fault::Contention)
        .percent("*", "*", rng.random_range(0..4), Fault::CrashBefore)
        .percent("*", "*", rng.random_range(0..4), Fault::CrashAfter)
        .percent("*", "*", rng.random_range(0..4), Fault::Unavailable)
        .forget_follow_ups(rng.random_range(0..4));
    if rng.random() {
        faults = faults.duplicate_messages();
    }
    if rng.random() {
        faults = faults.reorder_streams();
    }
    if rng.random() {
        faults = faults.interleaved();
    }
    match rng.random_range(0..4) {
        0 => faults.without_stream(),
        1 => faults.without_clock(),
        _ => faults,
    }
}

fn random_mode(rng: &mut StdRng) -> Mode {
    match rng.random_range(0..7) {
        0 => Mode::NeverPosted,
        1 => Mode::CrashBeforeOutcome,
        2 => Mode::ReplyLost,
        3 => Mode::Unsent,
        4 => Mode::Slow(rng.random_range(1..300)),
        5 => Mode::Refuse("rate_limited", true),
        _ => Mode::Normal,
    }
}

fn tell(world: &SwarmWorld, seed: u64, is_quiet: bool, broken: &[String]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if !is_quiet {
        writeln!(out, "{}", world.story())?;
    }
    let campaigns: Vec<&str> = world.campaigns().iter().map(|campaign| campaign.status.name()).collect();
    writeln!(
        out,
        "seed {seed}: campaign {}, {} published, {} paid, {} tasks, {} effects, {} reviews, {} dead letters, {} faults",
        campaigns.join(" "),
        world.published().len(),
        world.wallet.paid().len(),
        world.tasks().len(),
        world.effects().len(),
        world.reviews().len(),
        world.dead_letters().len(),
        world.faults.fired(),
    )?;
    for line in broken {
        writeln!(out, "BROKEN: {line}")?;
    }
    Ok(())
}
