//! How payments end that do not simply arrive: refused by a human, dropped by the network, looked for too early.

use std::time::Duration;

use chimera_domain::ports::Clock as _;
use chimera_domain::{
    CampaignStatus, Content, DecisionKind, Effect, EffectStatus, Opening, Policy, Review, ReviewId, Stored,
    Subject, TaskStatus, WorkOutcome,
};
use chimera_sim::{Answer, SwarmWorld, Wallet};
use chimera_testkit::builders::{a_campaign, a_policy, a_verdict, an_order};

/// What is ordered, in cents.
const AMOUNT: i64 = 300;

/// A world in which a campaign orders one payment for this reason, to somebody on the list unless `change` says otherwise.
async fn ordered(reason: &str, change: impl FnOnce(&mut Policy)) -> SwarmWorld {
    let (world, order) = (SwarmWorld::new(), an_order(0xa1, AMOUNT, reason));
    world
        .change_policy(|policy| {
            policy.recipients = Some([order.recipient.clone()].into());
            change(policy);
        })
        .await;
    world.start(a_campaign().posts(0).feeds(&[]).pays(order)).await;
    world
}

fn the_effect(world: &SwarmWorld) -> Effect {
    world.effects().remove(0)
}

/// Nobody else is asked for what somebody has refused.
#[tokio::test]
async fn a_payment_that_a_human_refuses_is_not_proposed_again() {
    let world = ordered("for the drawings", |policy| policy.recipients = None).await;
    world.run_until_quiet().await;
    let review = world.open_reviews().remove(0);
    assert_eq!(
        review.row.allowed,
        [DecisionKind::Approve, DecisionKind::Reject],
        "an order cannot be changed"
    );

    assert!(world.decide(&review, Answer::Reject("I do not know her")).await);
    world.run_until_quiet().await;
    let task = world.tasks().remove(0);
    assert_eq!((task.status, task.attempt), (TaskStatus::Failed, 1), "{}", world.story());
    assert_eq!(task.reason.as_deref(), Some("reviewer: I do not know her"));
    assert!(world.open_reviews().is_empty(), "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    assert_eq!((world.wallet.paid().len(), world.campaign_used()), (0, 0));
    world.assert_promises();
}

/// [WA-8] [E-10] [M-3]
#[tokio::test]
async fn a_payment_that_the_network_takes_and_drops_never_counts_as_made() {
    let world = ordered(Wallet::BOUNCES, |_| {}).await;
    world.run_until_quiet().await;

    let effect = the_effect(&world);
    let code = effect.refusal.map(|refusal| refusal.code);
    assert_eq!(
        (effect.status, code.as_deref()),
        (EffectStatus::Failed, Some("transfer_failed")),
        "{}",
        world.story()
    );
    assert!(!world.story().contains("-> done"), "{}", world.story());
    assert_eq!((world.wallet.paid().len(), world.wallet.executes(), world.campaign_used()), (0, 1, 0));
    assert!(world.open_reviews().is_empty(), "the wallet knows, nobody need be asked");
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// The question that a human is asked in the end, asked at once; the call itself is over.
fn asked_at_once(world: &SwarmWorld) -> Stored<Review> {
    let effect = the_effect(world);
    let opening = Opening {
        tenant: effect.tenant.clone(),
        campaign: effect.campaign.clone(),
        id: ReviewId::of(effect.id.as_str(), "u0"),
        subject: Subject::Unconfirmed { effect: effect.id.clone(), task: effect.task.clone() },
        content: Content {
            outcome: WorkOutcome::Intent { intent: effect.intent.clone() },
            usage: None,
            max_cost: Some(effect.max_cost),
            source: None,
        },
        verdict: a_verdict(),
        ladder: a_policy().ladder,
    };
    let review = Review::opened(opening, world.clock.now());
    let asked = Some(review.id.clone());
    world.force(Effect { asked, claim: None, not_before: None, due_at: None, ..effect });
    world.force(review);
    world.open_reviews().remove(0)
}

/// [E-7] [WA-8] Whether it is still on its way when a human looks, or has just arrived.
#[tokio::test]
async fn a_human_who_cannot_see_a_payment_yet_does_not_undo_what_the_wallets_books_say() {
    for passed in [Duration::ZERO, Duration::from_secs(3)] {
        let world = ordered("for the drawings", |_| {}).await;
        let is_unknown = |world: &SwarmWorld| !world.effects_in(EffectStatus::Unconfirmed).is_empty();
        assert!(world.run_until(is_unknown).await, "it is done before it has arrived\n{}", world.story());
        let question = asked_at_once(&world);
        world.clock.advance(passed);
        assert!(world.decide(&question, Answer::Reject("I cannot see it")).await);
        world.run_until_quiet().await;

        assert_eq!((world.wallet.paid().len(), world.wallet.executes()), (1, 1), "{}", world.story());
        assert_eq!(the_effect(&world).status, EffectStatus::Done, "{passed:?}\n{}", world.story());
        assert_eq!(world.campaign_used(), world.wallet.paid()[0].cost.minor(), "{passed:?}");
        assert!(world.open_reviews().is_empty(), "{}", world.story());
        world.assert_promises();
    }
}
