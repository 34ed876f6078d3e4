//! KY: keys and algorithms.

super::rules![algorithm_drift,];
