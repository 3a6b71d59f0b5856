use serde_json::json;

use super::*;

#[test]
fn an_item_of_a_list_reads_as_the_object_itself() {
    let table = [
        (
            "v1",
            "Pod",
            json!({"metadata": {"namespace": "shop", "name": "a", "labels": null}, "spec": {"containers": [{"name": "a", "ports": null}]}}),
        ),
        (
            "v1",
            "Service",
            json!({"metadata": {"namespace": "shop", "name": "a"}, "spec": {"ports": [{"port": 80, "targetPort": "http"}]}}),
        ),
        (
            "apps/v1",
            "Deployment",
            json!({"metadata": {"namespace": "shop", "name": "a"}, "spec": {"replicas": 2, "template": {"metadata": {"labels": {"app": "a"}}}}}),
        ),
        (
            "networking.istio.io/v1",
            "Gateway",
            json!({"metadata": {"namespace": "shop", "name": "a"}, "spec": {"x": [1]}}),
        ),
    ];
    for (api_version, kind, item) in table {
        let mut whole = json!({"apiVersion": api_version, "kind": kind});
        whole.as_object_mut().unwrap().extend(item.as_object().unwrap().clone());
        let decoded = Object::decode(&item.to_string(), api_version, kind);
        assert_eq!(decoded, Object::read(whole, Origin::Cluster), "{kind}");
        assert!(Object::decode("{\"metadata\": {}}", api_version, kind).is_err());
        assert!(Object::decode("[", api_version, kind).is_err());
    }
}

#[test]
fn a_pod_of_a_deployment() {
    let body = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": "a-7f-x", "labels": {"pod-template-hash": "7f"},
        "annotations": {"sidecar.istio.io/status": "{}", "note": "dropped"},
        "ownerReferences": [{"kind": "ReplicaSet", "name": "a-7f", "controller": true}]},
        "spec": {"containers": [{"name": "a", "resources": {"limits": {"memory": "64Mi"}}}],
                 "initContainers": [{"name": "istio-init"}, {"name": "istio-proxy", "restartPolicy": "Always"}]},
        "status": {"podIP": "10.0.0.7", "conditions": [{"type": "Ready", "status": "True"}],
                   "initContainerStatuses": [{"name": "istio-proxy", "ready": true, "restartCount": 2, "lastState": {"terminated": {"reason": "OOMKilled"}}}]}});
    let Ok(Object::Pod(pod)) = Object::read(body, Origin::Cluster) else { panic!("not a pod") };
    assert_eq!(pod.workload, ("Deployment".into(), "a".into()));
    assert!(pod.ready && !pod.terminating);
    assert_eq!(pod.annotations.len(), 1);
    assert_eq!(pod.containers.len(), 2, "an init container that ends is none");
    let proxy = pod.container("istio-proxy").unwrap();
    assert!(proxy.native_sidecar && proxy.ready);
    assert_eq!((proxy.restarts, proxy.trouble.as_deref()), (2, Some("OOMKilled")));
    assert_eq!(pod.containers[0].resources.memory_limit, Some(64 << 20));
}

#[test]
fn what_troubles_a_container() {
    for (state, last, expected) in [
        (
            json!({"waiting": {"reason": "CrashLoopBackOff"}}),
            json!({"terminated": {"reason": "OOMKilled"}}),
            Some("OOMKilled"),
        ),
        (
            json!({"waiting": {"reason": "CrashLoopBackOff"}}),
            json!({"terminated": {"reason": "Error"}}),
            Some("CrashLoopBackOff"),
        ),
        (
            json!({"waiting": {"reason": "ImagePullBackOff"}}),
            json!({"terminated": {"reason": "OOMKilled"}}),
            Some("ImagePullBackOff"),
        ),
        (json!({"terminated": {"reason": "OOMKilled"}}), json!({}), Some("OOMKilled")),
        (json!({"terminated": {"reason": "Completed"}}), json!({}), None),
        (json!({"running": {}}), json!({"terminated": {"reason": "OOMKilled"}}), Some("OOMKilled")),
        (json!({"running": {}}), json!({}), None),
    ] {
        let body = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": "a"},
            "spec": {"containers": [{"name": "istio-proxy"}]},
            "status": {"containerStatuses": [{"name": "istio-proxy", "state": state, "lastState": last}]}});
        let Ok(Object::Pod(pod)) = Object::read(body, Origin::Cluster) else { panic!("not a pod") };
        assert_eq!(pod.containers[0].trouble.as_deref(), expected, "{state} {last}");
    }
}

#[test]
fn what_is_no_object_says_which_field() {
    for (body, field) in [
        (json!(null), "apiVersion"),
        (json!({"apiVersion": "v1"}), "kind"),
        (json!({"apiVersion": "v1", "kind": "Pod", "metadata": null}), "metadata.name"),
    ] {
        assert_eq!(Object::read(body, Origin::Cluster), Err(ReadError::NotAnObject { field }));
    }
}

#[test]
fn a_document_keeps_everything_but_managed_fields() {
    let body = json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": {"namespace": "shop", "name": "r", "managedFields": [1], "creationTimestamp": "2026-01-01T00:00:00Z"}, "spec": {"novel": [1, 2]}});
    let Ok(Object::Document(document)) = Object::read(body, Origin::Cluster) else { panic!("not a document") };
    assert_eq!(document.created, Some(1_767_225_600));
    assert_eq!(document.at("/spec/novel/1"), Some(&json!(2)));
    assert_eq!(document.at("/metadata/managedFields"), None);
}

#[test]
fn a_document_knows_when_it_was_last_written() {
    let entry = |minute: u32, subresource: &str| json!({"manager": "kubectl", "time": format!("2026-01-01T00:{minute:02}:00Z"), "subresource": subresource});
    for (fields, expected) in [
        (json!([entry(1, ""), entry(5, ""), entry(3, "")]), Some(1_767_225_900)),
        (json!([entry(2, ""), entry(9, "status")]), Some(1_767_225_720)),
        (json!([{"manager": "kubectl", "time": "noon"}, {}]), Some(1_767_225_600)),
        (json!(null), Some(1_767_225_600)),
    ] {
        let body = json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
            "metadata": {"namespace": "shop", "name": "r", "managedFields": fields, "creationTimestamp": "2026-01-01T00:00:00Z"}});
        let Ok(Object::Document(document)) = Object::read(body, Origin::Cluster) else { panic!("not a document") };
        assert_eq!(document.written, expected);
    }
}
