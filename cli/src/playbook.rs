//! Playbooks: briefs of common campaigns with parameters. A parameter stands for a value of the parsed brief and is put in
//! once, so that nothing an operator types can change the brief's structure or name another parameter.

mod fill;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chimera_domain::Brief;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::args::{Filling, Output, Playbook as Command};
use crate::commands::read;
use crate::failure::Failure;
use crate::output::{self, Column};
use fill::{Given, Like, fill, names_in};

const LISTED: &[Column] = &[("playbook", "/name"), ("parameters", "/parameters"), ("about", "/about")];
const PARAMETERS: &[Column] =
    &[("parameter", "/name"), ("like", "/like"), ("default", "/default"), ("about", "/about")];

/// A playbook's file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Playbook {
    /// As the file is named.
    name: String,
    /// What it is for.
    about: String,
    #[serde(default)]
    parameters: BTreeMap<String, Parameter>,
    /// The brief, with parameters in its values.
    brief: Value,
}

/// A parameter: one that has no default and is not optional must be given.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameter {
    about: String,
    #[serde(default)]
    like: Like,
    #[serde(default)]
    default: Option<Preset>,
    #[serde(default)]
    optional: bool,
}

/// A default as a file spells it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Preset {
    Count(u64),
    One(String),
    Many(Vec<String>),
}

impl Preset {
    fn texts(&self) -> Vec<String> {
        match self {
            Self::Count(count) => vec![count.to_string()],
            Self::One(text) => vec![text.clone()],
            Self::Many(texts) => texts.clone(),
        }
    }
}

/// Lists, shows or renders; asks nobody.
pub(crate) fn run(command: Command, output: Output) -> Result<(), Failure> {
    match command {
        Command::List { playbooks } => {
            let all = files(&playbooks)?.iter().map(|file| load(file)).collect::<Result<Vec<_>, _>>()?;
            let lines: Vec<Value> = all.iter().map(listed).collect();
            output::rows(output, &json!({"playbooks": lines}), "/playbooks", LISTED);
        }
        Command::Show { playbook, playbooks } => show(&load(&find(&playbook, &playbooks)?)?, output)?,
        Command::Render { playbook, filling } => output::json(&brief(&playbook, &filling)?),
    }
    Ok(())
}

/// [PL-11] The brief that the playbook makes of what was typed, as sound as the API asks for.
pub(crate) fn brief(playbook: &str, filling: &Filling) -> Result<Value, Failure> {
    let playbook = load(&find(playbook, &filling.playbooks)?)?;
    let feeds = filling.feeds.iter().map(|feed| ("feed".to_owned(), feed.clone()));
    let typed: Vec<(String, String)> = filling.set.iter().cloned().chain(feeds).collect();
    let brief = playbook.render(&typed).map_err(Failure::Playbook)?;
    check(&brief).map_err(Failure::Brief)?;
    Ok(brief)
}

fn check(brief: &Value) -> Result<(), String> {
    let typed: Brief = serde_path_to_error::deserialize(brief.clone())
        .map_err(|error| format!("{}: {}", error.path(), error.inner()))?;
    typed.check().map_err(|error| error.to_string())
}

fn show(playbook: &Playbook, output: Output) -> Result<(), Failure> {
    let parameters: Vec<Value> = playbook.parameters.iter().map(described).collect();
    let told = json!({
        "name": playbook.name, "about": playbook.about, "parameters": parameters, "brief": playbook.brief,
    });
    match output {
        Output::Json => output::json(&told),
        Output::Table => {
            let yaml = serde_norway::to_string(&playbook.brief).map_err(anyhow::Error::from)?;
            let table = output::table(&told["parameters"], PARAMETERS);
            println!("{}: {}\n\n{table}\n\n{yaml}", playbook.name, playbook.about);
        }
    }
    Ok(())
}

fn listed(playbook: &Playbook) -> Value {
    let parameters: Vec<&String> = playbook.parameters.keys().collect();
    json!({"name": playbook.name, "about": playbook.about, "parameters": parameters})
}

fn described((name, parameter): (&String, &Parameter)) -> Value {
    let default = match &parameter.default {
        Some(default) => default.texts().join(", "),
        None if parameter.optional => "left out".to_owned(),
        None => "must be given".to_owned(),
    };
    json!({"name": name, "like": parameter.like.name(), "default": default, "about": parameter.about})
}

/// Every playbook's file, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::Playbook(format!("{} cannot be read: {error}; say --playbooks", folder.display()))
    };
    let entries = std::fs::read_dir(folder).map_err(unreadable)?;
    let mut files = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    if let Ok(files) = &mut files {
        files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
        files.sort();
    }
    files.map_err(unreadable)
}

/// The file of a playbook that was named, or the file itself.
fn find(playbook: &str, folder: &Path) -> Result<PathBuf, Failure> {
    if playbook.contains(['/', '\\']) || playbook.ends_with(".yaml") {
        return Ok(PathBuf::from(playbook));
    }
    let files = files(folder)?;
    let stem = |file: &PathBuf| file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    if let Some(file) = files.iter().find(|file| stem(file).as_deref() == Some(playbook)) {
        return Ok(file.clone());
    }
    let known: Vec<String> = files.iter().filter_map(stem).collect();
    Err(Failure::Playbook(format!("there is no {playbook:?}; there are {}", known.join(", "))))
}

fn load(file: &Path) -> Result<Playbook, Failure> {
    let of_file = |problem: String| Failure::Playbook(format!("{}: {problem}", file.display()));
    let playbook = parse(&read(file)?).map_err(of_file)?;
    let is_named = file.file_stem().is_some_and(|stem| stem.to_string_lossy() == playbook.name);
    if is_named { Ok(playbook) } else { Err(of_file(format!("its name is {:?}", playbook.name))) }
}

fn parse(text: &str) -> Result<Playbook, String> {
    // A map would take the last of two equal keys; a document of YAML's own kind refuses them.
    let yaml = serde_norway::from_str::<serde_norway::Value>(text).map_err(|error| error.to_string())?;
    let json = serde_json::to_value(yaml).map_err(|error| error.to_string())?;
    let playbook: Playbook = serde_path_to_error::deserialize(json)
        .map_err(|error| format!("{}: {}", error.path(), error.inner()))?;
    playbook.check()?;
    Ok(playbook)
}

impl Playbook {
    /// Whether every parameter is used, each that is used is there and stands where it can, and every default is of its form.
    fn check(&self) -> Result<(), String> {
        let used = names_in(&self.brief)?;
        if let Some(unknown) = used.iter().find(|name| !self.parameters.contains_key(*name)) {
            return Err(format!("the brief uses {{{unknown}}}, which is no parameter"));
        }
        for (name, parameter) in &self.parameters {
            if !used.contains(name) {
                return Err(format!("parameter {name} is used nowhere"));
            }
            if let Some(default) = &parameter.default {
                if parameter.optional {
                    return Err(format!("parameter {name} has a default, and is never left out"));
                }
                parameter.like.read(&default.texts()).map_err(|why| format!("parameter {name}: {why}"))?;
            }
        }
        let any = |parameter: &Parameter| match parameter.like {
            _ if parameter.optional => Given::Nothing,
            Like::List => Given::List(Vec::new()),
            Like::Text | Like::Count | Like::Amount | Like::Time => Given::Number(1),
        };
        let given = self.parameters.iter().map(|(name, parameter)| (name.clone(), any(parameter)));
        fill(&self.brief, &given.collect()).map(|_| ())
    }

    /// [PL-10] [PL-11] The brief with what was typed, and with defaults for the rest.
    fn render(&self, typed: &[(String, String)]) -> Result<Value, String> {
        let mut texts: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (name, text) in typed {
            if !self.parameters.contains_key(name) {
                let known: Vec<&str> = self.parameters.keys().map(String::as_str).collect();
                return Err(format!("{} has no parameter {name:?}, but {}", self.name, known.join(", ")));
            }
            texts.entry(name).or_default().push(text.clone());
        }
        let mut given = BTreeMap::new();
        for (name, parameter) in &self.parameters {
            let default = || parameter.default.as_ref().map(Preset::texts);
            let value = match texts.remove(name.as_str()).or_else(default) {
                Some(texts) => {
                    parameter.like.read(&texts).map_err(|why| format!("parameter {name}: {why}"))?
                }
                None if parameter.optional => Given::Nothing,
                None => {
                    return Err(format!(
                        "parameter {name} is missing ({}): say --set {name}=…",
                        parameter.about
                    ));
                }
            };
            given.insert(name.clone(), value);
        }
        fill(&self.brief, &given)
    }
}

#[cfg(test)]
mod tests;
