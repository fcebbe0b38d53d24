//! Recorded answers, whoever gave them.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::PathBuf;
use std::sync::Mutex;

use chimera_domain::ports::{Answer, Ask, ModelError, ModelRole, ReasoningModel};
use chimera_model::{Cassette, CassetteError, Recorder, ScriptedModel};
use serde_json::json;

/// A file of this test's own, not there yet.
fn tape(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("cassette-{name}.jsonl"));
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{error}"),
        _ => path,
    }
}

fn ask(goal: &str) -> Ask {
    Ask {
        role: ModelRole::Researcher,
        prompt: "researcher-1",
        input: json!({
            "goal": goal, "want": 1,
            "items": [{
                "id": "a", "title": "Pail", "url": "https://tools.example/pail",
                "text": "Pail sorts logs. It reads 3 formats.",
            }],
        }),
        schema: json!({"type": "object", "required": ["picks"]}),
        seed: 7,
    }
}

/// Answers once, from a list; what it is asked beyond that is a failure of the test.
struct Moody(Mutex<Vec<ModelError>>);

impl ReasoningModel for Moody {
    async fn ask(&self, _: &Ask) -> Result<Answer, ModelError> {
        Err(self.0.lock().unwrap().pop().unwrap())
    }
}

#[tokio::test]
async fn what_was_recorded_is_answered_the_same() {
    let path = tape("same");
    let recorder = Recorder::open(ScriptedModel::new(), &path).unwrap();
    let said = recorder.ask(&ask("tools")).await.unwrap();
    recorder.ask(&ask("logs")).await.unwrap();
    let cassette = Cassette::open(&path).unwrap();
    assert_eq!(cassette.ask(&ask("tools")).await.unwrap(), said);
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);

    // What is known is not asked again, also by another recorder of the same file.
    let silent = Recorder::open(Moody(Mutex::default()), &path).unwrap();
    assert_eq!(silent.ask(&ask("tools")).await.unwrap(), said);
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
}

/// [B-9]
#[tokio::test]
async fn what_was_not_recorded_is_an_error() {
    let path = tape("strict");
    Recorder::open(ScriptedModel::new(), &path).unwrap().ask(&ask("tools")).await.unwrap();
    let cassette = Cassette::open(&path).unwrap();
    let others = [
        ask("other tools"),
        Ask { seed: 8, ..ask("tools") },
        Ask { schema: json!({}), ..ask("tools") },
        Ask { prompt: "researcher-2", ..ask("tools") },
        Ask { role: ModelRole::Writer, ..ask("tools") },
    ];
    for other in others {
        let error = cassette.ask(&other).await.unwrap_err();
        assert!(matches!(&error, ModelError::Unusable(why) if why.contains("record it")), "{error}");
    }
}

#[tokio::test]
async fn a_refusal_is_recorded_and_what_may_pass_is_not() {
    let path = tape("refusal");
    let (busy, useless) = (ModelError::Unavailable("busy".into()), ModelError::Unusable("useless".into()));
    let moody = Moody(Mutex::new(vec![useless, busy]));
    let recorder = Recorder::open(moody, &path).unwrap();
    assert!(matches!(recorder.ask(&ask("tools")).await, Err(ModelError::Unavailable(_))));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "");
    assert!(matches!(recorder.ask(&ask("tools")).await, Err(ModelError::Unusable(_))));
    let replayed = Cassette::open(&path).unwrap().ask(&ask("tools")).await;
    assert!(matches!(replayed, Err(ModelError::Unusable(why)) if why == "useless"));
}

#[tokio::test]
async fn a_damaged_cassette_is_not_played() {
    let path = tape("damaged");
    let recorder = Recorder::open(ScriptedModel::new(), &path).unwrap();
    recorder.ask(&ask("tools")).await.unwrap();
    let line = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{line}{}", line.replace("\"tokens\":", "\"tokens\":1"))).unwrap();
    assert!(matches!(Cassette::open(&path), Err(CassetteError::Twice(2))));
    std::fs::write(&path, format!("{line}{{}}\n")).unwrap();
    assert!(matches!(Cassette::open(&path), Err(CassetteError::Line { line: 2, .. })));
    assert!(matches!(Cassette::open(&tape("absent")), Err(CassetteError::File(_))));
}
