//! Labelled posts, as the files of `shared/policy/corpus` hold them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use chimera_domain::Topic;
use serde::{Deserialize, Serialize};

/// How a post speaks of its topic, or of none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// In plain words of the topic.
    Direct,
    /// By hints: a human sees it, the usual words are missing.
    Oblique,
    /// Of no topic.
    Ordinary,
    /// Of no topic, with words of one.
    NearMiss,
}

/// One labelled post.
#[derive(Debug, Clone, Deserialize)]
pub struct Post {
    /// Unique in its file.
    pub id: String,
    /// The post.
    pub text: String,
    /// Its topics; none of an ordinary post.
    pub topics: Vec<Topic>,
    /// How it speaks of them.
    pub kind: Kind,
}

impl Post {
    /// Whether a human must see it.
    #[must_use]
    pub fn is_sensitive(&self) -> bool {
        !self.topics.is_empty()
    }
}

/// Reads a file of one post a line.
///
/// # Errors
/// A line that is no labelled post, named by its number.
pub fn read_file(path: &Path) -> Result<Vec<Post>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| {
            serde_json::from_str(line)
                .with_context(|| format!("{} line {} is no labelled post", path.display(), at + 1))
        })
        .collect()
}

/// Reads every `.jsonl` file of a folder, in the order of their names.
///
/// # Errors
/// A folder without such files, or a bad line.
pub fn read_folder(folder: &Path) -> Result<Vec<Post>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .collect();
    files.sort();
    ensure!(!files.is_empty(), "no .jsonl file in {}", folder.display());
    let mut posts = Vec::new();
    for file in files {
        posts.extend(read_file(&file)?);
    }
    Ok(posts)
}
