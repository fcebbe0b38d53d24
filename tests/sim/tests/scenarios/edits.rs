//! What a human changes, and what changes while a human thinks, is judged again before it acts.

use chimera_domain::{Confidence, Effect, EffectStatus, Flag, Review, Stored, TaskStatus, Topic};
use chimera_sim::{Answer, SwarmWorld};
use chimera_testkit::builders::{FEED, a_campaign, cents};
use chimera_testkit::{Article, Feed};

/// The link of the one article.
const LINK: &str = "https://smalltools.example/lantern";

/// A world in which one post about one known article waits for a human.
async fn one_held_post(budget: i64) -> (SwarmWorld, Stored<Review>) {
    let world = SwarmWorld::new();
    let text = "Lantern 2.0 searches plain log files and needs no database beside them. The new version keeps a small \
                index next to each file. It runs as one binary of six megabytes on Linux and macOS. The maintainers \
                removed the old plugin system because only three plugins were ever written.";
    let lantern = Article::new("lantern", "Lantern 2.0 reads log files", text);
    world.platform.serve(FEED, Feed::with_articles("Small Tools", vec![lantern]));
    world.start(a_campaign().posts(1).hold_first(1).budget(budget)).await;
    world.run_until_quiet().await;
    let review = world.open_reviews().remove(0);
    (world, review)
}

async fn edited(text: &str) -> SwarmWorld {
    let (world, review) = one_held_post(1_000).await;
    assert!(world.decide(&review, Answer::Edit(text)).await);
    world.run_until_quiet().await;
    world
}

///
#[tokio::test]
async fn an_edit_that_adds_a_topic_is_held_again_for_that_topic() {
    let text = format!(
        "Lantern 2.0 searches plain log files and needs no database beside them. Vote for the senator on Tuesday! {LINK}"
    );
    let world = edited(&text).await;

    assert!(world.published().is_empty(), "{}", world.story());
    let again = world.open_reviews().remove(0);
    assert!(again.row.flags.contains(&Flag::new("topic:politics")), "{:?}", again.row.flags);
    assert_eq!(again.row.content.intent().and_then(|intent| intent.text()), Some(text.as_str()));
    world.assert_promises();

    // Who has seen the flag may let it through: it is a human's to decide.
    assert!(world.decide(&again, Answer::Approve).await);
    world.run_until_quiet().await;
    assert_eq!(world.texts(), [text], "{}", world.story());
    world.assert_promises();
}

///
#[tokio::test]
async fn an_edit_that_breaks_a_rule_is_refused_and_never_published() {
    for text in [
        format!("{} {LINK}", "Lantern searches plain log files without a database. ".repeat(8)),
        "Lantern 2.0 searches plain log files and needs no database beside them.".to_owned(),
        "\u{200b}".to_owned(),
    ] {
        let world = edited(&text).await;
        assert!(!world.texts().contains(&text), "{}", world.story());
        let feedback: Vec<String> = world.tasks().into_iter().flat_map(|task| task.feedback).collect();
        assert!(!feedback.is_empty(), "the planner is told why\n{}", world.story());
        world.assert_promises();
    }
}

/// [M-5] Without a link the post costs 2 cents; an edit that brings one in costs 20.
#[tokio::test]
async fn an_edit_that_breaks_the_budget_is_refused_and_never_published() {
    let (world, review) = one_held_post(1_000).await;
    world.change_policy(|policy| policy.caps.per_effect = Some(cents(19))).await;
    let text = format!(
        "Lantern 2.0 searches plain log files and needs no database beside them, as one binary of six megabytes. {LINK}"
    );
    assert!(world.decide(&review, Answer::Edit(&text)).await);
    world.run_until_quiet().await;

    assert!(world.published().is_empty(), "{}", world.story());
    let failed = world.tasks_in(TaskStatus::Failed);
    let reasons: Vec<String> = failed.into_iter().filter_map(|task| task.reason).collect();
    assert!(reasons.iter().any(|reason| reason.starts_with("over budget")), "{reasons:?}");
    world.assert_promises();
}

/// A world in which a human has approved, and policy changes before it is published.
async fn approved_before(change: impl FnOnce(&mut chimera_domain::Policy)) -> SwarmWorld {
    let (world, review) = one_held_post(1_000).await;
    world.forbid_posts().await;
    assert!(world.decide(&review, Answer::Approve).await);
    world.run_until_quiet().await;
    assert_eq!(world.effects_in(EffectStatus::Done), Vec::<Effect>::new());
    world.change_policy(|policy| change(policy)).await;
    world.allow_posts().await;
    world.run_until_quiet().await;
    world
}

///
#[tokio::test]
async fn an_approval_given_before_a_policy_change_holds_where_it_raises_no_new_flag() {
    let world = approved_before(|policy| {
        policy.thresholds.approve = Confidence::FULL;
        policy.topics.remove(&Topic::Politics);
        policy.caps.per_tenant_day = Some(cents(5_000));
    })
    .await;

    assert_eq!(world.published().len(), 1, "{}", world.story());
    assert!(world.open_reviews().is_empty(), "nobody is asked twice");
    world.assert_promises();
}

///
#[tokio::test]
async fn an_approval_given_before_a_policy_change_is_asked_again_where_it_raises_a_new_flag() {
    let world = approved_before(|policy| {
        let words = ["log files".to_owned()].into_iter().collect();
        policy.tenant_topics.insert("logs".to_owned(), words);
    })
    .await;

    assert!(world.published().is_empty(), "{}", world.story());
    let again = world.open_reviews().remove(0);
    assert!(again.row.flags.contains(&Flag::new("topic:logs")), "{:?}", again.row.flags);
    world.assert_promises();
    world.approve_all_reviews().await;
    assert_eq!(world.published().len(), 1, "{}", world.story());
    world.assert_promises();
}
