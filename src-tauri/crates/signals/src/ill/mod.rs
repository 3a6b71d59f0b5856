//! What ails a proxy: one file a diagnosis, one line of the table each. A check looks at the evidence alone; where that does not
//! suffice it says why, which is neither ill nor well.

mod behind;
#[cfg(test)]
mod cases;
mod certificate_ended;
mod certificate_ends_soon;
mod cpu_throttled;
mod dead_pod;
mod kept_out;
mod killed_for_memory;
mod knows_too_much;
mod memory_near_limit;
mod memory_reserved;
mod mesh;
mod no_proxy;
mod not_connected;
mod not_ready;
mod pushes;
mod rejected;
mod right_missing;
mod root_differs;
mod version_skew;

pub use mesh::{MESH_TABLE, Whole, diagnose_mesh};

use jiff::Timestamp;
use world::{ObjectKey, Said, World, said};

use crate::{Complaint, Look, Plane, ProxyHealth, Suspects, Usage};

/// How much a diagnosis matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grave {
    /// Nothing is known to be wrong; something cannot be known.
    Unknown,
    /// Deserves a look.
    Warn,
    /// Broken.
    Bad,
}

/// What a diagnosis says to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// Stable kebab-case name.
    pub code: &'static str,
    /// How much it matters.
    pub grave: Grave,
    /// What is wrong, one sentence.
    pub what: &'static str,
    /// What to do next.
    pub next: &'static str,
    /// The same in Chinese.
    pub zh: (&'static str, &'static str),
}

/// What is known of the whole mesh when one proxy is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Mesh<'a> {
    /// Its objects.
    pub world: &'a World,
    /// Those of them that may be behind a refusal.
    pub suspects: &'a Suspects,
    /// The control plane.
    pub planes: &'a [Plane],
    /// Where objects for the whole mesh lie.
    pub root_namespace: &'a str,
    /// The roots that most proxies trust; empty where none is known.
    pub root: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// What is known of one proxy.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// What istiod and the kubelet say.
    pub row: &'a ProxyHealth,
    /// What it says of itself, or why it does not; `None` where it was not asked yet.
    pub look: Option<&'a Result<Look, Said>>,
    /// What it uses.
    pub usage: Option<&'a Usage>,
    /// The istiod that it was connected to last, and when that was seen last, where it no longer is.
    pub lost: Option<(&'a str, Timestamp)>,
    /// Since when it was behind at every look; `None` where it is not, or this is the only look.
    pub behind: Option<Timestamp>,
    /// What istiods complain of about it as such.
    pub complaints: &'a [&'a Complaint],
    /// The rest of the mesh.
    pub mesh: Mesh<'a>,
}

impl Evidence<'_> {
    pub(crate) fn looked(&self) -> Option<&Look> {
        self.look.and_then(|look| look.as_ref().ok())
    }
}

/// What a check answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// All is well.
    Quiet,
    /// It cannot be told, because of this.
    Unknown(Said),
    /// It holds.
    Ill(Vec<Said>, Option<ObjectKey>),
}

impl Answer {
    fn ill(evidence: impl IntoIterator<Item = Said>) -> Self {
        Self::Ill(evidence.into_iter().collect(), None)
    }

    /// Ill where it holds, with this to show for it.
    fn when(holds: bool, evidence: impl FnOnce() -> Said) -> Self {
        if holds { Self::ill([evidence()]) } else { Self::Quiet }
    }
}

/// How a diagnosis looks at the evidence.
pub type Check = fn(&Evidence<'_>) -> Answer;

/// Every diagnosis with its check, the gravest cause first: of two that hold the first explains the second.
pub const TABLE: [(&Diagnosis, Check); 16] = [
    (&dead_pod::DIAGNOSIS, dead_pod::check),
    (&no_proxy::DIAGNOSIS, no_proxy::check),
    (&not_ready::DIAGNOSIS, not_ready::check),
    (&rejected::DIAGNOSIS, rejected::check),
    (&certificate_ended::DIAGNOSIS, certificate_ended::check),
    (&not_connected::DIAGNOSIS, not_connected::check),
    (&root_differs::DIAGNOSIS, root_differs::check),
    (&killed_for_memory::DIAGNOSIS, killed_for_memory::check),
    (&behind::DIAGNOSIS, behind::check),
    (&memory_near_limit::DIAGNOSIS, memory_near_limit::check),
    (&cpu_throttled::DIAGNOSIS, cpu_throttled::check),
    (&certificate_ends_soon::DIAGNOSIS, certificate_ends_soon::check),
    (&version_skew::DIAGNOSIS, version_skew::check),
    (&knows_too_much::DIAGNOSIS, knows_too_much::check),
    (&memory_reserved::DIAGNOSIS, memory_reserved::check),
    (&right_missing::DIAGNOSIS, right_missing::check),
];

/// One thing that ails a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ill {
    /// Which.
    pub diagnosis: &'static Diagnosis,
    /// What shows it.
    pub evidence: Vec<Said>,
    /// The object behind it.
    pub object: Option<ObjectKey>,
}

impl Ill {
    /// In one line: what, with its evidence, and the next step.
    pub fn line(&self) -> Said {
        let Said { en, zh } = Said::joined(&self.evidence, "; ");
        let Diagnosis { what, next, zh: (what_zh, next_zh), .. } = self.diagnosis;
        match &self.object {
            _ if en.is_empty() => said!("{what} {next}", "{what_zh}{next_zh}"),
            Some(object) => said!("{what} {object}: {en}. {next}", "{what_zh}{object}：{zh}。{next_zh}"),
            None => said!("{what} {en}. {next}", "{what_zh}{zh}。{next_zh}"),
        }
    }
}

/// Everything that ails a proxy, the gravest first; and what could not be told, with the reason.
pub fn diagnose(evidence: &Evidence<'_>) -> (Vec<Ill>, Vec<(&'static str, Said)>) {
    let (mut ills, mut unknown) = (Vec::new(), Vec::new());
    for (diagnosis, check) in TABLE {
        match check(evidence) {
            Answer::Quiet => {}
            Answer::Unknown(because) => unknown.push((diagnosis.code, because)),
            Answer::Ill(evidence, object) => ills.push(Ill { diagnosis, evidence, object }),
        }
    }
    ills.sort_by_key(|ill| std::cmp::Reverse(ill.diagnosis.grave));
    (ills, unknown)
}

/// `31 MiB`
fn mib(bytes: f64) -> String {
    format!("{:.0} MiB", bytes / 1_048_576.0)
}

/// `2 h`, `5 min`: how long it is from one time to another.
fn span(from: Timestamp, to: Timestamp) -> String {
    match to.as_second().saturating_sub(from.as_second()).max(0) {
        s @ ..120 => format!("{s} s"),
        s @ ..7200 => format!("{} min", s / 60),
        s @ ..172_800 => format!("{} h", s / 3600),
        s => format!("{} d", s / 86_400),
    }
}
