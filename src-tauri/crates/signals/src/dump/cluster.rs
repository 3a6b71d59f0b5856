//! Clusters: where a proxy sends.

use crate::dump::origin::{of_metadata, within};
use crate::dump::{Part, State, refusal};
use crate::json::Scanner;

/// A cluster in a line.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Cluster {
    /// `outbound|9080|v1|reviews.shop.svc.cluster.local`
    pub name: String,
    /// How its endpoints are found: EDS, STRICT_DNS, ORIGINAL_DST, STATIC.
    pub discovery: String,
    /// It ejects endpoints that fail.
    pub ejects: bool,
}

pub(super) fn read(scanner: &mut Scanner<'_>, state: State, out: &mut Vec<Part<Cluster>>) -> Option<()> {
    let mut part = Part::<Cluster>::begun(scanner, state);
    scanner.object(|scanner, name| match name {
        "cluster" => cluster(scanner, &mut part),
        "error_state" => {
            part.error = Some(refusal(scanner, "CDS")?);
            part.state = State::Refused;
            Some(())
        }
        _ => scanner.skip(),
    })?;
    part.text.end = scanner.offset();
    out.push(part);
    Some(())
}

fn cluster(scanner: &mut Scanner<'_>, part: &mut Part<Cluster>) -> Option<()> {
    scanner.object(|scanner, name| {
        match name {
            "name" => part.what.name = scanner.plain()?,
            "type" => part.what.discovery = scanner.plain()?,
            "cluster_type" => within(scanner, "name", |scanner| {
                part.what.discovery = scanner.plain()?;
                Some(())
            })?,
            "outlier_detection" => {
                part.what.ejects = true;
                scanner.skip()?;
            }
            "metadata" => of_metadata(scanner, &mut part.from)?,
            _ => scanner.skip()?,
        }
        Some(())
    })
}
