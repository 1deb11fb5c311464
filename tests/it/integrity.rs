//! Rows that name what there is none of: refused, and kept through an upgrade and named.

use sqlx::AssertSqlSafe;

use crate::support::{Database, Hotline};

const PEOPLE_OF_BEFORE: &str = "
    insert into institutions (code, name, created_at) values ('ecnu', 'ecnu', 0);
    insert into people (id, institution, kind, username, state, created_at, updated_at) values
        ('00000000-0000-0000-0000-000000000001', 'ecnu', 'COUNSELOR', 'lin', 'NORMAL', 0, 0),
        ('00000000-0000-0000-0000-000000000002', 'ecnu', 'VISITOR', 'first', 'NORMAL', 0, 0);
    insert into conversations (id, institution, kind, visitor, counselor, status, arrival, opened_at, started_at, ended_at,
                               end_reason)
    values ('00000000-0000-0000-0000-000000000011', 'ecnu', 'COUNSELING_SESSION', '00000000-0000-0000-0000-000000000002',
            '00000000-0000-0000-0000-000000000001', 'FINISHED', 0, 0, 0, 0, 'visitor')";
/// Of a visitor that there is not, with a status that there is none of.
const BAD_OF_BEFORE: &str = "
    insert into conversations (id, institution, kind, visitor, status, arrival, opened_at, ended_at)
    values ('00000000-0000-0000-0000-000000000012', 'ecnu', 'COUNSELING_SESSION', '00000000-0000-0000-0000-000000000abc',
            'LOST', 0, 0, 0)";
const MENDED: &str = "
    update conversations set visitor = '00000000-0000-0000-0000-000000000002', status = 'CANCELLED'
    where id = '00000000-0000-0000-0000-000000000012'";

async fn run(database: &Database, statements: &str) {
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))
        .execute(&database.pool)
        .await
        .unwrap_or_else(|error| panic!("{statements}: {error}"));
}

/// The database of the version before the constraints came back.
async fn of_before(statements: &[&str]) -> Database {
    let database = Database::fresh().await;
    database.migrate_to(20).await;
    for statement in statements {
        run(&database, statement).await;
    }
    database
}

/// How many constraints of conversations are not known to hold.
async fn doubtful(database: &Database) -> i64 {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from pg_constraint where conrelid = 'conversations'::regclass and not convalidated"#
    );
    count.fetch_one(&database.pool).await.expect("constraints can be counted")
}

#[tokio::test]
async fn an_upgrade_looks_through_all_rows_and_new_ones_are_refused() {
    let mut hotline = Hotline::prepare(&[]).await;
    hotline.move_to(of_before(&[PEOPLE_OF_BEFORE]).await);
    hotline.run(&["migrate"], "");
    assert_eq!(doubtful(&hotline.database).await, 0);
    for (column, value, constraint) in [
        ("institution", "'gone'", "conversations_institution_fkey"),
        ("visitor", "gen_random_uuid()", "conversations_visitor_fkey"),
        ("wanted", "gen_random_uuid()", "conversations_wanted_fkey"),
        ("counselor", "gen_random_uuid()", "conversations_counselor_fkey"),
        ("consultation", "gen_random_uuid()", "conversations_consultation_fkey"),
        ("kind", "'CHAT'", "conversations_kind_check"),
        ("status", "'LOST'", "conversations_status_check"),
        ("priority", "'LOW'", "conversations_priority_check"),
        ("medium", "'SMOKE'", "conversations_medium_check"),
    ] {
        let statement = AssertSqlSafe(format!("update conversations set {column} = {value}"));
        let refused = sqlx::query(statement).execute(&hotline.database.pool).await.expect_err(column);
        let said = refused.as_database_error().and_then(|error| error.constraint().map(str::to_owned));
        assert_eq!(said.as_deref(), Some(constraint));
    }
}

#[tokio::test]
async fn an_upgrade_with_a_row_that_breaks_them_starts_says_so_and_is_through_once_it_is_mended() {
    let mut hotline = Hotline::prepare(&[]).await;
    hotline.move_to(of_before(&[PEOPLE_OF_BEFORE, BAD_OF_BEFORE]).await);
    hotline.start().await;
    let log = hotline.log();
    for constraint in ["conversations_visitor_fkey", "conversations_status_check"] {
        assert!(log.contains(&format!("rows from before break the constraint {constraint}")), "{log}");
    }
    assert_eq!(doubtful(&hotline.database).await, 2, "the others hold");
    hotline.assert_calm();
    hotline.kill();
    run(&hotline.database, MENDED).await;
    hotline.start().await;
    assert_eq!(doubtful(&hotline.database).await, 0);
}
