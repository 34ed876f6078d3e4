//! The bodies of requests and answers.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, timeout_at};

use crate::api::codec::MAX_BODY;
use crate::api::status::Status;

use super::link::Busy;

/// The body of an answer, with what is held as long as it is sent.
#[derive(Debug)]
pub struct Outgoing {
    content: Sent,
    _busy: Option<Busy>,
    _held: Option<Box<dyn std::any::Any + Send + Sync>>,
}

#[derive(Debug)]
enum Sent {
    Whole(Option<Bytes>),
    Pieces(mpsc::Receiver<Bytes>),
}

impl Outgoing {
    /// All of it.
    #[must_use]
    pub fn whole(bytes: Bytes, busy: Option<Busy>) -> Self {
        Self { content: Sent::Whole(Some(bytes)), _busy: busy, _held: None }
    }

    /// Pieces as they come.
    #[must_use]
    pub fn pieces(
        pieces: mpsc::Receiver<Bytes>,
        busy: Busy,
        held: Box<dyn std::any::Any + Send + Sync>,
    ) -> Self {
        Self { content: Sent::Pieces(pieces), _busy: Some(busy), _held: Some(held) }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.content {
            Sent::Whole(bytes) => Poll::Ready(
                bytes.take().filter(|bytes| !bytes.is_empty()).map(|bytes| Ok(Frame::data(bytes))),
            ),
            Sent::Pieces(pieces) => {
                pieces.poll_recv(context).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Sent::Whole(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Sent::Pieces(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Sent::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Sent::Pieces(_) => SizeHint::default(),
        }
    }
}

/// All bodies that are read at the same time, in kilobytes.
pub const ROOM: usize = 64 << 10;

/// How long a body may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads what is left of a body, at most so much, and keeps nothing: who is still sending would not read the answer.
pub async fn drain(mut body: Incoming, most: usize) {
    const PATIENCE: Duration = Duration::from_secs(5);
    let end = Instant::now() + PATIENCE;
    let mut length = 0;
    while length < most
        && let Ok(Some(Ok(frame))) = timeout_at(end, body.frame()).await
    {
        length += frame.data_ref().map_or(0, Bytes::len);
    }
}

/// Reads the body of a request: at most so much of it, and so much of all together. The permit holds the room that it
/// takes.
///
/// # Errors
/// 413 when it is too large, 408 when it takes too long, 429 when there is no room.
pub async fn read(
    mut body: Incoming,
    room: &Arc<Semaphore>,
) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Status> {
    let end = Instant::now() + PATIENCE;
    let mut bytes = BytesMut::new();
    let mut held: Option<OwnedSemaphorePermit> = None;
    if body.size_hint().lower() > MAX_BODY as u64 {
        drain(body, 4 * MAX_BODY).await;
        return Err(Status::too_large(MAX_BODY));
    }
    loop {
        let late =
            |_| Status::new(408, "Timeout", format!("the body takes longer than {} s", PATIENCE.as_secs()));
        let frame = match timeout_at(end, body.frame()).await.map_err(late)? {
            None => return Ok((bytes.freeze(), held)),
            Some(Err(_)) => return Err(Status::bad_request("the body is cut off")),
            Some(Ok(frame)) => frame,
        };
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > MAX_BODY {
            drop(held);
            drain(body, 4 * MAX_BODY).await;
            return Err(Status::too_large(MAX_BODY));
        }
        let size = u32::try_from(data.len() / 1024 + 1).unwrap_or(u32::MAX);
        let full =
            |_| Status::new(429, "TooManyRequests", "too many bodies are being read, please try again later");
        let permit = timeout_at(end, Arc::clone(room).acquire_many_owned(size)).await.map_err(full)?;
        match (&mut held, permit) {
            (Some(held), Ok(permit)) => held.merge(permit),
            (held, Ok(permit)) => *held = Some(permit),
            (_, Err(_)) => return Err(Status::internal("the server has stopped")),
        }
        bytes.extend_from_slice(&data);
    }
}
