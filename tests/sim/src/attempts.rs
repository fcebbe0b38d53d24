//! Many effects, each attempted under whatever goes wrong, against our own servers with their real grant desk: whole worlds
//! of posts, replies, deletions and payments, and what each came to by the servers' own books.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chimera_domain::{Effect, MediumBand, Mention, Review, Stored, Subject};
use chimera_testkit::builders::{FEED, a_campaign, a_tenant, an_agent_id, an_order, cents};
use chimera_testkit::{Fault, Faults, Feed, Mode};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

use crate::outside::{Happened, Posts};
use crate::promises::payments::Place;
use crate::promises::{Name, name_of};
use crate::{Answer, Line, SwarmWorld, all_is_medium, an_article};

/// What one world's campaign asks for.
const POSTS: u32 = 8;
const REPLIES: usize = 4;
const PAYMENTS: u8 = 3;
/// Calls of each server whose ways are drawn beforehand: more than a world makes.
const CALLS: usize = 200;
/// Rounds of answering and running on that a world may need, and those of them that are troubled.
const ROUNDS: usize = 40;
const TROUBLED: usize = 4;
/// Lines of the promises that ask the stand-in for the platform, which these worlds do not post on.
const OF_THE_STAND_IN: [&str; 2] = ["outcomes", "taken-back"];

/// What many attempts came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Worlds that were run.
    pub worlds: u64,
    /// Calls that reached a write server and wanted to act.
    pub attempts: u64,
    /// Those of them that left their caller without an answer.
    pub unknown: u64,
    /// Other things that went wrong at ports: crashes, lost replies, contention.
    pub faults: u64,
    /// Posts, deletions and payments that happened.
    pub happened: u64,
    /// Posts and deletions of one effect beyond its first.
    pub double_posts: u64,
    /// Payments of one effect beyond its first; a task's order that two effects paid is a broken promise.
    pub double_payments: u64,
    /// What happened and no effect was granted.
    pub without_grant: u64,
    /// Effects that did not end.
    pub unresolved: u64,
    /// By how many cents the ledger and the servers differ, in all.
    pub ledger_off: u64,
    /// Promises that were broken, in words.
    pub broken: Vec<String>,
}

impl Tally {
    /// Adds what another world came to.
    pub fn add(&mut self, other: Self) {
        self.worlds += other.worlds;
        self.attempts += other.attempts;
        self.unknown += other.unknown;
        self.faults += other.faults;
        self.happened += other.happened;
        self.double_posts += other.double_posts;
        self.double_payments += other.double_payments;
        self.without_grant += other.without_grant;
        self.unresolved += other.unresolved;
        self.ledger_off += other.ledger_off;
        self.broken.extend(other.broken);
    }

    /// Whether nothing was wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        let wrong =
            [self.double_posts, self.double_payments, self.without_grant, self.unresolved, self.ledger_off];
        wrong.iter().all(|count| *count == 0) && self.broken.is_empty()
    }

    /// The share of attempts whose outcome nobody told, in hundredths of a per cent.
    #[must_use]
    pub fn unknown_share(&self) -> u64 {
        (self.unknown * 10_000).checked_div(self.attempts).unwrap_or(0)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = self.unknown_share();
        write!(
            f,
            "attempts {} in {} worlds, unknown outcomes {}.{:02} %, faults {}, happened {}, double posts {}, \
             double payments {}, without grant {}, unresolved {}, ledger off by {}",
            self.attempts,
            self.worlds,
            share / 100,
            share % 100,
            self.faults,
            self.happened,
            self.double_posts,
            self.double_payments,
            self.without_grant,
            self.unresolved,
            self.ledger_off,
        )
    }
}

/// One world of posts, replies, deletions and payments under random troubles, the same for the same seed.
///
/// # Panics
/// When the world runs in circles.
pub async fn trial(seed: u64) -> Tally {
    let mut rng = StdRng::seed_from_u64(seed);
    let world = SwarmWorld::on_our_posts(seed, troubles(seed, &mut rng));
    let Some(posts) = world.outside.posts.clone() else { return Tally::default() };
    for _ in 0..CALLS {
        posts.next(way(&mut rng));
        world.wallet.next(way(&mut rng));
    }
    begin(&world, seed).await;
    run_to_the_end(&world, &posts, &mut rng).await;
    let tally = tally_of(&world, &posts);
    world.abandon();
    tally
}

fn troubles(seed: u64, rng: &mut StdRng) -> Faults {
    let faults = Faults::seeded(seed)
        .duplicate_messages()
        .reorder_streams()
        .percent("publisher", "execute", rng.random_range(0..15), Fault::LostReply)
        .percent("publisher", "*", rng.random_range(0..6), Fault::CrashAfter)
        .percent("publisher", "*", rng.random_range(0..4), Fault::CrashBefore)
        .percent("judge", "write*", rng.random_range(0..15), Fault::LostReply)
        .percent("*", "write*", rng.random_range(0..10), Fault::Contention);
    if rng.random() { faults.interleaved() } else { faults }
}

/// How one call goes: every second one badly.
fn way(rng: &mut StdRng) -> Mode {
    match rng.random_range(0..100) {
        0..50 => Mode::Normal,
        50..64 => Mode::ReplyLost,
        64..76 => Mode::CrashBeforeOutcome,
        76..80 => Mode::NeverPosted,
        80..87 => Mode::Slow(rng.random_range(1..=60)),
        87..94 => Mode::Unsent,
        94..97 => Mode::Limited(rng.random_range(1..=90)),
        _ => Mode::Refuse("rate_limited", true),
    }
}

/// A campaign that posts before anybody looks, answers, and pays.
async fn begin(world: &SwarmWorld, seed: u64) {
    let articles = (1..=POSTS).map(|at| an_article(at.wrapping_add(u32::try_from(seed % 97).unwrap_or(0))));
    world.platform.serve(FEED, Feed::with_articles("Small Tools", articles.collect()));
    let orders: Vec<_> =
        (1..=PAYMENTS).map(|at| an_order(at, 100 + i64::from(at), &format!("part {at}"))).collect();
    world
        .change_policy(|policy| {
            all_is_medium(policy, MediumBand::PublishThenReview);
            policy.topics.clear();
            policy.ai_replies_approved = true;
            policy.recipients = Some(orders.iter().map(|order| order.recipient.clone()).collect());
            policy.caps.per_agent_day = Some(cents(100_000));
        })
        .await;
    let mentions: Vec<Mention> = (0..REPLIES).map(|at| mention(at, seed)).collect();
    let campaign = a_campaign().posts(POSTS).replies(&mentions).seed(seed).budget(100_000);
    world.start(orders.into_iter().fold(campaign, |campaign, order| campaign.pays(order))).await;
}

fn mention(at: usize, seed: u64) -> Mention {
    let asked = [
        "Does Lantern run on old laptops?",
        "Thanks, I love these small tools",
        "I think you got the log format wrong",
        "Which of these would you try first?",
    ];
    Mention {
        id: format!("{seed}0{at}"),
        author: format!("reader_{at}"),
        text: asked.get(at % asked.len()).copied().unwrap_or_default().to_owned(),
    }
}

/// Runs, answering whatever is asked, until nothing is asked any more; first under the troubles, then without them.
async fn run_to_the_end(world: &SwarmWorld, posts: &Posts, rng: &mut StdRng) {
    for round in 0..ROUNDS {
        if round == TROUBLED {
            world.faults.stop();
        }
        world.run_until_quiet().await;
        let open = world.open_reviews();
        let is_over = open.is_empty() && world.effects().iter().all(|effect| effect.status.is_final());
        if is_over && round > TROUBLED {
            return;
        }
        for review in open {
            let answer = answer_to(world, posts, &review, rng);
            world.decide(&review, answer).await;
        }
    }
}

/// A human tells the truth about what happened, and wants some of the posts back.
fn answer_to<'a>(world: &SwarmWorld, posts: &Posts, review: &Stored<Review>, rng: &mut StdRng) -> Answer<'a> {
    match &review.row.subject {
        Subject::Unconfirmed { effect, .. } => {
            let name: Name = (review.row.campaign.clone(), effect.clone());
            let key = world.effects().into_iter().find(|effect| name_of(effect) == name);
            let key = key.map(|effect| effect.idempotency_key);
            let is_there = key.is_some_and(|key| keys_that_happened(world, posts).contains(&key));
            if is_there { Answer::Approve } else { Answer::Reject("it is not there") }
        }
        Subject::Published { .. } if rng.random_bool(0.4) => Answer::Reject("take it back"),
        _ => Answer::Approve,
    }
}

fn keys_that_happened(world: &SwarmWorld, posts: &Posts) -> BTreeSet<Uuid> {
    let said = posts.happened(&a_tenant(), &an_agent_id()).into_iter().map(|happened| happened.key);
    said.chain(world.wallet.paid().into_iter().map(|paid| paid.key)).collect()
}

/// What the world came to: the servers' books against the effects that were granted and the ledger.
fn tally_of(world: &SwarmWorld, posts: &Posts) -> Tally {
    let (keys, effects) = (world.effects_by_key(), world.effects_by_id());
    let lines = world.lines().into_iter().filter(|line| !OF_THE_STAND_IN.contains(&line.name));
    let mut tally = Tally {
        worlds: 1,
        attempts: u64::from(posts.served.executes() + world.wallet.served.executes()),
        unknown: u64::from(posts.served.unknowns() + world.wallet.served.unknowns()),
        faults: u64::from(world.faults.fired()),
        unresolved: count(effects.values().filter(|effect| !effect.status.is_final())),
        broken: lines.flat_map(told).collect(),
        ..Tally::default()
    };
    let mut spent: BTreeMap<&Place, i64> = BTreeMap::new();
    let mut times: BTreeMap<&Place, u64> = BTreeMap::new();
    let said = posts.happened(&a_tenant(), &an_agent_id());
    let paid = world.wallet.paid();
    let paid = paid.iter().map(|paid| Happened { key: paid.key, cost: paid.cost.minor(), said: None });
    for happened in said.into_iter().chain(paid) {
        tally.happened += 1;
        let place = keys.get(&happened.key);
        let effect = place.and_then(|place| effects.get(place));
        match (place, effect.filter(|effect| is_granted(&happened, effect))) {
            (Some(place), Some(_)) => {
                *spent.entry(place).or_default() += happened.cost;
                *times.entry(place).or_default() += 1;
            }
            _ => tally.without_grant += 1,
        }
    }
    for (place, times) in times {
        let is_payment = effects.get(place).is_some_and(|effect| effect.intent.payment().is_some());
        let doubled = if is_payment { &mut tally.double_payments } else { &mut tally.double_posts };
        *doubled += times - 1;
    }
    for (place, effect) in &effects {
        let differs = world.settled(effect) - spent.get(place).copied().unwrap_or(0);
        tally.ledger_off += differs.unsigned_abs();
    }
    tally
}

fn told(line: Line) -> impl Iterator<Item = String> {
    line.broken.into_iter().map(move |why| format!("{}: {why}", line.name))
}

/// Whether it is what the effect was granted, as far as its words show.
fn is_granted(happened: &Happened, effect: &Effect) -> bool {
    happened.said.as_ref().is_none_or(|(text, to)| {
        effect.intent.text() == Some(text.as_str()) && effect.intent.in_reply_to() == to.as_deref()
    })
}

fn count<T>(of: impl Iterator<Item = T>) -> u64 {
    u64::try_from(of.count()).unwrap_or(u64::MAX)
}
