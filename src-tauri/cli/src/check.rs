//! `netloft check`.

use mesh::Level;
use serde_json::{Value, json};
use session::files::Files;
use session::findings::{Located, locate};
use wire::types::Finding;

use crate::args::{Check, CheckForm, LevelArg, Target};
use crate::codes;
use crate::failure::Failure;
use crate::print::{Mark, json as print_json, line, paint, plain};
use crate::sarif;
use crate::source::{Source, read};

pub async fn run(from: &Target, args: &Check) -> Result<bool, Failure> {
    if args.codes {
        return codes::run(args.format);
    }
    let draft = if args.draft.is_empty() { Files::default() } else { read(&args.draft)? };
    let source = Source::of(from).await?;
    let world = draft.over(&source.world);
    let found = source.engine.check(&world);
    let wanted = |finding: &mesh::Finding| finding.level <= level(args.level);
    let shown: Vec<mesh::Finding> = found.findings.into_iter().filter(wanted).collect();
    let mut located = locate(&source.engine, &world, Some(&draft), shown);
    for finding in located.iter_mut().filter(|finding| finding.file.is_none()) {
        if let Some((file, line)) = source.files.place(&world, &finding.finding.object, &finding.finding.path) {
            (finding.file, finding.line) = (Some(file), u32::try_from(line).ok());
        }
    }
    let errors = located.iter().any(|l| l.finding.level == Level::Error);
    match args.format {
        CheckForm::Json => {
            let unknown: Vec<Value> =
                found.unknown.iter().map(|u| json!({"about": u.about, "because": u.because})).collect();
            print_json(&json!({"findings": located.into_iter().map(finding).collect::<Vec<_>>(), "unknown": unknown}))?;
        }
        CheckForm::Sarif => print_json(&sarif::report(&located, &found.unknown, source.engine.rules()))?,
        CheckForm::Text => {
            for l in &located {
                line(&text(l))?;
            }
            for u in &found.unknown {
                line(&paint(Mark::Quiet, &format!("unknown: {}: {}", u.about, u.because)))?;
            }
            if located.is_empty() && found.unknown.is_empty() {
                line(&paint(Mark::Good, "nothing found"))?;
            }
        }
    }
    source.whole(&draft)?;
    Ok(!errors)
}

fn level(level: LevelArg) -> Level {
    match level {
        LevelArg::Error => Level::Error,
        LevelArg::Warning => Level::Warning,
        LevelArg::Info => Level::Info,
    }
}

/// As the stable form has it: without what only the window needs.
pub fn finding(located: Located) -> Value {
    let mut value = json!(Finding::from(located));
    if let Some(map) = value.as_object_mut() {
        map.shift_remove("object");
    }
    value
}

fn text(located: &Located) -> String {
    let f = &located.finding;
    let (mark, word) = match f.level {
        Level::Error => (Mark::Bad, "error"),
        Level::Warning => (Mark::Warn, "warning"),
        Level::Info => (Mark::Quiet, "info"),
    };
    let place = match (&located.file, located.line) {
        (Some(file), Some(line)) => format!("{file}:{line}: "),
        _ => String::new(),
    };
    format!(
        "{}{} {}: {} [{}]",
        plain(&place),
        paint(mark, word),
        plain(&f.object.to_string()),
        plain(&f.message),
        f.rule
    )
}
