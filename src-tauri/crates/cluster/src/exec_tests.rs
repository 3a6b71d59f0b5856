use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use super::*;

const GOOD: &str =
    r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"s3cr3t"}}"#;

fn script(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("plugin");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn exec(path: &Path) -> ExecConfig {
    ExecConfig {
        api_version: Some("client.authentication.k8s.io/v1".into()),
        command: Some(path.display().to_string()),
        args: Some(vec!["--region".into(), "eu west".into()]),
        ..ExecConfig::default()
    }
}

fn plugin(exec: ExecConfig, allowed: Vec<Fingerprint>) -> Plugin {
    let environment = Arc::new(Environment::new(Some("/usr/bin:/bin".into()), None));
    Plugin { exec, cluster: Cluster::default(), policy: ExecPolicy::new(environment, allowed) }
}

async fn consent(exec: &ExecConfig) -> Fingerprint {
    match plugin(exec.clone(), vec![]).allowed().await {
        Err(ExecError::NotAllowed { fingerprint, .. }) => fingerprint,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn nothing_runs_before_consent_or_after_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let ran = folder.path().join("ran");
    let path = script(folder.path(), &format!("touch {}; echo '{GOOD}'", ran.display()));
    let first = exec(&path);
    let fingerprint = consent(&first).await;
    assert!(plugin(first.clone(), vec![]).run().await.is_err());
    assert!(!ran.exists(), "it ran without consent");

    assert!(plugin(first.clone(), vec![fingerprint.clone()]).run().await.is_ok());
    assert!(ran.exists());
    std::fs::remove_file(&ran).unwrap();

    let mut argued = first.clone();
    argued.args = Some(vec!["--region".into(), "eu".into(), "west".into()]);
    let mut armed = first.clone();
    armed.env =
        Some(vec![[("name".to_owned(), "LD_PRELOAD".to_owned()), ("value".to_owned(), "/x.so".to_owned())].into()]);
    for changed in [argued, armed] {
        let refused = plugin(changed, vec![fingerprint.clone()]).run().await;
        assert!(matches!(refused, Err(ExecError::NotAllowed { .. })));
    }
    script(folder.path(), &format!("touch {}; echo swapped", ran.display()));
    let refused = plugin(first, vec![fingerprint]).run().await;
    assert!(matches!(refused, Err(ExecError::NotAllowed { .. })));
    assert!(!ran.exists(), "a swapped program ran");
}

#[tokio::test]
async fn what_fails_says_so_with_its_own_words_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln";
    let path = script(folder.path(), &format!("echo 'sign in with: aws sso login; token={jwt}' >&2; exit 3"));
    let exec = exec(&path);
    let allowed = consent(&exec).await;
    let Err(error) = plugin(exec, vec![allowed]).run().await else { panic!("no error") };
    let text = error.to_string();
    assert!(text.contains("aws sso login") && text.contains("exit status: 3"), "{text}");
    assert!(!text.contains("eyJ"), "{text}");
}

#[tokio::test]
async fn a_plugin_that_hangs_is_killed_with_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let alive = folder.path().join("alive");
    let path = script(folder.path(), &format!("echo $$ > {0}; sleep 60 & wait", alive.display()));
    let mut command = Command::new(&path);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    own_group(&mut command);
    let begun = Instant::now();
    let ended = run_within(&mut command, "plugin", Duration::from_millis(700)).await;
    assert!(matches!(ended, Err(ExecError::TooSlow { .. })));
    assert!(begun.elapsed() < Duration::from_secs(5));
    let group: i32 = std::fs::read_to_string(&alive).unwrap().trim().parse().unwrap();
    let group = rustix::process::Pid::from_raw(group).unwrap();
    let until = Instant::now() + Duration::from_secs(5);
    while rustix::process::test_kill_process_group(group).is_ok() {
        assert!(Instant::now() < until, "the group lives on");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_child_that_keeps_the_output_open_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = script(folder.path(), &format!("sleep 60 & echo '{GOOD}'"));
    let exec = exec(&path);
    let allowed = consent(&exec).await;
    let begun = Instant::now();
    assert!(plugin(exec, vec![allowed]).run().await.is_ok());
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn output_without_end_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let exec = exec(&script(folder.path(), "yes"));
    let allowed = consent(&exec).await;
    assert!(matches!(plugin(exec, vec![allowed]).run().await, Err(ExecError::TooMuch { .. })));
}

#[tokio::test]
async fn one_that_wants_a_terminal_is_shown_to_copy() {
    let mut exec = exec(Path::new("/bin/sh"));
    exec.interactive_mode = Some(ExecInteractiveMode::Always);
    let Err(ExecError::NeedsTerminal { command }) = plugin(exec, vec![]).run().await else { panic!() };
    assert_eq!(command, "/bin/sh --region 'eu west'");
}

#[test]
fn only_exec_credentials_are_read() {
    let v1 = "client.authentication.k8s.io/v1";
    assert!(read(GOOD.as_bytes(), v1).is_ok());
    let twice = format!("{GOOD}{GOOD}");
    let table: [&[u8]; 7] = [
        b"",
        b"not json",
        b"\xff\xfe\x00",
        twice.as_bytes(),
        br#"{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{"token":"t"}}"#,
        br#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"clientKeyData":"k"}}"#,
        br#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential"}"#,
    ];
    for output in table {
        let Err(reason) = read(output, v1) else { panic!("{}", String::from_utf8_lossy(output)) };
        assert!(!format!("{reason:?}").contains("s3cr3t"));
    }
}
