//! `k8s.io/apimachinery/pkg/apis/meta/v1`: what every object has, and what answers are made of.

use super::Kind::{Bool, Fields, Int32, Int64, Text, Time};
use super::{Field, Kind, Merge, Message, TEXT, field};

const PACKAGE: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";

const UID: Kind = Text("types.UID");

const fn message(name: &'static str, about: &'static str, fields: &'static [Field]) -> Message {
    Message { name, package: PACKAGE, about, typed: false, atomic: false, fields }
}

/// `metadata` of an object.
pub static OBJECT_META: Message = message(
    "ObjectMeta",
    "What every stored object says about itself.",
    &[
        field(1, "name", TEXT, "The name, which no other object of this kind has. It cannot be changed."),
        field(
            2,
            "generateName",
            TEXT,
            "What the name begins with where the server makes one: it adds five characters.",
        ),
        field(3, "namespace", TEXT, "The namespace; empty for what belongs to the whole cluster."),
        field(4, "selfLink", TEXT, "Not set by servers any more."),
        field(
            5,
            "uid",
            UID,
            "The identity of the object, given by the server: it is another when a name is used again.",
        ),
        field(
            6,
            "resourceVersion",
            TEXT,
            "The version of the object, given by the server: send it back and the write fails if somebody else was quicker.",
        ),
        field(7, "generation", Int64, "A number of the wanted state."),
        field(8, "creationTimestamp", Time, "When the server created the object."),
        field(9, "deletionTimestamp", Time, "When the object is to be gone, once somebody has deleted it.")
            .optional(),
        field(10, "deletionGracePeriodSeconds", Int64, "How many seconds the object has to end well.")
            .optional(),
        field(11, "labels", TEXT, "Names and values to select objects by.").map(),
        field(
            12,
            "annotations",
            TEXT,
            "Names and values that tools keep with the object; nothing is selected by them.",
        )
        .map(),
        field(13, "ownerReferences", Kind::Message(&OWNER), "The objects that this one depends on.")
            .list(Merge::Keyed("uid")),
        field(14, "finalizers", TEXT, "Who must have done its part before the object is removed.")
            .list(Merge::Set),
        field(
            17,
            "managedFields",
            Kind::Message(&MANAGED),
            "Who has set which fields, and how. The server keeps it.",
        )
        .list(Merge::Atomic),
    ],
);

static OWNER: Message = Message {
    atomic: true,
    ..message(
        "OwnerReference",
        "An object that another one depends on.",
        &[
            field(5, "apiVersion", TEXT, "The owner's API version.").required(),
            field(1, "kind", TEXT, "The owner's kind.").required(),
            field(3, "name", TEXT, "The owner's name.").required(),
            field(4, "uid", UID, "The owner's uid.").required(),
            field(6, "controller", Bool, "Whether the owner is the controller of the object.").optional(),
            field(7, "blockOwnerDeletion", Bool, "Whether the owner stays until the object is gone.")
                .optional(),
        ],
    )
};

static MANAGED: Message = message(
    "ManagedFieldsEntry",
    "The fields that one writer has set in one way.",
    &[
        field(1, "manager", TEXT, "Who writes."),
        field(2, "operation", Text("v1.ManagedFieldsOperationType"), "How: Apply or Update."),
        field(3, "apiVersion", TEXT, "The API version that the fields are named in."),
        field(4, "time", Time, "When the set of fields changed last.").optional(),
        field(6, "fieldsType", TEXT, "How the set is written: FieldsV1."),
        field(7, "fieldsV1", Fields, "The set of fields.").optional(),
        field(8, "subresource", TEXT, "The part of the object that the writer wrote to."),
    ],
);

/// `metadata` of a list.
pub static LIST_META: Message = message(
    "ListMeta",
    "What a list says about itself.",
    &[
        field(1, "selfLink", TEXT, "Not set by servers any more."),
        field(2, "resourceVersion", TEXT, "The version of the whole list: where to begin a watch."),
        field(3, "continue", TEXT, "A token to ask for the rest of the list with."),
        field(4, "remainingItemCount", Int64, "How many objects are still to come.").optional(),
    ],
);

pub(super) const METADATA: Field =
    field(1, "metadata", Kind::Message(&OBJECT_META), "What every stored object says about itself.");

pub(super) const LIST_METADATA: Field =
    field(1, "metadata", Kind::Message(&LIST_META), "What the list says about itself.");

/// What a request that went wrong is answered with, and a deletion that went well.
pub static STATUS: Message = Message {
    typed: true,
    ..message(
        "Status",
        "What became of a request.",
        &[
            LIST_METADATA,
            field(2, "status", TEXT, "Success or Failure."),
            field(3, "message", TEXT, "What happened, for people."),
            field(4, "reason", Text("v1.StatusReason"), "What happened, for programs."),
            field(5, "details", Kind::Message(&DETAILS), "What it is about.").optional(),
            field(6, "code", Int32, "The HTTP status."),
        ],
    )
};

static DETAILS: Message = message(
    "StatusDetails",
    "What a Status is about.",
    &[
        field(1, "name", TEXT, "The name of the object."),
        field(2, "group", TEXT, "The API group of it."),
        field(3, "kind", TEXT, "The kind or the resource of it."),
        field(6, "uid", UID, "The uid of it."),
        field(4, "causes", Kind::Message(&CAUSE), "What is wrong with it.").list(Merge::Atomic),
        field(5, "retryAfterSeconds", Int32, "When to try again."),
    ],
);

static CAUSE: Message = message(
    "StatusCause",
    "One thing that is wrong with an object.",
    &[
        field(1, "reason", Text("v1.CauseType"), "What is wrong, for programs."),
        field(2, "message", TEXT, "What is wrong, for people."),
        field(3, "field", TEXT, "The field that is wrong."),
    ],
);

/// The options of a deletion.
pub static DELETE_OPTIONS: Message = Message {
    typed: true,
    ..message(
        "DeleteOptions",
        "How to delete an object.",
        &[
            field(1, "gracePeriodSeconds", Int64, "How many seconds the object has to end well.").optional(),
            field(
                2,
                "preconditions",
                Kind::Message(&PRECONDITIONS),
                "What the object must be to be deleted.",
            )
            .optional(),
            field(3, "orphanDependents", Bool, "Whether what depends on the object stays.").optional(),
            field(
                4,
                "propagationPolicy",
                Text("v1.DeletionPropagation"),
                "What becomes of what depends on the object.",
            )
            .optional(),
            field(5, "dryRun", TEXT, "All: everything but the deletion itself is done.").list(Merge::Atomic),
            field(
                6,
                "ignoreStoreReadErrorWithClusterBreakingPotential",
                Bool,
                "Whether an object that cannot be read is deleted.",
            )
            .optional(),
        ],
    )
};

static PRECONDITIONS: Message = message(
    "Preconditions",
    "What an object must be to be deleted.",
    &[
        field(1, "uid", UID, "Its uid.").optional(),
        field(2, "resourceVersion", TEXT, "Its version.").optional(),
    ],
);

/// An object of which only the metadata is told.
pub static PARTIAL_OBJECT: Message = Message {
    typed: true,
    ..message("PartialObjectMetadata", "The metadata of an object, without the rest.", &[METADATA])
};

/// A list of them.
pub static PARTIAL_OBJECT_LIST: Message = Message {
    typed: true,
    ..message(
        "PartialObjectMetadataList",
        "The metadata of objects, without the rest.",
        &[
            LIST_METADATA,
            field(2, "items", Kind::Message(&PARTIAL_OBJECT), "The metadata of each object.")
                .list(Merge::Atomic)
                .required(),
        ],
    )
};
