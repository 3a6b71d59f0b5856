//! The engine over generated meshes: everything at once, after one edit, many verdicts, one policy's effect; and the peer on the same file,
//! where `NETLOFT_ISTIOCTL` names the command (`istioctl`, or what wraps it).

use std::hint::black_box;
use std::io::Write;

use bench_engine::figure::{Figure, work};
use bench_engine::process::Run;
use mesh::{Caller, Engine, Findings, Observed, Request};
use world::Change;

use crate::Failure;
use crate::generated::{EDITED, Mesh, name, namespace, read};
use crate::peer::{self, Coded};

const EDITS: usize = 3000;

/// Runs of our program and of the peer's, in turn.
const TURNS: usize = 5;

/// Everything about a mesh of so many services, each figure as soon as it is there.
pub fn of(services: usize, out: &mut impl Write) -> Result<(), Failure> {
    let mut show = |figures: Vec<Figure>| figures.into_iter().try_for_each(|figure| writeln!(out, "{figure}"));
    let (engine, goals) = (meshes::engine(), goals(services));
    let mesh = Mesh::of(services)?;
    let coded = expected(&engine, &mesh)?;
    show(vec![Figure::note(mesh.name())])?;
    show(processes(&mesh, &coded, &goals)?)?;
    show(whole(&engine, &mesh, &goals))?;
    show(edits(&engine, &mesh, EDITED.as_slice(), Mesh::edit, goals.again)?)?;
    show(vec![verdicts(&engine, &mesh, services), effect(&engine, &mesh, services)?])?;
    let mesh = Mesh::with_gateway_api(services)?;
    show(vec![Figure::note(format!("{}, with an HTTPRoute for each", mesh.name()))])?;
    show(whole(&engine, &mesh, &goals))?;
    show(edits(&engine, &mesh, EDITED.as_slice(), Mesh::edit, goals.again)?)?;
    show(edits(&engine, &mesh, &["HTTPRoute"], Mesh::edit_http_route, goals.again)?)?;
    Ok(())
}

/// The goals of performance.md for this size.
struct Goals {
    memory: &'static str,
    file: &'static str,
    peak: &'static str,
    ratio: &'static str,
    again: &'static str,
}

fn goals(services: usize) -> Goals {
    let [memory, file, peak, ratio, again] = match services {
        5000 => ["goal P7: 170", "goal P7: 430", "goal P7: 90", "goal P7: 20", "goal P8: p99 1"],
        _ => [""; 5],
    };
    Goals { memory, file, peak, ratio, again }
}

/// What has to be found.
fn expected(engine: &Engine, mesh: &Mesh) -> Result<Coded, Failure> {
    let broken = mesh.broken().iter().map(|key| ("IST0101".to_owned(), key.to_string())).collect();
    same("the engine", &coded(engine, &engine.check(&mesh.world)), &broken)?;
    Ok(broken)
}

fn whole(engine: &Engine, mesh: &Mesh, goals: &Goals) -> Vec<Figure> {
    let findings = engine.check(&mesh.world).findings.len();
    vec![
        Figure::worked(format!("checked from memory, {findings} findings"), goals.memory, 7, || {
            engine.check(&mesh.world)
        }),
        Figure::worked("of that, read and indexed", "", 5, || engine.ready(&mesh.world)),
        Figure::worked("YAML in memory read", "", 5, || read(&mesh.text).ok()),
    ]
}

/// (code, object) of findings that have a code of `istioctl analyze`.
pub fn coded(engine: &Engine, found: &Findings) -> Coded {
    let alias = |name: &str| {
        let rule = engine.rules().find(|rule| rule.name == name)?;
        rule.aliases.iter().find(|alias| alias.starts_with("IST"))
    };
    found.findings.iter().filter_map(|f| Some(((*alias(f.rule)?).to_owned(), f.object.to_string()))).collect()
}

/// Programs over the file, ours and the peer's in turn: equal findings first, then times, memory and the ratio.
fn processes(mesh: &Mesh, expected: &Coded, goals: &Goals) -> Result<Vec<Figure>, Failure> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("mesh.yaml");
    std::fs::write(&file, &mesh.text)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let (mut read, mut checked) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let (run, said) = peer::ours(&file)?;
        same("our own program", &said.found, expected)?;
        ours.push(run);
        read.push(said.read);
        checked.push(said.checked);
        if let Some((run, found)) = peer::theirs(&file)? {
            same("istioctl analyze", &found, expected)?;
            theirs.push(run);
        }
    }
    let each = |runs: &[Run], of: fn(&Run) -> f64| runs.iter().map(of).collect::<Vec<_>>();
    let by = |of: fn(&Run) -> f64| theirs.iter().zip(&ours).map(|(theirs, ours)| of(theirs) / of(ours)).collect();
    let mut figures = vec![
        Figure::of("a process of ours, whole", "ms", goals.file, each(&ours, |run| run.millis)),
        Figure::of("its processor time", "ms", goals.file, each(&ours, |run| run.work)),
        Figure::of("its file a world after", "ms", "", read),
        Figure::of("its file checked after", "ms", "", checked),
        Figure::of("its greatest memory", "MiB", goals.peak, each(&ours, |run| run.peak)),
    ];
    if !theirs.is_empty() {
        let equal = format!("istioctl analyze, {} equal findings", expected.len());
        figures.extend([
            Figure::of(equal, "ms", "", each(&theirs, |run| run.millis)),
            Figure::of("its processor time", "ms", "", each(&theirs, |run| run.work)),
            Figure::of("its greatest memory", "MiB", "", each(&theirs, |run| run.peak)),
            Figure::of("the peer's time by ours", "x", goals.ratio, by(|run| run.millis)),
            Figure::of("the peer's processor time by ours", "x", goals.ratio, by(|run| run.work)),
        ]);
    }
    Ok(figures)
}

fn same(who: &str, found: &Coded, expected: &Coded) -> Result<(), Failure> {
    if found == expected {
        return Ok(());
    }
    let only = |a: &Coded, b: &Coded| a.difference(b).take(5).cloned().collect::<Vec<_>>();
    let (more, less) = (only(found, expected), only(expected, found));
    Err(format!("{who} found {}, of which nobody knows {more:?}, and missed {less:?}", found.len()).into())
}

/// Each edit as the app meets it: a new world, its reading, its findings. In all, and by the kind that is edited.
fn edits(
    engine: &Engine,
    mesh: &Mesh,
    kinds: &[&str],
    edit: fn(&Mesh, usize) -> Result<Change, Failure>,
    goal: &'static str,
) -> Result<Vec<Figure>, Failure> {
    let mut ready = engine.ready(&mesh.world);
    ready.check();
    let (mut runs, mut looked) = (Vec::new(), Vec::new());
    for at in 0..EDITS {
        let change = edit(mesh, at)?;
        let mut next = None;
        runs.push(work(|| {
            let after = ready.after(&ready.world().after([change]));
            black_box(after.check());
            next = Some(after);
        }));
        ready = next.ok_or("an edit was not made")?;
        looked.push(ready.effort() as f64);
    }
    if ready.check() != engine.check(ready.world()) {
        return Err("after all edits the findings are others than those of the whole".into());
    }
    let each = kinds.iter().enumerate().map(|(at, kind)| {
        let runs = runs.iter().skip(at).step_by(kinds.len()).copied().collect();
        Figure::of(format!("checked again, {kind} edited"), "ms", goal, runs)
    });
    let asked = Figure::of("objects that rules were asked about for it", "", "", looked);
    let each: Vec<Figure> = each.chain([asked]).collect();
    Ok(match kinds {
        [_] => each,
        _ => each.into_iter().chain([Figure::of("checked again, all edits", "ms", goal, runs)]).collect(),
    })
}

/// A caller of the same namespace, and every third time one of another, which its Sidecar does not let out.
fn request(services: usize, at: usize) -> Request {
    let to = (at * 31) % services;
    let from = if at.is_multiple_of(3) { (to + 10) % services } else { to / 10 * 10 + (to + 3) % 10 };
    Request {
        id: String::new(),
        from: Caller::Workload { namespace: namespace(from), workload: format!("{}-v1", name(from)) },
        via: None,
        method: "GET".into(),
        url: format!("http://{}.{}/", name(to), namespace(to)),
        headers: Vec::new(),
        at: None,
    }
}

fn verdicts(engine: &Engine, mesh: &Mesh, services: usize) -> Figure {
    let ready = engine.ready(&mesh.world);
    let asked: Vec<Request> = (0..100_000).map(|at| request(services, at)).collect();
    let all = || asked.iter().map(|request| ready.explain(request)).filter(|verdict| verdict.serves()).count();
    let served = all();
    Figure::worked(format!("100,000 verdicts, {served} served"), "", 3, all)
}

fn effect(engine: &Engine, mesh: &Mesh, services: usize) -> Result<Figure, Failure> {
    let before = engine.ready(&mesh.world);
    before.check();
    let observed: Vec<Observed> =
        (0..10_000).map(|at| Observed { request: request(services, at), per_second: 1.0, nameless: false }).collect();
    let changed = mesh.world.after([mesh.edit(2)?]);
    let all = || before.effect(&before.after(&changed), &observed);
    let moved = all().changes.iter().filter(|change| change.before.outcome != change.after.outcome).count();
    Ok(Figure::worked(format!("effect of a policy on 10,000 edges, {moved} change"), "", 3, all))
}
