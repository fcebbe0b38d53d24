//! What each guard is for: taken away, it turns exactly the lines listed beside it red, and no other.
//!
//! Every story is told twice with the same chances. With the guard all lines hold, whatever the story does to it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::time::Duration;

use chimera_domain::ports::{GrantSigner as _, Ids as _, WriteCall, WriteTools as _};
use chimera_domain::{Confidence, Effect, EffectId, EffectStatus, Grant, Thresholds};
use chimera_sim::{Answer, SwarmWorld};
use chimera_testkit::builders::{FEED, a_campaign, an_intent};
use chimera_testkit::{Article, Faults, Feed, Guard, MemorySigner, Mode, Queue};

/// The lines that each guard keeps.
fn listed(guard: Guard) -> BTreeSet<&'static str> {
    let lines: &[&str] = match guard {
        Guard::CommitCondition => &["fresh", "explained"],
        Guard::ClaimRequiresActive => &["claims"],
        Guard::GrantIsVerified => &["approved-bytes"],
        Guard::GrantIsBurnt => &["once"],
        Guard::OneDecisionWins => &["one-decision", "explained"],
        Guard::ReservedWithApproval => &["reserved", "accounts", "caps"],
        Guard::FollowUp => &["nothing-lost"],
        Guard::TopicsAreScreened => &["screened"],
    };
    lines.iter().copied().collect()
}

fn red(world: &SwarmWorld) -> BTreeSet<&'static str> {
    let lines = world.lines_at_the_end().into_iter();
    lines.filter(|line| !line.broken.is_empty()).map(|line| line.name).collect()
}

fn reasons(world: &SwarmWorld) -> String {
    let lines: Vec<String> = world
        .lines_at_the_end()
        .into_iter()
        .map(|line| format!("{}: {:?}", line.name, line.broken))
        .collect();
    format!("{}\n\n{}", lines.join("\n"), world.story())
}

/// Tells the story with all guards, then without this one.
async fn keeps_its_lines(guard: Guard, story: impl AsyncFn(Option<Guard>) -> SwarmWorld) {
    let intact = story(None).await;
    assert_eq!(red(&intact), BTreeSet::new(), "with every guard\n{}", reasons(&intact));
    let broken = story(Some(guard)).await;
    assert_eq!(red(&broken), listed(guard), "without {guard:?}\n{}", reasons(&broken));
    broken.abandon();
}

fn take_away(world: &SwarmWorld, missing: Option<Guard>) {
    if let Some(guard) = missing {
        world.faults.take_away(guard);
    }
}

/// What is missing comes back, and the story goes on to its end.
async fn end(world: &SwarmWorld) {
    world.faults.stop();
    world.run_until_quiet().await;
    world.approve_all_reviews().await;
}

/// Runs until an effect waits for the publisher.
async fn approved_effect(world: &SwarmWorld) -> Effect {
    let has_message = |world: &SwarmWorld| world.cloud.visible(Queue::Effect) > 0;
    assert!(world.run_until(has_message).await, "{}", world.story());
    world.effects_in(EffectStatus::Approved).remove(0)
}

/// Two workers do the same task, and the Judge gets both answers in one batch, twice each.
async fn two_answers_to_one_task(missing: Option<Guard>) -> SwarmWorld {
    let world = SwarmWorld::with(1, Faults::none().duplicate_messages());
    world.start(a_campaign().posts(1)).await;
    let is_sent_twice = |world: &SwarmWorld| world.cloud.visible(Queue::Task) >= 2;
    assert!(world.run_until(is_sent_twice).await, "{}", world.story());
    world.deliver(Queue::Task, 2).await;
    assert_eq!(world.cloud.visible(Queue::Review), 4, "{}", world.story());
    take_away(&world, missing);
    world.deliver(Queue::Review, 4).await;
    end(&world).await;
    world
}

#[tokio::test]
async fn the_condition_on_the_commit() {
    keeps_its_lines(Guard::CommitCondition, two_answers_to_one_task).await;
}

/// A pause returns after the publisher has read its rows and before it claims.
async fn a_pause_before_the_claim(missing: Option<Guard>) -> SwarmWorld {
    let world = SwarmWorld::new();
    world.start(a_campaign().posts(1)).await;
    approved_effect(&world).await;
    take_away(&world, missing);
    world.faults.hold("publisher", "write");
    let pause = async {
        world.pause().await;
        world.faults.let_go();
    };
    futures::join!(world.deliver(Queue::Effect, 1), pause);
    world.run_until_quiet().await;
    assert_eq!(world.published().len(), usize::from(missing.is_some()), "{}", world.story());
    world.resume().await;
    end(&world).await;
    assert_eq!(world.published().len(), 1, "{}", world.story());
    world
}

#[tokio::test]
async fn the_campaign_check_of_a_claim() {
    keeps_its_lines(Guard::ClaimRequiresActive, a_pause_before_the_claim).await;
}

/// Somebody who reaches the write server brings a real grant with another text, and a grant of their own making.
async fn forged_grants(missing: Option<Guard>) -> SwarmWorld {
    let world = SwarmWorld::new();
    world.start(a_campaign().posts(1)).await;
    let effect = approved_effect(&world).await;
    take_away(&world, missing);
    let altered = WriteCall {
        server: effect.intent.server.clone(),
        tool: effect.intent.tool.clone(),
        arguments: an_intent("Buy this now.").arguments,
        grant: effect.grant.clone(),
        idempotency_key: effect.idempotency_key,
    };
    let own = an_intent("Buy that, too.");
    let grant = Grant {
        id: "forged".to_owned(),
        effect: EffectId::new("forged").unwrap(),
        arguments: chimera_domain::Digest::of_json(&own.arguments),
        ..effect.grant.grant.clone()
    };
    let forged = WriteCall {
        server: own.server,
        tool: own.tool,
        arguments: own.arguments,
        grant: MemorySigner::with_seed([9; 32]).sign(grant),
        idempotency_key: world.ids.fresh(),
    };
    let intruder = world.platform.as_function("intruder");
    for call in [altered, forged] {
        let answer = intruder.execute(&call, Duration::from_secs(20)).await;
        assert_eq!(answer.is_ok(), missing.is_some(), "{answer:?}");
    }
    end(&world).await;
    world
}

#[tokio::test]
async fn the_verification_of_a_grant() {
    keeps_its_lines(Guard::GrantIsVerified, forged_grants).await;
}

/// The platform takes the same text twice, and the reply to the first call is lost.
async fn a_lost_reply(missing: Option<Guard>) -> SwarmWorld {
    let world = SwarmWorld::new();
    world.platform.take_repeats();
    world.platform.next(Mode::ReplyLost);
    take_away(&world, missing);
    world.start(a_campaign().posts(1)).await;
    world.run_until_quiet().await;
    end(&world).await;
    world
}

#[tokio::test]
async fn the_burning_of_a_grant() {
    keeps_its_lines(Guard::GrantIsBurnt, a_lost_reply).await;
}

/// Two reviewers have the same review before them; one rejects it, the other approves it.
async fn two_reviewers(missing: Option<Guard>) -> SwarmWorld {
    let world = SwarmWorld::new();
    world.start(a_campaign().posts(1).hold_first(1)).await;
    world.run_until_quiet().await;
    let seen = world.open_reviews().remove(0);
    take_away(&world, missing);
    assert!(world.decide_as("rhea", &seen, Answer::Reject("not this")).await);
    let second = world.decide_as("otto", &seen, Answer::Approve).await;
    assert_eq!(second, missing.is_some(), "{}", world.story());
    end(&world).await;
    world
}

#[tokio::test]
async fn the_race_of_decisions() {
    keeps_its_lines(Guard::OneDecisionWins, two_reviewers).await;
}

/// Three posts, and money for two.
async fn money_for_two_of_three(missing: Option<Guard>) -> SwarmWorld {
    let world = SwarmWorld::new();
    take_away(&world, missing);
    world.start(a_campaign().posts(3).budget(45)).await;
    world.run_until_quiet().await;
    end(&world).await;
    world
}

#[tokio::test]
async fn the_reservation_in_the_transaction_that_approves() {
    keeps_its_lines(Guard::ReservedWithApproval, money_for_two_of_three).await;
}

/// What the approval of an effect calls for is lost on its way; without the guard, so is everything from then on.
async fn lost_messages(missing: Option<Guard>) -> SwarmWorld {
    let world = SwarmWorld::new();
    world.start(a_campaign().posts(1)).await;
    let is_approved = |world: &SwarmWorld| !world.effects_in(EffectStatus::Approved).is_empty();
    assert!(world.run_until(is_approved).await, "{}", world.story());
    drop(world.faults.clone().forget_follow_ups(2));
    take_away(&world, missing);
    world.run_until_quiet().await;
    world
}

#[tokio::test]
async fn the_follow_up() {
    keeps_its_lines(Guard::FollowUp, lost_messages).await;
}

#[test]
fn every_guard_has_its_lines_and_every_line_exists() {
    let world = SwarmWorld::new();
    let known: BTreeSet<&str> = world.lines_at_the_end().into_iter().map(|line| line.name).collect();
    for guard in Guard::ALL {
        let lines = listed(guard);
        assert!(!lines.is_empty() && lines.is_subset(&known), "{guard:?}: {lines:?}");
    }
}

/// An article about an election is posted about.
async fn a_post_about_an_election(missing: Option<Guard>) -> SwarmWorld {
    let world = SwarmWorld::new();
    let text = "The town elects its mayor on Sunday and the council publishes how to vote. Ballots are counted in the \
                library. Candidates of four parties hold a debate about taxes the evening before.";
    let article = Article::new("election", "How the town votes on Sunday", text);
    world.platform.serve(FEED, Feed::with_articles("Town", vec![article]));
    world
        .change_policy(|policy| {
            policy.thresholds =
                Thresholds { approve: Confidence::share(5, 10), hold: Confidence::share(4, 10) }
        })
        .await;
    take_away(&world, missing);
    world.start(a_campaign().posts(1)).await;
    world.run_until_quiet().await;
    assert_eq!(world.published().len(), usize::from(missing.is_some()), "{}", world.story());
    end(&world).await;
    world
}

#[tokio::test]
async fn the_screen_for_topics() {
    keeps_its_lines(Guard::TopicsAreScreened, a_post_about_an_election).await;
}
