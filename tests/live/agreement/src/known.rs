//! Why our answer is another than that of Istio's own analyzers, where it is.

/// Kind, namespace and name.
pub type Object = (String, String, String);

/// Differences with one reason.
pub struct Known {
    /// The code that istioctl alone says, or the rule that we alone have there.
    pub code: &'static str,
    /// `istioctl` or `netloft`: who says it alone.
    pub who: &'static str,
    /// Part of the world's name.
    pub world: &'static str,
    /// Part of `Kind namespace/name`.
    pub object: &'static str,
    /// Why.
    pub because: &'static str,
}

const fn known(
    code: &'static str,
    who: &'static str,
    world: &'static str,
    object: &'static str,
    because: &'static str,
) -> Known {
    Known { code, who, world, object, because }
}

/// All of them.
pub const KNOWN: &[Known] = &[
    known("IST0101", "istioctl", "testdata/conflicting-gateways", "Gateway ", NO_NAMESPACE),
    known("IST0101", "istioctl", "testdata/analyze-list-type", "Gateway ", NO_NAMESPACE),
    known("IST0101", "istioctl", "testdata/gateway-", "Gateway ", NO_NAMESPACE),
    known("IST0101", "istioctl", "testdata/virtualservice_jwtclaimroute", "Gateway ", NO_NAMESPACE),
    known("IST0101", "istioctl", "testdata/virtualservice_", "Gateway ", SHIPPED),
    known("IST0101", "istioctl", "samples/", "Gateway ", SHIPPED),
    known("IST0101", "istioctl", "bookinfo+", "Gateway ", SHIPPED),
    known(
        "IST0107",
        "istioctl",
        "testdata/misannotated",
        "Pod ",
        "kubernetes.io/ingress.class on a pod: of pods, only the annotations of meshes are kept, for there may be ten thousand.",
    ),
    known("IST0109", "istioctl", "virtualservice_conflictingmeshgatewayhosts", "VirtualService ", YOUNGER),
    known("IST0109", "istioctl", "virtualservice_overlappingmatches", "VirtualService ", YOUNGER),
    known("IST0109", "istioctl", "testdata/virtualservice_destinationhosts", "VirtualService hello/hello", YOUNGER),
    known("IST0118", "istioctl", "samples/addons/grafana", "Service istio-system/grafana", NOT_MESHED),
    known("IST0118", "istioctl", "samples/addons/jaeger", "Service istio-system/jaeger-collector", NOT_MESHED),
    known("IST0118", "istioctl", "testdata/service-no-port-name", "Service my-namespace", NOT_MESHED),
    known("IST0118", "istioctl", "worlds/loyalty", "Service loyalty/points", NOT_MESHED),
    known(
        "IST0131",
        "istioctl",
        "virtualservice_",
        "VirtualService ",
        "All matches of the rule are hidden: that is told once, of the whole rule (rule-shadowed).",
    ),
    known(
        "rule-shadowed",
        "netloft",
        "virtualservice_overlappingmatches",
        "overlapping-in-two-matches",
        "The only match of the rule is hidden, so the whole rule is; istioctl says it of the match.",
    ),
    known(
        "match-ineffective",
        "netloft",
        "virtualservice_overlappingmatches",
        "uri-with-prefix-exact",
        "A prefix hides an exact path that begins with it; istioctl compares prefixes alone.",
    ),
    known("IST0132", "istioctl", "virtualservice_dupmatches", "duplicate-tcp-match", NO_GATEWAY),
    known("IST0132", "istioctl", "virtualservice_dupmatches", "duplicate-empty-tcp", NO_GATEWAY),
    known("IST0132", "istioctl", "testdata/virtualservice_gateways", "httpbin-bogus", NO_GATEWAY),
    known("IST0132", "istioctl", "samples/tcp-echo/tcp-echo-20-v2", "tcp-echo", NO_GATEWAY),
    known("IST0132", "istioctl", "virtualservice_conflictingmeshgatewayhosts.yaml", "VirtualService ", NO_GATEWAY),
    known("IST0132", "istioctl", "worlds/findings/gateway-route-without-subset", "VirtualService shop/a", NO_GATEWAY),
    known(
        "mesh-network-registry-unknown",
        "netloft",
        "worlds/findings/mesh-network-registry-unknown",
        "ConfigMap istio-system/istio",
        "The networks stand in the mesh's ConfigMap: istioctl reads it there from a cluster alone.",
    ),
    known("IST0158", "istioctl", "injection-with-mismatched-sidecar", "enabled-namespace-native", ENDS),
    known("pod-without-proxy", "netloft", "injection-with-mismatched-sidecar", "-native", ENDS),
    known(
        "IST0173",
        "istioctl",
        "bookinfo+",
        "DestinationRule ",
        "In manifests without pods a Deployment stands for its pods; istioctl looks at pods alone.",
    ),
];

const YOUNGER: &str = "A conflict is told once, on the younger VirtualService, which is the one that is not asked; istioctl says it of both.";
const NOT_MESHED: &str = "No pod of the service is in the mesh, so no sidecar guesses what its port speaks.";
const NO_GATEWAY: &str =
    "The Gateway does not exist, which gateway-not-found says; istioctl says besides that it has none of the hosts.";
const NO_NAMESPACE: &str = "Pods of the file name no namespace; istioctl looks for the namespace of the gateway's pods, finds the empty one and says that there are no pods.";
const SHIPPED: &str = "The manifests hold no pods and not Istio's installation, whose ingress gateway they select: it is taken for granted, as istioctl itself does without a cluster.";
const ENDS: &str = "The proxy is an init container that ends before the application begins (no restartPolicy: Always), so it is no proxy of the pod.";

/// The place of the reason for a difference.
pub fn reason(code: &str, who: &str, world: &str, (kind, namespace, name): &Object) -> Option<usize> {
    let object = format!("{kind} {namespace}/{name}");
    let fits = |k: &Known| k.code == code && k.who == who && world.contains(k.world) && object.contains(k.object);
    KNOWN.iter().position(fits)
}
