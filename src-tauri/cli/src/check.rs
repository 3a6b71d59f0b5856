//! `netloft check`.

use mesh::{Findings, Level, Silenced, Unknown};
use serde_json::{Value, json};
use session::files::Files;
use session::findings::{Located, Quiet, locate, locate_silenced};
use wire::types::Finding;
use world::World;

use crate::args::{Check, CheckForm, LevelArg, Target};
use crate::codes;
use crate::failure::Failure;
use crate::print::{Mark, json as print_json, line, paint, plain, unknowns};
use crate::sarif;
use crate::source::{Source, read};

pub async fn run(from: &Target, args: &Check) -> Result<bool, Failure> {
    if args.codes {
        return codes::run(args.format);
    }
    let draft = if args.draft.is_empty() { Files::default() } else { read(&args.draft)? };
    let source = Source::of(from).await?;
    let world = draft.over(&source.world);
    let ready = source.engine.ready(&world);
    let mut found = ready.check();
    if args.observed {
        found = found.with(&ready.check_seen(&source.observed().await?));
    }
    let report = Report::of(found, &source, &world, &draft, args);
    match args.format {
        CheckForm::Json => report.json()?,
        CheckForm::Sarif => {
            print_json(&sarif::report(&report.located, &report.quiet, &report.unknown, source.engine.rules()))?;
        }
        CheckForm::Text => report.text(args.silenced)?,
    }
    source.whole(&draft)?;
    Ok(report.located.iter().all(|l| l.finding.level != Level::Error))
}

/// What was found at the asked level and above, with its places.
struct Report {
    located: Vec<Located>,
    quiet: Vec<Quiet>,
    unknown: Vec<Unknown>,
}

impl Report {
    fn of(found: Findings, source: &Source, world: &World, draft: &Files, args: &Check) -> Self {
        let wanted = |finding: &mesh::Finding| finding.level <= level(args.level);
        let shown: Vec<_> = found.findings.into_iter().filter(|finding| wanted(finding)).collect();
        let silenced: Vec<Silenced> = found.silenced.into_iter().filter(|s| wanted(&s.finding)).collect();
        let mut located = locate(&source.engine, world, Some(draft), shown);
        let mut quiet = locate_silenced(&source.engine, world, Some(draft), silenced);
        let all = located.iter_mut().chain(quiet.iter_mut().map(|q| &mut q.located));
        for finding in all.filter(|finding| finding.file.is_none()) {
            if let Some((file, line)) = source.files.place(world, &finding.finding.object, &finding.finding.path) {
                (finding.file, finding.line) = (Some(file), u32::try_from(line).ok());
            }
        }
        Self { located, quiet, unknown: found.unknown }
    }

    fn json(&self) -> Result<(), Failure> {
        let quiet = self.quiet.iter().map(|q| {
            let mut value = finding(q.located.clone());
            value["by"] = json!(q.by);
            value
        });
        print_json(
            &json!({"findings": self.located.iter().cloned().map(finding).collect::<Vec<_>>(), "unknown": unknowns(&self.unknown),
            "silenced": quiet.collect::<Vec<_>>()}),
        )
    }

    fn text(&self, silenced: bool) -> Result<(), Failure> {
        for l in &self.located {
            line(&text(l))?;
        }
        for u in &self.unknown {
            line(&paint(Mark::Quiet, &format!("unknown: {}: {}", u.about, u.because)))?;
        }
        for q in self.quiet.iter().filter(|_| silenced) {
            line(&format!("{}{}", text(&q.located), paint(Mark::Quiet, &format!(" (silenced by {})", q.by))))?;
        }
        if !self.quiet.is_empty() && !silenced {
            let count = self.quiet.len();
            line(&paint(Mark::Quiet, &format!("{count} silenced by annotations; --silenced shows them")))?;
        }
        if self.located.is_empty() && self.unknown.is_empty() {
            line(&paint(Mark::Good, "nothing found"))?;
        }
        Ok(())
    }
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
        map.shift_remove("zh");
        map.shift_remove("object");
        map.shift_remove("fix");
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
        plain(&f.message.en),
        f.rule
    )
}
