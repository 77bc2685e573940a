//! A connection's parameters, understood: which servers to try, as whom, and with which TLS.

use std::path::{Path, PathBuf};
use std::time::Duration;

use postgres::config::{ChannelBinding, Config, SslNegotiation};
use secrecy::{ExposeSecret as _, SecretString};

use crate::dialect::ConnectOptions;

use super::address::Parameters;
use super::endpoint::{self, Endpoint};
use super::environment::Environment;
use super::passfile::{self, Found, Login};
use super::tls::{TlsFiles, TlsMode};

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
        let mut endpoints = Endpoint::all(parameters, environment)?;
        match parameters.value("load_balance_hosts") {
            None | Some("disable") => {}
            Some("random") => endpoint::shuffle(&mut endpoints),
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

/// The TLS mode of an endpoint: sockets never have it (manual, table 34.1, `sslmode`).
pub(super) fn tls_mode(settings: &Settings, endpoint: &Endpoint) -> TlsMode {
    match endpoint {
        Endpoint::Tcp { .. } => settings.tls.mode,
        Endpoint::Socket { .. } => TlsMode::Disable,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use secrecy::ExposeSecret as _;

    use super::super::address::parse;
    use super::super::environment::Environment;
    use super::{Settings, Target};
    use crate::dialect::ConnectOptions;

    fn read(address: &str, environment: &Environment) -> Result<Settings, String> {
        let parameters = environment.complete(parse(address)?)?;
        Settings::read(&parameters, environment, &ConnectOptions::default())
    }

    /// The settings' name, or the reason why there are none.
    fn check(address: &str, expected: &str) {
        let shown = read(address, &Environment::of_test(&[], None));
        let shown = shown.map_or_else(|reason| reason, |settings| settings.name());
        assert!(shown.contains(expected), "{address}: {shown}");
    }

    #[test]
    fn faults_name_the_parameter() {
        check("host=h connect_timeout=soon", "`connect_timeout` is `soon`");
        check(
            "host=h target_session_attrs=any-thing",
            "`target_session_attrs` is `any-thing`",
        );
        check("host=h channel_binding=maybe", "`channel_binding` is `maybe`");
        check("host=h requirepeer=postgres", "`requirepeer` is not supported");
        check("host=h gssencmode=require", "`gssencmode` is `require`");
    }

    #[test]
    fn variables_and_time_limits() {
        let environment = Environment::of_test(
            &[
                ("PGHOST", "h"),
                ("PGTARGETSESSIONATTRS", "prefer-standby"),
                ("PGCONNECT_TIMEOUT", "1"),
            ],
            None,
        );
        let settings = read("postgres://", &environment).expect("fine");
        assert_eq!(settings.name(), "h/os_user");
        assert_eq!(settings.target, Target::PreferStandby);
        assert_eq!(settings.connect_timeout, Duration::from_secs(2));
        let settings = read("postgres:///?connect_timeout=0", &environment).expect("fine");
        assert_eq!(settings.connect_timeout, ConnectOptions::default().connect_timeout);
    }

    #[cfg(unix)]
    #[test]
    fn each_host_has_its_own_password() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().expect("a folder");
        let file = home.path().join(".pgpass");
        fs::write(&file, "h1:*:*:*:one\nh2:*:*:*:two\n").expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("set");
        let environment = Environment::of_test(&[], Some(home.path()));
        let passwords = |address: &str| -> Vec<Option<String>> {
            let settings = read(address, &environment).expect("fine");
            assert!(!format!("{settings:?}").contains("one"));
            settings
                .passwords
                .iter()
                .map(|password| Some(password.as_ref()?.expose_secret().to_owned()))
                .collect()
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(passwords("host=h1,h2,h3"), [some("one"), some("two"), None]);
        assert_eq!(passwords("host=h1,h2 password=given"), [some("given"), some("given")]);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("set");
        assert_eq!(passwords("host=h1,h2"), [None, None]);
        let notes = read("host=h1,h2", &environment).expect("fine").notes;
        assert!(
            matches!(notes.as_slice(), [note] if note.contains("chmod 600")),
            "{notes:?}"
        );
    }
}
