//! What a request is answered with.

use bytes::Bytes;
use serde_json::Value;

use crate::api::accept::{Accept, Shape};
use crate::api::codec::{self, Format};
use crate::api::pretty::pretty;
use crate::api::status::Status;

use super::watch::Watch;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub code: u16,
    /// The media type.
    pub content_type: String,
    /// Other headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Content,
}

/// The body of an answer.
#[derive(Debug)]
pub enum Content {
    /// All of it.
    Whole(Bytes),
    /// Events, as they come.
    Watch(Box<Watch>),
}

impl Answer {
    /// Plain text.
    #[must_use]
    pub fn text(code: u16, text: impl Into<String>) -> Self {
        let content_type = "text/plain; charset=utf-8".to_owned();
        Self { code, content_type, headers: Vec::new(), body: Content::Whole(text.into().into()) }
    }

    /// An object in the format that was asked for.
    #[must_use]
    pub fn object(code: u16, format: Format, value: &Value) -> Self {
        match codec::encode(format, value) {
            Ok(bytes) => Self::bytes(code, format, bytes),
            // What has no form in protobuf has one in JSON, which every client takes.
            Err(_) => Self::bytes(code, Format::Json, value.to_string().into_bytes()),
        }
    }

    /// What is in a format already.
    #[must_use]
    pub fn bytes(code: u16, format: Format, bytes: Vec<u8>) -> Self {
        let content_type = format.media_type().to_owned();
        Self { code, content_type, headers: Vec::new(), body: Content::Whole(bytes.into()) }
    }

    /// JSON of another media type, or with parameters.
    #[must_use]
    pub fn typed(content_type: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        let body = Content::Whole(bytes.into());
        Self { code: 200, content_type: content_type.into(), headers: Vec::new(), body }
    }

    /// A refusal, in the format that was asked for.
    #[must_use]
    pub fn status(status: &Status, accept: Option<Accept>) -> Self {
        let format = accept.filter(|accept| accept.shape == Shape::Object).map(|accept| accept.format);
        let mut answer = Self::object(status.code, format.unwrap_or(Format::Json), &status.value());
        let retry = status.details.as_ref().and_then(|details| details.retry_after_seconds);
        answer.headers.extend(retry.map(|seconds| ("retry-after", seconds.to_string())));
        answer
    }

    /// The same for people: JSON that is not a watch gets line breaks.
    #[must_use]
    pub fn pretty(mut self) -> Self {
        if let Content::Whole(bytes) = &mut self.body
            && self.content_type.starts_with(Format::Json.media_type())
        {
            *bytes = pretty(bytes).into();
        }
        self
    }

    /// With what the client is warned of (RFC 7234 §5.5).
    #[must_use]
    pub fn warned(mut self, warnings: &[String]) -> Self {
        for warning in warnings {
            let text: String = warning.chars().filter(|c| !c.is_control()).collect();
            let text = text.replace('\\', "\\\\").replace('"', "\\\"");
            self.headers.push(("warning", format!("299 - \"{text}\"")));
        }
        self
    }
}
