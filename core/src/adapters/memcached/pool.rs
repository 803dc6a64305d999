//! The connections to one server.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::connection::{Answer, Connection, Fault, Find, Server};
use crate::adapters::ending::{closed, within};
use crate::adapters::room;
use crate::error::ClientError;

/// A connection that was taken so recently is not asked whether it still works.
const TRUSTED: Duration = Duration::from_secs(1);

/// Gives each command a connection of its own. A crate for pools of anything was measured to take
/// 3.5 % of a command on the same machine, and this half of that.
pub(super) struct Pool {
    pub(super) server: Server,
    pub(super) connect_timeout: Duration,
    size: usize,
    /// Those of commands under way take one each.
    slots: Semaphore,
    idle: Mutex<Idle>,
}

struct Idle {
    /// The one that was used last is taken first: what fails comes up first, and says that the
    /// others are to be tried.
    connections: Vec<Connection>,
    /// When a connection failed last: what is older may be of a server that is gone.
    doubted: Instant,
}

impl Pool {
    pub(super) fn new(server: Server, size: usize, connect_timeout: Duration) -> Self {
        let idle = Idle { connections: Vec::new(), doubted: Instant::now() };
        let slots = Semaphore::new(size);
        Self { server, connect_timeout, size, slots, idle: Mutex::new(idle) }
    }

    /// The outer error is that there is no connection. One whose command is given up is closed.
    pub(super) async fn call(
        &self,
        command: &[u8],
        find: &mut Find<'_>,
    ) -> Result<Result<Answer, Fault>, ClientError> {
        let _slot = self.slots.acquire().await.map_err(|_| closed())?;
        let mut connection = self.connection().await?;
        let answer = connection.call(command, find).await;
        if connection.is_busy() {
            self.doubt();
            return Ok(answer);
        }
        let mut idle = self.idle();
        if !self.slots.is_closed() {
            idle.connections.push(connection);
        }
        Ok(answer)
    }

    /// One that works, as far as is known.
    async fn connection(&self) -> Result<Connection, ClientError> {
        let now = Instant::now();
        while let Some((mut connection, doubted)) = self.next() {
            let taken = mem::replace(&mut connection.taken, now);
            // One that has been lying about may belong to a server that is gone. To ask each time
            // would make two round trips of every command.
            if now.duration_since(taken) < TRUSTED && taken > doubted {
                return Ok(connection);
            }
            // Apart, as is connecting: most commands need neither and would carry their state.
            match Box::pin(connection.call(b"version\r\n", &mut |_| {})).await {
                Ok(_) => return Ok(connection),
                Err(_) => self.doubt(),
            }
        }
        Box::pin(self.open()).await
    }

    fn next(&self) -> Option<(Connection, Instant)> {
        let mut idle = self.idle();
        Some((idle.connections.pop()?, idle.doubted))
    }

    async fn open(&self) -> Result<Connection, ClientError> {
        let open = Connection::open(&self.server);
        within(self.connect_timeout, async { Ok(open.await.inspect_err(|_| self.doubt())?) }).await
    }

    /// Has every connection asked before its next command.
    fn doubt(&self) {
        self.idle().doubted = Instant::now();
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many connections there are.
    pub(super) fn len(&self) -> usize {
        self.size - self.slots.available_permits() + self.idle().connections.len()
    }

    pub(super) fn is_busy(&self) -> bool {
        room::is_full(self.size, self.size, self.slots.available_permits())
    }

    /// Those of commands under way are closed behind them.
    pub(super) fn close(&self) {
        let mut idle = self.idle();
        self.slots.close();
        idle.connections.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::timeout;

    use super::*;
    use crate::Handle;

    const LIMIT: Duration = Duration::from_secs(5);

    async fn pool(size: usize) -> (Pool, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let handle = Handle::parse(&format!("memcached://{address}")).unwrap();
        let host = handle.hosts()[0].clone();
        (Pool::new(Server { host, tls: None, login: None }, size, LIMIT), listener)
    }

    async fn call(pool: &Pool) -> Result<Result<Answer, Fault>, ClientError> {
        pool.call(b"flush_all\r\n", &mut |_| {}).await
    }

    /// An app and its server, which may not wait for each other for ever.
    async fn both<A, S>(app: impl Future<Output = A>, server: impl Future<Output = S>) -> (A, S) {
        let both = async { tokio::join!(app, server) };
        timeout(LIMIT, both).await.expect("an end in time")
    }

    async fn hear(stream: &mut TcpStream) -> String {
        let mut heard = [0; 100];
        let length = stream.read(&mut heard).await.unwrap();
        String::from_utf8(heard[..length].to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_command_that_is_given_up_takes_its_connection_along() {
        let (pool, listener) = pool(1).await;
        let heard = async {
            let (mut first, _) = listener.accept().await.unwrap();
            assert_eq!(hear(&mut first).await, "flush_all\r\n");
            first
        };
        let mut first = tokio::select! {
            _ = call(&pool) => panic!("nothing has been answered"),
            first = heard => first,
        };
        assert_eq!(pool.len(), 0);
        assert_eq!(hear(&mut first).await, "");
        // Its place is free again.
        let server = async {
            let (mut second, _) = listener.accept().await.unwrap();
            hear(&mut second).await;
            second.write_all(b"OK\r\n").await.unwrap();
        };
        let (answered, ()) = both(call(&pool), server).await;
        assert_eq!(answered.unwrap().unwrap(), Answer::Line("OK".to_owned()));
        assert_eq!(pool.len(), 1);
    }

    #[tokio::test]
    async fn a_connection_is_asked_once_another_has_failed() {
        let (pool, listener) = pool(2).await;
        let (heard, left) = (Mutex::new(Vec::new()), AtomicUsize::new(usize::MAX));
        // Whichever connection has the next command when none is left hangs up.
        let serve = async || {
            let (mut stream, _) = listener.accept().await.unwrap();
            loop {
                let command = hear(&mut stream).await;
                heard.lock().unwrap().push(command.clone());
                let answer = match &*command {
                    "" => return,
                    "version\r\n" => "VERSION 1\r\n",
                    _ if left.fetch_sub(1, Ordering::SeqCst) == 0 => return,
                    _ => "OK\r\n",
                };
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        };
        let server = async { tokio::join!(serve(), serve()) };
        let calls = async {
            let (one, other) = tokio::join!(call(&pool), call(&pool));
            assert!(one.unwrap().is_ok() && other.unwrap().is_ok());
            assert_eq!(pool.len(), 2);
            heard.lock().unwrap().clear();
            left.store(0, Ordering::SeqCst);
            assert!(call(&pool).await.unwrap().is_err());
            left.store(1, Ordering::SeqCst);
            assert!(call(&pool).await.unwrap().is_ok());
            assert_eq!(pool.len(), 1);
            pool.close();
        };
        both(calls, server).await;
        let heard = heard.into_inner().unwrap();
        assert_eq!(heard, ["flush_all\r\n", "version\r\n", "flush_all\r\n", ""]);
    }

    #[tokio::test]
    async fn closing_ends_the_connections_behind_their_commands() {
        let (pool, listener) = pool(1).await;
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            hear(&mut stream).await;
            pool.close();
            stream.write_all(b"OK\r\n").await.unwrap();
            assert_eq!(hear(&mut stream).await, "");
        };
        let (answered, ()) = both(call(&pool), server).await;
        assert!(answered.unwrap().is_ok());
        assert_eq!(pool.len(), 0);
        assert_eq!(call(&pool).await.unwrap_err().to_string(), "the client is closed");
    }
}
