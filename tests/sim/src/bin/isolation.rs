//! Whether one slow task slows the others: the same campaign of 200 tasks twice, once with one task 100 times slower.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use chimera_domain::Timestamp;
use chimera_sim::{SwarmWorld, WorkTimes, an_article};
use chimera_testkit::Feed;
use chimera_testkit::builders::{a_campaign, cents};
use clap::Parser;
use serde_json::Value;

/// One of many tasks is slow: how much later are the others?
#[derive(Debug, Parser)]
struct Arguments {
    /// Tasks: half of them read a feed, half of them write about what the other half found.
    #[arg(long, default_value_t = 200)]
    tasks: u32,
    /// How many times slower the slow one is.
    #[arg(long, default_value_t = 100)]
    slower: u32,
    /// The p99 of the others may grow by this factor at most.
    #[arg(long, default_value_t = 1.2)]
    bar: f64,
    /// Workers at the same time.
    #[arg(long, default_value_t = 20)]
    workers: usize,
}

/// How long each attempt at each task was open.
type Waits = BTreeMap<(String, u64), Duration>;

/// What a task usually takes.
const USUAL: Duration = Duration::from_millis(200);

/// The task that is slow: it writes about the feed in the middle.
struct Slow {
    task: String,
    url: String,
}

fn main() -> std::io::Result<ExitCode> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let posts = (arguments.tasks / 2).max(2);
    let middle = posts / 2;
    let slow = Slow { task: format!("write-{middle}"), url: an_article(middle).url };
    let alone = runtime.block_on(waits(posts, arguments.workers, None));
    let beside =
        runtime.block_on(waits(posts, arguments.workers, Some((slow.url.clone(), arguments.slower))));
    let others = |waits: &Waits| -> Vec<Duration> {
        waits.iter().filter(|((task, _), _)| *task != slow.task).map(|(_, wait)| *wait).collect()
    };
    let (before, after) = (p99(others(&alone)), p99(others(&beside)));
    let took = beside.get(&(slow.task.clone(), 1)).copied().unwrap_or_default();
    let ratio = after.as_secs_f64() / before.as_secs_f64();
    let tasks = beside.keys().map(|(task, _)| task).collect::<BTreeSet<_>>().len();
    // A slow task that was not slow, or a campaign that was not done, would prove nothing.
    let is_slow = took >= USUAL * arguments.slower;
    let is_whole = u32::try_from(tasks).is_ok_and(|tasks| tasks == posts * 2);
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "isolation: {} tasks, {} took {} ms; p99 of the others {} ms alone, {} ms beside it; ratio {ratio:.2} of at most {:.2}",
        tasks,
        slow.task,
        took.as_millis(),
        before.as_millis(),
        after.as_millis(),
        arguments.bar,
    )?;
    let holds = is_slow && is_whole && ratio.is_finite() && ratio <= arguments.bar;
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn waits(posts: u32, workers: usize, slow: Option<(String, u32)>) -> Waits {
    let world = SwarmWorld::new();
    world.change_policy(|policy| policy.caps.per_agent_day = Some(cents(1_000_000))).await;
    world.work_takes(WorkTimes { usual: USUAL, slow });
    let mut urls = Vec::new();
    for at in 1..=posts {
        let url = format!("https://smalltools.example/feed-{at}.xml");
        world.platform.serve(&url, Feed::with_articles("Small Tools", vec![an_article(at)]));
        urls.push(url);
    }
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    world.start(a_campaign().feeds(&urls).posts(posts).budget(1_000_000)).await;
    world.run_with_workers(workers).await;
    let waits = waits_of(&world);
    world.abandon();
    waits
}

/// From the write that opened an attempt to the one that ended it.
fn waits_of(world: &SwarmWorld) -> Waits {
    let mut opened: BTreeMap<(String, u64), Timestamp> = BTreeMap::new();
    let mut waits = Waits::new();
    for write in world.cloud.history() {
        let text = |name: &str| write.new.get(name).and_then(Value::as_str).unwrap_or_default();
        if text("kind") != "task" {
            continue;
        }
        let attempt = write.new.get("attempt").and_then(Value::as_u64).unwrap_or(0);
        let place = (text("id").to_owned(), attempt);
        if text("status") == "open" {
            opened.entry(place).or_insert(write.at);
        } else if let Some(since) = opened.remove(&place) {
            waits.insert(place, Duration::try_from(write.at.duration_since(since)).unwrap_or_default());
        }
    }
    waits
}

fn p99(mut waits: Vec<Duration>) -> Duration {
    waits.sort();
    let at = (waits.len() * 99).div_ceil(100).saturating_sub(1);
    waits.get(at).copied().unwrap_or_default()
}
