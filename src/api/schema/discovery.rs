//! `k8s.io/api/apidiscovery`: what a server tells about its resources in one answer.

use super::meta::{LIST_METADATA, METADATA};
use super::{Field, Kind, Merge, Message, TEXT, field};

const fn message(name: &'static str, about: &'static str, fields: &'static [Field]) -> Message {
    Message { name, package: "io.k8s.api.apidiscovery.v2", about, typed: false, atomic: false, fields }
}

/// All groups.
pub static GROUP_LIST: Message = Message {
    typed: true,
    ..message(
        "APIGroupDiscoveryList",
        "The API groups of a server.",
        &[
            LIST_METADATA,
            field(2, "items", Kind::Message(&GROUP), "The groups.").list(Merge::Atomic).required(),
        ],
    )
};

static GROUP: Message = Message {
    typed: true,
    ..message(
        "APIGroupDiscovery",
        "An API group.",
        &[METADATA, field(2, "versions", Kind::Message(&VERSION), "Its versions.").list(Merge::Atomic)],
    )
};

static VERSION: Message = message(
    "APIVersionDiscovery",
    "A version of an API group.",
    &[
        field(1, "version", TEXT, "The version.").required(),
        field(2, "resources", Kind::Message(&RESOURCE), "Its resources.").list(Merge::Atomic),
        field(3, "freshness", TEXT, "Current, or Stale."),
    ],
);

static RESOURCE: Message = message(
    "APIResourceDiscovery",
    "A resource.",
    &[
        field(1, "resource", TEXT, "Its name.").required(),
        field(2, "responseKind", Kind::Message(&GROUP_VERSION_KIND), "The kind of its objects.").optional(),
        field(3, "scope", TEXT, "Cluster or Namespaced.").required(),
        field(4, "singularResource", TEXT, "Its name for one object.").required(),
        field(5, "verbs", TEXT, "What can be done with it.").list(Merge::Atomic).required(),
        field(6, "shortNames", TEXT, "Its short names.").list(Merge::Atomic),
        field(7, "categories", TEXT, "The groups of resources that it belongs to.").list(Merge::Atomic),
        field(8, "subresources", Kind::Message(&SUBRESOURCE), "Its parts.").list(Merge::Atomic),
    ],
);

static SUBRESOURCE: Message = message(
    "APISubresourceDiscovery",
    "A part of a resource.",
    &[
        field(1, "subresource", TEXT, "Its name.").required(),
        field(2, "responseKind", Kind::Message(&GROUP_VERSION_KIND), "The kind of its objects.").optional(),
        field(3, "acceptedTypes", Kind::Message(&GROUP_VERSION_KIND), "The kinds that it takes.")
            .list(Merge::Atomic),
        field(4, "verbs", TEXT, "What can be done with it.").list(Merge::Atomic).required(),
    ],
);

static GROUP_VERSION_KIND: Message = message(
    "GroupVersionKind",
    "A kind.",
    &[
        field(1, "group", TEXT, "Its group.").required(),
        field(2, "version", TEXT, "Its version.").required(),
        field(3, "kind", TEXT, "Its name.").required(),
    ],
);
