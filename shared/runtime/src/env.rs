//! The environment, read once at start: typed, and failing closed with the variable's name.

use std::collections::HashMap;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

/// A variable that is missing or wrong. The function does not start; whoever deployed it must look. The value is never
/// part of the message: it could be a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EnvError {
    /// Not set, or empty.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// Set to something else than it may be.
    #[error("the environment variable {name} is not {expected}")]
    Invalid {
        /// Which.
        name: &'static str,
        /// What it should be.
        expected: String,
    },
}

/// The process's environment as it was at start.
#[derive(Clone)]
pub struct Env(HashMap<String, String>);

impl Env {
    /// The process's own, as it is now. A variable that is no Unicode counts as not set.
    #[must_use]
    pub fn new() -> Self {
        let unicode = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(unicode).collect())
    }

    /// These variables only, for tests.
    #[must_use]
    pub fn of<const N: usize>(variables: [(&str, &str); N]) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// A text that must be set.
    ///
    /// # Errors
    /// [`EnvError::Missing`]; empty counts as not set.
    pub fn text(&self, name: &'static str) -> Result<String, EnvError> {
        self.optional(name).ok_or(EnvError::Missing(name))
    }

    /// A text that may be left out.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<String> {
        self.0.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// A value of any type that reads itself from text, such as a number or an id.
    ///
    /// # Errors
    /// [`EnvError`] when it is missing or is no such value.
    pub fn parse<T: FromStr>(&self, name: &'static str) -> Result<T, EnvError> {
        let text = self.text(name)?;
        text.parse().map_err(|_| invalid(name, std::any::type_name::<T>()))
    }

    /// A value that checks itself, such as an id; nothing where it is not set.
    ///
    /// # Errors
    /// [`EnvError::Invalid`] when it is no such value.
    pub fn optional_as<T: TryFrom<String>>(&self, name: &'static str) -> Result<Option<T>, EnvError> {
        let value = self.optional(name).map(T::try_from).transpose();
        value.map_err(|_| invalid(name, std::any::type_name::<T>()))
    }

    /// A duration in whole seconds, at least one.
    ///
    /// # Errors
    /// [`EnvError`] when it is missing or is no such number.
    pub fn seconds(&self, name: &'static str) -> Result<Duration, EnvError> {
        whole_seconds(name, &self.text(name)?)
    }

    /// A list of durations in whole seconds, by commas; `default` where it is not set.
    ///
    /// # Errors
    /// [`EnvError::Invalid`] when one of them is no such number.
    pub fn seconds_list(&self, name: &'static str, default: &[Duration]) -> Result<Vec<Duration>, EnvError> {
        match self.optional(name) {
            None => Ok(default.to_vec()),
            Some(list) => list.split(',').map(|text| whole_seconds(name, text.trim())).collect(),
        }
    }

    /// `true` or `false`, and nothing else.
    ///
    /// # Errors
    /// [`EnvError`] when it is missing or is neither.
    pub fn flag(&self, name: &'static str) -> Result<bool, EnvError> {
        self.choice(name, &[("true", true), ("false", false)])
    }

    /// One of a few words, each with what it stands for.
    ///
    /// # Errors
    /// [`EnvError`] when it is missing or is another word.
    pub fn choice<T: Copy>(&self, name: &'static str, words: &[(&str, T)]) -> Result<T, EnvError> {
        let text = self.text(name)?;
        let chosen = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        chosen.ok_or_else(|| {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            invalid(name, &words.join(" or "))
        })
    }
}

fn whole_seconds(name: &'static str, text: &str) -> Result<Duration, EnvError> {
    let seconds = text.parse::<u32>().ok().filter(|seconds| *seconds > 0);
    let seconds = seconds.ok_or_else(|| invalid(name, "a whole number of seconds"))?;
    Ok(Duration::from_secs(seconds.into()))
}

fn invalid(name: &'static str, expected: &str) -> EnvError {
    EnvError::Invalid { name, expected: expected.to_owned() }
}

impl Default for Env {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Env {
    /// Names only: values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_empty_is_named() {
        let env = Env::of([("EMPTY", "")]);
        assert_eq!(env.text("EMPTY"), Err(EnvError::Missing("EMPTY")));
        assert_eq!(env.seconds("GONE"), Err(EnvError::Missing("GONE")));
    }

    #[test]
    fn what_is_wrong_is_named_without_its_value() {
        let env = Env::of([("FLAG", "yes-secret"), ("TIME", "-1"), ("LIST", "20,x")]);
        let message = env.flag("FLAG").unwrap_err().to_string();
        assert_eq!(message, "the environment variable FLAG is not true or false");
        assert!(env.seconds("TIME").is_err() && env.seconds_list("LIST", &[]).is_err());
    }

    #[test]
    fn values_come_typed() {
        let env = Env::of([("FLAG", "true"), ("TIME", "60"), ("LIST", "20, 120"), ("N", "7")]);
        assert_eq!(env.flag("FLAG"), Ok(true));
        assert_eq!(env.seconds("TIME"), Ok(Duration::from_secs(60)));
        let list = [Duration::from_secs(20), Duration::from_secs(120)];
        assert_eq!(env.seconds_list("LIST", &[]), Ok(list.to_vec()));
        assert_eq!(env.seconds_list("GONE", &list), Ok(list.to_vec()));
        assert_eq!(env.parse::<u8>("N"), Ok(7));
    }

    #[test]
    fn what_may_be_left_out_is_checked_where_it_is_not() {
        let env = Env::of([("OURS", "acme"), ("EMPTY", ""), ("WRONG", "a b")]);
        let tenant = |name| env.optional_as::<chimera_domain::TenantId>(name);
        assert_eq!(tenant("OURS").unwrap().unwrap().as_str(), "acme");
        assert_eq!((tenant("EMPTY"), tenant("GONE")), (Ok(None), Ok(None)));
        assert!(matches!(tenant("WRONG"), Err(EnvError::Invalid { name: "WRONG", .. })));
    }

    #[test]
    fn values_are_never_printed() {
        assert_eq!(format!("{:?}", Env::of([("A", "secret")])), r#"{"A"}"#);
    }
}
