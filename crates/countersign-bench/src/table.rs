use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;

use crate::{Contender, Kind, Latencies, Sample, plot};

/// What a scene came to: for each contender a line.
#[derive(Debug)]
pub struct Table {
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    contender: Contender,
    figures: Option<Figures>,
}

/// Of all rounds.
#[derive(Clone, Copy, Debug)]
struct Figures {
    /// CPU microseconds: median, least, most.
    cpu: [f64; 3],
    /// In a second, median.
    rate: f64,
    /// Half of the waits, 99 of 100, 999 of 1000.
    waits: [Duration; 3],
}

impl Table {
    /// Of the samples of each contender; the cheapest first.
    pub fn new(rows: Vec<(Contender, Result<Vec<Sample>>)>) -> Self {
        let lines = rows.into_iter().map(|(contender, samples)| Line {
            contender,
            figures: samples.ok().and_then(Figures::of),
        });
        let mut lines: Vec<_> = lines.collect();
        let cpu = |line: &Line| line.figures.map_or(f64::MAX, |figures| figures.cpu[0]);
        lines.sort_by(|one, other| cpu(one).total_cmp(&cpu(other)));
        Self { lines }
    }

    /// CPU microseconds for one operation of this contender.
    pub fn cpu(&self, contender: Contender) -> Option<f64> {
        let [cpu, ..] = self.of(contender)?.cpu;
        Some(cpu)
    }

    /// Operations in a second of this contender.
    pub fn rate(&self, contender: Contender) -> Option<f64> {
        Some(self.of(contender)?.rate)
    }

    /// In Markdown.
    pub fn markdown(&self) -> String {
        let mut text = HEAD.to_owned();
        let plain = self.cpu(Contender::usual(Kind::Axum));
        for line in &self.lines {
            let contender = line.contender;
            // Writing to a String does not fail.
            let _ = match line.figures {
                Some(figures) => writeln!(text, "| {contender} | {} |", figures.cells(plain)),
                None => writeln!(text, "| {contender} | does not do this | | | | | | |"),
            };
        }
        text
    }

    /// As a picture: a bar for each contender.
    pub fn plot(&self, title: &str) -> String {
        let bars = self.lines.iter().filter_map(|line| {
            let [cpu, ..] = line.figures?.cpu;
            let name = line.contender.to_string().replace("**", "");
            let ours = line.contender.kind == Kind::Ours;
            Some(plot::Bar { name, cpu, ours })
        });
        plot::plot(title, &bars.collect::<Vec<_>>())
    }

    fn of(&self, contender: Contender) -> Option<&Figures> {
        let mut lines = self.lines.iter();
        let line = lines.find(|line| line.contender == contender)?;
        line.figures.as_ref()
    }
}

impl Figures {
    fn of(samples: Vec<Sample>) -> Option<Self> {
        let sorted = |of: fn(&Sample) -> f64| {
            let mut figures: Vec<_> = samples.iter().map(of).collect();
            figures.sort_by(f64::total_cmp);
            figures
        };
        let (cpu, rates) = (sorted(Sample::cpu_micros), sorted(Sample::rate));
        let median = |figures: &[f64]| figures.get(figures.len() / 2).copied();
        let mut waits = Latencies::default();
        let cpu = [median(&cpu)?, *cpu.first()?, *cpu.last()?];
        let rate = median(&rates)?;
        samples.into_iter().for_each(|it| waits.join(it.waits));
        let waits = [
            waits.per_mille(500)?,
            waits.per_mille(990)?,
            waits.per_mille(999)?,
        ];
        Some(Self { cpu, rate, waits })
    }

    fn cells(&self, plain: Option<f64>) -> String {
        let [cpu, least, most] = self.cpu;
        let beside = plain.map_or_else(String::new, |plain| format!("{:.2}", cpu / plain));
        let [half, most_of, nearly_all] = self.waits.map(wait);
        format!(
            "{cpu:.1} | {least:.1} to {most:.1} | {beside} | {:.0} | {half} | {most_of} | {nearly_all}",
            self.rate
        )
    }
}

/// Three digits.
fn wait(wait: Duration) -> String {
    let micros = wait.as_secs_f64() * 1e6;
    match micros {
        ..1e3 => format!("{micros:.0} µs"),
        ..1e4 => format!("{:.2} ms", micros / 1e3),
        ..1e5 => format!("{:.1} ms", micros / 1e3),
        _ => format!("{:.0} ms", micros / 1e3),
    }
}

const HEAD: &str = "\
| | CPU µs | least to most | beside plain axum | per second | p50 | p99 | p99.9 |
| --- | --- | --- | --- | --- | --- | --- | --- |
";

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(micros: u64) -> Sample {
        let mut waits = Latencies::default();
        (0..10).for_each(|_| waits.add(Duration::from_micros(2_500)));
        Sample {
            waits,
            wall: Duration::from_secs(1),
            cpu: Duration::from_micros(10 * micros),
        }
    }

    #[test]
    fn the_cheapest_comes_first_and_who_cannot_comes_last() {
        let [ours, axum, nginx] = [Kind::Ours, Kind::Axum, Kind::Nginx].map(Contender::usual);
        let table = Table::new(vec![
            (nginx, Err(anyhow::anyhow!("handshake failure"))),
            (axum, Ok(vec![sample(100), sample(300), sample(200)])),
            (ours, Ok(vec![sample(150)])),
        ]);
        assert_eq!(table.cpu(ours), Some(150.0));
        assert_eq!(table.cpu(nginx), None);
        let text = table.markdown();
        let lines: Vec<_> = text.lines().skip(2).collect();
        let expected = [
            "| **countersign**, everything on | 150.0 | 150.0 to 150.0 | 0.75 | 10 | 2.50 ms | 2.50 ms | 2.50 ms |",
            "| axum on tokio-rustls | 200.0 | 100.0 to 300.0 | 1.00 | 10 | 2.50 ms | 2.50 ms | 2.50 ms |",
            "| nginx | does not do this | | | | | | |",
        ];
        assert_eq!(lines, expected);
    }
}
