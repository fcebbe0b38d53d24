//! What a stranger may expect of the offline writer's posts.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what goes wrong here fails a test, as it should")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use chimera_domain::limits;
use chimera_domain::ports::{Ask, ModelRole, ReasoningModel as _};
use chimera_model::ScriptedModel;
use chimera_testkit::Feed;
use common::{ARTICLES, Article, faults, opening, outside_quotes, own_runs, shared_runs, shingles, tokens};
use serde_json::{Value, json};

fn persona(name: &str, traits: &[&str], directives: &[&str]) -> Value {
    json!({"name": name, "voice_traits": traits, "directives": directives, "backstory": "", "soul": "sha256:0"})
}

fn ada() -> Value {
    persona("Ada", &["dry", "precise"], &[])
}

fn voices() -> [Value; 4] {
    [
        ada(),
        persona("Bo", &["warm"], &[]),
        persona("Cy", &["curious"], &[]),
        persona("Di", &["playful", "witty"], &[]),
    ]
}

async fn ask(input: Value, seed: u64) -> String {
    let schema = json!({
        "type": "object", "required": ["text"], "additionalProperties": false,
        "properties": {"text": {"type": "string", "minLength": 1}},
    });
    let ask = Ask { role: ModelRole::Writer, prompt: "writer-2", input, schema, seed };
    ScriptedModel::new().ask(&ask).await.unwrap().json["text"].as_str().unwrap().to_owned()
}

fn input(persona: &Value, article: &Article, ordinal: usize) -> Value {
    json!({
        "goal": "Write one post", "persona": persona, "ordinal": ordinal, "attempt": 1, "criteria": [], "feedback": [],
        "source": {"title": article.title, "url": article.url, "excerpt": article.body},
    })
}

async fn campaign(persona: &Value, seed: u64) -> Vec<String> {
    told(persona, ARTICLES, seed, |_| 1).await
}

/// The posts of a campaign about the articles, each in the attempt that `attempt` names for its place.
async fn told(
    persona: &Value,
    articles: &[Article],
    seed: u64,
    attempt: impl Fn(usize) -> usize,
) -> Vec<String> {
    let mut posts = Vec::new();
    for (at, article) in articles.iter().enumerate() {
        let mut input = input(persona, article, at + 1);
        input["attempt"] = json!(attempt(at));
        posts.push(ask(input, seed).await);
    }
    posts
}

/// As many articles as a campaign may ask posts for.
fn gazette() -> Vec<Article> {
    let articles = usize::try_from(limits::POSTS_PER_CAMPAIGN).unwrap();
    let kept = |text: &str| -> &'static str { String::leak(text.to_owned()) };
    let feed = Feed::gazette(articles);
    let found = feed.articles().iter();
    let found: Vec<Article> = found
        .map(|article| Article {
            title: kept(&article.title),
            url: kept(&article.url),
            body: kept(&article.text),
        })
        .collect();
    assert_eq!(found.len(), articles);
    found
}

/// Fails where a reader of all the posts would find one faulty, or two of them too much alike.
fn assert_one_of_a_kind(posts: &[String], articles: &[Article]) {
    let mut openings = BTreeSet::new();
    let mut runs: BTreeMap<String, &str> = BTreeMap::new();
    for (post, article) in posts.iter().zip(articles) {
        assert_eq!(faults(post, article), Vec::<String>::new(), "{post}");
        assert!(openings.insert(opening(post)), "{post} opens like another");
        for run in own_runs((post, article)) {
            if let Some(other) = runs.insert(run.clone(), post) {
                panic!("{run:?} is in both\n{post}\n{other}");
            }
        }
    }
    let shingles: Vec<_> =
        posts.iter().zip(articles).map(|(post, article)| shingles((post, article))).collect();
    for (at, one) in shingles.iter().enumerate() {
        for (behind, other) in shingles[at + 1..].iter().enumerate() {
            let common = one.intersection(other).count();
            let all = one.len() + other.len() - common;
            assert!(common * 100 <= all * 30, "much alike:\n{}\n{}", posts[at], posts[at + 1 + behind]);
        }
    }
}

async fn again(persona: &Value, article: &Article, attempt: usize, feedback: &[&str]) -> String {
    let mut input = input(persona, article, 4);
    input["attempt"] = json!(attempt);
    input["feedback"] = json!(feedback);
    ask(input, 3).await
}

#[tokio::test]
async fn every_post_carries_its_link_and_quotes_something_the_title_does_not_say() {
    for voice in voices() {
        for (post, article) in campaign(&voice, 3).await.iter().zip(ARTICLES) {
            assert_eq!(faults(post, article), Vec::<String>::new(), "{post}");
        }
    }
}

#[tokio::test]
async fn no_two_posts_of_a_campaign_share_five_words_or_an_opening() {
    for voice in voices() {
        for seed in [0, 3, 99] {
            let posts = campaign(&voice, seed).await;
            let told: Vec<(&str, &Article)> = posts.iter().map(String::as_str).zip(ARTICLES).collect();
            for (at, one) in told.iter().enumerate() {
                for other in &told[at + 1..] {
                    assert_eq!(shared_runs(*one, *other), Vec::<String>::new());
                    assert_ne!(opening(one.0), opening(other.0));
                    assert_ne!(opening(one.0)[0], opening(other.0)[0]);
                }
            }
        }
    }
}

#[tokio::test]
async fn redrafts_open_unlike_every_first_draft_and_keep_the_rules() {
    let mut posts: Vec<(String, &Article)> = Vec::new();
    for (at, article) in ARTICLES.iter().enumerate() {
        for attempt in 1..=3 {
            let mut input = input(&ada(), article, at);
            input["attempt"] = json!(attempt);
            let post = ask(input, 3).await;
            assert_eq!(faults(&post, article), Vec::<String>::new(), "{post}");
            posts.push((post, article));
        }
    }
    for (at, (one, article)) in posts.iter().enumerate() {
        for (other, second) in &posts[at + 1..] {
            assert_ne!(opening(one), opening(other));
            // Of one article's drafts only one is published.
            if article.url != second.url {
                assert_eq!(shared_runs((one, article), (other, second)), Vec::<String>::new());
            }
        }
    }
}

#[tokio::test]
async fn the_largest_campaign_has_no_two_posts_alike() {
    let articles = gazette();
    for voice in voices() {
        let posts = told(&voice, &articles, 3, |_| 1).await;
        assert_one_of_a_kind(&posts, &articles);
        let first: BTreeSet<String> = posts.iter().map(|post| opening(post)[0].clone()).collect();
        assert_eq!(first.len(), posts.len(), "two begin with the same word");
        assert_eq!(posts, told(&voice, &articles, 3, |_| 1).await);
    }
}

#[tokio::test]
async fn the_largest_campaign_has_no_two_posts_alike_where_many_were_rejected_before() {
    let articles = gazette();
    for voice in voices() {
        for seed in [0, 7] {
            let posts =
                told(&voice, &articles, seed, |at| 1 + usize::from(at % 3 == 0) + usize::from(at % 9 == 0))
                    .await;
            assert_one_of_a_kind(&posts, &articles);
        }
    }
}

#[tokio::test]
async fn two_personas_sound_different_in_the_largest_campaign_too() {
    let articles = gazette();
    let mut tellers = voices().to_vec();
    tellers.push(persona("Eve", &["dry", "laconic"], &[]));
    let mut all = Vec::new();
    for teller in &tellers {
        all.push(told(teller, &articles, 3, |_| 1).await);
    }
    for (at, one) in all.iter().enumerate() {
        for other in &all[at + 1..] {
            let own = |post: &str| tokens(&outside_quotes(post));
            assert_eq!(one.iter().zip(other).filter(|(a, b)| own(a) == own(b)).count(), 0);
            let openings = one.iter().zip(other).filter(|(a, b)| opening(a) == opening(b)).count();
            assert!(openings * 20 <= one.len(), "{openings} times two personas open alike");
        }
    }
}

#[tokio::test]
async fn the_same_question_gets_the_same_answer() {
    assert_eq!(campaign(&ada(), 3).await, campaign(&ada(), 3).await);
    assert_ne!(campaign(&ada(), 3).await, campaign(&ada(), 4).await);
}

#[tokio::test]
async fn two_personas_sound_different_even_in_one_register() {
    let twin = persona("Eve", &["dry", "laconic"], &[]);
    let mut tellers = voices().to_vec();
    tellers.push(twin);
    let mut told = Vec::new();
    for teller in &tellers {
        told.push(campaign(teller, 3).await);
    }
    for (at, one) in told.iter().enumerate() {
        for other in &told[at + 1..] {
            let own = |post: &str| tokens(&outside_quotes(post));
            assert_eq!(one.iter().zip(other).filter(|(a, b)| own(a) == own(b)).count(), 0);
            let openings = one.iter().zip(other).filter(|(a, b)| opening(a) == opening(b));
            assert!(openings.count() <= 2, "two personas open alike");
        }
    }
}

#[tokio::test]
async fn feedback_brings_another_fact_without_the_forbidden_word() {
    let crane = &ARTICLES[2];
    let first = again(&ada(), crane, 1, &[]).await;
    for word in ["crane", "power", "debate", "council"] {
        let said = format!("criterion no-{word}: must not mention \"{word}\"");
        let second = again(&ada(), crane, 2, &[&said]).await;
        assert_ne!(first, second);
        let spoken = second.replace(crane.url, "");
        assert!(!tokens(&spoken).contains(&word.to_owned()), "{second}");
        assert!(second.ends_with(crane.url));
    }
}

#[tokio::test]
async fn a_prohibition_is_taught_by_the_judge_and_a_demand_is_known_at_once() {
    let pail = &ARTICLES[0];
    let mut asked = input(&ada(), pail, 1);
    let criterion = |id: &str, check: Value| json!({"id": id, "text": id, "mandatory": true, "check": check});
    asked["criteria"] = json!([criterion("no", json!({"must_not_mention": "Pail"}))]);
    assert_eq!(ask(asked.clone(), 3).await, ask(input(&ada(), pail, 1), 3).await);
    asked["criteria"] = json!([
        criterion("laptop", json!({"must_mention": "laptop"})),
        criterion("tag", json!({"must_mention": "#ad"})),
        criterion("short", json!({"max_length": 200})),
    ]);
    let post = ask(asked, 3).await;
    assert!(post.contains("laptop") && post.contains("#ad"), "{post}");
    assert!(post.replace(pail.url, "").chars().count() + 23 <= 200, "{post}");
}

#[tokio::test]
async fn a_person_who_asks_for_a_shorter_post_gets_one() {
    let rail = &ARTICLES[8];
    let second = again(&ada(), rail, 2, &["Nice, but make it shorter please"]).await;
    assert!(second.replace(rail.url, "").chars().count() + 23 <= 180, "{second}");
    assert_eq!(faults(&second, rail), Vec::<String>::new(), "{second}");
}

#[tokio::test]
async fn directives_are_honoured_in_every_post() {
    let calm = persona(
        "Flo",
        &["playful"],
        &["No emoji", "Never use exclamation marks", "Always lowercase", "End with a question"],
    );
    for (post, article) in campaign(&calm, 3).await.iter().zip(ARTICLES) {
        assert_eq!(faults(post, article), Vec::<String>::new(), "{post}");
        let own = outside_quotes(&post.replace(article.url, ""));
        assert_eq!(own, own.to_lowercase());
        assert!(!post.contains('!') && own.trim_end().ends_with('?'), "{post}");
        assert!(!own.chars().any(|c| c >= '\u{1f000}'), "{post}");
    }
}

#[tokio::test]
async fn an_article_without_a_body_still_gets_a_post_with_its_link() {
    let empty = Article { title: "Tub", url: "https://gazette.example/tub", body: "" };
    let post = ask(input(&ada(), &empty, 0), 3).await;
    assert!(post.contains("Tub") && post.ends_with(empty.url), "{post}");
}
