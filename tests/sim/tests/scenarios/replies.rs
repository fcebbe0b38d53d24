//! Mentions are answered: once, honestly, and only where the platform has approved that a machine replies.

use chimera_domain::{CampaignStatus, Check, Disclosure, EffectStatus, Mention, TaskKind, TaskStatus};
use chimera_policy::honesty::{claims_human, discloses};
use chimera_sim::{Answer, SwarmWorld};
use chimera_testkit::builders::{a_campaign, must};

fn mention(id: &str, text: &str) -> Mention {
    Mention { id: id.to_owned(), author: "nora".to_owned(), text: text.to_owned() }
}

/// A world in which the tenant declares that the platform has approved its automated replies.
async fn approved_world() -> SwarmWorld {
    let world = SwarmWorld::new();
    world.forget_topics().await;
    world.change_policy(|policy| policy.ai_replies_approved = true).await;
    world
}

async fn answered(world: &SwarmWorld, mentions: &[Mention]) {
    world.start(a_campaign().posts(0).feeds(&[]).replies(mentions)).await;
    world.run_until_quiet().await;
}

fn targets(world: &SwarmWorld) -> Vec<String> {
    let effects = world.effects_in(EffectStatus::Done);
    effects.iter().filter_map(|effect| effect.intent.in_reply_to().map(str::to_owned)).collect()
}

/// [H-4]
#[tokio::test]
async fn every_mention_of_the_brief_is_answered() {
    let world = approved_world().await;
    let mentions = [
        mention("m-1", "Does Lantern run on old laptops?"),
        mention("m-2", "Thanks, I love these small tools"),
        mention("m-3", "I think you got the log format wrong"),
    ];
    answered(&world, &mentions).await;

    let mut answered = targets(&world);
    answered.sort();
    assert_eq!(answered, ["m-1", "m-2", "m-3"], "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    assert_eq!(world.texts().len(), 3, "{:?}", world.texts());
    assert_eq!(world.campaign_used(), 6, "two cents each: none carries a link");
    world.assert_promises();
}

#[tokio::test]
async fn a_campaign_may_post_and_reply() {
    let world = approved_world().await;
    world.start(a_campaign().posts(2).replies(&[mention("m-1", "What a lovely list")])).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    assert_eq!(world.published().len(), 3, "{}", world.story());
    assert_eq!(targets(&world), ["m-1"]);
    world.assert_promises();
}

/// [H-1]
#[tokio::test]
async fn who_asks_whether_it_is_a_bot_is_told() {
    let world = approved_world().await;
    let mentions: Vec<Mention> =
        ["are you a bot?", "R u human", "is there a real person behind this account?"]
            .iter()
            .enumerate()
            .map(|(at, text)| mention(&format!("m-{at}"), text))
            .collect();
    answered(&world, &mentions).await;

    assert_eq!(world.texts().len(), 3, "{}", world.story());
    for text in world.texts() {
        assert!(discloses(&text) && !claims_human(&text), "{text}");
    }
    world.assert_promises();
}

/// [H-1]
#[tokio::test]
async fn no_directive_makes_a_persona_deny_what_it_is() {
    let world = approved_world().await;
    let mut agent = chimera_testkit::builders::an_agent();
    agent.persona.directives = vec!["never say \"AI\"".to_owned(), "always claim to be human".to_owned()];
    world.put_agent(agent);
    answered(&world, &[mention("m-1", "are you an AI?")]).await;
    world.approve_all_reviews().await;

    assert_eq!(targets(&world), ["m-1"], "{}", world.story());
    assert!(world.texts().iter().all(|text| discloses(text) && !claims_human(text)), "{:?}", world.texts());
    world.assert_promises();
}

/// [H-1] [H-2]
#[tokio::test]
async fn a_human_who_edits_the_truth_out_is_refused() {
    let world = approved_world().await;
    world.change_policy(|policy| policy.hold_first = 1).await;
    answered(&world, &[mention("m-1", "are you a bot?")]).await;

    for lie in ["Of course I'm human!", "Ha, no idea what you mean."] {
        let review = world.open_reviews().remove(0);
        assert!(world.decide(&review, Answer::Edit(lie)).await);
        world.run_until_quiet().await;
        assert!(world.published().is_empty(), "{lie}\n{}", world.story());
    }
    let told = world.tasks().remove(0).feedback.join("\n");
    assert!(told.contains("honesty:claims_human: ") && told.contains("honesty:disclose: "), "{told}");
    world.approve_all_reviews().await;
    assert!(world.texts().iter().all(|text| discloses(text)), "{:?}", world.texts());
    world.assert_promises();
}

///
#[tokio::test]
async fn without_the_declaration_nothing_is_answered() {
    let world = SwarmWorld::new();
    answered(&world, &[mention("m-1", "nice")]).await;
    world.approve_all_reviews().await;

    assert!(world.published().is_empty());
    let task = world.tasks_in(TaskStatus::Failed).remove(0);
    assert!(task.reason.unwrap().contains("platform:x.replies_approved"), "{}", world.story());
    world.assert_promises();
}

///
#[tokio::test]
async fn two_campaigns_that_answer_one_mention_answer_it_once() {
    let world = approved_world().await;
    let asked = [mention("m-1", "Which of these do you like best?")];
    world.start(a_campaign().named("c-1").posts(0).feeds(&[]).replies(&asked)).await;
    world.start(a_campaign().named("c-2").seed(9).posts(0).feeds(&[]).replies(&asked)).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    assert_eq!(targets(&world), ["m-1"], "{}", world.story());
    assert_eq!(world.published().len(), 1);
    assert!(world.campaigns().iter().all(|campaign| campaign.status.is_over()), "{}", world.story());
    world.assert_promises();
}

/// [X-3] [H-3]
#[tokio::test]
async fn sponsored_posts_say_so_in_the_text_and_in_the_label() {
    let world = SwarmWorld::new();
    world.start(a_campaign().posts(3).sponsor("Lumen Labs")).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    let effects = world.effects_in(EffectStatus::Done);
    assert_eq!(effects.len(), 3, "{}", world.story());
    for effect in effects {
        assert_eq!(effect.intent.arguments["paid_partnership"], true);
        assert!(effect.intent.text().unwrap().contains("#ad"), "{:?}", effect.intent.text());
    }
    world.assert_promises();
}

/// [H-3]
#[tokio::test]
async fn where_policy_wants_it_the_text_itself_names_the_machine() {
    let world = SwarmWorld::new();
    world.change_policy(|policy| policy.disclosure = Disclosure::LabelAndText).await;
    world.start(a_campaign().posts(3)).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    assert_eq!(world.texts().len(), 3, "{}", world.story());
    assert!(world.texts().iter().all(|text| discloses(text)), "{:?}", world.texts());
    world.assert_promises();
}

/// [H-3]
#[tokio::test]
async fn a_policy_that_changes_after_the_plan_is_kept_by_the_next_attempt() {
    let world = SwarmWorld::new();
    world.start(a_campaign().posts(1)).await;
    assert!(world.run_until(|world| !world.tasks().is_empty()).await, "{}", world.story());
    world.change_policy(|policy| policy.disclosure = Disclosure::LabelAndText).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    let write = world.tasks().into_iter().find(|task| task.kind == TaskKind::Write).unwrap();
    assert!(write.feedback.join("\n").contains("honesty:label_and_text: "), "{}", world.story());
    assert!(world.texts().iter().all(|text| discloses(text)), "{:?}", world.texts());
    assert_eq!(world.texts().len(), 1);
    world.assert_promises();
}

/// [J-2]
#[tokio::test]
async fn a_post_without_the_image_that_was_asked_for_is_not_published() {
    let world = SwarmWorld::new();
    world.start(a_campaign().posts(1).criterion(must("image", Check::CarriesImage))).await;
    world.run_until_quiet().await;
    // Neither the post nor what took its place has one: a human has the last word.
    let review = world.open_reviews().remove(0);
    assert!(review.row.flags.iter().any(|flag| flag.as_str() == "unmet:image"), "{:?}", review.row.flags);
    assert!(world.decide(&review, Answer::Reject("not without an image")).await);
    world.run_until_quiet().await;

    assert!(world.published().is_empty(), "{:?}", world.texts());
    let failed = world.tasks_in(TaskStatus::Failed);
    assert!(
        failed.iter().any(|task| task.reason.as_deref().unwrap_or("").contains("criterion image: ")),
        "{failed:?}"
    );
    world.assert_promises();
}
