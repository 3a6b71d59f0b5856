//! The recipes on a genuine mesh: each is applied by the app's own path, does by requests what it promises, and is undone to the byte, after
//! which the mesh behaves as before.
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use cluster::{Connection, Options};
use futures::future::join_all;
use live::cluster::kubeconfig;
use live::edge::{self, Edge};
use live::shop::{NAMESPACE, ask, clear, client, fetch, keys, make, open, subsets, until};
use live::work::{Kept, apply, counted, kept, pod, promised, undo};
use serde_json::{Value, json};
use session::Session;
use session::recipes::{ALL, Takes};
use world::ObjectKey;

const NAME: &str = "netloft-recipes";
/// By header alone; what others use would be in the way.
const HEADER: &str = "x-netloft:yes";
const REVIEWS: &str = "http://reviews:9080/";
/// A name of the cluster's DNS for an address, of which the mesh knows nothing: the API server of the genuine mesh.
const FAR: &str = "172-30-0-1.default.pod.cluster.local";
/// Who issued the recorded tokens.
const ISSUER: &str = "https://a.example";

type Failure = Box<dyn std::error::Error>;

/// As somebody has it before us: all requests to any version.
fn route() -> Value {
    json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"namespace": NAMESPACE, "name": NAME},
        "spec": {"hosts": ["reviews"], "http": [{"name": "all", "route": [{"destination": {"host": "reviews"}}]}]}})
}

/// The client may leave the mesh for what the mesh knows alone.
fn registry_only() -> Value {
    json!({"apiVersion": "networking.istio.io/v1", "kind": "Sidecar", "metadata": {"namespace": NAMESPACE, "name": NAME},
        "spec": {"workloadSelector": {"labels": {"app": "client"}}, "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}})
}

/// Whatever a recipe may make, should it be left behind.
fn everything() -> Vec<ObjectKey> {
    let (networking, security) = ("networking.istio.io", "security.istio.io");
    let of = |group: &str, kind: &str, name: &str| ObjectKey::new(group, kind, NAMESPACE, name);
    let services = ["reviews", "productpage", "details", "ratings"];
    let callers = services.map(|name| of(security, "AuthorizationPolicy", &format!("callers-of-{name}")));
    let hosts = [FAR.to_owned(), far_plain("")].map(|host| of(networking, "ServiceEntry", &host.replace('.', "-")));
    let fixed = [
        of(security, "AuthorizationPolicy", "nobody-else"),
        of(security, "AuthorizationPolicy", "token-needed"),
        of(security, "RequestAuthentication", "tokens"),
        of(networking, "Gateway", "reviews-edge"),
        of(networking, "VirtualService", "reviews-edge"),
        of(networking, "Sidecar", NAME),
        ObjectKey::new(security, "PeerAuthentication", "istio-system", "default"),
    ];
    keys(NAME).into_iter().chain(callers).chain(hosts).chain(fixed).chain(edge::keys()).collect()
}

/// The objects as they are stored, without what every write counts.
async fn stored(connection: &Connection) -> Vec<Option<String>> {
    let mut all = Vec::new();
    for key in everything().into_iter().filter(|key| key.kind != "Deployment") {
        let object = connection.get(&key).await.ok().map(|mut object| {
            if let Some(metadata) = object["metadata"].as_object_mut() {
                metadata.shift_remove("resourceVersion");
                metadata.shift_remove("generation");
            }
            object.to_string()
        });
        all.push(object);
    }
    all
}

/// The same for a pod without a proxy, which speaks plain HTTP.
fn far_plain(address: &str) -> String {
    format!("{}.outside.pod.cluster.local", address.replace('.', "-"))
}

struct Mesh {
    client: String,
    legacy: String,
    v3: String,
    edge: Edge,
    keys: String,
    tokens: Value,
}

/// A recipe, and what is said in it other than what it begins with.
type Said = (&'static str, Vec<(&'static str, String)>);

fn all(mesh: &Mesh) -> Vec<Said> {
    let text = str::to_owned;
    vec![
        ("header-canary", vec![("header", text("x-netloft"))]),
        ("percent-canary", vec![("percent", text("30"))]),
        ("blue-green", vec![]),
        ("mirror", vec![("percent", text("100"))]),
        ("fault-test", vec![("header", text("x-netloft")), ("delay", text("200ms"))]),
        ("circuit-breaker", vec![("connections", text("2")), ("pending", text("1")), ("errors", text("3"))]),
        ("retry-budget", vec![]),
        ("egress", vec![("host", text(FAR)), ("port", text("6443"))]),
        ("egress", vec![("host", far_plain(&mesh.legacy)), ("port", text("9080")), ("protocol", text("HTTP"))]),
        ("ingress-tls", vec![("host", text(edge::HOST)), ("secret", text(edge::NAME)), ("gateway", text(edge::NAME))]),
        (
            "jwt-edge",
            vec![
                ("namespace", text(NAMESPACE)),
                ("gateway", text(edge::NAME)),
                ("issuer", text(ISSUER)),
                ("jwks", mesh.keys.clone()),
            ],
        ),
        ("default-deny", vec![]),
        ("mesh-strict", vec![]),
    ]
}

fn values((id, said): &Said) -> BTreeMap<String, String> {
    let recipe = ALL.into_iter().find(|recipe| recipe.id == *id).unwrap();
    let usual = recipe.needs.iter().map(|need| {
        let value = match need.takes {
            Takes::Service => format!("{NAMESPACE}/reviews"),
            Takes::Version => "v3".to_owned(),
            Takes::Namespace if need.usual.is_empty() => NAMESPACE.to_owned(),
            _ => need.usual.to_owned(),
        };
        (need.name.to_owned(), value)
    });
    usual.chain(said.iter().map(|(name, value)| ((*name).to_owned(), value.clone()))).collect()
}

fn share(counts: &BTreeMap<(String, u64), u32>, version: &str) -> f64 {
    let all: u32 = counts.values().sum();
    let of: u32 = counts.iter().filter(|((v, status), _)| v == version && *status == 200).map(|(_, n)| n).sum();
    f64::from(of) / f64::from(all.max(1))
}

fn well(counts: &BTreeMap<(String, u64), u32>) -> bool {
    counts.keys().all(|(_, status)| *status == 200)
}

/// How often each status came.
fn statuses(answers: &[Value]) -> BTreeMap<u64, usize> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        *counts.entry(answer["status"].as_u64().unwrap_or(0)).or_default() += 1;
    }
    counts
}

/// So many of these requests at the same moment.
async fn at_once(caller: &str, requests: usize, header: &str) -> Result<Vec<Value>, Failure> {
    let asked = join_all((0..requests).map(|_| fetch(caller, REVIEWS, 1, header))).await;
    Ok(asked.into_iter().collect::<Result<Vec<_>, _>>()?.concat())
}

/// The sum of a counter of a pod's proxy over the clusters whose name begins so.
async fn counter(pod: &str, name: &str, clusters: &str) -> Result<u64, Failure> {
    let (_, text) = edge::get(pod, 15090, "/stats/prometheus").await?;
    let begins = format!("{name}{{cluster_name=\"{clusters}");
    let values = text.lines().filter(|line| line.starts_with(&begins)).filter_map(|line| line.rsplit(' ').next());
    Ok(values.filter_map(|value| value.parse::<u64>().ok()).sum())
}

/// Whether the mesh does what the recipe promises.
async fn does(id: &str, port: &str, mesh: &Mesh) -> Result<Kept, Failure> {
    let caller = &*mesh.client;
    Ok(match id {
        "header-canary" => {
            let (with, without) = (ask(caller, 20, HEADER).await?, ask(caller, 30, "").await?);
            kept(share(&with, "v3") == 1.0 && well(&without) && share(&without, "v3") < 1.0, (with, without))
        }
        "percent-canary" => {
            // 200 requests at 30 %: 60, with a standard deviation of 6.5; four of them. The rest stays at one version.
            let counts = ask(caller, 200, "").await?;
            let rest = counts.keys().map(|(version, _)| version).filter(|version| *version != "v3").count();
            kept(well(&counts) && rest == 1 && (0.17..=0.43).contains(&share(&counts, "v3")), counts)
        }
        "blue-green" => {
            let counts = ask(caller, 40, "").await?;
            kept(share(&counts, "v3") == 1.0, counts)
        }
        "mirror" => mirrors(mesh).await?,
        "fault-test" => {
            let (with, without) = (fetch(caller, REVIEWS, 20, HEADER).await?, fetch(caller, REVIEWS, 20, "").await?);
            let late = with.iter().all(|answer| answer["ms"].as_u64().is_some_and(|ms| ms >= 200));
            let (with, without) = (statuses(&with), statuses(&without));
            let some = with.keys().copied().collect::<Vec<_>>() == [200, 503];
            kept(late && some && without.keys().all(|status| *status == 200), (late, with, without))
        }
        "circuit-breaker" => breaks(caller).await?,
        "retry-budget" => retries(caller).await?,
        "egress" if port == "6443" => {
            // Our client does not trust that server: it says so only where it was shown its certificate.
            let answers = fetch(caller, &format!("https://{FAR}:6443/"), 2, "").await?;
            let reached = |answer: &Value| answer["error"].as_str().is_some_and(|error| error.contains("certificate"));
            kept(answers.iter().all(reached), answers)
        }
        "egress" => {
            let url = format!("http://{}:{port}/", far_plain(&mesh.legacy));
            let answers = statuses(&fetch(caller, &url, 3, "").await?);
            kept(answers.keys().all(|status| *status == 200), answers)
        }
        "ingress-tls" => {
            let over = mesh.edge.tls(edge::HOST).await?;
            let plain = mesh.edge.plain(edge::HOST, "").await?;
            let moved = plain.0 == 301 && plain.1.contains(&format!("location: https://{}/", edge::HOST));
            kept(over.0 == 200 && over.1.contains(r#""service":"reviews""#) && moved, (over.0, plain))
        }
        "jwt-edge" => {
            let token =
                |name: &str| format!("Authorization: Bearer {}", mesh.tokens[name].as_str().unwrap_or_default());
            let mut found = Vec::new();
            for header in [String::new(), token("alice"), token("forged"), token("expired")] {
                found.push(mesh.edge.plain(edge::PLAIN, &header).await?.0);
            }
            // Inside nobody needs one.
            let inside = ask(caller, 5, "").await?;
            kept(found == [403, 200, 401, 401] && well(&inside), (found, inside))
        }
        "default-deny" => {
            let strange = statuses(&fetch(&mesh.legacy, "http://reviews.shop:9080/", 5, "").await?);
            let seen = statuses(&fetch(caller, "http://productpage:9080/", 5, "").await?);
            kept(strange.into_keys().eq([403]) && seen.into_keys().eq([200]), "")
        }
        "mesh-strict" => {
            let plain = statuses(&fetch(&mesh.legacy, "http://reviews.shop:9080/", 5, "").await?);
            let inside = ask(caller, 10, "").await?;
            kept(plain.keys().all(|status| *status != 200) && well(&inside), (plain, inside))
        }
        other => return Err(format!("nobody knows what {other} promises").into()),
    })
}

/// v3 gets a copy of each request besides those that it answers.
async fn mirrors(mesh: &Mesh) -> Result<Kept, Failure> {
    let received = || counter(&mesh.v3, "envoy_cluster_upstream_rq_total", "inbound|9080|");
    let before = received().await?;
    let counts = ask(&mesh.client, 60, "").await?;
    let answered: u32 = counts.iter().filter(|((version, _), _)| version == "v3").map(|(_, n)| n).sum();
    let more = u32::try_from(received().await?.saturating_sub(before))?.saturating_sub(answered);
    // What others ask meanwhile are a few at most.
    Ok(kept(well(&counts) && more >= 60, (counts, more)))
}

/// Under load callers do not wait, and who fails is left alone.
async fn breaks(caller: &str) -> Result<Kept, Failure> {
    let overloaded = |answer: &&Value| answer["status"] == 503 && answer["headers"]["X-Envoy-Overloaded"][0] == "true";
    let loaded = at_once(caller, 16, "x-delay:300ms").await?;
    let refused = loaded.iter().filter(overloaded).count();
    fetch(caller, REVIEWS, 12, "x-status:503").await?;
    let counts = ask(caller, 24, "").await?;
    let versions: BTreeSet<&str> = counts.keys().map(|(version, _)| version.as_str()).collect();
    Ok(kept(refused > 0 && statuses(&loaded).contains_key(&200) && versions.len() < 3, (statuses(&loaded), counts)))
}

/// What fails is tried again twice; of many at once only a share.
async fn retries(caller: &str) -> Result<Kept, Failure> {
    let count = async |what: &str| {
        counter(caller, &format!("envoy_cluster_upstream_rq_retry{what}"), "outbound|9080||reviews.shop").await
    };
    let (tried, kept_off) = (count("").await?, count("_overflow").await?);
    let answers = fetch(caller, REVIEWS, 5, "x-status:503").await?;
    let one_by_one = count("").await?.saturating_sub(tried);
    at_once(caller, 40, "x-status:503&h=x-delay:200ms").await?;
    let over = count("_overflow").await?.saturating_sub(kept_off);
    Ok(kept(one_by_one >= 10 && over > 0, (statuses(&answers), one_by_one, over)))
}

async fn prepare(session: &Session) -> Mesh {
    let connection = session.connection();
    clear(connection, &everything()).await.unwrap();
    for object in [subsets(NAME), route(), registry_only()] {
        make(connection, &object).await.unwrap();
    }
    // Somebody else's, as the server sees it: of what is ours anyway a server notes the last time alone.
    let other = json!([{"op": "replace", "path": "/metadata/managedFields/0/manager", "value": "by-hand"}]);
    for key in keys(NAME) {
        connection.json_patch(&key, &other, &Options::default()).await.unwrap();
    }
    until("the session sees the route", async || {
        session.world().document(&keys(NAME)[0]).map(|_| ()).ok_or("not yet".into())
    })
    .await
    .unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/oracle/topics/sidecar-tokens/tokens.yaml");
    let tokens: Value = world::yaml::own::read(&std::fs::read_to_string(path).unwrap()).unwrap();
    let client = client(session).unwrap();
    let (keys, _) = edge::serve(&client, tokens["jwks-a"].as_str().unwrap().to_owned()).await.unwrap();
    counted(session).await.unwrap();
    Mesh {
        legacy: pod(session, "outside", "legacy-v1").unwrap(),
        v3: pod(session, NAMESPACE, "reviews-v3").unwrap(),
        edge: Edge::open(connection).await.unwrap(),
        client,
        keys,
        tokens,
    }
}

async fn recipes(kubeconfig: PathBuf, folder: PathBuf) {
    let (workbench, session) = open(kubeconfig, &folder).await.unwrap();
    let mesh = prepare(&session).await;
    let before = stored(session.connection()).await;
    let all = all(&mesh);
    let told: BTreeSet<&str> = all.iter().map(|(id, _)| *id).collect();
    assert_eq!(told, ALL.iter().map(|recipe| recipe.id).collect(), "each of them");
    for said in &all {
        let (id, values) = (said.0, values(said));
        let port = values.get("port").map_or("", String::as_str);
        let holds = async |wanted: bool| {
            let what = if wanted { format!("{id} does what it says") } else { format!("{id} is not done") };
            // Nobody answering is no promise kept.
            let look = async || Ok(does(id, port, &mesh).await.unwrap_or_else(|error| kept(false, error.to_string())));
            promised(&what, async || look().await.map(|found| Kept { holds: found.holds == wanted, ..found })).await
        };
        holds(false).await.unwrap();
        let dishes = session.recipe(id, &values).await.unwrap();
        let begun = std::time::Instant::now();
        let entry = apply(&session, &dishes, id).await.unwrap();
        holds(true).await.unwrap();
        undo(&session, entry).await.unwrap();
        assert_eq!(stored(session.connection()).await, before, "{id}: undone to the byte");
        holds(false).await.unwrap();
        until("the session sees it undone", async || {
            let left = dishes.iter().find(|dish| dish.base.is_empty() && session.world().document(&dish.key).is_some());
            left.map_or(Ok(()), |dish| Err(dish.key.to_string()))
        })
        .await
        .unwrap();
        eprintln!("{id}: does what it says, and is undone, {:.1?}", begun.elapsed());
    }
    workbench.close(session.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_recipe_does_what_it_says_and_is_undone() {
    let Some(path) = kubeconfig() else { return };
    live::shop::job(path, &everything(), recipes).await.unwrap();
}
