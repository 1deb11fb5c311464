//! Who waits for an answer, as those hear who can help: live, after a reconnect, and after a restart.

use std::{collections::BTreeMap, rc::Rc, time::Duration};

use hotline_actors::{
    ConversationId, PersonId, Timestamp,
    dispatch::{
        command::Command,
        conversation::EndReason,
        event::{Event, Notice},
    },
    push::{Answers, Push, StandingAlarm},
    registry::SocketRole,
};
use tokio::time::sleep;
use uuid::Uuid;

use crate::{
    scenarios::{AT_WORKBENCH, asks, ended, lin, minutes, scenario, seconds, started, when},
    sockets::ClientSocket,
    world::{World, ends},
};

fn boss() -> PersonId {
    PersonId(Uuid::from_u128(0xb0))
}

async fn looks_on(world: &Rc<World>, since: Option<u64>) -> ClientSocket {
    world.joins(boss(), SocketRole::Administrator, since).await.expect("the server is up")
}

fn says(world: &Rc<World>, talk: ConversationId, by_counselor: bool) {
    let facts = world.stored().facts(talk).expect("is known");
    world.says(&facts, by_counselor);
}

/// What a page that took in everything it heard shows now.
fn shown(socket: &ClientSocket) -> Answers {
    let mut shown = Answers::default();
    for push in &socket.received().pushes {
        match push {
            Push::Workbench(workbench) => shown = workbench.answers.clone(),
            Push::Unanswered(changed) => {
                shown.unanswered.extend(changed.iter().map(|(id, since)| (*id, *since)));
            }
            Push::Alarms(alarms) => shown.alarms.clone_from(alarms),
            _ => {}
        }
    }
    shown.unanswered.retain(|_, since| since.is_some());
    shown
}

fn waits(talk: ConversationId, since: Timestamp) -> BTreeMap<ConversationId, Option<Timestamp>> {
    BTreeMap::from([(talk, Some(since))])
}

fn alarm(world: &World, talk: ConversationId, since: Timestamp, after: Duration) -> StandingAlarm {
    let facts = world.stored().facts(talk).expect("is known");
    let counselor = facts.counselor().expect("has begun");
    StandingAlarm::Unanswered { conversation: talk, counselor, visitor: facts.visitor, since, after }
}

/// Two more looks at what is gathered.
const GATHERED: Duration = Duration::from_secs(5);

#[test]
fn who_waits_is_told_to_those_who_can_help_until_somebody_answers() {
    scenario(|world, socket| async move {
        let boss = looks_on(&world, None).await;
        let talk = asks(&world, 1).await;
        let begun = started(&world, talk);
        sleep(GATHERED).await;
        assert_eq!(shown(&boss).unanswered, waits(talk, begun), "since the start");
        says(&world, talk, true);
        sleep(GATHERED).await;
        assert_eq!(shown(&boss), Answers::default());
        let asked = world.now();
        says(&world, talk, false);
        sleep(minutes(1)).await;
        says(&world, talk, false);
        sleep(minutes(2)).await;
        for reader in [&boss, &socket] {
            let shown = shown(reader);
            assert_eq!(shown.unanswered, waits(talk, asked), "since the first word, not the last");
            assert_eq!(shown.alarms, [alarm(&world, talk, asked, minutes(2))]);
        }
        sleep(minutes(8)).await;
        assert_eq!(shown(&boss).alarms, [alarm(&world, talk, asked, minutes(10))]);
        says(&world, talk, true);
        sleep(GATHERED).await;
        for reader in [&boss, &socket] {
            assert_eq!(shown(reader), Answers::default(), "an answer settles it");
        }
        says(&world, talk, false);
        sleep(minutes(3)).await;
        assert_eq!(shown(&boss).alarms.len(), 1);
        world.asks(ends(talk, EndReason::Visitor)).await.expect("is open");
        sleep(GATHERED).await;
        assert_eq!(shown(&boss), Answers::default(), "and so does the end");
    });
}

#[test]
fn one_who_is_answered_before_it_was_shown_that_they_wait_is_not_left_waiting_by_what_an_event_told() {
    scenario(|world, socket| async move {
        let talk = asks(&world, 1).await;
        says(&world, talk, true);
        sleep(GATHERED).await;
        let told = socket.received().events.last().map(|told| told.unanswered_since);
        assert_eq!(told, Some(Some(started(&world, talk))), "the event of the start");
        let last = socket.received().pushes.iter().rev().find_map(|push| match push {
            Push::Unanswered(changed) => changed.get(&talk).copied(),
            _ => None,
        });
        assert_eq!(last, Some(None));
    });
}

#[test]
fn who_waits_is_known_after_a_restart_and_after_a_reconnect() {
    scenario(|world, _socket| async move {
        let talk = asks(&world, 1).await;
        says(&world, talk, true);
        sleep(seconds(10)).await;
        let asked = world.now();
        says(&world, talk, false);
        sleep(minutes(3)).await;
        world.kill().await;
        sleep(seconds(30)).await;
        world.start().await;
        let _socket = world.joins(lin().into(), AT_WORKBENCH, None).await.expect("the server is up");
        let boss = looks_on(&world, None).await;
        sleep(seconds(1)).await;
        assert_eq!(shown(&boss).unanswered, waits(talk, asked));
        assert_eq!(shown(&boss).alarms, [alarm(&world, talk, asked, minutes(2))], "right in the snapshot");
        let since = boss.leaves();
        says(&world, talk, true);
        sleep(minutes(1)).await;
        let boss = looks_on(&world, since).await;
        sleep(Duration::from_millis(1)).await;
        let resumed = boss.received().pushes.clone();
        assert!(matches!(resumed.first(), Some(Push::Resumed { .. })), "{resumed:?}");
        let answered = resumed.iter().any(|push| match push {
            Push::Unanswered(all) => all.get(&talk) == Some(&None),
            _ => false,
        });
        assert!(answered, "whoever knew that somebody waits hears that they do not: {resumed:?}");
        assert!(resumed.iter().any(|push| matches!(push, Push::Alarms(alarms) if alarms.is_empty())));
    });
}

#[test]
fn a_counselor_who_is_lost_stands_in_the_list_until_they_are_back_or_nobody_needs_them() {
    scenario(|world, socket| async move {
        let boss = looks_on(&world, None).await;
        let talk = asks(&world, 1).await;
        let waiting = asks(&world, 2).await;
        says(&world, talk, true);
        socket.leaves();
        sleep(minutes(1) + GATHERED).await;
        let lost = when(&world, |event| matches!(event, Event::CounselorLost { .. })).expect("is lost");
        let conversations = vec![talk, waiting];
        let alarm = StandingAlarm::CounselorLost { counselor: lin(), since: lost, conversations };
        assert_eq!(shown(&boss).alarms, [alarm]);
        let socket = world.joins(lin().into(), AT_WORKBENCH, None).await.expect("the server is up");
        sleep(GATHERED).await;
        assert_eq!(shown(&boss).alarms, [], "back");
        socket.leaves();
        sleep(minutes(1) + GATHERED).await;
        assert_eq!(shown(&boss).alarms.len(), 1);
        let urgent = hotline_actors::dispatch::conversation::Priority::Urgent;
        world.asks(Command::Prioritize { conversation: waiting, priority: urgent }).await.expect("is open");
        world.asks(ends(talk, EndReason::Visitor)).await.expect("is open");
        sleep(GATHERED).await;
        assert_eq!(shown(&boss).alarms.len(), 1, "somebody waits still");
        world.asks(ends(waiting, EndReason::Visitor)).await.expect("is open");
        sleep(GATHERED).await;
        assert_eq!(shown(&boss).alarms, [], "nobody needs them any more");
    });
}

#[test]
fn whoever_wrote_last_is_never_ended_for_silence_by_the_timers() {
    scenario(|world, _socket| async move {
        let talk = asks(&world, 1).await;
        let begun = started(&world, talk);
        says(&world, talk, true);
        sleep(minutes(11)).await;
        let silent = |event: &Event| matches!(event, Event::Noticed { notice: Notice::Silence, .. });
        assert!(when(&world, silent).is_some(), "the counselor has said the last word");
        says(&world, talk, false);
        sleep(minutes(10)).await;
        world.kill().await;
        world.start().await;
        sleep(minutes(40)).await;
        let noticed = world.stored().rows.iter().filter(|row| silent(&row.stamped.event)).count();
        assert_eq!(noticed, 1, "and nobody is asked again");
        let (at, reason) = ended(&world, talk).expect("has ended");
        assert_eq!((at.since(begun).as_secs(), reason), (3_600, EndReason::Limit));
    });
}
