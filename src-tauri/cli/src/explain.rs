//! `netloft explain`.

use std::io::Read as _;
use std::path::Path;

use mesh::Verdict;
use wire::types::{Caller, Request};

use crate::args::{Explain, Form, Target};
use crate::failure::Failure;
use crate::print::{Mark, json_line, line, paint, plain};
use crate::source::{Source, read};

pub async fn run(from: &Target, args: &Explain) -> Result<bool, Failure> {
    let requests = match &args.requests {
        Some(file) => lines(file)?,
        None => vec![single(args)?],
    };
    let requests: Vec<mesh::Request> = requests.into_iter().map(mesh::Request::try_from).collect::<Result<_, _>>()?;
    let source = Source::of(from).await?;
    let draft = if args.draft.is_empty() { session::files::Files::default() } else { read(&args.draft)? };
    let ready = source.engine.ready(&draft.over(&source.world));
    for request in &requests {
        let verdict = ready.explain(request);
        if args.requests.is_some() || args.format == Form::Json {
            json_line(&wire::types::Verdict::from(verdict))?;
        } else {
            text(&verdict)?;
        }
    }
    source.whole(&draft)?;
    Ok(true)
}

/// The request of the arguments.
fn single(args: &Explain) -> Result<Request, Failure> {
    let caller = args.caller.as_deref().unwrap_or_default();
    let (namespace, workload) = caller
        .split_once('/')
        .ok_or_else(|| Failure::WrongUse(format!("--from is NAMESPACE/WORKLOAD, not '{caller}'")))?;
    let header = |text: &String| {
        let split = text.split_once(':').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
        split.ok_or_else(|| Failure::WrongUse(format!("--header is NAME:VALUE, not '{text}'")))
    };
    Ok(Request {
        id: String::new(),
        from: Caller { namespace: Some(namespace.into()), workload: Some(workload.into()), ..Caller::default() },
        via: None,
        method: args.method.clone(),
        url: args.url.clone().unwrap_or_default(),
        headers: args.header.iter().map(header).collect::<Result<_, _>>()?,
    })
}

/// The requests of a file of JSON lines.
pub fn lines(file: &Path) -> Result<Vec<Request>, Failure> {
    let name = file.display();
    let unreadable = |why: String| Failure::Unreadable(format!("{name}: {why}"));
    let mut text = String::new();
    if file.as_os_str() == session::files::STDIN {
        std::io::stdin().read_to_string(&mut text).map_err(|error| unreadable(error.to_string()))?;
    } else {
        text = std::fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
    }
    let numbered = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    numbered
        .map(|(at, line)| {
            serde_json::from_str(line).map_err(|error| Failure::Unreadable(format!("{name}:{}: {error}", at + 1)))
        })
        .collect()
}

fn text(verdict: &Verdict) -> Result<(), Failure> {
    let shown = wire::types::Verdict::from(verdict.clone());
    let outcome = word(shown.outcome);
    let status = verdict.status.map(|status| format!(" ({status})")).unwrap_or_default();
    let mark = if verdict.serves() && verdict.lost.is_empty() { Mark::Good } else { Mark::Bad };
    let percent = |share: f64| (share * 1000.0).round() / 10.0;
    let arrives = 1.0 - verdict.lost_share();
    let part = if verdict.lost.is_empty() { String::new() } else { format!(", {} % of them", percent(arrives)) };
    line(&paint(mark, &format!("{outcome}{status}{part}")))?;
    for lost in &shown.lost {
        let status = lost.status.map(|status| format!(" ({status})")).unwrap_or_default();
        let object = lost.object.as_ref().map(|o| format!("  [{} {}/{} {}]", o.kind, o.namespace, o.name, lost.path));
        line(&plain(&format!(
            "  {} %  {}{status}  {}: {}{}",
            percent(lost.share),
            word(lost.outcome),
            lost.workloads.join(", "),
            lost.because,
            object.unwrap_or_default()
        )))?;
    }
    for destination in &shown.destinations {
        let subset = destination.subset.as_ref().map(|s| format!(" {s}")).unwrap_or_default();
        let share = percent(destination.share);
        let workloads = destination.workloads.join(", ");
        line(&plain(&format!("  {share} %  {}{subset}:{}  {workloads}", destination.service, destination.port)))?;
    }
    for step in &shown.trace {
        let object = step
            .object
            .as_ref()
            .map(|o| format!("  [{o} {}]", step.path.as_deref().unwrap_or_default()))
            .unwrap_or_default();
        line(&plain(&format!("  {}: {}{object}", step.step, step.because)))?;
    }
    for unknown in &shown.unknown {
        line(&paint(Mark::Quiet, &format!("  unknown: {}: {}", unknown.about, unknown.because)))?;
    }
    Ok(())
}

/// An outcome as its JSON has it.
fn word(outcome: wire::types::Outcome) -> String {
    serde_json::to_value(outcome).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}
