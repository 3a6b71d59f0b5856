//! What a look at the proxies keeps for the next: what is not asked for at each.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use cluster::Connection;
use jiff::Timestamp;
use signals::{HealthReport, Looker, Looks, Suspects, UsageReport};
use tokio::task::JoinSet;
use tokio::time::Instant;
use world::{Document, World};

use super::{Shares, USAGE};
use crate::proxies::{Fleet, Seen, join};

/// Certificates live a day and configurations change by pushes; asking costs each proxy a rendering of all that it knows.
const LOOKS: Duration = Duration::from_secs(300);
/// So many between two looks at their synchronisation, which shall not wait for them.
const AT_A_TIME: usize = 32;
/// By then the proxies of a namespace have taken up a Sidecar: istiod sends it within its debounce time (istio pilot/pkg/features,
/// `PILOT_DEBOUNCE_MAX`: 10 s), and they answer within a few seconds.
const TAKEN_UP: Duration = Duration::from_secs(15);

/// So long the others wait for those that are looked at; whoever answers later is heard at a later look.
const LATE: Duration = Duration::from_secs(1);

/// Namespace and pod.
type Place = (String, String);

/// By type and text, when it was sent first, in seconds since 1970; `None` for what was refused before anybody looked.
type Refused = HashMap<(String, String), Option<i64>>;

/// The Sidecars of each namespace.
type Sidecars = BTreeMap<String, Vec<Arc<Document>>>;

/// The proxies as they were looked at last.
#[derive(Default)]
pub(super) struct Watcher {
    pub(super) usage: UsageReport,
    pub(super) used_at: Option<Instant>,
    pub(super) shares: Shares,
    pub(super) looker: Arc<Looker>,
    pub(super) looks: Looks,
    /// Those that are being looked at.
    looking: JoinSet<Looks>,
    looked_at: HashMap<Place, Instant>,
    lost: HashMap<Place, (String, Timestamp)>,
    behind: HashMap<Place, Timestamp>,
    /// What each proxy refused when it was heard of last, by type and text, and when that was sent first.
    refused: HashMap<Place, Refused>,
    /// Of the world of this revision: to go through all its objects takes long, and a refusal stands for many looks.
    suspects: Option<(u64, Suspects)>,
    /// `None` before the first look.
    sidecars: Option<Sidecars>,
    /// Until when the proxies of a namespace are not asked, for they are being sent another Sidecar.
    resizes: HashMap<String, Instant>,
}

impl Watcher {
    pub(super) fn join(&mut self, world: &World, health: &HealthReport) -> Fleet {
        let revision = world.revision();
        let Self { usage, looks, lost, behind, suspects, .. } = self;
        let known = suspects.take().filter(|(of, _)| *of == revision);
        let (_, suspects) = suspects.insert(known.unwrap_or_else(|| (revision, Suspects::of(world))));
        let Shares { throttled, strains, kept_out, complaints, unheard } = &self.shares;
        let now = Timestamp::now();
        let seen =
            Seen { world, suspects, health, usage, looks, lost, behind, strains, throttled, kept_out, complaints, now };
        let mut fleet = join(seen);
        fleet.unknown.extend(unheard.iter().map(super::unknown));
        fleet
    }

    /// Measures anew where the last time is long ago, and says whether it did.
    pub(super) async fn measure(&mut self, connection: &Connection, world: &World) -> bool {
        if self.used_at.is_some_and(|at| at.elapsed() <= USAGE) {
            return false;
        }
        self.used_at = Some(Instant::now());
        self.usage = signals::usage(connection, world).await;
        self.throttle();
        true
    }

    /// Puts beside what each uses how often its CPU limit stopped it.
    pub(super) fn throttle(&mut self) {
        for row in &mut self.usage.rows {
            row.throttled = self.shares.throttled.get(&(row.namespace.clone(), row.pod.clone())).copied();
        }
    }

    /// Asks some proxies themselves: those of which nothing is known yet, and those whose last look is long ago.
    pub(super) async fn look_closely(&mut self, connection: &Connection, all: &[signals::Proxy]) {
        let there: HashSet<_> = all.iter().map(signals::Proxy::key).collect();
        self.looked_at.retain(|place, _| there.contains(place));
        self.looks.retain(|place, _| there.contains(place));
        self.looker.retain(&there);
        self.resizes.retain(|_, until| *until > Instant::now());
        let old = |proxy: &&signals::Proxy| {
            proxy.container.ready
                && !self.resizes.contains_key(&proxy.namespace)
                && self.looked_at.get(&proxy.key()).is_none_or(|at| at.elapsed() > LOOKS)
        };
        let due: Vec<_> = all.iter().filter(old).take(AT_A_TIME).cloned().collect();
        let now = Instant::now();
        self.looked_at.extend(due.iter().map(|proxy| (proxy.key(), now)));
        for proxy in due {
            let (looker, connection) = (self.looker.clone(), connection.clone());
            self.looking.spawn(async move { looker.look(&connection, &[proxy]).await });
        }
        while let Ok(Some(done)) = tokio::time::timeout_at(now + LATE, self.looking.join_next()).await {
            for (place, look) in done.into_iter().flatten().filter(|((of, _), _)| !self.resizes.contains_key(of)) {
                let before = self.looks.get(&place).and_then(|before| before.as_ref().ok());
                let look = look.map(|look| look.after(before));
                self.looks.insert(place, look);
            }
        }
    }

    /// Another Sidecar changes how much the proxies of its namespace hold: how much that was is not how much it is, and they are asked again once
    /// they have taken it up.
    pub(super) fn rescope(&mut self, world: &World) {
        let now = sidecars(world);
        let Some(before) = self.sidecars.replace(now.clone()) else { return };
        let namespaces: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
        for namespace in namespaces.into_iter().filter(|of| before.get(*of) != now.get(*of)) {
            self.resizes.insert(namespace.clone(), Instant::now() + TAKEN_UP);
            self.looked_at.retain(|(of, _), _| of != namespace);
            let looks = self.looks.iter_mut().filter(|((of, _), _)| of == namespace);
            looks.filter_map(|(_, look)| look.as_mut().ok()).for_each(|look| look.size = None);
        }
    }

    /// Remembers which istiod each proxy talks to, and since when it is behind; those that are gone are forgotten. What is refused is told with
    /// when it was sent first: it is sent again at each push, and whoever wrote before the latest need not have broken it.
    pub(super) fn remember(&mut self, health: &mut HealthReport) {
        self.date(health);
        let now = Timestamp::now();
        let there: HashSet<_> = health.rows.iter().map(|row| (row.namespace.as_str(), row.pod.as_str())).collect();
        self.lost.retain(|place, _| there.contains(&(place.0.as_str(), place.1.as_str())));
        for row in health.rows.iter().filter(|row| !row.control_plane.is_empty()) {
            self.lost.insert((row.namespace.clone(), row.pod.clone()), (row.control_plane.clone(), now));
        }
        let late = |row: &signals::ProxyHealth| {
            let stale = row.types.values().filter(|kind| kind.state == signals::SyncState::Stale);
            stale.map(|kind| kind.sent_at.map_or(now, |at| at.min(now))).min()
        };
        let was = std::mem::take(&mut self.behind);
        let place = |row: &signals::ProxyHealth| (row.namespace.clone(), row.pod.clone());
        let since = health.rows.iter().filter_map(|row| {
            let (place, at) = (place(row), late(row)?);
            let at = was.get(&place).copied().unwrap_or(at);
            Some((place, at))
        });
        self.behind = since.collect();
    }

    fn date(&mut self, health: &mut HealthReport) {
        let mut was = std::mem::take(&mut self.refused);
        for row in &mut health.rows {
            let place = (row.namespace.clone(), row.pod.clone());
            let before = was.remove(&place);
            // Whoever is not told of at this look has not taken back what it refused.
            if row.types.is_empty() {
                self.refused.extend(before.map(|before| (place, before)));
                continue;
            }
            let mut now = Refused::new();
            for (kind, latest) in row.types.values_mut().map(|kind| (&mut kind.nack, kind.sent_at)) {
                let Some(nack) = kind else { continue };
                let what = (nack.kind.clone(), nack.line());
                let latest = latest.map(Timestamp::as_second);
                nack.sent_at = before.as_ref().and_then(|before| before.get(&what).copied().unwrap_or(latest));
                now.insert(what, nack.sent_at);
            }
            self.refused.insert(place, now);
        }
    }
}

fn sidecars(world: &World) -> Sidecars {
    let mut all = Sidecars::new();
    for sidecar in world.documents_of("networking.istio.io", "Sidecar") {
        all.entry(sidecar.key.namespace.clone()).or_default().push(sidecar.clone());
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use world::{Change, Object, ObjectKey, Origin};

    use super::*;

    /// Istiod sends what is refused again at each push, and tells of the latest alone.
    #[test]
    fn what_is_refused_is_told_with_when_it_was_sent_first() {
        let at = |second| Timestamp::from_second(second).ok();
        let row = |sent: i64, refused: &[&str]| {
            let of = |text: &&str| {
                let kind = text.split(' ').next().unwrap_or_default().to_owned();
                let nack = Some(signals::Nack::read(&kind, text));
                (kind, signals::TypeHealth { state: signals::SyncState::Error, sent_at: at(sent), nack })
            };
            let well = signals::TypeHealth { state: signals::SyncState::Synced, sent_at: at(sent), nack: None };
            let types = std::iter::once(("EDS".to_owned(), well)).chain(refused.iter().map(of)).collect();
            let family = signals::family("Istio").unwrap();
            signals::ProxyHealth {
                namespace: "shop".into(),
                pod: "a-1".into(),
                workload: "a".into(),
                labels: world::Labels::new(),
                family,
                role: signals::Role::Sidecar,
                alive: signals::Alive::Running,
                version: String::new(),
                types,
                ready: true,
                restarts: 0,
                trouble: None,
                control_plane: String::new(),
                connected_at: None,
                unknown: Vec::new(),
            }
        };
        let mut watcher = Watcher::default();
        let mut told = |row: signals::ProxyHealth| {
            let mut health = HealthReport { rows: vec![row], ..HealthReport::default() };
            watcher.remember(&mut health);
            health.rows[0].nacks().map(|nack| nack.sent_at).collect::<Vec<_>>()
        };
        assert_eq!(told(row(100, &["CDS was there"])), [None], "nobody saw it begin");
        assert_eq!(told(row(200, &["CDS was there", "LDS is new"])), [None, Some(200)]);
        assert_eq!(told(row(300, &["CDS was there", "LDS is new"])), [None, Some(200)], "the next push");
        let unheard = signals::ProxyHealth { types: BTreeMap::new(), ..row(0, &[]) };
        assert!(told(unheard).is_empty());
        assert_eq!(told(row(400, &["LDS is new"])), [Some(200)], "though nobody was told of it meanwhile");
        assert!(told(row(500, &[])).is_empty());
        assert_eq!(told(row(600, &["LDS is new"])), [Some(600)], "broken anew");
    }

    #[test]
    fn another_sidecar_makes_the_sizes_of_its_namespace_unknown_and_no_other() {
        let place = |namespace: &str| (namespace.to_owned(), "a-1".to_owned());
        let look =
            || Ok(signals::Look { size: Some(signals::Size::default()), root: "r".into(), ..Default::default() });
        let mut watcher = Watcher::default();
        for namespace in ["shop", "prod"] {
            watcher.looks.insert(place(namespace), look());
            watcher.looked_at.insert(place(namespace), Instant::now());
        }
        let sized = |watcher: &Watcher, namespace: &str| {
            let look = watcher.looks[&place(namespace)].as_ref().unwrap();
            assert_eq!(look.root, "r", "its certificate is what it was");
            look.size.is_some()
        };
        let body = json!({"apiVersion": "networking.istio.io/v1", "kind": "Sidecar",
            "metadata": {"name": "default", "namespace": "shop"}, "spec": {"egress": [{"hosts": ["./*"]}]}});
        let world = World::new().after([Change::Put(Object::read(body, Origin::Cluster).unwrap())]);
        watcher.rescope(&world);
        assert!(sized(&watcher, "shop"), "what was there at the first look changed nothing");
        watcher.rescope(&world);
        assert!(sized(&watcher, "shop") && watcher.resizes.is_empty());
        let gone = ObjectKey::new("networking.istio.io", "Sidecar", "shop", "default");
        watcher.rescope(&world.after([Change::Delete(gone)]));
        assert!(!sized(&watcher, "shop") && sized(&watcher, "prod"));
        assert!(
            watcher.resizes.contains_key("shop") && watcher.looked_at.len() == 1,
            "it is asked again, once that is over"
        );
    }
}
