//! How well an agent recalls: a small set of remembered texts and questions, each with the text it is about.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use chimera_domain::ports::Clock;
use chimera_domain::{AgentId, TenantId, Timestamp};
use mcp_weaviate::{
    Catalogue, Faults, Fusion, Memories, MemoryKind, MemoryObjects, NewMemory, Question, Sandbox,
};

#[derive(Clone, Copy)]
struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }
}

/// What is remembered.
const TEXTS: [&str; 32] = [
    "Followers in Nairobi react best to posts published before eight in the morning.",
    "The espresso machine review got twice as many comments as any other review this month.",
    "Never mention the price of a sponsored product unless the sponsor has confirmed it in writing.",
    "I grew up beside a lighthouse and still count the seconds between flashes.",
    "The mechanical keyboard with brown switches arrived with a broken space bar.",
    "Ceramic knives chip when they are used on frozen food.",
    "A follower called Imani asked for a guide to repairing bicycle tubes.",
    "The spring campaign for recycled backpacks ended below its budget.",
    "I speak in short sentences and avoid exclamation marks.",
    "Rust's borrow checker rejects two mutable references to the same value.",
    "The city council of Utrecht approved a car-free weekend in June.",
    "Photos taken in the blue hour receive fewer saves than photos of breakfast.",
    "Do not give medical advice; point people to a doctor instead.",
    "The sourdough starter died because the kitchen was too warm.",
    "Our newsletter reaches nine thousand subscribers, most of them in Portugal.",
    "A competitor copied the captions of our hiking series word for word.",
    "Solar panels on the studio roof produced 14 kilowatt hours on Sunday.",
    "The interview with the marine biologist about coral bleaching was cancelled.",
    "Polls with three options are answered more often than polls with five.",
    "I am vegetarian and do not endorse restaurants that serve only meat.",
    "The train strike delayed the delivery of the camera lenses by four days.",
    "Comments that contain slurs are hidden and never answered.",
    "Version 2.4 of the editing app crashes when subtitles are exported.",
    "Grandmother's recipe for plum dumplings needs semolina and a pinch of cinnamon.",
    "The sponsor of the running shoes wants the hashtag at the end of the text.",
    "A heat wave is forecast for the whole Mediterranean next week.",
    "The museum of typography opens a new wing about Arabic calligraphy.",
    "Reels longer than forty seconds lose half of their viewers.",
    "The community voted to donate the prize money to a dog shelter.",
    "My favourite novel is about a cartographer who maps dreams.",
    "The landlord does not allow drones above the courtyard.",
    "Bookings for the pottery workshop in Lisbon open on the first of May.",
];

/// Questions, each with the text it is about.
const QUESTIONS: [(&str, usize); 16] = [
    ("When should we post for people in Nairobi?", 0),
    ("what was wrong with the keyboard we received", 4),
    ("may I tell how much a sponsored product costs", 2),
    ("childhood home near the lighthouse", 3),
    ("bike tube repair guide request", 6),
    ("how long should a reel be so that viewers stay", 27),
    ("someone plagiarised our hiking captions", 15),
    ("which app crashes on export of subtitles", 22),
    ("dumplings recipe", 23),
    ("can we fly a drone in the courtyard", 30),
    ("weather forecast around the Mediterranean", 25),
    ("why did the sourdough die", 13),
    ("rules about medical questions", 12),
    ("how many options should a poll have", 18),
    ("energy produced by the solar roof", 16),
    ("where does the hashtag of the shoe sponsor go", 24),
];

type Mind = Memories<Sandbox<MemoryObjects, Noon>, Noon>;

fn mind() -> Mind {
    let sandbox =
        Sandbox::new(MemoryObjects::default(), Noon, Catalogue::standard().unwrap(), Faults::default());
    Memories::new(Arc::new(sandbox), Noon)
}

fn nova() -> (TenantId, AgentId) {
    (TenantId::new("t1").unwrap(), AgentId::new("nova").unwrap())
}

async fn remember(mind: &Mind, texts: &[&str]) {
    let (tenant, agent) = nova();
    for (at, text) in texts.iter().enumerate() {
        let new = NewMemory {
            tenant: tenant.clone(),
            agent: agent.clone(),
            kind: MemoryKind::World,
            text: (*text).to_owned(),
            salience: 50,
            source_ref: None,
            key: at.to_string(),
        };
        mind.remember(new).await.unwrap();
    }
}

async fn recall(mind: &Mind, query: &str, k: usize, alpha: u16, fusion: Fusion) -> Vec<(String, u16)> {
    let (tenant, agent) = nova();
    let question = Question {
        tenant,
        agent,
        query: query.to_owned(),
        kinds: Vec::new(),
        k,
        alpha,
        fusion,
        since: None,
        min_score: 0,
    };
    let recalled = mind.recall(question).await.unwrap();
    recalled.into_iter().map(|(memory, score)| (memory.text, score)).collect()
}

/// Share of the questions, in percent, whose text is among the three best.
async fn share(alpha: u16, fusion: Fusion) -> usize {
    let mind = mind();
    remember(&mind, &TEXTS).await;
    let mut found = 0;
    for (question, text) in QUESTIONS {
        let recalled = recall(&mind, question, 3, alpha, fusion).await;
        let is_there = recalled.iter().any(|(recalled, _)| recalled == TEXTS[text]);
        found += usize::from(is_there);
    }
    found * 100 / QUESTIONS.len()
}

#[tokio::test]
async fn nine_of_ten_questions_find_their_text_among_the_three_best() {
    for (alpha, fusion) in
        [(7_500, Fusion::RelativeScore), (7_500, Fusion::Ranked), (10_000, Fusion::RelativeScore)]
    {
        let share = share(alpha, fusion).await;
        assert!(share >= 90, "{share} % by {alpha} and {fusion:?}");
    }
}

#[tokio::test]
async fn a_question_in_other_forms_of_the_words_is_found_by_meaning_alone() {
    let mind = mind();
    remember(&mind, &TEXTS).await;
    let by_word = recall(&mind, "cartography dreaming", 3, 0, Fusion::RelativeScore).await;
    assert_eq!(by_word, [], "no word is the same");
    let by_meaning = recall(&mind, "cartography dreaming", 1, 10_000, Fusion::RelativeScore).await;
    assert_eq!(by_meaning[0].0, TEXTS[29]);
}

/// [W-5]
#[tokio::test]
async fn the_same_memories_are_recalled_in_the_same_order_however_they_were_remembered() {
    let same = ["tea in the morning", "tea in the morning!", "Tea, in the morning", "coffee at night"];
    let (one, other) = (mind(), mind());
    remember(&one, &same).await;
    let (tenant, agent) = nova();
    for at in [2, 0, 3, 1] {
        let new = NewMemory {
            tenant: tenant.clone(),
            agent: agent.clone(),
            kind: MemoryKind::World,
            text: same[at].to_owned(),
            salience: 50,
            source_ref: None,
            key: at.to_string(),
        };
        other.remember(new).await.unwrap();
    }
    let first = recall(&one, "morning tea", 4, 7_500, Fusion::RelativeScore).await;
    assert_eq!(first.len(), 4);
    assert_eq!(first[0].1, first[2].1, "three fit equally well: {first:?}");
    for _ in 0..3 {
        assert_eq!(recall(&other, "morning tea", 4, 7_500, Fusion::RelativeScore).await, first);
    }
}
