//! How hard an istiod has to work: how long its pushes take, from its own counters. Counters only grow; what counts is how much they grew.

use std::collections::HashMap;

use cluster::Connection;

use crate::health::DEBUG_PORT;
use crate::prometheus;

/// How an istiod did since it was read before.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Strain {
    /// Configurations that reached a proxy.
    pub pushes: f64,
    /// The share of them that took longer than five seconds from the change.
    pub late: f64,
    /// The share of proxies that waited longer than a second for their turn.
    pub queued: f64,
}

/// What is read of one: (all, quick enough) of pushes and of waits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Counted {
    pushes: (f64, f64),
    waits: (f64, f64),
}

/// Reads every istiod, again and again.
#[derive(Debug, Default)]
pub struct Strains {
    last: HashMap<String, Counted>,
}

impl Strains {
    /// Asks each istiod once. Those that were asked for the first time, or do not answer, are not in the answer.
    pub async fn round(&mut self, connection: &Connection, planes: &[(String, String)]) -> HashMap<String, Strain> {
        let asked = planes.iter().map(|(namespace, pod)| async move {
            let body = connection.pod_forward_get(namespace, pod, DEBUG_PORT, "/metrics").await.ok()?;
            Some((format!("{namespace}/{pod}"), read(&body)))
        });
        let answers = futures::future::join_all(asked).await;
        let there: HashMap<String, Counted> = answers.into_iter().flatten().collect();
        let found = there.iter().filter_map(|(name, now)| Some((name.clone(), between(self.last.get(name)?, now)?)));
        let found = found.collect();
        self.last = there;
        found
    }
}

/// `None` where it began anew in between.
fn between(before: &Counted, now: &Counted) -> Option<Strain> {
    let slow = |before: (f64, f64), now: (f64, f64)| {
        let (all, quick) = (now.0 - before.0, now.1 - before.1);
        (all >= 0.0).then(|| (all, if all > 0.0 { (1.0 - quick / all).clamp(0.0, 1.0) } else { 0.0 }))
    };
    let ((pushes, late), (_, queued)) = (slow(before.pushes, now.pushes)?, slow(before.waits, now.waits)?);
    Some(Strain { pushes, late, queued })
}

/// Upstream: istio pilot/pkg/xds/monitoring.go (`pilot_proxy_convergence_time`, `pilot_proxy_queue_time`, with buckets of 1, 3, 5, 10 … s).
fn read(body: &[u8]) -> Counted {
    let mut counted = Counted::default();
    let wanted = |name: &[u8]| name.starts_with(b"pilot_proxy_");
    prometheus::scan(body, wanted, |sample| {
        let bound = sample.labels.get("le");
        match (sample.name, bound.as_deref()) {
            ("pilot_proxy_convergence_time_count", _) => counted.pushes.0 += sample.value,
            ("pilot_proxy_convergence_time_bucket", Some("5")) => counted.pushes.1 += sample.value,
            ("pilot_proxy_queue_time_count", _) => counted.waits.0 += sample.value,
            ("pilot_proxy_queue_time_bucket", Some("1")) => counted.waits.1 += sample.value,
            _ => {}
        }
    });
    counted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(pushes: u32, quick: u32) -> String {
        format!(
            "pilot_proxy_convergence_time_bucket{{le=\"3\"}} 1\npilot_proxy_convergence_time_bucket{{le=\"5\"}} {quick}\n\
             pilot_proxy_convergence_time_bucket{{le=\"+Inf\"}} {pushes}\npilot_proxy_convergence_time_count {pushes}\n\
             pilot_proxy_queue_time_bucket{{le=\"1\"}} {pushes}\npilot_proxy_queue_time_count {pushes}\n"
        )
    }

    #[test]
    fn what_came_between_two_looks() {
        let (before, now) = (read(text(100, 100).as_bytes()), read(text(140, 130).as_bytes()));
        assert_eq!(between(&before, &now), Some(Strain { pushes: 40.0, late: 0.25, queued: 0.0 }));
        assert_eq!(between(&now, &before), None, "it began anew");
        assert_eq!(between(&now, &now), Some(Strain::default()));
        assert_eq!(read(b"nothing of it"), Counted::default());
    }
}
