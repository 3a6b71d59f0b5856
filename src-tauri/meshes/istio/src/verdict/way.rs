//! A request on its way, and who sends it on.

use mesh::{Membership, Outcome, Request, Resolved, Target, Verdict};
use world::{Labels, Pod, Said, said};

use crate::kinds::request_authentication::token::Claims;
use crate::kinds::sidecar::Scope;
use crate::kinds::virtual_service::matches::{Asking, Sent};
use crate::read::Index;
use crate::read::headers::{ATTEMPTS, PROTO, misnamed};
use crate::read::locality::{Locality, of_labels};
use crate::read::path::{Paths, malformed};

/// A workload that sends: the caller, a gateway, a waypoint.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    pub namespace: String,
    pub labels: Labels,
    pub account: String,
    /// Empty where it is not known.
    pub ip: String,
    /// Node that it runs on; empty where it is not known.
    pub node: String,
    pub membership: Option<Membership>,
}

impl Sender {
    /// A pod, as the world has it.
    pub fn of(index: &Index, pod: &Pod) -> Self {
        Self {
            namespace: pod.namespace.clone(),
            labels: pod.labels.clone(),
            account: pod.service_account.clone(),
            ip: pod.ip.clone(),
            node: pod.node.clone(),
            membership: index.membership(pod),
        }
    }

    /// Where it is.
    pub fn locality(&self, index: &Index) -> Locality {
        of_labels(index, &self.labels, &self.node)
    }
}

/// One stretch of the way: who sends, and what its proxy sees of the mesh.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hop<'a> {
    pub index: &'a Index,
    pub scope: Scope<'a>,
    pub from: &'a Sender,
}

impl<'a> Hop<'a> {
    /// The hop of a workload; its scope is that of the Sidecar in force for it.
    pub fn of(index: &'a Index, from: &'a Sender) -> Self {
        Self { index, scope: Scope::of(index, &from.namespace, &from.labels), from }
    }

    /// Who asks which rules concern it, on a port.
    pub fn asking(&self, port: u16) -> Asking<'a> {
        Asking { namespace: &self.from.namespace, labels: &self.from.labels, gateway: None, scope: self.scope.on(port) }
    }

    /// `cluster.local/ns/shop/sa/client`, in the mesh's own trust domain.
    pub fn principal(&self) -> String {
        let domain = self.index.settings.trust_domain();
        format!("{domain}/ns/{}/sa/{}", self.from.namespace, self.from.account)
    }
}

/// A request: what its sender wrote, and what proxies made of it so far.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub target: Target,
    pub method: String,
    /// Names in lower case, `host` left out.
    pub headers: Vec<(String, String)>,
    pub authority: String,
    /// Normalised once a proxy has seen it, without query.
    pub path: String,
    /// What proxies do with paths.
    pub paths: Paths,
    /// Its sender's own TLS still hides it.
    pub hidden: bool,
    /// Without what proxies took out.
    pub query: Option<String>,
    /// What the token says that the proxy before took.
    pub claims: Option<Claims>,
    /// What its sender's URL leads to.
    pub to: Option<Resolved>,
    /// When it is sent, seconds since 1970; `None` where it is not known.
    pub at: Option<i64>,
    /// The scheme that rules see.
    pub scheme: String,
}

impl Way {
    pub fn new(index: &Index, target: Target, request: &Request) -> Self {
        let headers = request.headers.iter().map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned()));
        let headers = headers.filter(|(name, _)| name != "host").collect();
        let method = if request.method.is_empty() { "GET".to_owned() } else { request.method.clone() };
        Self {
            authority: target.authority.clone(),
            path: target.path.clone(),
            hidden: matches!(target.scheme.as_str(), "https" | "wss"),
            query: target.query.clone(),
            claims: None,
            paths: index.settings.paths(),
            to: None,
            at: request.at,
            scheme: target.scheme.clone(),
            target,
            method,
            headers,
        }
    }

    /// The sender encrypts it by itself, and no proxy has opened it yet: none reads it.
    pub fn is_encrypted(&self) -> bool {
        self.hidden
    }

    /// The name that the sender asks for in the open, where it encrypts: the host of the URL, unless that is an address.
    pub fn sni(&self) -> Option<&str> {
        let host = self.target.host.as_str();
        (self.is_encrypted() && host.parse::<std::net::IpAddr>().is_err()).then_some(host)
    }

    /// A proxy of the mesh reads the request.
    pub fn normalize(&mut self) {
        self.path = self.paths.of(&self.path);
    }

    /// A proxy of the mesh reads the request as the first of them; why it cannot, where it cannot.
    pub fn read(&mut self, scheme: &str) -> Option<Said> {
        let query = self.query.as_deref().filter(|query| !query.is_ascii());
        let foreign = query.map(|_| said!("a query holds only characters of ASCII", "查询只能含 ASCII 字符"));
        let malformed = malformed(&self.method, &self.path).or_else(|| misnamed(&self.headers)).or(foreign);
        if let Some(why) = malformed {
            return Some(Said::new(
                format!("the proxy answers 400 by itself: {}", why.en),
                format!("代理自己返回 400：{}", why.zh),
            ));
        }
        self.normalize();
        // What the sender says of the scheme counts, where it is one.
        // Upstream: envoyproxy/envoy source/common/http/conn_manager_utility.cc, getScheme.
        let said = self.headers.iter().find(|(name, _)| name == PROTO).map(|(_, said)| said.to_ascii_lowercase());
        if said.is_none() {
            self.headers.push((PROTO.into(), scheme.into()));
        }
        self.scheme = said.filter(|said| matches!(said.as_str(), "http" | "https")).unwrap_or_else(|| scheme.into());
        None
    }

    /// A header that says nothing of the scheme keeps every rule from being asked.
    /// Upstream: envoyproxy/envoy source/common/router/config_impl.cc, getRouteFromEntries.
    pub fn is_schemeless(&self) -> bool {
        self.headers.iter().any(|(name, said)| name == PROTO && said.is_empty())
    }

    /// A proxy sends it on, and counts how often it tried.
    pub fn count(&mut self) {
        self.headers.retain(|(name, _)| name != ATTEMPTS);
        self.headers.push((ATTEMPTS.into(), "1".into()));
    }

    /// As rules see it.
    pub fn sent(&self) -> Sent<'_> {
        Sent {
            scheme: &self.scheme,
            method: &self.method,
            authority: &self.authority,
            path: &self.path,
            query: self.query.as_deref(),
            headers: &self.headers,
            claims: self.claims.as_ref(),
        }
    }

    /// A proxy takes a parameter out of the query.
    pub fn cut(&mut self, name: &str) {
        let kept = |query: &String| {
            query.split('&').filter(|pair| pair.split('=').next() != Some(name)).collect::<Vec<_>>().join("&")
        };
        self.query = self.query.as_ref().map(kept).filter(|query| !query.is_empty());
    }

    /// The path and authority that the destination sees, where they are not what was sent.
    pub fn finish(&self, verdict: &mut Verdict) {
        if verdict.outcome != Outcome::Forwarded {
            return;
        }
        let query = self.query.clone();
        if self.path != self.target.path || query != self.target.query {
            verdict.rewrite.path = Some(query.map_or_else(|| self.path.clone(), |q| format!("{}?{q}", self.path)));
        }
        if self.authority != self.target.authority {
            verdict.rewrite.authority = Some(self.authority.clone());
        }
    }
}
