//! The shapes that answers share (document, section 1; docs/contract.md 1), as the OpenAPI document shows them. What is
//! sent is made by [`crate::answer`]; that both agree is tested against the running server.

#![expect(dead_code, reason = "read by the derive alone")]

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Object, OneOfBuilder, Ref, RefOr, Schema,
        schema::{ObjectBuilder, Type},
    },
};

/// A success with its object, or a refusal.
#[derive(ToSchema)]
#[serde(untagged)]
pub(crate) enum Answered<T> {
    Good(Good<T>),
    Refused(Refusal),
}

/// A success with all there are, or a refusal. Named apart from [`Answered`]: the name of a schema tells one list from
/// another only by what is in it.
#[derive(ToSchema)]
#[serde(untagged)]
pub(crate) enum AnsweredAll<T> {
    Good(GoodAll<T>),
    Refused(Refusal),
}

/// A page of rows, or a refusal.
#[derive(ToSchema)]
#[serde(untagged)]
pub(crate) enum Listed<T> {
    Page(Page<T>),
    Refused(Refusal),
}

/// 一条消息的结果，与实时连接所收到的相同
pub(crate) struct SayAnswer;

impl PartialSchema for SayAnswer {
    fn schema() -> RefOr<Schema> {
        let said = Ref::from_schema_name("SaidFrame");
        OneOfBuilder::new().item(said).item(Ref::from_schema_name(SayRefused::name())).into()
    }
}

impl ToSchema for SayAnswer {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((SayRefused::name().into(), SayRefused::schema()));
        SayRefused::schemas(schemas);
    }
}

/// 未发送
#[derive(ToSchema)]
pub(crate) struct SayRefused {
    #[schema(schema_with = the_word_error)]
    r#type: String,
    /// 缺少时无此项
    r#ref: Option<String>,
    #[schema(schema_with = refusal_code)]
    code: i32,
    /// 原因，供人阅读
    #[schema(example = "当前没有进行中的会话，消息未发送。")]
    message: String,
    reason: ChatReason,
}

/// 会话中的话、图片未能发送或撤回的原因，供程序识别，不随语言变化
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "the document's list; `chat::reasons` in tests/it compares it with what is answered"
)]
pub(crate) enum ChatReason {
    Ended,
    Waiting,
    Unknown,
    UnknownMessage,
    Empty,
    TooLong,
    Picture,
    PictureKind,
    PictureDamaged,
    PictureLarge,
    PicturesFull,
    Busy,
    Malformed,
    TooLate,
    RecallEnded,
    Refused,
}

/// 成功
#[derive(ToSchema)]
pub(crate) struct Good<T> {
    #[schema(schema_with = zero)]
    code: i32,
    #[schema(schema_with = the_word_ok)]
    message: String,
    result: T,
}

/// 成功，全部
#[derive(ToSchema)]
pub(crate) struct GoodAll<T> {
    #[schema(schema_with = zero)]
    code: i32,
    #[schema(schema_with = the_word_ok)]
    message: String,
    result: Vec<T>,
}

/// 成功，分页列表
#[derive(ToSchema)]
pub(crate) struct Page<T> {
    #[schema(schema_with = zero)]
    code: i32,
    #[schema(schema_with = the_word_ok)]
    message: String,
    result: Vec<T>,
    /// 符合条件的总数，不限于本页
    #[schema(minimum = 0)]
    count: i64,
    #[schema(schema_with = null)]
    next: (),
}

/// 业务拒绝：HTTP 200，错误码为负
#[derive(ToSchema)]
pub(crate) struct Refusal {
    #[schema(schema_with = refusal_code)]
    code: i32,
    /// 供人阅读；请求带 `Accept-Language: en` 时为英文
    #[schema(required = true, example = "未开通权限")]
    message: Option<String>,
    #[schema(schema_with = null)]
    result: (),
    /// 供程序识别的原因，不随语言变化
    #[schema(example = "notAllowed")]
    reason: Option<String>,
    /// 有误的参数
    field: Option<String>,
}

/// The result of a success without an object.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Done {
    Ok,
}

/// HTTP 错误
#[derive(ToSchema)]
pub(crate) struct HttpError {
    #[schema(
        pattern = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}\+00:00$",
        example = "2021-04-23T05:53:06.333+00:00"
    )]
    timestamp: String,
    #[schema(minimum = 400, maximum = 599, example = 403)]
    status: i32,
    #[schema(example = "Forbidden")]
    error: String,
    #[schema(example = "Access Denied")]
    message: String,
    #[schema(example = "/auth/me")]
    path: String,
}

/// 消息回调的应答：两种格式合一
#[derive(ToSchema)]
pub(crate) struct CallbackAnswer {
    #[schema(minimum = -1, maximum = 0)]
    code: i32,
    message: String,
    result: Option<Done>,
    #[serde(rename = "ActionStatus")]
    action_status: ActionStatus,
    #[serde(rename = "ErrorInfo")]
    error_info: String,
    /// 0为回调成功；1为回调出错；120001 起为拒绝发送的原因
    #[serde(rename = "ErrorCode")]
    error_code: i32,
}

/// 请求处理的结果：OK 表示处理成功，FAIL 表示失败
#[derive(ToSchema)]
#[schema(rename_all = "UPPERCASE")]
pub(crate) enum ActionStatus {
    Ok,
    Fail,
}

/// A file to keep, or a refusal as JSON.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub(crate) struct Download(Vec<u8>);

fn zero() -> Object {
    ObjectBuilder::new().schema_type(Type::Integer).enum_values(Some([0])).build()
}

fn the_word_ok() -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["OK"])).build()
}

fn the_word_error() -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["error"])).build()
}

fn null() -> Object {
    ObjectBuilder::new().schema_type(Type::Null).build()
}

fn refusal_code() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .enum_values(Some([-1, -2, -3, -5]))
        .description(Some(crate::wording::openapi::CODES))
        .build()
}
