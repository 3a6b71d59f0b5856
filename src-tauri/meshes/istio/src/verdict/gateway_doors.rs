//! What a gateway's pod does with a request that reaches one of its ports.

use std::net::IpAddr;

use gateway_api::hosts::best;
use mesh::{Outcome, Step, Verdict};
use world::{Said, said};

use super::deliver::{Delivery, deliver};
use super::endpoint::Cluster;
use super::gateway::Gatehouse;
use super::gateway_entry::trusted_proxies;
use super::opaque::opaque;
use super::way::{Hop, Sender, Way};
use super::{follow, no_route, said, unread, untold};
use crate::edge::{Connection, Door, Lack, Mode, Open, Protocol, Stand, lack};
use crate::kinds::sidecar::Scope;
use crate::kinds::virtual_service::select::{self, Caught};
use crate::read::Index;
use crate::read::headers::{CLIENT_CERT, PROTO, REQUEST_ID};
use crate::read::hosts::fqdn;

/// Who comes, and how.
pub(super) struct Visit<'a> {
    /// Address of the peer; empty where it is not known.
    pub ip: &'a str,
    /// Who it is by its certificate of the mesh.
    pub principal: Option<String>,
    /// The name that a proxy before this one asks for, where it encrypts, whatever the URL says.
    pub tls: Option<String>,
}

impl<'a> Visit<'a> {
    /// Somebody without identity.
    pub fn outside(ip: &'a str) -> Self {
        Self { ip, principal: None, tls: None }
    }
}

/// Takes a request in and routes it on.
pub(super) fn through(index: &Index, at: Gatehouse, visit: &Visit, way: &mut Way, verdict: &mut Verdict) {
    let pod = at.pod;
    let name = format!("{}/{}", pod.namespace, pod.workload.1);
    if let Some(key) = opaque(index, &pod.namespace, &pod.labels) {
        *verdict = verdict.clone().because(
            ("the gateway", "网关"),
            said!("{key} changes the proxy of {name} by hand", "{key} 直接修补了 {name} 的代理"),
        );
        return;
    }
    let open = index.open_at(pod, at.services, at.port);
    for (door, why) in &open.shut {
        verdict.trace.push(Step::by(
            "listen",
            &door.key,
            &door.path,
            said!("it is not open: {why}", "它没有开放：{why}"),
        ));
    }
    if open.is_shut() {
        refuse(
            verdict,
            Step::said(
                "listen",
                said!("no gateway opens port {} of {name}", "没有网关在 {name} 上开放端口 {}", at.port),
            ),
        );
        return;
    }
    let from = Sender::of(index, pod);
    let gate = Gate { index, at, visit, from: &from };
    if gate.takes_tls(way) {
        gate.encrypted(&open, way, verdict);
    } else if !open.http.is_empty() {
        gate.requests(&open.http, way, verdict);
    } else if let Some(door) = open.bytes {
        gate.bytes(door, index.bytes_at(door, &pod.namespace), way, verdict);
    } else {
        let because = said!(
            "port {} of {name} takes only TLS, and this comes in plaintext",
            "{name} 的端口 {} 只接受 TLS，而这是明文",
            at.port
        );
        refuse(verdict, open.tls.first().map_or(Step::said("listen", &because), |door| by(door, &because)));
    }
}

fn by(door: &Door, because: impl Into<Said>) -> Step {
    Step::by("listen", &door.key, &door.path, because)
}

fn refuse(verdict: &mut Verdict, step: Step) {
    verdict.trace.push(step);
    verdict.ends(Outcome::Refused);
}

/// A gateway's pod with who comes to it.
pub(super) struct Gate<'a> {
    pub index: &'a Index,
    pub at: Gatehouse<'a>,
    pub visit: &'a Visit<'a>,
    pub from: &'a Sender,
}

impl<'a> Gate<'a> {
    fn hop(&self) -> Hop<'a> {
        Hop { index: self.index, scope: Scope::whole(&self.from.namespace), from: self.from }
    }

    fn stand(&self) -> Stand<'a> {
        Stand { namespace: &self.from.namespace, labels: &self.from.labels }
    }

    /// The request comes in TLS: by its URL, or since a proxy before this one encrypts.
    pub(super) fn takes_tls(&self, way: &Way) -> bool {
        self.visit.tls.is_some() || matches!(way.target.scheme.as_str(), "https" | "wss")
    }

    /// TLS: its server name chooses who ends it, or who passes it on.
    fn encrypted(&self, open: &Open<'a>, way: &mut Way, verdict: &mut Verdict) {
        let home = &self.from.namespace;
        let passed: Vec<Connection> = open
            .tls
            .iter()
            .filter(|door| door.tls == Some(Mode::Pass))
            .flat_map(|door| self.index.passed_at(door, home))
            .collect();
        let ending = || open.tls.iter().copied().filter(|door| door.tls != Some(Mode::Pass));
        let sni = self.visit.tls.as_deref().unwrap_or(&way.target.host);
        let sni = Some(sni).filter(|host| host.parse::<IpAddr>().is_err()).unwrap_or_default();
        let ends = ending().flat_map(|door| door.hosts.iter().map(|(_, host)| host.as_str()));
        let names = ends.chain(passed.iter().flat_map(|c| c.rule.sni.iter().map(String::as_str)));
        let Some(chosen) = best(names, sni).map(str::to_owned) else {
            match (open.bytes, open.tls.first().or(open.http.first())) {
                (Some(door), _) => self.bytes(door, self.index.bytes_at(door, home), way, verdict),
                (None, Some(door)) if open.tls.is_empty() => {
                    refuse(
                        verdict,
                        by(door, ("it takes plain requests, and this comes in TLS", "它接受明文请求，而这是 TLS")),
                    );
                }
                (None, Some(door)) => refuse(
                    verdict,
                    by(
                        door,
                        said!("no server of this port is for the name '{sni}'", "此端口没有用于名称“{sni}”的服务"),
                    ),
                ),
                (None, None) => refuse(verdict, Step::said("listen", ("nothing takes TLS here", "这里不接受 TLS"))),
            }
            return;
        };
        if let Some(connection) = passed.into_iter().find(|c| c.rule.sni.contains(&chosen)) {
            verdict.trace.push(by(
                connection.door,
                said!("TLS for {chosen} is passed on as it is", "用于 {chosen} 的 TLS 原样转交"),
            ));
            self.bytes(connection.door, Some(connection), way, verdict);
            return;
        }
        let Some(door) = ending().find(|door| door.hosts.iter().any(|(_, host)| *host == chosen)) else { return };
        if let Some(lack) = lack(self.index, door, home) {
            let (because, known) = match &lack {
                Lack::Secret(secret) => (
                    said!("there is no {secret}, so its TLS is not opened", "没有 {secret}，所以其 TLS 没有开放"),
                    true,
                ),
                Lack::Authority(secret) => {
                    (said!("{secret} names no authority for its callers", "{secret} 没有为其调用方指定 CA"), true)
                }
                Lack::Untold(secret) => {
                    (said!("whether {secret} names an authority is not told", "{secret} 是否指定了 CA 不得而知"), false)
                }
            };
            if known {
                return refuse(verdict, by(door, because));
            }
            verdict.trace.push(by(door, because.clone()));
            *verdict = verdict.clone().because(("the gateway", "网关"), because);
            return;
        }
        match (door.tls, &self.visit.principal) {
            (Some(Mode::Mutual), _) => {
                refuse(
                    verdict,
                    by(door, ("it asks for a certificate, and the request brings none", "它要求证书，而请求没有带")),
                );
                return;
            }
            (Some(Mode::Mesh), None) => {
                refuse(
                    verdict,
                    by(
                        door,
                        (
                            "it asks for a certificate of the mesh, and the request brings none",
                            "它要求网格的证书，而请求没有带",
                        ),
                    ),
                );
                return;
            }
            _ => verdict.trace.push(by(door, said!("TLS for {chosen} ends here", "用于 {chosen} 的 TLS 在此终止"))),
        }
        if door.protocol == Protocol::Https {
            self.requests(&[door], way, verdict);
        } else {
            way.hidden = false;
            self.bytes(door, self.index.bytes_at(door, home), way, verdict);
        }
    }

    /// Requests: policies first, then the host's rules.
    fn requests(&self, doors: &[&'a Door], way: &mut Way, verdict: &mut Verdict) {
        // A gateway says itself how it was asked, by whom, and under what number.
        // What proxies before it say of the scheme it takes where it trusts them.
        // Upstream: envoyproxy/envoy source/common/http/conn_manager_utility.cc, mutateRequestHeaders.
        let trusted = trusted_proxies(self.index, self.at.pod) > 0;
        let own = [REQUEST_ID, CLIENT_CERT, "x-envoy-internal"];
        way.headers.retain(|(name, _)| !own.contains(&name.as_str()) && (trusted || name != PROTO));
        let scheme = if self.takes_tls(way) { "https" } else { "http" };
        if let Some(why) = way.read(scheme) {
            return unread(verdict, why);
        }
        let remote = self.remote_ip(way);
        if let Some(first) = doors.first() {
            let others = doors.len() - 1;
            let more =
                if others > 0 { said!(", and {others} more", "，另有 {others} 个") } else { Said::default() };
            let because = Said::new(
                format!("this server takes requests at port {}{}", self.at.port, more.en),
                format!("此 server 在端口 {} 接受请求{}", self.at.port, more.zh),
            );
            verdict.trace.push(by(first, because));
        }
        if !self.authenticates(way, verdict) || !self.admits(way, &remote, false, verdict) {
            return;
        }
        self.forward_for(way);
        let Some(host) = self.index.host_at(doors, &way.authority, self.stand()) else {
            no_route(
                verdict,
                Step::said(
                    "route",
                    said!("no route is bound to a server here for {}", "这里没有绑定用于 {} 的路由", way.authority),
                ),
            );
            return;
        };
        if let Some(door) = host.redirect
            && !self.takes_tls(way)
        {
            let query = way.query.as_ref().map(|q| format!("?{q}")).unwrap_or_default();
            let location = format!("https://{}{}{query}", way.authority, way.path);
            let (field, because) =
                (format!("{}.tls.httpsRedirect", door.path), said!("to {location}", "到 {location}"));
            verdict.trace.push(Step::by("redirect", &door.key, field, because));
            verdict.ends(Outcome::Redirected);
            verdict.status = Some(301);
            verdict.location = Some(location);
            return;
        }
        let entries: Vec<_> = host.entries.iter().map(|(entry, _)| entry.clone()).collect();
        let found = match select::first(entries, &way.sent()) {
            Caught::By(entry) => Some(entry),
            Caught::Perhaps(entry, why) => return untold(verdict, &entry, why),
            Caught::Not => None,
        };
        let port =
            found.as_ref().and_then(|f| host.entries.iter().find(|(e, _)| e.path() == f.path() && e.key == f.key));
        match (found, port.map(|(_, port)| *port)) {
            (Some(entry), Some(port)) => {
                verdict
                    .trace
                    .push(Step::said("host", said!("{} is host {}", "{} 是主机 {}", way.authority, host.name)));
                // What a rule leaves to the port of the request is that of the server.
                way.target.port = port;
                way.hidden = false;
                follow::follow(&self.hop(), way, &entry, verdict);
            }
            _ => {
                let because = said!(
                    "none of the rules for {} catches {} {}",
                    "{} 的规则都不匹配 {} {}",
                    host.name,
                    way.method,
                    way.path
                );
                no_route(verdict, Step::said("route", because));
            }
        }
    }

    /// Bytes: one rule says where all of them go. What fails ends the connection.
    fn bytes(&self, door: &Door, connection: Option<Connection>, way: &mut Way, verdict: &mut Verdict) {
        let Some(Connection { rule, .. }) = connection else {
            refuse(verdict, by(door, ("no route is bound to it, so it is not open", "没有路由绑定到它，因此没有开放")));
            return;
        };
        let remote = self.visit.ip.to_owned();
        if !self.admits(way, &remote, true, verdict) {
            verdict.outcome = Outcome::Refused;
            verdict.status = None;
            return;
        }
        verdict.trace.push(Step::by(
            "route",
            &rule.key,
            &rule.path,
            said!("all that comes in at port {} follows it", "从端口 {} 进入的都遵循它", door.port),
        ));
        let hop = self.hop();
        let mut deliveries = Vec::new();
        for (at, share) in follow::shares(&rule.route) {
            let Some(weighted) = rule.route.get(at) else { continue };
            let target = &weighted.destination;
            let host = fqdn(&target.host, &rule.key.namespace);
            let port = follow::port_of(&hop, target, &host, door.port);
            let subset = Some(target.subset.as_str()).filter(|s| !s.is_empty());
            let cluster = Cluster::of(&hop, &host, port, subset).unwrap_or_else(|nothing| {
                verdict.trace.push(Step::by(
                    "destination",
                    &rule.key,
                    format!("{}.route[{at}]", rule.path),
                    nothing.because(&host, port),
                ));
                Cluster::named(follow::named(&host), port)
            });
            deliveries.push(Delivery { share, cluster, plain: false });
        }
        if deliveries.is_empty() {
            said(verdict, "split", ("no destination has a weight", "没有目的地带权重"));
            verdict.ends(Outcome::NoDestination);
            return;
        }
        deliver(&hop, way, deliveries, verdict, None);
        if verdict.outcome == Outcome::NoDestination {
            verdict.status = None;
        }
        way.normalize();
    }
}
