//! The engines' own clients, which `tests/servers/install` brings, and what their dump programs say of a database.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::live::server::{Engine, Family, Loaded, programs};
use crate::server_dump::dump;

/// Runs a script with the engine's own client as its manual says, and nothing that makes it more careful.
pub(crate) fn run(engine: Engine, database: &Loaded, script: &Path) -> Result<String, String> {
    run_on(engine, &database.source(), script)
}

/// Runs scripts one behind the other, in one session: a plan as it is printed without `--out`.
pub(crate) fn run_all(engine: Engine, database: &Loaded, scripts: &[PathBuf]) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.sql");
    let texts = scripts.iter().map(|script| std::fs::read_to_string(script).unwrap());
    std::fs::write(&whole, texts.collect::<Vec<_>>().join("\n")).unwrap();
    run(engine, database, &whole).map(drop)
}

/// The same on a database by its address.
pub(crate) fn run_on(engine: Engine, source: &str, script: &Path) -> Result<String, String> {
    run_command(command(engine, source), script)
}

/// The same with this client.
pub(crate) fn run_command(mut command: Command, script: &Path) -> Result<String, String> {
    let output = command
        .stdin(Stdio::from(File::open(script).unwrap()))
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    if output.status.success() {
        Ok(said)
    } else {
        Err(format!("{}: {said}", script.display()))
    }
}

pub(crate) fn command(engine: Engine, source: &str) -> Command {
    let mut command = Command::new(program(engine));
    command.env_remove("PGOPTIONS").env("HOME", "/nonexistent");
    match engine.family() {
        Family::Postgres => command.args(["--no-psqlrc", "--quiet", "--file=-", &format!("--dbname={source}")]),
        Family::Sqlite => command.args(["-batch", source]),
        family @ (Family::Mysql | Family::MariaDb) => {
            let (scheme, _) = source.split_once("://").unwrap();
            let address = mysql::Opts::from_url(&source.replacen(scheme, "mysql", 1)).unwrap();
            let tls = if family == Family::MariaDb {
                "--skip-ssl"
            } else {
                "--ssl-mode=DISABLED"
            };
            command.args(["--no-defaults", "--protocol=tcp", tls, "--batch"]);
            command.arg(format!("--host={}", address.get_ip_or_hostname()));
            command.arg(format!("--port={}", address.get_tcp_port()));
            command.arg(format!("--user={}", address.get_user().unwrap_or("root")));
            command.args(address.get_db_name())
        }
    };
    command
}

fn program(engine: Engine) -> PathBuf {
    let program = match engine.family() {
        Family::Postgres => "clients/x/psql".to_owned(),
        Family::Sqlite => "clients/x/sqlite3".to_owned(),
        Family::Mysql => "mysql97/x/mysql".to_owned(),
        Family::MariaDb => format!("{}-client/x/mariadb", engine.name()),
    };
    programs().join(program)
}

/// The engines of this run that a client is there for: the one of MySQL 9.7 cannot log in to 5.6, since it has no
/// mysql_native_password.
pub(crate) fn engines() -> impl Iterator<Item = Engine> {
    Engine::all().into_iter().filter(|engine| *engine != Engine::Mysql56)
}

/// Schema and rows in the words of the engine's dump program, a line each in an order of their own: rows that were
/// taken out and put back stand elsewhere in the table.
pub(crate) fn state(engine: Engine, database: &Loaded) -> Vec<String> {
    let options: &[&str] = match engine.family() {
        Family::Postgres | Family::Sqlite => &[],
        Family::Mysql | Family::MariaDb => &["--skip-extended-insert", "--compact", "--skip-opt", "--create-options"],
    };
    let text = dump(&engine.dump_program(), &database.source(), options).unwrap();
    let mut lines: Vec<String> = text
        .lines()
        .filter(|line| !line.starts_with("--") && !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"))
        .filter(|line| !line.is_empty())
        // The last line of a table has no comma, and which one is last can change.
        .map(|line| line.trim_end_matches(',').to_owned())
        // MariaDB writes out what is the default where a foreign key was added in place.
        .map(|line| {
            line.replace(" ON DELETE NO ACTION", "")
                .replace(" ON UPDATE NO ACTION", "")
        })
        .collect();
    lines.sort();
    lines
}
