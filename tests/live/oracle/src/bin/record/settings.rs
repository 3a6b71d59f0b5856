//! The mesh's own settings for the time of a case. They are put back when the case is over, however it ends.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::Outcome;
use crate::kubectl::kubectl;

const NAMESPACE: &str = "istio-system";
const NAME: &str = "istio";
/// How long istiod may take to read its settings anew.
const PATIENCE: Duration = Duration::from_secs(60);

/// Settings that are in force until this is dropped.
pub struct Settings {
    before: Value,
    in_force_before: Value,
}

impl Settings {
    /// Lays these fields of MeshConfig over those that the mesh has; also gives the object as it is to be recorded.
    pub fn put(fields: &Map<String, Value>) -> Outcome<(Self, Value)> {
        let mut object: Value =
            serde_json::from_str(&kubectl(&["get", "configmap", NAME, "-n", NAMESPACE, "-o", "json"], None)?)?;
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.retain(|name, _| ["name", "namespace", "labels"].contains(&name.as_str()));
        }
        let before = object.clone();
        let mut mesh: Value = world::yaml::own::read(object["data"]["mesh"].as_str().unwrap_or_default())?;
        for (name, value) in fields {
            mesh[name] = value.clone();
        }
        object["data"]["mesh"] = Value::String(world::yaml::write(&mesh));
        let put = Self { before, in_force_before: in_force()? };
        replace(&object)?;
        // An object that is created while istiod reads its settings may be lost to it.
        until("has the settings of the case", |now| *now != put.in_force_before)?;
        let recorded = json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": NAME, "namespace": NAMESPACE}, "data": {"mesh": object["data"]["mesh"]}});
        Ok((put, recorded))
    }
}

impl Drop for Settings {
    fn drop(&mut self) {
        let back = replace(&self.before)
            .and_then(|()| until("has its own settings again", |now| *now == self.in_force_before));
        if let Err(why) = back {
            let _ = writeln!(std::io::stderr(), "the mesh's settings could not be put back: {why}\n{}", self.before);
        }
    }
}

fn replace(object: &Value) -> Outcome<()> {
    kubectl(&["replace", "-f", "-"], Some(&object.to_string()))?;
    Ok(())
}

/// The settings by which istiod goes, with the defaults that it fills in.
fn in_force() -> Outcome<Value> {
    let ask = ["exec", "-n", NAMESPACE, "deploy/istiod", "--", "pilot-discovery", "request", "GET", "/debug/mesh"];
    let text = kubectl(&ask, None)?;
    // Lines of its log go before.
    let json = text.lines().find(|line| line.starts_with('{')).ok_or("istiod tells no settings")?;
    Ok(serde_json::from_str(json)?)
}

fn until(what: &str, holds: impl Fn(&Value) -> bool) -> Outcome<()> {
    let started = Instant::now();
    while !holds(&in_force()?) {
        if started.elapsed() > PATIENCE {
            return Err(format!("istiod does not say that it {what}").into());
        }
    }
    Ok(())
}
