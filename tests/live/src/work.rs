//! Changes on the genuine mesh by the app's own path, and waiting until they are in force.

use journal::State;
use session::Session;
use session::policies::{Scope, Window};
use session::recipes::Dish;

use crate::shop::{NAMESPACE, until};

type Failure = Box<dyn std::error::Error>;

/// Puts these into the tray, reviews and applies them; the journal's entry. Fields that others own are taken over.
///
/// # Errors
/// Where any of it is refused.
pub async fn apply(session: &Session, dishes: &[Dish], why: &str) -> Result<i64, Failure> {
    for dish in dishes {
        session.draft_put(&dish.after, &dish.base).await?;
    }
    let plan = session.review().await?;
    if !plan.because.en.is_empty() {
        return Err(format!("{why}: {}", plan.because).into());
    }
    let owners: Vec<String> =
        plan.steps.iter().flat_map(|step| &step.conflicts).map(|conflict| conflict.manager.clone()).collect();
    let applied = session.apply(&plan.token, why, &owners).await?;
    if applied.state == State::Applied { Ok(applied.entry) } else { Err(format!("{why}: {applied:?}").into()) }
}

/// Undoes an entry.
///
/// # Errors
/// Where that is refused.
pub async fn undo(session: &Session, entry: i64) -> Result<(), Failure> {
    let plan = session.undo_review(entry).await?;
    if !plan.because.en.is_empty() {
        return Err(plan.because.en.clone().into());
    }
    let undone = session.undo(entry, &plan.token).await?;
    if undone.state == State::Applied { Ok(()) } else { Err(format!("{undone:?}").into()) }
}

/// The address of a pod of a workload.
///
/// # Errors
/// Where there is none.
pub fn pod(session: &Session, namespace: &str, workload: &str) -> Result<String, Failure> {
    let world = session.world();
    let found = world.pods_in(namespace).find(|pod| pod.workload.1 == workload).map(|pod| pod.ip.clone());
    Ok(found.ok_or_else(|| format!("no pod of {namespace}/{workload}"))?)
}

/// A service of the shop, or all of them where none is named, with all that its proxies counted.
pub fn scope(service: &str) -> Scope {
    Scope { namespace: NAMESPACE.into(), service: service.into(), window: Window::Ever, requests: false }
}

/// Waits until the proxies have counted who calls whom in the shop.
///
/// # Errors
/// Where they do not.
pub async fn counted(session: &Session) -> Result<(), Failure> {
    until("traffic is counted", async || {
        let made = session.policies_seen(&scope("")).await.map_err(|error| error.to_string())?;
        let services: Vec<&str> = made.let_in.iter().map(|one| one.service.1.as_str()).collect();
        let all = ["productpage", "reviews", "details", "ratings"].iter().all(|name| services.contains(name));
        if all { Ok(()) } else { Err(format!("{services:?}, left: {:?}", made.left)) }
    })
    .await
}

/// Waits until the mesh answers so, for what is written takes a moment to arrive at every proxy.
///
/// # Errors
/// Where it never does, with what it answered last.
pub async fn promised(what: &str, holds: impl AsyncFn() -> Result<Kept, Failure>) -> Result<(), Failure> {
    until(what, async || match holds().await {
        Ok(kept) if kept.holds => Ok(()),
        Ok(kept) => Err(kept.saw),
        Err(error) => Err(error.to_string()),
    })
    .await
}

/// Whether something holds, and what was seen of it.
pub struct Kept {
    /// It does.
    pub holds: bool,
    /// In words, with its figures.
    pub saw: String,
}

/// The same, said at once.
pub fn kept(holds: bool, saw: impl std::fmt::Debug) -> Kept {
    Kept { holds, saw: format!("{saw:?}") }
}
