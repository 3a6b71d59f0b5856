//! What proxies use, summed up by workload, namespace or mesh, with what is advised.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use session::prometheus::Uses;
use session::proxies::{Fleet, Use};
use session::resources::{Amount, Resources, Row, Scope};
use world::yaml;

use super::usage::{Days, days_json};
use super::{MIB, advice, amounts, cpu, document, memory};
use crate::args::{By, Form};
use crate::failure::Failure;
use crate::print::{line, plain, table};
use crate::source::Open;

/// All rows of one name.
#[derive(Default)]
struct Sum {
    proxies: u32,
    used: Amount,
    requested: Amount,
    limited: Amount,
    app: Amount,
}

impl Sum {
    fn of(row: &Row) -> Self {
        let mut sum = Self::default();
        sum.add(row);
        sum
    }

    fn add(&mut self, row: &Row) {
        self.proxies += row.proxies;
        self.used.add(row.used);
        self.requested.add(row.requested);
        self.limited.add(row.limited);
        self.app.add(row.app);
    }

    fn cpu(&self) -> Use {
        Use { usage: self.used.cpu, request: self.requested.cpu, limit: self.limited.cpu }
    }

    fn memory(&self) -> Use {
        Use { usage: self.used.memory, request: self.requested.memory, limit: self.limited.memory }
    }

    /// Of what the containers beside them use.
    fn shares(&self) -> (Option<f64>, Option<f64>) {
        let share = |used: Option<f64>, app: Option<f64>| used.zip(app.filter(|app| *app > 0.0)).map(|(u, a)| u / a);
        (share(self.used.cpu, self.app.cpu), share(self.used.memory, self.app.memory))
    }

    /// What every row says, behind its names.
    fn json(&self, mut names: Value) -> Value {
        let shares = self.shares();
        let of = json!({"proxies": self.proxies, "cpu": cpu(&self.cpu()), "memory": memory(&self.memory()),
            "beside": {"cpuMillicores": self.app.cpu, "memoryBytes": self.app.memory, "cpuShare": shares.0, "memoryShare": shares.1}});
        if let (Value::Object(names), Value::Object(of)) = (&mut names, of) {
            names.extend(of);
        }
        names
    }

    fn cells(&self) -> [String; 3] {
        [self.proxies.to_string(), amounts(&self.cpu(), 1.0), amounts(&self.memory(), MIB)]
    }
}

fn summed<'a>(rows: &'a [Row], name: impl Fn(&'a Row) -> &'a str) -> BTreeMap<&'a str, Sum> {
    let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
    for row in rows {
        sums.entry(name(row)).or_default().add(row);
    }
    sums
}

/// One look, printed; a line a look where more are to come.
pub async fn print(open: &Open, by: By, (form, more): (Form, bool), days: Option<&Days>) -> Result<(), Failure> {
    let none = Uses::new();
    let uses = days.and_then(|(_, uses)| uses.as_ref().ok()).unwrap_or(&none);
    let (fleet, cost) = open.session.cost_now(by == By::Namespace, uses).await;
    let server = days.map_or("Prometheus", |(who, _)| who);
    match (by, form) {
        (By::Workload, Form::Json) => {
            let rows = cost.rows.iter().map(|row| workload_json(row, server));
            document(&rows.collect::<Vec<_>>(), more)
        }
        (By::Workload, Form::Text) => workloads(&cost, server),
        (By::Namespace, form) => namespaces(open, (&fleet, &cost), (form, more)).await,
        (By::Mesh, Form::Json) => {
            let rows =
                summed(&cost.rows, |row| &row.mesh).into_iter().map(|(mesh, sum)| sum.json(json!({"mesh": mesh})));
            document(&rows.collect::<Vec<_>>(), more)
        }
        (By::Mesh, Form::Text) => meshes(&cost),
    }
}

fn workload_json(row: &Row, server: &str) -> Value {
    let names = json!({"namespace": row.namespace, "workload": row.workload, "mesh": row.mesh, "role": row.role});
    let mut json = Sum::of(row).json(names);
    json["measuredSeconds"] = json!(row.seen);
    json["overDays"] = json!(row.usage.map(|of| days_json(server, of)));
    json["advice"] = advice::sizes_json(row, server);
    json
}

fn workloads(cost: &Resources, server: &str) -> Result<(), Failure> {
    let cells = |row: &Row| {
        let names = [row.namespace.clone(), row.workload.clone(), row.role.clone()];
        names.into_iter().chain(Sum::of(row).cells()).chain([advice::sizes(row, server)]).collect()
    };
    let head = ["NAMESPACE", "WORKLOAD", "ROLE", "PROXIES", "CPU m (use/request/limit)", "MEMORY MiB", "WOULD FIT"];
    table(&head, &cost.rows.iter().map(cells).collect::<Vec<Vec<String>>>())?;
    for (row, patch) in cost.rows.iter().filter_map(|row| Some((row, advice::patch_of(row)?))) {
        line(&plain(&format!("\n# patch of {}/{}", row.namespace, row.workload)))?;
        line(plain(&yaml::write(&patch)).trim_end())?;
    }
    Ok(())
}

async fn namespaces(
    open: &Open,
    (fleet, cost): (&Fleet, &Resources),
    (form, more): (Form, bool),
) -> Result<(), Failure> {
    let scopes = open.session.scopes(fleet).await;
    let scope = |namespace: &str| scopes.iter().find(|scope| scope.namespace == namespace);
    let sums = summed(&cost.rows, |row| &row.namespace);
    if form == Form::Json {
        let row = |(namespace, sum): (&str, Sum)| {
            let mut json = sum.json(json!({"namespace": namespace}));
            json["scope"] = json!(scope(namespace).map(advice::scope_json));
            json
        };
        return document(&sums.into_iter().map(row).collect::<Vec<_>>(), more);
    }
    let cells = |(namespace, sum): (&str, Sum)| {
        let advised = scope(namespace).map_or("-".to_owned(), advice::scope);
        [namespace.to_owned()].into_iter().chain(sum.cells()).chain([advised]).collect()
    };
    let head = ["NAMESPACE", "PROXIES", "CPU m (use/request/limit)", "MEMORY MiB", "SIDECAR"];
    table(&head, &sums.into_iter().map(cells).collect::<Vec<Vec<String>>>())?;
    scopes.iter().filter_map(sidecar).try_for_each(|text| line(&plain(&text)))
}

fn sidecar(scope: &Scope) -> Option<String> {
    let sidecar = advice::sidecar_of(scope)?;
    Some(format!("\n# for {}\n{}", scope.namespace, yaml::write(&sidecar).trim_end()))
}

fn meshes(cost: &Resources) -> Result<(), Failure> {
    let percent = |share: Option<f64>| share.map_or("-".to_owned(), |share| format!("{:.0} %", share * 100.0));
    let cells = |(mesh, sum): (&str, Sum)| {
        let (cpu, memory) = sum.shares();
        [mesh.to_owned()].into_iter().chain(sum.cells()).chain([percent(cpu), percent(memory)]).collect()
    };
    let head = ["MESH", "PROXIES", "CPU m (use/request/limit)", "MEMORY MiB", "OF WORKLOADS' CPU", "OF THEIR MEMORY"];
    table(&head, &summed(&cost.rows, |row| &row.mesh).into_iter().map(cells).collect::<Vec<Vec<String>>>())
}
