//! Trains the model of the topic screen from the corpus and writes the files it ships with.

use std::path::PathBuf;

use anyhow::{Context, Result};
use chimera_policy::vocabulary::Vocabulary;
use chimera_topics::corpus::{Kind, read_folder};
use chimera_topics::thresholds::{Scored, asks_by_scores, asks_by_words, choose};
use chimera_topics::training::{ALLOWED, LEARNING, cross_validate, examples, make, score_others, vocabulary};
use clap::Parser;

/// Train the model of the topic screen.
#[derive(Debug, Parser)]
struct Arguments {
    /// Folder of labelled posts.
    #[arg(long, default_value = "shared/policy/corpus/train")]
    corpus: PathBuf,
    /// Folder the files are written to.
    #[arg(long, default_value = "shared/policy/model")]
    model: PathBuf,
    /// Only print what cross-validation says.
    #[arg(long)]
    cv: bool,
    /// List the ordinary and near-miss posts that would be held, and this many of the missed ones.
    #[arg(long)]
    list: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let posts = read_folder(&arguments.corpus)?;
    if !arguments.cv {
        let (words, model) = make(&posts);
        std::fs::write(arguments.model.join("vocabulary.txt"), words).context("cannot write vocabulary.txt")?;
        return std::fs::write(arguments.model.join("topics.bin"), model.bytes()).context("cannot write topics.bin");
    }
    let words = vocabulary(&posts);
    let mut examples = examples(&posts, &Vocabulary::new(words.lines()));
    if std::env::var("NOJOIN").is_err() { examples.extend(chimera_topics::training::joined(&posts, &Vocabulary::new(words.lines()))); }
    let env = |n: &str, d: f32| std::env::var(n).ok().and_then(|v| v.parse().ok()).unwrap_or(d);
    if env("NOWORDS", 0.0) > 0.0 { for e in &mut examples { e.words = 0; } }
    let mut learning = LEARNING; learning.penalty = env("PEN", learning.penalty); learning.positive = env("POS", learning.positive);
    learning.steps = env("STEPS", 60.0) as usize;
    let mut allowed = ALLOWED; allowed.ordinary = env("AO", 0.012).into(); allowed.near_miss = env("AN", 0.07).into();
    let test_posts = read_folder("shared/policy/corpus/test".as_ref())?;
    let tests = chimera_topics::training::examples(&test_posts, &Vocabulary::new(words.lines()));
    let other = score_others(&examples, &tests, learning);
    println!("objective test {}", objective(&other));
    if env("ONLYTEST", 0.0) > 0.0 { return Ok(()); }
    let scored = cross_validate(&examples, learning);
    let thresholds = choose(&scored, allowed);
    #[expect(clippy::print_stdout, reason = "the figures are what is asked for")]
    {
        println!("objective {}", objective(&scored));
        println!("thresholds {thresholds:?}");
        report("held", &scored, |one| thresholds.hold(one));
        report("TEST", &other, |one| thresholds.hold(one));
        report("words", &scored, |one| asks_by_words(one, thresholds.floor));
        report("model", &scored, |one| asks_by_scores(one, &thresholds.outputs));
        if arguments.list {
            for one in &scored {
                let held = thresholds.hold(one);
                if held != one.post.is_sensitive() {
                    let by = if asks_by_words(one, thresholds.floor) { "words" } else { "model" };
                    println!("{} {by} {:?} {:.2?} {}", if held { "FALSE" } else { "MISS" }, one.post.kind, one.scores, one.post.text);
                }
            }
        }
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the figures are what is asked for")]
fn report(name: &str, scored: &[Scored<'_>], held: impl Fn(&Scored<'_>) -> bool) {
    let share = |of: &dyn Fn(&Scored<'_>) -> bool| {
        let of: Vec<_> = scored.iter().filter(|one| of(one)).collect();
        100.0 * of.iter().filter(|one| held(one)).count() as f64 / of.len().max(1) as f64
    };
    print!("{name:6}");
    for topic in chimera_domain::Topic::ALL {
        let part = |kind: Option<Kind>| share(&|one| one.post.topics.contains(&topic) && kind.is_none_or(|kind| one.post.kind == kind));
        print!("  {} {:.1} (d {:.1} o {:.1})", &topic.name()[..4], part(None), part(Some(Kind::Direct)), part(Some(Kind::Oblique)));
    }
    println!("  ordinary {:.2} near {:.2}", share(&|one| one.post.kind == Kind::Ordinary), share(&|one| one.post.kind == Kind::NearMiss));
}

fn objective(scored: &[Scored<'_>]) -> String {
    let recall = |output: usize, of: &dyn Fn(&Scored<'_>) -> bool, fp: f64| {
        let mut neg: Vec<f32> = scored.iter().filter(|s| !s.post.is_sensitive()).map(|s| s.scores[output]).collect();
        neg.sort_by(|a, b| b.total_cmp(a));
        let t = neg[(neg.len() as f64 * fp) as usize];
        let pos: Vec<_> = scored.iter().filter(|s| of(s)).collect();
        100.0 * pos.iter().filter(|s| s.scores[output] > t).count() as f64 / pos.len() as f64
    };
    let mut all = vec![];
    let mut per = vec![];
    for (i, t) in chimera_domain::Topic::ALL.iter().enumerate() {
        let r = |fp| recall(i, &|s: &Scored<'_>| s.post.topics.contains(t), fp);
        per.push((r(0.005) + r(0.01) + r(0.03)) / 3.0);
        all.push(per[i]);
    }
    let r = |fp| recall(4, &|s: &Scored<'_>| s.post.is_sensitive(), fp);
    let any = (r(0.01) + r(0.02) + r(0.05) + r(0.1)) / 4.0;
    format!("{:.2} per {:.1?} any {:.1}", (all.iter().sum::<f64>() / 4.0 + any) / 2.0, per, any)
}
