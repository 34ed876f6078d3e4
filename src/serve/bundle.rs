//! ClusterTrustBundles.

use serde_json::Value;

/// The `apiVersion` of the object.
pub const API_VERSION: &str = "certificates.k8s.io/v1beta1";

/// Its `kind`.
pub const KIND: &str = "ClusterTrustBundle";

/// Its resource.
pub const RESOURCE: &str = "clustertrustbundles";

/// The name of a bundle.
#[must_use]
pub fn name(value: &Value) -> &str {
    value.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
}
