//! The routes that a rollout may drive for a service, where each decides, and between which versions.

use std::collections::BTreeSet;

use mesh::{Ready, Share};
use rollout::{Route, RouteKind, Service, versions};
use world::ObjectKey;

use super::callers::gateways;
use crate::session::defect;
use crate::{Result, Session};

/// A route that a rollout may drive for a service.
#[derive(Clone, Debug, PartialEq)]
pub struct Drivable {
    /// The route.
    pub object: ObjectKey,
    /// It decides for callers in the mesh.
    pub within: bool,
    /// The Gateways at which it decides for requests from outside: `namespace/name`.
    pub gateways: Vec<String>,
    /// What it can send requests to: subsets, or for an HTTPRoute Services. Those that get most of them now first.
    pub versions: Vec<Share>,
}

impl Session {
    /// The routes that a rollout may drive for a service: those that decide for it in the mesh first.
    ///
    /// # Errors
    /// Where the cluster cannot be asked.
    pub async fn rollout_routes(&self, namespace: &str, name: &str) -> Result<Vec<Drivable>> {
        let ready = self.ready().await?;
        let service = Service { namespace: namespace.to_owned(), name: name.to_owned() };
        let found = tokio::task::spawn_blocking(move || drivable(&ready, &service));
        found.await.map_err(|_| defect("looking for routes"))
    }
}

fn drivable(ready: &Ready, service: &Service) -> Vec<Drivable> {
    let routes = ready.routes(&service.namespace, &service.name);
    let within: BTreeSet<&ObjectKey> = routes.iter().filter_map(|one| one.object.as_ref()).collect();
    let behind = behind(ready, service);
    let mut found = Vec::new();
    for kind in RouteKind::ALL {
        let any = kind.object("", "");
        for document in ready.world().documents_of(&any.group, &any.kind) {
            let key = &document.key;
            let route = Route { kind, namespace: key.namespace.clone(), name: key.name.clone() };
            let mut versions = versions(service, &route, &document.body);
            if kind == RouteKind::HttpRoute {
                versions.retain(|(name, _)| behind.contains(name));
            }
            let within = within.contains(key);
            if versions.is_empty() && !within {
                continue;
            }
            let leads = |(namespace, name): &(String, String)| {
                *namespace == service.namespace && (*name == service.name || behind.contains(name))
            };
            let mut entering = ready.entering(key);
            entering.retain(|one| one.services.iter().any(leads));
            let gateways = gateways(&entering);
            if !within && gateways.is_empty() {
                continue;
            }
            if kind == RouteKind::HttpRoute {
                // What it can be told of as well.
                let more = behind.iter().filter(|name| **name != service.name);
                let new: Vec<_> = more.filter(|name| versions.iter().all(|(known, _)| known != *name)).collect();
                versions.extend(new.into_iter().map(|name| (name.clone(), 0.0)));
            }
            found.push(Drivable {
                object: key.clone(),
                within,
                gateways,
                versions: versions.into_iter().map(|(name, share)| Share { name, share }).collect(),
            });
        }
    }
    found.sort_by_key(|one| !one.within);
    found
}

/// Services of its namespace behind which are pods of the service: itself, and those of its versions.
fn behind(ready: &Ready, service: &Service) -> BTreeSet<String> {
    let (world, places) = (ready.world(), ready.places());
    let Some(own) = world.service(&service.namespace, &service.name) else { return BTreeSet::new() };
    let pods: BTreeSet<&str> = places.of_service(own).into_iter().map(|pod| pod.name.as_str()).collect();
    let all = world.services().filter(|one| one.namespace == service.namespace);
    let is_of = |one: &&std::sync::Arc<world::Service>| {
        let its = places.of_service(one);
        one.name == service.name || !its.is_empty() && its.iter().all(|pod| pods.contains(pod.name.as_str()))
    };
    all.filter(is_of).map(|one| one.name.clone()).collect()
}
