use std::io::{self, BufWriter, Write};

use tokio::sync::mpsc::UnboundedSender;

use super::AuditEvent;
use super::encoder::Encoder;

/// What takes audit events: a file, standard output, a collector.
pub trait AuditSink: Send + 'static {
    /// Takes one event. Called on the writer's thread; it may block.
    ///
    /// # Errors
    ///
    /// The event could not be taken. The error is logged, the event is not repeated.
    fn record(&mut self, event: &AuditEvent) -> io::Result<()>;

    /// Called after all events that waited at one time. Where answers wait for their events
    /// ([`Audit::start_before_answer`](super::Audit::start_before_answer)), they wait for this: what is to survive the machine
    /// is synced here.
    ///
    /// # Errors
    ///
    /// What was taken could not be passed on.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One JSON object a line, to a writer. Each [`flush`](AuditSink::flush) ends with that of the writer.
#[derive(Debug)]
pub struct JsonLines<W: Write> {
    writer: BufWriter<W>,
    encoder: Encoder,
    line: Vec<u8>,
}

impl<W: Write> JsonLines<W> {
    /// Lines for `writer`.
    pub fn new(writer: W) -> Self {
        Self {
            writer: BufWriter::with_capacity(BUFFER, writer),
            encoder: Encoder::default(),
            line: Vec::new(),
        }
    }
}

impl<W: Write + Send + 'static> AuditSink for JsonLines<W> {
    fn record(&mut self, event: &AuditEvent) -> io::Result<()> {
        self.line.clear();
        self.encoder.encode(event, &mut self.line)?;
        self.line.push(b'\n');
        // As one: what is passed on at one time is whole lines.
        self.writer.write_all(&self.line)
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

/// A thousand lines: the system writes them for half of what it takes for each hundred.
const BUFFER: usize = 512 * 1024;
