//! The task of a connection: it writes and reads for those who are not alone, and ends the
//! connection.

use std::future::poll_fn;
use std::io;
use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::net::tcp::OwnedWriteHalf;
use tokio::time::sleep;

use super::protocol::Command;
use super::shared::{End, Pending, Shared, broken, empty};

/// The server (seen in 1.12) may forget the end of a job's time to run while its connection is
/// idle: one that holds jobs is stirred so often.
pub(super) const STIR: Duration = Duration::from_secs(1);

/// Ends a connection also when its runtime goes.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end(broken(io::ErrorKind::ConnectionAborted.into()));
        self.0.reader().half = None;
    }
}

pub(super) async fn run(writer: Arc<OwnedWriteHalf>, shared: Arc<Shared>) {
    let _ending = Ending(Arc::clone(&shared));
    let ended = async {
        shared.ended.notified().await;
        End::Closed
    };
    let work = first(read(&shared), write(&writer, &shared));
    let why = first(first(work, stir(&shared)), ended).await;
    shared.end(why);
}

/// Reads what no caller reads.
async fn read(shared: &Arc<Shared>) -> End {
    loop {
        match poll_fn(|context| shared.poll_read(context)).await {
            Ok(true) => {}
            Ok(false) => shared.awaited.notified().await,
            Err(end) => return end,
        }
    }
}

/// Writes all that has gathered at once.
async fn write(writer: &OwnedWriteHalf, shared: &Shared) -> End {
    let mut buffer = Vec::new();
    loop {
        {
            let mut state = shared.state();
            mem::swap(&mut buffer, &mut state.out);
            state.writing = !buffer.is_empty();
        }
        if buffer.is_empty() {
            shared.written.notified().await;
            continue;
        }
        if let Err(error) = write_all(writer, &buffer).await {
            return broken(error);
        }
        empty(&mut buffer);
    }
}

async fn write_all(writer: &OwnedWriteHalf, mut rest: &[u8]) -> io::Result<()> {
    while !rest.is_empty() {
        writer.writable().await?;
        match writer.try_write(rest) {
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What is to be done now and then.
async fn stir(shared: &Arc<Shared>) -> End {
    loop {
        sleep(STIR).await;
        shared.look();
        {
            let mut state = shared.state();
            if !state.reserved.is_empty() && state.pending.is_empty() && state.end.is_none() {
                shared.push(&mut state, Command::ListTubeUsed, Pending::Nobody);
            }
            // A caller may have stopped asking for its answer.
            shared.leave_to_the_task(&mut state);
        }
        shared.wake_caller();
    }
}

/// What the first of two to end gives.
pub(super) async fn first<T>(one: impl Future<Output = T>, other: impl Future<Output = T>) -> T {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|context| match one.as_mut().poll(context) {
        Poll::Pending => other.as_mut().poll(context),
        ready @ Poll::Ready(_) => ready,
    })
    .await
}
