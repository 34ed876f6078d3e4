//! A report of what rules might find, for the tests of the formats: it stays the same whatever rules there are.

use std::collections::BTreeMap;

use super::{AuditReport, CheckReport, DirectoryReport, FactReport, FindingReport, Fix, Summary};
use crate::audit::Severity;

/// A report with findings of every severity and every kind of cure, in a fleet and in a node's directory.
pub fn report() -> AuditReport {
    let findings = vec![
        finding(
            "KP-TR001",
            Severity::Critical,
            0,
            "nodes/cp1/etc/kubernetes/pki/apiserver-kubelet-client.crt",
        )
        .says("is issued by `CN=front-proxy-ca`, not by `CN=kubernetes`")
        .on("cp1")
        .apply("reissues it"),
        finding("KP-FS001", Severity::Critical, 1, "pki/sa.key")
            .says("has mode 644, looser than 600")
            .apply("sets the mode to 600"),
        expired("cp1"),
        expired("cp2"),
        expired("cp3"),
        expired("worker1"),
        expired("worker2"),
        finding("KP-ST002", Severity::High, 1, "pki/etcd/ca\u{1b}[31m\u{202e}trc.crt")
            .says("is not valid PEM: a BEGIN line has no END line")
            .by_hand("replace the file, or remove it if nothing reads it"),
        finding("KP-ID008", Severity::Low, 1, "admin.conf")
            .says("is a person's certificate, valid for 365 days, and cannot be revoked")
            .advice("give people short-lived certificates, or use an identity provider"),
    ];
    let fact = |field, value: &str| FactReport {
        field,
        value: value.to_owned(),
        confidence: "certain".to_owned(),
        source: "kubelet.conf".to_owned(),
    };
    let directory = |path: &str, layout, nodes: &[&str]| DirectoryReport {
        path: path.to_owned(),
        layout,
        nodes: nodes.iter().map(|node| (*node).to_owned()).collect(),
        inferred: Some(nodes.iter().map(|node| fact("nodes[].name", node)).collect()),
    };
    let check = |rule, name, count, subject| {
        let reason = (count == 0).then(|| format!("there are no {subject}"));
        CheckReport { rule, name, count, subject, reason }
    };
    let mut report = AuditReport {
        api_version: "kubepki/v1",
        kind: "AuditReport",
        version: "1.2.3",
        judged_at: "2027-12-01T00:00:00Z".to_owned(),
        directories: vec![
            directory("fleet", "kubepki fleet", &["cp1", "cp2", "cp3", "worker1", "worker2"]),
            directory("/etc/kubernetes", "kubeadm", &["other"]),
        ],
        findings,
        accepted: Vec::new(),
        gone: Vec::new(),
        checked: vec![
            check("KP-FS001", "readable-key", 12, "private key files"),
            check("KP-TM001", "expired", 51, "certificates of credentials"),
        ],
        not_applicable: vec![check("KP-KL001", "unlinked-kubelet-credential", 0, "kubelet configurations")],
        summary: Summary {
            verdict: "",
            fail_on: "high".to_owned(),
            findings: BTreeMap::new(),
            accepted: 0,
            rules_checked: 2,
            certificates: 51,
            last_safe_day: Some("2027-11-24".to_owned()),
        },
        fail_on: Some(Severity::High),
        compared: false,
        cures: ["fleet", "/etc/kubernetes"]
            .map(|directory| format!("kubepki apply -f cluster.yaml -d {directory}"))
            .into(),
    };
    report.count();
    report
}

fn expired(node: &str) -> FindingReport {
    let path = format!("nodes/{node}/etc/kubernetes/kubelet.conf");
    let found = finding("KP-TM001", Severity::High, 0, &path).says("expired 2027-11-24, 7 days ago");
    found.on(node).apply("reissues it with a new key")
}

fn finding(rule: &'static str, rank: Severity, place: usize, path: &str) -> FindingReport {
    FindingReport {
        rule,
        name: "name",
        severity: rank.to_string(),
        directory: Some(["fleet", "/etc/kubernetes"][place].to_owned()),
        node: None,
        path: path.to_owned(),
        line: None,
        role: None,
        message: String::new(),
        why: "Everyone refuses it. When it is a CA's, everyone refuses all that it has signed.".to_owned(),
        remedy: String::new(),
        fingerprint: format!("{rule} {path}"),
        rank,
        fix: Fix::Advice(String::new()),
        place,
    }
}

impl FindingReport {
    fn says(self, message: &str) -> Self {
        Self { message: message.to_owned(), ..self }
    }

    fn on(self, node: &str) -> Self {
        Self { node: Some(node.to_owned()), ..self }
    }

    fn apply(self, word: &str) -> Self {
        Self { fix: Fix::Apply(format!("kubepki apply {word}")), ..self }
    }

    fn by_hand(self, text: &str) -> Self {
        Self { fix: Fix::ByHand(text.to_owned()), ..self }
    }

    fn advice(self, text: &str) -> Self {
        Self { fix: Fix::Advice(text.to_owned()), ..self }
    }
}
