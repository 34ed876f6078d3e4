//! Which answer a client asks for: the `Accept` header (`k8s.io/apiserver/pkg/endpoints/handlers/negotiation`).

use super::codec::Format;
use super::status::Status;

/// The answer that a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accept {
    /// In which bytes.
    pub format: Format,
    /// As what.
    pub shape: Shape,
    /// Whether it is to be read by a person.
    pub pretty: bool,
}

/// What an object is answered as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// As it is.
    Object,
    /// As a table.
    Table {
        /// The version of `meta.k8s.io`.
        version: &'static str,
    },
    /// Only its metadata.
    PartialMetadata {
        /// The version of `meta.k8s.io`.
        version: &'static str,
        /// Whether a list was asked for.
        list: bool,
    },
}

/// One entry of the header.
struct Clause<'a> {
    media: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
    quality: f64,
}

impl Accept {
    /// What a header asks for; without one, JSON.
    ///
    /// # Errors
    /// 406 when nothing of it can be had.
    pub fn of(header: &str) -> Result<Self, Status> {
        if header.trim().is_empty() {
            return Ok(Self { format: Format::Json, shape: Shape::Object, pretty: false });
        }
        clauses(header).iter().find_map(answer).ok_or_else(|| Status::not_acceptable(&Format::MEDIA_TYPES))
    }
}

/// What the clause asks for, if that can be had.
fn answer(clause: &Clause<'_>) -> Option<Accept> {
    let parameter =
        |name: &str| clause.parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    // A client that asks for another version of the answer cannot be served.
    if parameter("stream").is_some_and(|stream| stream != "watch") {
        return None;
    }
    let formats: Vec<Format> = match clause.media {
        "*/*" | "application/*" => vec![Format::Json, Format::Yaml, Format::Protobuf],
        media => vec![Format::of_media_type(media)?],
    };
    let version = || match parameter("v") {
        Some("v1") => Some("v1"),
        Some("v1beta1") => Some("v1beta1"),
        _ => None,
    };
    let meta = || parameter("g") == Some("meta.k8s.io");
    let shape = match parameter("as") {
        None => Shape::Object,
        Some("Table") if meta() => Shape::Table { version: version()? },
        Some("PartialObjectMetadata") if meta() => {
            Shape::PartialMetadata { version: version()?, list: false }
        }
        Some("PartialObjectMetadataList") if meta() => {
            Shape::PartialMetadata { version: version()?, list: true }
        }
        Some(_) => return None,
    };
    // A table is no message of protobuf.
    let can = |format: &Format| *format != Format::Protobuf || !matches!(shape, Shape::Table { .. });
    let format = formats.into_iter().find(can)?;
    Some(Accept { format, shape, pretty: parameter("pretty") == Some("1") })
}

/// The entries, the best first; those that are equally good as they stand.
fn clauses(header: &str) -> Vec<Clause<'_>> {
    let mut clauses: Vec<Clause<'_>> = header.split(',').filter_map(clause).collect();
    clauses.sort_by(|one, other| other.quality.total_cmp(&one.quality));
    clauses
}

fn clause(text: &str) -> Option<Clause<'_>> {
    let mut parts = text.split(';').map(str::trim);
    let media = parts.next().filter(|media| !media.is_empty())?;
    let parameters: Vec<(&str, &str)> = parts
        .filter_map(|part| part.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim()))
        .collect();
    let quality = parameters.iter().find(|(name, _)| *name == "q");
    let quality = quality.map_or(Some(1.0), |(_, value)| value.parse::<f64>().ok())?;
    (quality > 0.0).then_some(Clause { media, parameters, quality })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headers_of_clients_are_understood() {
        use Format::{Json, Protobuf, Yaml};
        let table = |version| Shape::Table { version };
        for (header, format, shape) in [
            ("", Json, Shape::Object),
            ("application/json, */*", Json, Shape::Object),
            ("*/*", Json, Shape::Object),
            ("application/*", Json, Shape::Object),
            ("application/vnd.kubernetes.protobuf,application/json", Protobuf, Shape::Object),
            ("application/json;q=0.5, application/yaml", Yaml, Shape::Object),
            ("text/html, application/json;stream=watch", Json, Shape::Object),
            ("application/vnd.kubernetes.protobuf;stream=watch", Protobuf, Shape::Object),
            (
                "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
                Json,
                table("v1"),
            ),
            ("application/json;as=Table;v=v1beta1;g=meta.k8s.io", Json, table("v1beta1")),
            (
                "application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1;g=meta.k8s.io",
                Json,
                table("v1"),
            ),
            (
                "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
                Protobuf,
                Shape::PartialMetadata { version: "v1", list: true },
            ),
        ] {
            let accept = Accept::of(header).unwrap();
            assert_eq!((accept.format, accept.shape), (format, shape), "{header}");
        }
        for header in [
            "text/html",
            "application/json;as=Table;v=v9;g=meta.k8s.io",
            "application/json;as=Cat;v=v1;g=meta.k8s.io",
            "application/json;q=0",
            ";;,,",
        ] {
            assert_eq!(Accept::of(header).unwrap_err().code, 406, "{header}");
        }
        assert!(Accept::of("application/json;pretty=1").unwrap().pretty);
    }
}
