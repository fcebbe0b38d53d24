//! No effect happens twice, and an unknown outcome is never guessed.

use std::time::Duration;

use chimera_domain::ports::{Burn, Clock as _};
use chimera_domain::{
    CampaignStatus, Claim, Effect, EffectStatus, History, Row, Stored, Unique, UniqueState,
};
use chimera_sim::{Answer, SwarmWorld};
use chimera_testkit::builders::{FEED, a_campaign};
use chimera_testkit::{Fault, Faults, Mode, Queue};

use crate::twenty_tools::twenty_tools;

/// [E-3]
#[tokio::test]
async fn a_crash_between_burn_and_outcome_is_read_back_from_the_platform() {
    let world = SwarmWorld::with_one_post(Mode::CrashBeforeOutcome).await;

    assert_eq!(world.published().len(), 1, "{}", world.story());
    let effect = world.effects().remove(0);
    assert_eq!(effect.status, EffectStatus::Done, "{}", world.story());
    assert_eq!(effect.outcome.unwrap().external_id, world.published()[0].post_id);
    assert!(world.story().contains("dispatching -> unconfirmed"), "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished);
    world.assert_promises();
}

/// [E-2] [E-3]
#[tokio::test]
async fn a_lost_reply_takes_the_stored_outcome_and_does_not_post_again() {
    let world = SwarmWorld::with_one_post(Mode::ReplyLost).await;

    assert_eq!(world.platform.executes(), 1, "{}", world.story());
    assert_eq!(world.published().len(), 1);
    assert_eq!(world.effects()[0].status, EffectStatus::Done, "{}", world.story());
    world.assert_promises();
}

/// [E-7] [M-4]
#[tokio::test]
async fn where_nobody_knows_a_human_is_asked_and_a_no_ends_it_without_money() {
    let world = SwarmWorld::with_one_post(Mode::NeverPosted).await;
    let open = world.open_reviews();
    assert_eq!(open.len(), 1, "{}", world.story());
    assert_eq!(world.effects()[0].status, EffectStatus::Unconfirmed);
    assert!(world.campaign_used() > 0, "money stays reserved while nobody knows");
    let burnt = world.effects()[0].grant.grant.id.clone();

    assert!(world.decide(&open[0], Answer::Reject("it is not on the account")).await);
    world.run_until_quiet().await;

    assert!(world.published().is_empty());
    let failed = world.effects().into_iter().find(|effect| effect.grant.grant.id == burnt).unwrap();
    assert_eq!(failed.status, EffectStatus::Failed, "{}", world.story());
    assert!(matches!(world.platform.burn(&burnt), Some(Burn::Refused { .. } | Burn::Void)));
    assert_eq!(world.platform.executes(), 1, "{}", world.story());
    assert_eq!(world.campaign_used(), 0, "{}", world.story());
    world.assert_promises();
}

/// [M-3]
#[tokio::test]
async fn where_nobody_knows_a_humans_yes_makes_it_done_and_settles() {
    let world = SwarmWorld::with_one_post(Mode::NeverPosted).await;
    let open = world.open_reviews();
    assert_eq!(open.len(), 1, "{}", world.story());

    assert!(world.decide(&open[0], Answer::Approve).await);
    world.run_until_quiet().await;

    assert_eq!(world.effects()[0].status, EffectStatus::Done, "{}", world.story());
    assert!(world.campaign_used() > 0);
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// [E-7]
#[tokio::test]
async fn where_nobody_knows_and_nobody_answers_it_counts_as_spent() {
    let world = SwarmWorld::with_one_post(Mode::NeverPosted).await;
    let held = world.campaign_used();
    world.run_for(Duration::from_secs(24 * 3_600)).await;

    let effect = world.effects().remove(0);
    assert_eq!(effect.status, EffectStatus::Failed, "{}", world.story());
    assert_eq!(effect.refusal.map(|refusal| refusal.code), Some("unconfirmed".to_owned()));
    assert_eq!((world.campaign_used(), world.platform.executes()), (held, 1), "{}", world.story());
    assert!(world.open_reviews().is_empty(), "{}", world.story());
    assert!(world.status().is_over(), "{}", world.story());
    world.assert_promises();
}

#[tokio::test]
async fn a_call_that_provably_never_left_is_put_back_and_made_later() {
    let world = SwarmWorld::with_one_post(Mode::Unsent).await;

    assert!(world.story().contains("dispatching -> approved"), "{}", world.story());
    assert_eq!(world.published().len(), 1, "{}", world.story());
    assert_eq!(world.effects()[0].status, EffectStatus::Done);
    world.assert_promises();
}

#[tokio::test]
async fn a_slow_answer_that_comes_after_all_is_taken() {
    let world = SwarmWorld::with_one_post(Mode::Slow(40)).await;

    assert_eq!(world.platform.executes(), 1, "{}", world.story());
    assert_eq!(world.published().len(), 1);
    assert_eq!(world.effects()[0].status, EffectStatus::Done, "{}", world.story());
    world.assert_promises();
}

/// [E-4]
#[tokio::test]
async fn a_rate_limit_is_judged_again_under_a_new_grant() {
    let world = SwarmWorld::with_one_post(Mode::Refuse("rate_limited", true)).await;

    assert_eq!(world.published().len(), 1, "{}", world.story());
    let effect = world.effects().remove(0);
    assert_eq!((effect.status, effect.rejudged), (EffectStatus::Done, 1), "{}", world.story());
    world.assert_promises();
}

/// [M-3]
#[tokio::test]
async fn a_refusal_for_good_fails_the_effect_and_gives_the_money_back() {
    let world = SwarmWorld::with_one_post(Mode::Refuse("account_suspended", false)).await;

    assert_eq!(world.effects()[0].status, EffectStatus::Failed, "{}", world.story());
    assert!(world.effects_in(EffectStatus::Dispatching).is_empty());
    world.assert_promises();
}

#[tokio::test]
async fn a_publisher_that_dies_after_its_call_does_not_call_again() {
    let world = SwarmWorld::with(2, Faults::none().nth("publisher", "execute", 1, Fault::CrashAfter));
    world.start(a_campaign().posts(1)).await;
    world.run_until_quiet().await;

    assert_eq!(world.platform.executes(), 1, "{}", world.story());
    assert_eq!(world.published().len(), 1);
    assert_eq!(world.effects()[0].status, EffectStatus::Done, "{}", world.story());
    world.assert_promises();
}

/// [E-4]
#[tokio::test]
async fn a_publisher_that_dies_before_its_call_voids_the_grant_and_posts_under_a_new_one() {
    let world = SwarmWorld::with(2, Faults::none().nth("publisher", "execute", 1, Fault::CrashBefore));
    world.start(a_campaign().posts(1)).await;
    world.run_until_quiet().await;

    assert_eq!(world.published().len(), 1, "{}", world.story());
    let effect = world.effects().remove(0);
    assert_eq!((effect.status, effect.rejudged), (EffectStatus::Done, 1), "{}", world.story());
    world.assert_promises();
}

/// [E-5] [E-6]
#[tokio::test]
async fn an_approval_that_waited_too_long_is_signed_again_without_a_human() {
    let world = SwarmWorld::new();
    world.forbid_posts().await;
    world.start(a_campaign().posts(1)).await;
    world.run_until_quiet().await;
    assert!(world.published().is_empty(), "{}", world.story());

    world.allow_posts().await;
    world.run_for(Duration::from_secs(30 * 60)).await;
    assert_eq!(world.published().len(), 1, "{}", world.story());
    assert!(world.platform.refused().is_empty(), "no expired grant was ever used");
    world.assert_promises();
}

/// [E-5]
#[tokio::test]
async fn an_account_keeps_its_pace() {
    let world = SwarmWorld::new();
    let pace = Duration::from_secs(600);
    world
        .change_policy(|policy| {
            policy.agents.entry(chimera_testkit::builders::an_agent_id()).or_default().pacing_s = 600;
        })
        .await;
    world.start(a_campaign().posts(3)).await;
    world.run_for(Duration::from_secs(3 * 3_600)).await;

    let posts = world.published();
    assert_eq!(posts.len(), 3, "{}", world.story());
    for pair in posts.windows(2) {
        let wait_ms = pair[1].created_at.as_millisecond() - pair[0].created_at.as_millisecond();
        assert!(wait_ms >= i64::try_from(pace.as_millis()).unwrap(), "{}", world.story());
    }
    world.assert_promises();
}

/// [E-4]
#[tokio::test]
async fn ten_posts_that_wait_for_their_pace_are_all_published() {
    let world = SwarmWorld::new();
    world.platform.serve(FEED, twenty_tools());
    world
        .change_policy(|policy| {
            policy.agents.entry(chimera_testkit::builders::an_agent_id()).or_default().pacing_s = 600;
        })
        .await;
    world.start(a_campaign().posts(10)).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;
    world.run_for(Duration::from_secs(3 * 3_600)).await;

    assert_eq!(world.published().len(), 10, "{}", world.story());
    assert!(world.effects().iter().any(|effect| effect.rejudged > 0), "no grant grew old while it waited");
    assert!(world.effects().iter().all(|effect| effect.struck == 0), "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// [E-4]
#[tokio::test]
async fn an_effect_is_given_a_new_grant_at_most_three_times() {
    let world = SwarmWorld::new();
    world.platform.always(Mode::Refuse("rate_limited", true));
    world.start(a_campaign().posts(1)).await;
    world.run_until_quiet().await;

    let effect = world.effects().remove(0);
    assert_eq!((effect.status, effect.struck), (EffectStatus::Void, 4), "{}", world.story());
    assert_eq!(world.platform.executes(), 4, "once under each grant\n{}", world.story());
    assert!(world.published().is_empty());
    assert_eq!(world.campaign_used(), 0, "{}", world.story());
    world.assert_promises();
}

/// [E-5]
#[tokio::test]
async fn money_set_aside_yesterday_is_set_aside_anew_before_a_claim() {
    let world = SwarmWorld::new();
    world.clock.set("2026-03-02T23:55:00Z".parse().unwrap());
    world
        .change_policy(|policy| {
            policy.agents.entry(chimera_testkit::builders::an_agent_id()).or_default().pacing_s = 600;
        })
        .await;
    world.start(a_campaign().posts(2)).await;
    world.run_for(Duration::from_secs(3_600)).await;

    assert_eq!(world.published().len(), 2, "{}", world.story());
    let reserved: std::collections::BTreeSet<(u32, String)> = world
        .effects()
        .into_iter()
        .map(|effect| (effect.reservation.number, effect.reservation.day))
        .collect();
    let expected = [(1, "2026-03-02".to_owned()), (2, "2026-03-03".to_owned())];
    assert_eq!(reserved, expected.into(), "{}", world.story());
    world.assert_promises();
}

/// [E-7]
#[tokio::test]
async fn a_humans_no_waits_until_the_call_is_surely_over() {
    let world = SwarmWorld::with_one_post(Mode::NeverPosted).await;
    let open = world.open_reviews();
    let effect = world.effects().remove(0);
    let burnt = effect.grant.grant.id.clone();
    let lease_until = world.clock.now() + Duration::from_secs(600);
    let claim = effect.claim.clone().map(|claim| Claim { lease_until, ..claim });
    assert!(claim.is_some(), "{}", world.story());
    world.force(Effect { claim, ..effect });

    assert!(world.decide(&open[0], Answer::Reject("it is not on the account")).await);
    world.run_for(Duration::from_secs(540)).await;
    assert_eq!(world.effects()[0].status, EffectStatus::Unconfirmed, "{}", world.story());
    assert_eq!(world.platform.burn(&burnt), Some(Burn::InFlight));

    world.run_for(Duration::from_secs(300)).await;
    assert_eq!(world.effects()[0].status, EffectStatus::Failed, "{}", world.story());
    assert_eq!(world.platform.burn(&burnt), Some(Burn::Void));
    world.assert_promises();
}

/// What had given an effect up: its names and its deed are free.
fn give_up(world: &SwarmWorld) {
    for stored in world.cloud.rows().unwrap_or_default() {
        match stored.row {
            Row::Effect(effect) => world.force(Effect { status: EffectStatus::Void, ..*effect }),
            Row::Unique(row) => world.force(Unique { status: UniqueState::Free, ..row }),
            Row::History(row) => world.force(History { status: UniqueState::Free, ..row }),
            _ => {}
        }
    }
}

/// [E-7] [M-11] It is out, so that nothing may be said again as if it were not.
#[tokio::test]
async fn an_effect_that_happened_after_all_holds_its_names_again() {
    let world = SwarmWorld::new();
    world.start(a_campaign().posts(1)).await;
    let is_approved = |world: &SwarmWorld| !world.effects_in(EffectStatus::Approved).is_empty();
    assert!(world.run_until(is_approved).await, "{}", world.story());
    world.gather(Queue::Effect).await;
    world.faults.hold("publisher", "write_money");
    let meanwhile = async {
        while world.published().is_empty() {
            tokio::task::yield_now().await;
        }
        give_up(&world);
        world.faults.let_go();
    };
    futures::join!(world.deliver(Queue::Effect, 1), meanwhile);
    world.run_until_quiet().await;

    assert_eq!(world.effects()[0].status, EffectStatus::Done, "{}", world.story());
    let states: Vec<UniqueState> = world.cloud.rows().unwrap().into_iter().filter_map(state_of).collect();
    assert_eq!(states, [UniqueState::Taken; 2], "its text and its deed\n{}", world.story());
}

fn state_of(stored: Stored) -> Option<UniqueState> {
    match stored.row {
        Row::Unique(row) => Some(row.status),
        Row::History(row) => Some(row.status),
        _ => None,
    }
}
