//! The timeline as a picture: a waterfall of the stages, above the same stages one after another.

use std::fmt::Write;
use std::time::Duration;

use super::rows::Row;
use super::words::{Time, text_width};
use super::{Stage, StageName, StageOutcome, Timeline};

const WIDTH: f64 = 960.0;
/// The left edge of the time axis; names are left of it.
const LEFT: f64 = 168.0;
/// Space for the caption of the longest bar.
const RIGHT: f64 = 150.0;
/// The first row's top.
const TOP: f64 = 112.0;
const ROW: f64 = 27.0;
const BAR: f64 = 16.0;
/// Line height of the small print below the serial bar.
const LINE: f64 = 15.0;

const DARK: &str = "#111827";
const GREY: &str = "#6b7280";
const RED: &str = "#dc2626";

impl Timeline {
    /// The timeline as a self-contained SVG picture: the stages as they ran, and below, on the same scale, the same
    /// stages one after another.
    pub fn to_svg(&self) -> String {
        self.to_svg_with("")
    }

    /// The same picture with a note below its title, such as that the services were simulated.
    pub fn to_svg_with(&self, note: &str) -> String {
        let end = self.end().max(self.one_after_another());
        let scale = (WIDTH - LEFT - RIGHT) / end.as_secs_f64();
        let mut picture = Picture { out: String::new(), scale };
        let rows = self.rows();
        let below = TOP + rows.len() as f64 * ROW;
        let serial = below + 24.0;
        // The height is known only after drawing, but the background comes first.
        let (bar, depth) = picture.serial(&rows, serial);
        let axis = serial + BAR + depth + 14.0;
        picture.title(self, note);
        picture.axis(end, axis);
        picture.marks(self, below);
        picture.rows(self, &rows);
        picture.out.push_str(&bar);
        let height = picture.reasons(&rows, axis + 32.0);
        picture.whole(height)
    }
}

struct Picture {
    out: String,
    /// Points per second.
    scale: f64,
}

/// The end of a text that is at its position.
#[derive(Clone, Copy)]
enum Anchor {
    Start,
    Middle,
    End,
}

impl Picture {
    fn x(&self, at: Duration) -> f64 {
        LEFT + at.as_secs_f64() * self.scale
    }

    fn whole(&self, height: f64) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
             font-family=\"system-ui, 'Noto Sans', 'Noto Sans CJK KR', sans-serif\" font-size=\"12\">\n\
             <defs><pattern id=\"failed\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
             patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" fill=\"#fee2e2\"/>\
             <rect width=\"2\" height=\"6\" fill=\"{RED}\"/></pattern></defs>\n\
             <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n{}</svg>\n",
            self.out
        )
    }

    fn title(&mut self, line: &Timeline, note: &str) {
        let serial = line.one_after_another();
        let done = match line.total {
            Some(total) => format!("done after {}", Time(total)),
            None => "not done yet".to_owned(),
        };
        let audio = line.first_audio.map(|audio| format!(" first audio after {},", Time(audio)));
        let audio = audio.unwrap_or_default();
        let (title, below) = match line.first_token {
            Some(first) => {
                let times = serial.as_secs_f64() / first.as_secs_f64().max(1e-6);
                (
                    format!("One turn: first token after {},{audio} {done}", Time(first)),
                    format!(
                        "One stage after another, the reader sees nothing for {}: {times:.1} times as long.",
                        Time(serial)
                    ),
                )
            }
            None => (format!("One turn without a reply: {done}"), String::new()),
        };
        let _ = writeln!(
            self.out,
            "<text x=\"20\" y=\"34\" font-size=\"19\" font-weight=\"600\" fill=\"{DARK}\">{title}</text>\n\
             <text x=\"20\" y=\"56\" font-size=\"13\" fill=\"{GREY}\">{below}</text>"
        );
        if !note.is_empty() {
            let note = escape(note);
            let _ = writeln!(
                self.out,
                "<text x=\"20\" y=\"74\" font-size=\"13\" fill=\"{GREY}\">{note}</text>"
            );
        }
    }

    fn axis(&mut self, end: Duration, bottom: f64) {
        let step = tick(end);
        let mut at = Duration::ZERO;
        while at <= end {
            let (x, from) = (self.x(at), TOP - 6.0);
            let _ = writeln!(
                self.out,
                "<line x1=\"{x:.1}\" y1=\"{from}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"#e5e7eb\"/>"
            );
            let label = match at.is_zero() {
                true => "0".to_owned(),
                false => round(at),
            };
            self.text(x, bottom + 16.0, Anchor::Middle, GREY, &label);
            at += step;
        }
    }

    fn rows(&mut self, line: &Timeline, rows: &[Row<'_>]) {
        for (row, at) in rows.iter().zip(0u32..) {
            let y = TOP + f64::from(at) * ROW;
            self.text(LEFT - 12.0, y + 12.5, Anchor::End, DARK, row.name.label());
            let mut last = (LEFT, LEFT);
            for stage in row.tries() {
                let (from, to) = (self.x(stage.began), self.x(stage.ended.unwrap_or(line.end())));
                last = (from, to.max(from + 2.0));
                self.bar(stage, line.first_token, from, last.1 - from, y);
            }
            self.note(row, last, y + 12.5);
        }
    }

    fn bar(&mut self, stage: &Stage, first: Option<Duration>, from: f64, width: f64, y: f64) {
        let colour = colour(stage.name);
        let (fill, opacity, stroke) = match &stage.outcome {
            StageOutcome::Failed(_) => ("url(#failed)", 1.0, RED),
            StageOutcome::Cancelled | StageOutcome::Running => (colour, 0.25, colour),
            StageOutcome::Late => (colour, 0.45, "none"),
            StageOutcome::Done => (colour, 1.0, "none"),
        };
        let title = match &stage.outcome {
            StageOutcome::Failed(why) => format!("<title>{}</title>", escape(why)),
            _ => String::new(),
        };
        // The light part is the time before the reply's first piece.
        let light = match first {
            Some(first)
                if stage.name == StageName::Reply && stage.outcome == StageOutcome::Done =>
            {
                (self.x(first) - from).clamp(0.0, width)
            }
            _ => 0.0,
        };
        if light > 0.0 {
            let _ = writeln!(
                self.out,
                "<rect x=\"{from:.1}\" y=\"{y}\" width=\"{light:.1}\" height=\"{BAR}\" rx=\"3\" fill=\"{fill}\" \
                 fill-opacity=\"0.3\"/>"
            );
        }
        let (from, width) = (from + light, (width - light).max(2.0));
        let _ = writeln!(
            self.out,
            "<rect x=\"{from:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"3\" fill=\"{fill}\" \
             fill-opacity=\"{opacity}\" stroke=\"{stroke}\">{title}</rect>"
        );
    }

    /// The caption of a stage: behind its last bar, or before its first where there is more room.
    fn note(&mut self, row: &Row<'_>, (from, to): (f64, f64), y: f64) {
        let took = row.took().map(|took| Time(took).to_string());
        let note: Vec<String> = took.into_iter().chain(row.verdict()).collect();
        let note = note.join(", ");
        let colour = match row.last.outcome {
            StageOutcome::Done => DARK,
            StageOutcome::Failed(_) => RED,
            _ => GREY,
        };
        let from = row.earlier.first().map_or(from, |first| self.x(first.began));
        let (behind, before) = (WIDTH - 12.0 - (to + 7.0), from - 7.0 - LEFT);
        if text_width(&note) <= behind || behind >= before {
            self.text(to + 7.0, y, Anchor::Start, colour, &shortened(&note, behind));
        } else {
            self.text(from - 7.0, y, Anchor::End, colour, &shortened(&note, before));
        }
    }

    /// Marks the first token and the end.
    fn marks(&mut self, line: &Timeline, bottom: f64) {
        let (first, done) = (line.first_token, line.total);
        let apart = |a: Duration, b: Duration| a.abs_diff(b).as_secs_f64() * self.scale;
        let is_near = first.zip(done).is_some_and(|(first, done)| apart(first, done) < 150.0);
        let mut mark = |at: Duration, y: f64, name: &str, colour: &str| {
            let x = self.x(at);
            let _ = writeln!(
                self.out,
                "<line x1=\"{x:.1}\" y1=\"{}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"{colour}\" stroke-width=\"1.5\" \
                 stroke-dasharray=\"4 3\"/>",
                y + 4.0
            );
            self.text(x, y, Anchor::Middle, colour, &format!("{name} {}", Time(at)));
        };
        if let Some(done) = done {
            // The two are stacked where they are close.
            mark(done, if is_near { TOP - 26.0 } else { TOP - 12.0 }, "done", GREY);
        }
        if let Some(first) = first {
            mark(first, TOP - 12.0, "first token", RED);
        }
    }

    /// Draws the same stages one after another on one line, and returns the height of the names below it.
    fn serial(&self, rows: &[Row<'_>], y: f64) -> (String, f64) {
        let mut bar = Picture { out: String::new(), scale: self.scale };
        bar.text(LEFT - 12.0, y + 12.5, Anchor::End, DARK, "one after another");
        let mut outside = Vec::new();
        let mut at = Duration::ZERO;
        let mut rows: Vec<&Row<'_>> = rows.iter().collect();
        rows.sort_by_key(|row| row.name.place());
        for row in rows {
            let took = row.took().unwrap_or_default();
            let (from, width) = (self.x(at), took.as_secs_f64() * self.scale);
            at += took;
            let (name, fill) = (row.name.label(), colour(row.name));
            let _ = writeln!(
                bar.out,
                "<rect x=\"{from:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR}\" fill=\"{fill}\" stroke=\"#fff\" \
                 stroke-width=\"0.5\"><title>{name}: {}</title></rect>",
                Time(took)
            );
            if text_width(name) + 8.0 < width {
                let _ = writeln!(
                    bar.out,
                    "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#fff\">{name}</text>",
                    from + width / 2.0,
                    y + 12.5
                );
            } else {
                outside.push((from + width / 2.0, name, fill));
            }
        }
        let note = format!("first word {}", Time(at));
        bar.text(self.x(at) + 7.0, y + 12.5, Anchor::Start, RED, &note);
        let depth = bar.flags(&outside, y + BAR);
        (bar.out, depth)
    }

    /// Draws the names of bars that are too narrow below them, so that neither names nor their lines cross: from the
    /// right, each as high as the names further right allow.
    fn flags(&mut self, names: &[(f64, &str, &str)], y: f64) -> f64 {
        let mut leftmost: Vec<f64> = Vec::new();
        for &(x, name, colour) in names.iter().rev() {
            let ends = x + 4.0 + text_width(name) + 6.0;
            let is_free = |lines: &[f64]| lines.iter().all(|begins| ends <= *begins);
            let line = (0..leftmost.len())
                .find(|line| leftmost.get(*line..).is_some_and(is_free))
                .unwrap_or(leftmost.len());
            match leftmost.get_mut(line) {
                Some(begins) => *begins = x,
                None => leftmost.push(x),
            }
            let text = y + LINE * (line as f64 + 1.0);
            let _ = writeln!(
                self.out,
                "<path d=\"M{x:.1} {y}V{:.1}h3\" fill=\"none\" stroke=\"{colour}\"/>",
                text - 4.0
            );
            self.text(x + 5.0, text, Anchor::Start, colour, name);
        }
        LINE * leftmost.len() as f64
    }

    /// Draws the reasons of failures in small print at the end, and returns its position.
    fn reasons(&mut self, rows: &[Row<'_>], mut y: f64) -> f64 {
        for row in rows {
            if let Some(reason) = row.reason() {
                y += LINE + 2.0;
                let reason = format!("{}: {reason}", row.name.label());
                self.text(20.0, y - 8.0, Anchor::Start, RED, &shortened(&reason, WIDTH - 32.0));
            }
        }
        y
    }

    /// Draws text on white, so that lines behind it do not show.
    fn text(&mut self, x: f64, y: f64, anchor: Anchor, colour: &str, text: &str) {
        let width = text_width(text);
        let (anchor, from) = match anchor {
            Anchor::Start => ("start", x),
            Anchor::Middle => ("middle", x - width / 2.0),
            Anchor::End => ("end", x - width),
        };
        let text = escape(text);
        let _ = writeln!(
            self.out,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"14\" fill=\"#fff\" fill-opacity=\"0.8\"/>\
             <text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{text}</text>",
            from - 2.0,
            y - 11.0,
            width + 4.0
        );
    }
}

fn colour(name: StageName) -> &'static str {
    match name {
        StageName::Reply => "#2563eb",
        StageName::Sentiment => "#d97706",
        StageName::History => "#a16207",
        StageName::Naming => "#7c3aed",
        StageName::CreateWorkspace => "#9333ea",
        StageName::StartSession => "#c026d3",
        StageName::SaveUser => "#059669",
        StageName::SaveAi => "#0d9488",
        StageName::Speech => "#db2777",
    }
}

/// The distance of the axis's ticks: about eight of them, at round times.
fn tick(end: Duration) -> Duration {
    let steps = [1, 2, 5, 10, 20, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000];
    let wanted = end / 8;
    let found = steps.map(Duration::from_millis).into_iter().find(|step| *step >= wanted);
    found.unwrap_or(end / 8)
}

/// A round time in as few characters as possible.
fn round(at: Duration) -> String {
    match at.as_millis() {
        ms @ ..1000 => format!("{ms} ms"),
        _ => format!("{} s", (at.as_secs_f64() * 100.0).round() / 100.0),
    }
}

/// The text, shortened to fit.
fn shortened(text: &str, room: f64) -> String {
    if text_width(text) <= room {
        return text.to_owned();
    }
    let mut left = room - 12.0;
    let fits = |c: &char| {
        left -= text_width(c.encode_utf8(&mut [0; 4]));
        left >= 0.0
    };
    let mut short: String = text.chars().take_while(fits).collect();
    short.push('…');
    short
}

/// Escapes text for XML, and drops characters that XML does not allow.
fn escape(text: &str) -> String {
    let is_forbidden = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    text.replace(is_forbidden, " ").replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
