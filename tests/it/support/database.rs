//! A fresh database on the cluster that `make test` started, and the few rows no command makes yet.

use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool, migrate::Migrator, postgres::PgPoolOptions};
use uuid::Uuid;

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

const CLUSTER: &str = "HOTLINE_TEST_DATABASE_URL";

#[derive(Debug, Clone)]
pub(crate) struct Database {
    pub(crate) url: String,
    pub(crate) pool: PgPool,
}

impl Database {
    /// An empty database. It is not dropped: a failure can be looked into, and the cluster is thrown away.
    pub(crate) async fn fresh() -> Self {
        let cluster = std::env::var(CLUSTER).unwrap_or_else(|_| {
            panic!(
                "{CLUSTER} is not set: run these tests with `make test`, which starts a PostgreSQL for them"
            )
        });
        let name = format!("it_{}", Uuid::now_v7().simple());
        let mut connection = PgConnection::connect(&cluster).await.expect("the test cluster answers");
        sqlx::query(AssertSqlSafe(format!("create database {name}")))
            .execute(&mut connection)
            .await
            .expect("the test user may create databases");
        connection.close().await.expect("the connection closes");
        let (base, _) = cluster.rsplit_once('/').expect("the address names a database");
        let url = format!("{base}/{name}");
        let pool =
            PgPoolOptions::new().max_connections(2).connect_lazy(&url).expect("the address is well formed");
        Self { url, pool }
    }

    /// Makes the schema what it is now.
    pub(crate) async fn migrate(&self) {
        MIGRATIONS.run(&self.pool).await.expect("the migrations run");
    }

    /// Makes the schema what it was with that migration.
    pub(crate) async fn migrate_to(&self, version: i64) {
        MIGRATIONS.run_to(version, &self.pool).await.expect("the first migrations run");
    }

    /// Puts `username` on shift today and tomorrow (a test may run over midnight).
    pub(crate) async fn put_on_shift(&self, username: &str) {
        for days_ahead in 0..2 {
            let done = sqlx::query!(
                "insert into shifts (id, institution, person, day, created_at)
                 select $1, institution, id, (now() at time zone 'Asia/Shanghai')::date + $2::int, 0
                 from people where username = $3",
                Uuid::now_v7(),
                days_ahead,
                username,
            )
            .execute(&self.pool)
            .await
            .expect("shifts can be written");
            assert_eq!(done.rows_affected(), 1, "{username} exists");
        }
    }

    /// Lets `supervisor` look after `counselor`.
    pub(crate) async fn bind_supervisor(&self, counselor: &str, supervisor: &str) {
        let done = sqlx::query!(
            "insert into supervisor_bindings (counselor, supervisor, institution)
             select c.id, s.id, c.institution from people c, people s where c.username = $1 and s.username = $2",
            counselor,
            supervisor,
        )
        .execute(&self.pool)
        .await
        .expect("bindings can be written");
        assert_eq!(done.rows_affected(), 1, "{counselor} and {supervisor} exist");
    }

    /// Lets everything of a conversation have been said `milliseconds` earlier.
    pub(crate) async fn age_messages(&self, conversation: &str, milliseconds: i64) {
        sqlx::query!(
            "update messages set said_at = said_at - $2 where conversation = $1::text::uuid",
            conversation,
            milliseconds,
        )
        .execute(&self.pool)
        .await
        .expect("messages can be changed");
    }

    /// Who did `action` to `target`, by the audit.
    pub(crate) async fn audits(&self, action: &str, target: &str) -> Vec<String> {
        sqlx::query_scalar!(
            "select p.username from audit a join people p on p.id = a.actor
             where a.action = $1 and a.target = $2::text::uuid order by a.id",
            action,
            target,
        )
        .fetch_all(&self.pool)
        .await
        .expect("the audit can be read")
    }

    /// The same once more, for whoever damages it. Nobody may be connected to this one.
    pub(crate) async fn copy(&self) -> Self {
        let name = format!("it_{}", Uuid::now_v7().simple());
        self.on_cluster(format!("create database {name} template {}", self.name())).await;
        let (base, _) = self.url.rsplit_once('/').expect("the address names a database");
        let url = format!("{base}/{name}");
        let pool =
            PgPoolOptions::new().max_connections(2).connect_lazy(&url).expect("the address is well formed");
        Self { url, pool }
    }

    /// How many pictures there are of a conversation.
    pub(crate) async fn pictures(&self, conversation: &str) -> i64 {
        let count = sqlx::query_scalar!(
            r#"select count(*) as "count!" from images where conversation = $1::text::uuid"#,
            conversation
        );
        count.fetch_one(&self.pool).await.expect("pictures can be counted")
    }

    /// The id of a person, as the wire writes it.
    pub(crate) async fn id_of(&self, username: &str) -> String {
        sqlx::query_scalar!("select id from people where username = $1", username)
            .fetch_one(&self.pool)
            .await
            .unwrap_or_else(|error| panic!("{username}: {error}"))
            .simple()
            .to_string()
    }

    /// Cuts every connection and lets nobody in, as a database that is away.
    pub(crate) async fn shut(&self) {
        let name = self.name();
        self.on_cluster(format!(
            "do $$ begin
                 execute 'alter database {name} with allow_connections false';
                 perform pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}';
             end $$"
        ))
        .await;
    }

    /// Lets everybody in again.
    pub(crate) async fn reopen(&self) {
        self.on_cluster(format!("alter database {} with allow_connections true", self.name())).await;
    }

    fn name(&self) -> &str {
        self.url.rsplit_once('/').expect("the address names a database").1
    }

    async fn on_cluster(&self, statement: String) {
        let (base, _) = self.url.rsplit_once('/').expect("the address names a database");
        let mut cluster =
            PgConnection::connect(&format!("{base}/postgres")).await.expect("the cluster answers");
        sqlx::query(AssertSqlSafe(statement)).execute(&mut cluster).await.expect("it does as it is told");
    }
}
