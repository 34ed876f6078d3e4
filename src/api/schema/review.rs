//! Questions that are answered and not stored: who am I, and may I (`k8s.io/api/authentication`, `authorization`).

use super::Kind::{Bool, Texts};
use super::meta::METADATA;
use super::{Field, Kind, Merge, Message, TEXT, field};

const AUTHENTICATION: &str = "io.k8s.api.authentication.v1";
const AUTHORIZATION: &str = "io.k8s.api.authorization.v1";

const fn message(
    package: &'static str,
    name: &'static str,
    about: &'static str,
    fields: &'static [Field],
) -> Message {
    Message { name, package, about, typed: false, atomic: false, fields }
}

/// Who am I.
pub static SELF_SUBJECT_REVIEW: Message = Message {
    typed: true,
    ..message(
        AUTHENTICATION,
        "SelfSubjectReview",
        "Who the server takes you for.",
        &[METADATA, field(2, "status", Kind::Message(&SELF_SUBJECT_STATUS), "The answer.")],
    )
};

static SELF_SUBJECT_STATUS: Message = message(
    AUTHENTICATION,
    "SelfSubjectReviewStatus",
    "The answer to a SelfSubjectReview.",
    &[field(1, "userInfo", Kind::Message(&USER_INFO), "The user.")],
);

static USER_INFO: Message = message(
    AUTHENTICATION,
    "UserInfo",
    "A user.",
    &[
        field(1, "username", TEXT, "The name."),
        field(2, "uid", TEXT, "The identity that stays when a name is used again."),
        field(3, "groups", TEXT, "The groups.").list(Merge::Atomic),
        field(4, "extra", Texts, "What else is known.").map(),
    ],
);

/// May I.
pub static SELF_SUBJECT_ACCESS_REVIEW: Message = Message {
    typed: true,
    ..message(
        AUTHORIZATION,
        "SelfSubjectAccessReview",
        "Whether you may do something.",
        &[
            METADATA,
            field(2, "spec", Kind::Message(&ACCESS_SPEC), "What you want to do.").required(),
            field(3, "status", Kind::Message(&ACCESS_STATUS), "The answer."),
        ],
    )
};

static ACCESS_SPEC: Message = message(
    AUTHORIZATION,
    "SelfSubjectAccessReviewSpec",
    "What somebody wants to do: one of the two.",
    &[
        field(1, "resourceAttributes", Kind::Message(&RESOURCE), "Something with objects.").optional(),
        field(2, "nonResourceAttributes", Kind::Message(&NON_RESOURCE), "Something with a path.").optional(),
    ],
);

static RESOURCE: Message = message(
    AUTHORIZATION,
    "ResourceAttributes",
    "What somebody wants to do with objects.",
    &[
        field(1, "namespace", TEXT, "The namespace; empty is all, or none."),
        field(2, "verb", TEXT, "The verb, such as get, create, approve."),
        field(3, "group", TEXT, "The API group."),
        field(4, "version", TEXT, "The API version."),
        field(5, "resource", TEXT, "The resource."),
        field(6, "subresource", TEXT, "The part of it."),
        field(7, "name", TEXT, "The name; empty is all."),
        field(8, "fieldSelector", Kind::Message(&FIELD_SELECTOR), "Only objects with these fields.")
            .optional(),
        field(9, "labelSelector", Kind::Message(&LABEL_SELECTOR), "Only objects with these labels.")
            .optional(),
    ],
);

static FIELD_SELECTOR: Message = message(
    AUTHORIZATION,
    "FieldSelectorAttributes",
    "Fields that objects must have.",
    &[
        field(1, "rawSelector", TEXT, "The selector as text."),
        field(2, "requirements", Kind::Message(&FIELD_REQUIREMENT), "The selector in parts.")
            .list(Merge::Atomic),
    ],
);

static LABEL_SELECTOR: Message = message(
    AUTHORIZATION,
    "LabelSelectorAttributes",
    "Labels that objects must have.",
    &[
        field(1, "rawSelector", TEXT, "The selector as text."),
        field(2, "requirements", Kind::Message(&LABEL_REQUIREMENT), "The selector in parts.")
            .list(Merge::Atomic),
    ],
);

static FIELD_REQUIREMENT: Message = requirement("FieldSelectorRequirement");
static LABEL_REQUIREMENT: Message = requirement("LabelSelectorRequirement");

static REQUIREMENT: [Field; 3] = [
    field(1, "key", TEXT, "What is looked at.").required(),
    field(2, "operator", TEXT, "In, NotIn, Exists or DoesNotExist.").required(),
    field(3, "values", TEXT, "What it is compared with.").list(Merge::Atomic),
];

const fn requirement(name: &'static str) -> Message {
    message("io.k8s.apimachinery.pkg.apis.meta.v1", name, "One part of a selector.", &REQUIREMENT)
}

static NON_RESOURCE: Message = message(
    AUTHORIZATION,
    "NonResourceAttributes",
    "What somebody wants to do with a path.",
    &[field(1, "path", TEXT, "The path."), field(2, "verb", TEXT, "The verb, such as get.")],
);

/// What may I.
pub static SELF_SUBJECT_RULES_REVIEW: Message = Message {
    typed: true,
    ..message(
        AUTHORIZATION,
        "SelfSubjectRulesReview",
        "Everything that you may do in a namespace.",
        &[
            METADATA,
            field(2, "spec", Kind::Message(&RULES_SPEC), "Where.").required(),
            field(3, "status", Kind::Message(&RULES_STATUS), "The answer."),
        ],
    )
};

static RULES_SPEC: Message = message(
    AUTHORIZATION,
    "SelfSubjectRulesReviewSpec",
    "Where somebody wants to do something.",
    &[field(1, "namespace", TEXT, "The namespace.")],
);

static RULES_STATUS: Message = message(
    AUTHORIZATION,
    "SubjectRulesReviewStatus",
    "The answer to a SelfSubjectRulesReview.",
    &[
        field(1, "resourceRules", Kind::Message(&RESOURCE_RULE), "What may be done with objects.")
            .list(Merge::Atomic)
            .required(),
        field(2, "nonResourceRules", Kind::Message(&NON_RESOURCE_RULE), "What may be done with paths.")
            .list(Merge::Atomic)
            .required(),
        field(3, "incomplete", Bool, "Whether there may be more.").required(),
        field(4, "evaluationError", TEXT, "What went wrong while it was looked up."),
    ],
);

static RESOURCE_RULE: Message = message(
    AUTHORIZATION,
    "ResourceRule",
    "Something that may be done with objects.",
    &[
        field(1, "verbs", TEXT, "The verbs; * is all.").list(Merge::Atomic).required(),
        field(2, "apiGroups", TEXT, "The API groups; * is all.").list(Merge::Atomic),
        field(3, "resources", TEXT, "The resources; * is all.").list(Merge::Atomic),
        field(4, "resourceNames", TEXT, "The names; none is all.").list(Merge::Atomic),
    ],
);

static NON_RESOURCE_RULE: Message = message(
    AUTHORIZATION,
    "NonResourceRule",
    "Something that may be done with paths.",
    &[
        field(1, "verbs", TEXT, "The verbs; * is all.").list(Merge::Atomic).required(),
        field(2, "nonResourceURLs", TEXT, "The paths; * at the end is everything below.").list(Merge::Atomic),
    ],
);

static ACCESS_STATUS: Message = message(
    AUTHORIZATION,
    "SubjectAccessReviewStatus",
    "The answer to a SelfSubjectAccessReview.",
    &[
        field(1, "allowed", Bool, "Whether it is allowed.").required(),
        field(4, "denied", Bool, "Whether it is denied, whatever else allows it."),
        field(2, "reason", TEXT, "Why."),
        field(3, "evaluationError", TEXT, "What went wrong while it was decided."),
    ],
);
