//! Where endpoints and callers are: region, zone and subzone.

use world::{Labels, ObjectKey, Pod, Said};

use crate::read::Index;

/// A place; empty where nobody says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Locality {
    /// Region, zone and subzone.
    pub parts: [String; 3],
}

impl Locality {
    /// `region/zone/subzone`, as far as it is written.
    pub fn written(text: &str) -> Self {
        let mut parts = text.splitn(3, '/').map(str::to_owned);
        Self { parts: std::array::from_fn(|_| parts.next().unwrap_or_default()) }
    }

    /// The label that says it; labels hold no slash, so that dots may stand for them.
    /// Upstream: istio/istio pkg/model/proxy.go, GetLocalityLabel, SanitizeLocalityLabel.
    pub fn labelled(labels: &Labels) -> Option<Self> {
        let text = labels.get("topology.istio.io/locality").or_else(|| labels.get("istio-locality"))?;
        let text = if text.contains('/') { text.to_owned() } else { text.replace('.', "/") };
        (!text.is_empty()).then(|| Self::written(&text))
    }

    /// Whether it is in a place as a rule writes it: `region/*`, `*`.
    /// Upstream: pilot/pkg/networking/util/util.go, LocalityMatch.
    pub fn fits(&self, rule: &str) -> bool {
        let wanted = Self::written(rule);
        let fits = |(at, (own, wanted)): (usize, (&String, &String))| {
            wanted == "*" || own == wanted || (at > 0 && wanted.is_empty())
        };
        self.parts.iter().zip(&wanted.parts).enumerate().all(fits)
    }
}

/// The place of a pod: by its own label, else that of its node, where the node is known.
/// Upstream: pilot/pkg/serviceregistry/kube/controller/controller.go, getPodLocality.
pub(crate) fn of_pod(index: &Index, pod: &Pod) -> Locality {
    of_labels(index, &pod.labels, &pod.node)
}

/// Why the place of who has these labels is not known: its node would tell, and nodes cannot be read.
pub(crate) fn hidden(index: &Index, labels: &Labels) -> Option<Said> {
    if Locality::labelled(labels).is_some() { None } else { index.unreadable(&[("", "Node")]) }
}

/// The same by labels and node.
pub(crate) fn of_labels(index: &Index, labels: &Labels, node: &str) -> Locality {
    Locality::labelled(labels).unwrap_or_else(|| {
        let Some(node) = index.world.document(&ObjectKey::new("", "Node", "", node)) else {
            return Locality::default();
        };
        let label =
            |names: [&str; 2]| names.iter().find_map(|n| node.labels.get(n)).map(str::to_owned).unwrap_or_default();
        let region = ["topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"];
        let zone = ["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"];
        Locality { parts: [label(region), label(zone), label(["topology.istio.io/subzone"; 2])] }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let place = Locality::written("a/b/c");
        for (rule, fits) in
            [("a/b/c", true), ("a", true), ("a/*", true), ("*", true), ("a/b/d", false), ("b/*", false), ("", false)]
        {
            assert_eq!(place.fits(rule), fits, "{rule}");
        }
        assert!(Locality::default().fits("*") && Locality::default().fits("") && !Locality::default().fits("a"));
        assert_eq!(Locality::labelled(&[("istio-locality", "a.b")].into()), Some(Locality::written("a/b")));
    }
}
