//! The files of the project.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file as text.
#[derive(Debug, Clone)]
pub struct TextFile {
    /// Its path from the project's root.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// The project's root.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every text file that is tracked, or would be: what is ignored is left out, and so is what is not UTF-8.
///
/// # Errors
/// Where `git` cannot be run or a file cannot be read; the checks cannot be made.
pub fn files() -> io::Result<Vec<TextFile>> {
    let root = root();
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(&root)
        .output()?;
    if !listed.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&listed.stderr).into_owned()));
    }
    let names = String::from_utf8_lossy(&listed.stdout).into_owned();
    let mut files = Vec::new();
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        match std::fs::read(root.join(name)) {
            Ok(bytes) => files
                .extend(String::from_utf8(bytes).ok().map(|text| TextFile { path: name.to_owned(), text })),
            // Deleted, but not yet in the index.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(files)
}

/// The lines, as `path:number: line`, that `pattern` matches.
#[must_use]
pub fn lines_with(files: &[TextFile], pattern: &regex::Regex) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        let lines = file.text.lines().enumerate().filter(|(_, line)| pattern.is_match(line));
        found.extend(lines.map(|(at, line)| format!("{}:{}: {}", file.path, at + 1, line.trim())));
    }
    found
}
