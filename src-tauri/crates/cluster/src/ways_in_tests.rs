//! Certificates, proxies, plugins and slow servers: each way in either works, or says what was tried, why it failed and
//! what to do.

use std::sync::atomic::Ordering;

use super::tests::context;
use super::*;
use crate::connection::Call;
use crate::fake::proxy::{Proxy, Speaks};
use crate::fake::tls::{Authority, Front};
use crate::fake::{Fake, Fault};
use crate::{ApiError, Cause, Environment, Unreachable, Untrusted};

/// A kubeconfig folder with an authority, and the fake behind it.
struct Bench {
    folder: tempfile::TempDir,
    fake: Fake,
    authority: Authority,
}

impl Bench {
    async fn new() -> Self {
        let (folder, fake, authority) = (tempfile::tempdir().unwrap(), Fake::start().await, Authority::new());
        std::fs::write(folder.path().join("ca.crt"), &authority.pem).unwrap();
        Self { folder, fake, authority }
    }

    fn context(&self, server: &str, user: &str, more: &str) -> Context {
        context(self.folder.path(), server, user, &format!(", certificate-authority: ca.crt{more}"))
    }

    async fn ask(&self, server: &str, user: &str, more: &str) -> Result<(), ApiError> {
        let connection = connect(&self.context(server, user, more), &ExecPolicy::default()).await.unwrap();
        connection.raw_get("/version").await.map(drop)
    }
}

/// An error that names what was tried, on what, and what to do; and no secret.
fn is_clear(error: &ApiError, words: &str) {
    let text = error.to_string();
    assert!(text.starts_with("GET /version on x: ") && text.contains(words), "{text}");
    assert!(!error.hint().0.is_empty() && !format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn a_servers_certificate_is_taken_or_refused_with_its_reason() {
    let bench = Bench::new().await;
    // Of the same name and with another key: so is the authority of a cluster that was made anew.
    let (here, strangers) = ("127.0.0.1", Authority::new());
    let table = [
        (bench.authority.sign(here), "", None),
        (bench.authority.sign_until(here, 2001), "", Some((Untrusted::Expired, "it has expired"))),
        (bench.authority.sign("elsewhere.example"), "", Some((Untrusted::WrongHost, "it is for another host"))),
        (bench.authority.sign("elsewhere.example"), ", tls-server-name: elsewhere.example", None),
        (strangers.sign(here), "", Some((Untrusted::UnknownAuthority, "its authority is unknown"))),
    ];
    for (identity, more, expected) in table {
        let front = Front::start(&bench.fake, &identity, None).await;
        let before = bench.fake.count("version");
        let answer = bench.ask(&format!("https://127.0.0.1:{}", front.port), "{token: hunter2}", more).await;
        match expected {
            None => answer.unwrap(),
            Some((why, words)) => {
                let error = answer.unwrap_err();
                is_clear(&error, words);
                assert_eq!(error.cause, Cause::Untrusted(why));
                assert_eq!(bench.fake.count("version"), before, "nothing was sent, and no token");
            }
        }
    }
}

#[tokio::test]
async fn a_client_certificate_opens_what_is_closed_without_one() {
    let bench = Bench::new().await;
    let front = Front::start(&bench.fake, &bench.authority.sign("127.0.0.1"), Some(&bench.authority)).await;
    let server = format!("https://127.0.0.1:{}", front.port);
    let error = bench.ask(&server, "{}", "").await.unwrap_err();
    is_clear(&error, "the server does not let us in");
    assert_eq!(
        (error.hint().0, front.known.load(Ordering::SeqCst)),
        ("Check the client certificate in the kubeconfig.", 0)
    );

    let identity = bench.authority.sign("eve");
    std::fs::write(bench.folder.path().join("eve.crt"), &identity.certificate).unwrap();
    std::fs::write(bench.folder.path().join("eve.key"), &identity.key).unwrap();
    bench.ask(&server, "{client-certificate: eve.crt, client-key: eve.key}", "").await.unwrap();
    assert_eq!(front.known.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn proxies_lead_to_names_that_only_they_know() {
    let bench = Bench::new().await;
    let front = Front::start(&bench.fake, &bench.authority.sign("cluster.invalid"), None).await;
    for (speaks, scheme, asked) in [
        (Speaks::Connect, "http", "CONNECT cluster.invalid:6443 HTTP/1.1\r\n"),
        (Speaks::Socks5, "socks5", "cluster.invalid"),
    ] {
        let proxy = Proxy::start(speaks, front.port).await;
        let more = format!(", proxy-url: '{scheme}://127.0.0.1:{}'", proxy.port);
        bench.ask("https://cluster.invalid:6443", "{token: hunter2}", &more).await.unwrap();
        let heard = proxy.asked.lock().unwrap().concat();
        assert!(heard.starts_with(asked) && !heard.contains("hunter2"), "{heard}");
        assert_eq!(bench.fake.set(|state| state.tokens.pop()), Some("Bearer hunter2".into()));
    }
}

#[tokio::test]
async fn a_proxy_that_is_dead_or_closed_is_named_as_what_failed() {
    let bench = Bench::new().await;
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = nobody.local_addr().unwrap().port();
    drop(nobody);
    let closed = Proxy::start(Speaks::Closed, 1).await.port;
    for (scheme, port, words) in [("http", dead, ""), ("socks5", dead, ""), ("http", closed, "authorization required")]
    {
        let more = format!(", proxy-url: '{scheme}://127.0.0.1:{port}'");
        let error = bench.ask("https://cluster.invalid:6443", "{token: hunter2}", &more).await.unwrap_err();
        is_clear(&error, "the proxy did not let us through: ");
        is_clear(&error, words);
        assert!(matches!(error.cause, Cause::Unreachable(Unreachable::Proxy(_))), "{error:?}");
        assert_eq!(error.hint().0, "Check proxy-url in the kubeconfig.");
    }
    assert_eq!(bench.fake.count("version"), 0);
}

#[tokio::test]
async fn a_slow_server_holds_nobody_longer_than_the_deadline() {
    let fake = Fake::start().await;
    let connection = fake.connection();
    let second = Duration::from_secs(1);
    for fault in [Fault::Silent, Fault::Drip] {
        fake.fail("version", fault);
        let begun = Instant::now();
        let Err(error) = connection.send(&Call { limit: second, ..Call::get("look", "/version") }).await else {
            panic!("it answered")
        };
        assert_eq!(error.cause, Cause::Unreachable(Unreachable::Timeout(second)));
        assert_eq!(error.to_string(), "look on fake: unreachable: no answer within 1 s");
        assert!(!error.hint().0.is_empty() && begun.elapsed() < second * 10, "{:?}", begun.elapsed());
    }
    connection.raw_get("/version").await.unwrap();
}

#[cfg(unix)]
mod plugins {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const USER: &str = "{exec: {apiVersion: client.authentication.k8s.io/v1, command: ./login}}";

    /// Writes a plugin that prints what is in the file `credential`, and allows it.
    async fn plugin(bench: &Bench, server: &str) -> (Context, ExecPolicy) {
        let plugin = bench.folder.path().join("login");
        let folder = bench.folder.path().display();
        std::fs::write(&plugin, format!("#!/bin/sh\necho run >> {folder}/runs\ncat {folder}/credential\n")).unwrap();
        std::fs::set_permissions(&plugin, std::fs::Permissions::from_mode(0o755)).unwrap();
        let context = bench.context(server, USER, "");
        let Err(ConnectError::Credentials { error: ExecError::NotAllowed { fingerprint, .. }, .. }) =
            connect(&context, &ExecPolicy::default()).await
        else {
            panic!("it opened without consent")
        };
        let environment = Arc::new(Environment::new(Some("/usr/bin:/bin".into()), None));
        (context, ExecPolicy::new(environment, [fingerprint]))
    }

    fn gives(bench: &Bench, status: &serde_json::Value) {
        let credential = serde_json::json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status});
        std::fs::write(bench.folder.path().join("credential"), credential.to_string()).unwrap();
    }

    fn runs(bench: &Bench) -> usize {
        std::fs::read_to_string(bench.folder.path().join("runs")).unwrap().lines().count()
    }

    #[tokio::test]
    async fn a_certificate_of_a_plugin_signs_in() {
        let bench = Bench::new().await;
        let front = Front::start(&bench.fake, &bench.authority.sign("127.0.0.1"), Some(&bench.authority)).await;
        let (context, policy) = plugin(&bench, &format!("https://127.0.0.1:{}", front.port)).await;
        let identity = bench.authority.sign("eve");
        gives(
            &bench,
            &serde_json::json!({"clientCertificateData": identity.certificate, "clientKeyData": identity.key}),
        );
        let connection = connect(&context, &policy).await.unwrap();
        connection.raw_get("/version").await.unwrap();
        connection.raw_get("/version").await.unwrap();
        assert!(front.known.load(Ordering::SeqCst) > 0);
        assert_eq!(runs(&bench), 1, "a certificate is kept while it lasts");

        gives(&bench, &serde_json::json!({"clientCertificateData": "no PEM", "clientKeyData": "hunter2"}));
        let Err(error) = connect(&context, &policy).await else { panic!("it opened") };
        let text = format!("{error} {error:?}");
        assert!(text.contains("context 'x'") && !text.contains("hunter2") && !error.hint().0.is_empty(), "{text}");
    }

    #[tokio::test]
    async fn an_expired_token_is_renewed_once_and_a_refused_one_too() {
        let bench = Bench::new().await;
        let (context, policy) = plugin(&bench, &bench.fake.url).await;
        gives(&bench, &serde_json::json!({"token": "first", "expirationTimestamp": "2001-01-01T00:00:00Z"}));
        let connection = connect_apart(&context, &policy, Duration::ZERO).await.unwrap();
        gives(&bench, &serde_json::json!({"token": "second"}));
        connection.raw_get("/version").await.unwrap();
        assert_eq!(bench.fake.set(|state| state.tokens.clone()), ["Bearer second"]);

        // The server refuses it in the middle: one more run, one more try with what that gave.
        gives(&bench, &serde_json::json!({"token": "third"}));
        bench.fake.fail("version", Fault::Status(401, None, r#"{"message":"Unauthorized"}"#.into()));
        connection.raw_get("/version").await.unwrap();
        assert_eq!(bench.fake.set(|state| state.tokens.clone())[1..], ["Bearer second", "Bearer third"]);

        // It refuses the new one as well: that is said, and not tried for ever.
        for _ in 0..2 {
            bench.fake.fail("version", Fault::Status(401, None, r#"{"message":"Unauthorized"}"#.into()));
        }
        let error = connection.raw_get("/version").await.unwrap_err();
        is_clear(&error, "not signed in: Unauthorized");
        assert_eq!((bench.fake.count("version"), runs(&bench)), (5, 4));
    }
}
