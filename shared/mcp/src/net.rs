//! Which addresses our programs may reach on somebody else's word. A URL from a brief or a feed must never make a
//! function talk to itself, to its neighbours or to the metadata service.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;
use url::{Host, Url};

/// Time to establish a connection: a public server that needs longer is down.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The address is private, loopback, link-local or otherwise not public. The caller refuses the URL.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0} is not a public address")]
pub struct ForbiddenAddress(pub String);

/// Whether our programs may reach addresses that are not public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// Public addresses only.
    #[default]
    Public,
    /// Any address: for the local cloud and for tests.
    Anywhere,
}

impl Reach {
    /// Checks a URL whose host is a literal address. Names are checked when they are resolved.
    ///
    /// # Errors
    /// [`ForbiddenAddress`] when it is not public.
    pub fn check_literal(self, url: &Url) -> Result<(), ForbiddenAddress> {
        let address = match url.host() {
            Some(Host::Ipv4(v4)) => IpAddr::V4(v4),
            Some(Host::Ipv6(v6)) => IpAddr::V6(v6),
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        self.check(address)
    }

    fn check(self, address: IpAddr) -> Result<(), ForbiddenAddress> {
        if self == Self::Anywhere || is_public(address) {
            Ok(())
        } else {
            Err(ForbiddenAddress(address.to_string()))
        }
    }
}

/// A client that resolves names under `reach` and connects to exactly the addresses it checked. It follows no
/// redirects, sends nothing twice, ignores proxies from the environment and keeps no idle connection: one that slept
/// through a function's freeze would fail its first request.
///
/// # Errors
/// The TLS backend cannot be set up.
pub fn guarded_client(reach: Reach) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .dns_resolver(GuardedResolver { reach })
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .pool_max_idle_per_host(0)
        .no_proxy()
        .build()
}

/// Whether a failed request failed because of [`ForbiddenAddress`].
#[must_use]
pub fn was_forbidden(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<ForbiddenAddress>() {
            return true;
        }
        cause = error.source();
    }
    false
}

#[derive(Debug, Clone, Copy)]
struct GuardedResolver {
    reach: Reach,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.reach;
        let name = name.as_str().to_owned();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // One forbidden address refuses the name: a public one beside it is how the guard would be slipped.
            for address in &found {
                reach.check(address.ip())?;
            }
            let found: Addrs = Box::new(found.into_iter());
            Ok(found)
        })
    }
}

/// Whether the address is one of the public internet's.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => embedded_v4(v6).map_or_else(|| is_public_v6(v6), is_public_v4),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let special = v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_broadcast()
        || v4.is_documentation()
        || v4.is_multicast();
    let this_network = a == 0;
    let carrier = a == 100 && (64..128).contains(&b);
    let protocol = a == 192 && b == 0 && c == 0;
    let benchmark = a == 198 && (b == 18 || b == 19);
    let reserved = a >= 240;
    !(special || this_network || carrier || protocol || benchmark || reserved)
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    let segments = v6.segments();
    // 2000::/3 is all that is routed; documentation, Teredo and ORCHID live inside it.
    let routed = segments[0] & 0xe000 == 0x2000;
    let documentation = segments[0] == 0x2001 && segments[1] == 0x0db8 || segments[0] == 0x3fff;
    let protocol = segments[0] == 0x2001 && segments[1] < 0x0200;
    routed && !documentation && !protocol
}

/// IPv4 inside IPv6: mapped, NAT64 and 6to4.
fn embedded_v4(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = v6.segments();
    let join = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    if let Some(v4) = v6.to_ipv4_mapped() {
        return Some(v4);
    }
    match s {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(join(high, low)),
        [0x2002, high, low, ..] => Some(join(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_not_public_are_known() {
        let forbidden = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::1",
            "2001:db8::1",
            "2001:0::1",
        ];
        for address in forbidden {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:8.8.8.8"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn numeric_spellings_of_loopback_are_literals() {
        for url in ["http://2130706433/", "http://0x7f.1/", "http://[::ffff:127.0.0.1]/", "http://127.1/"] {
            assert!(Reach::Public.check_literal(&Url::parse(url).unwrap()).is_err(), "{url}");
        }
        assert!(Reach::Anywhere.check_literal(&Url::parse("http://127.0.0.1/").unwrap()).is_ok());
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_loopback_is_forbidden() {
        let client = guarded_client(Reach::Public).unwrap();
        let error = client.get("http://localhost:1/").send().await.unwrap_err();
        assert!(was_forbidden(&error), "{error:?}");
    }
}
