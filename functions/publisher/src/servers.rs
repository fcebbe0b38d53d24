//! Which servers the publisher may call: the write halves, and those that it reads back from and fetches from.

use chimera_mcp::client::{ConfigError, Registry, Server, Target};
use chimera_runtime::{Env, EnvError};
use thiserror::Error;

/// The servers cannot be called as they are configured. The function does not start; whoever deployed it corrects the
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

/// The servers by the names that intents use.
#[derive(Debug, Clone)]
pub struct Servers {
    /// What acts, with a grant and never without.
    pub writes: Registry,
    /// What shows what came of it, and keeps what a post carries.
    pub reads: Registry,
}

impl Servers {
    /// The servers that the environment names.
    ///
    /// # Errors
    /// [`ServersError`].
    pub fn of(env: &Env) -> Result<Self, ServersError> {
        let target = |name| env.text(name).map(|text| Target::parse(&text));
        let pins = env.optional("MCP_PINS").unwrap_or_default();
        let writes = Registry::new()
            .with("twitter", Server::twitter_write(target("MCP_TWITTER_WRITE_FUNCTION")?))
            .with("coinbase", Server::coinbase_write(target("MCP_COINBASE_WRITE_FUNCTION")?))
            .with("weaviate", Server::weaviate_write(target("MCP_WEAVIATE_WRITE_FUNCTION")?));
        let reads = Registry::new()
            .with("twitter", Server::twitter_read(target("MCP_TWITTER_READ_FUNCTION")?))
            .with("coinbase", Server::coinbase_read(target("MCP_COINBASE_READ_FUNCTION")?))
            .with("weaviate", Server::weaviate_read(target("MCP_WEAVIATE_READ_FUNCTION")?))
            .with("imagegen", Server::imagegen(target("MCP_IMAGEGEN_FUNCTION")?));
        Ok(Self { writes: writes.pinned(&pins)?, reads: reads.pinned(&pins)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VARIABLES: [(&str, &str); 7] = [
        ("MCP_TWITTER_READ_FUNCTION", "McpTwitterRead"),
        ("MCP_TWITTER_WRITE_FUNCTION", "McpTwitterWrite"),
        ("MCP_COINBASE_READ_FUNCTION", "McpCoinbaseRead"),
        ("MCP_COINBASE_WRITE_FUNCTION", "McpCoinbaseWrite"),
        ("MCP_WEAVIATE_READ_FUNCTION", "McpWeaviateRead"),
        ("MCP_WEAVIATE_WRITE_FUNCTION", "McpWeaviateWrite"),
        ("MCP_IMAGEGEN_FUNCTION", "McpImagegen"),
    ];

    #[test]
    fn every_server_must_be_named() {
        assert!(Servers::of(&Env::of(VARIABLES)).is_ok());
        for (missing, _) in VARIABLES {
            let others = VARIABLES.map(|(name, value)| (if name == missing { "OTHER" } else { name }, value));
            assert!(Servers::of(&Env::of(others)).is_err(), "{missing}");
        }
    }
}
