//! Posts with clips: each is bought once, of the tier that there is money for, and no post is lost for one.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use chimera_domain::{
    AgentId, Artifact, CampaignStatus, Digest, Picture, Plan, Priority, ProposedTask, Task, TaskKind,
    TaskStatus, VideoTier, WorkOutcome, limits,
};
use chimera_sim::SwarmWorld;
use chimera_testkit::builders::{FEED, a_campaign, a_result, an_intent, cents};
use chimera_testkit::{Article, Fault, Faults, Feed, Mode, Post, Queue};
use mcp_twitter::Mime;
use serde_json::{Value, json};

/// What a lying server makes of an answer.
type Lie<'a> = &'a dyn Fn(&Value) -> Value;

/// What a post with a link costs, in cents.
const POST: i64 = 20;
/// What an attempt may cost beside the clip, in cents.
const ATTEMPT: i64 = limits::ATTEMPT_COST_MINOR;
/// A budget, in cents, that pays for a post and a clip of the cheapest tier.
const LITTLE: i64 = 40;

/// A quiet world with one post and its clip, and so much to spend.
async fn filmed(world: SwarmWorld, budget: i64) -> SwarmWorld {
    world.forget_topics().await;
    world.start(a_campaign().posts(1).films(1).budget(budget)).await;
    world.run_until_quiet().await;
    world
}

fn task_of(world: &SwarmWorld, kind: TaskKind) -> Task {
    world.tasks().into_iter().find(|task| task.kind == kind).unwrap()
}

fn has_open(world: &SwarmWorld, kind: TaskKind) -> bool {
    world.tasks().iter().any(|task| task.kind == kind && task.status == TaskStatus::Open)
}

/// The clip that the campaign's task committed.
fn committed(world: &SwarmWorld) -> Picture {
    match task_of(world, TaskKind::Film).committed.unwrap().outcome {
        WorkOutcome::Artifact { artifact: Artifact::Video { video } } => Some(video),
        _ => None,
    }
    .unwrap()
}

fn the_post(world: &SwarmWorld) -> Post {
    let mut posts = world.published();
    assert_eq!(posts.len(), 1, "{}", world.story());
    posts.remove(0)
}

fn speaker(world: &SwarmWorld) -> AgentId {
    task_of(world, TaskKind::Write).agent
}

fn the_plan(world: &SwarmWorld) -> Plan {
    world.plans().into_iter().max_by_key(|plan| plan.number).unwrap()
}

/// [K-15] [X-6] [X-10] [E-13] [J-8]
#[tokio::test]
async fn a_post_goes_out_with_exactly_the_bytes_of_its_committed_clip() {
    let world = filmed(SwarmWorld::new(), 1_000).await;

    let (post, clip) = (the_post(&world), committed(&world));
    assert_eq!(post.media.len(), 1, "{}", world.story());
    let medium = &post.media[0];
    assert_eq!(Digest::of_bytes(&medium.bytes), clip.digest);
    assert_eq!(Some(medium.bytes.clone()), world.studio.bytes(&post.tenant, &clip.digest).await);
    assert_eq!((&medium.mime, &medium.alt_text), (&clip.mime, &clip.alt_text));
    assert_eq!(Mime::sniff(&medium.bytes).map(Mime::as_str), Some(clip.mime.as_str()));
    assert!(clip.alt_text.starts_with("A short clip, made by AI."), "{}", clip.alt_text);
    assert_eq!((clip.duration_ms, clip.character), (Some(2_000), Some(speaker(&world))));

    // The one clip of the campaign matters most, and there is enough.
    let film = task_of(&world, TaskKind::Film);
    assert_eq!((film.tier, film.cost), (Some(VideoTier::Premium), cents(120)));
    assert_eq!(world.studio.filmed(), ["premium"]);
    assert_eq!(world.campaign_used(), POST, "a clip is operating cost, no effect's");
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// [K-9] [K-15] Whoever dies, and however often the message comes.
#[tokio::test]
async fn a_clip_is_bought_once_whoever_dies() {
    for faults in [
        Faults::none().nth("worker", "video_generate", 1, Fault::CrashBefore),
        Faults::none().nth("worker", "video_generate", 1, Fault::CrashAfter),
        Faults::none().nth("worker", "send*", 2, Fault::CrashBefore),
        Faults::none().nth("judge", "write*", 1, Fault::LostReply),
        Faults::none().nth("judge", "write*", 2, Fault::CrashAfter),
        Faults::none().nth("planner", "write*", 1, Fault::CrashAfter),
        Faults::none().nth("publisher", "image_get", 1, Fault::CrashAfter),
        Faults::none().duplicate_messages(),
        Faults::none().without_stream(),
    ] {
        let world = filmed(SwarmWorld::with(5, faults.clone()), LITTLE).await;
        let film = task_of(&world, TaskKind::Film);
        assert_eq!((film.status, film.attempt), (TaskStatus::Approved, 1), "{faults:?}\n{}", world.story());
        assert_eq!(world.studio.filmed(), ["draft"], "{faults:?}\n{}", world.story());
        assert_eq!(the_post(&world).media[0].digest, committed(&world).digest, "{faults:?}");
        world.assert_promises();
    }
}

/// [K-2] [K-9] What nobody knows to have been made is made anew, and both are paid for.
#[tokio::test]
async fn a_clip_whose_answer_is_lost_counts_at_its_most_and_the_next_attempt_makes_another() {
    let faults = Faults::none().nth("worker", "video_generate", 1, Fault::LostReply);
    let world = filmed(SwarmWorld::with(1, faults), LITTLE).await;

    let film = task_of(&world, TaskKind::Film);
    assert_eq!((film.status, film.attempt), (TaskStatus::Approved, 2), "{}", world.story());
    assert_eq!(world.studio.filmed(), ["draft", "draft"]);
    assert_eq!(film.cost, cents(2 * 10), "{}", world.story());
    assert_eq!(the_post(&world).media[0].digest, committed(&world).digest);
    world.assert_promises();
}

/// [K-3]
#[tokio::test]
async fn a_clip_that_cannot_be_made_does_not_cost_its_post() {
    // The maker is gone; or it refuses what the article is about.
    let gone = Faults::none().always("worker", "video_generate", Fault::Unavailable);
    for (faults, title) in
        [(gone, "Lantern 2 reads plain logs"), (Faults::none(), "Lantern 2 shows gore in plain logs")]
    {
        let world = SwarmWorld::with(1, faults);
        let text = "Lantern 2 searches plain logs and needs no database beside them. The new version keeps a small \
                    index next to each file. It runs as one binary of six megabytes on Linux and macOS. The \
                    maintainers removed the old plugin system because only three plugins were ever written.";
        world
            .platform
            .serve(FEED, Feed::with_articles("Small Tools", vec![Article::new("lantern", title, text)]));
        let world = filmed(world, LITTLE).await;
        world.approve_all_reviews().await;

        let film = task_of(&world, TaskKind::Film);
        assert_eq!(film.status, TaskStatus::Failed, "{title}\n{}", world.story());
        assert!(film.reason.unwrap().contains("worker tool_failed: "), "{}", world.story());
        assert!(the_post(&world).media.is_empty(), "{}", world.story());
        assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
        assert_eq!(film.cost, cents(0), "nothing was made");
        world.assert_promises();
    }
}

/// [K-16] [M-12]
#[tokio::test]
async fn little_money_means_a_cheaper_clip_and_too_little_means_none() {
    // Beside the clip: one attempt to read and one to write.
    let others = 2 * ATTEMPT;
    for (budget, limit, tier) in [
        (1_000, Some(others + 45), Some("standard")),
        (1_000, Some(others + 15), Some("draft")),
        (1_000, Some(others + 14), None),
        (LITTLE, None, Some("draft")),
    ] {
        let world = SwarmWorld::new();
        world.change_policy(|policy| policy.caps.operating = limit.map(cents)).await;
        let world = filmed(world, budget).await;

        assert_eq!(world.studio.filmed(), Vec::from_iter(tier), "{limit:?}\n{}", world.story());
        assert_eq!(the_post(&world).media.len(), usize::from(tier.is_some()), "{}", world.story());
        let is_told = the_plan(&world).reason.contains("1 of 1 clips are left out");
        assert_eq!(is_told, tier.is_none(), "{}", the_plan(&world).reason);
        assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
        world.assert_promises();
    }
}

/// [K-3] [K-16]
#[tokio::test]
async fn the_first_posts_have_pictures_the_next_ones_clips_and_the_last_ones_neither() {
    let world = SwarmWorld::new();
    world.forget_topics().await;
    world.start(a_campaign().posts(4).illustrations(1).films(2).budget(200)).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    let mut shown: Vec<Vec<String>> = world
        .published()
        .into_iter()
        .map(|post| post.media.into_iter().map(|medium| medium.mime).collect())
        .collect();
    shown.sort();
    let [none, one, two, three] = shown.try_into().unwrap();
    assert!(none.is_empty());
    assert_eq!([one, two, three], [["image/apng"], ["image/apng"], ["image/png"]], "{}", world.story());
    assert_eq!(world.studio.filmed().len(), 2);
    world.assert_promises();
}

///
#[tokio::test]
async fn a_post_shows_no_clip_that_was_not_committed_and_nothing_beside_one() {
    let swapped = |medium: &Value| {
        let mut swapped = medium.clone();
        swapped["digest"] = json!(Digest::of_bytes(b"another clip"));
        json!([swapped])
    };
    let called_a_picture = |medium: &Value| {
        let mut called = medium.clone();
        called["mime"] = json!("image/png");
        json!([called])
    };
    let beside = |medium: &Value| {
        let still = json!({"digest": Digest::of_bytes(b"still"), "mime": "image/png", "alt_text": "A lamp"});
        json!([medium, still])
    };
    let lies: [(Lie<'_>, &str); 3] = [
        (&swapped, "is not as a task before this one committed it"),
        (&called_a_picture, "is not as a task before this one committed it"),
        (&beside, "what moves goes alone"),
    ];
    for (lie, why) in lies {
        let world = SwarmWorld::new();
        world.forget_topics().await;
        world.start(a_campaign().posts(1).films(1).budget(LITTLE)).await;
        assert!(world.run_until(|world| has_open(world, TaskKind::Write)).await, "{}", world.story());
        let write = task_of(&world, TaskKind::Write);
        let clip = &write.pictures[0];
        let source = write.source.clone().unwrap();
        let text = format!("{} {}", source.excerpt.chars().take(150).collect::<String>(), source.url);
        let mut intent = an_intent(&text);
        intent.arguments["account"] = json!(write.agent);
        intent.arguments["media"] =
            lie(&json!({"digest": clip.digest, "mime": clip.mime, "alt_text": clip.alt_text}));
        world.send_result(a_result(&write, "lie", WorkOutcome::Intent { intent }));
        world.deliver(Queue::Review, 10).await;

        let refused = task_of(&world, TaskKind::Write);
        assert_eq!(refused.status, TaskStatus::Rejected, "{}", world.story());
        let told = refused.feedback.join("\n");
        assert!(told.contains("platform:x.media: ") && told.contains(why), "{told}");
        world.run_until_quiet().await;
        assert_eq!(the_post(&world).media[0].digest, committed(&world).digest, "{}", world.story());
        world.assert_promises();
    }
}

/// [J-8]
#[tokio::test]
async fn what_is_no_clip_of_the_agent_or_does_not_say_what_made_it_is_not_committed() {
    let world = SwarmWorld::new();
    world.forget_topics().await;
    world.start(a_campaign().posts(1).films(1).budget(LITTLE)).await;
    assert!(world.run_until(|world| has_open(world, TaskKind::Film)).await, "{}", world.story());
    let task = task_of(&world, TaskKind::Film);
    let video = Picture {
        digest: Digest::of_bytes(b"a film"),
        mime: "video/mp4".to_owned(),
        width: 640,
        height: 360,
        alt_text: "A holiday on the beach".to_owned(),
        model: "sandbox".to_owned(),
        character: None,
        duration_ms: Some(600_000),
    };
    world.send_result(a_result(&task, "lie", WorkOutcome::Artifact { artifact: Artifact::Video { video } }));
    world.deliver(Queue::Review, 10).await;
    let refused = task_of(&world, TaskKind::Film);
    assert_eq!(refused.status, TaskStatus::Rejected, "{}", world.story());
    let told = refused.feedback.join("\n");
    for rule in ["video:character: nobody is named", "video:length: 600000 ms", "video:label: "] {
        assert!(told.contains(rule), "{told}");
    }
    world.run_until_quiet().await;
    assert_eq!(committed(&world).mime, "image/apng", "the next attempt is one");
    world.assert_promises();
}

/// [E-3] [E-10] [E-13]
#[tokio::test]
async fn a_post_with_a_clip_happens_once_whatever_becomes_of_its_call() {
    for mode in [Mode::ReplyLost, Mode::CrashBeforeOutcome, Mode::Slow(40), Mode::Unsent] {
        let world = SwarmWorld::new();
        world.platform.next(mode);
        let world = filmed(world, LITTLE).await;

        assert_eq!(the_post(&world).media.len(), 1, "{mode:?}\n{}", world.story());
        assert_eq!(world.ever_published().len(), 1);
        world.assert_promises();
    }
}

/// [E-13]
#[tokio::test]
async fn a_clip_that_is_gone_or_is_another_ends_its_post_unsent() {
    for (bytes, code) in [(None, "media_missing"), (Some(b"another clip".to_vec()), "media_mismatch")] {
        let world = SwarmWorld::new();
        world.studio.answer_with(bytes);
        let world = filmed(world, LITTLE).await;

        assert!(world.published().is_empty() && world.platform.executes() == 0, "{}", world.story());
        assert_eq!(world.effects().remove(0).refusal.unwrap().code, code, "{}", world.story());
        assert_eq!(world.campaign_used(), 0, "its money came back");
        world.assert_promises();
    }
}

/// [PL-4] [PL-5] [K-16]
#[tokio::test]
async fn an_operator_who_makes_a_clip_come_first_gets_a_better_one_where_there_is_money() {
    for (budget, tier) in [(1_000, VideoTier::Premium), (100, VideoTier::Standard)] {
        let world = SwarmWorld::new();
        world.forget_topics().await;
        world.start(a_campaign().posts(2).films(2).approved_first().budget(budget)).await;
        world.run_until_quiet().await;
        let everyday = |world: &SwarmWorld| {
            let second = world.tasks().into_iter().find(|task| task.id.as_str() == "film-2").unwrap();
            (second.tier.unwrap(), second.attempt)
        };
        assert_eq!(everyday(&world), (VideoTier::Standard, 1), "{}", world.story());
        let first = |tasks: &mut Vec<ProposedTask>| {
            let second = tasks.iter_mut().find(|task| task.id.as_str() == "film-2").unwrap();
            second.priority = Priority::High;
        };
        assert!(world.edit_plan(first).await, "{}", world.story());
        assert_eq!(everyday(&world), (tier, 2), "{}", world.story());
        world.abandon();
    }
}
