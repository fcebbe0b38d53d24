//! After a task's tries: another source takes a post's place, and what has no other way is a human's to decide.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use chimera_domain::{
    Binding, CampaignStatus, Check, Confidence, DecisionKind, Envelope, Mention, Plan, PlanCause, Review,
    ReviewMessage, Stored, Task, TaskKind, TaskStatus, limits,
};
use chimera_sim::{Answer, SwarmWorld};
use chimera_testkit::builders::{CampaignBuilder, FEED, a_campaign, cents, must};
use chimera_testkit::{Fault, Faults, Feed, Queue};

use crate::twenty_tools::twenty_tools;

/// What one attempt may cost to run.
const ATTEMPT: i64 = limits::ATTEMPT_COST_MINOR;

/// Twenty sources, of which the first can never be written about as asked.
async fn prepared(world: &SwarmWorld) {
    world.forget_topics().await;
    world.platform.serve(FEED, twenty_tools());
}

async fn a_world() -> SwarmWorld {
    let world = SwarmWorld::new();
    prepared(&world).await;
    world
}

/// Three posts, none of which may name the tool of the first source: its link alone does.
fn one_stubborn_post() -> CampaignBuilder {
    let title = twenty_tools().articles()[0].title.clone();
    let name = title.split_whitespace().next().unwrap().to_owned();
    a_campaign().posts(3).criterion(must("no-name", Check::MustNotMention(name)))
}

/// So many posts that no attempt can make right, whatever they are about.
fn hopeless(posts: u32) -> CampaignBuilder {
    a_campaign().posts(posts).criterion(must("image", Check::CarriesImage))
}

/// What comes of it while nobody answers.
async fn of(campaign: CampaignBuilder) -> SwarmWorld {
    let world = a_world().await;
    world.start(campaign).await;
    world.run_until_quiet().await;
    world
}

fn writes(world: &SwarmWorld) -> Vec<Task> {
    world.tasks().into_iter().filter(|task| task.kind == TaskKind::Write).collect()
}

fn alternatives(world: &SwarmWorld) -> Vec<Task> {
    writes(world).into_iter().filter(|task| task.alternative_to.is_some()).collect()
}

fn versions(world: &SwarmWorld, cause: PlanCause) -> Vec<Plan> {
    world.plans().into_iter().filter(|plan| plan.cause == cause).collect()
}

fn task(world: &SwarmWorld, id: &str) -> Task {
    world.tasks().into_iter().find(|task| task.id.as_str() == id).unwrap()
}

/// Which source of its feed the task is about, and how many are wanted for it.
fn source_of(world: &SwarmWorld, of: &Task) -> (u32, u32) {
    let Binding::SourceOf { task: research, index } = &of.binding else { panic!("no source: {of:?}") };
    let Binding::Feed { want, .. } = task(world, research.as_str()).binding else { panic!("no feed") };
    (*index, want)
}

/// The one question that is open.
fn the_question(world: &SwarmWorld) -> Stored<Review> {
    let open = world.open_reviews();
    assert_eq!(open.len(), 1, "{}", world.story());
    open.into_iter().next().unwrap()
}

fn flags(review: &Stored<Review>) -> BTreeSet<&str> {
    review.row.flags.iter().map(|flag| flag.as_str()).collect()
}

async fn answered(world: &SwarmWorld, answer: Answer<'_>) {
    assert!(world.decide(&the_question(world), answer).await);
    world.run_until_quiet().await;
}

/// [P-6] [PL-13]
#[tokio::test]
async fn another_source_takes_the_place_of_a_post_that_was_refused_too_often() {
    let world = of(one_stubborn_post()).await;
    world.approve_all_reviews().await;

    let [alternative] = alternatives(&world).try_into().unwrap();
    let first = task(&world, alternative.alternative_to.as_ref().unwrap().as_str());
    assert_eq!(
        (first.status, first.tries),
        (TaskStatus::Failed, limits::TRIES_PER_TASK),
        "{}",
        world.story()
    );
    assert_eq!(alternative.id.as_str(), format!("{}-alt", first.id));
    assert_eq!((&alternative.criteria, &alternative.goal), (&first.criteria, &first.goal));
    assert_eq!(source_of(&world, &alternative), (3, 4), "three sources were given to posts before");
    let [version] = versions(&world, PlanCause::Alternative).try_into().unwrap();
    assert!(version.reason.starts_with(&format!("{} was refused too often", first.id)), "{}", version.reason);
    let research = task(&world, &format!("{}-alt-research", first.id));
    assert_eq!((version.parent, version.diff.kept), (1, 4));
    assert_eq!(version.diff.added, [research.id, alternative.id]);
    assert_eq!(world.published().len(), 3, "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// [PL-13]
#[tokio::test]
async fn a_planner_that_dies_anywhere_finds_an_alternative_once() {
    for call in 0..14 {
        for fault in [Fault::CrashBefore, Fault::CrashAfter, Fault::LostReply] {
            let world = SwarmWorld::with(7, Faults::none().nth("planner", "write", call, fault));
            prepared(&world).await;
            world.start(one_stubborn_post()).await;
            world.run_until_quiet().await;
            world.approve_all_reviews().await;

            assert_eq!(alternatives(&world).len(), 1, "{call} {fault:?}\n{}", world.story());
            assert_eq!(versions(&world, PlanCause::Alternative).len(), 1, "{call} {fault:?}");
            assert_eq!(world.published().len(), 3, "{call} {fault:?}\n{}", world.story());
            assert_eq!(world.status(), CampaignStatus::Finished, "{call} {fault:?}\n{}", world.story());
            world.assert_promises();
        }
    }
}

/// [PL-13]
#[tokio::test]
async fn posts_that_fail_together_share_a_version_and_no_source() {
    let world = of(hopeless(3).remembers()).await;

    let found = alternatives(&world);
    assert_eq!((found.len(), versions(&world, PlanCause::Alternative).len()), (3, 1), "{}", world.story());
    let sources: BTreeSet<(u32, u32)> = found.iter().map(|task| source_of(&world, task)).collect();
    assert_eq!(sources, BTreeSet::from([(3, 4), (4, 5), (5, 6)]));
    // What looks at everything that is published waits for them as well.
    let remember = world.tasks().into_iter().find(|task| task.kind == TaskKind::Remember).unwrap();
    assert!(found.iter().all(|task| remember.depends_on.contains(&task.id)), "{:?}", remember.depends_on);
    assert_eq!(world.open_reviews().len(), 3, "{}", world.story());
    world.approve_all_reviews().await;
    assert_eq!(world.published().len(), 3, "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// [PL-13] [K-6]
#[tokio::test]
async fn the_alternative_of_an_illustrated_post_has_a_picture_of_its_own() {
    let long = must("long", Check::MinLength(400));
    let world = of(a_campaign().posts(1).illustrations(1).criterion(long)).await;

    let [alternative] = alternatives(&world).try_into().unwrap();
    let first = task(&world, "write-1");
    assert_eq!((alternative.pictures.len(), first.pictures.len()), (1, 1), "{}", world.story());
    assert_ne!(alternative.pictures, first.pictures);
    answered(&world, Answer::Approve).await;
    assert_eq!(world.published()[0].media.len(), 1, "{}", world.story());
    world.assert_promises();
}

/// [PL-14] [J-7]
#[tokio::test]
async fn where_both_fail_a_human_is_asked_and_may_let_it_pass() {
    let world = of(hopeless(1)).await;

    assert!(world.published().is_empty(), "{}", world.story());
    let review = the_question(&world);
    assert_eq!(review.row.subject.task().as_str(), "write-1-alt");
    assert!(
        flags(&review).is_superset(&BTreeSet::from(["tries:last", "unmet:image"])),
        "{:?}",
        flags(&review)
    );
    let reasons = review.row.verdict.reasons.join("\n");
    assert!(reasons.contains("criterion image: must carry an image"), "{reasons}");
    let all = [DecisionKind::Approve, DecisionKind::Edit, DecisionKind::Reject, DecisionKind::Respond];
    assert_eq!(review.row.allowed, all);
    let held = task(&world, "write-1-alt");
    assert_eq!((held.status, held.attempt, held.tries, held.last_resort), (TaskStatus::Held, 3, 2, true));
    assert!(!task(&world, "write-1").last_resort, "it had another way");

    answered(&world, Answer::Approve).await;
    assert_eq!(world.texts(), [review.row.content.intent().unwrap().text().unwrap()], "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// [R-1] [R-4] [J-7]
#[tokio::test]
async fn an_edit_of_the_last_try_is_asked_about_again_where_it_breaks_something_else() {
    let world = of(hopeless(1)).await;
    let edited = "This small tool is worth a quiet afternoon with an old laptop and a cup of coffee.";
    answered(&world, Answer::Edit(edited)).await;

    assert!(world.published().is_empty(), "{}", world.story());
    let again = the_question(&world);
    assert!(flags(&again).contains("unmet:source"), "{:?}", flags(&again));
    answered(&world, Answer::Approve).await;
    assert_eq!(world.texts(), [edited], "{}", world.story());
    world.assert_promises();
}

/// [J-7] [P-6]
#[tokio::test]
async fn a_response_to_the_last_try_is_no_refusal() {
    let world = of(hopeless(1)).await;
    answered(&world, Answer::Respond("say who made it")).await;

    let held = task(&world, "write-1-alt");
    assert_eq!((held.status, held.attempt, held.tries), (TaskStatus::Held, 4, 2), "{}", world.story());
    assert!(flags(&the_question(&world)).contains("tries:last"));
    answered(&world, Answer::Reject("not this")).await;
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// [PL-15]
#[tokio::test]
async fn a_humans_rejection_of_the_last_try_ends_it() {
    let world = of(hopeless(1)).await;
    answered(&world, Answer::Reject("not this")).await;

    let failed = task(&world, "write-1-alt");
    assert_eq!(
        (failed.status, failed.tries),
        (TaskStatus::Failed, limits::TRIES_PER_TASK),
        "{}",
        world.story()
    );
    assert!(failed.reason.unwrap().ends_with("reviewer: not this"));
    assert_eq!((writes(&world).len(), world.plans().len()), (2, 2), "{}", world.story());
    assert!(world.published().is_empty() && world.open_reviews().is_empty(), "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// [PL-15]
#[tokio::test]
async fn a_post_that_a_human_has_rejected_to_the_end_gets_no_other_source() {
    let world = of(a_campaign().posts(1).hold_first(1)).await;
    for _ in 0..limits::TRIES_PER_TASK {
        answered(&world, Answer::Reject("not this")).await;
    }

    assert_eq!(task(&world, "write-1").status, TaskStatus::Failed, "{}", world.story());
    assert_eq!((world.tasks().len(), world.plans().len()), (2, 1), "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// [PL-14] [P-11]
#[tokio::test]
async fn a_post_that_a_person_retries_gets_no_second_alternative() {
    let world = of(hopeless(1)).await;
    answered(&world, Answer::Reject("not this")).await;
    world.retry(&task(&world, "write-1")).await;
    world.run_until_quiet().await;

    assert_eq!(the_question(&world).row.subject.task().as_str(), "write-1");
    assert!(task(&world, "write-1").last_resort, "{}", world.story());
    answered(&world, Answer::Reject("nor this")).await;
    assert_eq!((alternatives(&world).len(), writes(&world).len()), (1, 2), "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// [PL-13]
#[tokio::test]
async fn a_feed_without_another_source_ends_the_alternative_with_the_reason() {
    let world = SwarmWorld::new();
    world.forget_topics().await;
    let only = twenty_tools().articles()[0].clone();
    world.platform.serve(FEED, Feed::with_articles("One", vec![only]));
    world.start(hopeless(1)).await;
    world.run_until_quiet().await;

    let lost = task(&world, "write-1-alt");
    assert_eq!(lost.status, TaskStatus::Dropped, "{}", world.story());
    assert_eq!(lost.reason.unwrap(), "write-1-alt-research found 1 usable source");
    assert!(world.open_reviews().is_empty(), "nothing is there to be shown");
    assert_eq!(versions(&world, PlanCause::Loss).len(), 1);
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// [PL-14] [M-12] With room for an alternative it is made; without, the post itself goes to a human.
#[tokio::test]
async fn the_limit_on_running_costs_decides_between_an_alternative_and_a_human() {
    for (limit, asked_about) in [(2 * ATTEMPT, "write-1"), (3 * ATTEMPT, "write-1-alt")] {
        let world = a_world().await;
        world.change_policy(|policy| policy.caps.operating = Some(cents(limit))).await;
        world.start(hopeless(1)).await;
        world.run_until_quiet().await;

        let review = the_question(&world);
        assert_eq!(review.row.subject.task().as_str(), asked_about, "{limit}\n{}", world.story());
        assert!(flags(&review).contains("tries:last"));
        answered(&world, Answer::Reject("not this")).await;
        assert!(world.open_reviews().is_empty(), "{}", world.story());
        assert_eq!(world.status(), CampaignStatus::Finished, "{limit}\n{}", world.story());
        world.assert_promises();
    }
}

/// [PL-14]
#[tokio::test]
async fn versions_that_rounds_may_need_are_not_spent_on_alternatives() {
    for (rounds, asked_about) in [(10, "write-1"), (9, "write-1-alt")] {
        let world = of(hopeless(1).rounds(rounds)).await;
        let review = the_question(&world);
        assert_eq!(review.row.subject.task().as_str(), asked_about, "{rounds}\n{}", world.story());
        answered(&world, Answer::Approve).await;
        assert_eq!(world.status(), CampaignStatus::Finished, "{rounds}\n{}", world.story());
        world.assert_promises();
    }
}

/// Lets every answer say of itself that it is poor, until nobody answers any more.
async fn with_poor_answers(world: &SwarmWorld) {
    for _ in 0..=limits::TRIES_PER_TASK {
        world.gather(Queue::Review).await;
        for delivery in world.cloud.receive(Queue::Review, 10) {
            world.cloud.delete(Queue::Review, &delivery.id);
            let message: Envelope<ReviewMessage> = serde_json::from_str(&delivery.body).unwrap();
            let ReviewMessage::Result(mut result) = message.body else { panic!("not an answer") };
            result.confidence = Confidence::share(5, 10);
            world.send_result(*result);
        }
        if world.cloud.visible(Queue::Review) > 0 {
            world.deliver(Queue::Review, 10).await;
        }
    }
    world.run_until_quiet().await;
}

/// [PL-14] [J-7]
#[tokio::test]
async fn the_last_try_of_a_reply_goes_to_a_human() {
    let world = a_world().await;
    world.change_policy(|policy| policy.ai_replies_approved = true).await;
    let text = "Does it run on old laptops?".to_owned();
    let mention = Mention { id: "m-1".to_owned(), author: "nora".to_owned(), text };
    world.start(a_campaign().posts(0).feeds(&[]).replies(&[mention])).await;
    with_poor_answers(&world).await;

    assert!(world.published().is_empty(), "{}", world.story());
    let review = the_question(&world);
    assert_eq!(flags(&review), BTreeSet::from(["band:low", "tries:last"]));
    assert!(!review.row.verdict.reasons.is_empty());
    let reply = world.tasks().remove(0);
    assert_eq!((reply.status, reply.attempt, reply.tries), (TaskStatus::Held, 3, 2), "{}", world.story());
    assert_eq!(world.plans().len(), 1);

    answered(&world, Answer::Approve).await;
    assert_eq!(world.published().len(), 1, "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}
