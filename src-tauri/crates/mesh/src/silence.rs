//! Annotations by which the owner of an object silences findings on it.

use world::{Labels, ObjectKey, World};

use crate::{Finding, Findings, Rule};

/// An annotation that names codes, with commas between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Its name.
    pub annotation: &'static str,
    /// What stands in it for every code: `*`, or nothing at all.
    pub all: &'static str,
}

/// A finding that its object's owner has silenced: it is counted and can be shown, but it is nobody's worry.
#[derive(Clone, Debug, PartialEq)]
pub struct Silenced {
    /// The finding.
    pub finding: Finding,
    /// The annotation, as it stands: `kiali.io/ignore-validations: KIA1104`.
    pub by: String,
}

impl Silence {
    /// Whether a rule is named here, by a code of another tool or by its own name.
    fn names(&self, said: &str, rule: &Rule) -> bool {
        let mut codes = said.split(',').map(str::trim).filter(|code| !code.is_empty());
        let all = self.all.is_empty() && said.trim().is_empty();
        all || codes.any(|code| code == self.all || code == rule.name || rule.aliases.contains(&code))
    }
}

impl Findings {
    /// Puts aside what annotations silence. Findings of rules that are not among `rules` stay.
    pub(crate) fn silence<'a>(
        self,
        world: &World,
        silences: &[Silence],
        rules: impl Iterator<Item = &'a Rule> + Clone,
    ) -> Self {
        let Self { findings, unknown, mut silenced } = self;
        let mut heard = Vec::with_capacity(findings.len());
        for finding in findings {
            let rule = rules.clone().find(|rule| rule.name == finding.rule);
            match rule.and_then(|rule| silencing(world, silences, &finding.object, rule)) {
                Some(by) => silenced.push(Silenced { finding, by }),
                None => heard.push(finding),
            }
        }
        Self { findings: heard, unknown, silenced }
    }
}

fn silencing(world: &World, silences: &[Silence], object: &ObjectKey, rule: &Rule) -> Option<String> {
    let annotations = annotations(world, object)?;
    silences.iter().find_map(|silence| {
        let said = annotations.get(silence.annotation)?;
        silence.names(said, rule).then(|| format!("{}: {said}", silence.annotation).trim_end().to_owned())
    })
}

/// Those of a workload are those of its template.
fn annotations<'a>(world: &'a World, key: &ObjectKey) -> Option<&'a Labels> {
    if let Some(document) = world.document(key) {
        return Some(&document.annotations);
    }
    let (namespace, name) = (key.namespace.as_str(), key.name.as_str());
    match (key.group.as_str(), key.kind.as_str()) {
        ("", "Service") => world.service(namespace, name).map(|o| &o.annotations),
        ("", "Pod") => world.pod(namespace, name).map(|o| &o.annotations),
        ("", "Namespace") => world.namespace(name).map(|o| &o.annotations),
        ("apps", _) => world.workload(namespace, name).map(|o| &o.annotations),
        _ => None,
    }
}
