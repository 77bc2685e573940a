//! What users write to reach a server: a URL, completed from the environment and from option files.
//!
//! `mysql://user:password@host:3306/database?ssl-mode=REQUIRED`, or `mariadb://…`; each part may be missing. What the
//! address does not say comes from `MYSQL_HOST`, `MYSQL_TCP_PORT`, `MYSQL_UNIX_PORT` and `MYSQL_PWD`, then from the
//! group `[client]` of the option files (for `mariadb://` also `[client-server]` and `[client-mariadb]`), then from the
//! defaults of MySQL's own clients.

use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;

use super::super::Error;
use super::option_file::{self, Machine};
use super::settings::{Applied, Settings, SslMode};

/// Where a server is, and how to log in. Its debug output hides the password.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) user: String,
    pub(super) password: Option<SecretString>,
    pub(super) endpoint: Endpoint,
    /// The database to audit; `None` for all that are not the system's.
    pub(super) database: Option<String>,
    pub(super) tls: Tls,
    /// Where the user set one.
    pub(super) connect_timeout: Option<Duration>,
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    Tcp { host: String, port: u16 },
    Socket(PathBuf),
}

/// How a TCP connection is secured; sockets never are.
///
/// The driver trusts Mozilla's list of public authorities in addition to `ca`, and cannot be told not to. So
/// `VERIFY_CA` accepts a certificate of any public authority for any host: with a private authority, only
/// `VERIFY_IDENTITY` proves that the server is the one that is meant.
#[derive(Debug, Clone)]
pub(super) struct Tls {
    pub(super) mode: SslMode,
    pub(super) ca: Option<PathBuf>,
    /// Certificate and key of the client.
    pub(super) identity: Option<(PathBuf, PathBuf)>,
}

const DEFAULT_PORT: u16 = 3306;

/// Where the packages of the common systems put the socket.
const DEFAULT_SOCKETS: [&str; 4] = [
    "/var/run/mysqld/mysqld.sock",
    "/run/mysqld/mysqld.sock",
    "/var/lib/mysql/mysql.sock",
    "/tmp/mysql.sock",
];

impl Target {
    /// Understands an address, and completes it.
    pub(super) fn read(address: &str, machine: &dyn Machine) -> Result<Self, Error> {
        let fault = |reason: String| Error::Address {
            source_name: redacted(address),
            reason,
        };
        let Url {
            mariadb,
            settings: written,
            database,
        } = Url::parse(address).map_err(fault)?;
        let environment = environment(machine).map_err(fault)?;
        let groups: &[&str] = if mariadb {
            &["client", "client-server", "client-mariadb"]
        } else {
            &["client"]
        };
        let files = option_file::read(machine, groups)?;
        let endpoint = endpoint(&written, &environment, &files, machine);
        let settings = written.over(environment).over(files);
        let user = settings
            .user
            .or_else(|| {
                ["USER", "LOGNAME", "USERNAME"]
                    .into_iter()
                    .find_map(|name| machine.variable(name))
            })
            .ok_or_else(|| fault("it names no user: write mysql://user@host/database".to_owned()))?;
        let identity = match (settings.ssl_cert, settings.ssl_key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            (Some(_), None) => return Err(fault("ssl-cert needs ssl-key".to_owned())),
            (None, Some(_)) => return Err(fault("ssl-key needs ssl-cert".to_owned())),
        };
        // Naming an authority asks for its verification (MySQL manual, "--ssl-mode").
        let implied = if settings.ssl_ca.is_some() {
            SslMode::VerifyCa
        } else {
            SslMode::Preferred
        };
        Ok(Self {
            user,
            password: settings.password,
            endpoint,
            database,
            tls: Tls {
                mode: settings.ssl_mode.unwrap_or(implied),
                ca: settings.ssl_ca,
                identity,
            },
            connect_timeout: settings.connect_timeout,
        })
    }

    /// What reports call the source: `host/database`.
    pub(super) fn name(&self) -> String {
        let place = match &self.endpoint {
            Endpoint::Tcp { host, port } => {
                let host = if host.contains(':') {
                    format!("[{host}]")
                } else {
                    host.clone()
                };
                if *port == DEFAULT_PORT {
                    host
                } else {
                    format!("{host}:{port}")
                }
            }
            Endpoint::Socket(path) => path.display().to_string(),
        };
        match &self.database {
            Some(database) => format!("{place}/{database}"),
            None => place,
        }
    }
}

fn environment(machine: &dyn Machine) -> Result<Settings, String> {
    let mut settings = Settings::default();
    for (variable, option) in [
        ("MYSQL_HOST", "host"),
        ("MYSQL_TCP_PORT", "port"),
        ("MYSQL_UNIX_PORT", "socket"),
        ("MYSQL_PWD", "password"),
    ] {
        if let Some(value) = machine.variable(variable) {
            settings
                .apply(option, Some(&value))
                .map_err(|reason| format!("{variable}: {reason}"))?;
        }
    }
    Ok(settings)
}

/// `localhost`, or no host, means the socket as for MySQL's clients, unless the address itself says a port.
fn endpoint(written: &Settings, environment: &Settings, files: &Settings, machine: &dyn Machine) -> Endpoint {
    if let Some(path) = &written.socket {
        return Endpoint::Socket(path.clone());
    }
    let levels = [written, environment, files];
    let host = levels.iter().find_map(|level| level.host.clone());
    let port = levels.iter().find_map(|level| level.port);
    let tcp = |host: Option<String>| Endpoint::Tcp {
        host: host.unwrap_or_else(|| "127.0.0.1".to_owned()),
        port: port.unwrap_or(DEFAULT_PORT),
    };
    let local = host.as_ref().is_none_or(|host| host.eq_ignore_ascii_case("localhost"));
    if !local || written.port.is_some() {
        return tcp(host);
    }
    if let Some(path) = levels.iter().find_map(|level| level.socket.clone()) {
        return Endpoint::Socket(path);
    }
    if port.is_some_and(|port| port != DEFAULT_PORT) {
        return tcp(host);
    }
    DEFAULT_SOCKETS
        .into_iter()
        .map(PathBuf::from)
        .find(|path| machine.exists(path))
        .map_or_else(|| tcp(host), Endpoint::Socket)
}

/// The address, taken apart.
struct Url {
    mariadb: bool,
    settings: Settings,
    database: Option<String>,
}

impl Url {
    fn parse(address: &str) -> Result<Self, String> {
        let (scheme, rest) = address
            .split_once("://")
            .ok_or("write mysql://user:password@host:3306/database")?;
        let mariadb = match scheme.to_ascii_lowercase().as_str() {
            "mysql" => false,
            "mariadb" => true,
            _ => return Err("it begins with neither mysql:// nor mariadb://".to_owned()),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if path.contains('/') {
            return Err(format!(
                "more than a database's name follows the host; a `/` in a name is written as %2F{ESCAPES}"
            ));
        }
        let mut settings = Settings::default();
        let place = match authority.rsplit_once('@') {
            Some((login, place)) => {
                let (user, password) = match login.split_once(':') {
                    Some((user, password)) => (user, Some(password)),
                    None => (login, None),
                };
                settings.user = Some(decode(user)?).filter(|user| !user.is_empty());
                settings.password = password.map(decode).transpose()?.map(SecretString::from);
                place
            }
            None => authority,
        };
        read_place(place, &mut settings)?;
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = match pair.split_once('=') {
                Some((name, value)) => (decode(name)?, Some(decode(value)?)),
                None => (decode(pair)?, None),
            };
            if settings.apply(&name, value.as_deref())? == Applied::Unknown {
                return Err(format!(
                    "there is no parameter `{name}`: known are ssl-mode, ssl-ca, ssl-cert, ssl-key, socket, user, \
                     connect-timeout"
                ));
            }
        }
        Ok(Self {
            mariadb,
            settings,
            database: Some(decode(path)?).filter(|database| !database.is_empty()),
        })
    }
}

const ESCAPES: &str = " (in a password write %40 for `@`, %3A for `:`, %2F for `/`, %3F for `?`, %25 for `%`)";

/// Host and port. No message repeats them: they may be a part of a password that was not encoded.
fn read_place(place: &str, settings: &mut Settings) -> Result<(), String> {
    let (host, port) = if let Some(bracketed) = place.strip_prefix('[') {
        let (host, after) = bracketed
            .split_once(']')
            .ok_or("the IPv6 address has no closing bracket")?;
        if !(after.is_empty() || after.starts_with(':')) {
            return Err("something other than a port follows the IPv6 address".to_owned());
        }
        (host, after.strip_prefix(':'))
    } else {
        match place.split_once(':') {
            Some((_, port)) if port.contains(':') => {
                return Err("an IPv6 address stands in brackets: mysql://user@[::1]:3306/database".to_owned());
            }
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        }
    };
    let host = decode(host)?;
    if host.starts_with('/') {
        settings.socket = Some(PathBuf::from(host));
    } else {
        settings.host = Some(host).filter(|host| !host.is_empty());
    }
    settings.port = port
        .filter(|port| !port.is_empty())
        .map(|port| {
            port.parse()
                .ok()
                .filter(|port| *port != 0)
                .ok_or_else(|| format!("the port is not a number from 1 to 65535{ESCAPES}"))
        })
        .transpose()?;
    Ok(())
}

fn decode(text: &str) -> Result<String, String> {
    percent_decode_str(text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| "its percent-encoded bytes are not UTF-8".to_owned())
}

/// The address with everything struck out that can be a password, also where it is malformed.
fn redacted(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return "the source".to_owned();
    };
    let (login, place) = match rest.rsplit_once('@') {
        Some((login, place)) => (Some(login), place),
        None => (None, rest),
    };
    let place = place.split('?').next().unwrap_or_default();
    let (authority, path) = match place.split_once('/') {
        Some((authority, path)) => (authority, format!("/{path}")),
        None => (place, String::new()),
    };
    let authority = match authority.rsplit_once(':') {
        Some((host, port)) if !authority.ends_with(']') && !port.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{}:***", host.split(':').next().unwrap_or_default())
        }
        _ => authority.to_owned(),
    };
    let login = match login.map(|login| login.split_once(':').unwrap_or((login, ""))) {
        Some((user, "")) => format!("{user}@"),
        Some((user, _)) => format!("{user}:***@"),
        None => String::new(),
    };
    format!("{scheme}://{login}{authority}{path}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use secrecy::ExposeSecret;

    use super::super::option_file::tests::Imagined;
    use super::*;

    fn bare() -> Imagined {
        Imagined {
            variables: BTreeMap::from([("USER", "os"), ("HOME", "/home/os")]),
            files: BTreeMap::new(),
        }
    }

    fn read(address: &str) -> Result<Target, String> {
        Target::read(address, &bare()).map_err(|error| error.to_string())
    }

    fn tcp(host: &str, port: u16) -> Endpoint {
        Endpoint::Tcp {
            host: host.to_owned(),
            port,
        }
    }

    fn password(target: &Target) -> Option<&str> {
        target.password.as_ref().map(ExposeSecret::expose_secret)
    }

    #[test]
    fn every_part_of_a_url_is_read() -> Result<(), String> {
        let target = read(
            "mysql://an%40n:p%3Aa%2Fs%25@db.example:3307/sh%2Fop?ssl_mode=verify-identity&ssl-ca=/ca.pem&\
             ssl-cert=/c.pem&ssl-key=/k.pem&connect-timeout=4&charset=latin1",
        )?;
        assert_eq!(target.user, "an@n");
        assert_eq!(password(&target), Some("p:a/s%"));
        assert_eq!(target.endpoint, tcp("db.example", 3307));
        assert_eq!(target.database.as_deref(), Some("sh/op"));
        assert_eq!(target.tls.mode, SslMode::VerifyIdentity);
        assert_eq!(target.tls.ca.as_deref(), Some(Path::new("/ca.pem")));
        assert_eq!(
            target.tls.identity,
            Some((PathBuf::from("/c.pem"), PathBuf::from("/k.pem")))
        );
        assert_eq!(target.connect_timeout, Some(Duration::from_secs(4)));
        assert_eq!(target.name(), "db.example:3307/sh/op");
        Ok(())
    }

    #[test]
    fn missing_parts_get_the_defaults_of_the_clients() -> Result<(), String> {
        let target = read("mariadb://")?;
        assert_eq!(target.user, "os");
        assert_eq!(password(&target), None);
        assert_eq!(target.endpoint, tcp("127.0.0.1", 3306));
        assert_eq!(target.database, None);
        assert_eq!(target.tls.mode, SslMode::Preferred);
        assert_eq!(target.name(), "127.0.0.1");
        assert_eq!(password(&read("mysql://root:@h/d")?), Some(""));
        assert_eq!(read("mysql://h/?ssl-ca=/ca.pem")?.tls.mode, SslMode::VerifyCa);
        Ok(())
    }

    #[test]
    fn hosts_of_all_kinds() -> Result<(), String> {
        assert_eq!(read("mysql://[::1]:3310/d")?.endpoint, tcp("::1", 3310));
        assert_eq!(read("mysql://[::1]:3310/d")?.name(), "[::1]:3310/d");
        assert_eq!(read("mysql://u@[fe80::1]/d")?.name(), "[fe80::1]/d");
        assert_eq!(read("mysql://localhost:3306/d")?.endpoint, tcp("localhost", 3306));
        let socket = Endpoint::Socket(PathBuf::from("/run/my.sock"));
        assert_eq!(read("mysql://u@h/d?socket=/run/my.sock")?.endpoint, socket);
        assert_eq!(read("mysql://u@%2Frun%2Fmy.sock/d")?.endpoint, socket);
        assert_eq!(read("mysql://u@%2Frun%2Fmy.sock/d")?.name(), "/run/my.sock/d");
        Ok(())
    }

    #[test]
    fn the_address_wins_over_the_environment_and_that_over_files() -> Result<(), Error> {
        let mut machine = bare();
        machine.files.insert(
            "/home/os/.my.cnf",
            "[client]\nuser=file\npassword=file\nhost=file\nport=1\nssl-mode=REQUIRED\n",
        );
        machine.variables.insert("MYSQL_PWD", "environment");
        machine.variables.insert("MYSQL_HOST", "environment");
        let target = Target::read("mysql://address/d", &machine)?;
        assert_eq!(target.endpoint, tcp("address", 1));
        assert_eq!(target.user, "file");
        assert_eq!(password(&target), Some("environment"));
        assert_eq!(target.tls.mode, SslMode::Required);
        assert_eq!(Target::read("mysql:///d", &machine)?.endpoint, tcp("environment", 1));
        Ok(())
    }

    #[test]
    fn localhost_is_the_socket_where_there_is_one() -> Result<(), Error> {
        let mut machine = bare();
        machine.files.insert("/tmp/mysql.sock", "");
        let default = Endpoint::Socket(PathBuf::from("/tmp/mysql.sock"));
        assert_eq!(Target::read("mysql://localhost/d", &machine)?.endpoint, default);
        assert_eq!(Target::read("mysql:///d", &machine)?.endpoint, default);
        assert_eq!(
            Target::read("mysql://127.0.0.1/d", &machine)?.endpoint,
            tcp("127.0.0.1", 3306)
        );
        assert_eq!(
            Target::read("mysql://localhost:3306/d", &machine)?.endpoint,
            tcp("localhost", 3306)
        );
        machine.variables.insert("MYSQL_UNIX_PORT", "/e.sock");
        let named = Endpoint::Socket(PathBuf::from("/e.sock"));
        assert_eq!(Target::read("mysql://localhost/d", &machine)?.endpoint, named);
        assert_eq!(Target::read("mysql://h/d", &machine)?.endpoint, tcp("h", 3306));
        machine.variables.remove("MYSQL_UNIX_PORT");
        machine.variables.insert("MYSQL_TCP_PORT", "3399");
        assert_eq!(Target::read("mysql:///d", &machine)?.endpoint, tcp("127.0.0.1", 3399));
        Ok(())
    }

    #[test]
    fn mariadb_reads_its_own_groups() -> Result<(), Error> {
        let mut machine = bare();
        machine
            .files
            .insert("/etc/my.cnf", "[client]\nuser=plain\n[client-mariadb]\nuser=maria\n");
        assert_eq!(Target::read("mariadb://h", &machine)?.user, "maria");
        assert_eq!(Target::read("mysql://h", &machine)?.user, "plain");
        Ok(())
    }

    #[test]
    fn faults_are_told_without_the_password() {
        let cases = [
            ("mysql://ann:pa/ss@h/d", "mysql://ann:***@h/d"),
            ("mysql://ann:pa?ss@h/d", "mysql://ann:***@h/d"),
            ("mysql://ann:pass", "mysql://ann:***"),
            ("mysql://ann:pass@h/a/b", "mysql://ann:***@h/a/b"),
            ("mysql://ann:pass@h/d?sslmode=require", "mysql://ann:***@h/d"),
            ("mysql://ann:p@ss@h:x/d", "mysql://ann:***@h:***/d"),
            ("mysql://ann:pass@::1/d", "mysql://ann:***@"),
            ("mysql://ann:pass@h/d?password=pass&nope=1", "mysql://ann:***@h/d"),
            ("mysql://ann:pass@h/d?ssl-cert=/pem", "mysql://ann:***@h/d"),
            ("mysql://ann:%ff@h/d", "mysql://ann:***@h/d"),
        ];
        for (address, shown) in cases {
            let refusal = read(address).err().unwrap_or_default();
            let expected = format!("cannot understand the address of {shown}");
            assert!(refusal.starts_with(&expected), "{address}: {refusal}");
            assert!(
                !refusal.contains("pass@") && !refusal.contains("ss@h") && !refusal.contains("=pass"),
                "{refusal}"
            );
        }
    }

    #[test]
    fn an_unknown_parameter_is_named() {
        let refusal = read("mysql://h/d?sslmode=require").err().unwrap_or_default();
        assert_eq!(
            refusal,
            "cannot understand the address of mysql://h/d: there is no parameter `sslmode`: known are ssl-mode, \
             ssl-ca, ssl-cert, ssl-key, socket, user, connect-timeout"
        );
    }
}
