//! One layer of settings: what an address, the environment or the option files say. All three use the same names.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

/// What one layer says; what it does not say is `None`.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    pub(super) user: Option<String>,
    pub(super) password: Option<SecretString>,
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) socket: Option<PathBuf>,
    pub(super) ssl_mode: Option<SslMode>,
    pub(super) ssl_ca: Option<PathBuf>,
    pub(super) ssl_cert: Option<PathBuf>,
    pub(super) ssl_key: Option<PathBuf>,
    pub(super) connect_timeout: Option<Duration>,
}

/// How far a connection is secured: the values of `--ssl-mode` (MySQL manual, "Command Options for Encrypted
/// Connections").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SslMode {
    /// No TLS.
    Disabled,
    /// TLS where the server offers it, else none. The server's certificate is not looked at.
    Preferred,
    /// TLS or nothing. The server's certificate is not looked at.
    Required,
    /// And the certificate's authority must be known.
    VerifyCa,
    /// And the certificate must name the host.
    VerifyIdentity,
}

impl SslMode {
    const ALL: [(&'static str, Self); 5] = [
        ("DISABLED", Self::Disabled),
        ("PREFERRED", Self::Preferred),
        ("REQUIRED", Self::Required),
        ("VERIFY_CA", Self::VerifyCa),
        ("VERIFY_IDENTITY", Self::VerifyIdentity),
    ];

    fn parse(text: &str) -> Option<Self> {
        let wanted = text.to_ascii_uppercase().replace('-', "_");
        Self::ALL
            .into_iter()
            .find_map(|(name, mode)| (name == wanted).then_some(mode))
    }

    /// As MySQL writes it.
    pub(super) fn as_str(self) -> &'static str {
        Self::ALL
            .into_iter()
            .find_map(|(name, mode)| (mode == self).then_some(name))
            .unwrap_or_default()
    }
}

/// What became of an option.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Applied {
    /// It is set.
    Known,
    /// It is not one of ours.
    Unknown,
}

impl Settings {
    /// Takes one option as MySQL's and MariaDB's clients name it; letter case and `-` or `_` do not matter. A value is
    /// `None` where only the name is written.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with the value. It never holds a password.
    pub(super) fn apply(&mut self, name: &str, value: Option<&str>) -> Result<Applied, String> {
        let name = canonical(name);
        let text = value.unwrap_or_default();
        match name.as_str() {
            "user" => self.user = filled(text),
            // A bare `password` asks the client to prompt, which is not done here.
            "password" => self.password = value.map(SecretString::from),
            "host" => self.host = filled(text),
            "port" => {
                let port = text
                    .parse()
                    .map_err(|_| format!("the port `{text}` is not a number from 0 to 65535"))?;
                // MySQL's clients take 0 as the default.
                self.port = Some(port).filter(|port| *port != 0);
            }
            "socket" => self.socket = filled(text).map(PathBuf::from),
            "ssl-mode" => self.ssl_mode = Some(ssl_mode(text)?),
            "ssl-ca" => self.ssl_ca = filled(text).map(PathBuf::from),
            "ssl-cert" => self.ssl_cert = filled(text).map(PathBuf::from),
            "ssl-key" => self.ssl_key = filled(text).map(PathBuf::from),
            // MariaDB's own, which MySQL had before `ssl-mode`.
            "ssl" => {
                self.ssl_mode = Some(if is_on(&name, value)? {
                    SslMode::Required
                } else {
                    SslMode::Disabled
                });
            }
            "skip-ssl" | "disable-ssl" => self.ssl_mode = Some(SslMode::Disabled),
            "ssl-verify-server-cert" => {
                if is_on(&name, value)? {
                    self.ssl_mode = Some(SslMode::VerifyIdentity);
                }
            }
            "connect-timeout" => {
                let seconds = text
                    .parse()
                    .map_err(|_| format!("the connect-timeout `{text}` is not a whole number of seconds"))?;
                self.connect_timeout = Some(Duration::from_secs(seconds)).filter(|timeout| !timeout.is_zero());
            }
            // Statements and results are always utf8mb4.
            "charset" | "default-character-set" => {}
            _ => return Ok(Applied::Unknown),
        }
        Ok(Applied::Known)
    }

    /// What this layer says, and where it is silent what `below` says.
    pub(super) fn over(self, below: Self) -> Self {
        Self {
            user: self.user.or(below.user),
            password: self.password.or(below.password),
            host: self.host.or(below.host),
            port: self.port.or(below.port),
            socket: self.socket.or(below.socket),
            ssl_mode: self.ssl_mode.or(below.ssl_mode),
            ssl_ca: self.ssl_ca.or(below.ssl_ca),
            ssl_cert: self.ssl_cert.or(below.ssl_cert),
            ssl_key: self.ssl_key.or(below.ssl_key),
            connect_timeout: self.connect_timeout.or(below.connect_timeout),
        }
    }
}

/// An option's name as this module spells it.
fn canonical(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase().replace('_', "-");
    name.strip_prefix("loose-").map(str::to_owned).unwrap_or(name)
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn ssl_mode(text: &str) -> Result<SslMode, String> {
    SslMode::parse(text).ok_or_else(|| {
        let names: Vec<&str> = SslMode::ALL.iter().map(|(name, _)| *name).collect();
        format!("there is no ssl-mode `{text}`: write one of {}", names.join(", "))
    })
}

fn is_on(name: &str, value: Option<&str>) -> Result<bool, String> {
    match value.map(str::to_ascii_lowercase).as_deref() {
        None | Some("" | "1" | "on" | "true" | "yes") => Ok(true),
        Some("0" | "off" | "false" | "no") => Ok(false),
        Some(other) => Err(format!("the value `{other}` of {name} is neither on nor off")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ssl_modes_are_read_in_any_spelling() {
        for text in ["VERIFY_IDENTITY", "verify-identity", "Verify_Identity"] {
            assert_eq!(SslMode::parse(text), Some(SslMode::VerifyIdentity));
        }
        for (name, mode) in SslMode::ALL {
            assert_eq!(SslMode::parse(name), Some(mode));
            assert_eq!(mode.as_str(), name);
        }
        let mut settings = Settings::default();
        let refusal = settings.apply("ssl_mode", Some("verify-full")).err();
        assert_eq!(
            refusal.as_deref(),
            Some(
                "there is no ssl-mode `verify-full`: write one of DISABLED, PREFERRED, REQUIRED, VERIFY_CA, \
                 VERIFY_IDENTITY"
            )
        );
    }

    #[test]
    fn names_are_read_in_any_spelling() {
        let mut settings = Settings::default();
        assert_eq!(settings.apply("Connect_Timeout", Some("3")), Ok(Applied::Known));
        assert_eq!(settings.apply("loose-ssl_ca", Some("/ca.pem")), Ok(Applied::Known));
        assert_eq!(settings.apply("ssl-fips-mode", Some("1")), Ok(Applied::Unknown));
        assert_eq!(settings.connect_timeout, Some(Duration::from_secs(3)));
        assert_eq!(settings.ssl_ca, Some(PathBuf::from("/ca.pem")));
    }

    #[test]
    fn debug_output_hides_the_password() {
        let mut settings = Settings::default();
        assert_eq!(settings.apply("password", Some("hunter2")), Ok(Applied::Known));
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
