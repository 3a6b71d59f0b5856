//! How every proxy is.

use serde_json::{Map, Value, json};
use session::proxies::{Fleet, Ill, Plane, Presence, Proxy, TypeSync};

use super::{bytes, span, time, until, uses, word};
use crate::args::{self, Form, Target};
use crate::failure::Failure;
use crate::print::{json as print_json, line, plain, say, table, unknowns};
use crate::source::open;

/// The answer is the fleet; messages are what is not known of it, and in rows alone what ails the mesh as a whole.
pub async fn health(from: &Target, args: &args::Health) -> Result<bool, Failure> {
    let open = open(from).await?;
    let fleet = open.session.fleet_twice().await;
    if args.format == Form::Json && args.whole {
        print_json(&whole(&fleet))?;
        return Ok(true);
    }
    for unknown in &fleet.unknown {
        say(&format!("unknown: {}: {}", unknown.about, unknown.because));
    }
    for plane in fleet.control_planes.iter().filter(|plane| plane.over_xds) {
        say(&format!("{}: its debug pages are shut, synchronisation was asked for over xDS", plane.name));
    }
    if args.format == Form::Json {
        for ill in &fleet.ills {
            say(&format!("mesh: {}", ill.line()));
        }
        print_json(&fleet.all().map(row).collect::<Vec<_>>())?;
    } else {
        text(&fleet)?;
    }
    Ok(true)
}

fn text(fleet: &Fleet) -> Result<(), Failure> {
    let head = ["NAMESPACE", "POD", "MESH", "ROLE", "SYNC", "READY", "CONFIG", "CERTIFICATE", "ISTIOD", "DIAGNOSIS"];
    table(&head, &fleet.all().map(cells).collect::<Vec<_>>())?;
    if !fleet.control_planes.is_empty() {
        line("")?;
        let cells = |plane: &Plane| vec![plane.name.clone(), plane.version.clone(), plane.answered.to_string()];
        table(&["CONTROL PLANE", "VERSION", "ANSWERED"], &fleet.control_planes.iter().map(cells).collect::<Vec<_>>())?;
    }
    if !fleet.ills.is_empty() {
        line("\nTHE MESH AS A WHOLE")?;
        fleet.ills.iter().try_for_each(|ill| line(&plain(&ill.line().en)))?;
    }
    Ok(())
}

fn cells(proxy: &Proxy) -> Vec<String> {
    let sync = match proxy.presence {
        Presence::Running => word(proxy.sync),
        Presence::Dead => "DEAD",
        Presence::Missing => "NO PROXY",
    };
    let unknown = || "-".to_owned();
    let left = |ends_at: f64| match until(ends_at) {
        ..0.0 => "ended".to_owned(),
        left => span(left),
    };
    vec![
        proxy.namespace.clone(),
        proxy.pod.clone(),
        proxy.mesh.clone(),
        proxy.role.clone(),
        sync.to_owned(),
        proxy.ready.to_string(),
        proxy.size.map_or_else(unknown, |size| bytes(size.bytes)),
        proxy.certificate.as_ref().map_or_else(unknown, |of| left(of.ends_at)),
        // Its namespace stands with the control planes.
        proxy.control_plane.rsplit('/').next().filter(|name| !name.is_empty()).map_or_else(unknown, str::to_owned),
        proxy.diagnosis.en.clone(),
    ]
}

fn whole(fleet: &Fleet) -> Value {
    let plane = |plane: &Plane| json!({"name": plane.name, "version": plane.version, "answered": plane.answered, "overXds": plane.over_xds});
    json!({
        "proxies": fleet.all().map(row).collect::<Vec<_>>(),
        "controlPlanes": fleet.control_planes.iter().map(plane).collect::<Vec<_>>(),
        "mesh": fleet.ills.iter().map(ill).collect::<Vec<_>>(),
        "unknown": unknowns(&fleet.unknown),
    })
}

fn ill(ill: &Ill) -> Value {
    json!({"code": ill.diagnosis.code, "what": ill.diagnosis.what, "next": ill.diagnosis.next, "evidence": ill.evidence.iter().map(|said| &said.en).collect::<Vec<_>>(),
        "object": ill.object.as_ref().map(ToString::to_string)})
}

fn of_type(of: &TypeSync) -> Value {
    json!({"state": word(of.state), "sentAt": time(of.sent_at), "ageSeconds": of.sent_at.map(|at| (-until(at)).max(0.0).round()),
        "nack": Some(&of.nack).filter(|nack| !nack.is_empty())})
}

fn row(proxy: &Proxy) -> Value {
    let state: Map<String, Value> = proxy.types.iter().map(|t| (t.name.clone(), json!(word(t.state)))).collect();
    let types: Map<String, Value> = proxy.types.iter().map(|t| (t.name.clone(), of_type(t))).collect();
    let nacks = proxy.types.iter().filter(|t| !t.nack.is_empty());
    let nacks: Vec<Value> = nacks.map(|t| json!({"type": t.name, "text": t.nack})).collect();
    let sent = proxy.types.iter().filter_map(|t| t.sent_at).reduce(f64::max);
    let certificate = proxy.certificate.as_ref().map(|of| {
        json!({"notAfter": time(Some(of.ends_at)), "secondsLeft": until(of.ends_at).round(), "issuer": of.issuer, "spiffe": of.spiffe,
            "rootMatches": of.root_matches})
    });
    let presence = match proxy.presence {
        Presence::Running => "running",
        Presence::Dead => "dead",
        Presence::Missing => "missing",
    };
    let (cpu, memory) = uses(proxy);
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    json!({
        "namespace": proxy.namespace, "pod": proxy.pod, "workload": proxy.workload, "mesh": proxy.mesh, "role": proxy.role,
        "presence": presence, "version": proxy.version, "state": state, "types": types,
        "nack": text(&proxy.nack), "nacks": nacks, "lastSent": time(sent),
        "certificate": certificate, "ready": proxy.ready, "restarts": proxy.restarts, "trouble": text(&proxy.trouble),
        "controlPlane": proxy.control_plane, "connectedSince": time(proxy.connected_at),
        "configurationBytes": proxy.size.map(|size| size.bytes), "cpu": cpu, "memory": memory,
        "why": text(&proxy.diagnosis.en), "diagnoses": proxy.ills.iter().map(ill).collect::<Vec<_>>(), "unknown": unknowns(&proxy.unknown),
    })
}
