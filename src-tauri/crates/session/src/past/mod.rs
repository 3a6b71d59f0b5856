//! The last hours on disk, small: the traffic and what the proxies used, a moment a minute, a file an hour, a folder a cluster. A damaged
//! file gives what came before the damage and says so; whoever else writes at the same time has files of its own.

mod code;
pub(crate) mod keep;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::map::{Flow, Secured};
use crate::resources::{Before, Gaps, History, Proposals, Sample, sums};

/// Hours that are kept.
const HOURS: u64 = 24;
const HOUR: u64 = 3600;
/// Bytes of one file; once it is full nothing is written until the next hour.
const FULL: u64 = 8 << 20;
/// The file of what Sidecars were proposed for; those of hours begin with a number.
const PROPOSALS: &str = "proposals";

/// Namespace and workload.
type Names = (String, String);

/// By the caller's namespace: namespace and name of each service that was called, an empty namespace for a host outside.
pub(crate) type Called = BTreeMap<String, BTreeSet<Names>>;

/// The past of one cluster.
#[derive(Debug)]
pub struct Past {
    folder: PathBuf,
    /// Tells this writer's files from those of others.
    writer: String,
    open: Mutex<Option<Open>>,
    /// Held while the proposals are read and written anew.
    proposing: Mutex<()>,
}

/// The file of this hour.
#[derive(Debug)]
struct Open {
    hour: u64,
    file: File,
    known: code::Known,
    size: u64,
}

/// What the past holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Span {
    /// Seconds since 1970 at which the traffic was kept, ascending.
    pub moments: Vec<u64>,
    /// Bytes on disk.
    pub bytes: u64,
    /// Files that are damaged: what they held after the damage is lost.
    pub damaged: usize,
    /// Seconds since 1970 before all of that, of which a Prometheus tells the traffic, ascending.
    pub before: Vec<u64>,
}

impl Past {
    /// The past of a cluster in a folder of the profile. Nothing is read or made yet.
    pub fn of(profile: &Path, cluster: &str, writer: &str) -> Self {
        // A cluster's id may hold what no file name may.
        let name: String = cluster
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
                other => format!("_{other:02x}"),
            })
            .collect();
        // Longer names than file systems take are told apart by their end.
        let name = name.get(name.len().saturating_sub(120)..).unwrap_or_default().to_owned();
        let folder = profile.join("past").join(name);
        Self { folder, writer: writer.to_owned(), open: Mutex::default(), proposing: Mutex::default() }
    }

    /// Keeps a moment: the flows, what was used, and of how many proxies that is not known.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn keep(&self, at: u64, flows: &[Flow], (uses, gaps): &(Vec<(Names, Sample)>, Gaps)) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.as_ref().is_none_or(|open| open.hour != at / HOUR) {
            *open = Some(self.begin(at / HOUR)?);
            self.forget(at / HOUR)?;
        }
        let Some(open) = open.as_mut().filter(|open| open.size < FULL) else { return Ok(()) };
        let mut bytes = code::write_flows(&mut open.known, at, flows);
        if !uses.is_empty() {
            bytes.extend(code::write_uses(&mut open.known, at, uses));
        }
        if !gaps.is_empty() {
            bytes.extend(code::write_gaps(&mut open.known, at, gaps));
        }
        open.size += bytes.len() as u64;
        open.file.write_all(&bytes)
    }

    /// A new file: names of one are not those of another, so an hour that was begun before a restart has two.
    fn begin(&self, hour: u64) -> io::Result<Open> {
        fs::create_dir_all(&self.folder)?;
        let path = |n: u32| self.folder.join(format!("{hour}-{}-{n}", self.writer));
        let free = (0..).map(path).find(|path| !path.exists()).unwrap_or_else(|| path(0));
        let mut file = OpenOptions::new().create_new(true).append(true).open(free)?;
        file.write_all(code::MAGIC)?;
        Ok(Open { hour, file, known: code::Known::default(), size: code::MAGIC.len() as u64 })
    }

    /// Deletes the files of hours that are long ago.
    fn forget(&self, now: u64) -> io::Result<()> {
        for (_, path) in self.files().into_iter().filter(|(hour, _)| hour + HOURS < now) {
            match fs::remove_file(path) {
                // Another writer was quicker.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                done => done?,
            }
        }
        Ok(())
    }

    /// The files by their hour.
    fn files(&self) -> Vec<(u64, PathBuf)> {
        let listed = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let hour = |path: &PathBuf| path.file_name()?.to_str()?.split('-').next()?.parse::<u64>().ok();
        let mut files: Vec<_> =
            listed.map(|entry| entry.path()).filter_map(|path| Some((hour(&path)?, path))).collect();
        files.sort();
        files
    }

    /// What there is.
    pub fn span(&self) -> Span {
        let mut span = Span::default();
        for (_, path) in self.files() {
            let Ok(bytes) = fs::read(&path) else { continue };
            let read = code::read(&bytes);
            span.bytes += bytes.len() as u64;
            span.damaged += usize::from(read.broken);
            span.moments.extend(read.flows.into_iter().map(|(at, _)| at));
        }
        span.moments.sort_unstable();
        span.moments.dedup();
        span
    }

    /// The moments whose traffic was kept from a time on, in their order, with the seconds since 1970.
    pub fn moments(&self, from: u64) -> Vec<(u64, Vec<Flow>)> {
        let files = self.files().into_iter().filter(|(hour, _)| *hour >= from / HOUR);
        let read = |path: PathBuf| fs::read(path).map(|bytes| code::read(&bytes)).unwrap_or_default().flows;
        let mut moments: Vec<_> = files.flat_map(|(_, path)| read(path)).filter(|(at, _)| *at >= from).collect();
        moments.sort_by_key(|(at, _)| *at);
        moments
    }

    /// The flows at a time, as the mean over so many seconds before it, and how many moments those are; `None` where nothing was kept of
    /// them.
    pub fn flows(&self, at: u64, window: u64) -> Option<(Vec<Flow>, usize)> {
        let begin = at.saturating_sub(window.max(1));
        let mut moments: Vec<Vec<Flow>> = Vec::new();
        for (hour, path) in self.files() {
            if hour < begin / HOUR || hour > at / HOUR {
                continue;
            }
            let read = fs::read(&path).map(|bytes| code::read(&bytes)).unwrap_or_default();
            moments.extend(
                read.flows.into_iter().filter(|(when, _)| *when > begin && *when <= at).map(|(_, flows)| flows),
            );
        }
        let count = moments.len();
        (count > 0).then(|| (mean(moments), count))
    }

    /// What the proxies of a workload used, the oldest first; those of a namespace where no workload is named, of the mesh of this name where
    /// no namespace is.
    pub fn uses(&self, namespace: &str, workload: &str) -> Vec<Sample> {
        let of = |path: PathBuf| with_sums(fs::read(path).map(|bytes| code::read(&bytes)).unwrap_or_default());
        let all = self.files().into_iter().flat_map(|(_, path)| of(path)).flat_map(|(_, uses)| uses);
        let own = all.filter(|((of, name), _)| of == namespace && name == workload);
        let mut samples: Vec<Sample> = own.map(|(_, sample)| sample).collect();
        samples.sort_by(|a, b| a.at.total_cmp(&b.at));
        samples
    }

    /// What the proxies of all workloads used, an hour in memory at a time.
    pub(crate) fn used(&self) -> History {
        let of = |path: PathBuf| with_sums(fs::read(path).map(|bytes| code::read(&bytes)).unwrap_or_default());
        let mut history = History::default();
        for files in by_hour(self.files()) {
            let mut moments: Vec<_> = files.into_iter().flat_map(of).collect();
            moments.sort_by_key(|(at, _)| *at);
            for (names, sample) in moments.into_iter().flat_map(|(_, uses)| uses) {
                history.take_one(names, sample);
            }
        }
        history
    }

    /// What was held when Sidecars were proposed, by namespace; none where that cannot be read.
    pub(crate) fn proposals(&self) -> Proposals {
        fs::read(self.folder.join(PROPOSALS))
            .ok()
            .and_then(|read| serde_json::from_slice(&read).ok())
            .unwrap_or_default()
    }

    /// Keeps one more of them. The file is whole at any time, and another program that writes at the same time loses one proposal at most.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub(crate) fn keep_proposal(&self, namespace: String, before: Before) -> io::Result<()> {
        let _one_at_a_time = self.proposing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = self.proposals();
        all.insert(namespace, before);
        fs::create_dir_all(&self.folder)?;
        let beside = self.folder.join(format!("{PROPOSALS}-{}", self.writer));
        fs::write(&beside, serde_json::to_vec(&all).map_err(io::Error::other)?)?;
        fs::rename(beside, self.folder.join(PROPOSALS))
    }

    /// The calls that were kept, by who called: what the traffic of all moments was to, and how many moments those were.
    pub(crate) fn called(&self) -> (usize, Called) {
        let of = |path: PathBuf| fs::read(path).map(|bytes| code::read(&bytes)).unwrap_or_default().flows;
        let (mut moments, mut called) = (BTreeSet::new(), Called::new());
        for (at, flows) in self.files().into_iter().flat_map(|(_, path)| of(path)) {
            // Two that keep the same minute count once.
            moments.insert(at / 60);
            add_called(&mut called, flows);
        }
        (moments.len(), called)
    }
}

fn add_called(called: &mut Called, flows: Vec<Flow>) {
    for flow in flows.into_iter().filter(|flow| flow.per_second > 0.0) {
        called.entry(flow.from.0).or_default().insert(flow.service);
    }
}

/// What was used at each moment, with the sums of it.
fn with_sums(read: code::Read) -> Vec<(u64, Vec<(Names, Sample)>)> {
    let gaps: HashMap<u64, Gaps> = read.gaps.into_iter().collect();
    let whole = |(at, mut uses): (u64, Vec<(Names, Sample)>)| {
        uses.extend(sums(&uses, gaps.get(&at).map(Vec::as_slice).unwrap_or_default()));
        (at, uses)
    };
    read.uses.into_iter().map(whole).collect()
}

/// What others wrote lies in files of their own: the hours are put into one order.
fn by_hour(files: Vec<(u64, PathBuf)>) -> impl Iterator<Item = Vec<PathBuf>> {
    let mut hours: BTreeMap<u64, Vec<PathBuf>> = BTreeMap::new();
    for (hour, path) in files {
        hours.entry(hour).or_default().push(path);
    }
    hours.into_values()
}

type Key = (Names, Names, u16, String, String);

/// Each flow over several moments: those in which it was not seen count as none.
fn mean(moments: Vec<Vec<Flow>>) -> Vec<Flow> {
    let count = moments.len() as f64;
    let mut sums: BTreeMap<Key, (Flow, f64)> = BTreeMap::new();
    for flow in moments.into_iter().flatten() {
        let key = (flow.from.clone(), flow.service.clone(), flow.port, flow.workload.clone(), flow.protocol.clone());
        let errors = flow.error_share * flow.per_second;
        match sums.get_mut(&key) {
            None => {
                sums.insert(key, (flow, errors));
            }
            Some((sum, sum_errors)) => {
                sum.per_second += flow.per_second;
                sum.denied_per_second += flow.denied_per_second;
                *sum_errors += errors;
                sum.p50 = flow.p50.or(sum.p50);
                sum.p99 = sum.p99.into_iter().chain(flow.p99).reduce(f64::max);
                sum.secured = match (sum.secured, flow.secured) {
                    (known, Secured::Unknown) | (Secured::Unknown, known) => known,
                    (before, now) if before == now => now,
                    _ => Secured::Mixed,
                };
            }
        }
    }
    let flow = |(mut flow, errors): (Flow, f64)| {
        flow.error_share = if flow.per_second > 0.0 { errors / flow.per_second } else { 0.0 };
        flow.per_second /= count;
        flow.denied_per_second /= count;
        flow
    };
    sums.into_values().map(flow).collect()
}

#[cfg(test)]
mod tests {
    use super::code::tests::flow;
    use super::*;

    fn none() -> (Vec<(Names, Sample)>, Gaps) {
        Default::default()
    }

    #[test]
    fn what_was_used_comes_back_with_its_sums() {
        let folder = tempfile::tempdir().unwrap();
        let past = Past::of(folder.path(), "c", "one");
        let used = |namespace: &str, workload: &str, cpu| {
            ((namespace.to_owned(), workload.to_owned()), Sample { at: 60_000.0, cpu, ..Sample::default() })
        };
        let uses = vec![used("", "Istio", 7.0), used("prod", "a", 4.0), used("shop", "a", 1.0), used("shop", "b", 2.0)];
        past.keep(60, &[], &(uses, vec![("shop".to_owned(), 3)])).unwrap();
        let of = |namespace, workload| {
            past.uses(namespace, workload).into_iter().map(|s| (s.cpu, s.unknown)).collect::<Vec<_>>()
        };
        assert_eq!((of("shop", "b"), of("shop", ""), of("prod", "")), (vec![(2.0, 0)], vec![(3.0, 3)], vec![(4.0, 0)]));
        assert_eq!((of("", "Istio"), of("", "")), (vec![(7.0, 0)], vec![]));
        assert_eq!(past.used().of("", "Istio").unwrap().samples().len(), 1);
    }

    #[test]
    fn what_a_sidecar_was_to_save_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let of = |clusters| Before { clusters, bytes: 4.0, predicted: Some(2.0) };
        let one = Past::of(folder.path(), "c", "one");
        assert_eq!(one.proposals(), Proposals::new());
        one.keep_proposal("shop".into(), of(1)).unwrap();
        Past::of(folder.path(), "c", "two").keep_proposal("dev".into(), of(2)).unwrap();
        one.keep_proposal("shop".into(), of(3)).unwrap();
        let later = Past::of(folder.path(), "c", "three");
        let kept = Proposals::from([("dev".to_owned(), of(2)), ("shop".to_owned(), of(3))]);
        assert_eq!((later.proposals(), later.span()), (kept, Span::default()), "and they are no moments");
        std::fs::write(folder.path().join("past/c").join(PROPOSALS), "{\"shop\":").unwrap();
        assert_eq!(later.proposals(), Proposals::new());
    }

    #[test]
    fn what_is_proposed_at_once_is_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let past = Past::of(folder.path(), "c", "one");
        std::thread::scope(|threads| {
            for of in 0..8 {
                let past = &past;
                threads.spawn(move || {
                    for each in 0..8 {
                        past.keep_proposal(format!("team-{of}-{each}"), Before::default()).unwrap();
                    }
                });
            }
        });
        assert_eq!(past.proposals().len(), 64);
    }

    #[test]
    fn it_survives_a_restart_and_stays_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let now = 1_000 * HOUR;
        let past = Past::of(folder.path(), "a/b:c", "one");
        for minute in 0..90 {
            past.keep(now + minute * 60, &[flow("a", "b", minute as f64)], &none()).unwrap();
        }
        let again = Past::of(folder.path(), "a/b:c", "one");
        again.keep(now + 5400, &[flow("a", "b", 4.0), flow("c", "d", 2.0)], &none()).unwrap();
        let span = again.span();
        assert_eq!((span.moments.len(), span.damaged), (91, 0));
        assert!(span.bytes < 91 * 24 + 600, "{} bytes", span.bytes);
        assert_eq!(again.flows(now + 60, 60).unwrap().0[0].per_second, 1.0);
        let (both, moments) = again.flows(now + 5400, 120).unwrap();
        assert_eq!(moments, 2);
        assert_eq!(both.iter().map(|flow| flow.per_second).collect::<Vec<_>>(), [46.5, 1.0], "{both:#?}");
        assert_eq!(again.flows(now - 1, 60), None);
        let kept: Vec<_> = again.moments(now + 5340).into_iter().map(|(at, flows)| (at, flows.len())).collect();
        assert_eq!(kept, [(now + 5340, 1), (now + 5400, 2)]);
        again.keep(now + 40 * HOUR, &[], &none()).unwrap();
        assert_eq!(again.span().moments, [now + 40 * HOUR], "long ago is forgotten");
        assert_eq!(Past::of(folder.path(), "other", "one").span(), Span::default());
    }

    #[test]
    fn how_requests_travelled_is_what_was_known_of_it() {
        use Secured::{Mixed, Mtls, Plaintext, Unknown};
        for (moments, expected) in [
            ([Unknown, Mtls, Mtls], Mtls),
            ([Mtls, Unknown, Mtls], Mtls),
            ([Unknown, Unknown, Unknown], Unknown),
            ([Mtls, Unknown, Plaintext], Mixed),
        ] {
            let of = |secured| vec![Flow { secured, ..flow("a", "b", 1.0) }];
            assert_eq!(mean(moments.map(of).into())[0].secured, expected, "{moments:?}");
        }
    }

    #[test]
    fn a_damaged_file_is_said_and_the_rest_stands() {
        let folder = tempfile::tempdir().unwrap();
        let past = Past::of(folder.path(), "c", "one");
        past.keep(7 * HOUR, &[flow("a", "b", 1.0)], &none()).unwrap();
        past.keep(8 * HOUR, &[flow("a", "b", 1.0)], &none()).unwrap();
        let (_, first) = past.files().remove(0);
        fs::write(&first, b"no such thing").unwrap();
        let span = past.span();
        assert_eq!((span.moments, span.damaged), (vec![8 * HOUR], 1));
        // What comes is kept as ever.
        Past::of(folder.path(), "c", "two").keep(7 * HOUR + 60, &[flow("a", "b", 1.0)], &none()).unwrap();
        assert_eq!(past.span().moments.len(), 2);
    }
}
