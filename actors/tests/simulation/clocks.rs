//! Somebody sets the clock of the server's machine: back, forward, by a minute, an hour, a year.

use std::rc::Rc;

use hotline_actors::{
    ConversationId, Timestamp,
    dispatch::{
        conversation::{EndReason, Phase},
        event::{Event, Notice},
    },
};
use tokio::time::{Instant, sleep};

use crate::{
    scenarios::{AT_WORKBENCH, asks, ended, lin, minutes, scenario, seconds, started, when},
    sockets::ClientSocket,
    world::{World, ends},
};

const YEAR: i64 = 365 * 24 * 3_600;

fn says(world: &Rc<World>, talk: ConversationId, by_counselor: bool) {
    let facts = world.stored().facts(talk).expect("is known");
    world.says(&facts, by_counselor);
}

/// Everything kept has its time behind that of what came before it, and nothing ended before it began.
fn time_moves_forward(world: &World) {
    let times: Vec<Timestamp> = world.stored().rows.iter().map(|row| row.stamped.at).collect();
    assert!(times.is_sorted(), "{times:?}");
    for facts in world.stored().rows.iter().filter_map(|row| row.facts) {
        if let Phase::Ended { talk, at, .. } = facts.phase {
            assert!(talk.is_none_or(|(_, since)| facts.opened_at <= since && since <= at), "{facts:?}");
        }
    }
}

async fn comes_back(world: &Rc<World>) -> ClientSocket {
    world.joins(lin().into(), AT_WORKBENCH, None).await.expect("the server is up")
}

#[test]
fn set_back_no_limit_stops() {
    for seconds_back in [60, 3_600, YEAR] {
        scenario(|world, _socket| async move {
            let talk = asks(&world, 1).await;
            let waiting = asks(&world, 2).await;
            says(&world, talk, true);
            sleep(seconds(5)).await;
            let begun = Instant::now();
            world.sets_the_clock(-seconds_back);
            while ended(&world, talk).is_none() {
                sleep(seconds(1)).await;
                assert!(begun.elapsed() < minutes(20), "silence never ends");
            }
            let (_, reason) = ended(&world, talk).expect("has ended");
            assert_eq!(reason, EndReason::Silence);
            let took = begun.elapsed();
            assert!(took > minutes(14) && took < minutes(16), "at its own pace: {took:?}");
            assert_eq!(world.stored().facts(waiting).and_then(|facts| facts.counselor()), Some(lin()));
            world.asks(ends(waiting, EndReason::Visitor)).await.expect("is open");
            time_moves_forward(&world);
        });
    }
}

#[test]
fn set_back_and_started_again_time_goes_on_from_what_was_known() {
    for seconds_back in [60, 3_600, YEAR] {
        scenario(|world, _socket| async move {
            let talk = asks(&world, 1).await;
            let began = started(&world, talk);
            says(&world, talk, true);
            sleep(minutes(3)).await;
            let known = world.stored().rows.last().expect("something").stamped.at;
            world.kill().await;
            world.sets_the_clock(-seconds_back);
            world.start().await;
            let _socket = comes_back(&world).await;
            let claimed = world.stored().rows.last().expect("something").stamped.at;
            assert!(claimed >= known, "{claimed:?} is before {known:?}");
            sleep(minutes(1)).await;
            let next = asks(&world, 2).await;
            world.asks(ends(talk, EndReason::Visitor)).await.expect("is open");
            let (at, _) = ended(&world, talk).expect("has ended");
            assert!(at.since(began) >= seconds(58), "it does not stand still: {:?}", at.since(began));
            sleep(minutes(11)).await;
            let silent = |event: &Event| matches!(event, Event::Noticed { notice: Notice::Silence, .. });
            assert!(when(&world, silent).is_some(), "limits go on");
            world.asks(ends(next, EndReason::Visitor)).await.expect("is open");
            time_moves_forward(&world);
        });
    }
}

#[test]
fn a_machine_that_starts_a_year_ahead_freezes_nothing_when_that_is_put_right() {
    scenario(|world, _socket| async move {
        world.kill().await;
        world.sets_the_clock(YEAR);
        world.start().await;
        let _socket = comes_back(&world).await;
        let talk = asks(&world, 1).await;
        says(&world, talk, true);
        sleep(minutes(1)).await;
        world.sets_the_clock(0);
        world.kill().await;
        world.start().await;
        let _socket = comes_back(&world).await;
        let begun = Instant::now();
        while ended(&world, talk).is_none() {
            sleep(seconds(1)).await;
            assert!(begun.elapsed() < minutes(20), "everything stands still");
        }
        assert_eq!(ended(&world, talk).map(|end| end.1), Some(EndReason::Silence));
        time_moves_forward(&world);
    });
}

#[test]
fn set_forward_nobody_is_silent_or_has_waited_too_long_who_could_not_be_heard() {
    scenario(|world, _socket| async move {
        let talk = asks(&world, 1).await;
        let waiting = asks(&world, 2).await;
        says(&world, talk, true);
        sleep(minutes(1)).await;
        world.sets_the_clock(45 * 60);
        sleep(minutes(1)).await;
        assert_eq!(ended(&world, talk), None);
        let silent = |event: &Event| matches!(event, Event::Noticed { notice: Notice::Silence, .. });
        assert_eq!(when(&world, silent), None, "silence counts anew");
        assert_eq!(ended(&world, waiting), None, "and who waits has time");
        sleep(minutes(2)).await;
        assert_eq!(ended(&world, waiting).map(|end| end.1), Some(EndReason::Waiting), "but not for ever");
        // The hard limit is one of the clock.
        world.sets_the_clock(100 * 60);
        sleep(seconds(5)).await;
        assert_eq!(ended(&world, talk).map(|end| end.1), Some(EndReason::Limit));
        time_moves_forward(&world);
    });
}
