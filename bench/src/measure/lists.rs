//! `lists`: the first page, filtered and sorted, of a hundred thousand conversations and a million messages over HTTP,
//! beside the plain SQL for the same rows, written by hand and sent through psql.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout},
};

use super::Effort;
use crate::{
    http::{self, Connection},
    people,
    report::{Outcome, Target},
    rounds::{Comparison, play},
    server::{Environment, Server},
    stats::{Latencies, median},
};

/// Each list is read so often in a round at least, and for so long: a p95 of forty short reads would be the third slowest.
const READS_MIN: u64 = 40;
const READ_FOR: Duration = Duration::from_millis(500);

/// One list: as it is asked for over HTTP, and by hand.
struct List {
    name: &'static str,
    path: String,
    sql: String,
}

/// The rows of one page with the names that are shown, and how many there are in all.
fn page(filter: &str, order: &str) -> String {
    let whole = format!(
        "from conversations c join people v on v.id = c.visitor left join people k on k.id = c.counselor \
         where c.institution = 'bench' and c.kind = 'COUNSELING_SESSION' and c.deleted_at is null {filter}"
    );
    format!(
        "select count(*) {whole};\
         select c.*, v.username, v.name, k.username, k.name, e.level {whole_joined} order by {order} limit 20;",
        whole_joined = whole.replacen(
            " where",
            " left join evaluations e on e.conversation = c.id and e.object_type = 'CONVERSATION' where",
            1
        )
    )
}

fn lists(now: u64, conversation: &str) -> Vec<List> {
    let month = now - 30 * 24 * 3600 * 1000;
    let list = |name, query: &str, filter: &str, order: &str| List {
        name,
        path: format!("/conversation/consultlist?page=0&size=20{query}"),
        sql: page(filter, order),
    };
    vec![
        list("newest", "", "", "c.opened_at desc, c.id desc"),
        list(
            "month",
            &format!("&startTime={month}&status=TIME_OUT"),
            &format!("and coalesce(c.started_at, c.opened_at) >= {month} and c.status = 'TIME_OUT'"),
            "c.opened_at desc, c.id desc",
        ),
        list(
            "longest",
            "&property=duration&direction=desc",
            "",
            "c.ended_at - c.started_at desc nulls last, c.opened_at desc, c.id desc",
        ),
        list("rated", "&property=level&direction=asc", "", "e.level nulls last, c.opened_at desc, c.id desc"),
        list(
            "name",
            "&visitorName=%E8%AE%BF%E5%AE%A277",
            "and strpos(lower(coalesce(nullif(v.name, ''), v.username)), '访客77') > 0",
            "c.opened_at desc, c.id desc",
        ),
        List {
            name: "messages",
            path: format!("/message/conversation/web?conversationId={conversation}"),
            sql: format!(
                "select count(*) from messages where conversation = '{conversation}' and not online_only and send_result = 0;\
                 select * from messages where conversation = '{conversation}' and not online_only and send_result = 0 \
                 order by said_at, sequence, id limit 20;"
            ),
        },
    ]
}

/// psql, kept open, with its own clock.
struct Psql {
    _process: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Psql {
    fn start(environment: &Environment, database: &str) -> Result<Self> {
        let mut command = environment.postgres("psql");
        command.args([
            "--quiet",
            "--no-psqlrc",
            "-tA",
            "--set=ON_ERROR_STOP=1",
            "--dbname",
            &environment.url(database),
        ]);
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut process = command.spawn().context("psql")?;
        let stdin = process.stdin.take().context("a pipe")?;
        let lines = BufReader::new(process.stdout.take().context("a pipe")?).lines();
        Ok(Self { _process: process, stdin, lines })
    }

    async fn run(&mut self, sql: &str) -> Result<Duration> {
        let begun = Instant::now();
        self.stdin.write_all(format!("{sql}\n\\echo done\n").as_bytes()).await?;
        loop {
            let line = self.lines.next_line().await?.context("psql has ended")?;
            if line == "done" {
                return Ok(begun.elapsed());
            }
        }
    }
}

struct Sides {
    address: String,
    request: Vec<u8>,
    psql: Psql,
    sql: String,
}

impl Comparison for Sides {
    type Ours = Latencies;
    type Other = Latencies;

    async fn ours(&mut self) -> Result<Latencies> {
        // Anew each round: the server closes a connection that was idle for long.
        let mut connection = Connection::open(&self.address).await?;
        let mut latencies = Latencies::default();
        let until = Instant::now() + READ_FOR;
        while latencies.len() < READS_MIN || Instant::now() < until {
            let begun = Instant::now();
            let answer = connection.send(&self.request).await?;
            latencies.record(begun.elapsed());
            let found = answer.result()?;
            ensure!(found.as_array().is_some_and(|rows| !rows.is_empty()), "an empty list");
        }
        Ok(latencies)
    }

    async fn other(&mut self) -> Result<Latencies> {
        let mut latencies = Latencies::default();
        let until = Instant::now() + READ_FOR;
        while latencies.len() < READS_MIN || Instant::now() < until {
            latencies.record(self.psql.run(&self.sql).await?);
        }
        Ok(latencies)
    }
}

pub(crate) async fn measure(effort: &Effort) -> Result<Vec<Outcome>> {
    let mut server = Server::prepare(&effort.environment, "bench_lists").await?;
    let rows = include_str!("../../sql/lists.sql");
    let fewer = rows.replace("10000", "1000");
    effort.environment.sql(&server.database, if effort.quick { &fewer } else { rows }).await?;
    // As autovacuum would have done long ago; left to it, it comes at some moment of the measurement.
    effort.environment.sql(&server.database, "vacuum (analyze)").await?;
    server.start().await?;
    let administrator = people::administrator(&server).await?;
    let now =
        effort.environment.sql(&server.database, "select (extract(epoch from now()) * 1000)::bigint").await?;
    let conversation = effort.environment.sql(&server.database, "select md5('talk7777')").await?;
    let mut outcomes = Vec::new();
    for list in lists(now.parse()?, &conversation) {
        let mut sides = Sides {
            address: server.address.clone(),
            request: http::request("GET", &list.path, Some(&administrator.token), ""),
            psql: Psql::start(&effort.environment, &server.database)?,
            sql: list.sql.clone(),
        };
        let found = play(&mut sides, effort.rounds().min(3)).await?;
        outcomes.push(outcome(&list, &found.ours, &found.other));
    }
    let worst = outcomes.iter().map(|outcome| outcome.ratio).fold(0.0, f64::max);
    let of_worst = outcomes.iter().find(|outcome| outcome.ratio >= worst).context("no list")?;
    let details: Vec<Value> =
        outcomes.iter().map(|one| json!({ "list": one.name, "ratio": one.ratio })).collect();
    let (ours, other) = (of_worst.ours, of_worst.other);
    outcomes.push(Outcome::new("lists", "ms", (ours, other), Target::AtMost(1.5), json!(details)));
    Ok(outcomes)
}

fn outcome(list: &List, ours: &[Latencies], other: &[Latencies]) -> Outcome {
    let p95 = |rounds: &[Latencies]| rounds.iter().map(|round| round.quantile(0.95)).collect::<Vec<f64>>();
    let (ours, other) = (p95(ours), p95(other));
    let details = json!({ "ours_rounds_p95_ms": ours, "other_rounds_p95_ms": other, "sql": list.sql, "path": list.path });
    let name = format!("lists-{}", list.name);
    Outcome::new(&name, "ms", (median(&ours), median(&other)), Target::AtMost(1.5), details)
}
