//! Requests that have been read: their signatures are checked once, however often an object is looked at.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::csr::request::{RequestError, Wanted};
use crate::x509::sha256;

/// What came of reading a request.
pub type Reading = Arc<Result<Wanted, RequestError>>;

/// What a request is known by: the SHA-256 of its bytes.
pub type Digest = Vec<u8>;

/// Requests that have been read, by the SHA-256 of their bytes. What is in here was computed from the bytes alone, so to
/// forget it costs time and nothing else.
#[derive(Debug, Default)]
pub struct Readings(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    readings: HashMap<Digest, Reading>,
    /// The octets of the requests that they are of.
    octets: usize,
}

/// As many octets of requests are known at most. A hundred thousand requests of kubelets have fifty megabytes; who asks
/// for more at the same time waits for their signatures.
const MOST_OCTETS: usize = 64 << 20;

impl Readings {
    /// What a request says, read now unless it was before.
    #[must_use]
    pub fn read(&self, bytes: &[u8]) -> Reading {
        self.read_known(bytes).1
    }

    /// The same, with what it is known by.
    #[must_use]
    pub fn read_known(&self, bytes: &[u8]) -> (Digest, Reading) {
        let digest = sha256(bytes);
        if let Some(known) = self.known().readings.get(&digest) {
            return (digest, Arc::clone(known));
        }
        // Others look things up meanwhile.
        let reading = Arc::new(Wanted::read(bytes));
        let mut known = self.known();
        if known.octets + bytes.len() > MOST_OCTETS {
            *known = Known::default();
        }
        if known.readings.insert(digest.clone(), Arc::clone(&reading)).is_none() {
            known.octets += bytes.len();
        }
        drop(known);
        (digest, reading)
    }

    /// Forgets every request but some, which have so many octets.
    pub fn retain(&self, wanted: &HashSet<Digest>, octets: usize) {
        let mut known = self.known();
        known.readings.retain(|digest, _| wanted.contains(digest));
        known.octets = octets.min(known.octets);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // What is known is right at any moment, and the count of octets is only a bound.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::{KeyAlgorithm, Name, PrivateKey, Request};

    fn request(name: &str) -> Vec<u8> {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        Request::make(&Name::new(name, &[]).unwrap(), &[], &key).unwrap().to_pem().unwrap().into_bytes()
    }

    #[test]
    fn a_request_is_read_once_and_memory_is_bounded() {
        let readings = Readings::default();
        let one = request("one");
        let (digest, first) = readings.read_known(&one);
        assert!(Arc::ptr_eq(&first, &readings.read(&one)));
        assert_eq!(first.as_ref().as_ref().unwrap().subject.common_name, "one");
        assert_eq!(*readings.read(b"none"), Err(RequestError::BlockType));
        readings.retain(&HashSet::from([digest]), one.len());
        assert_eq!(readings.known().readings.len(), 1);
        let large = vec![b'x'; MOST_OCTETS / 2];
        let _ = (readings.read(&large), readings.read(&[large, vec![b'y']].concat()));
        assert_eq!(readings.known().readings.len(), 1, "begun anew");
        assert!(!Arc::ptr_eq(&first, &readings.read(&one)));
    }
}
