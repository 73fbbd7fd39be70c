//! Where a request comes from, behind proxies that are trusted and no others.

use actix_web::dev::ServiceRequest;
use actix_web::http::header;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use vigie_composition::Network;

/// The client's address: the peer's, or, when the peer is a trusted proxy, the last of `X-Forwarded-For` that is none.
pub(super) fn address(req: &ServiceRequest, trusted: &[Network]) -> Option<IpAddr> {
    let peer = plain(req.peer_addr()?.ip());
    if !trusts(trusted, peer) {
        return Some(peer);
    }
    let forwarded = req.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = forwarded.flat_map(|line| line.split(',')).map(str::trim).collect();
    let mut client = peer;
    for hop in hops.into_iter().rev() {
        // What is no address ends the chain: nothing before it can be believed.
        let Ok(hop) = hop.parse::<IpAddr>() else { break };
        client = plain(hop);
        if !trusts(trusted, client) {
            break;
        }
    }
    Some(client)
}

/// The host that the client asked for; a forwarded one from a trusted proxy only.
pub(super) fn host(req: &ServiceRequest, trusted: &[Network]) -> Option<String> {
    let text = |name: &str| req.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let behind_proxy = req.peer_addr().is_some_and(|peer| trusts(trusted, plain(peer.ip())));
    let forwarded = if behind_proxy { text("x-forwarded-host") } else { None };
    forwarded
        .or_else(|| req.uri().authority().map(ToString::to_string))
        .or_else(|| text(header::HOST.as_str()))
}

fn trusts(trusted: &[Network], address: IpAddr) -> bool {
    trusted.iter().any(|network| network.contains(address))
}

/// The client's address, in the request's extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

/// The network of an address, which tells a town and no house: the /24 of an IPv4 address, the /48 of an IPv6 address.
pub(crate) fn network_of(address: IpAddr) -> String {
    match plain(address) {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{}/24", Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_hides_the_house() {
        for (address, network) in [
            ("203.0.113.77", "203.0.113.0/24"),
            ("::ffff:203.0.113.77", "203.0.113.0/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ] {
            assert_eq!(network_of(address.parse().unwrap()), network);
        }
    }
}
