//! Sessions in PostgreSQL.

use hotline_actors::{PersonId, Timestamp};
use sqlx::PgPool;

use crate::identity::{Caller, TokenHash};

/// A session that may go on: its person is there and not banned.
pub(super) struct SessionRow {
    pub(super) caller: Caller,
    pub(super) created_at: Timestamp,
    pub(super) seen_at: Timestamp,
}

pub(super) async fn insert(
    pool: &PgPool,
    hash: TokenHash,
    person: PersonId,
    password: Option<&str>,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    // The lock makes a ban or a new password wait until the row is there to be deleted, or this wait for them.
    let inserted = sqlx::query!(
        "insert into sessions (token_hash, person, institution, created_at, seen_at)
         select $1, p.id, p.institution, $3, $3 from people p
         where p.id = $2 and p.deleted_at is null and p.state is distinct from 'BANNED'
           and ($4::text is null or p.password_hash = $4)
         for share of p",
        &hash.0[..],
        person.0,
        now.0,
        password
    )
    .execute(pool)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Whose a session is; the inner none is an administrator of the system.
pub(super) async fn institution(
    pool: &PgPool,
    hash: TokenHash,
) -> Result<Option<Option<String>>, sqlx::Error> {
    sqlx::query_scalar!(
        "select p.institution from sessions s join people p on p.id = s.person where s.token_hash = $1",
        &hash.0[..]
    )
    .fetch_optional(pool)
    .await
}

pub(super) async fn read(pool: &PgPool, hash: TokenHash) -> Result<Option<SessionRow>, sqlx::Error> {
    let row = sqlx::query!(
        "select s.person, s.created_at, s.seen_at, p.kind, p.institution, p.username
         from sessions s join people p on p.id = s.person
         where s.token_hash = $1 and p.deleted_at is null and p.state is distinct from 'BANNED'",
        &hash.0[..]
    )
    .fetch_optional(pool)
    .await?;
    row.map(|row| {
        let kind = row.kind.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        let caller = Caller {
            id: PersonId(row.person),
            kind,
            institution: row.institution,
            username: row.username,
            token: hash,
        };
        Ok(SessionRow { caller, created_at: Timestamp(row.created_at), seen_at: Timestamp(row.seen_at) })
    })
    .transpose()
}

/// Whether it was there.
pub(super) async fn delete(pool: &PgPool, hash: TokenHash) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!("delete from sessions where token_hash = $1", &hash.0[..]).execute(pool).await?;
    Ok(done.rows_affected() == 1)
}

/// Those that were there.
pub(super) async fn delete_all_of(
    pool: &PgPool,
    person: PersonId,
    except: Option<TokenHash>,
) -> Result<Vec<TokenHash>, sqlx::Error> {
    let except = except.map(|hash| hash.0.to_vec());
    let hashes = sqlx::query_scalar!(
        "delete from sessions where person = $1 and token_hash is distinct from $2 returning token_hash",
        person.0,
        except.as_deref()
    )
    .fetch_all(pool)
    .await?;
    let hash = |bytes: Vec<u8>| {
        let wrong = |_| sqlx::Error::Decode("a hash of another length".into());
        <[u8; 32]>::try_from(bytes).map(TokenHash).map_err(wrong)
    };
    hashes.into_iter().map(hash).collect()
}

pub(super) async fn write_seen(pool: &PgPool, seen: &[(TokenHash, i64)]) -> Result<(), sqlx::Error> {
    if seen.is_empty() {
        return Ok(());
    }
    let hashes: Vec<Vec<u8>> = seen.iter().map(|(hash, _)| hash.0.to_vec()).collect();
    let moments: Vec<i64> = seen.iter().map(|(_, at)| *at).collect();
    sqlx::query!(
        "update sessions s set seen_at = greatest(s.seen_at, u.at)
         from unnest($1::bytea[], $2::bigint[]) as u(token_hash, at) where s.token_hash = u.token_hash",
        &hashes,
        &moments
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Deletes what has ended by time, a bounded number at once.
pub(super) async fn clear(
    pool: &PgPool,
    staff_seen: Timestamp,
    staff_created: Timestamp,
    visitor_seen: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from sessions where token_hash in (
             select s.token_hash from sessions s join people p on p.id = s.person
             where case when p.kind = 'VISITOR' then s.seen_at < $3
                        else s.seen_at < $1 or s.created_at < $2 end
             limit 10000)",
        staff_seen.0,
        staff_created.0,
        visitor_seen.0
    )
    .execute(pool)
    .await?;
    Ok(())
}
