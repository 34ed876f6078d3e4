//! The search for a path (RFC 4158): from the certificate upwards, candidates with the issuer's name in turn.
//!
//! A path is never given up for a fault, because the path with the mildest fault is to be told when none holds; but one
//! that is no better than the best so far is not followed further.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::rc::Rc;

use super::assess::{Assessor, Cost, Faults};
use super::budget::Limit;
use super::validity::validity;
use super::{Candidate, Conditions, Fault, Forbidden, MAX_REASONS, Place, Reason, Step, Validator, Verdict};
use crate::x509::Certificate;

/// The search for one certificate.
pub(super) struct Search<'v, 'a> {
    assessor: Assessor<'v, 'a>,
    /// Whether the certificate itself is a trust anchor.
    end_is_anchor: bool,
    /// Of a certificate: who may have signed it, the likeliest first.
    issuers: HashMap<usize, Rc<[usize]>>,
    path: Vec<usize>,
    best: Option<Found>,
}

/// A path, what is wrong with it, and what with its end.
struct Found {
    path: Vec<usize>,
    cost: Cost,
    end: Option<Fault>,
}

/// What is said of a certificate for which no path is offered, not even one of itself.
const NOTHING_FOUND: Fault = Fault::NoIssuer { issuer: None };

impl<'v, 'a> Search<'v, 'a> {
    pub fn new(
        validator: &'v Validator<'a>,
        certificate: &'a Certificate,
        conditions: &'v Conditions,
    ) -> Self {
        let twin = validator.by_bytes.get(certificate.as_der());
        let twin = twin.and_then(|position| validator.candidates.get(*position));
        Self {
            assessor: Assessor::new(validator, certificate, conditions),
            end_is_anchor: twin.is_some_and(|twin| matches!(twin.place, Place::Anchor(_))),
            issuers: HashMap::new(),
            path: vec![validator.candidates.len()],
            best: None,
        }
    }

    pub fn verdict(mut self) -> Verdict<'a> {
        let end = self.assessor.validator.candidates.len();
        let cost = self.assessor.own(end).cost;
        self.explore(cost);
        // The search offers one path at least.
        let found = self.best.take();
        let Found { path, end, .. } =
            found.unwrap_or(Found { path: vec![end], cost: Cost::default(), end: Some(NOTHING_FOUND) });
        let mut reasons = self.assessor.reasons(&path);
        reasons.extend(end.map(|fault| Reason { depth: path.len() - 1, fault }));
        if let Some(limit) = self.assessor.budget.reached
            && !reasons.is_empty()
            && !reasons.iter().any(|reason| reason.fault == Fault::Limit(limit))
        {
            reasons.push(Reason { depth: 0, fault: Fault::Limit(limit) });
        }
        reasons.sort_by_key(|reason| (Reverse(reason.fault.rank()), reason.depth));
        reasons.truncate(MAX_REASONS);
        let step = |position: &usize| {
            let Candidate { certificate, place, .. } = self.assessor.get(*position);
            Step { certificate, place, trusted: self.is_anchor(*position) }
        };
        Verdict { path: path.iter().map(step).collect(), reasons }
    }

    /// Continues the path, whose faults so far make `cost`.
    fn explore(&mut self, cost: Cost) {
        let Some(head) = self.path.last().copied() else { return };
        let is_anchor = self.is_anchor(head);
        if is_anchor {
            let is_end = !self.assessor.conditions.strict || self.assessor.is_self_signed(head);
            self.offer(cost, (!is_end).then_some(Fault::Forbidden(Forbidden::AnchorNotSelfSigned)));
            if is_end {
                return;
            }
        }
        let goes_on = self.go_on(head, cost);
        if !goes_on && !is_anchor {
            let certificate = self.assessor.get(head).certificate;
            let limit = self.assessor.budget.reached;
            let fault = match limit {
                Some(limit) if !self.issuers(head).is_empty() => Fault::Limit(limit),
                _ if certificate.is_self_issued() => Fault::NoIssuer { issuer: None },
                _ => Fault::NoIssuer { issuer: Some(certificate.issuer.clone()) },
            };
            self.offer(cost, Some(fault));
        }
    }

    /// Continues the path with each of its issuers; false when there is none.
    fn go_on(&mut self, head: usize, cost: Cost) -> bool {
        if self.path.len() >= Limit::Length.number() as usize {
            return self.assessor.budget.reach(Limit::Length);
        }
        let mut goes_on = false;
        // Of those whose signature it is not, the likeliest, in case that nobody's is.
        let mut suspect = None;
        for issuer in self.issuers(head).iter().copied() {
            if self.is_found() || !self.assessor.budget.take(Limit::Candidates) {
                return goes_on;
            }
            if self.is_in_path(issuer) {
                continue;
            }
            match self.assessor.signature(head, issuer) {
                Some(None) => {
                    self.follow(issuer, cost);
                    goes_on = true;
                }
                Some(Some(_)) => suspect = suspect.or(Some(issuer)),
                None => {}
            }
        }
        if let Some(issuer) = suspect {
            self.follow(issuer, cost);
            goes_on = true;
        }
        goes_on
    }

    /// Puts an issuer on the path and goes on from there, if that may lead to something better.
    fn follow(&mut self, issuer: usize, cost: Cost) {
        let below = self.path.clone();
        let cost =
            self.assessor.step(&below, issuer).iter().fold(cost, |cost, (_, faults)| cost + faults.cost);
        if self.best.as_ref().is_none_or(|best| cost < best.cost) {
            self.path.push(issuer);
            self.explore(cost);
            self.path.pop();
        }
    }

    /// Takes the path as it is, if it is better than the best so far.
    fn offer(&mut self, cost: Cost, end: Option<Fault>) {
        let cost = cost + Faults::from_iter(end.clone()).cost;
        if self.best.as_ref().is_none_or(|best| cost < best.cost) {
            self.best = Some(Found { path: self.path.clone(), cost, end });
        }
    }

    fn is_anchor(&self, position: usize) -> bool {
        match self.assessor.get(position).place {
            Place::End => self.end_is_anchor,
            Place::Anchor(_) => true,
            Place::Intermediate(_) => false,
        }
    }

    fn is_found(&self) -> bool {
        self.best.as_ref().is_some_and(|best| best.cost == Cost::default())
    }

    /// RFC 4158 §5.2: no certificate twice, nor another one with the same name and key, which would lead in a circle.
    fn is_in_path(&self, position: usize) -> bool {
        let one = self.assessor.get(position);
        self.path.iter().any(|other| {
            let other = self.assessor.get(*other);
            one.key == other.key && one.certificate.subject == other.certificate.subject
        })
    }

    /// RFC 5280 §6.1.3 (a)(4): those whose subject is the issuer, byte for byte as in Go and rustls. First those whose key
    /// identifier is the one that is named, then those where one of the two is missing, as in Go; then anchors; then what
    /// is valid, and a CA.
    fn issuers(&mut self, position: usize) -> Rc<[usize]> {
        if let Some(known) = self.issuers.get(&position) {
            return Rc::clone(known);
        }
        let certificate = self.assessor.get(position).certificate;
        let found = self.assessor.validator.by_subject.get(certificate.issuer.as_der());
        let mut found: Vec<usize> = found.cloned().unwrap_or_default();
        found.sort_by_cached_key(|issuer| {
            let Candidate { certificate: ca, place, .. } = self.assessor.get(*issuer);
            let identifiers = match (&certificate.authority_key_identifier, &ca.subject_key_identifier) {
                (Some(named), Some(has)) if named == has => 0,
                (Some(_), Some(_)) => 2,
                _ => 1,
            };
            let is_valid = validity(ca, self.assessor.conditions.at).is_none();
            (identifiers, !matches!(place, Place::Anchor(_)), !is_valid, !ca.is_ca())
        });
        let found: Rc<[usize]> = found.into();
        self.issuers.insert(position, Rc::clone(&found));
        found
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::x509::PrivateKey;
    use crate::x509::forge::{Forge, key, wrap};
    use time::macros::datetime;

    fn conditions() -> Conditions {
        Conditions::at(datetime!(2027-01-01 0:00 UTC))
    }

    /// The names and codes of what is wrong, and the subjects of the path.
    fn told(verdict: &Verdict<'_>) -> (Vec<String>, Vec<(usize, &'static str)>) {
        let path = verdict.path.iter().map(|step| step.certificate.subject.to_string());
        let reasons = verdict.reasons.iter().map(|reason| (reason.depth, reason.fault.code()));
        (path.collect(), reasons.collect())
    }

    struct Authority {
        key: PrivateKey,
        certificate: Certificate,
    }

    fn root_of(name: &str) -> Authority {
        let key = key();
        let certificate = Forge::ca(name, name, key.public_key()).sign(&key);
        Authority { key, certificate }
    }

    impl Authority {
        fn name(&self) -> &str {
            self.certificate.subject.common_name().unwrap()
        }

        fn intermediate(&self, name: &str) -> Self {
            let key = key();
            let certificate = self.certify(&Forge::ca(name, self.name(), key.public_key()));
            Self { key, certificate }
        }

        /// A certificate of this CA for another one's name and key.
        fn cross(&self, other: &Self) -> Certificate {
            self.certify(&Forge::ca(other.name(), self.name(), &other.certificate.public_key))
        }

        fn leaf(&self, name: &str) -> Certificate {
            let key = key();
            self.certify(&Forge::new(name, self.name(), key.public_key()).dns(name))
        }

        fn certify(&self, forge: &Forge) -> Certificate {
            let identifier = self.certificate.public_key.identifier();
            forge.clone().authority_key_identifier(&identifier).sign(&self.key)
        }
    }

    #[test]
    fn a_path_is_built_over_intermediates_in_any_order() {
        let root = root_of("root");
        let one = root.intermediate("one");
        let two = one.intermediate("two");
        let leaf = two.leaf("leaf");
        let stranger = root_of("stranger");
        let intermediates = [&one.certificate, &leaf, &stranger.certificate, &two.certificate];
        let validator = Validator::new(&[&root.certificate], &intermediates);
        let verdict = validator.validate(&leaf, &conditions());
        assert_eq!(
            told(&verdict),
            (["CN=leaf", "CN=two", "CN=one", "CN=root"].map(String::from).into(), vec![])
        );
        let places: Vec<Place> = verdict.path.iter().map(|step| step.place).collect();
        assert_eq!(places, [Place::End, Place::Intermediate(3), Place::Intermediate(0), Place::Anchor(0)]);

        // An intermediate that is trusted ends the path, but not in strict mode, where the root may be an intermediate.
        let validator = Validator::new(&[&two.certificate], &intermediates);
        assert_eq!(validator.validate(&leaf, &conditions()).path.len(), 2);
        let strict = Conditions { strict: true, ..conditions() };
        let verdict = validator.validate(&leaf, &strict);
        assert_eq!(told(&verdict).1, [(1, "anchor-not-self-signed")]);
        let validator = Validator::new(&[&two.certificate, &root.certificate], &intermediates);
        let verdict = validator.validate(&leaf, &strict);
        assert_eq!(
            told(&verdict),
            (["CN=leaf", "CN=two", "CN=one", "CN=root"].map(String::from).into(), vec![])
        );
    }

    #[test]
    fn what_is_trusted_itself_needs_no_issuer() {
        let root = root_of("root");
        let leaf = root.leaf("leaf");
        for certificate in [&root.certificate, &leaf] {
            let validator = Validator::new(&[certificate], &[]);
            let verdict = validator.validate(certificate, &conditions());
            assert!(verdict.is_valid() && verdict.path.len() == 1);
        }
        let other = root_of("other");
        let validator = Validator::new(&[&other.certificate], &[&root.certificate]);
        let verdict = validator.validate(&root.certificate, &conditions());
        assert_eq!(told(&verdict), (vec!["CN=root".to_owned()], vec![(0, "no-issuer")]));
        assert!(verdict.reasons[0].fault.to_string().starts_with("is signed by itself"));
    }

    #[test]
    fn the_nearest_path_is_told_with_everything_that_is_wrong() {
        let root = root_of("root");
        let key = key();
        let expired = Forge::ca("one", "root", key.public_key()).valid("200101000000Z", "210101000000Z");
        let expired = Authority { certificate: root.certify(&expired), key };
        let leaf = Forge::new("leaf", "one", &expired.certificate.public_key)
            .valid("200101000000Z", "210101000000Z");
        let leaf = expired.certify(&leaf);
        let validator = Validator::new(&[&root.certificate], &[&expired.certificate]);
        let names = vec!["leaf".parse().unwrap()];
        let verdict = validator.validate(&leaf, &Conditions { names, ..conditions() });
        assert_eq!(told(&verdict).1, [(0, "expired"), (1, "expired"), (0, "name-mismatch")]);

        // Nothing leads to an anchor: the path goes as far as it goes.
        let validator = Validator::new(&[], &[&expired.certificate]);
        let verdict = validator.validate(&leaf, &conditions());
        assert_eq!(told(&verdict).1, [(1, "no-issuer"), (0, "expired"), (1, "expired")]);

        // A signature of nobody: the path shows whose it ought to be.
        let impostor = root_of("root");
        let validator = Validator::new(&[&impostor.certificate], &[]);
        let leaf = root.leaf("leaf");
        let verdict = validator.validate(&leaf, &conditions());
        assert_eq!(told(&verdict).1, [(0, "signature")]);
        assert_eq!(verdict.path.len(), 2);
    }

    #[test]
    fn a_better_path_is_found_behind_a_worse_one() {
        let root = root_of("root");
        let key = key();
        // Two certificates of one CA: an expired one comes first, and has the key identifier that is named.
        let old = Forge::ca("one", "root", key.public_key()).valid("200101000000Z", "210101000000Z");
        let old = root.certify(&old);
        let fresh = root.certify(&Forge::ca("one", "root", key.public_key()));
        let leaf = Authority { key, certificate: fresh.clone() }.leaf("leaf");
        for intermediates in [[&old, &fresh], [&fresh, &old]] {
            let validator = Validator::new(&[&root.certificate], &intermediates);
            assert!(validator.validate(&leaf, &conditions()).is_valid());
            let early = Conditions::at(datetime!(2020-06-01 0:00 UTC));
            assert_eq!(told(&validator.validate(&leaf, &early)).1.last(), Some(&(2, "not-yet-valid")));
        }
    }

    #[test]
    fn of_several_candidates_with_one_name_the_right_one_is_found() {
        let root = root_of("root");
        let wrong: Vec<Authority> = (0..20).map(|_| root.intermediate("one")).collect();
        let right = root.intermediate("one");
        let key = key();
        for leaf in [
            right.leaf("leaf"),
            // Without a key identifier all of them are tried.
            Forge::new("leaf", "one", key.public_key()).sign(&right.key),
            // With the key identifier of another one, that one is tried first.
            Forge::new("leaf", "one", key.public_key())
                .authority_key_identifier(&wrong[0].certificate.public_key.identifier())
                .sign(&right.key),
        ] {
            let candidates: Vec<&Certificate> =
                wrong.iter().chain([&right]).map(|authority| &authority.certificate).collect();
            let validator = Validator::new(&[&root.certificate], &candidates);
            let verdict = validator.validate(&leaf, &conditions());
            assert!(verdict.is_valid(), "{:?}", verdict.reasons);
            assert_eq!(verdict.path[1].certificate, &right.certificate);
        }
    }

    #[test]
    fn circles_end() {
        let (a, b, c) = (root_of("a"), root_of("b"), root_of("c"));
        let cross = [a.cross(&b), b.cross(&c), c.cross(&a), b.cross(&a), c.cross(&b), a.cross(&c)];
        let leaf = a.leaf("leaf");
        let trusted = root_of("trusted");
        let intermediates: Vec<&Certificate> =
            cross.iter().chain([&a.certificate, &b.certificate, &c.certificate]).collect();
        let validator = Validator::new(&[&trusted.certificate], &intermediates);
        let verdict = validator.validate(&leaf, &conditions());
        assert!(verdict.reasons.iter().any(|reason| reason.fault.code() == "no-issuer"));
        let anchored = trusted.cross(&c);
        let validator = Validator::new(&[&trusted.certificate], &[&intermediates[..], &[&anchored]].concat());
        let verdict = validator.validate(&leaf, &conditions());
        assert!(verdict.is_valid(), "{:?}", told(&verdict));
    }

    /// A key rollover: the same name, a new key, certified by the old one and by the root.
    #[test]
    fn self_issued_certificates_count_for_nothing() {
        let root = root_of("root");
        let key = key();
        let content = [0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x00];
        let one = Forge::ca("one", "root", key.public_key())
            .without(const_oid::db::rfc5280::ID_CE_BASIC_CONSTRAINTS);
        let one = one.extension(const_oid::db::rfc5280::ID_CE_BASIC_CONSTRAINTS, true, &content);
        let one = Authority { certificate: root.certify(&one), key };
        let rolled_over = one.intermediate("one");
        let leaf = rolled_over.leaf("leaf");
        let validator = Validator::new(&[&root.certificate], &[&one.certificate, &rolled_over.certificate]);
        let verdict = validator.validate(&leaf, &conditions());
        assert!(verdict.is_valid(), "{:?}", told(&verdict));
        assert_eq!(verdict.path.len(), 4);
        let two = one.intermediate("two");
        let leaf = two.leaf("leaf");
        let validator = Validator::new(&[&root.certificate], &[&one.certificate, &two.certificate]);
        assert_eq!(told(&validator.validate(&leaf, &conditions())).1, [(2, "path-length")]);
    }

    #[track_caller]
    fn in_time(what: &str, run: impl FnOnce()) {
        let started = Instant::now();
        run();
        let took = started.elapsed();
        println!("{what}: {took:?}");
        // Unoptimised, and beside other tests.
        assert!(took < Duration::from_secs(60), "{what}: {took:?}");
    }

    #[test]
    fn a_thousand_candidates_with_one_name_are_bounded() {
        let root = root_of("root");
        let right = root.intermediate("one");
        let mut all: Vec<Certificate> = (0..1000).map(|_| root.intermediate("one").certificate).collect();
        all.push(right.certificate.clone());
        let all: Vec<&Certificate> = all.iter().collect();
        let validator = Validator::new(&[&root.certificate], &all);
        in_time("1,000 candidates, the right one named by its key", || {
            assert!(validator.validate(&right.leaf("leaf"), &conditions()).is_valid());
        });
        in_time("1,000 candidates, none named", || {
            let key = key();
            let leaf = Forge::new("leaf", "one", key.public_key()).sign(&right.key);
            let verdict = validator.validate(&leaf, &conditions());
            assert_eq!(verdict.reasons[0].fault, Fault::Limit(Limit::Signatures));
        });
        in_time("1,000 candidates with one key", || {
            let mut crossed = vec![root.certificate.clone(); 1000];
            for (number, certificate) in crossed.iter_mut().enumerate() {
                let mut forge = Forge::ca("one", "root", &right.certificate.public_key);
                forge.serial = vec![0x02, 0x02, 0x01, u8::try_from(number % 256).unwrap()];
                forge.validity =
                    crate::x509::forge::validity("200101000000Z", &format!("2101010000{:02}Z", number / 256));
                *certificate = root.certify(&forge);
            }
            let crossed: Vec<&Certificate> = crossed.iter().collect();
            let validator = Validator::new(&[&root.certificate], &crossed);
            let leaf = right.leaf("leaf");
            let verdict = validator.validate(&leaf, &conditions());
            assert_eq!(told(&verdict).1[0], (1, "expired"));
        });
    }

    /// Every CA has certified every other one: there are more paths than anyone can walk.
    #[test]
    fn a_mesh_of_cross_certificates_is_bounded() {
        let all: Vec<Authority> = (0..40).map(|number| root_of(&format!("ca{number}"))).collect();
        let mut cross = Vec::new();
        for one in &all {
            cross.extend(all.iter().filter(|other| other.name() != one.name()).map(|other| one.cross(other)));
        }
        let cross: Vec<&Certificate> = cross.iter().collect();
        let trusted = root_of("trusted");
        let leaf = all[0].leaf("leaf");
        for strict in [false, true] {
            in_time("1,560 cross-certificates of 40 CAs", || {
                let validator = Validator::new(&[&trusted.certificate], &cross);
                let verdict = validator.validate(&leaf, &Conditions { strict, ..conditions() });
                assert!(!verdict.is_valid());
            });
        }
        let small: Vec<&Certificate> = cross
            .iter()
            .copied()
            .filter(|certificate| {
                let names =
                    [&certificate.subject, &certificate.issuer].map(|name| name.common_name().unwrap().len());
                names == [3, 3]
            })
            .collect();
        assert_eq!(small.len(), 90);
        in_time("90 cross-certificates of 10 CAs", || {
            let validator = Validator::new(&[&trusted.certificate], &small);
            assert!(!validator.validate(&leaf, &conditions()).is_valid());
        });
    }

    /// Signatures that are not checked cost nothing, so only the length of the path ends this one.
    #[test]
    fn a_long_path_is_bounded() {
        let sha1 = [0x30, 0x09, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];
        let authority = root_of("ca0");
        let all: Vec<Certificate> = (0..1000)
            .map(|number| {
                let key = key();
                let mut forge =
                    Forge::ca(&format!("ca{number}"), &format!("ca{}", number + 1), key.public_key());
                (forge.inner_algorithm, forge.outer_algorithm) = (sha1.to_vec(), sha1.to_vec());
                forge.sign(&authority.key)
            })
            .collect();
        let all: Vec<&Certificate> = all.iter().collect();
        in_time("a path of 1,000 certificates", || {
            let validator = Validator::new(&[], &all);
            let verdict = validator.validate(all[0], &conditions());
            assert!(!verdict.is_valid() && verdict.path.len() <= 100);
        });
    }

    /// A key of 64 KiB, with which nobody waits for a signature to be checked, here or by rustls.
    #[test]
    fn a_giant_key_is_not_tried() {
        let modulus = wrap(0x02, &[&[0x00, 0xc1][..], &vec![0xa5; 65_535]].concat());
        let pair = wrap(0x30, &[&modulus[..], &[0x02, 0x03, 0x01, 0x00, 0x01]].concat());
        let rsa = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
        let algorithm = |last: u8| [&rsa[..], &[last, 0x05, 0x00]].concat();
        let bits = wrap(0x03, &[&[0x00], &pair[..]].concat());
        let key = key();
        let mut ca = Forge::ca("ca", "ca", key.public_key());
        ca.public_key = wrap(0x30, &[algorithm(0x01), bits].concat());
        let mut leaf = Forge::new("leaf", "ca", key.public_key());
        (leaf.inner_algorithm, leaf.outer_algorithm) = (algorithm(0x0b), algorithm(0x0b));
        let (ca, leaf) = (ca.sign(&key), leaf.sign(&key));
        in_time("a key of 64 KiB", || {
            let validator = Validator::new(&[&ca], &[]);
            let verdict = validator.validate(&leaf, &conditions());
            assert_eq!(told(&verdict).1, [(0, "signature-unsupported")]);
        });
        in_time("a key of 64 KiB in rustls", || {
            assert!(crate::x509::rustls::opinion(&leaf, &[&ca], &[], &conditions()).is_err());
        });
    }
}
