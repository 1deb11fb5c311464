//! "It is your turn": a subscription message to a visitor who waited, if they allowed it (docs/protocols.md 6.5).
//!
//! Each tap on the mini-program's question allows one message; WeChat counts, and we count along so as not to ask in
//! vain. That it refuses one is normal.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use hotline_actors::{ConversationId, PersonId, Timestamp, dispatch::event::Event};
use sqlx::PgPool;

use super::{
    ApiFault, Wechat,
    api::TurnMessage,
    error::{self, BUSY, TOKEN_CODES},
};
use crate::{
    calendar::Calendar,
    config::WechatMode,
    consumers::{Consumed, Consumer, Failure, StoredEvent},
    wording::wechat::MOMENT,
};

/// Messages one visitor may have allowed ahead.
const ALLOWED_MAX: i32 = 20;
/// Who has been seated for longer has noticed, or is gone.
const AGE_MAX: Duration = Duration::from_mins(5);
/// WeChat's quota of the minute or the day is used up.
const QUOTA_CODES: [i64; 2] = [45009, 45011];

/// Tells visitors whose turn has come.
#[derive(Debug)]
pub struct TurnMessages {
    pool: PgPool,
    wechat: Wechat,
}

/// What became of the messages since the start.
#[derive(Debug, Default)]
pub struct Counts {
    sent: AtomicU64,
    refused: AtomicU64,
}

impl Counts {
    /// Messages that WeChat took.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Messages that WeChat refused because the visitor had allowed none.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

/// One more message may be sent to this visitor. Answers how many in all.
pub async fn allow_one(pool: &PgPool, person: PersonId, now: Timestamp) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar!(
        "insert into turn_subscriptions as s (person, institution, allowed, updated_at)
         select id, institution, 1, $2 from people where id = $1
         on conflict (person) do update set allowed = least(s.allowed + 1, $3), updated_at = excluded.updated_at
         returning allowed",
        person.0,
        now.0,
        ALLOWED_MAX,
    )
    .fetch_one(pool)
    .await
}

/// Who waited, and what they are told.
struct SeatedVisitor {
    person: uuid::Uuid,
    open_id: String,
    appid: String,
    counselor: String,
    institution: String,
    time_zone: String,
}

impl TurnMessages {
    pub fn new(pool: PgPool, wechat: Wechat) -> Self {
        Self { pool, wechat }
    }

    /// The turn, if the visitor waited for it, still has it, and allowed a message.
    async fn turn(&self, conversation: ConversationId) -> Result<Option<SeatedVisitor>, sqlx::Error> {
        sqlx::query_as!(
            SeatedVisitor,
            r#"select v.id as person, v.open_id as "open_id!", v.wechat_appid as "appid!",
                      coalesce(nullif(k.name, ''), k.username) as "counselor!", i.name as institution, i.time_zone
               from conversations c
               join turn_subscriptions s on s.person = c.visitor and s.allowed > 0
               join people v on v.id = c.visitor and v.open_id is not null and v.wechat_appid is not null
               join people k on k.id = c.counselor
               join institutions i on i.code = c.institution
               where c.id = $1 and c.kind = 'COUNSELING_SESSION' and c.status = 'IN_PROGRESS'
                 and c.started_at > c.opened_at and v.deleted_at is null"#,
            conversation.0,
        )
        .fetch_optional(&self.pool)
        .await
    }

    /// Afterwards `left` messages are allowed, or one less.
    async fn used(&self, person: uuid::Uuid, left: Option<i32>) -> Result<(), sqlx::Error> {
        sqlx::query!(
            "update turn_subscriptions set allowed = coalesce($2, greatest(allowed - 1, 0)) where person = $1",
            person,
            left,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn tell(&self, turn: &SeatedVisitor, at: Timestamp) -> Result<(), Failure> {
        let inner = &self.wechat.0;
        let Some(app) = inner.apps.get(&turn.appid).filter(|app| !app.settings.turn_template.is_empty())
        else {
            return Ok(());
        };
        let message = TurnMessage {
            open_id: &turn.open_id,
            template: &app.settings.turn_template,
            page: Some(app.settings.turn_page.as_str()).filter(|page| !page.is_empty()),
            state: app.settings.turn_state.as_str(),
            values: values(&app.settings.turn_fields, turn, at),
        };
        let person = PersonId(turn.person);
        if inner.mode == WechatMode::Sandbox {
            tracing::info!(%person, "the sandbox would tell over WeChat that it is their turn");
            return Ok(self.used(turn.person, None).await?);
        }
        let (api, message) = (&inner.api, &message);
        let send = |token: String| async move { api.send(&token, message).await };
        match app.tokens.with_token(&inner.api, app.credentials(), send).await {
            Ok(()) => {
                inner.turns.sent.fetch_add(1, Ordering::Relaxed);
                Ok(self.used(turn.person, None).await?)
            }
            Err(ApiFault::Refused(error)) if error.code == error::REFUSED => {
                inner.turns.refused.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(%person, "they have not allowed a message over WeChat, or no further one");
                Ok(self.used(turn.person, Some(0)).await?)
            }
            Err(fault) => Err(failure(&fault)),
        }
    }
}

fn failure(fault: &ApiFault) -> Failure {
    match fault {
        ApiFault::Unreachable(_) => Failure::Passing(fault.to_string()),
        ApiFault::Refused(error) => {
            let passes =
                error.code == BUSY || TOKEN_CODES.contains(&error.code) || QUOTA_CODES.contains(&error.code);
            let reason = format!("WeChat refuses with {}", error.code);
            if passes { Failure::Passing(reason) } else { Failure::Lasting(reason) }
        }
    }
}

impl Consumer for TurnMessages {
    fn name(&self) -> &'static str {
        "wechat-turns"
    }

    fn kinds(&self) -> &'static [&'static str] {
        &["assigned"]
    }

    fn age_max(&self) -> Duration {
        AGE_MAX
    }

    async fn consume(&self, stored: &StoredEvent) -> Result<Consumed, Failure> {
        let Event::Assigned { conversation, .. } = &stored.event else { return Ok(Consumed::Nothing) };
        if self.wechat.0.apps.values().all(|app| app.settings.turn_template.is_empty()) {
            return Ok(Consumed::Nothing);
        }
        match self.turn(*conversation).await? {
            Some(turn) => self.tell(&turn, stored.at).await.map(|()| Consumed::Acted),
            None => Ok(Consumed::Nothing),
        }
    }
}

/// The fields of the message, filled and cut to what WeChat takes: a longer one would be refused (47003).
fn values(
    fields: &BTreeMap<String, String>,
    turn: &SeatedVisitor,
    at: Timestamp,
) -> BTreeMap<String, String> {
    let time = Calendar::new(&turn.time_zone).format(at, MOMENT);
    let fill = |text: &str| {
        text.replace("{counselor}", &turn.counselor)
            .replace("{institution}", &turn.institution)
            .replace("{time}", &time)
    };
    fields.iter().map(|(field, text)| (field.clone(), cut(field, &fill(text)))).collect()
}

fn cut(field: &str, text: &str) -> String {
    let kind = field.trim_end_matches(|c: char| c.is_ascii_digit());
    let chars_max = match kind {
        "thing" => 20,
        "name" if text.is_ascii() => 20,
        "name" => 10,
        "phrase" => 5,
        _ => 32,
    };
    text.chars().take(chars_max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_filled_and_cut_to_what_wechat_takes() {
        let turn = SeatedVisitor {
            person: uuid::Uuid::nil(),
            open_id: String::new(),
            appid: String::new(),
            counselor: "欧阳娜娜欧阳娜娜欧阳娜娜".to_owned(),
            institution: "心院热线".to_owned(),
            time_zone: "Asia/Shanghai".to_owned(),
        };
        let fields = [
            ("thing1", "轮到您了，请回到小程序开始咨询，我们在这里等您"),
            ("name2", "{counselor}"),
            ("time3", "{time}"),
            ("phrase4", "{institution}欢迎"),
        ];
        let fields = fields.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        // 2021-04-26 16:30 UTC is half past midnight of the 27th in Shanghai.
        let values = values(&fields, &turn, Timestamp(1_619_454_600_000));
        assert_eq!(values["thing1"], "轮到您了，请回到小程序开始咨询，我们在这");
        assert_eq!(values["name2"], "欧阳娜娜欧阳娜娜欧阳");
        assert_eq!(values["time3"], "2021年4月27日 00:30");
        assert_eq!(values["phrase4"], "心院热线欢");
        assert_eq!(cut("name2", "a counselor with a long name"), "a counselor with a l");
    }

    #[test]
    fn what_passes_is_tried_again_and_what_lasts_is_given_up() {
        let refused = |code: i64| {
            let body = format!(r#"{{"errcode":{code},"errmsg":"x"}}"#);
            let error = error::WxError::of(body.as_bytes()).expect("JSON").expect("an error");
            failure(&ApiFault::Refused(error))
        };
        for code in [-1, 40001, 42001, 45009] {
            assert!(matches!(refused(code), Failure::Passing(_)), "{code}");
        }
        for code in [40003, 40037, 41030, 47003] {
            assert!(matches!(refused(code), Failure::Lasting(_)), "{code}");
        }
        assert!(matches!(failure(&ApiFault::Unreachable(String::new())), Failure::Passing(_)));
    }
}
