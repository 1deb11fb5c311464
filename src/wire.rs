//! What all objects of the wire share, and how the OpenAPI document shows it.

pub(crate) mod words;

use std::{borrow::Cow, ops::Deref, str::FromStr};

use hotline_actors::words::Words;
use serde::{Serialize, Serializer};
use sqlx::{
    Decode, Encode, Postgres, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueRef},
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type as SchemaType},
};

/// 32 位十六进制数字
#[derive(ToSchema)]
#[schema(pattern = "^[0-9a-f]{32}$", example = "2c93189d7b53e68e017b53ead62d002c")]
#[expect(dead_code, reason = "read by the derive alone")]
pub(crate) struct Id(String);

/// A value of an enum, as the word that the wire and the database have for it. A row with any other word cannot be read; the
/// OpenAPI document lists the words. [`words`] has a name without angle brackets for each that is part of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsWord<T>(pub T);

impl<T> Deref for AsWord<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> From<T> for AsWord<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Words> Serialize for AsWord<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.word())
    }
}

impl<T: Words> PartialSchema for AsWord<T> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::String)
            .enum_values(Some(T::WORDS.iter().copied()))
            .into()
    }
}

impl<T: Words> ToSchema for AsWord<T> {
    fn name() -> Cow<'static, str> {
        T::NAME.into()
    }
}

impl<T> Type<Postgres> for AsWord<T> {
    fn type_info() -> PgTypeInfo {
        <str as Type<Postgres>>::type_info()
    }

    fn compatible(column: &PgTypeInfo) -> bool {
        <str as Type<Postgres>>::compatible(column)
    }
}

impl<T> PgHasArrayType for AsWord<T> {
    fn array_type_info() -> PgTypeInfo {
        <&str as PgHasArrayType>::array_type_info()
    }
}

impl<T: Words> Encode<'_, Postgres> for AsWord<T> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <&str as Encode<Postgres>>::encode(self.0.word(), buffer)
    }
}

impl<'r, T: FromStr<Err: std::error::Error + Send + Sync + 'static>> Decode<'r, Postgres> for AsWord<T> {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(<&str as Decode<Postgres>>::decode(value)?.parse()?))
    }
}
