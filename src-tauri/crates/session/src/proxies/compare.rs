//! What the control plane would send a proxy against what the proxy has.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use signals::compare::{self, Compared};
use world::yaml;

use crate::session::defect;
use crate::{Error, Result, Session};

pub use signals::compare::{Kind, Standing};

/// The two as they were when both were asked.
#[derive(Debug)]
pub struct Comparison {
    /// Namespace and pod.
    place: (String, String),
    /// Milliseconds since 1970.
    pub read_at: f64,
    /// The instance that was asked, `namespace/pod`; empty where none could be.
    pub control_plane: String,
    /// Why the two cannot be compared; empty where they are.
    pub because: String,
    /// Every part, those that differ first.
    pub parts: Vec<Compared>,
}

/// What a proxy would be sent stands on a page alone (istio, pilot/pkg/xds/debug.go `ConfigDump`).
const SHUT: &str = "the debug pages of its control plane are shut, and what it would send stands on them alone";

/// The last one that was asked for.
pub(crate) type Held = Mutex<Option<Arc<Comparison>>>;

impl Session {
    /// Asks both and compares them.
    ///
    /// # Errors
    /// Where the proxy or its control plane cannot be asked.
    pub async fn proxy_compare(&self, namespace: &str, pod: &str) -> Result<Arc<Comparison>> {
        let plane = self.plane_of(namespace, pod);
        let mut made = Comparison {
            place: (namespace.to_owned(), pod.to_owned()),
            read_at: jiff::Timestamp::now().as_millisecond() as f64,
            control_plane: plane.clone().unwrap_or_default(),
            because: String::new(),
            parts: Vec::new(),
        };
        match plane.as_deref().and_then(|plane| plane.split_once('/')) {
            None => made.because = self.unknown_to_all().into(),
            Some((namespace, pod)) if self.has_shut_pages(&format!("{namespace}/{pod}")) => {
                made.because = SHUT.into();
            }
            Some(plane) => match self.compared(plane, namespace, pod).await? {
                Ok(parts) => made.parts = parts,
                Err(error) => made.because = error.to_string(),
            },
        }
        let made = Arc::new(made);
        *self.compared.lock().unwrap_or_else(PoisonError::into_inner) = Some(made.clone());
        Ok(made)
    }

    /// The instance that the proxy is connected to.
    fn plane_of(&self, namespace: &str, pod: &str) -> Option<String> {
        let fleet = self.fleet.borrow();
        let row = fleet.proxies.iter().find(|row| row.namespace == namespace && row.pod == pod)?;
        Some(row.control_plane.clone()).filter(|plane| !plane.is_empty())
    }

    fn has_shut_pages(&self, plane: &str) -> bool {
        self.fleet.borrow().control_planes.iter().any(|one| one.name == plane && one.over_xds)
    }

    /// Why no instance is known for a proxy. One that did not answer may know it.
    fn unknown_to_all(&self) -> &'static str {
        if self.fleet.borrow().control_planes.iter().all(|plane| plane.answered) {
            "no control plane knows this proxy: it is not connected"
        } else {
            "no control plane that answered knows this proxy, and one did not answer"
        }
    }

    async fn compared(
        &self,
        plane: (&str, &str),
        namespace: &str,
        pod: &str,
    ) -> Result<std::result::Result<Vec<Compared>, compare::Unreadable>> {
        let path = format!("/debug/config_dump?proxyID={pod}.{namespace}&include_eds");
        let sent = signals::plane::page(self.connection(), plane, &path);
        let held = self.connection().admin_get(namespace, pod, "/config_dump?include_eds");
        let (sent, held) = tokio::try_join!(sent, held)?;
        let compared = tokio::task::spawn_blocking(move || compare::compare(&sent, &held)).await;
        compared.map_err(|_| defect("comparing configurations"))
    }

    /// How one part differs, line by line, without what is secret: before is what the proxy has, after is what it would be sent.
    ///
    /// # Errors
    /// Where it was not compared, or is gone.
    pub fn proxy_difference(&self, namespace: &str, pod: &str, kind: Kind, name: &str) -> Result<Vec<yaml::DiffLine>> {
        let held = self.compared.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let held = held.filter(|held| held.place.0 == namespace && held.place.1 == pod);
        let found =
            held.as_ref().and_then(|held| held.parts.iter().find(|part| part.kind == kind && part.name == name));
        let part = found.ok_or_else(|| Error::Field {
            field: "part",
            reason: format!("{name} of {namespace}/{pod} was not compared: compare again"),
        })?;
        let text = |value: &Value| {
            let mut value = value.clone();
            signals::redact(&mut value);
            if value.is_null() { String::new() } else { yaml::write(&value) }
        };
        Ok(yaml::diff(&text(&part.held), &text(&part.sent)))
    }
}
