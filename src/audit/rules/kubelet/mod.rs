//! KL: the kubelet.

super::rules![unapproved_serving, unauthenticated, no_rotation, ghost_node,];
