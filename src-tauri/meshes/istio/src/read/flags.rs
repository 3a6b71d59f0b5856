//! What istiod's own environment tells it: features that are on or off in the whole mesh.

use world::{Labels, World};

use super::settings::HOME;

/// Variables of the containers of istiod that are written in its Deployment; of several istiods the first that says a thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags(Labels);

impl Flags {
    /// Reads a world. Where no istiod is to be seen, its defaults hold.
    pub fn of(world: &World) -> Self {
        let istiods =
            world.workloads().filter(|w| w.namespace == HOME && w.labels.get("app").is_some_and(|app| app == "istiod"));
        let all: Vec<_> =
            istiods.flat_map(|istiod| &istiod.containers).flat_map(|container| &container.flags).collect();
        Self(all.into_iter().rev().collect())
    }

    /// A gateway's pods take Gateways of their own namespace alone. Upstream: istio/istio pilot/pkg/features/pilot.go.
    pub fn gateways_stay_home(&self) -> bool {
        self.is("PILOT_SCOPE_GATEWAY_TO_NAMESPACE", false)
    }

    /// The selectors of Kubernetes services choose WorkloadEntries too.
    pub fn services_select_entries(&self) -> bool {
        self.is("PILOT_ENABLE_K8S_SELECT_WORKLOAD_ENTRIES", true)
    }

    /// Objects of the Gateway API are carried out. Upstream: pilot/pkg/features/experimental.go.
    pub fn reads_gateway_api(&self) -> bool {
        self.is("PILOT_ENABLE_GATEWAY_API", true)
    }

    /// What is no truth as Go writes it is not taken. Upstream: pkg/env/var.go, BoolVar.
    fn is(&self, name: &str, default: bool) -> bool {
        match self.0.get(name) {
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => true,
            Some("0" | "f" | "F" | "false" | "FALSE" | "False") => false,
            _ => default,
        }
    }
}

#[cfg(test)]
mod tests {
    use world::{Change, yaml};

    use super::*;

    #[test]
    fn what_istiods_environment_says() {
        for (namespace, app, env, expected) in [
            ("istio-system", "istiod", r#"{name: PILOT_SCOPE_GATEWAY_TO_NAMESPACE, value: "true"}"#, true),
            ("istio-system", "istiod", r#"{name: PILOT_SCOPE_GATEWAY_TO_NAMESPACE, value: "no"}"#, false),
            ("istio-system", "istiod", "{name: PILOT_SCOPE_GATEWAY_TO_NAMESPACE, valueFrom: {fieldRef: {}}}", false),
            ("istio-system", "other", r#"{name: PILOT_SCOPE_GATEWAY_TO_NAMESPACE, value: "true"}"#, false),
            ("shop", "istiod", r#"{name: PILOT_SCOPE_GATEWAY_TO_NAMESPACE, value: "true"}"#, false),
        ] {
            let text = format!(
                "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: istiod, namespace: {namespace}}}, spec: {{template: {{metadata: {{labels: {{app: {app}}}}}, spec: {{containers: [{{name: discovery, env: [{env}]}}]}}}}}}}}"
            );
            let (objects, problems) = yaml::documents(&text, "case.yaml");
            assert!(problems.is_empty(), "{problems:?}");
            let world = World::new().after(objects.into_iter().map(Change::Put));
            assert_eq!(Flags::of(&world).gateways_stay_home(), expected, "{text}");
        }
    }
}
