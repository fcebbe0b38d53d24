//! The tools, a file each.

mod balances_list;
mod resources;
mod shown;
mod token_deploy;
mod transfer;
mod transfer_get;
mod transfer_quote;
mod wallet_get;

use std::sync::Arc;

use chimera_domain::ports::{Clock, Ids};
use chimera_mcp::server::{BurnStore, GrantDesk, NoDesk, ServerBuilder, ToolServer, WithDesk};

pub use balances_list::{BalancesAsked, BalancesList, BalancesShown};
pub use resources::WalletResources;
pub use shown::{BalanceShown, TokenShown, TransferShown};
pub use token_deploy::{TokenDeploy, TokenOrdered};
pub use transfer::{TransferMake, TransferOrdered};
pub use transfer_get::{TransferAsked, TransferFound, TransferGet};
pub use transfer_quote::{QuoteAsked, QuoteShown, TransferQuote};
pub use wallet_get::{WalletAsked, WalletGet, WalletShown};

use crate::wallet::{ReadWallets, WriteWallets};

/// What both halves are called.
const SERVER: &str = "coinbase";

/// The read half: what a wallet holds, what a transfer would cost, what became of one. Nothing in it could pay.
pub fn read_half<W: ReadWallets>(wallets: W) -> ServerBuilder<NoDesk> {
    let wallets = Arc::new(wallets);
    ToolServer::builder(SERVER)
        .tool(WalletGet::new(Arc::clone(&wallets)))
        .tool(BalancesList::new(Arc::clone(&wallets)))
        .tool(TransferQuote::new(Arc::clone(&wallets)))
        .tool(TransferGet::new(Arc::clone(&wallets)))
        .resources(WalletResources::new(wallets))
}

/// The write half: transfers and tokens, with a grant and never without.
pub fn write_half<W, S, C, I>(wallets: W, desk: GrantDesk<S, C, I>) -> ServerBuilder<WithDesk>
where
    W: WriteWallets,
    S: BurnStore,
    C: Clock + Send + 'static,
    I: Ids + Send + 'static,
{
    let wallets = Arc::new(wallets);
    ToolServer::builder(SERVER)
        .with_desk(desk)
        .effect(TransferMake::new(Arc::clone(&wallets)))
        .effect(TokenDeploy::new(wallets))
}
