//! Connections over which go bytes: their proxies see no requests, and count openings alone.

use mesh::{Destination, Transport};

use crate::counters::{End, Series};
use crate::traffic::{Names, Sent, State, cluster_of, service_of};

impl State {
    /// The caller's proxy opens one, or tries to.
    pub(crate) fn opened_at_caller(&mut self, sent: &Sent, destination: Option<&Destination>, flags: &'static str) {
        let Some(destination) = destination else { return };
        let mtls = sent.verdict.transport == Some(Transport::Mtls);
        let from = self.end(&sent.pod, mtls);
        let to = self.named(destination, mtls).unwrap_or_else(End::unknown);
        let Some(proxy) = self.proxies.get_mut(&sent.pod) else { return };
        let upstream = proxy.counters.upstreams.entry(cluster_of(destination)).or_default();
        upstream.connections += 1;
        if flags != "-" {
            upstream.failed_connections += 1;
            return;
        }
        upstream.handshakes += u64::from(mtls);
        let service = service_of(destination);
        let series = Series { reporter: "source", from, to, service, code: 0, flags, security: "unknown" };
        *proxy.counters.opened.entry(series).or_default() += 1;
    }

    /// The proxy that it comes to takes it, or closes it where a policy does not let it in.
    pub(crate) fn opened_at_destination(&mut self, sent: &Sent, destination: &Destination, pod: &Names, allowed: bool) {
        let mtls = sent.verdict.transport == Some(Transport::Mtls);
        let from = if mtls { self.end(&sent.pod, true) } else { End::unknown() };
        let to = self.end(pod, mtls);
        self.count_authorized(sent, destination, pod, allowed);
        let Some(proxy) = self.proxies.get_mut(pod) else { return };
        proxy.counters.accepted.0 += 1;
        proxy.counters.accepted.1 += u64::from(mtls);
        if !allowed {
            return;
        }
        proxy.counters.upstreams.entry(format!("inbound|{}||", proxy.port)).or_default().connections += 1;
        let security = if mtls { "mutual_tls" } else { "none" };
        let service = service_of(destination);
        let series = Series { reporter: "destination", from, to, service, code: 0, flags: "-", security };
        *proxy.counters.opened.entry(series).or_default() += 1;
    }
}
