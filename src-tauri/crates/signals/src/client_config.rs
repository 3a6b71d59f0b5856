//! What istiod says of its proxies over xDS: one `ClientConfig` each (istio, pilot/pkg/xds/statusgen.go `debugSyncz`). It names states and
//! errors as its pages do, without the nonces behind them.

use cluster::{Any, Node};
use jiff::Timestamp;
use prost::Message;

use crate::istiod::{NotSyncz, ProxySync, SyncState, TypeSync, short};

/// `envoy.service.status.v3.ClientConfig` (Envoy, api/envoy/service/status/v3/csds.proto), field by field as far as istiod fills it.
#[derive(Clone, PartialEq, Message)]
struct ClientConfig {
    #[prost(message, optional, tag = "1")]
    node: Option<Node>,
    #[prost(message, repeated, tag = "3")]
    generic_xds_configs: Vec<GenericXdsConfig>,
}

/// `ClientConfig.GenericXdsConfig` of the same file.
#[derive(Clone, PartialEq, Message)]
struct GenericXdsConfig {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(message, optional, tag = "5")]
    last_updated: Option<prost_types::Timestamp>,
    /// `ConfigStatus`
    #[prost(int32, tag = "6")]
    config_status: i32,
    #[prost(message, optional, tag = "8")]
    error_state: Option<UpdateFailureState>,
}

/// `envoy.admin.v3.UpdateFailureState` (Envoy, api/envoy/admin/v3/config_dump_shared.proto).
#[derive(Clone, PartialEq, Message)]
struct UpdateFailureState {
    #[prost(string, tag = "3")]
    details: String,
}

const CLIENT_CONFIG: &str = "type.googleapis.com/envoy.service.status.v3.ClientConfig";

/// Reads what one istiod says of its proxies over xDS.
///
/// # Errors
/// Where a part of it is anything else: who is missing may be in there.
pub fn read_client_configs(parts: &[Any], control_plane: &str) -> Result<Vec<ProxySync>, NotSyncz> {
    parts.iter().filter_map(|part| read(part, control_plane).transpose()).collect()
}

fn read(part: &Any, control_plane: &str) -> Result<Option<ProxySync>, NotSyncz> {
    if part.type_url != CLIENT_CONFIG {
        return Err(NotSyncz(format!("{} over xDS", part.type_url.chars().take(100).collect::<String>())));
    }
    let of = ClientConfig::decode(part.value.as_slice()).map_err(|error| NotSyncz(error.to_string()))?;
    let node = of.node.unwrap_or_default();
    // As in the pages: `pod.namespace`.
    let Some((pod, namespace)) = node.id.rsplit_once('.') else { return Ok(None) };
    let version = node.says("ISTIO_VERSION");
    Ok(Some(ProxySync {
        pod: (namespace.into(), pod.into()),
        version: if version == "unknown" { String::new() } else { version.into() },
        types: of.generic_xds_configs.into_iter().filter_map(type_sync).collect(),
        control_plane: control_plane.into(),
    }))
}

/// Of a state that this enumeration does not have, nothing is said.
fn type_sync(of: GenericXdsConfig) -> Option<(String, TypeSync)> {
    let state = match of.config_status {
        1 => SyncState::Synced,
        2 => SyncState::NotSent,
        3 => SyncState::Stale,
        4 => SyncState::Error,
        _ => return None,
    };
    // Go's year 1 is no time.
    let at = |at: prost_types::Timestamp| Timestamp::new(at.seconds, at.nanos).ok().filter(|at| at.as_second() > 0);
    let error = of.error_state.map(|of| of.details).unwrap_or_default();
    Some((short(&of.type_url), TypeSync { state, sent_at: of.last_updated.and_then(at), error }))
}

#[cfg(test)]
mod tests {
    use prost_types::value::Kind;

    use super::*;

    fn config(url: &str, status: i32, seconds: i64, error: &str) -> GenericXdsConfig {
        GenericXdsConfig {
            type_url: format!("type.googleapis.com/envoy.config.{url}"),
            last_updated: Some(prost_types::Timestamp { seconds, nanos: 0 }),
            config_status: status,
            error_state: (!error.is_empty()).then(|| UpdateFailureState { details: error.into() }),
        }
    }

    fn client() -> Any {
        let version = prost_types::Value { kind: Some(Kind::StringValue("1.28.0".into())) };
        let metadata = prost_types::Struct { fields: [("ISTIO_VERSION".to_owned(), version)].into() };
        let of = ClientConfig {
            node: Some(Node { id: "old.pod.shop".into(), metadata: Some(metadata) }),
            generic_xds_configs: vec![
                config("cluster.v3.Cluster", 1, 1_790_000_000, ""),
                config("listener.v3.Listener", 4, 1_790_000_001, "virtualInbound: no such filter"),
                config("route.v3.RouteConfiguration", 3, 1_790_000_002, ""),
                config("core.v3.TypedExtensionConfig", 2, -62_135_596_800, ""),
                config("endpoint.v3.ClusterLoadAssignment", 0, 0, ""),
            ],
        };
        Any { type_url: CLIENT_CONFIG.into(), value: of.encode_to_vec() }
    }

    #[test]
    fn states_are_those_of_the_pages() {
        let read = read_client_configs(&[client()], "istio-system/istiod-1").unwrap();
        let proxy = &read[0];
        assert_eq!((proxy.pod.0.as_str(), proxy.pod.1.as_str()), ("shop", "old.pod"));
        assert_eq!((proxy.version.as_str(), proxy.control_plane.as_str()), ("1.28.0", "istio-system/istiod-1"));
        let states: Vec<_> =
            proxy.types.iter().map(|(name, sync)| (name.as_str(), sync.state, sync.sent_at.is_some())).collect();
        let expected = [
            ("CDS", SyncState::Synced, true),
            ("ECDS", SyncState::NotSent, false),
            ("LDS", SyncState::Error, true),
            ("RDS", SyncState::Stale, true),
        ];
        assert_eq!(states, expected);
        assert_eq!(proxy.types["LDS"].error, "virtualInbound: no such filter");
    }

    #[test]
    fn what_is_anything_else_is_no_answer() {
        let other = Any { type_url: "istio.io/debug".into(), value: b"404 page not found\n".to_vec() };
        assert!(read_client_configs(&[client(), other], "x").is_err());
        let half = Any { value: client().value[..20].to_vec(), ..client() };
        assert!(read_client_configs(&[client(), half], "x").is_err());
        assert_eq!(read_client_configs(&[], "x"), Ok(vec![]));
    }

    proptest::proptest! {
        #[test]
        fn no_damage_breaks_it(at in 0..200_usize, byte in proptest::num::u8::ANY, end in 1..200_usize) {
            let mut value = client().value;
            value.truncate(end.max(at + 1));
            if let Some(there) = value.get_mut(at) { *there = byte; }
            let _ = read_client_configs(&[Any { value, ..client() }], "x");
        }
    }
}
