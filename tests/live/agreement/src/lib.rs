//! Our findings against those of Istio's own analyzers, code by code, on real configuration: Istio's samples, the data of the analyzers' own
//! tests, and worlds of ours. It needs Go and a module that requires istio.io/istio, named by NETLOFT_ISTIO; without them it says that it is
//! skipped.

mod known;

pub use known::{KNOWN, Known, Object, reason};
