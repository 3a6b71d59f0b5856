//! What the access logs of a service's own proxies tell of its requests: methods and paths, by caller.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cluster::Connection;
use futures::StreamExt as _;
use mesh::{Ready, Unknown};
use signals::access::{Call, Direction, What, read};
use world::{Pod, Said, World, said};

use super::Scope;
use super::write::Asked;
use crate::traffic::Names;

/// Lines that are read of each proxy: its last.
const LINES: usize = 5_000;
/// Proxies that are read: of more the first.
const PODS: usize = 24;
/// So many at a time.
const AT_ONCE: usize = 6;
/// More paths of one caller than these are told by their first part.
const PATHS: usize = 20;

/// Requests by caller and service, and what could not be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Told {
    /// (account, service) → what was asked; none where it cannot be written as a policy.
    pub(super) requests: BTreeMap<(Names, Names), Vec<Asked>>,
    /// Requests that were read.
    pub(super) lines: usize,
    /// Logs that could not be read, or of which only a part was.
    pub(super) unknown: Vec<Unknown>,
}

/// Reads the logs of the pods behind the services of a scope.
pub(super) async fn told(connection: &Connection, ready: &Ready, scope: &Scope) -> Told {
    let mut told = Told::default();
    let mut pods: Vec<(Names, Arc<Pod>)> = Vec::new();
    for (namespace, name) in super::services(ready.world(), scope) {
        let Some(service) = ready.world().service(&namespace, &name) else { continue };
        let behind = ready.places().of_service(service).into_iter().filter(|pod| pod.ready);
        pods.extend(behind.map(|pod| ((namespace.clone(), name.clone()), pod.clone())));
    }
    if pods.len() > PODS {
        let because = said!(
            "{} proxies are behind these services, and {PODS} were read",
            "这些服务后面有 {} 个代理，读取了其中 {PODS} 个",
            pods.len()
        );
        told.unknown.push(Unknown { about: ("access logs", "访问日志").into(), because });
        pods.truncate(PODS);
    }
    let asked = pods.into_iter().map(|(service, pod)| async move { (service, lines(connection, &pod).await, pod) });
    let mut answers = futures::stream::iter(asked.collect::<Vec<_>>()).buffered(AT_ONCE);
    let accounts = accounts(ready.world());
    let mut paths: BTreeMap<(Names, Names), BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    while let Some((service, read, pod)) = answers.next().await {
        match read {
            Ok(text) => told.lines += take(&text, &service, &accounts, &mut paths),
            Err(because) => {
                let about = said!("access log of {}/{}", "{}/{} 的访问日志", pod.namespace, pod.name);
                told.unknown.push(Unknown { about, because });
            }
        }
    }
    told.requests = paths.into_iter().map(|(way, paths)| (way, asked_of(paths))).collect();
    told
}

async fn lines(connection: &Connection, pod: &Pod) -> Result<String, Said> {
    let plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
    if !plain(&pod.namespace) || !plain(&pod.name) {
        return Err(said!("its name is none that a path can hold", "其名称不能放进路径"));
    }
    let path = format!(
        "/api/v1/namespaces/{}/pods/{}/log?container={}&tailLines={LINES}&timestamps=true",
        pod.namespace,
        pod.name,
        signals::CONTAINER
    );
    let bytes = connection.raw_get(&path).await.map_err(|error| error.said())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whose an address is.
fn accounts(world: &World) -> BTreeMap<&str, Names> {
    world
        .pods()
        .filter(|pod| !pod.ip.is_empty() && !pod.host_network)
        .map(|pod| (pod.ip.as_str(), (pod.namespace.clone(), pod.service_account.clone())))
        .collect()
}

/// Takes in what a log says of requests that came in and were served; how many it was.
fn take(
    text: &str,
    service: &Names,
    accounts: &BTreeMap<&str, Names>,
    paths: &mut BTreeMap<(Names, Names), BTreeMap<String, BTreeSet<String>>>,
) -> usize {
    let mut count = 0;
    for line in text.lines() {
        let What::Call(call) = read(line, true).what else { continue };
        let Some(account) = came_from(&call).and_then(|ip| accounts.get(ip)) else { continue };
        count += 1;
        let of = paths.entry((account.clone(), service.clone())).or_default();
        let path = call.path.split('?').next().unwrap_or_default();
        of.entry(grouped(path)).or_default().insert(call.method.clone());
    }
    count
}

/// The address of who sent a request that this proxy let in.
fn came_from(call: &Call) -> Option<&str> {
    let served = call.direction == Direction::Inbound && !call.method.is_empty() && !call.doubtful;
    let refused = call.details.starts_with("rbac_access_denied");
    if !served || refused {
        return None;
    }
    call.peer.rsplit_once(':').map(|(ip, _)| ip.trim_matches(['[', ']']))
}

/// A path with `{*}` for the parts that are names of things: `/reviews/42` is `/reviews/{*}`. `*` for one that holds what a policy would
/// read as a pattern: else whoever asks for `/admin/{*}` itself would be let in to all that is below.
fn grouped(path: &str) -> String {
    if path.contains(['*', '{', '}']) {
        return "*".to_owned();
    }
    let part = |part: &str| if is_id(part) { "{*}".to_owned() } else { part.to_owned() };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Numbers, UUIDs, and long words of hexadecimal digits.
fn is_id(part: &str) -> bool {
    let digits = part.chars().filter(char::is_ascii_digit).count();
    let hex = part.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    !part.is_empty() && (digits == part.len() || (hex && part.len() >= 12 && digits > 0))
}

/// Paths with the same methods together; where there are very many, by their first part. Nothing where a path holds what a policy would
/// read as a pattern.
fn asked_of(paths: BTreeMap<String, BTreeSet<String>>) -> Vec<Asked> {
    let odd = |path: &str| path.replace("{*}", "").contains(['*', '{', '}']) || !path.starts_with('/');
    if paths.keys().any(|path| odd(path)) {
        return Vec::new();
    }
    let many = paths.len() > PATHS;
    let mut by_methods: BTreeMap<BTreeSet<String>, BTreeSet<String>> = BTreeMap::new();
    for (path, methods) in paths {
        let told = match path.get(1..).and_then(|rest| rest.split_once('/')) {
            Some((first, _)) if many && first != "{*}" => format!("/{first}/*"),
            _ => path,
        };
        by_methods.entry(methods).or_default().insert(told);
    }
    by_methods.into_iter().map(|(methods, paths)| Asked { methods, paths }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_name_things_are_one() {
        for (path, expected) in [
            ("/reviews/42", "/reviews/{*}"),
            ("/v1/users/3f2b8c1e-9d4a-4f6b-8a2c-1d5e7f9a0b3c/cart", "/v1/users/{*}/cart"),
            ("/deadbeef", "/deadbeef"),
            ("/", "/"),
            ("/facade/added", "/facade/added"),
            ("/admin/{*}", "*"),
        ] {
            assert_eq!(grouped(path), expected);
        }
    }

    #[test]
    fn what_was_asked_by_its_methods() {
        let set = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<BTreeSet<_>>();
        let paths =
            |all: &[(&str, &[&str])]| all.iter().map(|(path, methods)| ((*path).to_owned(), set(methods))).collect();
        let asked = asked_of(paths(&[("/a", &["GET"]), ("/b/{*}", &["GET"]), ("/c", &["GET", "POST"])]));
        let told: Vec<_> = asked.into_iter().map(|one| (one.methods, one.paths)).collect();
        assert_eq!(told, [(set(&["GET"]), set(&["/a", "/b/{*}"])), (set(&["GET", "POST"]), set(&["/c"]))]);
        assert!(asked_of(paths(&[("/a*", &["GET"])])).is_empty(), "a star would be read as more");
        assert!(asked_of(paths(&[("/a", &["GET"]), ("*", &["GET"])])).is_empty(), "nor is the rest of it enough");
        let many: BTreeMap<String, BTreeSet<String>> = (0..30)
            .map(|n| (format!("/x/{}", char::from(b'A' + n % 26).to_string() + &n.to_string() + "z"), set(&["GET"])))
            .collect();
        assert_eq!(asked_of(many)[0].paths, set(&["/x/*"]));
    }
}
