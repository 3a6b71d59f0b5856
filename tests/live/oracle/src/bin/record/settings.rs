//! The mesh's own settings for the time of a case. They are put back when the case is over, however it ends.

use std::io::Write;

use serde_json::{Map, Value, json};

use crate::Outcome;
use crate::kubectl::kubectl;

const NAMESPACE: &str = "istio-system";
const NAME: &str = "istio";

/// Settings that are in force until this is dropped.
pub struct Settings {
    before: Value,
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
        replace(&object)?;
        let recorded = json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": NAME, "namespace": NAMESPACE}, "data": {"mesh": object["data"]["mesh"]}});
        Ok((Self { before }, recorded))
    }
}

impl Drop for Settings {
    fn drop(&mut self) {
        if let Err(why) = replace(&self.before) {
            let _ = writeln!(std::io::stderr(), "the mesh's settings could not be put back: {why}\n{}", self.before);
        }
    }
}

fn replace(object: &Value) -> Outcome<()> {
    kubectl(&["replace", "-f", "-"], Some(&object.to_string()))?;
    Ok(())
}
