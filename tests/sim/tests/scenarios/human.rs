//! Humans: nothing happens before they answer, they are never waited for without end, and one answer wins.
#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use chimera_domain::{
    CampaignStatus, DecisionKind, EffectStatus, ReviewId, ReviewStatus, Rung, Task, TaskKind, TaskStatus,
};
use chimera_sim::{Answer, SwarmWorld};
use chimera_testkit::builders::{FEED, a_campaign};
use chimera_testkit::{Article, Fault, Faults, Feed};

const HOUR: Duration = Duration::from_secs(3_600);

/// A world in which one post about one known article waits for a human.
async fn one_held_post() -> SwarmWorld {
    let world = SwarmWorld::new();
    let text = "Lantern 2.0 searches plain log files and needs no database beside them. The new version keeps a small \
                index next to each file. It runs as one binary of six megabytes on Linux and macOS. The maintainers \
                removed the old plugin system because only three plugins were ever written.";
    let lantern = Article::new("lantern", "Lantern 2.0 reads log files", text);
    world.platform.serve(FEED, Feed::with_articles("Small Tools", vec![lantern]));
    world.start(a_campaign().posts(1).hold_first(1)).await;
    world.run_until_quiet().await;
    assert_eq!(world.open_reviews().len(), 1, "{}", world.story());
    assert!(world.published().is_empty(), "{}", world.story());
    world
}

#[tokio::test]
async fn a_held_post_is_published_when_a_human_approves_it() {
    let world = one_held_post().await;
    let review = world.open_reviews().remove(0);
    assert_eq!(world.notifier.notices().len(), 1, "{}", world.story());

    assert!(world.decide(&review, Answer::Approve).await);
    world.run_until_quiet().await;

    assert_eq!(world.texts(), [review.row.content.intent().unwrap().text().unwrap()], "{}", world.story());
    assert_eq!(world.effects()[0].digest, review.row.digest);
    assert_eq!(world.effects()[0].review, Some(review.row.id));
    assert_eq!(world.reviews()[0].status, ReviewStatus::Closed, "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

///
#[tokio::test]
async fn an_edit_is_judged_again_and_published_word_for_word() {
    let world = one_held_post().await;
    let review = world.open_reviews().remove(0);
    let edited = "Lantern 2.0 searches plain log files and needs no database beside them. It runs as one binary of six \
                  megabytes on Linux and macOS. https://smalltools.example/lantern";

    assert!(world.decide(&review, Answer::Edit(edited)).await);
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    assert_eq!(world.texts(), [edited], "{}", world.story());
    assert_ne!(world.effects()[0].digest, review.row.digest, "an edit is another effect");
    world.assert_promises();
}

///
#[tokio::test]
async fn an_edit_that_breaks_a_rule_is_not_published_as_it_is() {
    let world = one_held_post().await;
    let review = world.open_reviews().remove(0);

    assert!(
        world.decide(&review, Answer::Edit("Vote for the candidate of the party in this election!")).await
    );
    world.run_until_quiet().await;

    assert!(world.texts().iter().all(|text| !text.contains("candidate")), "{}", world.story());
    world.assert_promises();
}

#[tokio::test]
async fn a_rejection_counts_as_a_try_and_the_last_one_fails_the_task() {
    let world = one_held_post().await;
    for _ in 0..10 {
        for review in world.open_reviews() {
            assert!(world.decide(&review, Answer::Reject("not this")).await);
        }
        world.run_until_quiet().await;
    }

    assert!(world.open_reviews().is_empty(), "{}", world.story());
    assert!(world.published().is_empty(), "{}", world.story());
    assert!(world.tasks().iter().any(|task| task.tries > 0), "{}", world.story());
    assert_eq!(world.campaign_used(), 0);
    world.assert_promises();
}

/// [P-6]
#[tokio::test]
async fn a_response_reaches_the_next_attempt() {
    let world = one_held_post().await;
    let review = world.open_reviews().remove(0);
    let attempt = world.tasks().iter().map(|task| task.attempt).max();

    assert!(world.decide(&review, Answer::Respond("Say how large the binary is.")).await);
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    let task = world.tasks().into_iter().find(|task| Some(task.attempt) > attempt);
    let feedback = task.map(|task| task.feedback.join("\n")).unwrap_or_default();
    assert!(feedback.contains("how large the binary is"), "{}", world.story());
    assert_eq!(world.published().len(), 1, "{}", world.story());
    world.assert_promises();
}

///
#[tokio::test]
async fn a_post_about_an_election_waits_for_a_human_however_good_it_is() {
    let world = SwarmWorld::new();
    world.platform.serve(FEED, Feed::about_an_election());
    world.start(a_campaign().posts(1)).await;
    world.run_until_quiet().await;

    assert!(world.published().is_empty(), "{}", world.story());
    let review = world.open_reviews().remove(0);
    assert!(review.row.flags.iter().any(|flag| flag.as_str() == "topic:politics"), "{:?}", review.row.flags);

    assert!(world.decide(&review, Answer::Approve).await);
    world.run_until_quiet().await;
    assert_eq!(world.published().len(), 1, "{}", world.story());
    world.assert_promises();
}

///
#[tokio::test]
async fn a_review_nobody_answers_is_denied() {
    let world = one_held_post().await;
    world.run_for(HOUR * 5).await;

    assert_eq!(world.reviews()[0].status, ReviewStatus::Expired, "{}", world.story());
    assert!(world.published().is_empty());
    world.run_for(HOUR * 48).await;
    assert!(world.open_reviews().is_empty(), "{}", world.story());
    assert!(world.published().is_empty());
    assert!(world.status().is_over(), "{}", world.story());
    world.assert_promises();
}

///
#[tokio::test]
async fn reviewers_are_told_even_where_the_first_workflow_dies() {
    let faults = Faults::none().always("escalation", "get", Fault::Unavailable);
    let world = SwarmWorld::with(1, faults.clone());
    world.start(a_campaign().posts(1).hold_first(1)).await;
    world.run_for(HOUR / 4).await;
    assert!(world.notifier.notices().is_empty());
    faults.stop();
    world.run_for(HOUR).await;

    let [review] = world.open_reviews().try_into().expect("one review waits");
    assert!(review.row.start > 0 && review.row.token.is_some(), "{}", world.story());
    assert!(!world.notifier.notices().is_empty(), "{}", world.story());
    world.approve_all_reviews().await;
    world.run_until_quiet().await;
    assert_eq!(world.published().len(), 1);
    world.assert_promises();
}

///
#[tokio::test]
async fn the_next_rung_is_told_when_the_first_does_not_answer() {
    let world = SwarmWorld::new();
    world
        .change_policy(|policy| {
            let rung = |name: &str| Rung { reviewers: vec![name.to_owned()], wait_s: 3_600 };
            policy.ladder = vec![rung("rhea"), rung("otto")];
        })
        .await;
    world.start(a_campaign().posts(1).hold_first(1)).await;
    world.run_for(Duration::from_secs(3_600 + 300)).await;

    let told: Vec<String> =
        world.notifier.notices().into_iter().flat_map(|(_, reviewers)| reviewers).collect();
    assert_eq!(told, ["rhea", "otto"], "{}", world.story());
    let review = world.open_reviews().remove(0);
    assert!(world.decide_as("otto", &review, Answer::Approve).await);
    world.run_until_quiet().await;
    assert_eq!(world.published().len(), 1, "{}", world.story());
    world.assert_promises();
}

///
#[tokio::test]
async fn of_two_decisions_one_wins() {
    let world = one_held_post().await;
    let seen = world.open_reviews().remove(0);

    let first = world.decide_as("rhea", &seen, Answer::Reject("no")).await;
    let second = world.decide_as("otto", &seen, Answer::Approve).await;
    assert!(first && !second);
    world.run_until_quiet().await;

    let review = world.reviews().into_iter().find(|review| review.id == seen.row.id).unwrap();
    assert_eq!(review.decided, Some(DecisionKind::Reject));
    assert_eq!(review.decided_by.unwrap().as_str(), "rhea");
    assert!(world.published().is_empty(), "{}", world.story());
    world.assert_promises();
}

/// [F-1]
#[tokio::test]
async fn a_decision_counts_even_when_its_workflow_never_started() {
    let world = SwarmWorld::with(3, Faults::none().nth("escalation", "get", 1, Fault::CrashBefore));
    world.start(a_campaign().posts(1).hold_first(1)).await;
    assert!(world.run_until(|world| !world.open_reviews().is_empty()).await, "{}", world.story());
    let review = world.open_reviews().remove(0);

    assert!(world.decide(&review, Answer::Approve).await, "before any token was parked");
    world.run_until_quiet().await;
    assert_eq!(world.published().len(), 1, "{}", world.story());
    world.assert_promises();
}

/// [E-5] [P-4]
#[tokio::test]
async fn a_pause_stops_dispatch_and_claims_and_a_resume_repeats_nothing() {
    let world = SwarmWorld::new();
    world.start(a_campaign().posts(3)).await;
    let has_committed = |world: &SwarmWorld| !world.tasks_in(TaskStatus::Approved).is_empty();
    assert!(world.run_until(has_committed).await, "{}", world.story());
    world.pause().await;
    let published = world.published().len();
    world.run_until_quiet().await;

    assert_eq!(world.status(), CampaignStatus::Paused);
    assert!(world.published().len() <= published + world.effects_in(EffectStatus::Dispatching).len());
    let committed: Vec<_> = world
        .tasks_in(TaskStatus::Approved)
        .into_iter()
        .map(|task| (task.id, task.attempt, task.committed))
        .collect();

    world.resume().await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;
    assert_eq!(world.published().len(), 3, "{}", world.story());
    for (id, attempt, result) in committed {
        let after = world.tasks().into_iter().find(|task| task.id == id).unwrap();
        assert_eq!((after.attempt, after.committed), (attempt, result), "{}", world.story());
    }
    world.assert_promises();
}

/// [P-4]
#[tokio::test]
async fn results_in_flight_commit_while_a_campaign_is_paused() {
    let world = SwarmWorld::new();
    world.start(a_campaign().posts(2)).await;
    let is_sent = |world: &SwarmWorld| world.cloud.visible(chimera_testkit::Queue::Review) > 0;
    assert!(world.run_until(is_sent).await, "{}", world.story());
    let approved = world.tasks_in(TaskStatus::Approved).len();
    world.pause().await;
    world.run_until_quiet().await;

    assert!(world.tasks_in(TaskStatus::Approved).len() > approved, "{}", world.story());
    assert!(world.published().is_empty(), "{}", world.story());
    world.resume().await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;
    assert_eq!(world.published().len(), 2, "{}", world.story());
    world.assert_promises();
}

#[tokio::test]
async fn a_cancel_voids_what_was_approved_and_gives_the_money_back() {
    let world = SwarmWorld::new();
    world.forbid_posts().await;
    world.start(a_campaign().posts(2)).await;
    world.run_until_quiet().await;
    assert!(!world.effects().is_empty() && world.campaign_used() > 0, "{}", world.story());

    world.cancel().await;
    world.run_until_quiet().await;

    assert!(world.published().is_empty());
    assert!(world.effects().iter().all(|effect| effect.status == EffectStatus::Void), "{}", world.story());
    assert_eq!(world.campaign_used(), 0, "{}", world.story());
    assert!(world.tasks().iter().all(|task| task.status.is_final()), "{}", world.story());
    world.assert_promises();
}

#[tokio::test]
async fn a_cancel_closes_the_reviews_that_wait() {
    let world = one_held_post().await;
    let seen = world.open_reviews().remove(0);
    world.cancel().await;
    world.run_until_quiet().await;

    assert!(world.open_reviews().is_empty(), "{}", world.story());
    assert!(!world.decide(&seen, Answer::Approve).await, "too late");
    world.run_until_quiet().await;
    assert!(world.published().is_empty());
    assert_eq!(world.campaign_used(), 0);
    world.assert_promises();
}

/// [P-4]
#[tokio::test]
async fn a_task_is_not_sent_while_its_campaign_is_paused() {
    let world = SwarmWorld::new();
    world.start(a_campaign().posts(1)).await;
    let is_open = |world: &SwarmWorld| !world.tasks_in(TaskStatus::Open).is_empty();
    assert!(world.run_until(is_open).await, "{}", world.story());
    world.pause().await;
    world.run_until_quiet().await;

    assert!(is_open(&world), "{}", world.story());
    assert!(world.tasks().iter().all(|task| task.committed.is_none()), "{}", world.story());
    world.resume().await;
    world.run_until_quiet().await;
    assert_eq!(world.published().len(), 1, "{}", world.story());
    world.assert_promises();
}

/// [P-6]
#[tokio::test]
async fn a_task_has_three_tries_and_learns_from_each() {
    let world = one_held_post().await;
    while let Some(review) = world.open_reviews().pop() {
        assert!(world.decide(&review, Answer::Reject("not this")).await);
        world.run_until_quiet().await;
    }

    let task = world.tasks().into_iter().find(|task| task.kind == TaskKind::Write).unwrap();
    assert_eq!((task.status, task.attempt, task.tries), (TaskStatus::Failed, 3, 3), "{}", world.story());
    assert!(task.feedback.len() >= 3, "{:?}", task.feedback);
    assert!(task.feedback.iter().any(|feedback| feedback.contains("not this")), "{:?}", task.feedback);
    world.assert_promises();
}

/// A world in which the task behind an open review has failed.
async fn a_review_without_its_task() -> (SwarmWorld, ReviewId) {
    let world = one_held_post().await;
    let review = world.open_reviews().remove(0);
    let task = world.tasks_in(TaskStatus::Held).remove(0);
    let reason = Some("a message about it could not be handled".to_owned());
    world.force(Task { status: TaskStatus::Failed, reason, ..task });
    (world, review.row.id)
}

fn assert_has_ended(world: &SwarmWorld, id: &ReviewId) {
    let review = world.reviews().into_iter().find(|review| review.id == *id).expect("no review is deleted");
    assert_eq!((review.status, review.due_at), (ReviewStatus::Superseded, None), "{}", world.story());
    assert!(review.ended_at.is_some(), "{}", world.story());
    assert!(world.published().is_empty(), "{}", world.story());
    world.assert_promises();
}

/// [F-1]
#[tokio::test]
async fn a_decision_about_a_task_that_has_failed_meanwhile_ends_its_review() {
    let (world, id) = a_review_without_its_task().await;
    let review = world.open_reviews().into_iter().find(|review| review.row.id == id).unwrap();

    assert!(world.decide(&review, Answer::Approve).await);
    world.run_until_quiet().await;
    assert_has_ended(&world, &id);
}

///
#[tokio::test]
async fn a_review_of_a_task_that_has_failed_meanwhile_ends_at_its_deadline() {
    let (world, id) = a_review_without_its_task().await;

    world.run_for(HOUR * 5).await;
    assert_has_ended(&world, &id);
}
