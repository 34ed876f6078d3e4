//! The Kubernetes API as data: what is read from requests, what answers look like, and in which bytes. No disk, no clock,
//! no socket; the server that speaks it is a driver of this.
//!
//! Objects are [`serde_json::Value`]s here: whatever the bytes are, the value is what a client's JSON would say.
//!
//! | Module | Holds |
//! |---|---|
//! | [`schema`] | the one table of types: field numbers, Go's types, how lists merge, what each field is |
//! | [`status`] | the Status that a refused request gets |
//! | [`accept`] | which answer a client asks for |
//! | [`options`] | the options of a write: what may stand in the query |
//! | [`codec`] | JSON, YAML and protobuf into values and back |
//! | [`table`], [`partial`] | answers that are not the object itself |
//! | [`mod@pretty`] | JSON for people |
//! | [`patch`], [`managed`] | the four kinds of patches, and who owns which field |
//! | [`selector`] | label and field selectors |
//! | [`watch`] | the frames of a watch |
//! | [`discovery`], [`openapi`] | what the server tells about itself |
//! | [`review`] | who am I, and may I |
//! | [`trust_bundle`] | what a ClusterTrustBundle must be |
//! | [`trust_file`] | files of them, with the line of what is wrong |

pub mod accept;
pub mod codec;
pub mod discovery;
pub mod managed;
pub mod openapi;
pub mod options;
pub mod partial;
pub mod patch;
pub mod pretty;
pub mod review;
pub mod schema;
pub mod selector;
pub mod status;
pub mod table;
pub mod trust_bundle;
pub mod trust_file;
pub mod watch;

use serde_json::Value;

/// An object with one field more. The value is moved: lists are long.
fn with(mut object: Value, name: &str, value: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
    object
}
