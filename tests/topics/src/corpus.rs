//! Labelled posts, as the files of `shared/policy/corpus` hold them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use chimera_domain::Topic;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// How a post speaks of its topic, or of none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// In plain words of the topic.
    Direct,
    /// By hints: a human sees it, the usual words are missing.
    Oblique,
    /// Of no topic.
    #[default]
    Ordinary,
    /// Of no topic, with words of one.
    NearMiss,
}

/// One labelled post.
#[derive(Debug, Clone, Deserialize)]
pub struct Post {
    /// Unique in its file.
    #[serde(deserialize_with = "name")]
    pub id: String,
    /// The post.
    pub text: String,
    /// Its topics; none of an ordinary post.
    #[serde(deserialize_with = "topics")]
    pub topics: Vec<Topic>,
    /// How it speaks of them. Other people's data may not say, or in words of their own.
    #[serde(default, deserialize_with = "kind")]
    pub kind: Kind,
}

/// Numbers are names too.
fn name<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<String, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// Topics by their names here, or shorter ones.
fn topics<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Vec<Topic>, D::Error> {
    let names: Vec<String> = Vec::deserialize(deserializer)?;
    let of = |name: &String| {
        let plain = name.to_lowercase().replace([' ', '-'], "_");
        let head = plain.split('_').next().unwrap_or_default();
        Topic::ALL
            .into_iter()
            .find(|topic| topic.name() == plain || topic.name().starts_with(head) && head.len() >= 5)
            .ok_or_else(|| D::Error::custom(format!("topic {name:?} is none of the four")))
    };
    names.iter().map(of).collect()
}

fn kind<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Kind, D::Error> {
    let said: Option<String> = Option::deserialize(deserializer)?;
    let said = said.unwrap_or_default().to_lowercase();
    Ok(match said.as_str() {
        _ if said.contains("obliq") || said.contains("implicit") => Kind::Oblique,
        _ if said.contains("near") => Kind::NearMiss,
        _ if said.contains("direct") || said.contains("positive") => Kind::Direct,
        _ => Kind::Ordinary,
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_peoples_labels_are_read() {
        let read = |line: &str| serde_json::from_str::<Post>(line);
        let post =
            read(r#"{"id": 7, "text": "x", "topics": ["health", "Legal claims"], "kind": "implicit"}"#)
                .unwrap();
        assert_eq!((post.id.as_str(), post.kind), ("7", Kind::Oblique));
        assert_eq!(post.topics, [Topic::HealthAdvice, Topic::LegalClaims]);
        let post = read(r#"{"id": "a", "text": "x", "topics": [], "voice": "v"}"#).unwrap();
        assert_eq!((post.kind, post.is_sensitive()), (Kind::Ordinary, false));
        assert!(read(r#"{"id": "a", "text": "x", "topics": ["sports"]}"#).is_err());
    }
}
