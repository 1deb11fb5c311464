//! Figures of operation, for Prometheus: what is counted as it happens, and where to look for the rest.
//!
//! Labels name routes, institutions and kinds of things, never a person, an address or a path.

mod sheet;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use actix_web::http::Method;
use hotline_actors::Timestamp;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, proto::MetricFamily};

pub use sheet::{BusFigures, ClusterFigures, Seen, page};

/// Seconds. From a lone answer out of memory to what a request waits at most.
const REQUEST_BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// A request to no route of ours, or whose handler panicked.
const NO_ROUTE: &str = "none";

/// How somebody tried to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogInBy {
    Password,
    Wechat,
}

impl LogInBy {
    fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Wechat => "wechat",
        }
    }
}

/// What is counted as it happens. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    requests: HistogramVec,
    log_in_failures: IntCounterVec,
    given_up: IntCounterVec,
    consumers: Mutex<AtHand>,
}

/// By consumer and institution, when the event was kept that is at hand.
type AtHand = BTreeMap<(&'static str, String), Option<Timestamp>>;

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// All at zero.
    ///
    /// # Errors
    /// Only where a name below is no name.
    pub fn new() -> Result<Self, prometheus::Error> {
        let requests = HistogramVec::new(
            HistogramOpts::new(
                "hotline_http_request_seconds",
                "Time to an answer's head, by pattern of the route; of a socket, to its opening.",
            )
            .buckets(REQUEST_BUCKETS.to_vec()),
            &["route", "method", "status"],
        )?;
        let log_in_failures = IntCounterVec::new(
            Opts::new("hotline_log_in_failures_total", "Log-ins that were refused, also for too many tries."),
            &["by"],
        )?;
        let given_up = IntCounterVec::new(
            Opts::new(
                "hotline_consumer_given_up_total",
                "Events whose notice or message was given up for good.",
            ),
            &["consumer", "institution"],
        )?;
        for by in [LogInBy::Password, LogInBy::Wechat] {
            // There from the start, so that the first failure is a rise.
            log_in_failures.with_label_values(&[by.name()]);
        }
        let registry = Registry::new();
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(log_in_failures.clone()))?;
        registry.register(Box::new(given_up.clone()))?;
        #[cfg(target_os = "linux")]
        registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        Ok(Self(Arc::new(Inner {
            registry,
            requests,
            log_in_failures,
            given_up,
            consumers: Mutex::default(),
        })))
    }

    /// A request was answered. `route` is the pattern it matched.
    pub(crate) fn answered(&self, route: Option<&str>, method: &Method, status: u16, took: Duration) {
        let labels = [route.unwrap_or(NO_ROUTE), method_label(method), status_class(status)];
        self.0.requests.with_label_values(&labels).observe(took.as_secs_f64());
    }

    /// Somebody tried to log in and was not let in.
    pub(crate) fn log_in_failed(&self, by: LogInBy) {
        self.0.log_in_failures.with_label_values(&[by.name()]).inc();
    }

    /// What `consumer` has at hand in `institution`: an event kept at that moment, or nothing.
    pub(crate) fn consumer_is_at(&self, consumer: &'static str, institution: &str, event: Option<Timestamp>) {
        self.consumers().insert((consumer, institution.to_owned()), event);
    }

    /// What follows from so many events will never be done.
    pub(crate) fn consumer_gave_up(&self, consumer: &'static str, institution: &str, events: u64) {
        self.0.given_up.with_label_values(&[consumer, institution]).inc_by(events);
    }

    fn consumers(&self) -> MutexGuard<'_, AtHand> {
        self.0.consumers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gather(&self) -> Vec<MetricFamily> {
        self.0.registry.gather()
    }
}

/// A client may make up methods; labels may not grow with them.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        "PATCH" => "PATCH",
        _ => "other",
    }
}

fn status_class(status: u16) -> &'static str {
    match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_methods_and_paths_share_one_row() {
        let metrics = Metrics::new().expect("the names are names");
        for method in ["BREW", "PROPFIND"] {
            let method = Method::from_bytes(method.as_bytes()).expect("a token");
            metrics.answered(None, &method, 404, Duration::from_millis(3));
        }
        let text = page(&metrics, &Seen::default()).expect("it can be written");
        let row = r#"hotline_http_request_seconds_count{method="other",route="none",status="4xx"} 2"#;
        assert!(text.contains(row), "{text}");
    }
}
