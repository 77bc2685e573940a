//! Runs the program as its users do, in an environment that has nothing of the machine's.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::live::private::send_signal;
use crate::live::server::{PASSWORD, PASSWORD_IN_URL};

/// After this long, a run counts as hanging.
const DEADLINE: Duration = Duration::from_mins(1);

/// A run of the program that is being put together. The working directory and home are an empty folder of its own.
#[derive(Debug)]
pub(crate) struct Run {
    command: Command,
    home: tempfile::TempDir,
    input: Vec<u8>,
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// `None`: a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A run that goes on.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    output: mpsc::Receiver<(Vec<u8>, Vec<u8>)>,
    _home: tempfile::TempDir,
}

/// Runs the program with these arguments to its end.
pub(crate) fn relaudit<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Outcome {
    Run::new(arguments).finish()
}

impl Run {
    pub(crate) fn new<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_relaudit"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", home.path())
            .current_dir(home.path());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        Self {
            command,
            home,
            input: Vec::new(),
        }
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn input(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.input = text.into();
        self
    }

    /// The working directory, which is home too.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Puts a file into the working directory, which is home too.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.home().join(name), text).unwrap();
        self
    }

    pub(crate) fn start(mut self) -> Running {
        let piped = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let (mut stdin, stdout, stderr) = (
            child.stdin.take().unwrap(),
            child.stdout.take().unwrap(),
            child.stderr.take().unwrap(),
        );
        // The program may end before it has read all of it.
        std::thread::spawn(move || stdin.write_all(&self.input));
        let (done, output) = mpsc::channel();
        std::thread::spawn(move || {
            let errors = std::thread::spawn(move || read_all(stderr));
            let _ = done.send((read_all(stdout), errors.join().unwrap()));
        });
        Running {
            child,
            output,
            _home: self.home,
        }
    }

    pub(crate) fn finish(self) -> Outcome {
        self.start().finish()
    }
}

fn read_all(mut from: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).unwrap();
    bytes
}

impl Running {
    /// What Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        send_signal(self.child.id(), "INT");
    }

    /// Waits for its end. A run that hangs is killed, and the test fails.
    pub(crate) fn finish(mut self) -> Outcome {
        let Ok((stdout, stderr)) = self.output.recv_timeout(DEADLINE) else {
            self.child.kill().unwrap();
            let output = self.output.recv();
            panic!("relaudit hangs: it has not ended in {DEADLINE:?}, and said {output:?}");
        };
        let outcome = Outcome {
            code: self.child.wait().unwrap().code(),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        };
        assert!(!outcome.stderr.contains("panicked at"), "{}", outcome.stderr);
        for output in [&outcome.stdout, &outcome.stderr] {
            assert!(
                ![PASSWORD, PASSWORD_IN_URL]
                    .iter()
                    .any(|password| output.contains(password)),
                "{output}"
            );
        }
        outcome
    }
}

impl Running {
    /// The same, with the greatest memory that the program had, in MB. The system must tell it in `/proc`.
    pub(crate) fn finish_watched(self) -> (Outcome, u64) {
        let status = format!("/proc/{}/status", self.child.id());
        let watch = std::thread::spawn(move || {
            let mut peak = 0;
            // A process that has ended has no memory, and no such line.
            while let Some(now) = greatest_memory(&status) {
                peak = peak.max(now);
                std::thread::sleep(Duration::from_millis(2));
            }
            peak
        });
        let outcome = self.finish();
        (outcome, watch.join().unwrap() / 1000)
    }
}

/// `VmHWM` of proc(5), in KiB.
fn greatest_memory(status: &str) -> Option<u64> {
    let status = std::fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Outcome {
    /// The report of a run with `--format json`.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON ({error}), exit {:?}, stderr: {}", self.code, self.stderr))
    }
}
