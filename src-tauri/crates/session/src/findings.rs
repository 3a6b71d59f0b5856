//! Findings with their rule's other names and their place in a file.

use std::collections::HashMap;
use std::sync::Arc;

use mesh::{Engine, Finding, Silenced};
use world::World;

use crate::files::Files;

/// A finding and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Located {
    /// What is wrong.
    pub finding: Finding,
    /// Codes of other tools.
    pub aliases: &'static [&'static str],
    /// The file, where the object comes from one.
    pub file: Option<String>,
    /// Its line, from 1.
    pub line: Option<u32>,
}

/// Adds to each finding what its rule and its file say.
pub fn locate(engine: &Engine, world: &World, files: Option<&Files>, findings: Vec<Arc<Finding>>) -> Vec<Located> {
    let aliases: HashMap<&str, _> = engine.rules().map(|rule| (rule.name, rule.aliases)).collect();
    let located = findings.into_iter().map(|finding| {
        let place = files.and_then(|files| files.place(world, &finding.object, &finding.path));
        let (file, line) = place.map_or((None, None), |(file, line)| (Some(file), u32::try_from(line).ok()));
        Located {
            aliases: aliases.get(finding.rule).copied().unwrap_or_default(),
            file,
            line,
            finding: Arc::unwrap_or_clone(finding),
        }
    });
    located.collect()
}

/// A finding that is silenced, and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Quiet {
    /// The finding.
    pub located: Located,
    /// The annotation.
    pub by: String,
}

/// The same for findings that annotations silence.
pub fn locate_silenced(engine: &Engine, world: &World, files: Option<&Files>, silenced: Vec<Silenced>) -> Vec<Quiet> {
    let (findings, by): (Vec<Arc<Finding>>, Vec<String>) = silenced.into_iter().map(|s| (s.finding, s.by)).unzip();
    locate(engine, world, files, findings).into_iter().zip(by).map(|(located, by)| Quiet { located, by }).collect()
}
