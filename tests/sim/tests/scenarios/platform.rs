//! What the platform answers, and what the swarm makes of it: posts, deletions, and tenants that know nothing of each other.
#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

use std::time::Duration;

use chimera_domain::ports::Clock as _;
use chimera_domain::{
    Agent, Effect, EffectStatus, MediumBand, Review, ReviewStatus, Stored, Subject, TenantId,
};
use chimera_sim::{Answer, SwarmWorld, all_is_medium};
use chimera_testkit::Mode;
use chimera_testkit::builders::{a_campaign, a_tenant, an_agent, an_agent_id};

/// What taking a post back costs, in cents.
const DELETE: i64 = 1;

/// [E-11]
#[tokio::test]
async fn what_is_refused_for_good_fails_once_and_gives_its_money_back() {
    let refusals = [
        ("duplicate", false),
        ("account_suspended", false),
        ("credentials_refused", false),
        ("text_too_long", false),
        ("not_found", false),
        ("platform_refused", false),
        // A server that says otherwise is not believed: the code decides.
        ("account_suspended", true),
        ("credentials_refused", true),
    ];
    for (code, says_retryable) in refusals {
        let world = SwarmWorld::with_one_post(Mode::Refuse(code, says_retryable)).await;

        let effect = world.effects().remove(0);
        assert_eq!(effect.status, EffectStatus::Failed, "{code}\n{}", world.story());
        assert_eq!(effect.refusal.map(|refusal| refusal.code).as_deref(), Some(code));
        assert_eq!(effect.rejudged, 0, "{code}: no new grant was asked for");
        assert_eq!(world.platform.executes(), 1, "{code}\n{}", world.story());
        assert!(world.published().is_empty());
        assert_eq!(world.campaign_used(), 0, "{code}\n{}", world.story());
        world.assert_promises();
    }
}

/// [E-4] [E-11]
#[tokio::test]
async fn a_wait_that_the_platform_asks_for_is_given() {
    let world = SwarmWorld::new();
    let asked = Duration::from_secs(2_000);
    world.platform.next(Mode::Limited(2_000));
    let started_at = world.clock.now();
    world.start(a_campaign().posts(1)).await;
    world.run_for(Duration::from_secs(3_600)).await;

    let posts = world.published();
    assert_eq!((posts.len(), world.platform.executes()), (1, 2), "{}", world.story());
    assert!(posts[0].created_at >= started_at + asked, "{}", world.story());
    let effect = world.effects().remove(0);
    assert_eq!((effect.status, effect.struck), (EffectStatus::Done, 1), "{}", world.story());
    world.assert_promises();
}

/// [E-11]
#[tokio::test]
async fn a_failure_of_the_platform_is_no_answer() {
    let world = SwarmWorld::with_one_post(Mode::NeverPosted).await;
    assert_eq!(world.effects()[0].status, EffectStatus::Unconfirmed, "{}", world.story());
    assert_eq!(world.platform.executes(), 1, "{}", world.story());
    assert!(world.campaign_used() > 0, "money stays reserved");
    world.assert_promises();
}

/// [E-10] What stood there before is another's doing, whatever it says.
#[tokio::test]
async fn an_older_post_of_the_same_words_is_not_taken_for_the_outcome() {
    let words = SwarmWorld::with_one_post(Mode::Normal).await.published().remove(0).text;
    for tells_keys in [true, false] {
        for (mode, happens) in [(Mode::NeverPosted, false), (Mode::CrashBeforeOutcome, true)] {
            let world = SwarmWorld::new();
            world.platform.take_repeats();
            if !tells_keys {
                world.platform.hide_keys();
            }
            let older = world.platform.post_by_hand(&a_tenant(), &an_agent_id(), &words);
            world.clock.advance(Duration::from_secs(3_600));
            world.platform.next(mode);
            world.start(a_campaign().posts(1)).await;
            world.run_until_quiet().await;

            let effect = world.effects().remove(0);
            assert_eq!(effect.intent.text(), Some(words.as_str()), "the stories differ");
            let expected = if happens { EffectStatus::Done } else { EffectStatus::Unconfirmed };
            assert_eq!(effect.status, expected, "{mode:?}, keys {tells_keys}\n{}", world.story());
            let taken = effect.outcome.map(|outcome| outcome.external_id);
            assert_ne!(taken, Some(older), "{}", world.story());
            assert_eq!(taken.is_some(), happens);
            world.assert_promises();
        }
    }
}

/// A world with one post that went out before anybody looked, and the question about it.
async fn one_post_to_regret() -> (SwarmWorld, Stored<Review>) {
    let world = SwarmWorld::new();
    world.change_policy(|policy| all_is_medium(policy, MediumBand::PublishThenReview)).await;
    world.start(a_campaign().posts(1)).await;
    world.run_until_quiet().await;
    let notes = world.open_reviews().remove(0);
    assert!(world.decide(&notes, Answer::Approve).await);
    world.run_until_quiet().await;
    assert_eq!(world.published().len(), 1, "{}", world.story());
    let question = world.question_after().unwrap();
    (world, question)
}

/// The same, rejected; `mode` is how the platform takes the deletion.
async fn taken_back_where(mode: Mode) -> SwarmWorld {
    let (world, question) = one_post_to_regret().await;
    world.platform.next(mode);
    assert!(world.decide(&question, Answer::Reject("not like this")).await);
    world.run_until_quiet().await;
    world
}

fn undo(world: &SwarmWorld) -> Effect {
    world.effects().into_iter().find(|effect| effect.undoes.is_some()).unwrap()
}

/// [E-3] [E-9] [E-10]
#[tokio::test]
async fn a_deletion_whose_answer_is_lost_happens_once() {
    let modes = [
        Mode::Normal,
        Mode::ReplyLost,
        Mode::CrashBeforeOutcome,
        Mode::Slow(40),
        Mode::Unsent,
        Mode::Limited(30),
    ];
    for mode in modes {
        let world = taken_back_where(mode).await;

        assert!(world.published().is_empty(), "{mode:?}\n{}", world.story());
        assert_eq!(world.platform.deleted().len(), 1, "{mode:?}\n{}", world.story());
        let undo = undo(&world);
        assert_eq!(undo.status, EffectStatus::Done, "{mode:?}\n{}", world.story());
        assert_eq!(undo.outcome.unwrap().external_id, world.platform.deleted()[0].post.post_id);
        assert_eq!(undo.max_cost.minor(), DELETE);
        world.assert_promises();
    }
}

/// [E-9] [E-10] The post is still there, so nothing may say that it is gone.
#[tokio::test]
async fn a_deletion_that_never_arrived_is_not_taken_for_done() {
    let world = taken_back_where(Mode::NeverPosted).await;
    assert_eq!(undo(&world).status, EffectStatus::Unconfirmed, "{}", world.story());
    assert_eq!(world.published().len(), 1);
    let question = world.open_reviews().remove(0);
    assert!(matches!(question.row.subject, Subject::Unconfirmed { .. }), "{:?}", question.row.subject);
    assert!(question.row.verdict.reasons[0].contains("deleted"), "{:?}", question.row.verdict.reasons);

    world.platform.delete_by_hand(&world.published()[0].post_id);
    assert!(world.decide(&question, Answer::Approve).await);
    world.run_until_quiet().await;
    assert_eq!(undo(&world).status, EffectStatus::Done, "{}", world.story());
    assert!(world.published().is_empty());
    world.assert_promises();
}

/// [E-9]
#[tokio::test]
async fn a_post_that_its_owner_has_deleted_already_is_gone() {
    let (world, question) = one_post_to_regret().await;
    world.platform.delete_by_hand(&world.published()[0].post_id);
    assert!(world.decide(&question, Answer::Reject("not like this")).await);
    world.run_until_quiet().await;

    assert_eq!(undo(&world).status, EffectStatus::Done, "{}", world.story());
    assert_eq!(world.platform.deleted().len(), 1, "{}", world.story());
    assert_eq!(world.reviews_in(ReviewStatus::Open).len(), 0);
    world.assert_promises();
}

/// [E-9] [E-11]
#[tokio::test]
async fn a_deletion_that_is_refused_for_good_fails_and_the_post_stays() {
    let world = taken_back_where(Mode::Refuse("not_owner", false)).await;

    assert_eq!(undo(&world).status, EffectStatus::Failed, "{}", world.story());
    assert_eq!(world.published().len(), 1, "{}", world.story());
    assert!(world.platform.deleted().is_empty());
    world.assert_promises();
}

/// A deletion that takes no effect back turns the promises red: the check can fail.
#[tokio::test]
async fn a_deletion_that_takes_nothing_back_is_noticed() {
    let world = taken_back_where(Mode::Normal).await;
    let undo = undo(&world);
    world.force(Effect { undoes: None, ..undo.clone() });
    let broken = world.broken_promises().join("\n");
    assert!(broken.contains("taken-back: "), "{broken}");
    world.force(undo);
    world.abandon();
}

/// [E-8]
#[tokio::test]
async fn two_tenants_with_the_same_agent_and_brief_publish_and_delete_apart() {
    let world = SwarmWorld::new();
    let other = TenantId::new("umbra").unwrap();
    world.put_agent(Agent { tenant: other.clone(), ..an_agent() });
    world.start(a_campaign().posts(2)).await;
    world.start(a_campaign().posts(2).of_tenant(other.clone())).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    let texts = |tenant: &TenantId| {
        let mut texts: Vec<String> =
            world.platform.posts_of(tenant).into_iter().map(|post| post.text).collect();
        texts.sort();
        texts
    };
    assert_eq!(texts(&a_tenant()).len(), 2, "{}", world.story());
    assert_eq!(texts(&a_tenant()), texts(&other), "{}", world.story());
    assert!(world.campaigns().iter().all(|campaign| campaign.status.is_over()), "{}", world.story());
    world.assert_promises();
}

/// [E-8] [E-10]
#[tokio::test]
async fn an_unknown_outcome_is_not_read_off_another_tenants_account() {
    let words = SwarmWorld::with_one_post(Mode::Normal).await.published().remove(0).text;
    let world = SwarmWorld::new();
    world.platform.hide_keys();
    let other = TenantId::new("umbra").unwrap();
    world.start(a_campaign().posts(1)).await;
    world.platform.next(Mode::NeverPosted);
    assert!(world.run_until(|world| world.platform.executes() == 1).await, "{}", world.story());
    // After the approval, with the same words, on an account of the same name.
    world.platform.post_by_hand(&other, &an_agent_id(), &words);
    world.run_until_quiet().await;

    assert_eq!(world.effects()[0].status, EffectStatus::Unconfirmed, "{}", world.story());
    assert!(world.platform.posts_of(&a_tenant()).is_empty());
    world.assert_promises();
}
