//! What a user writes to name a PostgreSQL server: a URI or a `key=value` string, taken apart as libpq does it
//! (PostgreSQL manual, 34.1.1 "Connection Strings"). Never fills in what is missing: that is for `environment`.

use std::collections::BTreeMap;
use std::fmt;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;

/// libpq's connection parameters, each with the environment variable that sets it (manual, 34.1.2 and 34.15).
pub(super) const KEYWORDS: &[(&str, Option<&str>)] = &[
    ("application_name", Some("PGAPPNAME")),
    ("channel_binding", Some("PGCHANNELBINDING")),
    ("client_encoding", Some("PGCLIENTENCODING")),
    ("connect_timeout", Some("PGCONNECT_TIMEOUT")),
    ("dbname", Some("PGDATABASE")),
    ("fallback_application_name", None),
    ("gssdelegation", Some("PGGSSDELEGATION")),
    ("gssencmode", Some("PGGSSENCMODE")),
    ("gsslib", Some("PGGSSLIB")),
    ("host", Some("PGHOST")),
    ("hostaddr", Some("PGHOSTADDR")),
    ("keepalives", None),
    ("keepalives_count", None),
    ("keepalives_idle", None),
    ("keepalives_interval", None),
    ("krbsrvname", Some("PGKRBSRVNAME")),
    ("load_balance_hosts", Some("PGLOADBALANCEHOSTS")),
    ("max_protocol_version", Some("PGMAXPROTOCOLVERSION")),
    ("min_protocol_version", Some("PGMINPROTOCOLVERSION")),
    ("options", Some("PGOPTIONS")),
    ("passfile", Some("PGPASSFILE")),
    ("password", Some("PGPASSWORD")),
    ("port", Some("PGPORT")),
    ("replication", None),
    ("require_auth", Some("PGREQUIREAUTH")),
    ("requirepeer", Some("PGREQUIREPEER")),
    ("service", Some("PGSERVICE")),
    ("servicefile", Some("PGSERVICEFILE")),
    ("ssl_max_protocol_version", Some("PGSSLMAXPROTOCOLVERSION")),
    ("ssl_min_protocol_version", Some("PGSSLMINPROTOCOLVERSION")),
    ("sslcert", Some("PGSSLCERT")),
    ("sslcertmode", Some("PGSSLCERTMODE")),
    ("sslcompression", Some("PGSSLCOMPRESSION")),
    ("sslcrl", Some("PGSSLCRL")),
    ("sslcrldir", Some("PGSSLCRLDIR")),
    ("sslkey", Some("PGSSLKEY")),
    ("sslmode", Some("PGSSLMODE")),
    ("sslnegotiation", Some("PGSSLNEGOTIATION")),
    ("sslpassword", None),
    ("sslrootcert", Some("PGSSLROOTCERT")),
    ("sslsni", Some("PGSSLSNI")),
    ("target_session_attrs", Some("PGTARGETSESSIONATTRS")),
    ("tcp_user_timeout", None),
    ("user", Some("PGUSER")),
];

/// Parameters by libpq's names. An empty value is kept: it hides what a variable says, and then means the default.
#[derive(Default, Clone)]
pub(super) struct Parameters {
    values: BTreeMap<&'static str, String>,
    /// Apart from the rest, so that nothing that walks over the values can print it.
    pub(super) password: Option<SecretString>,
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parameters")
            .field("values", &self.values)
            .finish_non_exhaustive()
    }
}

impl Parameters {
    /// Sets a parameter, if libpq knows one of that name. A later value replaces an earlier one.
    pub(super) fn set(&mut self, keyword: &str, value: String) -> Result<(), String> {
        let known = KEYWORDS.iter().find(|(known, _)| *known == keyword);
        let (known, _) = known.ok_or_else(|| {
            format!(
                "there is no connection parameter `{keyword}`: remove it, or see the PostgreSQL manual, \"Parameter Key \
                 Words\""
            )
        })?;
        match *known {
            "password" => self.password = Some(SecretString::from(value)),
            // Where a name is expected, a whole address would be shown with its password.
            "dbname" if value.contains("://") => {
                return Err("`dbname` is an address and no name: give that address itself as the source".to_owned());
            }
            known => {
                self.values.insert(known, value);
            }
        }
        Ok(())
    }

    /// Whether it is set, be it to nothing.
    pub(super) fn contains(&self, keyword: &str) -> bool {
        if keyword == "password" {
            self.password.is_some()
        } else {
            self.values.contains_key(keyword)
        }
    }

    /// The value, unless it is missing or empty.
    pub(super) fn value(&self, keyword: &str) -> Option<&str> {
        self.values
            .get(keyword)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Takes over what is not set here.
    pub(super) fn fill_from(&mut self, lower: Self) {
        for (keyword, value) in lower.values {
            self.values.entry(keyword).or_insert(value);
        }
        self.password = self.password.take().or(lower.password);
    }
}

/// Takes a URI or a `key=value` string apart.
///
/// # Errors
///
/// One sentence that never repeats a part of the text that may be a password.
pub(super) fn parse(address: &str) -> Result<Parameters, String> {
    match without_scheme(address) {
        Some(rest) => parse_uri(rest),
        None => parse_key_values(address),
    }
}

/// The address as an error may show it, before anything is known of it: without user, password and parameters.
pub(super) fn redacted(address: &str) -> String {
    if let Some(rest) = without_scheme(address) {
        // A password with an unescaped `@` or `/` in it ends at the last `@` at the latest.
        let (place, has_user) = rest.rsplit_once('@').map_or((rest, false), |(_, place)| (place, true));
        let place = place.split('?').next().unwrap_or_default();
        let host = place.split([':', '/']).next().unwrap_or_default();
        // Without an `@`, what looks like a port may be a password.
        let shown = if has_user || !place.contains(':') { place } else { host };
        return format!("postgres://{shown}");
    }
    let parameters = parse_key_values(address).unwrap_or_default();
    let shown: Vec<String> = ["host", "hostaddr", "port", "dbname", "service"]
        .into_iter()
        .filter_map(|keyword| Some(format!("{keyword}={}", parameters.value(keyword)?)))
        .collect();
    if shown.is_empty() {
        "the PostgreSQL connection string".to_owned()
    } else {
        shown.join(" ")
    }
}

fn without_scheme(address: &str) -> Option<&str> {
    address
        .strip_prefix("postgresql://")
        .or_else(|| address.strip_prefix("postgres://"))
}

/// `[user[:password]@][host[:port][,…]][/dbname][?keyword=value[&…]]`.
fn parse_uri(text: &str) -> Result<Parameters, String> {
    let mut parameters = Parameters::default();
    let mut rest = text;
    if let Some((login, after)) = text.split_once('@').filter(|(login, _)| !login.contains('/')) {
        let (user, password) = login
            .split_once(':')
            .map_or((login, None), |(user, password)| (user, Some(password)));
        if !user.is_empty() {
            parameters.set("user", decode(user, "the user name")?)?;
        }
        if let Some(password) = password.filter(|password| !password.is_empty()) {
            parameters.set("password", decode(password, "the password")?)?;
        }
        rest = after;
    }
    let (before, query) = rest
        .split_once('?')
        .map_or((rest, None), |(before, query)| (before, Some(query)));
    if before.contains('@') {
        // libpq would look for a host or database of that name, and every message about it would hold half a password.
        return Err(
            "a second `@` follows the user name and password: in a password, a host or a database name \
                    an `@` is written %40 and a `/` %2F"
                .to_owned(),
        );
    }
    let (places, dbname) = before
        .split_once('/')
        .map_or((before, None), |(places, dbname)| (places, Some(dbname)));
    parse_places(places, &mut parameters)?;
    if let Some(dbname) = dbname.filter(|dbname| !dbname.is_empty()) {
        parameters.set("dbname", decode(dbname, "the database name")?)?;
    }
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (keyword, value) = pair
            .split_once('=')
            .ok_or("a parameter after `?` has no `=`: write keyword=value, with & between two")?;
        let keyword = decode(keyword, "a parameter's name")?;
        let value = decode(value, &format!("the parameter `{keyword}`"))?;
        if keyword == "ssl" && value == "true" {
            // JDBC's spelling, which libpq takes too.
            parameters.set("sslmode", "require".to_owned())?;
        } else {
            parameters.set(&keyword, value)?;
        }
    }
    Ok(parameters)
}

fn parse_places(places: &str, parameters: &mut Parameters) -> Result<(), String> {
    let mut hosts = Vec::new();
    let mut ports = Vec::new();
    for place in places.split(',') {
        let (host, port) = if let Some(after) = place.strip_prefix('[') {
            let (host, after) = after
                .split_once(']')
                .ok_or("the IPv6 address has no closing `]`".to_owned())?;
            let port = match after.strip_prefix(':') {
                Some(port) => port,
                None if after.is_empty() => "",
                None => return Err("after the `]` of an IPv6 address comes `:` and the port, or `/`".to_owned()),
            };
            (host, port)
        } else {
            place.split_once(':').unwrap_or((place, ""))
        };
        hosts.push(decode(host, "the host")?);
        ports.push(decode(port, "the port")?);
    }
    if hosts.iter().any(|host| !host.is_empty()) {
        parameters.set("host", hosts.join(","))?;
    }
    if ports.iter().any(|port| !port.is_empty()) {
        parameters.set("port", ports.join(","))?;
    }
    Ok(())
}

fn decode(text: &str, what: &str) -> Result<String, String> {
    let bytes = text.as_bytes();
    let escapes_are_whole = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'%')
        .all(|(at, _)| {
            bytes
                .get(at + 1..at + 3)
                .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        });
    if !escapes_are_whole {
        return Err(format!(
            "{what} has a `%` without two hexadecimal digits after it: a percent sign itself is written %25"
        ));
    }
    let decoded = percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| format!("{what} is not UTF-8"))?;
    if decoded.contains('\0') {
        return Err(format!("{what} has a %00 in it"));
    }
    Ok(decoded.into_owned())
}

/// `keyword = value …`; a value with spaces stands in single quotes, and `\` takes the next character as it is.
fn parse_key_values(text: &str) -> Result<Parameters, String> {
    let mut parameters = Parameters::default();
    let mut previous: Option<String> = None;
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest
            .find(|character: char| character == '=' || character.is_whitespace())
            .unwrap_or(rest.len());
        let (keyword, after) = rest.split_at(end);
        let after = after.trim_start().strip_prefix('=').ok_or_else(|| match &previous {
            Some(previous) => format!(
                "what follows the value of `{previous}` is no keyword=value: put a value with spaces in single quotes"
            ),
            None => "it is neither a URL nor a list of keyword=value".to_owned(),
        })?;
        let (value, after) =
            take_value(after.trim_start()).ok_or_else(|| format!("the value of `{keyword}` has no closing quote"))?;
        parameters.set(keyword, value)?;
        previous = Some(keyword.to_owned());
        rest = after.trim_start();
    }
    Ok(parameters)
}

/// The value that the text starts with, and what comes after it; `None` where the closing quote is missing.
fn take_value(text: &str) -> Option<(String, &str)> {
    let (quoted, text) = match text.strip_prefix('\'') {
        Some(inside) => (true, inside),
        None => (false, text),
    };
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            '\'' if quoted => return text.get(at + 1..).map(|after| (value, after)),
            space if !quoted && space.is_whitespace() => return text.get(at..).map(|after| (value, after)),
            other => value.push(other),
        }
    }
    (!quoted).then_some((value, ""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::{parse, redacted};

    /// `keyword=value` of all that was understood, in order, the password last.
    fn check(address: &str, expected: &str) {
        let shown = match parse(address) {
            Ok(parameters) => {
                let mut all: Vec<String> = parameters
                    .values
                    .iter()
                    .map(|(keyword, value)| format!("{keyword}={value}"))
                    .collect();
                all.extend(
                    parameters
                        .password
                        .map(|password| format!("password={}", password.expose_secret())),
                );
                all.join(" ")
            }
            Err(reason) => format!("error: {reason}"),
        };
        assert_eq!(shown, expected, "{address}");
    }

    #[test]
    fn uris() {
        check("postgres://", "");
        check("postgresql://localhost", "host=localhost");
        check(
            "postgres://ann:s%40crt@db.example:5433/shop",
            "dbname=shop host=db.example port=5433 user=ann password=s@crt",
        );
        check("postgres://ann:p?s@h/d", "dbname=d host=h user=ann password=p?s");
        check("postgres://h1:5432,h2:5433/d", "dbname=d host=h1,h2 port=5432,5433");
        check("postgres://h1,h2:5433", "host=h1,h2 port=,5433");
        check("postgres:///d?host=/run/pg&port=5", "dbname=d host=/run/pg port=5");
        check("postgres://%2Frun%2Fpg/d", "dbname=d host=/run/pg");
        check("postgres://[::1]:5433/d", "dbname=d host=::1 port=5433");
        check("postgres://[2001:db8::1]", "host=2001:db8::1");
        check("postgres://u@/d", "dbname=d user=u");
        check(
            "postgres://h/d?ssl=true&application_name=a%20b",
            "application_name=a b dbname=d host=h sslmode=require",
        );
        check("postgres://h/%C3%A4%20b", "dbname=ä b host=h");
    }

    #[test]
    fn key_values() {
        check("host=h dbname = d", "dbname=d host=h");
        check(r"host='a b' password='it\'s \\ me'", r"host=a b password=it's \ me");
        check(r"dbname=a\ b user=", "dbname=a b user=");
        check("  ", "");
    }

    #[test]
    fn faults_are_told_without_the_password() {
        let cases = [
            ("postgres://h/d?pool=5", "`pool`"),
            ("postgres://u:se%cret@h", "the password has a `%`"),
            ("postgres://[::1/d", "closing `]`"),
            ("postgres://h/d?x", "has no `=`"),
            ("password=my secret host=h", "`password`"),
            ("host='h password=secret", "closing quote"),
            ("postgres://u:p@secret@h/d", "second `@`"),
            ("postgres://u:p@x/secret@h/d", "second `@`"),
            ("postgres:///postgres://u:secret@h/d", "second `@`"),
            ("host=h dbname=postgres://u:secret@h/d", "an address and no name"),
            ("nonsense", "neither a URL nor"),
        ];
        for (address, part) in cases {
            let reason = parse(address).expect_err(address);
            assert!(reason.contains(part), "{address}: {reason}");
            assert!(!reason.contains("secret"), "{reason}");
        }
    }

    #[test]
    fn addresses_are_shown_without_secrets() {
        let cases = [
            ("postgres://u:p@h:1/d?password=x", "postgres://h:1/d"),
            ("postgres://u:a@b/c@h/d", "postgres://h/d"),
            ("postgres://u:secret", "postgres://u"),
            ("host=h password=p dbname=d", "host=h dbname=d"),
            ("host=h password='p dbname=d", "the PostgreSQL connection string"),
        ];
        for (address, expected) in cases {
            assert_eq!(redacted(address), expected, "{address}");
        }
    }

    #[test]
    fn debug_hides_the_password() {
        let parameters = parse("host=h password=hunter2").expect("valid");
        assert!(!format!("{parameters:?}").contains("hunter2"));
    }

    proptest! {
        #[test]
        fn any_value_survives_quoting(value in "[^\0]{0,30}", password in "[^\0]{1,30}") {
            let quote = |text: &str| format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"));
            let parameters = parse(&format!("dbname={} password={}", quote(&value), quote(&password)));
            let parameters = parameters.expect("valid");
            prop_assert_eq!(parameters.value("dbname").unwrap_or_default(), value);
            let read = parameters.password.expect("set");
            prop_assert_eq!(read.expose_secret(), password);
        }

        #[test]
        fn any_value_survives_a_uri(user in "[^\0]{1,20}", password in "[^\0]{1,20}", dbname in "[^\0]{1,20}") {
            let escape = |text: &str| {
                percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
            };
            let address = format!("postgres://{}:{}@h/{}", escape(&user), escape(&password), escape(&dbname));
            let parameters = parse(&address).expect("valid");
            prop_assert_eq!(parameters.value("user"), Some(user.as_str()));
            prop_assert_eq!(parameters.value("dbname"), Some(dbname.as_str()));
            let read = parameters.password.expect("set");
            prop_assert_eq!(read.expose_secret(), password);
            prop_assert_eq!(redacted(&address), format!("postgres://h/{}", escape(&dbname)));
        }

        #[test]
        fn nothing_panics(text in ".{0,60}") {
            let _ = parse(&text);
            let _ = parse(&format!("postgres://{text}"));
            let _ = redacted(&format!("postgres://{text}"));
        }
    }
}
