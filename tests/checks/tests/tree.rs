//! What no tracked file may say.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use chimera_checks::tree;
use regex::Regex;

fn found(pattern: &str, is_of_interest: impl Fn(&str) -> bool) -> Vec<String> {
    let mut files = tree::files().unwrap();
    assert!(!files.is_empty(), "git lists the project's files");
    files.retain(|file| is_of_interest(&file.path));
    tree::lines_with(&files, &Regex::new(pattern).unwrap())
}

// The patterns are written so that they do not match themselves.

#[test]
fn no_file_names_a_path_of_one_machine() {
    let lines = found(r"/(?:roo[t]|wor[k]|hom[e]/[a-z]+|User[s]/[a-z]+)/", |path| !path.ends_with(".lock"));
    assert!(lines.is_empty(), "\n{}", lines.join("\n"));
}

#[test]
fn no_file_names_a_registry_host() {
    let lines = found(r"(?:index|static)\.crates[.]io|pypi[.]org|files\.pythonhosted[.]org", |path| {
        !path.ends_with(".lock")
    });
    assert!(lines.is_empty(), "\n{}", lines.join("\n"));
}

#[test]
fn no_file_is_left_unfinished() {
    let lines = found(r"\b(?:FIXM[E]|todo[!]|unimplemented[!])", |path| {
        [".rs", ".py", ".md", ".yaml", ".toml"].iter().any(|end| path.ends_with(end))
    });
    assert!(lines.is_empty(), "\n{}", lines.join("\n"));
}

#[test]
fn no_lint_is_silenced_without_its_reason() {
    let lines = found(r"#!?\[allo[w]\(", |path| path.ends_with(".rs"));
    assert!(lines.is_empty(), "\n{}", lines.join("\n"));
}
