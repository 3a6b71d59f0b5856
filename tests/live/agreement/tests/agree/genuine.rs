//! Istio's own analyzers, as a program built from its module.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::corpus::Case;

/// What an analyzer says.
pub struct Message {
    /// `IST0101`
    pub code: String,
    /// Kind of the object.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// The analyzers, ready to be asked.
pub struct Istio {
    /// Where its sources lie.
    pub sources: PathBuf,
    program: PathBuf,
}

impl Istio {
    /// Builds the program, which takes a minute the first time; `None`, and a word why, where it cannot be built here.
    pub fn found() -> Option<Self> {
        let skip = |why: &str| {
            eprintln!("skipped: {why}");
            None
        };
        let Some(module) = module() else {
            return skip("NETLOFT_ISTIO names no Go module that requires istio.io/istio");
        };
        let Some(sources) = sources(&module, "istio.io/istio") else {
            return skip("Go, or the sources of istio.io/istio, are not here");
        };
        let program = build(&module);
        Some(Self { sources, program })
    }

    /// The messages about each case, in order.
    pub fn ask(&self, cases: &[Case]) -> Vec<Vec<Message>> {
        let mut child = Command::new(&self.program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let lines: Vec<String> = cases
            .iter()
            .map(|case| json!({"id": case.id, "files": case.files, "mesh": case.mesh}).to_string())
            .collect();
        let writing = std::thread::spawn(move || lines.iter().for_each(|line| writeln!(input, "{line}").unwrap()));
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        let read: Vec<Vec<Message>> = answers.zip(cases).map(|(line, case)| messages(&line.unwrap(), case)).collect();
        writing.join().unwrap();
        assert!(child.wait().unwrap().success() && read.len() == cases.len(), "every case has an answer");
        read
    }
}

fn messages(line: &str, case: &Case) -> Vec<Message> {
    let answer: Value = serde_json::from_str(line).unwrap();
    assert_eq!(answer["id"], case.id);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = answer["messages"].as_array().unwrap().iter();
    all.map(|m| Message {
        code: text(&m["code"]),
        kind: text(&m["kind"]),
        namespace: text(&m["namespace"]),
        name: text(&m["name"]),
    })
    .collect()
}

/// The Go module that requires what is compared with.
pub fn module() -> Option<PathBuf> {
    std::env::var_os("NETLOFT_ISTIO").map(|path| PathBuf::from(path).canonicalize().unwrap())
}

/// Where the sources of a module that it requires lie.
pub fn sources(module: &Path, of: &str) -> Option<PathBuf> {
    let listed = Command::new("go").args(["list", "-m", "-f", "{{.Dir}}", of]).current_dir(module).output().ok()?;
    let folder = String::from_utf8_lossy(&listed.stdout).trim().to_owned();
    (!folder.is_empty()).then(|| PathBuf::from(folder))
}

/// The source is laid into the module by an overlay: nothing is written there.
fn build(module: &Path) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("genuine.go").canonicalize().unwrap();
    let out = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (overlay, program) = (out.join("overlay.json"), out.join("genuine-analyzers"));
    let inside = module.join("netloft-agreement/main.go");
    std::fs::write(&overlay, json!({"Replace": {inside.display().to_string(): here}}).to_string()).unwrap();
    let mut go = Command::new("go");
    go.args(["build", "-mod=readonly", "-ldflags", "-s -w", "-overlay"]).arg(&overlay).arg("-o").arg(&program);
    let built = go.arg("./netloft-agreement").current_dir(module).env("CGO_ENABLED", "0").output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    program
}
