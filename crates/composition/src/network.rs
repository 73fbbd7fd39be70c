//! Addresses and networks, as the configuration names proxies.

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de};
use std::fmt;
use std::net::IpAddr;

/// A network such as `10.0.0.0/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

impl Network {
    /// Reads `ADDRESS` or `ADDRESS/BITS`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let one = |address: IpAddr| Self(IpNet::from(address.to_canonical()));
        text.parse().ok().map(one).or_else(|| text.parse().ok().map(|net: IpNet| Self(net.trunc())))
    }

    /// Whether the address is in it. An IPv4 address that is written as IPv6 is the IPv4 address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(text.trim()).ok_or_else(|| {
            de::Error::custom(format!("{text:?} is neither an address nor a network such as 10.0.0.0/8"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(network: &str, address: &str) -> bool {
        Network::parse(network).unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn addresses_and_networks_hold_what_they_say() {
        assert!(holds("127.0.0.1", "127.0.0.1") && !holds("127.0.0.1", "127.0.0.2"));
        assert!(holds("172.16.0.0/12", "172.18.0.4") && !holds("172.16.0.0/12", "172.32.0.1"));
        assert!(holds("10.1.2.3/8", "10.200.0.1"), "bits beyond the network do not count");
        assert!(holds("10.0.0.0/8", "::ffff:10.1.1.1") && holds("::ffff:10.1.1.1", "10.1.1.1"));
        assert!(holds("fd00::/8", "fd12::1") && !holds("fd00::/8", "10.0.0.1"));
    }

    #[test]
    fn other_texts_are_none() {
        for text in ["", "localhost", "10.0.0.0/33", "10.0.0/8", "*", "10.0.0.1/", "10.0.0.1 /8"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
