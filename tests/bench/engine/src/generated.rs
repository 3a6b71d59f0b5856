//! A mesh of any size, as YAML and as a world: 6.4 objects a service, and one broken subset in 97.

use std::fmt::Write;

use world::{Change, ObjectKey, World, yaml};

use crate::Failure;

/// Services of one namespace.
const AROUND: usize = 10;

/// Every how many services a route names a subset that nobody defines.
const BROKEN: usize = 97;

/// The kinds that are edited.
pub const EDITED: [&str; 6] =
    ["VirtualService", "DestinationRule", "AuthorizationPolicy", "Service", "Deployment", "PeerAuthentication"];

/// A generated mesh.
pub struct Mesh {
    /// Its file.
    pub text: String,
    /// The same, read.
    pub world: World,
    services: usize,
    objects: usize,
}

impl Mesh {
    /// With this many services.
    pub fn of(services: usize) -> Result<Self, Failure> {
        Self::written(services, |_, _| Ok(()))
    }

    /// The same with a Kubernetes Gateway in each namespace, and an HTTPRoute for each service.
    pub fn with_gateway_api(services: usize) -> Result<Self, Failure> {
        Self::written(services, |text, at| {
            if at.is_multiple_of(AROUND) {
                listener(text, &namespace(at))?;
            }
            http_route(text, at, (90, 10))
        })
    }

    fn written(services: usize, more: fn(&mut String, usize) -> std::fmt::Result) -> Result<Self, Failure> {
        let mut text = String::new();
        for at in 0..services {
            if at.is_multiple_of(AROUND) {
                around(&mut text, &namespace(at))?;
            }
            service(&mut text, at)?;
            more(&mut text, at)?;
        }
        let world = read(&text)?;
        Ok(Self { objects: text.matches("\n---\n").count(), text, world, services })
    }

    /// A name for figures: `5,000 services, 32,000 objects, 9.5 MB`.
    pub fn name(&self) -> String {
        format!("{} services, {} objects, {:.1} MB", self.services, self.objects, self.text.len() as f64 / 1e6)
    }

    /// The VirtualServices with a broken subset.
    pub fn broken(&self) -> Vec<ObjectKey> {
        let of = |at| ObjectKey::new("networking.istio.io", "VirtualService", &namespace(at), &name(at));
        (0..self.services).step_by(BROKEN).map(of).collect()
    }

    /// One edit of many: of a kind of [`EDITED`] in turn, each of another service while there are others. Made in order, each changes something.
    pub fn edit(&self, at: usize) -> Result<Change, Failure> {
        let step = at / EDITED.len();
        let (service, new) = turn(step, self.services);
        let mut text = String::new();
        match at % EDITED.len() {
            0 => route(&mut text, service, if new { (80, 20) } else { (90, 10) })?,
            1 => rule(&mut text, service, if new { "v9" } else { "v2" })?,
            2 => policy(&mut text, service, if new { "POST" } else { "GET" })?,
            3 => port(&mut text, service, if new { "web" } else { "http" })?,
            4 => deployment(&mut text, service, if new { "v3" } else { "v2" }, "v2")?,
            _ => {
                let (around, new) = turn(step, self.services.div_ceil(AROUND));
                peer(&mut text, &namespace(around * AROUND), if new { "PERMISSIVE" } else { "STRICT" })?;
            }
        }
        put(&text)
    }

    /// One edit of an HTTPRoute, by the same order.
    pub fn edit_http_route(&self, at: usize) -> Result<Change, Failure> {
        let (service, new) = turn(at, self.services);
        let mut text = String::new();
        http_route(&mut text, service, if new { (80, 20) } else { (90, 10) })?;
        put(&text)
    }
}

/// Which of so many is edited at a step, and whether it is to become new: in every other round all are put back as they were.
fn turn(step: usize, many: usize) -> (usize, bool) {
    // A prime scatters the steps of a round, and meets each once.
    ((step * 7919) % many, (step / many).is_multiple_of(2))
}

fn put(text: &str) -> Result<Change, Failure> {
    let (objects, _) = yaml::documents(text, "edit");
    objects.into_iter().next().map(Change::Put).ok_or_else(|| "an edit is no object".into())
}

/// A file as a world.
pub fn read(text: &str) -> Result<World, Failure> {
    let (objects, problems) = yaml::documents(text, "mesh.yaml");
    match problems.first() {
        Some(problem) => Err(problem.clone().into()),
        None => Ok(World::new().after(objects.into_iter().map(Change::Put))),
    }
}

/// Namespace of a service.
pub fn namespace(at: usize) -> String {
    format!("ns-{}", at / AROUND)
}

/// Name of a service.
pub fn name(at: usize) -> String {
    format!("svc-{at}")
}

fn around(text: &mut String, ns: &str) -> std::fmt::Result {
    write!(
        text,
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {ns}\n  labels:\n    istio-injection: enabled\n---\n"
    )?;
    peer(text, ns, "STRICT")?;
    write!(
        text,
        "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata:\n  name: default\n  namespace: {ns}\nspec:\n  egress:\n  - hosts:\n    - ./*\n    - istio-system/*\n---\n\
        apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata:\n  name: edge\n  namespace: {ns}\nspec:\n  selector:\n    istio: ingressgateway\n  servers:\n  - port:\n      \
        number: 80\n      name: http\n      protocol: HTTP\n    hosts:\n    - \"*.{ns}.example.com\"\n---\n"
    )
}

fn peer(text: &mut String, ns: &str, mode: &str) -> std::fmt::Result {
    write!(
        text,
        "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata:\n  name: default\n  namespace: {ns}\nspec:\n  mtls:\n    mode: {mode}\n---\n"
    )
}

fn service(text: &mut String, at: usize) -> std::fmt::Result {
    port(text, at, "http")?;
    deployment(text, at, "v1", "v1")?;
    deployment(text, at, "v2", "v2")?;
    route(text, at, (90, 10))?;
    rule(text, at, "v2")?;
    policy(text, at, "GET")
}

fn port(text: &mut String, at: usize, port: &str) -> std::fmt::Result {
    let (ns, name) = (namespace(at), name(at));
    write!(
        text,
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n  namespace: {ns}\n  labels:\n    app: {name}\nspec:\n  selector:\n    app: {name}\n  ports:\n  - name: {port}\n    \
        port: 80\n    targetPort: 8080\n---\n"
    )
}

fn deployment(text: &mut String, at: usize, version: &str, called: &str) -> std::fmt::Result {
    let (ns, name) = (namespace(at), name(at));
    write!(
        text,
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}-{called}\n  namespace: {ns}\nspec:\n  replicas: 1\n  selector:\n    matchLabels:\n      app: {name}\n      version: {version}\n  \
        template:\n    metadata:\n      labels:\n        app: {name}\n        version: {version}\n    spec:\n      containers:\n      - name: app\n        image: example.com/{name}:1\n        ports:\n        \
        - containerPort: 8080\n---\n"
    )
}

fn route(text: &mut String, at: usize, (first, second): (u8, u8)) -> std::fmt::Result {
    let (ns, name) = (namespace(at), name(at));
    let other = if at.is_multiple_of(BROKEN) { "v3" } else { "v2" };
    write!(
        text,
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  name: {name}\n  namespace: {ns}\nspec:\n  hosts:\n  - {name}\n  http:\n  - name: main\n    timeout: 5s\n    retries:\n      \
        attempts: 2\n      perTryTimeout: 2s\n    route:\n    - destination:\n        host: {name}\n        subset: v1\n      weight: {first}\n    - destination:\n        host: {name}\n        subset: {other}\n      \
        weight: {second}\n---\n"
    )
}

fn rule(text: &mut String, at: usize, version: &str) -> std::fmt::Result {
    let (ns, name) = (namespace(at), name(at));
    write!(
        text,
        "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata:\n  name: {name}\n  namespace: {ns}\nspec:\n  host: {name}\n  trafficPolicy:\n    tls:\n      mode: ISTIO_MUTUAL\n  subsets:\n  \
        - name: v1\n    labels:\n      version: v1\n  - name: v2\n    labels:\n      version: {version}\n---\n"
    )
}

fn policy(text: &mut String, at: usize, method: &str) -> std::fmt::Result {
    let (ns, name) = (namespace(at), name(at));
    write!(
        text,
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata:\n  name: {name}\n  namespace: {ns}\nspec:\n  selector:\n    matchLabels:\n      app: {name}\n  action: ALLOW\n  rules:\n  - from:\n    \
        - source:\n        principals:\n        - cluster.local/ns/{ns}/sa/default\n    to:\n    - operation:\n        methods:\n        - {method}\n---\n"
    )
}

fn listener(text: &mut String, ns: &str) -> std::fmt::Result {
    write!(
        text,
        "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata:\n  name: door\n  namespace: {ns}\nspec:\n  gatewayClassName: istio\n  listeners:\n  - name: http\n    port: 80\n    protocol: HTTP\n---\n"
    )
}

fn http_route(text: &mut String, at: usize, (first, second): (u8, u8)) -> std::fmt::Result {
    let (ns, name) = (namespace(at), name(at));
    write!(
        text,
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata:\n  name: {name}\n  namespace: {ns}\nspec:\n  parentRefs:\n  - name: door\n  hostnames:\n  - {name}.{ns}.example.org\n  rules:\n  \
        - backendRefs:\n    - name: {name}\n      port: 80\n      weight: {first}\n    - name: svc-{around}\n      port: 80\n      weight: {second}\n---\n",
        around = at / AROUND * AROUND
    )
}
