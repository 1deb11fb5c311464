//! The rows of leases and owners. Whatever is compared with a lease is PostgreSQL's own clock.

use std::{collections::BTreeMap, time::Duration};

use sqlx::{PgConnection, PgPool, postgres::types::PgInterval};
use uuid::Uuid;

/// For a later version, which may do what this one does not understand.
const PROTOCOL: i32 = 1;

/// A server that has been there for so long gets its share of what others own.
const STAYED_AFTER: Duration = Duration::from_secs(5);

fn interval(duration: Duration) -> PgInterval {
    let microseconds = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    PgInterval { months: 0, days: 0, microseconds }
}

/// What a server writes of itself with every beat.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// It is about to stop.
    pub(super) is_leaving: bool,
    /// It is on the bus, and hears another that is, if there is any.
    pub(super) bus_is_heard: bool,
}

/// A new lease.
pub(super) async fn register(
    connection: &mut PgConnection,
    name: &str,
    lease: Duration,
    bus: Option<Uuid>,
    marks: Marks,
) -> Result<Uuid, sqlx::Error> {
    let id = Uuid::now_v7();
    sqlx::query!(
        "insert into nodes (id, name, version, protocol, lease_until, leaving, bus, bus_is_heard)
         values ($1, $2, $3, $4, clock_timestamp() + $5, $6, $7, $8)",
        id,
        name,
        env!("CARGO_PKG_VERSION"),
        PROTOCOL,
        interval(lease),
        marks.is_leaving,
        bus,
        marks.bus_is_heard,
    )
    .execute(connection)
    .await?;
    Ok(id)
}

/// What a beat found.
pub(super) struct Look {
    /// Whether the lease is renewed; also one that had run out and that nobody had removed.
    pub(super) is_renewed: bool,
    /// All servers: first whoever owns some institutions, then in the order in which they joined.
    pub(super) nodes: Vec<Node>,
    pub(super) summary: Summary,
}

/// A server, as a beat found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) id: Uuid,
    /// Its lease is good.
    pub(super) is_alive: bool,
    pub(super) is_owner: bool,
    /// It has been there for so long that it gets its share of what others own.
    pub(super) has_stayed: bool,
    pub(super) bus: Option<Uuid>,
    pub(super) marks: Marks,
}

/// Renews the lease and looks around, by one statement: a beat is one way there and back.
pub(super) async fn renew(
    connection: &mut PgConnection,
    id: Uuid,
    lease: Duration,
    marks: Marks,
) -> Result<Look, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        with renewed as (
            update nodes set lease_until = clock_timestamp() + $2, leaving = $3, bus_is_heard = $4 where id = $1 returning id
        ), seen as (
            select id, joined_at, bus,
                   -- As it was before this statement: our own counts as renewed. One that ends later than a lease can is of a
                   -- clock that was set back since.
                   id = $1 or lease_until between clock_timestamp() and clock_timestamp() + $2 as is_alive,
                   case when id = $1 then $3 else leaving end as is_leaving,
                   case when id = $1 then $4 else bus_is_heard end as bus_is_heard,
                   joined_at < clock_timestamp() - $5::interval as has_stayed,
                   exists (select from owners where node = nodes.id) as is_owner
            from nodes
        ), told as (
            select count(*) as known, coalesce(sum(epoch), 0)::bigint as epochs,
                   count(*) filter (where node is null) as unowned,
                   (select count(*) from institutions) as institutions
            from owners
        )
        select (select count(*) from renewed) > 0 as "is_renewed!",
               id, bus, is_alive as "is_alive!", is_leaving as "is_leaving!", bus_is_heard as "bus_is_heard!",
               has_stayed as "has_stayed!", is_owner as "is_owner!",
               institutions as "institutions!", known as "known!", epochs as "epochs!", unowned as "unowned!"
        from seen cross join told
        order by is_owner desc, joined_at, id
        "#,
        id,
        interval(lease),
        marks.is_leaving,
        marks.bus_is_heard,
        interval(STAYED_AFTER),
    )
    .fetch_all(connection)
    .await?;
    // Without any row there is none of ours either.
    let mut look =
        Look { is_renewed: false, nodes: Vec::with_capacity(rows.len()), summary: Summary::default() };
    for row in rows {
        look.is_renewed = row.is_renewed;
        look.summary = Summary {
            institutions: row.institutions,
            known: row.known,
            epochs: row.epochs,
            unowned: row.unowned,
        };
        look.nodes.push(Node {
            id: row.id,
            is_alive: row.is_alive,
            is_owner: row.is_owner,
            has_stayed: row.has_stayed,
            bus: row.bus,
            marks: Marks { is_leaving: row.is_leaving, bus_is_heard: row.bus_is_heard },
        });
    }
    Ok(look)
}

/// The names of the servers on the bus.
pub(super) async fn with_bus(
    connection: &mut PgConnection,
    lease: Duration,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "select name from nodes
         where bus is not null and lease_until between clock_timestamp() and clock_timestamp() + $1
         order by name",
        interval(lease)
    )
    .fetch_all(connection)
    .await
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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

/// What `me` owns, by epoch; and with `all`, what others do, by node.
pub(super) async fn owners(
    connection: &mut PgConnection,
    me: Uuid,
    all: bool,
) -> Result<(BTreeMap<String, i64>, Vec<(String, Uuid)>), sqlx::Error> {
    let rows = sqlx::query!(
        r#"select institution, epoch, node as "node!" from owners where node = $1 or ($2 and node is not null)"#,
        me,
        all
    )
    .fetch_all(connection)
    .await?;
    let (mut own, mut of_others) = (BTreeMap::new(), Vec::new());
    for row in rows {
        if row.node == me {
            own.insert(row.institution, row.epoch);
        } else {
            of_others.push((row.institution, row.node));
        }
    }
    Ok((own, of_others))
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

/// The institutions that nobody owns.
pub(super) async fn unowned(connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query!("insert into owners (institution) select code from institutions on conflict do nothing")
        .execute(&mut *connection)
        .await?;
    sqlx::query_scalar!("select institution from owners where node is null").fetch_all(connection).await
}

/// Takes those of `institutions` that nobody owns; says how many. One that another is just taking is left to it, so that no beat waits
/// for another's.
pub(super) async fn take(
    connection: &mut PgConnection,
    me: Uuid,
    institutions: &[String],
) -> Result<u64, sqlx::Error> {
    let taken = sqlx::query!(
        "update owners set node = $1, epoch = epoch + 1, since = clock_timestamp()
         where institution in (
             select institution from owners where node is null and institution = any($2) for update skip locked
         )",
        me,
        institutions
    )
    .execute(connection)
    .await?;
    Ok(taken.rows_affected())
}

/// Lets everything go that `me` owns; says how many institutions.
pub(super) async fn let_all_go(connection: &mut PgConnection, me: Uuid) -> Result<u64, sqlx::Error> {
    let gone = sqlx::query!(
        "update owners set node = null, epoch = epoch + 1, since = clock_timestamp() where node = $1",
        me
    )
    .execute(connection)
    .await?;
    Ok(gone.rows_affected())
}

/// Gives an institution that `me` owns in its `epoch` to `to`, or to nobody if that one is not there any more; none if it is not owned
/// so. The row of `to` is held, so that it cannot go in between.
pub(super) async fn give(
    pool: &PgPool,
    institution: &str,
    (me, epoch): (Uuid, i64),
    to: Uuid,
) -> Result<Option<Option<Uuid>>, sqlx::Error> {
    sqlx::query_scalar!(
        "update owners set epoch = epoch + 1, since = clock_timestamp(), node = (
             select id from nodes where id = $4 and not leaving and lease_until > clock_timestamp() for key share
         )
         where institution = $1 and node = $2 and epoch = $3
         returning node",
        institution,
        me,
        epoch,
        to
    )
    .fetch_optional(pool)
    .await
}

/// Nobody owns any more what `node` did.
pub(super) async fn remove(connection: &mut PgConnection, node: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from nodes where id = $1", node).execute(connection).await.map(|_| ())
}
