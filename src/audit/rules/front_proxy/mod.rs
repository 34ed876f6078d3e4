//! FP: the front proxy, by which the API server reaches aggregated APIs.

super::rules![cluster_client, half_configured,];
