use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};

use crate::activity::Activity;

/// What HTTP/1.1 is spoken over, from one who speaks it to the next: it notes whether all that was written is sent, and gives back what
/// was read and not used.
pub(crate) struct Wire<I> {
    io: I,
    left: Bytes,
    activity: Activity,
}

impl<I: AsyncBufRead + AsyncWrite + Unpin> Wire<I> {
    pub(crate) fn new(io: I, activity: Activity) -> Self {
        Self {
            io,
            left: Bytes::new(),
            activity,
        }
    }

    /// Begins with what was `left`, as if it came anew.
    pub(crate) fn leave(&mut self, left: &[u8]) {
        // A copy: it may be nothing, and hold a buffer all the same.
        self.left = Bytes::copy_from_slice(left);
    }

    /// Whether there is something to read, if no more than the end.
    pub(crate) fn poll_come(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.left.is_empty() {
            true => self.io().poll_fill_buf(cx).map(drop),
            false => Poll::Ready(()),
        }
    }

    fn io(&mut self) -> Pin<&mut I> {
        Pin::new(&mut self.io)
    }
}

impl<I: AsyncBufRead + AsyncRead + AsyncWrite + Unpin> AsyncRead for Wire<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left.is_empty() {
            return self.io().poll_read(cx, buffer);
        }
        let some = self.left.len().min(buffer.remaining());
        buffer.put_slice(&self.left.split_to(some));
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncBufRead + AsyncWrite + Unpin> AsyncWrite for Wire<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.activity.writes();
        self.io().poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.activity.writes();
        self.io().poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.io().poll_flush(cx);
        if let Poll::Ready(Ok(())) = flushed {
            self.activity.sent();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io().poll_shutdown(cx)
    }
}
