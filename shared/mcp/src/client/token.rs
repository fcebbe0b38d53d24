//! Bearer tokens of other people's servers: named in the configuration, kept as secrets, shown to one origin.

use axum::http::HeaderValue;
use chimera_signed_http::secrets::SecretError;

/// The header that shows a token. It is marked as sensitive, so that nothing prints it.
pub(crate) fn bearer(name: &str, token: &str) -> Result<HeaderValue, SecretError> {
    let token = token.trim();
    let header = HeaderValue::from_str(&format!("Bearer {token}"));
    let header = header.ok().filter(|_| !token.is_empty());
    let mut header = header.ok_or_else(|| SecretError::unusable(name, "it is no token"))?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [T-24]
    #[test]
    fn a_token_is_never_printed() {
        let header = bearer("chimera/fetch", " s3cret\n").unwrap();
        assert_eq!(header.to_str().unwrap(), "Bearer s3cret");
        assert!(!format!("{header:?}").contains("s3cret"));
        for wrong in ["", " ", "a\nb", "a\u{0}"] {
            assert!(bearer("chimera/fetch", wrong).is_err(), "{wrong:?}");
        }
    }
}
