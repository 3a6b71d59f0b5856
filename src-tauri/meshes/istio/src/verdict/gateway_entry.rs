//! Whom a gateway's pod lets in: tokens, then policies, and for whom it takes the sender.

use std::net::IpAddr;

use mesh::{Outcome, Step, Verdict};
use serde::Deserialize;
use world::{Pod, said};

use super::arrive::short;
use super::gateway_doors::Gate;
use super::token::{check, taken};
use super::way::Way;
use crate::kinds::authorization_policy::decide::{Admission, Arriving, admit};
use crate::read::Index;
use crate::read::headers::{Headers, REQUEST_ID};

impl Gate<'_> {
    /// Whether the tokens of the request are good; what the one that is taken says holds for the policies and routes of the gateway.
    pub(super) fn authenticates(&self, way: &mut Way, verdict: &mut Verdict) -> bool {
        let checked = check(self.index, &self.from.namespace, &self.from.labels, way);
        taken(checked, ("the gateway", "网关"), way, verdict)
    }

    /// Whether the policies of the gateway's own pod let it in.
    pub(super) fn admits(&self, way: &Way, remote: &str, tcp: bool, verdict: &mut Verdict) -> bool {
        let pod = self.at.pod;
        let by_url = || self.takes_tls(way).then(|| way.target.host.clone());
        let request = Arriving {
            principal: self.visit.principal.clone(),
            ip: self.visit.ip,
            remote_ip: remote,
            method: &way.method,
            authority: &way.authority,
            path: &way.path,
            query: way.query.as_deref(),
            headers: Headers { sent: &way.headers, made: &[REQUEST_ID], method: &way.method },
            port: self.at.port,
            destination_ip: &pod.ip,
            sni: self.visit.tls.clone().or_else(by_url),
            settings: Some(&self.index.settings),
            claims: way.claims.as_ref(),
            tcp,
        };
        let name = format!("{}/{}", pod.namespace, pod.workload.1);
        let mut status = 403;
        let (outcome, step) = match admit(self.index, &pod.namespace, &pod.labels, &request) {
            Admission::Allowed(None) => return true,
            Admission::Allowed(Some((key, path))) => {
                let because = said!("it allows it into {name}", "它允许进入 {name}");
                verdict.trace.push(Step::by("authorize", &key, path, because));
                return true;
            }
            Admission::Denied(key, path) => {
                let because = said!("a rule of {} denies it", "{} 的一条规则拒绝它", short(&key));
                (Outcome::Denied, Step::by("authorize", &key, path, because))
            }
            Admission::Failed(key, path, said) => {
                status = said;
                (
                    Outcome::Denied,
                    Step::by(
                        "authorize",
                        &key,
                        path,
                        ("the authorizer that it names does not answer", "它所指的授权服务没有应答"),
                    ),
                )
            }
            Admission::NotAllowed(key, path) => {
                let because = said!("no rule of {} allows it", "{} 没有规则允许它", short(&key));
                (Outcome::Denied, Step::by("authorize", &key, path, because))
            }
            Admission::Unknown(key, because) => {
                verdict.trace.push(Step::by("authorize", &key, "spec", because.clone()));
                *verdict = verdict.clone().because(("the gateway", "网关"), because);
                return false;
            }
        };
        verdict.trace.push(step);
        verdict.ends(outcome);
        verdict.status = Some(status);
        false
    }

    /// Whom the gateway takes for the sender: its peer, or as many steps before it as there are proxies that it trusts, where an address stands
    /// there. Upstream: envoyproxy/envoy source/common/http/utility.cc, getLastAddressFromXFF.
    pub(super) fn remote_ip(&self, way: &Way) -> String {
        let trusted = trusted_proxies(self.index, self.at.pod);
        let forwarded = way.headers.iter().filter(|(n, _)| n == "x-forwarded-for").map(|(_, v)| v.as_str());
        let all: Vec<&str> = forwarded.flat_map(|v| v.split(',')).map(str::trim).collect();
        let found = trusted.checked_sub(1).and_then(|n| all.iter().rev().nth(n));
        let found = found.filter(|ip| ip.parse::<IpAddr>().is_ok());
        found.map_or_else(|| self.visit.ip.to_owned(), |ip| (*ip).to_owned())
    }

    /// The gateway adds its peer to those for whom the request was forwarded.
    pub(super) fn forward_for(&self, way: &mut Way) {
        if self.visit.ip.is_empty() {
            return;
        }
        match way.headers.iter_mut().find(|(name, _)| name == "x-forwarded-for") {
            Some((_, value)) => *value = format!("{value},{}", self.visit.ip),
            None => way.headers.push(("x-forwarded-for".into(), self.visit.ip.to_owned())),
        }
    }
}

/// `proxy.istio.io/config` of a pod, as far as it decides requests.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ProxyConfig {
    gateway_topology: Option<Topology>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Topology {
    num_trusted_proxies: usize,
}

/// How many proxies before the gateway it trusts: as its pod says, else as the mesh does.
pub(super) fn trusted_proxies(index: &Index, pod: &Pod) -> usize {
    let own = pod.annotations.get("proxy.istio.io/config");
    let own: Option<ProxyConfig> = own.and_then(|text| world::yaml::own::read(text).ok());
    let own = own.and_then(|config| config.gateway_topology).map(|t| t.num_trusted_proxies);
    own.unwrap_or_else(|| index.settings.trusted_proxies())
}
