//! Where a request comes from, when proxies stand between.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use actix_web::{HttpRequest, http::header::HeaderMap};
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Headers only a proxy adds.
const FORWARDING: [&str; 7] = [
    "forwarded",
    FORWARDED_FOR,
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-real-ip",
    "via",
];

/// The address of the client: the peer, or what trusted proxies say, read from the nearest to the farthest, up to the
/// first that is not trusted. What stands beyond is the client's own word and is not read.
pub fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let mut nearest = peer.to_canonical();
    let hops: Vec<&str> = headers
        .get_all(FORWARDED_FOR)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .map(str::trim)
        .collect();
    for hop in hops.iter().rev() {
        if !trusted.iter().any(|network| network.contains(&nearest)) {
            break;
        }
        let Some(next) = hop_address(hop) else { break };
        nearest = next.to_canonical();
    }
    nearest
}

/// As proxies write it: an address, some with a port.
fn hop_address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|hop| hop.ip()))
}

/// The address of the client who sent a request.
pub fn of(req: &HttpRequest, trusted: &[IpNet]) -> IpAddr {
    let peer = req.peer_addr().map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.ip());
    client(peer, req.headers(), trusted)
}

/// Whether the request has come through a proxy.
pub fn was_forwarded(headers: &HeaderMap) -> bool {
    FORWARDING.iter().any(|name| headers.contains_key(*name))
}

/// Whether a `Host` (or the host of a URL) names this very machine.
pub fn is_loopback_host(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(""),
        None => host.split(':').next().unwrap_or(""),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What limits count by: an IPv6 client owns a whole /64, so it counts as one.
pub fn limited(address: IpAddr) -> IpAddr {
    network(address, 32, 64)
}

/// Whose neighbours are likely to belong to the same owner: a /24, or a /48.
pub fn network_of(address: IpAddr) -> IpAddr {
    network(address, 24, 48)
}

/// The first address of the network of so many bits.
fn network(address: IpAddr, v4_bits: u32, v6_bits: u32) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - v4_bits).unwrap_or(0);
            Ipv4Addr::from_bits(address.to_bits() & mask).into()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - v6_bits).unwrap_or(0);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn forwarded(lines: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(HeaderName::from_static(FORWARDED_FOR), HeaderValue::from_static(line));
        }
        headers
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let trusted = ["10.0.0.0/8".parse().expect("a network")];
        let headers = forwarded(&["6.6.6.6, 1.2.3.4", "10.0.0.9"]);
        assert_eq!(client(ip("10.0.0.1"), &headers, &trusted), ip("1.2.3.4"));
        assert_eq!(client(ip("9.9.9.9"), &headers, &trusted), ip("9.9.9.9"), "a stranger forges it");
        assert_eq!(client(ip("10.0.0.1"), &headers, &[]), ip("10.0.0.1"));
        assert_eq!(client(ip("10.0.0.1"), &forwarded(&["nonsense"]), &trusted), ip("10.0.0.1"));
        assert_eq!(client(ip("10.0.0.1"), &HeaderMap::new(), &trusted), ip("10.0.0.1"));
    }

    #[test]
    fn of_several_hops_the_first_that_nobody_vouches_for_is_the_client() {
        let trusted =
            ["127.0.0.1/32", "10.0.0.0/24", "fd00::/64"].map(|text| text.parse().expect("a network"));
        let here = ip("127.0.0.1");
        for (line, client_is) in [
            // The client, a proxy of ours, and whatever the client itself claims in front.
            ("1.2.3.4, 10.0.0.2", "1.2.3.4"),
            ("9.9.9.9, 1.2.3.4, 10.0.0.2, 10.0.0.3", "1.2.3.4"),
            ("10.0.0.9, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
            ("127.0.0.1, 1.2.3.4", "1.2.3.4"),
            ("1.2.3.4:51234, [fd00::7]:443", "1.2.3.4"),
            ("2001:db8::1, fd00::7", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("::ffff:1.2.3.4, ::ffff:10.0.0.2", "1.2.3.4"),
            // What is no address ends what can be believed.
            ("1.2.3.4, unknown, 10.0.0.2", "10.0.0.2"),
            ("1.2.3.4, , 10.0.0.2", "10.0.0.2"),
            ("1.2.3.4, 10.0.0.2, _hidden", "127.0.0.1"),
            // Nobody but our own proxies stands there: the farthest of them asks.
            ("10.0.0.2, 10.0.0.3", "10.0.0.2"),
        ] {
            assert_eq!(client(here, &forwarded(&[line]), &trusted), ip(client_is), "{line}");
        }
        // Several lines are one list, as they stand.
        assert_eq!(client(here, &forwarded(&["9.9.9.9", "1.2.3.4", "10.0.0.2"]), &trusted), ip("1.2.3.4"));
        let forged = forwarded(&["1.2.3.4, 10.0.0.2"]);
        assert_eq!(client(ip("8.8.8.8"), &forged, &trusted), ip("8.8.8.8"), "whoever comes past the proxies");
    }

    #[test]
    fn hosts_of_this_machine_are_told_from_others() {
        for here in ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "127.1.2.3", "[::1]:8080", "[::1]"] {
            assert!(is_loopback_host(here), "{here}");
        }
        for there in ["example.edu", "localhost.evil.com", "127.0.0.1.evil.com", "10.0.0.1:80", "", "[::2]:1"]
        {
            assert!(!is_loopback_host(there), "{there}");
        }
    }

    #[test]
    fn a_whole_ipv6_network_counts_as_one() {
        assert_eq!(limited(ip("2001:db8:1:2:3:4:5:6")), limited(ip("2001:db8:1:2::9")));
        assert_ne!(limited(ip("2001:db8:1:2::9")), limited(ip("2001:db8:1:3::9")));
        assert_eq!(limited(ip("::ffff:1.2.3.4")), ip("1.2.3.4"));
        assert_eq!(network_of(ip("1.2.3.4")), ip("1.2.3.0"));
        assert_eq!(network_of(ip("2001:db8:1:2::9")), ip("2001:db8:1::"));
    }
}
