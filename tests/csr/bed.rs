//! Objects, a cluster, signers and permissions to decide with.

use std::sync::OnceLock;

use k8s_openapi::ByteString;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, RoleRef, Subject};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kubepki::csr::admission::Admission;
use kubepki::csr::object::{CertificateSigningRequestSpec, Condition, time};
use kubepki::csr::policy::Rule;
use kubepki::csr::rbac::Rbac;
use kubepki::csr::refusal::{FieldError, Refusal};
use kubepki::csr::signer::{BUILT_IN, Custom, Rules, Signer};
use kubepki::csr::strategy::{self, Birth};
use kubepki::csr::{CertificateSigningRequest, Decision, Order, Policy, Step, User, decide};
use kubepki::spec::Spec;
use kubepki::spec::kubeadm::Host;
use kubepki::x509::issue::self_signed;
use kubepki::x509::{Certificate, Issuer, KeyAlgorithm, KeyUsage, Name, PrivateKey, Profile, Usages};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::forge::csr;

pub use kubepki::csr::signer::{
    KUBE_APISERVER_CLIENT as CLIENT, KUBE_APISERVER_CLIENT_KUBELET as KUBELET, KUBELET_SERVING as SERVING,
    LEGACY_UNKNOWN as LEGACY,
};

/// When every decision is made.
pub const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

/// When the CA of [`authority`] ends.
pub const CA_ENDS: OffsetDateTime = datetime!(2036-11-22 12:00 UTC);

/// Usages in short: `c` client auth, `s` server auth, `d` digital signature, `k` key encipherment; other words as they are,
/// separated by `+`.
pub fn usages(text: &str) -> Vec<String> {
    let word = |word: &str| match word {
        "c" => "client auth".to_owned(),
        "s" => "server auth".to_owned(),
        "d" => "digital signature".to_owned(),
        "k" => "key encipherment".to_owned(),
        other => other.to_owned(),
    };
    text.split('+').filter(|text| !text.is_empty()).map(word).collect()
}

/// An object named `x`, made now by an anonymous requester.
pub fn ask(signer: &str, usages: &str, request: &str) -> CertificateSigningRequest {
    asking(signer, usages, csr(request))
}

/// The same with the bytes of `spec.request`.
pub fn asking(signer: &str, usages: &str, request: Vec<u8>) -> CertificateSigningRequest {
    CertificateSigningRequest {
        metadata: ObjectMeta {
            name: Some("x".to_owned()),
            uid: Some("u1".to_owned()),
            resource_version: Some("7".to_owned()),
            creation_timestamp: Some(time(NOW)),
            ..ObjectMeta::default()
        },
        spec: CertificateSigningRequestSpec {
            request: ByteString(request),
            signer_name: signer.to_owned(),
            usages: Some(self::usages(usages)),
            ..CertificateSigningRequestSpec::default()
        },
        status: None,
    }
}

/// A request of a kubelet for a client certificate, such as it makes itself.
pub fn node_client() -> CertificateSigningRequest {
    ask(KUBELET, "d+c", "O=system:nodes, CN=system:node:cp1")
}

/// What a row does to an object.
pub trait Edit: Sized {
    /// Does it.
    fn with(self, edit: impl FnOnce(&mut Self)) -> Self;
    /// Adds a condition with status True, its times now.
    fn has_condition(self, kind: &str) -> Self;
    /// Adds a certificate.
    fn has_certificate(self, content: &[u8]) -> Self;
    /// Says who asks.
    fn asked_by(self, user: &str, groups: &[&str]) -> Self;
}

impl Edit for CertificateSigningRequest {
    fn with(mut self, edit: impl FnOnce(&mut Self)) -> Self {
        edit(&mut self);
        self
    }

    fn has_condition(self, kind: &str) -> Self {
        self.with(|object| conditions(object).push(condition(kind, "True")))
    }

    fn has_certificate(self, content: &[u8]) -> Self {
        self.with(|object| {
            object.status.get_or_insert_default().certificate = Some(ByteString(content.to_vec()));
        })
    }

    fn asked_by(self, user: &str, groups: &[&str]) -> Self {
        self.with(|object| {
            object.spec.username = Some(user.to_owned());
            object.spec.groups = Some(groups.iter().map(ToString::to_string).collect());
        })
    }
}

/// The conditions of an object, to change.
pub fn conditions(object: &mut CertificateSigningRequest) -> &mut Vec<Condition> {
    object.status.get_or_insert_default().conditions.get_or_insert_default()
}

/// A condition of now.
pub fn condition(kind: &str, status: &str) -> Condition {
    Condition {
        type_: kind.to_owned(),
        status: status.to_owned(),
        reason: Some("r".to_owned()),
        message: Some("m".to_owned()),
        last_update_time: Some(time(NOW)),
        last_transition_time: Some(time(NOW)),
    }
}

/// A time so long before now.
pub fn ago(duration: Duration) -> Option<Time> {
    Some(time(NOW - duration))
}

/// A user in groups.
pub fn user(name: &str, groups: &[&str]) -> User {
    User::known(name, &groups.iter().map(ToString::to_string).collect::<Vec<_>>())
}

/// A permission in short: who, verb, resource, and perhaps the name of one: `jane approve signers example.com/*`. Who
/// begins with `@` is a group.
pub fn rbac(permissions: &[&str]) -> Rbac {
    let (mut roles, mut bindings) = (Vec::new(), Vec::new());
    for (index, text) in permissions.iter().enumerate() {
        let words: Vec<&str> = text.split(' ').collect();
        let name = format!("r{index}");
        let rule = PolicyRule {
            api_groups: Some(vec!["certificates.k8s.io".to_owned()]),
            verbs: vec![words[1].to_owned()],
            resources: Some(vec![words[2].to_owned()]),
            resource_names: words.get(3).map(|name| vec![(*name).to_owned()]),
            ..PolicyRule::default()
        };
        let metadata = ObjectMeta { name: Some(name.clone()), ..ObjectMeta::default() };
        roles.push(ClusterRole {
            metadata: metadata.clone(),
            rules: Some(vec![rule]),
            ..ClusterRole::default()
        });
        let (kind, who) = words[0].strip_prefix('@').map_or(("User", words[0]), |group| ("Group", group));
        let subject = Subject { kind: kind.to_owned(), name: who.to_owned(), ..Subject::default() };
        let role_ref = RoleRef { kind: "ClusterRole".to_owned(), name, ..RoleRef::default() };
        bindings.push(ClusterRoleBinding { metadata, role_ref, subjects: Some(vec![subject]) });
    }
    Rbac::new(roles, bindings)
}

/// What a test decides by; each field is made to be changed.
pub struct World {
    pub signers: Vec<Signer>,
    pub authorities: Vec<(String, OffsetDateTime)>,
    pub rules: Vec<Rule>,
    pub spec: Option<Spec>,
    pub rbac: Rbac,
    pub trust_requester: bool,
    pub clean: bool,
    pub now: OffsetDateTime,
}

impl World {
    /// Kubernetes' own signers with one CA; nobody may do anything, no rule, no spec, no cleaning.
    pub fn new() -> Self {
        let signer = |built_in| Signer {
            name: built_in_name(built_in).to_owned(),
            rules: Rules::BuiltIn(built_in),
            longest: Duration::hours(8760),
            authority: "ca".to_owned(),
            append_chain: false,
        };
        Self {
            signers: BUILT_IN.iter().map(signer).collect(),
            authorities: vec![("ca".to_owned(), CA_ENDS)],
            rules: Vec::new(),
            spec: None,
            rbac: Rbac::default(),
            trust_requester: false,
            clean: false,
            now: NOW,
        }
    }

    /// The same and a signer of the user's own.
    pub fn with_custom(name: &str, custom: Custom) -> Self {
        let mut world = Self::new();
        let rules = Rules::Custom(Box::new(custom));
        world.signers.push(Signer {
            name: name.to_owned(),
            rules,
            longest: Duration::hours(8760),
            authority: "ca".to_owned(),
            append_chain: false,
        });
        world
    }

    /// What is decided about an object.
    pub fn decide(&self, object: &CertificateSigningRequest) -> Decision {
        let policy = Policy {
            signers: &self.signers,
            authorities: &self.authorities,
            rules: &self.rules,
            spec: self.spec.as_ref(),
            rbac: &self.rbac,
            trust_requester: self.trust_requester,
            clean: self.clean,
        };
        decide(object, &policy, self.now)
    }

    /// The same in one line: `approve REASON: MESSAGE`, `deny …`, `fail MESSAGE`, `retry WHY`, `remove WHY`, `rest WHY`,
    /// `sign`.
    pub fn step(&self, object: &CertificateSigningRequest) -> String {
        told(&self.decide(object).step)
    }

    /// What is to be signed for an object, which must be approved.
    pub fn order(&self, object: &CertificateSigningRequest) -> Order {
        match self.decide(object).step {
            Step::Sign(order) => *order,
            other => panic!("{}", told(&other)),
        }
    }

    /// The certificate that is signed for an object.
    pub fn certificate(&self, object: &CertificateSigningRequest) -> Certificate {
        let order = self.order(object);
        let (certificate, key) = authority();
        Issuer::new(certificate, key).unwrap().issue(&order.profile, &order.public_key).unwrap()
    }
}

fn built_in_name(signer: &kubepki::csr::signer::BuiltIn) -> &'static str {
    signer.name
}

/// A step in one line.
pub fn told(step: &Step) -> String {
    match step {
        Step::Approve { reason, message, .. } => format!("approve {reason}: {message}"),
        Step::Deny { reason, message, .. } => format!("deny {reason}: {message}"),
        Step::Sign(_) => "sign".to_owned(),
        Step::Fail(message) => format!("fail {message}"),
        Step::Retry(why) => format!("retry {why}"),
        Step::Remove(case) => format!("remove {case}"),
        Step::Rest(why) => format!("rest {why}"),
    }
}

/// A CA with its key, as `kubeadm init` makes it.
pub fn authority() -> (&'static Certificate, &'static PrivateKey) {
    static CA: OnceLock<(Certificate, PrivateKey)> = OnceLock::new();
    let (certificate, key) = CA.get_or_init(|| {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let profile = Profile {
            subject: Name::new("kubernetes", &[]).unwrap(),
            subject_alt_names: Vec::new(),
            usages: Usages { key: vec![KeyUsage::CertSign], extended: Vec::new() },
            ca: true,
            path_length: None,
            name_constraints: None,
            not_before: datetime!(2026-01-01 0:00 UTC),
            not_after: CA_ENDS,
        };
        (self_signed(&profile, &key).unwrap(), key)
    });
    (certificate, key)
}

/// A spec in YAML.
pub fn spec(text: &str) -> Spec {
    const NOBODY: Host = Host { name: || None, address: |_| None };
    kubepki::spec::load::parse(text, false, NOBODY).unwrap().0
}

/// What a new object gets.
pub fn birth() -> Birth {
    Birth { now: NOW, uid: "new-uid".to_owned(), suffix: "abcde".to_owned() }
}

/// Creates an object as a user.
pub fn create(object: CertificateSigningRequest, who: &User) -> Result<CertificateSigningRequest, Refusal> {
    let rbac = Rbac::default();
    let object = object.with(|object| {
        object.metadata.resource_version = None;
        object.metadata.uid = None;
    });
    strategy::create(object, who, &Admission { rbac: &rbac }, &birth())
}

/// Faults as text.
pub fn texts(errors: &[FieldError]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}
