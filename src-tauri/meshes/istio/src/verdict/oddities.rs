//! What few DestinationRules say of connections: a line before them, a tunnel, another version of HTTP, certificates from files.

use mesh::{Outcome, Step, Transport};
use serde_json::Value;
use world::{ObjectKey, Said, said};

use super::deliver::Arrival;
use super::door::Door;
use super::peers::Peer;
use crate::kinds::destination_rule::Tls;
use crate::kinds::destination_rule::decide::{Merged, Named};
use crate::kinds::destination_rule::facts::Fact;
use crate::read::registry::Speech;

/// An object and the field in it.
type Place = (ObjectKey, String);

/// What a rule says that most rules do not say.
#[derive(Clone, Debug, Default)]
pub(super) struct Oddities {
    /// Connections begin with a line of the PROXY protocol.
    line: Option<Place>,
    /// Connections whose bytes are not read ask for a tunnel to this host and port.
    pub tunnel: Option<(String, Place)>,
    /// Requests are sent in HTTP/2, whatever the port says of itself.
    second: Option<Place>,
    /// A file in the caller's pod that TLS needs.
    file: Option<(String, Place)>,
}

impl Oddities {
    /// Of the rules for a port and subset. Upstream: istio/istio pilot/pkg/networking/core/cluster_traffic_policy.go, applyTrafficPolicy.
    pub fn of(
        rules: &Merged,
        port: u16,
        subset: Option<&Named>,
        speech: Option<Speech>,
        facts: &[(Fact, &ObjectKey, String)],
    ) -> Self {
        let place = |key: &ObjectKey, path: String, field: &str| (key.clone(), format!("{path}.trafficPolicy.{field}"));
        let line = rules.beside(port, subset, |policy| policy.proxy_protocol.as_ref());
        let tunnel = rules.beside(port, subset, |policy| policy.tunnel.as_ref());
        let upgrade = facts.iter().find(|(fact, ..)| {
            let policy = fact.value.pointer("/http/h2UpgradePolicy").and_then(Value::as_str);
            fact.field.name == "connectionPool" && policy == Some("UPGRADE")
        });
        let tls = rules.tls(port, subset);
        Self {
            line: line.map(|(_, key, path)| place(key, path, "proxyProtocol")),
            tunnel: tunnel
                .map(|(to, key, path)| (format!("{}:{}", to.target_host, to.target_port), place(key, path, "tunnel"))),
            second: upgrade
                .filter(|_| speech == Some(Speech::Http))
                .map(|(_, key, path)| ((*key).clone(), path.clone())),
            file: tls.and_then(|(tls, key, path)| Some((file(tls)?.to_owned(), (key.clone(), path)))),
        }
    }

    /// What becomes of a connection to a pod because of them; `None` where they change nothing there.
    pub fn at(&self, peer: &Peer, door: Option<&Door>, transport: Transport, encrypted: bool) -> Option<Arrival> {
        let name = peer.name();
        let end = |outcome, (key, path): &Place, because: Said| {
            Some(Arrival::at(outcome, transport, Step::by("transport", key, path.clone(), because)))
        };
        if let Some((file, place)) = self.file.as_ref().filter(|_| transport == Transport::Tls) {
            return end(
                Outcome::Unknown,
                place,
                said!(
                    "whether {file} is there in the caller's pod is not known",
                    "调用方的 Pod 中是否有 {file} 不得而知"
                ),
            );
        }
        if let Some(place) = &self.line {
            let reads = door.is_some_and(|door| !door.is_bytes(encrypted));
            return match (transport, reads, door) {
                (Transport::Plaintext, true, _) => {
                    let because = said!(
                        "a line of the PROXY protocol comes first, and {name} takes it for a bad request",
                        "先到的是 PROXY 协议的一行，{name} 会当作错误的请求"
                    );
                    end(Outcome::Direct, place, because).map(|arrival| Arrival { status: Some(400), ..arrival })
                }
                (Transport::Mtls | Transport::Tls, _, Some(_)) => {
                    let because = said!(
                        "a line of the PROXY protocol comes first, and {name} waits for TLS",
                        "先到的是 PROXY 协议的一行，而 {name} 在等待 TLS"
                    );
                    end(Outcome::Refused, place, because)
                }
                _ => end(
                    Outcome::Unknown,
                    place,
                    said!("whether {name} knows the PROXY protocol is not known", "{name} 是否支持 PROXY 协议不得而知"),
                ),
            };
        }
        match &self.second {
            Some(place) if door.is_none() => end(
                Outcome::Unknown,
                place,
                said!("whether {name} itself speaks HTTP/2 is not known", "{name} 自身是否使用 HTTP/2 不得而知"),
            ),
            _ => None,
        }
    }
}

/// A file that TLS of this kind needs. Upstream: cluster_tls.go, constructUpstreamTLS.
fn file(tls: &Tls) -> Option<&str> {
    let own = matches!(tls.mode.as_str(), "SIMPLE" | "MUTUAL") && tls.credential_name.is_empty();
    let files = [&tls.client_certificate, &tls.ca_certificates].into_iter().filter(|_| own);
    files.map(String::as_str).find(|file| !file.is_empty() && *file != "system")
}
