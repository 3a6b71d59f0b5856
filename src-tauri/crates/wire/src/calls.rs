//! The list of calls. One line makes the trait method, the dispatch and the TypeScript wrapper.

use std::future::Future;

use serde_json::Value;

#[allow(clippy::wildcard_imports, reason = "the list of calls names every type of the bridge")]
use crate::types::*;
use crate::{Code, Fault};

macro_rules! calls {
    ($($(#[doc = $doc:literal])* $name:ident($args:ty) -> $answer:ty;)*) => {
        /// Everything that the UI can ask. Implemented once, over the sessions; fakes may implement it for tests.
        pub trait Calls: Sync {
            $($(#[doc = $doc])* fn $name(&self, args: $args) -> impl Future<Output = Result<$answer, Fault>> + Send;)*
        }

        /// Runs the call of this name. The answer is JSON, written once: a big map would cost as much again as a tree of values.
        ///
        /// # Errors
        /// `bad-call` for an unknown name or arguments of another shape, else what the call says.
        pub async fn dispatch<C: Calls>(calls: &C, name: &str, args: Value) -> Result<String, Fault> {
            match name {
                $(stringify!($name) => {
                    let args: $args = serde_json::from_value(args)
                        .map_err(|error| Fault::new(Code::BadCall, format!("{name}: {error}")))?;
                    // Boxed: the futures of all arms would otherwise be laid out in one.
                    let answer: $answer = Box::pin(calls.$name(args)).await?;
                    serde_json::to_string(&answer).map_err(|error| Fault::new(Code::Internal, format!("{name}: {error}")))
                })*
                _ => Err(Fault::new(Code::BadCall, format!("there is no call '{name}'"))),
            }
        }

        #[cfg(test)]
        /// Visits every type that crosses the bridge.
        pub(crate) fn visit(visitor: &mut impl ts_rs::TypeVisitor) {
            $(visitor.visit::<$args>(); visitor.visit::<$answer>();)*
            visitor.visit::<Pulse>();
            visitor.visit::<Fault>();
        }

        #[cfg(test)]
        /// (doc, name, arguments, answer) of each call, for the TypeScript client.
        pub(crate) fn table() -> Vec<(String, &'static str, String, String)> {
            let config = ts_rs::Config::default();
            vec![$((
                [$($doc),*].concat().trim().to_owned(),
                stringify!($name),
                <$args as ts_rs::TS>::name(&config),
                <$answer as ts_rs::TS>::name(&config),
            )),*]
        }
    };
}

calls! {
    /// All contexts of the merged kubeconfig and added files, and the demo; without waiting for any of them.
    clusters(Nothing) -> Clusters;
    /// Asks one cluster who it is. Slow or dead clusters block only their own card.
    probe(ClusterRef) -> Probe;
    /// Adds a kubeconfig file.
    kubeconfig_add(PathArg) -> Clusters;
    /// Forgets an added kubeconfig file.
    kubeconfig_remove(PathArg) -> Clusters;
    /// Adds a server by its address; its token goes to the keyring.
    server_add(ServerAdd) -> ServerAdded;
    /// Forgets an added server and its token.
    server_remove(ClusterRef) -> Clusters;
    /// Allows a kubeconfig's exec plugin to run: exactly this command, until it changes.
    exec_allow(ClusterRef) -> Clusters;
    /// Opens a cluster and starts to follow it.
    open(ClusterRef) -> Opened;
    /// Stops following a cluster.
    close(SessionRef) -> Nothing;
    /// The frame's facts: name, meshes, rights, counts, freshness, coverage.
    overview(SessionRef) -> Overview;
    /// The map: nodes, edges and their places.
    graph(GraphArgs) -> Graph;
    /// What is kept of the traffic of the last hours.
    past(SessionRef) -> Past;
    /// The panel of one node.
    node(NodeArgs) -> NodeDetail;
    /// Who may call a node, for callers seen and for those that policies name.
    callers(NodeArgs) -> Vec<CallerRow>;
    /// A rate over time, of a node or an edge.
    series(SeriesArgs) -> Series;
    /// Objects of the kinds that can be authored.
    objects(ObjectsArgs) -> Vec<ObjectRow>;
    /// One object as YAML, read from the server now.
    document(ObjectArgs) -> DocumentText;
    /// Reads YAML: its value, or where it breaks.
    yaml_read(YamlText) -> YamlReading;
    /// Changes YAML and keeps everything else: comments, key order, unknown fields.
    yaml_edit(YamlEdits) -> YamlReading;
    /// Brings what others changed into an edit that is under way.
    yaml_merge(YamlMerge) -> YamlMerged;
    /// A new object to start from.
    template(TemplateArgs) -> Template;
    /// Fields of a kind with type, default and allowed values, from the cluster's own schema.
    schema(SchemaArgs) -> Schema;
    /// The kinds that can be authored here.
    kinds(SessionRef) -> Vec<KindCard>;
    /// A new object of any kind.
    starter(StarterArgs) -> Template;
    /// A new object that says what another says.
    copy(ObjectArgs) -> Template;
    /// What is wrong with the text of an object: by its schema, and by the rules.
    object_check(ObjectCheckArgs) -> ObjectCheck;
    /// How an object is written step by step; none for kinds whose fields say enough.
    guide(ObjectCheckArgs) -> Option<Guide>;
    /// What could be written at a cursor.
    suggest(SuggestArgs) -> Suggestions;
    /// What in the cluster a field can name.
    names(NamesArgs) -> Vec<NameOption>;
    /// What the guides teach, to be written for the user's own services.
    recipes(Nothing) -> Vec<RecipeCard>;
    /// What a recipe would put into the tray.
    recipe(RecipeArgs) -> Vec<Proposal>;
    /// What the documents of a file would put into the tray.
    import(ObjectCheckArgs) -> Import;
    /// What the manifests of a folder would put into the tray.
    import_folder(FolderArgs) -> Import;
    /// What an export into a local Git checkout would commit.
    git_plan(GitArgs) -> GitPlan;
    /// Commits what was planned, and nothing else.
    git_commit(GitCommitArgs) -> GitCommitted;
    /// What saving into a file or a folder would write.
    save_plan(SaveArgs) -> SavePlan;
    /// Writes what was planned, and nothing else.
    save_files(SaveFilesArgs) -> Saved;
    /// Who may call whom.
    matrix(MatrixArgs) -> Matrix;
    /// Policies that let in who was seen, and nobody else.
    policies_seen(PoliciesArgs) -> Tailored;
    /// Policies in dry-run, and what enforcing them would do.
    dry_runs(SessionRef) -> Vec<DryRun>;
    /// How far the mesh is on its way to STRICT.
    strict(SessionRef) -> Strict;
    /// The next step of a namespace on that way.
    strict_step(StrictStepArgs) -> Proposal;
    /// The tray.
    draft(SessionRef) -> Draft;
    /// Puts an edited or new object into the tray.
    draft_put(DraftPut) -> Draft;
    /// Marks an object for deletion.
    draft_delete(ObjectArgs) -> Draft;
    /// Takes one object out of the tray.
    draft_remove(ObjectArgs) -> Draft;
    /// Empties the tray.
    draft_clear(SessionRef) -> Draft;
    /// Takes the tray's last step back.
    draft_undo(SessionRef) -> Draft;
    /// Diff, dry-run, owners, findings and effect of everything in the tray.
    review(SessionRef) -> Review;
    /// Applies what was reviewed.
    apply(ApplyArgs) -> Applied;
    /// How far the proxies have taken up an entry of the journal.
    uptake(EntryRef) -> Uptake;
    /// The journal, newest first.
    history(HistoryArgs) -> Vec<EntryRow>;
    /// Entries as a text for others.
    history_export(HistoryExportArgs) -> ExportText;
    /// One entry with its objects before and after.
    entry(EntryRef) -> Entry;
    /// Puts what of an entry was not written into the tray.
    finish(EntryRef) -> Draft;
    /// What undoing an entry would do now.
    undo_review(UndoReviewArgs) -> Review;
    /// Undoes an entry as reviewed.
    undo(UndoArgs) -> Applied;
    /// Rollouts of the cluster, newest first.
    rollouts(SessionRef) -> Vec<Rollout>;
    /// What stands in the way of a plan.
    rollout_check(RolloutArgs) -> RolloutChecked;
    /// The routes that a rollout may drive for a service.
    rollout_routes(RolloutRoutesArgs) -> Vec<RolloutRoute>;
    /// Rollouts that programs elsewhere drive, by the annotations on their routes.
    rollout_leases(SessionRef) -> Vec<RolloutLease>;
    /// The route of one whose program is gone, with everything back at the stable version.
    rollout_way_back(RolloutLeaseArgs) -> Proposal;
    /// Plays a plan on recorded traffic; nothing is written.
    rollout_simulate(RolloutSimulateArgs) -> RolloutSimulated;
    /// Begins a rollout, and drives it.
    rollout_begin(RolloutArgs) -> Vec<Rollout>;
    /// Steers a rollout, whoever drives it.
    rollout_command(RolloutCommandArgs) -> Vec<Rollout>;
    /// What undoing a rollout that is over would do now.
    rollout_undo_review(RolloutUndoReviewArgs) -> Review;
    /// Undoes a rollout as reviewed.
    rollout_undo(RolloutUndoArgs) -> Applied;
    /// Rollouts that other controllers drive.
    foreign_rollouts(SessionRef) -> ForeignRollouts;
    /// What an order to one of them would write; `apply` gives it.
    foreign_review(ForeignOrderArgs) -> Review;
    /// A plan as the object of one of their controllers.
    foreign_plan(ForeignPlanArgs) -> ForeignPlan;
    /// Everything wrong or risky, in the cluster or with the draft applied.
    findings(FindingsArgs) -> FindingList;
    /// Every rule.
    rules(Nothing) -> Vec<RuleCard>;
    /// Codes of other tools that no rule stands for, with the reason.
    foreign_codes(Nothing) -> Vec<ForeignCode>;
    /// What the mesh does with a request, and why.
    explain(ExplainArgs) -> Verdict;
    /// Every proxy with its synchronisation and resource use.
    proxies(SessionRef) -> Proxies;
    /// What this session asks of its API server, and what that costs it.
    cost(SessionRef) -> ServerCost;
    /// What one proxy works with, at a glance.
    proxy(ProxyArgs) -> ProxyDetail;
    /// A list of it, a line each.
    proxy_lines(ProxyLinesArgs) -> Vec<ProxyLine>;
    /// The whole text of one part, without what is secret.
    proxy_text(ProxyTextArgs) -> ProxyText;
    /// Where a text stands in it.
    proxy_search(ProxySearchArgs) -> ProxyFound;
    /// How near the callers of a service are to its limits.
    pressure(PressureArgs) -> ServicePressure;
    /// What its control plane would send it against what it has, part by part.
    proxy_compare(ProxyArgs) -> ProxyComparison;
    /// How one part of that differs; before is what the proxy has.
    proxy_difference(ProxyDifferenceArgs) -> ProxyDifference;
    /// All of it for somebody else, without what is secret.
    proxy_bundle(ProxyArgs) -> ProxyText;
    /// Its loggers with their levels.
    proxy_loggers(ProxyArgs) -> Vec<ProxyLogger>;
    /// Sets one logger's level, until the page is left.
    proxy_log(ProxyLogArgs) -> Vec<ProxyLogger>;
    /// Puts back the levels that were changed.
    proxy_log_restore(ProxyArgs) -> Nothing;
    /// What it writes of the requests that pass it; followed while somebody asks.
    proxy_access(ProxyAccessArgs) -> ProxyAccess;
    /// Follows that no more.
    proxy_access_stop(ProxyArgs) -> Nothing;
    /// Puts what switches that on into the tray.
    proxy_access_put(ProxyArgs) -> Draft;
    /// What the mesh costs, by workload, and what would fit.
    resources(SessionRef) -> Resources;
    /// What the proxies of a workload used over time; those of a namespace together where no workload is named, and of a mesh, in the
    /// workload's place, where no namespace is.
    resource_history(WorkloadArgs) -> ResourceCurve;
    /// Puts what is advised for a workload into the tray.
    resource_advise(WorkloadArgs) -> Draft;
    /// What the sidecars of a namespace hold, and what they were seen to need.
    sidecar_scope(NamespaceArgs) -> SidecarScope;
    /// Puts a Sidecar that names just that into the tray.
    sidecar_scope_put(NamespaceArgs) -> Draft;
    /// Which Prometheus is asked of the cluster, and how it stands.
    prometheus(SessionRef) -> Prometheus;
    /// Chooses it.
    prometheus_choose(PrometheusChoose) -> PrometheusChosen;
    /// The user's settings.
    settings(Nothing) -> Settings;
    /// Saves the user's settings.
    settings_put(Settings) -> Settings;
}
