//! Something wrong or risky in a configuration, with a stable code and a source.

use world::ObjectKey;

use crate::Unknown;

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

/// A rule: what one finding says to the user. Its check lives beside it, in the mesh that owns it.
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
    /// (group, kind) of what it reads; where one is denied or loading the rule's answer is unknown.
    pub reads: &'static [(&'static str, &'static str)],
}

impl Rule {
    /// It holds here.
    pub fn at(&self, object: &ObjectKey, path: impl Into<String>, message: impl Into<String>) -> Finding {
        Finding {
            rule: self.name,
            level: self.level,
            object: object.clone(),
            path: path.into(),
            message: message.into(),
            fixable: false,
        }
    }
}

/// One place where a rule holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
    pub message: String,
    /// A quick fix exists.
    pub fixable: bool,
}

/// All findings of a world, and what could not be checked.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Findings {
    /// Sorted by level, object and path.
    pub findings: Vec<Finding>,
    /// Rules that could not be run, and why.
    pub unknown: Vec<Unknown>,
}
