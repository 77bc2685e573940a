//! Opening connections: TLS as the user asked for it, a deadline for the whole of it, and refusals as sentences.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use mysql::prelude::Queryable;
use mysql::{ClientIdentity, Conn, DriverError, Error as MySqlError, Opts, OptsBuilder, SslOpts};
use secrecy::ExposeSecret;

use super::super::{ConnectOptions, Error};
use super::address::{Endpoint, Target};
use super::failure::io_fault;
use super::settings::SslMode;

/// How long the server may be late in ending a statement that took too long, before the connection counts as lost.
const GRACE: Duration = Duration::from_secs(5);

/// What stands for "never" where the user allows statements any time: a server that is gone is found out by keepalive.
const UNLIMITED: Duration = Duration::from_hours(24);

/// A connection that only cancels a statement must not take longer than this at any step.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);

/// The driver's own limit on a value's size. The server's limit is what counts.
const LARGEST_PACKET: usize = 1 << 30;

const SUPPORTED_METHODS: &str = "caching_sha2_password, mysql_native_password, ed25519 or parsec";

/// What is needed to connect, again and again. It holds the password, so it has no debug output.
pub(super) struct Connector {
    target: Target,
    options: ConnectOptions,
    name: String,
    /// Set when TLS was preferred and not to be had.
    plain: AtomicBool,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Session,
    Cancel,
}

impl Connector {
    pub(super) fn new(target: Target, options: &ConnectOptions) -> Self {
        Self {
            name: target.name(),
            target,
            options: options.clone(),
            plain: AtomicBool::new(false),
        }
    }

    /// Host and database.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The database to audit.
    pub(super) fn database(&self) -> Option<&str> {
        self.target.database.as_deref()
    }

    /// How sessions are opened.
    pub(super) fn options(&self) -> &ConnectOptions {
        &self.options
    }

    /// Opens a connection.
    pub(super) fn connect(&self) -> Result<Conn, Error> {
        self.check_files()?;
        self.open(Purpose::Session).map_err(|error| Error::Connect {
            source_name: self.name.clone(),
            reason: self.reason(&error),
        })
    }

    /// Ends the running statement of a connection, from another one. There is nobody to tell if it fails: the statement
    /// then ends by its own timeout.
    pub(super) fn cancel(&self, connection_id: u32) {
        if let Ok(mut connection) = self.open(Purpose::Cancel) {
            let _ = connection.query_drop(format!("KILL QUERY {connection_id}"));
        }
    }

    fn open(&self, purpose: Purpose) -> Result<Conn, MySqlError> {
        let tls = &self.target.tls;
        let over_tcp = matches!(self.target.endpoint, Endpoint::Tcp { .. });
        if !over_tcp || tls.mode == SslMode::Disabled || self.plain.load(Ordering::Relaxed) {
            return self.attempt(purpose, false);
        }
        let outcome = self.attempt(purpose, true);
        if tls.mode == SslMode::Preferred && outcome.as_ref().is_err_and(is_about_tls) {
            let connection = self.attempt(purpose, false)?;
            self.plain.store(true, Ordering::Relaxed);
            return Ok(connection);
        }
        outcome
    }

    /// The driver bounds the TCP connection and each read, but not the login as a whole. So it logs in on a thread that
    /// is left behind when it takes too long; the thread's own read timeout ends it.
    fn attempt(&self, purpose: Purpose, secured: bool) -> Result<Conn, MySqlError> {
        let deadline = self.connect_timeout(purpose);
        let builder = self.driver_options(purpose, secured);
        let (sender, receiver) = mpsc::channel();
        thread::Builder::new()
            .name("mysql-login".to_owned())
            .spawn(move || {
                let _ = sender.send(at_any_address(builder));
            })
            .map_err(MySqlError::IoError)?;
        receiver.recv_timeout(deadline).unwrap_or_else(|failure| {
            Err(match failure {
                mpsc::RecvTimeoutError::Timeout => DriverError::ConnectTimeout.into(),
                // The driver panics at a greeting that no server of MySQL's kind sends.
                mpsc::RecvTimeoutError::Disconnected => DriverError::CouldNotParseVersion.into(),
            })
        })
    }

    fn connect_timeout(&self, purpose: Purpose) -> Duration {
        let timeout = self.target.connect_timeout.unwrap_or(self.options.connect_timeout);
        match purpose {
            Purpose::Session => timeout,
            Purpose::Cancel => timeout.min(CANCEL_TIMEOUT),
        }
    }

    fn driver_options(&self, purpose: Purpose, secured: bool) -> OptsBuilder {
        let target = &self.target;
        let read_timeout = match purpose {
            Purpose::Cancel => CANCEL_TIMEOUT,
            Purpose::Session if self.options.statement_timeout.is_zero() => UNLIMITED,
            Purpose::Session => self.options.statement_timeout.saturating_add(GRACE),
        };
        let attributes = HashMap::from([("program_name", self.options.application_name.as_str())]);
        let mut builder = OptsBuilder::new()
            .user(Some(target.user.clone()))
            .pass(
                target
                    .password
                    .as_ref()
                    .map(|password| password.expose_secret().to_owned()),
            )
            .tcp_connect_timeout(Some(self.connect_timeout(purpose)))
            .read_timeout(Some(read_timeout))
            .write_timeout(Some(GRACE))
            .connect_attrs(Some(attributes))
            .max_allowed_packet(Some(LARGEST_PACKET))
            // Else the driver leaves the address that the user named for the server's socket.
            .prefer_socket(false);
        builder = keep_alive(builder);
        if purpose == Purpose::Session {
            builder = builder.db_name(target.database.clone());
        }
        builder = match &target.endpoint {
            Endpoint::Tcp { host, port } => {
                let host = if host.contains(':') {
                    format!("[{host}]")
                } else {
                    host.clone()
                };
                builder.ip_or_hostname(Some(host)).tcp_port(*port)
            }
            Endpoint::Socket(path) => builder.socket(Some(path.to_string_lossy())),
        };
        if secured {
            // The driver takes the process's cryptography; a second call finds it set, which is fine.
            let _ = rustls::crypto::ring::default_provider().install_default();
            builder = builder.ssl_opts(self.tls_options());
        }
        builder
    }

    fn tls_options(&self) -> SslOpts {
        let tls = &self.target.tls;
        let mut options = SslOpts::default();
        if let Some((certificate, key)) = &tls.identity {
            options = options.with_client_identity(Some(ClientIdentity::new(certificate.clone(), key.clone())));
        }
        if let Some(ca) = &tls.ca {
            options = options.with_root_cert_path(Some(ca.clone()));
        }
        match tls.mode {
            SslMode::Disabled | SslMode::Preferred | SslMode::Required => options
                .with_danger_accept_invalid_certs(true)
                .with_danger_skip_domain_validation(true),
            SslMode::VerifyCa => options.with_danger_skip_domain_validation(true),
            SslMode::VerifyIdentity => options,
        }
    }

    /// The driver's own error for a missing file does not name it.
    fn check_files(&self) -> Result<(), Error> {
        let tls = &self.target.tls;
        if tls.mode == SslMode::Disabled {
            return Ok(());
        }
        let identity = tls.identity.iter().flat_map(|(certificate, key)| [certificate, key]);
        for path in tls.ca.iter().chain(identity) {
            std::fs::File::open(path).map_err(|error| Error::File {
                source_name: path.display().to_string(),
                reason: format!("it is named for the TLS connection to {}: {error}", self.name),
            })?;
        }
        Ok(())
    }

    /// What went wrong, and what to do.
    fn reason(&self, error: &MySqlError) -> String {
        if let Some(fault) = io_fault(error) {
            return match fault.kind() {
                // A certificate that is refused, and what is no TLS at all.
                ErrorKind::InvalidData => self.tls_fault(&fault.to_string()),
                ErrorKind::WouldBlock | ErrorKind::TimedOut => self.timeout(),
                ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => {
                    "the connection was closed before the login was done: check that a MySQL server listens there"
                        .to_owned()
                }
                _ => fault.to_string(),
            };
        }
        match error {
            MySqlError::MySqlError(refusal) => self.refusal(refusal.code, &refusal.message),
            MySqlError::DriverError(fault) => self.driver_fault(fault),
            MySqlError::TlsError(fault) => self.tls_fault(&fault.to_string()),
            other => other.to_string(),
        }
    }

    fn refusal(&self, code: u16, message: &str) -> String {
        let what_to_do = match code {
            // Access denied; MariaDB has a second number for accounts that log in by the operating system's user.
            1045 | 1698 => {
                if self.target.password.is_some() {
                    "check user and password"
                } else {
                    "no password was given; write one into the address, MYSQL_PWD or ~/.my.cnf"
                }
            }
            1044 => "ask for the SELECT privilege on it",
            1049 => "check its name",
            1040 | 1203 | 1226 => "try again when others have disconnected",
            1129 | 1130 => "ask the server's administrator to let this host in",
            1820 | 1862 => "log in with a client and set a new password",
            3159 => "add ssl-mode=REQUIRED",
            3118 | 4151 => "ask the server's administrator to unlock it",
            _ => return format!("{message} (error {code})"),
        };
        format!("{message}: {what_to_do}")
    }

    fn driver_fault(&self, fault: &DriverError) -> String {
        match fault {
            DriverError::ConnectTimeout => self.timeout(),
            DriverError::CouldNotConnect(Some((address, detail, kind))) => match kind {
                ErrorKind::ConnectionRefused => {
                    format!("nothing listens at {address}: check host and port, and that the server runs")
                }
                ErrorKind::NotFound => format!("there is no socket {address}: check that the server runs"),
                ErrorKind::PermissionDenied => {
                    format!("the operating system does not let this user open {address}")
                }
                _ => format!("{detail} ({address})"),
            },
            DriverError::TlsNotSupported => format!(
                "the server offers no TLS, and ssl-mode={} asks for it: set it up there, or use ssl-mode=PREFERRED",
                self.target.tls.mode.as_str()
            ),
            // MySQL names a method for users that do not exist, too, so that nobody can find out which ones do.
            DriverError::UnknownAuthPlugin(plugin) => format!(
                "the server wants user `{}` to log in by `{plugin}`, which relaudit does not know: check the user's \
                 name, and use an account with {SUPPORTED_METHODS}",
                self.target.user
            ),
            DriverError::CleartextPluginDisabled | DriverError::OldMysqlPasswordDisabled => format!(
                "the server wants user `{}` to log in by a method that would give the password away: use an account \
                 with {SUPPORTED_METHODS}",
                self.target.user
            ),
            DriverError::CouldNotParseVersion => {
                "the server's greeting is not one of MySQL or MariaDB: check host and port".to_owned()
            }
            other => other.to_string(),
        }
    }

    fn tls_fault(&self, detail: &str) -> String {
        let what_to_do = match self.target.tls.mode {
            SslMode::VerifyIdentity if detail.contains("not valid for name") => {
                ": connect by a name that the certificate has, or use ssl-mode=VERIFY_CA to go without a check of it"
            }
            SslMode::VerifyCa | SslMode::VerifyIdentity => {
                ": name the authority of the server's certificate with ssl-ca, or use ssl-mode=REQUIRED to go without \
                 a check of it"
            }
            SslMode::Disabled | SslMode::Preferred | SslMode::Required => "",
        };
        format!("TLS failed: {detail}{what_to_do}")
    }

    fn timeout(&self) -> String {
        format!(
            "no answer within {} seconds: check host, port and firewalls",
            self.connect_timeout(Purpose::Session).as_secs()
        )
    }
}

/// Whether a connection without TLS may do better.
fn is_about_tls(error: &MySqlError) -> bool {
    if let Some(fault) = io_fault(error) {
        return matches!(
            fault.kind(),
            ErrorKind::InvalidData | ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
        );
    }
    matches!(
        error,
        MySqlError::TlsError(_) | MySqlError::DriverError(DriverError::TlsNotSupported)
    )
}

/// Connects to the first address of a host that answers.
///
/// The driver gives up when the first one does not, as with `localhost`, which is `::1` first, and a server that
/// listens on IPv4 only. Told to leave from an IPv4 address, it tries all of that family.
fn at_any_address(builder: OptsBuilder) -> Result<Conn, MySqlError> {
    let first = Conn::new(Opts::from(builder.clone()));
    let unreachable = matches!(
        first,
        Err(MySqlError::DriverError(
            DriverError::CouldNotConnect(_) | DriverError::ConnectTimeout
        ))
    );
    let options = Opts::from(builder.clone());
    let names_a_host = options.get_socket().is_none()
        && options
            .get_ip_or_hostname()
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_err();
    if unreachable && names_a_host {
        let any_ipv4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        if let Ok(connection) = Conn::new(Opts::from(builder.bind_address(Some(any_ipv4)))) {
            return Ok(connection);
        }
    }
    first
}

/// Finds out within two minutes that the other machine is gone, however long a statement may run.
fn keep_alive(builder: OptsBuilder) -> OptsBuilder {
    let builder = builder.tcp_keepalive_time_ms(Some(60_000));
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    let builder = builder
        .tcp_keepalive_probe_interval_secs(Some(10))
        .tcp_keepalive_probe_count(Some(6));
    builder
}
