//! The frames of the sockets in the OpenAPI document. The derive makes one list of them for each enum of the code; clients are
//! better served by a schema with a name for each, which a discriminator finds by its `type`.

use std::collections::BTreeMap;

use utoipa::openapi::{
    Components, Discriminator, OneOf, OneOfBuilder, Ref, RefOr, Schema, schema::AnyOfBuilder,
};

/// All that a socket may be sent, and all that it may send, with what the names of their parts end in.
const UNIONS: [(&str, &str); 2] = [("Frame", "Frame"), ("ClientFrame", "Command")];

/// Told apart by what is in it, and one may have all that another has.
const OVERLAPPING: &str = "Snapshot";

pub(super) fn name_each(components: &mut Components) {
    if let Some(RefOr::T(schema)) = components.schemas.get_mut(OVERLAPPING)
        && let Schema::OneOf(OneOf { items, description, .. }) = schema
    {
        let any = items.drain(..).fold(AnyOfBuilder::new(), AnyOfBuilder::item);
        *schema = any.description(description.take()).into();
    }
    for (union, ending) in UNIONS {
        let mut kinds = BTreeMap::new();
        take_kinds(components, union, &mut kinds);
        let mut schema = OneOfBuilder::new();
        let mut discriminator = Discriminator::new("type");
        for (kind, parts) in kinds {
            let name = format!("{}{ending}", capitalized(&kind));
            let reference = Ref::from_schema_name(&name);
            discriminator.mapping.insert(kind, reference.ref_location.clone());
            schema = schema.item(reference);
            components.schemas.insert(name, parts);
        }
        let schema = schema.discriminator(Some(discriminator)).build();
        components.schemas.insert(union.to_owned(), Schema::OneOf(schema).into());
    }
}

/// Takes a list out of the components, and the lists that it is made of, and adds what is in them by the word of its type.
/// Where two lists have a kind in common, it is the same in both.
fn take_kinds(components: &mut Components, list: &str, kinds: &mut BTreeMap<String, RefOr<Schema>>) {
    let Some(RefOr::T(Schema::OneOf(OneOf { items, .. }))) = components.schemas.remove(list) else { return };
    for item in items {
        match (kind_of(&item), &item) {
            (Some(kind), _) => {
                kinds.insert(kind, item);
            }
            (None, RefOr::Ref(inner)) => {
                let inner = inner.ref_location.rsplit('/').next().unwrap_or_default().to_owned();
                take_kinds(components, &inner, kinds);
            }
            (None, RefOr::T(_)) => {}
        }
    }
}

/// The one word that `type` may be.
fn kind_of(item: &RefOr<Schema>) -> Option<String> {
    if let RefOr::T(Schema::AllOf(all)) = item {
        return all.items.iter().find_map(kind_of);
    }
    let RefOr::T(Schema::Object(object)) = item else { return None };
    let RefOr::T(Schema::Object(word)) = object.properties.get("type")? else { return None };
    word.enum_values.as_ref()?.first()?.as_str().map(str::to_owned)
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
    first.to_uppercase() + rest
}
