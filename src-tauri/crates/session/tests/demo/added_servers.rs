//! Servers that the user adds: the token is in the keyring and nowhere else; without a keyring it lives as long as the
//! process, and that is said.

use std::path::Path;
use std::sync::Arc;

use demo::{Demo, Options};
use keyring_core::{CredentialStore, Entry, mock};
use secrecy::SecretString;
use session::secrets::Kept;
use session::servers::Server;
use session::{Keyring, Profile, Workbench};
use tokio_util::sync::CancellationToken;

/// A token that must not turn up anywhere.
const CANARY: &str = "canary-7Q2x";

fn workbench(folder: &Path, keyring: Keyring) -> Workbench {
    Workbench::open(Profile { keyring, ..Profile::in_folder(folder) }).unwrap()
}

fn store() -> Arc<CredentialStore> {
    mock::Store::new().unwrap()
}

fn server(address: &str) -> Server {
    Server { name: "staging".into(), server: address.into(), authority: String::new() }
}

/// The demo over HTTP, with its address.
async fn served() -> (Arc<Demo>, String, tokio_util::sync::DropGuard) {
    let demo = Demo::start(&Options::default()).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let cancel = CancellationToken::new();
    let (serving, ended) = (demo.clone(), cancel.clone());
    tokio::spawn(async move { serving.serve(listener, ended).await });
    (demo, address, cancel.drop_guard())
}

/// Every byte of every file below.
fn bytes(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        all.extend(if path.is_dir() { bytes(&path) } else { std::fs::read(&path).unwrap() });
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_in_the_keyring_and_nowhere_else() {
    let (folder, store) = (tempfile::tempdir().unwrap(), store());
    let bench = workbench(folder.path(), Keyring::Store(store.clone()));
    let refusing = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", refusing.local_addr().unwrap());
    drop(refusing);
    let kept = bench.add_server(server(&address), SecretString::from(CANARY)).await.unwrap();
    assert_eq!(kept, Kept::Keyring);
    let entry = || Entry::new_in_store(&store, "Netloft", "server:staging").unwrap();
    assert_eq!(entry().get_password().unwrap(), CANARY);
    let seen = bench.probe("server:staging").await;
    let shown = format!("{:?} {seen:?} {:?}", bench.clusters(), bench.settings());
    assert!(shown.contains("Refused") && !shown.contains(CANARY), "{shown}");
    assert!(!bytes(folder.path()).windows(CANARY.len()).any(|part| part == CANARY.as_bytes()));

    bench.remove_server("server:staging").await.unwrap();
    assert!(matches!(entry().get_password(), Err(keyring_core::Error::NoEntry)));
    assert!(bench.clusters().0.iter().all(|card| card.demo) && bench.remove_server("server:staging").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_added_server_opens_again_after_a_restart() {
    let (_demo, address, _serving) = served().await;
    let (folder, store) = (tempfile::tempdir().unwrap(), store());
    let bench = workbench(folder.path(), Keyring::Store(store.clone()));
    bench.add_server(server(&address), SecretString::from("demo-admin")).await.unwrap();
    assert!(bench.probe("server:staging").await.answer.is_ok());
    drop(bench);
    let bench = workbench(folder.path(), Keyring::Store(store));
    assert_eq!(bench.id_of(Some("staging")).unwrap(), "server:staging");
    let session = bench.open_session("server:staging").await.unwrap();
    assert_eq!((session.card().name.as_str(), session.card().server.as_str()), ("staging", address.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keyring_a_token_lives_as_long_as_the_process() {
    let (_demo, address, _serving) = served().await;
    let (folder, store) = (tempfile::tempdir().unwrap(), store());
    let locked = || {
        let entry = Entry::new_in_store(&store, "Netloft", "server:staging").unwrap();
        let credential: &mock::Cred = entry.as_any().downcast_ref().unwrap();
        credential.set_error(keyring_core::Error::NoStorageAccess("locked".into()));
    };
    for (keyring, why) in
        [(Keyring::None, "this profile has no keyring"), (Keyring::Store(store.clone()), "the keyring is locked")]
    {
        locked();
        let bench = workbench(folder.path(), keyring.clone());
        let kept = bench.add_server(server(&address), SecretString::from("demo-admin")).await.unwrap();
        assert!(matches!(&kept, Kept::Process(because) if because.en == why), "{kept:?}");
        assert!(bench.probe("server:staging").await.answer.is_ok(), "it works for now");
        drop(bench);

        locked();
        let error = workbench(folder.path(), keyring).probe("server:staging").await.answer.unwrap_err();
        assert_eq!(error.to_string(), format!("the token of staging is not at hand: {why}"));
        assert!(error.hint().0.starts_with("Unlock the keyring"), "{}", error.hint().0);
    }
}

#[tokio::test]
async fn what_cannot_be_used_is_said_by_field_and_nothing_is_kept() {
    let (folder, store) = (tempfile::tempdir().unwrap(), store());
    let bench = workbench(folder.path(), Keyring::Store(store.clone()));
    let pem = "-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n";
    for (name, address, authority, token, words) in [
        ("", "https://c", "", CANARY, "name: "),
        ("a\u{1b}b", "https://c", "", CANARY, "name: "),
        ("a", "http://c.example", "", CANARY, "server: it has to begin with https://"),
        ("a", "http://127.0.0.1.example", "", CANARY, "server: "),
        ("a", "http://localhost@c.example", "", CANARY, "server: "),
        ("a", "file:///etc/passwd", "", CANARY, "server: "),
        ("a", "https://a b", "", CANARY, "context 'a' cannot be used: "),
        ("a", "https://c", "no PEM", CANARY, "authority: "),
        ("a", "https://c", pem, CANARY, "context 'a' cannot be used: "),
        ("a", "https://c", "", "", "token: "),
        ("a", "https://c", "", "two\nlines", "token: "),
    ] {
        let given = Server { name: name.into(), server: address.into(), authority: authority.into() };
        let error = bench.add_server(given, SecretString::from(token)).await.unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with(words) && !text.contains(CANARY) && !error.hint().0.is_empty(), "{text}");
    }
    assert!(bench.settings().servers.is_empty() && bench.clusters().0.len() == 1);
}
