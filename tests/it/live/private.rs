//! A server of one test's own, for tests that kill, freeze or configure it.

use std::net::{TcpListener, TcpStream};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::server::{Engine, Family, Server, programs};

/// A server that only this test uses. It is killed, and its folder removed, when this is dropped.
#[derive(Debug)]
pub(crate) struct PrivateServer {
    server: Server,
    process: Mutex<Child>,
    instance: PathBuf,
    _folder: tempfile::TempDir,
}

impl Deref for PrivateServer {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl Server {
    /// Starts a server from the template that `tests/run` has made, with options in the server's own form.
    pub(crate) fn private(engine: Engine, options: &[&str]) -> PrivateServer {
        // Sockets have short paths, so the folder has a short name.
        let folder = tempfile::Builder::new().prefix("ra").tempdir().unwrap();
        let instance = folder.path().join("s");
        // PostgreSQL does not run as root, and the user that it runs as has to get here.
        let open_to_all = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open_to_all).unwrap();
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let port = free_port();
            let mut process = spawn(engine, &instance, port, options);
            if wait_until_ready(&mut process, &instance, deadline) {
                let server = Server::new(engine, port, instance.clone());
                return PrivateServer {
                    server,
                    process: Mutex::new(process),
                    instance,
                    _folder: folder,
                };
            }
            // Somebody else may have taken the port.
            let log = std::fs::read_to_string(log_of(&instance)).unwrap_or_default();
            assert!(
                log.to_lowercase().contains("address already in use"),
                "{} does not start:\n{log}",
                engine.name()
            );
        }
    }
}

fn log_of(instance: &Path) -> PathBuf {
    instance.with_extension("log")
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn spawn(engine: Engine, instance: &Path, port: u16, options: &[&str]) -> Child {
    let log = std::fs::File::create(log_of(instance)).unwrap();
    Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers/start"))
        .args([engine.name(), instance.to_str().unwrap(), &port.to_string()])
        .args(options)
        .env("RELAUDIT_TEST_SERVERS", programs())
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// Waits until the server says in its log that it takes connections, or ends. That a connection succeeds says little:
/// PostgreSQL accepts them before it can serve them.
fn wait_until_ready(process: &mut Child, instance: &Path, deadline: Instant) -> bool {
    while process.try_wait().unwrap().is_none() {
        let log = std::fs::read_to_string(log_of(instance)).unwrap();
        if log.contains("ready to accept connections") || log.contains("ready for connections") {
            return true;
        }
        assert!(
            Instant::now() < deadline,
            "the server is not ready after a minute:\n{log}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

impl PrivateServer {
    /// What the server has written to its log.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(log_of(&self.instance)).unwrap()
    }

    /// Kills it, as a power cut would.
    pub(crate) fn kill(&self) {
        self.end(if self.engine().family() == Family::Postgres {
            "QUIT"
        } else {
            "KILL"
        });
    }

    /// Shuts it down while clients are connected: PostgreSQL tells them so, MySQL closes their connections.
    pub(crate) fn shut_down(&self) {
        self.end(if self.engine().family() == Family::Postgres {
            "INT"
        } else {
            "TERM"
        });
    }

    fn end(&self, signal: &str) {
        let mut process = self.process.lock().unwrap();
        if process.try_wait().unwrap().is_none() {
            send_signal(process.id(), signal);
            process.wait().unwrap();
        }
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends a signal: by the shell, because the standard library can only kill.
pub(crate) fn send_signal(process: u32, name: &str) {
    let sent = Command::new("sh")
        .args(["-c", &format!("kill -{name} {process}")])
        .status()
        .unwrap();
    assert!(sent.success(), "cannot send {name} to {process}");
}

#[test]
fn a_private_server_starts_with_its_options_and_is_killed() {
    for (engine, option, query) in [
        (Engine::Postgres18, "-cmax_connections=17", "SHOW max_connections"),
        (Engine::Mysql97, "--max-connections=17", "SELECT @@max_connections"),
    ] {
        let server = Server::private(engine, &[option]);
        assert_eq!(server.rows(query), [[Some("17".to_owned())]]);
        server.kill();
        assert!(
            TcpStream::connect(("127.0.0.1", server.port())).is_err(),
            "{engine:?} still listens"
        );
    }
}
