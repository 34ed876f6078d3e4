//! Metrics, read by node_exporter.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::faulty;
use crate::testbed::peer;

/// A node_exporter that ends with the test.
struct Exporter(Child);

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What node_exporter makes of the files in a directory.
fn exported(directory: &Path) -> String {
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let mut command = peer("prometheus-node-exporter");
    command.args(["--collector.disable-defaults", "--collector.textfile", "--web.disable-exporter-metrics"]);
    command.arg(format!("--collector.textfile.directory={}", directory.display()));
    command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _exporter = Exporter(command.spawn().unwrap());
    let begun = Instant::now();
    let mut connection = loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(connection) => break connection,
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(20), "{error}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    connection.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
    let mut text = String::new();
    connection.read_to_string(&mut text).unwrap();
    text
}

/// The real reader of the file reads every sample of it, also of names that are nothing but trouble.
#[test]
fn node_exporter_reads_the_metrics() {
    let bed = faulty();
    let subject = "/O=a\\\\b\"c/OU=one/OU=two/CN=\u{202e}name {x=\"y\"}";
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
            "out/pki/o\"dd.crt",
            "-subj",
            subject,
            "-set_serial",
            "0x00ffffffffffffffffff",
        ],
    )
    .success();
    // The same certificate again in the same file, and in others.
    let twice = bed.read("out/pki/front-proxy-ca.crt").repeat(2);
    bed.write("out/pki/twice.crt", twice);
    std::fs::create_dir(bed.path("textfile")).unwrap();
    let arguments = ["audit", "-d", "out", "-o", "prometheus", "--output-file", "textfile/kubepki.prom"];
    let ran = bed.run(&arguments).attention();
    assert_eq!(ran.stdout, "");
    assert_eq!(bed.mode("textfile/kubepki.prom"), 0o644);
    let written = bed.read("textfile/kubepki.prom");
    let seen = exported(&bed.path("textfile"));
    assert!(seen.contains("node_textfile_scrape_error 0"), "{seen}");
    let series = |text: &str| {
        text.lines().filter(|line| line.starts_with("x509_") || line.starts_with("kubepki_")).count()
    };
    assert_eq!(series(&seen), series(&written), "{seen}");
    for name in [
        "x509_cert_not_after",
        "x509_cert_not_before",
        "x509_cert_expired",
        "x509_cert_expires_in_seconds",
        "x509_cert_valid_since_seconds",
        "x509_cert_error",
        "x509_source_up",
        "x509_source_errors_total",
        "kubepki_finding",
        "kubepki_audit_findings",
        "kubepki_audit_last_run_timestamp_seconds",
        "kubepki_build_info",
    ] {
        assert!(
            written.contains(&format!("# HELP {name} ")) && written.contains(&format!("# TYPE {name} ")),
            "{name}"
        );
    }
    let line = written
        .lines()
        .find(|line| line.starts_with("x509_cert_not_after{serial_number=\"4722366482869645213695\""))
        .unwrap();
    for label in [
        r#"subject_O="a\\b\"c""#,
        r#"subject_OU="one""#,
        "subject_CN=\"\u{202e}name {x=\\\"y\\\"}\"",
        r#"subject_C="""#,
        r#"filename="o\"dd.crt""#,
        r#"filepath="out/pki/o\"dd.crt""#,
        r#"embedded_kind="""#,
        r#"embedded_key="""#,
    ] {
        assert!(line.contains(label), "{label}: {line}");
    }
    assert!(written.contains("filename=\"admin.conf\",filepath=\"out/admin.conf\",embedded_kind=\"user\",embedded_key=\"kubernetes-admin\"} 0\n"));
    assert!(written.contains(
        "x509_source_errors_total{source_kind=\"file\",source_name=\"out\",reason=\"bad_pem\"} 1\n"
    ));
    // In an order that does not change, but for the moment.
    let again = bed.run(&["audit", "-d", "out", "-o", "prometheus", "--at", "2027-01-01"]).anyhow().stdout;
    let twice = bed.run(&["audit", "-d", "out", "-o", "prometheus", "--at", "2027-01-01"]).anyhow().stdout;
    let timeless = |text: &str| {
        text.lines().filter(|line| !line.contains("last_run")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(timeless(&again), timeless(&twice));
}
