//! How near the callers of a service are to the limits of its DestinationRule. The limits hold for each proxy by itself.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt};
use mesh::Unknown;
pub use signals::pressure::{Limits, Pressure};
use signals::pressure::{add_refused, read, refused_path};
use world::{Said, said};

use crate::traffic::Names;
use crate::{Result, Session};

/// So many proxies are asked, those whose workloads call most before others.
const MOST: usize = 8;
/// So many at once.
const AT_ONCE: usize = 4;
/// Who called within so many seconds is a caller.
const LATELY: u32 = 60;

/// What a proxy that calls the service says.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    /// Namespace and pod.
    pub pod: Names,
    /// Its workload.
    pub workload: String,
    /// By port and version: the clusters of the service.
    pub clusters: Vec<Pressure>,
}

impl Session {
    /// Asks the proxies that call a service how near they are to its limits; what of them cannot be known is said.
    ///
    /// # Errors
    /// Where the cluster has not been read.
    pub async fn pressure(&self, namespace: &str, service: &str) -> Result<(Vec<Caller>, Vec<Unknown>)> {
        let ready = self.ready().await?;
        let flows = self.traffic.borrow().clone().over(LATELY, &ready);
        let mut callers: BTreeMap<Names, f64> = BTreeMap::new();
        for flow in flows.iter().filter(|flow| flow.service.0 == namespace && flow.service.1 == service) {
            *callers.entry(flow.from.clone()).or_default() += flow.per_second;
        }
        let rate = |names: &Names| callers.get(names).copied().unwrap_or_default();
        let fleet = self.fleet.borrow().clone();
        let mut asked: Vec<(Names, Names)> = fleet
            .all()
            .filter(|row| row.is_xds() && row.role != "ztunnel")
            .map(|row| ((row.namespace.clone(), row.pod.clone()), (row.namespace.clone(), row.workload.clone())))
            .filter(|(_, workload)| callers.contains_key(workload))
            .collect();
        asked.sort_by(|a, b| rate(&b.1).total_cmp(&rate(&a.1)).then_with(|| a.0.cmp(&b.0)));
        let mut unknown = Vec::new();
        for (namespace, workload) in callers.keys().filter(|one| asked.iter().all(|(_, of)| of != *one)) {
            let about = [&**namespace, workload].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
            unknown.push(unknown_of(
                about.join("/"),
                said!("it has no proxy of its own that would keep to limits", "它没有会遵守上限的代理"),
            ));
        }
        asked.truncate(MOST);
        let host = format!("{service}.{namespace}.svc.cluster.local");
        let answers = stream::iter(asked).map(|(pod, of)| self.under_way(pod, of.1, &host));
        let answers: Vec<_> = answers.buffered(AT_ONCE).collect().await;
        let mut found = Vec::new();
        for answer in answers {
            match answer {
                Ok(caller) => found.push(caller),
                Err(one) => unknown.push(one),
            }
        }
        Ok((found, unknown))
    }

    async fn under_way(&self, pod: Names, workload: String, host: &str) -> std::result::Result<Caller, Unknown> {
        let refused = refused_path(host);
        let ask = |path| self.connection().admin_get(&pod.0, &pod.1, path);
        let (clusters, refused) = tokio::join!(ask("/clusters?format=json"), ask(&refused));
        let clusters = clusters.map_err(|error| unknown_of(format!("{}/{}", pod.0, pod.1), error.said()))?;
        let mut clusters = read(&clusters, host);
        if let Ok(refused) = refused {
            add_refused(&refused, &mut clusters);
        }
        Ok(Caller { pod, workload, clusters })
    }
}

fn unknown_of(about: String, because: Said) -> Unknown {
    Unknown { about: about.into(), because }
}
