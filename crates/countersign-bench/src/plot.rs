//! How do figures look beside each other? Bars, as SVG that needs no font, script or style of a page.

use std::fmt::Write as _;

/// One contender.
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) cpu: f64,
    pub(crate) ours: bool,
}

pub(crate) fn plot(title: &str, bars: &[Bar]) -> String {
    let longest = bars.iter().map(|bar| bar.cpu).fold(0.0, f64::max);
    let height = bars.iter().fold(TOP, |height, _| height + STEP) + 10;
    let mut svg = String::new();
    // Writing to a String does not fail.
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"760\" height=\"{height}\" viewBox=\"0 0 760 {height}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"760\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"10\" y=\"22\" font-size=\"15\" fill=\"#222222\">{}</text>",
        escaped(title)
    );
    let mut y = TOP;
    for bar in bars {
        bar.draw(&mut svg, y, longest);
        y += STEP;
    }
    svg.push_str("</svg>\n");
    svg
}

impl Bar {
    fn draw(&self, svg: &mut String, y: u32, longest: f64) {
        let width = (self.cpu / longest.max(f64::MIN_POSITIVE) * WIDTH).max(1.0);
        let color = if self.ours { "#1f6f54" } else { "#9aa5b1" };
        let (text, end) = (y + 16, LEFT + width + 6.0);
        let name = escaped(&self.name);
        // Writing to a String does not fail.
        let _ = writeln!(
            svg,
            "<text x=\"{:.0}\" y=\"{text}\" text-anchor=\"end\" fill=\"#222222\">{name}</text>\n\
             <rect x=\"{LEFT:.0}\" y=\"{y}\" width=\"{width:.1}\" height=\"22\" fill=\"{color}\"/>\n\
             <text x=\"{end:.1}\" y=\"{text}\" fill=\"#222222\">{:.1}</text>",
            LEFT - 8.0,
            self.cpu
        );
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

const TOP: u32 = 38;
const STEP: u32 = 28;
const LEFT: f64 = 250.0;
const WIDTH: f64 = 430.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_is_the_dearest() {
        let bar = |name: &str, cpu| Bar {
            name: name.to_owned(),
            cpu,
            ours: false,
        };
        let svg = plot("a < b", &[bar("x&y", 50.0), bar("z", 100.0)]);
        for part in [
            "a &lt; b",
            "x&amp;y",
            "width=\"215.0\"",
            "width=\"430.0\"",
            ">100.0<",
        ] {
            assert!(svg.contains(part), "{part} in {svg}");
        }
    }
}
