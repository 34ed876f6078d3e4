//! A person's kubeconfig lets the person in, as who it says.

use super::Served;
use crate::testbed::{SINGLE, Testbed};

#[track_caller]
fn whoami(served: &Served, kubeconfig: &str) -> String {
    let arguments = [
        "--kubeconfig",
        kubeconfig,
        "auth",
        "whoami",
        "-o",
        "jsonpath={.status.userInfo.username} {.status.userInfo.groups}",
    ];
    served.bed.peer("kubectl", &arguments).success().stdout
}

#[test]
fn kubectl_knows_who_it_is() {
    let here = format!("{SINGLE}apiServer: {{certSANs: [127.0.0.1]}}\n");
    let bed = Testbed::applied(&here);
    bed.shell("kubepki manifests role --group ops -A --verb get,list --resource certificatesigningrequests > ops.yaml")
        .success();
    let served = Served::of(bed, &["--rbac", "ops.yaml"]);
    let server = format!("https://127.0.0.1:{}", served.port);
    let user = ["user", "jane", "--group", "dev", "--group", "ops", "-d", "out", "--server", &server];
    served.bed.run(&user).success();
    assert_eq!(whoami(&served, "jane.conf"), r#"jane ["dev","ops","system:authenticated"]"#);
    // The same over the air gap.
    let bed: &Testbed = &served.bed;
    bed.run(&["user", "joe", "--group", "dev", "--request", "-d", "none", "--server", &server]).success();
    bed.run(&["sign", "joe.tar", "--authority", "out", "--bundle", "signed.tar", "--yes"]).success();
    bed.run(&["import", "signed.tar", "--into", "joe.conf"]).success();
    assert_eq!(whoami(&served, "joe.conf"), r#"joe ["dev","system:authenticated"]"#);
    // What is bound is allowed, and nothing else.
    bed.peer("kubectl", &["--kubeconfig", "jane.conf", "get", "csr"]).success();
    let list = ["--kubeconfig", "joe.conf", "get", "csr"];
    bed.peer("kubectl", &list).code(1).err("User \"joe\" cannot list resource");
}
