//! How servers are reached, and what is said where they are not.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use super::fault_proxy::{Fault, FaultProxy};
use super::reports::{assert_refused, audit, family};
use super::server::{Engine, Family, PASSWORD, PASSWORD_IN_URL, Server, mysql56, postgres};
use crate::run::Run;

const SERVERS: [Engine; 5] = [
    Engine::Postgres18,
    Engine::Postgres14,
    Engine::Mysql97,
    Engine::Mysql56,
    Engine::MariaDb,
];

#[test]
fn a_wrong_password_is_refused() {
    for engine in SERVERS {
        let database = engine.server().database("");
        let outcome = audit(&database.url_as("pw_user", Some("wrong-secret"))).finish();
        assert_refused(&outcome, &["pw_user"]);
        assert!(!outcome.stderr.contains("wrong-secret"), "{}", outcome.stderr);
        assert_refused(&audit(&database.url_as("pw_user", None)).finish(), &["pw_user"]);
    }
}

#[test]
fn a_missing_database_is_named() {
    for engine in SERVERS {
        assert_refused(&audit(&engine.server().url("nowhere")).finish(), &["nowhere"]);
    }
}

#[test]
fn a_closed_port_is_named() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for engine in SERVERS {
        let outcome = audit(&engine.server().url_through(port, "shop")).finish();
        assert_refused(&outcome, &["127.0.0.1"]);
    }
}

#[test]
fn a_connection_that_is_reset_is_refused() {
    for engine in SERVERS {
        let proxy = FaultProxy::start(engine.server().port());
        proxy.set(Fault::Refuse);
        assert_refused(
            &audit(&engine.server().url_through(proxy.port(), "shop")).finish(),
            &["127.0.0.1"],
        );
    }
}

#[test]
fn something_else_that_listens_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let _ = std::io::Write::write_all(&mut client.unwrap(), b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    for engine in SERVERS {
        let outcome = audit(&engine.server().url_through(port, "shop"))
            .args(["--connect-timeout", "3s"])
            .finish();
        assert_refused(&outcome, &["127.0.0.1"]);
    }
}

#[test]
fn addresses_that_make_no_sense_are_refused() {
    for address in [
        "postgres://",
        "postgres://user:hidden-secret@host:port/db",
        "postgres://user:hidden-secret@[::1/db",
        "postgres://user:hidden-secret@host/db?sslmode=perhaps",
        "postgres://user:hidden-secret@host/db?colour=blue",
        "host=localhost password='hidden-secret",
        "mysql://user:hidden-secret@host:port/db",
        "mysql://user:hidden-secret@host/db?ssl-mode=perhaps",
        "mysql://user:hidden-secret@host/db?colour=blue",
        "oracle://user:hidden-secret@host/db",
        "no-such-file.db",
        "",
    ] {
        let outcome = audit(address).args(["--connect-timeout", "1s"]).finish();
        assert_refused(&outcome, &[]);
        assert!(!outcome.stderr.contains("hidden-secret"), "{}", outcome.stderr);
    }
}

#[test]
fn no_source_at_all_is_refused() {
    let outcome = Run::new(["audit"]).finish();
    assert_eq!(outcome.code, Some(2), "{outcome:?}");
    assert!(outcome.stderr.contains("DATABASE_URL"), "{}", outcome.stderr);
}

#[test]
fn the_password_shows_nowhere() {
    for engine in SERVERS {
        let database = engine.server().database(&family(1));
        let name = database.name();
        match engine.family() {
            Family::Postgres => database.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO pw_user"),
            _ => database.execute(&format!("GRANT SELECT ON {name}.* TO 'pw_user'@'%'")),
        }
        let url = database.url_as("pw_user", Some(PASSWORD_IN_URL));
        for format in ["json", "table"] {
            // Every run looks for the password in what is printed.
            let outcome = Run::new(["audit", &url, "-v", "--format", format]).finish();
            assert_eq!(outcome.code, Some(0), "{engine:?}: {}", outcome.stderr);
        }
        let outcome = Run::new(["audit", "--format", "json"])
            .env("DATABASE_URL", &url)
            .finish();
        assert_eq!(outcome.code, Some(0), "{engine:?}: {}", outcome.stderr);
        assert!(
            outcome.json()["sources"][0]["name"].as_str().unwrap().contains(name),
            "{}",
            outcome.stdout
        );
    }
}

#[test]
fn libpq_variables_and_password_files_are_read() {
    let server = postgres(18);
    let database = server.database(&family(1));
    database.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO pw_user");
    let port = server.port().to_string();
    let run = |source: &str| {
        audit(source)
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", &port)
            .env("PGUSER", "pw_user")
    };
    let source = format!("dbname={}", database.name());
    assert_eq!(run(&source).env("PGPASSWORD", PASSWORD).finish().code, Some(0));
    assert_refused(&run(&source).env("PGPASSWORD", "other").finish(), &["pw_user"]);

    let line = format!("127.0.0.1:{port}:*:pw_user:{}\n", PASSWORD.replace(':', "\\:"));
    let with_file = |mode| {
        let run = run(&source).file(".pgpass", &line);
        fs::set_permissions(run.home().join(".pgpass"), fs::Permissions::from_mode(mode)).unwrap();
        run.finish()
    };
    assert_eq!(with_file(0o600).code, Some(0));
    // libpq takes no password from a file that others can read.
    assert_refused(&with_file(0o644), &["chmod 600"]);

    let service = format!(
        "[shop]\nhost=127.0.0.1\nport={port}\nuser=pw_user\ndbname={}\n",
        database.name()
    );
    let outcome = audit("service=shop")
        .file(".pg_service.conf", &service)
        .env("PGPASSWORD", PASSWORD)
        .finish();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
}

#[test]
fn mysql_option_files_are_read() {
    for engine in [Engine::Mysql97, Engine::Mysql56, Engine::MariaDb] {
        let database = engine.server().database(&family(1));
        database.execute(&format!("GRANT SELECT ON {}.* TO 'pw_user'@'%'", database.name()));
        let options = format!(
            "[client]\nuser=pw_user\npassword=\"{PASSWORD}\"\nhost=127.0.0.1\nport={}\n",
            engine.server().port()
        );
        let run = audit(&format!("mysql:///{}", database.name())).file(".my.cnf", &options);
        fs::set_permissions(run.home().join(".my.cnf"), fs::Permissions::from_mode(0o600)).unwrap();
        let outcome = run.finish();
        assert_eq!(outcome.code, Some(0), "{engine:?}: {}", outcome.stderr);
    }
}

#[test]
fn sockets_lead_to_servers() {
    for engine in SERVERS {
        let server = engine.server();
        let database = server.database(&family(1));
        let socket = server.socket();
        let source = match engine.family() {
            Family::Postgres => {
                format!(
                    "host={} port={} user=postgres dbname={}",
                    socket.display(),
                    server.port(),
                    database.name()
                )
            }
            _ => format!("mysql://root@localhost/{}?socket={}", database.name(), socket.display()),
        };
        let outcome = audit(&source).finish();
        assert_eq!(outcome.code, Some(0), "{engine:?}: {}", outcome.stderr);
    }
}

#[test]
fn certificates_are_verified_on_postgres() {
    let server = postgres(18);
    let database = server.database(&family(1));
    let authority = Server::certificate_authority();
    let check = |host: &str, parameters: &str| {
        let source = format!(
            "postgres://postgres@{host}:{}/{}?sslrootcert={}&{parameters}",
            server.port(),
            database.name(),
            authority.display()
        );
        audit(&source).finish()
    };
    assert_eq!(check("localhost", "sslmode=verify-full").code, Some(0));
    assert_eq!(check("127.0.0.1", "sslmode=verify-ca").code, Some(0));
    // The certificate names `localhost` only.
    assert_refused(&check("127.0.0.1", "sslmode=verify-full"), &["certificate"]);
    let url = format!("postgres://postgres@localhost:{}/{}", server.port(), database.name());
    // Some authority, but not the one that vouches for the server.
    assert_refused(
        &audit(&format!("{url}?sslmode=verify-full&sslrootcert=system")).finish(),
        &["certificate"],
    );
    assert_eq!(audit(&format!("{url}?sslmode=require")).finish().code, Some(0));
}

#[test]
fn certificates_are_verified_on_mysql() {
    for engine in [Engine::Mysql97, Engine::MariaDb] {
        let server = engine.server();
        let database = server.database(&family(1));
        let authority = Server::certificate_authority();
        let check = |host: &str, mode: &str| {
            let address = format!("mysql://root@{host}:{}/{}", server.port(), database.name());
            audit(&format!("{address}?ssl-mode={mode}&ssl-ca={}", authority.display())).finish()
        };
        assert_eq!(check("127.0.0.1", "VERIFY_CA").code, Some(0), "{engine:?}");
        assert_refused(&check("127.0.0.1", "VERIFY_IDENTITY"), &["certificate"]);
        assert_eq!(check("127.0.0.1", "REQUIRED").code, Some(0), "{engine:?}");
        assert_eq!(check("127.0.0.1", "DISABLED").code, Some(0), "{engine:?}");
    }
    // 5.6 has no TLS here.
    let url = mysql56().url("mysql");
    assert_refused(&audit(&format!("{url}?ssl-mode=REQUIRED")).finish(), &["TLS"]);
}
