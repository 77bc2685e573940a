//! A TCP proxy between the program and a server that spoils the connection on demand.
//!
//! Faults act on what the server sends. Byte offsets are reproducible without TLS only.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::time::Duration;

/// What the proxy does to the bytes from the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Waits before it passes each piece on.
    Delay(Duration),
    /// Passes this many bytes of each connection on, then resets it.
    CutAfter(usize),
    /// Passes this many bytes of each connection on, then nothing, with the connection open, until the fault changes.
    StallAfter(usize),
    /// Resets each new connection.
    Refuse,
}

/// The proxy. It ends, with all its connections, when it is dropped.
#[derive(Debug)]
pub(crate) struct FaultProxy {
    shared: Arc<Shared>,
    address: SocketAddr,
}

#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    fault: Mutex<Fault>,
    changed: Condvar,
    connections: Mutex<Vec<Weak<Connection>>>,
    accepted: AtomicUsize,
    passed: AtomicUsize,
    ended: AtomicBool,
}

impl FaultProxy {
    /// Starts a proxy to a port on this machine.
    pub(crate) fn start(upstream: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            upstream: SocketAddr::from(([127, 0, 0, 1], upstream)),
            fault: Mutex::default(),
            changed: Condvar::new(),
            connections: Mutex::default(),
            accepted: AtomicUsize::new(0),
            passed: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || serving.serve(&listener));
        Self { shared, address }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Sets what is done to the bytes from now on, on open connections too.
    pub(crate) fn set(&self, fault: Fault) {
        *self.shared.fault.lock().unwrap() = fault;
        self.shared.changed.notify_all();
    }

    /// Resets every open connection.
    pub(crate) fn kill_all(&self) {
        for connection in self.shared.connections.lock().unwrap().drain(..) {
            if let Some(connection) = connection.upgrade() {
                connection.reset();
            }
        }
        // Under the lock, or one that is just about to wait would miss it.
        let _fault = self.shared.fault.lock().unwrap();
        self.shared.changed.notify_all();
    }

    /// How many connections have come.
    pub(crate) fn connections(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// How many bytes of the server have been passed on.
    pub(crate) fn bytes_passed(&self) -> usize {
        self.shared.passed.load(Ordering::SeqCst)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        self.kill_all();
        // Wakes the listener, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

/// A client's connection and the one to the server that goes with it. Two threads have it; the kernel closes both
/// connections when the last has ended.
#[derive(Debug)]
struct Connection {
    client: TcpStream,
    server: TcpStream,
    is_reset: AtomicBool,
}

impl Shared {
    fn serve(self: &Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming() {
            if self.ended.load(Ordering::SeqCst) {
                return;
            }
            let Ok(client) = client else { continue };
            self.accepted.fetch_add(1, Ordering::SeqCst);
            let Ok(server) = TcpStream::connect(self.upstream) else {
                continue;
            };
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let connection = Arc::new(Connection {
                client,
                server,
                is_reset: AtomicBool::new(false),
            });
            if *self.fault.lock().unwrap() == Fault::Refuse {
                connection.reset();
                continue;
            }
            self.connections.lock().unwrap().push(Arc::downgrade(&connection));
            let (shared, from_server) = (Arc::clone(self), Arc::clone(&connection));
            std::thread::spawn(move || shared.pass_from_server(&from_server));
            std::thread::spawn(move || connection.pass_from_client());
        }
    }

    /// Passes on what the server sends, as the fault of the moment has it.
    fn pass_from_server(&self, connection: &Connection) {
        let mut buffer = [0; 16 * 1024];
        let mut passed = 0;
        while let Ok(length @ 1..) = (&connection.server).read(&mut buffer) {
            let mut piece = &buffer[..length];
            while !piece.is_empty() {
                let fault = *self.fault.lock().unwrap();
                let now = match fault {
                    Fault::CutAfter(limit) | Fault::StallAfter(limit) => piece.len().min(limit.saturating_sub(passed)),
                    Fault::None | Fault::Delay(_) | Fault::Refuse => piece.len(),
                };
                if let Fault::Delay(pause) = fault {
                    std::thread::sleep(pause);
                }
                if (&connection.client).write_all(&piece[..now]).is_err() {
                    return connection.reset();
                }
                piece = &piece[now..];
                passed += now;
                self.passed.fetch_add(now, Ordering::SeqCst);
                match fault {
                    Fault::CutAfter(limit) if passed >= limit => return connection.reset(),
                    Fault::StallAfter(_) if !piece.is_empty() => self.wait_for_change(fault, connection),
                    _ => {}
                }
            }
        }
        connection.end(&connection.client);
    }

    fn wait_for_change(&self, fault: Fault, connection: &Connection) {
        let current = self.fault.lock().unwrap();
        let goes_on = |current: &mut Fault| *current == fault && !connection.is_reset.load(Ordering::SeqCst);
        drop(self.changed.wait_while(current, goes_on).unwrap());
    }
}

impl Connection {
    fn pass_from_client(&self) {
        let _ = std::io::copy(&mut &self.client, &mut &self.server);
        self.end(&self.server);
    }

    /// Tells one side that the other has sent all it will.
    fn end(&self, side: &TcpStream) {
        if !self.is_reset.load(Ordering::SeqCst) {
            let _ = side.shutdown(Shutdown::Write);
        }
    }

    /// Has both sides closed by a reset (RST). Without lingering the kernel sends one when a connection is closed, but
    /// only where nothing has closed it in good order before: so only the reading ends, which wakes the threads.
    fn reset(&self) {
        self.is_reset.store(true, Ordering::SeqCst);
        for side in [&self.client, &self.server] {
            let _ = socket2::SockRef::from(side).set_linger(Some(Duration::ZERO));
            let _ = side.shutdown(Shutdown::Read);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that sends `length` bytes to each client and keeps the connection open, and a proxy before it.
    fn proxy_to_sender(length: usize) -> FaultProxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let mut open = Vec::new();
            for client in listener.incoming() {
                let mut client = client.unwrap();
                let _ = client.write_all(&vec![7; length]);
                open.push(client);
            }
        });
        FaultProxy::start(port)
    }

    fn connect(proxy: &FaultProxy) -> TcpStream {
        let client = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
        client.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        client
    }

    /// How many bytes come, and the error that ends it.
    fn read_to_error(client: &mut TcpStream) -> (usize, Option<std::io::ErrorKind>) {
        let mut bytes = Vec::new();
        let ended = client.read_to_end(&mut bytes);
        (bytes.len(), ended.err().map(|error| error.kind()))
    }

    #[test]
    fn cuts_after_some_bytes_with_a_reset() {
        let proxy = proxy_to_sender(100_000);
        proxy.set(Fault::CutAfter(50_001));
        let (read, error) = read_to_error(&mut connect(&proxy));
        assert!(read <= 50_001, "{read}");
        assert_eq!(error, Some(std::io::ErrorKind::ConnectionReset));
        assert_eq!(proxy.bytes_passed(), 50_001);
    }

    #[test]
    fn stalls_and_goes_on() {
        let proxy = proxy_to_sender(100_000);
        proxy.set(Fault::StallAfter(10));
        let mut client = connect(&proxy);
        assert_eq!(read_to_error(&mut client), (10, Some(std::io::ErrorKind::WouldBlock)));
        proxy.set(Fault::None);
        assert_eq!(read_to_error(&mut client).0, 99_990);
    }

    #[test]
    fn refuses_and_kills() {
        let proxy = proxy_to_sender(10);
        let mut open = connect(&proxy);
        assert_eq!(read_to_error(&mut open).0, 10);
        proxy.set(Fault::Refuse);
        assert_eq!(
            read_to_error(&mut connect(&proxy)),
            (0, Some(std::io::ErrorKind::ConnectionReset))
        );
        proxy.kill_all();
        assert_eq!(read_to_error(&mut open), (0, Some(std::io::ErrorKind::ConnectionReset)));
        assert_eq!(proxy.connections(), 2);
    }

    #[test]
    fn delays() {
        let proxy = proxy_to_sender(10);
        proxy.set(Fault::Delay(Duration::from_millis(100)));
        let start = std::time::Instant::now();
        assert_eq!(read_to_error(&mut connect(&proxy)).0, 10);
        assert!(start.elapsed() >= Duration::from_millis(100));
    }
}
