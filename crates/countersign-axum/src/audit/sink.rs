use std::io::{self, BufWriter, Write};

use tokio::sync::mpsc::UnboundedSender;

use super::AuditEvent;

/// What takes audit events: a file, standard output, a collector.
pub trait AuditSink: Send + 'static {
    /// Takes one event. Called on the writer's thread; it may block.
    ///
    /// # Errors
    ///
    /// The event could not be taken. The error is logged, the event is not repeated.
    fn record(&mut self, event: &AuditEvent) -> io::Result<()>;

    /// Called when no event waits.
    ///
    /// # Errors
    ///
    /// What was taken could not be passed on.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One JSON object a line, to a writer.
#[derive(Debug)]
pub struct JsonLines<W: Write> {
    writer: BufWriter<W>,
}

impl<W: Write> JsonLines<W> {
    /// Lines for `writer`.
    pub fn new(writer: W) -> Self {
        Self {
            writer: BufWriter::new(writer),
        }
    }
}

impl<W: Write + Send + 'static> AuditSink for JsonLines<W> {
    fn record(&mut self, event: &AuditEvent) -> io::Result<()> {
        serde_json::to_writer(&mut self.writer, event)?;
        self.writer.write_all(b"\n")
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Passes events on as values: for tests, and for services that have a collector of their own.
impl AuditSink for UnboundedSender<AuditEvent> {
    fn record(&mut self, event: &AuditEvent) -> io::Result<()> {
        self.send(event.clone())
            .map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "nobody takes audit events"))
    }
}
