//! What ends when, as kubeadm tells it and beyond.

use std::fs;

use crate::testbed::{FLEET, SINGLE, Testbed};

/// kubeadm 1.36 prints this for the same tree on the same day.
#[test]
fn columns_are_kubeadms() {
    let bed = Testbed::new();
    bed.fixture("stacked-rsa");
    let at = ["expiry", "-d", "stacked-rsa/kubernetes", "--at", "2027-10-01T00:00:00Z"];
    let out = bed.run(&at).success().stdout;
    let expected = "\
CERTIFICATE                EXPIRES                  RESIDUAL TIME   CERTIFICATE AUTHORITY   EXTERNALLY MANAGED
admin.conf                 Nov 22, 2027 05:18 UTC   52d             ca                      no      
apiserver                  Nov 22, 2027 05:18 UTC   52d             ca                      no      
apiserver-etcd-client      Nov 22, 2027 05:18 UTC   52d             etcd-ca                 no      
apiserver-kubelet-client   Nov 22, 2027 05:18 UTC   52d             ca                      no      
controller-manager.conf    Nov 22, 2027 05:18 UTC   52d             ca                      no      
etcd-healthcheck-client    Nov 22, 2027 05:18 UTC   52d             etcd-ca                 no      
etcd-peer                  Nov 22, 2027 05:18 UTC   52d             etcd-ca                 no      
etcd-server                Nov 22, 2027 05:18 UTC   52d             etcd-ca                 no      
front-proxy-client         Nov 22, 2027 05:18 UTC   52d             front-proxy-ca          no      
kubelet.conf               Nov 22, 2027 05:18 UTC   52d             ca                      no      
scheduler.conf             Nov 22, 2027 05:18 UTC   52d             ca                      no      
super-admin.conf           Nov 22, 2027 05:18 UTC   52d             ca                      no      

CERTIFICATE AUTHORITY   EXPIRES                  RESIDUAL TIME   EXTERNALLY MANAGED
ca                      Nov 19, 2036 05:18 UTC   9y              no      
etcd-ca                 Nov 19, 2036 05:18 UTC   9y              no      
front-proxy-ca          Nov 19, 2036 05:18 UTC   9y              no      
";
    assert_eq!(out, expected);
}

#[test]
fn fields_are_kubeadms() {
    let bed = Testbed::new();
    bed.fixture("stacked-rsa");
    fs::remove_file(bed.path("stacked-rsa/kubernetes/pki/etcd/peer.crt")).unwrap();
    let at = ["expiry", "-d", "stacked-rsa/kubernetes", "-o", "json", "--at", "2027-11-22T05:00:00Z"];
    let ran = bed.run(&at).success();
    let text = "{
    \"kind\": \"CertificateExpirationInfo\",
    \"apiVersion\": \"output.kubeadm.k8s.io/v1alpha3\",
    \"certificates\": [
        {
            \"name\": \"admin.conf\",
            \"expirationDate\": \"2027-11-22T05:18:";
    assert!(ran.stdout.starts_with(text), "{}", ran.stdout);
    let json = ran.json();
    let rows = json["certificates"].as_array().unwrap();
    let row = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap();
    let keys: Vec<&String> = row("apiserver").as_object().unwrap().keys().collect();
    assert_eq!(keys, ["caName", "expirationDate", "externallyManaged", "missing", "name", "residualTime"]);
    let left = row("apiserver")["residualTime"].as_i64().unwrap();
    assert!((18 * 60..19 * 60).contains(&left), "{left}");
    let peer = row("etcd-peer");
    assert_eq!((&peer["missing"], &peer["residualTime"]), (&true.into(), &0.into()));
    assert!(peer["expirationDate"].is_null() && peer.get("caName").is_none());
    assert_eq!(json["certificateAuthorities"][0]["name"], "ca");
    assert!(json["certificateAuthorities"][0].get("caName").is_none());
    // What is missing is told in the table too, as kubeadm tells it.
    bed.run(&["expiry", "-d", "stacked-rsa/kubernetes"]).success().out("\n!MISSING! etcd-peer ");
    let yaml = bed.run(&["expiry", "-d", "stacked-rsa/kubernetes", "-o", "yaml"]).success().stdout;
    assert!(
        yaml.starts_with("apiVersion: output.kubeadm.k8s.io/v1alpha3\ncertificateAuthorities:\n"),
        "{yaml}"
    );
}

/// kubeadm tells nothing at all of such a tree once one certificate has expired.
#[test]
fn a_ca_that_is_elsewhere_hides_nothing() {
    let bed = Testbed::new();
    bed.fixture("external-ca");
    let at = ["expiry", "-d", "external-ca/kubernetes", "--at", "2028-01-01"];
    let out = bed.run(&at).attention().stdout;
    let line = |name: &str| out.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("apiserver ").contains("<invalid>       ca                      yes"), "{out}");
    assert!(line("ca ").ends_with("8y              yes     "), "{out}");
}

#[test]
fn what_ends_soon_is_exit_status_one() {
    let bed = Testbed::applied(SINGLE);
    bed.run(&["expiry", "-d", "out", "--within", "30d"]).success();
    bed.run(&["expiry", "-d", "out", "--within", "400d"]).attention();
    bed.run(&["expiry", "-d", "out", "--at", "2040-01-01"]).attention().out("<invalid>");
    bed.run(&["expiry", "-d", "nowhere"]).failure().err("nowhere");
    fs::create_dir(bed.path("empty")).unwrap();
    bed.run(&["expiry", "-d", "empty"]).failure().err("there is no certificate of a cluster in it");
}

/// kubeadm never lists these.
#[test]
fn kubelets_and_credentials_of_ones_own_are_listed() {
    let bed = Testbed::with(&format!(
        "{SINGLE}
credentials:
- name: metrics
  issuer: etcd-ca
  subject: {{commonName: metrics}}
  usages: [client auth]
"
    ));
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
    let client = bed.kubeconfig("out/kubelet.conf");
    let pem = client.certificate.embedded().unwrap()[0].to_pem().unwrap()
        + &client.key.embedded().unwrap().to_pem().unwrap();
    bed.write("kubelet/pki/kubelet-client-2026-11-24-00-00-00.pem", &pem);
    std::os::unix::fs::symlink(
        "kubelet-client-2026-11-24-00-00-00.pem",
        bed.path("kubelet/pki/kubelet-client-current.pem"),
    )
    .unwrap();
    let ran = bed.run(&["expiry", "-d", "out", "--kubelet-dir", "kubelet"]).success();
    for name in ["kubelet.conf", "kubelet-client", "metrics"] {
        assert!(
            ran.stdout.lines().any(|line| line.starts_with(&format!("{name} "))),
            "{name}: {}",
            ran.stdout
        );
    }
}

#[test]
fn in_a_fleet_rows_say_whose_they_are() {
    let bed = Testbed::applied(FLEET);
    let out = bed.run(&["expiry", "-d", "out"]).success().stdout;
    for row in ["cp1/apiserver ", "cp3/etcd-peer ", "worker2/kubelet.conf ", "authority/etcd-ca "] {
        assert!(out.lines().any(|line| line.starts_with(row)), "{row}: {out}");
    }
    // The spec, and not the directory, decides what is missing.
    fs::remove_file(bed.path("out/nodes/worker1/etc/kubernetes/kubelet.conf")).unwrap();
    let spec = ["expiry", "-d", "out", "-f", "cluster.yaml"];
    bed.run(&spec).success().out("!MISSING! worker1/kubelet.conf");
}
