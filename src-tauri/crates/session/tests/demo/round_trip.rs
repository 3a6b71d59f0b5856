//! Files with many documents: into the tray, changed there, and out again with every other byte as it was.

use demo::Demo;
use world::yaml::{self, Edit};

use crate::bench::{Bench, bench};
use crate::git::Repository;

/// Everything that people write into one file: comments between documents, markers, anchors, empty documents, lists, foreign objects, and
/// no end of line at the end.
const FILE: &str = "\
# the shop's own
---
# a rule, in flow and in block
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: one, namespace: dev}   # flow
spec:
    host: one
    subsets: [{name: v1, labels: &l {version: v1}}, {name: v2, labels: *l}]
    zebra: kept
    trafficPolicy: {loadBalancer: {simple: RANDOM}} # how
...
---
# somebody else's
apiVersion: v1
kind: ConfigMap
metadata: {name: other, namespace: dev}
data:
  text: |
    ---
    not a document
---
---
# nothing at all
---
\"apiVersion\": \"networking.istio.io/v1\"
kind:   VirtualService
metadata:
  namespace: dev
  name: two

spec:
  http:
  - timeout: 5s   # long
    route:
    - destination: {host: one}
  hosts: [one]
--- # and now several
apiVersion: v1
kind: List
items:
# strict
- apiVersion: security.istio.io/v1
  kind: PeerAuthentication
  metadata: {name: three, namespace: dev}
  spec:
    mtls: {mode: STRICT} # for now
- apiVersion: security.istio.io/v1
  kind: PeerAuthentication
  metadata: {name: four, namespace: dev}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: five, namespace: dev}
spec: {}   # nobody";

/// (name, field, value, what changes of the text)
const EDITS: [(&str, &str, &str, &str, &str); 4] = [
    ("one", "/spec/trafficPolicy/loadBalancer/simple", "ROUND_ROBIN", "{simple: RANDOM}", "{simple: ROUND_ROBIN}"),
    ("two", "/spec/http/0/timeout", "9s", "timeout: 5s", "timeout: 9s"),
    ("three", "/spec/mtls/mode", "DISABLE", "{mode: STRICT}", "{mode: DISABLE}"),
    // What was empty begins in block.
    ("five", "/spec/action", "DENY", "spec: {}   # nobody", "spec:   # nobody\n  action: DENY"),
];

/// With the ends of lines that the file has.
fn ended_as(file: &str, text: &str) -> String {
    if file.contains('\r') { text.replace('\n', "\r\n") } else { text.to_owned() }
}

/// Puts everything that can be imported into the tray; answers the names in their order, with the texts.
async fn import(bench: &Bench, dishes: &[session::recipes::Dish]) -> Vec<(String, String)> {
    for dish in dishes {
        bench.session.draft_put(&dish.after, &dish.base).await.unwrap();
    }
    dishes.iter().map(|dish| (dish.key.name.clone(), dish.after.clone())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_went_through_the_tray_has_changed_only_where_it_was_edited() {
    for file in [FILE.to_owned(), FILE.replace('\n', "\r\n"), format!("\u{feff}{FILE}\n")] {
        let bench = bench(Demo::client).await;
        let repository = Repository::new(&[("all.yaml", &file), ("beside/kept.yaml", "a: [1,\n  2]\n")]);
        let found = bench.session.import_folder(&repository.path()).await.unwrap();
        let names = import(&bench, &found.dishes).await;
        assert_eq!(
            names.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["one", "two", "three", "four", "five"]
        );
        assert_eq!(found.passed_over, [("ConfigMap".to_owned(), 1)].into());
        assert!(names[0].1.contains("# a rule, in flow and in block"), "{}", names[0].1);
        assert!(names[2].1.contains("# for now"), "{}", names[2].1);

        // Looked at and not changed: nothing is to be committed.
        let plan = bench.session.git_plan(&repository.path(), &[]).await.unwrap();
        assert_eq!((plan.files.len(), plan.same), (0, 5), "{:?}", plan.files);

        let mut expected = file.clone();
        for (name, at, value, from, to) in EDITS {
            let (_, text) = names.iter().find(|(other, _)| other == name).unwrap();
            let edited = yaml::edit(text, &[Edit::set(at, value)]).unwrap();
            bench.session.draft_put(&edited, "").await.unwrap();
            assert_eq!(expected.matches(from).count(), 1, "{from}");
            expected = expected.replace(from, &ended_as(&file, to));
        }
        let plan = bench.session.git_plan(&repository.path(), &[]).await.unwrap();
        bench.session.git_commit(&repository.path(), &[], "x", &plan.token).await.unwrap();
        assert_eq!(repository.read("all.yaml"), expected);
        assert_eq!(repository.read("beside/kept.yaml"), "a: [1,\n  2]\n");
        assert_eq!(repository.git(&["show", "--stat", "--format="]).lines().count(), 2, "no other file");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pasted_goes_into_the_tray_document_by_document_as_it_is() {
    let bench = bench(Demo::client).await;
    for file in [FILE.to_owned(), FILE.replace('\n', "\r\n")] {
        let found = bench.session.import(&file).await.unwrap();
        let names = import(&bench, &found.dishes).await;
        assert_eq!(
            names.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["one", "two", "three", "four", "five"]
        );
        for (name, text) in &names {
            let tray = bench.session.tray().borrow().clone();
            let item = tray.items().iter().find(|item| item.key.name == *name).map(|item| &item.yaml);
            assert_eq!(item, Some(text), "the tray has it as it is");
            // Of the lists each line stands further to the right.
            let shift = if ["three", "four"].contains(&name.as_str()) { "  " } else { "" };
            let first = if shift.is_empty() { "" } else { "- " };
            let moved = text.replace('\n', &format!("\n{shift}"));
            let moved = moved.strip_suffix(shift).unwrap_or(&moved);
            assert!(file.contains(&format!("{first}{moved}")), "{name} is not in the file byte for byte: {text:?}");
        }
        for (name, at, value, from, to) in EDITS {
            let (_, text) = names.iter().find(|(other, _)| other == name).unwrap();
            assert_eq!(
                yaml::edit(text, &[Edit::set(at, value)]).unwrap(),
                text.replace(from, &ended_as(&file, to)),
                "{name}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_a_list_leaves_the_others_as_they_are() {
    let bench = bench(Demo::client).await;
    let repository = Repository::new(&[("all.yaml", FILE)]);
    let live = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: three, namespace: dev}\nspec: {}\n";
    bench.admin().create(&yaml::read(live).value, &cluster::Options::default()).await.unwrap();
    let key = world::ObjectKey::new("security.istio.io", "PeerAuthentication", "dev", "three");
    bench.session.draft_delete(&key).await.unwrap();
    let plan = bench.session.git_plan(&repository.path(), &[]).await.unwrap();
    bench.session.git_commit(&repository.path(), &[], "x", &plan.token).await.unwrap();
    let gone = "- apiVersion: security.istio.io/v1\n  kind: PeerAuthentication\n  metadata: {name: three, namespace: dev}\n  spec:\n    mtls: {mode: STRICT} # for now\n";
    let now = repository.read("all.yaml");
    let without = FILE.replace(gone, "");
    assert!(now == without || now == without.replace("# strict\n", ""), "{now}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_saved_back_in_place_without_git() {
    for file in [FILE.to_owned(), FILE.replace('\n', "\r\n"), format!("\u{feff}{FILE}\n")] {
        let bench = bench(Demo::client).await;
        let folder = tempfile::tempdir().unwrap();
        let (all, beside) = (folder.path().join("all.yaml"), folder.path().join("beside.yaml"));
        std::fs::write(&all, &file).unwrap();
        std::fs::write(&beside, "a: [1,\n  2]\n").unwrap();
        let path = all.canonicalize().unwrap().display().to_string();
        let found = bench.session.import_folder(&path).await.unwrap();
        let names = import(&bench, &found.dishes).await;
        assert_eq!((names.len(), found.files), (5, 1));
        let plan = bench.session.save_plan(&path, &[]).await.unwrap();
        assert_eq!((plan.files.len(), plan.same), (0, 5), "{:?}", plan.files);

        let mut expected = file.clone();
        for (name, at, value, from, to) in EDITS {
            let (_, text) = names.iter().find(|(other, _)| other == name).unwrap();
            bench.session.draft_put(&yaml::edit(text, &[Edit::set(at, value)]).unwrap(), "").await.unwrap();
            expected = expected.replace(from, &ended_as(&file, to));
        }
        // Somebody writes the file after it was looked at: nothing is written over, and what would be written now is shown.
        let plan = bench.session.save_plan(&path, &[]).await.unwrap();
        let theirs = file.replace("# the shop's own", "# everybody's own");
        std::fs::write(&all, &theirs).unwrap();
        let refused = bench.session.save_files(&path, &[], &plan.token).await.unwrap_err();
        assert!(matches!(refused, session::Error::OutdatedReview), "{refused}");
        assert_eq!(std::fs::read_to_string(&all).unwrap(), theirs);
        let plan = bench.session.save_plan(&path, &[]).await.unwrap();
        assert_eq!(plan.files[0].before.as_deref(), Some(theirs.as_str()));
        let saved = bench.session.save_files(&path, &[], &plan.token).await.unwrap();
        assert_eq!(saved, ["all.yaml"]);
        let expected = expected.replace("# the shop's own", "# everybody's own");
        assert_eq!(std::fs::read_to_string(&all).unwrap(), expected);
        assert_eq!(std::fs::read_to_string(&beside).unwrap(), "a: [1,\n  2]\n");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left behind");

        // Into a new file beside it, and an object more into that.
        let new = folder.path().canonicalize().unwrap().join("new.yaml").display().to_string();
        let keys: Vec<_> = found.dishes.iter().map(|dish| dish.key.clone()).collect();
        for some in [&keys[..1], &keys[4..]] {
            let plan = bench.session.save_plan(&new, some).await.unwrap();
            bench.session.save_files(&new, some, &plan.token).await.unwrap();
        }
        let both = std::fs::read_to_string(&new).unwrap();
        assert_eq!(yaml::split(&both).len(), 2, "{both}");
        let nowhere = bench.session.save_plan("/nowhere/at/all", &keys).await.unwrap_err();
        assert!(matches!(nowhere, session::Error::File { .. }), "{nowhere}");
    }
}
