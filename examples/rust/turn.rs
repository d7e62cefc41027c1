//! Runs one turn of a conversation: shows the reply while it is generated; meanwhile the workspace is named and
//! created, and both messages are saved. At the end it shows the stored messages and the turn's timeline.
//!
//! ```sh
//! cargo run --release --example turn -- "오늘 기분이 어때요?"
//! ```

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use clap::builder::NonEmptyStringValueParser;
use futures::StreamExt;
use serde_json::json;
use turnwire::config::CallOptions;
use turnwire::conversation::StoreMessage;
use turnwire::conversation::WorkspaceStatus;
use turnwire::outbox::FlushReport;
use turnwire::speech::SpeechMode;
use turnwire::turn::{StageOutcome, Timeline};
use turnwire::{Turn, TurnEvent, TurnRequest, Turns, presets};
use turnwire_examples::home::{self, Home};
use turnwire_examples::model::ModelOptions;
use turnwire_examples::sentiment;
use turnwire_examples::terminal::{self, Failure, Output};
use turnwire_examples::voice::{Recording, VoiceOptions};

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
    let message = terminal::message::<Options>(options.message.as_deref())?;
    if options.workspace.is_some() && !home::is_elsewhere() {
        let why =
            "--workspace needs TURNWIRE_STORE_URL: the store inside this program begins empty";
        return Err(Failure::Usage(why.to_owned()));
    }
    let model = options.model.connect().await?;
    let home = Home::connect().await?;
    // Ctrl-C ends the calls of the model with an ordinary error: the received text is shown, and saved.
    let ctrl_c = CallOptions::new().cancellation(terminal::cancelled_by_ctrl_c());
    let (speech, mut recording) = options.voice.speech()?.unzip();
    let mut turns = Turns::builder(model.llm.with(ctrl_c))
        .model(&options.model.model)
        .store(home.store.clone())
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
    let mut turn = turns.start(match &options.workspace {
        Some(id) => request.workspace(id),
        None => request.new_workspace(),
    });
    let mut workspace = options.workspace.clone();
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
    if let Some(recording) = recording {
        let line = recording.write()?;
        if !options.json {
            out.text(&line)?;
        }
    }
    if let Some(path) = &options.svg {
        let note = match model.is_simulated() {
            true => {
                "Simulated: the services behind it are the example's own, with delays like those of real ones."
            }
            false => "",
        };
        write(path, &turn.timeline().to_svg_with(note))?;
    }
    shown.and(all_saved(&turns, report, &turn.timeline())).and(saved.map(drop))
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
        let mut messages = home.store.history(&workspace).await?;
        messages.drain(..messages.len().saturating_sub(2));
        let all = home.store.workspaces(&home.user_id, WorkspaceStatus::Active).await;
        // Some stores do not list names.
        let name = all
            .unwrap_or_default()
            .into_iter()
            .find(|found| found.id == workspace)
            .map(|found| found.name);
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
/// OPENAI_API_KEY and OPENAI_BASE_URL name the model's service; TURNWIRE_STORE_URL the chat store, with
/// TURNWIRE_USER_ID, TURNWIRE_ACCESS_TOKEN and TURNWIRE_REFRESH_TOKEN. Without them, small offline services inside
/// this program answer and save.
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

    /// Continue this workspace instead of creating one
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    workspace: Option<String>,

    /// Write the timeline as a picture
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,

    /// Show the JSON of each event, one per line, and at the end the saved messages and the timeline
    #[arg(long)]
    json: bool,
}
