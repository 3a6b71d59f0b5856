//! How objects choose others: by labels, and a port by its number or name.

use crate::{Labels, Pod, ServicePort, TargetPort};

/// Whether labels hold everything that a selector asks for.
pub fn selects(selector: &Labels, labels: &Labels) -> bool {
    selector.iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// The port of the pod behind a port of a service; `None` where it names a container port that the pod has not.
pub fn target_port(port: &ServicePort, pod: &Pod) -> Option<u16> {
    match &port.target {
        TargetPort::Number(0) => Some(port.port),
        TargetPort::Number(number) => Some(*number),
        TargetPort::Name(name) => {
            let named = pod.containers.iter().flat_map(|c| &c.ports).find(|(n, _)| n == name).map(|(_, p)| *p);
            // A planned pod has no containers to look in; manifests mostly name the port after the service's own.
            named.or(pod.containers.is_empty().then_some(port.port))
        }
    }
}
