//! The worlds that both are asked about. Istio's own are read from its module where it lies, and never copied.

use std::path::{Path, PathBuf};

use world::{Change, Object, Origin, World, yaml};

/// A world in files.
pub struct Case {
    /// What it is called here.
    pub id: String,
    /// Its manifests.
    pub files: Vec<PathBuf>,
    /// The mesh's settings, where they are not Istio's own.
    pub mesh: Option<PathBuf>,
}

impl Case {
    fn new(id: String, files: Vec<PathBuf>) -> Self {
        Self { id, files, mesh: None }
    }

    /// As we read it. The mesh's settings are where a cluster has them: in its ConfigMap.
    pub fn world(&self) -> World {
        let read = |file: &PathBuf| {
            let text = std::fs::read_to_string(file).unwrap();
            yaml::documents(&text, &file.display().to_string()).0
        };
        let world = World::new().after(self.files.iter().flat_map(read).map(Change::Put));
        let Some(mesh) = &self.mesh else { return world };
        let text = std::fs::read_to_string(mesh).unwrap();
        let map = serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "istio", "namespace": "istio-system"}, "data": {"mesh": text}});
        world.after([Change::Put(Object::read(map, Origin::Cluster).unwrap())])
    }
}

pub fn manifests(folder: &Path, deep: bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() && deep {
            found.extend(manifests(&path, true));
        } else if path.extension().is_some_and(|end| end == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Every world: the data of the analyzers' tests one by one and as their tests join them, samples one by one, the bookinfo with each of its
/// routes, and the worlds of this repository.
pub fn cases(istio: &Path) -> Vec<Case> {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../worlds");
    let data = istio.join("pkg/config/analysis/analyzers/testdata");
    let samples = istio.join("samples");
    let name = |root: &Path, path: &Path| path.strip_prefix(root).unwrap().display().to_string();
    let mut cases = Vec::new();
    for (root, prefix, deep) in [(&data, "testdata", false), (&samples, "samples", true), (&ours, "worlds", true)] {
        let each = manifests(root, deep).into_iter();
        cases.extend(each.map(|file| Case::new(format!("{prefix}/{}", name(root, &file)), vec![file])));
    }
    let joined = [
        ("injection.yaml", "common/sidecar-injector-enabled-nsbydefault.yaml"),
        ("injection-with-mismatched-sidecar.yaml", "common/sidecar-injector-configmap.yaml"),
        ("injection-with-mismatched-sidecar.yaml", "sidecar-injector-configmap-absolute-override.yaml"),
        ("injection-image-distroless-no-meshconfig.yaml", "common/sidecar-injector-configmap.yaml"),
        ("virtualservice_dupmatches.yaml", "virtualservice_overlappingmatches.yaml"),
    ];
    for (one, other) in joined {
        cases.push(Case::new(format!("testdata/{one}+{other}"), vec![data.join(one), data.join(other)]));
    }
    let with_mesh = [
        ("serviceentry-missing-addresses-protocol.yaml", "serviceentry-missing-addresses-protocol-mesh-cfg.yaml"),
        ("telemetry-lightstep.yaml", "telemetry-lightstep-meshconfig.yaml"),
        ("injection-image-distroless.yaml", "common/meshconfig.yaml"),
    ];
    for (one, mesh) in with_mesh {
        let mut files = vec![data.join(one)];
        if one.starts_with("injection") {
            files.push(data.join("common/sidecar-injector-configmap.yaml"));
        }
        cases.push(Case { mesh: Some(data.join(mesh)), ..Case::new(format!("testdata/{one}@{mesh}"), files) });
    }
    let book = samples.join("bookinfo/platform/kube/bookinfo.yaml");
    for route in manifests(&samples.join("bookinfo/networking"), false) {
        cases.push(Case::new(format!("bookinfo+{}", name(&samples, &route)), vec![book.clone(), route]));
    }
    cases
}
