//! The rows of leases and owners. Whatever is compared with a lease is PostgreSQL's own clock.

use std::{collections::BTreeMap, time::Duration};

use sqlx::{PgConnection, PgPool, postgres::types::PgInterval};
use uuid::Uuid;

/// For a later version, which may do what this one does not understand.
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

/// What a beat found.
pub(super) struct Look {
    /// Whether the lease is renewed; also one that had run out and that nobody had removed.
    pub(super) is_renewed: bool,
    /// The servers that may take institutions: first whoever owns some, then in the order in which they joined.
    pub(super) takers: Vec<Uuid>,
    /// Servers with a good lease.
    pub(super) alive: i64,
    /// Others whose leases have run out.
    pub(super) expired: i64,
    pub(super) summary: Summary,
}

/// Renews the lease and looks around, by one statement: a beat is one way there and back.
pub(super) async fn renew(
    connection: &mut PgConnection,
    id: Uuid,
    lease: Duration,
    is_leaving: bool,
) -> Result<Look, sqlx::Error> {
    let row = sqlx::query!(
        r#"
        with renewed as (
            update nodes set lease_until = clock_timestamp() + $2, leaving = $3 where id = $1 returning id
        ), seen as (
            select id, joined_at,
                   -- As it was before this statement: our own counts as renewed. One that ends later than a lease can is of a
                   -- clock that was set back since.
                   id = $1 or lease_until between clock_timestamp() and clock_timestamp() + $2 as is_alive,
                   case when id = $1 then $3 else leaving end as is_leaving,
                   exists (select from owners where node = nodes.id) as is_owner
            from nodes
        )
        select (select count(*) from renewed) > 0 as "is_renewed!",
               array(select id from seen where is_alive and not is_leaving order by is_owner desc, joined_at, id) as "takers!",
               (select count(*) from seen where is_alive) as "alive!",
               (select count(*) from seen where not is_alive) as "expired!",
               (select count(*) from institutions) as "institutions!",
               count(*) as "known!", coalesce(sum(epoch), 0)::bigint as "epochs!",
               count(*) filter (where node is null) as "unowned!"
        from owners
        "#,
        id,
        interval(lease),
        is_leaving,
    )
    .fetch_one(connection)
    .await?;
    let summary = Summary {
        institutions: row.institutions,
        known: row.known,
        epochs: row.epochs,
        unowned: row.unowned,
    };
    Ok(Look {
        is_renewed: row.is_renewed,
        takers: row.takers,
        alive: row.alive,
        expired: row.expired,
        summary,
    })
}

pub(super) async fn members(pool: &PgPool, lease: Duration) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "select name from nodes where lease_until between clock_timestamp() and clock_timestamp() + $1 order by name",
        interval(lease)
    )
    .fetch_all(pool)
    .await
}

/// Whether anything about owners has changed, told without reading all of them: a change raises an epoch, or leaves an institution
/// without an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Summary {
    institutions: i64,
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
    lease: Duration,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "delete from nodes n
         where n.id <> $1 and not n.lease_until between clock_timestamp() and clock_timestamp() + $2
           and exists (select from nodes me where me.id = $1 and me.lease_until > clock_timestamp())
         returning n.name",
        me,
        interval(lease),
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
