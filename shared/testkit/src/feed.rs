//! Feeds: what the news server would answer.

use serde_json::{Value, json};

/// One article of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Article {
    /// Stable id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Link.
    pub url: String,
    /// Plain text of the body.
    pub text: String,
}

impl Article {
    /// An article under the given slug.
    #[must_use]
    pub fn new(slug: &str, title: &str, text: &str) -> Self {
        Self {
            id: slug.to_owned(),
            title: title.to_owned(),
            url: format!("https://smalltools.example/{slug}"),
            text: text.to_owned(),
        }
    }
}

/// A feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    title: String,
    articles: Vec<Article>,
}

impl Feed {
    /// A feed of these articles, newest first.
    #[must_use]
    pub fn with_articles(title: &str, articles: Vec<Article>) -> Self {
        Self { title: title.to_owned(), articles }
    }

    /// Four harmless articles about small open tools.
    #[must_use]
    pub fn small_tools() -> Self {
        Self::with_articles("Small Tools Weekly", vec![lantern(), pebble(), drift(), thimble()])
    }

    /// The same, and one that says "beta".
    #[must_use]
    pub fn with_a_beta() -> Self {
        Self::with_articles("Small Tools Weekly", vec![quill(), lantern(), pebble(), drift(), thimble()])
    }

    /// One article about an election app: politics, whatever it says.
    #[must_use]
    pub fn about_an_election() -> Self {
        Self::with_articles("Civic Tools", vec![ballot()])
    }

    /// Its articles, newest first.
    #[must_use]
    pub fn articles(&self) -> &[Article] {
        &self.articles
    }

    /// What the tool answers for at most `limit` articles.
    #[must_use]
    pub fn headlines(&self, limit: usize) -> Value {
        let articles: Vec<Value> = self.articles.iter().take(limit).enumerate().map(entry).collect();
        json!({ "title": self.title, "items": articles })
    }

    /// What `news_get` answers for one of its articles.
    pub(crate) fn article(&self, id: &str) -> Option<Value> {
        let article = self.articles.iter().find(|article| article.id == id)?;
        Some(json!({
            "id": article.id,
            "title": article.title,
            "summary": article.text,
            "url": article.url,
            "source": self.title,
            "region": "world",
            "topic": "technology",
            "published_at": "2026-03-01T20:00:00Z",
        }))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.articles.is_empty()
    }
}

fn entry((at, article): (usize, &Article)) -> Value {
    json!({
        "id": article.id,
        "title": article.title,
        "url": article.url,
        "published_at": format!("2026-03-01T{:02}:00:00Z", 20_usize.saturating_sub(at)),
        "text": article.text,
    })
}

fn lantern() -> Article {
    Article::new(
        "lantern",
        "Lantern 2.0 reads log files without a database",
        "Lantern 2.0 searches plain log files and needs no database beside them. The new version keeps a small index \
         next to each file, which makes a search over ten gigabytes take about two seconds. It runs as one binary of \
         six megabytes on Linux and macOS. The maintainers removed the old plugin system because only three plugins \
         were ever written. The source is available under the Apache licence.",
    )
}

fn pebble() -> Article {
    Article::new(
        "pebble",
        "Pebble syncs folders between two laptops over a cable",
        "Pebble copies folders between two laptops that share a network cable. It compares files block by block, so \
         that a renamed photo library moves in seconds. There is no account and no server in between. A dry run shows \
         every change before anything is written. The tool is written in Rust and has a command line only.",
    )
}

fn drift() -> Article {
    Article::new(
        "drift",
        "Drift draws maps of your shell history",
        "Drift turns a shell history into a map of commands that follow each other. The thickest lines show habits, \
         such as a build after every checkout. Everything stays on the machine, and passwords are masked before the \
         map is drawn. Teams have used it to find steps worth a script. Version 1.3 adds support for fish and \
         nushell.",
    )
}

fn thimble() -> Article {
    Article::new(
        "thimble",
        "Thimble is a spreadsheet that fits in a terminal",
        "Thimble opens comma separated files as a spreadsheet inside the terminal. Formulas use the names of columns \
         instead of letters. Files with a million rows scroll without delay because only the visible part is parsed. \
         An undo log is kept beside the file and survives a crash. The keyboard follows the habits of vi.",
    )
}

fn quill() -> Article {
    Article::new(
        "quill",
        "Quill edits subtitles by ear",
        "Quill plays a film and lets you tap the rhythm of its subtitles. The beta aligns a whole episode after about \
         a hundred taps. It exports the common subtitle formats and keeps the original beside the edit. Captions for \
         deaf viewers are marked in their own colour. The project is run by four volunteers.",
    )
}

fn ballot() -> Article {
    Article::new(
        "ballot",
        "Ballot Box counts votes for the city election",
        "Ballot Box is an open app that tallies votes for the city election in public. Each candidate can download \
         the count of every district. The election commission tested it in two districts last autumn. Observers of \
         all parties may check the signatures on each count. The next election is in May.",
    )
}
