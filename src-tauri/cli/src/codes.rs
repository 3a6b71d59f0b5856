//! `netloft check --codes`: every rule, and the codes of other tools that have none.

use mesh::{Engine, Foreign, Level};
use serde_json::{Value, json};
use wire::types::RuleCard;

use crate::args::CheckForm;
use crate::failure::Failure;
use crate::print::{json as print_json, line, table};
use crate::sarif;

/// Prints the table; the answer is always "yes".
pub fn run(format: CheckForm) -> Result<bool, Failure> {
    let engine = meshes::engine();
    match format {
        CheckForm::Text => text(&engine)?,
        CheckForm::Json => print_json(&rows(&engine))?,
        CheckForm::Sarif => print_json(&sarif::report(&[], &[], &[], engine.rules()))?,
    }
    Ok(true)
}

/// One row a rule, then one a foreign code: `aliases` finds a code in either.
fn rows(engine: &Engine) -> Vec<Value> {
    let rules = engine.rules().map(|rule| json!(RuleCard::from(rule)));
    let foreign = engine.foreign().map(|foreign| {
        json!({"rule": null, "level": foreign.level.map(word), "aliases": [foreign.code], "what": foreign.what.0,
            "notApplicable": foreign.because.0})
    });
    rules.chain(foreign).collect()
}

fn text(engine: &Engine) -> Result<(), Failure> {
    let rules: Vec<Vec<String>> = engine
        .rules()
        .map(|rule| vec![rule.name.into(), word(rule.level).into(), rule.aliases.join(" "), rule.what.into()])
        .collect();
    table(&["RULE", "LEVEL", "ALIASES", "WHAT"], &rules)?;
    line("\nCodes of other tools that have no rule here:")?;
    let row = |foreign: &Foreign| vec![foreign.code.into(), foreign.what.0.into(), foreign.because.0.into()];
    table(&["CODE", "WHAT IT SAYS THERE", "WHY NO RULE"], &engine.foreign().map(row).collect::<Vec<_>>())
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "info",
    }
}
