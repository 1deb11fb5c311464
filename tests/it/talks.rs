//! Talks as records: supervision, priority, lists, figures, evaluations, exports, deletion (document, sections 27 to 38).

mod document;
mod evaluate;
mod export;
mod large;
mod list;
mod live;
mod remove;
mod statistics;
mod supervise;

use serde_json::Value;
use uuid::Uuid;

use crate::support::{Client, Hotline};

/// The institution `ecnu` with the counselors `lin` and `chen`, the supervisors `dudao` (who looks after `lin`) and
/// `dudao2`, and the administrator `guanli`; and `other` with `guanli2`.
async fn house() -> Hotline {
    let mut hotline = prepared().await;
    hotline.start().await;
    hotline
}

async fn prepared() -> Hotline {
    let hotline = Hotline::prepare(&["ecnu", "other"]).await;
    hotline.add_counselor("ecnu", "lin").await;
    hotline.add_counselor("ecnu", "chen").await;
    for (institution, kind, username) in [
        ("ecnu", "SUPERVISOR", "dudao"),
        ("ecnu", "SUPERVISOR", "dudao2"),
        ("ecnu", "INSTITUTION", "guanli"),
        ("other", "INSTITUTION", "guanli2"),
    ] {
        hotline.add_user(institution, kind, username).await;
    }
    hotline.database.bind_supervisor("lin", "dudao").await;
    hotline
}

fn id_of(object: &Value) -> String {
    object["id"].as_str().expect("an id").to_owned()
}

/// A talk of the past, straight into the table: how it came about is not looked at.
#[derive(Debug, Clone)]
struct Past<'a> {
    visitor: &'a str,
    counselor: &'a str,
    status: &'a str,
    opened_at: i64,
    started_at: Option<i64>,
    ended_at: Option<i64>,
    about: Option<&'a str>,
}

impl<'a> Past<'a> {
    /// Asked for and begun at `at`, over ten minutes later.
    fn talk(visitor: &'a str, counselor: &'a str, at: i64) -> Self {
        let (started_at, ended_at) = (Some(at), Some(at + 600_000));
        Self { visitor, counselor, status: "FINISHED", opened_at: at, started_at, ended_at, about: None }
    }

    async fn put(&self, hotline: &Hotline) -> String {
        let id = Uuid::now_v7();
        let done = sqlx::query!(
            "insert into conversations (id, institution, kind, visitor, wanted, counselor, consultation, status, arrival,
                                        opened_at, started_at, ended_at, end_reason)
             select $1, v.institution, case when $2::uuid is null then 'COUNSELING_SESSION' else 'REQUEST_SUPERVISE' end,
                    v.id, c.id, case when $5::bigint is not null then c.id end, $2, $3, 0, $4, $5, $6,
                    case when $6::bigint is not null then 'visitor' end
             from people v, people c where v.username = $7 and c.username = $8",
            id,
            self.about.map(|id| Uuid::parse_str(id).expect("an id")),
            self.status,
            self.opened_at,
            self.started_at,
            self.ended_at,
            self.visitor,
            self.counselor,
        )
        .execute(&hotline.database.pool)
        .await
        .expect("a talk of the past");
        assert_eq!(done.rows_affected(), 1, "{self:?}");
        id.simple().to_string()
    }
}

/// Says something in a talk of the past.
async fn said(hotline: &Hotline, conversation: &str, from: &str, to: &str, body: Value, at: i64) {
    let id = Uuid::now_v7();
    sqlx::query!(
        "insert into messages (id, institution, conversation, from_account, to_account, msg_key, sequence, random, said_at,
                               received_at, body)
         values ($1, 'ecnu', $2, $3, $4, $5, $6, 1, $6, $6, $7)",
        id,
        Uuid::parse_str(conversation).expect("an id"),
        from,
        to,
        id.simple().to_string(),
        at,
        body,
    )
    .execute(&hotline.database.pool)
    .await
    .expect("a message of the past");
}

/// The ids of a list's page, and its count.
async fn listed(reader: &Client, query: &str) -> (Vec<String>, i64) {
    let answer = reader.get(&format!("/conversation/consultlist?{query}")).await;
    let count = answer.body["count"].as_i64().expect("a count");
    let rows = answer.ok();
    (rows.as_array().expect("rows").iter().map(id_of).collect(), count)
}

/// What the audit holds of an action: actor and target.
async fn noted(hotline: &Hotline, action: &str) -> Vec<(String, Option<String>)> {
    sqlx::query!(
        "select p.username, a.target from audit a join people p on p.id = a.actor where a.action = $1 order by a.id",
        action
    )
    .fetch_all(&hotline.database.pool)
    .await
    .expect("the audit can be read")
    .into_iter()
    .map(|row| (row.username, row.target.map(|target| target.simple().to_string())))
    .collect()
}
