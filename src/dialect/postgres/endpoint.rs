//! Where a server may be: hosts, addresses, ports and sockets, as libpq reads them (PostgreSQL manual, 34.1.2).

use std::net::IpAddr;
use std::path::PathBuf;

use super::address::Parameters;
use super::environment::Environment;

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

    /// All that the parameters name, in their order; at least one.
    ///
    /// # Errors
    ///
    /// One sentence that names the parameter.
    pub(super) fn all(parameters: &Parameters, environment: &Environment) -> Result<Vec<Endpoint>, String> {
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

/// Any order will do, as long as it is not the same for everybody.
pub(super) fn shuffle(endpoints: &mut [Endpoint]) {
    use std::hash::BuildHasher as _;
    let random = std::hash::RandomState::new();
    endpoints.sort_by_cached_key(|endpoint| random.hash_one(endpoint.name()));
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::address::parse;
    use super::super::environment::Environment;
    use super::Endpoint;

    fn read(address: &str, environment: &Environment) -> Result<Vec<Endpoint>, String> {
        Endpoint::all(&parse(address)?, environment)
    }

    /// The endpoints' names, or the reason why there are none.
    fn check(address: &str, expected: &str) {
        let shown = match read(address, &Environment::of_test(&[], None)) {
            Ok(endpoints) => endpoints.iter().map(Endpoint::name).collect::<Vec<_>>().join(" "),
            Err(reason) => reason,
        };
        assert!(shown.contains(expected), "{address}: {shown}");
    }

    #[test]
    fn hosts_ports_and_defaults() {
        check("postgres://", "localhost");
        check("postgres://h:5432/d", "h");
        check("postgres://h:5433/d", "h:5433");
        check("postgres://[::1]:5433/d", "[::1]:5433");
        check("postgres://h1,h2:5433/d", "h1 h2:5433");
        check("host=h1,h2 port=6", "h1:6 h2:6");
        check("host=/run/pg port=6", "/run/pg:6");
        check("host=name hostaddr=10.0.0.1", "name");
        check("hostaddr=10.0.0.1", "10.0.0.1");
    }

    #[test]
    fn faults_name_the_parameter() {
        check("host=h port=0", "the port is not a number");
        check("host=h1,h2,h3 port=1,2", "2 ports for 3 hosts");
        check("host=a,b hostaddr=10.0.0.1", "`hostaddr` 1");
        check("hostaddr=name", "`hostaddr` is no IP address");
        check("host=@abstract", "abstract namespace");
    }

    #[test]
    fn the_default_socket_is_used_where_there_is_one() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(".s.PGSQL.5432"), "").expect("written");
        let mut environment = Environment::of_test(&[], None);
        environment.socket_folders = vec![folder.path().to_path_buf()];
        let endpoints = |address| read(address, &environment).expect("fine");
        let socket = Endpoint::Socket {
            folder: folder.path().to_path_buf(),
            port: 5432,
        };
        assert_eq!(endpoints("dbname=d"), [socket]);
        let elsewhere = Endpoint::Tcp {
            host: "localhost".to_owned(),
            address: None,
            port: 5433,
        };
        assert_eq!(endpoints("dbname=d port=5433"), [elsewhere]);
    }
}
