//! A server that shows an API server's certificate from under a root, and clients that have nothing but the root.

use super::Served;
use super::client::{Client, Who};
use crate::intermediate::applied;
use crate::testbed::SINGLE;

#[test]
fn clients_that_have_the_root_find_the_way_and_so_do_those_that_have_the_ca() {
    let bed = applied(&format!("{SINGLE}apiServer: {{certSANs: [127.0.0.1]}}\n"));
    let server = Served::of(bed, &[]);
    let (bed, port) = (&server.bed, server.port);
    // rustls, as a Rust program has it.
    let admin = Who::of(&bed.kubeconfig("out/admin.conf"));
    for anchor in ["root.crt", "out/pki/root-ca.crt", "out/pki/ca.crt"] {
        let mut client = Client::connect(port, &bed.certificate(anchor), &admin);
        client.get(super::client::P).code(200);
    }
    // curl and OpenSSL, the latter without -partial_chain.
    let url = format!("https://127.0.0.1:{port}/healthz");
    bed.peer("curl", &["-sS", "--fail", "--cacert", "root.crt", &url]).success().out("ok");
    let connect = |anchor: &str| {
        bed.shell(&format!(
            "openssl s_client -connect 127.0.0.1:{port} -verify_ip 127.0.0.1 -verify_return_error -CAfile {anchor} \
             </dev/null"
        ))
    };
    connect("root.crt").success().out("Verify return code: 0 (ok)");
    assert_ne!(connect("out/pki/ca.crt").anyhow().code, Some(0), "OpenSSL wants a root");
    // What a kubeconfig trusts is enough for either.
    let trusted = bed.kubeconfig("out/admin.conf");
    let trusted = trusted.authority.embedded().unwrap().iter().map(|ca| ca.to_pem().unwrap());
    bed.write("trusted.crt", trusted.collect::<String>());
    connect("trusted.crt").success().out("Verify return code: 0 (ok)");
    // kubectl, which is Go's, with the kubeconfig as it is.
    let server = format!("--server=https://127.0.0.1:{port}");
    bed.peer("kubectl", &["--kubeconfig", "out/admin.conf", &server, "get", "csr"]).success();
}
