//! A proxy refuses what istiod sent, and goes on with what it had before.

use super::{Answer, Diagnosis, Evidence, Grave};
use crate::{Place, culprit};

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "rejected",
    grave: Grave::Bad,
    what: "It rejects its configuration and works on with an older one.",
    next: "Correct or remove the object that is named; the rejection ends by itself.",
    zh: ("它拒绝了新配置，仍在使用旧配置。", "请修正或删除所指出的对象，拒绝会自行消失。"),
};

pub(super) fn check(of: &Evidence<'_>) -> Answer {
    let place = Place { namespace: &of.row.namespace, labels: &of.row.labels, root: of.mesh.root_namespace };
    let mut evidence = Vec::new();
    let mut object = None;
    for nack in of.row.nacks() {
        // The proxy's own words.
        evidence.push(format!("{}, {}", nack.kind, nack.line()).into());
        if let Some(found) = culprit(of.mesh.world, place, nack)
            && object.is_none()
        {
            evidence.push(found.because);
            object = Some(found.object);
        }
    }
    if evidence.is_empty() { Answer::Quiet } else { Answer::Ill(evidence, object) }
}

#[cfg(test)]
mod tests {
    use world::{Change, Object, Origin};

    use super::super::Answer;
    use super::super::cases::{hold, well};
    use super::check;

    #[test]
    fn fires_stays_quiet_and_does_not_know() {
        let refusing =
            || well().refuses("LDS", "Error adding/updating listener(s) virtualInbound: unknown filter 'stamp'");
        hold(check, &[refusing()], &[well().row(|row| row.types.clear())], &[]);
        let mut named = refusing();
        let text = "apiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nmetadata: {name: stamp, namespace: shop}\n\
            spec: {configPatches: [{applyTo: HTTP_FILTER, patch: {value: {name: stamp}}}]}\n";
        let object = Object::read(world::yaml::read(text).value, Origin::Draft).unwrap();
        named.world = named.world.after([Change::Put(object)]);
        let Answer::Ill(evidence, Some(object)) = named.ask(check) else { panic!("no culprit") };
        assert_eq!((object.name.as_str(), evidence.len()), ("stamp", 2));
    }
}
