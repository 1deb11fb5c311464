//! Whether those whose `X-Forwarded-For` is believed can all be proxies. Believing everybody means that everybody chooses
//! the address that limits count by.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Addresses outside private networks that may be trusted at most: a range of a large provider of proxies has fewer.
const V4_TRUSTED_MAX: u64 = 1 << 24;
/// In networks of /64, as addresses of IPv6 are counted.
const V6_TRUSTED_MAX: u64 = 1 << 32;
/// Loopback, and what is routed within a house or a provider only.
const PRIVATE: [&str; 9] = [
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
];

/// Whether so many are trusted that strangers must be among them, however the networks are cut.
pub(super) fn trust_strangers(networks: &[IpNet]) -> bool {
    let private: Vec<IpNet> = PRIVATE.iter().filter_map(|network| network.parse().ok()).collect();
    let is_private = |network: &IpNet| private.iter().any(|known| known.contains(network));
    let (mut v4, mut v6) = (0_u64, 0_u64);
    // Networks that overlap count once.
    for network in IpNet::aggregate(&networks.to_vec()).iter().filter(|network| !is_private(network)) {
        match network {
            IpNet::V4(network) => v4 = v4.saturating_add(addresses(*network)),
            IpNet::V6(network) => v6 = v6.saturating_add(sites(*network)),
        }
    }
    v4 > V4_TRUSTED_MAX || v6 > V6_TRUSTED_MAX
}

fn addresses(network: Ipv4Net) -> u64 {
    1 << (32 - u32::from(network.prefix_len()))
}

fn sites(network: Ipv6Net) -> u64 {
    1_u64.checked_shl(64 - u32::from(network.prefix_len().min(64))).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusting(networks: &[&str]) -> bool {
        let networks: Vec<IpNet> = networks.iter().map(|text| text.parse().expect("a network")).collect();
        trust_strangers(&networks)
    }

    #[test]
    fn everybody_is_everybody_however_the_networks_are_cut() {
        let quarters = ["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"];
        let all_but_one: Vec<String> =
            (0..=255).filter(|n| *n != 9).map(|n| format!("{n}.0.0.0/8")).collect();
        let all_but_one: Vec<&str> = all_but_one.iter().map(String::as_str).collect();
        let cases: [&[&str]; 9] = [
            &["0.0.0.0/0"],
            &["::/0"],
            &["127.0.0.1/32", "0.0.0.0/0"],
            &["0.0.0.0/1", "128.0.0.0/1"],
            &["::/1", "8000::/1"],
            &["2000::/3"],
            &["0.0.0.0/1"],
            &quarters,
            &all_but_one,
        ];
        for networks in cases {
            assert!(trusting(networks), "{networks:?}");
        }
    }

    #[test]
    fn proxies_and_private_networks_may_be_trusted() {
        let cases: [&[&str]; 5] = [
            &[],
            &["127.0.0.1/32", "::1/128"],
            &["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "fd00::/8", "fe80::/10"],
            &["104.16.0.0/13", "172.64.0.0/13", "2400:cb00::/32"],
            &["202.120.80.0/20"],
        ];
        for networks in cases {
            assert!(!trusting(networks), "{networks:?}");
        }
    }
}
