//! What an agent's wallet may be told to do. A transfer has no text that anybody wrote: everything in it is the order's.

use chimera_domain::{Flag, Intent, PaymentOrder};
use serde_json::Value;

use super::{PlatformCheck, Rule, Setting};
use crate::criteria::is_ordered;

/// Hex digits of an address.
const ADDRESS_DIGITS: usize = 40;

/// What one wallet server takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wallet {
    server: &'static str,
    /// Names its rules: `platform:<name>.<rule>`.
    name: &'static str,
    /// What may be sent: each stands for US dollars, one for one.
    assets: &'static [&'static str],
    /// Where, the test network first.
    networks: &'static [&'static str],
}

/// The wallets that may pay. What is on no row is refused.
const WALLETS: [Wallet; 1] =
    [Wallet { server: "coinbase", name: "wallet", assets: &["usdc"], networks: &["base-sepolia", "base"] }];

/// A transfer's arguments: all of them, and no other.
const ARGUMENTS: [&str; 6] = ["account", "amount", "asset", "memo", "network", "recipient"];

/// The wallet that this server speaks to, if it is one.
pub(super) fn of(server: &str) -> Option<Wallet> {
    WALLETS.into_iter().find(|wallet| wallet.server == server)
}

/// Checks the intent where it is a wallet's; false where it is none.
pub(super) fn check(check: &mut PlatformCheck, intent: &Intent, setting: &Setting<'_>) -> bool {
    let Some(wallet) = of(&intent.server) else { return false };
    check.network = wallet.name;
    match intent.tool.as_str() {
        "transfer" => check_transfer(check, intent, setting, wallet),
        "token_deploy" => check_token(check, intent, setting),
        tool => check.rule(Rule::Tool, false, &format!("{}.{tool}", intent.server)),
    }
    true
}

/// Exactly the payment that the task's row orders, from the agent's own wallet.
fn check_transfer(check: &mut PlatformCheck, intent: &Intent, setting: &Setting<'_>, wallet: Wallet) {
    let fields = intent.arguments.as_object();
    let mut keys: Vec<&str> =
        fields.map(|fields| fields.keys().map(String::as_str).collect()).unwrap_or_default();
    keys.sort_unstable();
    check.rule(Rule::Arguments, keys == ARGUMENTS, &keys.join(", "));
    let text = |name: &str| intent.arguments.get(name).and_then(Value::as_str).unwrap_or_default();
    check_account(check, intent, setting);
    check.rule(Rule::Recipient, is_address(text("recipient")), text("recipient"));
    check.rule(Rule::Asset, wallet.assets.contains(&text("asset")), text("asset"));
    check.rule(Rule::Chain, wallet.networks.contains(&text("network")), text("network"));
    let (is_ordered, seen) = match setting.order {
        Some(order) => (is_ordered(intent, order), told(order)),
        None => (false, "the task orders no payment".to_owned()),
    };
    check.rule(Rule::Order, is_ordered, &seen);
}

/// A token of the agent's own is nothing that a plan asks for: only where the policy allows it, and then a human
/// decides.
fn check_token(check: &mut PlatformCheck, intent: &Intent, setting: &Setting<'_>) {
    let seen =
        if setting.may_deploy { "the policy allows it" } else { "the policy does not allow token_deploy" };
    check.rule(Rule::TokenDeploy, setting.may_deploy, seen);
    check_account(check, intent, setting);
    if setting.may_deploy {
        check.flags.push(Flag::new(format!("platform:{}.{}", check.network, Rule::TokenDeploy.name())));
    }
}

fn check_account(check: &mut PlatformCheck, intent: &Intent, setting: &Setting<'_>) {
    let account = intent.arguments.get("account").and_then(Value::as_str).unwrap_or_default();
    check.rule(Rule::Account, account == setting.agent.as_str(), account);
}

fn told(order: &PaymentOrder) -> String {
    format!("ordered: {} to {} ({}) for {}", order.amount, order.recipient, order.name, order.reason)
}

/// An address of an account on an EVM chain.
fn is_address(text: &str) -> bool {
    let digits = text.strip_prefix("0x").unwrap_or_default();
    digits.len() == ADDRESS_DIGITS && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use chimera_domain::{AgentId, Currency, Money};
    use serde_json::json;

    use super::*;
    use crate::platform::check as check_intent;

    const INES: &str = "0x00000000000000000000000000000000000000a1";

    fn order() -> PaymentOrder {
        PaymentOrder {
            recipient: INES.to_owned(),
            name: "Ines".to_owned(),
            amount: Money::new(300, Currency::Usd).unwrap(),
            reason: "for the drawings".to_owned(),
        }
    }

    fn transfer() -> Intent {
        let arguments = json!({
            "account": "ada", "recipient": INES, "amount": {"minor": 300, "currency": "USD"}, "asset": "usdc",
            "network": "base-sepolia", "memo": "for the drawings",
        });
        Intent { server: "coinbase".to_owned(), tool: "transfer".to_owned(), arguments, cites: None }
    }

    fn broken(intent: &Intent, order: Option<&PaymentOrder>) -> Vec<String> {
        let agent = AgentId::new("ada").unwrap();
        check_intent(intent, &Setting { order, ..Setting::of(&agent) }).broken
    }

    ///
    #[test]
    fn a_transfer_pays_exactly_what_its_task_orders() {
        let order = order();
        assert_eq!(broken(&transfer(), Some(&order)), Vec::<String>::new());
        let unordered = broken(&transfer(), None);
        assert_eq!(unordered, ["platform:wallet.order: the task orders no payment"]);
        let other = "0x00000000000000000000000000000000000000a2";
        for (name, value, rules) in [
            ("recipient", json!(other), &["order"][..]),
            ("recipient", json!("ines"), &["recipient", "order"]),
            ("amount", json!({"minor": 301, "currency": "USD"}), &["order"]),
            ("amount", json!({"minor": 300, "currency": "EUR"}), &["order"]),
            ("amount", json!("3.00"), &["order"]),
            ("memo", json!("for the drawing"), &["order"]),
            ("account", json!("bob"), &["account"]),
            ("asset", json!("eth"), &["asset"]),
            ("network", json!("ethereum"), &["network"]),
            ("gas", json!(1), &["arguments"]),
        ] {
            let mut intent = transfer();
            intent.arguments[name] = value;
            let broken = broken(&intent, Some(&order));
            let named: Vec<&str> = broken.iter().filter_map(|rule| rule.split(": ").next()).collect();
            let wanted: Vec<String> = rules.iter().map(|rule| format!("platform:wallet.{rule}")).collect();
            assert_eq!(named, wanted, "{name}");
        }
    }

    ///
    #[test]
    fn a_token_is_made_only_where_the_policy_allows_it_and_then_a_human_decides() {
        let agent = AgentId::new("ada").unwrap();
        let token = Intent {
            tool: "token_deploy".to_owned(),
            arguments: json!({"account": "ada", "name": "Ada", "symbol": "ADA"}),
            ..transfer()
        };
        let refused = check_intent(&token, &Setting::of(&agent)).broken;
        assert_eq!(refused, ["platform:wallet.token_deploy: the policy does not allow token_deploy"]);
        let allowed = check_intent(&token, &Setting { may_deploy: true, ..Setting::of(&agent) });
        assert_eq!(allowed.broken, Vec::<String>::new());
        assert_eq!(allowed.flags, [Flag::new("platform:wallet.token_deploy")]);
        let other = Intent { tool: "approve".to_owned(), ..transfer() };
        assert_eq!(broken(&other, None), ["platform:wallet.tool: coinbase.approve"]);
    }
}
