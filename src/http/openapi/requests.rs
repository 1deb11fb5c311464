//! What requests carry, as the OpenAPI document shows it. Handlers read it through [`crate::params`], from the query
//! string, a form or JSON alike; the words are the interface document's.

#![expect(dead_code, reason = "read by the derive alone")]

mod people;

use utoipa::{IntoParams, ToSchema};

pub(crate) use people::*;

/// 1. 后台用户登录接口
#[derive(ToSchema)]
pub(crate) struct Login {
    /// 用户名
    #[schema(example = "ecnu_admin")]
    username: String,
    /// 密码，需要MD5后传输
    #[schema(example = "173afad5992a3f73a472fc09b05b1fb7")]
    password: String,
}

/// 3. 微信小程序用户登录接口
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WechatCode {
    /// 微信小程序端调用微信login获得的code
    #[param(example = "first")]
    code: String,
}

/// 自有：上传会话图片
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfUpload {
    /// 会话id
    #[param(example = "2c93189d7b53e68e017b53ead62d002c")]
    conversation: String,
}

/// 26. 创建会话
#[derive(ToSchema)]
pub(crate) struct Open {
    /// 咨询师id；不指定或 `any` 时由任意在线值班咨询师接待
    #[schema(example = "any")]
    counselor: Option<String>,
    /// 指定的咨询师离线或久等时，是否也可由其他咨询师接待；默认按机构配置
    fallback: Option<bool>,
}

/// 38. 消息回调：腾讯云 IM 附在地址里的参数
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "PascalCase")]
pub(crate) struct CallbackQuery {
    /// 即时通信应用
    #[param(example = "1400513208")]
    sdk_appid: Option<String>,
    /// 回调命令，须与消息体一致
    #[param(example = "C2C.CallbackAfterSendMsg")]
    callback_command: Option<String>,
    /// 配置 `im.callback_token` 后必填：`Sign` 的时间（秒）
    request_time: Option<String>,
    /// 配置 `im.callback_token` 后必填：`SHA256(token + RequestTime)`
    sign: Option<String>,
}

/// 38. 消息回调：各命令的字段不尽相同，此处为 `C2C.CallbackAfterSendMsg`
#[derive(ToSchema)]
#[schema(rename_all = "PascalCase")]
pub(crate) struct CallbackBody {
    /// 回调命令
    #[schema(example = "C2C.CallbackAfterSendMsg")]
    callback_command: String,
    /// 消息发送者 `UserID`
    #[schema(rename = "From_Account")]
    from_account: Option<String>,
    /// 消息接收者 `UserID`
    #[schema(rename = "To_Account")]
    to_account: Option<String>,
    /// 消息序列号（32位无符号整数）
    msg_seq: Option<u32>,
    /// 消息随机数（32位无符号整数）
    msg_random: Option<u32>,
    /// 消息的发送时间戳，单位为秒
    msg_time: Option<u32>,
    /// 该条消息的唯一标识
    msg_key: Option<String>,
    /// 在线消息，为1，否则为0
    online_only_flag: Option<i32>,
    /// 该条消息的下发结果：0表示下发成功，非0表示下发失败
    send_msg_result: Option<i32>,
    /// 该条消息下发失败的错误信息
    error_info: Option<String>,
    /// 消息体
    msg_body: Option<Vec<serde_json::Value>>,
    /// 消息自定义数据：存储 `conversationId`
    cloud_custom_data: Option<String>,
}

/// 38. 根据会话提取web转化后的消息
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct OfConversation {
    /// 会话id
    conversation_id: String,
}

/// 39. 获取配置项
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct ConfigQuery {
    /// 微信小程序APPID，决定机构
    appid: Option<String>,
    /// 机构编码；缺省为登录者的机构，再缺省为第一个机构
    institution_code: Option<String>,
}

/// 分页，首页为 0
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FromZero {
    /// 页码，首页为 0
    page: Option<i64>,
    /// 数量，至多 200，默认 20
    size: Option<i64>,
}

/// `GET /workbench/ws`
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WorkbenchQuery {
    /// 重连时：已收到的最后一个 `seq`
    since: Option<i64>,
    /// `online`、`busy` 或 `away`
    presence: Option<String>,
}

/// `GET /visitor/ws`
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct VisitorQuery {
    /// 重连时：已收到的最后一个 `seq`
    since: Option<i64>,
}

/// 27. 请求督导
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct Supervise {
    /// 督导id
    supervise: String,
    /// 请求督导的会话id
    conversation_id: String,
}

/// 自有：改变排队优先级
#[derive(ToSchema)]
pub(crate) struct Prioritize {
    #[schema(inline)]
    priority: PriorityWord,
}

#[derive(ToSchema)]
#[schema(rename_all = "UPPERCASE")]
pub(crate) enum PriorityWord {
    Normal,
    Urgent,
}

/// 28. 咨询记录
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct ConsultList {
    /// 访客姓名，未填姓名的为“访客 12”，模糊查询
    visitor_name: Option<String>,
    /// 自有：访客id，只列此人的
    visitor: Option<String>,
    /// 咨询师姓名，模糊查询
    counselor_name: Option<String>,
    /// 开始时间：此时或之后开始的会话，未开始的按发起时间
    start_time: Option<i64>,
    /// 结束时间：此时或之前开始的会话，未开始的按发起时间
    end_time: Option<i64>,
    /// 状态
    #[param(inline)]
    status: Option<StatusWord>,
    /// 会话类型，默认咨询会话
    #[param(inline)]
    conversation_type: Option<ConversationTypeWord>,
    /// 排序依据，默认创建时间
    #[param(inline)]
    property: Option<PropertyWord>,
    /// 顺序，默认倒序
    #[param(inline)]
    direction: Option<DirectionWord>,
}

#[derive(ToSchema)]
#[schema(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum StatusWord {
    Waiting,
    InProgress,
    Finished,
    TimeOut,
    Cancelled,
}

#[derive(ToSchema)]
#[schema(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ConversationTypeWord {
    CounselingSession,
    RequestSupervise,
}

#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) enum PropertyWord {
    Level,
    CreatedTime,
    StartTime,
    EndTime,
    Duration,
}

#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum DirectionWord {
    Asc,
    Desc,
}

/// 31、32. 排行
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Ranking {
    /// 人数，默认 10
    #[param(minimum = 1, maximum = 200)]
    size: Option<i64>,
}

/// 34、35. 导出
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Export {
    /// 文件格式，默认 txt；单个会话导出还可以是 zip（文字与图片）
    #[param(inline)]
    format: Option<FormatWord>,
    /// 以固定代号替换姓名、号码与 id；不含图片
    anonymize: Option<bool>,
}

#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum FormatWord {
    Txt,
    Json,
    Xlsx,
    Zip,
}

/// 38. 新建评价
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Evaluate {
    /// 会话id
    conversation_id: String,
    #[schema(inline)]
    object_type: ObjectWord,
    /// 评分
    #[schema(minimum = 1, maximum = 5)]
    level: Option<i64>,
    /// 评语
    #[schema(max_length = 500)]
    content: Option<String>,
    /// 咨询师给访客的标签
    #[schema(max_length = 200)]
    tag: Option<String>,
}

/// 评价对象类型：访客评价会话或咨询师，咨询师评价访客
// Said here: beside the field it would make a second schema, and nothing is of both.
#[derive(ToSchema)]
#[schema(rename_all = "UPPERCASE")]
pub(crate) enum ObjectWord {
    Conversation,
    Counselor,
    Visitor,
}

/// 分页，首页为 1
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FromOne {
    /// 页码，首页为 1
    page: Option<i64>,
    /// 数量，至多 200，默认 10
    size: Option<i64>,
}

/// 22. 创建排班
#[derive(ToSchema)]
pub(crate) struct Arrange {
    /// 当天的任一时刻
    timestamp: i64,
    /// 咨询师、督导的用户id
    users: Vec<String>,
}

/// 23. 批量排班：代替此人原有的每周排班，空列表为取消
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct ArrangeWeek {
    /// 1（周一）到 7（周日）
    week_days: Vec<i64>,
    /// 咨询师或督导的用户id
    user: String,
}

/// 24. 获取当天在线的值班人员
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TheDay {
    /// 当天的任一时刻
    timestamp: i64,
    /// 咨询师或督导
    #[param(inline, rename = "type")]
    kind: DutyWord,
    /// 状态，默认不限
    #[param(inline)]
    state: Option<StateWord>,
}

#[derive(ToSchema)]
#[schema(rename_all = "UPPERCASE")]
pub(crate) enum DutyWord {
    Counselor,
    Supervisor,
}

#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum StateWord {
    Online,
    Busy,
    Away,
    Offline,
}

/// 自有：一个月的排班
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Month {
    /// 当月的任一时刻，默认现在
    timestamp: Option<i64>,
}
