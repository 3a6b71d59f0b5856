//! Asking proxies is polite: few at once, so many a second, filtered where it is made, never while one starts, seldom where one is slow. And one that
//! answers late, half, too much or nonsense costs its own row and no other.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use cluster::Connection;
use demo::Demo;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use kube::client::Body;
use session::proxies::Fleet;
use signals::{Looker, Poller, Proxy, Role, Traffic};
use tower::{BoxError, service_fn};

use crate::bench::{Bench, LIMIT, bench};

/// What becomes of a question.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// It is passed on after a while.
    After(Duration),
    /// It is answered at once.
    Says(&'static str),
    /// It is never answered.
    Silent,
    /// The connection breaks in the middle of the answer.
    Half,
    /// The answer is larger than any may be.
    Huge,
}

/// An answer of whatever form.
type Whole = UnsyncBoxBody<Bytes, BoxError>;

fn whole<B>(answer: Response<B>) -> Response<Whole>
where
    B: http_body_util::BodyExt<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    answer.map(|body| body.map_err(Into::into).boxed_unsync())
}

/// Asked of a path.
type Rule = Arc<dyn Fn(&str) -> Option<Way> + Send + Sync>;

/// What was asked of proxies, in front of a demo.
#[derive(Clone, Default)]
struct Door {
    asked: Arc<Mutex<Vec<(Instant, String)>>>,
    inside: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Door {
    fn client(&self, inner: kube::Client, rule: Rule) -> kube::Client {
        let door = self.clone();
        let answer = move |request: Request<Body>| {
            let (door, inner, rule) = (door.clone(), inner.clone(), rule.clone());
            async move {
                let path = request.uri().path_and_query().map(|path| path.to_string()).unwrap_or_default();
                if !path.contains("/pods/") {
                    return Ok(whole(inner.send(request).await?));
                }
                door.asked.lock().unwrap().push((Instant::now(), path.clone()));
                door.most.fetch_max(door.inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let answer = match rule(&path) {
                    Some(way) => way.answer(inner, request).await,
                    None => Ok(whole(inner.send(request).await?)),
                };
                door.inside.fetch_sub(1, Ordering::SeqCst);
                answer
            }
        };
        kube::Client::new(service_fn(answer), "default")
    }

    /// The paths that were asked since this was asked before, and how many were under way at once at the most.
    fn heard(&self) -> (Vec<(Instant, String)>, usize) {
        (std::mem::take(&mut *self.asked.lock().unwrap()), self.most.swap(0, Ordering::SeqCst))
    }
}

impl Way {
    async fn answer(self, inner: kube::Client, request: Request<Body>) -> Result<Response<Whole>, BoxError> {
        let text = |text: Vec<u8>| Ok(whole(Response::new(Body::from(text))));
        match self {
            Self::After(long) => {
                tokio::time::sleep(long).await;
                Ok(whole(inner.send(request).await?))
            }
            Self::Says(words) => text(words.as_bytes().to_vec()),
            Self::Silent => std::future::pending().await,
            Self::Half => {
                let begun = Full::new(Bytes::from_static(b"envoy_cluster_upstream_rq{cluster_name=\"out"));
                let cut = async { Some(Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))) };
                Ok(whole(Response::new(begun.map_err(|never| match never {}).with_trailers(cut))))
            }
            Self::Huge => text(vec![b'\n'; (16 << 20) + 1]),
        }
    }
}

/// A poller of the demo's proxies that asks through a door.
fn poller(bench: &Bench, door: &Door, rule: Rule) -> (Poller, Vec<Proxy>) {
    let connection = Connection::from_client(door.client(bench.demo.client(), rule), "demo");
    (Poller::new(connection), signals::counting(&bench.session.world()))
}

fn is_about(path: &str, proxy: &Proxy) -> bool {
    path.contains(&format!("/namespaces/{}/pods/{}:", proxy.namespace, proxy.pod))
        || path.contains(&format!("/namespaces/{}/pods/{}/", proxy.namespace, proxy.pod))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_asked_few_things_at_once_and_so_many_a_second() {
    let (bench, door) = (bench(Demo::client).await, Door::default());
    let (slow, mut proxies) = poller(&bench, &door, Arc::new(|_| Some(Way::After(Duration::from_millis(100)))));
    proxies[0].container.ready = false;
    let ready: Vec<&Proxy> = proxies.iter().filter(|proxy| proxy.container.ready).collect();
    let round = slow.round(&proxies).await;
    let (asked, most) = door.heard();
    assert_eq!((most, asked.len(), round.samples.len()), (8, ready.len(), ready.len()));
    assert_eq!(round.cost.proxies as usize, asked.len(), "what it cost is told");
    assert!(round.cost.bytes > 10_000.0 && round.cost.seconds > 0.1 * (asked.len() / 8) as f64, "{:?}", round.cost);
    assert!(!asked.iter().any(|(_, path)| is_about(path, &proxies[0])), "one that starts has better things to do");
    for proxy in ready {
        let (_, path) = asked.iter().find(|(_, path)| is_about(path, proxy)).expect("it is asked");
        let is_filtered = path.contains("/stats/prometheus?usedonly&filter=upstream_rq_");
        assert_eq!(is_filtered, proxy.role != Role::Ztunnel, "what nobody wants is not sent: {path}");
    }

    let (quick, _) = poller(&bench, &door, Arc::new(|_| Some(Way::Says(""))));
    quick.round(&proxies).await;
    let (asked, _) = door.heard();
    let took = asked[asked.len() - 1].0 - asked[0].0;
    // Half of what they are told: on a busy machine the first arrive late, and the others close behind.
    let least = Duration::from_millis(5) * asked.len() as u32 / 2;
    assert!(asked.len() > 30 && took >= least, "{} questions in {took:?}, against {least:?}", asked.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_slow_is_left_in_peace_for_some_rounds() {
    let (bench, door) = (bench(Demo::client).await, Door::default());
    let slow = signals::counting(&bench.session.world()).swap_remove(3);
    let of = slow.clone();
    let rule = move |path: &str| match is_about(path, &of) {
        true => Some(Way::After(Duration::from_millis(1100))),
        false => Some(Way::Says("")),
    };
    let (poller, proxies) = poller(&bench, &door, Arc::new(rule));
    let mut asked = Vec::new();
    for _ in 0..7 {
        poller.round(&proxies).await;
        asked.push(door.heard().0.iter().any(|(_, path)| is_about(path, &slow)));
    }
    assert_eq!(asked, [true, false, false, false, false, false, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_ask_by_no_way_does_not_ask_again_at_every_round() {
    let door = Door::default();
    let given = door.clone();
    let bench = bench(move |demo| given.client(demo.viewer(), Arc::new(|_| None))).await;
    let mut proxies = signals::counting(&bench.session.world());
    proxies.retain(|proxy| proxy.container.ready);
    let poller = Poller::new(bench.session.connection().clone());
    let first = poller.round(&proxies).await;
    assert!(first.unknown[0].because.en.contains("pods/portforward"), "{:?}", first.unknown);
    door.heard();
    let second = poller.round(&proxies).await;
    let of_statistics = door.heard().0.into_iter().filter(|(_, path)| path.contains("stats")).count();
    assert_eq!((of_statistics, second.failed.len()), (0, proxies.len()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closer_look_is_at_few_at_once_and_at_none_that_starts() {
    let (bench, door) = (bench(Demo::client).await, Door::default());
    let rule = Arc::new(|_: &str| Some(Way::After(Duration::from_millis(50))));
    let connection = Connection::from_client(door.client(bench.demo.client(), rule), "demo");
    let mut proxies = signals::counting(&bench.session.world());
    proxies.truncate(16);
    proxies[0].container.ready = false;
    let looks = Looker::default().look(&connection, &proxies).await;
    let (asked, most) = door.heard();
    assert_eq!(most, 4);
    assert!(!asked.iter().any(|(_, path)| is_about(path, &proxies[0])));
    let ready = proxies.iter().filter(|proxy| proxy.container.ready).count();
    assert_eq!((looks.len(), looks.values().filter(|look| look.is_ok()).count()), (ready, ready));
}

/// Numbers that no counter has, and lines that are none.
const LIES: &str = "<html>\nenvoy_cluster_upstream_rq{cluster_name=\"outbound|8080||cart.prod.svc.cluster.local\",response_code=\"200\"} 1e308\n\
    envoy_cluster_upstream_rq{cluster_name=\"outbound|8080||cart.prod.svc.cluster.local\",response_code=\"201\"} 1e308\n\
    envoy_cluster_upstream_cx_total{cluster_name=\"outbound|8080||cart.prod.svc.cluster.local\"} NaN\n\
    envoy_cluster_upstream_rq_time_bucket{cluster_name=\"outbound|8080||cart.prod.svc.cluster.local\",le=\"x\"} -7\n\
    istio_requests_total{reporter=\"source\",destination_service=\"\u{202e}\"} +Inf\nistio_requests_total{";

#[tokio::test(flavor = "multi_thread")]
async fn one_that_answers_half_too_much_never_or_nonsense_costs_its_own_row() {
    let (bench, door) = (bench(Demo::client).await, Door::default());
    let faults: Arc<Mutex<HashMap<String, Way>>> = Arc::default();
    let given = faults.clone();
    let rule = move |path: &str| {
        let faults = given.lock().unwrap();
        faults.iter().find(|(pod, _)| path.contains(&format!("/pods/{pod}:"))).map(|(_, way)| *way)
    };
    let (poller, proxies) = poller(&bench, &door, Arc::new(rule));
    let proxies: Vec<Proxy> = proxies.into_iter().filter(|proxy| proxy.container.ready).collect();
    let mut traffic = Traffic::new();
    traffic.take(poller.round(&proxies).await, &proxies);
    let sidecars: Vec<&Proxy> = proxies.iter().filter(|proxy| proxy.role == Role::Sidecar).take(4).collect();
    let ways = [Way::Half, Way::Huge, Way::Silent, Way::Says(LIES)];
    faults.lock().unwrap().extend(sidecars.iter().zip(ways).map(|(proxy, way)| (proxy.pod.clone(), way)));

    let begun = poller.now();
    let round = poller.round(&proxies).await;
    assert!(round.cost.seconds < 8.0, "nobody waits for the one that says nothing: {:?}", round.cost);
    let failed: HashSet<&str> = round.failed.iter().map(|((_, pod), _)| pod.as_str()).collect();
    assert_eq!(failed, HashSet::from([sidecars[0].pod.as_str(), sidecars[1].pod.as_str()]));
    assert!(round.unknown[0].about.en.ends_with(" and 1 more"), "{:?}", round.unknown);
    traffic.take(round, &proxies);
    for proxy in &proxies {
        let (read, _) = traffic.draining(&proxy.namespace, &proxy.pod).expect("it was read once");
        let is_well = !sidecars[..3].iter().any(|faulty| faulty.key() == proxy.key());
        assert_eq!(read >= begun, is_well, "{}/{}", proxy.namespace, proxy.pod);
    }
    let edges = traffic.edges(60.0, poller.now());
    assert!(edges.iter().all(|edge| edge.requests_per_second < 1e6), "{edges:#?}");

    // What it says after all is heard, and that it was slow is remembered.
    faults.lock().unwrap().clear();
    let late = async {
        loop {
            let round = poller.round(&proxies).await;
            if let Some((_, error)) = round.failed.iter().find(|((_, pod), _)| *pod == sidecars[2].pod) {
                return error.to_string();
            }
        }
    };
    let error = tokio::time::timeout(LIMIT, late).await.expect("it gives up");
    assert!(error.contains("within 10 s"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_does_not_show_its_configuration_holds_up_nobody() {
    let door = Door::default();
    let rule =
        |path: &str| (path.contains("/prod/pods/cart-v1-") && path.contains("portforward")).then_some(Way::Silent);
    let given = door.clone();
    let bench = bench(move |demo| given.client(demo.client(), Arc::new(rule))).await;
    let begun = Instant::now();
    let mut fleet = bench.session.fleet();
    let is_cart = |proxy: &session::proxies::Proxy| proxy.namespace == "prod" && proxy.workload == "cart-v1";
    let looked = |fleet: &Arc<Fleet>| fleet.proxies.iter().filter(|proxy| proxy.size.is_some()).count() > 20;
    let seen = tokio::time::timeout(LIMIT, fleet.wait_for(looked)).await.expect("the others are looked at").unwrap();
    let cart = seen.proxies.iter().find(|proxy| is_cart(proxy)).unwrap();
    assert!(
        cart.size.is_none() && cart.sync == session::proxies::Sync::Synced,
        "what istiod says of it is known: {cart:#?}"
    );
    drop(seen);
    assert!(begun.elapsed() < Duration::from_secs(9), "it takes {:?}", begun.elapsed());
    let told = |fleet: &Arc<Fleet>| {
        let cart = fleet.proxies.iter().find(|proxy| is_cart(proxy));
        cart.is_some_and(|cart| cart.unknown.iter().any(|unknown| unknown.about.en == "certificate and configuration"))
    };
    tokio::time::timeout(LIMIT, fleet.wait_for(told)).await.expect("its row says why").unwrap();
    let cost = bench.session.traffic().borrow().cost;
    assert!(
        cost.proxies > 20 && cost.bytes > 0.0 && cost.every >= cost.seconds + 2.0,
        "what it costs is told: {cost:?}"
    );
}
