//! A client of HTTP/1.1 over TLS that says exactly what a test wants said.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use kubepki::disk::Kubeconfig;
use kubepki::x509::{Certificate, PrivateKey, pem};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

/// The path of requests.
pub const P: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

/// Who asks.
#[derive(Clone, Default)]
pub struct Who {
    pub pair: Option<(Certificate, Arc<PrivateKey>)>,
    pub token: String,
}

/// One connection.
pub struct Client {
    stream: BufReader<StreamOwned<ClientConnection, TcpStream>>,
    token: String,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub code: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    #[track_caller]
    pub fn code(self, code: u16) -> Self {
        assert_eq!(self.code, code, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    /// The message of a Status.
    #[track_caller]
    pub fn message(&self) -> String {
        self.json()["message"].as_str().unwrap_or_default().to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

impl Who {
    /// Whom a kubeconfig is for.
    pub fn of(kubeconfig: &Kubeconfig) -> Self {
        let certificate = kubeconfig.certificate.embedded().unwrap()[0].clone();
        let key = kubeconfig.key.embedded().unwrap().to_pem().unwrap();
        Self::with(certificate, PrivateKey::from_pem(key.as_bytes()).unwrap())
    }

    pub fn with(certificate: Certificate, key: PrivateKey) -> Self {
        Self { pair: Some((certificate, Arc::new(key))), token: String::new() }
    }

    pub fn token(token: &str) -> Self {
        Self { pair: None, token: token.to_owned() }
    }

    fn config(&self, authority: &Certificate) -> ClientConfig {
        let der = |certificate: &Certificate| CertificateDer::from(certificate.as_der().to_vec());
        let mut roots = RootCertStore::empty();
        roots.add(der(authority)).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(roots);
        match &self.pair {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let key = pem::first_block(key.to_pem().unwrap().as_bytes()).unwrap().contents.to_vec();
                let key = PrivateKeyDer::try_from(key).unwrap();
                builder.with_client_auth_cert(vec![der(certificate)], key).unwrap()
            }
        }
    }
}

impl Client {
    pub fn connect(port: u16, authority: &Certificate, who: &Who) -> Self {
        let socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let name = ServerName::try_from("kubernetes").unwrap();
        let session = ClientConnection::new(Arc::new(who.config(authority)), name).unwrap();
        Self { stream: BufReader::new(StreamOwned::new(session, socket)), token: who.token.clone() }
    }

    /// Sends octets as they are.
    pub fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.get_mut().write_all(bytes)?;
        self.stream.get_mut().flush()
    }

    /// Sends the head of a request.
    pub fn head(&mut self, method: &str, path: &str, headers: &[(&str, &str)]) {
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: kubernetes\r\n");
        if !self.token.is_empty() {
            text += &format!("Authorization: Bearer {}\r\n", self.token);
        }
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        self.send((text + "\r\n").as_bytes()).unwrap();
    }

    /// Reads an answer; of a watch only its head.
    pub fn reply(&mut self) -> std::io::Result<Reply> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let code = line.split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = Vec::new();
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim().split_once(": ") else { break };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
        self.stream.read_exact(&mut body)?;
        Ok(Reply { code, headers, body })
    }

    /// Asks for something.
    pub fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let length = body.len().to_string();
        self.head(method, path, &[headers, &[("Content-Length", length.as_str())]].concat());
        self.send(body).unwrap();
        self.reply().unwrap()
    }

    pub fn get(&mut self, path: &str) -> Reply {
        self.ask("GET", path, &[], b"")
    }

    pub fn json(&mut self, method: &str, path: &str, body: &Value) -> Reply {
        self.ask(method, path, &[("Content-Type", "application/json")], body.to_string().as_bytes())
    }

    /// Begins a watch.
    pub fn watch(&mut self, query: &str) -> Reply {
        self.head("GET", &format!("{P}?watch=true&{query}"), &[("Accept", "application/json")]);
        self.reply().unwrap()
    }

    /// The next chunk of a watch; nothing when it has ended as it should.
    pub fn chunk(&mut self) -> Option<Vec<u8>> {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        let length = usize::from_str_radix(line.trim(), 16).unwrap_or_else(|_| panic!("no chunk: {line:?}"));
        let mut bytes = vec![0; length + 2];
        self.stream.read_exact(&mut bytes).unwrap();
        bytes.truncate(length);
        (length > 0).then_some(bytes)
    }

    /// The events of the next chunk: type and object.
    pub fn events(&mut self) -> Option<Vec<(String, Value)>> {
        let chunk = self.chunk()?;
        let event = |line: &str| {
            let value: Value = serde_json::from_str(line).unwrap();
            (value["type"].as_str().unwrap().to_owned(), value["object"].clone())
        };
        Some(String::from_utf8(chunk).unwrap().lines().map(event).collect())
    }
}
