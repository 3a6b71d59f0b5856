//! A proxy refuses what istiod sent, and goes on with what it had before.

use world::said;

use super::{Answer, Diagnosis, Evidence, Grave};
use crate::Place;

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
    let mut culprits = Vec::new();
    for nack in of.row.nacks() {
        // The proxy's own words.
        evidence.push(format!("{}, {}", nack.kind, nack.line()).into());
        if nack.is_cut {
            evidence.push(said!(
                "istiod keeps the beginning of a refusal alone: the proxy's log has the reason",
                "istiod 只保留拒绝信息的开头：原因在代理的日志中"
            ));
        }
        culprits.extend(of.mesh.suspects.culprit(place, nack));
    }
    // What is known before what is guessed.
    culprits.sort_by_key(|culprit| culprit.is_guess);
    let object = culprits.into_iter().next().map(|culprit| {
        evidence.push(culprit.because);
        culprit.object
    });
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
