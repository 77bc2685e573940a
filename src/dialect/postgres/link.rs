//! One connection, on a thread of its own. The caller always waits with a limit, so that a server that no longer
//! answers, or a network that swallows everything, cannot hang the run.

use std::io::{self, BufRead as _};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use postgres::{CancelToken, Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::dialect::interrupt::{self, Registration};
use crate::dialect::{ConnectOptions, QueryError, QueryFailure};

use super::{copy_text, failure};

/// How much longer than the server's own timeout an answer may take.
const GRACE: Duration = Duration::from_secs(5);
/// How long a request to cancel may take, and then the server's answer to it.
const CANCEL_LIMIT: Duration = Duration::from_secs(2);
/// How long a connection may take to say goodbye.
const CLOSE_LIMIT: Duration = Duration::from_millis(250);
/// Rows are handed over in batches of so many, or as soon as they have so many bytes.
const BATCH_ROWS: usize = 1_000;
const BATCH_BYTES: usize = 256 * 1024;

/// One row, every value as text.
pub(super) type Row = Vec<Option<String>>;

/// A connection that a session and its database both hold.
pub(super) type SharedLink = Arc<Mutex<Link>>;

/// How one address of one server is connected to.
#[derive(Clone)]
pub(super) struct Attempt {
    pub(super) config: Config,
    pub(super) tls: Option<MakeRustlsConnect>,
}

/// Why there is no connection.
pub(super) enum OpenFailure {
    /// Nothing was heard in time.
    Timeout,
    /// The server or the network said why.
    Refused(postgres::Error),
    /// No thread could be started.
    Thread(io::Error),
}

enum Command {
    Execute(String),
    Read(String),
}

enum Reply {
    Rows(Vec<Row>),
    Done(Result<(), QueryError>),
}

/// A connection. Dropping it cancels what is still running, and waits for little.
pub(super) struct Link {
    /// `None` once it is being dropped, which ends the thread.
    commands: Option<Sender<Command>>,
    replies: Receiver<Reply>,
    canceller: Canceller,
    /// Within which a server that works answers a trivial statement.
    answer_limit: Duration,
    /// Within which the server ends any statement by itself; `None` for never.
    statement_limit: Option<Duration>,
    busy: bool,
    lost: Option<QueryError>,
    _registration: Registration,
}

impl Link {
    /// Connects, within the time that a connection may take.
    pub(super) fn open(attempt: Attempt, timeout: Duration, options: &ConnectOptions) -> Result<Self, OpenFailure> {
        let (opened, opening) = mpsc::sync_channel(1);
        let (commands, orders) = mpsc::channel();
        // A bound, so that a slow reader slows the server down instead of filling the memory.
        let (results, replies) = mpsc::sync_channel(4);
        let statement_timeout = options.statement_timeout;
        let tls = attempt.tls.clone();
        thread::Builder::new()
            .name("postgres".to_owned())
            .spawn(move || match connect(&attempt) {
                Ok(client) => {
                    if opened.send(Ok(client.cancel_token())).is_ok() {
                        serve(client, &orders, &results, statement_timeout);
                    }
                }
                Err(error) => {
                    // Nobody listens any more where the time was over first.
                    let _ = opened.send(Err(error));
                }
            })
            .map_err(OpenFailure::Thread)?;
        let token = match opening.recv_timeout(timeout) {
            Ok(Ok(token)) => token,
            Ok(Err(error)) => return Err(OpenFailure::Refused(error)),
            Err(_) => return Err(OpenFailure::Timeout),
        };
        let canceller = Canceller { token, tls };
        let for_interrupt = canceller.clone();
        Ok(Self {
            commands: Some(commands),
            replies,
            canceller,
            answer_limit: options.connect_timeout.max(Duration::from_secs(10)),
            statement_limit: (!statement_timeout.is_zero()).then(|| statement_timeout.saturating_add(GRACE)),
            busy: false,
            lost: None,
            _registration: interrupt::register(move || for_interrupt.cancel()),
        })
    }

    /// Runs statements that give no rows and take no time.
    pub(super) fn execute(&mut self, sql: impl Into<String>) -> Result<(), QueryError> {
        self.run(Command::Execute(sql.into()), Some(self.answer_limit), &mut |_| {})
    }

    /// Runs one SELECT and hands over its rows.
    pub(super) fn read(&mut self, sql: &str, row: &mut dyn FnMut(Row)) -> Result<(), QueryError> {
        self.run(Command::Read(sql.to_owned()), self.statement_limit, row)
    }

    fn run(&mut self, command: Command, limit: Option<Duration>, row: &mut dyn FnMut(Row)) -> Result<(), QueryError> {
        if let Some(lost) = &self.lost {
            return Err(lost.clone());
        }
        let result = self.run_to_end(command, limit, row);
        if let Err(error) = &result
            && error.ends_session()
        {
            self.lost = Some(error.clone());
        }
        result
    }

    fn run_to_end(
        &mut self,
        command: Command,
        limit: Option<Duration>,
        row: &mut dyn FnMut(Row),
    ) -> Result<(), QueryError> {
        let commands = self.commands.as_ref().ok_or_else(thread_ended)?;
        commands.send(command).map_err(|_| thread_ended())?;
        self.busy = true;
        let mut deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        let mut cancelled = false;
        loop {
            match self.next_reply(deadline) {
                // What still comes after a cancellation is an unfinished result.
                Ok(Reply::Rows(rows)) if !cancelled => rows.into_iter().for_each(&mut *row),
                Ok(Reply::Rows(_)) => {}
                Ok(Reply::Done(result)) => {
                    self.busy = false;
                    return match result {
                        Err(error) if cancelled && error.kind == QueryFailure::Cancelled => {
                            Err(QueryError::new(QueryFailure::StatementTimeout, error.detail))
                        }
                        Ok(()) if cancelled => Err(QueryError::new(QueryFailure::StatementTimeout, "")),
                        result => result,
                    };
                }
                Err(RecvTimeoutError::Timeout) if !cancelled => {
                    cancelled = true;
                    self.canceller.cancel();
                    deadline = Some(Instant::now() + CANCEL_LIMIT);
                }
                Err(RecvTimeoutError::Timeout) => {
                    let waited = limit.unwrap_or_default().as_secs();
                    return Err(QueryError::new(
                        QueryFailure::ConnectionLost,
                        format!("the server has not answered for {waited} seconds, nor obeyed a request to cancel"),
                    ));
                }
                Err(RecvTimeoutError::Disconnected) => return Err(thread_ended()),
            }
        }
    }

    fn next_reply(&self, deadline: Option<Instant>) -> Result<Reply, RecvTimeoutError> {
        match deadline {
            Some(deadline) => self
                .replies
                .recv_timeout(deadline.saturating_duration_since(Instant::now())),
            None => self.replies.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.commands = None;
        if self.busy {
            self.canceller.request();
        } else if self.lost.is_none() {
            // A connection that just breaks off leaves a line in the server's log. This ends when the thread does.
            let _ = self.replies.recv_timeout(CLOSE_LIMIT);
        }
    }
}

/// Asks the server to cancel what a connection runs. The request is a connection of its own.
#[derive(Clone)]
struct Canceller {
    token: CancelToken,
    tls: Option<MakeRustlsConnect>,
}

impl Canceller {
    /// Sends the request, and waits a little for it to arrive.
    fn cancel(&self) {
        let _ = self.request().recv_timeout(CANCEL_LIMIT);
    }

    /// Sends the request from a thread of its own, which ends with it.
    fn request(&self) -> Receiver<()> {
        let (sent, arrival) = mpsc::channel();
        let this = self.clone();
        // Where no thread can be had, the caller just does not hear of an arrival.
        let _ = thread::Builder::new()
            .name("postgres-cancel".to_owned())
            .spawn(move || {
                let _ = match this.tls {
                    Some(tls) => this.token.cancel_query(tls),
                    None => this.token.cancel_query(NoTls),
                };
                let _ = sent.send(());
            });
        arrival
    }
}

fn thread_ended() -> QueryError {
    QueryError::new(QueryFailure::ConnectionLost, "the connection has ended")
}

/// Connects; nothing is read-only yet.
pub(super) fn connect(attempt: &Attempt) -> Result<Client, postgres::Error> {
    match &attempt.tls {
        Some(tls) => attempt.config.connect(tls.clone()),
        None => attempt.config.connect(NoTls),
    }
}

/// Obeys until nobody listens any more.
fn serve(mut client: Client, orders: &Receiver<Command>, results: &SyncSender<Reply>, statement_timeout: Duration) {
    for command in orders {
        let started = Instant::now();
        let outcome = match command {
            Command::Execute(sql) => client.batch_execute(&sql).map_err(Interruption::Server),
            Command::Read(sql) => read(&mut client, &sql, results),
        };
        let outcome = match outcome {
            Ok(()) => Ok(()),
            Err(Interruption::Server(error)) => Err(failure::query_error(&error, started.elapsed(), statement_timeout)),
            Err(Interruption::Reading(error)) => Err(QueryError::new(
                QueryFailure::ConnectionLost,
                format!("reading the result failed: {error}"),
            )),
            Err(Interruption::NobodyListens) => return,
        };
        if results.send(Reply::Done(outcome)).is_err() {
            return;
        }
    }
}

enum Interruption {
    Server(postgres::Error),
    Reading(io::Error),
    NobodyListens,
}

impl From<io::Error> for Interruption {
    fn from(error: io::Error) -> Self {
        match error.downcast::<postgres::Error>() {
            Ok(error) => Self::Server(error),
            Err(error) => Self::Reading(error),
        }
    }
}

fn read(client: &mut Client, sql: &str, results: &SyncSender<Reply>) -> Result<(), Interruption> {
    let sql = sql.trim_end().trim_end_matches(';');
    // The line break ends a comment that the statement may end with.
    let mut lines = client
        .copy_out(&format!("COPY (\n{sql}\n) TO STDOUT"))
        .map_err(Interruption::Server)?;
    let mut line = Vec::new();
    let mut batch = Vec::new();
    let mut bytes = 0;
    loop {
        line.clear();
        let length = lines.read_until(b'\n', &mut line)?;
        if length > 0 {
            bytes += length;
            batch.push(copy_text::decode(&line));
        }
        let is_full = batch.len() >= BATCH_ROWS || bytes >= BATCH_BYTES;
        if (is_full || length == 0) && !batch.is_empty() {
            bytes = 0;
            results
                .send(Reply::Rows(std::mem::take(&mut batch)))
                .map_err(|_| Interruption::NobodyListens)?;
        }
        if length == 0 {
            return Ok(());
        }
    }
}
