//! The genuine cluster as `cluster` opens it.

use std::path::PathBuf;
use std::time::Duration;

use cluster::{Batch, Connection, ExecPolicy, Followed, Sources, follow};
use tokio_util::sync::{CancellationToken, DropGuard};
use world::{Coverage, World};

/// The kubeconfig of the genuine cluster, or `None` with a word on standard error.
pub fn kubeconfig() -> Option<PathBuf> {
    let path = std::env::var_os("NETLOFT_LIVE").map(PathBuf::from);
    if path.is_none() {
        eprintln!("skipped: NETLOFT_LIVE names no kubeconfig of a genuine cluster");
    }
    path
}

/// Opens a context of it.
///
/// # Errors
/// In words, where the context is not there or cannot be opened.
pub async fn open(kubeconfig: PathBuf, context: &str) -> Result<Connection, Box<dyn std::error::Error>> {
    let contexts = cluster::kubeconfig::read(&Sources { list: vec![kubeconfig], ..Sources::default() });
    let context = contexts.named(Some(context)).ok_or("no such context")?;
    Ok(cluster::connect(context, &ExecPolicy::default()).await?)
}

/// A world that is followed.
pub struct Following {
    /// As it is now.
    pub world: World,
    batches: tokio::sync::mpsc::Receiver<Batch>,
    _stop: DropGuard,
}

impl Following {
    /// Follows these kinds.
    pub fn begin(connection: &Connection, kinds: &[(&str, &str)]) -> Self {
        Self::of(connection, kinds.iter().map(|(group, kind)| Followed::new(group, kind)).collect())
    }

    /// The same, as far as is said of each.
    pub fn of(connection: &Connection, kinds: Vec<Followed>) -> Self {
        let cancel = CancellationToken::new();
        let batches = follow(connection.clone(), kinds, cancel.clone());
        Self { world: World::new(), batches, _stop: cancel.drop_guard() }
    }

    /// Follows until this holds.
    ///
    /// # Errors
    /// Where it does not hold within half a minute.
    pub async fn until(
        &mut self,
        what: &str,
        holds: impl Fn(&World) -> bool,
    ) -> Result<(), Box<dyn std::error::Error>> {
        let end = tokio::time::Instant::now() + Duration::from_secs(30);
        while !holds(&self.world) {
            match tokio::time::timeout_at(end, self.batches.recv()).await {
                Ok(Some(Batch::Changes(changes))) => self.world = self.world.after(changes),
                Ok(Some(Batch::Coverage { group, kind, coverage })) => {
                    self.world = self.world.covering(&group, &kind, coverage);
                }
                Ok(Some(Batch::Heard)) => {}
                Ok(None) | Err(_) => {
                    let coverage: Vec<_> = self.world.coverages().collect();
                    return Err(format!("not within half a minute: {what}; {coverage:?}").into());
                }
            }
        }
        Ok(())
    }

    /// Whether every kind is either there or known not to be.
    pub fn settled(world: &World) -> bool {
        let mut any = false;
        let open = |coverage: &Coverage| matches!(coverage, Coverage::Loading | Coverage::Stale(_));
        !world.coverages().any(|(_, _, coverage)| {
            any = true;
            open(coverage)
        }) && any
    }
}
