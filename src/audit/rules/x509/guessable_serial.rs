//! `KP-X5008`: serial numbers that can be guessed.

use std::collections::BTreeMap;

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Scene, Sighting};
use crate::x509::hex::hex;

rule! {
    /// A CA's serial numbers are small, or follow each other.
    ///
    /// ## Why it matters
    ///
    /// Who can guess what a CA will sign can prepare a collision, if the hash allows any; and two machines that count, each
    /// for itself, give out the same number twice. 64 bits from a random generator are enough, and kubeadm's 63 are.
    ///
    /// ## What to do
    ///
    /// Nothing has to be done. kubepki gives out random numbers: `kubepki renew` replaces the certificates.
    ///
    /// ## References
    ///
    /// CA/Browser Forum, Baseline Requirements 7.1: at least 64 bits from a CSPRNG.
    "KP-X5008" "guessable-serial" Low Scene "clusters with certificates that a CA has signed"
}

/// Numbers of so few octets are not random: of kubeadm's one in two thousand million is so small.
const SMALL: usize = 4;

fn applies(scene: &Scene<'_>) -> bool {
    signed(scene).next().is_some()
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let mut of_issuer: BTreeMap<(usize, &[u8]), Vec<Sighting<'_>>> = BTreeMap::new();
    for sighting in signed(scene) {
        let issuer = sighting.certificate().issuer.as_der();
        of_issuer.entry((sighting.view.position, issuer)).or_default().push(sighting);
    }
    of_issuer.into_values().filter_map(|mut all| fault(&mut all)).collect()
}

/// Certificates that another one has signed: nobody compares a root's own number with others.
fn signed<'a>(scene: &'a Scene<'a>) -> impl Iterator<Item = Sighting<'a>> {
    scene.sightings().filter(|sighting| !sighting.certificate().is_self_issued())
}

fn fault(all: &mut [Sighting<'_>]) -> Option<Fault> {
    let number = |sighting: &Sighting<'_>| -> Option<Vec<u8>> {
        let serial =
            sighting.certificate().serial.strip_prefix(&[0]).unwrap_or(&sighting.certificate().serial);
        // What is negative or zero is told of elsewhere.
        (sighting.certificate().serial.first().is_some_and(|first| *first < 0x80) && !serial.is_empty())
            .then(|| serial.to_vec())
    };
    let mut small: Vec<(Vec<u8>, &Sighting<'_>)> = Vec::new();
    let mut numbers: Vec<(Vec<u8>, &Sighting<'_>)> = Vec::new();
    for sighting in all.iter() {
        let Some(number) = number(sighting) else { continue };
        if number.len() <= SMALL { &mut small } else { &mut numbers }.push((number, sighting));
    }
    numbers.sort_by(|(one, _), (other, _)| (one.len(), one).cmp(&(other.len(), other)));
    let sequential =
        numbers.iter().zip(numbers.iter().skip(1)).find(|((one, _), (other, _))| follows(one, other));
    let (message, sighting) = match (small.first(), sequential) {
        (Some((number, first)), _) => {
            let message = format!(
                "is one of {} certificates of `{}` with small serial numbers ({})",
                small.len(),
                first.certificate().issuer,
                hex(number)
            );
            (message, first)
        }
        (None, Some(((_, one), (number, other)))) => {
            let message =
                format!("its serial number {} follows that of {}", hex(number), one.path().display());
            (message, other)
        }
        _ => return None,
    };
    let remedy = Remedy::advice("nothing has to be done; kubepki gives out random numbers");
    let fault = Fault::new(sighting.path(), format!("{}{message}", sighting.which()), remedy);
    Some(Fault { anchor: Some(sighting.anchor()), ..fault })
}

/// Whether one number is the other and one more.
fn follows(one: &[u8], other: &[u8]) -> bool {
    let mut next = one.to_vec();
    for octet in next.iter_mut().rev() {
        let (sum, carried) = octet.overflowing_add(1);
        *octet = sum;
        if !carried {
            return next == other;
        }
    }
    false
}
