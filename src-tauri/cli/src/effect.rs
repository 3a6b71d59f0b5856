//! `netloft effect`.

use mesh::{Ready, Request};
use serde_json::{Value, json};
use session::findings::locate;
use session::says::says;
use world::{Object, World};

use crate::args::{Effect, Form, Target};
use crate::check::finding;
use crate::explain::lines;
use crate::failure::Failure;
use crate::print::{json as print_json, line, plain};
use crate::source::{Source, read};

pub async fn run(from: &Target, args: &Effect) -> Result<bool, Failure> {
    let draft = read(&args.draft)?;
    let source = Source::of(from).await?;
    let (before, after) = (&source.world, draft.over(&source.world));
    let (ready, then) = (source.engine.ready(before), source.engine.ready(&after));
    let observed = if args.observed { source.observed().await? } else { Vec::new() };
    let effect = source.engine.effect(before, &after, &observed);
    let requests: Vec<Request> = match &args.requests {
        Some(file) => lines(file)?.into_iter().map(Request::try_from).collect::<Result<_, _>>()?,
        None if args.observed => observed.into_iter().map(|seen| seen.request).collect(),
        None => source.engine.probes(before, &after),
    };
    let located = |findings: Vec<std::sync::Arc<mesh::Finding>>| -> Vec<Value> {
        locate(&source.engine, &after, Some(&draft), findings).into_iter().map(finding).collect()
    };
    let refused = effect.findings_added.iter().any(|f| f.level == mesh::Level::Error);
    if args.format == Form::Json {
        print_json(&json!({
            "requests": requests.iter().map(|request| compare(&ready, &then, request)).collect::<Vec<_>>(),
            "findings": {"added": located(effect.findings_added), "removed": located(effect.findings_removed)},
            "objects": draft.objects.iter().map(|object| changed(before, object)).collect::<Vec<_>>(),
        }))?;
    } else {
        for said in says(&effect) {
            let rate = if said.observed { format!(" ({:.1}/s)", said.per_second) } else { String::new() };
            line(&plain(&format!("{}: {}{rate}", said.title, said.detail)))?;
        }
        for (word, findings) in [("new finding", &effect.findings_added), ("gone", &effect.findings_removed)] {
            for f in findings {
                line(&plain(&format!("{word}: {}: {} [{}]", f.object, f.message, f.rule)))?;
            }
        }
    }
    source.whole(&draft)?;
    Ok(!refused)
}

fn compare(before: &Ready, after: &Ready, request: &Request) -> Value {
    let was = wire::types::Verdict::from(before.explain(request));
    let is = wire::types::Verdict::from(after.explain(request));
    // The way may be another one while the request fares the same.
    let fares = |verdict: &wire::types::Verdict| wire::types::Verdict { trace: Vec::new(), ..verdict.clone() };
    json!({"id": request.id, "changed": fares(&was) != fares(&is), "before": was, "after": is})
}

fn changed(before: &World, object: &Object) -> Value {
    let key = object.key();
    let change = match (before.document(&key), object) {
        (None, _) => "create",
        (Some(was), Object::Document(is)) if session::change::touched::touched(&was.body, &is.body).is_empty() => {
            "none"
        }
        _ => "update",
    };
    json!({"group": key.group, "kind": key.kind, "namespace": key.namespace, "name": key.name, "change": change})
}
