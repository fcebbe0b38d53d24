//! Amounts as people type them.

/// An amount such as `25` or `25.50` in minor units. There is no floating point anywhere near it.
pub(crate) fn minor(text: &str) -> Result<i64, String> {
    let unusable = || format!("{text:?} is no amount such as 25 or 25.50");
    let (whole, cents) = text.split_once('.').unwrap_or((text, "00"));
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(whole) || !are_digits(cents) || cents.len() != 2 {
        return Err(unusable());
    }
    format!("{whole}{cents}").parse().map_err(|_| unusable())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_exact_or_refused() {
        for (text, expected) in [("25", 2_500), ("25.50", 2_550), ("0.07", 7), ("007", 700)] {
            assert_eq!(minor(text), Ok(expected), "{text}");
        }
        let bad =
            ["", ".", "25.", ".50", "25.5", "25.505", "-1", "+1", "1e3", "1,50", " 1", "9999999999999999999"];
        for text in bad {
            assert!(minor(text).is_err(), "{text}");
        }
    }
}
