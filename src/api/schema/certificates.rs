//! `k8s.io/api/certificates`: requests and trust bundles.

use super::Kind::{Bytes, Int32, Text, Texts, Time};
use super::meta::{LIST_METADATA, METADATA};
use super::{Field, Kind, Merge, Message, TEXT, field};

const fn message(name: &'static str, about: &'static str, fields: &'static [Field]) -> Message {
    Message { name, package: "io.k8s.api.certificates.v1", about, typed: false, atomic: false, fields }
}

/// A request for a certificate.
pub static REQUEST: Message = Message {
    typed: true,
    ..message(
        "CertificateSigningRequest",
        "A request to sign a certificate. Somebody asks, somebody approves or denies, a signer signs; the certificate is \
         then in the status.",
        &[
            METADATA,
            field(
                2,
                "spec",
                Kind::Message(&SPEC),
                "What is asked for. It cannot be changed once the object is created.",
            )
            .required(),
            field(
                3,
                "status",
                Kind::Message(&STATUS),
                "Whether it was approved or denied, and the certificate.",
            ),
        ],
    )
};

/// A list of them.
pub static REQUEST_LIST: Message = Message {
    typed: true,
    ..message(
        "CertificateSigningRequestList",
        "Requests for certificates.",
        &[
            LIST_METADATA,
            field(2, "items", Kind::Message(&REQUEST), "The requests.").list(Merge::Atomic).required(),
        ],
    )
};

static SPEC: Message = message(
    "CertificateSigningRequestSpec",
    "What is asked for, by whom.",
    &[
        field(1, "request", Bytes, "The PKCS#10 request in a PEM block `CERTIFICATE REQUEST`, in base64.").required(),
        field(7, "signerName", TEXT, "Who is to sign, as a domain and a path: kubernetes.io/kube-apiserver-client, \
            kubernetes.io/kube-apiserver-client-kubelet, kubernetes.io/kubelet-serving, or a signer of your own.").required(),
        field(8, "expirationSeconds", Int32, "How long the certificate is to be valid, at least 600 seconds. The signer may \
            give less, or more.").optional(),
        field(5, "usages", Text("v1.KeyUsage"), "What the key is for, such as `digital signature`, `key encipherment`, \
            `client auth`, `server auth`.").list(Merge::Atomic),
        field(2, "username", TEXT, "Who asked: the server fills it in."),
        field(3, "uid", TEXT, "The uid of who asked: the server fills it in."),
        field(4, "groups", TEXT, "The groups of who asked: the server fills them in.").list(Merge::Atomic),
        field(6, "extra", Texts, "What else is known of who asked: the server fills it in.").map(),
    ],
);

static STATUS: Message = message(
    "CertificateSigningRequestStatus",
    "What became of a request.",
    &[
        field(
            1,
            "conditions",
            Kind::Message(&CONDITION),
            "What was decided: Approved, Denied, Failed, and others.",
        )
        .list(Merge::KeyedAtomic("type")),
        field(
            2,
            "certificate",
            Bytes,
            "The certificate, once it is signed: PEM blocks `CERTIFICATE`, the first is the one \
            that was asked for, in base64.",
        ),
    ],
);

static CONDITION: Message = message(
    "CertificateSigningRequestCondition",
    "Something that was decided about a request.",
    &[
        field(
            1,
            "type",
            Text("v1.RequestConditionType"),
            "What was decided: Approved and Denied by an approver, Failed by \
            a signer, or a type of your own.",
        )
        .required(),
        field(6, "status", Text("v1.ConditionStatus"), "True; for a type of your own also False or Unknown.")
            .required(),
        field(2, "reason", TEXT, "Why, in one word."),
        field(3, "message", TEXT, "Why, for people."),
        field(4, "lastUpdateTime", Time, "When it was last written."),
        field(5, "lastTransitionTime", Time, "When its status last changed."),
    ],
);

/// Certificates to trust.
pub static TRUST_BUNDLE: Message = Message {
    package: "io.k8s.api.certificates.v1beta1",
    typed: true,
    ..message(
        "ClusterTrustBundle",
        "Root certificates that everybody in the cluster can read.",
        &[
            METADATA,
            field(2, "spec", Kind::Message(&TRUST_BUNDLE_SPEC), "The certificates, and whose they are.")
                .required(),
        ],
    )
};

/// A list of them.
pub static TRUST_BUNDLE_LIST: Message = Message {
    package: "io.k8s.api.certificates.v1beta1",
    typed: true,
    ..message(
        "ClusterTrustBundleList",
        "Trust bundles.",
        &[
            LIST_METADATA,
            field(2, "items", Kind::Message(&TRUST_BUNDLE), "The trust bundles.")
                .list(Merge::Atomic)
                .required(),
        ],
    )
};

static TRUST_BUNDLE_SPEC: Message = Message {
    package: "io.k8s.api.certificates.v1beta1",
    ..message(
        "ClusterTrustBundleSpec",
        "The certificates of a trust bundle.",
        &[
            field(
                1,
                "signerName",
                TEXT,
                "The signer whose roots they are. It cannot be changed, and begins the name of the \
                object.",
            ),
            field(
                2,
                "trustBundle",
                TEXT,
                "The certificates, in PEM blocks `CERTIFICATE`; each must be a CA, none may stand \
                there twice.",
            )
            .required(),
        ],
    )
};
