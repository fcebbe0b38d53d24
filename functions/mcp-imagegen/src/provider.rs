//! Who draws: the sandbox, or a model of Bedrock.

use std::future::Future;

use chimera_domain::{Currency, Money};
use chimera_mcp::server::schema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::refused::Refused;
use crate::wanted::{Quality, Tier, Wanted};

/// Pixels up to which a picture is not large.
const LARGE_ABOVE: u64 = 1024 * 1024;

/// What was drawn, not yet labelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// A PNG, or an animated one.
    pub png: Vec<u8>,
    /// What drew it.
    pub model: String,
    /// What it cost.
    pub cost: Money,
    /// Of a clip: its pictures and how long it runs.
    pub motion: Option<Motion>,
}

/// How a clip moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Motion {
    /// Its pictures.
    pub frames: u32,
    /// How long it runs before it begins anew, in milliseconds.
    pub duration_ms: u32,
}

/// A model that can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Model {
    /// Its id.
    pub id: String,
    /// What it makes.
    pub mime: &'static str,
    /// What it is paid for, the cheapest first.
    pub offers: Vec<Offer>,
}

/// What a model makes for a price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Offer {
    /// The quality or tier.
    pub name: &'static str,
    /// Pixels across and down at most: of a picture together, of a clip each.
    pub pixels: String,
    /// Of a clip: how it moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub motion: Option<Motion>,
    /// What one costs.
    #[schemars(schema_with = "schema::money")]
    pub price: Money,
}

/// Draws.
pub trait ImageProvider: Send + Sync + 'static {
    /// What it draws with.
    fn models(&self) -> Vec<Model>;

    /// Whether it looks at a character's picture, where there is one.
    fn looks_at_pictures(&self) -> bool;

    /// Draws a picture; `reference` is the character's picture, where it was found.
    fn draw(
        &self,
        wanted: &Wanted,
        reference: Option<&[u8]>,
    ) -> impl Future<Output = Result<Drawn, Refused>> + Send;

    /// Makes a clip, of the size that the tier has.
    fn film(&self, wanted: &Wanted, tier: Tier) -> impl Future<Output = Result<Drawn, Refused>> + Send;
}

/// [M-1] What a picture costs, in US cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// Standard quality, up to 1024 x 1024 pixels.
    pub standard: u32,
    /// Standard quality, above.
    pub standard_large: u32,
    /// Premium quality, up to 1024 x 1024 pixels.
    pub premium: u32,
    /// Premium quality, above.
    pub premium_large: u32,
}

impl Default for Prices {
    /// What such models usually cost.
    fn default() -> Self {
        Self { standard: 4, standard_large: 6, premium: 6, premium_large: 8 }
    }
}

impl Prices {
    /// What this picture costs.
    #[must_use]
    pub fn of(&self, wanted: &Wanted) -> Money {
        let is_large = u64::from(wanted.width) * u64::from(wanted.height) > LARGE_ABOVE;
        cents(match (wanted.quality, is_large) {
            (Quality::Standard, false) => self.standard,
            (Quality::Standard, true) => self.standard_large,
            (Quality::Premium, false) => self.premium,
            (Quality::Premium, true) => self.premium_large,
        })
    }

    /// The same for those who choose.
    #[must_use]
    pub fn offers(&self) -> Vec<Offer> {
        let offer = |name, pixels: &str, price| Offer {
            name,
            pixels: pixels.to_owned(),
            motion: None,
            price: cents(price),
        };
        let (small, large) = ("1024x1024", "2048x2048");
        vec![
            offer("standard", small, self.standard),
            offer("standard", large, self.standard_large),
            offer("premium", small, self.premium),
            offer("premium", large, self.premium_large),
        ]
    }
}

/// So many US cents.
pub(crate) fn cents(amount: u32) -> Money {
    Money::new(amount.into(), Currency::Usd).unwrap_or_else(|_| Money::zero(Currency::Usd))
}
