//! `kubepki csr`: requests in a directory.

mod hostile;
mod kill;
mod kubectl;
mod life;
mod policy;
mod race;
mod renew;

use std::fs;

use kubepki::csr::CertificateSigningRequest;
use kubepki::csr::object::Object;
use kubepki::disk::Notation;
use kubepki::store::manifest::Manifest;

use crate::testbed::{Run, SINGLE, Testbed};

/// A testbed with the CA of a control plane in `out`.
fn office() -> Testbed {
    Testbed::applied(SINGLE)
}

impl Testbed {
    /// `kubepki csr …` in the Kubernetes directory `out`.
    fn csr(&self, arguments: &[&str]) -> Run {
        self.run(&[&["csr"], arguments, &["-d", "out"]].concat())
    }

    /// Makes a request for a client and keeps it.
    fn submitted(&self, name: &str, arguments: &[&str]) {
        let new = [&["new", name, "--cn", name], arguments].concat();
        let manifest = self.csr(&new).success().stdout;
        self.write(&format!("{name}.yaml"), manifest);
        self.csr(&["submit", &format!("{name}.yaml")]).success();
    }

    /// The object in the store's file of a name.
    fn stored(&self, name: &str) -> CertificateSigningRequest {
        let bytes = fs::read(self.path(format!("out/csr/{name}.yaml"))).unwrap();
        Manifest::read(&bytes, Notation::Yaml).unwrap().object
    }

    /// What `kubepki csr list` says of the state of a request.
    fn state(&self, name: &str) -> String {
        self.stored(name).state()
    }

    /// The serial numbers in the ledger.
    fn ledger(&self) -> Vec<String> {
        let path = self.path("out/.kubepki/ledger");
        let text = fs::read_to_string(path).unwrap_or_default();
        let serial = |line: &str| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["serial"].as_str().unwrap().to_owned()
        };
        text.lines().map(serial).collect()
    }

    /// The serial number of a request's certificate, as the ledger writes it.
    fn serial(&self, name: &str) -> Option<String> {
        let object = self.stored(name);
        let certificate = object.certificate()?;
        let serial = &kubepki::x509::Certificate::all_from_pem(certificate).unwrap()[0].serial;
        Some(kubepki::x509::hex::hex(serial).trim_start_matches("00").to_owned())
    }
}
