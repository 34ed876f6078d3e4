//! Values as sets of fields, and what has changed from one to another (`sigs.k8s.io/structured-merge-diff`, `typed`).

use serde_json::{Map, Value, json};

use super::set::Set;
use crate::api::schema::{Count, Field, Kind, Merge, Message};

/// What has changed.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// What is there now and was not.
    pub(super) added: Set,
    /// What is another value now.
    pub(super) modified: Set,
    /// What was there and is not now.
    pub(super) removed: Set,
}

/// What a value is made of.
#[derive(Clone, Copy)]
enum Type {
    /// Owned as a whole.
    Leaf,
    /// A struct.
    Fields(&'static Message),
    /// A map; its values are leaves.
    Map,
    /// A list whose values are members.
    Set,
    /// A list whose elements are known by a field.
    Keyed(&'static str, &'static Message),
}

impl Type {
    fn of(field: &'static Field) -> Self {
        match (field.count, field.kind) {
            (Count::List(Merge::Set), _) => Self::Set,
            (Count::List(Merge::Keyed(key) | Merge::KeyedAtomic(key)), Kind::Message(message)) => {
                Self::Keyed(key, message)
            }
            (Count::Map, _) => Self::Map,
            (Count::One | Count::Optional, kind) => Self::of_kind(kind),
            (Count::List(_), _) => Self::Leaf,
        }
    }

    fn of_kind(kind: Kind) -> Self {
        match kind {
            Kind::Message(message) if !message.atomic => Self::Fields(message),
            _ => Self::Leaf,
        }
    }

    /// The parts of a value that can be owned one by one, each with its name in a set; none where it is owned as a whole.
    fn parts<'v>(self, value: &'v Value) -> Option<Vec<(String, Type, &'v Value)>> {
        match (self, value) {
            (Self::Fields(message), Value::Object(fields)) => {
                let part = |(name, value): (&'v String, &'v Value)| {
                    let field = message.field(name)?;
                    Some((format!("f:{name}"), Self::of(field), value))
                };
                Some(fields.iter().filter_map(part).collect())
            }
            (Self::Map, Value::Object(fields)) => {
                Some(fields.iter().map(|(name, value)| (format!("f:{name}"), Self::Leaf, value)).collect())
            }
            (Self::Set, Value::Array(elements)) => {
                Some(elements.iter().map(|value| (format!("v:{value}"), Self::Leaf, value)).collect())
            }
            (Self::Keyed(key, message), Value::Array(elements)) => {
                let part = |value: &'v Value| {
                    let name = json!({ key: value.get(key).cloned().unwrap_or_default() });
                    (format!("k:{name}"), Self::of_kind(Kind::Message(message)), value)
                };
                Some(elements.iter().map(part).collect())
            }
            _ => None,
        }
    }

    /// Whether a struct is there even when nobody has written it.
    fn is_struct(self) -> bool {
        matches!(self, Self::Fields(_))
    }
}

/// The fields that an applied object says (`ToFieldSet`).
pub(super) fn said(value: &Value, message: &'static Message) -> Set {
    fields_said(value, Type::Fields(message))
}

fn fields_said(value: &Value, kind: Type) -> Set {
    let Some(parts) = kind.parts(value) else { return Set::leaf() };
    if parts.is_empty() {
        return Set::leaf();
    }
    let mut set = Set::default();
    for (name, part, value) in parts {
        let mut below = fields_said(value, part);
        // An element of a list is a member itself.
        below.own |= name.starts_with("k:");
        set.insert(name, below);
    }
    set
}

/// What has changed (`Compare`).
pub(super) fn changes(old: &Value, new: &Value, message: &'static Message) -> Changes {
    compare(Some(old), Some(new), Type::Fields(message))
}

fn compare(old: Option<&Value>, new: Option<&Value>, kind: Type) -> Changes {
    let mut changes = Changes::default();
    let none = Value::Object(Map::new());
    let (old, new) = if kind.is_struct() { (old.or(Some(&none)), new.or(Some(&none))) } else { (old, new) };
    match (old, new) {
        (None, None) => {}
        (None, Some(new)) => changes.added = everything(new, kind),
        (Some(old), None) => changes.removed = everything(old, kind),
        (Some(old), Some(new)) => match (kind.parts(old), kind.parts(new)) {
            (Some(before), Some(after)) => {
                let mut rest: std::collections::BTreeMap<String, (Type, &Value)> =
                    before.into_iter().map(|(name, kind, value)| (name, (kind, value))).collect();
                for (name, kind, value) in after {
                    let before = rest.remove(&name).map(|(_, value)| value);
                    changes.put(name, compare(before, Some(value), kind));
                }
                for (name, (kind, value)) in rest {
                    changes.put(name, compare(Some(value), None, kind));
                }
            }
            _ if old != new => changes.modified = Set::leaf(),
            _ => {}
        },
    }
    changes
}

impl Changes {
    fn put(&mut self, name: String, below: Self) {
        self.added.insert(name.clone(), below.added);
        self.modified.insert(name.clone(), below.modified);
        self.removed.insert(name, below.removed);
    }
}

/// A value with everything in it; each is a member itself.
fn everything(value: &Value, kind: Type) -> Set {
    let mut set = Set::leaf();
    for (name, kind, value) in kind.parts(value).into_iter().flatten() {
        set.insert(name, everything(value, kind));
    }
    set
}

/// Merges what is applied into what is there (`Merge`).
pub(super) fn merge(live: &mut Value, applied: &Value, message: &'static Message) {
    merge_type(live, applied, Type::Fields(message));
}

fn merge_type(live: &mut Value, applied: &Value, kind: Type) {
    match (kind, &mut *live, applied) {
        (Type::Fields(_) | Type::Map, Value::Object(fields), Value::Object(applied)) => {
            for (name, value) in applied {
                let inner = match kind {
                    Type::Fields(message) => message.field(name).map(Type::of),
                    _ => None,
                };
                match fields.get_mut(name) {
                    Some(live) => merge_type(live, value, inner.unwrap_or(Type::Leaf)),
                    None => {
                        fields.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        (Type::Set | Type::Keyed(..), Value::Array(elements), Value::Array(applied)) => {
            let key = |element: &Value| match kind {
                Type::Keyed(key, _) => element.get(key).map(Value::to_string).unwrap_or_default(),
                _ => element.to_string(),
            };
            let mut places: std::collections::HashMap<String, usize> =
                elements.iter().enumerate().map(|(place, element)| (key(element), place)).collect();
            for value in applied {
                let place = places.get(&key(value)).copied();
                match (place.and_then(|place| elements.get_mut(place)), kind) {
                    (Some(live), Type::Keyed(_, message)) => {
                        merge_type(live, value, Type::of_kind(Kind::Message(message)));
                    }
                    (Some(_), _) => {}
                    (None, _) => {
                        places.insert(key(value), elements.len());
                        elements.push(value.clone());
                    }
                }
            }
        }
        _ => live.clone_from(applied),
    }
}

/// Takes away what was said before and is said by nobody now (`prune`).
pub(super) fn prune(live: &mut Value, before: &Set, now: &Set, message: &'static Message) {
    prune_type(live, before, now, Type::Fields(message));
}

fn prune_type(live: &mut Value, before: &Set, now: &Set, kind: Type) {
    let empty = Set::default();
    let mut gone = std::collections::BTreeSet::new();
    for (name, before) in &before.below {
        match now.below.get(name).unwrap_or(&empty) {
            now if now.is_empty() && before.own => {
                gone.insert(name.clone());
            }
            _ => {}
        }
    }
    let parts = kind.parts(live).unwrap_or_default();
    let names: Vec<(String, Type)> = parts.into_iter().map(|(name, kind, _)| (name, kind)).collect();
    let below = |name: &str| {
        let before = before.below.get(name)?;
        Some((before, now.below.get(name).unwrap_or(&empty)))
    };
    match live {
        Value::Object(fields) => {
            for (name, inner) in names {
                let field = name.strip_prefix("f:").unwrap_or_default();
                if gone.contains(&name) {
                    fields.remove(field);
                } else if let (Some((before, now)), Some(value)) = (below(&name), fields.get_mut(field)) {
                    prune_type(value, before, now, inner);
                    // What is left empty by it goes too.
                    let is_empty = value.as_object().is_some_and(Map::is_empty)
                        || value.as_array().is_some_and(Vec::is_empty);
                    if is_empty && !inner.is_struct() && !before.below.is_empty() {
                        fields.remove(field);
                    }
                }
            }
        }
        Value::Array(elements) => {
            let mut names = names.into_iter();
            elements.retain_mut(|element| {
                let Some((name, inner)) = names.next() else { return true };
                if gone.contains(&name) {
                    return false;
                }
                if let Some((before, now)) = below(&name) {
                    prune_type(element, before, now, inner);
                }
                true
            });
        }
        _ => {}
    }
}
