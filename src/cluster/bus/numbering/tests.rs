//! Two ends and a wire between them that loses, and now and then repeats, what it carries, from a seed.

use std::{
    collections::BTreeMap,
    io::{ErrorKind, IoSlice},
    task::{Poll, Waker},
};

use tokio::{io::ReadBuf, sync::oneshot};

use super::*;

const SEEDS: u64 = 100;
const STEPS: usize = 1_000;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).expect("small") % end
    }

    fn is_one_of(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }
}

fn mix(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// One end of a stream, as whoever reads and writes knows it.
#[expect(clippy::struct_excessive_bools, reason = "each is true or false whatever the others are")]
#[derive(Debug, Default)]
struct Handle {
    written: usize,
    read: usize,
    has_ended: bool,
    saw_end: bool,
    is_broken: bool,
    is_dropped: bool,
}

struct Side {
    numbering: Numbering,
    handles: BTreeMap<(bool, u64), Handle>,
    /// What is on its way to the other side.
    wire: VecDeque<Message>,
    /// What was once sent, to be repeated.
    old: Vec<Bytes>,
}

struct World {
    random: Random,
    sides: [Side; 2],
    now: Instant,
    streams: u64,
    /// One of so many messages is lost; 0: none.
    loss: usize,
}

/// The byte at this place of a stream: what is missing, doubled or moved shows.
fn byte(side: usize, key: Key, place: usize) -> u8 {
    let opener = if key.is_ours { side } else { 1 - side };
    let stream = (key.id << 2) | (u64::from(opener == 1) << 1) | u64::from(side == 1);
    mix((stream << 32) | u64::try_from(place).expect("small")).to_le_bytes()[0]
}

impl World {
    fn new(seed: u64) -> Self {
        let now = Instant::now();
        // Each process counts its own.
        let side = || Side {
            numbering: Numbering::new(Arc::new(AtomicU64::new(0)), now),
            handles: BTreeMap::new(),
            wire: VecDeque::new(),
            old: Vec::new(),
        };
        let mut random = Random(seed);
        let loss = [0, 200, 30, 8][random.below(4)];
        Self { random, sides: [side(), side()], now, streams: 0, loss }
    }

    fn settle(&mut self, side: usize) {
        let side = &mut self.sides[side];
        let effects = side.numbering.take_effects();
        for (answer, result) in effects.answers {
            // Most do not wait for it.
            let _ = answer.send(result);
        }
        for key in effects.opened {
            side.handles.insert((key.is_ours, key.id), Handle::default());
            side.numbering.enqueue(key);
        }
    }

    fn step(&mut self) {
        let side = self.random.below(2);
        match self.random.below(100) {
            0..4 => drop(self.open(side)),
            4..30 => self.with_any(side, Self::write),
            30..50 => self.with_any(side, Self::read),
            50..52 => self.with_any(side, Self::end),
            52 => self.with_any(side, Self::release),
            53..73 => self.gather(side),
            73..97 => self.deliver(side),
            97 => {
                self.now += Duration::from_millis(500);
                self.tick();
            }
            98 if self.loss > 0 && self.random.is_one_of(8) => {
                self.sides[side].numbering.begin_anew(Refusal::LinkReset);
                self.settle(side);
            }
            99 if self.loss > 0 && self.random.is_one_of(8) => self.repeat(side),
            _ => {}
        }
    }

    fn open(&mut self, side: usize) -> oneshot::Receiver<Result<(), Refusal>> {
        self.streams += 1;
        let (answer, answered) = oneshot::channel();
        assert!(self.sides[side].numbering.open(self.streams, answer, self.now));
        self.sides[side].handles.insert((true, self.streams), Handle::default());
        answered
    }

    fn with_any(&mut self, side: usize, act: fn(&mut Self, usize, Key)) {
        let handles = &self.sides[side].handles;
        let open: Vec<Key> = handles
            .iter()
            .filter(|(_, handle)| !handle.is_dropped)
            .map(|(&(is_ours, id), _)| Key { is_ours, id })
            .collect();
        if !open.is_empty() {
            let key = open[self.random.below(open.len())];
            act(self, side, key);
            self.settle(side);
        }
    }

    fn write(&mut self, side: usize, key: Key) {
        let length_max = if self.random.is_one_of(30) { 200_000 } else { 200 };
        let length = 1 + self.random.below(length_max);
        let Side { numbering, handles, .. } = &mut self.sides[side];
        let handle = handles.get_mut(&(key.is_ours, key.id)).expect("it is there");
        let bytes: Vec<u8> =
            (handle.written..handle.written + length).map(|place| byte(side, key, place)).collect();
        let flow = numbering.flow(key).expect("it is there while it is held");
        match flow.write(&[IoSlice::new(&bytes)], Waker::noop()) {
            Poll::Ready(Ok(written)) => {
                handle.written += written;
                numbering.enqueue(key);
            }
            Poll::Ready(Err(error)) if error.kind() == ErrorKind::BrokenPipe => assert!(handle.has_ended),
            Poll::Ready(Err(_)) => handle.is_broken = true,
            Poll::Pending => {}
        }
    }

    fn read(&mut self, side: usize, key: Key) {
        let mut space = vec![0; 1 + self.random.below(100_000)];
        let mut buffer = ReadBuf::new(&mut space);
        let [one, other] = &mut self.sides;
        let (here, there) = if side == 0 { (one, other) } else { (other, one) };
        let handle = here.handles.get_mut(&(key.is_ours, key.id)).expect("it is there");
        let flow = here.numbering.flow(key).expect("it is there while it is held");
        let (read, is_due) = flow.read(&mut buffer, Waker::noop());
        match read {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(_)) => return handle.is_broken = true,
            Poll::Pending => return,
        }
        for (place, read) in (handle.read..).zip(buffer.filled()) {
            assert_eq!(
                *read,
                byte(1 - side, Key { is_ours: !key.is_ours, ..key }, place),
                "{key:?} at {place}"
            );
        }
        handle.read += buffer.filled().len();
        if buffer.filled().is_empty() {
            handle.saw_end = true;
            let writer = &there.handles[&(!key.is_ours, key.id)];
            assert!(writer.has_ended && writer.written == handle.read, "{key:?} ended before it was whole");
        }
        if is_due {
            here.numbering.enqueue(key);
        }
    }

    fn end(&mut self, side: usize, key: Key) {
        let Side { numbering, handles, .. } = &mut self.sides[side];
        let handle = handles.get_mut(&(key.is_ours, key.id)).expect("it is there");
        match numbering.flow(key).expect("it is there while it is held").end() {
            Ok(()) => handle.has_ended = true,
            Err(_) => handle.is_broken = true,
        }
        numbering.enqueue(key);
    }

    fn release(&mut self, side: usize, key: Key) {
        let Side { numbering, handles, .. } = &mut self.sides[side];
        handles.get_mut(&(key.is_ours, key.id)).expect("it is there").is_dropped = true;
        numbering.release(key);
    }

    fn gather(&mut self, side: usize) {
        let Side { numbering, wire, old, .. } = &mut self.sides[side];
        if let Some(message) = numbering.gather() {
            assert!(message.bytes.len() < MESSAGE_BYTES_MAX + 1024);
            old.push(message.bytes.clone());
            wire.push_back(message);
        }
        self.settle(side);
    }

    fn deliver(&mut self, side: usize) {
        let Some(message) = self.sides[side].wire.pop_front() else { return };
        if self.loss > 0 && self.random.is_one_of(self.loss) {
            if self.random.is_one_of(2) {
                self.sides[side].numbering.has_no_receiver(message.numbering, message.n);
                self.settle(side);
            }
            return;
        }
        self.take_in(1 - side, &message.bytes);
    }

    fn repeat(&mut self, side: usize) {
        let old = self.sides[side].old.len();
        if old > 0 {
            let message = self.sides[side].old[self.random.below(old)].clone();
            self.take_in(1 - side, &message);
        }
    }

    fn take_in(&mut self, side: usize, bytes: &[u8]) {
        let now = self.now;
        self.sides[side].numbering.receive(bytes, now).expect("the other end sends nothing malformed");
        self.settle(side);
    }

    fn tick(&mut self) {
        for side in 0..2 {
            let now = self.now;
            self.sides[side].numbering.tick(now);
            self.settle(side);
        }
    }

    /// Nothing is lost any more, and all that can be read is. What was lost before is noticed before anybody counts as silent.
    fn calm_down(&mut self) {
        self.loss = 0;
        for round in 0..40 {
            if round < 3 {
                self.now += Duration::from_millis(500);
                self.tick();
            }
            for side in 0..2 {
                for _ in 0..4 {
                    self.gather(side);
                }
                while !self.sides[side].wire.is_empty() {
                    self.deliver(side);
                }
            }
            for side in 0..2 {
                let keys: Vec<_> = self.sides[side].handles.keys().copied().collect();
                for (is_ours, id) in keys {
                    if !self.sides[side].handles[&(is_ours, id)].is_dropped {
                        self.read(side, Key { is_ours, id });
                    }
                }
            }
        }
    }

    /// A new stream goes through, both ways; tried as often as the bus does, since a loss while there were no streams shows now.
    fn check_new_stream(&mut self, side: usize) {
        let opens = (0..super::super::OPEN_TRIES_MAX).any(|_| {
            let mut answered = self.open(side);
            self.calm_down();
            answered.try_recv() == Ok(Ok(()))
        });
        assert!(opens, "the link works again");
        let key = Key { is_ours: true, id: self.streams };
        self.write(side, key);
        self.write(1 - side, Key { is_ours: false, ..key });
        self.calm_down();
        let handles =
            [&self.sides[side].handles[&(true, key.id)], &self.sides[1 - side].handles[&(false, key.id)]];
        assert!(handles[0].written > 0 && handles[1].read == handles[0].written, "{handles:?}");
        assert!(handles[1].written > 0 && handles[0].read == handles[1].written, "{handles:?}");
    }

    fn check(&mut self) {
        for side in 0..2 {
            let here = &self.sides[side];
            for (&(is_ours, id), handle) in &here.handles {
                let peer = self.sides[1 - side].handles.get(&(!is_ours, id));
                let stays = |handle: &Handle| !handle.is_broken && !handle.is_dropped;
                if !stays(handle) {
                    continue;
                }
                let Some(peer) = peer else { panic!("{id}: open at one end only") };
                let is_over = handle.has_ended && handle.saw_end;
                assert!(
                    stays(peer) || is_over || handle.saw_end,
                    "{id}: broken at one end: {handle:?} {peer:?}"
                );
                if stays(peer) {
                    assert_eq!(handle.read, peer.written, "{id}: all that was written is read");
                }
            }
        }
    }
}

#[test]
fn no_stream_has_a_hole_or_goes_on_at_one_end_only_whatever_is_lost() {
    let (mut whole, mut broken) = (0, 0);
    for seed in 0..SEEDS {
        println!("seed {seed}");
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            world.step();
        }
        world.calm_down();
        world.check();
        for side in 0..2 {
            world.check_new_stream(side);
        }
        let handles = world.sides.iter().flat_map(|side| side.handles.values());
        let (broke, stayed): (Vec<_>, Vec<_>) =
            handles.filter(|handle| !handle.is_dropped).partition(|handle| handle.is_broken);
        broken += broke.len();
        whole += stayed.iter().filter(|handle| handle.read > 0).count();
        if world.sides.iter().all(|side| side.handles.values().all(|handle| !handle.is_broken)) {
            assert!(
                world.sides.iter().all(|side| side.numbering.mine == 1),
                "without a loss nothing begins anew"
            );
        }
    }
    assert!(whole > 100 && broken > 100, "both were tried: {whole} whole, {broken} broken");
}

#[test]
fn a_last_message_that_is_lost_is_noticed_with_the_next_tick() {
    let mut world = World::new(1);
    world.loss = 0;
    drop(world.open(0));
    let key = Key { is_ours: true, id: 1 };
    for side in [0, 1] {
        world.gather(side);
        world.deliver(side);
    }
    world.release(1, Key { is_ours: false, ..key });
    world.gather(1);
    assert!(world.sides[1].wire.pop_front().is_some(), "this is lost");
    world.tick();
    for side in [0, 1] {
        world.gather(side);
        world.deliver(side);
    }
    world.read(0, key);
    assert!(world.sides[0].handles[&(true, 1)].is_broken);
}
