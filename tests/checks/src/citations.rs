//! Clauses of the specification, and who cites them.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use crate::tree::TextFile;

/// Where the clauses, the code's citations and the tests' citations are.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Citations {
    /// Clauses that say MUST, with the file that says it.
    pub clauses: BTreeMap<String, String>,
    /// Clauses that code cites.
    pub by_code: BTreeSet<String>,
    /// Clauses that tests cite.
    pub by_tests: BTreeSet<String>,
}

impl Citations {
    /// Reads the clauses of `specs/*.md` and every citation of the form `[F-3]` in Rust files and the template.
    ///
    /// # Errors
    /// None in practice: the patterns are constants.
    pub fn of(files: &[TextFile]) -> Result<Self, regex::Error> {
        let id = Regex::new(r"\[([A-Z]+-\d+)\]")?;
        let ids =
            |text: &str| -> BTreeSet<String> { id.captures_iter(text).map(|c| c[1].to_owned()).collect() };
        let mut found = Self::default();
        for file in files {
            if is_spec(&file.path) {
                for clause in clauses(&file.text) {
                    found.clauses.extend(ids(clause).into_iter().take(1).map(|id| (id, file.path.clone())));
                }
                continue;
            }
            let (code, tests) = parts(file);
            found.by_code.extend(ids(code));
            found.by_tests.extend(ids(tests));
        }
        Ok(found)
    }

    /// Clauses that lack a citation, each with what is missing.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for (id, file) in &self.clauses {
            for (who, cited) in [("code", &self.by_code), ("a test", &self.by_tests)] {
                if !cited.contains(id) {
                    missing.push(format!("[{id}] of {file} is not cited by {who}"));
                }
            }
        }
        missing
    }

    /// Citations of clauses that do not exist, or that say no MUST.
    #[must_use]
    pub fn dangling(&self) -> Vec<&String> {
        self.by_code.union(&self.by_tests).filter(|id| !self.clauses.contains_key(*id)).collect()
    }
}

fn is_spec(path: &str) -> bool {
    path.starts_with("specs/") && path.ends_with(".md")
}

/// The list items that say MUST; an item ends where the next begins or a blank line comes.
fn clauses(text: &str) -> impl Iterator<Item = &str> {
    text.split("\n\n")
        .flat_map(|paragraph| paragraph.split("\n- "))
        .filter(|clause| clause.trim_start_matches("- ").starts_with("**[") && clause.contains("MUST"))
}

/// A file's text as (code, tests): one of them is empty, or the file has its tests at the end.
fn parts(file: &TextFile) -> (&str, &str) {
    let is_rust = file.path.ends_with(".rs");
    if file.path.starts_with("tests/") || file.path.contains("/tests/") || file.path.ends_with("/tests.rs") {
        return ("", if is_rust || file.path.ends_with(".py") { &file.text } else { "" });
    }
    if file.path == "template.yaml" {
        return (&file.text, "");
    }
    if !is_rust {
        return ("", "");
    }
    match file.text.find("#[cfg(test)]\nmod ") {
        Some(at) => file.text.split_at(at),
        None => (&file.text, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> TextFile {
        TextFile { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_clause_needs_code_and_a_test() {
        let spec = file(
            "specs/x.md",
            "MUST is a key word.\n\n- **[X-1]** It MUST hold,\n  always.\n- **[X-2]** It MAY.\n- **[X-3]** It\n  MUST.\n",
        );
        let code = file("shared/x/src/lib.rs", "// [X-1]\n#[cfg(test)]\nmod tests { /* [X-1] [X-9] */ }");
        let found = Citations::of(&[spec, code]).unwrap();
        assert_eq!(found.clauses.keys().collect::<Vec<_>>(), ["X-1", "X-3"]);
        assert_eq!(
            found.missing(),
            ["[X-3] of specs/x.md is not cited by code", "[X-3] of specs/x.md is not cited by a test"]
        );
        assert_eq!(found.dangling(), ["X-9"]);
    }
}
