//! Where Bedrock's models are called.

use url::Url;

use crate::post::is_of_the_web;

/// Where Bedrock's runtime does `operation` with `model`, an id or an ARN: `<base>/model/<model>/<operation>`, the model
/// percent-encoded, for ids have colons and ARNs slashes too. Without a base it is the region's own address. Nothing where
/// the base is no URL of http or https.
#[must_use]
pub fn bedrock_url(base: Option<&str>, region: &str, model: &str, operation: &str) -> Option<Url> {
    let own = format!("https://bedrock-runtime.{region}.amazonaws.com");
    let base = Url::parse(base.unwrap_or(&own)).ok().filter(is_of_the_web)?;
    let model: String = model.bytes().map(encoded).collect();
    Url::parse(&format!("{}/model/{model}/{operation}", base.as_str().trim_end_matches('/'))).ok()
}

fn encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_address_is_encoded_and_is_one_of_the_web() {
        let url = |base, model| bedrock_url(base, "eu-west-1", model, "converse").map(|url| url.to_string());
        let host = "https://bedrock-runtime.eu-west-1.amazonaws.com";
        assert_eq!(url(None, "vendor.m-1:0").unwrap(), format!("{host}/model/vendor.m-1%3A0/converse"));
        let arn = url(Some("http://127.0.0.1:1/"), "arn:aws:bedrock:::a/b").unwrap();
        assert_eq!(arn, "http://127.0.0.1:1/model/arn%3Aaws%3Abedrock%3A%3A%3Aa%2Fb/converse");
        for wrong in ["bedrock", "file:///etc/passwd", "http://"] {
            assert_eq!(url(Some(wrong), "m"), None, "{wrong}");
        }
    }
}
