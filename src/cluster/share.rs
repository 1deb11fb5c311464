//! Which server gets which institution where they are spread: rendezvous hashing.
//!
//! Each server has a weight for each institution, and the heaviest there is gets it. So all that look at the same servers agree without
//! asking each other, and when a server comes or goes only its own share moves.

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::time::Instant;
use uuid::Uuid;

use super::{Owned, rows::Node};

/// How much a server is meant to have an institution: the first eight bytes of SHA-256 over the sixteen of the node's id and the
/// institution's code in UTF-8, most significant first. Servers of different versions must agree, so it never changes.
fn weight(institution: &str, node: Uuid) -> (u64, Uuid) {
    let digest = Sha256::new().chain_update(node.as_bytes()).chain_update(institution.as_bytes()).finalize();
    let weight = digest.iter().take(8).fold(0, |weight, byte| weight << 8 | u64::from(*byte));
    // No two nodes weigh the same.
    (weight, node)
}

/// Which of these servers gets the institution; none if there are none.
///
/// Whoever gives an institution to the one this names, itself among them, gives it to a heavier one. So servers that see different
/// servers just now never throw it to and fro.
pub fn winner(institution: &str, nodes: impl IntoIterator<Item = Uuid>) -> Option<Uuid> {
    nodes.into_iter().max_by_key(|node| weight(institution, *node))
}

/// To whom `owned` hands all its institutions before its server stops; those for whom there is nobody are left out.
pub fn when_leaving(owned: &Owned) -> Vec<(String, Uuid)> {
    let to = |institution: &String| winner(institution, owned.peers.keys().copied());
    owned.epochs.keys().filter_map(|institution| Some((institution.clone(), to(institution)?))).collect()
}

/// What `owned` has that the hash gives to another, who has been there for a while: at most so many, each with whose it should be.
pub fn misplaced(owned: &Owned, max: usize) -> Vec<(String, Uuid)> {
    let stayed = owned.peers.iter().filter(|(_, peer)| peer.has_stayed).map(|(node, _)| *node);
    let nodes: Vec<Uuid> = stayed.chain([owned.node]).collect();
    let to = |institution: &String| {
        winner(institution, nodes.iter().copied()).filter(|winner| *winner != owned.node)
    };
    let misplaced =
        owned.epochs.keys().filter_map(|institution| Some((institution.clone(), to(institution)?)));
    misplaced.take(max).collect()
}

/// What a server may take of what nobody owns.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    Everything,
    /// What the hash gives it among these.
    ShareAmong(Vec<Uuid>),
}

/// What `me` may take. Where none has a bus, one takes everything, so that the institutions stay together: one that owns some, else the
/// one that has been there longest. Where that one has a bus, all that have one take their shares. So while the bus is being
/// introduced, a server without it goes on taking everything until it leaves, and never two kinds of rules are in force at once.
pub(super) fn takes(me: Uuid, nodes: &[Node]) -> Takes {
    let takers = || nodes.iter().filter(|node| node.is_alive && !node.marks.is_leaving);
    let Some(first) = takers().next() else { return Takes::Nothing };
    if first.bus.is_none() {
        return if first.id == me { Takes::Everything } else { Takes::Nothing };
    }
    let is_any_heard = takers().any(is_on_the_bus);
    let among: Vec<Uuid> = takers()
        .filter(|node| if is_any_heard { is_on_the_bus(node) } else { node.bus.is_some() })
        .map(|node| node.id)
        .collect();
    if among.contains(&me) { Takes::ShareAmong(among) } else { Takes::Nothing }
}

/// Whether others reach the server, as far as it knows.
pub(super) fn is_on_the_bus(node: &Node) -> bool {
    node.bus.is_some() && node.marks.bus_is_heard
}

/// A server that was not on the bus for so long while another was lets go what it owns. The servers do not lose it at one moment when
/// it is away for all, so this is longer than they differ.
const OFF_THE_BUS_MAX: Duration = Duration::from_secs(2);

/// Since when this server is not on the bus while another is.
#[derive(Debug, Default)]
pub(super) struct OffTheBus(Option<Instant>);

impl OffTheBus {
    /// As a beat found it; true if it has lasted for too long.
    pub(super) fn is_too_long(&mut self, now: Instant, me: Uuid, nodes: &[Node]) -> bool {
        let is_alone = nodes.iter().any(|node| node.id == me && node.bus.is_some() && !is_on_the_bus(node));
        let are_others = nodes.iter().any(|node| node.id != me && node.is_alive && is_on_the_bus(node));
        if !(is_alone && are_others) {
            self.0 = None;
            return false;
        }
        now.duration_since(*self.0.get_or_insert(now)) >= OFF_THE_BUS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{Peer, rows::Marks};

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn codes() -> impl Iterator<Item = String> {
        (0..1_000).map(|number| format!("i{number:03}"))
    }

    /// A living server on the bus.
    fn node(number: u128) -> Node {
        Node {
            id: id(number),
            is_alive: true,
            is_owner: false,
            has_stayed: true,
            bus: Some(id(number + 100)),
            marks: Marks { is_leaving: false, bus_is_heard: true },
        }
    }

    fn without_bus(number: u128) -> Node {
        Node { bus: None, marks: Marks::default(), ..node(number) }
    }

    fn unheard(number: u128) -> Node {
        Node { marks: Marks::default(), ..node(number) }
    }

    #[test]
    fn the_hash_is_the_one_that_other_versions_use() {
        // By Python: int.from_bytes(sha256(uuid.UUID(int=1).bytes + "ecnu".encode()).digest()[:8]).
        assert_eq!(weight("ecnu", id(1)).0, 0xfa09_b3d1_efa9_7cfe);
        assert_eq!(weight("ecnu", id(2)).0, 0xe2d5_beb4_1c35_4cb6);
    }

    #[test]
    fn servers_share_alike_and_only_the_share_of_who_goes_moves() {
        let nodes = [1, 2, 3, 4].map(id);
        let before: Vec<_> = codes().filter_map(|code| winner(&code, nodes)).collect();
        for node in nodes {
            let share = before.iter().filter(|winner| **winner == node).count();
            assert!((200..300).contains(&share), "{share}");
        }
        for (code, before) in codes().zip(before) {
            let after = winner(&code, nodes.into_iter().filter(|node| *node != id(3)));
            assert!(before == id(3) || after == Some(before), "{code}");
        }
        assert_eq!(winner("ecnu", []), None);
    }

    #[test]
    fn without_a_bus_one_takes_everything() {
        let nodes = [without_bus(1), without_bus(2)];
        assert_eq!((takes(id(1), &nodes), takes(id(2), &nodes)), (Takes::Everything, Takes::Nothing));
        let leaving = Node { marks: Marks { is_leaving: true, bus_is_heard: false }, ..without_bus(1) };
        assert_eq!(takes(id(2), &[leaving, without_bus(2)]), Takes::Everything);
        let dead = Node { is_alive: false, ..without_bus(1) };
        assert_eq!(takes(id(2), &[dead, without_bus(2)]), Takes::Everything);
        assert_eq!(takes(id(1), &[]), Takes::Nothing);
    }

    #[test]
    fn with_a_bus_those_share_that_are_on_it_and_all_if_none_is() {
        let nodes = [node(1), unheard(2), node(3)];
        let share = || Takes::ShareAmong(vec![id(1), id(3)]);
        assert_eq!([1, 2, 3].map(|number| takes(id(number), &nodes)), [share(), Takes::Nothing, share()]);
        let nodes = [unheard(1), unheard(2)];
        assert_eq!(takes(id(2), &nodes), Takes::ShareAmong(vec![id(1), id(2)]));
    }

    #[test]
    fn whoever_is_first_says_which_rule_is_in_force() {
        // One of the version before, which owns everything.
        let nodes = [without_bus(1), node(2)];
        assert_eq!((takes(id(1), &nodes), takes(id(2), &nodes)), (Takes::Everything, Takes::Nothing));
        // One of it stands by.
        let nodes = [node(2), without_bus(1), node(3)];
        let share = || Takes::ShareAmong(vec![id(2), id(3)]);
        assert_eq!([1, 2, 3].map(|number| takes(id(number), &nodes)), [Takes::Nothing, share(), share()]);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_off_the_bus_while_another_is_on_it_lets_go_after_a_while() {
        let (mut off, begun) = (OffTheBus::default(), Instant::now());
        let at = |millis| begun + Duration::from_millis(millis);
        let (lost, all_lost) = ([unheard(1), node(2)], [unheard(1), unheard(2)]);
        assert!(!off.is_too_long(at(0), id(1), &lost));
        assert!(!off.is_too_long(at(1_500), id(1), &lost));
        assert!(off.is_too_long(at(2_000), id(1), &lost));
        // The bus is away for all: everybody keeps what they have.
        assert!(!off.is_too_long(at(2_500), id(1), &all_lost));
        assert!(!off.is_too_long(at(3_000), id(1), &lost));
        assert!(!off.is_too_long(at(4_900), id(1), &lost));
        assert!(!off.is_too_long(at(4_950), id(1), &[node(1), node(2)]));
        assert!(!off.is_too_long(at(5_500), id(1), &lost));
        // The other is dead, or this one has no bus at all.
        let dead = Node { is_alive: false, ..node(2) };
        assert!(!off.is_too_long(at(9_000), id(1), &[unheard(1), dead]));
        assert!(!off.is_too_long(at(12_000), id(1), &[without_bus(1), node(2)]));
    }

    fn owned(me: u128, peers: &[(u128, bool)], institutions: impl Iterator<Item = String>) -> Owned {
        let peer = |(number, has_stayed): &(u128, bool)| {
            (id(*number), Peer { bus: id(number + 100), has_stayed: *has_stayed })
        };
        Owned {
            node: id(me),
            peers: peers.iter().map(peer).collect(),
            epochs: institutions.map(|code| (code, 1)).collect(),
            ..Owned::default()
        }
    }

    #[test]
    fn servers_that_see_different_others_throw_nothing_to_and_fro() {
        // Each sees the other, and one of them a third and a fourth.
        let (one, two) = ([(2, true), (3, true), (4, false)], [(1, true)]);
        let from_one = misplaced(&owned(1, &one, codes()), usize::MAX);
        let from_two = misplaced(&owned(2, &two, codes()), usize::MAX);
        assert!(!from_one.is_empty() && !from_two.is_empty());
        let moves = |moves: &[(String, Uuid)], from: u128| {
            for (code, to) in moves {
                assert!(weight(code, *to) > weight(code, id(from)), "{code}");
                assert_ne!(*to, id(4), "{code}: it has only just come");
            }
        };
        moves(&from_one, 1);
        moves(&from_two, 2);
        assert_eq!(misplaced(&owned(1, &one, codes()), 32).len(), 32);
    }

    #[test]
    fn whoever_leaves_hands_everything_to_the_others_if_there_are_any() {
        let all = when_leaving(&owned(1, &[(2, true), (3, false)], codes()));
        assert_eq!(all.len(), 1_000);
        assert!([2, 3].iter().all(|number| all.iter().any(|(_, to)| *to == id(*number))));
        assert_eq!(when_leaving(&owned(1, &[], codes())), []);
    }
}
