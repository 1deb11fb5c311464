//! The rows of leases and owners. Whatever is compared with a lease is PostgreSQL's own clock.

use std::{collections::BTreeMap, time::Duration};

use sqlx::{PgConnection, PgPool, postgres::types::PgInterval};
use uuid::Uuid;

/// What servers of this version say to each other; see docs/design.md.
const PROTOCOL: i32 = 1;

fn interval(duration: Duration) -> PgInterval {
    let microseconds = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    PgInterval { months: 0, days: 0, microseconds }
}

/// A new lease.
pub(super) async fn register(
    connection: &mut PgConnection,
    name: &str,
    lease: Duration,
    is_leaving: bool,
) -> Result<Uuid, sqlx::Error> {
    let id = Uuid::now_v7();
    sqlx::query!(
        "insert into nodes (id, name, version, protocol, lease_until, leaving)
         values ($1, $2, $3, $4, clock_timestamp() + $5, $6)",
        id,
        name,
        env!("CARGO_PKG_VERSION"),
        PROTOCOL,
        interval(lease),
        is_leaving,
    )
    .execute(connection)
    .await?;
    Ok(id)
}

/// Renews the lease, also one that has run out and that nobody has removed; false: somebody has.
pub(super) async fn renew(
    connection: &mut PgConnection,
    id: Uuid,
    lease: Duration,
    is_leaving: bool,
) -> Result<bool, sqlx::Error> {
    let renewed = sqlx::query!(
        "update nodes set lease_until = clock_timestamp() + $2, leaving = $3 where id = $1",
        id,
        interval(lease),
        is_leaving,
    )
    .execute(connection)
    .await?;
    Ok(renewed.rows_affected() == 1)
}

/// One of the servers.
pub(super) struct NodeRow {
    pub(super) id: Uuid,
    pub(super) leaving: bool,
    pub(super) is_alive: bool,
}

/// All servers, in the order in which they joined.
pub(super) async fn nodes(connection: &mut PgConnection) -> Result<Vec<NodeRow>, sqlx::Error> {
    sqlx::query_as!(
        NodeRow,
        r#"select id, leaving, lease_until > clock_timestamp() as "is_alive!" from nodes order by joined_at, id"#
    )
    .fetch_all(connection)
    .await
}

pub(super) async fn members(pool: &PgPool) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!("select name from nodes where lease_until > clock_timestamp() order by name")
        .fetch_all(pool)
        .await
}

/// Whether anything about owners has changed, told without reading all of them: a change raises an epoch, or leaves an institution
/// without an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) institutions: i64,
    known: i64,
    epochs: i64,
    unowned: i64,
}

impl Summary {
    /// Whether there are institutions that nobody owns.
    pub(super) fn has_unowned(self) -> bool {
        self.unowned > 0 || self.known < self.institutions
    }
}

pub(super) async fn summary(connection: &mut PgConnection) -> Result<Summary, sqlx::Error> {
    sqlx::query_as!(
        Summary,
        r#"
        select (select count(*) from institutions) as "institutions!", count(*) as "known!",
               coalesce(sum(epoch), 0)::bigint as "epochs!", count(*) filter (where node is null) as "unowned!"
        from owners
        "#
    )
    .fetch_one(connection)
    .await
}

/// What `node` owns.
pub(super) async fn owned_by(
    connection: &mut PgConnection,
    node: Uuid,
) -> Result<BTreeMap<String, i64>, sqlx::Error> {
    let rows = sqlx::query!("select institution, epoch from owners where node = $1", node)
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| (row.institution, row.epoch)).collect())
}

/// Removes the servers whose leases have run out, so that nobody owns what they did. Only whoever holds a lease may: a statement that
/// was held up, by a database that was frozen, finds that of whoever sent it run out as well. A lease that is renewed at the same
/// moment stays, since PostgreSQL looks at its row again.
pub(super) async fn remove_expired(
    connection: &mut PgConnection,
    me: Uuid,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "delete from nodes n
         where n.lease_until <= clock_timestamp() and n.id <> $1
           and exists (select from nodes me where me.id = $1 and me.lease_until > clock_timestamp())
         returning n.name",
        me
    )
    .fetch_all(connection)
    .await
}

/// Takes all institutions that nobody owns; says how many.
pub(super) async fn take_unowned(connection: &mut PgConnection, me: Uuid) -> Result<u64, sqlx::Error> {
    sqlx::query!("insert into owners (institution) select code from institutions on conflict do nothing")
        .execute(&mut *connection)
        .await?;
    let taken = sqlx::query!(
        "update owners set node = $1, epoch = epoch + 1, since = clock_timestamp() where node is null",
        me
    )
    .execute(connection)
    .await?;
    Ok(taken.rows_affected())
}

/// Nobody owns any more what `node` did.
pub(super) async fn remove(connection: &mut PgConnection, node: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from nodes where id = $1", node).execute(connection).await.map(|_| ())
}
