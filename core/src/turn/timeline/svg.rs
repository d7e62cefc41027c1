//! The timeline as a picture: a waterfall of the stages, above the same stages one after another.

use std::fmt::Write;
use std::time::Duration;

use super::{Stage, StageName, StageOutcome, Timeline};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 150.0;
const RIGHT: f64 = 130.0;
const ROW: f64 = 26.0;
const TOP: f64 = 64.0;

impl Timeline {
    /// The timeline as an SVG picture that needs nothing else: the stages as they ran, and below, on the same scale,
    /// what they would have taken one after another.
    pub fn to_svg(&self) -> String {
        let ran = self.stages.iter().filter_map(|stage| stage.ended).chain(self.total).max();
        let serial = self.one_after_another();
        let end = ran.unwrap_or_default().max(serial).max(Duration::from_millis(1));
        let mut picture =
            Picture { out: String::new(), scale: (WIDTH - LEFT - RIGHT) / end.as_secs_f64() };
        let rows = self.stages.len() as f64;
        let below = TOP + rows * ROW + 56.0;
        let height = below + ROW + 44.0;
        picture.open(height);
        picture.title(self);
        picture.axis(end, height - 34.0);
        for (stage, row) in self.stages.iter().zip(0u32..) {
            picture.stage(stage, TOP + f64::from(row) * ROW);
        }
        if let Some(first) = self.first_token {
            picture.mark(first, TOP - 6.0, TOP + rows * ROW, "first token");
        }
        picture.serial(&self.stages, below);
        picture.out.push_str("</svg>\n");
        picture.out
    }
}

struct Picture {
    out: String,
    /// Points a second.
    scale: f64,
}

impl Picture {
    fn x(&self, at: Duration) -> f64 {
        LEFT + at.as_secs_f64() * self.scale
    }

    /// Writing to a string does not fail, so that results of `write!` need no look.
    fn put(&mut self, args: std::fmt::Arguments<'_>) {
        let _ = self.out.write_fmt(args);
    }

    fn open(&mut self, height: f64) {
        self.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
             font-family=\"system-ui, sans-serif\" font-size=\"12\">\n\
             <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n"
        ));
    }

    fn title(&mut self, line: &Timeline) {
        let total = line.total.unwrap_or_default().as_millis();
        let serial = line.one_after_another().as_millis();
        self.put(format_args!(
            "<text x=\"16\" y=\"28\" font-size=\"16\" font-weight=\"600\" fill=\"#111\">One turn: {total} ms; one stage \
             after another: {serial} ms</text>\n"
        ));
    }

    fn axis(&mut self, end: Duration, bottom: f64) {
        let step = tick(end);
        let mut at = Duration::ZERO;
        while at <= end {
            let x = self.x(at);
            let ms = at.as_millis();
            let (from, label) = (TOP - 8.0, bottom + 18.0);
            self.put(format_args!(
                "<line x1=\"{x:.1}\" y1=\"{from}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"#e5e7eb\"/>\
                 <text x=\"{x:.1}\" y=\"{label}\" text-anchor=\"middle\" fill=\"#6b7280\">{ms} ms</text>\n"
            ));
            at += step;
        }
    }

    fn stage(&mut self, stage: &Stage, y: f64) {
        let (from, to) = (self.x(stage.began), self.x(stage.ended.unwrap_or(stage.began)));
        let (text, fill) = (y + 16.0, colour(stage.name));
        let width = (to - from).max(2.0);
        let opacity = if stage.outcome == StageOutcome::Done { 1.0 } else { 0.45 };
        let note = match (&stage.outcome, stage.took()) {
            (StageOutcome::Failed(_), _) => "failed".to_owned(),
            (StageOutcome::Cancelled, _) => "cancelled".to_owned(),
            (StageOutcome::Late, Some(took)) => format!("{} ms, too late", took.as_millis()),
            (_, Some(took)) => format!("{} ms", took.as_millis()),
            (_, None) => "runs".to_owned(),
        };
        let reason = match &stage.outcome {
            StageOutcome::Failed(why) => format!("<title>{}</title>", escape(why)),
            _ => String::new(),
        };
        self.put(format_args!(
            "<text x=\"{}\" y=\"{text}\" text-anchor=\"end\" fill=\"#374151\">{}</text>\
             <rect x=\"{from:.1}\" y=\"{}\" width=\"{width:.1}\" height=\"16\" rx=\"3\" fill=\"{fill}\" \
             fill-opacity=\"{opacity}\">{reason}</rect>\
             <text x=\"{:.1}\" y=\"{text}\" fill=\"#374151\">{note}</text>\n",
            LEFT - 10.0,
            label(stage.name),
            y + 4.0,
            from + width + 6.0,
        ));
    }

    fn mark(&mut self, at: Duration, from: f64, to: f64, name: &str) {
        let x = self.x(at);
        let ms = at.as_millis();
        let label = from - 4.0;
        self.put(format_args!(
            "<line x1=\"{x:.1}\" y1=\"{from}\" x2=\"{x:.1}\" y2=\"{to}\" stroke=\"#dc2626\" stroke-dasharray=\"4 3\"/>\
             <text x=\"{x:.1}\" y=\"{label}\" text-anchor=\"middle\" fill=\"#dc2626\">{name} {ms} ms</text>\n"
        ));
    }

    /// The same stages, one after another on one line.
    fn serial(&mut self, stages: &[Stage], y: f64) {
        let (head, text) = (y - 10.0, y + 16.0);
        self.put(format_args!(
            "<text x=\"16\" y=\"{head}\" font-weight=\"600\" fill=\"#111\">The same stages, one after another</text>\n"
        ));
        let mut ordered: Vec<&Stage> = stages.iter().collect();
        ordered.sort_by_key(|stage| place(stage.name));
        let mut at = Duration::ZERO;
        for stage in ordered {
            let took = stage.took().unwrap_or_default();
            let (from, width) = (self.x(at), took.as_secs_f64() * self.scale);
            let (top, fill) = (y + 4.0, colour(stage.name));
            let (name, ms) = (label(stage.name), took.as_millis());
            self.put(format_args!(
                "<rect x=\"{from:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"16\" fill=\"{fill}\">\
                 <title>{name}: {ms} ms</title></rect>\n"
            ));
            at += took;
        }
        let (x, ms) = (self.x(at) + 6.0, at.as_millis());
        self.put(format_args!("<text x=\"{x:.1}\" y=\"{text}\" fill=\"#374151\">{ms} ms</text>\n"));
    }
}

/// The place of a stage where they run one after another: as the services did that saved and spoke before they
/// answered.
fn place(name: StageName) -> u8 {
    match name {
        StageName::Naming => 0,
        StageName::CreateWorkspace => 1,
        StageName::StartSession => 2,
        StageName::Sentiment => 3,
        StageName::History => 4,
        StageName::Reply => 5,
        StageName::Speech => 6,
        StageName::SaveUser => 7,
        StageName::SaveAi => 8,
    }
}

fn label(name: StageName) -> &'static str {
    match name {
        StageName::Sentiment => "sentiment",
        StageName::History => "history",
        StageName::Reply => "reply",
        StageName::Naming => "workspace name",
        StageName::CreateWorkspace => "create workspace",
        StageName::StartSession => "start session",
        StageName::SaveUser => "save user's message",
        StageName::SaveAi => "save AI's message",
        StageName::Speech => "speech",
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

/// A distance of the axis's ticks: about eight of them, at round times.
fn tick(end: Duration) -> Duration {
    let steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000];
    let wanted = end / 8;
    let found = steps.map(Duration::from_millis).into_iter().find(|step| *step >= wanted);
    found.unwrap_or_else(|| end / 8)
}

/// A text as XML can hold it (1.0, section 2.2).
fn escape(text: &str) -> String {
    let holds = |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    let text: String = text.chars().filter(holds).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
