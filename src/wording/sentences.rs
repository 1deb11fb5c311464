//! What people are told when something is refused: every sentence once, with the word that programs know it by, in the
//! languages of the pages. A refusal carries what it is about, and becomes words where it leaves.

use std::fmt;

use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap};

/// In which language somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// The interface document's; whoever asks for nothing else gets its sentences.
    #[default]
    Chinese,
    English,
}

impl Language {
    /// What a request asks for: English with `Accept-Language: en`, as our pages say it. The lists that browsers send by
    /// themselves (`en-US,en;q=0.9`) are nobody's choice: clients that know the document's sentences go on getting them.
    pub fn asked(headers: &HeaderMap) -> Self {
        let asked = headers.get(ACCEPT_LANGUAGE).and_then(|language| language.to_str().ok());
        match asked {
            Some(language) if language.trim().eq_ignore_ascii_case("en") => Self::English,
            Some(_) | None => Self::Chinese,
        }
    }
}

/// Each line: the sentence with what it is about, its reason, the parameter it is always about; in Chinese, in English.
macro_rules! sentences {
    ($(
        $name:ident $({ $($place:ident: $kind:ty),+ })? = $reason:literal $(of $field:literal)?:
            $chinese:literal, $english:literal;
    )+) => {
        /// See the module. It may hold what people typed: prints its reason only.
        #[derive(Clone, PartialEq, Eq)]
        pub enum Sentence {
            $($name $({ $($place: $kind),+ })?,)+
        }

        impl Sentence {
            /// The stable word for programs.
            pub fn reason(&self) -> &'static str {
                match self {
                    $(Self::$name { .. } => $reason,)+
                }
            }

            fn always_of(&self) -> Option<&'static str> {
                match self {
                    $(Self::$name { .. } => None $(.or(Some($field)))?,)+
                }
            }

            fn write(&self, language: Language, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match (language, self) {
                    $(
                        (Language::Chinese, Self::$name $({ $($place),+ })?) => write!(f, $chinese),
                        (Language::English, Self::$name $({ $($place),+ })?) => write!(f, $english),
                    )+
                }
            }
        }
    };
}

sentences! {
    // The server.
    Busy = "busy": "系统繁忙，请稍后再试", "The server is busy, please try again later";
    Switching = "busy": "服务正在切换，请稍后再试", "The service is moving to another server, please try again later";
    Restarting = "busy": "服务正在重启，请稍后再试", "The service is restarting, please try again later";
    Unsettled = "unsettled": "操作尚未确认，请稍后查看结果", "Not confirmed yet, please look at the result later";

    // Requests.
    Missing { field: String } = "missing": "缺少参数：{field}", "Missing: {field}";
    Bad { field: String } = "malformed": "参数格式不正确：{field}", "Not in the right form: {field}";
    Malformed = "malformed": "参数格式不正确", "Not in the right form";
    NotAllowed = "notAllowed": "未开通权限", "You may not do this";

    // Log-ins and passwords.
    LoggedInAlready = "loggedIn": "已登录", "This connection is logged in already";
    LogInRefused = "logIn": "该用户名不存在或已被禁用，请核实后再登录！",
        "No such user name and password, or the account is disabled. Please check and log in again.";
    LogInTries { minutes: u64 } = "tooManyTries": "登录失败次数过多，请{minutes}分钟后再试！",
        "Too many failed log-ins. Please try again in {minutes} minutes.";
    WrongPassword = "wrongPassword" of "oldPassword": "原密码错误", "The present password is wrong";
    SimplePassword = "simplePassword" of "password": "密码过于简单", "This password is too simple";

    // People.
    UnknownPerson { key: String } = "unknownPerson": "用户未找到：{key}", "No such person: {key}";
    UnknownCounselor = "unknownCounselor": "counselor not find", "This counselor was not found";
    UnknownSupervisor = "unknownSupervisor": "supervisor not find", "This supervisor was not found";
    UnknownBoundSupervisor { key: String } = "unknownSupervisor" of "supervisors": "督导未找到：{key}",
        "No such supervisor: {key}";
    UsernameTaken = "usernameTaken" of "username": "用户名已存在！", "This user name is taken";
    UsernameForm = "malformed" of "username": "用户名应为2到32位的字母、数字、下划线或连字符：username",
        "A user name has 2 to 32 letters, digits, underscores or hyphens";
    NotOneself = "notOneself": "不能禁用或启用自己", "You cannot disable or enable yourself";
    BindingsByAdministrator = "bindings" of "supervisors": "绑定督导须由机构管理员修改",
        "Only the institution's administrator changes who supervises a counselor";
    InConversation = "inConversation": "该用户有进行中的会话", "This person has a conversation that is not over";
    InConversationStays = "inConversation": "该用户有进行中的会话，不能删除",
        "This person has a conversation that is not over, and cannot be deleted";
    Places = "malformed" of "maxConsults": "maxConsults 应为 0 到 50", "0 to 50 conversations at once";

    // Shifts.
    PastDay = "pastDay": "只能给今天及以后的日期进行排班", "Shifts are for today and later";
    WeekDays = "malformed" of "weekDays": "weekDays 应为 1（周一）到 7（周日）", "weekDays are 1 (Monday) to 7 (Sunday)";
    UnknownShift { id: String } = "unknownShift": "排班记录未找到：{id}", "No such shift: {id}";

    // Conversations.
    UnknownConversation = "unknown": "会话未找到", "The conversation was not found";
    NoSuchConversation { id: String } = "unknown": "会话未找到：{id}", "No such conversation: {id}";
    NoMessagesOf { id: String } = "unknown": "conversation not find: {id}", "No such conversation: {id}";
    Consulting = "consulting": "您有进行中的咨询, 请先结束当前会话",
        "You have a conversation that is not over; please end it first";
    ConsultingWith { name: String } = "consulting": "您正在咨询 {name}, 请先结束当前会话",
        "You are talking to {name}; please end that conversation first";
    ConsultingAnyone = "consulting": "您正在咨询 咨询师, 请先结束当前会话",
        "You are waiting for a counselor; please end that first";
    WithOneself = "withOneself": "不能向自己咨询", "You cannot ask yourself";
    NotBegun = "waiting": "会话尚未开始", "The conversation has not begun";
    Over = "ended": "会话已结束", "The conversation has ended";
    StillOpen = "open": "请先结束会话", "Please end the conversation first";
    SupervisorAsked = "supervised": "已请求督导", "A supervisor has been asked already";
    EvaluatedAlready = "evaluated": "评价已存在", "This has been rated already";
    TooManyPictures { pictures: i64, max: i64 } = "tooMany": "图片过多（{pictures} 张，一次最多 {max} 张），请分批导出",
        "Too many pictures ({pictures}, at most {max} at once); please export in parts";
    TooManyExported { max: usize } = "tooMany" of "id": "一次最多导出{max}个会话", "At most {max} conversations at once";

    // Our own IM.
    EmbeddedOff = "refused": "未启用内置即时通信", "This server carries no messages itself";
    SigningOff = "refused": "未配置即时通信，无法获取 UserSig", "No IM is set up, so there is no UserSig";
    NoTalk = "ended": "当前没有进行中的会话，消息未发送。", "The conversation has ended; the message was not sent";
    TalkWaits = "waiting": "会话尚未开始，请等待咨询师接入。", "The conversation has not begun; please wait for the counselor";
    EmptyText = "empty": "消息内容不能为空", "There is nothing in this message";
    LongText { max: usize } = "tooLong": "消息内容不能超过{max}字", "A message has at most {max} characters";
    TooManyWords { max: usize } = "tooMany": "一次最多发送{max}条消息", "At most {max} messages at once";
    UnknownMessage = "unknownMessage": "消息未找到", "The message was not found";
    OverForRecall = "recallEnded": "会话已结束，不能撤回", "The conversation has ended; nothing can be recalled";
    LateForRecall = "tooLate": "消息发送已超过两分钟，不能撤回", "Messages can be recalled for two minutes only";
    MessagesFull = "busy": "消息过多，请稍后再试", "Too many messages, please try again later";
    MessageLate = "busy": "消息暂未保存，将稍后保存", "The message is not stored yet; it will be";
    MessageStopping = "busy": "服务正在停止", "The service is stopping";
    MessageUnmatched { why: String } = "ended": "消息不属于任何会话：{why}", "The message belongs to no conversation: {why}";
    MessageDropped { why: String } = "ended": "消息没有归属，未保留：{why}",
        "The message belongs to no conversation and is not kept: {why}";
    MessageUnfit = "refused": "消息无法保存", "The message cannot be stored";

    // Callbacks, told to Tencent alone.
    CallbackUnwanted = "refused": "未配置即时通信", "No IM is set up";
    CallbackApp = "refused": "SdkAppid 不正确", "Not the SdkAppid of this server";
    CallbackCommand = "refused": "CallbackCommand 与消息体不一致", "CallbackCommand is not that of the body";
    CallbackSign = "refused": "回调签名无效", "The signature is not valid";
    CallbackJson = "malformed": "消息体不是合法的 JSON 对象", "The body is no JSON object";
    CallbackField { name: &'static str } = "malformed": "回调字段缺失或格式不正确：{name}",
        "A field is missing or not in the right form: {name}";
    MarksLate = "busy": "暂时无法标记消息", "Messages cannot be marked just now";

    // Pictures.
    NamedPicture = "picture": "图片未找到", "The picture was not found";
    UnknownPicture { id: String } = "picture": "图片未找到：{id}", "No such picture: {id}";
    PictureKind = "pictureKind": "图片格式不支持，请使用 PNG、JPEG、GIF 或 WebP", "Only PNG, JPEG, GIF or WebP pictures";
    PictureDamaged = "pictureDamaged": "图片已损坏", "The picture is damaged";
    PicturePoints = "pictureLarge": "图片尺寸过大", "The picture has too many points";
    PictureFrames = "pictureLarge": "动图帧数过多", "The film has too many frames";
    PictureFilm = "pictureLarge": "动图尺寸过大", "The film has too many points in all its frames";
    PictureParts = "pictureLarge": "图片的数据段过多", "The picture is in too many parts";
    PicturesFull = "picturesFull": "本次会话的图片已达上限", "This conversation holds no more pictures";
    PictureUnderWay = "busy": "您还有图片正在上传，请稍后再试", "Your other pictures are still on their way, please try again later";

    // WeChat.
    UnknownApp = "malformed" of "appid": "未知的小程序：appid", "No such mini-program: appid";
    WechatAway = "wechat": "微信服务暂时无法访问，请稍后再试", "WeChat cannot be reached, please try again later";
    WechatSays { text: String } = "wechat": "{text}", "{text}";
    NoTemplate = "wechat": "未配置订阅消息", "Subscription messages are not set up";
}

impl Sentence {
    /// The parameter that is not as it should be, if it is one.
    pub fn field(&self) -> Option<&str> {
        if let Self::Missing { field } | Self::Bad { field } = self {
            return Some(field);
        }
        self.always_of()
    }

    /// In that language.
    pub fn said(&self, language: Language) -> String {
        Said(self, language).to_string()
    }
}

struct Said<'a>(&'a Sentence, Language);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(self.1, f)
    }
}

/// As the interface document says it.
impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(Language::Chinese, f)
    }
}

impl fmt::Debug for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sentence").field(&self.reason()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn asked(language: Option<&'static str>) -> Language {
        let mut headers = HeaderMap::new();
        if let Some(language) = language {
            headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(language));
        }
        Language::asked(&headers)
    }

    #[test]
    fn english_is_for_those_who_ask_for_it_and_not_for_every_english_browser() {
        for chosen in ["en", " EN "] {
            assert_eq!(asked(Some(chosen)), Language::English, "{chosen:?}");
        }
        for other in [None, Some("zh"), Some("en-US,en;q=0.9"), Some("zh-CN,en;q=0.8"), Some("")] {
            assert_eq!(asked(other), Language::Chinese, "{other:?}");
        }
    }

    #[test]
    fn a_sentence_fills_its_places_in_both_languages_and_names_its_field() {
        let tries = Sentence::LogInTries { minutes: 7 };
        assert_eq!(tries.to_string(), "登录失败次数过多，请7分钟后再试！");
        assert_eq!(tries.said(Language::English), "Too many failed log-ins. Please try again in 7 minutes.");
        assert_eq!((tries.reason(), tries.field()), ("tooManyTries", None));
        let bad = Sentence::Bad { field: "phone".to_owned() };
        assert_eq!((bad.reason(), bad.field()), ("malformed", Some("phone")));
        assert_eq!(Sentence::UsernameTaken.field(), Some("username"));
    }

    #[test]
    fn what_somebody_typed_does_not_get_into_a_log() {
        let unknown = Sentence::UnknownPerson { key: "zhangsan".to_owned() };
        assert_eq!(format!("{unknown:?}"), r#"Sentence("unknownPerson")"#);
    }
}
