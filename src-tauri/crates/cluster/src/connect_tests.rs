use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::fake::{Fake, Fault};
use crate::{Cause, Environment, Sources, kubeconfig};

pub(super) fn context(folder: &Path, server: &str, user: &str, more: &str) -> Context {
    let path = folder.join("config");
    let text = format!(
        "apiVersion: v1\nclusters: [{{name: c, cluster: {{server: '{server}'{more}}}}}]\n\
         users: [{{name: u, user: {user}}}]\ncontexts: [{{name: x, context: {{cluster: c, user: u}}}}]\n"
    );
    std::fs::write(&path, text).unwrap();
    kubeconfig::read(&Sources { list: vec![path], ..Sources::default() }).contexts.remove(0)
}

#[tokio::test]
async fn what_cannot_be_opened_says_which_field() {
    let folder = tempfile::tempdir().unwrap();
    let table = [
        ("https://c", "{auth-provider: {name: gcp, config: {cmd-path: /bin/sh}}}", "", "auth-provider 'gcp'"),
        ("file:///etc/passwd", "{}", "", "server"),
        ("not a url", "{}", "", "server"),
        ("https://a b", "{}", "", "cluster url"),
        ("https://c", "{}", ", certificate-authority: nowhere.crt", "nowhere.crt"),
        ("https://c", "{client-certificate: nowhere.crt, client-key: nowhere.key}", "", "nowhere"),
        ("https://c", "{}", ", proxy-url: 'ftp://proxy'", "proxy"),
        ("https://c", "{tokenFile: nowhere.token}", "", "nowhere.token"),
    ];
    for (server, user, more, word) in table {
        let context = context(folder.path(), server, user, more);
        let Err(error) = connect(&context, &ExecPolicy::default()).await else { panic!("{word}: it opened") };
        assert!(error.to_string().contains(word) && !error.hint().0.is_empty(), "{word}: {error}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_plugins_token_is_sent_and_its_refusal_is_understood() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start().await;
    let plugin = folder.path().join("login");
    let credential =
        r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"hunter2"}}"#;
    std::fs::write(&plugin, format!("#!/bin/sh\necho run >> {}/runs\necho '{credential}'\n", folder.path().display()))
        .unwrap();
    std::fs::set_permissions(&plugin, std::fs::Permissions::from_mode(0o755)).unwrap();
    let user = "{exec: {apiVersion: client.authentication.k8s.io/v1, command: ./login}}";
    let context = context(folder.path(), &fake.url, user, "");

    let Err(ConnectError::Credentials { error: ExecError::NotAllowed { fingerprint, command }, .. }) =
        connect(&context, &ExecPolicy::default()).await
    else {
        panic!("it opened without consent")
    };
    assert!(command.ends_with("login") && !folder.path().join("runs").exists());

    let environment = Arc::new(Environment::new(Some("/usr/bin:/bin".into()), None));
    let policy = ExecPolicy::new(environment, [fingerprint]);
    let connection = connect(&context, &policy).await.unwrap();
    connection.raw_get("/version").await.unwrap();
    assert_eq!(fake.set(|state| state.tokens.last().cloned()), Some("Bearer hunter2".into()));

    fake.fail("version", Fault::Status(401, None, r#"{"message":"Unauthorized"}"#.into()));
    let error = connection.raw_get("/version").await.unwrap_err();
    assert!(matches!(error.cause, Cause::Unauthenticated { .. }) && !format!("{error:?}").contains("hunter2"));
    let runs = std::fs::read_to_string(folder.path().join("runs")).unwrap();
    assert_eq!(runs.lines().count(), 1, "credentials are kept, and a plugin is not run again at once");
}

#[tokio::test]
async fn impersonation_and_tokens_go_along() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start().await;
    std::fs::write(folder.path().join("token"), "from-file").unwrap();
    for (user, expected) in [("{token: direct, as: eve}", "Bearer direct"), ("{tokenFile: token}", "Bearer from-file")]
    {
        let context = context(folder.path(), &fake.url, user, "");
        connect(&context, &ExecPolicy::default()).await.unwrap().raw_get("/version").await.unwrap();
        assert_eq!(fake.set(|state| state.tokens.last().cloned()), Some(expected.into()));
    }
    assert!(fake.set(|state| state.impersonated.contains(&"eve".to_owned())));
}

#[tokio::test]
async fn answers_are_understood_and_writes_are_sent_once() {
    let fake = Fake::start().await;
    let connection = fake.connection();
    let version = || connection.raw_get("/version");
    type Is = fn(&Cause) -> bool;
    let table: [(u16, &str, Is); 6] = [
        (401, "{}", |cause| matches!(cause, Cause::Unauthenticated { .. })),
        (403, "{}", |cause| matches!(cause, Cause::Forbidden { .. })),
        (410, "{}", |cause| matches!(cause, Cause::Gone)),
        (429, "{}", |cause| matches!(cause, Cause::TooManyRequests { .. })),
        (503, "<html>", |cause| matches!(cause, Cause::Server { status: 503, .. })),
        (302, "", |cause| matches!(cause, Cause::Refused { status: 302, .. })),
    ];
    for (code, body, expected) in table {
        fake.fail("version", Fault::Status(code, Some(("location", "http://elsewhere.invalid/")), body.into()));
        let before = fake.count("version");
        let error = version().await.unwrap_err();
        assert!(expected(&error.cause), "{code}: {error:?}");
        assert_eq!(fake.count("version") - before, 1, "{code}: nothing is repeated, no redirection followed");
    }
    fake.fail("version", Fault::Send(b"{\"gitVer".to_vec()));
    let error = version().await.unwrap_err();
    assert!(matches!(error.cause, Cause::Unreachable(crate::Unreachable::Cut(_))), "{error:?}");
    fake.fail("version", Fault::Status(200, None, "<html>a login page</html>".into()));
    let error = connection.probe().await.unwrap_err();
    assert!(matches!(error.cause, Cause::Broken { .. }), "{error:?}");
}

#[tokio::test]
async fn nobody_listens() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path(), &url, "{}", "");
    let error = connect(&context, &ExecPolicy::default()).await.unwrap().probe().await.unwrap_err();
    assert_eq!(error.cause, Cause::Unreachable(crate::Unreachable::Refused));
    assert!(error.to_string().contains("connection refused") && error.to_string().contains('x'), "{error}");
}
