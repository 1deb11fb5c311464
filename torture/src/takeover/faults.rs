//! What is done to several servers, their ways to the database and to each other, and the database: one thing after the other, in an
//! order drawn from the seed.

mod bus;
mod database;

use std::{
    io,
    time::{Duration, Instant},
};

use sqlx::PgPool;

use super::{
    Plan,
    balancer::Balancer,
    node::{CutOff, Node},
    owner::OwnerWatch,
};
use crate::{
    history::{Fact, History, OwnerFault, ServerFact, wall_ms},
    nats::NatsServer,
    postgres::Cluster,
    proxy::Silence,
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
    KillOther,
    Freeze(Duration),
    FreezeOther(Duration),
    Cut(CutOff),
    CutOther(CutOff),
    StopEach,
    CrashPostgres,
    FreezePostgres(Duration),
    KillEachNats,
    NoNats(Duration),
    SplitNats(Duration),
}

/// What was done besides what was done to whoever served.
#[derive(Debug, Clone, Copy, Default)]
pub struct Done {
    pub other_kills: u64,
    pub other_freezes: u64,
    pub other_cuts: u64,
    pub other_stops: u64,
    pub crashes: u64,
    pub frozen_seconds: u64,
    /// So often it was looked whether an outage had moved an institution.
    pub owners_compared: u64,
}

#[derive(Debug)]
pub(super) struct Faults {
    pub(super) nodes: Vec<Node>,
    pub(super) balancer: Balancer,
    pub(super) cluster: Cluster,
    /// None without a bus: then the one that takes requests owns everything.
    pub(super) owner: Option<OwnerWatch>,
    /// None without a bus.
    pub(super) nats: Vec<NatsServer>,
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
                Step::KillOther => self.kill_other().await?,
                Step::Freeze(time) => self.freeze(time).await?,
                Step::FreezeOther(time) => self.freeze_other(time).await?,
                Step::Cut(what) => self.cut(what).await?,
                Step::CutOther(what) => self.cut_other(what).await?,
                Step::StopEach => self.stop_each().await?,
                Step::CrashPostgres => self.crash_postgres().await?,
                Step::FreezePostgres(time) => self.freeze_postgres(time).await?,
                Step::KillEachNats => self.kill_each_nats().await?,
                Step::NoNats(time) => self.no_nats(time).await?,
                Step::SplitNats(time) => self.split_nats(time).await?,
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
            .chain(times(Step::KillOther, plan.other_kills))
            .chain(seconds(plan.freezes).map(Step::Freeze))
            .chain(seconds(plan.other_freezes).map(Step::FreezeOther))
            .chain(times(Step::Cut(CutOff::Database), plan.cuts))
            .chain(times(Step::Cut(CutOff::Bus), plan.bus_cuts))
            .chain(times(Step::Cut(CutOff::Both), plan.whole_cuts))
            .chain(times(Step::CutOther(CutOff::Database), plan.other_cuts))
            .chain(times(Step::CutOther(CutOff::Bus), plan.other_bus_cuts))
            .chain(times(Step::StopEach, plan.rolls))
            .chain(times(Step::CrashPostgres, plan.crashes))
            .chain(seconds(plan.postgres_frozen).map(Step::FreezePostgres))
            .chain(times(Step::KillEachNats, plan.nats_kills))
            .chain(seconds(plan.no_nats).map(Step::NoNats))
            .chain(seconds(plan.nats_split).map(Step::SplitNats))
            .collect();
        steps.sort_by_cached_key(|_| self.rng.number(0..u64::MAX));
        steps
    }

    async fn pause(&mut self, milliseconds: std::ops::Range<u64>) {
        tokio::time::sleep(self.rng.milliseconds(milliseconds)).await;
    }

    /// All run, one serves, and another has been there for long enough to take over from it; with a bus, all take requests and have
    /// been there for so long.
    async fn settle(&mut self) -> io::Result<()> {
        for nats in &mut self.nats {
            nats.start().await?;
        }
        for node in &mut self.nodes {
            node.see_to_it(&self.balancer).await?;
        }
        self.served(None).await?;
        let enough = if self.owner.is_some() { self.nodes.len() - 1 } else { 1 };
        self.until_others_stand_ready(enough.min(self.nodes.len() - 1)).await
    }

    /// Waits until so many of those that do not serve have been there for long enough to take over.
    async fn until_others_stand_ready(&self, enough: usize) -> io::Result<()> {
        let until = Instant::now() + SERVED_MAX;
        while self.others().iter().filter(|(_, since)| *since >= CHALLENGER).count() < enough {
            if Instant::now() > until {
                return Err(io::Error::other(format!(
                    "of those that do not serve {enough} do not stand ready"
                )));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// The places in our list of those that do not serve and could take over, and since when.
    fn others(&self) -> Vec<(usize, Duration)> {
        let serving = self.serving();
        let since = |process: &str| match self.owner {
            Some(_) if serving.as_deref() == Some(process) => None,
            Some(_) => self.balancer.ready_for(process),
            None => self.balancer.standing_by(process),
        };
        let of = |(place, node): (usize, &Node)| Some((place, since(node.process()?)?));
        self.nodes.iter().enumerate().filter_map(of).collect()
    }

    /// Who decides for the institution, and takes requests.
    fn serving(&self) -> Option<String> {
        match &self.owner {
            None => self.balancer.serving(),
            Some(owner) => owner.owner().filter(|owner| self.balancer.ready_for(owner).is_some()),
        }
    }

    /// Waits until somebody serves, and not the one of this name; gives their name.
    async fn served(&self, but: Option<&str>) -> io::Result<String> {
        let until = Instant::now() + SERVED_MAX;
        loop {
            match self.serving() {
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

    /// The place in our list of the one that serves, and its process.
    async fn who_serves(&self) -> io::Result<(usize, String)> {
        let serving = self.served(None).await?;
        let place = self.nodes.iter().position(|node| node.process() == Some(serving.as_str()));
        let place = place.ok_or_else(|| io::Error::other(format!("{serving} serves and is none of ours")))?;
        Ok((place, serving))
    }

    /// One that does not, if there is one.
    fn one_other(&mut self) -> Option<(usize, String)> {
        let others = self.others();
        let (place, _) = *self.rng.one_of(&others)?;
        Some((place, self.nodes[place].process()?.to_owned()))
    }

    fn note_owner_fault(&self, process: &str, fault: OwnerFault, began_ms: u64) {
        self.history.note(process, Fact::OwnerFault { fault, began_ms });
    }

    fn note_disturbance(&self, what: &str, from: i64) {
        self.history.note("fault injector", Fact::Disturbed { what: what.to_owned(), from, to: wall_ms() });
    }

    /// With a bus, whatever was done is over, and all that run take requests again: soon.
    fn note_healed(&self, process: &str) {
        if self.owner.is_some() {
            self.note_owner_fault(process, OwnerFault::Healed, self.history.run_ms());
        }
    }

    async fn kill(&mut self) -> io::Result<()> {
        let (place, process) = self.who_serves().await?;
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

    async fn kill_other(&mut self) -> io::Result<()> {
        let Some((place, process)) = self.one_other() else { return Ok(()) };
        let began_ms = self.history.run_ms();
        self.nodes[place].kill().await?;
        if self.owner.is_some() {
            self.note_owner_fault(&process, OwnerFault::Kill, began_ms);
        }
        self.done.other_kills += 1;
        self.pause(0..1500).await;
        self.balancer.forget(&process);
        self.nodes[place].start()
    }

    async fn freeze(&mut self, time: Duration) -> io::Result<()> {
        let (place, process) = self.who_serves().await?;
        let (began_ms, from) = (self.history.run_ms(), wall_ms());
        self.nodes[place].server()?.freeze()?;
        self.note_owner_fault(&process, OwnerFault::Freeze(milliseconds(time)), began_ms);
        self.disturb("the server that served frozen", &process, from, time).await;
        self.nodes[place].server()?.thaw()?;
        self.note_healed(&process);
        // Whatever it was about to say, it says now.
        self.pause(500..1500).await;
        Ok(())
    }

    async fn freeze_other(&mut self, time: Duration) -> io::Result<()> {
        let Some((place, process)) = self.one_other() else { return Ok(()) };
        let (began_ms, from) = (self.history.run_ms(), wall_ms());
        self.nodes[place].server()?.freeze()?;
        self.note_owner_fault(&process, OwnerFault::Freeze(milliseconds(time)), began_ms);
        tokio::time::sleep(time).await;
        self.nodes[place].server()?.thaw()?;
        self.note_disturbance("a server that did not serve frozen", from);
        self.note_healed(&process);
        self.done.other_freezes += 1;
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

    async fn cut(&mut self, what: CutOff) -> io::Result<()> {
        let (place, process) = self.who_serves().await?;
        let (began_ms, from) = (self.history.run_ms(), wall_ms());
        let (fault, time) = self.cut_off(place, what);
        self.note_owner_fault(&process, fault, began_ms);
        self.disturb("the server that served cut off", &process, from, time).await;
        self.nodes[place].heal();
        self.note_healed(&process);
        self.pause(500..1500).await;
        Ok(())
    }

    async fn cut_other(&mut self, what: CutOff) -> io::Result<()> {
        let Some((place, process)) = self.one_other() else { return Ok(()) };
        let (began_ms, from) = (self.history.run_ms(), wall_ms());
        let (fault, time) = self.cut_off(place, what);
        if self.owner.is_some() {
            self.note_owner_fault(&process, fault, began_ms);
        }
        tokio::time::sleep(time).await;
        self.nodes[place].heal();
        if self.owner.is_some() {
            self.note_disturbance("a server that did not serve cut off", from);
        }
        self.note_healed(&process);
        self.done.other_cuts += 1;
        self.pause(500..1500).await;
        Ok(())
    }

    /// Cuts these ways of a server; how, and for how long, is drawn.
    fn cut_off(&mut self, place: usize, what: CutOff) -> (OwnerFault, Duration) {
        // Now and then so long that whoever tries again has become slow about it.
        let seldom = self.owner.is_some() && self.rng.once_in(8);
        let time = self.rng.milliseconds(if seldom { 20_000..40_000 } else { 1000..10_000 });
        let silences = if self.owner.is_some() {
            &[None, Some(Silence::Both), Some(Silence::ToServer), Some(Silence::ToClient)][..]
        } else {
            &[None, Some(Silence::Both)]
        };
        let silence = self.rng.one_of(silences).copied().flatten();
        println!("        {silence:?} for {time:?}");
        match silence {
            None => self.nodes[place].refuse(what),
            Some(silence) => self.nodes[place].silence(what, silence),
        }
        let fault = match (what, silence) {
            (CutOff::Database, None) => OwnerFault::Cut,
            (CutOff::Database, Some(_)) => OwnerFault::SilentCut,
            (CutOff::Bus, None) => OwnerFault::BusCut,
            (CutOff::Bus, Some(_)) => OwnerFault::BusSilent,
            (CutOff::Both, _) => OwnerFault::CutOff,
        };
        (fault(milliseconds(time)), time)
    }

    /// SIGTERM to each in turn, as at an upgrade.
    async fn stop_each(&mut self) -> io::Result<()> {
        for place in 0..self.nodes.len() {
            self.settle().await?;
            self.work().await;
            let process = self.nodes[place].process().unwrap_or_default().to_owned();
            let serves = self.serving().as_deref() == Some(process.as_str());
            let began_ms = self.history.run_ms();
            if serves {
                self.note_owner_fault(&process, OwnerFault::Stop, began_ms);
            } else {
                self.done.other_stops += 1;
            }
            self.nodes[place].stop(STOP_MAX).await?;
            self.balancer.forget(&process);
            self.nodes[place].start()?;
        }
        Ok(())
    }

    /// No server runs any more.
    pub(super) async fn kill_servers(&mut self) -> io::Result<()> {
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

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
