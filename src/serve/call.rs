//! A request that has been let in: everything that its answer depends on, without the socket.

use bytes::Bytes;
use http::Method;
use serde_json::Value;
use time::OffsetDateTime;

use crate::api::accept::Accept;
use crate::api::codec::{self, Decoded, Format};
use crate::api::options::{FieldValidation, WriteOptions};
use crate::api::schema::{self, ObjectKind};
use crate::api::status::Status;
use crate::csr::User;

use super::query::Query;
use super::shape::Form;

/// A request.
#[derive(Debug)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The path as it came.
    pub path: String,
    /// The query.
    pub query: Query,
    /// The `Accept` header.
    pub accept: String,
    /// The `Content-Type` header.
    pub content_type: String,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// Who asks.
    pub user: User,
    /// The body.
    pub body: Bytes,
}

impl Call {
    /// What the client wants to be answered with.
    ///
    /// # Errors
    /// 406 when it takes nothing that there is.
    pub fn accept(&self) -> Result<Accept, Status> {
        Accept::of(&self.accept)
    }

    /// Whether a person is to read the answer: the client says so, or is one that people use
    /// (`k8s.io/apiserver/pkg/endpoints/handlers/negotiation`, `isPrettyPrint`).
    #[must_use]
    pub fn is_for_people(&self) -> bool {
        const PROGRAMS: [&str; 3] = ["curl", "Wget", "Mozilla/5.0"];
        // What `strconv.ParseBool` takes for true.
        const TRUE: [&str; 6] = ["1", "t", "T", "true", "TRUE", "True"];
        if self.accept().is_ok_and(|accept| accept.pretty) {
            return true;
        }
        match self.query.said("pretty") {
            Some(said) => TRUE.contains(&said),
            None => PROGRAMS.iter().any(|program| self.user_agent.starts_with(program)),
        }
    }

    /// How the client wants objects to be answered.
    ///
    /// # Errors
    /// 406 or 422 when that cannot be had.
    pub fn form(&self, now: OffsetDateTime) -> Result<Form, Status> {
        Form::of(self.accept()?, &self.query, now)
    }

    /// The options of a write.
    ///
    /// # Errors
    /// 422 when they are not as they must be.
    pub fn options(&self, kind: &str, apply: bool) -> Result<WriteOptions, Status> {
        WriteOptions::read(kind, apply, self.query.pairs())
    }

    /// The body as an object of a kind.
    ///
    /// # Errors
    /// 415 when it is in no known format, 400 when it is no such object.
    pub fn object(
        &self,
        api_version: &str,
        kind: &str,
        validation: FieldValidation,
    ) -> Result<Decoded, Status> {
        let format = Format::of_content_type(&self.content_type)?;
        codec::decode(format, &self.body, known(api_version, kind)?, validation)
    }

    /// The media type of the body, without parameters.
    #[must_use]
    pub fn media_type(&self) -> &str {
        self.content_type.split(';').next().unwrap_or_default().trim()
    }
}

/// The kind in the table of types.
///
/// # Errors
/// 500: it is one that the server itself names.
pub fn known(api_version: &str, kind: &str) -> Result<&'static ObjectKind, Status> {
    schema::find(api_version, kind).ok_or_else(|| Status::internal(&format!("no {kind} in {api_version}")))
}

/// Reads a typed object out of a value that conforms to its type.
///
/// # Errors
/// 400 when it does not after all.
pub fn typed<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Status> {
    serde_json::from_value(value).map_err(|error| Status::bad_request(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_known_by_what_they_ask_with() {
        for (accept, query, agent, expected) in [
            ("", "", "kubectl/v1.36.0", false),
            ("", "", "curl/8.5.0", true),
            ("", "", "Wget/1.21", true),
            ("", "", "Mozilla/5.0 (X11)", true),
            ("", "", "Go-http-client/2.0 curl", false),
            ("", "pretty=true", "", true),
            ("", "pretty=1&pretty=0", "", true),
            ("", "pretty=yes", "curl/8.5.0", false),
            ("", "pretty=false", "curl/8.5.0", false),
            ("", "pretty=", "curl/8.5.0", true),
            ("application/json;pretty=1", "pretty=0", "", true),
            ("application/json;pretty=true", "", "", false),
            ("text/html", "", "", false),
        ] {
            let call = Call {
                method: Method::GET,
                path: "/".to_owned(),
                query: Query::read(query),
                accept: accept.to_owned(),
                content_type: String::new(),
                user_agent: agent.to_owned(),
                user: User::anonymous(),
                body: Bytes::new(),
            };
            assert_eq!(call.is_for_people(), expected, "{accept} {query} {agent}");
        }
    }
}
