//! How the past is written: records of a length, a checksum and a body, in numbers of as many bytes as they need. A name is written once a
//! file and meant by its place from then on.

use std::collections::HashMap;

use crate::map::{Flow, Secured};
use crate::resources::{Gaps, Sample};

/// First bytes of a file.
pub(super) const MAGIC: &[u8; 8] = b"netloft1";
/// Longest record: a moment of some hundred thousand edges.
const LONGEST: usize = 8 << 20;
const NAME: u8 = 1;
const FLOWS: u8 = 2;
const USES: u8 = 3;
const GAPS: u8 = 4;

/// Namespace and workload.
type Names = (String, String);

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// (seconds since 1970, the flows then)
    pub(super) flows: Vec<(u64, Vec<Flow>)>,
    /// (seconds since 1970, what was used then)
    pub(super) uses: Vec<(u64, Vec<(Names, Sample)>)>,
    /// (seconds since 1970, of how many proxies of a namespace nothing was measured then)
    pub(super) gaps: Vec<(u64, Gaps)>,
    /// The text broke: what comes after is not known.
    pub(super) broken: bool,
}

/// Names that a file already has.
#[derive(Debug, Default)]
pub(super) struct Known(HashMap<String, u64>);

impl Known {
    /// The place of a name; a new one is written first.
    fn place(&mut self, name: String, out: &mut Vec<u8>) -> u64 {
        if let Some(place) = self.0.get(&name) {
            return *place;
        }
        let place = self.0.len() as u64;
        let mut body = vec![NAME];
        body.extend_from_slice(name.as_bytes());
        record(out, &body);
        self.0.insert(name, place);
        place
    }
}

fn record(out: &mut Vec<u8>, body: &[u8]) {
    number(out, body.len() as u64);
    out.extend_from_slice(&checksum(body).to_le_bytes());
    out.extend_from_slice(body);
}

/// FNV-1a: enough to tell a torn write.
fn checksum(body: &[u8]) -> u32 {
    body.iter().fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// Seven bits a byte, the least first; the eighth says that more follow.
fn number(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// A part of a thing that is never below zero, in whole parts of it.
fn parts(out: &mut Vec<u8>, value: f64, of_one: f64) {
    number(out, (value.max(0.0) * of_one).round() as u64);
}

/// A time in tenths of a millisecond, one more than it is; zero for none.
fn time(out: &mut Vec<u8>, millis: Option<f64>) {
    number(out, millis.map_or(0, |millis| (millis.max(0.0) * 10.0).round() as u64 + 1));
}

const SECURED: [Secured; 5] = [Secured::Mtls, Secured::Tls, Secured::Plaintext, Secured::Mixed, Secured::Unknown];

/// Writes the flows of a moment.
pub(super) fn write_flows(known: &mut Known, at: u64, flows: &[Flow]) -> Vec<u8> {
    let (mut out, mut body) = (Vec::new(), vec![FLOWS]);
    number(&mut body, at);
    number(&mut body, flows.len() as u64);
    for flow in flows {
        let port = flow.port.to_string();
        let name =
            [&flow.from.0, &flow.from.1, &flow.service.0, &flow.service.1, &port, &flow.workload, &flow.protocol];
        let place = known.place(name.map(String::as_str).join("\0"), &mut out);
        number(&mut body, place);
        parts(&mut body, flow.per_second, 1000.0);
        parts(&mut body, flow.error_share, 10_000.0);
        parts(&mut body, flow.denied_per_second, 1000.0);
        time(&mut body, flow.p50);
        time(&mut body, flow.p99);
        body.push(SECURED.iter().position(|secured| *secured == flow.secured).unwrap_or(4) as u8);
    }
    record(&mut out, &body);
    out
}

/// Writes what was used at a moment.
pub(super) fn write_uses(known: &mut Known, at: u64, uses: &[(Names, Sample)]) -> Vec<u8> {
    let (mut out, mut body) = (Vec::new(), vec![USES]);
    number(&mut body, at);
    number(&mut body, uses.len() as u64);
    for ((namespace, workload), sample) in uses {
        let place = known.place(format!("{namespace}\0{workload}"), &mut out);
        number(&mut body, place);
        parts(&mut body, f64::from(sample.cpu), 10.0);
        parts(&mut body, f64::from(sample.cpu_peak), 10.0);
        parts(&mut body, f64::from(sample.memory), 1.0 / 1024.0);
        parts(&mut body, f64::from(sample.memory_peak), 1.0 / 1024.0);
    }
    record(&mut out, &body);
    out
}

/// Writes of how many proxies nothing was measured at a moment.
pub(super) fn write_gaps(known: &mut Known, at: u64, gaps: &[(String, u32)]) -> Vec<u8> {
    let (mut out, mut body) = (Vec::new(), vec![GAPS]);
    number(&mut body, at);
    number(&mut body, gaps.len() as u64);
    for (namespace, unknown) in gaps {
        let place = known.place(namespace.clone(), &mut out);
        number(&mut body, place);
        number(&mut body, u64::from(*unknown));
    }
    record(&mut out, &body);
    out
}

/// Reads a file; what comes before a break is kept.
pub(super) fn read(bytes: &[u8]) -> Read {
    let mut read = Read::default();
    let Some(mut rest) = bytes.strip_prefix(MAGIC) else {
        read.broken = !bytes.is_empty();
        return read;
    };
    let mut names: Vec<String> = Vec::new();
    while !rest.is_empty() {
        if take_record(&mut rest, &mut names, &mut read).is_none() {
            read.broken = true;
            break;
        }
    }
    read
}

fn take_record(rest: &mut &[u8], names: &mut Vec<String>, read: &mut Read) -> Option<()> {
    let length = usize::try_from(take(rest)?).ok().filter(|length| *length <= LONGEST)?;
    let (sum, after) = rest.split_first_chunk::<4>()?;
    let body = after.get(..length)?;
    *rest = after.get(length..)?;
    if u32::from_le_bytes(*sum) != checksum(body) {
        return None;
    }
    let (kind, mut body) = body.split_first()?;
    match *kind {
        NAME => names.push(std::str::from_utf8(body).ok()?.to_owned()),
        FLOWS => {
            let (at, count) = (take(&mut body)?, take(&mut body)?);
            let flows = (0..count).map(|_| flow(&mut body, names)).collect::<Option<Vec<_>>>()?;
            read.flows.push((at, flows));
        }
        USES => {
            let (at, count) = (take(&mut body)?, take(&mut body)?);
            let uses = (0..count).map(|_| used(&mut body, names, at)).collect::<Option<Vec<_>>>()?;
            read.uses.push((at, uses));
        }
        GAPS => {
            let (at, count) = (take(&mut body)?, take(&mut body)?);
            let gap = |body: &mut &[u8]| Some((name(body, names)?.to_owned(), u32::try_from(take(body)?).ok()?));
            let gaps = (0..count).map(|_| gap(&mut body)).collect::<Option<Vec<_>>>()?;
            read.gaps.push((at, gaps));
        }
        // A kind that a later version writes.
        _ => {}
    }
    Some(())
}

fn take(rest: &mut &[u8]) -> Option<u64> {
    let mut n = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        n |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(n);
        }
    }
    None
}

fn name<'a>(rest: &mut &[u8], names: &'a [String]) -> Option<&'a str> {
    names.get(usize::try_from(take(rest)?).ok()?).map(String::as_str)
}

fn flow(rest: &mut &[u8], names: &[String]) -> Option<Flow> {
    let mut name = name(rest, names)?.split('\0').map(str::to_owned);
    let mut next = || name.next();
    let (from, service, port) = ((next()?, next()?), (next()?, next()?), next()?.parse().ok()?);
    let (workload, protocol) = (next()?, next()?);
    let (per_second, error_share, denied) = (take(rest)?, take(rest)?, take(rest)?);
    let millis = |n: u64| n.checked_sub(1).map(|n| n as f64 / 10.0);
    let (p50, p99) = (millis(take(rest)?), millis(take(rest)?));
    let (secured, after) = rest.split_first()?;
    *rest = after;
    Some(Flow {
        from,
        service,
        port,
        workload,
        protocol,
        per_second: per_second as f64 / 1000.0,
        error_share: error_share as f64 / 10_000.0,
        denied_per_second: denied as f64 / 1000.0,
        p50,
        p99,
        secured: *SECURED.get(usize::from(*secured))?,
    })
}

fn used(rest: &mut &[u8], names: &[String], at: u64) -> Option<(Names, Sample)> {
    let (namespace, workload) = name(rest, names)?.split_once('\0')?;
    let tenths = |n: u64| n as f32 / 10.0;
    let kib = |n: u64| n as f32 * 1024.0;
    let sample = Sample {
        at: at as f64 * 1000.0,
        cpu: tenths(take(rest)?),
        cpu_peak: tenths(take(rest)?),
        memory: kib(take(rest)?),
        memory_peak: kib(take(rest)?),
        unknown: 0,
    };
    Some(((namespace.to_owned(), workload.to_owned()), sample))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn flow(from: &str, to: &str, per_second: f64) -> Flow {
        Flow {
            from: ("shop".into(), from.into()),
            service: ("shop".into(), to.into()),
            port: 9080,
            workload: format!("{to}-v1"),
            protocol: "http".into(),
            per_second,
            error_share: 0.0125,
            denied_per_second: 0.0,
            p50: Some(4.2),
            p99: None,
            secured: Secured::Mtls,
        }
    }

    fn sample(at: f64) -> Sample {
        Sample { at, cpu: 12.5, cpu_peak: 9.0, memory: 40.0 * 1_048_576.0, memory_peak: 1_048_576.0, unknown: 0 }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut known = Known::default();
        let (flows, uses) =
            ([flow("a", "b", 1.5), flow("b", "c", 0.004)], [(("shop".to_owned(), "a".to_owned()), sample(60_000.0))]);
        let mut bytes = MAGIC.to_vec();
        bytes.extend(write_flows(&mut known, 60, &flows));
        let first = bytes.len();
        bytes.extend(write_uses(&mut known, 60, &uses));
        bytes.extend(write_flows(&mut known, 120, &flows));
        bytes.extend(write_gaps(&mut known, 120, &[("shop".to_owned(), 300)]));
        let back = read(&bytes);
        assert_eq!(back.flows, [(60, flows.to_vec()), (120, flows.to_vec())]);
        assert_eq!(back.uses, [(60, uses.to_vec())]);
        assert_eq!(back.gaps, [(120, vec![("shop".to_owned(), 300)])]);
        assert!(!back.broken);
        assert!(write_flows(&mut known, 180, &flows).len() < first / 3, "names are written once");
    }

    #[test]
    fn a_damaged_file_gives_what_came_before() {
        let mut known = Known::default();
        let mut bytes = MAGIC.to_vec();
        bytes.extend(write_flows(&mut known, 60, &[flow("a", "b", 1.0)]));
        let good = bytes.len();
        bytes.extend(write_flows(&mut known, 120, &[flow("a", "b", 2.0)]));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x55;
            let back = read(&damaged);
            assert!(back.broken, "at {at}");
            assert_eq!(back.flows.len(), usize::from(at >= good), "at {at}");
            assert!(read(&bytes[..at]).flows.len() <= 1);
        }
        assert!(read(b"something else").broken && !read(b"").broken);
    }
}
