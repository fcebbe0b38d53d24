//! The plan follows the world: what is perceived is answered in a new version that keeps what is under way.

use std::collections::BTreeSet;
use std::time::Duration;

use chimera_domain::{
    Binding, CampaignStatus, Confidence, EffectStatus, Mention, PlanCause, Priority, Seen, Signal, SignalId,
    SignalStatus, Task, TaskId, TaskKind, TaskStatus,
};
use chimera_policy::honesty::discloses;
use chimera_sim::SwarmWorld;
use chimera_testkit::builders::a_campaign;
use chimera_testkit::{Article, Fault, Faults, Feed};

/// Where the news come from that no brief names.
const NEWS: &str = "https://news.example/now.xml";

fn asked(id: &str, text: &str) -> (SignalId, Seen) {
    let mention = Mention { id: id.to_owned(), author: "nora".to_owned(), text: text.to_owned() };
    (SignalId::of_mention(id), Seen::Mention { mention, asks: text.contains('?'), in_reply_to: None })
}

fn broke(article: &str) -> (SignalId, Seen) {
    let seen = Seen::Trend {
        headline: "Harbour opens its tool library".to_owned(),
        terms: vec!["harbour".to_owned(), "tool".to_owned(), "library".to_owned()],
        articles: vec![article.to_owned()],
        sources: vec!["The Mole".to_owned(), "Quay Daily".to_owned()],
        strength: Confidence::new(8_000).unwrap_or(Confidence::ZERO),
    };
    (SignalId::of_trend(article), seen)
}

fn news() -> Feed {
    let text = "The harbour town opened a library of hand tools on Saturday. Members borrow a drill or a plane for \
                nine days and pay nothing. Forty volunteers repaired three hundred donated tools over the winter, and \
                the oldest is a brace from 1911.";
    Feed::with_articles("The Mole", vec![Article::new("harbour", "Harbour opens its tool library", text)])
}

async fn world() -> SwarmWorld {
    let world = SwarmWorld::new();
    prepared(&world).await;
    world
}

async fn prepared(world: &SwarmWorld) {
    world.platform.serve(NEWS, news());
    world.forget_topics().await;
    world.change_policy(|policy| policy.ai_replies_approved = true).await;
}

fn of_kind(world: &SwarmWorld, kind: TaskKind) -> Vec<Task> {
    world.tasks().into_iter().filter(|task| task.kind == kind).collect()
}

fn replies(world: &SwarmWorld) -> Vec<String> {
    let done = world.effects_in(EffectStatus::Done);
    done.iter().filter_map(|effect| effect.intent.in_reply_to().map(str::to_owned)).collect()
}

/// [PE-4]
#[tokio::test]
async fn who_asks_is_answered_through_the_high_queue_while_the_plan_goes_on() {
    let world = world().await;
    world.start(a_campaign().posts(3).reacts(1, 0)).await;
    assert!(world.run_until(|world| world.tasks_in(TaskStatus::Open).len() >= 3).await);
    let (id, seen) = asked("m-1", "are you a bot?");
    world.perceive(id, seen).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    assert_eq!(replies(&world), ["m-1"], "{}", world.story());
    let [reply] = of_kind(&world, TaskKind::Reply).try_into().unwrap();
    assert_eq!(reply.priority, Priority::High);
    let text = world.texts().into_iter().find(|text| discloses(text));
    assert!(text.is_some(), "{:?}", world.texts());
    let newest = world.plans().into_iter().max_by_key(|plan| plan.number).unwrap();
    assert_eq!((newest.cause, newest.parent, newest.diff.added), (PlanCause::Signals, 1, vec![reply.id]));
    assert_eq!(newest.diff.kept, 4);
    // What was under way is committed as it was: nothing was done twice.
    assert!(of_kind(&world, TaskKind::Write).iter().all(|task| task.attempt == 1 + task.tries));
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// [PE-3] [PE-4]
#[tokio::test]
async fn news_take_the_place_of_the_post_that_is_furthest_from_done() {
    let world = world().await;
    world.start(a_campaign().posts(3).reacts(0, 1)).await;
    assert!(world.run_until(|world| of_kind(world, TaskKind::Write).len() == 3).await);
    let (id, seen) = broke("harbour");
    world.perceive(id, seen).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    let dropped = world.tasks_in(TaskStatus::Dropped);
    assert_eq!(dropped.len(), 1, "{}", world.story());
    assert!(dropped[0].reason.as_ref().unwrap().starts_with("gives way to news"), "{:?}", dropped[0].reason);
    assert_eq!(world.published().len(), 3, "{}", world.story());
    assert!(
        world.texts().iter().any(|text| text.contains("smalltools.example/harbour")),
        "{:?}",
        world.texts()
    );
    let read = of_kind(&world, TaskKind::Research);
    let read = read.iter().find(|task| matches!(task.binding, Binding::Articles { .. })).unwrap();
    assert_eq!((read.status, read.attempt), (TaskStatus::Approved, 1));
    let newest = world.plans().into_iter().max_by_key(|plan| plan.number).unwrap();
    assert_eq!((newest.diff.dropped, newest.diff.added.len()), (vec![dropped[0].id.clone()], 2));
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// [PE-4]
#[tokio::test]
async fn a_campaign_reacts_no_more_often_than_it_may_and_says_why() {
    let world = world().await;
    world.start(a_campaign().posts(1).reacts(2, 0)).await;
    for at in 1..=4 {
        let (id, seen) = asked(&format!("m-{at}"), "does it run on Linux?");
        world.perceive(id, seen).await;
    }
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    assert_eq!(replies(&world).len(), 2, "{}", world.story());
    let ignored: Vec<Signal> =
        world.signals().into_iter().filter(|signal| signal.status == SignalStatus::Ignored).collect();
    assert_eq!(ignored.len(), 2);
    for signal in ignored {
        assert!(signal.reason.as_ref().unwrap().contains("as often as it may, 2 times"), "{signal:?}");
    }
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// [PE-4]
#[tokio::test]
async fn what_the_policy_does_not_allow_is_ignored_and_no_version_is_made_for_it() {
    let world = world().await;
    world.change_policy(|policy| policy.ai_replies_approved = false).await;
    world.start(a_campaign().posts(1).reacts(1, 0)).await;
    let (id, seen) = asked("m-1", "are you a bot?");
    world.perceive(id, seen).await;
    world.run_for(Duration::from_secs(2 * 3_600)).await;
    world.approve_all_reviews().await;

    assert!(replies(&world).is_empty());
    assert_eq!(world.plans().len(), 1, "{:?}", world.plans());
    let [signal] = world.signals().try_into().unwrap();
    assert_eq!(signal.status, SignalStatus::Ignored);
    assert!(signal.reason.unwrap().contains("ai_replies_approved"));
    assert_eq!(world.status(), CampaignStatus::Finished, "its time is over\n{}", world.story());
    world.assert_promises();
}

/// [PE-5]
#[tokio::test]
async fn a_campaign_that_watches_is_finished_when_its_time_is_over() {
    let world = world().await;
    world.start(a_campaign().posts(1).reacts(1, 0)).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;
    assert_eq!(world.published().len(), 1);
    assert_eq!(world.status(), CampaignStatus::Active, "{}", world.story());
    world.run_for(Duration::from_secs(3_700)).await;
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// [PE-4]
#[tokio::test]
async fn fifty_comments_become_fifty_tasks() {
    let world = world().await;
    world.start(a_campaign().posts(1).reacts(50, 0)).await;
    for at in 0..50 {
        let (id, seen) =
            asked(&format!("m-{at}"), &format!("question {at}: does Lantern read log {at} on my laptop?"));
        world.perceive(id, seen).await;
    }
    world.run_until_quiet().await;

    let replies = of_kind(&world, TaskKind::Reply);
    let ids: BTreeSet<&TaskId> = replies.iter().map(|task| &task.id).collect();
    assert_eq!((replies.len(), ids.len()), (50, 50), "{}", world.story());
    assert!(replies.iter().all(|task| task.priority == Priority::High && task.depends_on.is_empty()));
    assert!(world.signals().iter().all(|signal| signal.status == SignalStatus::Answered));
    world.abandon();
}

/// [PE-4]
#[tokio::test]
async fn a_planner_that_dies_anywhere_answers_each_signal_once() {
    for call in 0..14 {
        for fault in [Fault::CrashBefore, Fault::CrashAfter, Fault::LostReply] {
            let world = SwarmWorld::with(7, Faults::none().nth("planner", "write", call, fault));
            prepared(&world).await;
            world.start(a_campaign().posts(2).reacts(1, 1)).await;
            let (id, seen) = asked("m-1", "are you a bot?");
            world.perceive(id, seen).await;
            let (id, seen) = broke("harbour");
            world.perceive(id, seen).await;
            world.run_until_quiet().await;
            world.approve_all_reviews().await;

            assert_eq!(replies(&world), ["m-1"], "{call} {fault:?}\n{}", world.story());
            let written = of_kind(&world, TaskKind::Write);
            let about_news = written.iter().filter(|task| task.id.as_str().starts_with("write-trend"));
            assert_eq!(about_news.count(), 1, "{call} {fault:?}");
            assert_eq!(world.status(), CampaignStatus::Finished, "{call} {fault:?}\n{}", world.story());
            world.assert_promises();
        }
    }
}

/// [PE-4]
#[tokio::test]
async fn news_that_nobody_can_read_any_more_cost_their_own_posts_and_not_the_campaign() {
    let world = world().await;
    world.start(a_campaign().posts(1).reacts(0, 12)).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;
    let lost = |world: &SwarmWorld| world.plans().iter().filter(|plan| plan.cause == PlanCause::Loss).count();
    // More often than a campaign may be re-planned.
    for at in 0..12 {
        let (id, seen) = broke(&format!("gone-{at}"));
        world.perceive(id, seen).await;
        assert!(world.run_until(|world| lost(world) > at).await, "{}", world.story());
    }
    world.run_until_quiet().await;

    assert_eq!(world.published().len(), 1);
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// [PE-4]
#[tokio::test]
async fn a_pause_keeps_what_was_perceived() {
    let world = world().await;
    world.start(a_campaign().posts(1).reacts(1, 0)).await;
    world.run_until(|world| world.status() == CampaignStatus::Active).await;
    world.pause().await;
    let (id, seen) = asked("m-1", "are you a bot?");
    world.perceive(id, seen).await;
    world.run_until_quiet().await;
    assert!(of_kind(&world, TaskKind::Reply).is_empty(), "{}", world.story());
    world.resume().await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;
    assert_eq!(replies(&world), ["m-1"], "{}", world.story());
    world.assert_promises();
}

/// [PE-14]
#[tokio::test]
async fn whoever_floods_an_account_fills_no_campaign() {
    let world = world().await;
    // It goes on watching for news, however often it has answered.
    world.start(a_campaign().posts(1).reacts(2, 1).heeds(3_000)).await;
    world.run_for(Duration::from_secs(120)).await;
    for _ in 0..400 {
        world.say("nora", "@mira which small open tools are worth trying on an old laptop?");
    }
    let last = world.say("otto", "@mira my cat slept all day");
    world.run_for(Duration::from_secs(600)).await;
    assert_eq!(world.watches().remove(0).newest_mention, Some(last), "{}", world.story());
    // A hundred more than it may react to, and what one look takes beyond that.
    let told = world.signals().len();
    assert!((102..102 + 90).contains(&told), "{told}");
    world.abandon();
}
