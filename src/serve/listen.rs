//! Connections: let in, shaken hands with, served, closed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::handler::handle;
use super::link::{Link, Listed};
use super::server::Server;
use super::stop::stopped;
use super::stream::Stream;

/// How long a client may take for the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long for the head of a request; over HTTP/1 this is also how long a connection may be idle.
const HEAD: Duration = Duration::from_secs(60);

/// How long a connection may be idle. Go's clients give up after 90 seconds.
const IDLE: Duration = Duration::from_secs(95);

/// How long a connection that is to be closed may still be busy.
const GRACE: Duration = Duration::from_secs(20);

/// As many requests at the same time on one connection (`--http2-max-streams-per-connection` has 100).
const STREAMS: u32 = 100;

/// The largest head of a request, in octets; names may have a thousand letters, each nine octets in a path.
const LARGEST_HEAD: u32 = 64 << 10;

/// Lets connections in until the server stops.
pub async fn listen(server: Arc<Server>, listener: TcpListener) {
    let mut stop = server.stop.subscribe();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => return,
        };
        let Ok((stream, peer)) = accepted else {
            // No more files can be opened, or the client has gone: the next may do better in a moment.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        match server.links.enter(peer) {
            Some(listed) => drop(tokio::spawn(connection(Arc::clone(&server), listed, stream))),
            None => server.metrics.refused(),
        }
    }
}

async fn connection(server: Arc<Server>, listed: Listed, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let acceptor = TlsAcceptor::from(Arc::clone(&server.credentials.current().tls));
    let link = Arc::clone(&listed.link);
    let shaken = tokio::select! {
        shaken = timeout(HANDSHAKE, acceptor.accept(stream)) => shaken,
        () = link.close.notified() => return,
    };
    let Ok(Ok(stream)) = shaken else { return };
    let (_, session) = stream.get_ref();
    let chain = session.peer_certificates().unwrap_or_default();
    link.came_with(chain.iter().map(|certificate| certificate.to_vec()).collect());
    serve(&server, &link, stream).await;
    drop(listed);
}

async fn serve(server: &Arc<Server>, link: &Arc<Link>, stream: tokio_rustls::server::TlsStream<TcpStream>) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(128 << 10);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(LARGEST_HEAD)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    let (of, own) = (Arc::clone(server), Arc::clone(link));
    let service = service_fn(move |request| handle(Arc::clone(&of), Arc::clone(&own), request));
    let connection = builder.serve_connection(TokioIo::new(Stream::new(stream)), service);
    tokio::pin!(connection);
    let mut stop = server.stop.subscribe();
    loop {
        let idle = link.idle_since();
        let until = idle.map_or_else(|| Instant::now() + IDLE, |since| since + IDLE);
        tokio::select! {
            _ = connection.as_mut() => return,
            () = link.close.notified() => break,
            () = stopped(&mut stop) => break,
            () = tokio::time::sleep_until(until) => {
                if link.idle_since().is_some_and(|since| since.elapsed() >= IDLE) {
                    break;
                }
            }
        }
    }
    connection.as_mut().graceful_shutdown();
    // What goes wrong with a connection that is to be closed is nobody's concern.
    let _ = timeout(GRACE, connection).await;
}

/// The metrics, over plain HTTP on a port of their own.
pub async fn listen_metrics(server: Arc<Server>, listener: TcpListener) {
    /// Few programs ask, and seldom.
    const MOST: usize = 32;
    let room = Arc::new(tokio::sync::Semaphore::new(MOST));
    let mut stop = server.stop.subscribe();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => return,
        };
        let Ok((stream, _)) = accepted else {
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let Ok(seat) = Arc::clone(&room).try_acquire_owned() else { continue };
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
                let server = Arc::clone(&server);
                async move { Ok::<_, std::convert::Infallible>(metrics(&server, request.uri().path())) }
            });
            let mut builder = hyper::server::conn::http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(HEAD);
            let connection = builder.serve_connection(TokioIo::new(Stream::new(stream)), service);
            let _ = connection.await;
            drop(seat);
        });
    }
}

fn metrics(server: &Server, path: &str) -> http::Response<super::body::Outgoing> {
    let (code, kind, text) = match path {
        "/metrics" => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            (200, kind, server.metrics.text(&server.snapshot()))
        }
        "/healthz" | "/livez" => (200, "text/plain; charset=utf-8", "ok".to_owned()),
        _ => (404, "text/plain; charset=utf-8", "see /metrics\n".to_owned()),
    };
    let mut response = http::Response::new(super::body::Outgoing::whole(text.into(), None));
    *response.status_mut() = http::StatusCode::from_u16(code).unwrap_or_default();
    let kind = http::HeaderValue::from_static(kind);
    response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
    response
}

/// Listens on an address.
///
/// # Errors
/// When it cannot be.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, super::ServeError> {
    TcpListener::bind(address).await.map_err(|source| super::ServeError::Listen { address, source })
}
