//! Policies from traffic, and the way to STRICT.

use session::policies::{
    Counted, CountedAt, DryRun as SessionDryRun, Left as SessionLeft, LetIn as SessionLetIn, Scope,
    Tailored as SessionTailored, Why, Window,
};

use session::policies::write::Asked;
use session::strict::{
    Broken, Guard, Mode, Place, PlainCaller as SessionPlainCaller, Row, State, Strict as SessionStrict, TakenBack,
    Workload,
};

use super::all;
use crate::types::{
    AskedRequests, DryRun, DryRunCounted, DryRunRow, Left, LeftWhy, LetIn, ObjectRef, PlainCaller, PoliciesArgs,
    Strict, StrictBroken, StrictGuard, StrictMode, StrictPort, StrictRow, StrictState, StrictTakenBack, StrictTakes,
    StrictWorkload, Tailored,
};

pub(crate) fn scope(args: PoliciesArgs) -> Scope {
    let window = match (args.window_seconds, args.at) {
        (0, None) => Window::Ever,
        (seconds, None) => Window::Last(seconds),
        (seconds, Some(at)) => Window::Before((at / 1000.0).max(0.0) as u64, seconds.max(60)),
    };
    Scope { namespace: args.namespace, service: args.service, window, requests: args.requests }
}

impl From<SessionTailored> for Tailored {
    fn from(made: SessionTailored) -> Self {
        Self {
            proposals: all(made.dishes),
            let_in: all(made.let_in),
            left: all(made.left),
            says: all(made.says),
            beside: made.beside.iter().map(ObjectRef::from).collect(),
            silent: made.silent,
            watched_seconds: made.watched,
            lines: made.lines as u32,
            unknown: all(made.unknown),
        }
    }
}

impl From<SessionLetIn> for LetIn {
    fn from(one: SessionLetIn) -> Self {
        Self {
            namespace: one.account.0,
            service_account: one.account.1,
            workloads: one.workloads,
            service: one.service.1,
            ports: one.ports,
            tcp: one.tcp,
            requests: all(one.requests),
            amount: one.amount,
        }
    }
}

impl From<Asked> for AskedRequests {
    fn from(asked: Asked) -> Self {
        Self { methods: asked.methods.into_iter().collect(), paths: asked.paths.into_iter().collect() }
    }
}

impl From<SessionLeft> for Left {
    fn from(left: SessionLeft) -> Self {
        let why = match left.why {
            Why::Plaintext => LeftWhy::Plaintext,
            Why::Gone => LeftWhy::Gone,
            Why::Refused => LeftWhy::Refused,
            Why::NotInMesh => LeftWhy::NotInMesh,
            Why::Otherwise => LeftWhy::Otherwise,
        };
        let (namespace, workload) = left.from;
        Self {
            namespace,
            workload,
            service: left.service.1,
            tcp: left.tcp,
            amount: left.amount,
            why,
            because: left.because.en,
            zh: left.because.zh,
        }
    }
}

impl From<SessionDryRun> for DryRun {
    fn from(run: SessionDryRun) -> Self {
        Self {
            namespace: run.namespace,
            proposals: all(run.dishes),
            says: all(run.says),
            counted: run.counted.into(),
            pending: run.pending,
        }
    }
}

impl From<Counted> for DryRunCounted {
    fn from(counted: Counted) -> Self {
        let name = |(namespace, workload)| format!("{namespace}/{workload}");
        Self {
            seconds: counted.seconds,
            rows: all(counted.rows),
            silent: counted.silent.into_iter().map(name).collect(),
        }
    }
}

impl From<CountedAt> for DryRunRow {
    fn from(row: CountedAt) -> Self {
        let (namespace, workload) = row.workload;
        Self { namespace, workload, denies: row.denies, tcp: row.tcp, refused: row.refused, of: row.of }
    }
}

impl From<SessionStrict> for Strict {
    fn from(strict: SessionStrict) -> Self {
        Self {
            since: (strict.since > 0).then_some(strict.since as f64),
            watched_seconds: strict.watched,
            rows: all(strict.rows),
            next: strict.next,
            broken: all(strict.broken),
            guards: all(strict.guards),
            taken_back: all(strict.taken_back),
        }
    }
}

impl From<TakenBack> for StrictTakenBack {
    fn from(back: TakenBack) -> Self {
        Self {
            entry: back.entry as f64,
            namespace: back.namespace,
            at: back.at as f64,
            why: back.why.en,
            zh: back.why.zh,
        }
    }
}

impl From<Guard> for StrictGuard {
    fn from(guard: Guard) -> Self {
        Self {
            namespace: guard.namespace,
            entry: guard.entry.map(|entry| entry as f64),
            until: guard.until.map(|until| until as f64),
            interrupted_seconds: guard.interrupted,
            resumed: guard.resumed.map(|resumed| resumed as f64),
            compares: guard.compares,
            by_itself: guard.by_itself,
        }
    }
}

impl From<State> for StrictState {
    fn from(state: State) -> Self {
        match state {
            State::Done => Self::Done,
            State::Ready => Self::Ready,
            State::Young => Self::Young,
            State::Blocked => Self::Blocked,
        }
    }
}

impl From<Mode> for StrictMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Permissive => Self::Permissive,
            Mode::Strict => Self::Strict,
        }
    }
}

impl From<mesh::Mtls> for StrictTakes {
    fn from(mtls: mesh::Mtls) -> Self {
        match mtls {
            mesh::Mtls::Strict => Self::Strict,
            mesh::Mtls::Permissive => Self::Permissive,
            mesh::Mtls::Disabled => Self::Disabled,
            mesh::Mtls::None => Self::None,
        }
    }
}

impl From<Workload> for StrictWorkload {
    fn from(one: Workload) -> Self {
        let port = |(port, mtls): (u16, mesh::Mtls)| StrictPort { port, takes: mtls.into() };
        Self {
            name: one.name,
            takes: one.mtls.into(),
            object: one.object.as_ref().map(ObjectRef::from),
            path: one.path,
            ports: one.ports.into_iter().map(port).collect(),
            stays: one.stays,
            state: one.state.into(),
            target: one.target.map(Into::into),
            also: one.also,
            since: one.since.map(|since| since as f64),
            quiet_seconds: one.quiet,
            callers: all(one.callers),
            clear_ever: one.clear_ever,
            pending: one.pending,
        }
    }
}

impl From<Row> for StrictRow {
    fn from(row: Row) -> Self {
        Self {
            namespace: row.namespace,
            whole_mesh: row.place == Place::Mesh,
            each: all(row.each),
            workloads: row.workloads,
            strict: row.strict,
            off: row.off,
            outside: row.outside,
            state: row.state.into(),
            target: row.target.map(Into::into),
            quiet_seconds: row.quiet,
            callers: all(row.callers),
            clear_ever: row.clear_ever,
            says: all(row.says),
            pending: row.pending,
        }
    }
}

impl From<SessionPlainCaller> for PlainCaller {
    fn from(one: SessionPlainCaller) -> Self {
        Self { caller: one.caller, workload: one.workload, last: one.last as f64, quiet_seconds: one.quiet }
    }
}

impl From<Broken> for StrictBroken {
    fn from(one: Broken) -> Self {
        let (namespace, workload) = one.from;
        Self {
            entry: one.entry as f64,
            namespace: one.namespace,
            caller: if workload.is_empty() { workload } else { format!("{namespace}/{workload}") },
            service: one.service.1,
            before_per_second: one.per_second.0,
            since_per_second: one.per_second.1,
            before_errors: one.errors.0,
            since_errors: one.errors.1,
        }
    }
}
