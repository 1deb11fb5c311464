//! Several servers on one database and one bus.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::server::{Environment, Nats, Server};

/// Servers that are not together after this have failed.
const TOGETHER_MAX: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Each has looked again at who is there: they do so twice a second.
const KNOWN_AFTER: Duration = Duration::from_secs(2);

/// They run, and each institution has its owner.
#[derive(Debug)]
pub(crate) struct Several {
    pub(crate) environment: Environment,
    pub(crate) database: String,
    pub(crate) servers: Vec<Server>,
}

impl Several {
    /// Starts one server for each name, at the nats-server of that number. `first` names the database, in which there is no institution
    /// yet: those that are added now are spread at once, where others would be handed over, a few every ten seconds.
    pub(crate) async fn start(first: &Server, names: &[(&str, usize)]) -> Result<Self> {
        let environment = first.environment.clone();
        let mut servers = Vec::new();
        for (name, nats) in names {
            let nats = nats_of(&environment, *nats)?;
            let mut server = first.sibling(name, nats);
            server.start_alive().await?;
            servers.push(server);
        }
        let several = Self { environment, database: first.database.clone(), servers };
        let heard = format!("select count(*) = {} from nodes where bus_is_heard", names.len());
        several.wait_until(&heard, "the servers do not hear each other").await?;
        tokio::time::sleep(KNOWN_AFTER).await;
        Ok(several)
    }

    /// Waits until so many institutions are served.
    pub(crate) async fn wait_for_owners(&self, institutions: usize) -> Result<()> {
        let claimed = format!(
            "select count(distinct e.institution) = {institutions} from events e join owners o on o.institution = e.institution
             where e.kind = 'claimed' and o.node is not null"
        );
        self.wait_until(&claimed, "not every institution has an owner").await
    }

    /// The institutions with the numbers of their servers and the epochs of these.
    pub(crate) async fn owners(&self, names: &[(&str, usize)]) -> Result<Vec<(String, usize, String)>> {
        let owners =
            "select o.institution, n.name, o.epoch from owners o join nodes n on n.id = o.node order by 1";
        let rows = self.environment.sql(&self.database, owners).await?;
        let one = |row: &str| {
            let mut fields = row.split('|').map(str::to_owned);
            let mut field = || fields.next().context("a short row");
            let (institution, node, epoch) = (field()?, field()?, field()?);
            let number = names.iter().position(|(name, _)| *name == node).context("an unknown server")?;
            Ok((institution, number, epoch))
        };
        rows.lines().map(one).collect()
    }

    async fn wait_until(&self, question: &str, otherwise: &'static str) -> Result<()> {
        let begun = Instant::now();
        while self.environment.sql(&self.database, question).await? != "t" {
            ensure!(begun.elapsed() < TOGETHER_MAX, otherwise);
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }
}

fn nats_of(environment: &Environment, number: usize) -> Result<&Nats> {
    environment
        .nats
        .get(number)
        .context("too few nats-servers: they are given as --nats, which scripts/bench.sh does")
}
