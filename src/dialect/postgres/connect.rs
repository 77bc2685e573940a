//! From settings to the first server that answers and will do; and what is said where none does.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use postgres::config::SslMode;
use postgres::error::SqlState;

use crate::dialect::{ConnectOptions, Error, QueryError};

use super::endpoint::Endpoint;
use super::failure;
use super::link::{Attempt, Link, OpenFailure, Row};
use super::settings::{Settings, Target, tls_mode};
use super::tls::TlsMode;

/// A server that has answered.
pub(super) struct Reached {
    /// How it was connected to: more connections to the very same address are made like it.
    pub(super) attempt: Attempt,
    /// Host and database.
    pub(super) name: String,
    pub(super) facts: ServerFacts,
}

/// What a server says of itself.
#[derive(Debug, Clone)]
pub(super) struct ServerFacts {
    /// `180004` for 18.4.
    pub(super) version_number: u32,
    /// `18.4`.
    pub(super) version: String,
    pub(super) in_recovery: bool,
    pub(super) read_only: bool,
    /// Whether its texts can be in any encoding (SQL_ASCII).
    pub(super) mixes_encodings: bool,
}

impl ServerFacts {
    /// `18` for 18.4.
    pub(super) fn major_version(&self) -> u32 {
        self.version_number / 10_000
    }
}

/// Why one endpoint is not it.
struct Refusal {
    reason: String,
    /// The server knows us and says no: libpq tries no further host then (PostgreSQL manual, 34.1.1.3).
    is_final: bool,
}

/// Tries the endpoints in order.
pub(super) fn connect(settings: &Settings, options: &ConnectOptions) -> Result<(Link, Reached), Error> {
    let passes: &[Target] = match settings.target {
        Target::PreferStandby => &[Target::Standby, Target::Any],
        ref other => std::slice::from_ref(other),
    };
    let mut reasons = Vec::new();
    for target in passes {
        reasons.clear();
        for endpoint in &settings.endpoints {
            match try_endpoint(settings, endpoint, *target, options) {
                Ok(reached) => return Ok(reached),
                Err(refusal) => {
                    reasons.push(if settings.endpoints.len() == 1 {
                        refusal.reason
                    } else {
                        format!("{}: {}", endpoint.name(), refusal.reason)
                    });
                    if refusal.is_final {
                        break;
                    }
                }
            }
        }
    }
    Err(Error::Connect {
        source_name: settings.name(),
        reason: reasons.join("; "),
    })
}

fn try_endpoint(
    settings: &Settings,
    endpoint: &Endpoint,
    target: Target,
    options: &ConnectOptions,
) -> Result<(Link, Reached), Refusal> {
    let mut refusals = Vec::new();
    for address in addresses(endpoint, settings.connect_timeout)? {
        match try_address(settings, endpoint, address, options) {
            Ok((link, attempt)) => return accept(settings, endpoint, target, link, attempt),
            Err(refusal) if refusal.is_final => return Err(refusal),
            Err(refusal) => refusals.push(refusal.reason),
        }
    }
    refusals.dedup();
    Err(Refusal {
        reason: refusals.join("; "),
        is_final: false,
    })
}

/// The addresses of a host; one `None` for a socket.
fn addresses(endpoint: &Endpoint, timeout: Duration) -> Result<Vec<Option<IpAddr>>, Refusal> {
    let (host, port) = match endpoint {
        Endpoint::Socket { .. } => return Ok(vec![None]),
        Endpoint::Tcp {
            address: Some(address), ..
        } => return Ok(vec![Some(*address)]),
        Endpoint::Tcp { host, port, .. } => (host.clone(), *port),
    };
    let (found, finding) = mpsc::sync_channel(1);
    let name = host.clone();
    let started = thread::Builder::new()
        .name("postgres-resolve".to_owned())
        .spawn(move || {
            let _ = found.send((name.as_str(), port).to_socket_addrs());
        });
    let unresolved = |why: String| Refusal {
        reason: format!("the host name `{host}` cannot be resolved ({why}): check how it is spelt"),
        is_final: false,
    };
    started.map_err(|error| unresolved(error.to_string()))?;
    match finding.recv_timeout(timeout) {
        Err(_) => Err(unresolved(format!("no answer within {} seconds", timeout.as_secs()))),
        Ok(Err(error)) => Err(unresolved(error.to_string())),
        Ok(Ok(sockets)) => {
            let mut seen = BTreeSet::new();
            let addresses: Vec<Option<IpAddr>> = sockets
                .map(|socket| socket.ip())
                .filter(|address| seen.insert(*address))
                .map(Some)
                .collect();
            if addresses.is_empty() {
                Err(unresolved("it has no address".to_owned()))
            } else {
                Ok(addresses)
            }
        }
    }
}

/// Tries one address in the ways that `sslmode` allows, as libpq does (manual, table 34.1).
fn try_address(
    settings: &Settings,
    endpoint: &Endpoint,
    address: Option<IpAddr>,
    options: &ConnectOptions,
) -> Result<(Link, Attempt), Refusal> {
    let mode = tls_mode(settings, endpoint);
    let ways: &[SslMode] = match mode {
        TlsMode::Disable => &[SslMode::Disable],
        TlsMode::Allow => &[SslMode::Disable, SslMode::Require],
        TlsMode::Prefer => &[SslMode::Prefer, SslMode::Disable],
        TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => &[SslMode::Require],
    };
    let mut refusal: Option<Refusal> = None;
    for way in ways {
        let attempt = attempt(settings, endpoint, address, *way)?;
        match Link::open(attempt.clone(), settings.connect_timeout, options) {
            Ok(link) => return Ok((link, attempt)),
            Err(failure) => {
                let reason = explain(&failure, settings, endpoint, address);
                refusal = Some(Refusal {
                    reason: match refusal {
                        Some(first) if first.reason != reason => {
                            format!(
                                "{}; {} TLS: {reason}",
                                first.reason,
                                if attempt.tls.is_some() { "with" } else { "without" }
                            )
                        }
                        _ => reason,
                    },
                    is_final: is_final(&failure),
                });
                if !depends_on_tls(&failure) {
                    break;
                }
            }
        }
    }
    Err(refusal.unwrap_or_else(|| Refusal {
        reason: "there is no way to connect".to_owned(),
        is_final: false,
    }))
}

fn attempt(
    settings: &Settings,
    endpoint: &Endpoint,
    address: Option<IpAddr>,
    way: SslMode,
) -> Result<Attempt, Refusal> {
    let mut config = settings.config_for(endpoint);
    config.ssl_mode(way).connect_timeout(settings.connect_timeout);
    config.port(endpoint.port());
    match endpoint {
        Endpoint::Tcp { host, .. } => {
            config.host(host);
            if let Some(address) = address {
                config.hostaddr(address);
            }
        }
        #[cfg(unix)]
        Endpoint::Socket { folder, .. } => {
            config.host_path(folder);
        }
        #[cfg(not(unix))]
        Endpoint::Socket { .. } => {
            return Err(Refusal {
                reason: "this system has no Unix sockets".to_owned(),
                is_final: true,
            });
        }
    }
    let tls = if way == SslMode::Disable {
        None
    } else {
        let connector = settings.tls.connector();
        Some(connector.map_err(|reason| Refusal { reason, is_final: true })?)
    };
    Ok(Attempt { config, tls })
}

/// Whether it may go better with TLS where it was without, or the other way round.
fn depends_on_tls(failure: &OpenFailure) -> bool {
    match failure {
        OpenFailure::Refused(error) => {
            is_tls_failure(error) || error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
        }
        OpenFailure::Timeout | OpenFailure::Thread(_) => false,
    }
}

/// The driver tells the kind of its error only in its text.
fn is_tls_failure(error: &postgres::Error) -> bool {
    error.to_string().starts_with("error performing TLS handshake")
}

fn is_final(failure: &OpenFailure) -> bool {
    let OpenFailure::Refused(error) = failure else {
        return false;
    };
    error.code().is_some_and(|code| {
        [
            SqlState::INVALID_PASSWORD,
            SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
            SqlState::INVALID_CATALOG_NAME,
            SqlState::INSUFFICIENT_PRIVILEGE,
        ]
        .contains(code)
    })
}

fn explain(failure: &OpenFailure, settings: &Settings, endpoint: &Endpoint, address: Option<IpAddr>) -> String {
    match failure {
        OpenFailure::Timeout => format!(
            "no answer within {} seconds: is the address right, and does a firewall let it through?",
            settings.connect_timeout.as_secs()
        ),
        OpenFailure::Thread(error) => format!("no thread could be started: {error}"),
        OpenFailure::Refused(error) => explain_refusal(error, settings, endpoint, address),
    }
}

fn explain_refusal(
    error: &postgres::Error,
    settings: &Settings,
    endpoint: &Endpoint,
    address: Option<IpAddr>,
) -> String {
    let text = failure::text(error);
    if let Some(code) = error.code() {
        return match code {
            code if *code == SqlState::INVALID_PASSWORD => {
                format!("{text}: check the password in the address, PGPASSWORD or the password file")
            }
            code if *code == SqlState::TOO_MANY_CONNECTIONS => format!("{text}: try again when some have ended"),
            code if *code == SqlState::CANNOT_CONNECT_NOW => format!("{text}: try again in a moment"),
            _ => text,
        };
    }
    if text.contains("password missing") {
        return format!(
            "the server asks for the password of `{}` and none is given: put it into PGPASSWORD, the password file or \
             the address",
            settings.user
        );
    }
    if is_tls_failure(error) {
        return if text.contains("does not support TLS") {
            "the server does not offer TLS: turn it on there, or connect with sslmode=disable".to_owned()
        } else {
            settings.tls.explain(&text)
        };
    }
    let port = endpoint.port();
    match (failure::io_kind(error), endpoint) {
        (Some(io::ErrorKind::ConnectionRefused), Endpoint::Tcp { .. }) => {
            let address = address.map_or_else(String::new, |address| format!("{address} "));
            format!("{address}refused the connection on port {port}: is PostgreSQL running there, and listening on it?")
        }
        (Some(io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused), Endpoint::Socket { folder, .. }) => {
            format!(
                "nobody listens on the socket {}: is PostgreSQL running, and is this its folder?",
                folder.join(format!(".s.PGSQL.{port}")).display()
            )
        }
        (Some(io::ErrorKind::TimedOut), _) => explain(&OpenFailure::Timeout, settings, endpoint, address),
        (Some(io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof), _) => {
            format!("the server closed the connection ({text}): is it PostgreSQL that listens on port {port}?")
        }
        _ if error.is_closed() => {
            format!("the server closed the connection: is it PostgreSQL that listens on port {port}?")
        }
        _ => text,
    }
}

/// Looks at the server that has answered: it must be new enough, and of the kind that is wanted.
fn accept(
    settings: &Settings,
    endpoint: &Endpoint,
    target: Target,
    mut link: Link,
    attempt: Attempt,
) -> Result<(Link, Reached), Refusal> {
    let facts = read_facts(&mut link).map_err(|error| Refusal {
        reason: error.to_string(),
        is_final: false,
    })?;
    let unwanted = match target {
        Target::ReadWrite if facts.read_only || facts.in_recovery => Some("takes no writes"),
        Target::ReadOnly if !facts.read_only && !facts.in_recovery => Some("takes writes"),
        Target::Primary if facts.in_recovery => Some("is a standby"),
        Target::Standby if !facts.in_recovery => Some("is no standby"),
        _ => None,
    };
    if let Some(why) = unwanted {
        return Err(Refusal {
            reason: format!("the server {why}, and `target_session_attrs` asks for another"),
            is_final: false,
        });
    }
    let name = format!("{}/{}", endpoint.name(), settings.dbname);
    Ok((link, Reached { attempt, name, facts }))
}

fn read_facts(link: &mut Link) -> Result<ServerFacts, QueryError> {
    let mut row: Row = Vec::new();
    // A pooler may give every transaction another server connection, and reading takes two messages.
    link.execute("BEGIN READ ONLY")?;
    link.read(
        "SELECT pg_catalog.current_setting('server_version_num'), pg_catalog.current_setting('server_version'), \
         pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('default_transaction_read_only'), \
         pg_catalog.current_setting('server_encoding')",
        &mut |found| row = found,
    )?;
    link.execute("ROLLBACK")?;
    let mut values = row.into_iter().map(Option::unwrap_or_default);
    let mut next = || values.next().unwrap_or_default();
    let number = next().parse().unwrap_or_default();
    // Packagers add their own: "18.4 (Debian 18.4-1)".
    let version = next().split_whitespace().next().unwrap_or_default().to_owned();
    Ok(ServerFacts {
        version_number: number,
        version,
        in_recovery: next() == "t",
        read_only: next() == "on",
        mixes_encodings: next() == "SQL_ASCII",
    })
}
