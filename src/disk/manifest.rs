//! What the kubelet reads beside certificates: manifests of static pods, and its own configuration.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::yaml;

/// A static pod: the component that it runs, and the flags that it is started with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StaticPod {
    /// The component: the name of the program, such as `kube-apiserver`.
    pub component: String,
    /// The image of its first container.
    pub image: String,
    /// The flags: a flag that stands several times has several values, one without a value an empty one.
    pub flags: BTreeMap<String, Vec<String>>,
    /// The paths of the host that it mounts.
    pub host_paths: Vec<String>,
    /// The users that its containers run as, where it says so.
    pub users: Vec<u32>,
}

/// The part of a kubelet's configuration (`kubelet.config.k8s.io/v1beta1`) that is about certificates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KubeletConfig {
    /// Who may ask the kubelet.
    pub authentication: KubeletAuthentication,
    /// Whether it renews its client certificate.
    pub rotate_certificates: bool,
    /// Whether it requests its serving certificate.
    #[serde(rename = "serverTLSBootstrap")]
    pub server_tls_bootstrap: bool,
    /// A serving certificate of the user's own.
    pub tls_cert_file: String,
    /// Its key.
    pub tls_private_key_file: String,
}

/// Who may ask a kubelet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct KubeletAuthentication {
    /// Requests without credentials.
    pub anonymous: Switch,
    /// Client certificates.
    pub x509: KubeletX509,
}

/// Something that is on or off, or not said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Switch {
    /// What is said.
    pub enabled: Option<bool>,
}

/// The client certificates that a kubelet believes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KubeletX509 {
    /// The CA that signs them.
    #[serde(rename = "clientCAFile")]
    pub client_ca_file: String,
}

impl StaticPod {
    /// Reads a manifest.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let raw: RawPod = yaml::read(text).ok()?;
        let container = raw.spec.containers.first()?;
        let mut words = container.command.iter().chain(&container.args);
        let program = words.next().map(|word| word.rsplit('/').next().unwrap_or(word).to_owned());
        let mut flags: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for word in words {
            if let Some(flag) = word.strip_prefix("--") {
                let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
                flags.entry(name.to_owned()).or_default().push(value.to_owned());
            }
        }
        let component = program.unwrap_or(raw.metadata.name);
        // etcd takes what no flag says from its environment (`SetFlagsFromEnv`).
        for variable in container.env.iter().filter(|_| component == "etcd") {
            if let (Some(name), Some(value)) = (variable.name.strip_prefix("ETCD_"), variable.value.as_str())
            {
                let name = name.to_lowercase().replace('_', "-");
                flags.entry(name).or_insert_with(|| vec![value.to_owned()]);
            }
        }
        let volumes = raw.spec.volumes.into_iter();
        let contexts = raw.spec.containers.iter().map(|container| &container.security_context);
        let users = contexts.chain([&raw.spec.security_context]).filter_map(|context| context.run_as_user);
        Some(Self {
            users: users.collect(),
            component,
            image: container.image.clone(),
            flags,
            host_paths: volumes.filter_map(|volume| volume.host_path).map(|host| host.path).collect(),
        })
    }

    /// The value of a flag: the last one, as the flag parser takes it; nothing when it is absent.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<&str> {
        self.flags.get(name)?.last().map(String::as_str)
    }

    /// Whether a flag is on: absent, it is as `default` says.
    #[must_use]
    pub fn is_on(&self, name: &str, default: bool) -> bool {
        match self.flag(name) {
            None => default,
            Some(value) => matches!(value, "" | "true" | "TRUE" | "True" | "t" | "T" | "1"),
        }
    }

    /// The release in the image's tag.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        let image = self.image.split('@').next().unwrap_or_default();
        let (_, tag) = image.rsplit_once(':')?;
        (!tag.contains('/')).then_some(tag)
    }
}

impl KubeletConfig {
    /// Reads a configuration.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        yaml::read(text).ok()
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawPod {
    metadata: RawMetadata,
    spec: RawSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawMetadata {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawSpec {
    containers: Vec<RawContainer>,
    volumes: Vec<RawVolume>,
    security_context: RawSecurityContext,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawContainer {
    image: String,
    command: Vec<String>,
    args: Vec<String>,
    env: Vec<RawVariable>,
    security_context: RawSecurityContext,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawVariable {
    name: String,
    value: serde_yaml::Value,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawSecurityContext {
    run_as_user: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawVolume {
    host_path: Option<RawHostPath>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawHostPath {
    path: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_as_the_component_reads_them() {
        let pod = StaticPod::parse(
            "apiVersion: v1
kind: Pod
metadata: {name: kube-apiserver, namespace: kube-system}
spec:
  containers:
  - command:
    - kube-apiserver
    - --client-ca-file=/etc/kubernetes/pki/ca.crt
    - --allow-privileged
    - --anonymous-auth=false
    - --v=1
    - --v=2
    image: registry.k8s.io/kube-apiserver:v1.36.1
  volumes:
  - hostPath: {path: /etc/kubernetes/pki, type: DirectoryOrCreate}
    name: k8s-certs
",
        )
        .unwrap();
        assert_eq!(pod.component, "kube-apiserver");
        assert_eq!(pod.tag(), Some("v1.36.1"));
        assert_eq!(pod.flag("client-ca-file"), Some("/etc/kubernetes/pki/ca.crt"));
        assert_eq!(pod.flag("v"), Some("2"));
        assert!(pod.is_on("allow-privileged", false) && !pod.is_on("anonymous-auth", true));
        assert!(pod.is_on("absent", true));
        assert_eq!(pod.host_paths, ["/etc/kubernetes/pki"]);
        assert_eq!(StaticPod::parse("kind: Pod"), None);
    }

    #[test]
    fn etcd_takes_from_its_environment_what_no_flag_says() {
        let pod = StaticPod::parse(
            "kind: Pod
spec:
  securityContext: {runAsUser: 999}
  containers:
  - command: [etcd, --data-dir=/var/lib/etcd]
    env:
    - {name: ETCD_DATA_DIR, value: /elsewhere}
    - {name: ETCD_CLIENT_CERT_AUTH, value: 'true'}
    - {name: GOGC, value: 50}
    - {name: HOST, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}
",
        )
        .unwrap();
        assert_eq!(pod.flag("data-dir"), Some("/var/lib/etcd"));
        assert!(pod.is_on("client-cert-auth", false));
        assert_eq!((pod.flags.len(), pod.users), (2, vec![999]));
    }

    #[test]
    fn a_kubelets_configuration_is_read() {
        let config = KubeletConfig::parse(
            "kind: KubeletConfiguration
authentication:
  anonymous: {enabled: false}
  x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}
rotateCertificates: true
serverTLSBootstrap: true
",
        )
        .unwrap();
        assert_eq!(config.authentication.anonymous.enabled, Some(false));
        assert_eq!(config.authentication.x509.client_ca_file, "/etc/kubernetes/pki/ca.crt");
        assert!(config.rotate_certificates && config.server_tls_bootstrap);
    }
}
