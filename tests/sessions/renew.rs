//! `kubepki renew`: what is asked for, whatever its age.

use time::Duration;

use crate::testbed::{FLEET, SINGLE, Testbed, changed};

#[test]
fn names_are_renewed_with_new_keys() {
    let bed = Testbed::applied(SINGLE);
    let before = bed.snapshot("out");
    let ran = bed.run(&["renew", "apiserver", "admin", "-f", "cluster.yaml", "-d", "out"]).success();
    ran.out("-/+ rekey   apiserver   asked for")
        .out("Done: 2 rekeyed")
        .out("What was replaced is kept in ")
        .out("restart those");
    assert_eq!(
        changed(&before, &bed.snapshot("out")),
        ["admin.conf", "pki/apiserver.crt", "pki/apiserver.key"]
    );
    bed.assert_pairs_match("out");
    bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "out"]).success();
}

#[test]
fn keys_may_be_kept() {
    let bed = Testbed::applied(SINGLE);
    let before = bed.snapshot("out");
    let client = bed.client("out/admin.conf").public_key;
    bed.run(&["renew", "--all", "--keep-key", "-f", "cluster.yaml", "-d", "out"])
        .success()
        .out("12 reissued");
    let now = changed(&before, &bed.snapshot("out"));
    assert_eq!(now.len(), 12, "{now:?}");
    assert!(!now.iter().any(|path| path.ends_with(".key")));
    assert_eq!(bed.client("out/admin.conf").public_key, client);
    bed.assert_pairs_match("out");

    // A key that is of the wrong kind, or gone, cannot be kept.
    std::fs::remove_file(bed.path("out/pki/etcd/peer.key")).unwrap();
    let ran = bed.run(&["renew", "etcd-peer", "--keep-key", "-f", "cluster.yaml", "-d", "out"]).success();
    ran.out("asked for; its key cannot be kept").out("1 rekeyed");
}

#[test]
fn only_what_ends_soon() {
    let bed = Testbed::applied(SINGLE);
    bed.write("short.yaml", format!("{SINGLE}certificateValidityPeriod: 240h\n"));
    bed.run(&["renew", "apiserver", "-f", "short.yaml", "-d", "out"]).success();
    let ran = bed.run(&["renew", "--all", "--within", "30d", "-f", "cluster.yaml", "-d", "out"]).success();
    ran.out("1 rekeyed, 11 kept");
    let left = bed.certificate("out/pki/apiserver.crt").not_after - time::OffsetDateTime::now_utc();
    assert!(left > Duration::days(364));
    bed.run(&["renew", "--all", "--within", "30d", "-f", "cluster.yaml", "-d", "out"])
        .success()
        .out("12 kept");
}

#[test]
fn in_a_fleet_a_name_means_every_node_and_a_path_one() {
    let bed = Testbed::applied(FLEET);
    bed.run(&["renew", "cp2/etcd-peer", "-f", "cluster.yaml", "-d", "out"]).success().out("1 rekeyed");
    bed.run(&["renew", "etcd-peer", "-f", "cluster.yaml", "-d", "out"]).success().out("3 rekeyed");
    bed.run(&["renew", "kubelet", "-f", "cluster.yaml", "-d", "out"]).success().out("5 rekeyed");
    bed.run(&["renew", "worker2/kubelet.conf", "-f", "cluster.yaml", "-d", "out"]).success().out("1 rekeyed");
}

#[test]
fn a_dry_run_renews_nothing() {
    let bed = Testbed::applied(SINGLE);
    let before = bed.snapshot("out");
    bed.run(&["renew", "--all", "--dry-run", "-f", "cluster.yaml", "-d", "out"])
        .success()
        .out("Plan: 12 to rekey");
    assert_eq!(bed.snapshot("out"), before);
}

#[test]
fn what_cannot_be_renewed_is_told() {
    let bed = Testbed::applied(SINGLE);
    let renew = |names: &[&str]| bed.run(&[&["renew"], names, &["-f", "cluster.yaml", "-d", "out"]].concat());
    renew(&["apisever"])
        .failure()
        .err("nothing is called `apisever`: there are admin.conf, ")
        .err("hint: did you mean `apiserver`?");
    renew(&["ca"]).failure().err("`ca` is not renewed: everything that it has signed");
    renew(&["sa"]).failure().err("`sa` is not renewed: new service account keys make every token worthless");
    renew(&[]).failure();
    renew(&["apiserver", "--all"]).failure();

    // One that is missing does not stop the others; the exit status tells.
    std::fs::remove_file(bed.path("out/admin.conf")).unwrap();
    let ran = renew(&["admin.conf", "apiserver"]).attention();
    ran.out("! by hand admin.conf  missing").out("`kubepki apply` makes it").out("1 rekeyed, 1 by hand");

    std::fs::remove_file(bed.path("out/pki/etcd/ca.key")).unwrap();
    let before = bed.snapshot("out");
    let ran = renew(&["etcd-server"]).attention();
    ran.out("? request etcd-server  asked for; its CA's key is elsewhere");
    assert_eq!(bed.snapshot("out"), before);

    let report = renew(&["front-proxy-client", "-o", "json"]).success().json();
    assert_eq!((&report["kind"], &report["summary"]["rekey"]), (&"Renew".into(), &1.into()));
}
