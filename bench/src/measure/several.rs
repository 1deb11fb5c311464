//! `several-…`: three servers, each with a nats-server of its own, share a thousand institutions of twenty counselors; ten thousand
//! counselors have a socket, each at a server chosen by chance, so that two thirds of them are carried to the owner. What each part
//! takes of memory and processor without the sockets, with them, and with a few talks beside them.

use std::{
    fmt::Write as _,
    sync::Mutex,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use futures_util::{StreamExt, TryStreamExt, future::try_join_all, stream};
use serde_json::{Value, json};

use super::Effort;
use crate::{
    cpu,
    crowd::{Crowd, Listening},
    http::Connection,
    listening_socket::ListeningSocket,
    people::Person,
    report::{Outcome, Target},
    rounds::random,
    server::{Server, resident_bytes},
    several::Several,
    stats::Latencies,
    talks::{self, Talk, WORKBENCH, WORKBENCH_GREETING},
};

/// By name, each with the number of its nats-server.
const SERVERS: [(&str, usize); 3] = [("one", 0), ("two", 1), ("three", 2)];
const INSTITUTIONS: usize = 1000;
const COUNSELORS: usize = 20;
/// Of them have a socket.
const PRESENT: usize = 10;
const CONNECTING_AT_ONCE: usize = 32;
const CONNECT_MAX: Duration = Duration::from_mins(5);
/// Before anything is read, for what happens once to be over.
const SETTLED: Duration = Duration::from_secs(10);
const PHASE: Duration = Duration::from_secs(30);
/// Who talk at once, and how often each of them begins: fifty talks a second, of two words each.
const TALKING: usize = 16;
const TALK_EVERY: Duration = Duration::from_millis(320);
const WORDS: usize = 2;

/// What takes part beside the client.
struct Part {
    name: String,
    process: u32,
}

/// What one of them takes.
#[derive(Debug, Clone)]
struct Taken {
    name: String,
    cores: f64,
    mebibytes: f64,
}

struct Parts {
    parts: Vec<Part>,
    postmaster: u32,
}

impl Parts {
    async fn of(several: &Several) -> Result<Self> {
        let mut parts = Vec::new();
        for (server, (name, _)) in several.servers.iter().zip(SERVERS) {
            parts.push(Part { name: format!("server {name}"), process: server.process_id()? });
        }
        for (nats, (name, _)) in several.environment.nats.iter().zip(SERVERS) {
            parts.push(Part { name: format!("nats-server {name}"), process: nats.process });
        }
        Ok(Self { parts, postmaster: cpu::postmaster(&several.environment).await? })
    }

    fn processor(&self) -> Result<Vec<f64>> {
        let mut used =
            self.parts.iter().map(|part| cpu::used_by(part.process)).collect::<Result<Vec<_>>>()?;
        used.push(cpu::used_by_postgres(self.postmaster)?);
        Ok(used)
    }

    /// Lets so much time pass with something going on, and tells what all took meanwhile.
    async fn during(&self, something: impl Future<Output = Result<()>>) -> Result<Vec<Taken>> {
        let (before, begun) = (self.processor()?, Instant::now());
        something.await?;
        let (after, seconds) = (self.processor()?, begun.elapsed().as_secs_f64());
        let mut taken = Vec::new();
        let names = self.parts.iter().map(|part| part.name.as_str()).chain(["PostgreSQL"]);
        for (number, name) in names.enumerate() {
            let bytes = match self.parts.get(number) {
                Some(part) => resident_bytes(part.process)?,
                None => postgres_bytes(self.postmaster)?,
            };
            let mebibytes = f64::from(u32::try_from(bytes / 1024)?) / 1024.0;
            taken.push(Taken {
                name: name.to_owned(),
                cores: (after[number] - before[number]) / seconds,
                mebibytes,
            });
        }
        Ok(taken)
    }
}

/// What PostgreSQL has in memory, with what its processes share counted once (`Pss` of proc(5)).
fn postgres_bytes(postmaster: u32) -> Result<u64> {
    let mut kibibytes = 0;
    for process in cpu::children(postmaster)?.into_iter().chain([postmaster]) {
        // It may have gone since it was listed.
        let Ok(text) = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")) else { continue };
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).context("no Pss")?;
        kibibytes += line.trim().trim_end_matches(" kB").parse::<u64>()?;
    }
    ensure!(kibibytes > 0, "the memory of PostgreSQL cannot be read");
    Ok(kibibytes * 1024)
}

fn token(username: &str) -> String {
    format!("{username:-<43}")
}

/// All of them with their people, in one transaction, so that whoever comes to own one finds it whole. They are made by SQL: to hash
/// the passwords of so many people would take an hour.
async fn make(several: &Several, institutions: usize) -> Result<()> {
    let people = format!(
        "begin;
         insert into institutions (code, name, created_at) select 'many' || n, 'many', 0 from generate_series(1, {institutions}) n;
         insert into people (id, institution, kind, username, open_id, name, state, max_consults, created_at, updated_at)
             select gen_random_uuid(), 'many' || n, case k when 0 then 'VISITOR' else 'COUNSELOR' end, 'many' || n || 'p' || k,
                    case k when 0 then 'many' || n || 'p0' end, 'somebody', 'NORMAL', 5, 0, 0
             from generate_series(1, {institutions}) n, generate_series(0, {COUNSELORS}) k;
         insert into standing_weeks (person, institution, week_days, since)
             select id, institution, '{{1,2,3,4,5,6,7}}', current_date - 1 from people where kind = 'COUNSELOR';
         insert into shifts (id, institution, person, day, standing, created_at)
             select gen_random_uuid(), institution, id, current_date + d, true, 0
             from people, generate_series(-1, 1) d where kind = 'COUNSELOR';
         insert into sessions (token_hash, person, institution, created_at, seen_at)
             select sha256(rpad(username, 43, '-')::bytea), id, institution, m, m
             from people, (select (extract(epoch from now()) * 1000)::bigint m) as now;
         commit;
         analyze"
    );
    several.environment.sql(&several.database, &people).await.map(drop)
}

/// Sockets of the first counselors of each, at servers chosen by chance.
async fn come(several: &Several, institutions: usize) -> Result<Crowd> {
    let mut crowd = Crowd::begin(Listening::default())?;
    let open = |number: usize| async move {
        let token = token(&format!("many{}p{}", 1 + number / PRESENT, 1 + number % PRESENT));
        let address = &several.servers[usize::try_from(random(3)?)?].address;
        ListeningSocket::open(address, WORKBENCH, Some(&token), None, WORKBENCH_GREETING).await
    };
    let mut opened = stream::iter((0..institutions * PRESENT).map(open)).buffer_unordered(CONNECTING_AT_ONCE);
    while let Some(socket) = opened.try_next().await? {
        crowd.add(socket)?;
    }
    Ok(crowd)
}

/// Who talk: the visitor of each institution and the first of its counselors.
async fn pairs(several: &Several) -> Result<Vec<(Person, Person)>> {
    let both = "select replace(v.id::text, '-', ''), v.username, replace(c.id::text, '-', ''), c.username
                from people v join people c on c.username = replace(v.username, 'p0', 'p1')
                where v.kind = 'VISITOR' and v.username like '%p0'";
    let rows = several.environment.sql(&several.database, both).await?;
    let pair = |row: &str| {
        let mut fields = row.split('|').map(str::to_owned);
        let mut person = || {
            let (id, username) = (fields.next()?, fields.next()?);
            Some(Person { id, token: token(&username), username })
        };
        Some((person()?, person()?))
    };
    rows.lines().map(pair).collect::<Option<Vec<_>>>().context("a short row")
}

/// So many talk for a while, each request at a server chosen by chance. Gives how long the opens took.
async fn talk(several: &Several, pairs: &[(Person, Person)]) -> Result<Latencies> {
    let opens = Mutex::<Latencies>::default();
    let begun = Instant::now();
    let until = begun + PHASE;
    let one = |index: usize| {
        let (opens, mine) = (&opens, pairs.iter().skip(index).step_by(TALKING).cycle());
        async move {
            let mut connections = Vec::new();
            for server in &several.servers {
                connections.push(Connection::open(&server.address).await?);
            }
            let mut due = begun
                + TALK_EVERY.mul_f64(f64::from(u32::try_from(index)?) / f64::from(u32::try_from(TALKING)?));
            for (visitor, counselor) in mine {
                tokio::time::sleep_until(due.into()).await;
                if due >= until {
                    break;
                }
                due += TALK_EVERY;
                let any = || anyhow::Ok(usize::try_from(random(3)?)?);
                let begun = Instant::now();
                let id = talks::open(&mut connections[any()?], visitor, &counselor.id).await?;
                opens.lock().map_err(|_| anyhow::anyhow!("a task panicked"))?.record(begun.elapsed());
                let talk = Talk { id, visitor: visitor.clone(), counselor: counselor.username.clone() };
                for _ in 0..WORDS {
                    let answer = connections[any()?].send(&talks::message(&talk)).await?;
                    ensure!(answer.status == 200, "a callback was answered with HTTP {}", answer.status);
                }
                connections[any()?].send(&talks::end_request(visitor, &talk.id)).await?.result()?;
            }
            anyhow::Ok(())
        }
    };
    try_join_all((0..TALKING).map(one)).await?;
    opens.into_inner().map_err(|_| anyhow::anyhow!("a task panicked"))
}

pub(crate) async fn measure(effort: &Effort) -> Result<Vec<Outcome>> {
    let institutions = effort.of(INSTITUTIONS, INSTITUTIONS / 10);
    let first = Server::prepare_empty(&effort.environment, "bench_several", 0).await?;
    let several = Several::start(&first, &SERVERS).await?;
    make(&several, institutions).await?;
    several.wait_for_owners(institutions).await?;
    let owned = several.owners(&SERVERS).await?;
    let owned: Vec<usize> = (0..3).map(|server| owned.iter().filter(|one| one.1 == server).count()).collect();
    let parts = Parts::of(&several).await?;

    let rest = || async {
        tokio::time::sleep(PHASE).await;
        anyhow::Ok(())
    };
    tokio::time::sleep(SETTLED).await;
    let without = parts.during(rest()).await?;
    let begun = Instant::now();
    let crowd = tokio::time::timeout(CONNECT_MAX, come(&several, institutions)).await;
    let crowd = crowd.context("the sockets do not come in")??;
    let came_in = begun.elapsed().as_secs_f64();
    tokio::time::sleep(SETTLED).await;
    let idle = parts.during(rest()).await?;
    let pairs = pairs(&several).await?;
    let mut opens = Latencies::default();
    let loaded = parts
        .during(async {
            opens = talk(&several, &pairs).await?;
            Ok(())
        })
        .await?;
    crowd.all_there()?;

    let table = table(&[("without sockets", &without), ("idle", &idle), ("with talks", &loaded)]);
    println!("{table}");
    let sum = |taken: &[Taken], of: fn(&Taken) -> f64| taken.iter().map(of).sum::<f64>();
    let details = json!({
        "institutions": institutions, "owned": owned, "sockets": crowd.len(), "came_in_s": came_in,
        "without": told(&without), "idle": told(&idle), "loaded": told(&loaded),
        "talks": opens.len(), "talks_for_s": PHASE.as_secs(), "open_p50_ms": opens.quantile(0.5), "open_p99_ms": opens.quantile(0.99),
    });
    let memory = (sum(&idle, |one| one.mebibytes), sum(&without, |one| one.mebibytes));
    let processor = (sum(&idle, |one| one.cores), sum(&without, |one| one.cores));
    let of_talks = (sum(&loaded, |one| one.cores), sum(&idle, |one| one.cores));
    Ok(vec![
        Outcome::new("several-memory", "MiB", memory, Target::Reported, details),
        Outcome::new("several-idle", "of a core", processor, Target::Reported, json!({})),
        Outcome::new("several-talks", "of a core", of_talks, Target::Reported, json!({})),
    ])
}

fn told(taken: &[Taken]) -> Value {
    taken
        .iter()
        .map(|one| (one.name.clone(), json!({ "cores": one.cores, "mebibytes": one.mebibytes })))
        .collect()
}

/// What each part takes in each phase, as people read it.
fn table(phases: &[(&str, &[Taken])]) -> String {
    let mut table = format!("    {:20}", "");
    for (phase, _) in phases {
        let _ = write!(table, "{phase:>28}");
    }
    let parts = phases.first().map_or(&[][..], |(_, taken)| taken);
    for (number, part) in parts.iter().enumerate() {
        let _ = write!(table, "\n    {:20}", part.name);
        for (_, taken) in phases {
            let Taken { cores, mebibytes, .. } = &taken[number];
            let _ = write!(table, "{mebibytes:12.0} MiB {cores:6.3} cores");
        }
    }
    table
}
