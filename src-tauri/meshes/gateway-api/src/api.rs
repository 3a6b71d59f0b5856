//! Every object of the Gateway API in one world, typed once, oldest first.

use std::collections::BTreeMap;
use std::sync::Arc;

use mesh::Typed;
use serde::de::DeserializeOwned;
use world::{Document, Labels, World};

use crate::GROUP;
use crate::spec::{
    ConnectionRoute, Gateway, GatewayClass, GrpcRoute, HttpRoute, ListenerSet, ObjectRef, ReferenceGrant,
};

/// The objects of one world. Those whose spec has another shape than the kind allows are not there.
#[derive(Clone, Debug, Default)]
pub struct Api {
    namespaces: BTreeMap<String, Labels>,
    classes: BTreeMap<String, String>,
    /// Gateways.
    pub gateways: Vec<Typed<Gateway>>,
    /// ListenerSets.
    pub listener_sets: Vec<Typed<ListenerSet>>,
    /// HTTPRoutes.
    pub http_routes: Vec<Typed<HttpRoute>>,
    /// GRPCRoutes.
    pub grpc_routes: Vec<Typed<GrpcRoute>>,
    /// TLSRoutes.
    pub tls_routes: Vec<Typed<ConnectionRoute>>,
    /// TCPRoutes.
    pub tcp_routes: Vec<Typed<ConnectionRoute>>,
    /// ReferenceGrants.
    pub grants: Vec<Typed<ReferenceGrant>>,
}

impl Api {
    /// Reads a world.
    pub fn of(world: &World) -> Self {
        let classes: Vec<Typed<GatewayClass>> = typed(world, "GatewayClass");
        Self {
            namespaces: world.namespaces().map(|n| (n.name.clone(), n.labels.clone())).collect(),
            classes: classes.into_iter().map(|c| (c.document.key.name.clone(), c.spec.controller_name)).collect(),
            gateways: typed(world, "Gateway"),
            listener_sets: typed(world, "ListenerSet"),
            http_routes: typed(world, "HTTPRoute"),
            grpc_routes: typed(world, "GRPCRoute"),
            tls_routes: typed(world, "TLSRoute"),
            tcp_routes: typed(world, "TCPRoute"),
            grants: typed(world, "ReferenceGrant"),
        }
    }

    /// There is neither a gateway nor a route.
    pub fn is_empty(&self) -> bool {
        let routes = self.http_routes.is_empty()
            && self.grpc_routes.is_empty()
            && self.tls_routes.is_empty()
            && self.tcp_routes.is_empty();
        routes && self.gateways.is_empty() && self.listener_sets.is_empty()
    }

    /// Who makes gateways of a class; `None` where the class is not there.
    pub fn controller(&self, class: &str) -> Option<&str> {
        self.classes.get(class).map(String::as_str)
    }

    /// Names of the namespaces that are known.
    pub fn namespaces(&self) -> impl Iterator<Item = &str> {
        self.namespaces.keys().map(String::as_str)
    }

    /// Labels of a namespace, with its name among them as Kubernetes sets it.
    pub fn labels_of(&self, namespace: &str) -> Option<Labels> {
        Some(self.namespaces.get(namespace)?.with([("kubernetes.io/metadata.name", namespace)]))
    }

    /// The grant by which an object of a kind in one namespace may refer to an object in another; `None` where there is none.
    pub fn grant(&self, kind: &str, namespace: &str, to: &ObjectRef) -> Option<&Typed<ReferenceGrant>> {
        let home = to.namespace.as_deref()?;
        let from = |f: &ObjectRef| {
            f.kind.as_deref() == Some(kind)
                && f.group.as_deref() == Some(GROUP)
                && f.namespace.as_deref() == Some(namespace)
        };
        let group = to.group.as_deref().unwrap_or_default();
        let target = |t: &ObjectRef| {
            t.kind.as_deref() == Some(to.kind.as_deref().unwrap_or("Service"))
                && t.group.as_deref().unwrap_or_default() == group
                && (t.name.is_empty() || t.name == to.name)
        };
        let gives = |g: &&Typed<ReferenceGrant>| {
            g.document.key.namespace == home && g.spec.from.iter().any(from) && g.spec.to.iter().any(target)
        };
        self.grants.iter().find(gives)
    }
}

/// Oldest first, then by namespace and name, as the API orders what is otherwise equal. A draft or a file is the youngest.
fn typed<T: DeserializeOwned + Default>(world: &World, kind: &str) -> Vec<Typed<T>> {
    let read =
        |document: &Arc<Document>| Some(Typed { document: document.clone(), spec: mesh::read_spec(document).ok()? });
    let mut all: Vec<Typed<T>> = world.documents_of(GROUP, kind).filter_map(read).collect();
    all.sort_by_key(|t| {
        let key = &t.document.key;
        (t.document.created.unwrap_or(i64::MAX), key.namespace.clone(), key.name.clone())
    });
    all
}
