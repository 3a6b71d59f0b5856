//! YAML texts.

use world::yaml::{self, Prefer};

use super::all;
use crate::types::{FieldChange, YamlClash, YamlMerge, YamlMerged};
use crate::{Code, Fault};

impl From<yaml::FieldChange> for FieldChange {
    fn from(change: yaml::FieldChange) -> Self {
        Self { path: change.path, before: change.before, after: change.after }
    }
}

impl From<yaml::Clash> for YamlClash {
    fn from(clash: yaml::Clash) -> Self {
        Self { path: clash.path, mine: clash.mine, theirs: clash.theirs }
    }
}

pub(crate) fn merged(args: &YamlMerge) -> Result<YamlMerged, Fault> {
    let refuse = |problem: String| Fault::new(Code::BadInput, problem);
    let value = |text: &str| yaml::value(text).map_err(|problem| refuse(problem.to_string()));
    let (base, theirs) = (value(&args.base)?, value(&args.theirs)?);
    let prefer = if args.take_theirs { Prefer::Theirs } else { Prefer::Mine };
    let merged = yaml::rebase(&base, &args.mine, &theirs, prefer).map_err(|error| refuse(error.to_string()))?;
    Ok(YamlMerged { yaml: merged.yaml, clashes: all(merged.clashes), changed: all(yaml::fields(&base, &theirs)) })
}
