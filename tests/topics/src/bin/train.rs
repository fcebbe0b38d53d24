//! Trains the model of the topic screen from the corpus and writes the files it ships with.
#![expect(clippy::print_stdout, reason = "the figures are what is asked for")]

use std::path::PathBuf;

use anyhow::{Context, Result};
use chimera_domain::Topic;
use chimera_topics::corpus::{Kind, read_folder};
use chimera_topics::evaluation::Share;
use chimera_topics::thresholds::{Scored, choose};
use chimera_topics::training::{ALLOWED, LEARNING, cross_validate, make, prepare, vocabulary};
use clap::Parser;

/// Train the model of the topic screen.
#[derive(Debug, Parser)]
struct Arguments {
    /// Folder of labelled posts.
    #[arg(long, default_value = "shared/policy/corpus/train")]
    corpus: PathBuf,
    /// Folder that the files are written to.
    #[arg(long, default_value = "shared/policy/model")]
    model: PathBuf,
    /// Write nothing; say how models do on posts that they were not trained on.
    #[arg(long)]
    cv: bool,
    /// With --cv: list what is held in error and what is missed.
    #[arg(long)]
    list: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let posts = read_folder(&arguments.corpus)?;
    if !arguments.cv {
        let (words, model) = make(&posts);
        std::fs::write(arguments.model.join("vocabulary.txt"), words)
            .context("cannot write vocabulary.txt")?;
        return std::fs::write(arguments.model.join("topics.bin"), model.write())
            .context("cannot write topics.bin");
    }
    let examples = prepare(&posts, &vocabulary(&posts));
    let scored = cross_validate(&examples, LEARNING);
    let thresholds = choose(&scored, ALLOWED);
    println!("{thresholds:?}");
    report("held", &scored, |one| thresholds.hold(one));
    report("by words", &scored, |one| thresholds.hold_by_words(one));
    report("by model", &scored, |one| thresholds.hold_by_scores(one));
    for one in scored.iter().filter(|one| arguments.list && thresholds.hold(one) != one.post.is_sensitive()) {
        let which = if one.post.is_sensitive() { "missed" } else { "held in error" };
        let by = if thresholds.hold_by_words(one) { "words" } else { "model" };
        println!("{which} by {by} {:?} {:.2?} {}", one.post.kind, one.scores, one.post.text);
    }
    Ok(())
}

fn report(name: &str, scored: &[Scored<'_>], is_held: impl Fn(&Scored<'_>) -> bool) {
    let share = |of: &dyn Fn(&Scored<'_>) -> bool| {
        let of: Vec<&Scored<'_>> = scored.iter().filter(|one| of(one)).collect();
        Share { hits: of.iter().filter(|one| is_held(one)).count(), of: of.len() }
    };
    println!("{name}");
    for topic in Topic::ALL {
        for (kind, of_kind) in [("direct", Kind::Direct), ("oblique", Kind::Oblique)] {
            let part = share(&|one| one.post.topics.contains(&topic) && one.post.kind == of_kind);
            println!("  {:<28}{part}", format!("{} {kind}", topic.name()));
        }
    }
    println!("  {:<28}{}", "ordinary", share(&|one| one.post.kind == Kind::Ordinary));
    println!("  {:<28}{}", "near miss", share(&|one| one.post.kind == Kind::NearMiss));
}
