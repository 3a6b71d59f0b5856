//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

/// Manages service meshes through kubeconfig: checks, explains, changes and takes back.
#[derive(Parser)]
#[command(name = "netloft", version, arg_required_else_help = true)]
pub struct Args {
    #[command(flatten)]
    pub from: Target,
    #[command(subcommand)]
    pub command: Command,
}

/// Where the world comes from.
#[derive(ClapArgs)]
pub struct Target {
    /// Context of the kubeconfig; the current one where none is named.
    #[arg(long, global = true, conflicts_with_all = ["demo", "world"])]
    pub context: Option<String>,
    /// Kubeconfig file; KUBECONFIG or ~/.kube/config where none is named.
    #[arg(long, global = true, conflicts_with_all = ["demo", "world"])]
    pub kubeconfig: Option<PathBuf>,
    /// The built-in cluster.
    #[arg(long, global = true, conflicts_with = "world")]
    pub demo: bool,
    /// Files and folders of YAML or JSON; `-` is standard input.
    #[arg(long, global = true, num_args = 1.., value_name = "PATH")]
    pub world: Vec<PathBuf>,
    /// Allow the context's credential plugin to run, from now on.
    #[arg(long, global = true)]
    pub allow_exec: bool,
}

#[derive(Subcommand)]
pub enum Command {
    /// Everything wrong or risky.
    Check(Check),
    /// What the mesh does with a request, and why.
    Explain(Explain),
    /// What a change would do to traffic.
    Effect(Effect),
    /// How every proxy is.
    Health(Health),
    /// What every proxy uses.
    Usage(Usage),
    /// Who calls whom, how much and how well.
    Traffic(Traffic),
    /// Reviews a change and writes it.
    Apply(Apply),
    /// Changes that were made.
    History(History),
    /// One change with its objects before and after.
    Show(Show),
    /// Takes a change back.
    Undo(Undo),
    /// Moves a service's traffic to another version, step by step.
    Rollout {
        #[command(subcommand)]
        command: RolloutDo,
    },
    /// The built-in cluster.
    Demo {
        #[command(subcommand)]
        command: Demo,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    Text,
    Json,
}

/// JSON is one row an entry; `journal` and `markdown` are all of them whole, for others.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HistoryForm {
    Text,
    Json,
    Journal,
    Markdown,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckForm {
    Text,
    Json,
    Sarif,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum LevelArg {
    Error,
    Warning,
    Info,
}

#[derive(ClapArgs)]
pub struct Health {
    /// JSON: one object, with the control planes, what ails the mesh as a whole, and what is not known.
    #[arg(long)]
    pub whole: bool,
    #[arg(long, value_enum, default_value = "text")]
    pub format: Form,
}

/// What usage is summed up by.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// With requests and limits that would fit, and the patch that sets them.
    Workload,
    /// With a Sidecar that keeps to what is called.
    Namespace,
    /// All of it, beside what the workloads use.
    Mesh,
}

#[derive(ClapArgs)]
pub struct Check {
    /// Files that are laid over the world first.
    #[arg(long, num_args = 1.., value_name = "PATH")]
    pub draft: Vec<PathBuf>,
    /// Show findings of this level and above.
    #[arg(long, value_enum, default_value = "info")]
    pub level: LevelArg,
    #[arg(long, value_enum, default_value = "text")]
    pub format: CheckForm,
    /// Ask the rules over traffic too: the proxies are counted for 10 seconds.
    #[arg(long)]
    pub observed: bool,
    /// Show what annotations silence.
    #[arg(long)]
    pub silenced: bool,
    /// List every rule instead, and the codes of other tools that have none.
    #[arg(long)]
    pub codes: bool,
}

#[derive(ClapArgs)]
pub struct Explain {
    /// Who calls: NAMESPACE/WORKLOAD.
    #[arg(long = "from", value_name = "NAMESPACE/WORKLOAD", required_unless_present = "requests", requires = "url")]
    pub caller: Option<String>,
    /// What is called.
    #[arg(long, required_unless_present = "requests", conflicts_with = "requests")]
    pub url: Option<String>,
    #[arg(long, default_value = "GET")]
    pub method: String,
    /// `Name: value`; may be repeated.
    #[arg(long, value_name = "K:V")]
    pub header: Vec<String>,
    /// JSON lines with one request each; `-` is standard input.
    #[arg(long, conflicts_with = "caller", value_name = "FILE")]
    pub requests: Option<PathBuf>,
    /// Files that are laid over the world first.
    #[arg(long, num_args = 1.., value_name = "PATH")]
    pub draft: Vec<PathBuf>,
    #[arg(long, value_enum, default_value = "text")]
    pub format: Form,
}

#[derive(ClapArgs)]
pub struct Effect {
    /// Files with the change.
    #[arg(long, num_args = 1.., value_name = "PATH", required = true)]
    pub draft: Vec<PathBuf>,
    /// JSON lines with one request each.
    #[arg(long, value_name = "FILE", conflicts_with = "observed")]
    pub requests: Option<PathBuf>,
    /// Ask about the traffic that is seen.
    #[arg(long)]
    pub observed: bool,
    #[arg(long, value_enum, default_value = "text")]
    pub format: Form,
}

#[derive(ClapArgs)]
pub struct Usage {
    /// Look again every 15 seconds.
    #[arg(long)]
    pub watch: bool,
    /// One row for each of these instead of for each proxy, with what is advised.
    #[arg(long, value_enum)]
    pub by: Option<By>,
    #[arg(long, value_enum, default_value = "text")]
    pub format: Form,
}

#[derive(ClapArgs)]
pub struct Traffic {
    /// How long to measure: `10s`, `1m`.
    #[arg(long, default_value = "10s", value_parser = seconds)]
    pub window: u32,
    #[arg(long, value_enum, default_value = "text")]
    pub format: Form,
}

#[derive(ClapArgs)]
pub struct Apply {
    /// Files with the objects; `-` is standard input.
    #[arg(short = 'f', long = "file", num_args = 1.., value_name = "PATH", required = true)]
    pub files: Vec<PathBuf>,
    /// Write without asking.
    #[arg(long)]
    pub yes: bool,
    /// Review alone.
    #[arg(long)]
    pub dry_run: bool,
    /// Take conflicting fields from this manager; may be repeated.
    #[arg(long, value_name = "MANAGER")]
    pub take_over: Vec<String>,
    /// Why, for the journal.
    #[arg(long, default_value = "")]
    pub message: String,
    #[arg(long, value_enum, default_value = "text")]
    pub format: Form,
}

#[derive(ClapArgs)]
pub struct History {
    /// With this text in message, user or objects.
    #[arg(long, default_value = "")]
    pub search: String,
    /// With an object of this kind.
    #[arg(long, default_value = "")]
    pub kind: String,
    /// By this user.
    #[arg(long, default_value = "")]
    pub user: String,
    /// Not before this time: `2026-11-23`, `2026-11-23T14:00:00Z`, or so long ago: `7d`, `12h`, `30m`.
    #[arg(long, value_parser = moment)]
    pub since: Option<i64>,
    /// Before this time, in the same forms.
    #[arg(long, value_parser = moment)]
    pub until: Option<i64>,
    #[arg(long, value_enum, default_value = "text")]
    pub format: HistoryForm,
}

#[derive(ClapArgs)]
pub struct Show {
    /// The entry's number.
    pub id: i64,
    #[arg(long, value_enum, default_value = "text")]
    pub format: Form,
}

#[derive(ClapArgs)]
pub struct Undo {
    /// The entry's number.
    pub id: i64,
    /// A field that somebody else changed since, as the review names it: it stays as it is. Again for each.
    #[arg(long, value_name = "FIELD")]
    pub keep_live: Vec<String>,
    /// The same: it goes back to what it was all the same.
    #[arg(long, value_name = "FIELD")]
    pub take_back: Vec<String>,
    /// An object that stays as it is while the others go back. Again for each.
    #[arg(long, value_name = "KIND/NAMESPACE/NAME")]
    pub leave_out: Vec<String>,
    /// Write without asking.
    #[arg(long)]
    pub yes: bool,
    #[arg(long, value_enum, default_value = "text")]
    pub format: Form,
}

#[derive(Subcommand)]
pub enum RolloutDo {
    /// What stands in its way.
    Check(RolloutRun),
    /// Plays it on recorded traffic, and changes nothing.
    Simulate(Simulate),
    /// Starts it, or goes on with it, and drives it until it is over.
    Run(RolloutRun),
    /// How it stands; without a plan: all of them, also those that other controllers drive.
    Status(RolloutStatus),
    /// On to the next step now.
    Promote(Promote),
    /// Stands still.
    Pause(Steer),
    /// Goes on.
    Resume(Steer),
    /// Everything back to the stable version.
    Abort(Steer),
    /// Takes back all that a rollout which is over has changed.
    Undo(RolloutUndo),
    /// Begins again what another controller has aborted.
    Retry(Steer),
    /// Prints the plan as the object of another controller; what that cannot do is said.
    Export(RolloutExport),
}

#[derive(ClapArgs)]
pub struct RolloutUndo {
    /// Its number, as `rollout status` shows it.
    pub id: i64,
    /// Write without asking.
    #[arg(long)]
    pub yes: bool,
    #[arg(long, value_enum, default_value = "text")]
    pub format: Form,
}

/// Controllers that drive rollouts themselves.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Tool {
    Argo,
    Flagger,
}

#[derive(ClapArgs)]
pub struct RolloutStatus {
    /// The plan.
    #[arg(value_name = "PLAN.yaml")]
    pub plan: Option<PathBuf>,
    #[arg(long, value_enum, default_value = "text")]
    pub format: Form,
}

#[derive(ClapArgs)]
pub struct RolloutExport {
    /// For which controller.
    #[arg(long = "as", value_enum)]
    pub tool: Tool,
    /// The plan.
    #[arg(value_name = "PLAN.yaml")]
    pub plan: PathBuf,
}

#[derive(ClapArgs)]
pub struct Steer {
    /// The plan.
    #[arg(value_name = "PLAN.yaml", required_unless_present_any = ["argo", "flagger"])]
    pub plan: Option<PathBuf>,
    /// The Rollout of Argo Rollouts instead of a plan.
    #[arg(long, value_name = "NAMESPACE/NAME", conflicts_with_all = ["plan", "flagger"])]
    pub argo: Option<String>,
    /// The Canary of Flagger instead of a plan.
    #[arg(long, value_name = "NAMESPACE/NAME", conflicts_with = "plan")]
    pub flagger: Option<String>,
    /// Take conflicting fields from this manager, where an order is written as a change; may be repeated.
    #[arg(long, value_name = "MANAGER")]
    pub take_over: Vec<String>,
    /// Give the order without asking.
    #[arg(long)]
    pub yes: bool,
    /// Why, for the journal.
    #[arg(short, long, default_value = "")]
    pub message: String,
    #[arg(long, value_enum, default_value = "text")]
    pub format: Form,
}

#[derive(ClapArgs)]
pub struct Promote {
    #[command(flatten)]
    pub steer: Steer,
    /// Past all steps and checks that are left, where another controller drives it.
    #[arg(long, conflicts_with = "plan")]
    pub full: bool,
}

#[derive(ClapArgs)]
pub struct Rollout {
    /// The plan.
    #[arg(value_name = "PLAN.yaml")]
    pub plan: PathBuf,
    #[arg(long, value_enum, default_value = "text")]
    pub format: Form,
}

#[derive(ClapArgs)]
pub struct RolloutRun {
    #[command(flatten)]
    pub plan: Rollout,
    /// Take conflicting fields from this manager; may be repeated.
    #[arg(long, value_name = "MANAGER")]
    pub take_over: Vec<String>,
}

#[derive(ClapArgs)]
pub struct Simulate {
    #[command(flatten)]
    pub plan: Rollout,
    /// Suppose that so many percent of the new version's requests fail; else as measured, or as the stable version's.
    #[arg(long, value_name = "PERCENT")]
    pub canary_errors: Option<f64>,
    /// Suppose the middle of its answers' times.
    #[arg(long, value_name = "MILLISECONDS")]
    pub canary_p50: Option<f64>,
    /// Suppose the time within which 99 of 100 of its answers come.
    #[arg(long, value_name = "MILLISECONDS")]
    pub canary_p99: Option<f64>,
    /// Suppose that the query of a gate gives this; the gate by its name or its number, from 1. May be repeated.
    #[arg(long, value_name = "GATE=NUMBER")]
    pub canary_query: Vec<String>,
}

#[derive(Subcommand)]
pub enum Demo {
    /// Serves it over HTTP, for kubectl, istioctl or any other client.
    Serve(Serve),
}

#[derive(ClapArgs)]
pub struct Serve {
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Write a kubeconfig for it here.
    #[arg(long)]
    pub kubeconfig: Option<PathBuf>,
    /// So many services beside the shop's.
    #[arg(long, default_value_t = 0)]
    pub services: usize,
}

/// `10s`, `1m`, `90`.
fn seconds(text: &str) -> Result<u32, NotADuration> {
    let (number, unit) = match text.strip_suffix('m') {
        Some(number) => (number, 60),
        None => (text.strip_suffix('s').unwrap_or(text), 1),
    };
    let count: u32 = number.parse().map_err(|_| NotADuration)?;
    count.checked_mul(unit).filter(|s| (1..=900).contains(s)).ok_or(NotADuration)
}

/// Milliseconds since 1970, from a time, a day in UTC, or so long ago.
fn moment(text: &str) -> Result<i64, NotAMoment> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(at.as_millisecond());
    }
    if let Ok(day) = text.parse::<jiff::civil::Date>() {
        let midnight = day.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| NotAMoment)?;
        return Ok(midnight.timestamp().as_millisecond());
    }
    let mut letters = text.chars();
    let seconds = match letters.next_back() {
        Some('d') => 86_400,
        Some('h') => 3600,
        Some('m') => 60,
        _ => return Err(NotAMoment),
    };
    let count: i64 = letters.as_str().parse().map_err(|_| NotAMoment)?;
    let back = count.checked_mul(seconds * 1000).filter(|back| *back >= 0).ok_or(NotAMoment)?;
    jiff::Timestamp::now().as_millisecond().checked_sub(back).ok_or(NotAMoment)
}

/// What clap says of a time that is none.
#[derive(Debug, thiserror::Error)]
#[error("a time is wanted: 2026-11-23, 2026-11-23T14:00:00Z, or so long ago: 7d, 12h, 30m")]
struct NotAMoment;

/// What clap says of a window that is none.
#[derive(Debug, thiserror::Error)]
#[error("a duration from 1s to 15m is wanted, such as 10s or 1m")]
struct NotADuration;

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn moments() {
        assert_eq!(moment("2026-11-23T14:00:00Z").ok(), Some(1_795_442_400_000));
        assert_eq!(moment("2026-11-23").ok(), Some(1_795_392_000_000));
        let ago = jiff::Timestamp::now().as_millisecond() - moment("2h").unwrap();
        assert!((7_199_000..7_201_000).contains(&ago), "{ago}");
        for text in ["", "yesterday", "-1d", "7", "d", "99999999999999999d"] {
            assert!(moment(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations() {
        for (text, expected) in
            [("10s", Some(10)), ("1m", Some(60)), ("90", Some(90)), ("0s", None), ("1h", None), ("-1s", None)]
        {
            assert_eq!(seconds(text).ok(), expected, "{text}");
        }
    }
}
