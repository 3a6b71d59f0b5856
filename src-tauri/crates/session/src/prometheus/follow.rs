//! Looking for it and at it, again and again, until the session ends.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use cluster::{Connection, Context, ExecPolicy};
use secrecy::SecretString;
use signals::promql::{Client, Kind, Known, Place, Report, Way, find, probe};
use world::{Said, said};

use super::{Chosen, Standing, State, Which, now};
use crate::Session;
use crate::live::Link;

/// From one look to the next.
const AGAIN: Duration = Duration::from_secs(30);
/// What was used over days changes slowly, and costs it work to tell.
const USAGE: Duration = Duration::from_secs(1800);

/// What was chosen, with its token or why that is not at hand.
#[derive(Clone)]
pub(crate) struct Signed {
    pub(super) chosen: Chosen,
    pub(super) token: Result<Option<SecretString>, Said>,
}

impl Default for Signed {
    fn default() -> Self {
        Self { chosen: Chosen::default(), token: Ok(None) }
    }
}

impl Session {
    /// Asks this one from now on; begins to look where nobody does yet.
    pub(crate) fn ask_prometheus(self: &Arc<Self>, signed: Signed) {
        let begun = self.prometheus.signed.send_replace(Some(signed)).is_some();
        self.prometheus.standing.send_modify(|standing| *standing = Arc::default());
        if !begun {
            let (weak, cancel) = (Arc::downgrade(self), self.cancel.clone());
            tokio::spawn(cancel.run_until_cancelled_owned(follow(weak)));
        }
    }

    /// The same for a session that no workbench opened: the one that the cluster shows.
    pub fn find_prometheus(self: &Arc<Self>) {
        self.ask_prometheus(Signed::default());
    }
}

async fn follow(weak: Weak<Session>) {
    let Some(mut signed) = weak.upgrade().map(|session| session.prometheus.signed.subscribe()) else { return };
    let Some(mut live) = weak.upgrade().map(|session| session.live()) else { return };
    // Until the Services are listed nobody knows which are there.
    if live.wait_for(|live| live.link == Link::Live).await.is_err() {
        return;
    }
    let mut used_at: Option<Instant> = None;
    loop {
        let Some(session) = weak.upgrade() else { return };
        let asked = signed.borrow_and_update().clone().unwrap_or_default();
        let next = look(&session, &asked).await;
        let is_usable = matches!(next.state, State::Usable(_));
        // Another one was chosen while this one was asked: what it said is of no use.
        if !signed.has_changed().unwrap_or(true) {
            let next = Arc::new(next);
            session.prometheus.standing.send_if_modified(|known| {
                let same = known.says_the_same(&next);
                *known = next;
                !same
            });
            if !is_usable {
                used_at = None;
                session.prometheus.uses.send_replace(Arc::default());
            } else if used_at.is_none_or(|at| at.elapsed() > USAGE) {
                used_at = Some(Instant::now());
                match session.uses_now().await {
                    Ok(uses) => drop(session.prometheus.uses.send_replace(Arc::new(uses))),
                    Err(unknown) => {
                        tracing::debug!(because = unknown.because.en, "what proxies used over days is not known")
                    }
                }
            }
        }
        drop(session);
        let changed = async { signed.changed().await.is_ok() };
        match tokio::time::timeout(AGAIN, changed).await {
            Ok(false) => return,
            Ok(true) => used_at = None,
            Err(_) => {}
        }
    }
}

async fn look(session: &Session, signed: &Signed) -> Standing {
    let world = session.world();
    let (chosen, found) = (signed.chosen.clone(), find(&world));
    let standing = |asked: String, kind: Option<Kind>, state, client| {
        let said = if let State::Usable(Report { kind, .. }) = &state { *kind } else { None };
        Standing { chosen: chosen.clone(), found: found.clone(), asked, kind: said.or(kind), state, client }
    };
    let place = match &chosen.which {
        Which::Nobody => return standing(String::new(), None, State::Off, None),
        Which::Address { url, authority, .. } => {
            return match at_address(session, url, authority, signed).await {
                Ok(connection) => {
                    let client = Client::new(connection, Way::Address).of_tenant(&chosen.tenant);
                    let state = state(session, &client, &chosen.only).await;
                    standing(url.clone(), None, state, Some(Arc::new(client)))
                }
                Err(because) => standing(url.clone(), None, State::Unusable(because), None),
            };
        }
        Which::Service { namespace, name, port } => {
            let known = found.iter().find(|place| place.namespace == *namespace && place.name == *name);
            let kind = known.map_or(Kind::Prometheus, |place| place.kind);
            Place { kind, namespace: namespace.clone(), name: name.clone(), port: *port }
        }
        Which::Found => match found.as_slice() {
            [] => return standing(String::new(), None, State::Absent, None),
            [one] => one.clone(),
            _ => return standing(String::new(), None, State::Several, None),
        },
    };
    let (asked, kind) = (format!("Service {}/{}:{}", place.namespace, place.name, place.port), Some(place.kind));
    if world.service(&place.namespace, &place.name).is_none() {
        return standing(asked, kind, State::Unusable(said!("the Service is not there", "该 Service 不存在")), None);
    }
    let pods = place.pods(&world);
    let client = Client::new(session.connection().clone(), Way::Service(place, pods)).of_tenant(&chosen.tenant);
    let state = state(session, &client, &chosen.only).await;
    standing(asked, kind, state, Some(Arc::new(client)))
}

async fn state(session: &Session, client: &Client, only: &str) -> State {
    match probe(client, only, &known(session), now()).await {
        Ok(report) => State::Usable(report),
        Err(unreliable) => State::Unusable(unreliable.said()),
    }
}

/// What it should know, where it is this cluster's.
fn known(session: &Session) -> Known {
    let world = session.world();
    let workload = |proxy: &signals::Proxy| (proxy.workload.namespace.clone(), proxy.workload.name.clone());
    let proxies = signals::proxies(&world);
    let workloads: BTreeSet<_> = proxies.iter().map(workload).collect();
    Known { pods: proxies.iter().map(signals::Proxy::key).collect(), workloads }
}

async fn at_address(session: &Session, url: &str, authority: &str, signed: &Signed) -> Result<Connection, Said> {
    let token = signed
        .token
        .clone()
        .map_err(|Said { en, zh }| said!("its token is not at hand: {en}", "其令牌不在手边：{zh}"))?;
    let context = Context::of_server("prometheus", session.connection().name(), url, authority);
    let context = match token {
        Some(token) => context.with_token(token),
        None => context,
    };
    cluster::connect(&context, &ExecPolicy::default()).await.map_err(|error| error.said())
}
