//! Runs one turn of a conversation: shows the reply while it is generated; meanwhile the workspace is named and
//! created, and both messages are saved. At the end it shows the stored messages and the turn's timeline.
//!
//! ```sh
//! cargo run --release --example turn -- "오늘 기분이 어때요?"
//! cargo run --release --example turn -- --workspace last "그럼 뭘 할까요?"
//! cargo run --release --example turn -- --history
//! ```

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use clap::builder::NonEmptyStringValueParser;
use futures::StreamExt;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;
use turnwire::config::CallOptions;
use turnwire::conversation::StoreMessage;
use turnwire::outbox::FlushReport;
use turnwire::speech::SpeechMode;
use turnwire::turn::{StageOutcome, Timeline};
use turnwire::{Turn, TurnEvent, TurnRequest, Turns, presets};
use turnwire_examples::home::{Home, StoreOptions};
use turnwire_examples::model::ModelOptions;
use turnwire_examples::sentiment;
use turnwire_examples::terminal::{self, Failure, Output};
use turnwire_examples::voice::{Recording, VoiceOptions};

/// The workspace that was used last, as a value of `--workspace`.
const LAST: &str = "last";

/// The longest wait for the messages to be saved, once the reply is complete.
const SAVED_WITHIN: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() {
    let options = Options::parse();
    let mut out = Output::stdout();
    let ended = turn(&options, &mut out).await;
    terminal::exit(out, ended)
}

async fn turn(options: &Options, out: &mut Output) -> Result<(), Failure> {
    if options.history {
        return history(options, out).await;
    }
    let message = terminal::message::<Options>(options.message.as_deref())?;
    let model = options.model.connect().await?;
    let home = options.store.open()?;
    let mut workspace = match &options.workspace {
        Some(name) => Some(known_workspace(&home, name).await?),
        None => None,
    };
    // Ctrl-C ends the calls of the model with an ordinary error: the received text is shown, and saved.
    let ctrl_c = CallOptions::new().cancellation(terminal::cancelled_by_ctrl_c());
    let (speech, mut recording) = options.voice.speech()?.unzip();
    let mut turns = Turns::builder(model.llm.with(ctrl_c))
        .model(&options.model.model)
        .store(home.store())
        .sentiment(|text: String| async move { Ok(sentiment::label(&text).to_owned()) })
        .prompts(presets::korean());
    if let Some(system) = &options.system {
        turns = turns.system_prompt(system);
    }
    if let Some(speech) = speech {
        turns = turns.speech(speech).speech_mode(SpeechMode::Streaming);
    }
    let turns = turns.build()?;

    let request = TurnRequest::new(message).user_id(&home.user_id);
    let mut turn = turns.start(match &workspace {
        Some(id) => request.workspace(id),
        None => request.new_workspace(),
    });
    let shown = show(&mut turn, options, out, (&mut workspace, &mut recording)).await;
    // The messages are saved regardless of the reply's end.
    turn.cancel();
    let report = turns.flush(SAVED_WITHIN).await;
    if let Err(failure @ Failure::Output(_)) = shown {
        return Err(failure);
    }
    out.end_line()?;
    let saved = match workspace {
        Some(workspace) => Saved::read(&home, workspace).await.map(Some),
        None => Ok(None),
    };
    tell(options, out, saved.as_ref().ok().and_then(Option::as_ref), &turn.timeline())?;
    let spoken = recording.map(Recording::write).transpose();
    if let (Ok(Some(line)), false) = (&spoken, options.json) {
        out.text(line)?;
    }
    if let Some(path) = &options.svg {
        let note = match model.is_simulated() {
            true => {
                "Simulated: the model behind it is the example's own service, with delays like those of a real one."
            }
            false => "",
        };
        write(path, &turn.timeline().to_svg_with(note))?;
    }
    shown
        .and(all_saved(&turns, report, &turn.timeline()))
        .and(saved.map(drop))
        .and(spoken.map(drop))
}

/// The id of a workspace that exists: `last` is the one that was used last.
async fn known_workspace(home: &Home, name: &str) -> Result<String, Failure> {
    if name != LAST {
        // Otherwise a mistyped id would be found only after the reply.
        home.history(name).await?;
        return Ok(name.to_owned());
    }
    let last = home.workspaces().await?.into_iter().next();
    last.map(|workspace| workspace.id).ok_or_else(|| {
        let why = "there is no conversation yet: begin one without --workspace";
        Failure::Usage(why.to_owned())
    })
}

/// Shows the messages of a workspace.
async fn history(options: &Options, out: &mut Output) -> Result<(), Failure> {
    let home = options.store.open()?;
    let id = known_workspace(&home, options.workspace.as_deref().unwrap_or(LAST)).await?;
    let messages = home.history(&id).await?;
    if options.json {
        return messages.iter().try_for_each(|message| out.json(&json!(message).to_string()));
    }
    let name = name_of(&home, &id).await;
    out.text(&format!("workspace: {} ({id})\n", name.as_deref().unwrap_or("not named")))?;
    for message in messages {
        let sent_at = Timestamp::from_millisecond(message.sent_at).unwrap_or_default();
        let sent_at = sent_at.to_zoned_datetime(TimeZone::system()).strftime("%F %T").to_string();
        let role = message.role.as_str();
        out.text(&format!("{sent_at} {role:<4} {}\n", message.content))?;
    }
    Ok(())
}

/// The name of a workspace; some stores do not list names.
async fn name_of(home: &Home, id: &str) -> Option<String> {
    let all = home.workspaces().await.unwrap_or_default();
    all.into_iter().find(|found| found.id == id).map(|found| found.name)
}

/// Shows the reply as it arrives.
async fn show(
    turn: &mut Turn,
    options: &Options,
    out: &mut Output,
    (workspace, recording): (&mut Option<String>, &mut Option<Recording>),
) -> Result<(), Failure> {
    while let Some(event) = turn.next().await {
        let event = event?;
        if options.json {
            out.json(&event.to_json())?;
        }
        match event {
            // It arrives during the reply: shown afterwards.
            TurnEvent::Workspace { workspace_id } => *workspace = Some(workspace_id),
            TurnEvent::Content { content } if !options.json => out.text(&content)?,
            TurnEvent::Audio { audio, .. } => {
                if let Some(recording) = recording {
                    recording.add(&audio);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The stored turn.
struct Saved {
    workspace: String,
    name: Option<String>,
    /// The last two messages.
    messages: Vec<StoreMessage>,
}

impl Saved {
    async fn read(home: &Home, workspace: String) -> Result<Self, Failure> {
        let mut messages = home.history(&workspace).await?;
        messages.drain(..messages.len().saturating_sub(2));
        let name = name_of(home, &workspace).await;
        Ok(Saved { workspace, name, messages })
    }
}

fn tell(
    options: &Options,
    out: &mut Output,
    saved: Option<&Saved>,
    timeline: &Timeline,
) -> Result<(), Failure> {
    if options.json {
        let messages = saved.map(|saved| &saved.messages);
        return out.json(&json!({"saved": messages, "timeline": timeline}).to_string());
    }
    let mut text = String::from("\n");
    if let Some(Saved { workspace, name, messages }) = saved {
        let name = name.as_deref().unwrap_or("not named");
        text += &format!("workspace: {name} ({workspace})\n");
        for message in messages {
            text += &format!("saved: {:<4} {}\n", message.role.as_str(), message.content);
        }
        text.push('\n');
    }
    out.text(&(text + &timeline.to_string()))
}

fn write(path: &Path, picture: &str) -> Result<(), Failure> {
    fs::write(path, picture).map_err(|error| Failure::Local("the picture cannot be written", error))
}

/// Messages that did not reach the store are lost when this program ends, so they are reported.
fn all_saved(turns: &Turns, report: FlushReport, timeline: &Timeline) -> Result<(), Failure> {
    let (lost, Some(outbox)) = (report.pending + report.dead, turns.outbox()) else {
        return Ok(());
    };
    if lost == 0 {
        return Ok(());
    }
    let dead = outbox.dead_letters()?.into_iter().map(|letter| letter.reason);
    let pending = outbox.pending()?.into_iter().filter_map(|record| record.reason);
    // A message whose workspace could not be created is pending without its own reason.
    let failed = timeline.stages.iter().rev().find_map(|stage| match &stage.outcome {
        StageOutcome::Failed(why) => Some(why.clone()),
        _ => None,
    });
    let why = dead.chain(pending).next().or(failed);
    Err(Failure::Unsaved(lost, why.unwrap_or_else(|| "the store did not take it in time".into())))
}

/// Runs one turn of a conversation with a language model, and shows its stages and their times.
///
/// OPENAI_API_KEY and OPENAI_BASE_URL name the model's service; without them, a small offline service inside this
/// program answers. TURNWIRE_STORE_URL names a chat store, with TURNWIRE_USER_ID, TURNWIRE_ACCESS_TOKEN and
/// TURNWIRE_REFRESH_TOKEN; without it, a file keeps the conversations.
#[derive(Parser)]
#[command(name = "turn")]
struct Options {
    /// The message; without it, standard input is read
    message: Option<String>,

    #[command(flatten)]
    model: ModelOptions,

    #[command(flatten)]
    voice: VoiceOptions,

    /// Instructions for the model
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,

    #[command(flatten)]
    store: StoreOptions,

    /// Continue this workspace instead of creating one; `last` is the one that was used last
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    workspace: Option<String>,

    /// Show the messages of the workspace, by default of the last one, instead of running a turn
    #[arg(long, conflicts_with_all = ["message", "svg", "speak", "system"])]
    history: bool,

    /// Write the timeline as a picture
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,

    /// Show the JSON of each event, one per line, and at the end the saved messages and the timeline
    #[arg(long)]
    json: bool,
}
