//! What is done to several servers, their ways to the database, and the database: one thing after the other, in an order drawn
//! from the seed.

use std::{
    io,
    time::{Duration, Instant},
};

use sqlx::{PgPool, Row};

use super::{Plan, balancer::Balancer, node::Node};
use crate::{
    history::{Fact, History, OwnerFault, OwnerRow, ServerFact, wall_ms},
    postgres::Cluster,
    rng::Rng,
};

/// Somebody serves again, or nobody ever will.
const SERVED_MAX: Duration = Duration::from_secs(30);
/// A challenger has to have been there for a whole lease before it takes anything, and a beat more.
const CHALLENGER: Duration = Duration::from_millis(3500);
/// Whoever took over for nothing after an outage would have done it by then.
const SETTLED: Duration = Duration::from_secs(4);
const STOP_MAX: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Acknowledged between two faults, at least, unless that takes too long.
const WORK: u64 = 20;
const WORK_MAX: Duration = Duration::from_secs(3);
/// The same before the first: everybody has to come and log in.
const FIRST_WORK: u64 = 200;
const FIRST_WORK_MAX: Duration = Duration::from_secs(20);

/// One thing to do.
#[derive(Debug, Clone, Copy)]
enum Step {
    Kill,
    KillStandby,
    Freeze(Duration),
    Cut,
    CutStandby,
    StopEach,
    CrashPostgres,
    FreezePostgres(Duration),
}

/// What was done besides what was done to whoever served.
#[derive(Debug, Clone, Copy, Default)]
pub struct Done {
    pub standby_kills: u64,
    pub standby_cuts: u64,
    pub standby_stops: u64,
    pub crashes: u64,
    pub frozen_seconds: u64,
}

#[derive(Debug)]
pub(super) struct Faults {
    pub(super) nodes: Vec<Node>,
    pub(super) balancer: Balancer,
    pub(super) cluster: Cluster,
    /// Straight to the database.
    pub(super) pool: PgPool,
    pub(super) history: History,
    pub(super) rng: Rng,
    pub(super) done: Done,
}

impl Faults {
    /// Goes through the plan. All servers run at the end.
    pub(super) async fn inject(&mut self, plan: &Plan) -> io::Result<()> {
        // The first takes all, so that it is known who serves first.
        self.nodes[0].see_to_it(&self.balancer).await?;
        self.served(None).await?;
        self.settle().await?;
        self.acknowledge(FIRST_WORK, FIRST_WORK_MAX).await;
        let steps = self.steps(plan);
        let all = steps.len();
        for (number, step) in steps.into_iter().enumerate() {
            println!("    {} of {all}: {step:?} …", number + 1);
            self.settle().await?;
            self.work().await;
            match step {
                Step::Kill => self.kill().await?,
                Step::KillStandby => self.kill_standby().await?,
                Step::Freeze(time) => self.freeze(time).await?,
                Step::Cut => self.cut().await?,
                Step::CutStandby => self.cut_standby().await?,
                Step::StopEach => self.stop_each().await?,
                Step::CrashPostgres => self.crash_postgres().await?,
                Step::FreezePostgres(time) => self.freeze_postgres(time).await?,
            }
            self.served(None).await?;
            self.work().await;
        }
        self.settle().await?;
        tokio::time::sleep(plan.last_calm).await;
        self.settle().await
    }

    fn steps(&mut self, plan: &Plan) -> Vec<Step> {
        let times = |step: Step, times: u32| (0..times).map(move |_| step);
        let seconds = |all: &'static [u64]| all.iter().map(|seconds| Duration::from_secs(*seconds));
        let mut steps: Vec<Step> = times(Step::Kill, plan.kills)
            .chain(times(Step::KillStandby, plan.standby_kills))
            .chain(seconds(plan.freezes).map(Step::Freeze))
            .chain(times(Step::Cut, plan.cuts))
            .chain(times(Step::CutStandby, plan.standby_cuts))
            .chain(times(Step::StopEach, plan.rolls))
            .chain(times(Step::CrashPostgres, plan.crashes))
            .chain(seconds(plan.postgres_frozen).map(Step::FreezePostgres))
            .collect();
        steps.sort_by_cached_key(|_| self.rng.number(0..u64::MAX));
        steps
    }

    async fn pause(&mut self, milliseconds: std::ops::Range<u64>) {
        tokio::time::sleep(self.rng.milliseconds(milliseconds)).await;
    }

    /// All run, one serves, and another has been there for long enough to take over from it.
    async fn settle(&mut self) -> io::Result<()> {
        for node in &mut self.nodes {
            node.see_to_it(&self.balancer).await?;
        }
        self.served(None).await?;
        let until = Instant::now() + SERVED_MAX;
        while self.nodes.len() > 1 && !self.standbys().iter().any(|(_, since)| *since >= CHALLENGER) {
            if Instant::now() > until {
                return Err(io::Error::other("of those that do not serve nobody stands by"));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// The places in our list of those that stand by, and since when.
    fn standbys(&self) -> Vec<(usize, Duration)> {
        let of = |(place, node): (usize, &Node)| Some((place, self.balancer.standing_by(node.process()?)?));
        self.nodes.iter().enumerate().filter_map(of).collect()
    }

    /// Waits until somebody serves, and not the one of this name; gives their name.
    async fn served(&self, but: Option<&str>) -> io::Result<String> {
        let until = Instant::now() + SERVED_MAX;
        loop {
            match self.balancer.serving() {
                Some(name) if but != Some(name.as_str()) => return Ok(name),
                _ if Instant::now() > until => {
                    return Err(io::Error::other(format!("after {SERVED_MAX:?} nobody serves")));
                }
                _ => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    }

    /// Until clients have been told a few things: who is put out of action at work has something to lose.
    async fn work(&mut self) {
        self.acknowledge(WORK, WORK_MAX).await;
        self.pause(50..400).await;
    }

    async fn acknowledge(&self, enough: u64, within: Duration) {
        let enough = self.history.acknowledged() + enough;
        let until = Instant::now() + within;
        while self.history.acknowledged() < enough && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The place in our list of the one that serves.
    async fn owner(&self) -> io::Result<usize> {
        let serving = self.served(None).await?;
        let place = self.nodes.iter().position(|node| node.process() == Some(serving.as_str()));
        place.ok_or_else(|| io::Error::other(format!("{serving} serves and is none of ours")))
    }

    fn note_owner_fault(&self, process: &str, fault: OwnerFault, began_ms: u64) {
        self.history.note(process, Fact::OwnerFault { fault, began_ms });
    }

    fn note_disturbance(&self, what: &str, from: i64) {
        self.history.note("fault injector", Fact::Disturbed { what: what.to_owned(), from, to: wall_ms() });
    }

    async fn kill(&mut self) -> io::Result<()> {
        let place = self.owner().await?;
        let process = self.nodes[place].process().unwrap_or_default().to_owned();
        let began_ms = self.history.run_ms();
        self.nodes[place].kill().await?;
        self.note_owner_fault(&process, OwnerFault::Kill, began_ms);
        // Now and then it is back while the lease of the one before still holds.
        let at_once = self.rng.once_in(4);
        if !at_once {
            self.served(Some(&process)).await?;
        }
        self.pause(0..1500).await;
        self.balancer.forget(&process);
        self.nodes[place].start()?;
        self.served(Some(&process)).await?;
        Ok(())
    }

    async fn kill_standby(&mut self) -> io::Result<()> {
        let standbys = self.standbys();
        let Some(place) = self.rng.one_of(&standbys).map(|(place, _)| *place) else { return Ok(()) };
        let process = self.nodes[place].process().unwrap_or_default().to_owned();
        self.nodes[place].kill().await?;
        self.done.standby_kills += 1;
        self.pause(0..1500).await;
        self.balancer.forget(&process);
        self.nodes[place].start()
    }

    async fn freeze(&mut self, time: Duration) -> io::Result<()> {
        let place = self.owner().await?;
        let process = self.nodes[place].process().unwrap_or_default().to_owned();
        let (began_ms, from) = (self.history.run_ms(), wall_ms());
        self.nodes[place].server()?.freeze()?;
        let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.note_owner_fault(&process, OwnerFault::Freeze(milliseconds), began_ms);
        self.disturb("the server that served frozen", &process, from, time).await;
        self.nodes[place].server()?.thaw()?;
        // Whatever it was about to say, it says now.
        self.pause(500..1500).await;
        Ok(())
    }

    /// Passes `time` in which `process` is out of action. The disturbance is over when another serves.
    async fn disturb(&self, what: &str, process: &str, from: i64, time: Duration) {
        let over = Instant::now() + time;
        tokio::select! {
            _ = self.served(Some(process)) => {}
            () = tokio::time::sleep(time) => {}
        }
        self.note_disturbance(what, from);
        tokio::time::sleep(over.saturating_duration_since(Instant::now())).await;
    }

    async fn cut(&mut self) -> io::Result<()> {
        let place = self.owner().await?;
        let process = self.nodes[place].process().unwrap_or_default().to_owned();
        let (in_silence, time) = (self.rng.once_in(2), self.rng.milliseconds(1000..10_000));
        let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let (began_ms, from) = (self.history.run_ms(), wall_ms());
        self.nodes[place].cut_off(in_silence);
        let fault =
            if in_silence { OwnerFault::SilentCut(milliseconds) } else { OwnerFault::Cut(milliseconds) };
        self.note_owner_fault(&process, fault, began_ms);
        self.disturb("the way of the server that served to the database cut", &process, from, time).await;
        self.nodes[place].heal();
        self.pause(500..1500).await;
        Ok(())
    }

    async fn cut_standby(&mut self) -> io::Result<()> {
        let standbys = self.standbys();
        let Some(place) = self.rng.one_of(&standbys).map(|(place, _)| *place) else { return Ok(()) };
        let in_silence = self.rng.once_in(2);
        self.nodes[place].cut_off(in_silence);
        self.pause(1000..6000).await;
        self.nodes[place].heal();
        self.done.standby_cuts += 1;
        Ok(())
    }

    /// SIGTERM to each in turn, as at an upgrade.
    async fn stop_each(&mut self) -> io::Result<()> {
        for place in 0..self.nodes.len() {
            self.settle().await?;
            self.work().await;
            let process = self.nodes[place].process().unwrap_or_default().to_owned();
            let serves = self.balancer.serving().as_deref() == Some(process.as_str());
            let began_ms = self.history.run_ms();
            if serves {
                self.note_owner_fault(&process, OwnerFault::Stop, began_ms);
            } else {
                self.done.standby_stops += 1;
            }
            self.nodes[place].stop(STOP_MAX).await?;
            self.balancer.forget(&process);
            self.nodes[place].start()?;
        }
        Ok(())
    }

    async fn crash_postgres(&mut self) -> io::Result<()> {
        let before = self.settled_owners().await?;
        let from = wall_ms();
        self.cluster.stop_at_once().await?;
        self.pause(300..4000).await;
        self.cluster.start().await?;
        self.done.crashes += 1;
        self.back("PostgreSQL crashed", from, before).await
    }

    async fn freeze_postgres(&mut self, time: Duration) -> io::Result<()> {
        let before = self.settled_owners().await?;
        let from = wall_ms();
        let frozen = self.cluster.freeze()?;
        tokio::time::sleep(time).await;
        drop(frozen);
        self.done.frozen_seconds += time.as_secs();
        self.back("PostgreSQL frozen", from, before).await
    }

    /// The owners, when all servers have been there for a while.
    async fn settled_owners(&mut self) -> io::Result<Vec<OwnerRow>> {
        let until = Instant::now() + SERVED_MAX;
        let all = self.nodes.len() - 1;
        while self.standbys().iter().filter(|(_, since)| *since >= CHALLENGER).count() < all {
            if Instant::now() > until {
                return Err(io::Error::other("of those that do not serve not all stand by"));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        self.owners().await
    }

    /// Nobody has stayed away but the database: to whom everything belonged, it belongs.
    async fn back(&mut self, what: &str, from: i64, before: Vec<OwnerRow>) -> io::Result<()> {
        let back = Instant::now();
        // Whoever served may not have noticed that nothing was there.
        tokio::time::sleep(LOOK_AGAIN * 10).await;
        self.served(None).await?;
        self.note_disturbance(what, from);
        tokio::time::sleep(SETTLED.saturating_sub(back.elapsed())).await;
        let after = self.owners().await?;
        self.history.note("fault injector", Fact::Owners { over: what.to_owned(), before, after });
        Ok(())
    }

    async fn owners(&self) -> io::Result<Vec<OwnerRow>> {
        let query = "select institution, node::text, epoch from owners order by institution";
        let rows = sqlx::query(query).fetch_all(&self.pool).await.map_err(io::Error::other)?;
        rows.iter()
            .map(|row| {
                Ok(OwnerRow { institution: row.try_get(0)?, node: row.try_get(1)?, epoch: row.try_get(2)? })
            })
            .collect::<Result<_, sqlx::Error>>()
            .map_err(io::Error::other)
    }

    /// Nothing runs any more.
    pub(super) async fn kill_all(&mut self) -> io::Result<()> {
        for node in &mut self.nodes {
            node.kill().await?;
        }
        Ok(())
    }

    /// What was not to be in the logs goes into the history.
    pub(super) fn note_log_errors(&self, lines: Vec<String>) {
        for line in lines {
            self.history.note("fault injector", Fact::Server { what: ServerFact::LogError { line } });
        }
    }

    pub(super) fn connections_cut(&self) -> u64 {
        self.nodes.iter().map(Node::connections_cut).sum::<u64>() + self.balancer.connections_cut()
    }

    pub(super) fn starts(&self) -> u32 {
        self.nodes.iter().map(Node::starts).sum()
    }
}
