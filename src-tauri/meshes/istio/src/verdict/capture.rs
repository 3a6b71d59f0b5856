//! Which of a pod's connections its proxy gets to see: annotations of the pod take some out of its hands.
//! Upstream: istio/istio tools/istio-iptables/pkg/capture/run.go, Run.

use mesh::Resolved;
use world::{Labels, Said, said};

use crate::kinds::authorization_policy::value::block_holds;

fn said<'a>(annotations: &'a Labels, name: &str) -> Option<&'a str> {
    annotations.get(&format!("traffic.sidecar.istio.io/{name}")).map(|text| text.trim())
}

fn lists(list: &str, fits: impl Fn(&str) -> bool) -> bool {
    list.split(',').map(str::trim).any(fits)
}

/// Whether a connection that comes in at a port goes through the proxy: a list of ports that are taken leaves out all others.
pub(super) fn comes_in(annotations: &Labels, port: u16) -> bool {
    let is_port = |text: &str| text.parse() == Ok(port);
    match said(annotations, "includeInboundPorts") {
        Some(taken) if taken != "*" => lists(taken, is_port),
        _ => !said(annotations, "excludeInboundPorts").is_some_and(|left| lists(left, is_port)),
    }
}

/// Why a connection that the pod opens goes past the proxy; `None` where it does not.
pub(super) fn goes_past(annotations: &Labels, to: &Resolved, port: u16) -> Option<Said> {
    let is_port = |text: &str| text.parse() == Ok(port);
    let address = match to {
        Resolved::Service(service) => service.cluster_ips.first().map(String::as_str).filter(|ip| *ip != "None"),
        Resolved::Pod(pod) => Some(pod.ip.as_str()),
        Resolved::Outside(address) => Some(address.as_str()),
        Resolved::Nowhere(_) => None,
    };
    let within = |ranges: &str| address.is_some_and(|ip| lists(ranges, |range| block_holds(range, ip)));
    if said(annotations, "excludeOutboundPorts").is_some_and(|left| lists(left, is_port)) {
        return Some(said!(
            "excludeOutboundPorts takes port {port} out of its proxy's hands",
            "excludeOutboundPorts 让端口 {port} 绕过其代理"
        ));
    }
    if said(annotations, "excludeOutboundIPRanges").is_some_and(within) {
        return Some(said!(
            "excludeOutboundIPRanges takes that address out of its proxy's hands",
            "excludeOutboundIPRanges 让该地址绕过其代理"
        ));
    }
    if said(annotations, "includeOutboundPorts").is_some_and(|taken| lists(taken, is_port)) {
        return None;
    }
    let ranges = said(annotations, "includeOutboundIPRanges").filter(|ranges| *ranges != "*")?;
    (!within(ranges)).then(|| {
        said!(
            "includeOutboundIPRanges leaves that address out of its proxy's hands",
            "includeOutboundIPRanges 不含该地址，因此它绕过其代理"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotations(name: &str, value: &str) -> Labels {
        [(format!("traffic.sidecar.istio.io/{name}"), value.to_owned())].into()
    }

    #[test]
    fn what_the_proxy_sees() {
        let inward = |name, value, port| comes_in(&annotations(name, value), port);
        assert!(inward("excludeInboundPorts", "1", 2) && !inward("excludeInboundPorts", "1, 2", 2));
        assert!(inward("includeInboundPorts", "*", 2) && inward("includeInboundPorts", "1,2", 2));
        assert!(!inward("includeInboundPorts", "", 2) && !inward("includeInboundPorts", "1", 2));
        let to = Resolved::Outside("10.1.2.3".into());
        let past = |name, value| goes_past(&annotations(name, value), &to, 80).is_some();
        assert!(past("excludeOutboundPorts", "80") && !past("excludeOutboundPorts", "81"));
        assert!(past("excludeOutboundIPRanges", "10.0.0.0/8") && past("includeOutboundIPRanges", "10.2.0.0/16"));
        assert!(!past("includeOutboundIPRanges", "*") && past("includeOutboundIPRanges", ""));
    }
}
