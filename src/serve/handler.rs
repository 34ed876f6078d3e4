//! From a request to its answer: who asks, may they, what is done, and a line in the audit log.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Response};
use hyper::body::Incoming;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::api::accept::Accept;
use crate::api::status::Status;
use crate::csr::User;
use crate::csr::rbac::Attributes;
use crate::store::birth::birth;

use super::answer::{Answer, Content};
use super::attributes::Subject;
use super::audit::Entry;
use super::authenticate::{authenticate, impersonate};
use super::body::{Outgoing, drain, read};
use super::call::Call;
use super::link::{Busy, Link};
use super::metrics;
use super::query::{Query, segments};
use super::route::{Action, Change, Found, find};
use super::server::{Server, busy};

/// Answers a request.
///
/// # Errors
/// Never.
pub async fn handle(
    server: Arc<Server>,
    link: Arc<Link>,
    request: Request<Incoming>,
) -> Result<Response<Outgoing>, Infallible> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(carry_out(server, link, request).await);
    }
    // Who goes away meanwhile does not undo what they have asked for, and the audit log tells of it.
    let method = request.method().clone();
    let work = tokio::spawn(carry_out(Arc::clone(&server), Arc::clone(&link), request)).await;
    Ok(work.unwrap_or_else(|_| {
        let answer = Answer::status(&Status::internal("the request could not be carried out"), None);
        respond(&server, link.work(), answer, &method, "", "")
    }))
}

async fn carry_out(server: Arc<Server>, link: Arc<Link>, request: Request<Incoming>) -> Response<Outgoing> {
    let working = link.work();
    let begun = Instant::now();
    let received = (server.clock)();
    let (head, body) = request.into_parts();
    let uri = head.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    let query = Query::read(head.uri.query().unwrap_or_default());
    let path = segments(head.uri.path());
    let subject = Subject::of(&head.method, path.as_deref().unwrap_or_default(), &query);
    let text = |name: HeaderName| header_text(&head.headers, &name);
    let accept = text(header::ACCEPT);
    let agent = text(header::USER_AGENT);
    let mut trace = Trace { user: None, other: None, refusal: None, grant: String::new() };
    let call = Call {
        method: head.method.clone(),
        path: head.uri.path().to_owned(),
        query,
        accept: accept.clone(),
        content_type: text(header::CONTENT_TYPE),
        user_agent: agent.clone(),
        user: User::anonymous(),
        body: Bytes::new(),
    };
    let for_people = call.is_for_people();
    let mut body = Some(body);
    let answer = answer(&server, &link, &head.headers, path, &subject, call, &mut body, &mut trace).await;
    if let (Err(_), Some(body)) = (&answer, body) {
        // Who is still sending would not read the answer; and the connection is good for more.
        drain(body, LEFT).await;
    }
    let answer = answer.unwrap_or_else(|status| Answer::status(&status, Accept::of(&accept).ok()));
    // A list may be long: others are served meanwhile.
    let answer = if for_people { tokio::task::block_in_place(|| answer.pretty()) } else { answer };
    let id = birth(received).map(|birth| birth.uid).unwrap_or_default();
    let is_watch = matches!(answer.body, Content::Watch(_));
    let entry = Entry {
        id: &id,
        uri: &uri,
        subject: &subject,
        user: trace.user.as_ref(),
        other: trace.other.as_ref(),
        source: link.peer.ip().to_string(),
        agent: &agent,
        code: answer.code,
        refusal: trace.refusal.as_deref(),
        grant: &trace.grant,
        received,
        answered: (server.clock)(),
    };
    server.audit.request(&entry).await;
    server.metrics.request(&measured(&subject, answer.code), (!is_watch).then(|| begun.elapsed()));
    let user = trace.other.or(trace.user).unwrap_or_else(User::anonymous);
    respond(&server, working, answer, &head.method, &id, &user.name)
}

/// As many octets of a body are passed over whose request is refused before it is read (Go, `maxPostHandlerReadBytes`).
const LEFT: usize = 256 << 10;

/// With at most so many octets a body is read and checked in less time than it takes to wake another thread and wait for
/// it: a request of a kubelet has two thousand.
const SMALL: usize = 16 << 10;

/// What is known of a request by the time it is answered.
struct Trace {
    user: Option<User>,
    other: Option<User>,
    refusal: Option<String>,
    grant: String,
}

#[allow(clippy::too_many_arguments, reason = "the parts of one request")]
async fn answer(
    server: &Arc<Server>,
    link: &Arc<Link>,
    headers: &HeaderMap,
    path: Option<Vec<String>>,
    subject: &Subject,
    mut call: Call,
    body: &mut Option<Incoming>,
    trace: &mut Trace,
) -> Result<Answer, Status> {
    let rbac = &server.settings.rbac;
    let now = (server.clock)();
    let user = authenticate(link, headers, &server.credentials.current(), now).map_err(|problem| {
        trace.refusal = Some(problem);
        Status::unauthorized()
    })?;
    trace.user = Some(user.clone());
    let (own, named) = (user.name.clone(), user);
    call.user = impersonate(named, headers, rbac).inspect_err(|status| {
        trace.refusal = Some(status.message.clone());
    })?;
    if call.user.name != own || headers.keys().any(|name| name.as_str().starts_with("impersonate-")) {
        trace.other = Some(call.user.clone());
    }
    let Some(path) = path else { return Err(Status::bad_request("the path is no UTF-8 text")) };
    let grant = match &subject.resource {
        None => rbac.grant_path(&call.user, &subject.verb, &call.path),
        Some(of) => rbac.grant(
            &call.user,
            &Attributes {
                verb: &subject.verb,
                group: &of.group,
                resource: &of.name,
                subresource: &of.subresource,
                name: &of.object,
            },
        ),
    };
    let Some(grant) = grant else {
        let text = subject.refusal(&call.user.name, &call.path);
        trace.refusal = Some(text.clone());
        return Err(forbidden(subject, &text));
    };
    trace.grant = grant.to_string();
    let (action, names) = match find(&call.method, &path) {
        Found::Action(action, names) => (action, names),
        Found::Method => return Err(Status::method_not_allowed()),
        Found::Nothing => return Err(Status::no_such_path()),
    };
    let seat = Arc::clone(&server.seats).try_acquire_owned();
    let seat = seat.map_err(|_| busy("too many requests, please try again later"))?;
    let writes = !matches!(call.method, Method::GET | Method::HEAD);
    let (bytes, held) = match body.take().filter(|_| writes) {
        Some(body) => read(body, &server.room).await?,
        None => (Bytes::new(), None),
    };
    call.body = bytes;
    // What only looks into memory, or is little work and then waits for the disk, is done here and now.
    let is_small = call.body.len() <= SMALL;
    let here = match action {
        Action::Health | Action::Version | Action::Get => true,
        Action::Write(change) => is_small && change != Change::DeleteMany,
        _ => false,
    };
    if here {
        let answer = server.act(action, &names, &call).await;
        drop((seat, held));
        return answer;
    }
    // A list of everything is large: few are made at the same time.
    let large = match action {
        Action::List | Action::Write(Change::DeleteMany)
            if call.query.said("limit").is_none() && !call.query.is("watch") =>
        {
            Arc::clone(&server.lists).acquire_owned().await.ok()
        }
        _ => None,
    };
    let server = Arc::clone(server);
    // Much is read and written: not where connections are served.
    let here = tokio::runtime::Handle::current();
    let work = tokio::task::spawn_blocking(move || {
        let answer = here.block_on(server.act(action, &names, &call));
        drop((seat, held, large));
        answer
    });
    work.await.unwrap_or_else(|_| Err(Status::internal("the request could not be carried out")))
}

/// Why a request is not let in, as the API server says it.
fn forbidden(subject: &Subject, text: &str) -> Status {
    use crate::api::status::Details;
    let Some(of) = &subject.resource else {
        let message = format!("forbidden: {text}");
        return Status::new(403, "Forbidden", message).about(Details::default());
    };
    let name = if of.object.is_empty() { String::new() } else { crate::x509::go::quoted(&of.object) + " " };
    let resource = if of.group.is_empty() { of.name.clone() } else { format!("{}.{}", of.name, of.group) };
    let details = Details {
        name: of.object.clone(),
        group: of.group.clone(),
        kind: of.name.clone(),
        ..Details::default()
    };
    Status::new(403, "Forbidden", format!("{resource} {name}is forbidden: {text}")).about(details)
}

fn header_text(headers: &HeaderMap, name: &HeaderName) -> String {
    let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    values.collect::<Vec<_>>().join(", ")
}

/// How a request is counted: by what the server knows, and not by what anybody may write.
fn measured(subject: &Subject, code: u16) -> metrics::Request {
    const KNOWN: [&str; 10] =
        ["create", "get", "list", "watch", "update", "patch", "delete", "deletecollection", "post", "put"];
    let verb = KNOWN.iter().find(|known| **known == subject.verb).copied().unwrap_or("other");
    let resource = match &subject.resource {
        Some(of) => match (of.name.as_str(), of.subresource.as_str()) {
            ("certificatesigningrequests", "") => "certificatesigningrequests",
            ("certificatesigningrequests", "approval") => "certificatesigningrequests/approval",
            ("certificatesigningrequests", "status") => "certificatesigningrequests/status",
            ("clustertrustbundles", "") => "clustertrustbundles",
            ("selfsubjectreviews", "") => "selfsubjectreviews",
            ("selfsubjectaccessreviews", "") => "selfsubjectaccessreviews",
            ("selfsubjectrulesreviews", "") => "selfsubjectrulesreviews",
            _ => "other",
        },
        None => "",
    };
    metrics::Request { verb: verb.to_owned(), resource: resource.to_owned(), code }
}

/// The answer on its way. A watch begins here.
fn respond(
    server: &Arc<Server>,
    working: Busy,
    answer: Answer,
    method: &Method,
    id: &str,
    user: &str,
) -> Response<Outgoing> {
    let Answer { code, content_type, headers, body } = answer;
    let body = match body {
        Content::Whole(bytes) => {
            let bytes = if method == Method::HEAD { Bytes::new() } else { bytes };
            Outgoing::whole(bytes, Some(working))
        }
        Content::Watch(watch) => match server.watches.enter(user) {
            Ok(watching) => {
                // Two pieces wait at most: what a client does not read is not made.
                let (sender, pieces) = mpsc::channel(2);
                let (changed, stop) = (server.changed.subscribe(), server.stop.subscribe());
                tokio::spawn(watch.run(changed, stop, server.clock, sender));
                Outgoing::pieces(pieces, working, Box::new(watching))
            }
            Err(status) => return respond(server, working, Answer::status(&status, None), method, id, user),
        },
    };
    let mut response = Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(code).unwrap_or_default();
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
    };
    set("content-type", &content_type);
    set("cache-control", "no-cache, private");
    // One that ended in the middle is not in the log.
    if !id.is_empty() {
        set("audit-id", id);
    }
    for (name, value) in &headers {
        set(name, value);
    }
    response
}
