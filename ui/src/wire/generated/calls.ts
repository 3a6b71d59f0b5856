// Generated from src-tauri/crates/wire by `cargo test -p wire`. Do not edit.
import type {
  Applied,
  ApplyArgs,
  CallerRow,
  ClusterRef,
  Clusters,
  DocumentText,
  Draft,
  DraftPut,
  DryRun,
  Entry,
  EntryRef,
  EntryRow,
  ExplainArgs,
  ExportText,
  FindingList,
  FindingsArgs,
  FolderArgs,
  ForeignCode,
  ForeignOrderArgs,
  ForeignPlan,
  ForeignPlanArgs,
  ForeignRollouts,
  GitArgs,
  GitCommitArgs,
  GitCommitted,
  GitPlan,
  Graph,
  GraphArgs,
  Guide,
  HistoryArgs,
  HistoryExportArgs,
  Import,
  KindCard,
  Matrix,
  MatrixArgs,
  NameOption,
  NamesArgs,
  NamespaceArgs,
  NodeArgs,
  NodeDetail,
  Nothing,
  ObjectArgs,
  ObjectCheck,
  ObjectCheckArgs,
  ObjectRow,
  ObjectsArgs,
  Opened,
  Overview,
  Past,
  PathArg,
  PoliciesArgs,
  PressureArgs,
  Probe,
  Prometheus,
  PrometheusChoose,
  PrometheusChosen,
  Proposal,
  Proxies,
  ProxyAccess,
  ProxyAccessArgs,
  ProxyArgs,
  ProxyComparison,
  ProxyDetail,
  ProxyDifference,
  ProxyDifferenceArgs,
  ProxyFound,
  ProxyLine,
  ProxyLinesArgs,
  ProxyLogArgs,
  ProxyLogger,
  ProxySearchArgs,
  ProxyText,
  ProxyTextArgs,
  RecipeArgs,
  RecipeCard,
  ResourceCurve,
  Resources,
  Review,
  Rollout,
  RolloutArgs,
  RolloutChecked,
  RolloutCommandArgs,
  RolloutLease,
  RolloutLeaseArgs,
  RolloutRoute,
  RolloutRoutesArgs,
  RolloutSimulateArgs,
  RolloutSimulated,
  RolloutUndoArgs,
  RolloutUndoReviewArgs,
  RuleCard,
  SaveArgs,
  SaveFilesArgs,
  SavePlan,
  Saved,
  Schema,
  SchemaArgs,
  Series,
  SeriesArgs,
  ServerAdd,
  ServerAdded,
  ServerCost,
  ServicePressure,
  SessionRef,
  Settings,
  SidecarScope,
  StarterArgs,
  Strict,
  StrictStepArgs,
  SuggestArgs,
  Suggestions,
  Tailored,
  Template,
  TemplateArgs,
  UndoArgs,
  UndoReviewArgs,
  Uptake,
  Verdict,
  WorkloadArgs,
  YamlEdits,
  YamlMerge,
  YamlMerged,
  YamlReading,
  YamlText,
} from './types';

/** Sends one call to the core. */
export type Call = (name: string, args: unknown) => Promise<unknown>;

/** Every call of the core, typed. */
export const calls = (call: Call) => ({
  /** All contexts of the merged kubeconfig and added files, and the demo; without waiting for any of them. */
  clusters: (): Promise<Clusters> => call('clusters', {}) as Promise<Clusters>,

  /** Asks one cluster who it is. Slow or dead clusters block only their own card. */
  probe: (args: ClusterRef): Promise<Probe> => call('probe', args) as Promise<Probe>,

  /** Adds a kubeconfig file. */
  kubeconfigAdd: (args: PathArg): Promise<Clusters> => call('kubeconfig_add', args) as Promise<Clusters>,

  /** Forgets an added kubeconfig file. */
  kubeconfigRemove: (args: PathArg): Promise<Clusters> => call('kubeconfig_remove', args) as Promise<Clusters>,

  /** Adds a server by its address; its token goes to the keyring. */
  serverAdd: (args: ServerAdd): Promise<ServerAdded> => call('server_add', args) as Promise<ServerAdded>,

  /** Forgets an added server and its token. */
  serverRemove: (args: ClusterRef): Promise<Clusters> => call('server_remove', args) as Promise<Clusters>,

  /** Allows a kubeconfig's exec plugin to run: exactly this command, until it changes. */
  execAllow: (args: ClusterRef): Promise<Clusters> => call('exec_allow', args) as Promise<Clusters>,

  /** Opens a cluster and starts to follow it. */
  open: (args: ClusterRef): Promise<Opened> => call('open', args) as Promise<Opened>,

  /** Stops following a cluster. */
  close: (args: SessionRef): Promise<Nothing> => call('close', args) as Promise<Nothing>,

  /** The frame's facts: name, meshes, rights, counts, freshness, coverage. */
  overview: (args: SessionRef): Promise<Overview> => call('overview', args) as Promise<Overview>,

  /** The map: nodes, edges and their places. */
  graph: (args: GraphArgs): Promise<Graph> => call('graph', args) as Promise<Graph>,

  /** What is kept of the traffic of the last hours. */
  past: (args: SessionRef): Promise<Past> => call('past', args) as Promise<Past>,

  /** The panel of one node. */
  node: (args: NodeArgs): Promise<NodeDetail> => call('node', args) as Promise<NodeDetail>,

  /** Who may call a node, for callers seen and for those that policies name. */
  callers: (args: NodeArgs): Promise<Array<CallerRow>> => call('callers', args) as Promise<Array<CallerRow>>,

  /** A rate over time, of a node or an edge. */
  series: (args: SeriesArgs): Promise<Series> => call('series', args) as Promise<Series>,

  /** Objects of the kinds that can be authored. */
  objects: (args: ObjectsArgs): Promise<Array<ObjectRow>> => call('objects', args) as Promise<Array<ObjectRow>>,

  /** One object as YAML, read from the server now. */
  document: (args: ObjectArgs): Promise<DocumentText> => call('document', args) as Promise<DocumentText>,

  /** Reads YAML: its value, or where it breaks. */
  yamlRead: (args: YamlText): Promise<YamlReading> => call('yaml_read', args) as Promise<YamlReading>,

  /** Changes YAML and keeps everything else: comments, key order, unknown fields. */
  yamlEdit: (args: YamlEdits): Promise<YamlReading> => call('yaml_edit', args) as Promise<YamlReading>,

  /** Brings what others changed into an edit that is under way. */
  yamlMerge: (args: YamlMerge): Promise<YamlMerged> => call('yaml_merge', args) as Promise<YamlMerged>,

  /** A new object to start from. */
  template: (args: TemplateArgs): Promise<Template> => call('template', args) as Promise<Template>,

  /** Fields of a kind with type, default and allowed values, from the cluster's own schema. */
  schema: (args: SchemaArgs): Promise<Schema> => call('schema', args) as Promise<Schema>,

  /** The kinds that can be authored here. */
  kinds: (args: SessionRef): Promise<Array<KindCard>> => call('kinds', args) as Promise<Array<KindCard>>,

  /** A new object of any kind. */
  starter: (args: StarterArgs): Promise<Template> => call('starter', args) as Promise<Template>,

  /** A new object that says what another says. */
  copy: (args: ObjectArgs): Promise<Template> => call('copy', args) as Promise<Template>,

  /** What is wrong with the text of an object: by its schema, and by the rules. */
  objectCheck: (args: ObjectCheckArgs): Promise<ObjectCheck> => call('object_check', args) as Promise<ObjectCheck>,

  /** How an object is written step by step; none for kinds whose fields say enough. */
  guide: (args: ObjectCheckArgs): Promise<Guide | null> => call('guide', args) as Promise<Guide | null>,

  /** What could be written at a cursor. */
  suggest: (args: SuggestArgs): Promise<Suggestions> => call('suggest', args) as Promise<Suggestions>,

  /** What in the cluster a field can name. */
  names: (args: NamesArgs): Promise<Array<NameOption>> => call('names', args) as Promise<Array<NameOption>>,

  /** What the guides teach, to be written for the user's own services. */
  recipes: (): Promise<Array<RecipeCard>> => call('recipes', {}) as Promise<Array<RecipeCard>>,

  /** What a recipe would put into the tray. */
  recipe: (args: RecipeArgs): Promise<Array<Proposal>> => call('recipe', args) as Promise<Array<Proposal>>,

  /** What the documents of a file would put into the tray. */
  import: (args: ObjectCheckArgs): Promise<Import> => call('import', args) as Promise<Import>,

  /** What the manifests of a folder would put into the tray. */
  importFolder: (args: FolderArgs): Promise<Import> => call('import_folder', args) as Promise<Import>,

  /** What an export into a local Git checkout would commit. */
  gitPlan: (args: GitArgs): Promise<GitPlan> => call('git_plan', args) as Promise<GitPlan>,

  /** Commits what was planned, and nothing else. */
  gitCommit: (args: GitCommitArgs): Promise<GitCommitted> => call('git_commit', args) as Promise<GitCommitted>,

  /** What saving into a file or a folder would write. */
  savePlan: (args: SaveArgs): Promise<SavePlan> => call('save_plan', args) as Promise<SavePlan>,

  /** Writes what was planned, and nothing else. */
  saveFiles: (args: SaveFilesArgs): Promise<Saved> => call('save_files', args) as Promise<Saved>,

  /** Who may call whom. */
  matrix: (args: MatrixArgs): Promise<Matrix> => call('matrix', args) as Promise<Matrix>,

  /** Policies that let in who was seen, and nobody else. */
  policiesSeen: (args: PoliciesArgs): Promise<Tailored> => call('policies_seen', args) as Promise<Tailored>,

  /** Policies in dry-run, and what enforcing them would do. */
  dryRuns: (args: SessionRef): Promise<Array<DryRun>> => call('dry_runs', args) as Promise<Array<DryRun>>,

  /** How far the mesh is on its way to STRICT. */
  strict: (args: SessionRef): Promise<Strict> => call('strict', args) as Promise<Strict>,

  /** The next step of a namespace on that way. */
  strictStep: (args: StrictStepArgs): Promise<Proposal> => call('strict_step', args) as Promise<Proposal>,

  /** The tray. */
  draft: (args: SessionRef): Promise<Draft> => call('draft', args) as Promise<Draft>,

  /** Puts an edited or new object into the tray. */
  draftPut: (args: DraftPut): Promise<Draft> => call('draft_put', args) as Promise<Draft>,

  /** Marks an object for deletion. */
  draftDelete: (args: ObjectArgs): Promise<Draft> => call('draft_delete', args) as Promise<Draft>,

  /** Takes one object out of the tray. */
  draftRemove: (args: ObjectArgs): Promise<Draft> => call('draft_remove', args) as Promise<Draft>,

  /** Empties the tray. */
  draftClear: (args: SessionRef): Promise<Draft> => call('draft_clear', args) as Promise<Draft>,

  /** Takes the tray's last step back. */
  draftUndo: (args: SessionRef): Promise<Draft> => call('draft_undo', args) as Promise<Draft>,

  /** Diff, dry-run, owners, findings and effect of everything in the tray. */
  review: (args: SessionRef): Promise<Review> => call('review', args) as Promise<Review>,

  /** Applies what was reviewed. */
  apply: (args: ApplyArgs): Promise<Applied> => call('apply', args) as Promise<Applied>,

  /** How far the proxies have taken up an entry of the journal. */
  uptake: (args: EntryRef): Promise<Uptake> => call('uptake', args) as Promise<Uptake>,

  /** The journal, newest first. */
  history: (args: HistoryArgs): Promise<Array<EntryRow>> => call('history', args) as Promise<Array<EntryRow>>,

  /** Entries as a text for others. */
  historyExport: (args: HistoryExportArgs): Promise<ExportText> => call('history_export', args) as Promise<ExportText>,

  /** One entry with its objects before and after. */
  entry: (args: EntryRef): Promise<Entry> => call('entry', args) as Promise<Entry>,

  /** Puts what of an entry was not written into the tray. */
  finish: (args: EntryRef): Promise<Draft> => call('finish', args) as Promise<Draft>,

  /** What undoing an entry would do now. */
  undoReview: (args: UndoReviewArgs): Promise<Review> => call('undo_review', args) as Promise<Review>,

  /** Undoes an entry as reviewed. */
  undo: (args: UndoArgs): Promise<Applied> => call('undo', args) as Promise<Applied>,

  /** Rollouts of the cluster, newest first. */
  rollouts: (args: SessionRef): Promise<Array<Rollout>> => call('rollouts', args) as Promise<Array<Rollout>>,

  /** What stands in the way of a plan. */
  rolloutCheck: (args: RolloutArgs): Promise<RolloutChecked> => call('rollout_check', args) as Promise<RolloutChecked>,

  /** The routes that a rollout may drive for a service. */
  rolloutRoutes: (args: RolloutRoutesArgs): Promise<Array<RolloutRoute>> => call('rollout_routes', args) as Promise<Array<RolloutRoute>>,

  /** Rollouts that programs elsewhere drive, by the annotations on their routes. */
  rolloutLeases: (args: SessionRef): Promise<Array<RolloutLease>> => call('rollout_leases', args) as Promise<Array<RolloutLease>>,

  /** The route of one whose program is gone, with everything back at the stable version. */
  rolloutWayBack: (args: RolloutLeaseArgs): Promise<Proposal> => call('rollout_way_back', args) as Promise<Proposal>,

  /** Plays a plan on recorded traffic; nothing is written. */
  rolloutSimulate: (args: RolloutSimulateArgs): Promise<RolloutSimulated> => call('rollout_simulate', args) as Promise<RolloutSimulated>,

  /** Begins a rollout, and drives it. */
  rolloutBegin: (args: RolloutArgs): Promise<Array<Rollout>> => call('rollout_begin', args) as Promise<Array<Rollout>>,

  /** Steers a rollout, whoever drives it. */
  rolloutCommand: (args: RolloutCommandArgs): Promise<Array<Rollout>> => call('rollout_command', args) as Promise<Array<Rollout>>,

  /** What undoing a rollout that is over would do now. */
  rolloutUndoReview: (args: RolloutUndoReviewArgs): Promise<Review> => call('rollout_undo_review', args) as Promise<Review>,

  /** Undoes a rollout as reviewed. */
  rolloutUndo: (args: RolloutUndoArgs): Promise<Applied> => call('rollout_undo', args) as Promise<Applied>,

  /** Rollouts that other controllers drive. */
  foreignRollouts: (args: SessionRef): Promise<ForeignRollouts> => call('foreign_rollouts', args) as Promise<ForeignRollouts>,

  /** What an order to one of them would write; `apply` gives it. */
  foreignReview: (args: ForeignOrderArgs): Promise<Review> => call('foreign_review', args) as Promise<Review>,

  /** A plan as the object of one of their controllers. */
  foreignPlan: (args: ForeignPlanArgs): Promise<ForeignPlan> => call('foreign_plan', args) as Promise<ForeignPlan>,

  /** Everything wrong or risky, in the cluster or with the draft applied. */
  findings: (args: FindingsArgs): Promise<FindingList> => call('findings', args) as Promise<FindingList>,

  /** Every rule. */
  rules: (): Promise<Array<RuleCard>> => call('rules', {}) as Promise<Array<RuleCard>>,

  /** Codes of other tools that no rule stands for, with the reason. */
  foreignCodes: (): Promise<Array<ForeignCode>> => call('foreign_codes', {}) as Promise<Array<ForeignCode>>,

  /** What the mesh does with a request, and why. */
  explain: (args: ExplainArgs): Promise<Verdict> => call('explain', args) as Promise<Verdict>,

  /** Every proxy with its synchronisation and resource use. */
  proxies: (args: SessionRef): Promise<Proxies> => call('proxies', args) as Promise<Proxies>,

  /** What this session asks of its API server, and what that costs it. */
  cost: (args: SessionRef): Promise<ServerCost> => call('cost', args) as Promise<ServerCost>,

  /** What one proxy works with, at a glance. */
  proxy: (args: ProxyArgs): Promise<ProxyDetail> => call('proxy', args) as Promise<ProxyDetail>,

  /** A list of it, a line each. */
  proxyLines: (args: ProxyLinesArgs): Promise<Array<ProxyLine>> => call('proxy_lines', args) as Promise<Array<ProxyLine>>,

  /** The whole text of one part, without what is secret. */
  proxyText: (args: ProxyTextArgs): Promise<ProxyText> => call('proxy_text', args) as Promise<ProxyText>,

  /** Where a text stands in it. */
  proxySearch: (args: ProxySearchArgs): Promise<ProxyFound> => call('proxy_search', args) as Promise<ProxyFound>,

  /** How near the callers of a service are to its limits. */
  pressure: (args: PressureArgs): Promise<ServicePressure> => call('pressure', args) as Promise<ServicePressure>,

  /** What its control plane would send it against what it has, part by part. */
  proxyCompare: (args: ProxyArgs): Promise<ProxyComparison> => call('proxy_compare', args) as Promise<ProxyComparison>,

  /** How one part of that differs; before is what the proxy has. */
  proxyDifference: (args: ProxyDifferenceArgs): Promise<ProxyDifference> => call('proxy_difference', args) as Promise<ProxyDifference>,

  /** All of it for somebody else, without what is secret. */
  proxyBundle: (args: ProxyArgs): Promise<ProxyText> => call('proxy_bundle', args) as Promise<ProxyText>,

  /** Its loggers with their levels. */
  proxyLoggers: (args: ProxyArgs): Promise<Array<ProxyLogger>> => call('proxy_loggers', args) as Promise<Array<ProxyLogger>>,

  /** Sets one logger's level, until the page is left. */
  proxyLog: (args: ProxyLogArgs): Promise<Array<ProxyLogger>> => call('proxy_log', args) as Promise<Array<ProxyLogger>>,

  /** Puts back the levels that were changed. */
  proxyLogRestore: (args: ProxyArgs): Promise<Nothing> => call('proxy_log_restore', args) as Promise<Nothing>,

  /** What it writes of the requests that pass it; followed while somebody asks. */
  proxyAccess: (args: ProxyAccessArgs): Promise<ProxyAccess> => call('proxy_access', args) as Promise<ProxyAccess>,

  /** Follows that no more. */
  proxyAccessStop: (args: ProxyArgs): Promise<Nothing> => call('proxy_access_stop', args) as Promise<Nothing>,

  /** Puts what switches that on into the tray. */
  proxyAccessPut: (args: ProxyArgs): Promise<Draft> => call('proxy_access_put', args) as Promise<Draft>,

  /** What the mesh costs, by workload, and what would fit. */
  resources: (args: SessionRef): Promise<Resources> => call('resources', args) as Promise<Resources>,

  /** What the proxies of a workload used over time; those of a namespace together where no workload is named, and of a mesh, in the workload's place, where no namespace is. */
  resourceHistory: (args: WorkloadArgs): Promise<ResourceCurve> => call('resource_history', args) as Promise<ResourceCurve>,

  /** Puts what is advised for a workload into the tray. */
  resourceAdvise: (args: WorkloadArgs): Promise<Draft> => call('resource_advise', args) as Promise<Draft>,

  /** What the sidecars of a namespace hold, and what they were seen to need. */
  sidecarScope: (args: NamespaceArgs): Promise<SidecarScope> => call('sidecar_scope', args) as Promise<SidecarScope>,

  /** Puts a Sidecar that names just that into the tray. */
  sidecarScopePut: (args: NamespaceArgs): Promise<Draft> => call('sidecar_scope_put', args) as Promise<Draft>,

  /** Which Prometheus is asked of the cluster, and how it stands. */
  prometheus: (args: SessionRef): Promise<Prometheus> => call('prometheus', args) as Promise<Prometheus>,

  /** Chooses it. */
  prometheusChoose: (args: PrometheusChoose): Promise<PrometheusChosen> => call('prometheus_choose', args) as Promise<PrometheusChosen>,

  /** The user's settings. */
  settings: (): Promise<Settings> => call('settings', {}) as Promise<Settings>,

  /** Saves the user's settings. */
  settingsPut: (args: Settings): Promise<Settings> => call('settings_put', args) as Promise<Settings>,
});

/** The typed calls. */
export type Calls = ReturnType<typeof calls>;
