//! W3C Trace Context: the trace that a request belongs to.

use axum::http::HeaderMap;

/// The trace id of the request's one `traceparent`, 32 hex digits. A header that is none is as good as absent, as the
/// specification asks.
pub(crate) fn id(headers: &HeaderMap) -> Option<String> {
    let mut given = headers.get_all("traceparent").iter();
    let (Some(value), None) = (given.next(), given.next()) else { return None };
    parse(value.to_str().ok()?)
}

fn parse(text: &str) -> Option<String> {
    let mut parts = text.trim().split('-');
    let [version, trace, parent, flags] = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    // A later version may say more behind the flags.
    let is_known_length = version != "00" || parts.next().is_none();
    let is_sound = is_hex(version, 2)
        && version != "ff"
        && is_hex(trace, 32)
        && is_hex(parent, 16)
        && is_hex(flags, 2)
        && is_known_length;
    let is_zero = |id: &str| id.bytes().all(|byte| byte == b'0');
    (is_sound && !is_zero(trace) && !is_zero(parent)).then(|| trace.to_owned())
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn a_sound_header_names_its_trace() {
        for text in [
            format!("00-{TRACE}-00f067aa0ba902b7-01"),
            format!(" 00-{TRACE}-00f067aa0ba902b7-00 "),
            format!("cc-{TRACE}-00f067aa0ba902b7-01-what-comes-later"),
        ] {
            assert_eq!(parse(&text).as_deref(), Some(TRACE), "{text}");
        }
    }

    #[test]
    fn anything_else_is_as_good_as_absent() {
        for text in [
            String::new(),
            TRACE.to_owned(),
            format!("00-{TRACE}-00f067aa0ba902b7"),
            format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            format!("00-{}-00f067aa0ba902b7-01", &TRACE[1..]),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{TRACE}-{}-01", "0".repeat(16)),
            format!("00-{TRACE}-00f067aa0ba902b7-0g"),
        ] {
            assert_eq!(parse(&text), None, "{text}");
        }
    }
}
