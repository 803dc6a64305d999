//! Several things at the same time, in one task.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// One of them.
pub type Work<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Does all of it to its end at the same time, also after one has failed.
pub(crate) async fn all<T>(works: Vec<Work<'_, T>>) -> Vec<T> {
    let mut works: Vec<_> = works.into_iter().map(Some).collect();
    let mut outputs: Vec<_> = works.iter().map(|_| None).collect();
    poll_fn(|context| {
        // Every one each time: there are few, and one that is done is gone.
        for (work, output) in works.iter_mut().zip(&mut outputs) {
            if let Some(future) = work
                && let Poll::Ready(done) = future.as_mut().poll(context)
            {
                (*work, *output) = (None, Some(done));
            }
        }
        if works.iter().all(Option::is_none) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    outputs.into_iter().flatten().collect()
}
