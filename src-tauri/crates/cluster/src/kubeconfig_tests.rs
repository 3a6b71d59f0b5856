use super::*;

fn file(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    path
}

/// A kubeconfig whose cluster is at this server and whose user has this token.
fn config(context: &str, server: &str, token: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: {context}\n\
         clusters: [{{name: kubernetes, cluster: {{server: '{server}', certificate-authority: pki/ca.crt}}}}]\n\
         users: [{{name: admin, user: {{token: {token}}}}}]\n\
         contexts: [{{name: {context}, context: {{cluster: kubernetes, user: admin, namespace: shop}}}}]\n"
    )
}

fn list(paths: &[&PathBuf]) -> Sources {
    Sources { list: paths.iter().map(|path| (*path).clone()).collect(), ..Sources::default() }
}

fn token(context: &Context) -> String {
    use secrecy::ExposeSecret;
    context.auth.token.as_ref().map(|token| token.expose_secret().to_owned()).unwrap_or_default()
}

#[test]
fn files_of_the_list_are_merged_and_the_first_wins() {
    let folder = tempfile::tempdir().unwrap();
    let first = file(folder.path(), "first", &config("one", "https://one:6443", "t1"));
    let second = file(folder.path(), "second", &config("two", "https://two:6443", "t2"));
    let found = read(&list(&[&first, &second]));
    let [one, two] = found.contexts.as_slice() else { panic!("{:?}", found.contexts) };
    assert_eq!((one.server.as_str(), token(one).as_str(), one.namespace.as_str()), ("https://one:6443", "t1", "shop"));
    // As `kubectl config view`: the name `kubernetes` means the first file's cluster in every context.
    assert_eq!((two.server.as_str(), token(two).as_str()), ("https://one:6443", "t1"));
    assert!(one.current && !two.current);
    assert_eq!(one.cluster.certificate_authority.as_deref(), Some(folder.path().join("pki/ca.crt").to_str().unwrap()));
    assert_eq!(found.named(None).map(|c| c.name.as_str()), Some("one"));
}

#[test]
fn one_name_in_two_files_is_two_contexts() {
    let folder = tempfile::tempdir().unwrap();
    let first = file(folder.path(), "first", &config("same", "https://one:6443", "t1"));
    let second = file(folder.path(), "second", &config("same", "https://two:6443", "t2"));
    for sources in [list(&[&first, &second]), Sources { added: vec![second.clone()], ..list(&[&first]) }] {
        let found = read(&sources);
        let seen: Vec<_> = found.contexts.iter().map(|c| (c.server.clone(), token(c), c.current)).collect();
        let expected = [("https://one:6443", "t1", true), ("https://two:6443", "t2", false)];
        assert_eq!(seen, expected.map(|(server, token, current)| (server.to_owned(), token.to_owned(), current)));
        assert_ne!(found.contexts[0].id, found.contexts[1].id);
        assert_eq!(found.by_id(&found.contexts[1].id).map(|c| c.file.as_path()), Some(second.as_path()));
    }
}

#[test]
fn a_broken_file_costs_itself_and_shows_no_value() {
    let folder = tempfile::tempdir().unwrap();
    let good = file(folder.path(), "good", &config("good", "https://one:6443", "t1"));
    let broken = "apiVersion: v1\nkind: Config\nusers:\n- name: x\n  user: {token: hunter2secret\ncontexts: [\n";
    let shape = "apiVersion: v1\nusers:\n- name: x\n  user: hunter2secret\n";
    let bomb: String = std::iter::once("a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned())
        .chain((1..12).map(|i| format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 9].join(","))))
        .collect();
    let table: [(&str, &[u8], Option<u64>); 6] = [
        ("broken", broken.as_bytes(), None),
        ("shape", shape.as_bytes(), Some(4)),
        ("binary", b"apiVersion: v1\nkind: \xff\xfe", Some(2)),
        ("pod", b"apiVersion: v1\nkind: Pod\n", None),
        ("bomb", bomb.as_bytes(), None),
        ("list", b"- 1\n- 2\n", None),
    ];
    for (name, text, at) in table {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let found = read(&list(&[&path, &good]));
        assert_eq!(found.contexts.len(), 1, "{name}");
        let Some(FileProblem::Broken { line, reason }) = &found.files[0].problem else { panic!("{name}: {found:?}") };
        assert!(at.is_none() || *line == at, "{name}: {line:?} {reason}");
        assert!(!reason.is_empty() && !reason.contains("hunter2secret"), "{name}: {reason}");
        assert_eq!(found.files[1].problem, None);
    }
}

#[test]
fn files_that_are_not_there_or_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere");
    let found = read(&Sources { home: Some(nowhere.clone()), ..list(&[&nowhere]) });
    assert!(found.files.is_empty() && found.contexts.is_empty(), "no kubeconfig at all is no mistake");
    let found = read(&Sources { added: vec![nowhere, folder.path().to_owned()], ..Sources::default() });
    assert_eq!(found.files.len(), 2);
    assert!(found.files.iter().all(|file| matches!(file.problem, Some(FileProblem::Unreadable { .. })) && file.added));
}

#[test]
fn contexts_that_lead_nowhere_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(
        folder.path(),
        "config",
        "apiVersion: v1\nclusters: [{name: bare, cluster: {}}, {name: c, cluster: {server: 'https://user:pass@c:6443/x@y'}}]\n\
         contexts: [{name: a, context: {cluster: no}}, {name: b, context: {cluster: bare}}, {name: c, context: {cluster: c, user: no}},\n\
           {name: d, context: {cluster: c}}, {name: e}]\n",
    );
    let found = read(&list(&[&path]));
    let words = ["no cluster 'no'", "has no server", "no user 'no'", "", "no cluster ''"];
    for (context, word) in found.contexts.iter().zip(words) {
        assert_eq!(context.problem.is_none(), word.is_empty(), "{:?}", context.problem);
        assert!(context.problem.as_deref().unwrap_or_default().contains(word), "{:?}", context.problem);
    }
    assert_eq!(found.contexts[3].server, "https://c:6443/x@y", "a password in the address is not shown");
}

#[test]
fn nothing_secret_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(
        folder.path(),
        "config",
        "apiVersion: v1\nclusters: [{name: c, cluster: {server: 'https://c'}}]\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n\
         users: [{name: u, user: {token: hunter2, auth-provider: {name: gcp, config: {access-token: hunter2}},\n\
           exec: {command: ./bin/login, args: [now], env: [{name: KEY, value: hunter2}]}}}]\n",
    );
    let found = read(&list(&[&path]));
    assert!(!format!("{found:?}").contains("hunter2"), "{found:?}");
    let exec = found.contexts[0].exec.as_ref().unwrap();
    assert_eq!(exec.env, ["KEY"]);
    assert_eq!(
        exec.command,
        folder.path().join("./bin/login").to_str().unwrap(),
        "a relative program counts from the file"
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_is_used_and_said() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "config", &config("one", "https://one:6443", "t1"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o646)).unwrap();
    let found = read(&list(&[&path]));
    assert_eq!(found.contexts.len(), 1);
    assert_eq!(found.files[0].problem, Some(FileProblem::Loose { mode: 0o646 }));
}
