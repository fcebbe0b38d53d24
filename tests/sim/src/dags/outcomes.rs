//! What a worker by lot would bring.

use chimera_domain::{Artifact, Digest, Intent, Money, Picture, Source, Task, TaskKind, WorkOutcome};
use rand::Rng as _;
use rand::rngs::StdRng;
use serde_json::json;

/// Notes, a picture, or something to do.
pub(super) fn outcome_of(task: &Task, rng: &mut StdRng) -> WorkOutcome {
    let artifact = |artifact: Artifact| WorkOutcome::Artifact { artifact };
    let intent = |server: &str, tool: &str, arguments: serde_json::Value| WorkOutcome::Intent {
        intent: Intent { server: server.to_owned(), tool: tool.to_owned(), arguments, cites: None },
    };
    let text = format!("{} says something, {}", task.id, task.attempt);
    match task.kind {
        TaskKind::Research => {
            artifact(Artifact::Notes { sources: (0..rng.random_range(1..=3)).map(source).collect() })
        }
        TaskKind::Illustrate => artifact(Artifact::Image { image: picture(&text) }),
        TaskKind::Film => artifact(Artifact::Video { video: clip(&text) }),
        TaskKind::Transact => intent(
            "coinbase",
            "transfer",
            json!({"recipient": "0x", "amount": Money::zero(task.cost.currency())}),
        ),
        TaskKind::Remember => intent("weaviate", "memories_keep", json!({"notes": [text]})),
        _ => intent("twitter", "post_create", json!({"account": task.agent, "text": text})),
    }
}

fn source(nth: u32) -> Source {
    Source {
        id: format!("source-{nth}"),
        title: "A small tool".to_owned(),
        url: format!("https://smalltools.example/{nth}"),
        published_at: None,
        excerpt: "It is small.".to_owned(),
    }
}

fn picture(of: &str) -> Picture {
    Picture {
        digest: Digest::of_bytes(of.as_bytes()),
        mime: "image/png".to_owned(),
        width: 8,
        height: 8,
        alt_text: "A small tool".to_owned(),
        model: "lots".to_owned(),
        character: None,
        duration_ms: None,
    }
}

fn clip(of: &str) -> Picture {
    Picture { mime: "image/apng".to_owned(), duration_ms: Some(2_000), ..picture(of) }
}
