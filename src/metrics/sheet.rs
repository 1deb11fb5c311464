//! The page of figures: what was counted, and what the parts of the server say of themselves just now.

use std::collections::BTreeMap;

use hotline_actors::{Timestamp, registry::Health};
use prometheus::{Error, GaugeVec, IntCounterVec, Opts, Registry, TextEncoder};

use super::Metrics;
use crate::messages::Figures;

/// What the parts of the server say of themselves at one moment.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub now: Timestamp,
    /// By institution; none where its Registry does not say.
    pub institutions: BTreeMap<String, Option<Health>>,
    pub messages: Figures,
    /// None for a server that is alone.
    pub cluster: Option<ClusterFigures>,
    /// Connections for requests: all, and those nobody uses.
    pub connections: u32,
    pub connections_idle: usize,
}

/// How this server stands among several.
#[derive(Debug, Clone, Copy, Default)]
pub struct ClusterFigures {
    /// Servers with a good lease, this one too, as the last beat found them.
    pub servers: usize,
    pub holds_lease: bool,
    /// How often this one has begun to serve an institution.
    pub begun: u64,
    pub bus: Option<BusFigures>,
}

/// What the bus between the servers has carried.
#[derive(Debug, Clone, Copy, Default)]
pub struct BusFigures {
    pub is_up: bool,
    /// Streams to other servers that are open now.
    pub streams: usize,
    pub bytes_out: u64,
    pub bytes_in: u64,
    /// How often streams broke because something was lost.
    pub gaps: u64,
}

/// Of more institutions than this, those have rows in which anything goes on; a page of all would be a megabyte at a thousand.
const ALL_SHOWN_MAX: usize = 100;

impl Seen {
    fn legible(&self) -> Self {
        let mut seen = self.clone();
        if seen.institutions.len() > ALL_SHOWN_MAX {
            seen.institutions.retain(|_, health| !health.as_ref().is_some_and(is_quiet));
        }
        seen
    }
}

/// Nobody is there or waits, and nothing is wrong.
fn is_quiet(health: &Health) -> bool {
    is_well(health)
        && health.backlog == 0
        && health.sockets + health.in_progress + health.waiting == 0
        && health.breaches.iter().all(|(_, times)| *times == 0)
}

fn is_well(health: &Health) -> bool {
    health.serving && !health.troubled
}

/// The page in Prometheus's text format.
///
/// # Errors
/// Only where a name below is no name.
pub fn page(metrics: &Metrics, seen: &Seen) -> Result<String, Error> {
    let sheet = Sheet(Registry::new());
    sheet.gauge(
        "hotline_build_info",
        "Always 1; the labels say what runs.",
        &["version", "build"],
        [(vec![env!("CARGO_PKG_VERSION"), env!("HOTLINE_BUILD")], 1.0)],
    )?;
    if let Some(figures) = &seen.cluster {
        cluster(&sheet, figures)?;
    }
    institutions(&sheet, seen)?;
    let (is_long, seen) = (seen.institutions.len() > ALL_SHOWN_MAX, &seen.legible());
    registries(&sheet, seen)?;
    lines(&sheet, seen)?;
    messages(&sheet, &seen.messages)?;
    let used = u64::from(seen.connections).saturating_sub(seen.connections_idle as u64);
    sheet.gauge(
        "hotline_database_connections",
        "Connections for requests; journals, lists and messages have some of their own besides.",
        &["state"],
        [(vec!["used"], float(used)), (vec!["idle"], float(seen.connections_idle as u64))],
    )?;
    let at_hand = metrics.consumers().clone();
    sheet.gauge(
        "hotline_consumer_lag_seconds",
        "Age of the event from which a notice or message is just being made; 0 if all is told.",
        &["consumer", "institution"],
        at_hand
            .iter()
            .filter(|((_, code), event)| !is_long || event.is_some() || seen.institutions.contains_key(code))
            .map(|((consumer, code), event)| (vec![*consumer, code.as_str()], age(*event, seen.now))),
    )?;
    let mut families = metrics.gather();
    families.extend(sheet.0.gather());
    TextEncoder::new().encode_to_string(&families)
}

/// Rows made anew for every page: nothing of an institution that is gone stays.
struct Sheet(Registry);

impl Sheet {
    fn gauge<'a>(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        rows: impl IntoIterator<Item = (Vec<&'a str>, f64)>,
    ) -> Result<(), Error> {
        let family = GaugeVec::new(Opts::new(name, help), labels)?;
        for (values, figure) in rows {
            family.with_label_values(&values).set(figure);
        }
        self.0.register(Box::new(family))
    }

    fn counter<'a>(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        rows: impl IntoIterator<Item = (Vec<&'a str>, u64)>,
    ) -> Result<(), Error> {
        let family = IntCounterVec::new(Opts::new(name, help), labels)?;
        for (values, figure) in rows {
            family.with_label_values(&values).inc_by(figure);
        }
        self.0.register(Box::new(family))
    }
}

fn cluster(sheet: &Sheet, figures: &ClusterFigures) -> Result<(), Error> {
    let ClusterFigures { servers, holds_lease, begun, bus } = *figures;
    sheet.gauge(
        "hotline_cluster_servers",
        "Servers on this database whose leases were good at the last beat, this one too.",
        &[],
        [(vec![], float(servers as u64))],
    )?;
    sheet.gauge(
        "hotline_cluster_lease",
        "1 while this server holds a lease; without one it answers nobody.",
        &[],
        [(vec![], f64::from(u8::from(holds_lease)))],
    )?;
    sheet.counter(
        "hotline_cluster_taken_total",
        "How often this server has begun to serve an institution.",
        &[],
        [(vec![], begun)],
    )?;
    bus.map_or(Ok(()), |figures| self::bus(sheet, figures))
}

fn bus(
    sheet: &Sheet,
    BusFigures { is_up, streams, bytes_out, bytes_in, gaps }: BusFigures,
) -> Result<(), Error> {
    sheet.gauge(
        "hotline_bus_up",
        "1 while this server hears itself over NATS.",
        &[],
        [(vec![], f64::from(u8::from(is_up)))],
    )?;
    sheet.gauge(
        "hotline_bus_streams",
        "Streams to other servers: connections that carry requests, and sockets.",
        &[],
        [(vec![], float(streams as u64))],
    )?;
    sheet.counter(
        "hotline_bus_bytes_total",
        "Bytes carried to other servers and from them.",
        &["direction"],
        [(vec!["out"], bytes_out), (vec!["in"], bytes_in)],
    )?;
    sheet.counter(
        "hotline_bus_gaps_total",
        "How often all streams with another server broke, since NATS had lost something.",
        &[],
        [(vec![], gaps)],
    )
}

/// How many there are, by how they are: also of those without rows of their own.
fn institutions(sheet: &Sheet, seen: &Seen) -> Result<(), Error> {
    let (mut well, mut troubled, mut fenced, mut silent) = (0, 0, 0, 0);
    for health in seen.institutions.values() {
        match health {
            Some(health) if health.fenced => fenced += 1,
            Some(health) if is_well(health) => well += 1,
            Some(_) => troubled += 1,
            None => silent += 1,
        }
    }
    let rows = [("well", well), ("troubled", troubled), ("fenced", fenced), ("silent", silent)];
    sheet.gauge(
        "hotline_institutions",
        "Institutions by how their Registries are. Of more than a hundred, those in which nothing goes on have no rows of their own.",
        &["state"],
        rows.map(|(state, number)| (vec![state], float(number))),
    )
}

const INSTITUTION: [&str; 1] = ["institution"];

fn registries(sheet: &Sheet, seen: &Seen) -> Result<(), Error> {
    let each = |figure: fn(&Health) -> f64| of_each(seen, move |health, _| figure(health));
    let count = |figure: fn(&Health) -> u64| {
        let said = seen.institutions.iter().filter_map(|(code, health)| Some((code, health.as_ref()?)));
        said.map(move |(code, health)| (vec![code.as_str()], figure(health)))
    };
    let answers = seen.institutions.iter().map(|(code, h)| (vec![code.as_str()], flag(h.is_some())));
    sheet.gauge("hotline_registry_answers", "1 if the Registry says how it is.", &INSTITUTION, answers)?;
    sheet.gauge(
        "hotline_registry_serving",
        "1 unless it is fenced or stopping.",
        &INSTITUTION,
        each(|health| flag(health.serving)),
    )?;
    sheet.gauge(
        "hotline_registry_fenced",
        "1 if another server has taken the institution over.",
        &INSTITUTION,
        each(|health| flag(health.fenced)),
    )?;
    sheet.gauge(
        "hotline_journal_troubled",
        "1 while PostgreSQL does not take the journal.",
        &INSTITUTION,
        each(|health| flag(health.troubled)),
    )?;
    sheet.gauge(
        "hotline_journal_lag_seconds",
        "Age of the oldest decision that is not yet kept; 0 if all are.",
        &INSTITUTION,
        of_each(seen, |health, now| age(health.uncommitted_since, now)),
    )?;
    sheet.gauge(
        "hotline_journal_backlog_events",
        "Events decided and not yet kept.",
        &INSTITUTION,
        each(|health| float(health.backlog as u64)),
    )?;
    sheet.counter(
        "hotline_journal_commits_total",
        "Batches committed.",
        &INSTITUTION,
        count(|health| health.tally.commits),
    )?;
    sheet.counter(
        "hotline_journal_events_total",
        "Events in them: by commits, the mean size of a batch.",
        &INSTITUTION,
        count(|health| health.tally.events),
    )?;
    sheet.counter(
        "hotline_journal_retries_total",
        "Batches tried again, their outcome being unknown.",
        &INSTITUTION,
        count(|health| health.tally.retries),
    )?;
    let mut broken = Vec::new();
    for (code, health) in &seen.institutions {
        let breaches = health.iter().flat_map(|health| &health.breaches);
        broken.extend(breaches.map(|(law, times)| (vec![code.as_str(), law.name()], *times)));
    }
    sheet.counter(
        "hotline_laws_broken_total",
        "How often a law of dispatch was found broken: anything but 0 is a fault of the program.",
        &["institution", "law"],
        broken,
    )
}

/// Who waits, who talks, who is connected.
fn lines(sheet: &Sheet, seen: &Seen) -> Result<(), Error> {
    let (mut open, mut queues) = (Vec::new(), Vec::new());
    for (code, health) in &seen.institutions {
        let Some(health) = health else { continue };
        open.push((vec![code.as_str(), "waiting"], float(health.waiting as u64)));
        open.push((vec![code.as_str(), "in_progress"], float(health.in_progress as u64)));
        queues.push((vec![code.as_str(), "common"], float(health.common_waiting as u64)));
        queues.push((vec![code.as_str(), "lines"], float(health.queue_waiting as u64)));
    }
    sheet.gauge("hotline_conversations", "Open conversations.", &["institution", "phase"], open)?;
    sheet.gauge(
        "hotline_queue_length",
        "Who stands in the common queue, and in lines of one's own; with fallback in both.",
        &["institution", "queue"],
        queues,
    )?;
    sheet.gauge(
        "hotline_wait_longest_seconds",
        "How long the one who waits longest has waited; 0 if nobody waits.",
        &INSTITUTION,
        of_each(seen, |health, now| age(health.waiting_since, now)),
    )?;
    sheet.gauge(
        "hotline_sockets",
        "Sockets of staff and visitors.",
        &INSTITUTION,
        of_each(seen, |health, _| float(health.sockets as u64)),
    )
}

fn messages(sheet: &Sheet, figures: &Figures) -> Result<(), Error> {
    let outcomes = [
        ("stored", figures.stored),
        ("duplicate", figures.duplicates),
        ("unplaced", figures.unmatched),
        ("dropped", figures.dropped),
        ("refused", figures.refused),
        ("late", figures.late),
        ("full", figures.full),
    ];
    sheet.counter(
        "hotline_messages_total",
        "IM messages by what became of them; those answered late are stored later.",
        &["outcome"],
        outcomes.map(|(outcome, times)| (vec![outcome], times)),
    )?;
    sheet.counter(
        "hotline_messages_outages_total",
        "How often messages could not be stored for a while.",
        &[],
        [(Vec::new(), figures.outages)],
    )?;
    sheet.gauge(
        "hotline_messages_buffered",
        "IM messages that PostgreSQL does not have yet.",
        &[],
        [(Vec::new(), float(figures.buffered))],
    )
}

/// A figure of each institution whose Registry says how it is.
fn of_each(
    seen: &Seen,
    figure: impl Fn(&Health, Timestamp) -> f64,
) -> impl Iterator<Item = (Vec<&str>, f64)> {
    let said = seen.institutions.iter().filter_map(|(code, health)| Some((code, health.as_ref()?)));
    said.map(move |(code, health)| (vec![code.as_str()], figure(health, seen.now)))
}

fn age(since: Option<Timestamp>, now: Timestamp) -> f64 {
    since.map_or(0.0, |since| now.since(since).as_secs_f64())
}

fn flag(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

#[expect(clippy::cast_precision_loss, reason = "no count of ours comes near 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotline_actors::{dispatch::laws::Law, registry::Tally};

    #[test]
    fn a_page_of_a_thousand_has_rows_for_those_in_which_something_goes_on() {
        let quiet = || Some(Health { serving: true, ..Health::default() });
        let mut institutions: BTreeMap<_, _> = (0..1000).map(|n| (format!("i{n}"), quiet())).collect();
        institutions
            .insert("busy".to_owned(), Some(Health { serving: true, sockets: 1, ..Health::default() }));
        institutions
            .insert("ill".to_owned(), Some(Health { serving: true, troubled: true, ..Health::default() }));
        institutions.insert("mute".to_owned(), None);
        let metrics = Metrics::new().expect("the names are names");
        metrics.consumer_is_at("notices", "i7", None);
        metrics.consumer_is_at("notices", "i8", Some(Timestamp(0)));
        let text = page(&metrics, &Seen { institutions, ..Seen::default() }).expect("it can be written");
        for row in [
            r#"hotline_institutions{state="well"} 1001"#,
            r#"hotline_institutions{state="troubled"} 1"#,
            r#"hotline_institutions{state="silent"} 1"#,
            r#"hotline_sockets{institution="busy"} 1"#,
            r#"hotline_journal_troubled{institution="ill"} 1"#,
            r#"hotline_registry_answers{institution="mute"} 0"#,
            r#"hotline_consumer_lag_seconds{consumer="notices",institution="i8"} 0"#,
        ] {
            assert!(text.lines().any(|line| line == row), "{row} is not in\n{text}");
        }
        assert!(!text.contains(r#"institution="i7""#) && text.len() < 20_000, "{} bytes", text.len());
    }

    #[test]
    fn a_page_tells_what_each_registry_says_and_who_is_silent() {
        let health = Health {
            serving: true,
            troubled: true,
            uncommitted_since: Some(Timestamp(8_500)),
            tally: Tally { commits: 4, events: 10, retries: 1 },
            waiting: 2,
            common_waiting: 1,
            queue_waiting: 2,
            waiting_since: Some(Timestamp(3_000)),
            breaches: vec![(Law::Capacity, 0), (Law::OneLife, 3)],
            ..Health::default()
        };
        let institutions = [("ecnu".to_owned(), Some(health)), ("pku".to_owned(), None)].into();
        let seen = Seen { now: Timestamp(10_000), institutions, connections: 3, ..Seen::default() };
        let metrics = Metrics::new().expect("the names are names");
        metrics.consumer_is_at("notices", "ecnu", Some(Timestamp(6_000)));
        metrics.consumer_gave_up("notices", "ecnu", 1);
        let text = page(&metrics, &seen).expect("it can be written");
        for row in [
            r#"hotline_journal_lag_seconds{institution="ecnu"} 1.5"#,
            r#"hotline_journal_events_total{institution="ecnu"} 10"#,
            r#"hotline_journal_troubled{institution="ecnu"} 1"#,
            r#"hotline_queue_length{institution="ecnu",queue="common"} 1"#,
            r#"hotline_wait_longest_seconds{institution="ecnu"} 7"#,
            r#"hotline_laws_broken_total{institution="ecnu",law="L-7"} 3"#,
            r#"hotline_registry_answers{institution="pku"} 0"#,
            r#"hotline_database_connections{state="used"} 3"#,
            r#"hotline_consumer_lag_seconds{consumer="notices",institution="ecnu"} 4"#,
            r#"hotline_consumer_given_up_total{consumer="notices",institution="ecnu"} 1"#,
            "hotline_messages_buffered 0",
        ] {
            assert!(text.lines().any(|line| line == row), "{row} is not in\n{text}");
        }
        assert!(!text.contains(r#"hotline_sockets{institution="pku"}"#), "nothing is made up for the silent");
    }
}
