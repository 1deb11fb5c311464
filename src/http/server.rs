//! The HTTP server over an address: its connections, what stands around every request, and the routes.

use std::{io, net::TcpListener, num::NonZeroUsize, time::Duration};

use actix_http::{HttpService, Protocol};
use actix_service::{IntoServiceFactory, Service, ServiceFactoryExt, apply_fn_factory, map_config};
use actix_web::{
    App,
    dev::{AppConfig, Extensions, Server},
    middleware::from_fn,
    rt::net::TcpStream,
    web::{self, Data, PayloadConfig},
};

use super::{
    body,
    connection::{Connection, REQUEST_HEAD_MAX},
    middleware,
    state::AppState,
};
use crate::answer::Fault;

/// An idle connection is closed after this; proxies keep theirs for shorter.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// Connections that are no sockets; each may hold a request that is not whole.
const CONNECTIONS_BESIDE_SOCKETS_MAX: usize = 4096;
/// For a client to hear that its connection ends.
const DISCONNECT_MAX: Duration = Duration::from_secs(1);

/// Answers whoever comes to the address, once it is awaited.
///
/// # Errors
/// Where the system does not let it listen.
pub(crate) fn serve(state: &AppState, listener: TcpListener) -> io::Result<Server> {
    let settings = &state.settings.server;
    let (shared, base_path) = (Data::new(state.clone()), settings.base_path.clone());
    let context = Data::new(middleware::RequestContext::of(state));
    let workers = match settings.workers {
        0 => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
        workers => workers,
    };
    // At the bound nothing is accepted until a connection ends: it waits in the system's queue. All the sockets there may
    // be leave room for requests, so that health is told and a socket too many is refused in words.
    // Among several servers as many again: sockets that others answer, and what this server is asked for others.
    let sockets_max = state.settings.sockets.open_max * if state.forwarding.is_some() { 2 } else { 1 };
    let connections_max = sockets_max + CONNECTIONS_BESIDE_SOCKETS_MAX;
    let server = Server::build()
        .disable_signals()
        .shutdown_timeout(settings.shutdown_seconds_max)
        .workers(workers)
        .max_concurrent_connections(connections_max.div_ceil(workers));
    let (draining, address) = (server.graceful_shutdown_signal(), listener.local_addr()?);
    // As HttpServer does it, but for the connection, which is ours.
    let connections = move || {
        let app = App::new()
            .app_data(shared.clone())
            .app_data(context.clone())
            .app_data(PayloadConfig::new(body::BYTES_MAX))
            .wrap(from_fn(middleware::request_middleware))
            .service(web::scope(&base_path).configure(super::routes))
            .default_service(web::to(async || Err::<&str, _>(Fault::NotFound)));
        let draining = draining.clone();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let draining = draining.clone();
                async move { draining.notified().await }
            })
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(REQUEST_HEAD_MAX)
            .client_disconnect_timeout(DISCONNECT_MAX)
            .local_addr(address)
            .on_connect_ext(|connection: &Connection, data: &mut Extensions| {
                data.insert(connection.link());
            })
            .finish(map_config(
                app.into_factory().map_err(|error: actix_web::Error| error.error_response()),
                |()| AppConfig::default(),
            ));
        apply_fn_factory(http, |stream: TcpStream, http| {
            let connection = Connection::new(stream);
            let (link, peer) = (connection.link(), connection.peer());
            let answering = http.call((connection, Protocol::Http1, peer));
            async move {
                let outcome = answering.await;
                link.finished().await;
                outcome
            }
        })
    };
    Ok(server.listen("http", listener, connections)?.run())
}
