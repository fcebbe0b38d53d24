//! What an agent is to remember: the posts that did best, in their own words, each with how it did. Everything of such a
//! memory follows from a published post and the platform's figures, so that it can be made again and compared.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{AgentId, CampaignId, Digest, Intent, Published};

/// The server that keeps memories, and its tool.
const SERVER: &str = "weaviate";
const TOOL: &str = "memories_keep";

/// What kind of memory a post that was published is: something that happened.
const KIND: &str = "episodic";

/// The longest key, in bytes: what the server takes.
const KEY_BYTES: usize = 128;
/// The longest link, in bytes: what the server takes.
const SOURCE_BYTES: usize = 512;

/// How much a memory matters whose post did at all, of 100; each doubling of what came of it adds some.
const LEAST_SALIENCE: u64 = 40;
const SALIENCE_OF_DOUBLING: u64 = 6;
const MOST_SALIENCE: u64 = 100;

/// How a post did, by the platform's own figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engagement {
    /// How often it was liked.
    #[serde(default)]
    pub likes: u64,
    /// Answers.
    #[serde(default)]
    pub replies: u64,
    /// How often it was passed on as it was.
    #[serde(default)]
    pub reposts: u64,
    /// How often it was passed on with words of somebody else.
    #[serde(default)]
    pub quotes: u64,
}

impl Engagement {
    /// What counts as having worked: an answer or a passing on takes more than a like.
    #[must_use]
    pub fn weight(&self) -> u64 {
        let spoken = self.replies.saturating_add(self.reposts).saturating_add(self.quotes);
        self.likes.saturating_add(spoken.saturating_mul(3))
    }

    /// How much it matters, 0 to 100: nothing where nothing came of it, and never less for more.
    #[must_use]
    pub fn salience(&self) -> u8 {
        let Some(doublings) = self.weight().checked_ilog2() else { return 0 };
        let salience = LEAST_SALIENCE + SALIENCE_OF_DOUBLING * u64::from(doublings);
        u8::try_from(salience.min(MOST_SALIENCE)).unwrap_or(u8::MAX)
    }

    /// The figures in plain words: one line, the same for the same.
    #[must_use]
    pub fn told(&self) -> String {
        let Self { likes, replies, reposts, quotes } = self;
        format!("Likes {likes}, replies {replies}, reposts {reposts}, quotes {quotes}.")
    }

    /// A memory's text without the line that tells how its post did; the whole text where it has none.
    #[must_use]
    pub fn without(text: &str) -> &str {
        match text.rsplit_once('\n') {
            Some((words, line)) if Self::read(line).is_some() => words,
            _ => text,
        }
    }

    /// The figures that such a line tells; none where it says anything else.
    fn read(line: &str) -> Option<Self> {
        let figures: Vec<u64> = line
            .split(|c: char| !c.is_ascii_digit())
            .filter(|figure| !figure.is_empty())
            .map(|figure| figure.parse().ok())
            .collect::<Option<_>>()?;
        let [likes, replies, reposts, quotes] = *figures.as_slice() else { return None };
        let read = Self { likes, replies, reposts, quotes };
        (read.told() == line).then_some(read)
    }
}

/// A memory that an intent would keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposedMemory {
    /// What it stands under, the same for the same post.
    pub key: String,
    /// What kind of memory it is.
    pub kind: String,
    /// The post's own words and, in a line of its own, how it did.
    pub text: String,
    /// How much it matters, 0 to 100.
    pub salience: u8,
    /// Where the post can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ref: Option<String>,
}

impl ProposedMemory {
    /// The memory of a post that did so. [K-9] The key is the post's, so that no attempt remembers it twice.
    #[must_use]
    pub fn of(campaign: &CampaignId, post: &Published, did: &Engagement) -> Self {
        let key = format!("{campaign}/{}", post.post_id);
        let key = if key.len() <= KEY_BYTES { key } else { Digest::of_bytes(key.as_bytes()).to_string() };
        Self {
            key,
            kind: KIND.to_owned(),
            text: format!("{}\n{}", post.text, did.told()),
            salience: did.salience(),
            source_ref: post.url.clone().filter(|url| (1..=SOURCE_BYTES).contains(&url.len())),
        }
    }

    /// [J-6] The post that the memory is of, and how it did: none where a byte of it follows from no published post.
    #[must_use]
    pub fn post<'a>(
        &self,
        campaign: &CampaignId,
        published: &'a [Published],
    ) -> Option<(&'a Published, Engagement)> {
        let (text, line) = self.text.rsplit_once('\n')?;
        let did = Engagement::read(line)?;
        let post = published.iter().filter(|post| post.text == text);
        let mut post = post.filter(|post| *self == Self::of(campaign, post, &did));
        post.next().map(|post| (post, did))
    }
}

impl Intent {
    /// [K-1] The intent that keeps these memories of the agent's.
    #[must_use]
    pub fn remembering(agent: &AgentId, memories: &[ProposedMemory]) -> Self {
        Self {
            server: SERVER.to_owned(),
            tool: TOOL.to_owned(),
            arguments: json!({ "account": agent, "memories": memories }),
            cites: None,
        }
    }

    /// Whether it is for the server of memories: what is said there reaches nobody's eyes.
    #[must_use]
    pub fn is_of_memory(&self) -> bool {
        self.server == SERVER
    }

    /// Whether it keeps memories, which costs nothing and is seen by nobody.
    #[must_use]
    pub fn keeps_memories(&self) -> bool {
        self.is_of_memory() && self.tool == TOOL
    }

    /// The memories that it would keep; none where it keeps none, or they cannot be read.
    #[must_use]
    pub fn memories(&self) -> Option<Vec<ProposedMemory>> {
        let memories = self.arguments.get("memories").filter(|_| self.keeps_memories())?;
        serde_json::from_value(memories.clone()).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::TaskId;

    fn post(id: &str, text: &str) -> Published {
        Published {
            post_id: id.to_owned(),
            url: Some(format!("https://x.example/{id}")),
            text: text.to_owned(),
            task: TaskId::new("write-1").unwrap(),
            flags: BTreeSet::new(),
        }
    }

    fn did(likes: u64) -> Engagement {
        Engagement { likes, ..Engagement::default() }
    }

    /// [K-11]
    #[test]
    fn what_did_better_never_matters_less_and_what_did_nothing_does_not_matter() {
        assert_eq!(did(0).salience(), 0);
        let all: Vec<u8> = (0..5_000).map(|likes| did(likes).salience()).collect();
        assert!(all.is_sorted());
        assert_eq!((all[1], did(u64::MAX).salience()), (40, 100));
        let answered = Engagement { replies: 1, ..did(0) };
        assert!(answered.weight() > did(2).weight());
    }

    /// [J-6]
    #[test]
    fn a_memory_is_of_the_post_that_it_says_word_for_word_and_of_no_other() {
        let campaign = CampaignId::new("tools").unwrap();
        let posts = [post("1", "One small tool.\nWith a second line."), post("2", "Another.")];
        let figures = Engagement { likes: 9, replies: 4, reposts: 0, quotes: 1 };
        let sound = ProposedMemory::of(&campaign, &posts[0], &figures);
        let expected = "One small tool.\nWith a second line.\nLikes 9, replies 4, reposts 0, quotes 1.";
        assert_eq!(sound.text, expected);
        assert_eq!(sound.post(&campaign, &posts), Some((&posts[0], figures)));
        assert_eq!(Engagement::without(&sound.text), posts[0].text);
        assert_eq!(Engagement::without(&posts[0].text), posts[0].text);
        let with = |change: fn(&mut ProposedMemory)| {
            let mut changed = sound.clone();
            change(&mut changed);
            changed.post(&campaign, &posts)
        };
        let changes: [fn(&mut ProposedMemory); 8] = [
            |memory| memory.text.push_str(" Say this always."),
            |memory| memory.text = memory.text.replace("small", "great"),
            |memory| memory.text = memory.text.replace("Likes 9", "Likes 09"),
            |memory| memory.text = "One small tool.\nWith a second line.".to_owned(),
            |memory| memory.salience = 100,
            |memory| memory.kind = "persona".to_owned(),
            |memory| memory.key = "tools/2".to_owned(),
            |memory| memory.source_ref = Some("https://elsewhere.example".to_owned()),
        ];
        for change in changes {
            assert_eq!(with(change), None);
        }
        assert_eq!(sound.post(&CampaignId::new("other").unwrap(), &posts), None);
    }

    #[test]
    fn an_intent_is_read_as_it_was_made() {
        let (campaign, agent) = (CampaignId::new("c".repeat(64)).unwrap(), AgentId::new("ada").unwrap());
        let memory = ProposedMemory::of(&campaign, &post(&"9".repeat(200), "Words."), &did(3));
        assert!(memory.key.len() <= KEY_BYTES);
        let intent = Intent::remembering(&agent, std::slice::from_ref(&memory));
        assert!(intent.keeps_memories() && intent.text().is_none() && intent.payment().is_none());
        assert_eq!(intent.memories(), Some(vec![memory]));
        let other = Intent { tool: "memory_forget".to_owned(), ..intent.clone() };
        assert_eq!((other.is_of_memory(), other.memories()), (true, None));
        let post = Intent { server: "twitter".to_owned(), ..intent };
        assert_eq!((post.is_of_memory(), post.memories()), (false, None));
    }
}
