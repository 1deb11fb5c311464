//! What requests about people carry: chapter 2 of the document.

use utoipa::{IntoParams, ToSchema};

/// 6、10、16. 用户列表
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct People {
    /// 姓名，未填姓名的访客为“访客 12”，模糊查询
    name: Option<String>,
    /// 用户名，模糊查询
    username: Option<String>,
    /// 部门
    department: Option<String>,
    /// 性别
    gender: Option<String>,
    /// 手机号；对咨询师不开放
    phone_number: Option<String>,
    /// 机构编码，仅系统管理员可用
    institution_code: Option<String>,
}

/// 6. 获取用户列表
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfKind {
    /// 用户类型，默认为可见的全部
    #[param(inline, rename = "type")]
    kind: Option<KindWord>,
}

#[derive(ToSchema)]
#[schema(rename_all = "UPPERCASE")]
pub(crate) enum KindWord {
    Visitor,
    Counselor,
    Supervisor,
    Institution,
    System,
}

/// 17. 修改密码
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct ChangedPassword {
    /// 原密码，需要MD5后传输
    old_password: String,
    /// 新密码，需要MD5后传输
    password: Option<String>,
    /// 同 `password`
    new_password: Option<String>,
}

/// 18. 更新访客信息：未传的不变，空串为清除
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct OwnProfile {
    #[schema(max_length = 64)]
    name: Option<String>,
    #[schema(max_length = 32)]
    gender: Option<String>,
    #[schema(minimum = 0, maximum = 150)]
    age: Option<i64>,
    #[schema(max_length = 1000)]
    avatar_url: Option<String>,
    #[schema(max_length = 32)]
    phone_number: Option<String>,
    #[schema(max_length = 64)]
    emergency_contact: Option<String>,
    #[schema(max_length = 32)]
    emergency_phone: Option<String>,
}

/// 11、12、19. 后台用户的资料：未传的不变，空串为清除
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct StaffProfile {
    /// 新密码，需要MD5后传输
    password: Option<String>,
    #[schema(max_length = 64)]
    name: Option<String>,
    #[schema(max_length = 32)]
    gender: Option<String>,
    #[schema(minimum = 0, maximum = 150)]
    age: Option<i64>,
    #[schema(max_length = 1000)]
    avatar_url: Option<String>,
    #[schema(max_length = 32)]
    phone_number: Option<String>,
    #[schema(max_length = 32)]
    id_number: Option<String>,
    #[schema(max_length = 254)]
    email: Option<String>,
    #[schema(max_length = 64)]
    emergency_contact: Option<String>,
    #[schema(max_length = 32)]
    emergency_phone: Option<String>,
    #[schema(max_length = 100)]
    department: Option<String>,
    #[schema(max_length = 100)]
    title: Option<String>,
    #[schema(max_length = 100)]
    qualification: Option<String>,
    #[schema(max_length = 100)]
    qualification_code: Option<String>,
    /// 咨询师的督导，用户id
    supervisors: Option<Vec<String>>,
}

/// 11、12. 以用户名指定的后台用户
#[derive(ToSchema)]
pub(crate) struct NamedStaff {
    /// 用户名，不可更改
    username: String,
    #[serde(flatten)]
    profile: StaffProfile,
}

/// 8、9. 新的督导、咨询师
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct NewStaff {
    /// 2到32位的字母、数字、下划线或连字符
    #[schema(min_length = 2, max_length = 32)]
    username: String,
    /// 密码，需要MD5后传输
    #[schema(example = "173afad5992a3f73a472fc09b05b1fb7")]
    password: String,
    /// 机构编码，系统管理员必填
    institution_code: Option<String>,
    #[serde(flatten)]
    profile: StaffProfile,
}

/// 5. 新的后台用户
#[derive(ToSchema)]
pub(crate) struct NewBackOffice {
    #[schema(inline)]
    role: RoleWord,
    #[serde(flatten)]
    person: NewStaff,
}

#[derive(ToSchema)]
pub(crate) enum RoleWord {
    #[schema(rename = "ROLE_COUNSELOR")]
    Counselor,
    #[schema(rename = "ROLE_SUPERVISOR")]
    Supervisor,
    #[schema(rename = "ROLE_INSTITUTION_ADMINISTRATOR")]
    Institution,
    #[schema(rename = "ROLE_SYSTEM_ADMINISTRATOR")]
    System,
}

/// 7. 微信小程序获取当前用户手机号：`code`，或 `encryptedData` 与 `iv`
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct PhoneProof {
    /// 新版 getPhoneNumber 给出的 code
    code: Option<String>,
    /// getPhoneNumber 给出的密文（base64）
    #[schema(max_length = 8000)]
    encrypted_data: Option<String>,
    /// 密文的初始向量（base64）
    iv: Option<String>,
}

/// 自有：允许发送一次订阅消息
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Subscribe {
    /// 用户同意的模板，默认为配置的模板
    template_id: Option<String>,
}

/// 21. 修改咨询师最大咨询人数
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct MaxConsults {
    /// 最大咨询数量
    #[schema(minimum = 0, maximum = 50, example = 8)]
    max_consults: i64,
}
