//! What WeChat answers instead, in the words existing clients know: those of the Java library that the system behind the
//! interface document spoke to WeChat with (docs/protocols.md 6.6). And the form of a moment in a message through WeChat.

/// The library's texts for mini-programs, as far as our calls can meet them.
pub fn known(code: i64) -> Option<&'static str> {
    match code {
        -1 => Some("系统繁忙，此时请开发者稍候再试"),
        40013 => Some("appid不正确，或者不符合绑定关系要求"),
        40029 => Some("code 无效"),
        45011 => Some("频率限制，每个用户每分钟100次"),
        _ => None,
    }
}

/// After the last try with one that stays busy.
pub const STILL_BUSY: &str = "微信服务端异常，超出重试次数！";

/// As the document prints it (section 3), with the full-width punctuation that its PDF lost. `raw` is what WeChat said.
pub fn error(code: i64, message: &str, raw: Option<&str>) -> String {
    let error =
        format!("me.chanjar.weixin.common.error.WxErrorException: 错误代码：{code}, 错误信息：{message}");
    match raw {
        Some(raw) => format!("{error}，微信原始报文：{raw}"),
        None => error,
    }
}

/// How WeChat takes a moment, as `strftime` has it.
pub const MOMENT: &str = "%Y年%-m月%-d日 %H:%M";
