//! Asking the proxies, over and over, until the session ends.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use cluster::Connection;
use signals::{Poller, UsageReport};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::Session;
use crate::live::Live;
use crate::proxies::{Fleet, join};
use crate::traffic::Traffic;

/// From one look at the proxies' synchronisation to the next.
const CALM: Duration = Duration::from_secs(5);
/// The same while a change is being taken up.
const HOT: Duration = Duration::from_millis(500);
/// For so long after a change.
const HOT_FOR: Duration = Duration::from_secs(15);
/// metrics-server measures every 15 s.
const USAGE: Duration = Duration::from_secs(15);
/// Certificates live a day; asking costs a connection to each proxy.
const CERTIFICATES: Duration = Duration::from_secs(300);

/// Samples the traffic.
pub(crate) fn traffic(
    connection: Connection,
    live: watch::Receiver<Live>,
    cancel: CancellationToken,
) -> watch::Receiver<Arc<Traffic>> {
    let (sender, receiver) = watch::channel(Arc::<Traffic>::default());
    tokio::spawn(async move {
        tokio::select! { () = cancel.cancelled() => {}, () = count(connection, live, sender) => {} }
    });
    receiver
}

async fn count(connection: Connection, mut live: watch::Receiver<Live>, sender: watch::Sender<Arc<Traffic>>) {
    let poller = Poller::new(connection);
    // Until the pods are listed there is nobody to ask.
    if live
        .wait_for(|live| !signals::proxies(&live.world).is_empty() || live.link == crate::live::Link::Live)
        .await
        .is_err()
    {
        return;
    }
    loop {
        let proxies = signals::proxies(&live.borrow().world);
        let round = poller.round(&proxies).await;
        let mut next = (**sender.borrow()).clone();
        next.revision += 1;
        next.now = poller.now();
        next.unknown = round.unknown.iter().map(unknown).collect();
        if proxies.is_empty() {
            let because = "no proxy runs in this cluster that counts requests".to_owned();
            next.unknown.push(mesh::Unknown { about: "traffic".into(), because });
        }
        next.measured |= !round.samples.is_empty();
        next.store.write().unwrap_or_else(PoisonError::into_inner).take(round, &proxies);
        sender.send_replace(Arc::new(next));
        tokio::time::sleep(Poller::step(proxies.len())).await;
    }
}

pub(crate) fn unknown(unknown: &signals::Unknown) -> mesh::Unknown {
    mesh::Unknown { about: unknown.about.clone(), because: unknown.because.clone() }
}

impl Session {
    /// What every proxy was sent and has acknowledged right now.
    pub(crate) async fn synchronised_now(&self) -> Fleet {
        let health = signals::health(self.connection(), &self.world(), false).await;
        join(health, &UsageReport::default(), &HashMap::new())
    }

    /// Every proxy as it is right now, certificates and all: for callers that look once.
    pub async fn fleet_now(&self) -> Fleet {
        let world = self.world();
        let (health, usage) =
            tokio::join!(signals::health(self.connection(), &world, true), signals::usage(self.connection(), &world));
        join(health, &usage, &HashMap::new())
    }
}

/// Looks at every proxy; `hurry` asks for a closer look after a change.
pub(crate) fn fleet(
    connection: Connection,
    live: watch::Receiver<Live>,
    hurry: Arc<Notify>,
    cancel: CancellationToken,
) -> watch::Receiver<Arc<Fleet>> {
    let (sender, receiver) = watch::channel(Arc::<Fleet>::default());
    tokio::spawn(async move {
        tokio::select! { () = cancel.cancelled() => {}, () = look(connection, live, &hurry, sender) => {} }
    });
    receiver
}

async fn look(
    connection: Connection,
    mut live: watch::Receiver<Live>,
    hurry: &Notify,
    sender: watch::Sender<Arc<Fleet>>,
) {
    if live
        .wait_for(|live| !signals::proxies(&live.world).is_empty() || live.link == crate::live::Link::Live)
        .await
        .is_err()
    {
        return;
    }
    let mut used: Option<(Instant, UsageReport)> = None;
    let mut certified: Option<Instant> = None;
    let mut certificates = HashMap::new();
    let mut hot_until: Option<Instant> = None;
    loop {
        let world = live.borrow().world.clone();
        let hot = hot_until.is_some_and(|until| until > Instant::now());
        // The first look is a quick one: synchronisation is known before the certificates are.
        let certify = !hot && sender.borrow().revision > 0 && certified.is_none_or(|at| at.elapsed() > CERTIFICATES);
        if used.as_ref().is_none_or(|(at, _)| at.elapsed() > USAGE) && !hot {
            used = Some((Instant::now(), signals::usage(&connection, &world).await));
        }
        let health = signals::health(&connection, &world, certify).await;
        if certify {
            certified = Some(Instant::now());
            certificates = health
                .rows
                .iter()
                .filter_map(|row| Some(((row.namespace.clone(), row.pod.clone()), row.certificate.clone()?)))
                .collect();
        }
        let usage = used.as_ref().map(|(_, report)| report.clone()).unwrap_or_default();
        let mut next = join(health, &usage, &certificates);
        sender.send_if_modified(|known| {
            next.revision = known.revision + 1;
            let same = known.revision > 0 && known.proxies == next.proxies && known.unknown == next.unknown;
            if !same {
                *known = Arc::new(std::mem::take(&mut next));
            }
            !same
        });
        tokio::select! {
            () = hurry.notified() => hot_until = Some(Instant::now() + HOT_FOR),
            () = tokio::time::sleep(if hot { HOT } else { CALM }) => {}
        }
    }
}
