//! The workers of one rayon pool, with one read-only session each, take units of work from one queue; results are put back
//! in the order of the units, so that they do not depend on the number of workers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::Progress;
use crate::dialect::{Database, Error, QueryError, QueryFailure, Session, interrupt};

/// Runs one unit. The second value is why the session can no longer be used, if so.
pub(super) type Run<'a, U, F> = dyn Fn(&U, &mut dyn Session) -> (F, Option<QueryError>) + Sync + 'a;

/// Runs all units, in at most `jobs` sessions: what each found, in their order. `None` for those that no session was left
/// for; the error says why.
pub(super) fn work<U: Sync, F: Send>(
    database: &dyn Database,
    units: &[U],
    jobs: usize,
    run: &Run<'_, U, F>,
    progress: &Progress<'_>,
) -> Result<(Vec<Option<F>>, QueryError), Error> {
    let sessions = database.sessions(jobs.min(units.len()).max(1))?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(sessions.len())
        .thread_name(|index| format!("probe-{index}"))
        .build()
        .map_err(|error| Error::Connect {
            source_name: database.info().name.clone(),
            reason: format!("cannot start {} threads: {error}", sessions.len()),
        })?;
    let queue = Queue {
        database,
        units,
        run,
        progress,
        next: AtomicUsize::new(0),
        done: AtomicUsize::new(0),
        found: Mutex::new(units.iter().map(|_| None).collect()),
        lost: Mutex::new(None),
    };
    progress(0, units.len());
    pool.scope(|scope| {
        for session in sessions {
            let queue = &queue;
            scope.spawn(move |_| queue.work(session));
        }
    });
    let lost = queue.lost.into_inner().unwrap_or_else(PoisonError::into_inner);
    let lost = lost.unwrap_or_else(|| QueryError::new(QueryFailure::ConnectionLost, ""));
    Ok((queue.found.into_inner().unwrap_or_else(PoisonError::into_inner), lost))
}

/// What the workers share.
struct Queue<'a, U, F> {
    database: &'a dyn Database,
    units: &'a [U],
    run: &'a Run<'a, U, F>,
    progress: &'a Progress<'a>,
    next: AtomicUsize,
    done: AtomicUsize,
    found: Mutex<Vec<Option<F>>>,
    /// Why the last worker gave up.
    lost: Mutex<Option<QueryError>>,
}

impl<U, F> Queue<'_, U, F> {
    /// Takes units until there are none, or the connection is lost and cannot be replaced.
    fn work(&self, mut session: Box<dyn Session>) {
        while !interrupt::fired() {
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(unit) = self.units.get(at) else { return };
            let (found, lost) = (self.run)(unit, session.as_mut());
            if let Some(slot) = self.found.lock().unwrap_or_else(PoisonError::into_inner).get_mut(at) {
                *slot = Some(found);
            }
            (self.progress)(self.done.fetch_add(1, Ordering::Relaxed) + 1, self.units.len());
            if let Some(error) = lost {
                // A server that is gone can take its time to say so.
                if self.next.load(Ordering::Relaxed) >= self.units.len() {
                    return;
                }
                let Ok(replacement) = self.database.replace_session() else {
                    *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    return;
                };
                session = replacement;
            }
        }
    }
}
