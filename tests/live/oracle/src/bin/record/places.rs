//! Who is where in the cluster that is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use oracle::outside;
use serde_json::{Value, json};

use crate::ground::ground_of;
use crate::kubectl::kubectl;
use crate::{Outcome, SETTLE};

/// Port at which every proxy says whether it is ready.
const STATUS: u16 = 15021;
/// Port at which every proxy tells its counters.
const COUNTERS: u16 = 15090;
/// How long proxies may take to drain what is no longer configured.
const PATIENCE: Duration = Duration::from_secs(200);

/// Addresses of pods and services, and texts that cases name: tokens and the like.
pub struct Places {
    pub world: Value,
    pub pods: BTreeMap<String, String>,
    pub services: BTreeMap<String, String>,
    pub texts: BTreeMap<String, String>,
}

impl Places {
    pub fn look() -> Outcome<Self> {
        let kinds =
            "ns,sa,svc,secrets,deploy,pods,gateways.gateway.networking.k8s.io,gatewayclasses.gateway.networking.k8s.io";
        let text = kubectl(&["get", kinds, "-A", "-o", "json"], None)?;
        let list: Value = serde_json::from_str(&text)?;
        Ok(Self::of_items(list["items"].as_array().into_iter().flatten().map(slim).collect()))
    }

    /// What an earlier recording saw; nothing where there was none.
    pub fn recorded(file: &Path) -> Self {
        let list: Value =
            fs::read_to_string(file).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Self::of_items(list["items"].as_array().cloned().unwrap_or_default())
    }

    fn of_items(items: Vec<Value>) -> Self {
        let (mut pods, mut services) = (BTreeMap::new(), BTreeMap::new());
        for item in &items {
            let ns = item["metadata"]["namespace"].as_str().unwrap_or_default();
            let name = item["metadata"]["name"].as_str().unwrap_or_default();
            if item["kind"] == "Pod" {
                let workload = name.rsplitn(3, '-').nth(2).unwrap_or(name);
                pods.insert(format!("{ns}/{workload}"), item["status"]["podIP"].as_str().unwrap_or_default().into());
            } else if item["kind"] == "Service" {
                services.insert(format!("{ns}/{name}"), item["spec"]["clusterIP"].as_str().unwrap_or_default().into());
            }
        }
        Self {
            world: json!({"apiVersion": "v1", "kind": "List", "items": items}),
            pods,
            services,
            texts: BTreeMap::new(),
        }
    }

    /// The addresses in the namespaces that a topic lays out.
    pub fn of(&self, folder: &Path) -> Outcome<Vec<(&String, &String)>> {
        let ground = ground_of(folder)?;
        let (objects, _) = world::yaml::documents(&ground, "ground.yaml");
        let own: BTreeSet<String> = objects.iter().map(|object| object.key().namespace).collect();
        let all = self.pods.iter().chain(&self.services);
        Ok(all.filter(|(name, _)| name.split('/').next().is_some_and(|ns| own.contains(ns))).collect())
    }

    /// The address at which pods see this machine: every proxy shows it at the port that says whether it is ready.
    pub fn own_address(&self) -> Outcome<String> {
        let found = self.pods.values().filter_map(|ip| outside::own_address(ip, STATUS).ok()).next();
        found.ok_or_else(|| "no proxy runs here".into())
    }

    /// Waits until no proxy serves connections by a configuration that is gone.
    pub fn drained(&self) -> Outcome<()> {
        let started = Instant::now();
        let draining =
            || self.pods.values().any(|ip| outside::get(ip, COUNTERS, "/stats/prometheus").is_ok_and(drains));
        // The change itself takes a while to reach them.
        for wanted in [true, false] {
            while draining() != wanted {
                if started.elapsed() > PATIENCE {
                    return Err(format!("no proxy has begun and ended its draining in {PATIENCE:?}").into());
                }
                std::thread::sleep(SETTLE);
            }
        }
        Ok(())
    }

    /// The texts of a topic, where it has any.
    pub fn with_texts(mut self, folder: &Path) -> Outcome<Self> {
        let file = folder.join("tokens.yaml");
        if file.exists() {
            self.texts = world::yaml::own::read(&fs::read_to_string(file)?)?;
        }
        Ok(self)
    }

    /// An object with every text of it filled in.
    pub fn fill(&self, value: &mut Value) -> Outcome<()> {
        match value {
            Value::String(text) => *text = self.filled(text)?,
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.fill(item))?,
            Value::Object(fields) => fields.values_mut().try_for_each(|field| self.fill(field))?,
            _ => {}
        }
        Ok(())
    }

    pub fn filled(&self, text: &str) -> Outcome<String> {
        let mut text = text.to_owned();
        if text.contains("{OUTSIDE}") {
            text = text.replace("{OUTSIDE}", &self.own_address()?);
        }
        for (mark, addresses) in [("IP", &self.pods), ("VIP", &self.services), ("TOKEN", &self.texts)] {
            for (name, address) in addresses {
                text = text.replace(&format!("{{{mark}:{name}}}"), address);
            }
        }
        Ok(text)
    }
}

/// Whether a proxy's counters tell of a listener, or a part of one, that is on its way out.
fn drains(counters: String) -> bool {
    counters.lines().any(|line| {
        let told = line.starts_with("envoy_listener_manager_total_") && line.contains("_draining{");
        told && !line.ends_with(" 0")
    })
}

/// Only what decides: no managed fields, volumes, environment or statuses beside readiness.
fn slim(item: &Value) -> Value {
    let pick = |from: &Value, names: &[&str]| -> Value {
        let kept = names.iter().filter_map(|n| from.get(*n).map(|v| ((*n).to_owned(), v.clone())));
        Value::Object(kept.collect())
    };
    let mut slim = pick(item, &["apiVersion", "kind"]);
    slim["metadata"] =
        pick(&item["metadata"], &["namespace", "name", "uid", "labels", "creationTimestamp", "ownerReferences"]);
    let annotations = item["metadata"]["annotations"].as_object().into_iter().flatten();
    let annotations: serde_json::Map<String, Value> =
        annotations.filter(|(name, _)| decides(name)).map(|(n, v)| (n.clone(), v.clone())).collect();
    if !annotations.is_empty() {
        slim["metadata"]["annotations"] = Value::Object(annotations);
    }
    let containers = |of: &Value| -> Value {
        let kept = of.as_array().into_iter().flatten().map(|c| pick(c, &["name", "image", "ports", "restartPolicy"]));
        kept.collect()
    };
    match item["kind"].as_str().unwrap_or_default() {
        "Pod" => {
            slim["spec"] =
                pick(&item["spec"], &["serviceAccountName", "nodeName", "hostNetwork", "hostname", "subdomain"]);
            slim["spec"]["containers"] = containers(&item["spec"]["containers"]);
            slim["spec"]["initContainers"] = containers(&item["spec"]["initContainers"]);
            slim["status"] = pick(&item["status"], &["podIP", "phase"]);
            let ready = item["status"]["conditions"].as_array().into_iter().flatten().filter(|c| c["type"] == "Ready");
            slim["status"]["conditions"] = ready.map(|c| pick(c, &["type", "status"])).collect();
        }
        "Deployment" => {
            slim["spec"] = pick(&item["spec"], &["replicas", "selector"]);
            let template = &item["spec"]["template"];
            slim["spec"]["template"] = json!({"metadata": pick(&template["metadata"], &["labels", "annotations"]),
                "spec": pick(&template["spec"], &["serviceAccountName"])});
            slim["status"] = pick(&item["status"], &["readyReplicas"]);
        }
        // Only which entries there are.
        "Secret" => {
            let entries = item["data"].as_object().into_iter().flatten();
            slim["data"] =
                Value::Object(entries.map(|(name, _)| (name.clone(), Value::String(String::new()))).collect());
        }
        "Gateway" | "GatewayClass" => slim["spec"] = item["spec"].clone(),
        "Service" => {
            slim["spec"] = pick(
                &item["spec"],
                &[
                    "type",
                    "clusterIP",
                    "clusterIPs",
                    "externalName",
                    "selector",
                    "ports",
                    "publishNotReadyAddresses",
                    "trafficDistribution",
                ],
            )
        }
        _ => {}
    }
    slim
}

/// Annotations by which a workload or service tells Istio something.
fn decides(annotation: &str) -> bool {
    const NOISE: [&str; 4] =
        ["proxy.istio.io/overrides", "sidecar.istio.io/status", "istio.io/rev", "gateway.istio.io/controller-version"];
    annotation.contains("istio.io/") && !NOISE.contains(&annotation)
}
