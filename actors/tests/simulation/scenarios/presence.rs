//! One presence of all of a person's sockets.

use hotline_actors::{
    CounselorId, LogIn,
    dispatch::{
        counselor::{ChosenStatus, Role},
        event::Event,
    },
    push::{Closing, Push},
    registry::{EndLogIns, LogIns, SocketRole},
};
use tokio::time::sleep;

use super::{AT_WORKBENCH, asks, lin, minutes, scenario, seconds, when};
use crate::{
    sockets::{ClientSocket, login_of},
    world::World,
};

fn tab(choice: ChosenStatus) -> SocketRole {
    SocketRole::Counselor { role: Role::Counselor, capacity: 1, choice: Some(choice) }
}

fn chooses(world: &World, socket: &ClientSocket, choice: ChosenStatus) {
    world.store.0.borrow_mut().asked.entry(lin()).or_default().push(choice);
    socket.chooses(choice);
}

/// What a socket was told last.
fn presence_of(socket: &ClientSocket) -> Option<ChosenStatus> {
    socket.received().pushes.iter().rev().find_map(|push| match push {
        Push::Workbench(workbench) => workbench.own_places.as_ref().map(|seat| seat.choice),
        Push::Presence(choice) => Some(*choice),
        Push::Resumed { presence, .. } => *presence,
        _ => None,
    })
}

fn ends(world: &World, which: LogIns) {
    let end = EndLogIns { person: lin().into(), which, closing: Closing::LoggedOut };
    world.registry().expect("the server is up").do_send(end);
}

fn is_lost(world: &World) -> bool {
    when(world, |event| matches!(event, Event::CounselorLost { .. })).is_some()
}

fn served_by(world: &World, talk: hotline_actors::ConversationId) -> Option<CounselorId> {
    world.stored().facts(talk).and_then(|facts| facts.counselor())
}

#[test]
fn a_choice_holds_for_all_sockets_and_no_tab_that_comes_back_takes_it_away() {
    scenario(|world, socket| async move {
        let other =
            world.joins(lin().into(), tab(ChosenStatus::Online), None).await.expect("the server is up");
        chooses(&world, &socket, ChosenStatus::Busy);
        sleep(seconds(1)).await;
        assert_eq!([presence_of(&socket), presence_of(&other)], [Some(ChosenStatus::Busy); 2]);
        let waiting = asks(&world, 1).await;
        let cursor = other.leaves();
        let other =
            world.joins(lin().into(), tab(ChosenStatus::Online), cursor).await.expect("the server is up");
        sleep(seconds(1)).await;
        assert_eq!(presence_of(&other), Some(ChosenStatus::Busy), "told as it resumes");
        // All connections drop, and a stale tab is the first to return.
        socket.leaves();
        other.leaves();
        sleep(seconds(50)).await;
        let other =
            world.joins(lin().into(), tab(ChosenStatus::Online), None).await.expect("the server is up");
        sleep(seconds(1)).await;
        assert_eq!((presence_of(&other), served_by(&world, waiting)), (Some(ChosenStatus::Busy), None));
        chooses(&world, &other, ChosenStatus::Busy);
        let told = other.received().pushes.len();
        sleep(seconds(1)).await;
        assert!(other.received().pushes.len() > told, "what is so already is acknowledged, too");
        chooses(&world, &other, ChosenStatus::Online);
        sleep(seconds(1)).await;
        assert_eq!(served_by(&world, waiting), Some(lin()));
    });
}

#[test]
fn after_a_restart_the_last_choice_holds_whichever_tab_returns_first() {
    scenario(|world, socket| async move {
        chooses(&world, &socket, ChosenStatus::Away);
        sleep(seconds(1)).await;
        let waiting = asks(&world, 1).await;
        world.kill().await;
        world.start().await;
        let stale =
            world.joins(lin().into(), tab(ChosenStatus::Online), None).await.expect("the server is up");
        sleep(seconds(1)).await;
        assert_eq!((presence_of(&stale), served_by(&world, waiting)), (Some(ChosenStatus::Away), None));
        // One who stayed away for longer than the grace begins anew.
        stale.leaves();
        sleep(minutes(2)).await;
        let fresh =
            world.joins(lin().into(), tab(ChosenStatus::Online), None).await.expect("the server is up");
        sleep(seconds(1)).await;
        assert_eq!(
            (presence_of(&fresh), served_by(&world, waiting)),
            (Some(ChosenStatus::Online), Some(lin()))
        );
    });
}

#[test]
fn the_first_socket_of_one_who_was_offline_says_what_they_are() {
    scenario(|world, socket| async move {
        socket.leaves();
        sleep(minutes(2)).await;
        let first = world.joins(lin().into(), tab(ChosenStatus::Away), None).await.expect("the server is up");
        let second =
            world.joins(lin().into(), tab(ChosenStatus::Online), None).await.expect("the server is up");
        let third = world.joins(lin().into(), AT_WORKBENCH, None).await.expect("the server is up");
        sleep(seconds(1)).await;
        assert_eq!([&first, &second, &third].map(presence_of), [Some(ChosenStatus::Away); 3]);
        let waiting = asks(&world, 1).await;
        assert_eq!(served_by(&world, waiting), None);
    });
}

#[test]
fn whoever_logs_out_is_offline_at_once_and_that_log_in_hears_nothing_more() {
    scenario(|world, socket| async move {
        let second = world.joins(lin().into(), AT_WORKBENCH, None).await.expect("the server is up");
        let talk = asks(&world, 1).await;
        sleep(seconds(1)).await;
        let which = LogIns::One(login_of(lin().into()));
        ends(&world, which);
        let waiting = asks(&world, 2).await;
        assert!(is_lost(&world), "without grace");
        sleep(minutes(1)).await;
        for socket in [&socket, &second] {
            assert_eq!(socket.received().closed, Some(Closing::LoggedOut));
            let after = socket.received().pushes.iter().rev().position(|push| matches!(push, Push::Close(_)));
            assert_eq!(after, Some(0), "nothing follows: {:?}", socket.received().pushes);
        }
        assert_eq!((served_by(&world, talk), served_by(&world, waiting)), (Some(lin()), None));
        chooses(&world, &socket, ChosenStatus::Online);
        world
            .asks(super::ends(talk, hotline_actors::dispatch::conversation::EndReason::Visitor))
            .await
            .expect("open");
        sleep(seconds(1)).await;
        assert_eq!(served_by(&world, waiting), None, "whoever has no log-in chooses nothing");
    });
}

#[test]
fn while_another_log_in_has_a_socket_or_its_grace_one_log_out_moves_nobody() {
    scenario(|world, socket| async move {
        asks(&world, 1).await;
        let other = LogIns::One(LogIn([9; 32]));
        ends(&world, other);
        sleep(seconds(1)).await;
        assert!(!is_lost(&world) && socket.is_up());
        socket.leaves();
        ends(&world, other);
        sleep(seconds(50)).await;
        assert!(!is_lost(&world), "the grace of the other goes on");
        ends(&world, LogIns::AllBut(LogIn([9; 32])));
        sleep(seconds(1)).await;
        assert!(is_lost(&world), "its log-in has ended in the grace");
    });
}

/// Each is a log-in of its own: the usual one, and another.
const OTHER: LogIn = LogIn([9; 32]);

#[test]
fn whoever_logs_out_while_here_is_offline_at_once_though_another_connection_dropped_before() {
    for usual_drops in [true, false] {
        scenario(move |world, socket| async move {
            asks(&world, 1).await;
            let other =
                world.joins_by(OTHER, lin().into(), AT_WORKBENCH, None).await.expect("the server is up");
            let usual = login_of(lin().into());
            let (dropped, stays, log_in) =
                if usual_drops { (socket, other, OTHER) } else { (other, socket, usual) };
            sleep(seconds(1)).await;
            dropped.leaves();
            sleep(seconds(5)).await;
            ends(&world, LogIns::One(log_in));
            sleep(seconds(1)).await;
            assert_eq!(stays.received().closed, Some(Closing::LoggedOut));
            assert!(is_lost(&world), "a log-out has no grace");
        });
    }
}

#[test]
fn a_log_out_after_the_grace_of_the_other_is_offline_at_once() {
    scenario(|world, socket| async move {
        asks(&world, 1).await;
        let other = world.joins_by(OTHER, lin().into(), AT_WORKBENCH, None).await.expect("the server is up");
        socket.leaves();
        sleep(seconds(61)).await;
        assert!(!is_lost(&world) && other.is_up());
        ends(&world, LogIns::One(OTHER));
        sleep(seconds(1)).await;
        assert!(is_lost(&world));
    });
}

#[test]
fn a_log_out_while_both_connections_are_gone_leaves_the_other_its_grace() {
    scenario(|world, socket| async move {
        asks(&world, 1).await;
        let other = world.joins_by(OTHER, lin().into(), AT_WORKBENCH, None).await.expect("the server is up");
        socket.leaves();
        sleep(seconds(20)).await;
        other.leaves();
        sleep(seconds(20)).await;
        ends(&world, LogIns::One(OTHER));
        sleep(seconds(19)).await;
        assert!(!is_lost(&world));
        sleep(seconds(2)).await;
        assert!(is_lost(&world), "and no longer");
    });
}
