//! The tray, and objects of the demo, into a Git checkout; and folders of manifests into the tray.

use std::path::{Path, PathBuf};
use std::process::Command;

use demo::Demo;

use crate::bench::{Bench, bench, reviews};

/// A checkout with one commit, and an identity of its own.
pub struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let this = Self { folder: tempfile::tempdir().unwrap() };
        this.git(&["init", "--quiet", "--initial-branch=main"]);
        for (name, value) in
            [("user.name", "Tester"), ("user.email", "tester@example.com"), ("commit.gpgsign", "false")]
        {
            this.git(&["config", name, value]);
        }
        for (name, text) in files {
            this.write(name, text);
        }
        this.git(&["add", "--all"]);
        this.git(&["commit", "--quiet", "--allow-empty", "--message=first"]);
        this
    }

    pub fn path(&self) -> String {
        self.folder.path().canonicalize().unwrap().display().to_string()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let file = self.file(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap()
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git").arg("-C").arg(self.folder.path()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// The route of reviews as somebody keeps it in Git: with comments, beside another document.
async fn kept(bench: &Bench) -> String {
    let live = bench.session.document(&reviews("VirtualService")).await.unwrap().yaml;
    format!(
        "# the shop's routes\n{live}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: other, namespace: prod}}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tray_becomes_a_commit_and_what_is_staged_besides_stays() {
    let bench = bench(Demo::client).await;
    let text = kept(&bench).await;
    let repository = Repository::new(&[("apps/routes.yaml", text.as_str()), ("README", "x\n")]);
    bench.edit_both().await;
    // Somebody is in the middle of something else.
    repository.write("README", "y\n");
    repository.git(&["add", "README"]);
    repository.write("untracked.txt", "z\n");

    let plan = bench.session.git_plan(&repository.path(), &[]).await.unwrap();
    let names: Vec<_> = plan.files.iter().map(|file| (file.path.as_str(), file.before.is_some())).collect();
    assert_eq!(names, [("apps/routes.yaml", true), ("prod/destinationrule-reviews.yaml", false)]);
    assert_eq!(plan.branch, "main");
    assert!(
        plan.message.starts_with("change 2 objects in prod\n\n- change VirtualService prod/reviews\n"),
        "{}",
        plan.message
    );
    assert!(plan.message.contains("Cluster: demo"), "{}", plan.message);
    assert!(!repository.file("prod").exists(), "a plan writes nothing");

    let other = bench.session.git_commit(&repository.path(), &[], "x", "0").await.unwrap_err().to_string();
    assert!(other.contains("no longer"), "{other}");
    let done = bench.session.git_commit(&repository.path(), &[], &plan.message, &plan.token).await.unwrap();
    assert_eq!(repository.git(&["rev-parse", "HEAD"]).trim(), done.commit);
    let changed = repository.git(&["show", "--name-only", "--format=", "HEAD"]);
    assert_eq!(changed.lines().collect::<Vec<_>>(), ["apps/routes.yaml", "prod/destinationrule-reviews.yaml"]);
    assert_eq!(repository.git(&["show", "--format=%an|%s", "--no-patch"]).trim(), "Tester|change 2 objects in prod");
    assert_eq!(repository.git(&["status", "--porcelain"]), "M  README\n?? untracked.txt\n", "the rest is as it was");
    let routes = repository.read("apps/routes.yaml");
    assert!(
        routes.starts_with("# the shop's routes\n")
            && routes.contains("weight: 80")
            && routes.ends_with("{name: other, namespace: prod}\n"),
        "{routes}"
    );
    let again = bench.session.git_plan(&repository.path(), &[]).await.unwrap();
    assert_eq!((again.files.len(), again.same), (0, 2), "the checkout has it now");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dirty_or_leads_elsewhere_is_refused_and_stays() {
    let bench = bench(Demo::client).await;
    let text = kept(&bench).await;
    let repository = Repository::new(&[("routes.yaml", text.as_str())]);
    bench.move_weight(70).await;
    let refused = async || bench.session.git_plan(&repository.path(), &[]).await.unwrap_err().to_string();

    let dirty = text.replace("the shop's", "somebody's");
    repository.write("routes.yaml", &dirty);
    let why = refused().await;
    assert!(why.contains("routes.yaml: it has changes that are not committed"), "{why}");
    assert_eq!(repository.read("routes.yaml"), dirty);

    std::fs::remove_file(repository.file("routes.yaml")).unwrap();
    repository.git(&["commit", "--quiet", "--all", "--message=gone"]);
    let outside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), repository.file("prod")).unwrap();
    let why = refused().await;
    assert!(why.contains("a link leads elsewhere"), "{why}");
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
    std::fs::remove_file(repository.file("prod")).unwrap();

    // A hook says no: nothing is left behind.
    repository.write(".git/hooks/pre-commit", "#!/bin/sh\necho not on a Friday >&2\nexit 1\n");
    let hook = repository.file(".git/hooks/pre-commit");
    Command::new("chmod").arg("+x").arg(&hook).status().unwrap();
    let plan = bench.session.git_plan(&repository.path(), &[]).await.unwrap();
    let why = bench.session.git_commit(&repository.path(), &[], "x", &plan.token).await.unwrap_err().to_string();
    assert!(why.contains("not on a Friday"), "{why}");
    assert_eq!(repository.git(&["status", "--porcelain"]), "");

    let nowhere = tempfile::tempdir().unwrap();
    let why = bench.session.git_plan(&nowhere.path().display().to_string(), &[]).await.unwrap_err().to_string();
    assert!(why.to_lowercase().contains("not a git repository"), "{why}");
    assert!(bench.session.git_plan("relative", &[]).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn chosen_objects_and_deletions_go_where_they_stand() {
    let bench = bench(Demo::client).await;
    let text = kept(&bench).await;
    let repository = Repository::new(&[("a b/'routes'.yaml", text.as_str())]);
    let chosen = bench
        .session
        .git_plan(&repository.path(), &[reviews("VirtualService"), reviews("DestinationRule")])
        .await
        .unwrap();
    assert_eq!((chosen.files.len(), chosen.same), (1, 1), "{chosen:?}");
    bench.session.draft_delete(&reviews("VirtualService")).await.unwrap();
    let plan = bench.session.git_plan(&repository.path(), &[]).await.unwrap();
    assert!(plan.message.starts_with("remove VirtualService prod/reviews\n"), "{}", plan.message);
    bench.session.git_commit(&repository.path(), &[], &plan.message, &plan.token).await.unwrap();
    let left = repository.read("a b/'routes'.yaml");
    assert!(left.contains("ConfigMap") && !left.contains("VirtualService"), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_goes_into_the_tray_and_says_what_it_passed_over() {
    let bench = bench(Demo::client).await;
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::create_dir_all(Path::new(&file).parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    let strict = |name: &str| {
        format!(
            "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {{name: {name}, namespace: dev}} # kept\nspec: {{mtls: {{mode: STRICT}}}}\n"
        )
    };
    put("one.yaml", &kept(&bench).await);
    put("deep/er/two.yml", &format!("{}---\n{}", strict("one"), strict("two")));
    put("deep/again.yaml", &format!("# a comment\n{}", strict("one")));
    put("broken.yaml", "a: 1\nb: [\n");
    put("nameless.yaml", "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {namespace: dev}\n");
    put(".hidden/three.yaml", &strict("z"));
    put("notes.txt", "kind: Nothing");
    std::fs::write(folder.path().join("bytes.yaml"), [0xff, 0xfe, 0x00]).unwrap();
    let import = bench.session.import_folder(&folder.path().display().to_string()).await.unwrap();
    let names: Vec<_> = import.dishes.iter().map(|dish| (dish.key.name.as_str(), !dish.base.is_empty())).collect();
    assert_eq!(names, [("one", false), ("two", false), ("reviews", true)]);
    assert!(import.dishes[0].after.contains("# kept"));
    assert_eq!(import.passed_over.iter().map(|(kind, n)| (kind.as_str(), *n)).collect::<Vec<_>>(), [("ConfigMap", 1)]);
    let mut told: Vec<_> = import.problems.iter().map(|p| (p.path.as_str(), p.line)).collect();
    told.sort_unstable();
    assert_eq!(
        told.iter().map(|(path, _)| *path).collect::<Vec<_>>(),
        ["broken.yaml", "bytes.yaml", "deep/er/two.yml", "nameless.yaml"],
        "{:?}",
        import.problems
    );
    assert!(told.contains(&("broken.yaml", 3)) || told.contains(&("broken.yaml", 2)), "{told:?}");
    assert_eq!(import.files, 6);
    assert!(bench.session.import_folder("/nowhere/at/all").await.is_err());
}
