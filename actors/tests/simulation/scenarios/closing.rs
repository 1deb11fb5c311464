//! Ends are said before the close.

use hotline_actors::{
    PersonId,
    dispatch::{
        command::Command,
        conversation::EndReason,
        event::{Event, Removal},
    },
    push::{Closing, Push},
    registry::{EndLogIns, HandOver, LogIns, Rejected, ShutDown, SocketRole},
};
use tokio::time::sleep;
use uuid::Uuid;

use super::{asks, ends, lin, scenario, seconds, slow_store, visitor};
use crate::sockets::ClientSocket;

/// What a socket heard of ends, in order, up to its close, and why it was closed.
fn last_heard(socket: &ClientSocket) -> (Vec<&'static str>, Option<Closing>) {
    let heard = socket.received();
    let mut told = Vec::new();
    for push in &heard.pushes {
        match push {
            Push::Events(events) => told.extend(events.iter().map(|told| told.event.name())),
            Push::Close(closing) => return (told, Some(*closing)),
            Push::Workbench(_)
            | Push::Visit { .. }
            | Push::Resumed { .. }
            | Push::Place(_)
            | Push::Presence(_)
            | Push::QueueOverview { .. }
            | Push::Unanswered(_)
            | Push::Alarms(_)
            | Push::Frame(_) => {}
        }
    }
    (told, None)
}

#[test]
fn whoever_is_banned_hears_the_end_of_the_talk_and_why_before_the_close() {
    for banned in [PersonId::from(lin()), visitor(1).into()] {
        scenario(|world, workbench| async move {
            let asker =
                world.joins(visitor(1).into(), SocketRole::Visitor, None).await.expect("the server is up");
            asks(&world, 1).await;
            sleep(seconds(1)).await;
            world.asks(Command::Remove { person: banned, how: Removal::Banned }).await.expect("is banned");
            sleep(seconds(1)).await;
            let (theirs, other) =
                if banned == lin().into() { (workbench, asker) } else { (asker, workbench) };
            let (told, closed) = last_heard(&theirs);
            assert_eq!(closed, Some(Closing::LoggedOut), "{banned}");
            assert!(told.ends_with(&["ended", "expelled"]), "{banned}: {told:?}");
            let (told, closed) = last_heard(&other);
            assert_eq!((closed, told.last()), (None, Some(&"ended")), "{banned}");
        });
    }
}

#[test]
fn an_administrator_without_places_hears_it_too_and_no_other_does() {
    scenario(|world, _desk| async move {
        let (boss, other) = (PersonId(Uuid::from_u128(7)), PersonId(Uuid::from_u128(8)));
        let theirs = world.joins(boss, SocketRole::Administrator, None).await.expect("the server is up");
        let others = world.joins(other, SocketRole::Administrator, None).await.expect("the server is up");
        world.asks(Command::Remove { person: boss, how: Removal::Deleted }).await.expect("is deleted");
        sleep(seconds(1)).await;
        assert_eq!(last_heard(&theirs), (vec!["expelled"], Some(Closing::LoggedOut)));
        assert_eq!(last_heard(&others), (vec![], None));
    });
}

#[test]
fn whatever_closes_a_socket_does_so_behind_what_it_was_to_hear() {
    scenario(|world, workbench| async move {
        let asker =
            world.joins(visitor(1).into(), SocketRole::Visitor, None).await.expect("the server is up");
        let talk = asks(&world, 1).await;
        let registry = world.registry().expect("the server is up");
        // The password of one is set by another in the moment in which the talk ends.
        let ending = world.asks(ends(talk, EndReason::Visitor));
        ending.await.expect("has ended");
        registry.do_send(EndLogIns { person: lin().into(), which: LogIns::All, closing: Closing::LoggedOut });
        sleep(seconds(1)).await;
        let (told, closed) = last_heard(&workbench);
        assert_eq!((told.last(), closed), (Some(&"ended"), Some(Closing::LoggedOut)));
        let _back = world.joins(lin().into(), super::AT_WORKBENCH, None).await.expect("the server is up");
        // And the server stops while another is decided.
        slow_store(&world, 500, 500);
        let again = asks(&world, 1);
        let stopping = async { registry.send(ShutDown).await.expect("lives") };
        futures_util::future::join(again, stopping).await;
        sleep(seconds(1)).await;
        let (told, closed) = last_heard(&asker);
        assert_eq!(closed, Some(Closing::GoingAway));
        assert!(told.ends_with(&["ended", "opened", "assigned"]), "{told:?}");
    });
}

#[test]
fn a_hand_over_keeps_what_was_decided_and_sends_the_sockets_to_who_comes_next() {
    scenario(|world, workbench| async move {
        let registry = world.registry().expect("the server is up");
        slow_store(&world, 500, 500);
        let talk = asks(&world, 1);
        let handing_over = async { registry.send(HandOver).await.expect("lives") };
        let (talk, ()) = futures_util::future::join(talk, handing_over).await;
        sleep(seconds(1)).await;
        let (told, closed) = last_heard(&workbench);
        assert_eq!(closed, Some(Closing::Switching));
        assert!(told.ends_with(&["opened", "assigned"]), "{told:?}");
        let again = world.asks(ends(talk, EndReason::Visitor)).await;
        assert_eq!(again, Err(Rejected::Switching));
    });
}

#[test]
fn whoever_is_let_in_again_is_carried_anew() {
    scenario(|world, _desk| async move {
        for how in [Removal::Banned, Removal::Banned] {
            world.asks(Command::Remove { person: lin().into(), how }).await.expect("is banned");
            let seat = Some((hotline_actors::dispatch::counselor::Role::Counselor, 1));
            world.asks(Command::Reinstate { person: lin().into(), seat }).await.expect("is back");
            let socket =
                world.joins(lin().into(), super::AT_WORKBENCH, None).await.expect("the server is up");
            sleep(seconds(1)).await;
            assert_eq!(socket.received().closed, None);
            let talk = asks(&world, 1).await;
            sleep(seconds(1)).await;
            assert!(socket.received().events.iter().any(
                |told| matches!(told.event, Event::Assigned { conversation, .. } if conversation == talk)
            ));
            world.asks(ends(talk, EndReason::Visitor)).await.expect("has ended");
        }
    });
}
