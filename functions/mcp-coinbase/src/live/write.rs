//! Transfers at CDP: created without being executed, looked at, then executed.

use chimera_domain::Refusal;
use chimera_domain::ports::{Clock, Ids};
use chimera_mcp::server::Upstream;
use chimera_policy::refusals::PlatformRefusal;

use super::http::Ask;
use super::wire::{CdpTransfer, transfer_body};
use super::{Cdp, transfer_path};
use crate::answers::CdpError;
use crate::fees::transfer_price;
use crate::sandbox::uuid_of;
use crate::wallet::{DeployOrder, Status, TransferOrder, WalletFault, WriteWallets};

/// The code of a transfer that was not executed because its fee is above what was approved.
const FEE_TOO_HIGH: &str = "fee_too_high";

impl<C, I> WriteWallets for Cdp<C, I>
where
    C: Clock + Send + 'static,
    I: Ids + Send + 'static,
{
    /// [WA-6] Until it is executed nothing can have moved: whatever fails until then is a definite no.
    async fn transfer(&self, order: TransferOrder) -> Upstream {
        if let Err(fault) = self.permit(&order).await {
            return fault.before();
        }
        let created = match self.create(&order).await {
            Ok(created) => created,
            Err(fault) => return fault.before(),
        };
        match self.check_cost(&created, &order) {
            Ok(()) => {}
            Err(refused) => return refused,
        }
        // The same key brings the same transfer, which may be further than this.
        let executed =
            if created.status == Status::Quoted { self.execute(&created, &order).await } else { Ok(created) };
        match executed {
            Ok(transfer) => self.became(&transfer),
            Err(fault) => executed_or_not(fault),
        }
    }

    async fn deploy(&self, _order: DeployOrder) -> Upstream {
        let message = "CDP has no call that deploys a token: use the sandbox";
        WalletFault::Unsupported(message.to_owned()).before()
    }
}

impl<C: Clock, I: Ids> Cdp<C, I> {
    /// [WA-3] Whether it may be made: the network, the recipient, the quote.
    async fn permit(&self, order: &TransferOrder) -> Result<(), WalletFault> {
        let TransferOrder { owner, terms, quote, .. } = order;
        self.check_network(terms.network)?;
        let account = self.account(owner)?;
        if let Some(own) = self.evm_account(owner).await? {
            terms.recipient.check_payable(own.address)?;
        }
        let Some(quote) = quote else {
            return Ok(());
        };
        let unknown = || WalletFault::NotFound(format!("there is no quote {quote} of these terms"));
        let quoted = self.by_id(account, quote).await?.ok_or_else(unknown)?;
        if !quoted.is_of(terms, self.network_name()) {
            return Err(unknown());
        }
        let now = self.http.clock.now();
        let holds = quoted.status == Status::Quoted && quoted.expires_at.is_some_and(|end| now < end);
        let expired = || CdpError::new(400, "transfer_quote_expired", "the quote has expired or was used");
        if holds { Ok(()) } else { Err(WalletFault::Cdp(expired())) }
    }

    async fn create(&self, order: &TransferOrder) -> Result<CdpTransfer, WalletFault> {
        let TransferOrder { owner, terms, memo, key, .. } = order;
        let note = (Some(*key), memo.as_deref());
        let body = transfer_body(self.account(owner)?, terms, self.network_name(), note);
        self.http.ask(Ask::post("/v2/transfers", *key).body(body)).await
    }

    /// [WA-4] What costs more than was approved is not executed.
    fn check_cost(&self, created: &CdpTransfer, order: &TransferOrder) -> Result<(), Upstream> {
        let most = transfer_price(order.terms.amount).map_err(|error| WalletFault::Amount(error).before())?;
        let cost = created.cost().map_err(WalletFault::before)?;
        if cost <= most {
            return Ok(());
        }
        let message = format!("it would cost {cost} now, and at most {most} may be spent");
        let refusal = Refusal { code: FEE_TOO_HIGH.to_owned(), message, retryable: true };
        Err(Upstream::Refused { refusal, retry_after_s: None })
    }

    async fn execute(
        &self,
        created: &CdpTransfer,
        order: &TransferOrder,
    ) -> Result<CdpTransfer, WalletFault> {
        // CDP takes a key for one request only, and this is another than the one that created it.
        let key = uuid_of(&format!("execute\n{}", order.key));
        let path = format!("{}/execute", transfer_path(&created.transfer_id)?);
        self.http.ask(Ask::post(path, key)).await
    }

    /// What a transfer's own state says.
    fn became(&self, transfer: &CdpTransfer) -> Upstream {
        match transfer.status {
            Status::Processing | Status::Completed => match transfer.seen(self.network) {
                // [WA-8] Done only when it has arrived.
                Ok(seen) => seen.upstream(),
                Err(fault) => Upstream::Unknown(fault.to_string()),
            },
            Status::Failed => {
                let (code, why) = transfer.failure();
                let why = why.unwrap_or("the transfer failed");
                let refusal = failed_as(code, why).refusal(why);
                Upstream::Refused { refusal, retry_after_s: None }
            }
            Status::Quoted => Upstream::Unknown("it was executed and is still only quoted".to_owned()),
        }
    }
}

/// [WA-6] What a failed execution means. A conflict says that it was executed before, or is being executed.
fn executed_or_not(fault: WalletFault) -> Upstream {
    match fault {
        WalletFault::Cdp(error) if error.status == 409 => Upstream::Unknown(error.to_string()),
        other => other.upstream(),
    }
}

/// CDP gives the reason of a failed transfer as a word, or only as a sentence.
fn failed_as(code: &str, why: &str) -> PlatformRefusal {
    let why = why.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| why.contains(word));
    match code {
        "insufficient_balance" => PlatformRefusal::InsufficientFunds,
        "quote_validation_failed" => PlatformRefusal::QuoteExpired,
        "risk_review_rejected" => PlatformRefusal::PolicyViolation,
        _ if says(&["insufficient"]) => PlatformRefusal::InsufficientFunds,
        _ if says(&["expired"]) => PlatformRefusal::QuoteExpired,
        _ if says(&["security validation", "unable to send to this recipient"]) => {
            PlatformRefusal::PolicyViolation
        }
        _ => PlatformRefusal::PlatformRefused,
    }
}
