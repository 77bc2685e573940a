//! What surrounds a connection: variables, the service file, the user and the home folder. Fills what the address
//! leaves open, in libpq's order: address, service file, variables (PostgreSQL manual, 34.15 and 34.17).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::address::{KEYWORDS, Parameters};

/// Where the socket may be: what Debian, Fedora and most images compile in, then PostgreSQL's own default.
const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// What a variable is set to.
type Variables = dyn Fn(&str) -> Option<String>;

/// The surroundings of the process. Everything is handed in, so that tests need not touch the real ones.
pub(super) struct Environment {
    variable: Box<Variables>,
    /// The name the operating system knows the user by.
    pub(super) user: Option<String>,
    /// Where `.pgpass` and `.postgresql` are.
    pub(super) home: Option<PathBuf>,
    /// The folders in which a server's socket is looked for when no host is given.
    pub(super) socket_folders: Vec<PathBuf>,
}

impl Environment {
    /// The real one.
    pub(super) fn of_process() -> Self {
        Self {
            // An unset variable and an empty one are the same to libpq's own defaults.
            variable: Box::new(|name| std::env::var(name).ok().filter(|value| !value.is_empty())),
            user: whoami::username().ok(),
            home: std::env::home_dir(),
            socket_folders: SOCKET_FOLDERS.map(PathBuf::from).to_vec(),
        }
    }

    #[cfg(test)]
    pub(super) fn of_test(variables: &[(&str, &str)], home: Option<&Path>) -> Self {
        let variables: std::collections::BTreeMap<String, String> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Self {
            variable: Box::new(move |name| variables.get(name).cloned()),
            user: Some("os_user".to_owned()),
            home: home.map(Path::to_path_buf),
            socket_folders: Vec::new(),
        }
    }

    /// Fills what the address leaves open.
    ///
    /// # Errors
    ///
    /// One sentence: the service is not to be found, or its file cannot be understood.
    pub(super) fn complete(&self, mut parameters: Parameters) -> Result<Parameters, String> {
        let mut variables = Parameters::default();
        for (keyword, variable) in KEYWORDS {
            if let Some(value) = variable.and_then(|variable| (self.variable)(variable)) {
                variables.set(keyword, value)?;
            }
        }
        let service = parameters
            .value("service")
            .or_else(|| variables.value("service").filter(|_| !parameters.contains("service")))
            .map(str::to_owned);
        if let Some(service) = service {
            let file = parameters
                .value("servicefile")
                .or_else(|| variables.value("servicefile"));
            let file = file.map(PathBuf::from);
            parameters.fill_from(self.read_service(&service, file)?);
        }
        parameters.fill_from(variables);
        Ok(parameters)
    }

    /// A file in libpq's folder of the user: `~/.postgresql/root.crt`, on Windows `%APPDATA%\postgresql\root.crt`.
    pub(super) fn user_file(&self, name: &str) -> Option<PathBuf> {
        if cfg!(windows) {
            Some(self.windows_folder()?.join(name))
        } else {
            Some(self.home.as_ref()?.join(".postgresql").join(name))
        }
    }

    /// The password file where none is named.
    pub(super) fn default_passfile(&self) -> Option<PathBuf> {
        if cfg!(windows) {
            Some(self.windows_folder()?.join("pgpass.conf"))
        } else {
            Some(self.home.as_ref()?.join(".pgpass"))
        }
    }

    fn windows_folder(&self) -> Option<PathBuf> {
        Some(PathBuf::from((self.variable)("APPDATA")?).join("postgresql"))
    }

    fn read_service(&self, service: &str, file: Option<PathBuf>) -> Result<Parameters, String> {
        let named = file.is_some();
        let own = file.or_else(|| {
            if cfg!(windows) {
                Some(self.windows_folder()?.join(".pg_service.conf"))
            } else {
                Some(self.home.as_ref()?.join(".pg_service.conf"))
            }
        });
        let shared = (self.variable)("PGSYSCONFDIR").map(|folder| Path::new(&folder).join("pg_service.conf"));
        let mut looked_in = Vec::new();
        for (file, must_exist) in [(own, named), (shared, false)] {
            let Some(file) = file else { continue };
            looked_in.push(file.display().to_string());
            match fs::read_to_string(&file) {
                Ok(text) => {
                    if let Some(parameters) = find_service(&text, service)
                        .map_err(|reason| format!("the service file {}, {reason}", file.display()))?
                    {
                        return Ok(parameters);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound && !must_exist => {}
                Err(error) => return Err(format!("the service file {} cannot be read: {error}", file.display())),
            }
        }
        Err(format!(
            "there is no service `{service}` in {}: add it there, or set PGSERVICEFILE",
            looked_in.join(" or ")
        ))
    }
}

/// The parameters under `[service]`, if the file has that group.
fn find_service(text: &str, service: &str) -> Result<Option<Parameters>, String> {
    let mut found: Option<Parameters> = None;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        let at = at + 1;
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            if found.is_some() {
                break;
            }
            if name == service {
                found = Some(Parameters::default());
            }
            continue;
        }
        let Some(parameters) = &mut found else { continue };
        if line.starts_with("ldap:") {
            return Err(format!(
                "line {at}: LDAP look-ups are not supported; write the parameters out"
            ));
        }
        let (keyword, value) = line
            .split_once('=')
            .ok_or_else(|| format!("line {at}: it is no keyword=value"))?;
        let keyword = keyword.trim();
        if keyword == "service" || keyword == "servicefile" {
            return Err(format!("line {at}: a service cannot refer to another"));
        }
        // The first of two lines counts, as for libpq.
        if !parameters.contains(keyword) {
            parameters
                .set(keyword, value.trim().to_owned())
                .map_err(|reason| format!("line {at}: {reason}"))?;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use secrecy::ExposeSecret;

    use super::super::address::parse;
    use super::{Environment, find_service};

    const SERVICES: &str = "# ours\n[other]\nhost=wrong\n\n[shop]\nhost=service_host\nport=7\npassword = from service\n\
                            host=second\n[last]\nnonsense\n";

    #[test]
    fn address_then_service_then_variables() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("services");
        fs::write(&file, SERVICES).expect("written");
        let path = file.display().to_string();
        let environment = Environment::of_test(
            &[
                ("PGSERVICEFILE", &path),
                ("PGHOST", "variable_host"),
                ("PGPORT", "8"),
                ("PGUSER", "variable_user"),
                ("PGPASSWORD", "from variable"),
            ],
            None,
        );
        let complete = |address: &str| environment.complete(parse(address).expect("valid")).expect("complete");

        let plain = complete("host=mine");
        assert_eq!(plain.value("host"), Some("mine"));
        assert_eq!(plain.value("port"), Some("8"));
        assert_eq!(plain.password.expect("set").expose_secret(), "from variable");

        let by_service = complete("service=shop user=ann");
        assert_eq!(by_service.value("host"), Some("service_host"));
        assert_eq!(by_service.value("port"), Some("7"));
        assert_eq!(by_service.value("user"), Some("ann"));
        assert_eq!(by_service.password.expect("set").expose_secret(), "from service");

        // An empty value hides the variable: the default is meant.
        assert_eq!(complete("host=").value("host"), None);
    }

    #[test]
    fn services_in_the_home_folder_and_the_shared_one() {
        let home = tempfile::tempdir().expect("a folder");
        let shared = tempfile::tempdir().expect("a folder");
        fs::write(home.path().join(".pg_service.conf"), "[mine]\ndbname=d1\n").expect("written");
        fs::write(shared.path().join("pg_service.conf"), "[ours]\ndbname=d2\n").expect("written");
        let folder = shared.path().display().to_string();
        let dbname = |service: &str| {
            let variables = [("PGSYSCONFDIR", folder.as_str()), ("PGSERVICE", service)];
            let environment = Environment::of_test(&variables, Some(home.path()));
            let complete = environment.complete(parse("postgres://").expect("valid"))?;
            Ok::<_, String>(complete.value("dbname").map(str::to_owned))
        };
        assert_eq!(dbname("mine"), Ok(Some("d1".to_owned())));
        assert_eq!(dbname("ours"), Ok(Some("d2".to_owned())));
        let reason = dbname("nobodys").expect_err("missing");
        assert!(reason.contains("`nobodys`"), "{reason}");
    }

    #[test]
    fn faults_in_a_service_name_the_line() {
        let fault = |text| find_service(text, "s").expect_err("a fault");
        assert!(fault("[s]\n\npool=3").contains("line 3: there is no connection parameter `pool`"));
        assert!(fault("[s]\nsecret").starts_with("line 2"));
        assert!(fault("[s]\nservice=t").contains("another"));
        assert!(find_service("[t]\npool=3", "s").expect("fine").is_none());
    }
}
