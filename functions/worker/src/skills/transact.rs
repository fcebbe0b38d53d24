//! Proposes one payment that the brief orders. It holds nothing that could pay.

use chimera_domain::ports::{ReasoningModel, SkillTools};
use chimera_domain::{Binding, Intent, Task, WorkOutcome};
use serde::Deserialize;
use serde_json::json;

use crate::desk::{Desk, SkillError};
use crate::skills::ToolName;

/// It asks what the payment would take.
pub(super) const TOOLS: &[ToolName] = &[QUOTE];
const QUOTE: ToolName = ("coinbase", "transfer_quote");

/// The token that payments are made in: its amounts are dollars.
const ASSET: &str = "usdc";

/// What the wallet says a payment would take.
#[derive(Debug, Deserialize)]
struct Quote {
    /// The network that the wallet is on.
    network: String,
}

pub(super) async fn run<T: SkillTools, M: ReasoningModel>(
    desk: &mut Desk<'_, T, M>,
    task: &Task,
) -> Result<WorkOutcome, SkillError> {
    let Binding::Payment { order } = &task.binding else {
        return Err(SkillError::bad_task("a transact task is bound to a payment"));
    };
    let arguments = json!({
        "tenant": task.tenant,
        "agent": task.agent,
        "recipient": order.recipient,
        "amount": order.amount,
        "asset": ASSET,
    });
    let answer = desk.call(QUOTE.0, QUOTE.1, arguments).await?;
    let quote: Quote =
        serde_json::from_value(answer).map_err(|error| SkillError::unreadable(QUOTE.1, &error))?;
    // [K-5] The order's own words and the network, which stay as they are: a quote expires, an approval is of these bytes.
    let intent = Intent {
        server: "coinbase".to_owned(),
        tool: "transfer".to_owned(),
        arguments: json!({
            "account": task.agent,
            "recipient": order.recipient,
            "amount": order.amount,
            "asset": ASSET,
            "network": quote.network,
            "memo": order.reason,
        }),
        cites: None,
    };
    Ok(WorkOutcome::Intent { intent })
}
