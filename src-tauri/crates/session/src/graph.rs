//! The map of a session, kept until one of its sources moves.

use std::sync::Arc;

use mesh::{Effect, Engine, Findings, Ready, Unknown};
use world::said;

use crate::map::build::{Sources, build, some};
use crate::map::{Graph, Level, Node};
use crate::proxies::Fleet;
use crate::session::defect;
use crate::traffic::{Series, Traffic};
use crate::{Result, Session};

/// Maps that are kept: levels, namespaces and windows that were asked for lately.
const KEPT: usize = 8;

/// Everything that a map of now is made from, held while it is made.
struct Gathered {
    engine: Arc<Engine>,
    ready: Arc<Ready>,
    findings: Arc<Findings>,
    effect: Option<Arc<Effect>>,
    traffic: Arc<Traffic>,
    fleet: Arc<Fleet>,
}

impl Gathered {
    fn sources<T>(&self, window: u32, make: impl FnOnce(&Sources<'_>) -> T) -> T {
        let (flows, ill) = (self.traffic.over(window, &self.ready), self.fleet.ill());
        make(&Sources {
            engine: &self.engine,
            ready: &self.ready,
            flows: self.traffic.measured.then_some(&flows[..]),
            findings: &self.findings.findings,
            effect: self.effect.as_deref(),
            ill: &ill,
        })
    }
}

impl Session {
    /// The map of these namespaces (all for none named), with rates over so many seconds.
    ///
    /// # Errors
    /// A defect alone.
    pub async fn graph(&self, level: Level, namespaces: &[String], window: u32) -> Result<Arc<Graph>> {
        let key = (level, namespaces.to_vec(), window);
        let stamp = self.stamp();
        let mut graphs = self.graphs.lock().await;
        let known = graphs.get(&key).cloned();
        if let Some((made_of, graph)) = &known
            && *made_of == stamp
        {
            return Ok(graph.clone());
        }
        let previous = known.map(|(_, graph)| graph);
        let (gathered, names) = (self.gathered().await?, namespaces.to_vec());
        let made = tokio::task::spawn_blocking(move || {
            let mut graph = gathered.sources(window, |of| build(of, level, &names, previous.as_deref()));
            let traffic = &gathered.traffic;
            graph.unknown.extend(traffic.unknown.iter().cloned());
            if traffic.rounds < 2 && traffic.unknown.is_empty() {
                let because = match traffic.measured {
                    true => said!(
                        "each proxy has been read once: how much flows is told by the second reading",
                        "每个代理只读取了一次：流量要到第二次读取时才能得知"
                    ),
                    false => said!("the first measurement has not come yet", "第一次测量尚未到来"),
                };
                graph.unknown.push(Unknown { about: ("traffic", "流量").into(), because });
            }
            Arc::new(graph)
        });
        let graph = made.await.map_err(|_| defect("drawing the map"))?;
        if graphs.len() >= KEPT && !graphs.contains_key(&key) {
            graphs.clear();
        }
        graphs.insert(key, (stamp, graph.clone()));
        Ok(graph)
    }

    /// Some nodes as the maps of all namespaces show them, but for their places: for each question those that there are.
    ///
    /// # Errors
    /// A defect alone.
    pub(crate) async fn nodes(&self, asked: Vec<(Level, Vec<String>)>, window: u32) -> Result<Vec<Vec<Node>>> {
        let gathered = self.gathered().await?;
        let made = tokio::task::spawn_blocking(move || {
            gathered.sources(window, |of| asked.iter().map(|(level, ids)| some(of, *level, ids)).collect())
        });
        made.await.map_err(|_| defect("drawing a node"))
    }

    /// Everything that a map of now is made from.
    async fn gathered(&self) -> Result<Gathered> {
        let (ready, findings, effect) = (self.ready().await?, self.findings(false).await?, self.effect().await?);
        let (traffic, fleet) = (self.traffic.borrow().clone(), self.fleet.borrow().clone());
        Ok(Gathered { engine: self.engine().clone(), ready, findings, effect, traffic, fleet })
    }

    /// The map with the traffic of a time that is past, in seconds since 1970: objects, health and findings are those of now, and what the
    /// tray would do is left out.
    ///
    /// # Errors
    /// A defect alone.
    pub async fn graph_at(&self, level: Level, namespaces: &[String], window: u32, at: u64) -> Result<Graph> {
        let flows = self.past_flows(at, window).await?.map(|(flows, _)| flows);
        let (ready, findings) = (self.ready().await?, self.findings(false).await?);
        // It stands where the map of now stands, so that nothing jumps.
        let now = self.graph(level, namespaces, window).await?;
        let (fleet, engine, names) = (self.fleet.borrow().clone(), self.engine().clone(), namespaces.to_vec());
        let made = tokio::task::spawn_blocking(move || {
            let ill = fleet.ill();
            let sources = Sources {
                engine: &engine,
                ready: &ready,
                flows: flows.as_deref().ok(),
                findings: &findings.findings,
                effect: None,
                ill: &ill,
            };
            let mut graph = build(&sources, level, &names, Some(&now));
            graph.unknown.extend(flows.err());
            graph
        });
        made.await.map_err(|_| defect("drawing the map"))
    }

    /// Rates of a node or edge over time.
    ///
    /// # Errors
    /// A defect alone.
    pub async fn series(&self, of: &str, window: u32) -> Result<Series> {
        let caller = of.split_once('>').map_or("", |(from, _)| from);
        let callers = self.workloads_of(caller).await?;
        Ok(self.traffic.borrow().series(of, &callers, window))
    }

    /// The workloads that a node stands for.
    pub(crate) async fn workloads_of(&self, node: &str) -> Result<Vec<(String, String)>> {
        let ready = self.ready().await?;
        let found = match crate::map::node_of(node) {
            Some((crate::map::NodeKind::Service, ns, name)) => {
                let service = ready.world().service(ns, name).cloned();
                let pods = service.map(|s| ready.places().of_service(&s).into_iter().cloned().collect::<Vec<_>>());
                let names =
                    pods.unwrap_or_default().into_iter().map(|pod| (pod.namespace.clone(), pod.workload.1.clone()));
                names.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
            }
            Some((_, ns, name)) => vec![(ns.to_owned(), name.to_owned())],
            None => Vec::new(),
        };
        Ok(found)
    }
}
