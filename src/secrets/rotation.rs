//! Seals everything anew under the current key, bound to its person and column, row by row, beside a server that runs.

use hotline_actors::PersonId;
use sqlx::PgPool;
use uuid::Uuid;

use super::{Column, SealFault, Sealer};

/// Rows read at once.
const ROWS_MAX: i64 = 500;

/// What a rotation did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rotated {
    /// People whose values are under the current key, and bound, now.
    pub people: u64,
    /// People who were changed meanwhile, by a server that still seals under an old key.
    pub overtaken: Vec<PersonId>,
    /// People with a value that none of the keys opens, and why. Left as they are.
    pub unopened: Vec<(PersonId, SealFault)>,
}

/// Every column that holds a sealed value, of one person.
struct Row {
    id: Uuid,
    phone: Option<String>,
    id_number: Option<String>,
    emergency_phone: Option<String>,
    wechat_session_key: Option<String>,
}

/// A row sealed anew, with the hashes that find it.
struct Anew {
    phone: Option<String>,
    phone_hash: Option<Vec<u8>>,
    id_number: Option<String>,
    id_number_hash: Option<Vec<u8>>,
    emergency_phone: Option<String>,
    wechat_session_key: Option<String>,
}

/// Seals anew whatever is not under the current key or not bound. Once more changes nothing.
///
/// # Errors
/// When the database does not answer; what was done stays done.
pub async fn rotate(pool: &PgPool, sealer: &Sealer) -> Result<Rotated, sqlx::Error> {
    let mut rotated = Rotated::default();
    let mut after = Uuid::nil();
    loop {
        let rows = stale(pool, sealer, after).await?;
        let Some(last) = rows.last() else { return Ok(rotated) };
        after = last.id;
        for row in rows {
            let person = PersonId(row.id);
            match anew(&row, sealer) {
                Ok(anew) if replace(pool, &row, &anew).await? => rotated.people += 1,
                Ok(_) => rotated.overtaken.push(person),
                Err(fault) => rotated.unopened.push((person, fault)),
            }
        }
    }
}

/// The next people with a value under another key than the current, or bound to nothing.
async fn stale(pool: &PgPool, sealer: &Sealer, after: Uuid) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        "select id, phone, id_number, emergency_phone, wechat_session_key from people
         where id > $1
           and not (starts_with(coalesce(phone, $2), $2) and starts_with(coalesce(id_number, $2), $2)
                    and starts_with(coalesce(emergency_phone, $2), $2)
                    and starts_with(coalesce(wechat_session_key, $2), $2))
         order by id limit $3",
        after,
        sealer.mark(),
        ROWS_MAX,
    )
    .fetch_all(pool)
    .await
}

fn anew(row: &Row, sealer: &Sealer) -> Result<Anew, SealFault> {
    let place = |column: Column| column.of(PersonId(row.id));
    let opened = |sealed: &Option<String>, column: Column| {
        sealed.as_deref().map(|text| sealer.open(text, place(column))).transpose()
    };
    let closed = |plain: Option<&String>, column: Column| {
        plain.map(|text| sealer.seal(text, place(column))).transpose()
    };
    let hash = |plain: Option<&String>| plain.map(|text| sealer.find_hash(text).to_vec());
    let (phone, id_number) = (opened(&row.phone, Column::Phone)?, opened(&row.id_number, Column::IdNumber)?);
    let emergency_phone = opened(&row.emergency_phone, Column::EmergencyPhone)?;
    let session_key = opened(&row.wechat_session_key, Column::WechatSessionKey)?;
    Ok(Anew {
        phone: closed(phone.as_ref(), Column::Phone)?,
        phone_hash: hash(phone.as_ref()),
        id_number: closed(id_number.as_ref(), Column::IdNumber)?,
        id_number_hash: hash(id_number.as_ref()),
        emergency_phone: closed(emergency_phone.as_ref(), Column::EmergencyPhone)?,
        wechat_session_key: closed(session_key.as_ref(), Column::WechatSessionKey)?,
    })
}

/// Writes it, unless somebody changed one of the values since they were read.
async fn replace(pool: &PgPool, was: &Row, anew: &Anew) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update people
         set phone = $2, phone_hash = $3, id_number = $4, id_number_hash = $5, emergency_phone = $6,
             wechat_session_key = $7
         where id = $1 and phone is not distinct from $8 and id_number is not distinct from $9
           and emergency_phone is not distinct from $10 and wechat_session_key is not distinct from $11",
        was.id,
        anew.phone.as_deref(),
        anew.phone_hash.as_deref(),
        anew.id_number.as_deref(),
        anew.id_number_hash.as_deref(),
        anew.emergency_phone.as_deref(),
        anew.wechat_session_key.as_deref(),
        was.phone,
        was.id_number,
        was.emergency_phone,
        was.wechat_session_key,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}
