//! A connection's parameters, understood: which servers to try, as whom, and with which TLS.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postgres::config::{ChannelBinding, Config, SslNegotiation};
use secrecy::{ExposeSecret as _, SecretString};

use crate::dialect::ConnectOptions;

use super::address::Parameters;
use super::environment::Environment;
use super::passfile::{self, Found, Login};
use super::tls::{TlsFiles, TlsMode};

const DEFAULT_PORT: u16 = 5432;

/// One place where a server may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// A host over TCP; its address, where it need not be looked up.
    Tcp {
        host: String,
        address: Option<IpAddr>,
        port: u16,
    },
    /// The folder of a Unix socket.
    Socket { folder: PathBuf, port: u16 },
}

/// Which kind of server will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

/// Everything that is needed to connect.
#[derive(Debug)]
pub(super) struct Settings {
    /// In the order in which they are tried; at least one.
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) dbname: String,
    pub(super) user: String,
    pub(super) target: Target,
    pub(super) connect_timeout: Duration,
    pub(super) tls: TlsFiles,
    /// What the user should know: a password file that was not used.
    pub(super) notes: Vec<String>,
    /// All but host, port and password. Its `Debug` shows no password.
    base: Config,
    passwords: Vec<Option<SecretString>>,
}

impl Endpoint {
    pub(super) fn port(&self) -> u16 {
        match self {
            Self::Tcp { port, .. } | Self::Socket { port, .. } => *port,
        }
    }

    /// The host as people write it, with the port where it is not the usual one.
    pub(super) fn name(&self) -> String {
        let host = match self {
            Self::Tcp { host, .. } if host.contains(':') => format!("[{host}]"),
            Self::Tcp { host, .. } => host.clone(),
            Self::Socket { folder, .. } => folder.display().to_string(),
        };
        match self.port() {
            DEFAULT_PORT => host,
            port => format!("{host}:{port}"),
        }
    }
}

impl Settings {
    /// Understands the parameters, and looks the password up where none is given.
    ///
    /// # Errors
    ///
    /// One sentence that names the parameter.
    pub(super) fn read(
        parameters: &Parameters,
        environment: &Environment,
        options: &ConnectOptions,
    ) -> Result<Self, String> {
        refuse_unsupported(parameters)?;
        let user = parameters
            .value("user")
            .or(environment.user.as_deref())
            .ok_or("no user is given, and the operating system names none: add user=")?
            .to_owned();
        let dbname = parameters.value("dbname").unwrap_or(&user).to_owned();
        let mut endpoints = endpoints(parameters, environment)?;
        match parameters.value("load_balance_hosts") {
            None | Some("disable") => {}
            Some("random") => shuffle(&mut endpoints),
            Some(other) => return Err(unknown_value("load_balance_hosts", other, "disable or random")),
        }
        let mut base = Config::new();
        base.user(&user).dbname(&dbname);
        configure(&mut base, parameters, options)?;
        let mut notes = Vec::new();
        let passwords = endpoints
            .iter()
            .map(|endpoint| password(parameters, environment, endpoint, (&dbname, &user), &mut notes))
            .collect();
        Ok(Self {
            endpoints,
            dbname,
            user,
            target: target(parameters)?,
            connect_timeout: match number::<u64>(parameters, "connect_timeout")? {
                None | Some(0) => options.connect_timeout,
                // libpq rounds 1 up to 2 (manual, 34.1.2).
                Some(seconds) => Duration::from_secs(seconds.max(2)),
            },
            tls: TlsFiles::read(parameters, environment)?,
            notes,
            base,
            passwords,
        })
    }

    /// What the driver needs for one of the endpoints, all but its address and TLS.
    pub(super) fn config_for(&self, endpoint: &Endpoint) -> Config {
        let mut config = self.base.clone();
        let at = self.endpoints.iter().position(|known| known == endpoint);
        let password = at.and_then(|at| self.passwords.get(at)).and_then(Option::as_ref);
        if let Some(password) = password {
            config.password(password.expose_secret());
        }
        config
    }

    /// All hosts and the database, as an error names them before one of them has answered.
    pub(super) fn name(&self) -> String {
        let hosts: Vec<String> = self.endpoints.iter().map(Endpoint::name).collect();
        format!("{}/{}", hosts.join(","), self.dbname)
    }
}

/// Parameters that would make the connection safer than it would be without them must not be passed over.
fn refuse_unsupported(parameters: &Parameters) -> Result<(), String> {
    for keyword in [
        "replication",
        "require_auth",
        "requirepeer",
        "sslcrl",
        "sslcrldir",
        "sslpassword",
    ] {
        if parameters.value(keyword).is_some() {
            return Err(format!("`{keyword}` is not supported: connect without it"));
        }
    }
    match parameters.value("gssencmode") {
        None | Some("disable" | "prefer") => Ok(()),
        Some(other) => Err(unknown_value(
            "gssencmode",
            other,
            "disable; GSSAPI encryption is not supported",
        )),
    }
}

fn endpoints(parameters: &Parameters, environment: &Environment) -> Result<Vec<Endpoint>, String> {
    let list = |keyword| -> Vec<&str> {
        parameters
            .value(keyword)
            .map(|text| text.split(',').map(str::trim).collect())
            .unwrap_or_default()
    };
    let (hosts, addresses, ports) = (list("host"), list("hostaddr"), list("port"));
    let count = hosts.len().max(addresses.len()).max(1);
    let complete = |length: usize| length == 0 || length == count;
    if !complete(hosts.len()) || !complete(addresses.len()) {
        return Err(format!(
            "`host` names {} hosts and `hostaddr` {}",
            hosts.len(),
            addresses.len()
        ));
    }
    if !complete(ports.len()) && ports.len() != 1 {
        return Err(format!("there are {} ports for {count} hosts", ports.len()));
    }
    (0..count)
        .map(|at| {
            let host = hosts.get(at).copied().filter(|host| !host.is_empty());
            let address = addresses.get(at).copied().filter(|address| !address.is_empty());
            let port = if ports.len() == 1 { ports.first() } else { ports.get(at) };
            let port = parse_port(port.copied().unwrap_or_default())?;
            endpoint(host, address, port, environment)
        })
        .collect()
}

fn endpoint(
    host: Option<&str>,
    address: Option<&str>,
    port: u16,
    environment: &Environment,
) -> Result<Endpoint, String> {
    if let Some(address) = address {
        let parsed: IpAddr = address
            .parse()
            .map_err(|_| format!("`hostaddr` is no IP address: `{address}`"))?;
        return Ok(Endpoint::Tcp {
            host: host.unwrap_or(address).to_owned(),
            address: Some(parsed),
            port,
        });
    }
    match host {
        Some(host) if host.starts_with('@') => {
            Err("sockets in the abstract namespace (`host=@…`) are not supported".to_owned())
        }
        Some(host) if host.starts_with('/') => Ok(Endpoint::Socket {
            folder: PathBuf::from(host),
            port,
        }),
        Some(host) => Ok(Endpoint::Tcp {
            host: host.to_owned(),
            address: host.parse().ok(),
            port,
        }),
        None => Ok(default_endpoint(port, environment)),
    }
}

fn default_endpoint(port: u16, environment: &Environment) -> Endpoint {
    let socket = format!(".s.PGSQL.{port}");
    let folder = environment
        .socket_folders
        .iter()
        .find(|folder| folder.join(&socket).exists());
    match folder {
        Some(folder) if cfg!(unix) => Endpoint::Socket {
            folder: folder.clone(),
            port,
        },
        _ => Endpoint::Tcp {
            host: "localhost".to_owned(),
            address: None,
            port,
        },
    }
}

/// The text is never repeated: in a URL that lacks its `@`, it may be the password.
fn parse_port(text: &str) -> Result<u16, String> {
    if text.is_empty() {
        return Ok(DEFAULT_PORT);
    }
    text.parse().ok().filter(|port| *port != 0).ok_or_else(|| {
        "the port is not a number from 1 to 65535 (a `/`, `@` or `:` in a password is written %2F, %40, %3A)".to_owned()
    })
}

fn configure(config: &mut Config, parameters: &Parameters, options: &ConnectOptions) -> Result<(), String> {
    let application = parameters
        .value("application_name")
        .or(parameters.value("fallback_application_name"))
        .unwrap_or(&options.application_name);
    config.application_name(application);
    if let Some(options) = parameters.value("options") {
        config.options(options);
    }
    config.channel_binding(match parameters.value("channel_binding") {
        None | Some("prefer") => ChannelBinding::Prefer,
        Some("disable") => ChannelBinding::Disable,
        Some("require") => ChannelBinding::Require,
        Some(other) => return Err(unknown_value("channel_binding", other, "disable, prefer or require")),
    });
    config.ssl_negotiation(match parameters.value("sslnegotiation") {
        None | Some("postgres") => SslNegotiation::Postgres,
        Some("direct") => SslNegotiation::Direct,
        Some(other) => return Err(unknown_value("sslnegotiation", other, "postgres or direct")),
    });
    config.keepalives(number::<u8>(parameters, "keepalives")? != Some(0));
    // libpq leaves these to the system, which waits for hours; a peer that is gone should be noticed in a minute.
    let seconds = |keyword, default| -> Result<Duration, String> {
        let given = number::<u64>(parameters, keyword)?.filter(|seconds| *seconds != 0);
        Ok(Duration::from_secs(given.unwrap_or(default)))
    };
    config.keepalives_idle(seconds("keepalives_idle", 30)?);
    config.keepalives_interval(seconds("keepalives_interval", 10)?);
    config.keepalives_retries(
        number::<u32>(parameters, "keepalives_count")?
            .filter(|count| *count != 0)
            .unwrap_or(3),
    );
    if let Some(milliseconds) = number::<u64>(parameters, "tcp_user_timeout")?.filter(|time| *time != 0) {
        config.tcp_user_timeout(Duration::from_millis(milliseconds));
    }
    Ok(())
}

fn target(parameters: &Parameters) -> Result<Target, String> {
    Ok(match parameters.value("target_session_attrs") {
        None | Some("any") => Target::Any,
        Some("read-write") => Target::ReadWrite,
        Some("read-only") => Target::ReadOnly,
        Some("primary") => Target::Primary,
        Some("standby") => Target::Standby,
        Some("prefer-standby") => Target::PreferStandby,
        Some(other) => {
            let known = "any, read-write, read-only, primary, standby or prefer-standby";
            return Err(unknown_value("target_session_attrs", other, known));
        }
    })
}

fn password(
    parameters: &Parameters,
    environment: &Environment,
    endpoint: &Endpoint,
    (dbname, user): (&str, &str),
    notes: &mut Vec<String>,
) -> Option<SecretString> {
    let given = parameters.password.as_ref();
    if let Some(given) = given.filter(|password| !password.expose_secret().is_empty()) {
        return Some(given.clone());
    }
    let file = parameters
        .value("passfile")
        .map(PathBuf::from)
        .or_else(|| environment.default_passfile())?;
    let host = match endpoint {
        Endpoint::Tcp { host, .. } => host.clone(),
        Endpoint::Socket { folder, .. } => socket_host(folder, environment),
    };
    let login = Login {
        host: &host,
        port: endpoint.port(),
        dbname,
        user,
    };
    match passfile::look_up(&file, login) {
        Found::Password(password) => Some(password),
        Found::Nothing => None,
        Found::Ignored(reason) => {
            if !notes.contains(&reason) {
                notes.push(reason);
            }
            None
        }
    }
}

/// The default socket folder is called `localhost` in a password file (manual, 34.16).
fn socket_host(folder: &Path, environment: &Environment) -> String {
    if environment.socket_folders.iter().any(|default| default == folder) {
        "localhost".to_owned()
    } else {
        folder.display().to_string()
    }
}

pub(super) fn unknown_value(keyword: &str, value: &str, known: &str) -> String {
    format!("`{keyword}` is `{value}`: it can be {known}")
}

fn number<T: std::str::FromStr>(parameters: &Parameters, keyword: &str) -> Result<Option<T>, String> {
    parameters
        .value(keyword)
        .map(|text| {
            text.trim()
                .parse()
                .map_err(|_| unknown_value(keyword, text, "a whole number from 0"))
        })
        .transpose()
}

/// Any order will do, as long as it is not the same for everybody.
fn shuffle(endpoints: &mut [Endpoint]) {
    use std::hash::BuildHasher as _;
    let random = std::hash::RandomState::new();
    endpoints.sort_by_cached_key(|endpoint| random.hash_one(endpoint.name()));
}

/// The TLS mode of an endpoint: sockets never have it (manual, table 34.1, `sslmode`).
pub(super) fn tls_mode(settings: &Settings, endpoint: &Endpoint) -> TlsMode {
    match endpoint {
        Endpoint::Tcp { .. } => settings.tls.mode,
        Endpoint::Socket { .. } => TlsMode::Disable,
    }
}
