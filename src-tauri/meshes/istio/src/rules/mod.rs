//! What can be wrong with Istio's objects: one file a finding.

use mesh::{Finding, Rule};

use crate::read::Index;

/// Finds every place where a rule holds.
type Check = fn(&Index, &mut Vec<Finding>);

/// Every rule with its check.
pub(crate) static ALL: &[(&Rule, Check)] = &[];

/// Runs one rule.
pub(crate) fn check(index: &Index, rule: &Rule) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some((_, check)) = ALL.iter().find(|(own, _)| own.name == rule.name) {
        check(index, &mut findings);
    }
    findings
}
