//! Which product a server is, and which version: what differs between them is decided here and nowhere else.

/// MySQL, or what forked from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flavor {
    MySql,
    MariaDb,
}

/// Product and version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) flavor: Flavor,
    pub(super) version: (u32, u32, u32),
}

impl Flavor {
    /// As URLs and reports name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::MySql => "mysql",
            Self::MariaDb => "mariadb",
        }
    }
}

impl Server {
    /// Tells the product by its own words, never by a number: MySQL's have overtaken MariaDB's more than once.
    pub(super) fn of(version: &str, comment: &str) -> Option<Self> {
        let is_mariadb = |text: &str| text.to_ascii_lowercase().contains("mariadb");
        let flavor = if is_mariadb(version) || is_mariadb(comment) {
            Flavor::MariaDb
        } else {
            Flavor::MySql
        };
        // MariaDB can be told to put this before its version, for clients that look at the number.
        let version = match flavor {
            Flavor::MariaDb => version.strip_prefix("5.5.5-").unwrap_or(version),
            Flavor::MySql => version,
        };
        let mut numbers = version
            .split(|letter: char| !(letter.is_ascii_digit() || letter == '.'))
            .next()?
            .split('.')
            .map(str::parse);
        let major = numbers.next()?.ok()?;
        let mut next = || numbers.next().and_then(Result::ok).unwrap_or(0);
        Some(Self {
            flavor,
            version: (major, next(), next()),
        })
    }

    /// Whether it is MySQL of at least this version.
    pub(super) fn is_mysql_from(self, version: (u32, u32, u32)) -> bool {
        self.flavor == Flavor::MySql && self.version >= version
    }

    /// The oldest of its kind that can be audited, if this one is older.
    pub(super) fn too_old(self) -> Option<&'static str> {
        let (oldest, name) = match self.flavor {
            Flavor::MySql => ((5, 6, 5), "MySQL 5.6"),
            Flavor::MariaDb => ((10, 2, 0), "MariaDB 10.2"),
        };
        (self.version < oldest).then_some(name)
    }

    /// `MySQL 9.7.4`.
    pub(super) fn display(self) -> String {
        let product = match self.flavor {
            Flavor::MySql => "MySQL",
            Flavor::MariaDb => "MariaDB",
        };
        let (major, minor, patch) = self.version;
        format!("{product} {major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(version: &str, comment: &str, expected: Option<&str>) {
        let found = Server::of(version, comment).map(Server::display);
        assert_eq!(found.as_deref(), expected, "{version} {comment}");
    }

    #[test]
    fn products_are_told_by_their_words() {
        check("9.7.4-2", "(Debian)", Some("MySQL 9.7.4"));
        check("26.7", "MySQL Community Server", Some("MySQL 26.7.0"));
        check("8.0.36-28", "Percona Server (GPL)", Some("MySQL 8.0.36"));
        check("10.11.18-MariaDB-0+deb12u1", "Debian 12", Some("MariaDB 10.11.18"));
        check("5.5.5-10.4.7-MARIADB-log", "", Some("MariaDB 10.4.7"));
        check("11.8.2", "mariadb.org binary distribution", Some("MariaDB 11.8.2"));
        check("unknown", "", None);
        check("", "", None);
    }

    #[test]
    fn old_servers_are_told() {
        let old = |version: &str| Server::of(version, "").and_then(Server::too_old);
        assert_eq!(old("5.5.62"), Some("MySQL 5.6"));
        assert_eq!(old("5.6.24"), None);
        assert_eq!(old("10.1.48-MariaDB"), Some("MariaDB 10.2"));
        assert_eq!(old("10.2.44-MariaDB"), None);
    }
}
