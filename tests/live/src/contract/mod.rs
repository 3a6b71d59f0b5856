//! The behaviours of the Kubernetes API that Netloft leans on, as one list. The same list runs on the built-in cluster and on a
//! genuine API server, so that the built-in one cannot drift.

mod applying;
mod ground;
mod reading;
mod refusing;
mod watching;
mod writing;

use std::time::Duration;

use futures::future::BoxFuture;

pub use ground::{Broken, Ground};

/// A behaviour that takes longer is broken.
const PATIENCE: Duration = Duration::from_secs(15);

/// One behaviour: what it is called, and how it is seen.
pub struct Behaviour {
    /// In words.
    pub name: &'static str,
    /// Looks for it on a cluster.
    pub see: for<'a> fn(&'a Ground) -> BoxFuture<'a, Result<(), Broken>>,
}

/// A list of behaviours from functions of their names.
macro_rules! listed {
    ($($name:ident),* $(,)?) => {
        vec![$($crate::contract::Behaviour { name: stringify!($name), see: |ground| Box::pin($name(ground)) }),*]
    };
}
pub(crate) use listed;

/// Every behaviour.
pub fn behaviours() -> Vec<Behaviour> {
    let mut all = reading::behaviours();
    all.extend(watching::behaviours());
    all.extend(writing::behaviours());
    all.extend(refusing::behaviours());
    all.extend(applying::behaviours());
    all
}

/// Looks for every behaviour in a namespace of its own, which is deleted afterwards. Answers how many were seen, and what is broken.
///
/// # Errors
/// Where the namespace can not be made or deleted.
pub async fn see_all(client: kube::Client, namespace: &str) -> Result<(usize, Vec<String>), Broken> {
    let ground = Ground::new(client, namespace);
    ground.make_namespace().await?;
    let mut broken = Vec::new();
    let all = behaviours();
    for behaviour in &all {
        match tokio::time::timeout(PATIENCE, (behaviour.see)(&ground)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => broken.push(format!("{}: {error}", behaviour.name)),
            Err(_) => broken.push(format!("{}: not seen within {} s", behaviour.name, PATIENCE.as_secs())),
        }
    }
    ground.delete_namespace().await?;
    Ok((all.len() - broken.len(), broken))
}
