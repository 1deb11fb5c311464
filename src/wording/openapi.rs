//! What the OpenAPI document says besides what stands beside each handler, for those who write clients.

/// How everything answers.
pub const DESCRIPTION: &str = "\
统一返回 `{code, message, result}`：`code` 为 0 即成功；业务拒绝仍为 HTTP 200，`code` 为负（-1 状态不允许或出错，-2 参数缺失或格式不正确，\
-3 账号或人员不存在或尝试次数过多，-5 未开通权限），`result` 为 null。列表另有 `count`（总数）与 `next`（null）。

未登录、会话失效为 HTTP 403；JSON 不合法 400，未知路径 404，方法不支持 405，消息体过大 413，须为 JSON 而未声明 415，服务停止中 503，均为同一错误格式。

登录后凭 Cookie `JSESSIONID` 或 `Authorization: Bearer`（登录应答头 `X-Auth-Token`）访问。POST、PUT 的参数可放在查询串、表单或 JSON 中；\
没有值的参数视为未传；数字可写作字符串。id 为 32 位十六进制，时间与时长为毫秒。摘要中的序号为接口文档的章节，「自有」为本系统所加。

业务拒绝另有 `reason`（供程序识别的原因，不随语言变化）与 `field`（有误的参数，若有）。`message` 为中文；请求带 `Accept-Language: en` 时为英文。";

// The chapters: those of the interface document, and ours.
pub const PEOPLE: &str = "二、用户相关API";
pub const SHIFTS: &str = "三、排班相关API";
pub const CONVERSATIONS: &str = "四、会话相关API";
pub const EVALUATIONS: &str = "五、评价相关API";
pub const MESSAGES: &str = "六、消息相关API";
pub const CONFIG: &str = "七、配置相关API";
pub const SOCKETS: &str = "自有：实时连接";
pub const STATE: &str = "自有：运行状态";

/// Of a business refusal.
pub const CODES: &str =
    "-1 状态不允许或出错；-2 参数缺失或格式不正确；-3 账号或人员不存在，或尝试次数过多；-5 未开通权限";

pub const GOOD: &str = "成功，或业务拒绝";

// Faults that answers share.
pub const MALFORMED: &str = "消息体不合法";
pub const ACCESS_DENIED: &str = "未登录、会话失效，或请求来自别的站点";
pub const NOT_FOUND: &str = "路径不存在";
pub const TOO_LARGE: &str = "消息体过大";
pub const UNSUPPORTED_MEDIA_TYPE: &str = "消息体须为 JSON 并如此声明";
pub const FAILED: &str = "服务出错";
pub const STOPPING: &str = "服务停止中";
