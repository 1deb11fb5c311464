//! What stands in files of conversations besides what people said.

// What stands above the words, and the columns of the index.
pub const FOLDER: &str = "文件夹";
pub const CONVERSATION: &str = "会话编号";
pub const KIND: &str = "会话类型";
pub const ASKED_BY: &str = "发起人";
pub const ANSWERED_BY: &str = "接待人";
pub const CREATED_AT: &str = "发起时间";
pub const STARTED_AT: &str = "开始时间";
pub const ENDED_AT: &str = "结束时间";
pub const STATUS: &str = "会话状态";
pub const RATING: &str = "评分";
pub const EVALUATION: &str = "评价";
pub const NOTE: &str = "咨询师备注";
pub const TAG: &str = "标签";
pub const SUPERVISION: &str = "督导会话";
pub const PICTURES: &str = "图片";

// Sheets of a workbook, and the columns of what was said.
pub const TALK_SHEET: &str = "会话";
pub const WORDS_SHEET: &str = "消息";
pub const INDEX_SHEET: &str = "目录";
pub const TIME: &str = "时间";
pub const NAME: &str = "姓名";
pub const WORDS: &str = "内容";

/// What our own notices are signed with.
pub const OURSELVES: &str = "系统";
/// Stands for words their author took back.
pub const REVOKED: &str = "[已撤回]";

// What a message is where it is no text.
pub const PICTURE: &str = "图片";
pub const SOUND: &str = "语音";
pub const VIDEO: &str = "视频";
pub const FILE: &str = "文件";
pub const PLACE: &str = "位置";
pub const FACE: &str = "表情";
pub const CUSTOM: &str = "自定义消息";
pub const RELAYED: &str = "聊天记录";
pub const OTHER: &str = "消息";

// What code names begin with. They go into the code: another word makes other codes.
pub const NUMBER_CODE: &str = "号码";
pub const ADDRESS_CODE: &str = "邮箱";

/// Of a sound or a film.
pub fn seconds(seconds: i64) -> String {
    format!("{seconds}秒")
}

/// What a value is called, before it.
pub fn label(name: &str) -> String {
    format!("{name}：")
}

/// The talk with a supervisor that follows in the same text.
pub fn supervision(number: usize) -> String {
    format!("{SUPERVISION} {number}")
}

/// The two sheets of that talk.
pub fn supervision_sheets(number: usize) -> [String; 2] {
    [format!("{SUPERVISION}{number}"), format!("督导消息{number}")]
}

/// Somebody whose name misleads, with what they are.
pub fn told_apart(name: &str, role: &str) -> String {
    format!("{name}（{role}）")
}

/// How many there are in a file of several.
pub fn conversations(number: usize) -> String {
    format!("会话数：{number}")
}

pub fn pictures(number: usize) -> String {
    format!("{number} 张")
}

/// A face has no code name.
pub fn pictures_left_out(number: usize) -> String {
    format!("匿名导出不含图片（{number} 张）")
}

/// The people in the name of a folder.
pub fn people(names: &[String]) -> String {
    names.join(" 与 ")
}

/// The file of one conversation.
pub fn file(conversation: &str, extension: &str) -> String {
    format!("会话记录_{conversation}.{extension}")
}

/// The file of several.
pub const ARCHIVE: &str = "会话记录.zip";
