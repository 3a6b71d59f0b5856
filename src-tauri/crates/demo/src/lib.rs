//! The built-in cluster: a stateful Kubernetes API in memory, with a shop on Istio and a corner on Linkerd, whose traffic the mesh engine
//! itself decides.
//!
//! Deliberately absent: a port or a process of its own (it is a service; `serve` lends it a listener), anything on disk, and
//! kinds that no view of this program reads. What it does answer, it answers as the genuine server does: one suite of behaviours
//! (`tests/live`) runs on both.

mod access;
mod api;
mod ask;
mod authority;
mod bytes;
mod chance;
mod connect;
mod copies;
mod counters;
mod discovery;
mod dry_run;
mod dump;
mod envoy;
mod exec;
mod fields;
mod form;
mod forward;
mod inside;
mod istiod;
mod kinds;
mod load;
mod managed;
mod manifests;
mod merge;
mod proxies;
mod reach;
mod refusal;
mod review;
mod rollouts;
mod schema;
mod scope;
mod selector;
mod shop;
mod store;
mod terms;
mod traffic;
mod usage;
mod validate;
mod watching;
mod write;
mod ztunnel;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::api::Api;
use crate::kinds::Kinds;
use crate::store::Store;
use crate::traffic::Traffic;

pub use crate::kinds::KindsError;
pub use crate::load::LoadError;

/// How the built-in cluster is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// So many services beside the shop's, each with a pod.
    pub services: usize,
    /// Makes names and chances; the same seed makes the same cluster.
    pub seed: u64,
    /// Events that are kept of each kind. A watch from before them gets 410.
    pub history: usize,
    /// Kinds besides those of the shop's meshes, as a list in the form of `crds/*.json`; empty for none.
    pub more_kinds: String,
    /// Two rollouts are under way that other controllers drive, and those controllers run.
    pub rollouts: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { services: 0, seed: 1, history: 2048, more_kinds: String::new(), rollouts: true }
    }
}

/// Why the built-in cluster could not be made; each a fault of this crate.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data of the kinds.
    #[error("the kinds could not be read: {0}")]
    Kinds(#[from] KindsError),
    /// The objects of the shop.
    #[error("the shop could not be read: {0}")]
    Load(#[from] LoadError),
}

/// A running cluster. It ends when it is dropped.
#[derive(Debug)]
pub struct Demo {
    api: Arc<Api>,
    _alive: DropGuard,
}

impl Demo {
    /// Makes the cluster and sets its traffic going, on the current runtime.
    ///
    /// # Errors
    /// Where the data that this crate carries does not read.
    pub fn start(options: &Options) -> Result<Arc<Self>, StartError> {
        let kinds = Kinds::read(&options.more_kinds)?;
        let store = Arc::new(Store::new(&kinds, options.history));
        load::shop(&kinds, &store, options)?;
        let cancel = CancellationToken::new();
        let traffic = Arc::new(Traffic::new(&store, options.seed));
        tokio::spawn(traffic.clone().run(store.clone(), cancel.clone()));
        let api = Arc::new(Api { kinds, store, traffic, cancel: cancel.clone() });
        if options.rollouts {
            tokio::spawn(rollouts::run(connect::client(&api, "demo-admin"), cancel.clone()));
        }
        Ok(Arc::new(Self { api, _alive: cancel.drop_guard() }))
    }

    /// A client that may do everything.
    pub fn client(&self) -> kube::Client {
        connect::client(&self.api, "demo-admin")
    }

    /// A client that may only read.
    pub fn viewer(&self) -> kube::Client {
        connect::client(&self.api, "demo-viewer")
    }

    /// A client that may read and run programs in pods, and may not forward ports.
    pub fn runner(&self) -> kube::Client {
        connect::client(&self.api, "demo-runner")
    }

    /// Serves the API on a listener until `cancel`, or until this cluster ends.
    ///
    /// # Errors
    /// Where the listener fails.
    pub async fn serve(&self, listener: TcpListener, cancel: CancellationToken) -> io::Result<()> {
        connect::serve(self.api.clone(), listener, cancel).await
    }

    /// A kubeconfig for a server at this address: contexts `demo` and `demo-viewer`.
    pub fn kubeconfig(&self, address: SocketAddr) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: demo\nclusters:\n- name: demo\n  cluster:\n    server: http://{address}\n\
             users:\n- name: demo-admin\n  user:\n    token: demo-admin\n- name: demo-viewer\n  user:\n    token: demo-viewer\n\
             contexts:\n- name: demo\n  context:\n    cluster: demo\n    user: demo-admin\n- name: demo-viewer\n  context:\n    \
             cluster: demo\n    user: demo-viewer\n"
        )
    }
}
