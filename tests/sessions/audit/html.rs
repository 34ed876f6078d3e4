//! The page: whole, safe and bounded.

use super::faulty;
use crate::testbed::{FLEET, Testbed};

#[test]
fn a_page_is_whole_and_holds_no_foreign_code() {
    let bed = faulty();
    let subject = format!(
        "/CN=<script>alert(1)<\\/script>\u{202e}/O=<img src=x onerror=alert(1)>/OU={}",
        "x".repeat(60)
    );
    bed.peer(
        "openssl",
        &[
            "req",
            "-x509",
            "-utf8",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            "out/pki/odd.key",
            "-out",
            "out/pki/<b>\"'&.crt",
            "-subj",
            &subject,
        ],
    )
    .success();
    bed.write("accepted.yaml", "- {rule: KP-FS001, reason: '</td><script>', until: 2036-01-01}\n");
    let arguments = [
        "audit",
        "-d",
        "out",
        "-o",
        "html",
        "--ignore-file",
        "accepted.yaml",
        "--output-file",
        "report.html",
    ];
    bed.run(&arguments).attention();
    let page = bed.read("report.html");
    assert!(
        !page.contains("<script")
            && !page.contains("<img")
            && !page.contains("<b>\"")
            && !page.contains('\u{202e}')
    );
    assert!(page.contains("&#60;script&#62;alert(1)"));
    // Nothing is fetched.
    for outside in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.replace("onerror", "").replace("&#60;img src=x", "").contains(outside), "{outside}");
    }
    for part in [
        "Needs attention",
        "kubepki 0.",
        "<svg",
        "CIS Kubernetes Benchmark",
        "1.1.21",
        "CN=kube-apiserver",
        "id=\"inventory\"",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // Every certificate is in it, by its fingerprint.
    for path in ["out/pki/ca.crt", "out/pki/apiserver.crt", "out/pki/etcd/ca.crt"] {
        assert!(page.contains(&bed.certificate(path).fingerprint()), "{path}");
    }
    // The number of the directory can be made with other tools, by the command that the page tells.
    let (_, after) = page.split_once("prints in it: <code>").unwrap();
    let command = after.split("</code>").next().unwrap().replace("&#39;", "'");
    let number = bed.shell(&format!("cd out && {command}")).success().stdout;
    assert!(page.contains(number.split(' ').next().unwrap()), "{number}");
    let html = bed.run(&["audit", "-d", "out", "-o", "html", "--fail-on", "never"]).success().stdout;
    assert!(well_formed(&html));
}

/// Whether every element that must be closed is. Void elements are not.
fn well_formed(html: &str) -> bool {
    let void = ["meta", "br", "hr", "!doctype"];
    let mut open: Vec<String> = Vec::new();
    for tag in html.split('<').skip(1).map(|after| after.split('>').next().unwrap()) {
        let name: String =
            tag.trim_start_matches('/').chars().take_while(|c| !c.is_whitespace() && *c != '/').collect();
        if tag.starts_with('/') {
            if open.pop().as_deref() != Some(&name) {
                return false;
            }
        } else if !tag.ends_with('/') && !void.contains(&name.as_str()) {
            open.push(name);
        }
    }
    open.is_empty()
}

/// A page of a large fleet is no longer than that of a small one, but for what has to be said of each node.
#[test]
fn a_page_of_a_fleet_stays_bounded() {
    let bed = Testbed::applied(FLEET);
    let page = |bed: &Testbed| {
        bed.run(&["audit", "-d", "out", "-o", "html", "--at", "2060-01-01"]).attention().stdout
    };
    let small = page(&bed);
    assert!(small.contains("apiserver ×3") && small.contains("kubelet.conf ×5"), "nodes are drawn together");
    for node in 3..600 {
        let (from, to) =
            ("out/nodes/worker1/etc/kubernetes/pki", format!("out/nodes/worker{node}/etc/kubernetes/pki"));
        std::fs::create_dir_all(bed.path(&to)).unwrap();
        bed.copy(&format!("{from}/ca.crt"), &format!("{to}/ca.crt"));
    }
    bed.shell(
        "openssl ecparam -name prime256v1 -genkey -noout -out k; for n in $(seq 600); do openssl req -x509 -key k -subj /CN=n$n \
         -out out/nodes/worker1/etc/kubernetes/pki/x$n.crt; done",
    )
    .success();
    let large = page(&bed);
    assert!(large.len() < 4 * small.len(), "{} and {}", small.len(), large.len());
    assert!(large.contains("those of one credential are one row"));
}
