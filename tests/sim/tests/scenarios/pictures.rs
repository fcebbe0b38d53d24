//! Posts with pictures: exactly the committed bytes go out, or the post does not.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use chimera_domain::{
    Artifact, CampaignStatus, Check, Digest, Effect, EffectStatus, Picture, Task, TaskKind, TaskStatus,
    WorkOutcome,
};
use chimera_sim::SwarmWorld;
use chimera_testkit::builders::{FEED, a_campaign, a_result, must};
use chimera_testkit::{Article, Fault, Faults, Feed, Mode, Post, Queue};
use serde_json::json;

/// What a post with a link costs, in cents.
const POST: i64 = 20;

/// A quiet world with one post and its picture.
async fn illustrated(world: SwarmWorld) -> SwarmWorld {
    world.forget_topics().await;
    world.start(a_campaign().posts(1).illustrations(1)).await;
    world.run_until_quiet().await;
    world
}

fn task_of(world: &SwarmWorld, kind: TaskKind) -> Task {
    world.tasks().into_iter().find(|task| task.kind == kind).unwrap()
}

/// The picture that the campaign's task committed.
fn committed(world: &SwarmWorld) -> Picture {
    match task_of(world, TaskKind::Illustrate).committed.unwrap().outcome {
        WorkOutcome::Artifact { artifact: Artifact::Image { image } } => Some(image),
        _ => None,
    }
    .unwrap()
}

fn the_post(world: &SwarmWorld) -> Post {
    let mut posts = world.published();
    assert_eq!(posts.len(), 1, "{}", world.story());
    posts.remove(0)
}

fn the_effect(world: &SwarmWorld) -> Effect {
    world.effects().remove(0)
}

/// [X-6] [E-13] [J-5]
#[tokio::test]
async fn a_post_goes_out_with_exactly_the_bytes_of_its_committed_picture() {
    let world = illustrated(SwarmWorld::new()).await;

    let (post, picture) = (the_post(&world), committed(&world));
    assert_eq!(post.media.len(), 1, "{}", world.story());
    let medium = &post.media[0];
    assert_eq!(Digest::of_bytes(&medium.bytes), picture.digest);
    assert_eq!(Some(medium.bytes.clone()), world.studio.bytes(&post.tenant, &picture.digest).await);
    assert_eq!((&medium.mime, &medium.alt_text), (&picture.mime, &picture.alt_text));
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    assert_eq!(world.campaign_used(), POST, "a picture is operating cost, no effect's");
    assert!(task_of(&world, TaskKind::Illustrate).cost.minor() > 0, "what it cost is kept with its task");
    world.assert_promises();
}

/// Only the posts that are to have a picture have one.
#[tokio::test]
async fn the_first_posts_have_a_picture_each_and_the_others_none() {
    let world = SwarmWorld::new();
    world.forget_topics().await;
    world.start(a_campaign().posts(3).illustrations(2)).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    let mut pictures: Vec<usize> = world.published().iter().map(|post| post.media.len()).collect();
    pictures.sort_unstable();
    assert_eq!(pictures, [0, 1, 1], "{}", world.story());
    let digests: std::collections::BTreeSet<Digest> =
        world.published().into_iter().flat_map(|post| post.media).map(|medium| medium.digest).collect();
    assert_eq!(digests.len(), 2, "each its own");
    world.assert_promises();
}

/// [J-2] What no post may say its picture's description does not say either, and neither is lost for it.
#[tokio::test]
async fn a_picture_is_described_without_what_its_post_may_not_say() {
    let world = SwarmWorld::new();
    world.forget_topics().await;
    let text = "Lantern 2 searches plain logs and needs no database beside them. The new version keeps a small index \
                next to each file. It runs as one binary of six megabytes on Linux and macOS. The maintainers removed \
                the old plugin system because only three plugins were ever written.";
    let article = Article::new("lantern", "Lantern 2: an answer to Kestrel", text);
    world.platform.serve(FEED, Feed::with_articles("Small Tools", vec![article]));
    let forbidden = must("no-rival", Check::MustNotMention("Kestrel".to_owned()));
    world.start(a_campaign().posts(1).illustrations(1).criterion(forbidden)).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    let post = the_post(&world);
    assert_eq!(post.media.len(), 1, "{}", world.story());
    assert!(!post.text.contains("Kestrel"), "{}", post.text);
    assert!(!post.media[0].alt_text.contains("Kestrel"), "{}", post.media[0].alt_text);
    world.assert_promises();
}

///
#[tokio::test]
async fn a_picture_that_a_lying_worker_swaps_is_refused() {
    for (field, value) in [
        ("digest", json!(Digest::of_bytes(b"another picture"))),
        ("alt_text", json!("Buy Lantern now")),
        ("mime", json!("image/gif")),
    ] {
        let world = SwarmWorld::new();
        world.forget_topics().await;
        world.start(a_campaign().posts(1).illustrations(1)).await;
        let is_open = |world: &SwarmWorld| task_of_is(world, TaskKind::Write, TaskStatus::Open);
        assert!(world.run_until(is_open).await, "{}", world.story());
        let write = task_of(&world, TaskKind::Write);
        let source = write.source.clone().unwrap();
        let picture = &write.pictures[0];
        let mut medium =
            json!({"digest": picture.digest, "mime": picture.mime, "alt_text": picture.alt_text});
        medium[field] = value;
        let text = format!("{} {}", source.excerpt.chars().take(150).collect::<String>(), source.url);
        let mut intent = chimera_testkit::builders::an_intent(&text);
        intent.arguments["account"] = json!(write.agent);
        intent.arguments["media"] = json!([medium]);
        world.send_result(a_result(&write, "lie", WorkOutcome::Intent { intent }));
        world.deliver(Queue::Review, 10).await;

        let task = task_of(&world, TaskKind::Write);
        assert_eq!(task.status, TaskStatus::Rejected, "{field}\n{}", world.story());
        assert!(task.feedback.join("\n").contains("platform:x.media: "), "{:?}", task.feedback);
        world.run_until_quiet().await;
        assert_eq!(the_post(&world).media[0].digest, committed(&world).digest, "{}", world.story());
        world.assert_promises();
    }
}

fn task_of_is(world: &SwarmWorld, kind: TaskKind, status: TaskStatus) -> bool {
    world.tasks().iter().any(|task| task.kind == kind && task.status == status)
}

/// [J-5]
#[tokio::test]
async fn what_is_no_picture_is_not_committed() {
    let world = SwarmWorld::new();
    world.forget_topics().await;
    world.start(a_campaign().posts(1).illustrations(1)).await;
    let is_open = |world: &SwarmWorld| task_of_is(world, TaskKind::Illustrate, TaskStatus::Open);
    assert!(world.run_until(is_open).await, "{}", world.story());
    let task = task_of(&world, TaskKind::Illustrate);
    let image = Picture {
        digest: Digest::of_bytes(b"<html>"),
        mime: "text/html".to_owned(),
        width: 640,
        height: 360,
        alt_text: "A page".to_owned(),
        model: "sandbox".to_owned(),
        character: Some(task.agent.clone()),
        duration_ms: None,
    };
    world.send_result(a_result(&task, "lie", WorkOutcome::Artifact { artifact: Artifact::Image { image } }));
    world.deliver(Queue::Review, 10).await;
    let refused = task_of(&world, TaskKind::Illustrate);
    assert_eq!(refused.status, TaskStatus::Rejected, "{}", world.story());
    assert!(refused.feedback.join("\n").contains("image:mime: text/html"), "{:?}", refused.feedback);
    world.run_until_quiet().await;
    assert_eq!(committed(&world).mime, "image/png", "the next attempt is one");
    world.assert_promises();
}

/// [E-13] Nothing is claimed, nothing is burnt, and nobody is asked, while the bytes cannot be had.
#[tokio::test]
async fn a_post_whose_picture_cannot_be_fetched_waits_and_goes_out_later() {
    for fault in [Fault::Unavailable, Fault::LostReply] {
        // Each is counted by itself: the first two calls fail.
        let faults =
            Faults::none().nth("publisher", "image_get", 1, fault).nth("publisher", "image_get", 1, fault);
        let world = illustrated(SwarmWorld::with(3, faults)).await;

        assert_eq!(the_post(&world).media.len(), 1, "{fault:?}\n{}", world.story());
        let effect = the_effect(&world);
        assert_eq!(
            (effect.status, effect.unsent, effect.struck),
            (EffectStatus::Done, 2, 0),
            "{}",
            world.story()
        );
        assert_eq!(world.platform.executes(), 1);
        assert!(!world.story().contains("unconfirmed"), "{}", world.story());
        world.assert_promises();
    }
}

/// [E-13]
#[tokio::test]
async fn a_picture_that_is_gone_or_is_another_ends_its_post_unsent() {
    for (bytes, code) in [(None, "media_missing"), (Some(b"another picture".to_vec()), "media_mismatch")] {
        let world = SwarmWorld::new();
        world.studio.answer_with(bytes);
        let world = illustrated(world).await;

        assert!(world.published().is_empty() && world.platform.executes() == 0, "{}", world.story());
        let effect = the_effect(&world);
        let refusal = effect.refusal.unwrap();
        assert_eq!((effect.status, refusal.code.as_str()), (EffectStatus::Void, code), "{}", world.story());
        assert_eq!(world.campaign_used(), 0, "its money came back");
        assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
        world.assert_promises();
    }
}

/// [E-3] [E-10] [E-13]
#[tokio::test]
async fn an_illustrated_post_happens_once_whatever_becomes_of_its_call() {
    for mode in [Mode::ReplyLost, Mode::CrashBeforeOutcome, Mode::Slow(40), Mode::Unsent, Mode::Limited(30)] {
        let world = SwarmWorld::new();
        world.platform.next(mode);
        let world = illustrated(world).await;

        assert_eq!(the_post(&world).media.len(), 1, "{mode:?}\n{}", world.story());
        assert_eq!(world.ever_published().len(), 1);
        assert_eq!(the_effect(&world).status, EffectStatus::Done, "{mode:?}\n{}", world.story());
        world.assert_promises();
    }
}

/// The line can fail: a picture that nobody committed is noticed.
#[tokio::test]
async fn a_picture_that_nobody_committed_is_noticed() {
    let world = illustrated(SwarmWorld::new()).await;
    world.force(Task { committed: None, ..task_of(&world, TaskKind::Illustrate) });
    let broken = world.broken_promises().join("\n");
    assert!(broken.contains("pictures: ") && broken.contains("which nobody committed"), "{broken}");
    world.abandon();
}
