use tokio::sync::{mpsc, oneshot};

use super::change::Change;
use crate::error::Error;

/// What the watch of an app is asked for.
pub(super) enum Message {
    /// Read and swap now.
    Reload(Option<oneshot::Sender<Result<Change, Error>>>),
    /// The source may have changed: read it now, and swap as after any look.
    Look(oneshot::Sender<()>),
    Stop(oneshot::Sender<()>),
}

/// Asks for a look soon, without waiting for it.
pub(super) fn look(inbox: &mpsc::Sender<Message>) {
    // A watch with a full inbox is about to look anyway.
    let _ = inbox.try_send(Message::Look(oneshot::channel().0));
}
