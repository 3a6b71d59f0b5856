//! A way into the shop: a gateway of its own as users install one, its certificate, and who asks it from outside.

use std::net::IpAddr;
use std::sync::Arc;

use cluster::Connection;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};
use world::ObjectKey;

use crate::shop::{NAMESPACE, PATIENCE, make, until};

type Failure = Box<dyn std::error::Error>;

/// The name of everything of it, and of its label `istio`.
pub const NAME: &str = "netloft-edge";
/// The name that its certificate is for.
pub const HOST: &str = "shop.netloft.test";
/// Another name, by plain HTTP.
pub const PLAIN: &str = "plain.netloft.test";

/// The objects that stand for it.
pub fn keys() -> Vec<ObjectKey> {
    let of = |group: &str, kind: &str| ObjectKey::new(group, kind, NAMESPACE, NAME);
    vec![
        of("networking.istio.io", "VirtualService"),
        of("networking.istio.io", "Gateway"),
        of("apps", "Deployment"),
        of("", "Service"),
        of("", "Secret"),
        of("rbac.authorization.k8s.io", "RoleBinding"),
        of("rbac.authorization.k8s.io", "Role"),
        of("", "ServiceAccount"),
    ]
}

/// A gateway that is there.
pub struct Edge {
    connector: TlsConnector,
    address: String,
}

fn objects(certificate: &str, key: &str) -> Vec<Value> {
    let metadata = json!({"name": NAME, "namespace": NAMESPACE});
    let labels = json!({"app": NAME, "istio": NAME, "sidecar.istio.io/inject": "true"});
    let rbac = "rbac.authorization.k8s.io/v1";
    vec![
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}),
        // A gateway that istiod did not make has no certificates without this right.
        json!({"apiVersion": rbac, "kind": "Role", "metadata": metadata,
            "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "watch", "list"]}]}),
        json!({"apiVersion": rbac, "kind": "RoleBinding", "metadata": metadata,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": NAME},
            "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}]}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "kubernetes.io/tls",
            "stringData": {"tls.crt": certificate, "tls.key": key}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"selector": {"app": NAME},
            "ports": [{"name": "http2", "port": 80, "targetPort": 8080}, {"name": "https", "port": 443, "targetPort": 8443}]}}),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {
            "selector": {"matchLabels": {"app": NAME}},
            "template": {"metadata": {"labels": labels, "annotations": {"inject.istio.io/templates": "gateway"}},
                "spec": {"serviceAccountName": NAME, "terminationGracePeriodSeconds": 1,
                    "containers": [{"name": "istio-proxy", "image": "auto", "imagePullPolicy": "IfNotPresent"}]}}}}),
        json!({"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": metadata, "spec": {"selector": {"istio": NAME},
            "servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": [PLAIN]}]}}),
        json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": metadata, "spec": {"hosts": [PLAIN],
            "gateways": [NAME], "http": [{"route": [{"destination": {"host": "reviews"}}]}]}}),
    ]
}

impl Edge {
    /// Makes it, and waits until it lets somebody in.
    ///
    /// # Errors
    /// Where the server refuses, or it does not come up.
    pub async fn open(connection: &Connection) -> Result<Self, Failure> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(vec![HOST.to_owned()])?.self_signed(&key)?;
        for object in objects(&certificate.pem(), &key.serialize_pem()) {
            make(connection, &object).await?;
        }
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone())?;
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let service = connection.get(&ObjectKey::new("", "Service", NAMESPACE, NAME)).await?;
        let address = service["spec"]["clusterIP"].as_str().ok_or("its Service has no address")?.to_owned();
        let edge = Self { connector: TlsConnector::from(Arc::new(config)), address };
        until("the gateway lets in", async || match edge.plain(PLAIN, "").await {
            Ok((200, _)) => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await?;
        Ok(edge)
    }

    /// Asks it by plain HTTP: the status and the rest of the answer. `header` is whole, or empty.
    ///
    /// # Errors
    /// Where nobody answers.
    pub async fn plain(&self, host: &str, header: &str) -> Result<(u16, String), Failure> {
        plain_at(&self.address, host, header).await
    }

    /// Where it is asked.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Asks it over TLS, and trusts its certificate alone.
    ///
    /// # Errors
    /// Where nobody answers, or somebody with another certificate.
    pub async fn tls(&self, host: &str) -> Result<(u16, String), Failure> {
        let stream = TcpStream::connect((self.address.as_str(), 443)).await?;
        let name = ServerName::try_from(host.to_owned())?;
        ask(timeout(PATIENCE, self.connector.connect(name, stream)).await??, host, "").await
    }
}

/// Gets a text of a pod at a port of its own.
///
/// # Errors
/// Where it does not answer.
pub async fn get(pod: &str, port: u16, path: &str) -> Result<(u16, String), Failure> {
    exchange(TcpStream::connect((pod, port)).await?, path, pod, "").await
}

/// Asks a gateway at this address by plain HTTP: the status and the rest of the answer. `header` is whole, or empty.
///
/// # Errors
/// Where nobody answers.
pub async fn plain_at(address: &str, host: &str, header: &str) -> Result<(u16, String), Failure> {
    ask(TcpStream::connect((address, 80)).await?, host, header).await
}

async fn ask<S: AsyncRead + AsyncWrite + Unpin>(stream: S, host: &str, header: &str) -> Result<(u16, String), Failure> {
    exchange(stream, "/", host, header).await
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    path: &str,
    host: &str,
    header: &str,
) -> Result<(u16, String), Failure> {
    let said = async {
        let header = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{header}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        match stream.read_to_end(&mut answer).await {
            // Some end without TLS' own farewell.
            Err(error) if answer.is_empty() => Err(error),
            _ => Ok(String::from_utf8_lossy(&answer).into_owned()),
        }
    };
    let answer = timeout(PATIENCE, said).await??;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.ok_or("no answer")?, answer))
}

/// Serves a text to everybody who asks this machine by the address at which a pod sees it; where it is.
///
/// # Errors
/// Where the pod cannot be reached.
pub async fn serve(pod: &str, text: String) -> Result<(String, JoinHandle<()>), Failure> {
    let here: IpAddr = TcpStream::connect((pod, 9999)).await?.local_addr()?.ip();
    let listener = TcpListener::bind((here, 0)).await?;
    let url = format!("http://{}/", listener.local_addr()?);
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    );
    let task = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = [0; 4096];
            // Whoever breaks off asks again.
            if stream.read(&mut asked).await.is_ok() {
                drop(stream.write_all(answer.as_bytes()).await);
            }
        }
    });
    Ok((url, task))
}
