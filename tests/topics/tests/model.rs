//! The model that ships is the one that the corpus makes, and it does what the README says.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chimera_topics::corpus::{Kind, Post, read_folder};
use chimera_topics::evaluation::{is_held, screen_posts};
use chimera_topics::training::make;

fn policy(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/policy").join(path)
}

#[test]
fn training_again_gives_the_files_that_ship() {
    let (words, model) = make(&read_folder(&policy("corpus/train")).unwrap());
    let hint = "the corpus, the classes or the training changed: make train-policy";
    assert!(words == std::fs::read_to_string(policy("model/vocabulary.txt")).unwrap(), "{hint}");
    assert!(model.write() == std::fs::read(policy("model/topics.bin")).unwrap(), "{hint}");
}

#[test]
fn the_model_is_small_enough_to_ship() {
    let size = |name: &str| std::fs::metadata(policy("model").join(name)).unwrap().len();
    assert!(size("topics.bin") + size("vocabulary.txt") <= 500 * 1024);
}

#[test]
fn no_post_stands_in_both_parts_of_the_corpus() {
    let texts = |part: &str| -> Vec<String> {
        let posts = read_folder(&policy("corpus").join(part)).unwrap();
        posts.iter().map(|post| chimera_policy::normalise::same_text(&post.text)).collect()
    };
    let train: BTreeSet<String> = texts("train").into_iter().collect();
    let twice: Vec<String> = texts("test").into_iter().filter(|text| train.contains(text)).collect();
    assert_eq!(twice, Vec::<String>::new());
}

/// What was reached when the model was trained, with room for chance; the bars themselves are `make eval-policy`'s.
#[test]
fn the_screen_does_no_worse_than_it_did() {
    let posts = read_folder(&policy("corpus/test")).unwrap();
    let screened = screen_posts(&posts);
    let share = |of: &dyn Fn(&Post) -> bool| {
        let held: Vec<bool> =
            posts.iter().zip(&screened).filter(|(post, _)| of(post)).map(|(_, s)| is_held(s)).collect();
        held.iter().filter(|held| **held).count() as f64 / held.len() as f64
    };
    let direct = share(&|post| post.kind == Kind::Direct);
    let oblique = share(&|post| post.kind == Kind::Oblique);
    let ordinary = share(&|post| post.kind == Kind::Ordinary);
    let near_miss = share(&|post| post.kind == Kind::NearMiss);
    assert!(direct >= 0.88, "direct {direct}");
    assert!(oblique >= 0.53, "oblique {oblique}");
    assert!(ordinary <= 0.03, "ordinary {ordinary}");
    assert!(near_miss <= 0.12, "near miss {near_miss}");
}
