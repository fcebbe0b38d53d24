//! Makes every call of the live backend once, at a base URL, with invented credentials, and prints what came of it: one line of
//! JSON per operation of CDP. `make mcp-contracts` runs it against CDP's own document.
//!
//! `cdp_live_calls <base URL> [operation]`. A first part of the path such as `~404~GET~by-name` asks whoever answers for that
//! status, the first time that method and path fit.
#![expect(clippy::print_stdout, reason = "its lines are what it is for")]

use anyhow::Context as _;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chimera_domain::{AgentId, Currency, Money, TenantId};
use chimera_mcp::net::{Reach, guarded_client};
use chimera_mcp::server::Upstream;
use chimera_runtime::{RandomIds, SystemClock};
use mcp_coinbase::address::Address;
use mcp_coinbase::amounts::{Asset, Network};
use mcp_coinbase::live::{Cdp, CdpKey};
use mcp_coinbase::wallet::{
    Find, Owner, ReadWallets as _, Terms, TransferOrder, WalletFault, WriteWallets as _,
};
use serde_json::json;
use url::Url;
use uuid::Uuid;

/// The account and the transfer of CDP's own examples.
const ACCOUNT: &str = "account_af2937b0-9846-4fe7-bfe9-ccc22d935114";
const TRANSFER: &str = "transfer_af2937b0-9846-4fe7-bfe9-ccc22d935114";
const RECIPIENT: &str = "0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359";
/// No less than what the transfer of CDP's examples costs, or it would not be executed.
const CENTS: i64 = 10_350;
/// The P-256 key whose private number is one: nobody's secret, for its public point is the curve's generator.
const NUMBER_ONE: &str = "ME0CAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEMzAxAgEBBCAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAaAKBggqhkjOPQMBBw==";

const WALLET: &str = "GET /v2/evm/accounts/by-name/{name}";
const OPEN: &str = "POST /v2/evm/accounts";
const TOKENS: &str = "GET /v2/evm/token-balances/{network}/{address}";
const BALANCES: &str = "GET /v2/accounts/{accountId}/balances";
const CREATE: &str = "POST /v2/transfers";
const LIST: &str = "GET /v2/transfers";
const ONE: &str = "GET /v2/transfers/{transferId}";
const EXECUTE: &str = "POST /v2/transfers/{transferId}/execute";

/// What a call told: whether it makes sense, and in which words.
struct Told {
    ok: bool,
    words: String,
}

/// Makes calls and prints what they told; those of one operation alone if so asked.
struct Calls {
    only: Option<String>,
}

impl Calls {
    async fn make(&self, operations: &[&str], call: impl Future<Output = Told>) {
        let is_wanted = |operation: &&&str| self.only.as_deref().is_none_or(|only| only == **operation);
        let wanted: Vec<&&str> = operations.iter().filter(is_wanted).collect();
        if wanted.is_empty() {
            return;
        }
        let Told { ok, words } = call.await;
        for operation in wanted {
            println!("{}", json!({ "operation": operation, "ok": ok, "told": words }));
        }
    }
}

/// What is read is there; or CDP says, in its own form, why not.
fn read<T>(result: Result<Option<T>, WalletFault>) -> Told {
    let (ok, words) = match result {
        Ok(Some(_)) => (true, "done".to_owned()),
        Ok(None) => (true, "nothing".to_owned()),
        Err(fault @ WalletFault::Cdp(_)) => (true, fault.to_string()),
        Err(fault) => (false, fault.to_string()),
    };
    Told { ok, words }
}

fn write(upstream: Upstream) -> Told {
    let words = match upstream {
        Upstream::Done(_) => "done".to_owned(),
        Upstream::Refused { refusal, .. } => refusal.message,
        Upstream::Unknown(why) => why,
    };
    Told { ok: true, words }
}

fn owner(agent: &str) -> anyhow::Result<Owner> {
    Ok(Owner { tenant: TenantId::new("t1")?, agent: AgentId::new(agent)? })
}

/// CDP at the base URL; `scene` is what is asked of whoever answers.
fn cdp(base: &str, scene: &str) -> anyhow::Result<Cdp<SystemClock, RandomIds>> {
    let secret = json!({
        "key_id": "invented",
        "key_secret": BASE64_STANDARD.encode([7; 64]),
        "wallet_secret": NUMBER_ONE,
        "accounts": { "t1/nova": ACCOUNT },
    });
    let key = CdpKey::from_json(&secret.to_string())?;
    let base = Url::parse(&format!("{base}{scene}"))?;
    Ok(Cdp::new(guarded_client(Reach::Anywhere)?, (base, Network::Base), key, (SystemClock, RandomIds)))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let base = arguments.next().context("the base URL is missing")?;
    let calls = Calls { only: arguments.next() };
    let (here, missing) = (cdp(&base, "")?, cdp(&base, "/~404~GET~by-name")?);
    // One has an account that pays; the other only an address.
    let (nova, bare) = (owner("nova")?, owner("bare")?);
    let amount = Money::new(CENTS, Currency::Usd)?;
    let terms =
        Terms { recipient: Address::parse(RECIPIENT)?, amount, asset: Asset::Usdc, network: Network::Base };
    let order = TransferOrder {
        owner: nova.clone(),
        terms: terms.clone(),
        memo: Some("for the drawings".to_owned()),
        quote: None,
        key: Uuid::from_u128(0x8e03_978e_40d5_43e8_bc93_6894_a57f_9324),
    };
    let in_ether = Terms { asset: Asset::Eth, ..terms.clone() };
    let by_id = Find::Id(TRANSFER.to_owned());

    calls.make(&[WALLET], async { read(here.wallet(&nova).await.map(Some)) }).await;
    calls.make(&[OPEN], async { read(missing.wallet(&nova).await.map(Some)) }).await;
    calls.make(&[TOKENS], async { read(here.balances(&bare, Network::Base).await.map(Some)) }).await;
    calls.make(&[BALANCES], async { read(here.balances(&nova, Network::Base).await.map(Some)) }).await;
    calls.make(&[CREATE], async { read(here.quote(&nova, &terms).await.map(Some)) }).await;
    calls.make(&[CREATE], async { read(here.quote(&nova, &in_ether).await.map(Some)) }).await;
    calls.make(&[LIST], async { read(here.ledger(&nova).await.map(Some)) }).await;
    calls.make(&[ONE], async { read(here.find(&nova, &by_id).await) }).await;
    calls.make(&[CREATE, EXECUTE], async { write(here.transfer(order).await) }).await;
    Ok(())
}
