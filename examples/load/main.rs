//! Load for `kubepki serve`: creates requests, approves each, and collects the certificates, over HTTPS with a few
//! connections, as a program does that provisions many: it lists them in pages. With `--single` each certificate is asked
//! for by its name, as those do that have asked for it.
//!
//! ```text
//! kubepki serve -d out --address 127.0.0.1:7443 &
//! cargo run --release --example load -- out/.kubepki/serve.conf --count 10000 --connections 8 --pid $!
//! cargo run --release --example load -- out/.kubepki/serve.conf --prefix single --single
//! ```

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Parser;
use kubepki::disk::Kubeconfig;
use kubepki::x509::{Certificate, KeyAlgorithm, Name, PrivateKey, Request, pem};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::json;

/// As the program's: the client is not to take the processor that the server needs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
struct Arguments {
    /// The kubeconfig.
    kubeconfig: std::path::PathBuf,
    /// How many requests.
    #[arg(long, default_value_t = 10_000)]
    count: usize,
    /// Over how many connections.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Asks for each certificate by its name.
    #[arg(long)]
    single: bool,
    /// How many requests of a connection wait for their certificates before the first of them is asked for by its name.
    #[arg(long, default_value_t = 32)]
    behind: usize,
    /// How many objects a page of a list has.
    #[arg(long, default_value_t = 500)]
    page: usize,
    /// The server's process: its time and memory are told.
    #[arg(long)]
    pid: Option<u32>,
    /// What the names of the requests begin with.
    #[arg(long, default_value = "load")]
    prefix: String,
}

const PATH: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

/// What only an object with a certificate has.
const CERTIFICATE: &str = r#""certificate":""#;

const APPROVED: &str = r#""status":{"conditions":[{"type":"Approved","status":"True","reason":"Load"}]}"#;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// One connection.
struct Client {
    stream: BufReader<StreamOwned<ClientConnection, TcpStream>>,
    host: String,
}

#[derive(Default)]
struct Times {
    create: Vec<Duration>,
    approve: Vec<Duration>,
    collect: Vec<Duration>,
    /// From the creation to the certificate.
    whole: Vec<Duration>,
    certificates: usize,
}

impl Client {
    fn connect(config: &Arc<ClientConfig>, kubeconfig: &Kubeconfig) -> Result<Self, Failure> {
        let host = kubeconfig.server.trim_start_matches("https://").to_owned();
        let own = host.rsplit_once(':').map_or(host.as_str(), |(host, _)| host);
        let name = if kubeconfig.server_name.is_empty() { own } else { &kubeconfig.server_name };
        let socket = TcpStream::connect(&host)?;
        socket.set_nodelay(true)?;
        let session = ClientConnection::new(Arc::clone(config), ServerName::try_from(name.to_owned())?)?;
        Ok(Self { stream: BufReader::new(StreamOwned::new(session, socket)), host })
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> Result<(u16, String), Failure> {
        let text = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAccept: application/json\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        self.stream.get_mut().write_all(text.as_bytes())?;
        self.stream.get_mut().flush()?;
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let code = line.split(' ').nth(1).ok_or("no answer")?.parse()?;
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            match line.trim().to_ascii_lowercase().split_once(':') {
                Some(("content-length", value)) => length = value.trim().parse()?,
                Some(_) => {}
                None => break,
            }
        }
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes)?;
        Ok((code, String::from_utf8(bytes)?))
    }

    fn expect(
        &mut self,
        code: u16,
        method: &str,
        path: &str,
        body: &str,
        times: &mut Vec<Duration>,
    ) -> Result<String, Failure> {
        let begun = Instant::now();
        let (found, value) = self.ask(method, path, body)?;
        times.push(begun.elapsed());
        if found == code { Ok(value) } else { Err(format!("{method} {path}: {found} {value}").into()) }
    }
}

fn config(kubeconfig: &Kubeconfig) -> Result<ClientConfig, Failure> {
    let der = |certificate: &Certificate| CertificateDer::from(certificate.as_der().to_vec());
    let mut roots = RootCertStore::empty();
    for ca in kubeconfig.authority.embedded().ok_or("no CA in the kubeconfig")? {
        roots.add(der(ca))?;
    }
    let chain = kubeconfig.certificate.embedded().ok_or("no certificate in the kubeconfig")?;
    let key = kubeconfig.key.embedded().ok_or("no key in the kubeconfig")?.to_pem()?;
    let key = pem::first_block(key.as_bytes()).ok_or("no key")?.contents.to_vec();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let key = PrivateKeyDer::try_from(key)?;
    Ok(builder.with_root_certificates(roots).with_client_auth_cert(chain.iter().map(der).collect(), key)?)
}

/// What one connection does: its share of the requests.
fn work(
    client: &mut Client,
    arguments: &Arguments,
    requests: &[String],
    next: &AtomicUsize,
) -> Result<Times, Failure> {
    let mut times = Times::default();
    let mut waiting: VecDeque<(String, Instant)> = VecDeque::new();
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let fresh = requests.get(index);
        if let Some(request) = fresh {
            let name = format!("{}-{index}", arguments.prefix);
            let object = json!({
                "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": name},
                "spec": {
                    "request": request, "signerName": "kubernetes.io/kube-apiserver-client",
                    "usages": ["digital signature", "client auth"],
                },
            });
            let begun = Instant::now();
            let made = client.expect(201, "POST", PATH, &object.to_string(), &mut times.create)?;
            // Text is put into text: the client is not to take the processor that the server needs.
            let approved = made.replacen(r#""status":{}"#, APPROVED, 1);
            let path = format!("{PATH}/{name}/approval");
            client.expect(200, "PUT", &path, &approved, &mut times.approve)?;
            if arguments.single {
                waiting.push_back((name, begun));
            }
        }
        while waiting.len() > if fresh.is_some() { arguments.behind } else { 0 } {
            let Some((name, begun)) = waiting.front() else { break };
            let path = format!("{PATH}/{name}");
            let found = client.expect(200, "GET", &path, "", &mut times.collect)?;
            if found.contains(CERTIFICATE) {
                times.certificates += 1;
                times.whole.push(begun.elapsed());
                waiting.pop_front();
            } else {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        if fresh.is_none() {
            return Ok(times);
        }
    }
}

/// Lists in pages until every object has its certificate.
fn list(client: &mut Client, arguments: &Arguments, times: &mut Times) -> Result<(), Failure> {
    let mut token = String::new();
    loop {
        let path = format!("{PATH}?limit={}&continue={token}", arguments.page);
        let page = client.expect(200, "GET", &path, "", &mut times.collect)?;
        let certificates = page.matches(CERTIFICATE).count();
        if certificates < page.matches(r#""signerName":""#).count() {
            std::thread::sleep(Duration::from_millis(1));
            continue;
        }
        times.certificates += certificates;
        let next = page.split_once(r#""continue":""#).and_then(|(_, rest)| rest.split_once('"'));
        let Some((next, _)) = next else { return Ok(()) };
        next.clone_into(&mut token);
    }
}

fn percentile(times: &mut [Duration], part: f64) -> Duration {
    times.sort_unstable();
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let index = ((times.len() as f64 * part) as usize).min(times.len().saturating_sub(1));
    times.get(index).copied().unwrap_or_default()
}

/// The seconds of processor that a process has used, and the most memory that it has had.
fn usage(pid: u32) -> (f64, String) {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks =
        |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    // A tick is a hundredth of a second on Linux.
    ((ticks(11) + ticks(12)) / 100.0, peak.trim().to_owned())
}

#[allow(clippy::cast_precision_loss, reason = "counts")]
#[allow(clippy::print_stdout, reason = "it is what the program is for")]
fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let kubeconfig = Kubeconfig::parse(&std::fs::read_to_string(&arguments.kubeconfig)?)?;
    let config = Arc::new(config(&kubeconfig)?);
    let request = |index: usize| -> Result<String, Failure> {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
        let name = Name::new(&format!("user-{index}"), &["load".to_owned()])?;
        Ok(STANDARD.encode(Request::make(&name, &[], &key)?.to_pem()?))
    };
    let requests = (0..arguments.count).map(request).collect::<Result<Vec<_>, _>>()?;
    let connect = |_| Client::connect(&config, &kubeconfig);
    let mut clients = (0..arguments.connections).map(connect).collect::<Result<Vec<_>, _>>()?;
    let before = arguments.pid.map(usage);
    let next = AtomicUsize::new(0);
    let begun = Instant::now();
    let mut all = std::thread::scope(|scope| {
        let work = |client| scope.spawn(|| work(client, &arguments, &requests, &next));
        let workers: Vec<_> = clients.iter_mut().map(work).collect();
        let mut all = Times::default();
        for worker in workers {
            let times = worker.join().map_err(|_| "a connection has failed")??;
            all.create.extend(times.create);
            all.approve.extend(times.approve);
            all.collect.extend(times.collect);
            all.whole.extend(times.whole);
            all.certificates += times.certificates;
        }
        Ok::<_, Failure>(all)
    })?;
    if let (false, Some(client)) = (arguments.single, clients.first_mut()) {
        list(client, &arguments, &mut all)?;
    }
    let took = begun.elapsed();
    #[allow(clippy::cast_precision_loss)]
    let rate = arguments.count as f64 / took.as_secs_f64();
    println!("{} certificates in {:.2} s: {rate:.0} a second", all.certificates, took.as_secs_f64());
    for (name, times) in [
        ("create", &mut all.create),
        ("approve", &mut all.approve),
        ("collect", &mut all.collect),
        ("create to certificate", &mut all.whole),
    ] {
        if times.is_empty() {
            continue;
        }
        let [half, most, longest] = [0.5, 0.99, 1.0].map(|part| percentile(times, part));
        println!("{name}: p50 {half:.1?}, p99 {most:.1?}, longest {longest:.1?}");
    }
    if let (Some(pid), Some((seconds, _))) = (arguments.pid, before) {
        let (now, peak) = usage(pid);
        println!("the server: {:.2} s of processor, {peak} at most", now - seconds);
    }
    Ok(())
}
