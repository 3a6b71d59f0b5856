//! Istio's own samples through import, the tray and saving: what was not edited goes back byte for byte, what was is changed where it stands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use session::live::Link;
use session::{Profile, Workbench};
use world::yaml::{Edit, edit, read, split};

use crate::corpus::manifests;
use crate::genuine::{module, sources};

/// The built-in cluster.
const DEMO: &str = "demo";
/// Long enough for a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// A folder's manifests, by their place in it.
fn texts(folder: &Path) -> BTreeMap<PathBuf, String> {
    let named = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).unwrap();
        (file.strip_prefix(folder).unwrap().to_owned(), text)
    };
    manifests(folder, true).into_iter().map(named).collect()
}

/// With a namespace where it names none: samples leave that to whoever applies them.
fn placed(text: &str) -> String {
    let mut placed = text.to_owned();
    for document in split(text) {
        let value = read(document).value;
        if value.pointer("/metadata/name").is_some() && value.pointer("/metadata/namespace").is_none() {
            let edits = [Edit::set("/metadata/namespace", "dev")];
            placed = placed.replacen(document, &edit(document, &edits).unwrap_or_else(|_| document.to_owned()), 1);
        }
    }
    placed
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_go_through_the_tray_and_back_into_their_files() {
    let Some(module) = module() else {
        eprintln!("skipped: NETLOFT_ISTIO names no Go module that requires istio.io/istio");
        return;
    };
    let samples = sources(&module, "istio.io/istio").unwrap().join("samples");
    let (profile, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (name, text) in texts(&samples) {
        let file = copy.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, placed(&text)).unwrap();
    }
    let before = texts(copy.path());
    let workbench = Workbench::open(Profile::in_folder(profile.path())).unwrap();
    let session = workbench.open_session(DEMO).await.unwrap();
    let mut live = session.live();
    tokio::time::timeout(LIMIT, live.wait_for(|live| live.link == Link::Live)).await.expect("the first lists").unwrap();
    let folder = copy.path().canonicalize().unwrap().display().to_string();
    let found = session.import_folder(&folder).await.unwrap();
    let mut kept = Vec::new();
    for dish in &found.dishes {
        // What the built-in cluster does not serve stays out of the tray.
        if session.draft_put(&dish.after, &dish.base).await.is_ok() {
            kept.push(dish);
        }
    }
    let (all, others) = (found.dishes.len(), &found.passed_over);
    assert!(kept.len() > 50, "{} of {all}, besides {others:?} and {:?}", kept.len(), found.problems);
    let plan = session.save_plan(&folder, &[]).await.unwrap();
    assert_eq!((plan.files.len(), plan.same as usize), (0, kept.len()), "{:#?}", plan.files);

    // One label more each, in the documents that can take it: the text of the tray is the text of the file.
    for dish in &kept {
        let labels = [Edit::set("/metadata/labels", serde_json::json!({"saved": "yes"}))];
        let value = read(&dish.after).value;
        let label = [Edit::set("/metadata/labels/saved", "yes")];
        let edits = if value.pointer("/metadata/labels").is_some() { &label[..] } else { &labels[..] };
        session.draft_put(&edit(&dish.after, edits).unwrap(), &dish.base).await.unwrap();
    }
    let plan = session.save_plan(&folder, &[]).await.unwrap();
    let saved = session.save_files(&folder, &[], &plan.token).await.unwrap();
    let after = texts(copy.path());
    assert_eq!(after.len(), before.len());
    let mut changed = 0;
    for (name, text) in &before {
        let now = &after[name];
        let is_saved = saved.iter().any(|path| Path::new(path) == name);
        assert_eq!(now != text, is_saved, "{}", name.display());
        // Every line that was there is there, in its order; what came is the label.
        let mut lines = now.lines();
        for line in text.lines() {
            let there = lines.by_ref().find(|new| {
                changed += usize::from(new.contains("saved"));
                *new == line || new.replace(", labels: {saved: \"yes\"}", "") == line
            });
            assert!(there.is_some(), "{}: {line:?} is gone\n{now}", name.display());
        }
    }
    assert!(changed >= kept.len(), "{changed} of {}", kept.len());
}
