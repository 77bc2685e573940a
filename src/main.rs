//! Parse, run, print an error, exit code.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use relaudit::cli::Cli;
use relaudit::{command, dialect};

/// Reading a schema makes many small things, and drops most of them soon.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The exit code of a process that an interrupt ended: 128 + SIGINT.
const INTERRUPTED: i32 = 130;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let handler = ctrlc::set_handler(interrupted);
    let result = handler
        .map_err(|error| anyhow::Error::new(error).context("cannot set up the handling of Ctrl-C"))
        .and_then(|()| command::run(&cli));
    while dialect::interrupt::fired() {
        // The handler's thread ends the process, with its own exit code.
        std::thread::park();
    }
    match result {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            // Nothing is left to tell if standard error is closed.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Cancels what runs on the servers, and ends the process. A server that does not answer cannot hold it up.
#[expect(clippy::exit, reason = "an interrupt ends the process from the handler's thread")]
fn interrupted() {
    let (done, cancelled) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        dialect::interrupt::fire();
        // The receiver is gone where the time was up.
        let _ = done.send(());
    });
    let _ = cancelled.recv_timeout(Duration::from_secs(3));
    let _ = writeln!(
        std::io::stderr(),
        "\ninterrupted: statements that ran on servers were cancelled"
    );
    std::process::exit(INTERRUPTED);
}
