//! Killed under load, the server loses nothing that it has acknowledged, and signs nothing twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::client::{P, Who};
use super::{Served, approved, certificate, simple};

#[test]
fn what_was_acknowledged_is_there_after_sigkill() {
    let mut served = Served::new();
    let acknowledged: Mutex<BTreeMap<String, (String, bool)>> = Mutex::default();
    let deleted: Mutex<BTreeSet<String>> = Mutex::default();
    for round in 0..4 {
        let stop = AtomicBool::new(false);
        let (port, authority) = (served.port, served.authority());
        let who = Who::of(&served.bed.kubeconfig("out/admin.conf"));
        std::thread::scope(|scope| {
            for worker in 0..4 {
                let (acknowledged, deleted, stop) = (&acknowledged, &deleted, &stop);
                let (authority, who) = (authority.clone(), who.clone());
                scope.spawn(move || {
                    let work = || {
                        let mut client = super::Client::connect(port, &authority, &who);
                        for index in 0.. {
                            let name = format!("r{round}-{worker}-{index}");
                            let made = client.json("POST", P, &simple(&name)).code(201).json();
                            let uid = made["metadata"]["uid"].as_str().unwrap().to_owned();
                            acknowledged.lock().unwrap().insert(name.clone(), (uid.clone(), false));
                            client.json("PUT", &format!("{P}/{name}/approval"), &approved(made)).code(200);
                            acknowledged.lock().unwrap().insert(name.clone(), (uid, true));
                            if index % 5 == 4 {
                                // What becomes of it is not known until it is answered.
                                acknowledged.lock().unwrap().remove(&name);
                                client.ask("DELETE", &format!("{P}/{name}"), &[], b"").code(200);
                                deleted.lock().unwrap().insert(name);
                            }
                        }
                    };
                    // The connection breaks when the server is killed.
                    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
                    assert!(outcome.is_ok() || stop.load(Ordering::Acquire), "before the server was killed");
                });
            }
            std::thread::sleep(Duration::from_millis(700 + 350 * round));
            stop.store(true, Ordering::Release);
            served.child.kill().unwrap();
            served.child.wait().unwrap();
        });
        served.restart(&[]);
    }
    let mut admin = served.admin();
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() > 20, "{}", acknowledged.len());
    let mut serials = BTreeSet::new();
    for (name, (uid, is_approved)) in &acknowledged {
        let object = admin.get(&format!("{P}/{name}")).code(200).json();
        assert_eq!(object["metadata"]["uid"], uid.as_str(), "{name}");
        if *is_approved {
            let certificate = certificate(&mut admin, name);
            assert!(
                serials
                    .insert(kubepki::x509::hex::hex(&certificate.serial).trim_start_matches("00").to_owned())
            );
        }
    }
    for name in deleted.into_inner().unwrap() {
        admin.get(&format!("{P}/{name}")).code(404);
    }
    // Every certificate is in the ledger, and none twice for one request.
    let ledger = served.bed.read("out/.kubepki/ledger");
    let entries: Vec<Value> = ledger.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let known: BTreeSet<String> =
        entries.iter().map(|entry| entry["serial"].as_str().unwrap().to_owned()).collect();
    assert!(serials.is_subset(&known), "{:?}", serials.difference(&known).collect::<Vec<_>>());
    let uids: BTreeSet<&str> =
        entries.iter().map(|entry| entry["request"]["uid"].as_str().unwrap()).collect();
    assert_eq!(uids.len(), entries.len(), "one certificate for each request");
}

#[test]
fn a_watch_goes_on_where_it_was_or_is_told_to_begin_again() {
    let mut served = Served::new();
    let mut admin = served.admin();
    for name in ["a", "b"] {
        admin.json("POST", P, &simple(name)).code(201);
    }
    let version = admin.get(P).json()["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    served.child.kill().unwrap();
    served.child.wait().unwrap();
    served.restart(&[]);
    let mut watch = served.admin();
    watch.watch(&format!("resourceVersion={version}")).code(200);
    served.admin().json("POST", P, &simple("c")).code(201);
    let (kind, object) = watch.events().unwrap().remove(0);
    assert_eq!((kind.as_str(), &object["metadata"]["name"]), ("ADDED", &"c".into()), "nothing was missed");
    let old: u64 = version.parse().unwrap();
    let mut late = served.admin();
    late.watch(&format!("resourceVersion={}", old - 1)).code(200);
    let (kind, status) = late.events().unwrap().remove(0);
    assert_eq!((kind.as_str(), &status["code"]), ("ERROR", &410.into()));
}
