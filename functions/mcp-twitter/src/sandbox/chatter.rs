//! What the sandbox's people say: to the accounts that post, and to everybody.

use chimera_domain::Timestamp;

use super::People;
use super::dice::{Dice, id_at};
use super::posts::Post;
use super::topics::{EVERYWHERE, trends};
use crate::shown::{FoundPost, SeenMention};

/// Replies that one post gets at most, a question one more.
const REPLIES: u64 = 3;
/// Seconds after which the first reply may come, and has come.
const FIRST_S: (u64, u64) = (60, 10 * 60);
/// Seconds after which the last reply has come.
const LAST_S: u64 = 12 * 60 * 60;
/// Seconds of chatter that is said about the same topics.
const WINDOW_S: i64 = 6 * 60 * 60;
/// Windows that can be searched: a week, as on the platform.
const WINDOWS: i64 = 28;
/// Posts said in one window.
const PER_WINDOW: usize = 12;

const PEOPLE: [&str; 16] = [
    "ada_reads",
    "bo_on_rails",
    "cleo_k",
    "dunes_dan",
    "ev_maps",
    "fern_f",
    "gus_tinkers",
    "hana_bakes",
    "io_ivo",
    "juno_w",
    "kit_kites",
    "lou_ferries",
    "mo_solders",
    "nia_n",
    "otto_opens",
    "pim_prints",
];

/// `{}` is a word of the post that is answered.
const REPLIES_TO: [&str; 12] = [
    "where can I read more about {}?",
    "I did not know that about {}, thank you",
    "is {} worth it for somebody who just begins?",
    "how does {} compare with what you wrote last week?",
    "are you an actual person, or a bot?",
    "not sure I agree about {}, but well put",
    "saved for the weekend",
    "what would you recommend to read first on {}?",
    "we tried {} last year and it went better than we thought",
    "does this hold outside of big cities too?",
    "is this written by an AI?",
    "{}! finally somebody says it",
];

/// What everybody wants to know of an account that nobody has heard of.
const FIRST_QUESTION: &str = "are you an actual person, or a bot?";

/// `{}` is a topic.
const SAID_OF: [&str; 10] = [
    "Has anybody tried {} lately? What surprised you?",
    "Spent the whole evening on {}. No regrets.",
    "{} is having a moment and I am here for it",
    "Looking for a gentle introduction to {}",
    "My neighbour will not stop talking about {}",
    "Three things I learned about {} this week",
    "Unpopular opinion: {} was better before everybody knew",
    "If you like {}, today is your day",
    "Who are the people to follow on {}?",
    "First day of {}: everything hurts, would do it again",
];

/// What was said to an account until `now` in answer to its posts, newest first.
pub(crate) fn mentions<'a>(
    people: People,
    posts: impl IntoIterator<Item = &'a Post>,
    now: Timestamp,
) -> Vec<SeenMention> {
    let posts: Vec<&Post> = posts.into_iter().collect();
    let first = first_of(posts.iter().copied());
    let mut found: Vec<SeenMention> = posts
        .iter()
        .flat_map(|post| replies(people, post, first == Some(post.post_id.as_str())))
        .filter(|said| said.created_at <= now)
        .collect();
    found.sort_by_key(|said| std::cmp::Reverse(id_number(&said.id)));
    found
}

/// The first of an account's posts, by its id: whoever sees it has not heard of the account before.
pub(crate) fn first_of<'a>(posts: impl IntoIterator<Item = &'a Post>) -> Option<&'a str> {
    let first = posts.into_iter().min_by_key(|post| (post.created_at, id_number(&post.post_id)));
    first.map(|post| post.post_id.as_str())
}

/// Everything that will ever be answered to a post; to the first one of an account, before all else, what it is.
pub(crate) fn replies(people: People, post: &Post, is_first: bool) -> Vec<SeenMention> {
    let People { seed, speed } = people;
    let mut dice = Dice::of(seed, &["replies", &post.post_id, &post.text]);
    let asked = u64::from(post.text.contains('?'));
    let topic = topic_of(&post.text);
    (0..(dice.below(REPLIES + 1) + asked).max(u64::from(is_first)))
        .filter_map(|n| {
            let delay =
                if n == 0 { dice.between(FIRST_S.0, FIRST_S.1) } else { dice.between(FIRST_S.1, LAST_S) };
            let created_at = later(post.created_at, (delay / u64::from(speed)).max(1))?;
            let (author, said) = (dice.pick(&PEOPLE), dice.pick(&REPLIES_TO).replace("{}", topic));
            let said = if is_first && n == 0 { FIRST_QUESTION.to_owned() } else { said };
            Some(SeenMention {
                id: id_at(created_at, &format!("{seed}\n{}\n{n}", post.post_id)),
                author: author.to_owned(),
                text: format!("@{} {said}", post.account),
                created_at,
                in_reply_to: Some(post.post_id.clone()),
            })
        })
        .collect()
}

/// What everybody said in the last week until `now`, newest first.
pub(crate) fn public(seed: u64, now: Timestamp) -> Vec<FoundPost> {
    let window = now.as_second().div_euclid(WINDOW_S);
    let windows = (window - WINDOWS + 1)..=window;
    let said = windows.flat_map(|window| said_in(seed, window));
    let mut found: Vec<FoundPost> = said.filter(|post| post.created_at <= now).collect();
    found.sort_by_key(|post| std::cmp::Reverse(id_number(&post.post_id)));
    found
}

fn said_in(seed: u64, window: i64) -> Vec<FoundPost> {
    let Ok(start) = Timestamp::from_second(window * WINDOW_S) else { return Vec::new() };
    let topics = trends(seed, EVERYWHERE, start, PER_WINDOW);
    let mut dice = Dice::of(seed, &["public", &window.to_string()]);
    let said = topics.iter().filter_map(|topic| {
        let created_at = later(start, dice.below(WINDOW_S.unsigned_abs()))?;
        let author = dice.pick(&PEOPLE);
        let text = dice.pick(&SAID_OF).replace("{}", &topic.name);
        let post_id = id_at(created_at, &format!("{seed}\n{author}\n{text}"));
        let url = format!("https://x.example/{author}/status/{post_id}");
        Some(FoundPost { post_id, url, author: author.to_owned(), text, created_at, likes: dice.below(400) })
    });
    said.collect()
}

fn later(than: Timestamp, seconds: u64) -> Option<Timestamp> {
    let seconds = i64::try_from(seconds).ok()?;
    Timestamp::from_second(than.as_second().checked_add(seconds)?).ok()
}

/// Ids are as long as they are; their order is the numbers'.
pub(crate) fn id_number(id: &str) -> u64 {
    id.parse().unwrap_or_default()
}

/// The word that says most: the longest one that is no link and names nobody.
fn topic_of(text: &str) -> &str {
    let plain = |word: &&str| !word.contains("://") && !word.starts_with(['@', '#']);
    let words = text.split_whitespace().filter(plain);
    let words = words.map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    words.filter(|word| word.chars().count() >= 4).max_by_key(|word| word.chars().count()).unwrap_or("this")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn posts() -> Vec<Post> {
        let post = |id: u64| {
            let post = json!({
                "tenant": "t1", "post_id": id.to_string(), "url": "", "account": "nova", "made_with_ai": true,
                "text": "What makes a lighthouse reliable? https://example.org/lamps", "created_at": "2027-01-15T13:00:00Z",
            });
            serde_json::from_value(post).unwrap()
        };
        (1..=20).map(post).collect()
    }

    fn at_life_speed(seed: u64) -> People {
        People { seed, speed: 1 }
    }

    fn at(seconds: i64) -> Timestamp {
        let posted: Timestamp = "2027-01-15T13:00:00Z".parse().unwrap();
        Timestamp::from_second(posted.as_second() + seconds).unwrap()
    }

    #[test]
    fn answers_come_in_one_after_the_other() {
        let posts = posts();
        let until = |seconds| mentions(at_life_speed(7), &posts, at(seconds));
        assert!(until(30).is_empty());
        let (soon, late) = (until(600), until(86_400));
        assert!(!soon.is_empty() && late.len() > soon.len());
        // What was there stays, and newer ones have larger ids.
        assert_eq!(late[late.len() - soon.len()..], soon[..]);
        assert!(late.windows(2).all(|pair| id_number(&pair[0].id) > id_number(&pair[1].id)));
        assert_eq!(late, until(864_000));
    }

    #[test]
    fn a_new_account_is_asked_what_it_is() {
        let posts = posts();
        let said = mentions(at_life_speed(7), &posts, at(600));
        let first = said.iter().find(|said| said.in_reply_to.as_deref() == first_of(&posts)).unwrap();
        assert!(first.text.ends_with(FIRST_QUESTION), "{first:?}");
    }

    #[test]
    fn faster_people_say_the_same_sooner() {
        let posts = posts();
        let slow = mentions(at_life_speed(7), &posts, at(86_400));
        let fast = mentions(People { seed: 7, speed: 60 }, &posts, at(86_400 / 60));
        let texts = |said: &[SeenMention]| {
            let mut texts: Vec<String> = said.iter().map(|said| said.text.clone()).collect();
            texts.sort();
            texts
        };
        assert_eq!(texts(&fast), texts(&slow));
    }

    #[test]
    fn answers_are_of_the_post_and_name_the_account() {
        let posts = posts();
        let said = mentions(at_life_speed(7), &posts, at(86_400));
        for mention in &said {
            assert!(mention.text.starts_with("@nova ") && !mention.text.contains("{}"), "{mention:?}");
            assert!(posts.iter().any(|post| mention.in_reply_to.as_ref() == Some(&post.post_id)));
        }
        assert!(said.iter().any(|mention| mention.text.contains("lighthouse")), "{said:?}");
        assert_ne!(said, mentions(at_life_speed(8), &posts, at(86_400)));
        let longest = said.iter().map(|mention| mention.text.chars().count()).max();
        assert!(longest.is_some_and(|chars| chars <= chimera_domain::limits::MENTION_CHARS));
    }

    #[test]
    fn a_week_of_chatter_can_be_searched() {
        let said = public(7, at(0));
        assert!(said.len() > 300, "{}", said.len());
        assert!(said.windows(2).all(|pair| pair[0].created_at >= pair[1].created_at));
        assert!(said.iter().all(|post| post.created_at <= at(0)));
        assert_eq!(said, public(7, at(0)));
        let newest = public(7, at(WINDOW_S));
        assert!(newest.iter().any(|post| post.created_at > at(0)));
    }

    #[test]
    fn a_topic_is_a_word_and_no_link() {
        assert_eq!(topic_of("see https://example.org/something-long @somebody_long kites!"), "kites");
        assert_eq!(topic_of("a b"), "this");
    }
}
