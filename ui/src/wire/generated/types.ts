// Generated from src-tauri/crates/wire by `cargo test -p wire`. Do not edit.

export type Abort = { status: number, percent: number, };

/**
 * A request or a connection; texts are empty where the line does not say.
 */
export type AccessCall = { direction: AccessDirection, method: string, path: string, protocol: string, authority: string, status: number | null, flags: Array<string>, 
/**
 * The proxy's long words for what happened.
 */
details: string, failure: string, received: number | null, sent: number | null, 
/**
 * Milliseconds.
 */
duration: number | null, upstreamHost: string, upstreamCluster: string, peer: string, requestId: string, agent: string, route: string, 
/**
 * The policy that refused it.
 */
policy: ObjectRef | null, failed: boolean, 
/**
 * Texts of the request hold quotes, so that some could not be told apart and are left out.
 */
doubtful: boolean, };

export type AccessDirection = "inbound" | "outbound" | "unknown";

/**
 * A response flag of Envoy in words.
 */
export type AccessFlag = { code: string, what: string, zh: string, };

/**
 * Which lines are wanted: all, requests and connections, or those of them that failed.
 */
export type AccessOnly = "all" | "calls" | "failed";

/**
 * One line of the log.
 */
export type AccessRow = { 
/**
 * Its number; it grows.
 */
n: number, 
/**
 * Milliseconds since 1970; null where the line does not say.
 */
at: number | null, 
/**
 * Null for a line that is none of a request.
 */
call: AccessCall | null, 
/**
 * The level of the proxy's own word; empty where it is none.
 */
level: string, 
/**
 * The line itself.
 */
raw: string, };

/**
 * How the following goes.
 */
export type AccessState = "begins" | "runs" | "ended";

/**
 * CPU in thousandths of a core, memory in bytes; null where nothing of it was measured or set.
 */
export type Amount = { cpu: number | null, memory: number | null, };

export type Applied = { entry: number, state: EntryState, objects: Array<ObjectOutcome>, };

export type ApplyArgs = { session: string, 
/**
 * Of the review.
 */
token: string, 
/**
 * Why, for the journal.
 */
message: string, 
/**
 * Managers whose conflicting fields are taken over, by the user's own choice.
 */
takeOver: Array<string>, };

/**
 * Questions of one sort, bytes of their answers, and seconds that these were waited for.
 */
export type Asked = { sort: CostSort, asked: number, bytes: number, waited: number, };

/**
 * Requests that were seen: each of these methods on each of these paths.
 */
export type AskedRequests = { methods: Array<string>, paths: Array<string>, };

/**
 * Who calls: a workload, an account, or somebody outside. Exactly one of the last three is set.
 */
export type Caller = { namespace?: string, workload?: string, serviceAccount?: string, outside?: string, };

export type CallerPressure = { namespace: string, pod: string, workload: string, clusters: Array<ClusterPressure>, };

export type CallerRow = { namespace: string, workload: string, allowed: boolean, 
/**
 * What it loses all the same: not every workload that is called takes it.
 */
lost: Array<Lost>, 
/**
 * Every request that was asked about, where not the same becomes of all of them for the same reason; else none.
 */
requests: Array<MatrixRequest>, secured: Secured, because: string, 
/**
 * The same in Chinese.
 */
zh: string, object: ObjectRef | null, path: string, requestsPerSecond: number, };

export type ChangeKind = "create" | "update" | "delete" | "order";

/**
 * A context of a kubeconfig, or the demo, as known without asking it.
 */
export type ClusterCard = { 
/**
 * Stable id: `demo`, or file and context.
 */
id: string, 
/**
 * The context's name.
 */
name: string, demo: boolean, 
/**
 * Looks like production: by name, or marked by the user.
 */
production: boolean, 
/**
 * The API server's address; empty for the demo.
 */
server: string, 
/**
 * The kubeconfig user's name.
 */
user: string, 
/**
 * The context's namespace, or empty.
 */
namespace: string, 
/**
 * The file that it comes from; empty for the demo and for servers that the user added.
 */
file: string, 
/**
 * The kubeconfig's current context.
 */
current: boolean, 
/**
 * An exec plugin that has to be allowed first: its whole command line.
 */
needsConsent: string | null, 
/**
 * The session, where it is open in this app.
 */
session: string | null, };

/**
 * What one proxy has under way to one cluster of a service; a limit is null where there is none.
 */
export type ClusterPressure = { port: string, 
/**
 * Empty for the service as a whole.
 */
subset: string, connections: number, 
/**
 * Requests that wait for a connection.
 */
waiting: number, requests: number, instances: number, 
/**
 * Instances that are left out because they failed.
 */
leftOut: number, mostConnections: number | null, mostWaiting: number | null, mostRequests: number | null, 
/**
 * Refused for a limit since the proxy started; null where it does not keep that.
 */
refused: number | null, };

/**
 * A cluster by its id in `Clusters`.
 */
export type ClusterRef = { cluster: string, };

/**
 * Everything that can be opened.
 */
export type Clusters = { clusters: Array<ClusterCard>, files: Array<KubeconfigFile>, };

/**
 * A code exists only where the UI acts on it.
 */
export type Code = "bad-call" | "bad-input" | "not-found" | "unreachable" | "unauthenticated" | "forbidden" | "conflict" | "refused" | "not-now" | "internal";

/**
 * One part.
 */
export type ComparedPart = { kind: PartKind, name: string, standing: Standing, };

/**
 * A field that somebody else owns and that the change sets to another value.
 */
export type Conflict = { manager: string, field: string, taken: boolean, };

/**
 * An instance of the control plane.
 */
export type ControlPlane = { 
/**
 * `namespace/pod`
 */
name: string, 
/**
 * Empty where unknown.
 */
version: string, 
/**
 * It told of its proxies.
 */
answered: boolean, 
/**
 * It told it over xDS, for its debug pages are shut.
 */
overXds: boolean, };

/**
 * What was asked for: objects that are followed and logs, other questions to the API server, what is in use, counters of proxies and control
 * planes, configurations of proxies, pages of a control plane (over xDS too), a Prometheus.
 */
export type CostSort = "watch" | "api" | "usage" | "counters" | "configuration" | "control-plane" | "prometheus";

/**
 * What is known of a kind.
 */
export type CoverageState = "loading" | "ready" | "denied" | "missing" | "stale";

export type Delay = { duration: string, percent: number, };

export type Destination = { service: string, port: number, subset: string | null, share: number, workloads: Array<string>, };

/**
 * What a diagnosis says.
 */
export type DiagnosisCard = { code: string, health: Health, what: string, next: string, zh: DiagnosisWords, };

/**
 * The same in another language.
 */
export type DiagnosisWords = { what: string, next: string, };

export type DiffLine = { side: DiffSide, 
/**
 * From 1, in the text of its side.
 */
line: number, text: string, };

export type DiffSide = "same" | "before" | "after";

/**
 * Something that we changed and somebody else as well since. Values are YAML.
 */
export type Dispute = { 
/**
 * Names it among all of its object.
 */
id: string, 
/**
 * `spec.http[1].timeout`; empty for the object as a whole.
 */
path: string, 
/**
 * It is about the order of a list, not about a value.
 */
isOrder: boolean, 
/**
 * As it was before us; null where it was not there.
 */
before: string | null, 
/**
 * As we wrote it; null where we took it away.
 */
wrote: string | null, 
/**
 * As it is now; null where it is not there.
 */
live: string | null, 
/**
 * Who changed it, by the names that the server knows them by; empty where it names nobody.
 */
managers: Array<string>, 
/**
 * What the user decided; null until then.
 */
chosen: UndoSide | null, };

/**
 * One object as text.
 */
export type DocumentText = { object: ObjectRef, 
/**
 * YAML without managedFields and status.
 */
yaml: string, resourceVersion: string, uid: string, 
/**
 * Who set which fields.
 */
managers: Array<FieldManager>, owner: string, };

/**
 * Everything that waits in the tray.
 */
export type Draft = { revision: number, items: Array<DraftItem>, 
/**
 * What it would do, in words: `moves 10 % of productpage → reviews to v3`.
 */
says: Array<EffectLine>, 
/**
 * The tray can be taken back one step.
 */
canUndo: boolean, };

export type DraftItem = { object: ObjectRef, change: ChangeKind, yaml: string, fieldsChanged: number, 
/**
 * It no longer fits what is live: someone changed the object since.
 */
outdated: boolean, 
/**
 * The resourceVersion that the edit started from; empty for a new object.
 */
base: string, 
/**
 * The object at that version, as YAML; empty where it is not known any more.
 */
baseYaml: string, };

export type DraftPut = { session: string, yaml: string, 
/**
 * The resourceVersion that the edit started from; empty for a new object.
 */
base: string, };

/**
 * A field that somebody changed after us.
 */
export type DriftedField = { field: string, 
/**
 * Who owns it now; empty where the server names nobody.
 */
managers: Array<string>, };

/**
 * The policies of a namespace that only report, and what enforcing them would do.
 */
export type DryRun = { namespace: string, proposals: Array<Proposal>, says: Array<EffectLine>, counted: DryRunCounted, 
/**
 * The tray enforces them already.
 */
pending: boolean, };

/**
 * What the proxies themselves have counted of policies that only report.
 */
export type DryRunCounted = { 
/**
 * For so many seconds up to now; null where nobody has counted since the policies were last written to.
 */
seconds: number | null, rows: Array<DryRunRow>, 
/**
 * `namespace/workload` of those under these policies whose proxies count no such thing.
 */
silent: Array<string>, };

/**
 * What the proxies of one workload counted of the policies of one action.
 */
export type DryRunRow = { namespace: string, workload: string, 
/**
 * DENY policies, else ALLOW policies.
 */
denies: boolean, 
/**
 * Connections over which goes no HTTP, else requests.
 */
tcp: boolean, 
/**
 * So many would have been refused.
 */
refused: number, 
/**
 * Of so many.
 */
of: number, };

export type EditOp = "set" | "insert" | "remove" | "move";

/**
 * One thing that a change does to traffic.
 */
export type EffectLine = { tone: EffectTone, 
/**
 * `productpage → reviews`
 */
title: string, 
/**
 * The same in Chinese; empty where an older version wrote it down.
 */
titleZh: string, 
/**
 * `10 % moves from v1 to v3`
 */
detail: string, detailZh: string, requestsPerSecond: number, 
/**
 * Seen in traffic; else asked by the engine itself.
 */
observed: boolean, object: ObjectRef | null, path: string, };

export type EffectTone = "moves" | "cuts" | "opens" | "stays" | "watch";

export type Entry = { row: EntryRow, items: Array<EntryItem>, says: Array<EffectLine>, 
/**
 * What became of it at each proxy, once that stood.
 */
uptake: Array<UptakeRow>, };

export type EntryItem = { object: ObjectRef, change: ChangeKind, before: string, after: string, diff: Array<DiffLine>, state: EntryState, because: string, 
/**
 * The same in Chinese; empty where an older version wrote it down.
 */
zh: string, drift: Array<DriftedField>, };

export type EntryRef = { session: string, entry: number, };

export type EntryRow = { entry: number, at: number, cluster: string, user: string, message: string, 
/**
 * The same in Chinese.
 */
zh: string, state: EntryState, objects: Array<ObjectRef>, 
/**
 * The entry that this one undid.
 */
undoes: number | null, acknowledged: number, proxies: number, 
/**
 * Objects that somebody changed after us.
 */
drifted: number, };

export type EntryState = "intended" | "applied" | "rolled-back" | "partial" | "undone";

export type ExplainArgs = { session: string, request: Request, 
/**
 * Ask the world with the tray applied.
 */
withDraft: boolean, };

export type ExportText = { text: string, };

/**
 * A failure: what was tried, on what, and what to do next.
 */
export type Fault = { 
/**
 * What kind of failure.
 */
code: Code, 
/**
 * What was tried, on what, and why it failed.
 */
message: string, 
/**
 * The same in Chinese; empty where it is told in English alone.
 */
zh: string, 
/**
 * What to do next; empty where nothing can be done.
 */
hint: string, 
/**
 * The same in Chinese.
 */
hintZh: string, 
/**
 * The object, where it is about one.
 */
about: ObjectRef | null, };

export type FieldChange = { path: string, before: string, after: string, };

export type FieldManager = { name: string, operation: string, fields: Array<string>, };

/**
 * Something wrong in a file of a folder.
 */
export type FileProblem = { 
/**
 * Its place in the folder.
 */
path: string, 
/**
 * From 1.
 */
line: number, message: string, 
/**
 * The same in Chinese.
 */
zh: string, };

/**
 * The same words as `netloft check`.
 */
export type Finding = { rule: string, level: Level, kind: string, namespace: string, name: string, path: string, file: string | null, line: number | null, message: string, 
/**
 * The same in Chinese.
 */
zh: string, aliases: Array<string>, fixable: boolean, 
/**
 * The quick fix: edits of the object, in this order.
 */
fix: Array<YamlEdit>, object: ObjectRef, };

export type FindingList = { findings: Array<Finding>, unknown: Array<Unknown>, silenced: Array<Silenced>, };

export type FindingsArgs = { session: string, withDraft: boolean, };

export type FolderArgs = { session: string, path: string, };

/**
 * Why an order has no meaning now; empty where it has.
 */
export type ForeignChoice = { order: ForeignOrder, because: string, zh: string, };

/**
 * A code of another tool that no rule of ours stands for.
 */
export type ForeignCode = { code: string, level: Level | null, what: string, because: string, zh: ForeignWords, };

export type ForeignHealth = "going" | "paused" | "done" | "failed" | "unknown";

/**
 * What a person may want of a rollout of another controller; `finish` is to the end now, past all steps and checks.
 */
export type ForeignOrder = "promote" | "finish" | "pause" | "resume" | "abort" | "retry";

export type ForeignOrderArgs = { session: string, object: ObjectRef, order: ForeignOrder, };

/**
 * A plan as another controller would have it.
 */
export type ForeignPlan = { 
/**
 * What goes into the tray: what the rollout names for its gates, then the rollout.
 */
proposals: Array<Proposal>, 
/**
 * What it does not say, or says otherwise.
 */
lost: Array<Said>, };

export type ForeignPlanArgs = { session: string, plan: RolloutPlan, controller: string, };

/**
 * A rollout that another controller drives.
 */
export type ForeignRollout = { controller: string, object: ObjectRef, health: ForeignHealth, 
/**
 * The controller's own word.
 */
phase: string, message: string, 
/**
 * The same in Chinese; the controller's own words as they are.
 */
zh: string, 
/**
 * Steps behind it.
 */
step: number | null, steps: number | null, 
/**
 * Percent to the new version.
 */
weight: number | null, 
/**
 * Routing objects whose weights it writes.
 */
moves: Array<ObjectRef>, orders: Array<ForeignChoice>, };

export type ForeignRollouts = { 
/**
 * Controllers that are installed.
 */
controllers: Array<string>, rollouts: Array<ForeignRollout>, unknown: Array<Unknown>, };

/**
 * The same in Chinese.
 */
export type ForeignWords = { what: string, because: string, };

export type GateVerdict = "holds" | "fails" | "unknown";

/**
 * Objects, or all of the tray where none are named, into a folder of a local Git checkout.
 */
export type GitArgs = { session: string, folder: string, objects: Array<ObjectRef>, };

export type GitCommitArgs = { session: string, folder: string, objects: Array<ObjectRef>, message: string, token: string, };

export type GitCommitted = { commit: string, branch: string, files: Array<string>, };

export type GitFile = { 
/**
 * From the root of the checkout.
 */
path: string, isNew: boolean, isGone: boolean, diff: Array<DiffLine>, };

/**
 * What an export would commit.
 */
export type GitPlan = { root: string, 
/**
 * Empty where none is checked out.
 */
branch: string, files: Array<GitFile>, 
/**
 * Objects that the checkout has already as they are.
 */
same: number, 
/**
 * A message to start from.
 */
message: string, 
/**
 * Names exactly these changes; the commit wants it back.
 */
token: string, };

/**
 * The map at one revision, laid out. Lengths are in CSS pixels at zoom 1; y grows downwards.
 */
export type Graph = { revision: number, windowSeconds: number, width: number, height: number, groups: Array<GraphGroup>, nodes: Array<GraphNode>, edges: Array<GraphEdge>, unknown: Array<Unknown>, };

export type GraphArgs = { session: string, windowSeconds: number, level: MapLevel, 
/**
 * Empty for all.
 */
namespaces: Array<string>, 
/**
 * The traffic of this time, in milliseconds since 1970; of now where it is left out.
 */
at?: number, };

export type GraphEdge = { id: string, from: string, to: string, requestsPerSecond: number, errorShare: number, 
/**
 * Milliseconds, or null where nobody measured it.
 */
p50: number | null, p99: number | null, secured: Secured, protocol: string, 
/**
 * Share of the service's requests, for a service → workload edge.
 */
share: number | null, 
/**
 * The share after the tray is applied, where it differs.
 */
pendingShare: number | null, 
/**
 * The tray would cut these requests off.
 */
pendingCut: boolean, 
/**
 * Requests are seen to be refused (denied, reset).
 */
deniedPerSecond: number, 
/**
 * Points of the curve: x, y pairs.
 */
points: Array<number>, };

/**
 * A namespace's box.
 */
export type GraphGroup = { namespace: string, inMesh: boolean, 
/**
 * `STRICT`, `PERMISSIVE`, `DISABLE`, `mixed`, or empty.
 */
mtls: string, workloads: number, requestsPerSecond: number, x: number, y: number, w: number, h: number, };

export type GraphNode = { 
/**
 * `service:shop/reviews`, `workload:shop/reviews-v1`, `external:api.example.com`, `namespace:shop`.
 */
id: string, kind: NodeKind, namespace: string, name: string, 
/**
 * Label `version`, or empty; of a namespace, its mutual TLS as in `GraphGroup`.
 */
version: string, pods: number, versions: number, health: Health, 
/**
 * Why, where it is not ok.
 */
because: string, 
/**
 * The same in Chinese.
 */
zh: string, inMesh: boolean, requestsPerSecond: number, errorShare: number, findings: number, 
/**
 * The tray changes what this node's requests do.
 */
pending: boolean, 
/**
 * Ports that a service is called at.
 */
ports: Array<number>, x: number, y: number, w: number, h: number, };

/**
 * How an object is written step by step.
 */
export type Guide = { 
/**
 * JSON pointer of the list whose items are the parts.
 */
list: string, 
/**
 * A part to begin with.
 */
fresh: unknown, parts: Array<GuidePart>, };

/**
 * A field with the value that it gets where it has none yet.
 */
export type GuideAlong = { 
/**
 * JSON pointer.
 */
path: string, value: unknown, };

/**
 * One field of a step.
 */
export type GuideAsk = { 
/**
 * JSON pointer.
 */
path: string, title: Said, 
/**
 * What it means, or what its present value does.
 */
help: Said, 
/**
 * What goes wrong with what stands there, though nobody may refuse it.
 */
note: Said, takes: GuideTakes, 
/**
 * What can be chosen.
 */
offers: Array<GuideOffer>, 
/**
 * What stands there now, as YAML; of that alone.
 */
text: string, 
/**
 * A value to begin with, of YAML alone.
 */
start: unknown, 
/**
 * Few need it.
 */
seldom: boolean, 
/**
 * What has to stand beside it.
 */
along: Array<GuideAlong>, };

/**
 * A value to choose.
 */
export type GuideOffer = { value: string, means: Said, 
/**
 * JSON pointers of what must not stand beside it.
 */
without: Array<string>, };

export type GuidePart = { 
/**
 * JSON pointer.
 */
path: string, 
/**
 * What it does, in a sentence.
 */
says: Said, stages: Array<GuideStage>, };

/**
 * One step.
 */
export type GuideStage = { title: Said, asks: Array<GuideAsk>, };

export type GuideTakes = "one" | "text" | "number" | "yaml";

export type HeaderChanges = { set: { [key in string]: string }, add: { [key in string]: string }, remove: Array<string>, };

/**
 * State of a thing on the map.
 */
export type Health = "ok" | "warn" | "bad" | "idle" | "unknown";

/**
 * Which entries of the journal are wanted.
 */
export type HistoryArgs = { session: string, search: string, 
/**
 * Of an object; empty for all.
 */
kind: string, 
/**
 * Empty for all.
 */
user: string, since: number | null, until: number | null, 
/**
 * Not of this cluster alone.
 */
allClusters: boolean, };

export type HistoryExportArgs = { wanted: HistoryArgs, form: HistoryForm, };

export type HistoryForm = "json" | "markdown";

/**
 * One thing that ails a proxy; what it says stands in the card of its code.
 */
export type Ill = { code: string, 
/**
 * What shows it.
 */
evidence: Array<Said>, 
/**
 * The object behind it.
 */
object: ObjectRef | null, };

/**
 * What the manifests of a folder, or the documents of a file, would put into the tray.
 */
export type Import = { proposals: Array<Proposal>, 
/**
 * Manifests of the folder that were looked into.
 */
files: number, 
/**
 * Objects of kinds that are not written here.
 */
passedOver: Array<KindCount>, problems: Array<FileProblem>, };

export type InjectedFault = { abort: Abort | null, delay: Delay | null, };

/**
 * A kind that can be authored here.
 */
export type KindCard = { 
/**
 * `Istio`, `Gateway API` …
 */
mesh: string, group: string, version: string, kind: string, namespaced: boolean, 
/**
 * What is known of its objects.
 */
state: CoverageState, because: string, 
/**
 * The same in Chinese.
 */
zh: string, };

export type KindCount = { kind: string, count: number, };

/**
 * What is known of a kind, and why not more.
 */
export type KindCoverage = { group: string, kind: string, state: CoverageState, because: string, 
/**
 * The same in Chinese.
 */
zh: string, };

/**
 * A kubeconfig file and what is wrong with it.
 */
export type KubeconfigFile = { path: string, 
/**
 * Added by the user (can be removed), not from KUBECONFIG or the home folder.
 */
added: boolean, contexts: number, 
/**
 * Why it cannot be read, or what in it is loose (permissions); empty when all is well.
 */
problem: string, };

/**
 * Somebody who was seen and is not let in.
 */
export type Left = { 
/**
 * Empty for callers that no proxy counts.
 */
namespace: string, workload: string, service: string, tcp: boolean, amount: number, why: LeftWhy, because: string, 
/**
 * The same in Chinese.
 */
zh: string, };

export type LeftWhy = "plaintext" | "gone" | "refused" | "not-in-mesh" | "otherwise";

/**
 * A caller that the policies let in.
 */
export type LetIn = { namespace: string, 
/**
 * By it the mesh knows the caller.
 */
serviceAccount: string, 
/**
 * Those that were seen under it.
 */
workloads: Array<string>, service: string, 
/**
 * Empty where nobody counted them.
 */
ports: Array<number>, 
/**
 * It opens connections that carry no HTTP to its proxy.
 */
tcp: boolean, 
/**
 * What it may ask; empty for anything.
 */
requests: Array<AskedRequests>, 
/**
 * Requests, or connections: a second, or in all.
 */
amount: number, };

export type Level = "error" | "warning" | "info";

/**
 * How fresh a session's world is.
 */
export type Link = "connecting" | "live" | "stale" | "lost";

/**
 * A share of the requests that ends otherwise than the rest, which is forwarded.
 */
export type Lost = { share: number, outcome: Outcome, status: number | null, workloads: Array<string>, because: string, 
/**
 * The same in Chinese.
 */
zh: string, 
/**
 * What decides it.
 */
object: ObjectRef | null, path: string, };

/**
 * What the map shows.
 */
export type MapLevel = "services" | "workloads" | "namespaces";

/**
 * Who may call whom.
 */
export type Matrix = { rows: Array<MatrixRow>, columns: Array<MatrixColumn>, 
/**
 * Row by row.
 */
cells: Array<MatrixCell>, 
/**
 * There would be more cells than are decided at once: none are.
 */
tooMany: boolean, 
/**
 * So many are decided at once.
 */
most: number, };

export type MatrixArgs = { session: string, 
/**
 * Empty for all.
 */
namespaces: Array<string>, withDraft: boolean, };

/**
 * A request that was asked about.
 */
export type MatrixAsked = { method: string, path: string, 
/**
 * `x-team: a`
 */
headers: Array<string>, };

/**
 * What becomes of one workload's calls to one service.
 */
export type MatrixCell = { 
/**
 * What becomes of `GET /`.
 */
outcome: Outcome, secured: Secured, because: string, 
/**
 * The same in Chinese.
 */
zh: string, object: ObjectRef | null, path: string, 
/**
 * What is lost all the same: not every workload that is called takes it.
 */
lost: Array<Lost>, 
/**
 * Every request that was asked about, where not the same becomes of all of them for the same reason; else none.
 */
requests: Array<MatrixRequest>, 
/**
 * Seen within the last hour.
 */
requestsPerSecond: number, deniedPerSecond: number, };

/**
 * A service, or a host outside, at those of its ports at which the same becomes of everybody's calls.
 */
export type MatrixColumn = { 
/**
 * Empty for a host.
 */
namespace: string, service: string, 
/**
 * What is called at the first of its ports: `http://reviews.shop:9080`.
 */
url: string, ports: Array<number>, 
/**
 * The requests that were asked about: `GET /`, and those that policies in force here name.
 */
asked: Array<MatrixAsked>, 
/**
 * So many more that policies name were not asked about.
 */
unasked: number, };

/**
 * What becomes of one of the requests that a workload could make of a service.
 */
export type MatrixRequest = { asked: MatrixAsked, outcome: Outcome, secured: Secured, because: string, 
/**
 * The same in Chinese.
 */
zh: string, object: ObjectRef | null, path: string, 
/**
 * What is lost all the same: not every workload that is called takes it.
 */
lost: Array<Lost>, };

/**
 * A workload; an empty namespace for whoever has no proxy of a mesh.
 */
export type MatrixRow = { namespace: string, workload: string, };

/**
 * A mesh that was found.
 */
export type MeshSeen = { mesh: string, versions: Array<string>, mode: string, };

export type Mirror = { service: string, subset: string | null, percent: number, };

/**
 * Something in the cluster that a field can name.
 */
export type NameOption = { value: string, detail: string, };

export type NamesArgs = { session: string, yaml: string, pointer: string, };

export type NamespaceArgs = { session: string, namespace: string, };

export type NodeArgs = { session: string, node: string, windowSeconds: number, };

/**
 * The panel of one node.
 */
export type NodeDetail = { node: GraphNode, requestsPerSecond: number, successShare: number | null, p50: number | null, p99: number | null, 
/**
 * Share of requests over mutual TLS, 0 to 1.
 */
mtlsShare: number | null, workloads: Array<WorkloadRow>, 
/**
 * Routing and security objects in force here.
 */
objects: Array<ObjectRow>, 
/**
 * Where requests go: the rules in order, as the engine decides them.
 */
rules: Array<RouteRule>, findings: Array<Finding>, proxiesTotal: number, proxiesSynced: number, 
/**
 * The object's own kind: a Service, or the workload.
 */
object: ObjectRef, };

export type NodeKind = "service" | "workload" | "gateway" | "external" | "namespace";

/**
 * No arguments, or no answer.
 */
export type Nothing = Record<symbol, never>;

export type ObjectArgs = { session: string, object: ObjectRef, };

export type ObjectCheck = { problems: Array<SchemaProblem>, 
/**
 * What the rules of the meshes find in it, with the tray applied.
 */
findings: Array<Finding>, 
/**
 * Why its schema was not asked; empty where it was.
 */
because: string, 
/**
 * The same in Chinese.
 */
zh: string, };

export type ObjectCheckArgs = { session: string, yaml: string, };

export type ObjectOutcome = { object: ObjectRef, state: EntryState, because: string, 
/**
 * The same in Chinese.
 */
zh: string, };

/**
 * An object's identity.
 */
export type ObjectRef = { 
/**
 * API group; empty for the core group.
 */
group: string, kind: string, 
/**
 * Empty for cluster-scoped kinds.
 */
namespace: string, name: string, };

/**
 * A routing or security object in a list.
 */
export type ObjectRow = { object: ObjectRef, version: string, 
/**
 * One line: what it does.
 */
summary: string, 
/**
 * The same in Chinese; empty where only the kind's purpose can be said.
 */
summaryZh: string, hosts: Array<string>, 
/**
 * Milliseconds since 1970, or null.
 */
createdAt: number | null, findings: number, pending: boolean, 
/**
 * Helm, Argo CD, Flux …, by its marks.
 */
owner: string, };

export type ObjectsArgs = { session: string, 
/**
 * `VirtualService` …; empty for all.
 */
kinds: Array<string>, 
/**
 * Empty for all.
 */
namespace: string, };

/**
 * A new session.
 */
export type Opened = { session: string, cluster: string, };

export type Outcome = "forwarded" | "denied" | "direct" | "redirected" | "aborted" | "no-route" | "no-destination" | "refused" | "blocked" | "unresolved" | "unknown";

/**
 * The frame's facts.
 */
export type Overview = { cluster: ClusterCard, revision: number, link: Link, 
/**
 * Since when the link is as it is, and why.
 */
because: string, 
/**
 * The same in Chinese.
 */
zh: string, 
/**
 * When the last event or bookmark came, milliseconds since 1970.
 */
heardAt: number, kubernetes: string, user: string, meshes: Array<MeshSeen>, rights: Array<Right>, coverage: Array<KindCoverage>, namespaces: Array<string>, services: number, workloads: number, proxies: number, illProxies: number, findings: number, errors: number, routes: number, policies: number, pending: number, 
/**
 * Changes of an earlier run, or of a connection that was lost, whose end was found out since this session began.
 */
settled: Array<SettledChange>, };

/**
 * A list of parts.
 */
export type PartKind = "listener" | "route" | "cluster" | "endpoints";

/**
 * What is kept of the traffic of the last hours.
 */
export type Past = { 
/**
 * Milliseconds since 1970, ascending: what the map can be asked for.
 */
moments: Array<number>, 
/**
 * So many of them, the first, are told by a Prometheus; the rest was kept here.
 */
fromPrometheus: number, 
/**
 * Bytes on disk.
 */
bytes: number, 
/**
 * Files that are damaged: what they held after the damage is lost.
 */
damaged: number, };

/**
 * A path on the user's disk, as chosen in a file dialog or typed.
 */
export type PathArg = { path: string, };

/**
 * Somebody who called in plaintext.
 */
export type PlainCaller = { 
/**
 * `namespace/workload`; empty for callers that no proxy counts.
 */
caller: string, workload: string, last: number, 
/**
 * For so many seconds the app has looked since.
 */
quietSeconds: number, };

/**
 * What policies shall be made from traffic for.
 */
export type PoliciesArgs = { session: string, namespace: string, 
/**
 * Empty for all services of the namespace.
 */
service: string, 
/**
 * 0 for all that the proxies have counted since each of them began.
 */
windowSeconds: number, 
/**
 * The window ends at this time, in milliseconds since 1970; now where it is left out.
 */
at?: number, 
/**
 * Narrow callers to the methods and paths that the access logs show of them.
 */
requests: boolean, };

/**
 * Whether a proxy is there: its pod runs, its pod does not run, or its pod shall have one and has none.
 */
export type Presence = "running" | "dead" | "missing";

export type PressureArgs = { session: string, namespace: string, service: string, };

/**
 * What a cluster says of itself.
 */
export type Probe = { cluster: string, reach: Reach, 
/**
 * Where it is not reachable: what was tried, why it failed, what to do.
 */
because: string, hint: string, 
/**
 * Both in Chinese.
 */
zh: string, hintZh: string, 
/**
 * `v1.36.3`, or empty.
 */
kubernetes: string, meshes: Array<MeshSeen>, 
/**
 * Who the API server says that we are.
 */
user: string, rights: Array<Right>, services: number | null, 
/**
 * Round trip in milliseconds.
 */
millis: number, };

/**
 * Which one is asked, and how it stands.
 */
export type Prometheus = { chosen: PrometheusChoice, found: Array<PrometheusPlace>, 
/**
 * The one that is asked, in words; empty where none is.
 */
asked: string, 
/**
 * What it is, by what it says or else by its looks; null where none is asked, or it does not tell.
 */
kind: PrometheusKind | null, state: PrometheusState, 
/**
 * Why it cannot be asked, or not be relied on; else empty.
 */
because: string, 
/**
 * The same in Chinese.
 */
zh: string, 
/**
 * Empty where it does not say.
 */
version: string, 
/**
 * Seconds since its newest sample.
 */
age: number | null, 
/**
 * Proxies that it has container series of.
 */
containers: PrometheusCover | null, 
/**
 * Workloads whose requests it has.
 */
requests: PrometheusCover | null, };

/**
 * What the user chose for a cluster; texts are empty and the port 0 where they have no meaning.
 */
export type PrometheusChoice = { which: PrometheusWhich, namespace: string, name: string, port: number, 
/**
 * `https://…` or `http://…`, with what stands before `/api/v1`.
 */
url: string, 
/**
 * Its certificate authority in PEM; empty for those that this machine trusts.
 */
authority: string, 
/**
 * A token is kept for the address.
 */
hasToken: boolean, 
/**
 * Label matchers that narrow every question of ours to this cluster.
 */
only: string, 
/**
 * Whose data is asked for, of one that keeps several tenants' apart; empty where it does not.
 */
tenant: string, };

/**
 * Which one shall be asked of a session's cluster. Its token goes to the keyring and never back.
 */
export type PrometheusChoose = { 
/**
 * The session.
 */
session: string, 
/**
 * Which one.
 */
choice: PrometheusChoice, 
/**
 * A new token; null for the one that is kept, if any.
 */
token: string | null, };

export type PrometheusChosen = { 
/**
 * Why its token is kept until Netloft ends and no longer; empty where it is in the keyring, or there is none.
 */
fleeting: Said, };

/**
 * Of the things that it has series of: those that are in this cluster, and those that are not.
 */
export type PrometheusCover = { ours: number, others: number, };

export type PrometheusKind = "thanos" | "prometheus" | "victoria-metrics" | "mimir";

/**
 * A Service that looks like one.
 */
export type PrometheusPlace = { kind: PrometheusKind, namespace: string, name: string, port: number, };

export type PrometheusState = "looking" | "absent" | "several" | "off" | "unusable" | "usable";

/**
 * Which one is asked: the only one that is found, none, a Service, or one at an address.
 */
export type PrometheusWhich = "found" | "nobody" | "service" | "address";

/**
 * An object as a recipe, or a file, would have it.
 */
export type Proposal = { object: ObjectRef, 
/**
 * Its text now; empty for a new object.
 */
before: string, after: string, 
/**
 * The version that `before` is of; empty for a new object.
 */
base: string, diff: Array<DiffLine>, };

export type Proxies = { revision: number, rows: Array<ProxyRow>, controlPlanes: Array<ControlPlane>, 
/**
 * What ails the mesh as a whole.
 */
ills: Array<Ill>, 
/**
 * Of the codes that rows name.
 */
diagnoses: Array<DiagnosisCard>, unknown: Array<Unknown>, };

/**
 * What a proxy wrote into its log, newest first.
 */
export type ProxyAccess = { state: AccessState, 
/**
 * Why it ended; empty where it did not.
 */
because: string, 
/**
 * The same in Chinese.
 */
zh: string, rows: Array<AccessRow>, 
/**
 * How many lines fit what is wanted; `rows` may hold fewer.
 */
fit: number, 
/**
 * How many lines were read, and how many of them are no longer kept.
 */
read: number, dropped: number, 
/**
 * How many are of a format that is not known.
 */
unknown: number, 
/**
 * Whether the proxy writes no access log at all; null where that is not known or not asked.
 */
off: boolean | null, 
/**
 * Of the flags that rows name.
 */
flags: Array<AccessFlag>, };

export type ProxyAccessArgs = { session: string, namespace: string, pod: string, 
/**
 * Words that a line must have.
 */
search: string, only: AccessOnly, };

/**
 * One proxy.
 */
export type ProxyArgs = { session: string, namespace: string, pod: string, 
/**
 * Ask it even where an answer is only some seconds old.
 */
anew: boolean, };

/**
 * The certificate that a proxy shows. Times are milliseconds since 1970.
 */
export type ProxyCertificate = { beginsAt: number, endsAt: number, issuer: string, spiffe: string, 
/**
 * The roots that it trusts are those of the mesh; null where it does not say.
 */
rootMatches: boolean | null, };

/**
 * The two as they were when both were asked.
 */
export type ProxyComparison = { 
/**
 * Milliseconds since 1970.
 */
readAt: number, 
/**
 * The instance that was asked, `namespace/pod`; empty where none could be.
 */
controlPlane: string, 
/**
 * Why the two cannot be compared; empty where they are.
 */
because: string, 
/**
 * The same in Chinese.
 */
zh: string, 
/**
 * Every part, those that differ first.
 */
parts: Array<ComparedPart>, };

export type ProxyCount = { sort: ProxySort, n: number, refused: number, };

/**
 * What a proxy works with, at a glance.
 */
export type ProxyDetail = { 
/**
 * Milliseconds since 1970.
 */
readAt: number, bytes: number, counts: Array<ProxyCount>, 
/**
 * The answer ended early, or had more than is kept.
 */
partial: boolean, 
/**
 * Why the endpoints are not known; empty where they are.
 */
endpointsUnknown: Said, };

/**
 * How one part differs, without what is secret: before is what the proxy has, after is what it would be sent.
 */
export type ProxyDifference = { diff: Array<DiffLine>, };

export type ProxyDifferenceArgs = { session: string, namespace: string, pod: string, kind: PartKind, name: string, readAt: number, };

export type ProxyFound = { hits: Array<ProxyHit>, 
/**
 * There are more than are told.
 */
more: boolean, };

export type ProxyHit = { sort: ProxySort, at: number, name: string, around: string, };

/**
 * One part in a line. What the cells mean follows from the list.
 */
export type ProxyLine = { 
/**
 * Its place, to ask for its text by.
 */
at: number, name: string, 
/**
 * `active`, `static`, `warming`, `draining`, `refused`; for endpoints `healthy` and why not.
 */
state: string, cells: Array<string>, 
/**
 * The objects that made it; for what was refused the one that broke it comes first.
 */
from: Array<ObjectRef>, error: string, };

export type ProxyLinesArgs = { session: string, namespace: string, pod: string, sort: ProxySort, 
/**
 * Of the answer that is on screen: another one is another question.
 */
readAt: number, };

export type ProxyLogArgs = { session: string, namespace: string, pod: string, logger: string, level: string, };

export type ProxyLogger = { name: string, level: string, 
/**
 * What it was before this session changed it; empty where it did not.
 */
before: string, };

/**
 * One row of `netloft health` with its resource use.
 */
export type ProxyRow = { namespace: string, pod: string, workload: string, mesh: string, 
/**
 * `sidecar`, `gateway`, `waypoint`, `ztunnel`, `node`.
 */
role: string, presence: Presence, version: string, health: Health, 
/**
 * The worst of all types.
 */
sync: SyncState, 
/**
 * Per xDS type: CDS, LDS, EDS, RDS, ECDS.
 */
types: Array<TypeSync>, 
/**
 * The rejection's own text.
 */
nack: string, 
/**
 * Everything that ails it, the gravest first.
 */
ills: Array<Ill>, 
/**
 * The gravest in words, with the next step; empty when all is well.
 */
diagnosis: string, ready: boolean, restarts: number, 
/**
 * Why its container ended last, or waits: `OOMKilled`; empty where it does not.
 */
trouble: string, certificate: ProxyCertificate | null, size: ProxySize | null, controlPlane: string, 
/**
 * Since when it talks to that instance, milliseconds since 1970.
 */
connectedAt: number | null, cpuUsage: number | null, cpuRequest: number | null, cpuLimit: number | null, 
/**
 * The share of time in which its CPU limit stopped it; null where nobody tells.
 */
throttled: number | null, memoryUsage: number | null, memoryRequest: number | null, memoryLimit: number | null, unknown: Array<Unknown>, };

export type ProxySearchArgs = { session: string, namespace: string, pod: string, text: string, readAt: number, };

/**
 * How much a proxy knows.
 */
export type ProxySize = { bytes: number, clusters: number, listeners: number, routes: number, };

/**
 * Requests and limits of one container, in thousandths of a core and bytes.
 */
export type ProxySizes = { cpuRequest: number, cpuLimit: number, memoryRequest: number, memoryLimit: number, };

/**
 * A list of what a proxy works with.
 */
export type ProxySort = "listeners" | "routes" | "clusters" | "endpoints" | "secrets" | "bootstrap";

/**
 * Text of a proxy without what is secret.
 */
export type ProxyText = { text: string, };

export type ProxyTextArgs = { session: string, namespace: string, pod: string, sort: ProxySort, at: number, };

/**
 * One batch of the watch (at most one a frame).
 */
export type Pulse = { session: string, revision: number, link: Link, heardAt: number, spoiled: Array<Topic>, };

/**
 * How a cluster answered.
 */
export type Reach = "reachable" | "unreachable" | "unauthenticated" | "untrusted" | "forbidden" | "needs-consent" | "broken";

export type RecipeArgs = { session: string, recipe: string, values: { [key in string]: string }, };

export type RecipeCard = { id: string, fields: Array<RecipeField>, };

export type RecipeField = { name: string, takes: RecipeTakes, 
/**
 * What it starts with; empty where the user has to say.
 */
usual: string, 
/**
 * What it may be; empty where that is not a list.
 */
oneOf: Array<string>, };

export type RecipeTakes = "service" | "version" | "namespace" | "percent" | "number" | "text";

/**
 * A request of `netloft explain --requests`.
 */
export type Request = { id: string, from: Caller, via?: string, method: string, url: string, headers: { [key in string]: string }, };

/**
 * What the proxies of a workload used over time, the oldest first.
 */
export type ResourceCurve = { samples: Array<ResourceSample>, 
/**
 * So many of them, the oldest, are of a Prometheus; the rest were sampled here.
 */
fromPrometheus: number, 
/**
 * Why there are none of a Prometheus.
 */
unknown: Array<Unknown>, };

/**
 * The proxies of one workload.
 */
export type ResourceRow = { namespace: string, workload: string, mesh: string, role: string, proxies: number, used: Amount, requested: Amount, limited: Amount, 
/**
 * In use by the containers beside them.
 */
app: Amount, 
/**
 * Null where what it has fits, or too little was seen.
 */
advice: SizeAdvice | null, 
/**
 * Seconds until enough was seen; null where it was.
 */
adviceIn: number | null, 
/**
 * What the requests would shrink by.
 */
saving: Amount, };

/**
 * What the proxies of a workload used at one time.
 */
export type ResourceSample = { 
/**
 * Milliseconds since 1970.
 */
at: number, 
/**
 * Together.
 */
cpu: number, 
/**
 * The most of one.
 */
cpuPeak: number, memory: number, memoryPeak: number, 
/**
 * So many proxies were not measured then: what they used is not in it.
 */
unknown: number, };

export type Resources = { rows: Array<ResourceRow>, 
/**
 * Seconds that were seen so far.
 */
seen: number, 
/**
 * Seconds that a Prometheus has of it; null where there is none that does.
 */
kept: number | null, unknown: Array<Unknown>, };

export type Retries = { attempts: number, perTryTimeout: string | null, on: string | null, };

/**
 * What the tray, or an undo, would do.
 */
export type Review = { 
/**
 * Names exactly what was reviewed; `apply` wants it back.
 */
token: string, items: Array<ReviewItem>, says: Array<EffectLine>, requestsObserved: number, requestsProbed: number, findingsAdded: Array<Finding>, findingsRemoved: Array<Finding>, unknown: Array<Unknown>, 
/**
 * Nothing stands in the way of applying it but conflicts, which the user decides by naming managers.
 */
canApply: boolean, 
/**
 * What stands in the way.
 */
because: string, 
/**
 * The same in Chinese.
 */
zh: string, production: boolean, 
/**
 * Of an undo: objects that the user left out of it.
 */
leftOut: Array<ObjectRef>, };

export type ReviewItem = { object: ObjectRef, change: ChangeKind, liveVersion: string, diff: Array<DiffLine>, 
/**
 * Changed fields: path, before, after.
 */
fields: Array<FieldChange>, 
/**
 * The server's dry-run accepted it.
 */
accepted: boolean, 
/**
 * What the server says, or we: refusals, warnings.
 */
problems: Array<ReviewProblem>, conflicts: Array<Conflict>, 
/**
 * Of an undo: what somebody else changed since as well.
 */
disputes: Array<Dispute>, 
/**
 * What becomes of a request for a moment after this write, where no order of the writes avoids it; else empty.
 */
lapse: string, 
/**
 * The same in Chinese.
 */
lapseZh: string, 
/**
 * Helm, Argo CD, Flux …: who may set it back.
 */
owner: string, };

export type ReviewProblem = { 
/**
 * From 1, in the text that is to be written.
 */
line: number, message: string, 
/**
 * The same in Chinese.
 */
zh: string, 
/**
 * Nothing can be written with it; else a warning.
 */
error: boolean, };

export type Rewrite = { path: string | null, authority: string | null, };

/**
 * Whether the user may do something: `read`, `route` (VirtualServices), `secure` (policies), `forward` (proxies).
 */
export type Right = { what: string, allowed: boolean, verb: string, };

export type Rollout = { id: number, user: string, startedAt: number, 
/**
 * When its driver last gave a sign.
 */
heardAt: number, 
/**
 * This window's session drives it.
 */
isOurs: boolean, isOver: boolean, plan: RolloutPlan, 
/**
 * The Gateways at which its route decided when it began: `namespace/name`.
 */
gateways: Array<string>, 
/**
 * From 0.
 */
step: number, phase: RolloutPhase, 
/**
 * Why it paused, returns or stopped; null where it did none of these.
 */
phaseBecause: Said | null, 
/**
 * What stands in the way of its next write.
 */
because: string, 
/**
 * The same in Chinese.
 */
zh: string, weight: number, mirror: number, 
/**
 * How long all gates of this step held.
 */
heldSeconds: number, 
/**
 * Oldest first.
 */
checks: Array<RolloutCheck>, 
/**
 * Entries of the journal that it made.
 */
entries: Array<number>, };

export type RolloutArgs = { session: string, plan: RolloutPlan, takeOver: Array<string>, };

/**
 * One look at the gates.
 */
export type RolloutCheck = { 
/**
 * Seconds since it began.
 */
at: number, step: number, 
/**
 * Percent to the canary then.
 */
weight: number, stable: RolloutRates | null, canary: RolloutRates | null, 
/**
 * In the order of the plan's gates.
 */
judged: Array<RolloutJudged>, };

export type RolloutChecked = { 
/**
 * The field that makes no sense, and why; empty where the plan does.
 */
problem: string, obstacles: Array<RolloutObstacle>, 
/**
 * The plan as `netloft rollout` reads it.
 */
yaml: string, };

/**
 * Requests with this header all go to the canary.
 */
export type RolloutCohort = { header: string, value: string, };

export type RolloutCommand = "promote" | "pause" | "resume" | "abort";

export type RolloutCommandArgs = { session: string, rollout: number, command: RolloutCommand, };

/**
 * What happens after a failure, or after the program that drove it was away.
 */
export type RolloutFate = "hold" | "return";

export type RolloutGate = { metric: RolloutMetric, 
/**
 * What is asked of Prometheus; empty for the other metrics.
 */
query: string, 
/**
 * What its answer is called.
 */
name: string, 
/**
 * Percent or milliseconds; for a query its own unit.
 */
min: number | null, max: number | null, 
/**
 * By how much it may be worse than the stable version.
 */
maxOverStable: number | null, };

export type RolloutGiven = { 
/**
 * From 0.
 */
gate: number, source: RolloutSource, 
/**
 * Why it is not played.
 */
because: string, 
/**
 * The same in Chinese.
 */
zh: string, };

export type RolloutJudged = { verdict: GateVerdict, value: number | null, 
/**
 * The stable version's that it was compared with, of a query.
 */
stable: number | null, 
/**
 * Seconds until it is judged, for as long its query reads what was before the step.
 */
early: number | null, because: string, 
/**
 * The same in Chinese; empty where an earlier version looked.
 */
zh: string, };

export type RolloutKind = "VirtualService" | "HTTPRoute";

/**
 * A rollout that a program elsewhere drives, or drove and never ended.
 */
export type RolloutLease = { object: ObjectRef, plan: string, by: string, 
/**
 * When it may be taken for abandoned.
 */
until: number, hasRunOut: boolean, 
/**
 * Who drives it, and what becomes of it then.
 */
said: Said, 
/**
 * The stable version that it wants everything back to; null where its program may still be there, or it does not.
 */
back: string | null, };

export type RolloutLeaseArgs = { session: string, object: ObjectRef, };

export type RolloutMetric = "success-rate" | "p50" | "p99" | "promql";

export type RolloutObstacle = { about: string, because: string, 
/**
 * The same in Chinese.
 */
zh: string, blocks: boolean, 
/**
 * The manager that its fields may be taken over from; else empty.
 */
owner: string, };

export type RolloutPhase = "moving" | "watching" | "waiting" | "paused" | "returning" | "done" | "returned" | "stopped";

export type RolloutPlan = { name: string, namespace: string, service: string, kind: RolloutKind, route: string, routeNamespace: string, stable: string, canary: string, intervalSeconds: number, steps: Array<RolloutStep>, gates: Array<RolloutGate>, 
/**
 * Looks in a row that a gate may fail.
 */
tolerance: number, 
/**
 * Fewer requests of the canary in an interval tell nothing.
 */
minRequests: number, 
/**
 * How long a step may go without measurements.
 */
patienceSeconds: number, 
/**
 * What happens is in Prometheus so much later at most.
 */
lagSeconds: number, onFailure: RolloutFate, interrupted: RolloutFate, };

/**
 * A step as it would go.
 */
export type RolloutPlayed = { 
/**
 * From 0.
 */
step: number, 
/**
 * Seconds after the beginning.
 */
from: number, to: number, 
/**
 * Requests a second of which the new version gets a copy.
 */
copied: number, looks: number, 
/**
 * The look at which it was left, or broke.
 */
last: RolloutCheck | null, 
/**
 * A person had to promote it, which is supposed to happen at once.
 */
byHand: boolean, };

export type RolloutRates = { requestsPerSecond: number, 
/**
 * 0 to 1.
 */
errorShare: number, 
/**
 * Milliseconds.
 */
p50: number | null, p99: number | null, };

/**
 * A route that a rollout may drive for a service.
 */
export type RolloutRoute = { object: ObjectRef, 
/**
 * It decides for callers in the mesh.
 */
within: boolean, 
/**
 * The Gateways at which it decides for requests from outside: `namespace/name`.
 */
gateways: Array<string>, 
/**
 * What it can send requests to, those that get most of them now first.
 */
versions: Array<RolloutVersion>, };

export type RolloutRoutesArgs = { session: string, namespace: string, service: string, };

export type RolloutSimulateArgs = { session: string, plan: RolloutPlan, supposed: RolloutSupposed, };

/**
 * A plan as it would go.
 */
export type RolloutSimulated = { phase: RolloutPhase, 
/**
 * Why it paused or went back; null where it did not.
 */
phaseBecause: Said | null, 
/**
 * Where it ended, from 0.
 */
step: number, 
/**
 * How long it took.
 */
seconds: number, 
/**
 * Those that were reached.
 */
steps: Array<RolloutPlayed>, 
/**
 * The last looks, oldest first.
 */
checks: Array<RolloutCheck>, 
/**
 * From and to when the traffic was recorded; null where it is that of now.
 */
recordedFrom: number | null, recordedTo: number | null, 
/**
 * Of both versions, in the mean.
 */
requestsPerSecond: number, 
/**
 * The new version had traffic: what is not supposed of it was measured.
 */
canaryKnown: boolean, 
/**
 * Share of the requests that go another way than the split says.
 */
astray: number, 
/**
 * The gates that ask Prometheus.
 */
given: Array<RolloutGiven>, };

/**
 * Where what a gate's query gives in a play comes from; `stable` is what Prometheus has of the stable version.
 */
export type RolloutSource = "supposed" | "recorded" | "stable" | "unplayed";

export type RolloutStep = { 
/**
 * Percent of the requests.
 */
weight: number, 
/**
 * Percent of the requests that are copied.
 */
mirror: number, cohort: RolloutCohort | null, 
/**
 * How long all gates have to hold; null until a person promotes it.
 */
pauseSeconds: number | null, };

/**
 * What is supposed of the new version; null for as it was measured, or else as the stable version's.
 */
export type RolloutSupposed = { 
/**
 * 0 to 1.
 */
errorShare: number | null, 
/**
 * Milliseconds.
 */
p50: number | null, p99: number | null, 
/**
 * What the query of each gate gives, in the order of the plan's gates.
 */
queries: Array<number | null>, };

export type RolloutUndoArgs = { session: string, rollout: number, token: string, };

export type RolloutUndoReviewArgs = { session: string, rollout: number, choices: Array<UndoChoice>, 
/**
 * Objects that stay as they are.
 */
leftOut: Array<ObjectRef>, };

/**
 * A subset, or a Service behind an HTTPRoute, with its share of the requests now, 0 to 1.
 */
export type RolloutVersion = { name: string, share: number, };

/**
 * One rule of a service's route.
 */
export type RouteRule = { 
/**
 * Conditions in words; empty for "all else".
 */
when: Array<Said>, destinations: Array<RouteShare>, object: ObjectRef | null, path: string, };

export type RouteShare = { name: string, share: number, pendingShare: number | null, };

export type RuleCard = { rule: string, level: Level, aliases: Array<string>, what: string, why: string, fix: string, zh: RuleWords, };

/**
 * The words of a rule in another language than English.
 */
export type RuleWords = { what: string, why: string, fix: string, };

/**
 * What is said in both languages of the window; without Chinese where an earlier version said it.
 */
export type Said = { because: string, zh: string, };

/**
 * Objects, or all of the tray where none are named, into a file or a folder; a file may be a new one.
 */
export type SaveArgs = { session: string, path: string, objects: Array<ObjectRef>, };

export type SaveFilesArgs = { session: string, path: string, objects: Array<ObjectRef>, token: string, };

/**
 * What saving would write.
 */
export type SavePlan = { 
/**
 * The folder that the files' paths begin at.
 */
root: string, files: Array<GitFile>, 
/**
 * Objects that stand there already as they are.
 */
same: number, 
/**
 * Names exactly these changes, and the files as they are now; saving wants it back.
 */
token: string, };

/**
 * The files that were written.
 */
export type Saved = { files: Array<string>, };

/**
 * Fields of a kind, flat.
 */
export type Schema = { fields: Array<SchemaField>, };

export type SchemaAlternative = { fields: Array<string>, 
/**
 * What the choosing field says then.
 */
value: string, };

export type SchemaArgs = { session: string, group: string, kind: string, };

export type SchemaChoice = { 
/**
 * The field whose value chooses (`type`), or empty where the field that is there is the choice.
 */
by: string, alternatives: Array<SchemaAlternative>, };

export type SchemaFault = "unknown" | "type" | "missing" | "not-allowed" | "too-small" | "too-large" | "pattern" | "both";

export type SchemaField = { 
/**
 * `spec.http[].route[].weight`; items of a list end in `[]`, values of a map in `.*`.
 */
path: string, 
/**
 * `string`, `integer`, `number`, `boolean`, `object`, `array`, `map`, `duration`, `int-or-string`, `any`
 */
type: string, allowed: Array<string>, default: string, required: boolean, minimum: number | null, maximum: number | null, 
/**
 * For objects: fields that exclude each other.
 */
choices: Array<SchemaChoice>, 
/**
 * Its values (for a map: its keys) are names of things in the cluster.
 */
named: boolean, 
/**
 * What the cluster's own schema says that it is for; empty where it says nothing.
 */
help: string, };

/**
 * Where a text departs from its schema.
 */
export type SchemaProblem = { 
/**
 * JSON pointer.
 */
path: string, 
/**
 * From 1.
 */
line: number, fault: SchemaFault, 
/**
 * The type, the values, the bound or the form that belongs there.
 */
wanted: string, };

/**
 * What was held when a Sidecar was proposed, and what was to be left.
 */
export type ScopeBefore = { clusters: number, bytes: number, predicted: number | null, };

/**
 * How an edge's requests travel.
 */
export type Secured = "mtls" | "tls" | "plaintext" | "mixed" | "unknown";

/**
 * Rates over time; one line a version where the thing has versions.
 */
export type Series = { 
/**
 * Seconds since 1970, ascending, shared by all lines.
 */
at: Array<number>, lines: Array<SeriesLine>, 
/**
 * Where the numbers come from, in words.
 */
source: string, };

export type SeriesArgs = { session: string, 
/**
 * A node's or an edge's id.
 */
of: string, windowSeconds: number, };

export type SeriesLine = { name: string, 
/**
 * `requests`, `errors`.
 */
what: string, 
/**
 * Per second; null for a gap.
 */
values: Array<number | null>, };

/**
 * A server that the user names. It only comes in: the token goes to the keyring, and nothing gives it out again.
 */
export type ServerAdd = { 
/**
 * As the user calls it.
 */
name: string, 
/**
 * `https://…`
 */
server: string, 
/**
 * Its certificate authority in PEM; empty for those that this machine trusts.
 */
authority: string, token: string, };

/**
 * An added server.
 */
export type ServerAdded = { clusters: Clusters, 
/**
 * Why its token is kept until Netloft ends and no longer; empty where it is in the keyring.
 */
fleeting: Said, };

export type ServerCost = { 
/**
 * The context's name.
 */
server: string, 
/**
 * Of the last minute, each sort that was asked for.
 */
minute: Array<Asked>, 
/**
 * Questions since the connection was opened.
 */
asked: number, 
/**
 * Bytes of their answers.
 */
bytes: number, 
/**
 * When it was opened, milliseconds since 1970.
 */
openedAt: number, };

/**
 * The proxies that call a service, those of the busiest workloads first.
 */
export type ServicePressure = { callers: Array<CallerPressure>, unknown: Array<Unknown>, };

/**
 * An open session.
 */
export type SessionRef = { session: string, };

/**
 * The user's settings.
 */
export type Settings = { theme: Theme, 
/**
 * `en`, `zh`, or empty for the system's.
 */
locale: string, 
/**
 * Kubeconfig files that the user added.
 */
kubeconfigs: Array<string>, 
/**
 * Clusters that the user marked as production (true) or not (false), by id.
 */
production: { [key in string]: boolean }, 
/**
 * Nothing is ever written.
 */
readOnly: boolean, };

/**
 * A change whose end nobody saw: how many of its objects are known to be written.
 */
export type SettledChange = { entry: number, message: string, zh: string, written: number, objects: number, };

/**
 * What the sidecars of a namespace hold, and what they were seen to need.
 */
export type SidecarScope = { namespace: string, 
/**
 * A Sidecar that already holds for the whole of it.
 */
has: ObjectRef | null, 
/**
 * Clusters that the proxy holds which knows most, and the bytes of its configuration; 0 where that is not known, as for a while after its
 * Sidecar was changed.
 */
clusters: number, bytes: number, 
/**
 * What would be left of the bytes; null where the size is not known.
 */
predicted: number | null, 
/**
 * What a Sidecar would name.
 */
hosts: Array<string>, 
/**
 * Enough of the calls was measured to name them.
 */
measured: boolean, 
/**
 * Seconds for which calls were counted, and for which they have to be before any are named.
 */
counted: number, enough: number, 
/**
 * Where the Sidecar that it has was proposed here.
 */
before: ScopeBefore | null, };

/**
 * A finding that an annotation of its object silences.
 */
export type Silenced = { finding: Finding, by: string, };

/**
 * What would fit the proxies of a workload better.
 */
export type SizeAdvice = { to: ProxySizes, source: SizeSource, 
/**
 * Seconds that they were seen.
 */
seen: number, 
/**
 * Thousandths of a core at the 95th percentile of the busiest.
 */
cpuP95: number, 
/**
 * Bytes at the most of the largest.
 */
memoryMost: number, place: SizePlace, 
/**
 * What makes it so, as it is written there: YAML.
 */
written: string, };

/**
 * Where the sizes of a workload's proxies are written: in annotations that the injector reads, in the proxy's own container, or by a
 * controller that would take back anything else.
 */
export type SizePlace = "annotations" | "container" | "controller";

/**
 * Where what was seen comes from.
 */
export type SizeSource = "sampled" | "prometheus";

/**
 * How the two stand to each other.
 */
export type Standing = "differs" | "only-sent" | "only-held" | "equal";

export type StarterArgs = { session: string, group: string, kind: string, namespace: string, };

export type Step = { step: string, 
/**
 * As people say it: `VirtualService shop/reviews`; null where no object decides.
 */
object: string | null, path: string | null, because: string, 
/**
 * The same in Chinese.
 */
zh: string, };

/**
 * How far the mesh is on its way.
 */
export type Strict = { 
/**
 * Since when the app has looked; null where it never has.
 */
since: number | null, watchedSeconds: number, rows: Array<StrictRow>, 
/**
 * The namespace that is safe to go on with; null while a caller is broken.
 */
next: string | null, broken: Array<StrictBroken>, 
/**
 * Namespaces that go back by themselves where a caller breaks.
 */
guards: Array<StrictGuard>, 
/**
 * Steps that went back by themselves, the last first.
 */
takenBack: Array<StrictTakenBack>, };

/**
 * A caller that a step has broken.
 */
export type StrictBroken = { entry: number, namespace: string, 
/**
 * `namespace/workload`; empty for callers that no proxy counts.
 */
caller: string, service: string, beforePerSecond: number, sincePerSecond: number, beforeErrors: number, sinceErrors: number, };

/**
 * A namespace whose step is guarded. A guard outlives the program.
 */
export type StrictGuard = { namespace: string, 
/**
 * The entry of the journal that wrote the step; null while it waits in the tray.
 */
entry: number | null, 
/**
 * Until when it is guarded; null while the step is not written.
 */
until: number | null, 
/**
 * For so many seconds nobody looked.
 */
interruptedSeconds: number, 
/**
 * Since when somebody looks again; null where somebody always did.
 */
resumed: number | null, 
/**
 * What was counted before the step is known.
 */
compares: boolean, 
/**
 * It goes back by itself; else what broke is only shown.
 */
byItself: boolean, };

/**
 * A mode of mutual TLS that a step leads to.
 */
export type StrictMode = "permissive" | "strict";

/**
 * A port of the pod at which another mode is in force.
 */
export type StrictPort = { port: number, takes: StrictTakes, };

/**
 * A namespace, or the mesh as a whole, on the way to STRICT.
 */
export type StrictRow = { namespace: string, wholeMesh: boolean, each: Array<StrictWorkload>, workloads: number, strict: number, off: number, 
/**
 * Workloads without a proxy.
 */
outside: number, state: StrictState, target: StrictMode | null, 
/**
 * For so many seconds of looking nobody called in plaintext.
 */
quietSeconds: number, callers: Array<PlainCaller>, 
/**
 * Largest share of plaintext connections that the proxies of one workload have counted since they began.
 */
clearEver: number, 
/**
 * What the step would do to the traffic of the last minute, where it would do harm.
 */
says: Array<EffectLine>, 
/**
 * The tray holds the step.
 */
pending: boolean, };

export type StrictState = "done" | "ready" | "young" | "blocked";

export type StrictStepArgs = { session: string, namespace: string, 
/**
 * Of this workload alone; of the whole namespace where it is left out.
 */
workload?: string, 
/**
 * It goes back by itself where a caller breaks.
 */
guard: boolean, };

/**
 * A step that was taken back by itself, for it broke a caller.
 */
export type StrictTakenBack = { 
/**
 * The entry of the journal that took it back.
 */
entry: number, namespace: string, at: number, why: string, 
/**
 * The same in Chinese.
 */
zh: string, };

/**
 * How a port, or a workload at all others, takes connections.
 */
export type StrictTakes = "strict" | "permissive" | "disabled" | "none";

/**
 * A workload of the mesh on the way to STRICT.
 */
export type StrictWorkload = { name: string, takes: StrictTakes, 
/**
 * What decides it; null for the mesh's default.
 */
object: ObjectRef | null, path: string, ports: Array<StrictPort>, 
/**
 * The step of its namespace changes nothing here: a policy of its own decides.
 */
stays: boolean, state: StrictState, 
/**
 * What a step of its own leads to; `permissive` is for what takes no mutual TLS at all, be it a port alone.
 */
target: StrictMode | null, 
/**
 * The others that its step changes as well.
 */
also: Array<string>, 
/**
 * Since when its own proxies are read; null where they never were.
 */
since: number | null, 
/**
 * For so many seconds of reading them nobody called in plaintext.
 */
quietSeconds: number, callers: Array<PlainCaller>, 
/**
 * Share of plaintext among the connections that its proxies have counted since they began.
 */
clearEver: number, 
/**
 * The tray holds its step.
 */
pending: boolean, };

/**
 * A cursor in a text, which need not read.
 */
export type SuggestArgs = { session: string, yaml: string, 
/**
 * From 1.
 */
line: number, 
/**
 * From 0.
 */
column: number, };

export type Suggestion = { label: string, 
/**
 * Its type, or what it is.
 */
detail: string, 
/**
 * What is put into the text.
 */
insert: string, 
/**
 * It is the name of a field that has to be there.
 */
required: boolean, 
/**
 * The place of the field in the schema; empty for values.
 */
path: string, };

export type Suggestions = { 
/**
 * Column (from 0) that they replace from.
 */
from: number, options: Array<Suggestion>, };

/**
 * `no-xds`: there is no such thing, it takes its configuration otherwise.
 */
export type SyncState = "synced" | "stale" | "not-sent" | "error" | "no-xds" | "unknown";

/**
 * Policies that let in who was seen, and nobody else.
 */
export type Tailored = { 
/**
 * In dry-run.
 */
proposals: Array<Proposal>, letIn: Array<LetIn>, left: Array<Left>, 
/**
 * What they would do once enforced.
 */
says: Array<EffectLine>, 
/**
 * Policies in force besides that let more in.
 */
beside: Array<ObjectRef>, 
/**
 * Services that nobody was seen to call.
 */
silent: Array<string>, 
/**
 * For so many seconds of the window, or without one, the app has looked; null where another counted.
 */
watchedSeconds: number | null, 
/**
 * Requests that were read in access logs.
 */
lines: number, 
/**
 * Access logs that could not be read.
 */
unknown: Array<Unknown>, };

export type Template = { object: ObjectRef, yaml: string, };

export type TemplateArgs = { session: string, template: TemplateKind, namespace: string, 
/**
 * A service, a workload, or empty.
 */
name: string, 
/**
 * The caller's node id, for edges.
 */
from: string, 
/**
 * The callee's node id, for edges.
 */
to: string, };

export type TemplateKind = "virtual-service" | "destination-rule" | "peer-authentication" | "authorization-policy" | "allow-edge" | "deny-edge";

/**
 * The colours of the window.
 */
export type Theme = "system" | "dark" | "light";

/**
 * What a batch of the watch says has changed: ask again for what is on screen.
 */
export type Topic = "overview" | "graph" | "objects" | "findings" | "proxies" | "traffic" | "draft" | "journal" | "clusters" | "access" | "prometheus";

export type TypeSync = { name: string, state: SyncState, sentAt: number | null, nack: string, };

export type UndoArgs = { session: string, entry: number, token: string, };

/**
 * What the user decided of one dispute.
 */
export type UndoChoice = { object: ObjectRef, id: string, side: UndoSide, };

export type UndoReviewArgs = { session: string, entry: number, choices: Array<UndoChoice>, 
/**
 * Objects that stay as they are.
 */
leftOut: Array<ObjectRef>, };

/**
 * Whose something shall be that both changed: as it is live, or back to what it was before us.
 */
export type UndoSide = "live" | "back";

/**
 * Something that cannot be known, and why.
 */
export type Unknown = { about: string, 
/**
 * The same in Chinese.
 */
aboutZh: string, because: string, 
/**
 * The same in Chinese.
 */
zh: string, };

/**
 * How far the proxies have taken up a change.
 */
export type Uptake = { entry: number, total: number, acknowledged: number, rejected: number, 
/**
 * Of those that have it: where connections still use what was there before, and where it holds for every connection.
 */
draining: number, inForce: number, rows: Array<UptakeRow>, 
/**
 * Why nothing can be said, where that is so.
 */
unknown: Array<Unknown>, 
/**
 * Nothing more will change.
 */
settled: boolean, 
/**
 * Milliseconds from the write to the last acknowledgement.
 */
tookMillis: number | null, };

/**
 * Whether what was acknowledged holds for every connection.
 */
export type UptakeForce = "not-yet" | "drains" | "in-force" | "unknown";

export type UptakeRow = { namespace: string, pod: string, workload: string, state: UptakeState, 
/**
 * The rejection's own text.
 */
because: string, force: UptakeForce, 
/**
 * Listeners and chains of filters that still drain.
 */
drains: number, };

export type UptakeState = "waiting" | "sent" | "acknowledged" | "rejected" | "unknown";

/**
 * The answer of `netloft explain`.
 */
export type Verdict = { id: string, outcome: Outcome, status: number | null, destinations: Array<Destination>, 
/**
 * What does not arrive though the rest does.
 */
lost?: Array<Lost>, transport: Secured | null, rewrite: Rewrite, requestHeaders: HeaderChanges, location: string | null, timeout: string | null, retries: Retries | null, fault: InjectedFault, mirror: Array<Mirror>, trace: Array<Step>, unknown: Array<Unknown>, };

/**
 * A workload; its namespace alone, or with neither all of the mesh, where what is asked has sums.
 */
export type WorkloadArgs = { session: string, namespace: string, workload: string, };

export type WorkloadRow = { namespace: string, name: string, version: string, pods: number, ready: number, health: Health, because: string, 
/**
 * The same in Chinese.
 */
zh: string, requestsPerSecond: number, errorShare: number, serviceAccount: string, };

/**
 * An empty text stands for a field that is not there.
 */
export type YamlClash = { path: string, mine: string, theirs: string, };

/**
 * One change of a document.
 */
export type YamlEdit = { op: EditOp, 
/**
 * JSON pointer: `/spec/http/0/route/1/weight`. For `insert` the last part is the index, or `-` for the end.
 * `set` makes missing parents.
 */
path: string, 
/**
 * New value, for `set` and `insert`.
 */
value: unknown, 
/**
 * For `move`: the index that the item has afterwards.
 */
to: number | null, };

export type YamlEdits = { yaml: string, edits: Array<YamlEdit>, };

/**
 * Three texts of one object: as an edit began, as the user has it, as it is live now.
 */
export type YamlMerge = { base: string, mine: string, theirs: string, 
/**
 * Fields that both changed get the live value; else they keep the user's.
 */
takeTheirs: boolean, };

/**
 * The user's text with what others changed.
 */
export type YamlMerged = { yaml: string, 
/**
 * Fields that both changed.
 */
clashes: Array<YamlClash>, 
/**
 * What others changed: old value, new value.
 */
changed: Array<FieldChange>, };

export type YamlProblem = { 
/**
 * From 1.
 */
line: number, 
/**
 * From 1.
 */
column: number, message: string, 
/**
 * The same in Chinese.
 */
zh: string, error: boolean, };

/**
 * A text and its meaning.
 */
export type YamlReading = { yaml: string, 
/**
 * What it says; null where it does not parse.
 */
value: unknown, 
/**
 * Syntax, unknown fields, wrong types: with their lines.
 */
problems: Array<YamlProblem>, 
/**
 * Line (from 1) of each pointer, for those that the form shows.
 */
lines: { [key in string]: number }, };

export type YamlText = { yaml: string, };
