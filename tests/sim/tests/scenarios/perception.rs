//! The swarm hears of the world: what is said and what is written about becomes signals, each once, and nothing else.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use chimera_domain::ports::Clock as _;
use chimera_domain::{
    AgentId, CampaignStatus, EffectStatus, Seen, Signal, SignalId, SignalStatus, TaskKind, Timestamp, Watch,
};
use chimera_sim::SwarmWorld;
use chimera_testkit::builders::{CampaignBuilder, a_campaign, a_tenant};
use chimera_testkit::{Fault, Faults};

/// What bears on the usual campaign's goal.
const ABOUT_TOOLS: &str = "@mira which small open tools are worth trying on an old laptop?";
/// What bears on the goal of nobody here.
const ABOUT_NOTHING: &str = "@mira my cat slept all day";

/// A campaign that answers who says something about small tools. How exactly relevance is measured is another story.
fn listening() -> CampaignBuilder {
    a_campaign().posts(1).reacts(2, 0).heeds(3_000)
}

fn baking() -> CampaignBuilder {
    a_campaign().goal("Tell people how to bake sourdough bread at home.").posts(1).reacts(2, 0).heeds(3_000)
}

fn reading() -> CampaignBuilder {
    a_campaign().posts(1).reacts(0, 2).heeds(3_000)
}

async fn world_with(seed: u64, faults: Faults) -> SwarmWorld {
    let world = SwarmWorld::with(seed, faults);
    world.forget_topics().await;
    world.change_policy(|policy| policy.ai_replies_approved = true).await;
    world
}

async fn world() -> SwarmWorld {
    world_with(1, Faults::none()).await
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

/// What became of a mention: its signals, in whatever campaign.
fn signals_of(world: &SwarmWorld, mention: &str) -> Vec<Signal> {
    let id = SignalId::of_mention(mention);
    world.signals().into_iter().filter(|signal| signal.id == id).collect()
}

fn replies(world: &SwarmWorld) -> Vec<String> {
    let done = world.effects_in(EffectStatus::Done);
    done.iter().filter_map(|effect| effect.intent.in_reply_to().map(str::to_owned)).collect()
}

fn watch(world: &SwarmWorld) -> Watch {
    world.watches().remove(0)
}

/// Three sources that write about the same thing.
fn break_news(world: &SwarmWorld) {
    for (article, title, source) in [
        ("lib-1", "Harbour town opens a library of small open tools", "Harbour Wire"),
        ("lib-2", "Library of small open tools opens in harbour town", "The Small Gazette"),
        ("lib-3", "What the harbour town library of small open tools lends out", "Northlight"),
    ] {
        world.platform.report(article, title, source, ("europe", "technology"));
    }
}

/// [PE-1] [PE-2]
#[tokio::test]
async fn who_says_something_about_the_goal_is_heard_once_and_answered_once() {
    let world = world_with(3, Faults::none().duplicate_messages()).await;
    world.start(listening()).await;
    assert!(world.run_until(|world| world.status() == CampaignStatus::Active).await);
    let mention = world.say("nora", ABOUT_TOOLS);
    world.run_for(minutes(5)).await;

    let [signal] = signals_of(&world, &mention).try_into().unwrap();
    assert_eq!(signal.status, SignalStatus::Answered, "{}", world.story());
    assert!(!signal.why.is_empty());
    let Seen::Mention { mention: heard, asks, .. } = &signal.seen else { panic!("{signal:?}") };
    assert_eq!((heard.author.as_str(), heard.text.as_str(), *asks), ("nora", ABOUT_TOOLS, true));
    world.approve_all_reviews().await;
    assert_eq!(replies(&world), [mention], "{}", world.story());
    world.assert_promises();
}

/// [PE-1]
#[tokio::test]
async fn what_bears_on_no_goal_is_looked_at_and_leads_nowhere() {
    let world = world().await;
    world.start(listening()).await;
    world.say("nora", ABOUT_NOTHING);
    let last = world.say("otto", "@mira lovely weather today");
    world.run_for(minutes(5)).await;
    assert!(world.signals().is_empty(), "{:?}", world.signals());
    assert_eq!(watch(&world).newest_mention, Some(last));
    assert!(world.tasks().iter().all(|task| task.kind != TaskKind::Reply));
    world.approve_all_reviews().await;
    world.assert_promises();
}

/// [PE-1] [F-1]
#[tokio::test]
async fn the_clock_alone_and_the_stream_alone_both_find_it() {
    for faults in [Faults::none().without_stream(), Faults::none().without_clock()] {
        let world = world_with(5, faults.clone()).await;
        world.start(listening()).await;
        let mention = world.say("nora", ABOUT_TOOLS);
        world.run_until_quiet().await;
        assert_eq!(signals_of(&world, &mention).len(), 1, "{}", world.story());
        world.abandon();
    }
}

/// [PE-11]
#[tokio::test]
async fn perception_may_die_before_and_after_every_call() {
    let ways =
        [Fault::CrashBefore, Fault::CrashAfter, Fault::LostReply, Fault::Contention, Fault::Unavailable];
    for port in ["get", "get_many", "query", "write", "read_twitter", "read_news"] {
        for fault in ways {
            for call in 1..=2 {
                let faults = Faults::none().nth("perception", port, call, fault);
                let world = world_with(7, faults.clone()).await;
                world.start(listening().reacts(2, 1).heeds(3_000)).await;
                let mention = world.say("nora", ABOUT_TOOLS);
                break_news(&world);
                world.run_for(minutes(8)).await;

                let told = format!("{port} {call} {fault:?}\n{}", world.story());
                assert_eq!(signals_of(&world, &mention).len(), 1, "{told}");
                assert_eq!(world.signals().len(), 2, "{told}");
                assert_eq!(faults.fired(), 1, "{told}");
                assert!(world.dead_letters().is_empty(), "{told}");
                world.abandon();
            }
        }
    }
}

/// [PE-11]
#[tokio::test]
async fn of_two_campaigns_the_one_it_bears_on_answers() {
    let world = world_with(11, Faults::seeded(11).interleaved().duplicate_messages()).await;
    world.start(listening()).await;
    world.start(baking().named("c-2")).await;
    let tools = world.say("nora", ABOUT_TOOLS);
    let bread = world.say("otto", "@mira how long must sourdough bread proof at home?");
    world.run_for(minutes(4)).await;
    let of = |mention: &str| -> Vec<String> {
        signals_of(&world, mention).iter().map(|signal| signal.campaign.to_string()).collect()
    };
    assert_eq!(
        (of(&tools), of(&bread)),
        (vec!["c-1".to_owned()], vec!["c-2".to_owned()]),
        "{}",
        world.story()
    );
    world.abandon();
}

/// [PE-11]
#[tokio::test]
async fn where_two_campaigns_are_equal_the_oldest_answers() {
    let world = world_with(13, Faults::seeded(13).interleaved().duplicate_messages()).await;
    world.start(listening().named("c-2")).await;
    world.start(listening().named("c-1")).await;
    let mention = world.say("nora", ABOUT_TOOLS);
    world.run_for(minutes(4)).await;
    let [signal] = signals_of(&world, &mention).try_into().unwrap();
    assert_eq!(signal.campaign.as_str(), "c-2", "{}", world.story());
    world.abandon();
}

/// [PE-1]
#[tokio::test]
async fn what_was_said_before_a_campaign_is_not_its_business() {
    let world = world().await;
    let before = world.say("nora", ABOUT_TOOLS);
    world.clock.advance(minutes(10));
    world.start(listening()).await;
    let after = world.say("otto", ABOUT_TOOLS);
    world.run_for(minutes(3)).await;
    assert!(signals_of(&world, &before).is_empty(), "{}", world.story());
    assert_eq!(signals_of(&world, &after).len(), 1);
    world.abandon();
}

/// [PE-15]
#[tokio::test]
async fn a_paused_campaign_hears_and_answers_when_it_is_resumed() {
    let world = world().await;
    world.start(listening()).await;
    assert!(world.run_until(|world| world.status() == CampaignStatus::Active).await);
    world.pause().await;
    let mention = world.say("nora", ABOUT_TOOLS);
    world.run_for(minutes(5)).await;
    let [signal] = signals_of(&world, &mention).try_into().unwrap();
    assert_eq!(signal.status, SignalStatus::Open, "{}", world.story());
    assert!(replies(&world).is_empty());
    world.resume().await;
    world.run_for(minutes(5)).await;
    world.approve_all_reviews().await;
    assert_eq!(replies(&world), [mention], "{}", world.story());
    world.assert_promises();
}

/// [PE-15]
#[tokio::test]
async fn who_is_switched_off_asks_nobody_and_misses_nothing() {
    let world = world().await;
    world.start(listening()).await;
    world.run_for(minutes(3)).await;
    world.change_policy(|policy| policy.killed = true).await;
    let mention = world.say("nora", ABOUT_TOOLS);
    let looked_at = watch(&world).looked_at;
    world.run_for(minutes(5)).await;
    assert!(world.signals().is_empty(), "{}", world.story());
    assert_eq!(watch(&world).looked_at, looked_at);
    world.change_policy(|policy| policy.killed = false).await;
    world.run_for(minutes(3)).await;
    assert_eq!(signals_of(&world, &mention).len(), 1, "{}", world.story());
    world.abandon();
}

/// [PE-13]
#[tokio::test]
async fn a_campaign_that_is_over_is_watched_for_no_longer() {
    let world = world().await;
    world.start(listening()).await;
    world.run_for(minutes(3)).await;
    world.cancel().await;
    let mention = world.say("nora", ABOUT_TOOLS);
    world.run_until_quiet().await;
    let watch = watch(&world);
    assert_eq!((watch.campaigns.len(), watch.due_at), (0, None), "{}", world.story());
    assert!(signals_of(&world, &mention).is_empty());
    world.assert_promises();
}

/// [PE-13]
#[tokio::test]
async fn a_campaign_whose_time_has_passed_leaves_after_one_more_look() {
    let world = world().await;
    world.start(listening()).await;
    // Nobody is heard in the last minutes, and what is said then is heard afterwards; paused, it is not finished meanwhile.
    world.run_for(minutes(55)).await;
    world.pause().await;
    world.run_for(minutes(1)).await;
    let faults = world.faults.clone().always("perception", "read_twitter", Fault::Unavailable);
    world.run_for(minutes(2)).await;
    let in_time = world.say("nora", ABOUT_TOOLS);
    world.run_for(minutes(4)).await;
    let too_late = world.say("otto", ABOUT_TOOLS);
    assert_eq!(watch(&world).campaigns.len(), 1, "{}", world.story());
    faults.stop();
    world.run_for(minutes(45)).await;
    assert_eq!(signals_of(&world, &in_time).len(), 1, "{}", world.story());
    assert!(signals_of(&world, &too_late).is_empty());
    assert_eq!(watch(&world).due_at, None);
    world.abandon();
}

/// [PE-12]
#[tokio::test]
async fn one_silent_source_keeps_no_other_from_being_heard() {
    let faults = Faults::none().always("perception", "read_twitter", Fault::Unavailable);
    let world = world_with(1, faults.clone()).await;
    world.start(listening().reacts(1, 1).heeds(3_000)).await;
    let mention = world.say("nora", ABOUT_TOOLS);
    break_news(&world);
    world.run_for(minutes(4)).await;
    assert_eq!(world.signals().len(), 1, "{}", world.story());
    assert!(matches!(world.signals()[0].seen, Seen::Trend { .. }));
    assert_eq!(watch(&world).failures, 0);
    faults.stop();
    world.run_for(minutes(3)).await;
    assert_eq!(signals_of(&world, &mention).len(), 1, "{}", world.story());
    world.abandon();
}

/// [PE-12]
#[tokio::test]
async fn while_nobody_answers_it_is_asked_less_often_and_nothing_is_lost() {
    let faults = Faults::none().always("perception", "read_*", Fault::LostReply);
    let world = world_with(1, faults.clone()).await;
    world.start(listening().reacts(1, 1).heeds(3_000)).await;
    let mention = world.say("nora", ABOUT_TOOLS);
    world.run_for(minutes(20)).await;
    let failures = watch(&world).failures;
    assert!((3..=6).contains(&failures), "{failures} looks in twenty minutes\n{}", world.story());
    assert!(world.dead_letters().is_empty(), "a silent source is no fault of the message");
    faults.stop();
    world.run_for(minutes(31)).await;
    assert_eq!(signals_of(&world, &mention).len(), 1, "{}", world.story());
    assert_eq!(watch(&world).failures, 0);
    world.abandon();
}

/// [PE-11]
#[tokio::test]
async fn what_several_write_about_is_told_to_every_campaign_that_reads_about_it_and_once() {
    let world = world_with(17, Faults::none().duplicate_messages()).await;
    world.start(reading()).await;
    world.start(reading().news_of("europe", "technology").named("c-2")).await;
    world.start(reading().news_of("asia", "technology").named("c-3")).await;
    world.start(baking().reacts(0, 2).heeds(3_000).named("c-4")).await;
    break_news(&world);
    world.run_for(minutes(3)).await;
    let told = |world: &SwarmWorld| -> Vec<String> {
        let mut told: Vec<String> =
            world.signals().iter().map(|signal| signal.campaign.to_string()).collect();
        told.sort();
        told
    };
    assert_eq!(told(&world), ["c-1", "c-2"], "{:?}\n{}", world.signals(), world.story());
    let signal = world.signals().remove(0);
    let Seen::Trend { articles, sources, .. } = &signal.seen else { panic!("{signal:?}") };
    assert_eq!((articles.len(), sources.len()), (3, 3), "{signal:?}");

    world.platform.report(
        "lib-4",
        "Harbour town library of small open tools lends its hundredth tool",
        "Quay Street Review",
        ("europe", "technology"),
    );
    world.run_for(minutes(3)).await;
    assert_eq!(told(&world), ["c-1", "c-2"], "it grew, and is the same\n{}", world.story());
    assert!(watch(&world).headlines.iter().any(|headline| headline.id == "lib-4"));
    world.abandon();
}

/// [PE-14]
#[tokio::test]
async fn a_flood_is_read_look_by_look_and_nobody_in_it_is_missed() {
    let world = world().await;
    world.start(listening()).await;
    world.run_for(minutes(2)).await;
    let first = world.say("nora", ABOUT_NOTHING);
    for _ in 0..199 {
        world.say("nora", ABOUT_NOTHING);
    }
    let last = world.say("otto", ABOUT_TOOLS);
    let has_begun = |world: &SwarmWorld| watch(world).newest_mention.is_some_and(|newest| newest > first);
    assert!(world.run_until(has_begun).await);
    let newest: u64 = watch(&world).newest_mention.unwrap().parse().unwrap();
    let looked_at = newest - first.parse::<u64>().unwrap();
    assert!(looked_at < 100, "{looked_at} in one look");
    world.run_for(minutes(4)).await;
    assert_eq!(signals_of(&world, &last).len(), 1, "{}", world.story());
    assert_eq!(watch(&world).newest_mention, Some(last));
    world.abandon();
}

fn idle(number: u32, due_at: Timestamp) -> Watch {
    let agent = AgentId::new(format!("agent-{number}")).unwrap();
    Watch { due_at: Some(due_at), ..Watch::new(a_tenant(), agent) }
}

/// [PE-10]
#[tokio::test]
async fn a_thousand_agents_are_looked_for_by_one_tick_and_keep_no_campaign_waiting() {
    let world = world_with(19, Faults::none().without_stream()).await;
    for number in 0..1_000 {
        world.force(idle(number, world.clock.now()));
    }
    world.start(a_campaign().posts(1)).await;
    world.run_for(minutes(2)).await;
    let left = world.watches().into_iter().filter(|watch| watch.due_at.is_some()).count();
    assert_eq!(left, 0, "each was looked for once");
    assert!(!world.plans().is_empty(), "{}", world.status().name());
    world.abandon();
}

/// [PE-10]
#[tokio::test]
async fn a_wake_up_that_can_never_be_handled_is_a_letter_of_the_oldest_campaign() {
    let faults = Faults::none().always("perception", "get", Fault::Unavailable);
    let world = world_with(23, faults.clone()).await;
    world.start(listening()).await;
    let mention = world.say("nora", ABOUT_TOOLS);
    world.run_for(minutes(20)).await;
    let letters = world.dead_letters();
    assert!((1..=21).contains(&letters.len()), "{} letters in twenty minutes", letters.len());
    for letter in letters {
        assert_eq!(letter.origin, "PerceptionQueue");
        assert_eq!(letter.campaign.as_ref().map(|id| id.as_str()), Some("c-1"));
        assert_eq!(letter.task, None);
    }
    assert!(world.watches()[0].due_at.is_some(), "it is still to be looked at");
    faults.stop();
    world.run_for(minutes(10)).await;
    assert_eq!(signals_of(&world, &mention).len(), 1, "{}", world.story());
    world.abandon();
}
