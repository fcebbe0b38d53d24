//! Recorded answers, at the port: whichever adapter gave them, the same test replays them.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use chimera_domain::ports::{Answer, Ask, ModelError, ModelRole, ReasoningModel};
use chimera_domain::{Digest, Usage};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thiserror::Error;

/// A cassette that cannot be used. Whoever runs the tests records it anew.
#[derive(Debug, Error)]
pub enum CassetteError {
    /// The file cannot be read or written.
    #[error("the cassette cannot be opened")]
    File(#[from] io::Error),
    /// A line is no recording. Lines count from 1.
    #[error("line {line} of the cassette is no recording")]
    Line {
        /// Which.
        line: usize,
        /// What is wrong with it.
        #[source]
        error: serde_json::Error,
    },
    /// Two lines answer the same question differently.
    #[error("line {0} of the cassette answers a question again, and differently")]
    Twice(usize),
}

/// A line: what was asked, by its digest and for people by its prompt, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    ask: Digest,
    role: ModelRole,
    prompt: String,
    outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Answer { json: Value, usage: Usage },
    Unusable(String),
}

/// What is asked, whole: another input, schema, seed or version of the prompt is another question.
fn digest(ask: &Ask) -> Digest {
    let Ask { role, prompt, input, schema, seed } = ask;
    Digest::of_json(&json!({
        "role": role, "prompt": prompt, "input": input, "schema": schema, "seed": seed.to_string(),
    }))
}

/// Answers from a recording, and from nothing else.
#[derive(Debug, Clone, Default)]
pub struct Cassette {
    outcomes: BTreeMap<Digest, Outcome>,
}

impl Cassette {
    /// Reads a recording: JSON, one line for each question.
    ///
    /// # Errors
    /// [`CassetteError`].
    pub fn open(path: &Path) -> Result<Self, CassetteError> {
        let mut outcomes: BTreeMap<Digest, Outcome> = BTreeMap::new();
        for (at, text) in std::fs::read_to_string(path)?.lines().enumerate() {
            let line: Line =
                serde_json::from_str(text).map_err(|error| CassetteError::Line { line: at + 1, error })?;
            let known = outcomes.entry(line.ask).or_insert_with(|| line.outcome.clone());
            if *known != line.outcome {
                return Err(CassetteError::Twice(at + 1));
            }
        }
        Ok(Self { outcomes })
    }
}

impl ReasoningModel for Cassette {
    /// [B-9] What was not recorded is an error.
    async fn ask(&self, ask: &Ask) -> Result<Answer, ModelError> {
        let key = digest(ask);
        match self.outcomes.get(&key).cloned() {
            Some(Outcome::Answer { json, usage }) => Ok(Answer { json, usage }),
            Some(Outcome::Unusable(why)) => Err(ModelError::Unusable(why)),
            None => {
                let prompt = ask.prompt;
                Err(ModelError::Unusable(format!(
                    "the cassette has no answer to this {prompt} ({key}): record it"
                )))
            }
        }
    }
}

/// Asks a model and records what it answers. What may pass by itself is not recorded.
#[derive(Debug)]
pub struct Recorder<M> {
    model: M,
    tape: Mutex<Tape>,
}

#[derive(Debug)]
struct Tape {
    file: File,
    known: Cassette,
}

impl<M: ReasoningModel> Recorder<M> {
    /// Records into this file, behind what it has. A question that it has is answered from there.
    ///
    /// # Errors
    /// [`CassetteError`].
    pub fn open(model: M, path: &Path) -> Result<Self, CassetteError> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let known = Cassette::open(path)?;
        Ok(Self { model, tape: Mutex::new(Tape { file, known }) })
    }

    fn known(&self) -> Cassette {
        self.tape.lock().unwrap_or_else(PoisonError::into_inner).known.clone()
    }

    fn record(&self, ask: &Ask, outcome: Outcome) -> Result<(), ModelError> {
        let line = Line { ask: digest(ask), role: ask.role, prompt: ask.prompt.to_owned(), outcome };
        let text = serde_json::to_string(&line).map_err(|error| unrecorded(&error))?;
        let mut tape = self.tape.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(tape.file, "{text}").map_err(|error| unrecorded(&error))?;
        tape.known.outcomes.insert(line.ask, line.outcome);
        Ok(())
    }
}

impl<M: ReasoningModel + Send> ReasoningModel for Recorder<M> {
    async fn ask(&self, ask: &Ask) -> Result<Answer, ModelError> {
        let known = self.known();
        if known.outcomes.contains_key(&digest(ask)) {
            return known.ask(ask).await;
        }
        let answered = self.model.ask(ask).await;
        match &answered {
            Ok(Answer { json, usage }) => {
                self.record(ask, Outcome::Answer { json: json.clone(), usage: usage.clone() })?;
            }
            Err(ModelError::Unusable(why)) => self.record(ask, Outcome::Unusable(why.clone()))?,
            Err(ModelError::Unavailable(_)) => {}
        }
        answered
    }
}

fn unrecorded(error: &dyn std::error::Error) -> ModelError {
    ModelError::Unusable(format!("the answer could not be recorded: {error}"))
}
