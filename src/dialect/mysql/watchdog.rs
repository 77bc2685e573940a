//! A statement timeout for servers that have none: MySQL before 5.7.8.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Cancels the statement that runs too long. One thread, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Watchdog {
    shared: Arc<Shared>,
    timeout: Duration,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    bit: AtomicBool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Watching(Instant),
    Ended,
}

impl Watchdog {
    /// Starts it. `cancel` is called from its thread, and not while no statement runs.
    pub(super) fn start(timeout: Duration, cancel: impl Fn() + Send + 'static) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State::Idle),
            changed: Condvar::new(),
            bit: AtomicBool::new(false),
        });
        let watched = Arc::clone(&shared);
        thread::Builder::new()
            .name("mysql-watchdog".to_owned())
            .spawn(move || watched.watch(&cancel))?;
        Ok(Self { shared, timeout })
    }

    /// Runs a statement under its eyes. The second value tells whether it was cancelled.
    pub(super) fn during<T>(&self, statement: impl FnOnce() -> T) -> (T, bool) {
        self.shared.bit.store(false, Ordering::Relaxed);
        // A timeout too long for the clock is none.
        if let Some(deadline) = Instant::now().checked_add(self.timeout) {
            self.shared.become_(State::Watching(deadline));
        }
        let outcome = statement();
        self.shared.become_(State::Idle);
        (outcome, self.shared.bit.load(Ordering::Relaxed))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.shared.become_(State::Ended);
    }
}

impl Shared {
    fn become_(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
        self.changed.notify_all();
    }

    fn watch(&self, cancel: &dyn Fn()) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match *state {
                State::Ended => return,
                State::Idle => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                State::Watching(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        self.bit.store(true, Ordering::Relaxed);
                        // The lock is kept meanwhile, so that the session cannot go on to a next statement, which the
                        // cancellation would then hit.
                        cancel();
                        *state = State::Idle;
                    } else {
                        state = self
                            .changed
                            .wait_timeout(state, left)
                            .unwrap_or_else(PoisonError::into_inner)
                            .0;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_long_statement_is_cancelled() -> std::io::Result<()> {
        let (sender, receiver) = mpsc::channel();
        let watchdog = Watchdog::start(Duration::from_millis(1), move || {
            let _ = sender.send(());
        })?;
        let (cancelled, bitten) = watchdog.during(|| receiver.recv_timeout(Duration::from_secs(10)).is_ok());
        assert!(cancelled && bitten);
        Ok(())
    }

    #[test]
    fn short_statements_are_not() -> std::io::Result<()> {
        let (sender, receiver) = mpsc::channel();
        let watchdog = Watchdog::start(Duration::from_hours(1), move || {
            let _ = sender.send(());
        })?;
        for _ in 0..3 {
            assert_eq!(watchdog.during(|| 7), (7, false));
        }
        drop(watchdog);
        // The thread has ended, and its closure with it, without ever having been called.
        assert_eq!(receiver.recv(), Err(mpsc::RecvError));
        Ok(())
    }
}
