//! What the other tests rely on holds of the servers.

use std::process::Command;

use super::server::{Engine, Family, PASSWORD, PASSWORD_IN_URL, Server, load, mariadb, mysql56, mysql97, postgres};

#[test]
fn servers_are_the_versions_that_they_are_called() {
    for version in [18, 14] {
        let answer = postgres(version).rows("SHOW server_version_num").remove(0).remove(0);
        assert!(answer.unwrap().starts_with(&version.to_string()));
    }
    for (server, start) in [(mysql97(), "9."), (mysql56(), "5.6."), (mariadb(), "10.11.")] {
        let answer = server.rows("SELECT version()").remove(0).remove(0).unwrap();
        assert!(answer.starts_with(start), "{answer}");
        assert_eq!(server.engine().version().to_string(), start.split('.').next().unwrap());
    }
}

#[test]
fn pw_user_needs_the_password_on_postgres() {
    let server = postgres(18);
    let database = server.database("");
    assert_eq!(database.server().port(), server.port());
    let connect = |url: &str| postgres::Client::connect(url, postgres::NoTls).map(drop);
    assert!(connect(&database.url_as("pw_user", None)).is_err());
    assert!(connect(&database.url_as("pw_user", Some("wrong"))).is_err());
    connect(&database.url_as("pw_user", Some(PASSWORD_IN_URL))).unwrap();
    let socket = postgres::Config::new()
        .host_path(server.socket())
        .port(server.port())
        .user("pw_user")
        .password(PASSWORD)
        .connect(postgres::NoTls);
    assert!(socket.is_err(), "there is a database called pw_user");
    let socket = postgres::Config::new()
        .host_path(server.socket())
        .port(server.port())
        .user("pw_user")
        .password(PASSWORD)
        .dbname("postgres")
        .connect(postgres::NoTls);
    drop(socket.unwrap());
}

#[test]
fn pw_user_needs_the_password_on_mysql() {
    for server in [mysql97(), mysql56(), mariadb()] {
        let options = |password: Option<&str>| {
            mysql::OptsBuilder::new()
                .ip_or_hostname(Some("127.0.0.1"))
                .tcp_port(server.port())
                .user(Some("pw_user"))
                .pass(password)
                .prefer_socket(false)
        };
        assert!(mysql::Conn::new(options(None)).is_err(), "{server:?}");
        assert!(mysql::Conn::new(options(Some("wrong"))).is_err(), "{server:?}");
        mysql::Conn::new(options(Some(PASSWORD))).unwrap();
        mysql::Conn::new(
            options(Some(PASSWORD))
                .socket(server.socket().to_str())
                .prefer_socket(true),
        )
        .unwrap();
    }
}

#[test]
fn servers_with_tls_are_known_as_localhost() {
    for engine in Engine::all() {
        let protocol = match engine {
            Engine::Sqlite | Engine::Mysql56 => continue,
            _ if engine.family() == Family::Postgres => "postgres",
            _ => "mysql",
        };
        let server = engine.server();
        let authority = Server::certificate_authority();
        let verify = |name: &str| {
            let output = Command::new("openssl")
                .args([
                    "s_client",
                    "-brief",
                    "-verify_return_error",
                    "-verify_hostname",
                    name,
                    "-CAfile",
                ])
                .arg(&authority)
                .args([
                    "-starttls",
                    protocol,
                    "-connect",
                    &format!("127.0.0.1:{}", server.port()),
                ])
                .stdin(std::process::Stdio::null())
                .output()
                .unwrap();
            (
                output.status.success(),
                String::from_utf8_lossy(&output.stderr).into_owned(),
            )
        };
        let (verified, said) = verify("localhost");
        assert!(verified, "{engine:?}: {said}");
        assert!(!verify("elsewhere.example").0, "{engine:?} proves to be anybody");
    }
}

#[test]
fn sqlite_files_hold_what_foreign_keys_forbid() {
    let loaded = load(
        Engine::Sqlite,
        "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a_id INTEGER REFERENCES a); INSERT INTO b VALUES (1);",
    );
    let orphans: i64 = rusqlite::Connection::open(loaded.source())
        .unwrap()
        .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(orphans, 1);
}
