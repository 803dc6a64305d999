//! Who reads: a caller that is alone its own answer, else the task of the connection.

use std::future::poll_fn;
use std::io;
use std::mem;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncReadExt as _;
use tokio::sync::oneshot;

use super::protocol::{Refused, parse};
use super::shared::{Answer, End, Reader, Shared, broken, empty, strange};

const READ: usize = 16 << 10;

/// A command whose answer is awaited.
pub(super) struct Sent<'a> {
    /// How many had come before it.
    pub(super) answers: u64,
    pub(super) wait: Wait<'a>,
}

pub(super) enum Wait<'a> {
    Reading(Reading<'a>),
    ForOthers(oneshot::Receiver<Answer>),
}

impl Sent<'_> {
    /// Nothing when the connection has ended.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Answer>> {
        match &mut self.wait {
            Wait::Reading(reading) => reading.poll(context),
            Wait::ForOthers(answer) => Pin::new(answer).poll(context).map(Result::ok),
        }
    }
}

/// A caller that reads, as long as it is the only one: it may not be polled for a while, which must
/// hold nobody up.
pub(super) struct Reading<'a> {
    shared: &'a Arc<Shared>,
    is_over: bool,
}

impl<'a> Reading<'a> {
    pub(super) fn new(shared: &'a Arc<Shared>) -> Self {
        Self { shared, is_over: false }
    }

    /// The answer, unless the caller is woken without it.
    pub(super) async fn until_woken(&mut self) -> Option<Option<Answer>> {
        let mut is_woken = false;
        poll_fn(|context| match self.poll(context) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending if mem::replace(&mut is_woken, true) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Answer>> {
        let shared = self.shared;
        let mut reader = shared.reader();
        loop {
            if let Some(answer) = reader.answer.take() {
                self.end();
                return Poll::Ready(Some(answer));
            }
            {
                let mut state = shared.state();
                if state.end.is_some() {
                    return Poll::Ready(None);
                }
                if let Some(caller) = &mut state.caller {
                    caller.clone_from(context.waker());
                }
                if state.task_reads {
                    return Poll::Pending;
                }
            }
            if let Err(end) = ready!(shared.poll_receive(&mut reader, context)) {
                shared.end(end);
                return Poll::Ready(None);
            }
        }
    }

    /// Lets the next caller read.
    fn end(&mut self) {
        self.is_over = true;
        let mut state = self.shared.state();
        state.caller = None;
        self.shared.leave_to_the_task(&mut state);
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            let mut reader = self.shared.reader();
            self.end();
            // If it is a job, it is given back.
            reader.answer = None;
        }
    }
}

impl Shared {
    /// For the task: whether it has something to read, and then whether that has come.
    pub(super) fn poll_read(
        self: &Arc<Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<bool, End>> {
        let mut reader = self.reader();
        let is_awaited = {
            let state = self.state();
            state.task_reads && !state.pending.is_empty()
        };
        if !is_awaited {
            return Poll::Ready(Ok(false));
        }
        ready!(self.poll_receive(&mut reader, context))?;
        if reader.answer.is_some() {
            self.wake_caller();
        }
        Poll::Ready(Ok(true))
    }

    /// Reads once, and hands out what is complete.
    fn poll_receive(
        self: &Arc<Self>,
        reader: &mut Reader,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), End>> {
        let Some(half) = &mut reader.half else { return Poll::Ready(Err(End::Closed)) };
        reader.buffer.reserve(READ);
        let read = ready!(pin!(half.read_buf(&mut reader.buffer)).poll(context));
        Poll::Ready(self.received(reader, read))
    }

    /// Whether a command can be sent. Finds out whether the server has closed the connection while
    /// nobody reads; this asks the runtime alone as long as nothing has come.
    pub(super) fn look(self: &Arc<Self>) -> bool {
        // Where somebody reads, this need not.
        let reader = self.reader.try_lock();
        let (is_alive, is_idle) = {
            let state = self.state();
            let is_alive = state.end.is_none() && !state.closing;
            (is_alive, is_alive && state.caller.is_none() && state.pending.is_empty())
        };
        let Ok(mut reader) = reader else { return is_alive };
        let Reader { half: Some(half), buffer, .. } = &mut *reader else { return is_alive };
        if !is_idle {
            return is_alive;
        }
        buffer.reserve(READ);
        let read = half.try_read_buf(buffer);
        if matches!(&read, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
            return true;
        }
        // It is for nobody, or for a caller that has just asked.
        match self.received(&mut reader, read) {
            Ok(()) => self.wake_caller(),
            Err(end) => self.end(end),
        }
        self.state().end.is_none()
    }

    fn received(self: &Arc<Self>, reader: &mut Reader, read: io::Result<usize>) -> Result<(), End> {
        if read.map_err(broken)? == 0 {
            return Err(broken(io::ErrorKind::UnexpectedEof.into()));
        }
        let Reader { buffer, answer, .. } = reader;
        let mut start = 0;
        while start < buffer.len() {
            match parse(&buffer[start..], self.longest_answer()) {
                Ok(Some((reply, length))) => {
                    start += length;
                    self.deliver(reply, answer).map_err(broken)?;
                }
                Ok(None) => break,
                Err(Refused::Malformed) => {
                    return Err(broken(strange("the server does not speak the protocol")));
                }
                Err(Refused::TooLong) => {
                    let what = "the answer is too long: `max_job_size` says how long a job may be";
                    return Err(broken(io::Error::new(io::ErrorKind::FileTooLarge, what)));
                }
            }
        }
        if start == buffer.len() {
            empty(buffer);
        } else {
            buffer.drain(..start);
        }
        Ok(())
    }
}
