//! Mini-program log-in: a code of `wx.login` becomes an openid, and an openid becomes a visitor.
//!
//! Only the sandbox is here so far, in which every code is somebody. Where WeChat is asked, [`Wechat::open_id`] asks it.

use std::{collections::HashMap, sync::Arc};

use hotline_actors::{PersonId, Timestamp};
use uuid::Uuid;

use crate::{
    answer::Fault,
    config::{Settings, WechatApp},
    people::{Kind, NewPerson, People, names},
};

/// What a sandbox openid begins with.
pub const SANDBOX_PREFIX: &str = "sandbox_";

/// The mini-programs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Wechat(Arc<HashMap<String, WechatApp>>);

impl Wechat {
    pub fn new(settings: &Settings) -> Self {
        Self(Arc::new(settings.wechat.apps.iter().map(|app| (app.appid.clone(), app.clone())).collect()))
    }

    /// The mini-program with this appid.
    ///
    /// # Errors
    /// -2 for one we do not know.
    pub fn app(&self, appid: &str) -> Result<&WechatApp, Fault> {
        self.0.get(appid).ok_or_else(|| Fault::malformed("未知的小程序：appid"))
    }

    /// Who sent this code. In the sandbox: whoever the code says.
    fn open_id(code: &str) -> Result<String, Fault> {
        let open_id = format!("{SANDBOX_PREFIX}{code}");
        if names::is_account(&open_id) { Ok(open_id) } else { Err(invalid_code()) }
    }
}

/// The error of the document's section 3, character by character (protocols.md 6.6).
fn invalid_code() -> Fault {
    let raw = r#"{"errcode":40029,"errmsg":"invalid code, hints: [ req_id: sandbox ]"}"#;
    Fault::malformed(format!(
        "me.chanjar.weixin.common.error.WxErrorException: 错误代码：40029, 错误信息：code 无效，微信原始报文：{raw}"
    ))
}

/// The visitor behind a code of this mini-program; a new one is made where there is none.
///
/// # Errors
/// -2 for a code that is none, -3 for somebody banned or deleted.
pub async fn visitor(
    people: &People,
    settings: &Settings,
    app: &WechatApp,
    code: &str,
    now: Timestamp,
) -> Result<PersonId, Fault> {
    let open_id = Wechat::open_id(code)?;
    let visitor = NewPerson {
        id: PersonId(Uuid::now_v7()),
        institution: Some(app.institution.clone()),
        kind: Kind::Visitor,
        username: open_id.clone(),
        password_hash: None,
        open_id: Some(open_id.clone()),
        wechat_appid: Some(app.appid.clone()),
        name: None,
        max_consults: 5,
        created_by: None,
        created_at: now,
    };
    let max_consults = settings.dispatch_for(&app.institution).default_max_consults;
    let visitor = NewPerson { max_consults: i32::try_from(max_consults).unwrap_or(5), ..visitor };
    if people.by_username(&open_id).await?.is_none() {
        // Where the name is taken meanwhile, another request of the same visitor was quicker.
        if let Ok(id) = people.add(visitor).await? {
            return Ok(id);
        }
    }
    known(people, app, &open_id).await
}

async fn known(people: &People, app: &WechatApp, open_id: &str) -> Result<PersonId, Fault> {
    let refused = || Fault::unknown(crate::http::auth::REFUSED);
    let found = people.by_username(open_id).await?.ok_or_else(refused)?;
    let person = people.get(found.id).await?.ok_or_else(refused)?;
    let is_ours = person.kind == Kind::Visitor && person.institution.as_deref() == Some(&app.institution);
    if is_ours && person.may_come_in() { Ok(person.id) } else { Err(refused()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_code_that_can_be_a_name_is_somebody_in_the_sandbox() {
        assert_eq!(Wechat::open_id("li-lei").ok().as_deref(), Some("sandbox_li-lei"));
        for bad in ["", "a b", "张三", "a\0", &"x".repeat(25)] {
            assert_eq!(Wechat::open_id(bad).is_ok(), bad.is_empty(), "{bad}");
        }
    }

    #[test]
    fn the_error_is_the_documents() {
        let Fault::Refused { message, .. } = invalid_code() else { panic!("a refusal") };
        assert!(message.starts_with(
            "me.chanjar.weixin.common.error.WxErrorException: 错误代码：40029, 错误信息：code 无效，微信原始报文：{\"errcode\":40029,"
        ));
    }
}
