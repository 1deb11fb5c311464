//! What runs beside the requests as long as the server does. Half a hotline is worse than a restart: whatever of it ends,
//! ends the process.

use std::sync::Arc;

use actix_web::rt::{spawn, task::JoinHandle};
use futures_util::future::select_all;

use crate::{
    consumers::{self, RetryPolicy, Served},
    http::state::AppState,
    im::{history::HistoryFetcher, notices::Notices},
    retention, shifts,
    wechat::turn::TurnMessages,
};

/// The tasks, each with what it is called when it dies. Dropping them stops them.
pub(super) struct Background(Vec<(&'static str, JoinHandle<()>)>);

impl Background {
    pub(super) fn start(state: &AppState) -> Self {
        let turns = Arc::new(TurnMessages::new(state.pool.clone(), state.wechat.clone()));
        let mut tasks = vec![
            ("what keeps the log-ins written", spawn(state.sessions.clone().keep_written())),
            (
                "what looks for passwords that were reset",
                spawn(state.accounts.clone().keep_watching_resets()),
            ),
            ("what follows who owns what", {
                let (sessions, people) = (state.sessions.clone(), state.people.clone());
                let forget = move || {
                    sessions.forget_all();
                    people.forget_all();
                };
                spawn(state.institutions.clone().follow_owners(forget))
            }),
            ("what gives other servers their share", spawn(state.institutions.clone().keep_balance())),
            ("what keeps shifts fresh", spawn(state.institutions.clone().refresh_loop())),
            (
                "what erases deleted records",
                spawn(retention::keep_erasing(state.pool.clone(), Arc::clone(&state.settings))),
            ),
            (
                "what writes standing weeks ahead",
                spawn(shifts::write_ahead_loop(state.pool.clone(), state.institutions.clone())),
            ),
            (
                "what tells visitors over WeChat",
                spawn(consumers::run(
                    state.pool.clone(),
                    state.metrics.clone(),
                    turns,
                    RetryPolicy::default(),
                    served(state),
                )),
            ),
        ];
        if let Some(rest) = &state.im.rest {
            let histories = HistoryFetcher {
                rest: rest.clone(),
                pool: state.pool.clone(),
                messages: state.messages.clone(),
                institutions: state.institutions.clone(),
                administrator: state.settings.im.administrator.clone(),
            };
            let recovered = state.institutions.recovered();
            tasks.push(("what fetches histories", spawn(histories.run(recovered))));
            if state.settings.im.notices {
                let notices = Arc::new(Notices::new(state.pool.clone(), rest.clone()));
                let run = consumers::run(
                    state.pool.clone(),
                    state.metrics.clone(),
                    notices,
                    RetryPolicy::default(),
                    served(state),
                );
                tasks.push(("what sends notices", spawn(run)));
            }
        }
        Self(tasks)
    }

    /// Waits until one of them has ended, and says which.
    pub(super) async fn died(&mut self) -> &'static str {
        let (_, dead, _) = select_all(self.0.iter_mut().map(|(_, task)| task)).await;
        self.0[dead].0
    }
}

/// The institutions of which consumers tell here, and what is committed in them.
fn served(state: &AppState) -> Served {
    let institutions = state.institutions.clone();
    Served {
        feed: institutions.commit_feed(),
        life: Arc::new(move |institution: &str| institutions.life(institution)),
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        for (_, task) in &self.0 {
            task.abort();
        }
    }
}
