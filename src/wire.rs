//! What all objects of the wire share, as the OpenAPI document shows it.

use utoipa::ToSchema;

/// 32 位十六进制数字
#[derive(ToSchema)]
#[schema(pattern = "^[0-9a-f]{32}$", example = "2c93189d7b53e68e017b53ead62d002c")]
#[expect(dead_code, reason = "read by the derive alone")]
pub(crate) struct Id(String);
