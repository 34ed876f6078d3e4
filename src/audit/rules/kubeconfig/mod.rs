//! KC: kubeconfigs.

super::rules![stale_authority,];
