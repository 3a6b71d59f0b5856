//! A closer look at proxies: what each works with, asked of itself. It costs a connection and a rendering of its whole configuration
//! each, which holds up its main thread for a moment: so it is rare, few at once, and never while a proxy is starting.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bytes::Bytes;
use cluster::{Cause, Connection};
use tokio::sync::Semaphore;
use world::{Said, said};

use crate::certificate::{Certificate, read_certs};
use crate::dump::{self, Dump, State};
use crate::health::why;
use crate::{Proxy, Role, Says};

/// How many pods are asked at once: each answer may be 48 MiB.
const AT_ONCE: usize = 4;
/// A proxy that takes longer to answer, or answers more than is read in passing, is asked for its certificate alone from then on.
const SLOW: Duration = Duration::from_secs(1);

/// What a proxy says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// Size of its whole configuration; `None` where it was too large or too slow to ask for.
    pub size: Option<Size>,
    /// The certificate that it shows.
    pub certificate: Option<Certificate>,
    /// What the roots that it trusts are known by; empty where unknown.
    pub root: String,
    /// Istio's version, by its own word; empty where it does not say.
    pub version: String,
    /// Why its whole configuration was not read this time.
    pub left_out: Option<Said>,
}

impl Look {
    /// What the last look did not ask is known from the one before.
    #[must_use]
    pub fn after(self, before: Option<&Self>) -> Self {
        match before {
            Some(Self { size, root, version, .. }) if self.left_out.is_some() => {
                Self { size: *size, root: root.clone(), version: version.clone(), ..self }
            }
            _ => self,
        }
    }

    /// Whether it trusts one of these roots: while roots are exchanged a proxy trusts both, so one in common is enough. `None` where
    /// its own or these are unknown.
    pub fn trusts(&self, roots: &str) -> Option<bool> {
        let known = !self.root.is_empty() && !roots.is_empty();
        known.then(|| self.root.split(' ').any(|own| roots.split(' ').any(|other| other == own)))
    }
}

/// How much a proxy knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Bytes of the dump.
    pub bytes: usize,
    /// Clusters.
    pub clusters: usize,
    /// Listeners.
    pub listeners: usize,
    /// Routes.
    pub routes: usize,
    /// Bytes of what there is for each service that it knows: where it sends, where it listens for one address, and how it chooses.
    pub of_services: usize,
}

impl From<&Dump> for Look {
    fn from(dump: &Dump) -> Self {
        Self {
            size: Some(Size {
                bytes: dump.bytes,
                clusters: dump.clusters.len(),
                listeners: dump.listeners.len(),
                routes: dump.routes.len(),
                of_services: of_services(dump),
            }),
            certificate: dump.certificate(),
            root: dump.root().to_owned(),
            version: dump.bootstrap.istio.clone(),
            left_out: None,
        }
    }
}

fn of_services(dump: &Dump) -> usize {
    let clusters = dump.clusters.iter().filter(|part| part.what.name.starts_with("outbound|")).map(|part| &part.text);
    // Whatever the address, `0.0.0.0_80` and `virtualOutbound` are there once.
    let is_of_one = |name: &str| {
        name.split('_').next().is_some_and(|address| address.parse().is_ok_and(|ip: IpAddr| !ip.is_unspecified()))
    };
    let listeners =
        dump.listeners.iter().filter(|part| part.what.direction == "OUTBOUND" && is_of_one(&part.what.name));
    let routes = dump.routes.iter().filter(|part| part.state != State::Static).map(|part| &part.text);
    clusters.chain(listeners.map(|part| &part.text)).chain(routes).map(ExactSizeIterator::len).sum()
}

/// By namespace and pod; or why there is none.
pub type Looks = HashMap<(String, String), Result<Look, Said>>;

/// Looks at proxies, again and again; remembers which are slow.
#[derive(Debug)]
pub struct Looker {
    slow: Mutex<HashSet<(String, String)>>,
    at_once: Semaphore,
}

impl Default for Looker {
    fn default() -> Self {
        Self { slow: Mutex::default(), at_once: Semaphore::new(AT_ONCE) }
    }
}

impl Looker {
    /// Looks at every proxy that is ready once.
    pub async fn look(&self, connection: &Connection, all: &[Proxy]) -> Looks {
        let ready = all.iter().filter(|proxy| proxy.container.ready);
        let asked = ready.map(|proxy| async move { (proxy.key(), self.one(connection, proxy).await) });
        futures::future::join_all(asked).await.into_iter().collect()
    }

    /// Forgets which of those were slow that are not among these.
    pub fn retain(&self, there: &HashSet<(String, String)>) {
        if let Ok(mut slow) = self.slow.lock() {
            slow.retain(|place| there.contains(place));
        }
    }

    /// Looks at one, as soon as no more than a few others are being looked at.
    async fn one(&self, connection: &Connection, proxy: &Proxy) -> Result<Look, Said> {
        // Nobody closes it.
        let _one_of_few = self.at_once.acquire().await;
        match proxy.family.says {
            Says::Xds => self.admin(connection, proxy).await,
            Says::Metrics(port, read) => metrics(connection, proxy, port).await.map(|body| read(&body, proxy)),
            Says::Nowhere(en, zh) => Err(Said::new(en, zh)),
        }
    }

    async fn admin(&self, connection: &Connection, proxy: &Proxy) -> Result<Look, Said> {
        let ask = |path: &'static str| connection.admin_glance(&proxy.namespace, &proxy.pod, path);
        if !self.is_slow(proxy) {
            let begun = Instant::now();
            let answer = ask("/config_dump").await;
            let is_larger = answer.as_ref().is_err_and(|error| matches!(error.cause, Cause::Broken { .. }));
            if (begun.elapsed() > SLOW || is_larger)
                && let Ok(mut slow) = self.slow.lock()
            {
                slow.insert(proxy.key());
            }
            match answer {
                Ok(body) => {
                    let look = Look::from(&dump::read(&body));
                    if look.certificate.is_some() || proxy.role == Role::Ztunnel {
                        return Ok(look);
                    }
                    // Certificates that are files do not stand in the dump.
                    let certs = ask("/certs").await.ok();
                    return Ok(Look { certificate: certs.and_then(|body| read_certs(&body)), ..look });
                }
                Err(error) if matches!(error.cause, Cause::Forbidden { .. }) => return Err(why(&error)),
                // Larger than an answer may be, or late: the certificate is a small question.
                Err(_) => {}
            }
        }
        let body = ask("/certs").await.map_err(|error| why(&error))?;
        let left_out = said!(
            "it is larger than what is read in passing, or takes the proxy more than a second: open the proxy to read it",
            "它大于顺带读取的上限，或代理需要一秒以上才能给出：请打开该代理来读取"
        );
        Ok(Look { certificate: read_certs(&body), left_out: Some(left_out), ..Look::default() })
    }

    fn is_slow(&self, proxy: &Proxy) -> bool {
        self.slow.lock().is_ok_and(|slow| slow.contains(&proxy.key()))
    }
}

/// What a proxy counts: by the API server's proxy, else by a port-forward.
async fn metrics(connection: &Connection, proxy: &Proxy, port: u16) -> Result<Bytes, Said> {
    let (namespace, pod, path) = (&proxy.namespace, &proxy.pod, "/metrics");
    match connection.pod_proxy_get(namespace, pod, port, path).await {
        Err(error) if matches!(error.cause, Cause::Forbidden { .. }) => {}
        answer => return answer.map_err(|error| error.cause.said()),
    }
    connection.pod_forward_get(namespace, pod, port, path).await.map_err(|error| match error.cause {
        Cause::Forbidden { verb, .. } if !verb.is_empty() => said!(
            "you may not get pods/proxy there, nor {verb} pods/portforward",
            "你在那里既无权 get pods/proxy，也无权 {verb} pods/portforward"
        ),
        cause => cause.said(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_asked_again_is_known_from_before() {
        let size = Some(Size { clusters: 2400, ..Size::default() });
        let before = Look { size, root: "ab".into(), version: "1.28".into(), ..Look::default() };
        let short = Look { left_out: Some("too large".into()), ..Look::default() };
        let now = short.clone().after(Some(&before));
        assert_eq!((now.size, &*now.root, &*now.version, now.left_out.is_some()), (size, "ab", "1.28", true));
        assert_eq!(short.clone().after(None), short);
        assert_eq!(Look::default().after(Some(&before)), Look::default(), "what was asked is what it says");
    }

    #[test]
    fn what_there_is_for_services_is_told_from_what_is_there_once() {
        let cluster = |name: &str| format!(r#"{{"cluster":{{"name":"{name}"}}}}"#);
        let listener = |name: &str, direction: &str| {
            format!(
                r#"{{"name":"{name}","active_state":{{"listener":{{"name":"{name}","traffic_direction":"{direction}"}}}}}}"#
            )
        };
        let (reviews, other) = (cluster("outbound|80||reviews.shop.svc.cluster.local"), cluster("inbound|80||"));
        let (own, once) = (listener("10.96.0.1_443", "OUTBOUND"), listener("0.0.0.0_80", "OUTBOUND"));
        let rest = [listener("virtualOutbound", "OUTBOUND"), listener("10.244.0.3_80", "INBOUND")].join(",");
        let body = format!(
            r#"{{"configs":[{{"dynamic_active_clusters":[{reviews},{other}]}},{{"dynamic_listeners":[{own},{once},{rest}]}}]}}"#
        );
        let size = Look::from(&dump::read(body.as_bytes())).size.unwrap();
        assert_eq!((size.clusters, size.listeners, size.of_services), (2, 4, reviews.len() + own.len()));
    }
}
