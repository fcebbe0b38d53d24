//! Where the source documents disagree policy decides: both settings of both switches.
#![expect(clippy::panic, clippy::unwrap_used, reason = "what cannot be read fails the test")]

use std::time::Duration;

use chimera_domain::{
    CampaignStatus, Confidence, EffectStatus, Envelope, Flag, LowBand, MediumBand, Review, ReviewMessage,
    ReviewStatus, Stored, Subject, TaskKind, TaskStatus,
};
use chimera_sim::{Answer, SwarmWorld, all_is_medium};
use chimera_testkit::builders::a_campaign;
use chimera_testkit::{Fault, Faults, Mode, Queue};

/// What a post with a link costs, in cents.
const POST: i64 = 20;
/// What taking one back costs.
const DELETE: i64 = 1;

/// A world in which whatever is answered is of the medium band.
async fn neither_good_nor_poor(faults: Faults, medium_band: MediumBand) -> SwarmWorld {
    let world = SwarmWorld::with(3, faults);
    world.forget_topics().await;
    world.change_policy(|policy| all_is_medium(policy, medium_band)).await;
    world.start(a_campaign().posts(1)).await;
    world.run_until_quiet().await;
    world
}

/// The same, once a human has let the notes pass: what cannot be taken back waits whatever the switch says.
async fn with_notes_approved(faults: Faults, medium_band: MediumBand) -> SwarmWorld {
    let world = neither_good_nor_poor(faults, medium_band).await;
    approve_notes(&world).await;
    world.run_until_quiet().await;
    world
}

async fn approve_notes(world: &SwarmWorld) {
    assert_eq!(held_tasks(world), [TaskKind::Research], "{}", world.story());
    let notes = world.open_reviews().remove(0);
    assert!(world.decide(&notes, Answer::Approve).await);
}

fn held_tasks(world: &SwarmWorld) -> Vec<TaskKind> {
    world.tasks_in(TaskStatus::Held).into_iter().map(|task| task.kind).collect()
}

fn is_asked_after(review: &Stored<Review>) -> bool {
    matches!(review.row.subject, Subject::Published { .. })
}

///
#[tokio::test]
async fn the_medium_band_is_held_before_anything_happens() {
    let world = with_notes_approved(Faults::none(), MediumBand::Hold).await;

    assert_eq!(held_tasks(&world), [TaskKind::Write], "{}", world.story());
    assert!(world.published().is_empty());
    let review = world.open_reviews().remove(0);
    assert!(review.row.flags.contains(&Flag::new("band:medium")), "{:?}", review.row.flags);
    world.approve_all_reviews().await;
    assert_eq!(world.published().len(), 1, "{}", world.story());
    world.assert_promises();
}

///
#[tokio::test]
async fn the_medium_band_is_published_first_and_stays_when_a_human_agrees() {
    let world = with_notes_approved(Faults::none(), MediumBand::PublishThenReview).await;

    assert_eq!(world.published().len(), 1, "{}", world.story());
    assert_eq!(world.open_reviews().iter().filter(|review| is_asked_after(review)).count(), 1);
    assert_eq!(world.status(), CampaignStatus::Active, "it may still be taken back");
    world.approve_all_reviews().await;
    assert_eq!(world.published().len(), 1);
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    assert_eq!(world.campaign_used(), POST);
    world.assert_promises();
}

///
#[tokio::test]
async fn a_rejection_takes_a_post_back_that_was_published_first() {
    for faults in [
        Faults::none(),
        Faults::seeded(11).interleaved().duplicate_messages().percent(
            "judge",
            "write*",
            20,
            Fault::LostReply,
        ),
        Faults::seeded(12).interleaved().percent("publisher", "*", 10, Fault::CrashAfter),
    ] {
        let world = with_notes_approved(faults, MediumBand::PublishThenReview).await;
        let review = world.open_reviews().remove(0);
        assert!(world.decide(&review, Answer::Reject("not like this")).await);
        world.run_until_quiet().await;

        assert!(world.published().is_empty(), "{}", world.story());
        assert_eq!(world.effects_in(EffectStatus::Done).len(), 2, "{}", world.story());
        assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
        assert_eq!(world.campaign_used(), POST + DELETE);
        world.assert_promises();
    }
}

///
#[tokio::test]
async fn silence_takes_a_post_back_that_was_published_first() {
    let world = with_notes_approved(Faults::none(), MediumBand::PublishThenReview).await;
    world.run_for(Duration::from_secs(5 * 3_600)).await;
    world.run_until_quiet().await;

    let expired = world.reviews().into_iter().filter(|review| review.status == ReviewStatus::Expired);
    assert_eq!(expired.count(), 1, "{}", world.story());
    assert!(world.published().is_empty(), "{}", world.story());
    world.assert_promises();
}

/// A rejection that comes while nobody knows whether the post is out.
#[tokio::test]
async fn a_rejection_before_the_outcome_is_known_leaves_nothing_behind() {
    let world = neither_good_nor_poor(Faults::none(), MediumBand::PublishThenReview).await;
    world.platform.next(Mode::CrashBeforeOutcome);
    approve_notes(&world).await;
    let is_under_way = |world: &SwarmWorld| world.open_reviews().iter().any(is_asked_after);
    assert!(world.run_until(is_under_way).await, "{}", world.story());
    let review = world.open_reviews().into_iter().find(is_asked_after).unwrap();
    assert!(world.decide(&review, Answer::Reject("no")).await);
    world.run_until_quiet().await;

    assert!(world.published().is_empty(), "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// A world in which the first answer about a post is of the low band.
async fn poor(low_band: LowBand) -> SwarmWorld {
    let world = SwarmWorld::new();
    world.forget_topics().await;
    world.change_policy(|policy| policy.low_band = low_band).await;
    world.start(a_campaign().posts(1)).await;
    let is_writing =
        |world: &SwarmWorld| world.tasks_in(TaskStatus::Open).iter().any(|task| task.kind == TaskKind::Write);
    assert!(world.run_until(is_writing).await, "{}", world.story());
    world.gather(Queue::Review).await;
    for delivery in world.cloud.receive(Queue::Review, 10) {
        world.cloud.delete(Queue::Review, &delivery.id);
        let message: Envelope<ReviewMessage> = serde_json::from_str(&delivery.body).unwrap();
        let ReviewMessage::Result(mut result) = message.body else { panic!("not an answer") };
        result.confidence = Confidence::share(5, 10);
        world.send_result(*result);
    }
    world.run_until_quiet().await;
    world
}

///
#[tokio::test]
async fn the_low_band_is_rejected_with_feedback_and_tried_again() {
    let world = poor(LowBand::Retry).await;

    let task = world.tasks().into_iter().find(|task| task.kind == TaskKind::Write).unwrap();
    assert_eq!((task.attempt, task.tries), (2, 1), "{}", world.story());
    assert!(!task.feedback.is_empty());
    assert!(world.open_reviews().is_empty(), "no human is asked");
    assert_eq!(world.published().len(), 1, "{}", world.story());
    world.assert_promises();
}

#[tokio::test]
async fn the_low_band_is_shown_to_a_human_where_policy_says_so() {
    let world = poor(LowBand::Human).await;

    assert_eq!(held_tasks(&world), [TaskKind::Write], "{}", world.story());
    assert!(world.open_reviews()[0].row.flags.contains(&Flag::new("band:low")));
    assert!(world.published().is_empty());
    world.approve_all_reviews().await;
    assert_eq!(world.published().len(), 1, "{}", world.story());
    world.assert_promises();
}
