//! Who may connect to a pod's port: the authorizations of its Server, or the default policy.

use std::net::IpAddr;

use mesh::Typed;
use world::{Labels, ObjectKey, Pod, Said, said};

use super::Index;
use crate::kinds::spec::{AuthorizationPolicy, Network, Server, ServerAuthorization};

/// Whom an authorization asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Anybody.
    Anybody,
    /// Anybody who comes by the mesh's TLS.
    AnyTls,
    /// Identities, as patterns.
    Identities(Vec<String>),
}

/// One way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authorization {
    /// The object that opens it; `None` for a default.
    pub object: Option<ObjectKey>,
    /// What opens it, in words.
    pub name: String,
    /// From where; `None` for everywhere.
    pub networks: Option<Vec<Network>>,
    /// Who.
    pub who: Who,
}

/// What guards a port.
#[derive(Clone, Debug)]
pub(crate) struct Guard<'a> {
    /// The Server; `None` where the default policy guards it.
    pub server: Option<&'a Typed<Server>>,
    /// The object and field of the default policy; `None` for Linkerd's own default.
    pub default: Option<(ObjectKey, String)>,
    /// The default policy's name, or the Server's access policy.
    pub policy: String,
    /// Every way in.
    pub ways: Vec<Authorization>,
    /// The proxy forwards bytes and reads no requests.
    pub opaque: bool,
}

/// Why a policy is ignored whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ignored {
    /// An authentication that it asks for is not there, or names nobody.
    Missing(String),
    /// It asks for identities or networks more than once.
    Twice(&'static str),
    /// It asks for an object of a kind that is no authentication.
    Kind(String),
}

impl Ignored {
    /// In words.
    pub fn because(&self) -> Said {
        match self {
            Self::Missing(what) => said!("{what} is not there, or names nobody", "{what} 不存在，或者没有指明任何人"),
            Self::Twice(what) => said!("it asks for {what} more than once", "它多次要求 {what}"),
            Self::Kind(kind) => said!("a {kind} is no authentication", "{kind} 不是身份验证"),
        }
    }
}

const POLICY_ANNOTATION: &str = "config.linkerd.io/default-inbound-policy";

impl Index {
    /// What guards a port of a meshed pod.
    pub fn guard<'a>(&'a self, pod: &'a Pod, port: u16) -> Guard<'a> {
        match self.servers_of(pod, port).next() {
            Some(server) => self.by_server(server),
            None => self.by_default(pod, port),
        }
    }

    /// Upstream: policy-controller/k8s/index/src/inbound/index.rs, inbound_server and client_authzs.
    fn by_server<'a>(&'a self, server: &'a Typed<Server>) -> Guard<'a> {
        let policy = server.spec.access_policy.clone().unwrap_or_else(|| "deny".into());
        let mut ways: Vec<Authorization> = self.ways_into(server).collect();
        ways.extend(self.default_way(&policy, Some(&server.document.key), false));
        let opaque = matches!(server.spec.proxy_protocol.as_str(), "opaque" | "TLS");
        Guard { server: Some(server), default: None, policy, ways, opaque }
    }

    /// What authorizations open of a Server, beside its access policy.
    pub fn ways_into<'a>(&'a self, server: &'a Typed<Server>) -> impl Iterator<Item = Authorization> + 'a {
        let key = &server.document.key;
        let older = self.authorizations.within(&key.namespace);
        let older = older.filter(|saz| chooses(&saz.spec, server)).filter_map(|saz| self.older(saz));
        let newer = self.policies.within(&key.namespace);
        older.chain(newer.filter(|policy| targets(&policy.spec, key)).filter_map(|policy| self.newer(policy).ok()))
    }

    /// The pod's annotation, which the injector copies from its namespace; else the cluster's. A planned pod has not been injected yet.
    /// Upstream: index.rs, default_inbound_server; pkg/inject/inject.go, AppendNamespaceAnnotations.
    fn by_default<'a>(&'a self, pod: &'a Pod, port: u16) -> Guard<'a> {
        let said =
            |annotations: &Labels| annotations.get(POLICY_ANNOTATION).filter(|p| is_policy(p)).map(str::to_owned);
        let field = format!("metadata.annotations[{POLICY_ANNOTATION}]");
        let own = said(&pod.annotations)
            .map(|policy| (policy, Some((ObjectKey::new("", "Pod", &pod.namespace, &pod.name), field.clone()))));
        let inherited = || {
            let namespace = self.world.namespace(&pod.namespace).filter(|_| pod.containers.is_empty())?;
            let key = ObjectKey::new("", "Namespace", "", &namespace.name);
            Some((said(&namespace.annotations)?, Some((key, field.clone()))))
        };
        let cluster = || {
            let object = self.settings.object.clone().map(|key| (key, "data.values".to_owned()));
            (self.settings.default_policy.clone(), object)
        };
        let (policy, default) = own.or_else(inherited).unwrap_or_else(cluster);
        let with_identity = lists(&pod.annotations, "config.linkerd.io/proxy-require-identity-inbound-ports", port);
        let ways = self.default_way(&policy, default.as_ref().map(|(key, _)| key), with_identity).into_iter().collect();
        let opaque = lists(&pod.annotations, "config.linkerd.io/opaque-ports", port);
        Guard { server: None, default, policy, ways, opaque }
    }

    /// The way in that a named policy opens; none for `deny`. Upstream: policy-controller/k8s/index/src/defaults.rs.
    fn default_way(&self, policy: &str, object: Option<&ObjectKey>, with_identity: bool) -> Option<Authorization> {
        let (who, cluster) = match policy {
            "all-unauthenticated" | "audit" => (Who::Anybody, false),
            "all-authenticated" => (Who::Identities(vec!["*".into()]), false),
            "cluster-unauthenticated" => (Who::Anybody, true),
            "cluster-authenticated" => (Who::Identities(vec!["*".into()]), true),
            _ => return None,
        };
        let who = if with_identity && policy != "audit" { Who::Identities(vec!["*".into()]) } else { who };
        let networks = cluster.then(|| self.own_networks());
        Some(Authorization { object: object.cloned(), name: policy.to_owned(), networks, who })
    }

    fn own_networks(&self) -> Vec<Network> {
        let own = |cidr: &String| Network { cidr: cidr.clone(), except: Vec::new() };
        self.settings.networks.iter().map(own).collect()
    }

    /// Upstream: policy-controller/k8s/index/src/inbound/server_authorization.rs, client_authz. One that names nobody is ignored.
    fn older(&self, saz: &Typed<ServerAuthorization>) -> Option<Authorization> {
        let (key, client) = (&saz.document.key, &saz.spec.client);
        let who = match &client.mesh_tls {
            _ if client.unauthenticated => Who::Anybody,
            Some(tls) if tls.unauthenticated_tls => Who::AnyTls,
            Some(tls) => {
                let account = |a: &crate::kinds::spec::Ref| self.settings.identity(a.home(&key.namespace), &a.name);
                let all: Vec<String> =
                    tls.identities.iter().cloned().chain(tls.service_accounts.iter().map(account)).collect();
                Who::Identities(Some(all).filter(|all| !all.is_empty())?)
            }
            None => return None,
        };
        // Without networks the cluster's own are meant. Upstream: policy-controller/grpc/src/inbound.rs, to_authz.
        let networks =
            Some(client.networks.clone().filter(|all| !all.is_empty()).unwrap_or_else(|| self.own_networks()));
        Some(Authorization {
            object: Some(key.clone()),
            name: format!("ServerAuthorization {}", key.name),
            networks,
            who,
        })
    }

    /// Upstream: index.rs, policy_client_authz: with one reference that cannot be used, the whole policy is ignored.
    pub fn newer(&self, policy: &Typed<AuthorizationPolicy>) -> Result<Authorization, Ignored> {
        let key = &policy.document.key;
        let (mut identities, mut networks): (Option<Vec<String>>, Option<Vec<Network>>) = (None, None);
        for reference in &policy.spec.required_authentication_refs {
            let home = reference.home(&key.namespace).to_owned();
            let named = (home.clone(), reference.name.clone());
            let missing = || Ignored::Missing(format!("{} {home}/{}", reference.kind, reference.name));
            if reference.is("policy.linkerd.io", "NetworkAuthentication") {
                let found = self
                    .networks
                    .named(&named.0, &named.1)
                    .filter(|n| !n.spec.networks.is_empty())
                    .ok_or_else(missing)?;
                if networks.replace(found.spec.networks.clone()).is_some() {
                    return Err(Ignored::Twice("networks"));
                }
                continue;
            }
            let names = if reference.is("policy.linkerd.io", "MeshTLSAuthentication") {
                self.names(&named).ok_or_else(missing)?
            } else if reference.is("", "ServiceAccount") {
                vec![self.settings.identity(&home, &reference.name)]
            } else {
                return Err(Ignored::Kind(reference.kind.clone()));
            };
            if identities.replace(names).is_some() {
                return Err(Ignored::Twice("identities"));
            }
        }
        let who = identities.map_or(Who::Anybody, Who::Identities);
        Ok(Authorization {
            object: Some(key.clone()),
            name: format!("AuthorizationPolicy {}", key.name),
            networks,
            who,
        })
    }

    /// The identities of a MeshTLSAuthentication; one that names nobody counts as none.
    fn names(&self, named: &(String, String)) -> Option<Vec<String>> {
        let found = self.identities.named(&named.0, &named.1)?;
        let refs = found.spec.identity_refs.iter().filter_map(|r| {
            if r.is("", "Namespace") {
                Some(self.settings.identities_in(&r.name))
            } else {
                r.is("", "ServiceAccount").then(|| self.settings.identity(r.home(&named.0), &r.name))
            }
        });
        let all: Vec<String> = found.spec.identities.iter().cloned().chain(refs).collect();
        (!all.is_empty()).then_some(all)
    }
}

impl Authorization {
    /// Whether a caller may come in by it; `None` where its address decides and is not known.
    /// Upstream: linkerd/linkerd2-proxy linkerd/app/inbound/src/policy.rs, is_authorized.
    pub fn admits(&self, identity: Option<&str>, ip: &str) -> Option<bool> {
        let known = match &self.who {
            Who::Anybody => true,
            Who::AnyTls => identity.is_some(),
            Who::Identities(patterns) => {
                identity.is_some_and(|identity| patterns.iter().any(|p| identity_fits(p, identity)))
            }
        };
        match &self.networks {
            _ if !known => Some(false),
            None => Some(true),
            Some(networks) if networks.iter().any(|n| n.cidr.ends_with("/0") && n.except.is_empty()) => Some(true),
            Some(_) if ip.is_empty() => None,
            Some(networks) => Some(networks.iter().any(|n| is_within(n, ip))),
        }
    }
}

/// `*` is anybody, `*.a.b` everybody whose name ends so. Upstream: policy-controller/core/src/identity_match.rs.
fn identity_fits(pattern: &str, identity: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some("") => true,
        Some(suffix) if suffix.starts_with('.') => identity.ends_with(suffix),
        _ => pattern == identity,
    }
}

fn is_within(network: &Network, ip: &str) -> bool {
    let within = |block: &str| contains(block, ip);
    within(&network.cidr) && !network.except.iter().any(|block| within(block))
}

/// Whether a block, or a single address, holds an address.
fn contains(block: &str, ip: &str) -> bool {
    let (base, bits) = block.split_once('/').map_or((block, None), |(base, bits)| (base, bits.parse::<u32>().ok()));
    let (Ok(base), Ok(ip)) = (base.parse::<IpAddr>(), ip.parse::<IpAddr>()) else { return false };
    let (base, ip, width) = match (base, ip) {
        (IpAddr::V4(base), IpAddr::V4(ip)) => (u128::from(base.to_bits()), u128::from(ip.to_bits()), 32),
        (IpAddr::V6(base), IpAddr::V6(ip)) => (base.to_bits(), ip.to_bits(), 128),
        _ => return false,
    };
    let shift = width - bits.unwrap_or(width).min(width);
    base.checked_shr(shift).unwrap_or(0) == ip.checked_shr(shift).unwrap_or(0)
}

/// Whether an annotation lists a port: `25,80-90`. Upstream: policy-controller/k8s/index/src/ports.rs, parse_portset.
pub(crate) fn lists(annotations: &Labels, name: &str, port: u16) -> bool {
    let Some(list) = annotations.get(name) else { return false };
    list.split(',').any(|part| match part.trim().split_once('-') {
        Some((from, to)) => {
            let bounds = (from.trim().parse::<u16>(), to.trim().parse::<u16>());
            matches!(bounds, (Ok(from), Ok(to)) if (from..=to).contains(&port))
        }
        None => part.trim().parse() == Ok(port),
    })
}

fn is_policy(word: &str) -> bool {
    let words = ["all-authenticated", "all-unauthenticated", "cluster-authenticated", "cluster-unauthenticated"];
    words.contains(&word) || matches!(word, "deny" | "audit")
}

fn chooses(saz: &ServerAuthorization, server: &Typed<Server>) -> bool {
    match &saz.server.name {
        Some(name) => *name == server.document.key.name,
        None => saz.server.selector.fits(&server.document.labels),
    }
}

/// Whether a policy is for a Server, by name or with its whole namespace.
pub(crate) fn targets(policy: &AuthorizationPolicy, server: &ObjectKey) -> bool {
    let target = &policy.target_ref;
    target.is("", "Namespace") || (target.is("policy.linkerd.io", "Server") && target.name == server.name)
}
