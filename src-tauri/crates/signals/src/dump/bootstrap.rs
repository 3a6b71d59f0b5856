//! The bootstrap: who a proxy is, and where it looks for its control plane.

use crate::dump::origin::within;
use crate::json::Scanner;

/// The bootstrap in a few lines.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Bootstrap {
    /// `sidecar~10.0.0.1~reviews-v1-x.shop~shop.svc.cluster.local`
    pub id: String,
    /// Istio's version; empty where the proxy was built without one.
    pub istio: String,
    /// Envoy's: `1.36.0`.
    pub envoy: String,
    /// `istiod.istio-system.svc:15012`
    pub discovery: String,
    /// Worker threads; 0 where it does not say.
    pub concurrency: u32,
    /// Identity of the mesh.
    pub mesh: String,
    /// Where its text stands in the dump.
    pub text: std::ops::Range<usize>,
}

pub(super) fn read(scanner: &mut Scanner<'_>) -> Option<Bootstrap> {
    let mut out = Bootstrap::default();
    let start = scanner.position();
    within(scanner, "node", |scanner| node(scanner, &mut out))?;
    out.text = start..scanner.offset();
    Some(out)
}

fn node(scanner: &mut Scanner<'_>, out: &mut Bootstrap) -> Option<()> {
    scanner.object(|scanner, name| match name {
        "id" => {
            out.id = scanner.plain()?;
            Some(())
        }
        "metadata" => metadata(scanner, out),
        "user_agent_build_version" => within(scanner, "version", |scanner| version(scanner, out)),
        _ => scanner.skip(),
    })
}

fn metadata(scanner: &mut Scanner<'_>, out: &mut Bootstrap) -> Option<()> {
    scanner.object(|scanner, name| {
        match name {
            "ISTIO_VERSION" => out.istio = scanner.plain()?,
            "MESH_ID" => out.mesh = scanner.plain()?,
            "PROXY_CONFIG" => scanner.object(|scanner, name| {
                match name {
                    "discoveryAddress" => out.discovery = scanner.plain()?,
                    "concurrency" => out.concurrency = scanner.plain()?.parse().unwrap_or_default(),
                    _ => scanner.skip()?,
                }
                Some(())
            })?,
            _ => scanner.skip()?,
        }
        Some(())
    })?;
    if out.istio == "unknown" {
        out.istio.clear();
    }
    Some(())
}

fn version(scanner: &mut Scanner<'_>, out: &mut Bootstrap) -> Option<()> {
    let mut numbers = [String::from("0"), String::from("0"), String::from("0")];
    scanner.object(|scanner, name| {
        let field = match name {
            "major_number" => &mut numbers[0],
            "minor_number" => &mut numbers[1],
            "patch" => &mut numbers[2],
            _ => return scanner.skip(),
        };
        *field = scanner.plain()?;
        Some(())
    })?;
    out.envoy = numbers.join(".");
    Some(())
}
