//! From labelled posts to the files that the screen ships with.

use std::collections::BTreeMap;

use chimera_domain::Topic;
use chimera_policy::disguise::read;
use chimera_policy::features::{BUCKET_BITS, Features, features};
use chimera_policy::screen::{without_idioms, words_seen};
use chimera_policy::semantic::{Model, OUTPUTS, Output};
use chimera_policy::vocabulary::{Vocabulary, class_words};

use crate::corpus::Post;
use crate::logistic::{Learning, learn, score};
use crate::thresholds::{Allowed, Scored, Thresholds, choose};

/// Parts that are left out in turn to see how the model does on posts it was not trained on.
pub const FOLDS: usize = 3;
/// Posts that stand together in a file are one writer's, often of one mind: they are left out together.
const BLOCK: usize = 20;
/// A word of fewer posts is as likely a slip of the pen.
const MIN_POSTS: usize = 3;

/// Buckets that are kept, so that the model stays small enough to ship: the heaviest ones.
const MOST_BUCKETS: usize = 50_000;
/// What stands in fewer posts than this is not learned from.
const MIN_SEEN: usize = 3;
/// A prime step through the posts that fill others up.
const STEP: usize = 7_919;
/// What a made example counts, a post counting 1.
const MADE: f32 = 0.5;

/// How each output is learned.
pub const LEARNING: Learning = Learning { penalty: 0.3, positive: 1.5, blend: 0.5, steps: 60 };
/// Alarms that are put up with on posts left out: less than the bars, since other writers write otherwise.
pub const ALLOWED: Allowed = Allowed { ordinary: 0.022, near_miss: 0.034 };

/// The words of the posts that stand in several, and of the classes: the most frequent first, then by alphabet.
#[must_use]
pub fn vocabulary(posts: &[Post]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for post in posts {
        let plain = chimera_policy::normalise::plain(&post.text);
        let mut words: Vec<&str> = plain
            .split(|c: char| !(c.is_ascii_alphabetic() || c == '\''))
            .map(|word| word.trim_matches('\''))
            .collect();
        words.sort_unstable();
        words.dedup();
        for word in words.into_iter().filter(|word| !word.is_empty() && word.len() <= 18) {
            *counts.entry(word.to_owned()).or_default() += 1;
        }
    }
    counts.retain(|word, count| *count >= MIN_POSTS && is_word(word));
    for word in class_words().filter(|word| is_word(word)) {
        *counts.entry(word.to_owned()).or_default() += 0;
    }
    let mut words: Vec<(&String, &usize)> = counts.iter().collect();
    words.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    words.iter().fold(String::new(), |text, (word, _)| text + word + "\n")
}

/// Words of one letter but these are none; of three or more without a vowel they are what dropped vowels leave.
fn is_word(word: &str) -> bool {
    let has_vowel = word.contains(['a', 'e', 'i', 'o', 'u', 'y', '\'']);
    match word.len() {
        0 => false,
        1 => matches!(word, "a" | "i" | "u"),
        _ => has_vowel && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'\''),
    }
}

/// What is learned of a post, or of two posts as one.
pub struct Example<'a> {
    /// The post, for its labels.
    pub post: &'a Post,
    /// Its features.
    pub features: Features,
    /// Words that were seen, by topic.
    pub words: [usize; Topic::ALL.len()],
    /// The fold that it belongs to.
    pub fold: usize,
    /// Whether it was made of two posts: it is learned from, not counted.
    pub is_made: bool,
}

/// The examples of the posts, read with `vocabulary`.
fn examples<'a>(posts: &'a [Post], vocabulary: &Vocabulary) -> Vec<Example<'a>> {
    posts.iter().enumerate().map(|(at, post)| example(post, &post.text, fold(at), vocabulary)).collect()
}

/// All that is learned from: the posts, and each joined with another.
#[must_use]
pub fn prepare<'a>(posts: &'a [Post], vocabulary: &str) -> Vec<Example<'a>> {
    let vocabulary = Vocabulary::new(vocabulary.lines());
    let mut all = examples(posts, &vocabulary);
    let mut seen = vec![0_usize; 1 << BUCKET_BITS];
    for (bucket, _) in all.iter().flat_map(|one| &one.features.values) {
        seen[*bucket as usize] += 1;
    }
    all.extend(joined(posts, &vocabulary));
    for one in &mut all {
        one.features.values.retain(|(bucket, _)| seen[*bucket as usize] >= MIN_SEEN);
    }
    all
}

fn example<'a>(post: &'a Post, text: &str, fold: usize, vocabulary: &Vocabulary) -> Example<'a> {
    let reading = read(text, vocabulary);
    let words = words_seen(text, &reading);
    Example { post, features: features(&without_idioms(&reading.canonical)), words, fold, is_made: false }
}

/// Each post once more with an ordinary one before or after it. The labels stay: so the model learns that many sentences are
/// no sign of a topic, and that a topic among everyday things is one all the same.
fn joined<'a>(posts: &'a [Post], vocabulary: &Vocabulary) -> Vec<Example<'a>> {
    let mut made = Vec::new();
    for left_out in 0..FOLDS {
        let of_fold =
            || posts.iter().enumerate().filter(|(at, _)| fold(*at) == left_out).map(|(_, post)| post);
        let fillers: Vec<&Post> = of_fold().filter(|post| !post.is_sensitive()).collect();
        for (at, post) in of_fold().enumerate() {
            // A step that shares no factor with the count meets every filler before it meets one again.
            let Some(filler) = fillers.get((at * STEP + 1) % fillers.len().max(1)) else { continue };
            let text = if at % 2 == 0 {
                format!("{} {}", post.text, filler.text)
            } else {
                format!("{} {}", filler.text, post.text)
            };
            made.push(Example { is_made: true, ..example(post, &text, left_out, vocabulary) });
        }
    }
    made
}

fn is_of(post: &Post, output: usize) -> bool {
    Topic::ALL.get(output).map_or(post.is_sensitive(), |topic| post.topics.contains(topic))
}

fn fit(examples: &[&Example<'_>], output: usize, learning: Learning) -> Vec<f32> {
    let rows: Vec<(&Features, bool, f32)> = examples
        .iter()
        .map(|one| (&one.features, is_of(one.post, output), if one.is_made { MADE } else { 1.0 }))
        .collect();
    learn(&rows, learning)
}

/// The fold that the post at this place belongs to.
fn fold(place: usize) -> usize {
    (place / BLOCK) % FOLDS
}

/// Every post scored by a model that was trained without it.
#[must_use]
pub fn cross_validate<'a>(examples: &'a [Example<'a>], learning: Learning) -> Vec<Scored<'a>> {
    let runs: Vec<(usize, usize)> =
        (0..FOLDS).flat_map(|f| (0..OUTPUTS).map(move |output| (f, output))).collect();
    let fitted = in_parallel(&runs, |(left_out, output)| {
        let rest: Vec<&Example<'_>> = examples.iter().filter(|one| one.fold != *left_out).collect();
        fit(&rest, *output, learning)
    });
    let scores = |one: &Example<'_>| {
        let mut of_fold = runs.iter().zip(&fitted).filter(|((left_out, _), _)| *left_out == one.fold);
        std::array::from_fn(|_| of_fold.next().map_or(0.0, |(_, weights)| score(weights, &one.features)))
    };
    let posts = examples.iter().filter(|one| !one.is_made);
    posts.map(|one| Scored { post: one.post, scores: scores(one), words: one.words }).collect()
}

/// The model of all the examples, with the thresholds that cross-validation chose.
fn train(examples: &[Example<'_>], thresholds: Thresholds) -> Model {
    let all: Vec<&Example<'_>> = examples.iter().collect();
    let which: Vec<usize> = (0..OUTPUTS).collect();
    let fitted = in_parallel(&which, |output| fit(&all, *output, LEARNING));
    let mut outputs = fitted.into_iter().zip(thresholds.outputs).map(|(mut weights, threshold)| {
        let bias = weights.pop().unwrap_or_default();
        Output { weights, bias, threshold }
    });
    let none = || Output { weights: Vec::new(), bias: 0.0, threshold: f32::MAX };
    Model::new(&std::array::from_fn(|_| outputs.next().unwrap_or_else(none)), thresholds.slack, MOST_BUCKETS)
}

/// The files that ship: the vocabulary, and the model that was trained with it.
#[must_use]
pub fn make(posts: &[Post]) -> (String, Model) {
    let words = vocabulary(posts);
    let examples = prepare(posts, &words);
    let thresholds = choose(&cross_validate(&examples, LEARNING), ALLOWED);
    (words, train(&examples, thresholds))
}

/// The answers in the order of the questions, whichever thread gave them.
fn in_parallel<Q: Sync, A: Send>(questions: &[Q], answer: impl Fn(&Q) -> A + Sync) -> Vec<A> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = questions.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let answer = &answer;
        let threads: Vec<_> = questions
            .chunks(share)
            .map(|share| scope.spawn(move || share.iter().map(answer).collect::<Vec<A>>()))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    })
}
