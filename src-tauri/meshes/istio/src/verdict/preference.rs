//! Which endpoints of a host are preferred to others: what a rule says, else its service, else the mesh.
//! Upstream: istio/istio pilot/pkg/networking/core/loadbalancer/loadbalancer.go, GetEffectiveLbSetting; pilot/pkg/model/service.go, GetTrafficDistribution.

use serde::Deserialize;
use serde_json::Value;

use crate::kinds::or_default;
use crate::read::Index;
use crate::read::registry::Host;

/// The annotation of services, entries and namespaces that says what `spec.trafficDistribution` says.
const ANNOTATION: &str = "networking.istio.io/traffic-distribution";

/// `localityLbSetting`, or `zoneAwareLbSetting`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Preference {
    enabled: Option<bool>,
    #[serde(deserialize_with = "or_default")]
    pub distribute: Vec<Distribute>,
    #[serde(deserialize_with = "or_default")]
    pub failover: Vec<Failover>,
    #[serde(deserialize_with = "or_default")]
    pub failover_priority: Vec<String>,
    /// It holds also where nobody notices endpoints that fail.
    #[serde(skip)]
    pub forced: bool,
    /// Of places only the region counts. Within it a proxy chooses by zones only where it finds itself among the endpoints, which it does
    /// only where it is told to (`ISTIO_META_ENABLE_SELF_DISCOVERY`).
    #[serde(skip)]
    pub by_region: bool,
}

/// How much each place gets, of callers in a place.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Distribute {
    pub from: String,
    pub to: std::collections::BTreeMap<String, f64>,
}

/// The region that comes next, of callers in a region.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Failover {
    pub from: String,
    pub to: String,
}

impl Preference {
    /// Of a host, with what a rule for it says of the choice; `None` where all endpoints are alike.
    pub fn of(index: &Index, host: &Host, rule: Option<&Value>) -> Option<Self> {
        let said = |name: &str| rule.and_then(|lb| lb.get(name));
        let object = |said: Option<&Value>| said.filter(|said| said.is_object()).map(Self::read);
        let mesh = &index.settings;
        let zones = |zones: Self| Self { forced: true, by_region: true, distribute: Vec::new(), ..zones };
        let of_rule = object(said("zoneAwareLbSetting")).map(zones).or_else(|| object(said("localityLbSetting")));
        let of_mesh = || object(mesh.zone_aware_lb_setting.as_ref()).map(zones);
        let of_mesh = || of_mesh().or_else(|| object(mesh.locality_lb_setting.as_ref())).unwrap_or_default();
        let found = of_rule.or_else(|| nearness(index, host)).unwrap_or_else(of_mesh);
        (found.enabled != Some(false)).then_some(found)
    }

    fn read(said: &Value) -> Self {
        serde_json::from_value(said.clone()).unwrap_or_default()
    }

    /// Endpoints with these labels like the caller's first, the first label counting most.
    fn by_labels(labels: &[&str]) -> Self {
        let failover_priority = labels.iter().map(|label| (*label).to_owned()).collect();
        Self { failover_priority, forced: true, ..Self::default() }
    }
}

/// What a service or entry says of near endpoints, or its namespace.
fn nearness(index: &Index, host: &Host) -> Option<Preference> {
    let (spec, own, namespace) = match host {
        Host::Service(service) => (service.distribution.as_deref(), &service.annotations, &service.namespace),
        Host::Entry(typed, ..) => (None, &typed.document.annotations, &typed.document.key.namespace),
    };
    let home = index.world.namespace(namespace).map(|namespace| &namespace.annotations);
    let annotations = [Some(own), home].into_iter().flatten();
    let annotated = || annotations.filter_map(|all| all.get(ANNOTATION)).find(|said| !said.is_empty());
    let said =
        spec.filter(|said| near(said).is_some()).map(str::to_owned).or_else(|| annotated().map(str::to_owned))?;
    near(&said)
}

fn near(said: &str) -> Option<Preference> {
    let place = ["topology.istio.io/network", "topology.kubernetes.io/region", "topology.kubernetes.io/zone"];
    match said.to_ascii_lowercase().as_str() {
        "preferclose" | "prefersamezone" => Some(Preference::by_labels(&place)),
        "prefersamenode" => {
            let node = ["topology.istio.io/subzone", "kubernetes.io/hostname"];
            Some(Preference::by_labels(&[&place[..], &node].concat()))
        }
        _ => None,
    }
}
