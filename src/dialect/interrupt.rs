//! What to do on the servers when the user interrupts: every open session registers how its running statement is
//! cancelled.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

type Cancel = Box<dyn Fn() + Send>;

static NEXT: AtomicU64 = AtomicU64::new(0);
static FIRED: AtomicBool = AtomicBool::new(false);
static SESSIONS: Mutex<Vec<(u64, Cancel)>> = Mutex::new(Vec::new());

/// Keeps a session registered; dropping it removes the session.
#[derive(Debug)]
#[must_use = "dropping it removes the session from those that an interrupt cancels"]
pub struct Registration(u64);

/// Registers how a session's running statement is cancelled. `cancel` is called from another thread, at most once.
pub fn register(cancel: impl Fn() + Send + 'static) -> Registration {
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    SESSIONS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push((id, Box::new(cancel)));
    Registration(id)
}

impl Drop for Registration {
    fn drop(&mut self) {
        SESSIONS
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|(id, _)| *id != self.0);
    }
}

/// Whether the user has interrupted.
pub fn fired() -> bool {
    FIRED.load(Ordering::Relaxed)
}

/// Cancels every running statement on its server.
pub fn fire() {
    FIRED.store(true, Ordering::Relaxed);
    let sessions = std::mem::take(&mut *SESSIONS.lock().unwrap_or_else(PoisonError::into_inner));
    for (_, cancel) in sessions {
        cancel();
    }
}
