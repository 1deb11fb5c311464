//! What is done to the server while visitors say their last words.

use std::{io, net::SocketAddr, time::Duration};

use super::{FaultInjector, say};
use crate::{
    history::Disconnect,
    last_words::{Plan, SharedContext, Speakers, TalkSocket, VisitOptions, Visits},
    setup::{Counselor, STOP_MS},
};

/// Beside the time it may take.
const STOP_SLACK: Duration = Duration::from_secs(30);

/// Half of them stay.
const STOPS: &[Disconnect] = &[
    Disconnect::CloseFrame,
    Disconnect::ServerStop,
    Disconnect::Fin,
    Disconnect::ServerStop,
    Disconnect::Reset,
    Disconnect::ServerStop,
    Disconnect::LogOut,
    Disconnect::ServerStop,
];
/// All in which the client is the one who goes.
const LEAVING: &[Disconnect] =
    &[Disconnect::CloseFrame, Disconnect::Fin, Disconnect::Reset, Disconnect::LogOut];

impl FaultInjector {
    /// Goes through the plan. The server runs at the end, and everybody is still there.
    ///
    /// Kills come first: for half a minute after one nobody's last words need be there whole.
    pub(crate) async fn inject_into_last_words(
        &mut self,
        plan: &Plan,
        shared: &SharedContext,
        counselors: &[Counselor],
    ) -> io::Result<Speakers> {
        self.start_ready().await?;
        let mut speakers = Speakers::come(shared, plan.visitors, counselors).await;
        let amid = VisitOptions {
            ways: LEAVING,
            messages_max: plan.messages_max,
            hasty_once_in: Some(4),
            lingers: true,
        };
        say("last words: kills");
        for _ in 0..plan.kills {
            self.kill_amid(&mut speakers, VisitOptions { hasty_once_in: Some(2), ..amid }).await?;
        }
        say("last words: connections cut");
        for _ in 0..plan.cuts {
            self.cut_amid(&mut speakers, amid).await?;
        }
        say("last words: PostgreSQL crashes");
        for _ in 0..plan.crashes {
            let visits = self.start_visits(&mut speakers, amid).await?;
            self.pause(5..100).await;
            self.crash_postgres().await?;
            settle(&mut speakers, visits).await;
        }
        say("last words: PostgreSQL frozen");
        let visits = self.start_visits(&mut speakers, amid).await?;
        self.pause(5..100).await;
        self.freeze_postgres(plan.frozen).await?;
        settle(&mut speakers, visits).await;
        say("last words: stops");
        for _ in 0..plan.stops {
            let options = VisitOptions { ways: STOPS, hasty_once_in: None, lingers: false, ..amid };
            self.stop_behind(&mut speakers, options).await?;
            self.stop_amid(&mut speakers, VisitOptions { hasty_once_in: Some(4), ..options }).await?;
        }
        say("last words: nothing is done to anybody");
        for _ in 0..plan.calm {
            for way in LEAVING {
                let options = VisitOptions { ways: std::slice::from_ref(way), ..amid };
                let visits = self.start_visits(&mut speakers, options).await?;
                settle(&mut speakers, visits).await;
            }
        }
        speakers.say_final_messages(self.server_address()?).await;
        self.restart_if_ended().await?;
        Ok(speakers)
    }

    fn server_address(&self) -> io::Result<SocketAddr> {
        let address = self.server.as_ref().and_then(|server| server.address);
        address.ok_or_else(|| io::Error::other("no server runs"))
    }

    async fn start_visits(&mut self, speakers: &mut Speakers, options: VisitOptions) -> io::Result<Visits> {
        self.restart_if_ended().await?;
        Ok(speakers.start_visits(self.server_address()?, options))
    }

    async fn kill_amid(&mut self, speakers: &mut Speakers, options: VisitOptions) -> io::Result<()> {
        let visits = self.start_visits(speakers, options).await?;
        self.pause(5..300).await;
        self.kill().await?;
        self.start_ready().await?;
        speakers.finish(visits).await;
        Ok(())
    }

    async fn cut_amid(&mut self, speakers: &mut Speakers, options: VisitOptions) -> io::Result<()> {
        let visits = self.start_visits(speakers, options).await?;
        self.pause(5..60).await;
        self.cut_often(1).await?;
        settle(speakers, visits).await;
        Ok(())
    }

    /// SIGTERM, when all has arrived.
    async fn stop_behind(&mut self, speakers: &mut Speakers, options: VisitOptions) -> io::Result<()> {
        let visits = self.start_visits(speakers, options).await?;
        let (sockets, arrived) = speakers.finish(visits).await;
        self.stop(sockets).await?;
        speakers.settled(&arrived).await;
        Ok(())
    }

    /// SIGTERM, while all speak.
    async fn stop_amid(&mut self, speakers: &mut Speakers, options: VisitOptions) -> io::Result<()> {
        let visits = self.start_visits(speakers, options).await?;
        self.pause(5..100).await;
        self.stop(Vec::new()).await?;
        speakers.finish(visits).await;
        Ok(())
    }

    /// Stops the server in order, with these sockets open, and starts another.
    async fn stop(&mut self, sockets: Vec<TalkSocket>) -> io::Result<()> {
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
        drop(sockets);
        self.injected.stops += 1;
        self.start_ready().await?;
        Ok(())
    }
}

async fn settle(speakers: &mut Speakers, visits: Visits) {
    let (_sockets, arrived) = speakers.finish(visits).await;
    speakers.settled(&arrived).await;
}
