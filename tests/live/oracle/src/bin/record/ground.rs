//! What lies in the cluster before a case is put.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::kubectl::kubectl;

/// API group of the gateways that istiod deploys by itself.
pub const GATEWAY_API: &str = "gateway.networking.k8s.io";

/// Lays the ground of a topic and waits until all of it runs.
pub fn prepare(folder: &Path) -> Outcome<()> {
    let ground = ground_of(folder)?;
    kubectl(&["apply", "-f", "-"], Some(&ground))?;
    certificates(folder)?;
    let (objects, _) = world::yaml::documents(&ground, "ground.yaml");
    for key in objects.iter().map(|object| object.key()).filter(|key| key.group == GATEWAY_API && key.kind == "Gateway")
    {
        deployed(&key.namespace, &key.name)?;
    }
    let homes: BTreeSet<String> =
        objects.iter().map(|o| o.key()).filter(|k| k.kind == "Deployment").map(|k| k.namespace).collect();
    for home in &homes {
        kubectl(&["wait", "deploy", "--all", "-n", home, "--for=condition=Available", "--timeout=120s"], None)?;
    }
    Ok(())
}

/// What the cluster holds for the topic of a folder.
pub fn ground_of(folder: &Path) -> Outcome<String> {
    Ok(oracle::ground(&folder.file_name().unwrap_or_default().to_string_lossy())?)
}

/// Makes the Secrets that gateways show: a line `namespace/name host` of `certificates` for each, and `ca` after it for one that callers' own
/// certificates are held against.
fn certificates(folder: &Path) -> Outcome<()> {
    let lines = fs::read_to_string(folder.join("certificates")).unwrap_or_default();
    for line in lines.lines() {
        let (secret, host) = line.split_once(' ').ok_or_else(|| format!("'{line}' is no certificate"))?;
        let (host, with_ca) = host.strip_suffix(" ca").map_or((host, false), |host| (host, true));
        let (namespace, name) = secret.split_once('/').ok_or_else(|| format!("'{secret}' has no namespace"))?;
        if kubectl(&["get", "secret", name, "-n", namespace], None).is_ok() {
            continue;
        }
        let place = tempfile::tempdir()?;
        let (key, cert) = (place.path().join("key"), place.path().join("cert"));
        let (key, cert) = (key.to_string_lossy().into_owned(), cert.to_string_lossy().into_owned());
        let subject = format!("/CN={host}");
        let line = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", &subject];
        let made = Command::new("openssl").args(line).args(["-keyout", &key, "-out", &cert]).output()?;
        if !made.status.success() {
            return Err(String::from_utf8_lossy(&made.stderr).into_owned().into());
        }
        if with_ca {
            let files = [("tls.crt", &cert), ("tls.key", &key), ("ca.crt", &cert)];
            let files = files.map(|(entry, file)| format!("--from-file={entry}={file}"));
            let mut line = vec!["create", "secret", "generic", name, "-n", namespace];
            line.extend(files.iter().map(String::as_str));
            kubectl(&line, None)?;
            continue;
        }
        let (cert, key) = (format!("--cert={cert}"), format!("--key={key}"));
        kubectl(&["create", "secret", "tls", name, "-n", namespace, &cert, &key], None)?;
    }
    Ok(())
}

/// Waits until istiod has made the pods of a Kubernetes Gateway, and they run.
pub fn deployed(namespace: &str, name: &str) -> Outcome<()> {
    let deployment = format!("deploy/{name}-istio");
    kubectl(&["wait", &deployment, "-n", namespace, "--for=create", "--timeout=60s"], None)?;
    kubectl(&["rollout", "status", &deployment, "-n", namespace, "--timeout=120s"], None)?;
    Ok(())
}
