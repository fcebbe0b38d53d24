//! Spec clause, code and test.

use chimera_checks::citations::Citations;
use chimera_checks::tree;

/// Clauses that are not yet kept, each with its reason. A clause leaves this list together with its code and test.
const EXCEPTIONS: &[(&str, &str)] = &[];

#[test]
fn every_must_is_cited_by_code_and_by_a_test() {
    let citations = Citations::of(&tree::files().unwrap()).unwrap();
    assert!(!citations.clauses.is_empty(), "specs/ has clauses");
    let is_excepted = |line: &String| EXCEPTIONS.iter().any(|(id, _)| line.starts_with(&format!("[{id}]")));
    let missing: Vec<String> = citations.missing().into_iter().filter(|line| !is_excepted(line)).collect();
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
}

#[test]
fn every_citation_names_a_clause() {
    // This crate's own examples cite clauses of no specification.
    let mut files = tree::files().unwrap();
    files.retain(|file| file.path != "tests/checks/src/citations.rs");
    let citations = Citations::of(&files).unwrap();
    assert_eq!(citations.dangling(), Vec::<&String>::new());
}

#[test]
fn an_exception_is_of_a_clause_and_has_a_reason() {
    let citations = Citations::of(&tree::files().unwrap()).unwrap();
    for (id, reason) in EXCEPTIONS {
        assert!(citations.clauses.contains_key(*id) && !reason.is_empty(), "{id}");
    }
}
