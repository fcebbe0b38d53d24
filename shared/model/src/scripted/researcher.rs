//! researcher-1: the articles of a feed that say most, and the part of each that says most.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::text;

/// Longest excerpt, in characters, where the asker names none: it travels in the task's message.
const EXCERPT_CHARS: usize = 1_500;

/// Words of content beyond this say no more for an article: long ones are not better ones.
const ENOUGH_CONTENT: usize = 60;

/// Content words beyond the title below which an article is taken only for want of a better one.
const THIN_CONTENT: usize = 8;

/// Share of common content words, in percent, from which two articles are the same story.
const SAME_STORY: usize = 60;

#[derive(Debug, Deserialize)]
pub(super) struct Input {
    #[serde(default)]
    goal: String,
    want: usize,
    #[serde(default = "excerpt_chars")]
    excerpt_chars: usize,
    items: Vec<Candidate>,
}

fn excerpt_chars() -> usize {
    EXCERPT_CHARS
}

#[derive(Debug, Deserialize)]
struct Candidate {
    id: String,
    #[serde(default)]
    title: String,
    url: String,
    #[serde(default)]
    published_at: Option<String>,
    #[serde(default)]
    text: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Output {
    picks: Vec<Pick>,
}

#[derive(Debug, Serialize)]
struct Pick {
    id: String,
    excerpt: String,
}

pub(super) fn pick(input: &Input) -> Output {
    let goal = text::content_words(&input.goal);
    let mut newest: Vec<&str> =
        input.items.iter().filter_map(|candidate| candidate.published_at.as_deref()).collect();
    newest.sort_unstable_by_key(|date| Reverse(*date));
    let mut rated: Vec<Rated<'_>> = input
        .items
        .iter()
        .filter_map(|candidate| rate(candidate, input.excerpt_chars, &goal, &newest))
        .collect();
    rated.sort_by_key(|rated| (rated.thin, Reverse(rated.score)));
    let mut picks: Vec<Rated<'_>> = Vec::new();
    for candidate in rated {
        if picks.len() < input.want && !picks.iter().any(|taken| same_story(taken, &candidate)) {
            picks.push(candidate);
        }
    }
    let picks = picks.into_iter().map(|rated| Pick { id: rated.from.id.clone(), excerpt: rated.excerpt });
    Output { picks: picks.collect() }
}

/// A candidate with what speaks for it.
struct Rated<'a> {
    from: &'a Candidate,
    excerpt: String,
    words: BTreeSet<String>,
    thin: bool,
    score: usize,
}

/// `None` where nothing is said that could be quoted.
fn rate<'a>(
    candidate: &'a Candidate,
    most: usize,
    goal: &BTreeSet<String>,
    newest: &[&str],
) -> Option<Rated<'a>> {
    let excerpt = excerpt(&candidate.text, &candidate.title, most)?;
    let words = text::content_words(&excerpt);
    let title = text::content_words(&candidate.title);
    let beyond = words.difference(&title).count();
    let numbers = words.iter().filter(|word| word.chars().any(|c| c.is_ascii_digit())).count();
    let asked_for = words.union(&title).filter(|word| goal.contains(*word)).count();
    let age =
        candidate.published_at.as_deref().and_then(|date| newest.iter().position(|other| *other == date));
    let freshness = age.map_or(0, |age| 10_usize.saturating_sub(age));
    let finished = sentences(&excerpt).iter().filter(|sentence| text::is_finished(sentence)).count();
    let score =
        beyond.min(ENOUGH_CONTENT) + 2 * numbers.min(5) + 6 * asked_for.min(5) + freshness + finished.min(5);
    let thin = beyond < THIN_CONTENT || finished == 0;
    (beyond > 0).then_some(Rated { from: candidate, excerpt, words, thin, score })
}

fn same_story(one: &Rated<'_>, other: &Rated<'_>) -> bool {
    let same_name = !one.from.title.trim().is_empty()
        && one.from.title.trim().to_lowercase() == other.from.title.trim().to_lowercase();
    let common = one.words.intersection(&other.words).count();
    let all = one.words.union(&other.words).count().max(1);
    one.from.id == other.from.id
        || one.from.url == other.from.url
        || same_name
        || common * 100 / all >= SAME_STORY
}

/// A sentence with the paragraph it stands in.
struct Line {
    paragraph: usize,
    text: String,
}

/// The most informative run of neighbouring sentences that fits in `most` characters, or the beginning of one where all
/// are longer; `None` where there is none.
fn excerpt(body: &str, title: &str, most: usize) -> Option<String> {
    let mut best: Option<(usize, String)> = None;
    let runs = runs(body, title);
    for run in &runs {
        for start in 0..run.len() {
            let text = joined(&run[start..], most);
            let worth = worth(&text, title);
            if best.as_ref().is_none_or(|(most, _)| worth > *most) {
                best = Some((worth, text));
            }
        }
    }
    let whole = best.map(|(_, text)| text).filter(|text| !text.is_empty());
    whole.or_else(|| runs.iter().flatten().next().map(|line| beginning(&line.text, most)))
}

/// The sentence's first words, word for word.
fn beginning(sentence: &str, most: usize) -> String {
    text::clip(sentence, most).trim_end_matches('…').to_owned()
}

/// Stretches of the body without anything that is about the page, its own title or a cut end.
fn runs(body: &str, title: &str) -> Vec<Vec<Line>> {
    let paragraphs = text::paragraphs(body);
    let last = paragraphs.len().saturating_sub(1);
    let mut runs = vec![Vec::new()];
    for (at, paragraph) in paragraphs.iter().enumerate() {
        let paragraph = without_title(paragraph, title);
        let sentences = text::sentences(paragraph);
        for (place, sentence) in sentences.iter().enumerate() {
            let cut_off =
                at == last && place > 0 && place + 1 == sentences.len() && !text::is_finished(sentence);
            if cut_off || text::is_boilerplate(sentence) {
                runs.push(Vec::new());
            } else if let Some(run) = runs.last_mut() {
                run.push(Line { paragraph: at, text: (*sentence).to_owned() });
            }
        }
    }
    runs
}

/// Feeds often begin the body with the title.
fn without_title<'a>(paragraph: &'a str, title: &str) -> &'a str {
    let title = title.trim();
    let rest = paragraph.strip_prefix(title).filter(|_| !title.is_empty()).map(str::trim_start);
    rest.and_then(|rest| rest.strip_prefix([':', '|', '–', '—'])).map_or(paragraph, str::trim_start)
}

/// As many lines from the first as fit; paragraphs stay apart.
fn joined(lines: &[Line], most: usize) -> String {
    let mut text = String::new();
    let mut paragraph = None;
    for line in lines {
        let gap = match paragraph {
            None => "",
            Some(before) if before == line.paragraph => " ",
            Some(_) => "\n\n",
        };
        if text.chars().count() + gap.len() + line.text.chars().count() > most {
            break;
        }
        text.push_str(gap);
        text.push_str(&line.text);
        paragraph = Some(line.paragraph);
    }
    text
}

fn worth(text: &str, title: &str) -> usize {
    let title = text::content_words(title);
    let words = text::content_words(text);
    let numbers = words.iter().filter(|word| word.chars().any(|c| c.is_ascii_digit())).count();
    words.difference(&title).count() + numbers
}

fn sentences(excerpt: &str) -> Vec<String> {
    let paragraphs = text::paragraphs(excerpt);
    paragraphs.iter().flat_map(|p| text::sentences(p)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn picks(want: usize, items: Value) -> Vec<(String, String)> {
        let input =
            serde_json::from_value(json!({"goal": "small tools", "want": want, "items": items})).unwrap();
        pick(&input).picks.into_iter().map(|pick| (pick.id, pick.excerpt)).collect()
    }

    fn article(id: &str, title: &str, text: &str) -> Value {
        json!({"id": id, "title": title, "url": format!("https://n.example/{id}"), "text": text})
    }

    #[test]
    fn what_says_more_comes_first_and_what_says_nothing_not_at_all() {
        let found = picks(
            3,
            json!([
                article("empty", "An empty one", ""),
                article("thin", "Pail", "Pail sorts logs quickly."),
                article(
                    "rich",
                    "Kettle 2",
                    "Kettle boils 1.7 litres in 140 seconds on a 13 amp socket. Its element was moved below the \
                     plate, which makes cleaning easier. The maker promises spare parts until 2041."
                ),
            ]),
        );
        assert_eq!(found.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["rich", "thin"]);
        assert!(picks(2, json!([article("empty", "An empty one", " \n")])).is_empty());
    }

    #[test]
    fn the_same_story_is_told_once() {
        let text =
            "The harbour of Lund gets a second crane in spring. It lifts 80 tonnes and runs on shore power.";
        let again = "The harbour of Lund gets a second crane in spring. It lifts 80 tonnes and runs on shore current.";
        let found = picks(2, json!([article("a", "A crane", text), article("b", "Second crane", again)]));
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn an_excerpt_is_whole_sentences_without_the_page_around_them() {
        let body = "Tub : Tub keeps notes in plain files. Each note is one file of at most 64 kilobytes.\n\n\
                    submitted by /u/someone [link] [comments]";
        let found = picks(1, json!([article("tub", "Tub", body)]));
        assert_eq!(
            found[0].1,
            "Tub keeps notes in plain files. Each note is one file of at most 64 kilobytes."
        );
    }

    #[test]
    fn an_excerpt_is_bounded_and_ends_with_a_sentence() {
        let body: String =
            (0..200).map(|n| format!("Machine {n} made {} parts of type q{n} that day. ", n * 7)).collect();
        let found = picks(1, json!([article("long", "Parts", &body)]));
        let excerpt = &found[0].1;
        assert!(excerpt.chars().count() <= EXCERPT_CHARS && excerpt.chars().count() > 1_300);
        assert!(excerpt.starts_with("Machine ") && excerpt.ends_with("day."));
    }

    #[test]
    fn newer_articles_win_among_equals() {
        let dated = |id: &str, date: &str, subject: &str| {
            let mut article =
                article(id, subject, &format!("{subject} opened gates 4 and 5 for northern trains."));
            article["published_at"] = json!(date);
            article
        };
        let found = picks(
            1,
            json!([
                dated("old", "2031-01-01T00:00:00Z", "Aston"),
                dated("new", "2031-06-01T00:00:00Z", "Wexby")
            ]),
        );
        assert_eq!(found[0].0, "new");
    }
}
