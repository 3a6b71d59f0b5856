//! The one implementation of the calls, over the sessions of a workbench.

mod journal;
mod parts;

use std::path::Path;

use session::servers::Server;
use session::template::{TemplateKind as SessionTemplate, Wanted};
use session::{Profile, Workbench};
use world::ObjectKey;
use world::yaml::{self, Edit};

use crate::convert::{self, all};
#[allow(clippy::wildcard_imports, reason = "the host names every type of the bridge")]
use crate::types::*;
use crate::watch::{self, Watch};
use crate::{Calls, Fault};

/// Answers the calls of a UI. One for a process; windows share it and hold sessions of their own.
pub struct Host {
    bench: Workbench,
}

impl Host {
    /// Opens a profile. On a runtime: sessions spawn their watches on it.
    ///
    /// # Errors
    /// Where settings or journal cannot be read.
    pub fn start(profile: Profile) -> Result<Self, Fault> {
        Ok(Self { bench: Workbench::open(profile)? })
    }

    /// Everything that is open, for callers without a bridge.
    pub fn workbench(&self) -> &Workbench {
        &self.bench
    }

    /// Sends a pulse whenever something of a session changed, at most ten a second, until it is closed, the watch is
    /// dropped, or `sink` says false. Without a session: whenever the list of clusters or the journal changed.
    ///
    /// # Errors
    /// Where the session is not open.
    pub fn watch(&self, session: &str, sink: impl FnMut(Pulse) -> bool + Send + 'static) -> Result<Watch, Fault> {
        if session.is_empty() {
            return Ok(watch::bench(&self.bench, sink));
        }
        Ok(watch::session(&self.session(session)?, &self.bench, sink))
    }
}

impl Calls for Host {
    async fn clusters(&self, _: Nothing) -> Result<Clusters, Fault> {
        Ok(self.listed())
    }

    async fn probe(&self, args: ClusterRef) -> Result<Probe, Fault> {
        Ok(convert::probe(self.bench.probe(&args.cluster).await))
    }

    async fn kubeconfig_add(&self, args: PathArg) -> Result<Clusters, Fault> {
        self.bench.add_kubeconfig(Path::new(&args.path))?;
        Ok(self.listed())
    }

    async fn kubeconfig_remove(&self, args: PathArg) -> Result<Clusters, Fault> {
        self.bench.remove_kubeconfig(Path::new(&args.path))?;
        Ok(self.listed())
    }

    async fn server_add(&self, args: ServerAdd) -> Result<ServerAdded, Fault> {
        let server = Server { name: args.name, server: args.server, authority: args.authority };
        let fleeting = convert::fleeting(self.bench.add_server(server, args.token).await?);
        Ok(ServerAdded { clusters: self.listed(), fleeting })
    }

    async fn server_remove(&self, args: ClusterRef) -> Result<Clusters, Fault> {
        self.bench.remove_server(&args.cluster).await?;
        Ok(self.listed())
    }

    async fn exec_allow(&self, args: ClusterRef) -> Result<Clusters, Fault> {
        self.bench.allow_exec(&args.cluster).await?;
        Ok(self.listed())
    }

    async fn open(&self, args: ClusterRef) -> Result<Opened, Fault> {
        let session = self.bench.open_session(&args.cluster).await?;
        if self.bench.may_write().is_ok() {
            session.rollouts_keep_watch();
        }
        session.strict_keep_watch();
        Ok(Opened { session: session.id().to_owned(), cluster: args.cluster })
    }

    async fn close(&self, args: SessionRef) -> Result<Nothing, Fault> {
        self.bench.close(&args.session);
        Ok(Nothing {})
    }

    async fn overview(&self, args: SessionRef) -> Result<Overview, Fault> {
        let session = self.session(&args.session)?;
        Ok(convert::overview(self.card(&session), session.overview().await?))
    }

    async fn graph(&self, args: GraphArgs) -> Result<Graph, Fault> {
        let session = self.session(&args.session)?;
        let level = convert::level(args.level);
        if let Some(at) = args.at {
            let at = (at / 1000.0).max(0.0) as u64;
            let graph = session.graph_at(level, &args.namespaces, args.window_seconds, at).await?;
            return Ok(convert::graph(&graph, args.window_seconds));
        }
        let graph = session.graph(level, &args.namespaces, args.window_seconds).await?;
        Ok(convert::graph(&graph, args.window_seconds))
    }

    async fn past(&self, args: SessionRef) -> Result<Past, Fault> {
        Ok(convert::past(self.session(&args.session)?.past().await?))
    }

    async fn node(&self, args: NodeArgs) -> Result<NodeDetail, Fault> {
        let session = self.session(&args.session)?;
        Ok(convert::node_detail(session.node(&args.node, args.window_seconds).await?))
    }

    async fn callers(&self, args: NodeArgs) -> Result<Vec<CallerRow>, Fault> {
        let session = self.session(&args.session)?;
        Ok(all(session.callers(&args.node, args.window_seconds).await?))
    }

    async fn series(&self, args: SeriesArgs) -> Result<Series, Fault> {
        Ok(self.session(&args.session)?.series(&args.of, args.window_seconds).await?.into())
    }

    async fn objects(&self, args: ObjectsArgs) -> Result<Vec<ObjectRow>, Fault> {
        Ok(all(self.session(&args.session)?.objects(&args.kinds, &args.namespace).await?))
    }

    async fn document(&self, args: ObjectArgs) -> Result<DocumentText, Fault> {
        let whole = self.session(&args.session)?.document(&ObjectKey::from(args.object)).await?;
        let manager = |m: session::change::owners::FieldManager| FieldManager {
            name: m.name,
            operation: m.operation,
            fields: m.fields,
        };
        Ok(DocumentText {
            object: ObjectRef::from(&whole.key),
            yaml: whole.yaml,
            resource_version: whole.resource_version,
            uid: whole.uid,
            managers: whole.managers.into_iter().map(manager).collect(),
            owner: whole.owner,
        })
    }

    async fn yaml_read(&self, args: YamlText) -> Result<YamlReading, Fault> {
        Ok(convert::reading(args.yaml))
    }

    async fn yaml_edit(&self, args: YamlEdits) -> Result<YamlReading, Fault> {
        let edits: Vec<Edit> = args.edits.into_iter().map(convert::edit).collect();
        let text =
            yaml::edit(&args.yaml, &edits).map_err(|error| Fault::new(crate::Code::BadInput, error.to_string()))?;
        Ok(convert::reading(text))
    }

    async fn yaml_merge(&self, args: YamlMerge) -> Result<YamlMerged, Fault> {
        convert::merged(&args)
    }

    async fn template(&self, args: TemplateArgs) -> Result<Template, Fault> {
        let session = self.session(&args.session)?;
        let template = match args.template {
            TemplateKind::VirtualService => SessionTemplate::VirtualService,
            TemplateKind::DestinationRule => SessionTemplate::DestinationRule,
            TemplateKind::PeerAuthentication => SessionTemplate::PeerAuthentication,
            TemplateKind::AuthorizationPolicy => SessionTemplate::AuthorizationPolicy,
            TemplateKind::AllowEdge => SessionTemplate::AllowEdge,
            TemplateKind::DenyEdge => SessionTemplate::DenyEdge,
        };
        let wanted = Wanted { template, namespace: args.namespace, name: args.name, from: args.from, to: args.to };
        Ok(convert::template(session.template(&wanted).await?))
    }

    async fn schema(&self, args: SchemaArgs) -> Result<Schema, Fault> {
        let fields = self.session(&args.session)?.schema(&args.group, &args.kind).await?;
        Ok(convert::schema(fields))
    }

    async fn kinds(&self, args: SessionRef) -> Result<Vec<KindCard>, Fault> {
        Ok(self.session(&args.session)?.kinds().await?.into_iter().map(convert::kind).collect())
    }

    async fn starter(&self, args: StarterArgs) -> Result<Template, Fault> {
        let session = self.session(&args.session)?;
        Ok(convert::template(session.starter(&args.group, &args.kind, &args.namespace).await?))
    }

    async fn copy(&self, args: ObjectArgs) -> Result<Template, Fault> {
        Ok(convert::template(self.session(&args.session)?.copy_of(&ObjectKey::from(args.object)).await?))
    }

    async fn object_check(&self, args: ObjectCheckArgs) -> Result<ObjectCheck, Fault> {
        let session = self.session(&args.session)?;
        let checked = session.check_object(&args.yaml).await?;
        Ok(convert::checked(session.engine(), &session.world(), checked))
    }

    async fn guide(&self, args: ObjectCheckArgs) -> Result<Option<Guide>, Fault> {
        Ok(self.session(&args.session)?.guide(&args.yaml).map(Guide::from))
    }

    async fn suggest(&self, args: SuggestArgs) -> Result<Suggestions, Fault> {
        let session = self.session(&args.session)?;
        Ok(session.suggest(&args.yaml, args.line as usize, args.column as usize).await?.into())
    }

    async fn names(&self, args: NamesArgs) -> Result<Vec<NameOption>, Fault> {
        Ok(all(self.session(&args.session)?.names(&args.yaml, &args.pointer).await?))
    }

    async fn recipes(&self, _: Nothing) -> Result<Vec<RecipeCard>, Fault> {
        Ok(session::recipes::ALL.into_iter().map(convert::recipe).collect())
    }

    async fn recipe(&self, args: RecipeArgs) -> Result<Vec<Proposal>, Fault> {
        Ok(all(self.session(&args.session)?.recipe(&args.recipe, &args.values).await?))
    }

    async fn import(&self, args: ObjectCheckArgs) -> Result<Import, Fault> {
        Ok(self.session(&args.session)?.import(&args.yaml).await?.into())
    }

    async fn import_folder(&self, args: FolderArgs) -> Result<Import, Fault> {
        Ok(self.session(&args.session)?.import_folder(&args.path).await?.into())
    }

    async fn git_plan(&self, args: GitArgs) -> Result<GitPlan, Fault> {
        Ok(self.session(&args.session)?.git_plan(&args.folder, &all(args.objects)).await?.into())
    }

    async fn git_commit(&self, args: GitCommitArgs) -> Result<GitCommitted, Fault> {
        let objects: Vec<ObjectKey> = all(args.objects);
        let session = self.session(&args.session)?;
        Ok(session.git_commit(&args.folder, &objects, &args.message, &args.token).await?.into())
    }

    async fn save_plan(&self, args: SaveArgs) -> Result<SavePlan, Fault> {
        Ok(self.session(&args.session)?.save_plan(&args.path, &all(args.objects)).await?.into())
    }

    async fn save_files(&self, args: SaveFilesArgs) -> Result<Saved, Fault> {
        Ok(Saved { files: self.session(&args.session)?.save_files(&args.path, &all(args.objects), &args.token).await? })
    }

    async fn matrix(&self, args: MatrixArgs) -> Result<Matrix, Fault> {
        Ok(self.session(&args.session)?.matrix(&args.namespaces, args.with_draft).await?.into())
    }

    async fn policies_seen(&self, args: PoliciesArgs) -> Result<Tailored, Fault> {
        let session = self.session(&args.session)?;
        Ok(session.policies_seen(&convert::scope(args)).await?.into())
    }

    async fn dry_runs(&self, args: SessionRef) -> Result<Vec<DryRun>, Fault> {
        Ok(all(self.session(&args.session)?.dry_runs().await?))
    }

    async fn strict(&self, args: SessionRef) -> Result<Strict, Fault> {
        Ok(self.session(&args.session)?.strict().await?.into())
    }

    async fn strict_step(&self, args: StrictStepArgs) -> Result<Proposal, Fault> {
        let StrictStepArgs { session, namespace, workload, guard } = args;
        Ok(self.session(&session)?.strict_step(&namespace, workload.as_deref(), guard).await?.into())
    }

    async fn draft(&self, args: SessionRef) -> Result<Draft, Fault> {
        self.tray(&*self.session(&args.session)?).await
    }

    async fn draft_put(&self, args: DraftPut) -> Result<Draft, Fault> {
        let session = self.session(&args.session)?;
        session.draft_put(&args.yaml, &args.base).await?;
        self.tray(&session).await
    }

    async fn draft_delete(&self, args: ObjectArgs) -> Result<Draft, Fault> {
        let session = self.session(&args.session)?;
        session.draft_delete(&ObjectKey::from(args.object)).await?;
        self.tray(&session).await
    }

    async fn draft_remove(&self, args: ObjectArgs) -> Result<Draft, Fault> {
        let session = self.session(&args.session)?;
        session.draft_remove(&ObjectKey::from(args.object));
        self.tray(&session).await
    }

    async fn draft_clear(&self, args: SessionRef) -> Result<Draft, Fault> {
        let session = self.session(&args.session)?;
        session.draft_clear();
        self.tray(&session).await
    }

    async fn draft_undo(&self, args: SessionRef) -> Result<Draft, Fault> {
        let session = self.session(&args.session)?;
        session.draft_undo();
        self.tray(&session).await
    }

    async fn review(&self, args: SessionRef) -> Result<Review, Fault> {
        let session = self.session(&args.session)?;
        let plan = session.review().await?;
        Ok(self.reviewed(&session, &plan).await)
    }

    async fn apply(&self, args: ApplyArgs) -> Result<Applied, Fault> {
        let session = self.session(&args.session)?;
        self.bench.may_write()?;
        Ok(convert::applied(session.apply(&args.token, &*args.message, &args.take_over).await?))
    }

    async fn uptake(&self, args: EntryRef) -> Result<Uptake, Fault> {
        Ok(convert::uptake(self.session(&args.session)?.uptake(args.entry as i64).await?))
    }

    async fn history(&self, args: HistoryArgs) -> Result<Vec<EntryRow>, Fault> {
        let rows = self.session(&args.session)?.history(&convert::wanted(&args)).await?;
        Ok(rows.into_iter().map(convert::entry_row).collect())
    }

    async fn history_export(&self, args: HistoryExportArgs) -> Result<ExportText, Fault> {
        let session = self.session(&args.wanted.session)?;
        let text = session.history_export(&convert::wanted(&args.wanted), convert::history_form(args.form)).await?;
        Ok(ExportText { text })
    }

    async fn entry(&self, args: EntryRef) -> Result<Entry, Fault> {
        let id = args.entry as i64;
        match self.session(&args.session)?.entry_told(id).await {
            // One of another cluster is shown as the journal has it.
            Err(session::Error::NoSuchEntry { .. }) => self.entry_of_all(id).await,
            told => Ok(convert::entry(told?)),
        }
    }

    async fn finish(&self, args: EntryRef) -> Result<Draft, Fault> {
        let session = self.session(&args.session)?;
        session.finish(args.entry as i64).await?;
        self.tray(&session).await
    }

    async fn undo_review(&self, args: UndoReviewArgs) -> Result<Review, Fault> {
        let session = self.session(&args.session)?;
        let choices = convert::undo_choices(args.choices, args.left_out);
        let plan = session.undo_review_as(args.entry as i64, &choices).await?;
        Ok(self.reviewed(&session, &plan).await)
    }

    async fn undo(&self, args: UndoArgs) -> Result<Applied, Fault> {
        let session = self.session(&args.session)?;
        self.bench.may_write()?;
        Ok(convert::applied(session.undo(args.entry as i64, &args.token).await?))
    }

    async fn rollout_undo_review(&self, args: RolloutUndoReviewArgs) -> Result<Review, Fault> {
        let session = self.session(&args.session)?;
        let choices = convert::undo_choices(args.choices, args.left_out);
        let plan = session.rollout_undo_review(args.rollout as i64, &choices).await?;
        Ok(self.reviewed(&session, &plan).await)
    }

    async fn rollout_undo(&self, args: RolloutUndoArgs) -> Result<Applied, Fault> {
        let session = self.session(&args.session)?;
        self.bench.may_write()?;
        Ok(convert::applied(session.rollout_undo(args.rollout as i64, &args.token).await?))
    }

    async fn rollouts(&self, args: SessionRef) -> Result<Vec<Rollout>, Fault> {
        Ok(all(self.session(&args.session)?.rollouts().await?))
    }

    async fn rollout_check(&self, args: RolloutArgs) -> Result<RolloutChecked, Fault> {
        let session = self.session(&args.session)?;
        let plan = rollout::Plan::from(args.plan);
        let yaml = yaml::write(&plan.written());
        let problem = plan.sense().err().map(|problem| problem.to_string()).unwrap_or_default();
        let looked = if problem.is_empty() { session.rollout_check(&plan, &args.take_over).await? } else { Vec::new() };
        Ok(RolloutChecked { problem, obstacles: all(looked), yaml })
    }

    async fn rollout_routes(&self, args: RolloutRoutesArgs) -> Result<Vec<RolloutRoute>, Fault> {
        Ok(all(self.session(&args.session)?.rollout_routes(&args.namespace, &args.service).await?))
    }

    async fn rollout_leases(&self, args: SessionRef) -> Result<Vec<RolloutLease>, Fault> {
        Ok(all(self.session(&args.session)?.rollout_leases().await?))
    }

    async fn rollout_way_back(&self, args: RolloutLeaseArgs) -> Result<Proposal, Fault> {
        Ok(self.session(&args.session)?.rollout_way_back(&ObjectKey::from(args.object))?.into())
    }

    async fn rollout_simulate(&self, args: RolloutSimulateArgs) -> Result<RolloutSimulated, Fault> {
        Ok(self.session(&args.session)?.rollout_simulate(args.plan.into(), args.supposed.into()).await?.into())
    }

    async fn rollout_begin(&self, args: RolloutArgs) -> Result<Vec<Rollout>, Fault> {
        let session = self.session(&args.session)?;
        self.bench.may_write()?;
        session.rollout_begin(args.plan.into(), args.take_over).await?;
        Ok(all(session.rollouts().await?))
    }

    async fn rollout_command(&self, args: RolloutCommandArgs) -> Result<Vec<Rollout>, Fault> {
        let session = self.session(&args.session)?;
        self.bench.may_write()?;
        session.rollout_command(args.rollout as i64, args.command.into()).await?;
        Ok(all(session.rollouts().await?))
    }

    async fn foreign_rollouts(&self, args: SessionRef) -> Result<ForeignRollouts, Fault> {
        Ok(convert::foreign(&*self.session(&args.session)?).await?)
    }

    async fn foreign_review(&self, args: ForeignOrderArgs) -> Result<Review, Fault> {
        let session = self.session(&args.session)?;
        let plan = session.foreign_review(&ObjectKey::from(args.object), args.order.into()).await?;
        Ok(self.reviewed(&session, &plan).await)
    }

    async fn foreign_plan(&self, args: ForeignPlanArgs) -> Result<ForeignPlan, Fault> {
        Ok(self.session(&args.session)?.foreign_plan(&args.plan.into(), &args.controller).await?.into())
    }

    async fn findings(&self, args: FindingsArgs) -> Result<FindingList, Fault> {
        let session = self.session(&args.session)?;
        let found = session.findings(args.with_draft).await?;
        let (engine, world) = (session.engine(), session.world());
        let located = session::findings::locate(engine, &world, None, found.findings.clone());
        let quiet = session::findings::locate_silenced(engine, &world, None, found.silenced.clone());
        Ok(FindingList { findings: all(located), unknown: all(found.unknown.iter().cloned()), silenced: all(quiet) })
    }

    async fn rules(&self, _: Nothing) -> Result<Vec<RuleCard>, Fault> {
        Ok(all(self.bench.engine().rules()))
    }

    async fn foreign_codes(&self, _: Nothing) -> Result<Vec<ForeignCode>, Fault> {
        Ok(all(self.bench.engine().foreign()))
    }

    async fn explain(&self, args: ExplainArgs) -> Result<Verdict, Fault> {
        let request = mesh::Request::try_from(args.request)?;
        Ok(self.session(&args.session)?.explain(request, args.with_draft).await?.into())
    }

    async fn proxies(&self, args: SessionRef) -> Result<Proxies, Fault> {
        let session = self.session(&args.session)?;
        let fleet = session.fleet().borrow().clone();
        Ok(convert::proxies(&fleet))
    }

    async fn cost(&self, args: SessionRef) -> Result<ServerCost, Fault> {
        Ok(convert::cost(&*self.session(&args.session)?))
    }

    async fn proxy(&self, args: ProxyArgs) -> Result<ProxyDetail, Fault> {
        let detail = self.session(&args.session)?.proxy(&args.namespace, &args.pod, args.anew).await?;
        Ok(convert::proxy_detail(&detail))
    }

    async fn proxy_lines(&self, args: ProxyLinesArgs) -> Result<Vec<ProxyLine>, Fault> {
        let session = self.session(&args.session)?;
        Ok(all(session.proxy_lines(&args.namespace, &args.pod, convert::sort(args.sort)).await?))
    }

    async fn pressure(&self, args: PressureArgs) -> Result<ServicePressure, Fault> {
        let (callers, unknown) = self.session(&args.session)?.pressure(&args.namespace, &args.service).await?;
        Ok(ServicePressure { callers: all(callers), unknown: all(unknown) })
    }

    async fn proxy_text(&self, args: ProxyTextArgs) -> Result<ProxyText, Fault> {
        let session = self.session(&args.session)?;
        let sort = convert::sort(args.sort);
        Ok(ProxyText { text: session.proxy_text(&args.namespace, &args.pod, sort, args.at as usize).await? })
    }

    async fn proxy_search(&self, args: ProxySearchArgs) -> Result<ProxyFound, Fault> {
        let session = self.session(&args.session)?;
        let found = session.proxy_search(&args.namespace, &args.pod, &args.text).await?;
        Ok(ProxyFound { hits: all(found.hits), more: found.more })
    }

    async fn proxy_compare(&self, args: ProxyArgs) -> Result<ProxyComparison, Fault> {
        let compared = self.session(&args.session)?.proxy_compare(&args.namespace, &args.pod).await?;
        Ok(convert::comparison(&compared))
    }

    async fn proxy_difference(&self, args: ProxyDifferenceArgs) -> Result<ProxyDifference, Fault> {
        let session = self.session(&args.session)?;
        let kind = convert::part_kind(args.kind);
        Ok(ProxyDifference { diff: all(session.proxy_difference(&args.namespace, &args.pod, kind, &args.name)?) })
    }

    async fn proxy_bundle(&self, args: ProxyArgs) -> Result<ProxyText, Fault> {
        let session = self.session(&args.session)?;
        Ok(ProxyText { text: session.proxy_bundle(&args.namespace, &args.pod).await? })
    }

    async fn proxy_loggers(&self, args: ProxyArgs) -> Result<Vec<ProxyLogger>, Fault> {
        Ok(all(self.session(&args.session)?.proxy_loggers(&args.namespace, &args.pod).await?))
    }

    async fn proxy_log(&self, args: ProxyLogArgs) -> Result<Vec<ProxyLogger>, Fault> {
        let session = self.session(&args.session)?;
        self.bench.may_write()?;
        Ok(all(session.proxy_log(&args.namespace, &args.pod, &args.logger, &args.level).await?))
    }

    async fn proxy_log_restore(&self, args: ProxyArgs) -> Result<Nothing, Fault> {
        self.session(&args.session)?.proxy_log_restore(&args.namespace, &args.pod).await?;
        Ok(Nothing {})
    }

    async fn proxy_access(&self, args: ProxyAccessArgs) -> Result<ProxyAccess, Fault> {
        let session = self.session(&args.session)?;
        let only = convert::only(args.only);
        Ok(session.proxy_access(&args.namespace, &args.pod, &args.search, only).await?.into())
    }

    async fn proxy_access_stop(&self, args: ProxyArgs) -> Result<Nothing, Fault> {
        self.session(&args.session)?.proxy_access_stop(&args.namespace, &args.pod);
        Ok(Nothing {})
    }

    async fn proxy_access_put(&self, args: ProxyArgs) -> Result<Draft, Fault> {
        let session = self.session(&args.session)?;
        session.proxy_access_put(&args.namespace, &args.pod).await?;
        self.tray(&session).await
    }

    async fn resources(&self, args: SessionRef) -> Result<Resources, Fault> {
        Ok(self.session(&args.session)?.resources().into())
    }

    async fn resource_history(&self, args: WorkloadArgs) -> Result<ResourceCurve, Fault> {
        Ok(self.session(&args.session)?.resource_history(&args.namespace, &args.workload).await?.into())
    }

    async fn resource_advise(&self, args: WorkloadArgs) -> Result<Draft, Fault> {
        let session = self.session(&args.session)?;
        session.advise(&args.namespace, &args.workload).await?;
        self.tray(&session).await
    }

    async fn sidecar_scope(&self, args: NamespaceArgs) -> Result<SidecarScope, Fault> {
        Ok(self.session(&args.session)?.scope(&args.namespace).into())
    }

    async fn sidecar_scope_put(&self, args: NamespaceArgs) -> Result<Draft, Fault> {
        let session = self.session(&args.session)?;
        session.put_scope(&args.namespace).await?;
        self.tray(&session).await
    }

    async fn prometheus(&self, args: SessionRef) -> Result<Prometheus, Fault> {
        Ok(convert::prometheus(&self.session(&args.session)?.prometheus().borrow()))
    }

    async fn prometheus_choose(&self, args: PrometheusChoose) -> Result<PrometheusChosen, Fault> {
        let kept = self.bench.choose_prometheus(&args.session, args.choice.into(), args.token).await?;
        Ok(PrometheusChosen { fleeting: convert::fleeting(kept) })
    }

    async fn settings(&self, _: Nothing) -> Result<Settings, Fault> {
        Ok(convert::settings(self.bench.settings()))
    }

    async fn settings_put(&self, args: Settings) -> Result<Settings, Fault> {
        Ok(convert::settings(self.bench.change_settings(|settings| convert::settings_into(args, settings))?))
    }
}
