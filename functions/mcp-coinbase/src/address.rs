//! Addresses of EVM networks, with the checksum that catches a mistyped one.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha3::{Digest as _, Keccak256};
use thiserror::Error;

/// Bytes of an address.
const BYTES: usize = 20;

/// The text is no address anybody could be paid at. The caller refuses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AddressError {
    /// It is not `0x` and 40 hex digits.
    #[error("an address is 0x and 40 hex digits")]
    Form,
    /// It has capitals, and not where the checksum (EIP-55) wants them: a digit is wrong.
    #[error("the address's capitals do not fit its checksum: a digit is wrong")]
    Checksum,
    /// Nobody holds the zero address: what is sent there is lost.
    #[error("the zero address cannot be paid")]
    Zero,
    /// The wallet would pay itself.
    #[error("a wallet cannot pay itself")]
    Own,
}

/// An address. Its text has the checksum's capitals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address([u8; BYTES]);

impl Address {
    /// [WA-3] Reads an address: all lower case, or with the checksum's capitals.
    ///
    /// # Errors
    /// [`AddressError::Form`] or [`AddressError::Checksum`].
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let digits = text.strip_prefix("0x").ok_or(AddressError::Form)?;
        let address = Self(bytes_of(digits).ok_or(AddressError::Form)?);
        let is_plain = !digits.bytes().any(|digit| digit.is_ascii_uppercase());
        if is_plain || address.to_string() == text { Ok(address) } else { Err(AddressError::Checksum) }
    }

    /// The address that a hash of these bytes names: how an EVM derives addresses too.
    #[must_use]
    pub fn derived(from: &[u8]) -> Self {
        let hash = Keccak256::digest(from);
        let mut bytes = [0; BYTES];
        bytes.copy_from_slice(&hash[hash.len() - BYTES..]);
        Self(bytes)
    }

    /// Whether nobody holds it.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0 == [0; BYTES]
    }

    /// [WA-3] Whether a wallet may pay it.
    ///
    /// # Errors
    /// [`AddressError::Zero`] or [`AddressError::Own`].
    pub fn check_payable(self, own: Self) -> Result<(), AddressError> {
        if self.is_zero() {
            Err(AddressError::Zero)
        } else if self == own {
            Err(AddressError::Own)
        } else {
            Ok(())
        }
    }
}

fn bytes_of(digits: &str) -> Option<[u8; BYTES]> {
    if digits.len() != 2 * BYTES || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; BYTES];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

/// Keccak-256 as `0x` and 64 hex digits: how an EVM names transactions.
pub(crate) fn hash_text(of: &[u8]) -> String {
    format!("0x{}", hex(&Keccak256::digest(of)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Display for Address {
    /// EIP-55: a letter is a capital where the same digit of the hash of the plain text is 8 or more.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = hex(&self.0);
        let hash = hex(&Keccak256::digest(plain.as_bytes()));
        let cased = plain
            .chars()
            .zip(hash.chars())
            .map(|(digit, hashed)| if hashed >= '8' { digit.to_ascii_uppercase() } else { digit });
        write!(f, "0x{}", cased.collect::<String>())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        Self::parse(&text)
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of EIP-55.
    const GOOD: [&str; 4] = [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ];

    /// [WA-3]
    #[test]
    fn an_address_is_read_plain_or_with_its_checksum_and_written_with_it() {
        for text in GOOD {
            let address = Address::parse(text).unwrap();
            assert_eq!(address.to_string(), text);
            assert_eq!(Address::parse(&text.to_lowercase()), Ok(address));
        }
    }

    /// [WA-3]
    #[test]
    fn a_wrong_capital_or_digit_or_length_is_no_address() {
        for text in GOOD {
            let shouted = format!("0x{}", text[2..].to_uppercase());
            assert_eq!(Address::parse(&shouted), Err(AddressError::Checksum));
            let first = text[2..].find(|digit: char| digit.is_ascii_uppercase()).unwrap() + 2;
            let mut softer = text.to_owned();
            softer.replace_range(first..=first, &text[first..=first].to_lowercase());
            assert_eq!(Address::parse(&softer), Err(AddressError::Checksum), "{softer}");
            for wrong in [&text[2..], &text[..41], &format!("{text}0"), &text.replace("0x", "0X")] {
                assert_eq!(Address::parse(wrong), Err(AddressError::Form), "{wrong}");
            }
        }
        assert_eq!(Address::parse("0xzz"), Err(AddressError::Form));
        assert_eq!(Address::parse(&format!("0x{}", "é".repeat(20))), Err(AddressError::Form));
    }

    /// [WA-3]
    #[test]
    fn nobody_is_paid_at_the_zero_address_or_at_the_own_one() {
        let [own, other] = [Address::derived(b"own"), Address::derived(b"other")];
        assert_eq!(other.check_payable(own), Ok(()));
        assert_eq!(own.check_payable(own), Err(AddressError::Own));
        let zero = Address::parse(&format!("0x{}", "0".repeat(40))).unwrap();
        assert_eq!(zero.check_payable(own), Err(AddressError::Zero));
    }
}
