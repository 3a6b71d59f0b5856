//! Writes: create, update, the three patches, delete; with validation, ownership, preconditions and dry-runs.

use std::sync::Arc;

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::api::Api;
use crate::ask::{Ask, Target};
use crate::kinds::Kind;
use crate::managed::Owners;
use crate::manifests::uuid;
use crate::merge;
use crate::refusal::{Cause, Refusal};
use crate::schema::{self, Schema};
use crate::store::{Names, Raced, Stored};
use crate::terms::{Options, Patch, SUBDOMAIN, Strictness, counts_generations, is_subdomain, now, read_patch, same};
use crate::validate;

/// So often a write that was overtaken by another is tried again, as by the genuine server.
const TRIES: usize = 5;

/// What a write answers: the object or status, and what the server warns of.
pub(crate) struct Written {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
    pub(crate) warnings: Vec<String>,
}

/// One write on its way.
struct Writing<'a> {
    api: &'a Api,
    target: &'a Target,
    schema: &'a Schema,
    options: Options,
    warnings: Vec<String>,
}

impl Api {
    /// A POST, PUT, PATCH or DELETE.
    pub(crate) fn write(&self, ask: &Ask, target: &Target) -> Result<Written, Refusal> {
        let of = match ask.method.as_str() {
            "POST" => "CreateOptions",
            "PUT" => "UpdateOptions",
            "PATCH" => "PatchOptions",
            _ => "DeleteOptions",
        };
        let schema = target.kind.schema(&target.version).ok_or(Refusal::NoSuchPath)?;
        let options = Options::read(ask, target, of)?;
        let mut writing = Writing { api: self, target, schema, options, warnings: Vec::new() };
        let name = target.name.as_deref();
        let (status, object) = match (of, name) {
            ("CreateOptions", None) => (StatusCode::CREATED, writing.create(writing.object(ask)?)?),
            ("CreateOptions", Some(name)) => return Err(Refusal::exists(&target.kind, name)),
            ("DeleteOptions", None) => return Err(Refusal::MethodNotAllowed),
            ("DeleteOptions", Some(name)) => return writing.delete(name, ask),
            (_, None) => return Err(Refusal::BadRequest("name must be provided".into())),
            ("UpdateOptions", Some(name)) => (StatusCode::OK, writing.replace(name, &writing.object(ask)?)?),
            (_, Some(name)) => writing.patch(name, ask)?,
        };
        Ok(Written { status, body: object.to_string().into_bytes(), warnings: writing.warnings })
    }
}

impl Writing<'_> {
    fn kind(&self) -> &Arc<Kind> {
        &self.target.kind
    }

    fn names(&self, name: &str) -> Names {
        (self.target.namespace.clone().unwrap_or_default(), name.to_owned())
    }

    /// The body of a create or update.
    fn object(&self, ask: &Ask) -> Result<Value, Refusal> {
        let content =
            ask.headers.get(http::header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("application/json");
        let kind = &self.kind().kind;
        let bad = |error: String| {
            let why = format!(
                "the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; {error}"
            );
            Refusal::BadRequest(why)
        };
        let body: Value = match content.split(';').next().unwrap_or_default() {
            "application/json" => {
                serde_json::from_slice(&ask.body).map_err(|e| bad(format!("json parse error: {e}")))?
            }
            "application/yaml" => {
                let text = String::from_utf8_lossy(&ask.body);
                world::yaml::value(&text).map_err(|e| bad(format!("yaml parse error: {e}")))?
            }
            _ => {
                return Err(Refusal::UnsupportedMediaType(
                    "application/json, application/yaml, application/vnd.kubernetes.protobuf",
                ));
            }
        };
        if !body.is_object() {
            return Err(bad("json parse error: it is no object".into()));
        }
        self.decodes(&body, false)?;
        self.fits_url(&body)?;
        Ok(body)
    }

    /// Its metadata are a mapping.
    fn decodes(&self, body: &Value, patched: bool) -> Result<(), Refusal> {
        let form = match body.get("metadata") {
            None | Some(Value::Null | Value::Object(_)) => return Ok(()),
            Some(Value::String(_)) => "string",
            Some(Value::Array(_)) => "array",
            Some(Value::Number(_)) => "number",
            Some(Value::Bool(_)) => "bool",
        };
        let why = format!("json: cannot unmarshal {form} into Go value of type v1.ObjectMeta");
        if !patched {
            let (kind, version) = (&self.kind().kind, &self.target.version);
            return Err(Refusal::BadRequest(format!(
                "{kind} in version {version:?} cannot be handled as a {kind}: {why}"
            )));
        }
        let causes = vec![Cause::invalid("patch", &body.to_string().into(), &why)];
        Err(Refusal::Invalid { group: String::new(), kind: String::new(), name: String::new(), causes })
    }

    /// The object says what it is, as the URL does.
    fn fits_url(&self, body: &Value) -> Result<(), Refusal> {
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let expected = self.kind().api_version(&self.target.version);
        let (version, kind, name) = (text("/apiVersion"), text("/kind"), text("/metadata/name"));
        if version != expected && !version.is_empty() {
            let why =
                format!("the API version in the data ({version}) does not match the expected API version ({expected})");
            return Err(Refusal::BadRequest(why));
        }
        if kind != self.kind().kind {
            let why = Cause::invalid("kind", &kind.into(), &format!("must be {}", self.kind().kind));
            let group = self.kind().group.clone();
            return Err(Refusal::Invalid { group, kind: kind.into(), name: name.into(), causes: vec![why] });
        }
        let namespace = text("/metadata/namespace");
        if !namespace.is_empty() && self.target.namespace.as_deref() != Some(namespace) {
            return Err(Refusal::BadRequest(
                "the namespace of the provided object does not match the namespace sent on the request".into(),
            ));
        }
        match self.target.name.as_deref() {
            Some(wanted) if !name.is_empty() && wanted != name => Err(Refusal::BadRequest(format!(
                "the name of the object ({name}) does not match the name on the URL ({wanted})"
            ))),
            _ => Ok(()),
        }
    }

    /// Takes out what the schema does not know; refuses or warns, as asked.
    fn prune(&mut self, body: &mut Value, patched: bool) -> Result<(), Refusal> {
        let mut unknown = Vec::new();
        schema::prune(body, self.schema.root(), "", &mut unknown);
        unknown.sort();
        let told: Vec<String> = unknown.iter().map(|path| format!("unknown field {path:?}")).collect();
        match self.options.strictness {
            Strictness::Strict if !told.is_empty() && patched => {
                let detail = format!("strict decoding error: {}", told.join(", "));
                let cause = Cause::invalid("patch", &body.to_string().into(), &detail);
                Err(Refusal::Invalid {
                    group: String::new(),
                    kind: String::new(),
                    name: String::new(),
                    causes: vec![cause],
                })
            }
            Strictness::Strict if !told.is_empty() => {
                let (kind, version) = (&self.kind().kind, &self.target.version);
                let told = told.join(", ");
                let why = format!(
                    "{kind} in version {version:?} cannot be handled as a {kind}: strict decoding error: {told}"
                );
                Err(Refusal::BadRequest(why))
            }
            Strictness::Warn => {
                self.warnings.extend(told);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Defaults, then the schema and its rules.
    fn validate(&self, name: &str, body: &mut Value, old: Option<&Value>) -> Result<(), Refusal> {
        schema::complete(body, self.schema.root());
        let mut causes = Vec::new();
        if name.is_empty() {
            causes.push(Cause::required("metadata.name", "name or generateName is required"));
        } else if !is_subdomain(name) {
            causes.push(Cause::invalid("metadata.name", &name.into(), SUBDOMAIN));
        }
        causes.extend(validate::validate(self.schema, body, old));
        if causes.is_empty() { Ok(()) } else { Err(Refusal::invalid(self.kind(), name, causes)) }
    }

    fn create(&mut self, mut body: Value) -> Result<Value, Refusal> {
        let kind = self.kind().clone();
        if let Some(namespace) = &self.target.namespace {
            let namespaces = self.api.kinds.of("", "Namespace").ok_or(Refusal::NoSuchPath)?;
            if self.api.store.get(namespaces, "", namespace).is_none() {
                return Err(Refusal::not_found(namespaces, namespace));
            }
            body["metadata"]["namespace"] = namespace.clone().into();
        }
        let text =
            |body: &Value, pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let stem = text(&body, "/metadata/generateName");
        if text(&body, "/metadata/name").is_empty() && !stem.is_empty() {
            let fresh = uuid(&stem, self.api.store.revision());
            body["metadata"]["name"] = format!("{stem}{}", &fresh[..5]).into();
        }
        let name = text(&body, "/metadata/name");
        if !text(&body, "/metadata/resourceVersion").is_empty() && !self.options.hand.applies {
            return Err(Refusal::Internal("resourceVersion should not be set on objects to be created".into()));
        }
        self.prune(&mut body, false)?;
        let names = self.names(&name);
        if !name.is_empty() && self.api.store.get(&kind, &names.0, &name).is_some() {
            return Err(Refusal::exists(&kind, &name));
        }
        let owners = body["metadata"].get("managedFields").cloned();
        self.clear(&mut body, None);
        if let Some(owners) = owners.filter(|_| self.options.hand.applies) {
            body["metadata"]["managedFields"] = owners;
        }
        let metadata = &mut body["metadata"];
        let identity = format!("{}/{}/{}/{}", kind.kind, names.0, name, Timestamp::now().as_nanosecond());
        metadata["uid"] = uuid(&identity, self.api.store.revision()).into();
        metadata["creationTimestamp"] = now().into();
        if counts_generations(&kind) {
            metadata["generation"] = 1.into();
        }
        self.validate(&name, &mut body, None)?;
        if !self.options.hand.applies {
            self.own(Owners::default(), None, &mut body);
        }
        self.commit(&names, None, body).map_err(|Raced| Refusal::exists(&kind, &name))
    }

    /// Leaves alone what this way of writing must not touch: the status, or all but the status; and the server's metadata.
    fn clear(&self, body: &mut Value, live: Option<&Value>) {
        let Some(map) = body.as_object_mut() else { return };
        let guarded = self.target.kind.version(&self.target.version).is_some_and(|v| v.status);
        let keep = |map: &mut Map<String, Value>, field: &str| match live.and_then(|l| l.get(field)) {
            Some(value) => drop(map.insert(field.into(), value.clone())),
            None => drop(map.shift_remove(field)),
        };
        if self.target.subresource.is_some() {
            let fields: Vec<String> =
                map.keys().chain(live.and_then(Value::as_object).into_iter().flat_map(Map::keys)).cloned().collect();
            for field in fields.iter().filter(|f| !matches!(f.as_str(), "status" | "metadata")) {
                keep(map, field);
            }
            let asked = map.get("metadata").and_then(|m| m.get("resourceVersion")).cloned();
            keep(map, "metadata");
            if let (Some(asked), Some(metadata)) = (asked, map.get_mut("metadata")) {
                metadata["resourceVersion"] = asked;
            }
        } else if guarded {
            keep(map, "status");
        }
        if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut) {
            for field in ["selfLink", "managedFields", "creationTimestamp", "generation", "deletionTimestamp", "uid"] {
                match live.and_then(|l| l.get("metadata")).and_then(|m| m.get(field)) {
                    Some(value) => drop(metadata.insert(field.into(), value.clone())),
                    None => drop(metadata.shift_remove(field)),
                }
            }
            metadata.retain(|field, value| {
                let bare = value.as_object().is_some_and(Map::is_empty);
                let map = matches!(field.as_str(), "labels" | "annotations");
                !value.is_null() && (!map || !bare)
            });
        }
    }

    /// Records who owns what after a plain update of an object with these owners.
    fn own(&self, mut owners: Owners, old: Option<&Value>, body: &mut Value) {
        let empty = json!({});
        owners.update(Some(old.unwrap_or(&empty)), body, self.schema.root(), &self.options.hand, &now());
        body["metadata"]["managedFields"] = owners.write();
    }

    fn live(&self, name: &str) -> Result<(Arc<Stored>, Value), Refusal> {
        let stored = self.api.get(self.target, name)?;
        let body = stored.body(self.kind(), &self.target.version);
        Ok((stored, body))
    }

    fn replace(&mut self, name: &str, body: &Value) -> Result<Value, Refusal> {
        let asked = body.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or_default();
        let uid = body.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default().to_owned();
        let kind = self.kind().clone();
        let (stored, _) = self.live(name)?;
        if !uid.is_empty() && uid != stored.uid {
            let detail = format!(
                "StorageError: invalid object, Code: 4, Key: /registry/{}/{}/{}/{name}, ResourceVersion: 0, AdditionalErrorMsg: \
                 Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
                kind.group, kind.plural, stored.names.0, stored.uid
            );
            return Err(Refusal::conflict(&kind, name, detail));
        }
        if asked.is_empty() && kind.is_custom() {
            let cause = Cause::invalid("metadata.resourceVersion", &0.into(), "must be specified for an update");
            let (group, plural) = (kind.group.clone(), kind.plural.clone());
            return Err(Refusal::Invalid { group, kind: plural, name: name.into(), causes: vec![cause] });
        }
        self.retry(name, |writing, live| {
            let mut next = body.clone();
            writing.prune(&mut next, false)?;
            writing.settle(name, live, next)
        })
    }

    fn patch(&mut self, name: &str, ask: &Ask) -> Result<(StatusCode, Value), Refusal> {
        match read_patch(ask)? {
            Patch::Apply(applied) => self.apply(name, applied, ask),
            patch => {
                let object = self.retry(name, |writing, live| {
                    let mut next = live.clone();
                    match &patch {
                        Patch::Json(patch) => json_patch::patch(&mut next, patch).map_err(|_| Refusal::Unpatchable)?,
                        Patch::Merge(patch) => json_patch::merge(&mut next, patch),
                        Patch::Apply(_) => {}
                    }
                    writing.decodes(&next, true)?;
                    writing.immutable(name, live, &next)?;
                    writing.prune(&mut next, true)?;
                    writing.settle(name, live, next)
                })?;
                Ok((StatusCode::OK, object))
            }
        }
    }

    fn immutable(&self, name: &str, live: &Value, next: &Value) -> Result<(), Refusal> {
        let uid = |o: &Value| o.pointer("/metadata/uid").cloned().unwrap_or_default();
        if uid(next) == uid(live) || uid(next).is_null() {
            return Ok(());
        }
        let cause = Cause::invalid("metadata.uid", &uid(next), "field is immutable");
        Err(Refusal::invalid(self.kind(), name, vec![cause.clone(), cause]))
    }

    fn apply(&mut self, name: &str, mut applied: Value, ask: &Ask) -> Result<(StatusCode, Value), Refusal> {
        if ask.option("fieldManager").is_empty() {
            let cause = Cause::required("fieldManager", "is required for apply patch");
            return Err(Refusal::options("PatchOptions", cause));
        }
        self.options.hand.applies = true;
        let api_version = self.kind().api_version(&self.target.version);
        if applied.get("kind").and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(Refusal::BadRequest(format!("invalid object type: {api_version}, Kind=")));
        }
        if applied.pointer("/metadata/managedFields").and_then(Value::as_array).is_some_and(|m| !m.is_empty()) {
            return Err(Refusal::BadRequest("metadata.managedFields must be nil".into()));
        }
        self.fits_url(&applied)?;
        merge::fits(&applied, self.schema.root(), "").map_err(|misfit| {
            let (kind, version) = (&self.kind().kind, &api_version);
            let place = applied.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default();
            Refusal::Internal(format!(
                "failed to create typed patch object ({place}/{name}; {version}, Kind={kind}): {}",
                misfit.0
            ))
        })?;
        applied["metadata"]["name"] = name.into();
        if let Some(namespace) = &self.target.namespace {
            applied["metadata"]["namespace"] = namespace.clone().into();
        }
        if self.api.store.get(self.kind(), self.target.namespace.as_deref().unwrap_or_default(), name).is_none() {
            let object = self.apply_new(applied)?;
            return Ok((StatusCode::CREATED, object));
        }
        let object = self.retry(name, |writing, live| {
            writing.immutable(name, live, &applied)?;
            let mut owners = Owners::read(live);
            let when = (writing.options.force, now());
            let mut next = owners.apply(
                live,
                &applied,
                writing.schema.root(),
                &writing.options.hand,
                (when.0, when.1.as_str()),
            )?;
            next["metadata"]["managedFields"] = owners.write();
            writing.settle_owned(name, live, next)
        })?;
        Ok((StatusCode::OK, object))
    }

    fn apply_new(&mut self, mut applied: Value) -> Result<Value, Refusal> {
        if let Some(uid) = applied.pointer("/metadata/uid").and_then(Value::as_str) {
            let name = applied.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
            let detail =
                format!("uid mismatch: the provided object specified uid {uid}, and no existing object was found");
            return Err(Refusal::conflict(self.kind(), name, detail));
        }
        let mut owners = Owners::default();
        let when = now();
        let hand = self.options.hand.clone();
        let of = applied.clone();
        owners.apply(&json!({}), &of, self.schema.root(), &hand, (true, when.as_str()))?;
        applied["metadata"]["managedFields"] = owners.write();
        self.create(applied)
    }

    /// Reads, changes and writes, again where another write came between.
    fn retry(
        &mut self,
        name: &str,
        change: impl Fn(&mut Self, &Value) -> Result<Value, Refusal>,
    ) -> Result<Value, Refusal> {
        for _ in 0..TRIES {
            let (stored, live) = self.live(name)?;
            self.warnings.clear();
            let next = change(self, &live)?;
            if same(&live, &next) {
                return Ok(live);
            }
            match self.commit(&stored.names, Some(stored.revision), next) {
                Ok(object) => return Ok(object),
                Err(Raced) => continue,
            }
        }
        Err(Refusal::modified(self.kind(), name))
    }

    /// A plain update, ready to be written.
    fn settle(&mut self, name: &str, live: &Value, mut next: Value) -> Result<Value, Refusal> {
        self.unmoved(name, live, &next)?;
        // An update may name other owners than there are; naming none means those that there are
        // (k8s.io/apimachinery/pkg/util/managedfields/internal/fieldmanager.go, `Update`).
        let named =
            next.pointer("/metadata/managedFields").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
        let owners = Owners::read(if named { &next } else { live });
        self.clear(&mut next, Some(live));
        self.finish(name, live, &mut next)?;
        self.own(owners, Some(live), &mut next);
        Ok(next)
    }

    /// An apply, whose owners are already written.
    fn settle_owned(&mut self, name: &str, live: &Value, mut next: Value) -> Result<Value, Refusal> {
        self.unmoved(name, live, &next)?;
        let owners = next["metadata"]["managedFields"].take();
        self.clear(&mut next, Some(live));
        self.finish(name, live, &mut next)?;
        next["metadata"]["managedFields"] = owners;
        Ok(next)
    }

    /// The revision that the write was made from is still the live one.
    fn unmoved(&self, name: &str, live: &Value, next: &Value) -> Result<(), Refusal> {
        let revision =
            |o: &Value| o.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or_default().to_owned();
        let asked = revision(next);
        if asked.is_empty() || asked == "0" || asked == revision(live) {
            return Ok(());
        }
        Err(Refusal::modified(self.kind(), name))
    }

    fn finish(&self, name: &str, live: &Value, next: &mut Value) -> Result<(), Refusal> {
        self.validate(name, next, Some(live))?;
        let content = |o: &Value| {
            let mut o = o.as_object().cloned().unwrap_or_default();
            o.retain(|field, _| !matches!(field.as_str(), "metadata" | "status" | "apiVersion" | "kind"));
            o
        };
        if counts_generations(self.kind()) && content(live) != content(next) {
            let generation = live.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or(1);
            next["metadata"]["generation"] = (generation + 1).into();
        }
        Ok(())
    }

    /// Writes to the store, or only answers what would be there.
    fn commit(&self, names: &Names, expected: Option<u64>, mut body: Value) -> Result<Value, Raced> {
        let kind = self.kind();
        if self.options.dry_run {
            if expected.is_none()
                && let Some(metadata) = body["metadata"].as_object_mut()
            {
                metadata.shift_remove("resourceVersion");
            }
            return Ok(body);
        }
        let finalizers = body.pointer("/metadata/finalizers").and_then(Value::as_array).is_some_and(|f| !f.is_empty());
        let leaving = body.pointer("/metadata/deletionTimestamp").is_some();
        let map = body.as_object().cloned().unwrap_or_default();
        let stored = self.api.store.put(kind, names, expected, map)?;
        if leaving && !finalizers {
            self.api.store.delete(kind, names, stored.revision)?;
        }
        Ok(stored.body(kind, &self.target.version))
    }

    fn delete(&mut self, name: &str, ask: &Ask) -> Result<Written, Refusal> {
        let options: Value = serde_json::from_slice(&ask.body).unwrap_or_default();
        let dry = options.get("dryRun").and_then(Value::as_array).is_some_and(|d| !d.is_empty());
        self.options.dry_run |= dry;
        for _ in 0..TRIES {
            let (stored, live) = self.live(name)?;
            self.preconditions(name, &stored, &options)?;
            let held = live.pointer("/metadata/finalizers").and_then(Value::as_array).is_some_and(|f| !f.is_empty());
            if held {
                let mut next = live;
                next["metadata"]["deletionTimestamp"] = now().into();
                next["metadata"]["deletionGracePeriodSeconds"] = 0.into();
                if let Ok(object) = self.commit(&stored.names, Some(stored.revision), next) {
                    return Ok(Written {
                        status: StatusCode::OK,
                        body: object.to_string().into(),
                        warnings: Vec::new(),
                    });
                }
                continue;
            }
            if !self.options.dry_run {
                if self.api.store.delete(self.kind(), &stored.names, stored.revision).is_err() {
                    continue;
                }
                if self.kind().kind == "Namespace" {
                    self.api.empty_namespace(name);
                }
            }
            let mut details = json!({"name": name});
            if !self.kind().group.is_empty() {
                details["group"] = self.kind().group.clone().into();
            }
            details["kind"] = self.kind().plural.clone().into();
            details["uid"] = stored.uid.clone().into();
            let body =
                json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details});
            return Ok(Written { status: StatusCode::OK, body: body.to_string().into(), warnings: Vec::new() });
        }
        Err(Refusal::modified(self.kind(), name))
    }

    fn preconditions(&self, name: &str, stored: &Stored, options: &Value) -> Result<(), Refusal> {
        let asked = |field: &str| options.pointer(&format!("/preconditions/{field}")).and_then(Value::as_str);
        let (group, kind) = (self.kind().group.clone(), self.kind().kind.clone());
        let refuse = |what: &str, asked: &str, found: &str, hint: &str| {
            let detail = format!(
                "the {what} in the precondition ({asked}) does not match the {what} in record ({found}). The object might have been {hint}"
            );
            Err(Refusal::Conflict { group, plural: kind, name: name.into(), detail })
        };
        match (asked("uid"), asked("resourceVersion")) {
            (Some(uid), _) if uid != stored.uid => refuse("UID", uid, &stored.uid, "deleted and then recreated"),
            (_, Some(revision)) if revision != stored.revision.to_string() => {
                refuse("ResourceVersion", revision, &stored.revision.to_string(), "modified")
            }
            _ => Ok(()),
        }
    }
}

impl Api {
    /// What was in a namespace goes with it.
    fn empty_namespace(&self, namespace: &str) {
        for kind in self.kinds.iter().filter(|k| k.namespaced) {
            let (objects, _, _) = self.store.list(kind, Some(namespace), None, usize::MAX, |_| true);
            for object in objects {
                if self.store.delete(kind, &object.names, object.revision).is_err() {
                    tracing::debug!(kind = kind.kind, name = object.names.1, "changed while its namespace was deleted");
                }
            }
        }
    }
}
