//! The traffic: who calls whom is the shop's; what becomes of each call is the engine's answer over the objects as they are.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use mesh::{Destination, Lost, Outcome, Ready, Transport, Verdict};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use world::{Change, World};

use crate::access;
use crate::authority::Authority;
use crate::chance::Chance;
use crate::counters::{End, Series};
use crate::dry_run::{DryRuns, request};
use crate::proxies::{Proxies, Proxy, has_proxy};
use crate::rollouts;
use crate::shop::{Call, GATEWAY, Pace, Proxy as Condition, VISITS, WORKLOADS};
use crate::store::Store;

/// One step of the simulation.
const TICK: Duration = Duration::from_millis(250);
/// How long a proxy takes to answer a push.
const ANSWERS: (f64, f64) = (0.2, 1.5);

/// Key of a pod or Deployment: namespace and name.
pub(crate) type Names = (String, String);

/// The running mesh.
pub(crate) struct Traffic {
    state: Mutex<State>,
    seed: u64,
}

pub(crate) struct State {
    pub(crate) ready: Arc<Ready>,
    pub(crate) proxies: Proxies,
    /// Signs what the proxies show; `None` where this machine gives no chance to make keys with.
    pub(crate) authority: Option<Arc<Authority>>,
    /// Pods of each Deployment.
    pods: HashMap<Names, Vec<Names>>,
    /// Requests that each of `WORKLOADS` answered in the last tick.
    answered: Vec<f64>,
    /// Parts of calls that are carried over to the next tick.
    carried: HashMap<(usize, usize), f64>,
    /// What was decided for (pod, call) under the configuration that the pod then had.
    verdicts: HashMap<(Names, usize, usize), (usize, Arc<Verdict>)>,
    /// What policies in dry-run said.
    pub(crate) dry_runs: DryRuns,
    pub(crate) chance: Chance,
    pub(crate) since: Instant,
}

impl std::fmt::Debug for Traffic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Traffic").finish_non_exhaustive()
    }
}

impl Traffic {
    pub(crate) fn new(store: &Store, seed: u64) -> Self {
        let world = World::new().after(store.take_changes());
        let ready = Arc::new(meshes::engine().ready(&world));
        let mut state = State {
            ready,
            proxies: Proxies::new(),
            authority: Authority::new().ok().map(Arc::new),
            pods: HashMap::new(),
            answered: vec![0.0; WORKLOADS.len()],
            carried: HashMap::new(),
            verdicts: HashMap::new(),
            dry_runs: DryRuns::default(),
            chance: Chance::new(seed),
            since: Instant::now(),
        };
        state.meet(seed);
        Self { state: Mutex::new(state), seed }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Steps until `cancel`.
    pub(crate) async fn run(self: Arc<Self>, store: Arc<Store>, cancel: CancellationToken) {
        let mut clock = tokio::time::interval(TICK);
        clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut last = Instant::now();
        loop {
            tokio::select! {
                () = cancel.cancelled() => return,
                now = clock.tick() => {
                    let passed = now.saturating_duration_since(last).min(TICK * 4);
                    last = now;
                    self.step(&store, now, passed);
                }
            }
        }
    }

    /// Takes up what was written, and lets the requests of `passed` flow.
    pub(crate) fn step(&self, store: &Store, now: Instant, passed: Duration) {
        let mut state = self.state();
        let mut changes = store.take_changes();
        changes.retain(|change| match change {
            Change::Put(object) => !rollouts::is_theirs(&object.key().group),
            Change::Delete(key) => !rollouts::is_theirs(&key.group),
        });
        if !changes.is_empty() {
            let world = state.ready.world().after(changes);
            state.ready = Arc::new(state.ready.after(&world));
            state.meet(self.seed);
            state.push(self.seed);
        }
        state.proxies.values_mut().for_each(|proxy| proxy.answer(now));
        state.flow(passed.as_secs_f64());
    }
}

impl State {
    /// Knows the pods that are there now.
    fn meet(&mut self, seed: u64) {
        let ready = self.ready.clone();
        let stamp = Timestamp::now().to_string();
        let mut pods: HashMap<Names, Vec<Names>> = HashMap::new();
        let mut known = Proxies::new();
        for pod in ready.world().pods() {
            let names = (pod.namespace.clone(), pod.name.clone());
            pods.entry((pod.namespace.clone(), pod.workload.1.clone())).or_default().push(names.clone());
            if has_proxy(pod) {
                let proxy = self.proxies.remove(&names).unwrap_or_else(|| Proxy::of(pod, &ready, seed, &stamp));
                known.insert(names, proxy);
            }
        }
        self.proxies = known;
        self.pods = pods;
    }

    fn push(&mut self, seed: u64) {
        let (ready, stamp) = (self.ready.clone(), Timestamp::now().to_string());
        let services = ready.world().services().count();
        for proxy in self.proxies.values_mut() {
            let answer_in = Duration::from_secs_f64(self.chance.between(ANSWERS.0, ANSWERS.1));
            proxy.push(&ready, services, seed, &stamp, answer_in);
        }
    }

    fn flow(&mut self, seconds: f64) {
        let before = std::mem::replace(&mut self.answered, vec![0.0; WORKLOADS.len()]);
        let own = WORKLOADS.iter().map(|workload| {
            let deployment = (workload.namespace.to_owned(), format!("{}-{}", workload.app, workload.version));
            (deployment, workload.calls)
        });
        let visits = std::iter::once(((GATEWAY.0.to_owned(), GATEWAY.1.to_owned()), VISITS));
        for (at, (deployment, calls)) in own.chain(visits).enumerate() {
            for (number, call) in calls.iter().enumerate() {
                let due = match call.pace {
                    Pace::PerSecond(rate) => rate * seconds,
                    Pace::PerRequest(share) => before.get(at).map_or(0.0, |answered| answered * share),
                };
                let carried = self.carried.entry((at, number)).or_default();
                *carried += due;
                let count = carried.floor();
                *carried -= count;
                for _ in 0..count as u64 {
                    self.request((at, number), &deployment, call);
                }
            }
        }
        for proxy in self.proxies.values_mut() {
            let count = proxy.counters.accepted.0 as f64;
            let fresh = (count - proxy.counters.seen).max(0.0) / seconds.max(0.001);
            proxy.counters.seen = count;
            proxy.counters.rate += (fresh - proxy.counters.rate) * (seconds / 5.0).min(1.0);
        }
    }

    fn request(&mut self, which: (usize, usize), deployment: &Names, call: &'static Call) {
        let Some(pods) = self.pods.get(deployment).filter(|pods| !pods.is_empty()) else { return };
        let pod = pods[self.chance.below(pods.len())].clone();
        let verdict = self.verdict(&pod, which, deployment, call);
        let mut sent = Sent { pod, call, verdict: verdict.clone(), code: verdict.status, milliseconds: 0.3 };
        sent.milliseconds += self.delays(&verdict);
        if let Some(abort) = &verdict.fault.abort
            && self.chance.below(10_000) < (abort.percent * 100.0) as usize
        {
            sent.code = Some(abort.status);
            self.count_at_caller(&sent, verdict.destinations.first(), "FI");
            return;
        }
        if let Some(lost) = self.lost(&verdict) {
            return self.lose(sent, &lost);
        }
        match verdict.outcome {
            Outcome::Forwarded => self.deliver(sent),
            // An EnvoyFilter makes the answer unknown to the engine. Here it is known: the proxy refused it and runs as before.
            Outcome::Unknown if !verdict.destinations.is_empty() => self.deliver(sent),
            Outcome::Denied => self.refuse(sent),
            Outcome::Refused => self.reset(&sent),
            Outcome::NoRoute => self.count_at_caller(&sent, verdict.destinations.first(), "NR"),
            Outcome::NoDestination => self.count_at_caller(&sent, verdict.destinations.first(), "UH"),
            Outcome::Aborted => self.count_at_caller(&sent, verdict.destinations.first(), "FI"),
            Outcome::Direct | Outcome::Redirected | Outcome::Blocked => {
                self.count_at_caller(&sent, verdict.destinations.first(), "-");
            }
            Outcome::Unresolved | Outcome::Unknown => {}
        }
    }

    /// The part of what is lost that this request is, if it is one.
    fn lost(&mut self, verdict: &Verdict) -> Option<Lost> {
        let mut left = (!verdict.lost.is_empty()).then(|| self.chance.between(0.0, 1.0))?;
        let met = verdict.lost.iter().find(|lost| {
            left -= lost.share;
            left <= 0.0
        });
        met.cloned()
    }

    /// It ends as this part does, at one of its workloads.
    fn lose(&mut self, mut sent: Sent, lost: &Lost) {
        let mut verdict = Verdict::clone(&sent.verdict);
        verdict.outcome = lost.outcome;
        let met = verdict.destinations.into_iter().nth(lost.destination);
        verdict.destinations =
            met.map(|to| Destination { workloads: lost.workloads.clone(), ..to }).into_iter().collect();
        (sent.code, sent.verdict) = (lost.status, Arc::new(verdict));
        match lost.outcome {
            Outcome::Denied => self.refuse(sent),
            Outcome::Refused => self.reset(&sent),
            _ => self.count_at_caller(&sent, sent.verdict.destinations.first(), "UH"),
        }
    }

    /// The engine's answer under the configuration that the caller's proxy has; where there is none, as things are.
    fn verdict(&mut self, pod: &Names, (at, number): (usize, usize), deployment: &Names, call: &Call) -> Arc<Verdict> {
        let ready = self.proxies.get(pod).map_or(&self.ready, |proxy| &proxy.knows).clone();
        let under = Arc::as_ptr(&ready) as usize;
        let key = (pod.clone(), at, number);
        if let Some((_, verdict)) = self.verdicts.get(&key).filter(|(known, _)| *known == under) {
            return verdict.clone();
        }
        let verdict = Arc::new(ready.explain(&request(deployment, call)));
        self.verdicts.insert(key, (under, verdict.clone()));
        verdict
    }

    fn delays(&mut self, verdict: &Verdict) -> f64 {
        let Some(delay) = &verdict.fault.delay else { return 0.0 };
        let hit = self.chance.below(10_000) < (delay.percent * 100.0) as usize;
        let seconds = delay.duration.strip_suffix("ms").and_then(|n| n.parse::<f64>().ok()).map(|n| n / 1000.0);
        let seconds =
            seconds.or_else(|| delay.duration.strip_suffix('s').and_then(|n| n.parse().ok())).unwrap_or_default();
        if hit { seconds * 1000.0 } else { 0.0 }
    }

    /// One destination by the shares that arrive there, one of its workloads, one of its pods.
    fn choose(&mut self, verdict: &Verdict) -> Option<(Destination, Option<Names>)> {
        let lost = |at: usize| verdict.lost.iter().filter(|l| l.destination == at).map(|l| l.share).sum::<f64>();
        let arrives = verdict.destinations.iter().enumerate().map(|(at, d)| (d, d.share - lost(at)));
        let arrives: Vec<(&Destination, f64)> = arrives.filter(|(_, share)| *share > 1e-9).collect();
        let mut left = self.chance.between(0.0, arrives.iter().map(|(_, share)| share).sum());
        let chosen = arrives.iter().find(|(_, share)| {
            left -= share;
            left <= 0.0
        });
        let chosen = chosen.or(arrives.last()).map(|(destination, _)| *destination);
        let destination = chosen.or(verdict.destinations.last())?.clone();
        let place = &destination.service.0;
        let mut pods: Vec<Names> = Vec::new();
        for workload in &destination.workloads {
            pods.extend(self.pods.get(&(place.clone(), workload.clone())).into_iter().flatten().cloned());
        }
        let pod = (!pods.is_empty()).then(|| pods.swap_remove(self.chance.below(pods.len())));
        Some((destination, pod))
    }

    fn deliver(&mut self, mut sent: Sent) {
        let verdict = sent.verdict.clone();
        for mirror in &verdict.mirror {
            if self.chance.below(10_000) < (mirror.percent * 100.0) as usize {
                self.copy(&sent, mirror);
            }
        }
        let Some((destination, Some(pod))) = self.choose(&verdict) else {
            sent.code = sent.code.or(Some(503));
            return self.count_at_caller(&sent, verdict.destinations.first(), "UH");
        };
        self.answer(&mut sent, &pod);
        self.count_at_destination(&sent, &destination, &pod, true);
        self.count_at_caller(&sent, Some(&destination), "-");
    }

    /// What a pod makes of a request, and how long it takes.
    pub(crate) fn answer(&mut self, sent: &mut Sent, pod: &Names) {
        let (mut base, mut errors) = (5.0, 0.0);
        if let Some(at) = self.workload_of(pod) {
            (base, errors) = (WORKLOADS[at].latency_ms, WORKLOADS[at].errors);
            if WORKLOADS[at].proxy == Condition::Starved {
                base *= 4.0;
            }
            self.answered[at] += 1.0;
        }
        sent.milliseconds += base * self.chance.spread();
        let fails = self.chance.between(0.0, 1.0) < errors;
        sent.code = sent.code.or(Some(if fails { 500 } else { 200 }));
    }

    fn workload_of(&self, pod: &Names) -> Option<usize> {
        let pod = self.ready.world().pod(&pod.0, &pod.1)?;
        WORKLOADS.iter().position(|w| {
            w.namespace == pod.namespace
                && pod.workload.1.strip_suffix(w.version).is_some_and(|n| n.strip_suffix('-') == Some(w.app))
        })
    }

    /// The destination's proxy refuses.
    fn refuse(&mut self, mut sent: Sent) {
        sent.code = sent.code.or(Some(403));
        if let Some((destination, Some(pod))) = self.choose(&sent.verdict.clone()) {
            self.count_at_destination(&sent, &destination, &pod, false);
            self.count_at_caller(&sent, Some(&destination), "-");
        } else {
            self.count_at_caller(&sent, None, "-");
        }
    }

    /// The connection is reset before any request is read: the caller's proxy, where there is one, answers for it.
    fn reset(&mut self, sent: &Sent) {
        if let Some((_, Some(pod))) = self.choose(&sent.verdict.clone())
            && let Some(proxy) = self.proxies.get_mut(&pod)
        {
            proxy.counters.accepted.0 += 1;
            proxy.counters.unmatched += 1;
        }
        self.count_at_caller(sent, sent.verdict.destinations.first(), "UF,URX");
    }

    pub(crate) fn end(&self, pod: &Names, principal: bool) -> End {
        let Some(proxy) = self.proxies.get(pod) else {
            return self.carried_end(pod, principal).unwrap_or_else(End::unknown);
        };
        End {
            namespace: proxy.namespace.clone(),
            workload: proxy.workload.clone(),
            app: proxy.app.clone(),
            version: proxy.version.clone(),
            principal: if principal { proxy.principal() } else { "unknown".into() },
        }
    }

    fn count_at_caller(&mut self, sent: &Sent, destination: Option<&Destination>, flags: &'static str) {
        if sent.call.bytes {
            return self.opened_at_caller(sent, destination, flags);
        }
        let mtls = sent.verdict.transport == Some(Transport::Mtls);
        let from = self.end(&sent.pod, mtls);
        let to = destination.and_then(|d| self.named(d, mtls)).unwrap_or_else(End::unknown);
        let Some(proxy) = self.proxies.get_mut(&sent.pod) else {
            if let Some(destination) = destination.filter(|_| flags == "-") {
                self.count_at_callers_node(sent, destination);
            }
            return;
        };
        let code = sent.code.unwrap_or(503);
        let service = destination.map_or_else(|| ("unknown".into(), "unknown".into(), "unknown".into()), service_of);
        let series = Series { reporter: "source", from, to, service, code, flags, security: "unknown" };
        proxy.counters.series.entry(series).or_default().record(sent.milliseconds);
        access::write(proxy, &access::Passed { sent, code, inbound: false, flags, destination, peer: None });
        let Some(destination) = destination.filter(|_| !matches!(flags, "NR" | "FI")) else { return };
        let upstream = proxy.counters.upstreams.entry(cluster_of(destination)).or_default();
        if flags.starts_with("UF") {
            upstream.failed_connections += 1;
        }
        upstream.passed(code, sent.milliseconds, mtls);
    }

    /// The workload behind a destination, where there is but one.
    pub(crate) fn named(&self, destination: &Destination, principal: bool) -> Option<End> {
        let workload = destination.workloads.first()?;
        let pods = self.pods.get(&(destination.service.0.clone(), workload.clone()))?;
        Some(self.end(pods.first()?, principal))
    }

    pub(crate) fn count_at_destination(&mut self, sent: &Sent, destination: &Destination, pod: &Names, allowed: bool) {
        if sent.call.bytes {
            return self.opened_at_destination(sent, destination, pod, allowed);
        }
        self.count_beyond(sent, destination, pod);
        self.count_authorized(sent, destination, pod, allowed);
        let mtls = sent.verdict.transport == Some(Transport::Mtls);
        let from = if mtls { self.end(&sent.pod, true) } else { End::unknown() };
        let to = self.end(pod, mtls);
        let peer = self.proxies.get(&sent.pod).map(|proxy| proxy.ip.clone());
        let Some(proxy) = self.proxies.get_mut(pod) else { return };
        let code = sent.code.unwrap_or(200);
        access::write(
            proxy,
            &access::Passed { sent, code, inbound: true, flags: "-", destination: Some(destination), peer },
        );
        let security = if mtls { "mutual_tls" } else { "none" };
        let series =
            Series { reporter: "destination", from, to, service: service_of(destination), code, flags: "-", security };
        proxy.counters.series.entry(series).or_default().record(sent.milliseconds * 0.9);
        proxy.counters.accepted.0 += 1;
        proxy.counters.accepted.1 += u64::from(mtls);
        if !allowed {
            return;
        }
        let upstream = proxy.counters.upstreams.entry(format!("inbound|{}||", proxy.port)).or_default();
        *upstream.codes.entry(code).or_default() += 1;
        upstream.time.record(sent.milliseconds * 0.8);
        upstream.connections += u64::from(upstream.requests() % 100 == 1);
    }
}

/// A request on its way.
pub(crate) struct Sent {
    pub(crate) pod: Names,
    pub(crate) call: &'static Call,
    pub(crate) verdict: Arc<Verdict>,
    pub(crate) code: Option<u16>,
    pub(crate) milliseconds: f64,
}

fn host_of(destination: &Destination) -> String {
    match &destination.service {
        (namespace, host) if namespace.is_empty() => host.clone(),
        (namespace, name) => format!("{name}.{namespace}.svc.cluster.local"),
    }
}

pub(crate) fn service_of(destination: &Destination) -> (String, String, String) {
    (host_of(destination), destination.service.1.clone(), destination.service.0.clone())
}

/// Envoy's name of the cluster: `outbound|9080|v1|reviews.prod.svc.cluster.local`.
pub(crate) fn cluster_of(destination: &Destination) -> String {
    let subset = destination.subset.as_deref().unwrap_or_default();
    format!("outbound|{}|{subset}|{}", destination.port, host_of(destination))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::kinds::Kinds;
    use crate::{Options, load};

    /// Requests by caller's workload, cluster and code.
    fn seen(state: &State) -> BTreeMap<(String, String, u16), u64> {
        let mut all = BTreeMap::new();
        for proxy in state.proxies.values() {
            for (cluster, upstream) in &proxy.counters.upstreams {
                for (code, count) in &upstream.codes {
                    *all.entry((format!("{}/{}", proxy.namespace, proxy.workload), cluster.clone(), *code))
                        .or_default() += count;
                }
            }
        }
        all
    }

    struct Running {
        kinds: Kinds,
        store: Store,
        traffic: Traffic,
        now: Instant,
    }

    impl Running {
        fn new() -> Self {
            let kinds = Kinds::read("").unwrap();
            let store = Store::new(&kinds, 64);
            load::shop(&kinds, &store, &Options::default()).unwrap();
            let traffic = Traffic::new(&store, 1);
            Self { kinds, store, traffic, now: Instant::now() }
        }

        /// Lets a minute pass, and tells what was seen in it.
        fn minute(&mut self) -> BTreeMap<(String, String, u16), u64> {
            let before = seen(&self.traffic.state());
            for _ in 0..240 {
                self.now += TICK;
                self.traffic.step(&self.store, self.now, TICK);
            }
            let mut after = seen(&self.traffic.state());
            after.iter_mut().for_each(|(key, count)| *count -= before.get(key).copied().unwrap_or_default());
            after
        }

        fn write(&mut self, kind: &str, namespace: &str, name: &str, spec: serde_json::Value) {
            let kind =
                ["networking.istio.io", "security.istio.io"].iter().find_map(|g| self.kinds.of(g, kind)).unwrap();
            let live = self.store.get(kind, namespace, name);
            let body = serde_json::json!({"metadata": {"name": name, "namespace": namespace}, "spec": spec});
            let names = (namespace.to_owned(), name.to_owned());
            self.store.put(kind, &names, live.map(|l| l.revision), body.as_object().unwrap().clone()).unwrap();
            // Everybody takes it up.
            for _ in 0..20 {
                self.now += TICK;
                self.traffic.step(&self.store, self.now, TICK);
            }
        }
    }

    #[tokio::test]
    async fn a_weight_moves_the_rates() {
        let mut running = Running::new();
        let share = |seen: &BTreeMap<(String, String, u16), u64>, subset: &str| {
            let cluster = format!("outbound|9080|{subset}|reviews.prod.svc.cluster.local");
            seen.get(&("prod/storefront-v1".to_owned(), cluster, 200)).copied().unwrap_or_default() as f64
        };
        let before = running.minute();
        assert!(
            (0.85..0.95).contains(&(share(&before, "v1") / (share(&before, "v1") + share(&before, "v2") * 0.6))),
            "{before:?}"
        );
        let route = |subset: &str, weight: u32| serde_json::json!({"destination": {"host": "reviews", "subset": subset}, "weight": weight});
        running.write(
            "VirtualService",
            "prod",
            "reviews",
            serde_json::json!({"hosts": ["reviews"], "http": [{"route": [route("v1", 20), route("v3", 80)]}]}),
        );
        let after = running.minute();
        let moved = share(&after, "v3") / (share(&after, "v1") + share(&after, "v3"));
        assert!((0.75..0.85).contains(&moved), "{moved}");
        assert_eq!(share(&after, "v2"), 0.0);
    }

    #[tokio::test]
    async fn what_one_version_refuses_is_its_own_share_and_no_more() {
        let mut running = Running::new();
        let route =
            |subset: &str| serde_json::json!({"destination": {"host": "reviews", "subset": subset}, "weight": 50});
        running.write(
            "VirtualService",
            "prod",
            "reviews",
            serde_json::json!({"hosts": ["reviews"], "http": [{"route": [route("v1"), route("v3")]}]}),
        );
        let guard = serde_json::json!({"selector": {"matchLabels": {"app": "reviews", "version": "v3"}},
            "action": "DENY", "rules": [{}]});
        running.write("AuthorizationPolicy", "prod", "not-v3", guard);
        let mut by_code = BTreeMap::new();
        for ((_, cluster, code), count) in
            running.minute().iter().filter(|((from, ..), _)| from == "prod/storefront-v1")
        {
            if cluster.ends_with("|reviews.prod.svc.cluster.local") {
                *by_code.entry(*code).or_insert(0.0) += *count as f64;
            }
        }
        let all: f64 = by_code.values().sum();
        assert!((0.45..0.55).contains(&(by_code[&403] / all)), "{by_code:?}");
        assert!(by_code.get(&503).copied().unwrap_or_default() < all * 0.05, "{by_code:?}");
    }

    #[tokio::test]
    async fn strict_mutual_tls_shuts_the_plaintext_caller_out() {
        let mut running = Running::new();
        running.minute();
        let inbound = |running: &Running| {
            let state = running.traffic.state();
            let proxy = state.proxies.values().find(|p| p.app == "inventory" && p.namespace == "prod").unwrap();
            let plain: u64 =
                proxy.counters.series.iter().filter(|(s, _)| s.security == "none").map(|(_, h)| h.count).sum();
            (plain, proxy.counters.unmatched)
        };
        let (plain, unmatched) = inbound(&running);
        assert!(plain > 280 && unmatched == 0, "{plain} {unmatched}");
        running.write("PeerAuthentication", "prod", "default", serde_json::json!({"mtls": {"mode": "STRICT"}}));
        let (plain, _) = inbound(&running);
        running.minute();
        let (later, unmatched) = inbound(&running);
        assert_eq!(later, plain, "nothing comes through any more");
        assert!(unmatched > 280, "{unmatched}");
    }

    #[tokio::test]
    async fn requests_flow_along_the_chains() {
        let seen = Running::new().minute();
        let of = |from: &str, to: &str| -> u64 {
            seen.iter().filter(|((f, c, _), _)| f == from && c.ends_with(to)).map(|(_, count)| count).sum()
        };
        // A minute of 40 a second from the shoppers; three more come in by the gateway.
        let first = of("prod/shoppers-v1", "|storefront.prod.svc.cluster.local");
        assert!((2390..=2400).contains(&first), "{first}");
        let second = of("prod/storefront-v1", "|catalog.prod.svc.cluster.local");
        assert!((2900..=3360).contains(&second), "{second}");
        assert!(of("prod/checkout-v1", "|payments.prod.svc.cluster.local") > 150);
        assert!(of("prod/orders-v1", "|email.prod.svc.cluster.local") > 150);
    }
}
