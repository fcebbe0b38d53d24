//! What went out before anybody looked is taken back when a human says so, whatever becomes of campaign, money and platform.
#![expect(clippy::unwrap_used, reason = "what is not there fails the test")]

use std::time::Duration;

use chimera_domain::{
    Campaign, CampaignStatus, Effect, EffectMessage, EffectStatus, Envelope, MediumBand, Policy, QuietHours,
    Review, ReviewStatus, Stored, Subject, Task, TaskKind, TaskStatus,
};
use chimera_sim::{Answer, SwarmWorld, all_is_medium};
use chimera_testkit::builders::{a_campaign, a_result, a_tenant, an_agent_id, cents, task_id};
use chimera_testkit::{Mode, Queue};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const NO: Answer<'_> = Answer::Reject("not like this");

/// Forbids one tool, or all again.
async fn forbid(world: &SwarmWorld, tool: Option<&str>) {
    let killed = tool.map(|tool| format!("twitter.{tool}")).into_iter().collect();
    world.change_policy(|policy| policy.killed_tools = killed).await;
}

/// A world whose one post is approved to go out first; `change` is of its policy, on top.
async fn approved_first(change: impl FnOnce(&mut Policy)) -> SwarmWorld {
    let world = SwarmWorld::new();
    world
        .change_policy(|policy| {
            all_is_medium(policy, MediumBand::PublishThenReview);
            change(policy);
        })
        .await;
    world.start(a_campaign().posts(1)).await;
    world.run_until_quiet().await;
    let notes = world.open_reviews().remove(0);
    assert!(world.decide(&notes, Answer::Approve).await);
    world
}

/// A world with one post that is out, and the question about it.
async fn published_first() -> (SwarmWorld, Stored<Review>) {
    let world = approved_first(|_| ()).await;
    world.run_until_quiet().await;
    assert_eq!(world.published().len(), 1, "{}", world.story());
    let question = world.question_after().unwrap();
    (world, question)
}

/// The same, with the post not out yet: a switch forbids it.
async fn waiting_first() -> (SwarmWorld, Stored<Review>) {
    let world = approved_first(|policy| {
        policy.killed_tools.insert("twitter.post_create".to_owned());
    })
    .await;
    world.run_until_quiet().await;
    assert!(world.published().is_empty(), "{}", world.story());
    let question = world.question_after().unwrap();
    (world, question)
}

fn undo(world: &SwarmWorld) -> Option<Effect> {
    world.effects().into_iter().find(|effect| effect.undoes.is_some())
}

fn post(world: &SwarmWorld) -> Effect {
    world.effects().into_iter().find(|effect| effect.undoes.is_none()).unwrap()
}

fn assert_taken_back(world: &SwarmWorld) {
    assert!(world.published().is_empty(), "{}", world.story());
    assert_eq!(world.platform.deleted().len(), 1, "{}", world.story());
    assert_eq!(undo(world).unwrap().status, EffectStatus::Done, "{}", world.story());
    assert_eq!(world.open_reviews().len(), 0, "{}", world.story());
    world.assert_promises();
}

/// Puts a wake-up for the effect on the queue once more.
fn wake(world: &SwarmWorld, effect: &Effect) {
    let message = EffectMessage {
        tenant: effect.tenant.clone(),
        campaign: effect.campaign.clone(),
        effect: effect.id.clone(),
    };
    world.cloud.send(Queue::Effect, serde_json::to_string(&Envelope::new(message)).unwrap());
}

///
#[tokio::test]
async fn what_a_cancelled_campaign_has_published_is_still_asked_about() {
    for (answer, stays) in [(Some(Answer::Approve), true), (Some(NO), false), (None, false)] {
        let (world, _) = published_first().await;
        world.cancel().await;
        world.run_until_quiet().await;
        let question = world.question_after().unwrap();
        match answer {
            Some(answer) => assert!(world.decide(&question, answer).await),
            None => world.run_for(6 * HOUR).await,
        }
        world.run_until_quiet().await;

        assert_eq!(world.published().len(), usize::from(stays), "{answer:?}\n{}", world.story());
        assert_eq!(undo(&world).is_some(), !stays, "{answer:?}\n{}", world.story());
        assert!(world.open_reviews().is_empty(), "{answer:?}\n{}", world.story());
        world.assert_promises();
    }
}

/// Cancelled before the Judge has acted on the rejection, and between the rejection and the deletion.
#[tokio::test]
async fn a_cancel_discards_no_rejection() {
    let (world, question) = published_first().await;
    assert!(world.decide(&question, NO).await);
    world.cancel().await;
    world.run_until_quiet().await;
    assert_taken_back(&world);

    let (world, question) = published_first().await;
    forbid(&world, Some("post_delete")).await;
    assert!(world.decide(&question, NO).await);
    world.run_until_quiet().await;
    world.cancel().await;
    world.run_for(HOUR).await;
    assert_eq!(world.published().len(), 1, "it is forbidden\n{}", world.story());
    forbid(&world, None).await;
    world.run_for(HOUR).await;
    assert_taken_back(&world);
}

/// Under another policy its money is set aside anew, and does not fit.
#[tokio::test]
async fn a_deletion_waits_for_money_and_is_not_given_up() {
    let (world, question) = published_first().await;
    forbid(&world, Some("post_delete")).await;
    assert!(world.decide(&question, NO).await);
    world.run_until_quiet().await;
    world
        .change_policy(|policy| {
            policy.killed_tools.clear();
            policy.caps.per_agent_day = Some(cents(10));
        })
        .await;
    world.run_for(HOUR).await;
    assert_eq!(undo(&world).unwrap().status, EffectStatus::Rejudge, "{}", world.story());

    world.change_policy(|policy| policy.caps.per_agent_day = None).await;
    world.run_for(HOUR).await;
    assert_taken_back(&world);
}

/// [R-8] [E-11]
#[tokio::test]
async fn a_platform_that_limits_calls_for_a_while_does_not_end_a_deletion() {
    let (world, question) = published_first().await;
    world.platform.always(Mode::Refuse("rate_limited", true));
    assert!(world.decide(&question, NO).await);
    world.run_for(20 * MINUTE).await;
    world.platform.always(Mode::Normal);
    world.run_for(HOUR).await;
    assert_taken_back(&world);
}

/// What the second look would let out by the medium band alone has no question of its own yet.
#[tokio::test]
async fn a_second_look_publishes_nothing_that_nobody_is_asked_about() {
    let world = SwarmWorld::new();
    world.forbid_posts().await;
    world.start(a_campaign().posts(1)).await;
    world.run_until_quiet().await;
    assert_eq!(world.effects_in(EffectStatus::Approved).len(), 1, "{}", world.story());
    world.change_policy(|policy| all_is_medium(policy, MediumBand::PublishThenReview)).await;
    world.allow_posts().await;
    world.run_until_quiet().await;
    assert!(world.published().is_empty(), "{}", world.story());

    let question = world.open_reviews().remove(0);
    assert!(matches!(question.row.subject, Subject::Rejudged { .. }), "{:?}", question.row.subject);
    assert!(world.decide(&question, Answer::Approve).await);
    world.run_until_quiet().await;
    assert_eq!(world.published().len(), 1, "{}", world.story());
    world.assert_promises();
}

/// [E-9] Whoever could write the row could not have anything else deleted.
#[tokio::test]
async fn a_deletion_of_anything_else_is_not_signed_again() {
    let (world, question) = published_first().await;
    forbid(&world, Some("post_delete")).await;
    assert!(world.decide(&question, NO).await);
    world.run_until_quiet().await;
    let other = world.platform.post_by_hand(&a_tenant(), &an_agent_id(), "the owner's own words");
    let mut forged = undo(&world).unwrap();
    forged.intent.arguments["post_id"] = other.into();
    forged.digest = forged.intent.digest();
    world.force(forged);
    forbid(&world, None).await;
    world.run_for(HOUR).await;

    assert!(world.platform.deleted().is_empty(), "{}", world.story());
    assert_eq!(undo(&world).unwrap().status, EffectStatus::Rejudge, "{}", world.story());
    world.abandon();
}

/// A world with a post of which only a human says that it is there, and the question about it.
async fn vouched_for(seen: bool) -> (SwarmWorld, Stored<Review>) {
    let world = approved_first(|_| ()).await;
    world.platform.hide_keys();
    world.platform.next(Mode::NeverPosted);
    world.run_until_quiet().await;
    let is_unknown = |review: &Stored<Review>| matches!(review.row.subject, Subject::Unconfirmed { .. });
    let unknown = world.open_reviews().into_iter().find(is_unknown).unwrap();
    if seen {
        let text = post(&world).intent.text().unwrap().to_owned();
        world.platform.post_by_hand(&a_tenant(), &an_agent_id(), &text);
    }
    assert!(world.decide(&unknown, Answer::Approve).await);
    world.run_until_quiet().await;
    assert_eq!(post(&world).status, EffectStatus::Done, "{}", world.story());
    let question = world.question_after().unwrap();
    (world, question)
}

/// [R-8] [E-7]
#[tokio::test]
async fn a_post_that_a_human_has_seen_is_taken_back_by_the_platforms_own_id() {
    let (world, question) = vouched_for(true).await;
    assert!(world.decide(&question, NO).await);
    world.run_until_quiet().await;
    // Which effect made it, only the platform could say: the promises about effects do not know this post.
    assert!(world.published().is_empty(), "{}", world.story());
    assert_eq!(undo(&world).unwrap().status, EffectStatus::Done, "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
}

/// Nothing can be deleted by the id of a review.
#[tokio::test]
async fn a_post_whose_id_nobody_knows_is_left_to_people() {
    let (world, question) = vouched_for(false).await;
    assert!(world.decide(&question, NO).await);
    world.run_until_quiet().await;
    assert_eq!((undo(&world), world.platform.executes()), (None, 1), "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// [E-4] [E-7]
#[tokio::test]
async fn a_post_that_a_human_finds_still_there_is_deleted_under_another_grant() {
    let (world, question) = published_first().await;
    world.platform.next(Mode::NeverPosted);
    assert!(world.decide(&question, NO).await);
    world.run_until_quiet().await;
    let unknown = world.open_reviews().remove(0);
    assert!(world.decide(&unknown, Answer::Reject("it is still there")).await);
    world.run_until_quiet().await;
    assert_taken_back(&world);
    assert_eq!(undo(&world).unwrap().struck, 1, "{}", world.story());
}

///
#[tokio::test]
async fn an_approval_before_the_post_is_out_covers_it() {
    let (world, question) = waiting_first().await;
    assert!(world.decide(&question, Answer::Approve).await);
    world.run_until_quiet().await;
    let approved = post(&world);
    assert_eq!(approved.review, Some(question.row.id.clone()), "{}", world.story());

    // By today's policy alone it would be asked about once more.
    world.change_policy(|policy| policy.medium_band = MediumBand::Hold).await;
    world.allow_posts().await;
    world.run_until_quiet().await;
    assert_eq!(world.published().len(), 1, "{}", world.story());
    assert!(world.open_reviews().is_empty(), "{}", world.story());
    world.assert_promises();
}

/// Silence is no answer to one who has answered already.
#[tokio::test]
async fn what_a_human_approved_by_another_question_is_not_taken_back_by_silence() {
    let (world, question) = waiting_first().await;
    world.change_policy(|policy| policy.medium_band = MediumBand::Hold).await;
    world.allow_posts().await;
    world.run_until_quiet().await;
    let is_second = |review: &Stored<Review>| matches!(review.row.subject, Subject::Rejudged { .. });
    let second = world.open_reviews().into_iter().find(is_second).unwrap();
    assert!(world.decide(&second, Answer::Approve).await);
    world.run_until_quiet().await;
    assert_eq!(world.published().len(), 1, "{}", world.story());

    world.run_for(6 * HOUR).await;
    assert_eq!((world.published().len(), undo(&world)), (1, None), "{}", world.story());
    let ended = world.reviews().into_iter().find(|review| review.id == question.row.id).unwrap();
    assert_eq!(ended.status, ReviewStatus::Expired, "{}", world.story());
    world.assert_promises();
}

/// What a rejection leads to is no approval: another post of a campaign that holds its first is held.
#[tokio::test]
async fn a_deletion_counts_for_no_approval() {
    let (world, question) = published_first().await;
    assert!(world.decide(&question, NO).await);
    world.run_until_quiet().await;
    assert_taken_back(&world);

    let mut campaign = Campaign { status: CampaignStatus::Active, ..world.campaigns().remove(0) };
    campaign.brief.hold_first = 1;
    world.force(campaign);
    let written = world.tasks().into_iter().find(|task| task.kind == TaskKind::Write).unwrap();
    let answer = written.committed.clone().unwrap().outcome;
    let more =
        Task { id: task_id("write-9"), status: TaskStatus::Open, committed: None, effect: None, ..written };
    world.force(more.clone());
    world.send_result(a_result(&more, "r-9", answer));
    world.deliver(Queue::Review, 1).await;

    let asked = world.open_reviews().into_iter().find(|review| review.row.subject.task() == &more.id);
    let flags = asked.map(|review| review.row.flags).unwrap_or_default();
    assert!(flags.iter().any(|flag| flag.as_str() == "hold_first"), "{flags:?}\n{}", world.story());
    world.abandon();
}

/// Nobody is asked about what will never be.
#[tokio::test]
async fn a_question_ends_with_the_post_that_never_was() {
    let world = approved_first(|_| ()).await;
    world.platform.next(Mode::Refuse("account_suspended", false));
    world.run_until_quiet().await;
    assert_eq!(post(&world).status, EffectStatus::Failed, "{}", world.story());
    assert!(world.open_reviews().is_empty(), "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// Reviewers have their whole time with what is out.
#[tokio::test]
async fn the_ladder_begins_when_the_quiet_hours_end() {
    let world = approved_first(|policy| {
        let (from, to) = ("08:00".parse().unwrap(), "20:00".parse().unwrap());
        policy.quiet_hours = Some(QuietHours { from, to, utc_offset_minutes: 0 });
    })
    .await;
    world.run_for(10 * HOUR).await;
    assert!(world.question_after().is_some(), "nobody was late\n{}", world.story());
    world.run_for(2 * HOUR).await;
    assert_eq!(world.published().len(), 1, "{}", world.story());
    assert!(world.decide(&world.question_after().unwrap(), Answer::Approve).await);
    world.run_until_quiet().await;
    assert_eq!(world.published().len(), 1, "{}", world.story());
    world.assert_promises();
}

/// [E-11] A wait that the platform asked for is not cut short by a switch that is set and taken back meanwhile.
#[tokio::test]
async fn a_switch_does_not_shorten_a_longer_wait() {
    let world = SwarmWorld::new();
    world.platform.next(Mode::Limited(4_000));
    world.start(a_campaign().posts(1)).await;
    world.run_for(MINUTE).await;
    let waits_until = post(&world).not_before.unwrap();
    world.forbid_posts().await;
    wake(&world, &post(&world));
    world.run_for(MINUTE).await;
    world.allow_posts().await;
    world.run_for(2 * HOUR).await;
    let posts = world.published();
    assert_eq!(posts.len(), 1, "{}", world.story());
    assert!(posts[0].created_at >= waits_until, "{}", world.story());
    world.assert_promises();
}
