//! Annotations by which the owner of an object silences findings on it.

use std::sync::Arc;

use world::{ObjectKey, World};

use crate::{Finding, Findings, Rule, Subject};

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
    pub finding: Arc<Finding>,
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
    silenced_by(silences, &Subject::named(world, object)?, rule)
}

/// The annotation of a subject that silences a rule, as it stands.
pub(crate) fn silenced_by(silences: &[Silence], subject: &Subject, rule: &Rule) -> Option<String> {
    let annotations = match subject {
        // Those of a workload are those of its template.
        Subject::Workload(workload) => &workload.annotations,
        other => other.annotations(),
    };
    silences.iter().find_map(|silence| {
        let said = annotations.get(silence.annotation)?;
        silence.names(said, rule).then(|| format!("{}: {said}", silence.annotation).trim_end().to_owned())
    })
}
