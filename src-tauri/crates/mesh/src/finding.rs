//! Something wrong or risky in a configuration, with a stable code and a source.

use std::cmp::Ordering;
use std::sync::Arc;

use world::yaml::Edit;
use world::{ObjectKey, Said};

use crate::{About, Silenced, Subject, Unknown};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Traffic is or will be lost, or the object does not do what it says.
    Error,
    /// Likely not meant.
    Warning,
    /// Worth knowing.
    Info,
}

/// A rule: what one finding says to the user, and what it looks at. Its [`Check`] stands beside it in its mesh's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Our stable kebab-case name.
    pub name: &'static str,
    /// Its level.
    pub level: Level,
    /// Codes of other tools that mean the same: `IST0130`, `KIA1107`.
    pub aliases: &'static [&'static str],
    /// What it says, one sentence.
    pub what: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What to do.
    pub fix: &'static str,
    /// The same in Chinese.
    pub zh: Words,
    /// What it looks at, one at a time; its findings are on these.
    pub about: &'static [About],
    /// (group, kind) of everything that its check reads, its subjects included; where one is denied or loading the rule's answer is unknown.
    pub reads: &'static [(&'static str, &'static str)],
}

/// What a rule says, in another language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// What it says, one sentence.
    pub what: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What to do.
    pub fix: &'static str,
}

/// How a rule looks at one subject: it asks `I`, a mesh's reading of a world, and says what it found.
pub type Check<I> = fn(&I, &Subject, &mut Found);

/// Where a check puts what it found on its subject.
#[derive(Debug)]
pub struct Found<'a> {
    rule: &'static Rule,
    object: &'a ObjectKey,
    findings: &'a mut Vec<Finding>,
}

impl<'a> Found<'a> {
    /// Findings of this rule on this object go here.
    pub fn new(rule: &'static Rule, object: &'a ObjectKey, findings: &'a mut Vec<Finding>) -> Self {
        Self { rule, object, findings }
    }

    /// The rule holds at this field of the subject: `spec.http[2]`.
    pub fn at(&mut self, path: impl Into<String>, message: impl Into<Said>) {
        self.mend(path, message, Vec::new());
    }

    /// The same, with edits of the subject's document that put it right.
    pub fn mend(&mut self, path: impl Into<String>, message: impl Into<Said>, fix: Vec<Edit>) {
        self.findings.push(Finding {
            rule: self.rule.name,
            level: self.rule.level,
            object: self.object.clone(),
            path: path.into(),
            message: message.into(),
            fix,
        });
    }
}

/// One place where a rule holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// The rule's level.
    pub level: Level,
    /// The object.
    pub object: ObjectKey,
    /// The field in it: `spec.http[2]`.
    pub path: String,
    /// What is wrong here, in words, with the names.
    pub message: Said,
    /// The quick fix: edits of the object, in this order; none where there is no quick fix.
    pub fix: Vec<Edit>,
}

impl Finding {
    /// A quick fix exists.
    pub fn fixable(&self) -> bool {
        !self.fix.is_empty()
    }

    /// The order in which findings are listed: level, object, path, rule, message in English.
    pub fn order(&self, other: &Self) -> Ordering {
        (self.level.cmp(&other.level))
            .then_with(|| self.object.cmp(&other.object))
            .then_with(|| self.path.cmp(&other.path))
            .then_with(|| self.rule.cmp(other.rule))
            .then_with(|| self.message.en.cmp(&other.message.en))
    }
}

impl Findings {
    /// These and those, in order.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let mut findings = [self.findings.as_slice(), &other.findings].concat();
        findings.sort_by(|a, b| a.order(b));
        let mut silenced = [self.silenced.as_slice(), &other.silenced].concat();
        silenced.sort_by(|a, b| a.finding.order(&b.finding));
        let mut unknown = [self.unknown.as_slice(), &other.unknown].concat();
        unknown.sort();
        Self { findings, unknown, silenced }
    }
}

/// All findings of a world, and what could not be checked.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Findings {
    /// Sorted by level, object and path.
    pub findings: Vec<Arc<Finding>>,
    /// Rules that could not be run, and why.
    pub unknown: Vec<Unknown>,
    /// Findings that annotations of their objects silence, in the same order.
    pub silenced: Vec<Silenced>,
}
