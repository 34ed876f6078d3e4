//! Every certificate of a scene in every place where it stands: what is counted, listed and drawn.

use std::path::Path;

use crate::audit::Scene;
use crate::catalog::FileRole;
use crate::disk::content::{Broken, ContentError, Item};
use crate::disk::kubeconfig::Source;
use crate::disk::{Found, Kubeconfig};
use crate::target::Site;
use crate::x509::Certificate;

/// A certificate where it stands, or what stands in its place.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a> {
    /// The position of the directory.
    pub view: usize,
    /// The file.
    pub path: &'a Path,
    /// To whom the file belongs.
    pub site: Option<&'a Site>,
    /// The credential that the file is of.
    pub role: Option<&'a str>,
    /// What it is in a kubeconfig.
    pub embedded: Option<Embedded<'a>>,
    /// The certificate, or why there is none.
    pub certificate: Result<&'a Certificate, Reason>,
}

/// A part of a kubeconfig.
#[derive(Clone, Copy, Debug)]
pub struct Embedded<'a> {
    /// `cluster` or `user`.
    pub kind: &'static str,
    /// Its name.
    pub name: &'a str,
}

/// Why there is no certificate, in the words of x509-certificate-exporter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// It does not parse.
    BadPem,
    /// What a kubeconfig embeds does not decode.
    DecodeFailed,
    /// The file could not be read.
    ReadFailed,
}

impl Reason {
    /// Every reason with its word.
    pub const ALL: [(&'static str, Self); 3] =
        [("bad_pem", Self::BadPem), ("decode_failed", Self::DecodeFailed), ("read_failed", Self::ReadFailed)];
}

/// A file in which certificates may be.
#[derive(Clone, Copy)]
struct Place<'a> {
    view: usize,
    path: &'a Path,
    site: Option<&'a Site>,
    role: Option<&'a str>,
    /// Whether there ought to be a certificate in it.
    meant: bool,
}

/// Every certificate of a scene: in the order of the directories, of their targets, then of other files.
#[must_use]
pub fn held<'a>(scene: &'a Scene<'_>) -> Vec<Held<'a>> {
    let mut all = Vec::new();
    for (view, directory) in scene.views.iter().enumerate() {
        for (index, target) in directory.targets.list.iter().enumerate() {
            for entry in directory.survey.of_target(index) {
                let meant = matches!(entry.file.role, FileRole::Certificate | FileRole::Kubeconfig);
                let (path, site) = (entry.file.path.as_path(), Some(&target.site));
                let role = Some(target.credential.as_str());
                file(&mut all, &Place { view, path, site, role, meant }, &entry.found);
            }
        }
        for stray in &directory.survey.strays {
            let (path, site) = (stray.path.as_path(), stray.site.as_ref());
            file(&mut all, &Place { view, path, site, role: None, meant: false }, &stray.found);
        }
    }
    all
}

fn file<'a>(all: &mut Vec<Held<'a>>, place: &Place<'a>, found: &'a Found) {
    let present = match found {
        Found::Missing => return,
        Found::Unreadable(_) => {
            all.extend(place.meant.then(|| place.holds(None, Err(Reason::ReadFailed))));
            return;
        }
        Found::Present(present) => present,
    };
    for item in &present.content.items {
        match item {
            Ok(Item::Certificate(certificate)) => all.push(place.holds(None, Ok(certificate))),
            Ok(Item::Kubeconfig(kubeconfig)) => embedded(all, place, kubeconfig),
            Err(broken) if place.meant || is_certificate(broken) => {
                all.push(place.holds(None, Err(Reason::BadPem)));
            }
            _ => {}
        }
    }
}

fn embedded<'a>(all: &mut Vec<Held<'a>>, place: &Place<'a>, kubeconfig: &'a Kubeconfig) {
    for (kind, name, source) in [
        ("cluster", &kubeconfig.cluster, &kubeconfig.authority),
        ("user", &kubeconfig.user, &kubeconfig.certificate),
    ] {
        let part = Some(Embedded { kind, name });
        match source {
            Source::Embedded(Ok(certificates)) => {
                all.extend(certificates.iter().map(|certificate| place.holds(part, Ok(certificate))));
            }
            Source::Embedded(Err(_)) => all.push(place.holds(part, Err(Reason::DecodeFailed))),
            Source::Absent | Source::File(_) => {}
        }
    }
}

impl<'a> Place<'a> {
    fn holds(
        &self,
        embedded: Option<Embedded<'a>>,
        certificate: Result<&'a Certificate, Reason>,
    ) -> Held<'a> {
        let Self { view, path, site, role, .. } = *self;
        Held { view, path, site, role, embedded, certificate }
    }
}

fn is_certificate(broken: &Broken) -> bool {
    broken.kind == Some("certificate") && broken.error != ContentError::Empty
}
