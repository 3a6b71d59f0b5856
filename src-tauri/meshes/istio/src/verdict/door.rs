//! How the proxy of a pod takes connections on one of its ports.
//! Upstream: istio/istio pilot/pkg/networking/core/listener_inbound.go, buildInboundChainConfigs.

use mesh::{Mtls, Transport};
use world::{ObjectKey, Pod};

use crate::kinds::sidecar::Scope;
use crate::read::Index;
use crate::read::registry::{Speech, speech};

/// One port of a pod, as its proxy takes it.
pub(super) struct Door {
    pub speech: Speech,
    /// Where the proxy sends what comes in, where a Sidecar says so: the Sidecar, the field and the address.
    pub endpoint: Option<(ObjectKey, String, String)>,
    /// The Sidecar that opens this port, and the field.
    pub opener: Option<(ObjectKey, String)>,
    /// The Sidecar that opens other ports than this one.
    pub beside: Option<ObjectKey>,
}

impl Door {
    /// TLS that a Sidecar sets for a port is not heeded: istiod has to be started with ENABLE_TLS_ON_SIDECAR_INGRESS for that.
    ///
    /// By the Sidecar in force for the pod, where it opens ports for what comes in; else by the oldest Service that leads here; a port that nobody
    /// names is looked at byte by byte.
    pub fn of(index: &Index, pod: &Pod, port: u16) -> Self {
        let scope = Scope::of(index, &pod.namespace, &pod.labels);
        let ingress = scope.ingress();
        let nothing = Self { speech: Speech::Sniffed, endpoint: None, opener: None, beside: None };
        if !ingress.is_empty() {
            let Some(at) = ingress.iter().position(|i| i.port.number == port) else {
                return Self { beside: scope.object().cloned(), ..nothing };
            };
            let (Some(own), Some(key)) = (ingress.get(at), scope.object()) else { return nothing };
            let field = |name: &str| format!("spec.ingress[{at}].{name}");
            let address = Some(own.default_endpoint.clone()).filter(|a| !a.is_empty());
            return Self {
                speech: own.port.speech(),
                endpoint: address.map(|address| (key.clone(), field("defaultEndpoint"), address)),
                opener: Some((key.clone(), format!("spec.ingress[{at}]"))),
                beside: None,
            };
        }
        let leads = |s: &&std::sync::Arc<world::Service>| {
            s.ports.iter().find(|p| mesh::target_port(p, pod) == Some(port)).map(speech)
        };
        let mut services: Vec<_> = index.services_of(pod).collect();
        services.sort_by_key(|s| (s.created.unwrap_or(i64::MAX), s.name.clone()));
        Self { speech: services.iter().find_map(leads).unwrap_or(Speech::Sniffed), ..nothing }
    }

    /// Policies and tokens here are about connections, not requests.
    pub fn is_bytes(&self, encrypted: bool) -> bool {
        encrypted || !self.speech.reads_requests()
    }

    /// Why a connection is not taken; `None` where it is.
    /// Upstream: pilot/pkg/networking/core/filterchain_options.go, getFilterChainMatchOptions.
    pub fn refuses(&self, mode: Mtls, transport: Transport, encrypted: bool) -> Option<(&'static str, &'static str)> {
        match (mode, transport) {
            (Mtls::Strict, Transport::Plaintext) if encrypted => Some((
                "takes only mutual TLS of the mesh, and this is the caller's own TLS",
                "只接受网格的双向 TLS，而这是调用方自己的 TLS",
            )),
            (Mtls::Strict, Transport::Plaintext) => {
                Some(("takes only mutual TLS, and this comes in plaintext", "只接受双向 TLS，而这是明文"))
            }
            (Mtls::Disabled, Transport::Mtls) if self.speech == Speech::Http => Some((
                "takes only plaintext, and the caller's proxy insists on mutual TLS",
                "只接受明文，而调用方的代理坚持双向 TLS",
            )),
            (Mtls::Disabled, Transport::Mtls) => Some((
                "takes no mutual TLS, so it hands on what it cannot read, and nobody there answers it",
                "不接受双向 TLS，只能转交读不懂的内容，那里没有人应答",
            )),
            (_, Transport::Tls) => Some((
                "takes TLS of the mesh alone, and the rule asks for plain TLS",
                "只接受网格的 TLS，而规则要求普通 TLS",
            )),
            _ if encrypted && self.speech == Speech::Http => Some((
                "reads requests there, and the caller's own TLS hides them",
                "在那里解析请求，而调用方自己的 TLS 掩盖了它们",
            )),
            _ => None,
        }
    }
}
