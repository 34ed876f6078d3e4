//! `KP-ST006`: a bundle with CAs that do not belong there.

use std::collections::{HashMap, HashSet};

use crate::audit::rule::rule;
use crate::audit::{Fault, File, Remedy, View};
use crate::disk::content::{Content, Item};
use crate::moment::date;
use crate::target::Aim;
use crate::x509::{Certificate, PrivateKey, PublicKey, chain};

rule! {
    /// A bundle of CAs holds one twice, one that has expired, or one that nothing in the cluster is signed by.
    ///
    /// ## Why it matters
    ///
    /// Whoever holds the key of a CA that is left in a bundle is believed by all who read it.
    ///
    /// Two CAs of one name are no fault: that is how a CA is replaced. Neither is one that is younger than the first,
    /// which will sign once everybody trusts it, nor one whose key is there. Expiry of the first is KP-TM001's.
    ///
    /// ## What to do
    ///
    /// Take it out of the file.
    ///
    /// ## References
    ///
    /// Kubernetes, "Manual Rotation of CA Certificates".
    "KP-ST006" "bundle-clutter" Medium File "bundles of several CAs"
}

/// The CAs that a file makes its readers trust.
fn bundle<'a>(file: &File<'a>) -> Vec<&'a Certificate> {
    let copy = file.case().is_some_and(|case| matches!(case.target.aim, Aim::Copy { .. }));
    let chain = file.case().is_some_and(|case| !case.is_authority() && !case.is_kubeconfig());
    // A copy is its original; what follows a server's certificate is its chain.
    if copy || chain {
        return Vec::new();
    }
    let mut all = Vec::new();
    for item in file.items() {
        match item {
            Item::Certificate(certificate) => all.push(&**certificate),
            Item::Kubeconfig(kubeconfig) => all.extend(kubeconfig.authority.embedded().into_iter().flatten()),
            _ => {}
        }
    }
    // A certificate with its chain is no bundle.
    if file.role.is_none() && !file.is_kubeconfig() && all.iter().any(|certificate| !certificate.is_ca()) {
        return Vec::new();
    }
    all
}

fn applies(file: &File<'_>) -> bool {
    bundle(file).len() > 1
}

fn check(file: &File<'_>) -> Vec<Fault> {
    let bundle = bundle(file);
    let Some(first) = bundle.first() else { return Vec::new() };
    let own = file.case().is_some_and(|case| case.is_authority());
    let now = file.view.now();
    let mut uses = Uses::of(file.view);
    let clutter = bundle.iter().enumerate().skip(1).filter_map(|(index, ca)| {
        let twin = bundle.iter().take(index).position(|other| other == ca);
        if let Some(twin) = twin {
            return Some((index, format!("is certificate {} again", twin + 1)));
        }
        if ca.not_after < now {
            return Some((index, format!("expired {}", date(ca.not_after))));
        }
        let successor = ca.not_before > first.not_before || ca.subject == first.subject;
        (own && !successor && !uses.include(ca))
            .then(|| (index, "has signed nothing that is here".to_owned()))
    });
    clutter
        .map(|(index, what)| {
            let subject = bundle.get(index).map(|ca| ca.subject.to_string()).unwrap_or_default();
            let message = format!("trusts `{subject}` in place {}, which {what}", index + 1);
            Fault::new(
                file.path(),
                message,
                Remedy::by_hand(format!("take certificate {} out of it", index + 1)),
            )
        })
        .collect()
}

/// More signatures than this are not checked for one file: a hostile bundle must not take hours. What would need more
/// is taken for used.
const MOST: usize = 1_000;

/// What a CA of a view may be of use for.
struct Uses<'a> {
    /// The certificates by the names of their issuers.
    signed: HashMap<&'a [u8], Vec<&'a Certificate>>,
    /// The private keys that there are.
    keys: HashSet<&'a PublicKey>,
    checks: usize,
}

impl<'a> Uses<'a> {
    fn of(view: &'a View<'a>) -> Self {
        let mut signed: HashMap<&[u8], Vec<&Certificate>> = HashMap::new();
        for certificate in view.sightings().map(|sighting| sighting.certificate()) {
            signed.entry(certificate.issuer.as_der()).or_default().push(certificate);
        }
        let contents = view.files().filter_map(|file| file.content());
        let keys = contents.flat_map(Content::private_keys).map(PrivateKey::public_key).collect();
        Self { signed, keys, checks: 0 }
    }

    /// Whether a CA has signed something in the view, or its key is there.
    fn include(&mut self, ca: &Certificate) -> bool {
        let signed = self.signed.get(ca.subject.as_der()).into_iter().flatten();
        for certificate in signed.filter(|certificate| **certificate != ca) {
            self.checks += 1;
            if self.checks > MOST || chain::signed_by(certificate, ca).is_ok() {
                return true;
            }
        }
        self.keys.contains(&ca.public_key)
    }
}
