//! The signers file: which CA each signer signs with, and signers of the user's own.

use time::Duration;

use super::common::{patterns, ranges, read, usages};
use crate::csr::signer::{BUILT_IN, Custom, Rules, Signer};
use crate::csr::validate::signer_name;
use crate::spec::reader::{At, Fields, Problems, quoted};
use crate::spec::{Period, Problem};

/// What a signers file says.
#[derive(Clone, Debug)]
pub struct Signers {
    /// The signers, Kubernetes' own among them.
    pub signers: Vec<Signer>,
    /// The CA of each signer that has one of its own, by the name that the signer has for it. Paths are as they stand in
    /// the file.
    pub authorities: Vec<(String, CertFiles)>,
}

/// The two files of a CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertFiles {
    /// Its certificate.
    pub certificate: String,
    /// Its key.
    pub key: String,
}

/// How the CA of the cluster is called.
pub const CLUSTER: &str = "ca";

/// What `--cluster-signing-duration` is where nobody says otherwise.
const LONGEST: Duration = Duration::hours(8760);

/// Without a file: Kubernetes' own signers with the CA of the cluster, as kubeadm sets kube-controller-manager up.
impl Default for Signers {
    fn default() -> Self {
        let signer = |built_in: &'static crate::csr::signer::BuiltIn| Signer {
            name: built_in.name.to_owned(),
            rules: Rules::BuiltIn(built_in),
            longest: LONGEST,
            authority: CLUSTER.to_owned(),
            append_chain: false,
        };
        Self { signers: BUILT_IN.iter().map(signer).collect(), authorities: Vec::new() }
    }
}

/// Reads a signers file.
///
/// # Errors
/// Every problem.
pub fn signers(text: &str) -> Result<Signers, Vec<Problem>> {
    read(text, "Signers", |fields, problems| {
        let mut all = Signers::default();
        if let Some(files) = files(fields, problems) {
            all.authorities.push((CLUSTER.to_owned(), files));
        }
        if let Some(longest) = longest(fields, problems) {
            all.signers.iter_mut().for_each(|signer| signer.longest = longest);
        }
        let longest = all.signers.first().map_or(LONGEST, |signer| signer.longest);
        let mut seen: Vec<String> = Vec::new();
        for fields in fields.all_fields("signers") {
            let Some((name, signer, files)) = signer(fields, longest, problems) else { continue };
            if seen.contains(&name.value) {
                problems.error(&name, format!("the signer {} stands twice", quoted(&name.value)));
            }
            seen.push(name.value.clone());
            all.authorities.extend(files.map(|files| (name.value.clone(), files)));
            all.signers.retain(|other| other.name != name.value);
            all.signers.push(signer);
        }
        all
    })
}

fn signer(
    mut fields: Fields<'_>,
    longest: Duration,
    problems: &Problems,
) -> Option<(At<String>, Signer, Option<CertFiles>)> {
    let at = fields.at();
    let name = fields.required("name", |name| match signer_name(name, "name").first() {
        None => Ok(name.to_owned()),
        Some(error) => Err(error.body()),
    });
    let files = files(&mut fields, problems);
    let own = self::longest(&mut fields, problems);
    let append_chain = fields.flag("appendChain").is_some_and(|flag| flag.value);
    let built_in = name.as_ref().and_then(|name| BUILT_IN.iter().find(|signer| signer.name == name.value));
    let rules = match built_in {
        Some(built_in) => Rules::BuiltIn(built_in),
        None => Rules::Custom(Box::new(custom(&mut fields, problems))),
    };
    if let (Rules::BuiltIn(_), Some(extra)) = (&rules, fields.remaining().first()) {
        let message = "is not for a signer of Kubernetes' own, which keeps its rules: there are certFile, keyFile, duration and appendChain";
        problems.error(extra, message);
        return None;
    }
    fields.finish();
    let name = name?;
    if matches!(rules, Rules::Custom(_)) {
        if name.value.starts_with("kubernetes.io/") {
            let known: Vec<&str> = BUILT_IN.iter().map(|signer| signer.name).collect();
            problems.error(&name, format!("is none of Kubernetes' own: there are {}", known.join(", ")));
        }
        if files.is_none() {
            problems.error(&at, "has no `certFile` and `keyFile`: name the CA that it signs with");
        }
    }
    let authority = if files.is_some() { name.value.clone() } else { CLUSTER.to_owned() };
    let signer =
        Signer { name: name.value.clone(), rules, longest: own.unwrap_or(longest), authority, append_chain };
    Some((name, signer, files))
}

fn custom(fields: &mut Fields<'_>, problems: &Problems) -> Custom {
    let text = |text: Option<At<String>>| text.map(|text| text.value).unwrap_or_default();
    Custom {
        about: text(fields.text("about")),
        trust_distribution: text(fields.text("trustDistribution")),
        common_names: patterns(fields, "commonNames").unwrap_or_default(),
        organizations: patterns(fields, "organizations").unwrap_or_default(),
        dns_names: patterns(fields, "dnsNames").unwrap_or_default(),
        ip_addresses: ranges(fields, "ipAddresses", problems).unwrap_or_default(),
        email_addresses: patterns(fields, "emailAddresses").unwrap_or_default(),
        uris: patterns(fields, "uris").unwrap_or_default(),
        required_usages: usages(fields, "requiredUsages", problems).unwrap_or_default(),
        permitted_usages: usages(fields, "permittedUsages", problems).unwrap_or_default(),
        authority: fields.flag("ca").is_some_and(|flag| flag.value),
    }
}

/// Both files, or neither.
fn files(fields: &mut Fields<'_>, problems: &Problems) -> Option<CertFiles> {
    let (certificate, key) = (fields.text("certFile"), fields.text("keyFile"));
    match (certificate, key) {
        (Some(certificate), Some(key)) => Some(CertFiles { certificate: certificate.value, key: key.value }),
        (Some(only), None) => {
            problems.error(&only, "without `keyFile` nothing can be signed");
            None
        }
        (None, Some(only)) => {
            problems.error(&only, "without `certFile` nobody knows who signs");
            None
        }
        (None, None) => None,
    }
}

fn longest(fields: &mut Fields<'_>, problems: &Problems) -> Option<Duration> {
    let period =
        fields.parsed("duration", |text| text.parse::<Period>().map_err(|error| error.to_string()))?;
    let duration = period.value.duration();
    if !duration.is_positive() {
        problems.error(&period, "is not longer than nothing");
        return None;
    }
    Some(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signers_are_read() {
        let text = "apiVersion: kubepki/v1
kind: Signers
duration: 720h
signers:
- {name: kubernetes.io/kubelet-serving, certFile: k.crt, keyFile: k.key}
- name: example.com/serving
  about: Web servers.
  certFile: s.crt
  keyFile: s.key
  duration: 30d
  commonNames: ['*.example.com']
  dnsNames: ['*.example.com']
  ipAddresses: [192.0.2.0/24, 'fd00::1']
  requiredUsages: [server auth]
  permittedUsages: [digital signature]
  appendChain: true
";
        let Signers { signers: all, authorities } = signers(text).unwrap();
        let names: Vec<_> =
            all.iter().map(|signer| (signer.name.as_str(), signer.authority.as_str())).collect();
        assert_eq!(
            names,
            [
                ("kubernetes.io/kube-apiserver-client", "ca"),
                ("kubernetes.io/kube-apiserver-client-kubelet", "ca"),
                ("kubernetes.io/legacy-unknown", "ca"),
                ("kubernetes.io/kubelet-serving", "kubernetes.io/kubelet-serving"),
                ("example.com/serving", "example.com/serving"),
            ]
        );
        assert!(all.iter().all(|signer| signer.longest == Duration::hours(720)));
        assert_eq!(authorities.len(), 2);
        assert!(all[4].append_chain && !all[4].makes_authorities());
        assert_eq!(Signers::default().signers.len(), 4);
    }

    #[test]
    fn every_problem_has_its_line() {
        let text = "apiVersion: kubepki/v1
kind: Signers
keyFile: only
duration: -1h
signers:
- {name: Example.com/a, certFile: a, keyFile: b}
- {name: kubernetes.io/kubelet-serving, dnsNames: [a]}
- {name: kubernetes.io/other, certFile: a, keyFile: b}
- {name: example.com/b, ipAddresses: [1.2.3], requiredUsages: [serverauth], dnsName: [a]}
";
        let problems = signers(text).unwrap_err();
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        for (line, words) in [
            (3, "without `certFile`"),
            (4, "is not longer than nothing"),
            (6, "validating label \"Example\""),
            (7, "is not for a signer of Kubernetes' own"),
            (8, "is none of Kubernetes' own"),
            (9, "`1.2.3` is neither an IP address nor a subnet"),
            (9, "`serverauth` is not one of"),
            (9, "unknown field"),
            (9, "has no `certFile` and `keyFile`"),
        ] {
            let found = |text: &&String| text.starts_with(&format!("{line}:")) && text.contains(words);
            assert!(told.iter().any(|text| found(&text)), "{line} {words}: {told:#?}");
        }
        assert_eq!(told.len(), 9, "{told:#?}");
        assert!(signers("").is_err() && signers("a: 1\n---\nb: 2").is_err());
    }
}
