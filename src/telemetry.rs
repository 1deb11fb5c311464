//! The log: text on a terminal, JSON otherwise.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Starts the log, on the standard error. A second start changes nothing: tests share a process.
pub fn start(settings: &Log) {
    // Checked when the settings were read.
    let mut filter = EnvFilter::try_new(&settings.filter).unwrap_or_default();
    // Chatter of libraries is nothing an operator can act on; a filter that names them gets it.
    // The last three tell as errors what any stranger sends: half requests and bad frames.
    for (library, directive) in [
        ("sqlx", "sqlx::postgres::notice=warn"),
        // Four lines a second while NATS is away; the bus says so once.
        ("async_nats", "async_nats=warn"),
        ("actix_server", "actix_server=warn"),
        ("actix_http", "actix_http::ws::codec=off"),
        ("actix_http", "actix_http::h1::decoder=off"),
        ("actix_http", "actix_http::h1::dispatcher=off"),
    ] {
        if let Ok(quiet) = directive.parse()
            && !settings.filter.contains(library)
        {
            filter = filter.add_directive(quiet);
        }
    }
    let text = match settings.format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if text {
        builder.with_ansi(std::io::stderr().is_terminal()).try_init()
    } else {
        builder.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
    };
    if started.is_err() {
        tracing::debug!("the log had been started before");
    }
}
