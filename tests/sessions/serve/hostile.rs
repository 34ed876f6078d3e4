//! Enemies: what they send is refused or bounded, and others are served meanwhile.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::client::{P, Who};
use super::{Served, simple};

#[test]
fn bodies_are_bounded_and_what_is_no_object_is_refused() {
    let served = Served::new();
    let json = ("Content-Type", "application/json");
    let protobuf = ("Content-Type", "application/vnd.kubernetes.protobuf");
    let large = vec![b'a'; (3 << 20) + 1];
    let deep = "[".repeat(200_000);
    for (kind, body, code) in [
        (json, &large[..], 413),
        (protobuf, &large[..], 413),
        (json, b"", 400),
        (json, b"{", 400),
        (json, deep.as_bytes(), 400),
        (json, b"{\"kind\":\"Pod\",\"apiVersion\":\"v1\"}", 400),
        (protobuf, b"k8s\0", 422),
        (protobuf, b"k8s\0\x0a\xff\xff\xff\xff\x0f", 400),
        (protobuf, b"\xff\xff\xff\xff", 400),
        (json, b"\xff\xfe", 400),
    ] {
        let mut client = served.admin();
        let length = body.len().to_string();
        client.head("POST", P, &[kind, ("Content-Length", &length)]);
        // The server may have answered before everything is sent.
        let _ = client.send(body);
        assert_eq!(client.reply().unwrap().code, code, "{} octets", body.len());
    }
    // In chunks nobody says how much is to come.
    let mut client = served.admin();
    client.head("POST", P, &[json, ("Transfer-Encoding", "chunked")]);
    let chunk = [b"10000\r\n".as_slice(), &vec![b' '; 0x10000], b"\r\n"].concat();
    for _ in 0..60 {
        if client.send(&chunk).is_err() {
            break;
        }
    }
    assert_eq!(client.reply().unwrap().code, 413);
    // Large, but not too large to be sent: too large to be kept.
    let mut object = simple("large");
    object["metadata"]["annotations"] = serde_json::json!({"a": "x".repeat(200 << 10)});
    served.admin().json("POST", P, &object).code(201);
    object["metadata"]["annotations"] = serde_json::json!({"a": "x".repeat(300 << 10)});
    served.admin().json("POST", P, &object).code(422);
    object["metadata"]["name"] = "larger".into();
    object["metadata"]["annotations"] = serde_json::json!({});
    object["metadata"]["finalizers"] = (0..40_000).map(|index| format!("example.com/{index:030}")).collect();
    served.admin().json("POST", P, &object).code(413);
}

#[test]
fn paths_lead_nowhere_else() {
    let served = Served::new();
    let mut admin = served.admin();
    for path in [
        "/../../etc/passwd",
        "/apis/certificates.k8s.io/v1/certificatesigningrequests/..%2F..%2Fpki%2Fca.key",
        "/apis/certificates.k8s.io/v1/certificatesigningrequests/%2e%2e",
        "/apis/certificates.k8s.io/v1/certificatesigningrequests/%00",
        "//apis//certificates.k8s.io",
        "/apis/certificates.k8s.io/v1/certificatesigningrequests/.lock",
        "/apis/certificates.k8s.io/v1/certificatesigningrequests/one.yaml",
    ] {
        let reply = admin.get(path);
        assert!(reply.code == 404 || reply.code == 400, "{path}: {}", reply.code);
    }
    admin.get("/apis/%ff").code(400);
    let long = format!("{P}/{}", "a".repeat(100_000));
    let reply = admin.get(&long);
    assert!([400, 404, 414, 431].contains(&reply.code), "{}", reply.code);
}

#[test]
fn idle_and_slow_connections_take_no_place_from_others() {
    let served = Served::new();
    let connect = || TcpStream::connect(("127.0.0.1", served.port)).unwrap();
    // Sockets that say nothing, half a handshake, half a head.
    let mut idle: Vec<TcpStream> = (0..1100).map(|_| connect()).collect();
    for socket in idle.iter_mut().take(100) {
        let _ = socket.write_all(b"\x16\x03\x01\x02\x00\x01");
    }
    let slow: Vec<_> = (0..20)
        .map(|_| {
            let mut client = served.connect(&Who::default());
            client.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ").unwrap();
            client
        })
        .collect();
    // Bodies of which only the beginning comes.
    let mut stalled: Vec<_> = (0..20)
        .map(|_| {
            let mut client = served.admin();
            client.head("POST", P, &[("Content-Type", "application/json"), ("Content-Length", "1000000")]);
            client.send(&[b' '; 1000]).unwrap();
            client
        })
        .collect();
    let begun = Instant::now();
    served.admin().get(P).code(200);
    served.admin().json("POST", P, &simple("meanwhile")).code(201);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    drop(slow);
    // Who does not shake hands is hung up on.
    let mut last = connect();
    last.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    assert_eq!(last.read(&mut [0; 16]).unwrap_or(0), 0);
    // Plain HTTP is no TLS.
    let mut plain = connect();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
    // After thirty seconds they are told so.
    for client in &mut stalled {
        let reply = client.reply().unwrap();
        assert_eq!((reply.code, reply.json()["reason"].as_str()), (408, Some("Timeout")));
    }
    served.admin().get(P).code(200);
}

#[test]
fn watches_are_counted() {
    let served = Served::new();
    let mut open = Vec::new();
    let refused = loop {
        let mut client = served.admin();
        let reply = client.watch("");
        if reply.code != 200 {
            break reply;
        }
        open.push(client);
        assert!(open.len() <= 200, "there is no end");
    };
    assert_eq!((refused.code, open.len()), (429, 200));
    assert_eq!(refused.header("retry-after"), "1");
    served.admin().get(P).code(200);
    drop(open);
    super::eventually("who has gone is not counted", || served.admin().watch("").code == 200);
}

/// Whatever has been done for who does not wait for the answer is in the audit log.
#[test]
fn who_hangs_up_leaves_nothing_that_the_log_does_not_tell() {
    let served = Served::new();
    for round in 0..40 {
        let body = simple(&format!("gone-{round}")).to_string();
        let mut client = served.admin();
        // What is not read when a connection is closed resets it, before the server has read everything.
        client.get("/healthz").code(200);
        let length = body.len().to_string();
        client.head("POST", P, &[("Content-Type", "application/json"), ("Content-Length", &length)]);
        client.send(body.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_micros(round * 100));
    }
    let mut admin = served.admin();
    super::eventually("everything done is told", || {
        let done = admin.get(P).json()["items"].as_array().unwrap().len();
        let log = served.bed.read("out/.kubepki/audit.log");
        let told =
            log.lines().filter(|line| line.contains(r#""verb":"create""#) && line.contains(r#""code":201"#));
        done > 0 && done == told.count()
    });
}

#[test]
fn a_stream_of_nonsense_ends_no_server() {
    let served = Served::new();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    for round in 0..60 {
        let bytes: Vec<u8> = (0..400).map(|_| random()).collect();
        if round % 2 == 0 {
            let mut socket = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
            let _ = socket.write_all(&bytes);
        } else {
            let mut client = served.connect(&Who::default());
            // HTTP/2 begins so.
            let begin: &[u8] = if round % 4 == 1 { b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" } else { b"GET " };
            let _ = client.send(&[begin, &bytes].concat());
        }
    }
    served.admin().get(P).code(200);
    assert!(!served.bed.read("serve.err").contains("panicked"), "{}", served.bed.read("serve.err"));
}
