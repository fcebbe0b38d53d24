//! Ordered payments: once, within the caps, to whom they were ordered for, and the wallet's own books agree.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::time::Duration;

use chimera_domain::ports::Clock as _;
use chimera_domain::{
    CampaignStatus, Claim, Effect, EffectStatus, Intent, PaymentOrder, Policy, Task, TaskStatus, WorkOutcome,
};
use chimera_sim::{Answer, SwarmWorld};
use chimera_testkit::builders::{a_campaign, a_result, an_order, cents};
use chimera_testkit::{Fault, Faults, Mode, Queue};
use serde_json::{Value, json};

/// What is ordered, in cents.
const AMOUNT: i64 = 300;
/// The most that the network may take for it.
const FEE: i64 = 50;

fn order() -> PaymentOrder {
    an_order(0xa1, AMOUNT, "for the drawings")
}

/// Only these may be paid.
fn list(policy: &mut Policy, orders: &[&PaymentOrder]) {
    policy.recipients = Some(orders.iter().map(|order| order.recipient.clone()).collect());
}

/// A world in which the order's recipient is on the list, and the campaign that orders it.
async fn ordered(world: SwarmWorld, change: impl FnOnce(&mut Policy)) -> SwarmWorld {
    world
        .change_policy(|policy| {
            list(policy, &[&order()]);
            change(policy);
        })
        .await;
    world.start(a_campaign().posts(0).feeds(&[]).pays(order())).await;
    world
}

/// The same, run to its end, with the first call going so.
async fn paid_where(mode: Mode) -> SwarmWorld {
    let world = SwarmWorld::new();
    world.wallet.next(mode);
    let world = ordered(world, |_| {}).await;
    world.run_until_quiet().await;
    world
}

fn the_effect(world: &SwarmWorld) -> Effect {
    world.effects().into_iter().find(|effect| effect.intent.payment().is_some()).unwrap()
}

fn the_task(world: &SwarmWorld) -> Task {
    world.tasks().remove(0)
}

/// [X-7] [M-14]
#[tokio::test]
async fn an_ordered_payment_is_paid_to_the_letter_and_settled_at_what_it_took() {
    let world = paid_where(Mode::Normal).await;

    let paid = world.wallet.paid();
    assert_eq!(paid.len(), 1, "{}", world.story());
    assert!(paid[0].recipient.eq_ignore_ascii_case(&order().recipient), "{:?}", paid[0]);
    assert_eq!((paid[0].amount, paid[0].memo.as_deref()), (cents(AMOUNT), Some("for the drawings")));
    let effect = the_effect(&world);
    assert_eq!((effect.status, effect.max_cost), (EffectStatus::Done, cents(AMOUNT + FEE)));
    let cost = paid[0].cost.minor();
    assert!((AMOUNT..AMOUNT + FEE).contains(&cost), "the network took its part: {cost}");
    assert_eq!(world.campaign_used(), cost, "what was set aside beyond it came back");
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    assert!(world.wallet.refused().is_empty());
    world.assert_promises();
}

/// [E-3] [E-4] [E-12]
#[tokio::test]
async fn a_payment_inside_the_cap_is_paid_once_whatever_becomes_of_its_call() {
    for mode in [
        Mode::Normal,
        Mode::ReplyLost,
        Mode::CrashBeforeOutcome,
        Mode::Slow(40),
        Mode::Unsent,
        Mode::Limited(30),
        Mode::Refuse("rate_limited", true),
    ] {
        let world = paid_where(mode).await;

        assert_eq!(world.wallet.paid().len(), 1, "{mode:?}\n{}", world.story());
        let effect = the_effect(&world);
        assert_eq!(effect.status, EffectStatus::Done, "{mode:?}\n{}", world.story());
        assert_eq!(world.campaign_used(), world.wallet.paid()[0].cost.minor(), "{mode:?}");
        assert_eq!(world.status(), CampaignStatus::Finished, "{mode:?}\n{}", world.story());
        world.assert_promises();
    }
}

/// [E-3] [E-12] [M-2]
#[tokio::test]
async fn payments_are_made_once_under_crashes_lost_replies_and_duplicates() {
    for seed in 0..6 {
        let faults = Faults::seeded(seed)
            .interleaved()
            .duplicate_messages()
            .reorder_streams()
            .percent("publisher", "execute", 30, Fault::LostReply)
            .percent("publisher", "*", 4, Fault::CrashBefore)
            .percent("publisher", "*", 4, Fault::CrashAfter)
            .percent("judge", "write*", 20, Fault::LostReply)
            .percent("*", "write*", 10, Fault::Contention);
        let world = SwarmWorld::with(seed, faults);
        let orders = [order(), an_order(0xa1, 120, "for the frames"), an_order(0xb2, 200, "for the voice")];
        world.change_policy(|policy| list(policy, &[&orders[0], &orders[2]])).await;
        world.wallet.next(Mode::CrashBeforeOutcome);
        world.wallet.next(Mode::Slow(40));
        let campaign =
            orders.iter().fold(a_campaign().posts(1), |campaign, order| campaign.pays(order.clone()));
        world.start(campaign).await;
        world.run_until_quiet().await;
        world.faults.stop();
        world.run_until_quiet().await;
        world.approve_all_reviews().await;
        world.run_until_quiet().await;

        let made: BTreeSet<Option<String>> = world.wallet.paid().into_iter().map(|paid| paid.memo).collect();
        let wanted: BTreeSet<Option<String>> =
            orders.iter().map(|order| Some(order.reason.clone())).collect();
        assert!(made.is_subset(&wanted), "seed {seed}: {made:?}");
        assert_eq!(made.len(), world.wallet.paid().len(), "seed {seed}: twice\n{}", world.story());
        assert!(
            world.effects().iter().all(|effect| effect.status.is_final()),
            "seed {seed}\n{}",
            world.story()
        );
        world.assert_promises();
    }
}

/// [M-5]
#[tokio::test]
async fn a_payment_over_a_limit_is_refused_and_the_operator_is_told() {
    for (limit, change) in [
        ("per_effect", (|policy| policy.caps.per_effect = Some(cents(AMOUNT + FEE - 1))) as fn(&mut Policy)),
        ("agent_day", |policy| policy.caps.per_agent_day = Some(cents(AMOUNT))),
    ] {
        let world = ordered(SwarmWorld::new(), change).await;
        world.run_until_quiet().await;

        assert!(world.wallet.paid().is_empty() && world.effects().is_empty(), "{}", world.story());
        let task = the_task(&world);
        assert_eq!(task.status, TaskStatus::Failed, "{}", world.story());
        let told = task.reason.unwrap();
        assert!(told.starts_with(&format!("over budget: {limit}: ")), "{told}");
        assert!(world.open_reviews().is_empty(), "nobody can approve what is over a limit");
        assert_eq!((world.campaign_used(), world.wallet.executes()), (0, 0));
        world.assert_promises();
    }
}

/// [M-2] [M-5] The first payment leaves too little for the second.
#[tokio::test]
async fn of_two_payments_the_one_that_the_budget_does_not_cover_is_refused() {
    let world = SwarmWorld::new();
    let second = an_order(0xa1, AMOUNT, "for the frames");
    world.change_policy(|policy| list(policy, &[&second])).await;
    let budget = 2 * AMOUNT + FEE;
    world.start(a_campaign().posts(0).feeds(&[]).pays(order()).pays(second).budget(budget)).await;
    world.run_until_quiet().await;

    assert_eq!(world.wallet.paid().len(), 1, "{}", world.story());
    let failed = world.tasks_in(TaskStatus::Failed);
    assert_eq!(failed.len(), 1, "{}", world.story());
    assert!(failed[0].reason.as_deref().unwrap_or_default().starts_with("over budget: "), "{failed:?}");
    world.assert_promises();
}

/// [M-8]
#[tokio::test]
async fn nobody_off_the_list_is_paid() {
    let world = SwarmWorld::new();
    world.change_policy(|policy| list(policy, &[&an_order(0xb2, 1, "another")])).await;
    world.start(a_campaign().posts(0).feeds(&[]).pays(order())).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    assert!(world.wallet.paid().is_empty(), "{}", world.story());
    let told = the_task(&world).reason.unwrap();
    assert!(
        told.contains("budget:recipient: ") && told.contains("not among those who may be paid"),
        "{told}"
    );
    assert_eq!(world.campaign_used(), 0);
    world.assert_promises();
}

/// [M-8] [M-9] Where there is no list a stranger is for a human, whose word holds.
#[tokio::test]
async fn without_a_list_a_stranger_is_paid_only_when_a_human_says_so() {
    for (answer, payments) in [(Answer::Approve, 1), (Answer::Reject("I do not know her"), 0)] {
        let world = ordered(SwarmWorld::new(), |policy| policy.recipients = None).await;
        world.run_until_quiet().await;
        assert_eq!((world.wallet.paid().len(), world.wallet.executes()), (0, 0), "nothing before the answer");
        let review = world.open_reviews().remove(0);
        assert!(review.row.flags.iter().any(|flag| flag.as_str() == "anomaly:new_recipient"), "{review:?}");

        assert!(world.decide(&review, answer).await);
        world.run_until(|world| world.wallet.paid().len() == 1 || world.tasks()[0].attempt > 1).await;
        assert_eq!(world.wallet.paid().len(), payments, "{}", world.story());
        world.run_until_quiet().await;
        world.assert_promises();
    }
}

/// [E-3] [E-10]
#[tokio::test]
async fn a_payment_whose_answer_was_lost_is_found_in_the_wallets_books() {
    let world = paid_where(Mode::CrashBeforeOutcome).await;

    assert!(world.story().contains("dispatching -> unconfirmed"), "{}", world.story());
    let (effect, paid) = (the_effect(&world), world.wallet.paid().remove(0));
    let outcome = effect.outcome.unwrap();
    assert_eq!((effect.status, outcome.cost), (EffectStatus::Done, paid.cost), "at what it really took");
    assert_eq!(world.wallet.executes(), 1, "{}", world.story());
    assert!(world.open_reviews().is_empty(), "nobody had to be asked");
    world.assert_promises();
}

/// [E-7] [E-10] What never happened is not found, and a human's no gives the money back.
#[tokio::test]
async fn a_payment_that_never_happened_is_not_taken_for_made() {
    let world = paid_where(Mode::NeverPosted).await;
    let question = world.open_reviews().remove(0);
    assert_eq!(the_effect(&world).status, EffectStatus::Unconfirmed, "{}", world.story());
    assert!(question.row.verdict.reasons[0].contains("whether this was paid"), "{:?}", question.row.verdict);
    assert_eq!(world.campaign_used(), AMOUNT + FEE, "the money stays reserved while nobody knows");

    assert!(world.decide(&question, Answer::Reject("the books do not have it")).await);
    world.run_until_quiet().await;
    assert_eq!(the_effect(&world).status, EffectStatus::Failed, "{}", world.story());
    assert_eq!((world.wallet.paid().len(), world.wallet.executes(), world.campaign_used()), (0, 1, 0));
    world.assert_promises();
}

/// [E-7] [E-12] The human has looked too early: the call is still under way. What it brings counts, and nothing is paid again.
#[tokio::test]
async fn a_human_who_says_not_paid_while_the_call_is_under_way_cannot_cause_a_second_payment() {
    let hours = |hours: u64| Duration::from_secs(hours * 3_600);
    let world = paid_where(Mode::Slow(2 * 3_600)).await;
    let question = world.open_reviews().remove(0);
    let effect = the_effect(&world);
    assert_eq!(effect.status, EffectStatus::Unconfirmed, "{}", world.story());
    // The lease outlasts the call, as it does where the functions' timeouts fit each other.
    let lease_until = world.clock.now() + hours(3);
    let claim = effect.claim.clone().map(|claim| Claim { lease_until, ..claim });
    assert!(claim.is_some(), "{}", world.story());
    world.force(Effect { claim, ..effect });

    assert!(world.decide(&question, Answer::Reject("the books do not have it")).await);
    world.run_for(hours(1)).await;
    assert_eq!((world.wallet.paid().len(), the_effect(&world).status), (0, EffectStatus::Unconfirmed));
    world.run_for(hours(4)).await;
    assert_eq!(world.wallet.paid().len(), 1, "{}", world.story());
    assert_eq!(
        (the_effect(&world).status, world.wallet.executes()),
        (EffectStatus::Done, 1),
        "{}",
        world.story()
    );
    assert_eq!(world.campaign_used(), world.wallet.paid()[0].cost.minor());
    world.run_until_quiet().await;
    assert_eq!(world.wallet.paid().len(), 1, "{}", world.story());
    world.assert_promises();
}

/// [E-7] [E-12] Where nobody answers it counts as spent, and the order's name stays taken.
#[tokio::test]
async fn an_order_that_may_have_been_paid_is_never_proposed_again() {
    let world = paid_where(Mode::NeverPosted).await;
    world.run_for(Duration::from_secs(24 * 3_600)).await;
    assert_eq!(the_effect(&world).status, EffectStatus::Failed, "{}", world.story());
    assert_eq!(world.campaign_used(), AMOUNT + FEE, "it may have been paid");
    try_again(&world).await;

    assert_eq!((world.wallet.paid().len(), world.wallet.executes()), (0, 1), "{}", world.story());
    let told = the_task(&world).feedback.join("\n");
    assert!(told.contains("unique: "), "{told}\n{}", world.story());
}

/// [E-12]
#[tokio::test]
async fn an_order_that_was_paid_is_not_paid_again_by_another_attempt() {
    let world = paid_where(Mode::Normal).await;
    try_again(&world).await;

    assert_eq!((world.wallet.paid().len(), world.wallet.executes()), (1, 1), "{}", world.story());
    assert!(the_task(&world).feedback.join("\n").contains("unique: "), "{}", world.story());
    assert_eq!(world.broken_promises(), Vec::<String>::new());
}

/// The task gets another attempt that nobody should have given it.
async fn try_again(world: &SwarmWorld) {
    let failed = Task { status: TaskStatus::Failed, ..the_task(world) };
    world.force(failed.clone());
    world.retry(&failed).await;
    world.run_until_quiet().await;
    assert!(the_task(world).attempt > failed.attempt, "{}", world.story());
}

/// A result of a worker that lies: another intent for the open task, before the real worker answers.
async fn lying(change: impl FnOnce(&mut Value)) -> SwarmWorld {
    let world = ordered(SwarmWorld::new(), |_| {}).await;
    world.gather(Queue::Task).await;
    let task = the_task(&world);
    assert_eq!(task.status, TaskStatus::Open, "{}", world.story());
    let order = order();
    let mut arguments = json!({
        "account": task.agent, "recipient": order.recipient, "amount": order.amount, "asset": "usdc",
        "network": "base-sepolia", "memo": order.reason,
    });
    change(&mut arguments);
    let tool = arguments.as_object_mut().and_then(|fields| fields.remove("tool"));
    let tool = tool.as_ref().and_then(Value::as_str).unwrap_or("transfer").to_owned();
    let intent = Intent { server: "coinbase".to_owned(), tool, arguments, cites: None };
    world.send_result(a_result(&task, "lie", WorkOutcome::Intent { intent }));
    world.deliver(Queue::Review, 10).await;
    world
}

///
#[tokio::test]
async fn a_worker_that_lies_about_a_payment_is_refused_and_the_order_is_paid_as_it_stands() {
    for (change, rule) in [
        (
            (|arguments| arguments["recipient"] = json!(an_order(0xee, 1, "me").recipient)) as fn(&mut Value),
            "order",
        ),
        (|arguments| arguments["amount"] = json!(cents(AMOUNT + 1)), "order"),
        (|arguments| arguments["memo"] = json!("for me"), "order"),
        (|arguments| arguments["account"] = json!("otto"), "account"),
        (|arguments| arguments["asset"] = json!("eth"), "asset"),
        (|arguments| arguments["network"] = json!("ethereum"), "network"),
        (|arguments| *arguments = json!({"tool": "token_deploy", "account": "mira"}), "token_deploy"),
    ] {
        let world = lying(change).await;
        let task = the_task(&world);
        assert_eq!(task.status, TaskStatus::Rejected, "{rule}\n{}", world.story());
        let told = task.feedback.join("\n");
        assert!(told.contains(&format!("platform:wallet.{rule}: ")), "{told}");
        assert!(world.effects().is_empty(), "{}", world.story());

        world.run_until_quiet().await;
        let paid = world.wallet.paid();
        assert_eq!(paid.len(), 1, "the next attempt does as it was ordered\n{}", world.story());
        assert_eq!((paid[0].amount, paid[0].memo.clone()), (cents(AMOUNT), Some(order().reason)));
        world.assert_promises();
    }
}

/// The lines can fail: a payment that no effect made, or that its effect does not know of, is noticed.
#[tokio::test]
async fn a_payment_that_the_rows_do_not_explain_is_noticed() {
    let world = paid_where(Mode::Normal).await;
    let effect = the_effect(&world);
    world.force(Effect { status: EffectStatus::Failed, ..effect.clone() });
    let broken = world.broken_promises().join("\n");
    assert!(broken.contains("wallet: ") && broken.contains("is failed and it was paid"), "{broken}");
    let arguments = json!({"recipient": "0x", "amount": cents(1)});
    world.force(Effect { intent: Intent { arguments, ..effect.intent.clone() }, ..effect.clone() });
    let broken = world.broken_promises().join("\n");
    assert!(broken.contains("paid-once: "), "{broken}");
    world.abandon();
}
