//! A database in its server's own words: what pg_dump, mysqldump, mariadb-dump and the sqlite3 shell write.

use std::path::Path;
use std::process::Command;

/// Runs the program that dumps databases of the kind that `url` names: `postgres://`, `mysql://`, `mariadb://`, or the
/// path of a SQLite database. `options` are the program's own.
pub(crate) fn dump(program: &Path, url: &str, options: &[&str]) -> Result<String, String> {
    let mut command = Command::new(program);
    // A person's own settings are none of the test's.
    command.env_remove("PGOPTIONS").env("HOME", "/nonexistent");
    if url.starts_with("postgres") {
        command.args(options).arg(format!("--dbname={url}"));
    } else if let Some((scheme, _)) = url.split_once("://") {
        let server = url.replacen(scheme, "mysql", 1);
        let server = mysql::Opts::from_url(&server).map_err(|error| error.to_string())?;
        command.args(["--no-defaults", "--protocol=tcp"]);
        command.args(if scheme == "mariadb" {
            ["--skip-ssl"]
        } else {
            ["--ssl-mode=DISABLED"]
        });
        command.arg(format!("--host={}", server.get_ip_or_hostname()));
        command.arg(format!("--port={}", server.get_tcp_port()));
        command.arg(format!("--user={}", server.get_user().unwrap_or("root")));
        command.args(options).args(server.get_db_name());
    } else {
        command.args(options).args([url, ".dump"]);
    }
    let output = command
        .output()
        .map_err(|error| format!("running {}: {error}", program.display()))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    // Dumps may hold bytes that are no text.
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What makes each product's program leave out the rows.
pub(crate) fn without_rows(url: &str) -> &'static [&'static str] {
    if url.starts_with("postgres") {
        &["--schema-only"]
    } else if url.contains("://") {
        &["--no-data"]
    } else {
        &[]
    }
}
