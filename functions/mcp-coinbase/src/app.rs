//! Which half, over which backend.

use std::collections::BTreeSet;

use aws_config::SdkConfig;
use axum::Router;
use chimera_domain::{Currency, Money};
use chimera_mcp::net::{Reach, guarded_client};
use chimera_mcp::server::{DynamoBurns, GrantDesk, GrantVerifier, InvalidKeys, SpecError, router};
use chimera_runtime::{Env, EnvError, RandomIds, SystemClock};
use thiserror::Error;
use url::Url;

use crate::address::{Address, AddressError};
use crate::amounts::Network;
use crate::faults::Faults;
use crate::live::{CDP_SANDBOX_URL, CDP_URL, Cdp, CdpKey, KeyError};
use crate::sandbox::{DynamoBooks, Sandbox, Settings};
use crate::tools::{read_half, write_half};
use crate::wallet::{ReadWallets, WriteWallets};

/// The server must not start; whoever deployed it must look.
#[derive(Debug, Error)]
pub enum StartError {
    /// A variable is missing or wrong.
    #[error(transparent)]
    Env(#[from] EnvError),
    /// The Judge's public keys cannot be read.
    #[error(transparent)]
    Keys(#[from] InvalidKeys),
    /// The fault table cannot be read.
    #[error("COINBASE_FAULTS is no table of faults")]
    Faults(#[source] serde_json::Error),
    /// What the tools declare does not fit together: a defect.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// [WA-5] Real money was asked for in one place and not in the other.
    #[error(
        "real money moves only with COINBASE_NETWORK=base and COINBASE_MAINNET=yes-real-money together; \
         the test network needs COINBASE_NETWORK=base-sepolia (or none) and no COINBASE_MAINNET"
    )]
    Mainnet,
    /// CDP's credential cannot be taken up.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// CDP's address is none that a credential may be sent to.
    #[error("COINBASE_URL is no https URL of a public host")]
    Url,
    /// A recipient of the list is no address.
    #[error("COINBASE_RECIPIENTS: {0}")]
    Recipients(#[from] AddressError),
    /// The HTTP client cannot be made.
    #[error("the HTTP client cannot be made")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
}

#[derive(Clone, Copy)]
enum Half {
    Read,
    Write,
}

/// The half that the environment names, over the backend that it names.
///
/// # Errors
/// [`StartError`].
pub async fn app(env: &Env, aws: &SdkConfig) -> Result<Router, StartError> {
    let is_live = env.choice("COINBASE_BACKEND", &[("sandbox", false), ("live", true)])?;
    if !is_live {
        return half(sandbox(env, aws)?, env, aws);
    }
    let network = live_network(env)?;
    let key = CdpKey::load(aws, &env.text("COINBASE_KEY_SECRET")?).await?;
    half(live(env, network, key)?, env, aws)
}

fn half<B>(wallets: B, env: &Env, aws: &SdkConfig) -> Result<Router, StartError>
where
    B: ReadWallets + WriteWallets,
{
    let server = match env.choice("COINBASE_HALF", &[("read", Half::Read), ("write", Half::Write)])? {
        Half::Read => read_half(wallets).build()?,
        Half::Write => {
            let audience = format!("coinbase@{}", env.text("STACK_NAME")?);
            let verifier = GrantVerifier::from_json(&env.text("GRANT_PUBLIC_KEYS")?, audience)?;
            let burns = DynamoBurns::new(aws_sdk_dynamodb::Client::new(aws), env.text("WALLET_TABLE")?);
            let desk = GrantDesk::new(verifier, burns, SystemClock, RandomIds);
            let is_dry = if env.optional("MCP_DRY_RUN").is_some() { env.flag("MCP_DRY_RUN")? } else { false };
            write_half(wallets, desk).dry_run(is_dry).build()?
        }
    };
    Ok(router(server, &[]))
}

fn sandbox(env: &Env, aws: &SdkConfig) -> Result<Sandbox<DynamoBooks, SystemClock>, StartError> {
    let books = DynamoBooks::new(aws_sdk_dynamodb::Client::new(aws), env.text("WALLET_TABLE")?);
    let mut settings = Settings::new(cents(env, "COINBASE_OPENING_BALANCE")?);
    settings.network = network(env)?;
    if let Some(seed) = env.optional("COINBASE_SEED") {
        settings.seed = seed;
    }
    if env.optional("COINBASE_COMPLETES_AFTER").is_some() {
        settings.completes_after = env.seconds("COINBASE_COMPLETES_AFTER")?;
    }
    if env.optional("COINBASE_DAILY_LIMIT").is_some() {
        settings.daily = Some(cents(env, "COINBASE_DAILY_LIMIT")?);
    }
    if let Some(list) = env.optional("COINBASE_RECIPIENTS") {
        let list =
            list.split(',').map(|text| Address::parse(text.trim())).collect::<Result<BTreeSet<_>, _>>();
        settings.recipients = Some(list?);
    }
    Ok(Sandbox::new(books, SystemClock, settings, faults(env)?))
}

fn live(env: &Env, network: Network, key: CdpKey) -> Result<Cdp<SystemClock, RandomIds>, StartError> {
    let default = if network == Network::Base { CDP_URL } else { CDP_SANDBOX_URL };
    let base = Url::parse(env.optional("COINBASE_URL").as_deref().unwrap_or(default)).ok();
    let is_public = |base: &Url| base.scheme() == "https" && Reach::Public.check_literal(base).is_ok();
    let base = base.filter(is_public).ok_or(StartError::Url)?;
    let client = guarded_client(Reach::Public).map_err(|error| StartError::Client(Box::new(error)))?;
    Ok(Cdp::new(client, (base, network), key, (SystemClock, RandomIds)))
}

/// [WA-5] The test network unless real money is asked for in two places.
fn live_network(env: &Env) -> Result<Network, StartError> {
    let is_set = env.optional("COINBASE_MAINNET").is_some();
    let words = [("no", false), ("yes-real-money", true)];
    let is_real = is_set && env.choice("COINBASE_MAINNET", &words)?;
    match (network(env)?, is_real) {
        (Network::Base, true) => Ok(Network::Base),
        (Network::BaseSepolia, false) => Ok(Network::BaseSepolia),
        (Network::Base, false) | (Network::BaseSepolia, true) => Err(StartError::Mainnet),
    }
}

fn network(env: &Env) -> Result<Network, StartError> {
    if env.optional("COINBASE_NETWORK").is_none() {
        return Ok(Network::BaseSepolia);
    }
    Ok(env.choice("COINBASE_NETWORK", &Network::ALL.map(|network| (network.name(), network)))?)
}

/// Whole US cents.
fn cents(env: &Env, name: &'static str) -> Result<Money, EnvError> {
    let minor: u32 = env.parse(name)?;
    let invalid = |_| EnvError::Invalid { name, expected: "whole US cents".to_owned() };
    Money::new(i64::from(minor), Currency::Usd).map_err(invalid)
}

fn faults(env: &Env) -> Result<Faults, StartError> {
    let table = env.optional("COINBASE_FAULTS");
    table.map_or(Ok(Faults::default()), |table| serde_json::from_str(&table).map_err(StartError::Faults))
}

#[cfg(test)]
mod tests {
    use aws_config::BehaviorVersion;
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;

    use super::*;

    /// [WA-5]
    #[test]
    fn real_money_needs_two_settings_and_one_of_them_does_not_start() {
        let of = |network: &str, mainnet: &str| {
            live_network(&Env::of([("COINBASE_NETWORK", network), ("COINBASE_MAINNET", mainnet)]))
        };
        assert_eq!(of("", "").unwrap(), Network::BaseSepolia);
        assert_eq!(of("base-sepolia", "no").unwrap(), Network::BaseSepolia);
        assert_eq!(of("base", "yes-real-money").unwrap(), Network::Base);
        for (network, mainnet) in
            [("base", ""), ("base", "no"), ("base-sepolia", "yes-real-money"), ("", "yes-real-money")]
        {
            let error = of(network, mainnet).unwrap_err();
            assert!(matches!(error, StartError::Mainnet), "{network} {mainnet}");
            let message = error.to_string();
            assert!(
                message.contains("COINBASE_NETWORK=base")
                    && message.contains("COINBASE_MAINNET=yes-real-money")
            );
        }
        for (network, mainnet) in [("base", "yes"), ("base", "true"), ("mainnet", "yes-real-money")] {
            assert!(matches!(of(network, mainnet), Err(StartError::Env(_))), "{network} {mainnet}");
        }
    }

    #[test]
    fn a_credential_goes_nowhere_in_the_clear() {
        let secret = serde_json::json!({ "key_id": "k", "key_secret": BASE64_STANDARD.encode([7; 64]) });
        let key = CdpKey::from_json(&secret.to_string()).unwrap();
        for url in ["http://api.cdp.coinbase.com/platform", "api.cdp.coinbase.com", "https://10.0.0.1/"] {
            let error =
                live(&Env::of([("COINBASE_URL", url)]), Network::BaseSepolia, key.clone()).unwrap_err();
            assert!(matches!(error, StartError::Url), "{url}");
        }
        assert!(live(&Env::of([]), Network::BaseSepolia, key).is_ok());
    }

    #[tokio::test]
    async fn the_environment_is_read_whole_or_the_server_does_not_start() {
        let aws = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build();
        let env = [
            ("COINBASE_BACKEND", "sandbox"),
            ("COINBASE_HALF", "read"),
            ("COINBASE_OPENING_BALANCE", "10000"),
            ("WALLET_TABLE", "wallets"),
            ("COINBASE_DAILY_LIMIT", "5000"),
            ("COINBASE_RECIPIENTS", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
        ];
        assert!(app(&Env::of(env), &aws).await.is_ok());
        for (at, wrong) in
            [(0, ""), (0, "mock"), (1, "both"), (2, "-1"), (2, "1.5"), (3, ""), (4, "x"), (5, "0xab")]
        {
            let mut env = env;
            env[at].1 = wrong;
            assert!(app(&Env::of(env), &aws).await.is_err(), "{} {wrong}", env[at].0);
        }
    }
}
