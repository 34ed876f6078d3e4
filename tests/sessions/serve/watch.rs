//! Watches: from where they begin, what they see, how they end.

use super::client::P;
use super::{Served, simple};

fn events(client: &mut super::Client, count: usize) -> Vec<(String, serde_json::Value)> {
    let mut all = Vec::new();
    while all.len() < count {
        all.extend(client.events().unwrap());
    }
    all
}

fn kinds(events: &[(String, serde_json::Value)]) -> Vec<String> {
    let one = |(kind, object): &(String, serde_json::Value)| {
        format!("{kind} {}", object["metadata"]["name"].as_str().unwrap_or_default())
    };
    events.iter().map(one).collect()
}

#[test]
fn what_is_there_then_what_changes() {
    let served = Served::new();
    let mut admin = served.admin();
    for name in ["a", "b"] {
        admin.json("POST", P, &simple(name)).code(201);
    }
    let version = admin.get(P).json()["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    let mut initial = served.admin();
    let query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    initial.watch(query).code(200);
    let seen = events(&mut initial, 3);
    assert_eq!(kinds(&seen), ["ADDED a", "ADDED b", "BOOKMARK "]);
    assert_eq!(seen[2].1["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
    assert_eq!(seen[2].1["metadata"]["resourceVersion"], version.as_str());
    let mut behind = served.admin();
    behind.watch(&format!("resourceVersion={version}")).code(200);
    let mut labelled = served.admin();
    labelled.watch("labelSelector=x%3D1&fieldSelector=metadata.name%3Da").code(200);

    let patch = |admin: &mut super::Client, text: &str| {
        let headers = [("Content-Type", "application/merge-patch+json")];
        admin.ask("PATCH", &format!("{P}/a"), &headers, text.as_bytes()).code(200);
    };
    patch(&mut admin, "{\"metadata\":{\"labels\":{\"x\":\"1\"}}}");
    patch(&mut admin, "{\"metadata\":{\"labels\":{\"x\":\"1\"}}}");
    patch(&mut admin, "{\"metadata\":{\"labels\":{\"x\":\"2\"}}}");
    admin.ask("DELETE", &format!("{P}/a"), &[], b"").code(200);
    assert_eq!(kinds(&events(&mut labelled, 2)), ["ADDED a", "DELETED a"], "in and out of sight");
    let live = events(&mut behind, 3);
    assert_eq!(
        kinds(&live),
        ["MODIFIED a", "MODIFIED a", "DELETED a"],
        "a patch that changes nothing is none"
    );
    let versions: Vec<u64> = live
        .iter()
        .map(|(_, object)| object["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap())
        .collect();
    assert!(versions.is_sorted() && versions[0] > version.parse().unwrap());
    assert_eq!(kinds(&events(&mut initial, 3)), ["MODIFIED a", "MODIFIED a", "DELETED a"]);
}

#[test]
fn what_is_not_as_it_must_be_is_refused() {
    let served = Served::new();
    let mut admin = served.admin();
    admin.json("POST", P, &simple("a")).code(201);
    for (query, code) in [
        ("watch=true&sendInitialEvents=true", 422),
        ("watch=true&resourceVersionMatch=NotOlderThan", 422),
        ("sendInitialEvents=true", 422),
        ("resourceVersionMatch=Exact", 422),
        ("resourceVersion=x", 400),
        ("resourceVersion=99999999999999999", 504),
        ("continue=x", 400),
        ("limit=x", 400),
        ("fieldSelector=spec.request%3Dx", 400),
        ("labelSelector=%3D%3D", 400),
    ] {
        let reply = admin.get(&format!("{P}?{query}"));
        assert_eq!(reply.code, code, "{query}: {}", reply.message());
    }
    // What is forgotten is told inside the stream, as kube-apiserver does.
    admin.watch("resourceVersion=1").code(200);
    let (kind, status) = admin.events().unwrap().remove(0);
    assert_eq!(
        (kind.as_str(), &status["code"], &status["reason"]),
        ("ERROR", &410.into(), &"Expired".into())
    );
    assert!(status["message"].as_str().unwrap().starts_with("too old resource version: 1 ("));
    assert!(admin.chunk().is_none());
}

#[test]
fn a_watch_ends_when_its_time_is_over_or_the_server_stops() {
    let mut served = Served::new();
    let mut short = served.admin();
    short.watch("timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion=0").code(200);
    let last = short.events().unwrap();
    assert_eq!(kinds(&last), ["BOOKMARK "], "a client that asks for it is told how far it has come");
    assert!(short.chunk().is_none());
    // The connection is good for more.
    short.get(P).code(200);
    let mut long = served.admin();
    long.watch("").code(200);
    assert_eq!(served.stop(), 0);
    assert!(long.chunk().is_none(), "the stream ends as it should");
}

#[test]
fn pages_are_one_list() {
    let served = Served::new();
    let mut admin = served.admin();
    let names: Vec<String> = (0..7).map(|index| format!("r{index}")).collect();
    for name in &names {
        admin.json("POST", P, &simple(name)).code(201);
    }
    let (mut found, mut token, mut versions) = (Vec::new(), String::new(), Vec::new());
    loop {
        let page = admin.get(&format!("{P}?limit=3&continue={token}")).code(200).json();
        for item in page["items"].as_array().unwrap() {
            assert!(item.get("kind").is_none());
            found.push(item["metadata"]["name"].as_str().unwrap().to_owned());
        }
        versions.push(page["metadata"]["resourceVersion"].clone());
        match page["metadata"]["continue"].as_str() {
            None => break,
            Some(next) => {
                assert_eq!(page["metadata"]["remainingItemCount"], 7 - found.len());
                token = next.to_owned();
            }
        }
        admin.json("POST", P, &simple(&format!("a{}", found.len()))).code(201);
    }
    assert_eq!(found, names);
    versions.dedup();
    assert_eq!(versions.len(), 1, "a watch from there misses nothing");
}
