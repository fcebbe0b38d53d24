//! The tenant's policy as a YAML file, checked here as the API checks it.

use std::path::Path;

use chimera_domain::Policy;
use serde_json::{Value, json};

use crate::api::Api;
use crate::args::{Output, Policy as Command};
use crate::commands::read;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::output;

/// Gets, checks or puts a policy. To check one needs no API.
pub(crate) async fn run(command: Command, connection: &Connection, output: Output) -> Result<(), Failure> {
    match command {
        Command::Get => show(&connection.open()?.get("policy").await?, output)?,
        Command::Check { file } => {
            let policy = read_policy(&file)?;
            let told = json!({"file": file, "digest": policy.digest()});
            output::facts(output, &told, &[("sound", "/file"), ("digest", "/digest")]);
        }
        Command::Put { file, version } => {
            let policy = serde_json::to_value(read_policy(&file)?).map_err(anyhow::Error::from)?;
            let answer = put(&connection.open()?, &policy, version).await?;
            output::facts(output, &answer, &[("version", "/version"), ("digest", "/digest")]);
        }
    }
    Ok(())
}

async fn put(api: &Api, policy: &Value, version: Option<u64>) -> Result<Value, Failure> {
    match version {
        Some(version) => Ok(api.put_over("policy", policy, version).await?),
        None => Ok(api.put("policy", policy).await?),
    }
}

/// For people as a file that can be changed and put; for programs as it was answered.
fn show(answer: &Value, output: Output) -> Result<(), Failure> {
    match output {
        Output::Json => output::json(answer),
        Output::Table => print!("{}", written(answer)?),
    }
    Ok(())
}

fn written(answer: &Value) -> Result<String, Failure> {
    let policy = answer.get("policy").unwrap_or(&Value::Null);
    // In the order of the fields' documentation, where all of them are known here.
    let yaml = match serde_json::from_value::<Policy>(policy.clone()) {
        Ok(policy) => serde_norway::to_string(&policy),
        Err(_) => serde_norway::to_string(policy),
    };
    let (version, digest) = (output::cell(answer.get("version")), output::cell(answer.get("digest")));
    Ok(format!("# version {version}, {digest}\n{}", yaml.map_err(anyhow::Error::from)?))
}

/// Reads a file and checks the policy in it.
fn read_policy(path: &Path) -> Result<Policy, Failure> {
    let unusable = |problem| Failure::Policy { file: path.display().to_string(), problem };
    parse(&read(path)?).map_err(unusable)
}

fn parse(text: &str) -> Result<Policy, String> {
    // A map would take the last of two equal keys; a document of YAML's own kind refuses them.
    serde_norway::from_str::<serde_norway::Value>(text).map_err(|error| error.to_string())?;
    let yaml = serde_norway::Deserializer::from_str(text);
    let policy: Policy = serde_path_to_error::deserialize(yaml).map_err(|error| placed(&error))?;
    policy.check().map_err(|error| format!("{}: {error}", error.place().join(".")))?;
    Ok(policy)
}

/// What is wrong, after where it is; the line and column come behind.
fn placed(error: &serde_path_to_error::Error<serde_norway::Error>) -> String {
    let (place, problem) = (error.path().to_string(), error.inner().to_string());
    if problem.starts_with(&place) { problem } else { format!("{place}: {problem}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../demo/policy.yaml");

    #[test]
    fn the_example_is_sound_and_names_every_field() {
        let policy = parse(EXAMPLE).unwrap();
        let value = serde_json::to_value(&policy).unwrap();
        for name in value.as_object().unwrap().keys() {
            assert!(EXAMPLE.lines().any(|line| line.starts_with(&format!("{name}:"))), "{name}");
        }
        assert!(value.as_object().unwrap().values().all(|value| !value.is_null()), "{value}");
        assert_eq!(policy.quiet_hours.unwrap().utc_offset_minutes, 60);
    }

    #[test]
    fn what_is_got_can_be_put() {
        let policy = parse(EXAMPLE).unwrap();
        let answer = json!({"version": 4, "digest": policy.digest(), "policy": policy});
        let text = written(&answer).unwrap();
        assert!(text.starts_with("# version 4, sha256:"), "{text}");
        assert_eq!(parse(&text), Ok(policy));
    }

    /// The example with one line replaced.
    fn with(line: &str, other: &str) -> String {
        assert!(EXAMPLE.contains(line), "{line}");
        EXAMPLE.replacen(line, other, 1)
    }

    #[test]
    fn what_is_unsound_is_refused_by_its_place() {
        for (text, place) in [
            (with("  hold: 7000", "  hold: 9500"), "thresholds.hold"),
            (with("  hold: 7000", "  hold: .nan"), "thresholds.hold"),
            (with("  hold: 7000", "  hold: 0.7"), "thresholds.hold"),
            (with("  hold: 7000", "  hold: 7000\n  maybe: 1"), "thresholds"),
            (with("killed: false", "kiled: false"), "kiled"),
            (with("minor: 1000,", "minor: 0.5,"), "caps.per_effect"),
            (with("minor: 1000,", "minor: -50,"), "caps.per_effect"),
            (with("{ minor: 1000, currency: USD }", "{ minor: 1000, currency: EUR }"), "caps.per_effect"),
            (with("topics: [politics", "topics: [weather"), "topics"),
            (with("  rivals:", "  Rivals!:"), "tenant_topics.Rivals!"),
            (with("from: \"22:00\"", "from: \"25:00\""), "quiet_hours"),
            (with("to: \"07:00\"", "to: \"22:00\""), "quiet_hours"),
            (with("    pacing_s: 0", "    pacing_s: -1"), "agents.mira"),
            (with("killed_tools: []", "killed_tools: [post_create]"), "killed_tools"),
            (with("currency: USD", "currency: USD\ncurrency: USD"), "currency"),
            (with("agents:\n", "agents:\n  mira: {}\n"), "mira"),
        ] {
            let problem = parse(&text).unwrap_err();
            assert!(problem.contains(place), "{place}: {problem}");
        }
        assert!(parse("- just\n- a list").is_err());
        assert!(parse("").is_err());
    }
}
