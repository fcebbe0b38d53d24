//! Which servers perception looks at, and what it may look at there.

use chimera_mcp::client::{ConfigError, Registry, Server, Target};
use chimera_runtime::{Env, EnvError};
use thiserror::Error;

/// The server of posts by its name in configuration.
pub(crate) const TWITTER: &str = "twitter";
/// The server of news by its name in configuration.
pub(crate) const NEWS: &str = "news";

/// The servers cannot be looked at as they are configured. The function does not start; whoever deployed it corrects the
/// variable.
#[derive(Debug, Error)]
pub enum ServersError {
    /// A variable is missing.
    #[error(transparent)]
    Env(#[from] EnvError),
    /// The pins cannot be read.
    #[error(transparent)]
    Pins(#[from] ConfigError),
}

/// [PE-16] The servers that the environment names: what is said to an account and what is written about, and no tool.
///
/// # Errors
/// [`ServersError`].
pub fn servers(env: &Env) -> Result<Registry, ServersError> {
    let target = |name| env.text(name).map(|text| Target::parse(&text));
    let registry = Registry::new()
        .with(TWITTER, Server::twitter_mentions(target("MCP_TWITTER_READ_FUNCTION")?))
        .with(NEWS, Server::news_trends(target("MCP_NEWS_FUNCTION")?));
    Ok(registry.pinned(&env.optional("MCP_PINS").unwrap_or_default())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VARIABLES: [(&str, &str); 3] = [
        ("MCP_TWITTER_READ_FUNCTION", "McpTwitterRead"),
        ("MCP_NEWS_FUNCTION", "McpNews"),
        ("MCP_PINS", "{}"),
    ];

    /// [PE-16]
    #[test]
    fn both_servers_must_be_named_and_their_pins_readable() {
        assert!(servers(&Env::of(VARIABLES)).is_ok());
        for (at, wrong) in [(0, ""), (1, ""), (2, "[]")] {
            let mut variables = VARIABLES;
            variables[at].1 = wrong;
            assert!(servers(&Env::of(variables)).is_err(), "{} {wrong}", variables[at].0);
        }
    }
}
