//! What is done to the server while visitors say their last words.

use std::{io, net::SocketAddr, time::Duration};

use super::{FaultInjector, say};
use crate::{
    history::Way,
    setup::{Counselor, STOP_MS},
    words::{Crew, Ground, Leaving, Line, Manner, Plan},
};

/// Beside the time it may take.
const STOP_SLACK: Duration = Duration::from_secs(30);

/// Half of them stay.
const STOPS: &[Way] =
    &[Way::Goodbye, Way::Stop, Way::Fin, Way::Stop, Way::Reset, Way::Stop, Way::LogOut, Way::Stop];
/// All in which the client is the one who goes.
const LEAVING: &[Way] = &[Way::Goodbye, Way::Fin, Way::Reset, Way::LogOut];

impl FaultInjector {
    /// Goes through the plan. The server runs at the end, and everybody is still there.
    ///
    /// Kills come first: for half a minute after one nobody's last words need be there whole.
    pub(crate) async fn inject_into_last_words(
        &mut self,
        plan: &Plan,
        ground: &Ground,
        counselors: &[Counselor],
    ) -> io::Result<Crew> {
        self.start_ready().await?;
        let mut crew = Crew::come(ground, plan.visitors, counselors).await;
        let amid = Manner { ways: LEAVING, words_max: plan.words_max, hasty_once_in: Some(4), lingers: true };
        say("last words: kills");
        for _ in 0..plan.kills {
            self.kill_amid(&mut crew, Manner { hasty_once_in: Some(2), ..amid }).await?;
        }
        say("last words: connections cut");
        for _ in 0..plan.cuts {
            self.cut_amid(&mut crew, amid).await?;
        }
        say("last words: PostgreSQL crashes");
        for _ in 0..plan.crashes {
            let leaving = self.leave(&mut crew, amid).await?;
            self.pause(5..100).await;
            self.crash().await?;
            settle(&mut crew, leaving).await;
        }
        say("last words: PostgreSQL frozen");
        let leaving = self.leave(&mut crew, amid).await?;
        self.pause(5..100).await;
        self.freeze(plan.frozen).await?;
        settle(&mut crew, leaving).await;
        say("last words: stops");
        for _ in 0..plan.stops {
            let manner = Manner { ways: STOPS, hasty_once_in: None, lingers: false, ..amid };
            self.stop_behind(&mut crew, manner).await?;
            self.stop_amid(&mut crew, Manner { hasty_once_in: Some(4), ..manner }).await?;
        }
        say("last words: nothing is done to anybody");
        for _ in 0..plan.calm {
            for way in LEAVING {
                let manner = Manner { ways: std::slice::from_ref(way), ..amid };
                let leaving = self.leave(&mut crew, manner).await?;
                settle(&mut crew, leaving).await;
            }
        }
        crew.farewell(self.where_it_is()?).await;
        self.keep_up().await?;
        Ok(crew)
    }

    fn where_it_is(&self) -> io::Result<SocketAddr> {
        let address = self.server.as_ref().and_then(|server| server.address);
        address.ok_or_else(|| io::Error::other("no server runs"))
    }

    async fn leave(&mut self, crew: &mut Crew, manner: Manner) -> io::Result<Leaving> {
        self.keep_up().await?;
        Ok(crew.leave(self.where_it_is()?, manner))
    }

    async fn kill_amid(&mut self, crew: &mut Crew, manner: Manner) -> io::Result<()> {
        let leaving = self.leave(crew, manner).await?;
        self.pause(5..300).await;
        self.kill().await?;
        self.start_ready().await?;
        crew.gone(leaving).await;
        Ok(())
    }

    async fn cut_amid(&mut self, crew: &mut Crew, manner: Manner) -> io::Result<()> {
        let leaving = self.leave(crew, manner).await?;
        self.pause(5..60).await;
        self.cut_often(1).await?;
        settle(crew, leaving).await;
        Ok(())
    }

    /// SIGTERM, when all has arrived.
    async fn stop_behind(&mut self, crew: &mut Crew, manner: Manner) -> io::Result<()> {
        let leaving = self.leave(crew, manner).await?;
        let (lines, arrived) = crew.gone(leaving).await;
        self.stop(lines).await?;
        crew.settled(&arrived).await;
        Ok(())
    }

    /// SIGTERM, while all speak.
    async fn stop_amid(&mut self, crew: &mut Crew, manner: Manner) -> io::Result<()> {
        let leaving = self.leave(crew, manner).await?;
        self.pause(5..100).await;
        self.stop(Vec::new()).await?;
        crew.gone(leaving).await;
        Ok(())
    }

    /// Stops the server in order, with these sockets open, and starts another.
    async fn stop(&mut self, lines: Vec<Line>) -> io::Result<()> {
        let Some(mut server) = self.server.take() else { return Err(io::Error::other("no server runs")) };
        server.terminate()?;
        let within = Duration::from_millis(u64::try_from(STOP_MS).unwrap_or(0)) + STOP_SLACK;
        if let Some(code) = server.ended(within).await {
            server.note_end(code, code == Some(0));
        } else {
            // It went on, and must not have.
            server.note_end(None, false);
            server.kill().await?;
        }
        drop(lines);
        self.done.stops += 1;
        self.start_ready().await?;
        Ok(())
    }
}

async fn settle(crew: &mut Crew, leaving: Leaving) {
    let (_lines, arrived) = crew.gone(leaving).await;
    crew.settled(&arrived).await;
}
